/* SPDX-License-Identifier: Apache-2.0 */
/* The UICC's PINs (TS 102 221 §11.1.9, §11.1.10, §11.1.13). Each operation asks for the counter
 * first: that costs no try, shows that the channel lives and where the PIN commands are understood,
 * and lets a PIN that is blocked or disabled not be sent at all. Then it is sent once (exec.c). */
#include "card_pin.h"

#include <string.h>

#include "card_impl.h"
#include "log.h"
#include "mem.h"
#include "sw.h"

enum { PUK_SIZE = 8 };

struct pin_op {
	uint8_t ref;
	enum command_id id; /* CMD_PIN_QUERY: nothing more */
	struct bytes data;
	struct card_pin pin; /* the answer */
};

/* --- the counter --- */

/* 4 bytes, and with a trailing 00 for cards (or modems) that want five. */
static status query(struct card *c, uint8_t ref, deadline dl)
{
	status st = ST_SW_LENGTH;

	if (!c->pin_query_le)
		st = exec_call(c, &CALL(CMD_PIN_QUERY, .p2 = P(ref)), NULL, NULL, dl);
	if (st != ST_SW_LENGTH)
		return st;
	st = exec_call(c, &CALL(CMD_PIN_QUERY_LE, .p2 = P(ref), .le = 256), NULL, NULL, dl);
	c->pin_query_le = c->pin_query_le || st != ST_SW_LENGTH;
	return st;
}

/* What the answer to a query or to a PIN says of it; false if it says nothing. */
static bool tells(const struct card *c, status st, struct card_pin *ret)
{
	*ret = (struct card_pin){.state = CARD_PIN_WANTED, .tries = -1};
	switch ((int)st) {
	case ST_OK:
		ret->state = CARD_PIN_VERIFIED;
		return true;
	case ST_SW_PIN_WRONG:
		ret->tries = sw_tries(c->last_sw);
		return true;
	case ST_SW_PIN_BLOCKED:
		ret->state = CARD_PIN_BLOCKED;
		ret->tries = 0;
		return true;
	case ST_SW_LOCKED:
		ret->state = CARD_PIN_DISABLED;
		return true;
	default:
		return false;
	}
}

/* A card that knows the command, but not without a PIN in it, does not say how many are left. */
static status ask_here(struct card *c, struct pin_op *op, deadline dl)
{
	struct card_pin pin;
	status st = query(c, op->ref, dl);

	if (!tells(c, st, &pin) && st != ST_SW_LENGTH)
		return st;
	op->pin = pin;
	return ST_OK;
}

static bool is_no_place(status st)
{
	return st == ST_SW_INS || st == ST_SW_CLASS || st == ST_SW_PARAMS ||
	       st == ST_SW_NOT_FOUND || st == ST_SW_CONDITIONS;
}

/* Asks where the command that follows is to be said: the applet's place will do for VERIFY, unless
 * it is known not to. What refuses there may not be our applet: card_run selects it first. */
static status ask(struct card *c, struct pin_op *op, deadline dl)
{
	bool verify = op->id == CMD_PIN_QUERY || op->id == CMD_PIN_VERIFY;
	bool try_here = verify && !c->pins_at_mf;
	status st;

	if (try_here) {
		st = ask_here(c, op, dl);
		if (!is_no_place(st) || !c->fresh)
			return st;
	}
	TRY(channel_to_mf(c, dl));
	st = ask_here(c, op, dl);
	if (st == ST_OK && try_here)
		c->pins_at_mf = true;
	if (st != ST_SW_NOT_FOUND)
		return st;
	op->pin = (struct card_pin){.state = CARD_PIN_ABSENT, .tries = -1};
	return ST_OK;
}

/* --- the PIN --- */

/* What a disabled PIN means: there is nothing to verify, and nothing to change. */
static status disabled(enum command_id id)
{
	return id == CMD_PIN_VERIFY ? ST_OK : ST_SW_CONDITIONS;
}

/* A refused PIN leaves one try less than the query told, or it is another command's answer. */
static bool is_plausible(const struct pin_op *op, status st, int tries)
{
	return st != ST_SW_PIN_WRONG || op->id == CMD_PIN_UNBLOCK || op->pin.tries < 0 ||
	       tries == op->pin.tries - 1;
}

/* Sends it, unless the counter says that it cannot do any good. */
static status say(struct card *c, struct pin_op *op, deadline dl)
{
	bool unblock = op->id == CMD_PIN_UNBLOCK;
	struct card_pin pin;
	status st;

	if (op->pin.state == CARD_PIN_ABSENT)
		return ST_SW_NOT_FOUND;
	if (op->pin.state == CARD_PIN_BLOCKED && !unblock)
		return ST_PIN_LOCKED;
	if (op->pin.state == CARD_PIN_DISABLED && !unblock)
		return disabled(op->id);
	st = exec_call(c, &CALL(op->id, .p2 = P(op->ref), .data = op->data), NULL, NULL, dl);
	if (!tells(c, st, &pin))
		return st;
	if (!is_plausible(op, st, pin.tries))
		return ST_PIN_UNSURE;
	op->pin = pin;
	if (st == ST_SW_PIN_WRONG)
		return ST_PIN_WRONG;
	if (st == ST_SW_PIN_BLOCKED)
		return ST_PIN_LOCKED;
	return st == ST_OK ? ST_OK : disabled(op->id);
}

/* Any UICC understands a query, and answers with its own counter. Before a PIN goes out the applet
 * shows that it is there: else the card may be another, after an exchange that the link does not
 * tell, and the channel its modem's. */
static status op_pin(struct card *c, void *arg, deadline dl)
{
	struct pin_op *op = arg;
	status st = op->id == CMD_PIN_QUERY ? ST_OK : applet_prove(c, dl);

	if (st == ST_OK)
		st = ask(c, op, dl);
	if (st == ST_OK && op->id != CMD_PIN_QUERY)
		st = say(c, op, dl);
	channel_to_applet(c, dl);
	return st;
}

static status run(struct card *c, struct pin_op *op, struct card_pin *ret, deadline dl)
{
	status st;

	if (op->ref == 0)
		return ST_ARG;
	st = card_run(c, op_pin, op, dl);
	if (st == ST_OK || st == ST_PIN_WRONG || st == ST_PIN_LOCKED)
		*ret = op->pin;
	return st;
}

/* 8 bytes, FF behind the PIN's own. ST_ARG for a length that no PIN has. */
static status put_pin(struct secret_view *data, struct bytes pin)
{
	if (pin.n < PIN_MIN || pin.n > PIN_MAX)
		return ST_ARG;
	memset(data->p + data->n, 0xFF, PIN_MAX);
	memcpy(data->p + data->n, pin.p, pin.n);
	data->n += PIN_MAX;
	return ST_OK;
}

static struct pin_op op_of(uint8_t ref, enum command_id id, const struct secret_view *data)
{
	return (struct pin_op){.ref = ref, .id = id, .data = bytes_of(data->p, data->n)};
}

/* --- card_pin.h --- */

status card_pin_query(struct card *c, uint8_t ref, struct card_pin *ret, deadline dl)
{
	struct pin_op op = {.ref = ref, .id = CMD_PIN_QUERY};

	return run(c, &op, ret, dl);
}

status card_pin_verify(struct card *c, uint8_t ref, struct bytes pin, struct card_pin *ret,
		       deadline dl)
{
	struct pin_op op;
	SECRET(data, PIN_MAX);

	TRY(put_pin(&data, pin));
	op = op_of(ref, CMD_PIN_VERIFY, &data);
	return run(c, &op, ret, dl);
}

status card_pin_change(struct card *c, uint8_t ref, struct bytes old_pin, struct bytes new_pin,
		       struct card_pin *ret, deadline dl)
{
	struct pin_op op;
	SECRET(data, 2 * PIN_MAX);

	TRY(put_pin(&data, old_pin));
	TRY(put_pin(&data, new_pin));
	op = op_of(ref, CMD_PIN_CHANGE, &data);
	return run(c, &op, ret, dl);
}

status card_pin_unblock(struct card *c, uint8_t ref, struct bytes puk, struct bytes new_pin,
			struct card_pin *ret, deadline dl)
{
	struct pin_op op;
	SECRET(data, 2 * PIN_MAX);

	if (puk.n != PUK_SIZE)
		return ST_ARG;
	TRY(put_pin(&data, puk));
	TRY(put_pin(&data, new_pin));
	op = op_of(ref, CMD_PIN_UNBLOCK, &data);
	return run(c, &op, ret, dl);
}

uint64_t card_power_epoch(const struct card *c)
{
	return c->power;
}
