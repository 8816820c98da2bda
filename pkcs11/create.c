/* SPDX-License-Identifier: Apache-2.0 */
#include "create.h"

#include "create_key.h"
#include "create_token.h"
#include "find.h"
#include "lib.h"
#include "login.h"
#include "template.h"
#include "token.h"

static bool is_rw(const struct guard *g)
{
	return (atomic_load(&g->session->flags) & CKF_RW_SESSION) != 0;
}

status create_permits(struct guard *g, const struct bag *b)
{
	if (!bag_bool(b, CKA_PRIVATE, false))
		return ST_OK;
	TRY(guard_card(g));
	return login_hides(g->slot) ? ST_USER_NOT_LOGGED_IN : ST_OK;
}

/* Has it no place any more: the SIM is another one, or the login over? */
static status check_place(struct guard *g, struct slot *slot, bool private)
{
	if (atomic_load(&g->session->generation) != atomic_load(&slot->generation))
		return ST_NO_SESSION;
	return private && login_hides(slot) ? ST_USER_NOT_LOGGED_IN : ST_OK;
}

/* Neither C_Logout nor the end of a SIM waits for this session: what they did not find to destroy
 * goes here. */
status create_in_session(struct guard *g, struct bag *b, CK_OBJECT_HANDLE *ret_h)
{
	struct slot *slot = atomic_load(&g->session->slot);
	bool private = bag_bool(b, CKA_PRIVATE, false);
	CK_OBJECT_HANDLE h = 0;

	TRY(made_add(slot, session_handle(g->session), b, &h));
	status st = check_place(g, slot, private);
	if (st != ST_OK)
		(void)!made_remove(slot, h);
	else
		*ret_h = h;
	return st;
}

/* Puts a new object where it says that it belongs; takes the bag over on success. */
static status keep(struct guard *g, struct bag *b, CK_OBJECT_HANDLE *ret_h)
{
	bool on_token = bag_bool(b, CKA_TOKEN, false);

	if (on_token && !is_rw(g))
		return ST_SESSION_RO;
	TRY(create_permits(g, b));
	if (!on_token)
		return create_in_session(g, b, ret_h);
	TRY(guard_ready(g));
	return create_on_token(g, b, ret_h);
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

/* An object on the token. */
static status locate(struct guard *g, CK_OBJECT_HANDLE h, struct token **ret_t,
		     struct object **ret_o)
{
	bool shown = false;

	TRY(guard_ready(g));
	TRY(token_get(g->slot, ret_t));
	struct object *o = token_object(*ret_t, h);
	if (o == NULL || (token_is_private(g->slot, o) && login_hides(g->slot)))
		return ST_NO_OBJECT;
	TRY(token_shown(g->slot, *ret_t, o, &shown));
	if (!shown || o->handle != h) /* looking showed that another key took its place */
		return ST_NO_OBJECT;
	*ret_o = o;
	return ST_OK;
}

/* May the store object be written to? */
static status check_stored(const struct guard *g, const struct token *t)
{
	if (!is_rw(g))
		return ST_SESSION_RO;
	return store_writable(lib_settings()->store_dir, t->iccid) ? ST_OK : ST_ACTION_PROHIBITED;
}

static status no_copy(struct guard *g, CK_OBJECT_HANDLE h)
{
	struct token *t = NULL;
	struct object *o = NULL;

	TRY(locate(g, h, &t, &o));
	return ST_ACTION_PROHIBITED;
}

status create_copy(struct guard *g, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		   CK_OBJECT_HANDLE *ret_h)
{
	struct bag b ON_EXIT(bag_free) = {0};
	status st = find_made(g, h, &b);

	if (st == ST_NO_OBJECT)
		return no_copy(g, h);
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
	struct token *t = NULL;
	struct object *o = NULL;
	status st = find_made(g, h, &b);

	if (st == ST_NO_OBJECT) {
		TRY(locate(g, h, &t, &o));
		if (o->stored == NULL)
			return create_key_destroy(g, t, o);
		TRY(check_stored(g, t));
		return create_destroy_stored(g, t, o);
	}
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
	struct token *t = NULL;
	struct object *o = NULL;

	TRY(guard_card(g));
	status st = set_made(g, h, tmpl, n);
	if (st != ST_NO_OBJECT)
		return st;
	TRY(locate(g, h, &t, &o));
	if (o->stored == NULL)
		return create_key_set(g, t, o, tmpl, n);
	TRY(check_stored(g, t));
	return tmpl != NULL ? create_set_stored(g, t, o, tmpl, n) : ST_ARG;
}
