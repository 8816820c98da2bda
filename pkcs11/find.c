/* SPDX-License-Identifier: Apache-2.0 */
#include "find.h"

#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "complain.h"
#include "login.h"
#include "mech.h"
#include "template.h"
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

static status is_shown(const struct attr_ctx *ctx, bool *ret)
{
	struct object *o = ctx->object;

	if (o->class == CKO_PUBLIC_KEY) { /* without value it is none */
		TRY(token_key(ctx->slot, ctx->token, o->pair));
		if (o->pair->state != KEY_READ) {
			*ret = false;
			return ST_OK;
		}
	}
	return token_shown(ctx->slot, ctx->token, o, ret);
}

static status matches(const struct attr_ctx *ctx, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		      bool *ret_match)
{
	bool match = false;

	TRY(attr_match(ctx, tmpl, n, &match));
	if (match)
		TRY(is_shown(ctx, &match));
	*ret_match = match;
	return ST_OK;
}

/* What is searched for, and by whom. */
struct search {
	const CK_ATTRIBUTE *tmpl;
	CK_ULONG n;
	bool hides; /* private objects are not there */
};

static bool fits(const struct bag *b, void *ctx)
{
	const struct search *q = ctx;
	struct attr_ctx made = {.made = b};
	bool match = false;

	if (q->hides && bag_bool(b, CKA_PRIVATE, false))
		return false;
	return attr_match(&made, q->tmpl, q->n, &match) == ST_OK && match;
}

static status collect_made(struct slot *s, struct search *q, struct find *f)
{
	CK_ULONG n = made_list_handles(s, fits, q, NULL, 0);
	CK_OBJECT_HANDLE *hit = realloc(f->hit, (f->count + n + 1) * sizeof(*hit));

	if (hit == NULL)
		return ST_NOMEM;
	f->hit = hit;
	CK_ULONG now = made_list_handles(s, fits, q, hit + f->count, n);
	f->count += now < n ? now : n;
	return ST_OK;
}

/* The HKDF TLS profile is there when the mechanism is. Asking may renew the objects. */
static status settle_profiles(struct slot *s, const CK_OBJECT_CLASS *class, struct token **ret_t)
{
	const struct mech *hkdf = NULL;

	TRY(token_get(s, ret_t));
	if (class != NULL && *class != CKO_PROFILE)
		return ST_OK;
	status st = mech_offered(s, CKM_HKDF_DATA, MECH_DERIVE, &hkdf);
	if (st != ST_OK && st != ST_MECH)
		return st; /* a card that is silent now is not waited for twice */
	TRY(token_get(s, ret_t));
	(*ret_t)->has_hkdf = st == ST_OK;
	return ST_OK;
}

static status collect_one(struct slot *s, struct token *t, struct object *o, const struct search *q,
			  struct find *f)
{
	struct attr_ctx ctx = {.slot = s, .token = t, .object = o};
	bool match = false;

	if (q->hides && token_is_private(s, o))
		return ST_OK;
	TRY(matches(&ctx, q->tmpl, q->n, &match));
	if (match)
		f->hit[f->count++] = o->handle;
	return ST_OK;
}

static status collect_token(struct slot *s, const struct search *q, struct find *f)
{
	struct token *t = NULL;
	CK_OBJECT_CLASS buf;
	const CK_OBJECT_CLASS *class = class_of(q->tmpl, q->n, &buf);

	TRY(settle_profiles(s, class, &t));
	TRY(token_settle(s, t, class));
	size_t all = t->object_count + t->extra_count;
	struct object **list ON_EXIT(mem_free_ptr) = calloc(all + 1, sizeof(struct object *));
	f->hit = calloc(all + 1, sizeof(f->hit[0]));
	if (f->hit == NULL || list == NULL)
		return ST_NOMEM;
	size_t n = token_order(t, list);
	for (size_t i = 0; i < n; i++)
		if (class == NULL || *class == list[i]->class)
			TRY(collect_one(s, t, list[i], q, f));
	return ST_OK;
}

/* Who asks for session objects only needs no card. */
static bool wants_token(const struct search *q)
{
	bool on_token = true;

	return template_bool(q->tmpl, q->n, CKA_TOKEN, true, &on_token) != ST_OK || on_token;
}

status find_init(struct guard *g, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct search q = {.tmpl = tmpl, .n = n};
	struct find f = {.active = true};

	TRY(template_check_pointers(tmpl, n));
	if (g->session->find.active)
		return ST_OP_BUSY;
	TRY(guard_card(g));
	if (g->session->find.active)
		return ST_OP_BUSY;
	q.hides = login_hides(g->slot);
	status st = wants_token(&q) ? collect_token(g->slot, &q, &f) : ST_OK;
	if (st == ST_OK)
		st = collect_made(g->slot, &q, &f);
	if (st != ST_OK) {
		find_end(&f);
		return st;
	}
	complain_search(g->slot, tmpl, n, f.count, q.hides);
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

status find_made(struct guard *g, CK_OBJECT_HANDLE h, struct bag *ret)
{
	struct bag b = {0};

	TRY(made_get(atomic_load(&g->session->slot), h, &b));
	status st = ST_OK;
	if (bag_bool(&b, CKA_PRIVATE, false)) {
		st = guard_card(g);
		if (st == ST_OK && login_hides(g->slot))
			st = ST_NO_OBJECT;
	}
	if (st != ST_OK) {
		bag_free(&b);
		return st;
	}
	*ret = b;
	return ST_OK;
}

static status locate(struct guard *g, CK_OBJECT_HANDLE h, struct attr_ctx *ret_ctx)
{
	struct token *t = NULL;

	TRY(guard_card(g));
	TRY(token_get(g->slot, &t));
	struct object *o = token_object(t, h);
	if (o == NULL || (token_is_private(g->slot, o) && login_hides(g->slot)))
		return ST_NO_OBJECT;
	if (o->class == CKO_CERTIFICATE) /* unless its container holds something else */
		TRY(token_file(g->slot, o));
	bool shown = true;
	TRY(token_shown(g->slot, t, o, &shown));
	if (!shown || o->handle != h) /* looking showed that another key took its place */
		return ST_NO_OBJECT;
	*ret_ctx = (struct attr_ctx){.slot = g->slot, .token = t, .object = o};
	return ST_OK;
}

status find_attributes(struct guard *g, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct bag b ON_EXIT(bag_free) = {0};
	struct attr_ctx ctx = {.made = &b};
	status st = find_made(g, h, &b);

	if (st == ST_NO_OBJECT)
		st = locate(g, h, &ctx);
	TRY(st);
	return attr_get(&ctx, tmpl, n);
}

static CK_ULONG bag_size(const struct bag *b)
{
	CK_ULONG n = 0;

	for (CK_ULONG i = 0; i < b->count; i++)
		n += b->item[i].ulValueLen;
	return n;
}

status find_size(struct guard *g, CK_OBJECT_HANDLE h, CK_ULONG *ret_n)
{
	struct bag b ON_EXIT(bag_free) = {0};
	struct attr_ctx ctx = {.made = &b};
	status st = find_made(g, h, &b);

	if (st == ST_NO_OBJECT)
		st = locate(g, h, &ctx);
	TRY(st);
	if (ret_n == NULL)
		return ST_ARG;
	*ret_n = CK_UNAVAILABLE_INFORMATION;
	if (ctx.made != NULL)
		*ret_n = bag_size(&b);
	else if (ctx.object->stored != NULL)
		*ret_n = ctx.object->data_n;
	return ST_OK;
}
