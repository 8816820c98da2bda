/* SPDX-License-Identifier: Apache-2.0 */
#include "at.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "mem.h"

enum {
	WAKE_FIRST_MS = 300,
	WAKE_MS = 3000,
	SIM_WAIT_MS = 10000, /* a SIM may need that long after power-on */
	SIM_POLL_MS = 500,
	LOOK_PAUSE_MS = 200,
	BUSY_FIRST_MS = 50,
	BUSY_LAST_MS = 800,
	BUSY_TRIES = 10,
};

/* Modems that are better asked the other way (transports reference §1.3). */
static const struct {
	const char *maker;
	const char *model;
	enum at_mode mode;
} quirks[] = {
	{"Quectel", "EC20F", AT_MODE_CSIM},  /* CGLA: ERROR where the card is slow */
	{"SIMCOM", "SIM7600", AT_MODE_CSIM}, /* no CCHO */
};

/* Spellings of "tell the ICCID", tried in this order; +CRSM reads EF_ICCID (2FE2) itself. */
static const char *const iccid_commands[] = {
	"AT+CCID",   "AT+QCCID",  "AT+ICCID",  "AT+CICCID",
	"AT^ICCID?", "AT%XICCID", "AT!ICCID?", "AT+CRSM=176,12258,0,0,10",
};

static void note_out(struct at_device *d)
{
	d->e.reply.outs += d->e.reply.sim != AT_SIM_OUT;
	d->e.reply.sim = AT_SIM_OUT;
}

status at_setup_run(struct at_device *d, const struct at_expect *x, enum at_context in, deadline dl)
{
	int64_t pause = BUSY_FIRST_MS;
	for (int tries = 1;; tries++) {
		int code = AT_CODE_UNKNOWN;
		status st = at_engine_run(&d->e, x, dl, &code);
		if (st != ST_IO)
			return st;
		log_debug("at refused code=%d", code);
		if (code == AT_CODE_NO_SIM)
			note_out(d);
		if (code != AT_CODE_SIM_BUSY)
			return at_codes_status(code, in);
		if (d->e.once)
			return ST_CARD_BUSY;
		deadline_sleep(dl, pause);
		if (tries == BUSY_TRIES || deadline_passed(dl))
			return ST_CARD_BUSY;
		pause = pause < BUSY_LAST_MS ? 2 * pause : BUSY_LAST_MS;
	}
}

/* What only tells or asks is repeated once (in step again) when its answer was lost. */
static status run_twice(struct at_device *d, const struct at_expect *x, deadline dl, int *ret_code)
{
	status st = at_engine_run(&d->e, x, deadline_sooner(dl, AT_MS), ret_code);
	if ((st == ST_TIMEOUT || st == ST_DESYNC) && !deadline_passed(dl)) {
		TRY(at_engine_sync(&d->e, dl));
		st = at_engine_run(&d->e, x, deadline_sooner(dl, AT_MS), ret_code);
	}
	return st;
}

/* A refusal does not matter: all forms of answers are read anyway. */
static status tell(struct at_device *d, const char *text, deadline dl)
{
	const struct at_expect x = {text, AT_WANT_NOTHING, NULL};
	int code = 0;
	status st = run_twice(d, &x, dl, &code);
	return st == ST_IO ? ST_OK : st;
}

/* The first AT lets an automatic baud rate lock and a sleeping modem wake. */
static status wake(struct at_device *d, deadline dl)
{
	static const struct at_expect x = {"AT", AT_WANT_NOTHING, NULL};
	if (d->t.unclean)
		return at_engine_sync(&d->e, dl);
	int code = 0;
	status st = at_engine_run(&d->e, &x, deadline_sooner(dl, WAKE_FIRST_MS), &code);
	if (st == ST_OK || st == ST_NO_DEVICE)
		return st;
	/* what answers late must not be taken for the answer to the next command */
	return at_engine_sync(&d->e, deadline_sooner(dl, WAKE_MS));
}

static bool is_text(struct bytes answer, const char *word)
{
	return bytes_equal(answer, bytes_str(word));
}

/* One CPIN?. ST_CARD_BUSY: ask again later. */
static status ask_sim(struct at_device *d, deadline dl)
{
	static const struct at_expect x = {"AT+CPIN?", AT_WANT_PREFIX, "+CPIN"};
	int code = AT_CODE_UNKNOWN;
	status st = run_twice(d, &x, dl, &code);
	if (st == ST_IO) {
		if (code == AT_CODE_SIM_FAILURE || code == AT_CODE_SIM_BUSY)
			return ST_CARD_BUSY;
		st = at_codes_status(code, AT_IN_SETUP);
		bool telling = st == ST_NO_CARD || st == ST_SIM_PIN;
		return telling ? st : ST_OK; /* a modem without CPIN may still do the rest */
	}
	TRY(st);
	struct bytes answer = at_reply_info(&d->e.reply);
	if (bytes_start_with(answer, BYTES_LIT("NOT ")))
		return ST_CARD_BUSY;
	return is_text(answer, "SIM PIN") || is_text(answer, "SIM PUK") ? ST_SIM_PIN : ST_OK;
}

status at_setup_sim(struct at_device *d, deadline dl)
{
	deadline limit = deadline_sooner(dl, SIM_WAIT_MS);
	status st = ask_sim(d, dl);
	while (st == ST_CARD_BUSY && !deadline_passed(limit)) {
		deadline_sleep(limit, SIM_POLL_MS);
		if (!deadline_passed(limit))
			st = ask_sim(d, dl);
	}
	if (st == ST_OK)
		d->e.reply.sim = AT_SIM_IN;
	else
		note_out(d);
	return st;
}

status at_setup_look(struct at_device *d, deadline dl)
{
	status st = ask_sim(d, dl);
	if (st == ST_CARD_BUSY) {
		deadline_sleep(dl, LOOK_PAUSE_MS);
		st = ask_sim(d, dl);
	}
	if (st == ST_CARD_BUSY)
		st = ST_NO_CARD;
	if (st == ST_OK)
		d->e.reply.sim = AT_SIM_IN;
	if (st == ST_NO_CARD)
		note_out(d);
	return st;
}

/* The first line of the answer, without quotes, or "". */
static void ask_text(struct at_device *d, const char *text, const char *prefix, char *dst,
		     size_t cap, deadline dl)
{
	const struct at_expect x = {text, AT_WANT_TEXT, prefix};
	dst[0] = '\0';
	if (at_setup_run(d, &x, AT_IN_SETUP, deadline_sooner(dl, AT_MS)) != ST_OK)
		return;
	struct bytes answer = at_reply_info(&d->e.reply);
	if (answer.n >= 2 && answer.p[0] == '"' && answer.p[answer.n - 1] == '"')
		answer = bytes_of(answer.p + 1, answer.n - 2);
	snprintf(dst, cap, "%.*s", (int)answer.n, (const char *)answer.p);
}

static void learn_model(struct at_device *d, deadline dl)
{
	char maker[NAME_MAX_LEN / 2], model[NAME_MAX_LEN / 2];
	ask_text(d, "AT+CGMI", "+CGMI", maker, sizeof(maker), dl);
	ask_text(d, "AT+CGMM", "+CGMM", model, sizeof(model), dl);
	bool twice = strncasecmp(model, maker, strlen(maker)) == 0;
	snprintf(d->t.description, sizeof(d->t.description), "%s%s%s", twice ? "" : maker,
		 twice || !maker[0] || !model[0] ? "" : " ", model);
	d->mode = d->asked;
	for (size_t i = 0; i < ARRAY_LEN(quirks) && d->asked == AT_MODE_AUTO; i++)
		if (strcasestr(maker, quirks[i].maker) && strcasestr(model, quirks[i].model))
			d->mode = quirks[i].mode;
}

status at_setup_dialogue(struct at_device *d, deadline dl)
{
	TRY(wake(d, dl));
	d->t.unclean = false;
	TRY(tell(d, "ATE0V1", dl));
	TRY(tell(d, "AT+CMEE=1", dl));
	TRY(at_setup_sim(d, dl));
	learn_model(d, dl);
	d->cgla_missing = false;
	d->ready = d->e.fd >= 0;
	d->was_ready = d->was_ready || d->ready;
	log_debug("at device=%s model=%s", d->t.name, d->t.description);
	return d->ready ? ST_OK : ST_NO_DEVICE;
}

status at_setup_iccid(struct at_device *d, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	for (size_t i = 0; i < ARRAY_LEN(iccid_commands); i++) {
		size_t n = (d->iccid_spelling + i) % ARRAY_LEN(iccid_commands);
		const struct at_expect x = {iccid_commands[n], AT_WANT_ICCID, NULL};
		status st = at_setup_run(d, &x, AT_IN_SETUP, deadline_sooner(dl, AT_MS));
		if (st == ST_NO_DEVICE || st == ST_NO_CARD || deadline_passed(dl))
			return st == ST_OK ? ST_TIMEOUT : st;
		if (st != ST_OK || at_reply_info(&d->e.reply).n == 0)
			continue;
		TRY(at_line_iccid(at_reply_info(&d->e.reply), ret_iccid));
		d->iccid_spelling = n;
		return ST_OK;
	}
	return ST_UNSUPPORTED_LINK;
}
