/* SPDX-License-Identifier: Apache-2.0 */
/* What the modem says: information lines and a final code, bent by the faults that strike. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front_at.h"
#include "mem.h"

enum { OUT_MAX = 2 * AT_INFO_MAX + 1024, LATE_MS = 3000, CUT = 256, REPLUG_MS = 300 };

static const char urc_text[] = "+CEREG: 1";

static const struct {
	int code;
	const char *text;
} cme_texts[] = {
	{CME_PHONE_FAILURE, "phone failure"},
	{CME_NOT_ALLOWED, "operation not allowed"},
	{CME_NOT_SUPPORTED, "operation not supported"},
	{CME_NOT_INSERTED, "SIM not inserted"},
	{CME_SIM_PIN, "SIM PIN required"},
	{CME_SIM_FAILURE, "SIM failure"},
	{CME_SIM_BUSY, "SIM busy"},
	{CME_MEMORY_FULL, "memory full"},
	{CME_BAD_INDEX, "invalid index"},
	{CME_NOT_FOUND, "not found"},
	{CME_PARAMETERS, "Incorrect parameters"},
	{CME_UNKNOWN, "unknown"},
};

void at_info_add(struct sim_front *m, const char *fmt, ...)
{
	struct at_info *i = &m->info;
	size_t room = sizeof(i->text) - i->len;
	va_list ap;

	if (i->lines == AT_LINES_MAX || room == 0)
		return;
	va_start(ap, fmt);
	int n = vsnprintf((char *)i->text + i->len, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	i->len += (size_t)n < room ? (size_t)n : room - 1;
	i->end[i->lines++] = i->len;
}

static struct bytes line_of(const struct at_info *i, size_t line)
{
	size_t start = line == 0 ? 0 : i->end[line - 1];

	return bytes_of(i->text + start, i->end[line] - start);
}

static bool strikes(struct sim_front *m, enum sim_fault_name name, char param[64])
{
	return sim_faults_strikes(m->faults, name, param);
}

static bool is_verbose(struct sim_front *m)
{
	return m->verbose && !strikes(m, FAULT_F2, NULL);
}

static void put_line(struct sim_front *m, struct wtr *w, struct bytes text)
{
	if (is_verbose(m) && m->habits.blank != AT_BLANK_COMPACT)
		wtr_put(w, BYTES_LIT("\r\n"));
	wtr_put(w, text);
	wtr_put(w, BYTES_LIT("\r\n"));
	if (m->habits.blank == AT_BLANK_EXTRA)
		wtr_put(w, BYTES_LIT("\r\n"));
}

static void put_urc(struct sim_front *m, struct wtr *w)
{
	put_line(m, w, bytes_str(urc_text));
}

/* F8, F9, F10: damage to the first line. */
static void put_damaged(struct sim_front *m, struct wtr *w, struct bytes text)
{
	uint8_t copy[AT_INFO_MAX];
	char param[64];
	size_t n = text.n < sizeof(copy) ? text.n : sizeof(copy);

	memcpy(copy, text.p, n);
	if (m->is_card_command && n > 4 && strikes(m, FAULT_F9, param)) {
		size_t last = copy[n - 1] == '"' ? n - 2 : n - 1;

		if (param[0] == 'z') {
			copy[last] = 'z';
		} else {
			memmove(copy + last, copy + last + 1, n - last - 1);
			n--;
		}
	}
	if (m->is_card_command && strikes(m, FAULT_F10, param)) {
		size_t cut = param[0] ? strtoul(param, NULL, 10) : CUT;

		n = n < cut ? n : cut;
	}
	put_line(m, w, bytes_of(copy, n));
}

static void put_info(struct sim_front *m, struct wtr *w, const struct at_info *i)
{
	for (size_t k = 0; k < i->lines; k++) {
		if (k == 0)
			put_damaged(m, w, line_of(i, k));
		if (k > 0)
			put_line(m, w, line_of(i, k));
		if (k == 0 && strikes(m, FAULT_F4, NULL))
			put_urc(m, w);
	}
}

static const char *cme_text(int code)
{
	for (size_t i = 0; i < ARRAY_LEN(cme_texts); i++) {
		if (cme_texts[i].code == code)
			return cme_texts[i].text;
	}
	return "unknown";
}

static void put_cme(struct sim_front *m, struct wtr *w, int code)
{
	char param[64];
	int cmee = m->cmee;

	if (strikes(m, FAULT_F3, param))
		cmee = param[0] == '1' ? 1 : 2;
	if (cmee == 0) {
		wtr_printf(w, is_verbose(m) ? "\r\nERROR\r\n" : "4\r");
		return;
	}
	wtr_printf(w, "\r\n+CME ERROR: ");
	if (cmee == 1)
		wtr_printf(w, "%d\r\n", code);
	if (cmee == 2)
		wtr_printf(w, "%s\r\n", cme_text(code));
}

static void put_final(struct sim_front *m, struct wtr *w, int final)
{
	if (final == AT_SILENT || strikes(m, FAULT_F13, NULL))
		return;
	if (final >= 0) {
		put_cme(m, w, final);
		return;
	}
	if (is_verbose(m))
		wtr_printf(w, "\r\n%s\r\n", final == AT_OK ? "OK" : "ERROR");
	else
		wtr_printf(w, "%c\r", final == AT_OK ? '0' : '4');
}

static const struct at_info *chosen_info(struct sim_front *m)
{
	bool has_previous = m->is_card_command && m->previous.lines > 0;

	return has_previous && strikes(m, FAULT_F11, NULL) ? &m->previous : &m->info;
}

/* F5: the unsolicited line runs into the information line. */
static void glue(struct wtr *w, size_t at)
{
	if (w->n < at + 2 || w->p[at] != '\r')
		return;
	memmove(w->p + at, w->p + at + 2, w->n - at - 2);
	w->n -= 2;
}

static void compose(struct sim_front *m, struct wtr *w, int final)
{
	char param[64];
	const struct at_info *info = chosen_info(m);
	bool noise = strikes(m, FAULT_F25, NULL);
	bool glued = strikes(m, FAULT_F5, param);

	if (m->is_card_command && strikes(m, FAULT_F15, NULL)) {
		put_final(m, w, AT_ERROR);
		return;
	}
	if (noise)
		wtr_put(w, BYTES_LIT("\0\0\xFF"));
	if (strikes(m, FAULT_F4, NULL))
		put_urc(m, w);
	if (glued && param[0] == '\0')
		wtr_printf(w, "\r\n%s", urc_text);
	size_t at = w->n;
	if (m->is_card_command && strikes(m, FAULT_F12, NULL))
		put_info(m, w, m->previous.lines ? &m->previous : info);
	put_info(m, w, info);
	if (glued && param[0] == '\0' && info->lines > 0)
		glue(w, at);
	put_final(m, w, final);
	if (strikes(m, FAULT_F4, NULL))
		put_urc(m, w);
	if (glued && param[0] != '\0')
		wtr_printf(w, "%s", urc_text);
	if (noise)
		wtr_put(w, BYTES_LIT("\xFF\0"));
}

/* F27: half of the answer, then the port is gone; it comes back under another name. */
static void break_off(struct sim_front *m, struct bytes out, const char *param)
{
	int64_t ms = param[0] ? strtol(param, NULL, 10) : REPLUG_MS;

	pty_send(&m->port, bytes_of(out.p, out.n / 2), false);
	pty_replug(&m->port, ms);
}

void at_answer(struct sim_front *m, int final)
{
	uint8_t text[OUT_MAX];
	struct wtr w = WTR_ON(text);
	char param[64] = "";

	compose(m, &w, final);
	if (m->is_card_command)
		m->previous = m->info;
	if (strikes(m, FAULT_F29, NULL))
		return;
	if (strikes(m, FAULT_F26, NULL)) {
		m->prompt = true;
		pty_send(&m->port, BYTES_LIT("\r\n> "), false);
		return;
	}
	if (strikes(m, FAULT_F14, param))
		pty_pause(&m->port, param[0] ? strtol(param, NULL, 10) : LATE_MS);
	if (strikes(m, FAULT_F28, param))
		pty_hold(&m->port, param[0] ? strtol(param, NULL, 10) : LATE_MS);
	if (strikes(m, FAULT_F27, param)) {
		break_off(m, wtr_bytes(&w), param);
		return;
	}
	pty_send(&m->port, wtr_bytes(&w), strikes(m, FAULT_F6, NULL));
}

void at_answer_urc(struct sim_front *m, const char *text)
{
	uint8_t out[300];
	struct wtr w = WTR_ON(out);

	wtr_printf(&w, "\r\n%s\r\n", text);
	if (wtr_done(&w) == ST_OK)
		pty_send(&m->port, wtr_bytes(&w), false);
}
