/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN. Rule A: a stored one is sent only while at least two tries are left, never again once it
 * was refused (by any process, while the value is the same), and never after an answer that got
 * lost, unless the counter shows that it cost nothing. */
#include <string.h>

#include "card_pin.h"
#include "log.h"
#include "pin_memory.h"
#include "sim.h"

enum {
	TRIES_NEEDED = 2,
	TRIES_MOST = 15, /* that a status word can tell */
};

struct attempt {
	struct visit *v;
	uint8_t ref;
	struct bytes pin;
	struct card_info info; /* its ICCID names the memory */
	struct pin_memory memory;
};

/* --- the counter --- */

static status ref_of(const struct visit *v, unsigned ref, uint8_t *ret)
{
	if (ref > 0xFF || (ref == 0 && v->sim->slot.pin_ref == 0))
		return ST_ARG;
	*ret = ref != 0 ? (uint8_t)ref : v->sim->slot.pin_ref;
	return ST_OK;
}

static struct iotsafe_pin told(const struct card_pin *pin)
{
	static const enum iotsafe_pin_state states[] = {
		[CARD_PIN_WANTED] = IOTSAFE_PIN_WANTED,
		[CARD_PIN_VERIFIED] = IOTSAFE_PIN_VERIFIED,
		[CARD_PIN_DISABLED] = IOTSAFE_PIN_DISABLED,
		[CARD_PIN_BLOCKED] = IOTSAFE_PIN_BLOCKED,
		[CARD_PIN_ABSENT] = IOTSAFE_PIN_ABSENT,
	};

	return (struct iotsafe_pin){.state = states[pin->state], .tries = pin->tries};
}

static status ask(struct visit *v, unsigned ref, struct card_pin *ret)
{
	uint8_t p2 = 0;

	TRY(ref_of(v, ref, &p2));
	return card_pin_query(v->card, p2, ret, v->dl);
}

enum iotsafe_error iotsafe_pin_query(struct iotsafe *sim, unsigned ref, struct iotsafe_pin *ret_pin)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	struct card_pin pin;
	status st = ret_pin != NULL ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK)
		st = ask(&v, ref, &pin);
	if (st == ST_OK)
		*ret_pin = told(&pin);
	return sim_answer(&v, st);
}

/* --- what is remembered --- */

static void close_memory(struct attempt *a)
{
	pin_memory_close(&a->memory);
}

static status open_memory(struct attempt *a)
{
	TRY(card_identify(a->v->card, &a->info, a->v->dl));
	return pin_memory_open(a->v->sim->settings.store_dir, a->info.iccid, a->v->dl, &a->memory);
}

static status remember(const struct attempt *a, int tries)
{
	return pin_memory_put(&a->memory, a->ref, a->pin, tries);
}

static void forget(const struct attempt *a)
{
	if (pin_memory_drop(&a->memory, a->ref, a->pin) != ST_OK)
		log_error("PIN: a mark against it could not be removed");
}

/* A value that was sent and never answered was wrong if a try is gone since. */
static status check_memory(const struct attempt *a, int tries_now)
{
	int tries = PIN_MEMORY_NOTHING;

	if (pin_memory_get(&a->memory, a->ref, a->pin, &tries) != ST_OK)
		return ST_USER_NOT_LOGGED_IN;
	if (tries == PIN_MEMORY_NOTHING)
		return ST_OK;
	return tries != PIN_MEMORY_REFUSED && tries_now >= tries ? ST_OK : ST_USER_NOT_LOGGED_IN;
}

/* --- a stored one --- */

/* No clear answer: what does the counter say? Where it does not tell, the mark stays. */
static void find_out(const struct attempt *a, int before)
{
	struct card_pin pin;

	if (card_pin_query(a->v->card, a->ref, &pin, a->v->dl) != ST_OK)
		return;
	if (pin.state == CARD_PIN_VERIFIED || pin.tries >= before)
		forget(a);
	else if (pin.tries >= 0)
		(void)!remember(a, PIN_MEMORY_REFUSED);
}

/* Marked before it is sent, so that no end of this process lets another spend a second try. */
static status send_stored(const struct attempt *a, struct card_pin *pin)
{
	int before = pin->tries > 0 ? pin->tries : TRIES_MOST;

	TRY(remember(a, before));
	status st = card_pin_verify(a->v->card, a->ref, a->pin, pin, a->v->dl);
	if (st == ST_OK)
		forget(a);
	else if (st == ST_PIN_WRONG || st == ST_PIN_LOCKED)
		(void)!remember(a, PIN_MEMORY_REFUSED);
	else
		find_out(a, before);
	return st;
}

static status verify_stored(struct attempt *a, struct card_pin *ret)
{
	struct card_pin pin;

	TRY(open_memory(a));
	/* others may have been at it until now */
	TRY(card_pin_query(a->v->card, a->ref, &pin, a->v->dl));
	*ret = pin;
	switch (pin.state) {
	case CARD_PIN_VERIFIED:
	case CARD_PIN_DISABLED:
		return ST_OK;
	case CARD_PIN_BLOCKED:
		return ST_PIN_LOCKED;
	case CARD_PIN_ABSENT:
		return ST_SW_NOT_FOUND;
	case CARD_PIN_WANTED:
		break;
	}
	if (pin.tries < TRIES_NEEDED)
		return ST_USER_NOT_LOGGED_IN;
	TRY(check_memory(a, pin.tries));
	return send_stored(a, ret);
}

/* --- a person's --- */

/* What was right once is right for those who have it stored, too. */
static void learned(struct attempt *a)
{
	if (open_memory(a) == ST_OK)
		forget(a);
}

static status verify_entered(struct attempt *a, struct card_pin *ret)
{
	TRY(card_pin_verify(a->v->card, a->ref, a->pin, ret, a->v->dl));
	learned(a);
	return ST_OK;
}

/* --- the call --- */

static bool is_pin(const char *pin)
{
	size_t n = pin != NULL ? strnlen(pin, PIN_MAX + 1) : 0;

	return n >= PIN_MIN && n <= PIN_MAX && strspn(pin, "0123456789") == n;
}

static status verify(struct visit *v, unsigned ref, enum iotsafe_pin_from from, const char *pin,
		     struct card_pin *ret)
{
	struct attempt a ON_EXIT(close_memory) = {
		.v = v, .pin = bytes_str(pin), .memory = {.fd = -1}};

	TRY(ref_of(v, ref, &a.ref));
	status st = from == IOTSAFE_PIN_STORED ? verify_stored(&a, ret) : verify_entered(&a, ret);
	if (st == ST_OK && ret->state != CARD_PIN_DISABLED)
		ret->state = CARD_PIN_VERIFIED;
	if (st == ST_PIN_LOCKED)
		*ret = (struct card_pin){.state = CARD_PIN_BLOCKED, .tries = 0};
	return st;
}

enum iotsafe_error iotsafe_pin_verify(struct iotsafe *sim, unsigned ref, enum iotsafe_pin_from from,
				      const char *pin, struct iotsafe_pin *ret_pin)
{
	struct visit v ON_EXIT(sim_leave) = {0};
	struct card_pin after = {.state = CARD_PIN_WANTED, .tries = -1};
	bool sane = is_pin(pin) && (from == IOTSAFE_PIN_STORED || from == IOTSAFE_PIN_PERSON);
	status st = sane ? sim_enter(sim, &v) : ST_ARG;

	if (st == ST_OK)
		st = verify(&v, ref, from, pin, &after);
	if (ret_pin != NULL && (st == ST_OK || st == ST_PIN_WRONG || st == ST_PIN_LOCKED))
		*ret_pin = told(&after);
	return sim_answer(&v, st);
}
