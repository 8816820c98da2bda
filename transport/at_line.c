/* SPDX-License-Identifier: Apache-2.0 */
#include "at_line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "at_codes.h"
#include "hex.h"
#include "log.h"
#include "mem.h"

enum {
	ECHO_LOST_MAX = 4,    /* first characters of an echo that a waking modem drops */
	CUT_DIGITS_MIN = 128, /* shorter answers are not cut by any modem */
	ICCID_DIGITS_MIN = 18,
};

/* --- text --- */

static struct bytes skip(struct bytes b, size_t n)
{
	return bytes_of(b.p + n, b.n - n);
}

static struct bytes trim(struct bytes b)
{
	while (b.n > 0 && b.p[0] == ' ')
		b = skip(b, 1);
	while (b.n > 0 && b.p[b.n - 1] == ' ')
		b.n--;
	return b;
}

/* What starts with needle inside b, or the empty view. */
static struct bytes find(struct bytes b, const char *needle)
{
	struct bytes wanted = bytes_str(needle);
	for (; b.n >= wanted.n; b = skip(b, 1))
		if (bytes_start_with(b, wanted))
			return b;
	return bytes_of(NULL, 0);
}

static size_t run_of(struct bytes b, int (*is)(int))
{
	size_t n = 0;
	while (n < b.n && is(b.p[n]))
		n++;
	return n;
}

/* Behind "<prefix>", optional blanks and ':' — the empty view with p NULL if it is not there. */
static struct bytes behind_prefix(struct bytes b, const char *prefix)
{
	for (struct bytes at = find(b, prefix); at.p; at = find(skip(at, 1), prefix)) {
		struct bytes rest = trim(skip(at, strlen(prefix)));
		if (rest.n > 0 && rest.p[0] == ':')
			return trim(skip(rest, 1));
	}
	return bytes_of(NULL, 0);
}

/* --- the table of results --- */

enum match { WHOLE, START, ANYWHERE };

static bool matches(struct bytes line, const char *text, enum match how, struct bytes *ret_rest)
{
	struct bytes wanted = bytes_str(text);
	struct bytes at = how == ANYWHERE ? find(line, text) : line;
	if (!bytes_start_with(at, wanted) || (how == WHOLE && at.n != wanted.n))
		return false;
	*ret_rest = skip(at, wanted.n);
	return true;
}

static const struct final {
	const char *text;
	enum match how;
	enum at_kind kind;
	bool has_code;
	bool digit; /* ATV0 */
} finals[] = {
	{"OK", WHOLE, AT_OK, false, false},
	{"ERROR", WHOLE, AT_ERROR, false, false},
	{"+CME ERROR:", ANYWHERE, AT_ERROR, true, false},
	{"+CMS ERROR:", ANYWHERE, AT_ERROR, true, false},
	{"COMMAND NOT SUPPORT", WHOLE, AT_ERROR, false, false},
	{"MODEM ERROR:", START, AT_ERROR, false, false},
	{"NA", WHOLE, AT_ERROR, false, false},
	{"0", WHOLE, AT_OK, false, true},
	{"4", WHOLE, AT_ERROR, false, true},
};

static bool is_urc_start(uint8_t c)
{
	return c == '+' || c == '^' || c == '#' || c == '%' || c == '!' || c == '*' || c == '$';
}

/* OK with an unsolicited line stuck to it: "OK+CREG: 1", "+CREG: 1OK". */
static bool is_glued_ok(struct bytes line)
{
	if (line.n < 3)
		return false;
	if (bytes_start_with(line, BYTES_LIT("OK")) && is_urc_start(line.p[2]))
		return true;
	return is_urc_start(line.p[0]) && !isalpha(line.p[line.n - 3]) &&
	       bytes_equal(skip(line, line.n - 2), BYTES_LIT("OK"));
}

static bool classify_final(const struct at_expect *x, bool have_info, struct bytes line,
			   struct at_line *l)
{
	bool digits_are_results = x->sent && (x->want != AT_WANT_HANDLE || have_info);
	for (size_t i = 0; i < ARRAY_LEN(finals); i++) {
		const struct final *f = &finals[i];
		struct bytes rest;
		if (f->digit && !digits_are_results)
			continue;
		if (!matches(line, f->text, f->how, &rest))
			continue;
		l->kind = f->kind;
		l->code = f->has_code ? at_codes_parse(rest) : AT_CODE_PLAIN;
		return true;
	}
	if (!is_glued_ok(line))
		return false;
	l->kind = AT_OK;
	return true;
}

/* --- what else a line can be --- */

static bool is_echo(const struct at_expect *x, struct bytes line)
{
	if (!x->sent)
		return false;
	struct bytes sent = bytes_str(x->sent);
	for (size_t lost = 0; lost <= ECHO_LOST_MAX && lost < sent.n; lost++)
		if (bytes_equal(line, skip(sent, lost)))
			return true;
	return false;
}

static const struct {
	const char *text; /* without blanks */
	enum match how;
	enum at_sim sim;
} sim_news[] = {
	{"+CPIN:NOTREADY", START, AT_SIM_OUT}, {"+CPIN:NOTINSERTED", START, AT_SIM_OUT},
	{"+CPIN:READY", START, AT_SIM_IN},     {"#QSS:0", START, AT_SIM_OUT},
	{"#QSS:1", START, AT_SIM_IN},	       {"#QSS:2", START, AT_SIM_IN},
	{"#QSS:3", START, AT_SIM_IN},	       {"+QSIMSTAT:1,0", WHOLE, AT_SIM_OUT},
	{"+QSIMSTAT:1,1", WHOLE, AT_SIM_IN},
};

static enum at_sim news_of(struct bytes line)
{
	char tight[32];
	struct wtr w = WTR_ON(tight);
	for (size_t i = 0; i < line.n && w.n < w.cap; i++)
		if (line.p[i] != ' ')
			wtr_u8(&w, line.p[i]);
	struct bytes rest;
	for (size_t i = 0; i < ARRAY_LEN(sim_news); i++)
		if (matches(wtr_bytes(&w), sim_news[i].text, sim_news[i].how, &rest))
			return sim_news[i].sim;
	return AT_SIM_NO_NEWS;
}

static bool is_all_hex(struct bytes b, size_t max)
{
	return b.n > 0 && b.n <= max && run_of(b, isxdigit) == b.n;
}

static bool has_iccid(struct bytes line)
{
	char digits[ICCID_DIGITS_MAX + 1];
	return at_line_iccid(line, digits) == ST_OK;
}

/* Words that modems say by themselves; everything with a URC's first character is one anyway. */
static bool is_urc_word(struct bytes line)
{
	static const char *const words[] = {"RING",    "NO CARRIER", "BUSY",	 "RDY",
					    "Ready",   "READY",	     "CONNECT",	 "SMS DONE",
					    "PB DONE", "Call Ready", "SMS Ready"};
	struct bytes rest;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (matches(line, words[i], WHOLE, &rest))
			return true;
	return false;
}

static bool classify_info(const struct at_expect *x, bool have_info, struct bytes line,
			  struct at_line *l)
{
	struct bytes text = {NULL, 0};
	switch (x->want) {
	case AT_WANT_NOTHING:
		return false;
	case AT_WANT_PREFIX:
		text = behind_prefix(line, x->prefix);
		break;
	case AT_WANT_HANDLE:
		text = behind_prefix(line, x->prefix);
		if (!text.p && !have_info && is_all_hex(line, AT_HANDLE_MAX))
			text = line;
		break;
	case AT_WANT_TEXT:
		text = behind_prefix(line, x->prefix);
		if (!text.p && !is_urc_start(line.p[0]) && !is_urc_word(line))
			text = line;
		break;
	case AT_WANT_ICCID:
		text = has_iccid(line) ? line : text;
		break;
	}
	if (!text.p)
		return false;
	l->kind = AT_INFO;
	l->text = text;
	return true;
}

static bool is_foreign_answer(struct bytes line)
{
	static const char *const prefixes[] = {"+CSIM", "+CGLA", "+CCHO"};
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (behind_prefix(line, prefixes[i]).p)
			return true;
	return false;
}

struct at_line at_line_classify(const struct at_expect *x, bool have_info, struct bytes line)
{
	struct at_line l = {.kind = AT_NOISE, .code = AT_CODE_PLAIN};
	line = trim(line);
	if (line.n == 0)
		return l;
	if (is_echo(x, line)) {
		l.kind = AT_ECHO;
		return l;
	}
	if (line.n == 1 && line.p[0] == '>') {
		l.kind = AT_PROMPT;
		return l;
	}
	if (classify_info(x, have_info, line, &l) && l.kind == AT_INFO && x->want != AT_WANT_TEXT)
		return l;
	struct at_line final = {.kind = AT_NOISE, .code = AT_CODE_PLAIN};
	if (classify_final(x, have_info, line, &final))
		return final;
	if (l.kind == AT_INFO)
		return l;
	l.kind = is_foreign_answer(line) ? AT_FOREIGN : AT_URC;
	l.sim = news_of(line);
	return l;
}

/* --- information --- */

/* Digits in front of a comma: a length or a session id. */
static bool take_field(struct bytes *b)
{
	struct bytes rest = *b;
	size_t n = run_of(rest, isxdigit);
	rest = trim(skip(rest, n));
	if (n == 0 || n > AT_HANDLE_MAX || rest.n == 0 || rest.p[0] != ',')
		return false;
	*b = trim(skip(rest, 1));
	return true;
}

static bool ends_in_success(struct bytes digits)
{
	struct bytes sw = skip(digits, digits.n - 4);
	return bytes_equal(sw, BYTES_LIT("9000")) || bytes_start_with(sw, BYTES_LIT("91")) ||
	       bytes_start_with(sw, BYTES_LIT("61"));
}

/* A wrong length field is a habit of some modems. A long answer that is shorter than announced and
 * does not end in a status word fell to a small buffer. */
static status check_length(struct bytes length_field, struct bytes digits)
{
	size_t n = 0;
	for (size_t i = 0; i < length_field.n && isdigit(length_field.p[i]) && n < 100000; i++)
		n = n * 10 + (size_t)(length_field.p[i] - '0');
	if (n == digits.n)
		return ST_OK;
	if (n > digits.n && digits.n >= CUT_DIGITS_MIN && !ends_in_success(digits)) {
		log_error("the modem cut an answer of %zu digits to %zu: set a smaller chunk", n,
			  digits.n);
		return ST_MALFORMED;
	}
	log_debug("the modem announced %zu digits and sent %zu", n, digits.n);
	return ST_OK;
}

status at_line_apdu(struct bytes info, struct wtr *reply)
{
	struct bytes length_field = trim(info);
	struct bytes rest = length_field;
	if (!take_field(&rest))
		return ST_MALFORMED;
	struct bytes second = rest;
	if (take_field(&rest)) /* <id>,<n>,<hex> */
		length_field = second;
	bool quoted = rest.n > 0 && rest.p[0] == '"';
	if (quoted)
		rest = skip(rest, 1);
	struct bytes digits = bytes_of(rest.p, run_of(rest, isxdigit));
	rest = skip(rest, digits.n);
	bool ended = quoted ? rest.n > 0 && rest.p[0] == '"'
			    : trim(rest).n == 0 || is_urc_start(rest.p[0]);
	if (!ended)
		return ST_MALFORMED;
	TRY(check_length(length_field, digits));
	return hex_get(digits, reply);
}

status at_line_handle(struct bytes info, char ret_handle[24])
{
	struct bytes id = trim(info);
	if (id.n >= 2 && id.p[0] == '"')
		id = skip(id, 1);
	size_t n = run_of(id, isxdigit);
	struct bytes rest = skip(id, n);
	bool ended = rest.n == 0 || rest.p[0] == '"' || rest.p[0] == ' ' || is_urc_start(rest.p[0]);
	if (n == 0 || n > AT_HANDLE_MAX || !ended)
		return ST_MALFORMED;
	snprintf(ret_handle, 24, "%.*s", (int)n, (const char *)id.p);
	return ST_OK;
}

static void swap_pairs(char *digits)
{
	for (size_t i = 0; digits[i] && digits[i + 1]; i += 2) {
		char c = digits[i];
		digits[i] = digits[i + 1];
		digits[i + 1] = c;
	}
}

status at_line_iccid(struct bytes info, char ret_iccid[ICCID_DIGITS_MAX + 1])
{
	size_t n = 0;
	for (; info.n > 0; info = skip(info, n ? n : 1)) {
		n = run_of(info, isdigit);
		if (n >= ICCID_DIGITS_MIN && n <= ICCID_DIGITS_MAX)
			break;
	}
	if (info.n == 0)
		return ST_MALFORMED;
	/* swapped, an odd count of digits has its filler before the last: "98…F1" */
	char digits[ICCID_DIGITS_MAX + 2] = {0};
	snprintf(digits, sizeof(digits), "%.*s", (int)n, (const char *)info.p);
	if (digits[0] == '9' && digits[1] == '8') {
		struct bytes rest = skip(info, n);
		bool filled = n < ICCID_DIGITS_MAX && rest.n >= 2 && toupper(rest.p[0]) == 'F' &&
			      isdigit(rest.p[1]);
		swap_pairs(digits);
		if (filled)
			digits[n] = (char)rest.p[1];
	}
	snprintf(ret_iccid, ICCID_DIGITS_MAX + 1, "%.*s", ICCID_DIGITS_MAX, digits);
	return ST_OK;
}
