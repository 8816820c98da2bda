/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that reach the card: raw APDUs by CSIM, sessions by CCHO, CGLA and CCHC. */
#include <stdio.h>
#include <string.h>

#include "front_at.h"
#include "front_at_apdu.h"
#include "hex.h"
#include "mem.h"

enum { HANDLE_HEX_BASE = 0x038AA32F };

/* ---- arguments ---- */

static void skip_blanks(struct rdr *r)
{
	uint8_t c;

	while (rdr_peek(r, &c) == ST_OK && c == ' ') {
		if (rdr_skip(r, 1) != ST_OK)
			return;
	}
}

static bool take_char(struct rdr *r, char want)
{
	uint8_t c;

	skip_blanks(r);
	return rdr_peek(r, &c) == ST_OK && c == (uint8_t)want && rdr_skip(r, 1) == ST_OK;
}

static bool take_number(struct rdr *r, unsigned *ret_v)
{
	unsigned v = 0;
	size_t digits = 0;
	uint8_t c;

	skip_blanks(r);
	while (rdr_peek(r, &c) == ST_OK && c >= '0' && c <= '9' && digits < 6) {
		v = v * 10 + (unsigned)(c - '0');
		digits++;
		if (rdr_skip(r, 1) != ST_OK)
			return false;
	}
	*ret_v = v;
	return digits > 0;
}

/* What stands up to the next comma or the end, without its quotes and blanks. */
static struct bytes take_text(struct rdr *r)
{
	struct bytes text = {r->p, 0};

	skip_blanks(r);
	text.p = r->p;
	while (text.n < r->n && text.p[text.n] != ',')
		text.n++;
	if (rdr_skip(r, text.n) != ST_OK)
		return (struct bytes){0};
	while (text.n > 0 && text.p[text.n - 1] == ' ')
		text.n--;
	if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
		text = bytes_of(text.p + 1, text.n - 2);
	return text;
}

static bool has_lower(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] >= 'a' && text.p[i] <= 'f')
			return true;
	}
	return false;
}

/* <length>,"<hex>" into cmd: the length counts characters. */
static bool take_apdu(struct sim_front *m, struct rdr *r, struct wtr *cmd)
{
	unsigned length = 0;

	if (!take_number(r, &length) || !take_char(r, ','))
		return false;
	struct bytes text = take_text(r);
	if (r->n > 0 || text.n != length || text.n < 8)
		return false;
	if (m->habits.upper_only && has_lower(text))
		return false;
	return hex_get(text, cmd) == ST_OK;
}

/* ---- answers ---- */

static void add_apdu(struct sim_front *m, const char *prefix, struct bytes reply)
{
	char hex[2 * APDU_REPLY_MAX + 64];
	size_t n = 2 * reply.n;
	bool sloppy = sim_faults_strikes(m->faults, FAULT_F7, NULL);
	const char *quote = sloppy || !m->habits.quotes ? "" : "\"";

	hex_str(reply, hex, sizeof(hex));
	for (char *p = hex; sloppy && *p; p++) {
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p - 'A' + 'a');
	}
	if (sim_faults_strikes(m->faults, FAULT_F8, NULL))
		n += 6;
	at_info_add(m, "%s:%s%zu,%s%s%s%s", prefix, sloppy ? "  " : " ", n, sloppy ? " " : "",
		    quote, hex, quote);
}

/* The CME code that keeps any card command from running now, or AT_OK. */
static int obstacle(struct sim_front *m)
{
	if (!sim_card_present(m->card))
		return CME_NOT_INSERTED;
	if (sim_faults_strikes(m->faults, FAULT_F19, NULL))
		return CME_SIM_BUSY;
	return m->habits.pin ? CME_SIM_PIN : AT_OK;
}

static bool refuses_ins(struct sim_front *m, struct bytes cmd)
{
	return (cmd.p[1] == 0xC0 || cmd.p[1] == 0x70) &&
	       sim_faults_strikes(m->faults, FAULT_F20, NULL);
}

static int exchange(struct sim_front *m, const char *prefix, struct bytes cmd)
{
	uint8_t reply[BASEBAND_REPLY_MAX];
	struct wtr w = WTR_ON(reply);

	if (refuses_ins(m, cmd))
		return CME_NOT_ALLOWED;
	m->is_card_command = true;
	if (at_apdu_for_host(m, cmd, &w) != ST_OK)
		return CME_SIM_FAILURE;
	add_apdu(m, prefix, wtr_bytes(&w));
	return AT_OK;
}

static int run_csim(struct sim_front *m, enum at_form form, struct bytes args)
{
	uint8_t cmd[APDU_CMD_MAX];
	struct wtr w = WTR_ON(cmd);
	struct rdr r = rdr_of(args);

	if (!m->habits.csim)
		return AT_ERROR;
	if (form != AT_SET)
		return form == AT_TEST ? AT_OK : AT_ERROR;
	if (!take_apdu(m, &r, &w))
		return CME_PARAMETERS;
	int stop = obstacle(m);
	return stop != AT_OK ? stop : exchange(m, "+CSIM", wtr_bytes(&w));
}

/* ---- sessions ---- */

static struct at_session *session_of(struct sim_front *m, struct bytes handle)
{
	for (size_t i = 0; i < AT_SESSIONS_MAX; i++) {
		struct bytes h = bytes_str(m->session[i].handle);

		if (h.n > 0 && bytes_equal(h, handle))
			return &m->session[i];
	}
	return NULL;
}

static struct at_session *free_session(struct sim_front *m)
{
	for (size_t i = 0; i < AT_SESSIONS_MAX; i++) {
		if (m->session[i].handle[0] == '\0')
			return &m->session[i];
	}
	return NULL;
}

static enum at_handle_shape handle_shape(struct sim_front *m)
{
	char param[64];

	if (!sim_faults_strikes(m->faults, FAULT_F16, param))
		return m->habits.handle;
	if (param[0] == 'h')
		return AT_HANDLE_HEX;
	return param[0] == 'p' ? AT_HANDLE_PREFIXED : AT_HANDLE_BARE;
}

/* A handle is no channel number: generic modems count on, so that nobody can mistake one. */
static void name_session(struct sim_front *m, struct at_session *s)
{
	bool hex = handle_shape(m) == AT_HANDLE_HEX;
	unsigned n = m->sessions_made++;

	if (hex)
		snprintf(s->handle, sizeof(s->handle), "%016x", HANDLE_HEX_BASE + 0x80 * n);
	else
		snprintf(s->handle, sizeof(s->handle), "%u", 1 + (n + 4) % 99);
}

static int run_ccho(struct sim_front *m, enum at_form form, struct bytes args)
{
	uint8_t aid[AID_MAX];
	struct wtr w = WTR_ON(aid);
	struct rdr r = rdr_of(args);
	struct at_session *s = free_session(m);

	if (!m->habits.cgla)
		return AT_ERROR;
	if (form != AT_SET)
		return form == AT_TEST ? AT_OK : AT_ERROR;
	if (hex_get(take_text(&r), &w) != ST_OK || w.n == 0 || r.n > 0)
		return CME_PARAMETERS;
	int stop = obstacle(m);
	if (stop != AT_OK)
		return stop;
	if (!s)
		return CME_MEMORY_FULL;
	int failed = at_apdu_open_channel(m, wtr_bytes(&w), &s->channel);
	if (failed != AT_OK)
		return failed;
	name_session(m, s);
	bool bare = handle_shape(m) == AT_HANDLE_BARE;
	at_info_add(m, "%s%s", bare ? "" : "+CCHO: ", s->handle);
	return AT_OK;
}

static int run_cgla(struct sim_front *m, enum at_form form, struct bytes args)
{
	uint8_t cmd[APDU_CMD_MAX];
	struct wtr w = WTR_ON(cmd);
	struct rdr r = rdr_of(args);

	if (!m->habits.cgla)
		return AT_ERROR;
	if (form != AT_SET)
		return form == AT_TEST ? AT_OK : AT_ERROR;
	struct bytes handle = take_text(&r);
	if (!take_char(&r, ',') || !take_apdu(m, &r, &w))
		return CME_PARAMETERS;
	int stop = obstacle(m);
	if (stop != AT_OK)
		return stop;
	struct at_session *s = session_of(m, handle);
	if (!s)
		return CME_NOT_ALLOWED;
	cmd[0] = baseband_class(cmd[0], s->channel);
	return exchange(m, "+CGLA", wtr_bytes(&w));
}

static int run_cchc(struct sim_front *m, enum at_form form, struct bytes args)
{
	struct rdr r = rdr_of(args);

	if (!m->habits.cgla || sim_faults_strikes(m->faults, FAULT_F17, NULL))
		return AT_ERROR;
	if (form != AT_SET)
		return form == AT_TEST ? AT_OK : AT_ERROR;
	struct at_session *s = session_of(m, take_text(&r));
	if (!s)
		return CME_NOT_ALLOWED;
	(void)baseband_close_channel(&m->baseband, s->channel); /* whatever the card says */
	*s = (struct at_session){0};
	return AT_OK;
}

/* ---- identity ---- */

/* READ BINARY of a file under the MF, on the basic channel, which is the modem's own. */
static int run_crsm(struct sim_front *m, enum at_form form, struct bytes args)
{
	unsigned v[5]; /* command, file, P1, P2, P3 */
	uint8_t reply[BASEBAND_REPLY_MAX];
	struct wtr w = WTR_ON(reply);
	struct rdr r = rdr_of(args);
	char hex[2 * BASEBAND_REPLY_MAX + 1];

	if (form != AT_SET)
		return form == AT_TEST ? AT_OK : AT_ERROR;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		if ((i > 0 && !take_char(&r, ',')) || !take_number(&r, &v[i]))
			return CME_PARAMETERS;
	}
	if (v[0] != 176 || v[1] > 0xFFFF || v[2] > 0xFF || v[3] > 0xFF || v[4] > 0xFF)
		return CME_PARAMETERS;
	int stop = obstacle(m);
	if (stop != AT_OK)
		return stop;
	const uint8_t read[] = {(uint8_t)v[0], (uint8_t)v[2], (uint8_t)v[3], (uint8_t)v[4]};
	if (baseband_read_file(&m->baseband, (uint16_t)v[1], read, &w) != ST_OK || w.n < 2)
		return CME_SIM_FAILURE;
	hex_str(bytes_of(reply, w.n - 2), hex, sizeof(hex));
	at_info_add(m, w.n > 2 ? "+CRSM: %u,%u,\"%s\"" : "+CRSM: %u,%u", reply[w.n - 2],
		    reply[w.n - 1], hex);
	return AT_OK;
}

static int run_cpin(struct sim_front *m, enum at_form form, struct bytes args)
{
	(void)args;
	if (form != AT_READ)
		return form == AT_TEST ? AT_OK : AT_ERROR;
	int stop = obstacle(m);
	if (stop != AT_OK && stop != CME_SIM_PIN)
		return stop;
	at_info_add(m, "+CPIN: %s", stop == AT_OK ? "READY" : "SIM PIN");
	return AT_OK;
}

static int run_cimi(struct sim_front *m, enum at_form form, struct bytes args)
{
	(void)args;
	if (form != AT_EXECUTE)
		return form == AT_TEST ? AT_OK : AT_ERROR;
	int stop = obstacle(m);
	if (stop == AT_OK)
		at_info_add(m, "001010123456789"); /* of the test network */
	return stop;
}

static int run_iccid(struct sim_front *m, enum at_form form, struct bytes args)
{
	const struct at_habits *h = &m->habits;
	bool own = h->iccid_command && strcmp(m->command->name, h->iccid_command) == 0;
	bool plain = h->ccid && strcmp(m->command->name, "+CCID") == 0;
	char digits[21] = "";

	(void)args;
	if (!own && !plain)
		return AT_ERROR;
	if (form != AT_EXECUTE && form != AT_READ)
		return form == AT_TEST ? AT_OK : AT_ERROR;
	int stop = obstacle(m);
	if (stop != AT_OK && stop != CME_SIM_PIN)
		return stop;
	sim_card_iccid(m->card, digits);
	at_info_add(m, "%s: %s", own ? h->iccid_prefix : "+CCID", digits);
	return AT_OK;
}

void at_card_watch(struct sim_front *m)
{
	bool present = sim_card_present(m->card);
	uint32_t generation = sim_card_generation(m->card);

	if (present == m->present && generation == m->baseband.generation)
		return;
	for (size_t i = 0; i < AT_SESSIONS_MAX; i++)
		m->session[i] = (struct at_session){0};
	m->baseband.generation = generation;
	if (present == m->present)
		return;
	m->present = present;
	at_answer_urc(m, present ? "+CPIN: READY" : "+CPIN: NOT READY");
	if (strcmp(m->habits.model, "quectel") == 0)
		at_answer_urc(m, present ? "+QSIMSTAT: 1,1" : "+QSIMSTAT: 1,0");
}

const struct at_command at_card_commands[] = {
	{"+CSIM", run_csim},	{"+CCHO", run_ccho},	{"+CGLA", run_cgla},
	{"+CCHC", run_cchc},	{"+CRSM", run_crsm},	{"+CPIN", run_cpin},
	{"+CIMI", run_cimi},	{"+CCID", run_iccid},	{"+QCCID", run_iccid},
	{"+ICCID", run_iccid},	{"+CICCID", run_iccid}, {"^ICCID", run_iccid},
	{"%XICCID", run_iccid}, {"!ICCID", run_iccid},	{NULL, NULL},
};
