/* SPDX-License-Identifier: Apache-2.0 */
#include "login.h"

bool login_wants(struct slot *s, const struct container *c)
{
	(void)s, (void)c;
	return false;
}

bool login_wants_always(struct slot *s, const struct container *c)
{
	(void)s, (void)c;
	return false;
}

bool login_hides(struct slot *s)
{
	(void)s;
	return false;
}

status login_state(struct slot *s, struct card_pin *ret)
{
	(void)s;
	*ret = (struct card_pin){.state = CARD_PIN_ABSENT, .tries = -1};
	return ST_OK;
}

status login_for_use(struct slot *s, const struct container *c)
{
	(void)s, (void)c;
	return ST_OK;
}

status login_outcome(struct slot *s, status st)
{
	(void)s;
	return st;
}

/* Without PIN there is nothing to check: anything is right, once. */
status login_user(struct guard *g, CK_USER_TYPE type, const void *pin, CK_ULONG n)
{
	struct slot *slot = g->session->slot;

	if (pin == NULL && n != 0)
		return ST_ARG;
	if (type == CKU_CONTEXT_SPECIFIC) /* no key asks for it */
		return ST_NO_OP;
	if (type != CKU_USER)
		return ST_USER_TYPE;
	return atomic_exchange(&slot->login.done, true) ? ST_USER_LOGGED_IN : ST_OK;
}

status login_out(struct guard *g)
{
	struct slot *slot = g->session->slot;

	return atomic_exchange(&slot->login.done, false) ? ST_OK : ST_USER_NOT_LOGGED_IN;
}

status login_set_pin(struct guard *g, const void *old_pin, CK_ULONG old_n, const void *new_pin,
		     CK_ULONG new_n)
{
	(void)g, (void)old_pin, (void)old_n, (void)new_pin, (void)new_n;
	return ST_UNSUPPORTED;
}

void login_token_flags(struct slot *s, CK_TOKEN_INFO *info)
{
	(void)s, (void)info;
}

void login_forget(struct slot *s)
{
	atomic_store(&s->login.done, false);
}
