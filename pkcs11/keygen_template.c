/* SPDX-License-Identifier: Apache-2.0 */
#include "keygen_template.h"

#include <string.h>

#include "mem.h"
#include "pubkey.h"
#include "template.h"

enum kind {
	BYTES,	    /* anything */
	EITHER,	    /* a boolean */
	ONLY_FALSE, /* a boolean that no key here can have */
	NUMBER,	    /* this CK_ULONG */
	OURS,	    /* only we may say it */
};

struct row {
	CK_ATTRIBUTE_TYPE type;
	enum kind kind;
	CK_ULONG number;
};

/* Clients write CKA_PRIVATE and CKA_MODIFIABLE out of habit; the object tells what it became. */
static const struct row common_rows[] = {
	{CKA_KEY_TYPE, NUMBER, CKK_EC},
	{CKA_TOKEN, EITHER, 0},
	{CKA_PRIVATE, EITHER, 0},
	{CKA_MODIFIABLE, EITHER, 0},
	{CKA_COPYABLE, EITHER, 0},
	{CKA_DESTROYABLE, EITHER, 0},
	{CKA_LABEL, BYTES, 0},
	{CKA_ID, BYTES, 0},
	{CKA_START_DATE, BYTES, 0},
	{CKA_END_DATE, BYTES, 0},
	{CKA_SUBJECT, BYTES, 0},
	{CKA_DERIVE, EITHER, 0},
	{CKA_EC_PARAMS, BYTES, 0},
	{CKA_LOCAL, OURS, 0},
	{CKA_KEY_GEN_MECHANISM, OURS, 0},
	{CKA_UNIQUE_ID, OURS, 0},
	{CKA_PUBLIC_KEY_INFO, OURS, 0},
	{CKA_EC_POINT, OURS, 0},
};

static const struct row public_rows[] = {
	{CKA_CLASS, NUMBER, CKO_PUBLIC_KEY}, {CKA_VERIFY, EITHER, 0},
	{CKA_ENCRYPT, ONLY_FALSE, 0},	     {CKA_VERIFY_RECOVER, ONLY_FALSE, 0},
	{CKA_WRAP, ONLY_FALSE, 0},	     {CKA_TRUSTED, OURS, 0},
};

/* CKA_SENSITIVE false, which GnuTLS's library says for whoever does not ask for more, leaves the
 * choice to the token: the key is no less protected for it. To be extractable is another matter. */
static const struct row private_rows[] = {
	{CKA_CLASS, NUMBER, CKO_PRIVATE_KEY},
	{CKA_SENSITIVE, EITHER, 0},
	{CKA_EXTRACTABLE, ONLY_FALSE, 0},
	{CKA_SIGN, EITHER, 0},
	{CKA_SIGN_RECOVER, ONLY_FALSE, 0},
	{CKA_DECRYPT, ONLY_FALSE, 0},
	{CKA_UNWRAP, ONLY_FALSE, 0},
	{CKA_WRAP_WITH_TRUSTED, ONLY_FALSE, 0},
	{CKA_ALWAYS_AUTHENTICATE, ONLY_FALSE, 0},
	{CKA_ALWAYS_SENSITIVE, OURS, 0},
	{CKA_NEVER_EXTRACTABLE, OURS, 0},
	{CKA_VALUE, OURS, 0},
};

static const struct row *row_in(const struct row *rows, size_t n, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static const struct row *find_row(CK_ATTRIBUTE_TYPE type, bool is_private)
{
	const struct row *own = is_private ? row_in(private_rows, ARRAY_LEN(private_rows), type)
					   : row_in(public_rows, ARRAY_LEN(public_rows), type);

	return own != NULL ? own : row_in(common_rows, ARRAY_LEN(common_rows), type);
}

/* Does the other half's table have it? */
static status unknown(CK_ATTRIBUTE_TYPE type, bool is_private)
{
	return find_row(type, !is_private) != NULL ? ST_TEMPLATE_INCONSISTENT : ST_ATTR_TYPE;
}

static status check_bool(const struct row *row, const CK_ATTRIBUTE *a)
{
	bool v = false;

	TRY(template_bool(a, 1, a->type, false, &v));
	return v && row->kind == ONLY_FALSE ? ST_TEMPLATE_INCONSISTENT : ST_OK;
}

static status check_number(const struct row *row, const CK_ATTRIBUTE *a)
{
	CK_ULONG v = 0;

	TRY(template_ulong(a, 1, a->type, 0, &v));
	return v == row->number ? ST_OK : ST_TEMPLATE_INCONSISTENT;
}

static status check_one(const CK_ATTRIBUTE *a, bool is_private)
{
	const struct row *row = find_row(a->type, is_private);

	if (row == NULL)
		return unknown(a->type, is_private);
	switch (row->kind) {
	case BYTES:
		return ST_OK;
	case EITHER:
	case ONLY_FALSE:
		return check_bool(row, a);
	case NUMBER:
		return check_number(row, a);
	case OURS:
		return ST_ATTR_RO;
	}
	return ST_BUG;
}

static bool same_value(const CK_ATTRIBUTE *a, const CK_ATTRIBUTE *b)
{
	return bytes_equal(bytes_of(a->pValue, a->ulValueLen), bytes_of(b->pValue, b->ulValueLen));
}

static status check(struct keygen_template t, bool is_private)
{
	TRY(template_check(t.attr, t.n));
	for (CK_ULONG i = 0; i < t.n; i++) {
		const CK_ATTRIBUTE *before = template_find(t.attr, i, t.attr[i].type);
		if (before != NULL && !same_value(before, &t.attr[i]))
			return ST_TEMPLATE_INCONSISTENT;
		TRY(check_one(&t.attr[i], is_private));
	}
	return ST_OK;
}

static status read_curve(struct keygen_template pub, struct keygen_template priv, enum curve *ret)
{
	const CK_ATTRIBUTE *a = template_find(pub.attr, pub.n, CKA_EC_PARAMS);
	const CK_ATTRIBUTE *b = template_find(priv.attr, priv.n, CKA_EC_PARAMS);

	if (a == NULL)
		return ST_TEMPLATE_INCOMPLETE;
	if (b != NULL && !same_value(a, b))
		return ST_TEMPLATE_INCONSISTENT;
	return pubkey_curve(bytes_of(a->pValue, a->ulValueLen), ret);
}

static status read_bool(struct keygen_template t, CK_ATTRIBUTE_TYPE type, bool *ret)
{
	return template_bool(t.attr, t.n, type, false, ret);
}

/* Empty names are none. */
static const CK_ATTRIBUTE *name_of(struct keygen_template pub, struct keygen_template priv,
				   CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = template_find(priv.attr, priv.n, type);

	if (a == NULL)
		a = template_find(pub.attr, pub.n, type);
	return a != NULL && a->ulValueLen != 0 ? a : NULL;
}

status keygen_template_read(struct keygen_template pub, struct keygen_template priv,
			    struct keygen_wish *ret)
{
	struct keygen_wish w = {0};
	bool pub_on_token = false;

	TRY(check(pub, false));
	TRY(check(priv, true));
	TRY(read_curve(pub, priv, &w.curve));
	TRY(read_bool(pub, CKA_TOKEN, &pub_on_token));
	TRY(read_bool(priv, CKA_TOKEN, &w.on_token));
	w.on_token = w.on_token || pub_on_token;
	TRY(read_bool(priv, CKA_SIGN, &w.signs));
	TRY(read_bool(priv, CKA_DERIVE, &w.derives));
	w.label = name_of(pub, priv, CKA_LABEL);
	w.id = name_of(pub, priv, CKA_ID);
	*ret = w;
	return ST_OK;
}
