/* SPDX-License-Identifier: Apache-2.0 */
#include "attr.h"

#include <string.h>

status attr_check_template(const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	if (n > ATTR_TEMPLATE_MAX || (tmpl == NULL && n != 0))
		return ST_ARG;
	return ST_OK;
}

static bool row_applies(const struct attr_row *row, const struct object *o)
{
	if (row->only == ATTR_ANY)
		return true;
	return (row->only == ATTR_RSA) == (o->c.key_type == KEY_RSA2048);
}

static const struct attr_row *find_in(struct attr_table t, const struct object *o,
				      CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < t.count; i++)
		if (t.row[i].type == type && row_applies(&t.row[i], o))
			return &t.row[i];
	return NULL;
}

static const struct attr_row *find_row(const struct object *o, CK_ATTRIBUTE_TYPE type)
{
	const struct attr_row *row = find_in(attr_class_rows(o->class), o, type);

	return row != NULL ? row : find_in(attr_common_rows(), o, type);
}

bool attr_exists(const struct attr_ctx *ctx, CK_ATTRIBUTE_TYPE type)
{
	return find_row(ctx->object, type) != NULL;
}

static void build(struct attr_value *v, const void *p, size_t n)
{
	memcpy(v->built, p, n);
	v->b = bytes_of(v->built, n);
}

/* The attributes of a session object are its bag's; what is secret of them shows only in a key that
 * is neither sensitive nor unextractable. */
static status made_value(const struct bag *b, CK_ATTRIBUTE_TYPE type, struct attr_value *v)
{
	bool secret = type == CKA_VALUE && bag_ulong(b, CKA_CLASS, CKO_DATA) == CKO_SECRET_KEY;

	if (!bag_has(b, type))
		return ST_ATTR_TYPE;
	if (secret && (bag_bool(b, CKA_SENSITIVE, true) || !bag_bool(b, CKA_EXTRACTABLE, false)))
		return ST_ATTR_SENSITIVE;
	v->b = bag_get(b, type);
	return ST_OK;
}

static status value_of(const struct attr_ctx *ctx, CK_ATTRIBUTE_TYPE type, struct attr_value *v)
{
	static const CK_BBOOL truth[] = {CK_FALSE, CK_TRUE};

	if (ctx->made != NULL)
		return made_value(ctx->made, type, v);
	const struct attr_row *row = find_row(ctx->object, type);
	if (row == NULL)
		return ST_ATTR_TYPE;
	switch (row->source) {
	case ATTR_FALSE:
	case ATTR_TRUE:
		build(v, &truth[row->source == ATTR_TRUE], sizeof(truth[0]));
		return ST_OK;
	case ATTR_ULONG:
		build(v, &row->number, sizeof(row->number));
		return ST_OK;
	case ATTR_EMPTY:
		v->b = bytes_of(NULL, 0);
		return ST_OK;
	case ATTR_GET:
		return row->get(ctx, v);
	case ATTR_SENSITIVE:
		return ST_ATTR_SENSITIVE;
	}
	return ST_BUG;
}

/* What concerns one attribute only; the rest of the template still counts. */
static bool is_local(status st)
{
	return st == ST_OK || st == ST_ATTR_SENSITIVE || st == ST_ATTR_TYPE || st == ST_SHORT_OUT;
}

/* The five rules. */
static status get_one(const struct attr_ctx *ctx, CK_ATTRIBUTE *a)
{
	struct attr_value v;
	status st = value_of(ctx, a->type, &v);
	CK_ULONG room = a->ulValueLen;

	if (!is_local(st))
		return st;
	a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	if (st != ST_OK)
		return st;
	if (a->pValue != NULL && (room < v.b.n || !ck_length_ok(room)))
		return ST_SHORT_OUT;
	if (a->pValue != NULL && v.b.n != 0)
		memcpy(a->pValue, v.b.p, v.b.n);
	a->ulValueLen = v.b.n;
	return ST_OK;
}

/* The card is read before anything is written: the call may be made again, by another member of a
 * group, and with the room that the caller gave. */
static status read_all(const struct attr_ctx *ctx, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++) {
		struct attr_value v;
		status st = value_of(ctx, tmpl[i].type, &v);
		if (!is_local(st))
			return st;
	}
	return ST_OK;
}

status attr_get(const struct attr_ctx *ctx, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	status first = ST_OK;

	TRY(attr_check_template(tmpl, n));
	if (tmpl == NULL)
		return ST_ARG;
	if (ctx->slot != NULL && ctx->slot->group != NULL)
		TRY(read_all(ctx, tmpl, n));
	for (CK_ULONG i = 0; i < n; i++) {
		status st = get_one(ctx, &tmpl[i]);
		if (!is_local(st))
			return st;
		if (first == ST_OK)
			first = st;
	}
	return first;
}

status attr_match(const struct attr_ctx *ctx, const CK_ATTRIBUTE *tmpl, CK_ULONG n, bool *ret_match)
{
	struct attr_value v;

	for (CK_ULONG i = 0; i < n; i++) {
		status st = value_of(ctx, tmpl[i].type, &v);
		if (!is_local(st))
			return st;
		if (st != ST_OK ||
		    !bytes_equal(v.b, bytes_of(tmpl[i].pValue, tmpl[i].ulValueLen))) {
			*ret_match = false;
			return ST_OK;
		}
	}
	*ret_match = true;
	return ST_OK;
}

status attr_bool(const struct attr_ctx *ctx, CK_ATTRIBUTE_TYPE type, bool *ret)
{
	struct attr_value v;
	status st = value_of(ctx, type, &v);

	if (!is_local(st))
		return st;
	*ret = st == ST_OK && v.b.n == sizeof(CK_BBOOL) && v.b.p[0] != CK_FALSE;
	return ST_OK;
}
