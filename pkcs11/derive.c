/* SPDX-License-Identifier: Apache-2.0 */
#include "derive.h"

#include <stdlib.h>

#include "create.h"
#include "derive_impl.h"
#include "find.h"
#include "template.h"

static void end(struct derive *d)
{
	key_free(&d->base);
	bag_free(&d->hkdf.salt_key);
	bag_free(&d->tls12.other);
	free(d->tls12.seed); /* public: randoms and labels */
}

/* HKDF takes data objects for keys too. */
static status find_data(struct derive *d, CK_OBJECT_HANDLE h)
{
	struct bag bag = {0};

	if (d->row->base != BASE_SECRET_OR_DATA || find_made(d->g, h, &bag) != ST_OK)
		return ST_NO_KEY;
	d->base = (struct key){.class = bag_ulong(&bag, CKA_CLASS, CK_UNAVAILABLE_INFORMATION),
			       .type = CKK_GENERIC_SECRET,
			       .bag = bag};
	return d->base.class == CKO_DATA ? ST_OK : ST_NO_KEY;
}

/* The base key may be used for this. */
static status find_base(struct derive *d, CK_OBJECT_HANDLE h)
{
	status st = key_find(d->g, h, &d->base);

	if (st == ST_NO_KEY)
		st = find_data(d, h);
	TRY(st);
	if (d->base.class == CKO_DATA) {
		d->secret = bag_get(&d->base.bag, CKA_VALUE);
		return ST_OK;
	}
	if (d->base.on_card) {
		if (d->base.class == CKO_PUBLIC_KEY)
			return ST_KEY_KIND;
		TRY(mech_fits(d->m, HASH_NONE, &d->base.object->c));
		return key_permits(d->g, &d->base, CKA_DERIVE);
	}
	if (d->base.class != CKO_SECRET_KEY || d->row->base == BASE_CARD)
		return ST_KEY_KIND;
	if (d->base.type != CKK_GENERIC_SECRET && d->base.type != CKK_HKDF)
		return ST_KEY_KIND;
	TRY(key_permits(d->g, &d->base, CKA_DERIVE));
	TRY(key_allows(&d->base, d->m->type));
	d->secret = bag_get(&d->base.bag, CKA_VALUE);
	return ST_OK;
}

/* The new object but for its value, as mechanism, base key and template want it. */
static status start_object(struct derive *d, const CK_ATTRIBUTE *tmpl, CK_ULONG n, struct bag *b)
{
	bool is_key = d->class == CKO_SECRET_KEY;

	TRY(template_inherit(d->base.on_card ? NULL : &d->base.bag, d->class, b));
	TRY(template_restrict(&d->hkdf.salt_key, b));
	TRY(template_restrict(&d->tls12.other, b));
	if (is_key)
		TRY(bag_set_ulong(b, CKA_KEY_TYPE, CKK_GENERIC_SECRET));
	TRY(template_apply(TEMPLATE_DERIVE, tmpl, n, b));
	d->type = bag_ulong(b, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
	if (is_key && !template_key_size(d->type, d->size))
		return ST_TEMPLATE_INCONSISTENT;
	return d->row->adorn != NULL ? d->row->adorn(d, b) : ST_OK;
}

static status make_value(struct derive *d, struct bag *b)
{
	uint8_t *value = calloc(1, d->size);

	if (value == NULL)
		return ST_NOMEM;
	status st = d->row->run(d, value);
	if (st == ST_OK)
		st = bag_set(b, CKA_VALUE, value, d->size);
	mem_wipe(value, d->size);
	free(value);
	return st;
}

static status read_template(struct derive *d, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	bool on_token = false;
	CK_ULONG want = 0;

	TRY(template_bool(tmpl, n, CKA_TOKEN, false, &on_token));
	if (on_token && (atomic_load(&d->g->session->flags) & CKF_RW_SESSION) == 0)
		return ST_SESSION_RO;
	TRY(template_ulong(tmpl, n, CKA_KEY_TYPE, CKK_GENERIC_SECRET, &d->type));
	TRY(template_ulong(tmpl, n, CKA_VALUE_LEN, 0, &want));
	if (want > DERIVE_SIZE_MAX)
		return ST_ATTR_VALUE;
	d->want = want;
	return ST_OK;
}

static status run(struct derive *d, CK_OBJECT_HANDLE base, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
		  CK_OBJECT_HANDLE *ret_h)
{
	struct bag b ON_EXIT(bag_free) = {0};

	TRY(read_template(d, tmpl, n));
	TRY(find_base(d, base));
	TRY(d->row->check(d));
	TRY(start_object(d, tmpl, n, &b));
	TRY(create_permits(d->g, &b));
	TRY(make_value(d, &b));
	return create_in_session(d->g, &b, ret_h);
}

status derive_key(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE base,
		  const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *ret_h)
{
	struct derive d ON_EXIT(end) = {.g = g, .given = m};

	if (m == NULL || ret_h == NULL)
		return ST_ARG;
	TRY(template_check(tmpl, n));
	d.row = derive_row_of(m->mechanism);
	if (d.row == NULL)
		return ST_MECH;
	d.class = d.row->class;
	TRY(guard_card(g));
	TRY(mech_offered(g->slot, m->mechanism, MECH_DERIVE, &d.m));
	TRY(run(&d, base, tmpl, n, ret_h));
	if (d.tls12.version != NULL) /* the first two bytes of an RSA premaster secret */
		*d.tls12.version = (CK_VERSION){d.secret.p[0], d.secret.p[1]};
	return ST_OK;
}
