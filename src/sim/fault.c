/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"

enum { ARMED_MAX = 64, PARAM_MAX = 64, INS_ANY = -1 };

static const struct {
	const char *label;
	char family;
	bool habit; /* lasts for ever unless the SPEC says otherwise */
	const char *text;
} faults[FAULT_COUNT] = {
	[FAULT_NONE] = {"", 0, false, "no fault"},
	[FAULT_C1] = {"C1", 'C', false, "the channel is lost: 6881 in the middle of a session"},
	[FAULT_C2] = {"C2", 'C', false, "the card is reset before this command"},
	[FAULT_C3] = {"C3", 'C', false, "all logical channels are taken"},
	[FAULT_C4] = {"C4", 'C', false, "MANAGE CHANNEL hands out numbers from 4"},
	[FAULT_C5] = {"C5", 'C', false, "91xx instead of 9000"},
	[FAULT_C6] = {"C6", 'C', false, "a warning (6283, or the parameter) instead of 9000"},
	[FAULT_C7] = {"C7", 'C', false, "GET RESPONSE answers 6F00: another user was faster"},
	[FAULT_C8] = {"C8", 'C', false, "another card after the next insertion"},
	[FAULT_C9] = {"C9", 'C', false, "a refresh changes the certificate"},
	[FAULT_C10] = {"C10", 'C', false, "a long computation (5000 ms, or the parameter)"},
	[FAULT_C11] = {"C11", 'C', false, "the applet is gone: 6A82"},
	[FAULT_C12] = {"C12", 'C', false, "an answer of one byte, or of none (parameter 0)"},
	[FAULT_F1] = {"F1", 'F', true, "echo is on, whatever ATE says"},
	[FAULT_F2] = {"F2", 'F', true, "final codes are digits (ATV0), whatever ATV says"},
	[FAULT_F3] = {"F3", 'F', true, "CME errors are text (parameter 1: numbers)"},
	[FAULT_F4] = {"F4", 'F', false, "unsolicited lines before, between and after the answer"},
	[FAULT_F5] = {"F5", 'F', false, "an unsolicited line glued to the answer"},
	[FAULT_F6] = {"F6", 'F', true, "the answer in fragments of one byte"},
	[FAULT_F7] = {"F7", 'F', true, "no quotes, lower case, extra blanks"},
	[FAULT_F8] = {"F8", 'F', false, "a wrong length field"},
	[FAULT_F9] = {"F9", 'F', false,
		      "an odd count of digits (parameter z: a foreign character)"},
	[FAULT_F10] = {"F10", 'F', false,
		       "the answer is cut at 256 characters, or at the parameter"},
	[FAULT_F11] = {"F11", 'F', false, "the answer of the command before"},
	[FAULT_F12] = {"F12", 'F', false, "two information lines, the first one stale"},
	[FAULT_F13] = {"F13", 'F', false, "no final code"},
	[FAULT_F14] = {"F14", 'F', false, "the answer comes late (3000 ms, or the parameter)"},
	[FAULT_F15] = {"F15", 'F', false, "ERROR, though the card executed the command"},
	[FAULT_F16] = {"F16", 'F', true,
		       "the CCHO answer is bare (or as the parameter says: hex, prefixed)"},
	[FAULT_F17] = {"F17", 'F', true, "no AT+CCHC"},
	[FAULT_F18] = {"F18", 'F', true, "silence after test forms (parameter error: ERROR)"},
	[FAULT_F19] = {"F19", 'F', false, "CME error 14: the SIM is busy"},
	[FAULT_F20] = {"F20", 'F', false, "CME error 3 for INS C0 and 70"},
	[FAULT_F21] = {"F21", 'F', true,
		       "the modem fetches 61xx itself (parameter 0: it does not)"},
	[FAULT_F22] = {"F22", 'F', false, "6Cxx to a command with Le"},
	[FAULT_F23] = {"F23", 'F', false, "more data than asked for"},
	[FAULT_F24] = {"F24", 'F', true,
		       "lines of more than 127 characters are refused (or the parameter)"},
	[FAULT_F25] = {"F25", 'F', false,
		       "NUL and FF bytes around the answer (parameter frame, MBIM: a message of no "
		       "type)"},
	[FAULT_F26] = {"F26", 'F', false, "a prompt, until ESC"},
	[FAULT_F27] = {"F27", 'F', false, "unplugged in mid-answer, back under another name"},
	[FAULT_F28] = {"F28", 'F', false, "the port is taken exclusively (TIOCEXCL)"},
	[FAULT_F29] = {"F29", 'F', false, "no answer at all: data mode"},
	[FAULT_M1] = {"M1", 'M', false, "the function says that it is not opened"},
	[FAULT_M2] = {"M2", 'M', false,
		      "the command fails with 87430001, or the parameter (a hexadecimal status)"},
	[FAULT_M3] = {"M3", 'M', false,
		      "a size beyond the buffer (parameter offset, or swapped: the two changed "
		      "round)"},
	[FAULT_M4] = {"M4", 'M', false, "the answer in fragments (parameter: bytes a fragment)"},
	[FAULT_M5] =
		{"M5", 'M', false,
		 "a response of another service before the answer (parameter only: instead; cid: "
		 "of another command; tid: of another transaction)"},
	[FAULT_M6] = {"M6", 'M', true, "no data for a command without Le"},
	[FAULT_M7] =
		{"M7", 'M', false,
		 "all channels left open (or the parameter, how many) by a dead host, in the group "
		 "49534146"},
	[FAULT_Q2] = {"Q2", 'Q', false,
		      "the connection ends (parameter after: after the card ran)"},
	[FAULT_Q3] = {"Q3", 'Q', false, "no client id is left"},
	[FAULT_Q4] = {"Q4", 'Q', false, "indications and foreign transactions before the answer"},
	[FAULT_Q5] = {"Q5", 'Q', false,
		      "a long response in indications (parameter mixed, oversized or never)"},
	[FAULT_Q6] = {"Q6", 'Q', false, "a TLV that overruns (parameter twice: one given twice)"},
	[FAULT_Q7] = {"Q7", 'Q', true, "no Open Logical Channel (42), only Logical Channel (3F)"},
	[FAULT_Q8] = {"Q8", 'Q', false, "access denied (82) to the opening of a channel"},
	[FAULT_STALE] = {"STALE", 'C', false, "the answer of the command before"},
	[FAULT_TRUNC] = {"TRUNC", 'C', false, "the answer's data is cut in half"},
	[FAULT_BADSIG] = {"BADSIG", 'C', false, "a signature that does not verify"},
	[FAULT_SW] = {"SW", 'C', false, "the command is refused with 6F00, or the parameter"},
};

struct armed {
	enum sim_fault_name name;
	int ins;	      /* INS_ANY, or the only instruction that counts */
	bool aside;	      /* the present event is of another instruction */
	unsigned long first;  /* event number, counted since it was armed */
	unsigned long events; /* seen since it was armed */
	unsigned long times;  /* 0: for ever */
	unsigned long struck; /* events at which it struck */
	unsigned long last;   /* event of the last strike: asking twice counts once */
	char param[PARAM_MAX];
};

struct sim_faults {
	pthread_mutex_t lock;
	struct armed armed[ARMED_MAX];
	size_t count;
	unsigned struck[FAULT_COUNT];
};

struct sim_faults *sim_faults_new(void)
{
	struct sim_faults *f = calloc(1, sizeof(*f));

	if (f && pthread_mutex_init(&f->lock, NULL) != 0) {
		free(f);
		return NULL;
	}
	return f;
}

void sim_faults_free(struct sim_faults *f)
{
	if (!f)
		return;
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static enum sim_fault_name name_of(struct bytes label)
{
	for (unsigned i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
		if (bytes_equal(label, bytes_str(faults[i].label)))
			return (enum sim_fault_name)i;
	}
	return FAULT_NONE;
}

static bool is_label_char(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool take_number(struct rdr *r, unsigned long *ret_v)
{
	unsigned long v = 0;
	size_t digits = 0;
	uint8_t c;

	while (rdr_peek(r, &c) == ST_OK && c >= '0' && c <= '9' && digits < 7) {
		v = v * 10 + (unsigned long)(c - '0');
		digits++;
		if (rdr_skip(r, 1) != ST_OK)
			return false;
	}
	if (digits == 0)
		return false;
	*ret_v = v;
	return true;
}

static bool take_char(struct rdr *r, char c)
{
	uint8_t got;

	return rdr_peek(r, &got) == ST_OK && got == (uint8_t)c && rdr_skip(r, 1) == ST_OK;
}

static bool take_ins(struct rdr *r, int *ret_ins)
{
	struct bytes digits;
	uint8_t ins;
	struct wtr w = wtr_on(&ins, 1);

	if (rdr_take(r, 2, &digits) != ST_OK || hex_get(digits, &w) != ST_OK)
		return false;
	*ret_ins = ins;
	return true;
}

static bool parse(struct bytes spec, struct armed *a)
{
	struct rdr r = rdr_of(spec);
	size_t n = 0;

	while (n < spec.n && is_label_char(spec.p[n]))
		n++;
	if (rdr_skip(&r, n) != ST_OK)
		return false;
	a->name = name_of(bytes_of(spec.p, n));
	if (a->name == FAULT_NONE)
		return false;
	a->ins = INS_ANY;
	if (take_char(&r, '/') && (faults[a->name].family != 'C' || !take_ins(&r, &a->ins)))
		return false;
	a->first = 1;
	a->times = faults[a->name].habit ? 0 : 1;
	if (take_char(&r, '@') && (!take_number(&r, &a->first) || a->first == 0))
		return false;
	if (take_char(&r, 'x') && !take_number(&r, &a->times))
		return false;
	if (take_char(&r, ':')) {
		struct bytes rest = rdr_rest(&r);

		if (rest.n >= sizeof(a->param))
			return false;
		memcpy(a->param, rest.p, rest.n);
		return true;
	}
	return r.n == 0;
}

status sim_faults_arm(struct sim_faults *f, struct bytes spec, char err[128])
{
	struct armed a = {0};

	if (!parse(spec, &a)) {
		snprintf(err, 128,
			 "not a fault: '%.*s' (NAME[/INS][@N][xCOUNT][:PARAM], as "
			 "C1@3x2)",
			 (int)(spec.n < 40 ? spec.n : 40), (const char *)spec.p);
		return ST_ARG;
	}
	pthread_mutex_lock(&f->lock);
	bool fits = f->count < ARMED_MAX;
	if (fits)
		f->armed[f->count++] = a;
	pthread_mutex_unlock(&f->lock);
	if (!fits) {
		snprintf(err, 128, "too many faults: at most %d", ARMED_MAX);
		return ST_ARG;
	}
	return ST_OK;
}

void sim_faults_clear(struct sim_faults *f)
{
	pthread_mutex_lock(&f->lock);
	f->count = 0;
	pthread_mutex_unlock(&f->lock);
}

static void tick(struct sim_faults *f, char family, int ins)
{
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->count; i++) {
		struct armed *a = &f->armed[i];

		if (faults[a->name].family != family)
			continue;
		a->aside = a->ins != INS_ANY && a->ins != ins;
		if (!a->aside)
			a->events++;
	}
	pthread_mutex_unlock(&f->lock);
}

void sim_faults_tick(struct sim_faults *f, char family)
{
	tick(f, family, INS_ANY);
}

void sim_faults_tick_apdu(struct sim_faults *f, uint8_t ins)
{
	tick(f, 'C', ins);
}

static bool strike(struct armed *a)
{
	if (a->aside || a->events < a->first)
		return false;
	if (a->struck > 0 && a->last == a->events)
		return true;
	if (a->times != 0 && a->struck >= a->times)
		return false;
	a->struck++;
	a->last = a->events;
	return true;
}

bool sim_faults_strikes(struct sim_faults *f, enum sim_fault_name name, char param[64])
{
	bool hit = false;

	if (!f)
		return false;
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->count && !hit; i++) {
		struct armed *a = &f->armed[i];
		unsigned long before = a->struck;

		if (a->name != name || !strike(a))
			continue;
		hit = true;
		f->struck[name] += (unsigned)(a->struck - before);
		if (param)
			memcpy(param, a->param, sizeof(a->param));
	}
	pthread_mutex_unlock(&f->lock);
	return hit;
}

unsigned sim_faults_struck(struct sim_faults *f, enum sim_fault_name name)
{
	pthread_mutex_lock(&f->lock);
	unsigned n = f->struck[name];
	pthread_mutex_unlock(&f->lock);
	return n;
}

const char *sim_fault_text(enum sim_fault_name name)
{
	return (unsigned)name < FAULT_COUNT ? faults[name].text : "";
}

const char *sim_fault_label(enum sim_fault_name name)
{
	return (unsigned)name < FAULT_COUNT ? faults[name].label : "";
}

void sim_faults_list(struct sim_faults *f, struct wtr *w)
{
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->count; i++) {
		const struct armed *a = &f->armed[i];

		wtr_printf(w, "%s%s", i ? ", " : "", faults[a->name].label);
		if (a->ins != INS_ANY)
			wtr_printf(w, "/%02X", (unsigned)a->ins);
		wtr_printf(w, "@%lux%lu%s%s struck %lu", a->first, a->times, a->param[0] ? ":" : "",
			   a->param, a->struck);
	}
	if (f->count == 0)
		wtr_printf(w, "none");
	pthread_mutex_unlock(&f->lock);
}
