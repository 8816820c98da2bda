/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's parameter, and the card's part of a derivation. */
#include <string.h>

#include "derive_impl.h"
#include "find.h"
#include "login.h"
#include "template.h"
#include "token.h"

/* Copied: a caller's structure may lie anywhere, unaligned. */
status derive_param(const struct derive *d, void *ret, size_t n)
{
	if (d->given->pParameter == NULL || d->given->ulParameterLen != n)
		return ST_MECH_PARAM;
	memcpy(ret, d->given->pParameter, n);
	return ST_OK;
}

status derive_input(const void *p, CK_ULONG n, struct bytes *ret)
{
	if ((p == NULL && n != 0) || n > DERIVE_INPUT_MAX)
		return ST_MECH_PARAM;
	*ret = bytes_of(p, n);
	return ST_OK;
}

status derive_hash(CK_MECHANISM_TYPE type, enum hash_alg *ret)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		enum hash_alg alg;
	} known[] = {
		{CKM_SHA_1, HASH_SHA1},
		{CKM_SHA256, HASH_SHA256},
		{CKM_SHA384, HASH_SHA384},
		{CKM_SHA512, HASH_SHA512},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].type != type)
			continue;
		*ret = known[i].alg;
		return ST_OK;
	}
	return ST_MECH_PARAM;
}

status derive_secret(struct derive *d, CK_OBJECT_HANDLE h, struct bag *ret)
{
	struct bag bag = {0};

	if (find_made(d->g, h, &bag) != ST_OK)
		return ST_MECH_PARAM;
	CK_OBJECT_CLASS class = bag_ulong(&bag, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	if (class != CKO_SECRET_KEY && class != CKO_DATA) {
		bag_free(&bag);
		return ST_MECH_PARAM;
	}
	*ret = bag;
	return ST_OK;
}

status derive_size_chosen(struct derive *d, size_t max)
{
	if (d->want == 0)
		return ST_TEMPLATE_INCOMPLETE;
	if (d->want > max)
		return ST_ATTR_VALUE;
	d->size = d->want;
	return ST_OK;
}

status derive_size_fixed(struct derive *d, size_t n)
{
	if (d->want != 0 && d->want != n)
		return ST_TEMPLATE_INCONSISTENT;
	d->size = n;
	return ST_OK;
}

status derive_card(struct derive *d, struct card **ret_card, struct container *ret_c)
{
	*ret_c = d->base.object->c;
	TRY(login_for_use(d->g->slot, ret_c));
	return slot_card(d->g->slot, ret_card);
}

status derive_outcome(struct derive *d, status st)
{
	st = login_outcome(d->g->slot, slot_outcome(d->g->slot, st));
	if (st == ST_ARG)
		return ST_MECH_PARAM;
	if (st != ST_UNSUPPORTED)
		return st;
	if (!d->tls12.has_other) /* the card may know plain PSK, but not ECDHE-PSK */
		mech_refused(d->g->slot, d->m->can);
	return ST_MECH;
}
