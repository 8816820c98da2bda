/* SPDX-License-Identifier: Apache-2.0 */
#include "template.h"

#include <string.h>

#include "attr.h"
#include "mem.h"
#include "template_table.h"

status template_check_pointers(const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	TRY(attr_check_template(tmpl, n));
	for (CK_ULONG i = 0; i < n; i++)
		if (tmpl[i].pValue == NULL && tmpl[i].ulValueLen != 0)
			return ST_ARG;
	return ST_OK;
}

status template_check(const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	TRY(template_check_pointers(tmpl, n));
	for (CK_ULONG i = 0; i < n; i++)
		if (tmpl[i].ulValueLen > TEMPLATE_VALUE_MAX)
			return ST_ATTR_VALUE;
	return ST_OK;
}

const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < n; i++)
		if (tmpl[i].type == type)
			return &tmpl[i];
	return NULL;
}

status template_bool(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, bool otherwise,
		     bool *ret)
{
	const CK_ATTRIBUTE *a = template_find(tmpl, n, type);

	if (a == NULL) {
		*ret = otherwise;
		return ST_OK;
	}
	if (a->ulValueLen != sizeof(CK_BBOOL))
		return ST_ATTR_VALUE;
	CK_BBOOL v = *(const CK_BBOOL *)a->pValue;
	if (v != CK_TRUE && v != CK_FALSE)
		return ST_ATTR_VALUE;
	*ret = v == CK_TRUE;
	return ST_OK;
}

status template_ulong(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type,
		      CK_ULONG otherwise, CK_ULONG *ret)
{
	const CK_ATTRIBUTE *a = template_find(tmpl, n, type);

	if (a != NULL && a->ulValueLen != sizeof(*ret))
		return ST_ATTR_VALUE;
	*ret = otherwise;
	if (a != NULL)
		memcpy(ret, a->pValue, sizeof(*ret));
	return ST_OK;
}

static unsigned use_bit(enum template_use use)
{
	static const unsigned bit[] = {
		[TEMPLATE_CREATE] = GIVEN_CREATE,
		[TEMPLATE_DERIVE] = GIVEN_DERIVE,
		[TEMPLATE_COPY] = GIVEN_COPY,
		[TEMPLATE_SET] = GIVEN_SET,
	};

	return bit[use];
}

/* What one application works with. */
struct work {
	enum template_use use;
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE key_type; /* of keys */
	struct template_part part[TEMPLATE_PARTS];
	struct bag bag; /* owned */
};

static void end_work(struct work *w)
{
	bag_free(&w->bag);
}

static bool applies(const struct work *w, const struct template_row *row)
{
	if (row->only == ONLY_ANY)
		return true;
	return w->key_type == (row->only == ONLY_EC ? CKK_EC : CKK_RSA);
}

static const struct template_row *find_row(const struct work *w, CK_ATTRIBUTE_TYPE type)
{
	for (size_t p = 0; p < TEMPLATE_PARTS; p++)
		for (size_t i = 0; i < w->part[p].count; i++)
			if (w->part[p].row[i].type == type && applies(w, &w->part[p].row[i]))
				return &w->part[p].row[i];
	return NULL;
}

static bool is_date(struct bytes b)
{
	unsigned month = 0;
	unsigned day = 0;

	if (b.n == 0)
		return true;
	if (b.n != sizeof(CK_DATE))
		return false;
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] < '0' || b.p[i] > '9')
			return false;
	month = (b.p[4] - (unsigned)'0') * 10 + b.p[5] - (unsigned)'0';
	day = (b.p[6] - (unsigned)'0') * 10 + b.p[7] - (unsigned)'0';
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Rule B: a step that would make the object less protected. */
static status check_step(const struct work *w, const struct template_row *row, bool value)
{
	bool forbidden = row->kind == KIND_FALLS;

	if (value != forbidden || bag_bool(&w->bag, row->type, forbidden) == value)
		return ST_OK;
	return w->use == TEMPLATE_DERIVE ? ST_TEMPLATE_INCONSISTENT : ST_ATTR_RO;
}

static status check_bool(const struct work *w, const struct template_row *row, struct bytes b)
{
	if (b.n != sizeof(CK_BBOOL) || (b.p[0] != CK_TRUE && b.p[0] != CK_FALSE))
		return ST_ATTR_VALUE;
	if (row->kind == KIND_FALSE)
		return b.p[0] == CK_FALSE ? ST_OK : ST_ATTR_RO;
	if (row->kind == KIND_RISES || row->kind == KIND_FALLS)
		return check_step(w, row, b.p[0] == CK_TRUE);
	return ST_OK;
}

static status check_value(const struct work *w, const struct template_row *row, struct bytes b)
{
	switch (row->kind) {
	case KIND_BOOL:
	case KIND_RISES:
	case KIND_FALLS:
	case KIND_FALSE:
		return check_bool(w, row, b);
	case KIND_ULONG:
		return b.n == sizeof(CK_ULONG) ? ST_OK : ST_ATTR_VALUE;
	case KIND_DATE:
		return is_date(b) ? ST_OK : ST_ATTR_VALUE;
	case KIND_MECHS:
		return b.n % sizeof(CK_MECHANISM_TYPE) == 0 ? ST_OK : ST_ATTR_VALUE;
	case KIND_BYTES:
	case KIND_IGNORE:
		return ST_OK;
	}
	return ST_BUG;
}

/* Said twice alike is said once. */
static status check_repeated(const CK_ATTRIBUTE *tmpl, CK_ULONG i)
{
	const CK_ATTRIBUTE *first = template_find(tmpl, i, tmpl[i].type);

	if (first == NULL || bytes_equal(bytes_of(first->pValue, first->ulValueLen),
					 bytes_of(tmpl[i].pValue, tmpl[i].ulValueLen)))
		return ST_OK;
	return ST_TEMPLATE_INCONSISTENT;
}

static status apply_one(struct work *w, const CK_ATTRIBUTE *a)
{
	const struct template_row *row = find_row(w, a->type);
	struct bytes b = bytes_of(a->pValue, a->ulValueLen);

	if (row == NULL)
		return template_knows(a->type) ? ST_TEMPLATE_INCONSISTENT : ST_ATTR_TYPE;
	if ((row->given & use_bit(w->use)) == 0)
		return ST_ATTR_RO;
	TRY(check_value(w, row, b));
	if (row->kind == KIND_IGNORE)
		return ST_OK;
	return bag_set(&w->bag, a->type, b.p, b.n);
}

static status fill_in(struct work *w, const struct template_row *row)
{
	if (!applies(w, row) || bag_has(&w->bag, row->type))
		return ST_OK;
	switch (row->absent) {
	case ABSENT_STAYS:
		return ST_OK;
	case ABSENT_REFUSED:
		return w->use == TEMPLATE_CREATE ? ST_TEMPLATE_INCOMPLETE : ST_OK;
	case ABSENT_FALSE:
		return bag_set_bool(&w->bag, row->type, false);
	case ABSENT_TRUE:
		return bag_set_bool(&w->bag, row->type, true);
	case ABSENT_EMPTY:
		return bag_set(&w->bag, row->type, NULL, 0);
	case ABSENT_ZERO:
		return bag_set_ulong(&w->bag, row->type, 0);
	case ABSENT_UNKNOWN:
		return bag_set_ulong(&w->bag, row->type, CK_UNAVAILABLE_INFORMATION);
	}
	return ST_BUG;
}

static status fill_in_all(struct work *w)
{
	for (size_t p = 0; p < TEMPLATE_PARTS; p++)
		for (size_t i = 0; i < w->part[p].count; i++)
			TRY(fill_in(w, &w->part[p].row[i]));
	return ST_OK;
}

static bool is_new(enum template_use use)
{
	return use == TEMPLATE_CREATE || use == TEMPLATE_DERIVE;
}

/* Which tables: by class and key type, the template's or the bag's. */
static status choose(struct work *w, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	CK_OBJECT_CLASS fixed = bag_ulong(&w->bag, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	CK_KEY_TYPE type = bag_ulong(&w->bag, CKA_KEY_TYPE,
				     w->use == TEMPLATE_DERIVE ? CKK_GENERIC_SECRET
							       : CK_UNAVAILABLE_INFORMATION);

	w->class = fixed;
	w->key_type = type;
	if (is_new(w->use)) {
		TRY(template_ulong(tmpl, n, CKA_CLASS, fixed, &w->class));
		TRY(template_ulong(tmpl, n, CKA_KEY_TYPE, type, &w->key_type));
	}
	if (w->use == TEMPLATE_CREATE && template_find(tmpl, n, CKA_CLASS) == NULL)
		return ST_TEMPLATE_INCOMPLETE;
	if (w->use == TEMPLATE_DERIVE && w->class != fixed)
		return ST_TEMPLATE_INCONSISTENT;
	if (!template_parts(w->class, w->part))
		return ST_ATTR_VALUE;
	if (w->class != CKO_PUBLIC_KEY && w->class != CKO_SECRET_KEY)
		return ST_OK;
	if (w->use == TEMPLATE_CREATE && template_find(tmpl, n, CKA_KEY_TYPE) == NULL)
		return ST_TEMPLATE_INCOMPLETE;
	return template_key_type(w->class, w->key_type) ? ST_OK : ST_ATTR_VALUE;
}

status template_apply(enum template_use use, const CK_ATTRIBUTE *tmpl, CK_ULONG n, struct bag *b)
{
	struct work w ON_EXIT(end_work) = {.use = use};

	TRY(template_check(tmpl, n));
	TRY(bag_copy(b, &w.bag));
	TRY(choose(&w, tmpl, n));
	for (CK_ULONG i = 0; i < n; i++) {
		TRY(check_repeated(tmpl, i));
		if (template_find(tmpl, i, tmpl[i].type) == NULL)
			TRY(apply_one(&w, &tmpl[i]));
	}
	if (is_new(use))
		TRY(fill_in_all(&w));
	TRY(template_finish(use, w.class, &w.bag));
	bag_free(b);
	*b = w.bag;
	w.bag = (struct bag){0};
	return ST_OK;
}
