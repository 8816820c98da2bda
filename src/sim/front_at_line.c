/* SPDX-License-Identifier: Apache-2.0 */
/* V.250 command lines: echo, assembly, A/, and the splitting of combined lines into commands. */
#include <stdlib.h>
#include <string.h>

#include "front_at.h"

enum { CR = '\r', LF = '\n', BACKSPACE = 8, ESC = 0x1B, CTRL_Z = 0x1A, NAME_LEN_MAX = 16 };

static uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

/* The length of the first command of a line: extended ones end at a ';' outside quotes. */
static size_t extended_len(struct bytes rest)
{
	bool quoted = false;

	for (size_t i = 0; i < rest.n; i++) {
		if (rest.p[i] == '"')
			quoted = !quoted;
		if (rest.p[i] == ';' && !quoted)
			return i;
	}
	return rest.n;
}

static bool is_name_char(uint8_t c)
{
	c = upper(c);
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static const struct at_command *find(const struct at_command *list, struct bytes name)
{
	for (const struct at_command *c = list; c->name; c++) {
		if (bytes_equal(bytes_str(c->name), name))
			return c;
	}
	return NULL;
}

static const struct at_command *command_of(struct bytes text, size_t *ret_len)
{
	uint8_t name[NAME_LEN_MAX];
	size_t n = 1;
	const struct at_command *c;

	name[0] = text.p[0];
	while (n < text.n && n < sizeof(name) && is_name_char(text.p[n])) {
		name[n] = upper(text.p[n]);
		n++;
	}
	*ret_len = n;
	c = find(at_basic_commands, bytes_of(name, n));
	return c ? c : find(at_card_commands, bytes_of(name, n));
}

static enum at_form form_of(struct rdr *r)
{
	struct bytes rest = rdr_rest(r);

	if (rest.n == 0)
		return AT_EXECUTE;
	if (bytes_equal(rest, BYTES_LIT("?"))) {
		*r = (struct rdr){0};
		return AT_READ;
	}
	if (bytes_equal(rest, BYTES_LIT("=?")))
		return AT_TEST;
	if (rest.p[0] != '=')
		return AT_EXECUTE;
	*r = rdr_of(bytes_of(rest.p + 1, rest.n - 1));
	return AT_SET;
}

/* `=?`: many modems answer it wrongly, or not at all. */
static int run_test(struct sim_front *m, const struct at_command *c, struct bytes args)
{
	char param[64];
	enum at_tests tests = m->habits.tests;

	if (sim_faults_strikes(m->faults, FAULT_F18, param))
		tests = param[0] == 'e' ? AT_TESTS_ERROR : AT_TESTS_SILENT;
	if (tests == AT_TESTS_SILENT)
		return AT_SILENT;
	return tests == AT_TESTS_ERROR ? AT_ERROR : c->run(m, AT_TEST, args);
}

static int run_extended(struct sim_front *m, struct bytes text)
{
	size_t n = 0;
	const struct at_command *c = command_of(text, &n);
	struct rdr r = rdr_of(bytes_of(text.p + n, text.n - n));

	if (!c)
		return AT_ERROR;
	m->command = c;
	enum at_form form = form_of(&r);
	if (form == AT_EXECUTE && r.n > 0)
		return AT_ERROR;
	return form == AT_TEST ? run_test(m, c, rdr_rest(&r)) : c->run(m, form, rdr_rest(&r));
}

static int run_basic(struct sim_front *m, uint8_t letter, unsigned value)
{
	switch (letter) {
	case 'E':
		m->echo = value == 1;
		return value <= 1 ? AT_OK : AT_ERROR;
	case 'V':
		m->verbose = value == 1;
		return value <= 1 ? AT_OK : AT_ERROR;
	case 'Q':
		return value == 0 ? AT_OK : AT_ERROR;
	case 'I':
		at_info_add(m, "%s", m->habits.maker);
		at_info_add(m, "%s", m->habits.product);
		at_info_add(m, "Revision: %s", m->habits.revision);
		return AT_OK;
	case 'Z':
		m->cmee = 0;
		m->verbose = m->echo = true;
		return AT_OK;
	default:
		return AT_ERROR;
	}
}

/* A letter, after an optional '&', and digits. Takes its bytes from r. */
static int take_basic(struct sim_front *m, struct rdr *r)
{
	uint8_t letter = 0;
	uint8_t c;
	unsigned value = 0;
	bool ampersand = false;

	if (rdr_peek(r, &letter) == ST_OK && letter == '&' && rdr_skip(r, 1) == ST_OK)
		ampersand = true;
	if (rdr_u8(r, &letter) != ST_OK)
		return AT_ERROR;
	while (rdr_peek(r, &c) == ST_OK && c >= '0' && c <= '9' && value < 1000) {
		value = value * 10 + (unsigned)(c - '0');
		if (rdr_skip(r, 1) != ST_OK)
			break;
	}
	if (ampersand)
		return upper(letter) == 'F' ? run_basic(m, 'Z', value) : AT_ERROR;
	return run_basic(m, upper(letter), value);
}

static bool is_extended(uint8_t c)
{
	return c == '+' || c == '!' || c == '%' || c == '^' || c == '#' || c == '$' || c == '*';
}

static int run_body(struct sim_front *m, struct bytes body)
{
	struct rdr r = rdr_of(body);
	uint8_t c;
	int final = AT_OK;

	while (final == AT_OK && rdr_peek(&r, &c) == ST_OK) {
		struct bytes text;

		if (c == ' ' || c == ';') {
			if (rdr_skip(&r, 1) != ST_OK)
				break;
		} else if (!is_extended(c)) {
			final = take_basic(m, &r);
		} else if (rdr_take(&r, extended_len(rdr_rest(&r)), &text) == ST_OK) {
			final = run_extended(m, text);
		}
	}
	return final;
}

static bool is_too_long(struct sim_front *m)
{
	char param[64];

	if (m->line_too_long)
		return true;
	if (m->line_len <= 127 || !sim_faults_strikes(m->faults, FAULT_F24, param))
		return false;
	return m->line_len > (param[0] ? strtoul(param, NULL, 10) : 127);
}

/* F1, for which the line has to be counted first. */
static void echo_line(struct sim_front *m, struct bytes body)
{
	pty_send(&m->port, BYTES_LIT("AT"), false);
	pty_send(&m->port, body, false);
	pty_send(&m->port, BYTES_LIT("\r"), false);
}

static void run_line(struct sim_front *m, struct bytes body)
{
	sim_faults_tick(m->faults, 'F');
	if (!m->echo && sim_faults_strikes(m->faults, FAULT_F1, NULL))
		echo_line(m, body);
	m->info = (struct at_info){0};
	m->is_card_command = false;
	at_card_watch(m);
	at_answer(m, is_too_long(m) ? AT_ERROR : run_body(m, body));
}

/* A whole line: what stands before AT is noise. */
static void take_line(struct sim_front *m)
{
	struct bytes line = bytes_of(m->line, m->line_len);

	for (size_t i = 0; i + 1 < line.n; i++) {
		if (upper(line.p[i]) != 'A' || upper(line.p[i + 1]) != 'T')
			continue;
		memcpy(m->last_line, line.p + i + 2, line.n - i - 2);
		m->last_line_len = line.n - i - 2;
		run_line(m, bytes_of(m->last_line, m->last_line_len));
		break;
	}
	m->line_len = 0;
	m->line_too_long = false;
}

static void take_prompt_char(struct sim_front *m, uint8_t c)
{
	if (c != ESC && c != CTRL_Z)
		return;
	m->prompt = false;
	m->line_len = 0;
	pty_send(&m->port, BYTES_LIT("\r\nOK\r\n"), false);
}

static void take_char(struct sim_front *m, uint8_t c)
{
	if (m->prompt) {
		take_prompt_char(m, c);
	} else if (c == CR) {
		take_line(m);
	} else if (c == BACKSPACE) {
		m->line_len -= m->line_len > 0;
	} else if (c == LF || c == ESC || c == 0) {
		return;
	} else if (m->line_len == sizeof(m->line)) {
		m->line_too_long = true;
	} else {
		m->line[m->line_len++] = c;
	}
}

static bool repeats(struct sim_front *m)
{
	return !m->prompt && m->line_len == 2 && upper(m->line[0]) == 'A' && m->line[1] == '/';
}

/* Echo up to and with the next CR, which is what the modem would have echoed before its answer. */
static size_t echo_some(struct sim_front *m, struct bytes in)
{
	const uint8_t *cr = memchr(in.p, CR, in.n);
	size_t n = cr ? (size_t)(cr - in.p) + 1 : in.n;

	if (!m->prompt && m->echo)
		pty_send(&m->port, bytes_of(in.p, n), false);
	return n;
}

void at_line_receive(struct sim_front *m, struct bytes in)
{
	while (in.n > 0) {
		size_t n = echo_some(m, in);

		for (size_t i = 0; i < n; i++) {
			take_char(m, in.p[i]);
			if (repeats(m)) {
				m->line_len = 0;
				run_line(m, bytes_of(m->last_line, m->last_line_len));
			}
		}
		in = bytes_of(in.p + n, in.n - n);
	}
}
