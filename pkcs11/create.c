/* SPDX-License-Identifier: Apache-2.0 */
#include "create.h"

#include "find.h"
#include "login.h"
#include "template.h"
#include "token.h"

static bool is_rw(const struct guard *g)
{
	return (atomic_load(&g->session->flags) & CKF_RW_SESSION) != 0;
}

/* Puts a new object where it says that it belongs; takes the bag over on success. */
static status keep(struct guard *g, struct bag *b, CK_OBJECT_HANDLE *ret_h)
{
	bool on_token = bag_bool(b, CKA_TOKEN, false);

	if (on_token && !is_rw(g))
		return ST_SESSION_RO;
	if (on_token || bag_bool(b, CKA_PRIVATE, false))
		TRY(guard_card(g));
	if (bag_bool(b, CKA_PRIVATE, false) && login_hides(g->slot))
		return ST_USER_NOT_LOGGED_IN;
	if (on_token)
		return ST_WRITE_PROTECTED;
	return made_add(atomic_load(&g->session->slot), session_handle(g->session), b, ret_h);
}

status create_object(struct guard *g, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *ret_h)
{
	struct bag b ON_EXIT(bag_free) = {0};
	bool on_token = false;

	TRY(template_check(tmpl, n));
	if (tmpl == NULL || ret_h == NULL)
		return ST_ARG;
	TRY(template_bool(tmpl, n, CKA_TOKEN, false, &on_token));
	if (on_token && !is_rw(g))
		return ST_SESSION_RO;
	TRY(template_apply(TEMPLATE_CREATE, tmpl, n, &b));
	return keep(g, &b, ret_h);
}

/* Objects on the token: every one of the card forbids it. */
static status on_token(struct guard *g, CK_OBJECT_HANDLE h)
{
	struct token *t = NULL;

	TRY(guard_card(g));
	TRY(token_get(g->slot, &t));
	struct object *o = token_object(t, h);
	if (o == NULL || (token_is_private(g->slot, o) && login_hides(g->slot)))
		return ST_NO_OBJECT;
	return ST_ACTION_PROHIBITED;
}

status create_copy(struct guard *g, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		   CK_OBJECT_HANDLE *ret_h)
{
	struct bag b ON_EXIT(bag_free) = {0};
	status st = find_made(g, h, &b);

	if (st == ST_NO_OBJECT)
		return on_token(g, h);
	TRY(st);
	if (ret_h == NULL)
		return ST_ARG;
	if (!bag_bool(&b, CKA_COPYABLE, true))
		return ST_ACTION_PROHIBITED;
	TRY(template_apply(TEMPLATE_COPY, tmpl, n, &b));
	return keep(g, &b, ret_h);
}

status create_destroy(struct guard *g, CK_OBJECT_HANDLE h)
{
	struct bag b ON_EXIT(bag_free) = {0};
	status st = find_made(g, h, &b);

	if (st == ST_NO_OBJECT)
		return on_token(g, h);
	TRY(st);
	if (!bag_bool(&b, CKA_DESTROYABLE, true))
		return ST_ACTION_PROHIBITED;
	return made_remove(atomic_load(&g->session->slot), h);
}

/* With the slot locked, so that of two threads none undoes what the other did. */
static status set_made(struct guard *g, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct bag b ON_EXIT(bag_free) = {0};

	TRY(find_made(g, h, &b));
	if (!bag_bool(&b, CKA_MODIFIABLE, true))
		return ST_ACTION_PROHIBITED;
	if (tmpl == NULL)
		return ST_ARG;
	TRY(template_apply(TEMPLATE_SET, tmpl, n, &b));
	return made_put(g->slot, h, &b);
}

status create_set(struct guard *g, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	TRY(guard_card(g));
	status st = set_made(g, h, tmpl, n);
	return st == ST_NO_OBJECT ? on_token(g, h) : st;
}

status create_name_key(struct guard *g, const struct public_key *k, const CK_ATTRIBUTE *label,
		       const CK_ATTRIBUTE *id)
{
	(void)g, (void)k, (void)label, (void)id;
	return ST_UNSUPPORTED;
}
