/* SPDX-License-Identifier: Apache-2.0 */
#include "bag.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

static CK_ATTRIBUTE *find(const struct bag *b, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < b->count; i++)
		if (b->item[i].type == type)
			return &b->item[i];
	return NULL;
}

static void forget(CK_ATTRIBUTE *a)
{
	mem_wipe(a->pValue, a->ulValueLen);
	free(a->pValue);
	*a = (CK_ATTRIBUTE){0};
}

static status grow(struct bag *b)
{
	CK_ULONG cap = b->cap != 0 ? 2 * b->cap : 16;
	CK_ATTRIBUTE *item = b->count < b->cap ? b->item : realloc(b->item, cap * sizeof(*item));

	if (item == NULL)
		return ST_NOMEM;
	if (item != b->item || b->count == b->cap)
		b->cap = cap;
	b->item = item;
	return ST_OK;
}

status bag_set(struct bag *b, CK_ATTRIBUTE_TYPE type, const void *p, size_t n)
{
	void *value = malloc(n + 1); /* never NULL for a value of no length */
	CK_ATTRIBUTE *a = find(b, type);

	if (value == NULL)
		return ST_NOMEM;
	if (a == NULL && grow(b) != ST_OK) {
		free(value);
		return ST_NOMEM;
	}
	if (n != 0)
		memcpy(value, p, n);
	if (a == NULL)
		a = &b->item[b->count++];
	else
		forget(a);
	*a = (CK_ATTRIBUTE){type, value, n};
	return ST_OK;
}

status bag_set_bool(struct bag *b, CK_ATTRIBUTE_TYPE type, bool v)
{
	CK_BBOOL value = v ? CK_TRUE : CK_FALSE;

	return bag_set(b, type, &value, sizeof(value));
}

status bag_set_ulong(struct bag *b, CK_ATTRIBUTE_TYPE type, CK_ULONG v)
{
	return bag_set(b, type, &v, sizeof(v));
}

void bag_drop(struct bag *b, CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE *a = find(b, type);

	if (a == NULL)
		return;
	forget(a);
	*a = b->item[--b->count];
}

bool bag_has(const struct bag *b, CK_ATTRIBUTE_TYPE type)
{
	return find(b, type) != NULL;
}

struct bytes bag_get(const struct bag *b, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = find(b, type);

	return a != NULL ? bytes_of(a->pValue, a->ulValueLen) : bytes_of(NULL, 0);
}

bool bag_bool(const struct bag *b, CK_ATTRIBUTE_TYPE type, bool otherwise)
{
	struct bytes v = bag_get(b, type);

	return v.n == sizeof(CK_BBOOL) ? v.p[0] != CK_FALSE : otherwise;
}

CK_ULONG bag_ulong(const struct bag *b, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise)
{
	struct bytes v = bag_get(b, type);
	CK_ULONG n = otherwise;

	if (v.n == sizeof(n))
		memcpy(&n, v.p, sizeof(n));
	return n;
}

status bag_copy(const struct bag *b, struct bag *ret)
{
	struct bag copy = {0};

	for (CK_ULONG i = 0; i < b->count; i++) {
		const CK_ATTRIBUTE *a = &b->item[i];
		status st = bag_set(&copy, a->type, a->pValue, a->ulValueLen);
		if (st != ST_OK) {
			bag_free(&copy);
			return st;
		}
	}
	*ret = copy;
	return ST_OK;
}

void bag_free(struct bag *b)
{
	for (CK_ULONG i = 0; i < b->count; i++)
		forget(&b->item[i]);
	free(b->item);
	*b = (struct bag){0};
}
