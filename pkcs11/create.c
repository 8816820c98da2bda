/* SPDX-License-Identifier: Apache-2.0 */
#include "create.h"

#include "template.h"
#include "token.h"

/* Every object of ours forbids it. */
static status forbidden(struct guard *g, CK_OBJECT_HANDLE h)
{
	struct token *t = NULL;

	TRY(guard_card(g));
	TRY(token_get(g->slot, &t));
	return token_object(t, h) != NULL ? ST_ACTION_PROHIBITED : ST_NO_OBJECT;
}

status create_object(struct guard *g, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *ret_h)
{
	bool on_token = false;

	TRY(template_check(tmpl, n));
	if (tmpl == NULL || ret_h == NULL)
		return ST_ARG;
	TRY(template_bool(tmpl, n, CKA_TOKEN, false, &on_token));
	if (!on_token)
		return ST_UNSUPPORTED;
	if ((atomic_load(&g->session->flags) & CKF_RW_SESSION) == 0)
		return ST_SESSION_RO;
	return ST_WRITE_PROTECTED;
}

status create_copy(struct guard *g, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		   CK_OBJECT_HANDLE *ret_h)
{
	(void)tmpl, (void)n, (void)ret_h;
	return forbidden(g, h);
}

status create_destroy(struct guard *g, CK_OBJECT_HANDLE h)
{
	return forbidden(g, h);
}

status create_set(struct guard *g, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	(void)tmpl, (void)n;
	return forbidden(g, h);
}

status create_name_key(struct guard *g, const struct public_key *k, const CK_ATTRIBUTE *label,
		       const CK_ATTRIBUTE *id)
{
	(void)g, (void)k, (void)label, (void)id;
	return ST_UNSUPPORTED;
}
