/* SPDX-License-Identifier: Apache-2.0 */
#include "login.h"

#include <string.h>

#include "lib.h"
#include "log.h"
#include "slot_group.h"
#include "token.h"

enum {
	PIN_TRIES_USUAL = 3, /* TS 102 221 §9.5: fewer left than this, and somebody was wrong */
	GOOD_MS = 2000,	     /* for C_GetTokenInfo, which clients call several times in a row */
};

/* --- what the configuration says --- */

static bool is_kind(const struct settings_container *sc, const struct container *c)
{
	switch (sc->kind) {
	case SETTINGS_PRIVATE_KEY:
		return c->kind == CONTAINER_PRIVATE_KEY;
	case SETTINGS_PUBLIC_KEY:
		return c->kind == CONTAINER_PUBLIC_KEY;
	case SETTINGS_SECRET_KEY:
		return c->kind == CONTAINER_SECRET_KEY;
	case SETTINGS_CERTIFICATE:
	case SETTINGS_DATA:
		break;
	}
	return c->kind == CONTAINER_FILE;
}

static bool asks(const struct settings_container *sc)
{
	return sc->pin == SETTINGS_PIN_LOGIN || sc->pin == SETTINGS_PIN_ALWAYS;
}

static enum settings_pin pin_rule(const struct slot *s, const struct container *c)
{
	const struct settings *all = lib_settings();
	enum settings_pin rule = SETTINGS_PIN_UNSAID;
	bool named = false;

	if (slot_conf(s)->pin_ref == 0)
		return SETTINGS_PIN_NONE;
	for (size_t i = 0; i < all->container_count; i++) {
		const struct settings_container *sc = &all->container[i];
		if (strcmp(sc->slot, slot_conf(s)->name) != 0)
			continue;
		named = named || asks(sc);
		if (is_kind(sc, c) && bytes_equal(bytes_of(sc->id, sc->id_len), container_id(c)))
			rule = sc->pin;
	}
	if (rule != SETTINGS_PIN_UNSAID)
		return rule;
	bool secret = c->kind == CONTAINER_PRIVATE_KEY || c->kind == CONTAINER_SECRET_KEY;
	return secret && !named ? SETTINGS_PIN_LOGIN : SETTINGS_PIN_NONE;
}

bool login_wants(struct slot *s, const struct container *c)
{
	return pin_rule(s, c) != SETTINGS_PIN_NONE;
}

bool login_is_open(struct slot *s)
{
	return slot_conf(s)->pin_ref == 0 || s->login.needless || login_auto_on(s);
}

/* A client need not know what pin-source does for it. */
bool login_wants_always(struct slot *s, const struct container *c)
{
	return pin_rule(s, c) == SETTINGS_PIN_ALWAYS && !login_is_open(s);
}

bool login_is_user(struct slot *s)
{
	return login_is_open(s) || s->login.done;
}

/* --- the end of a login --- */

void login_forget(struct slot *s)
{
	atomic_store(&s->login.done, false);
	made_drop_private(s);
}

static void end(struct slot *s, const char *why)
{
	if (atomic_load(&s->login.done))
		log_info("slot %s: %s: the login is over", slot_conf(s)->name, why);
	login_forget(s);
}

/* One by one: others look on without the lock. */
static void know_nothing(struct login *l)
{
	atomic_store(&l->needless, false);
	l->auto_verified = l->asked = false;
	l->good_until = l->silent_until = 0;
	l->pin = (struct card_pin){0};
	l->power = 0;
}

void login_new_card(struct slot *s)
{
	login_forget(s);
	know_nothing(&s->login);
}

void login_other_member(struct slot *s, bool was_open, bool auto_spent)
{
	know_nothing(&s->login);
	atomic_store(&s->login.auto_spent, auto_spent);
	if (!was_open || !login_is_open(s))
		login_forget(s);
}

/* The card may have lost its power since, and with it what was verified. */
static void notice_reset(struct slot *s)
{
	struct login *l = &s->login;

	if (slot_conf(s)->pin_ref == 0 || s->card == NULL || card_power_epoch(s->card) == l->power)
		return;
	l->power = card_power_epoch(s->card);
	l->asked = false;
	l->auto_verified = false;
	if (!l->needless)
		end(s, "the card was reset");
}

/* Handles of before stay invalid for ever: what was hidden comes back under new ones. */
static void begin(struct slot *s)
{
	for (size_t i = 0; s->token != NULL && i < s->token->object_count; i++) {
		struct object *o = &s->token->object[i];
		if (token_is_private(s, o))
			o->handle = token_new_handle();
	}
	token_read_again(s->token);
	atomic_store(&s->login.done, true);
}

/* --- what the card says --- */

static void note(struct slot *s, const struct card_pin *pin)
{
	struct login *l = &s->login;
	bool needless = pin->state == CARD_PIN_DISABLED || pin->state == CARD_PIN_ABSENT;

	if (pin->state == CARD_PIN_ABSENT && !l->needless)
		log_error("slot %s: the card has no PIN %02X: correct `pin` of this slot",
			  slot_conf(s)->name, slot_conf(s)->pin_ref);
	if (l->needless && !needless)
		end(s, "the PIN is in force again");
	l->pin = *pin;
	l->asked = true;
	l->good_until = deadline_in_ms(GOOD_MS);
	l->needless = needless;
}

status login_ask(struct slot *s)
{
	struct card *card = NULL;
	struct card_pin pin = {0};

	TRY(slot_card(s, &card));
	status st = slot_outcome(
		s, card_pin_query(card, slot_conf(s)->pin_ref, &pin, slot_deadline(s)));
	notice_reset(s);
	TRY(st);
	note(s, &pin);
	return ST_OK;
}

status login_state(struct slot *s, struct card_pin *ret)
{
	if (slot_conf(s)->pin_ref == 0) {
		*ret = (struct card_pin){.state = CARD_PIN_ABSENT, .tries = -1};
		return ST_OK;
	}
	notice_reset(s);
	if (!s->login.asked)
		TRY(login_ask(s));
	*ret = s->login.pin;
	return ST_OK;
}

static bool must_ask(struct slot *s)
{
	struct card *card = NULL;

	if (slot_conf(s)->pin_ref == 0 || login_auto_on(s) || s->login.asked || s->login.done)
		return false;
	if (!deadline_passed(s->login.silent_until) || !deadline_passed(s->ill_until))
		return false;
	return slot_card(s, &card) == ST_OK && card_present(card);
}

/* Its silence is the device's: the next question would wait for another timeout. */
void login_settle(struct slot *s)
{
	while (must_ask(s)) {
		status st = login_ask(s);
		if (st == ST_OK)
			return;
		s->login.silent_until = deadline_in_ms(GOOD_MS);
		if (!slot_group_takes_over(s, &st))
			return;
	}
}

bool login_hides(struct slot *s)
{
	notice_reset(s);
	return !login_is_user(s);
}

static void complain(const struct slot *s, status st)
{
	int tries = s->login.pin.tries;

	if (st == ST_PIN_WRONG && tries < 0)
		log_error("slot %s: PIN refused", slot_conf(s)->name);
	else if (st == ST_PIN_WRONG)
		log_error("slot %s: PIN refused, tries left: %d", slot_conf(s)->name, tries);
	else if (st == ST_PIN_UNSURE)
		log_error("slot %s: the answer to the PIN was lost: it may have cost a try",
			  slot_conf(s)->name);
	else if (st == ST_PIN_LOCKED)
		log_error("slot %s: the PIN is blocked: it takes the PUK to unblock it",
			  slot_conf(s)->name);
}

static status heard(struct slot *s, status st, struct card_pin after)
{
	struct login *l = &s->login;

	st = slot_outcome(s, st);
	notice_reset(s);
	l->asked = false;
	if (st == ST_PIN_LOCKED)
		after = (struct card_pin){.state = CARD_PIN_BLOCKED, .tries = 0};
	if (st == ST_OK && after.state != CARD_PIN_DISABLED)
		after.state = CARD_PIN_VERIFIED;
	if (st == ST_SW_NOT_FOUND) { /* there is no such PIN */
		after = (struct card_pin){.state = CARD_PIN_ABSENT, .tries = -1};
		note(s, &after);
		st = ST_USER_PIN_UNSET;
	}
	if (st == ST_OK || st == ST_PIN_WRONG || st == ST_PIN_LOCKED)
		note(s, &after);
	complain(s, st);
	return st;
}

status login_present(struct slot *s, struct bytes pin)
{
	struct card_pin after = s->login.pin;
	struct card *card = NULL;

	TRY(slot_card(s, &card));
	status st = card_pin_verify(card, slot_conf(s)->pin_ref, pin, &after, slot_deadline(s));
	return heard(s, st, after);
}

/* --- use --- */

status login_for_use(struct slot *s, const struct container *c)
{
	struct card_pin pin;
	enum settings_pin rule = pin_rule(s, c);

	if (rule == SETTINGS_PIN_NONE)
		return ST_OK;
	notice_reset(s);
	if (login_auto_on(s))
		return login_auto(s, rule == SETTINGS_PIN_ALWAYS);
	if (s->login.done)
		return ST_OK;
	TRY(login_state(s, &pin));
	return login_is_user(s) ? ST_OK : ST_USER_NOT_LOGGED_IN;
}

bool login_regained(struct slot *s, const struct container *c, status st)
{
	if (st != ST_SW_SECURITY || !login_wants(s, c) || !login_auto_on(s))
		return false;
	s->login.auto_verified = false;
	return login_auto(s, pin_rule(s, c) == SETTINGS_PIN_ALWAYS) == ST_OK;
}

bool login_may_recur(const struct guard *g, status st)
{
	return st == ST_USER_NOT_LOGGED_IN && g->session != NULL && g->slot != NULL &&
	       login_auto_on(g->slot);
}

status login_outcome(struct slot *s, status st)
{
	if (st != ST_SW_SECURITY || slot_conf(s)->pin_ref == 0)
		return st;
	s->login.asked = false;
	s->login.needless = false;
	s->login.auto_verified = false;
	end(s, "the card asks for the PIN");
	return ST_USER_NOT_LOGGED_IN;
}

/* --- C_Login --- */

/* Nothing is sent for a PIN that cannot be right. */
static status refuse_pin(struct slot *s)
{
	struct card_pin pin;

	TRY(login_state(s, &pin));
	switch (pin.state) {
	case CARD_PIN_DISABLED:
		return ST_OK;
	case CARD_PIN_ABSENT:
		return ST_USER_PIN_UNSET;
	case CARD_PIN_BLOCKED:
		return ST_PIN_LOCKED;
	case CARD_PIN_WANTED:
	case CARD_PIN_VERIFIED:
		break;
	}
	return ST_PIN_WRONG;
}

static status try_pin(struct slot *s, struct bytes pin)
{
	if (pin.n < PIN_MIN || pin.n > PIN_MAX)
		return refuse_pin(s);
	TRY(login_present(s, pin));
	if (!s->login.needless)
		login_auto_learned(s, pin);
	return ST_OK;
}

/* With anything, since nobody has to. */
static status log_in_openly(struct slot *s)
{
	return atomic_exchange(&s->login.done, true) ? ST_USER_LOGGED_IN : ST_OK;
}

static status log_in(struct guard *g, struct bytes pin)
{
	struct slot *slot = g->session->slot;

	if (login_is_open(slot))
		return log_in_openly(slot);
	TRY(guard_pin(g));
	if (login_is_open(slot)) /* the SIM that has taken over asks for none */
		return log_in_openly(slot);
	notice_reset(slot);
	if (slot->login.done)
		return ST_USER_LOGGED_IN;
	TRY(try_pin(slot, pin));
	begin(slot);
	return ST_OK;
}

/* For the one use of the key that the session's signature was begun with. */
static status log_in_for_key(struct guard *g, struct bytes pin)
{
	struct op *op = &g->session->sign;

	if (!op_asks_pin(op))
		return ST_NO_OP;
	uint64_t serial = op->serial;
	TRY(guard_card(g));
	if (op->serial != serial || !op_asks_pin(op) || login_hides(g->slot))
		return ST_NO_OP;
	if (op->switches != g->slot->switches) /* the PIN was meant for another SIM */
		return ST_CARD_GONE;
	TRY(try_pin(g->slot, pin));
	op->authenticated = true;
	return ST_OK;
}

/* There is no security officer; what could be wrong about him comes first. */
static status refuse_officer(struct slot *s)
{
	if (s->login.done)
		return ST_USER_OTHER_LOGGED_IN;
	bool all_rw = session_count(s, true) == session_count(s, false);
	return all_rw ? ST_USER_TYPE : ST_SESSION_RO_EXISTS;
}

status login_user(struct guard *g, CK_USER_TYPE type, const void *pin, CK_ULONG n)
{
	if (pin == NULL && n != 0)
		return ST_ARG;
	switch (type) {
	case CKU_USER:
		return log_in(g, bytes_of(pin, n));
	case CKU_CONTEXT_SPECIFIC:
		return log_in_for_key(g, bytes_of(pin, n));
	case CKU_SO:
		return refuse_officer(g->session->slot);
	default:
		return ST_USER_TYPE;
	}
}

status login_out(struct guard *g)
{
	struct slot *slot = g->session->slot;

	if (!atomic_exchange(&slot->login.done, false))
		return ST_USER_NOT_LOGGED_IN;
	made_drop_private(slot);
	return ST_OK;
}

/* --- C_SetPIN --- */

static bool is_pin_length(CK_ULONG n)
{
	return n >= PIN_MIN && n <= PIN_MAX;
}

bool login_is_digits(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] < '0' || b.p[i] > '9')
			return false;
	return true;
}

static status change(struct slot *s, struct bytes old_pin, struct bytes new_pin)
{
	struct card_pin after;
	struct card *card = NULL;

	TRY(slot_card(s, &card));
	after = s->login.pin;
	status st = card_pin_change(card, slot_conf(s)->pin_ref, old_pin, new_pin, &after,
				    slot_deadline(s));
	bool disabled = st == ST_SW_CONDITIONS;
	st = heard(s, st, after);
	if (disabled || st == ST_USER_PIN_UNSET)
		return ST_UNSUPPORTED;
	TRY(st);
	login_auto_learned(s, new_pin);
	if (slot_conf(s)->pin_source[0] != '\0')
		log_error("slot %s: the PIN was changed: correct %s", slot_conf(s)->name,
			  slot_conf(s)->pin_source);
	return ST_OK;
}

status login_set_pin(struct guard *g, const void *old_pin, CK_ULONG old_n, const void *new_pin,
		     CK_ULONG new_n)
{
	struct slot *slot = g->session->slot;

	if (slot_conf(slot)->pin_ref == 0)
		return ST_UNSUPPORTED;
	if ((g->session->flags & CKF_RW_SESSION) == 0)
		return ST_SESSION_RO;
	if (old_pin == NULL || new_pin == NULL)
		return ST_ARG;
	/* what a telephone could not type would be lost */
	if (!is_pin_length(old_n) || !is_pin_length(new_n) ||
	    !login_is_digits(bytes_of(new_pin, new_n)))
		return ST_PIN_RANGE;
	TRY(guard_pin(g));
	if (slot_conf(slot)->pin_ref == 0) /* of the SIM that has taken over */
		return ST_UNSUPPORTED;
	return change(slot, bytes_of(old_pin, old_n), bytes_of(new_pin, new_n));
}

/* --- C_GetTokenInfo --- */

static CK_FLAGS count_flags(const struct card_pin *pin)
{
	CK_FLAGS flags = 0;

	if (pin->state == CARD_PIN_BLOCKED || pin->tries == 0)
		return CKF_USER_PIN_LOCKED | CKF_USER_PIN_COUNT_LOW;
	if (pin->tries == 1)
		flags |= CKF_USER_PIN_FINAL_TRY;
	if (pin->tries > 0 && pin->tries < PIN_TRIES_USUAL)
		flags |= CKF_USER_PIN_COUNT_LOW;
	return flags;
}

/* Nobody has to, and no terminal is to ask for anything. */
static CK_FLAGS formal_flags(void)
{
	return CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_PROTECTED_AUTHENTICATION_PATH;
}

void login_token_flags(struct slot *s, CK_TOKEN_INFO *info)
{
	struct login *l = &s->login;

	if (lib_formal_login() && login_is_open(s))
		info->flags |= formal_flags();
	if (slot_conf(s)->pin_ref == 0)
		return;
	notice_reset(s);
	if (!l->asked || deadline_passed(l->good_until))
		(void)!login_ask(s); /* the token was there a moment ago; else what is known */
	if (l->asked && l->pin.state == CARD_PIN_ABSENT)
		return;
	info->ulMinPinLen = PIN_MIN;
	info->ulMaxPinLen = PIN_MAX;
	info->flags |= CKF_USER_PIN_INITIALIZED;
	if (!login_is_open(s))
		info->flags |= CKF_LOGIN_REQUIRED;
	if (l->asked && l->pin.state != CARD_PIN_DISABLED)
		info->flags |= count_flags(&l->pin);
}
