/* SPDX-License-Identifier: Apache-2.0 */
#include "find.h"

#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "token.h"

/* The class that a template asks for, or NULL for any. */
static const CK_OBJECT_CLASS *class_of(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_CLASS *buf)
{
	for (CK_ULONG i = 0; i < n; i++) {
		if (tmpl[i].type != CKA_CLASS || tmpl[i].ulValueLen != sizeof(*buf))
			continue;
		memcpy(buf, tmpl[i].pValue, sizeof(*buf));
		return buf;
	}
	return NULL;
}

static status matches(const struct attr_ctx *ctx, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		      bool *ret_match)
{
	struct object *o = ctx->object;
	bool match = false;

	TRY(attr_match(ctx, tmpl, n, &match));
	if (match && o->class == CKO_PUBLIC_KEY) { /* without value it is none */
		TRY(token_key(ctx->slot, ctx->token, o->pair));
		match = o->pair->state == KEY_READ;
	}
	*ret_match = match;
	return ST_OK;
}

static status collect(struct guard *g, struct token *t, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		      struct find *f)
{
	f->hit = calloc(t->object_count + 1, sizeof(f->hit[0]));
	if (f->hit == NULL)
		return ST_NOMEM;
	for (size_t i = 0; i < t->object_count; i++) {
		struct attr_ctx ctx = {g->slot, t, &t->object[i]};
		bool match = false;
		TRY(matches(&ctx, tmpl, n, &match));
		if (match)
			f->hit[f->count++] = t->object[i].handle;
	}
	return ST_OK;
}

static status check_values(const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	TRY(attr_check_template(tmpl, n));
	for (CK_ULONG i = 0; i < n; i++)
		if (tmpl[i].pValue == NULL && tmpl[i].ulValueLen != 0)
			return ST_ARG;
	return ST_OK;
}

status find_init(struct guard *g, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct token *t = NULL;
	struct find f = {.active = true};
	CK_OBJECT_CLASS class;

	TRY(check_values(tmpl, n));
	if (g->session->find.active)
		return ST_OP_BUSY;
	TRY(guard_card(g));
	if (g->session->find.active)
		return ST_OP_BUSY;
	TRY(token_get(g->slot, &t));
	TRY(token_settle(g->slot, t, class_of(tmpl, n, &class)));
	status st = collect(g, t, tmpl, n, &f);
	if (st != ST_OK) {
		find_end(&f);
		return st;
	}
	g->session->find = f;
	return ST_OK;
}

status find_next(struct guard *g, CK_OBJECT_HANDLE *list, CK_ULONG room, CK_ULONG *ret_n)
{
	struct find *f = &g->session->find;

	if (!f->active)
		return ST_NO_OP;
	if (ret_n == NULL || (list == NULL && room != 0))
		return ST_ARG;
	CK_ULONG left = f->count - f->next;
	CK_ULONG n = left < room ? left : room;
	if (n != 0)
		memcpy(list, f->hit + f->next, n * sizeof(list[0]));
	f->next += n;
	*ret_n = n;
	return ST_OK;
}

status find_final(struct guard *g)
{
	if (!g->session->find.active)
		return ST_NO_OP;
	find_end(&g->session->find);
	return ST_OK;
}

static status locate(struct guard *g, CK_OBJECT_HANDLE h, struct attr_ctx *ret_ctx)
{
	struct token *t = NULL;

	TRY(guard_card(g));
	TRY(token_get(g->slot, &t));
	struct object *o = token_object(t, h);
	if (o == NULL)
		return ST_NO_OBJECT;
	if (o->class == CKO_CERTIFICATE) /* unless its container holds something else */
		TRY(token_file(g->slot, o));
	*ret_ctx = (struct attr_ctx){g->slot, t, o};
	return ST_OK;
}

status find_attributes(struct guard *g, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct attr_ctx ctx;

	TRY(locate(g, h, &ctx));
	return attr_get(&ctx, tmpl, n);
}

status find_size(struct guard *g, CK_OBJECT_HANDLE h, CK_ULONG *ret_n)
{
	struct attr_ctx ctx;

	TRY(locate(g, h, &ctx));
	if (ret_n == NULL)
		return ST_ARG;
	*ret_n = CK_UNAVAILABLE_INFORMATION;
	return ST_OK;
}
