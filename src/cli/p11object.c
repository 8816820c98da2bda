/* SPDX-License-Identifier: Apache-2.0 */
#include "p11object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "mem.h"
#include "p11rv.h"
#include "say.h"
#include "text.h"

static const struct {
	CK_OBJECT_CLASS class;
	const char *word; /* of --type; NULL: not for it */
	const char *name;
	const char *type; /* of a URI */
} classes[] = {
	{CKO_CERTIFICATE, "cert", "certificate", "cert"},
	{CKO_PUBLIC_KEY, "pubkey", "public key", "public"},
	{CKO_DATA, "data", "data object", "data"},
	{CKO_PRIVATE_KEY, NULL, "private key", "private"},
	{CKO_SECRET_KEY, NULL, "secret key", "secret-key"},
};

status p11object_class(const char *word, CK_OBJECT_CLASS *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		if (classes[i].word && strcmp(classes[i].word, word) == 0) {
			*ret = classes[i].class;
			return ST_OK;
		}
	}
	return SAY(ST_ARG, "--type %s: expected cert, pubkey or data", word);
}

const char *p11object_class_name(CK_OBJECT_CLASS class)
{
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (classes[i].class == class)
			return classes[i].name;
	return "object";
}

static const char *uri_type(CK_OBJECT_CLASS class)
{
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (classes[i].class == class)
			return classes[i].type;
	return NULL;
}

status p11name_parse(const char *text, struct p11name *ret)
{
	struct p11name name = {.text = text, .is_uri = p11uri_is(text)};
	status st;

	if (name.is_uri) {
		st = p11uri_parse(text, &name.uri);
		if (st == ST_ARG)
			return SAY(ST_ARG, "a PIN does not belong on the command line, where all "
					   "can read it: use --pin-source");
		if (st != ST_OK)
			return SAY(ST_ARG, "%s: no PKCS#11 URI", text);
	}
	*ret = name;
	return ST_OK;
}

const struct p11uri *p11name_uri(const struct p11name *name)
{
	return name->is_uri ? &name->uri : NULL;
}

/* --- reading --- */

status p11object_value(const struct p11token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
		       uint8_t **ret, size_t *ret_n)
{
	CK_ATTRIBUTE attr = {type, NULL, 0};
	uint8_t *buf;

	if (t->f->C_GetAttributeValue(t->session, h, &attr, 1) != CKR_OK ||
	    attr.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		return ST_NO_ENTRY;
	buf = calloc(1, attr.ulValueLen ? attr.ulValueLen : 1);
	if (!buf)
		return ST_NOMEM;
	attr.pValue = buf;
	if (attr.ulValueLen > 0 && t->f->C_GetAttributeValue(t->session, h, &attr, 1) != CKR_OK) {
		free(buf);
		return ST_NO_ENTRY;
	}
	*ret = buf;
	*ret_n = attr.ulValueLen;
	return ST_OK;
}

bool p11object_flag(const struct p11token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL v = CK_FALSE;
	CK_ATTRIBUTE attr = {type, &v, sizeof(v)};

	return t->f->C_GetAttributeValue(t->session, h, &attr, 1) == CKR_OK && v == CK_TRUE;
}

static CK_OBJECT_CLASS class_of(const struct p11token *t, CK_OBJECT_HANDLE h)
{
	CK_OBJECT_CLASS v = CK_UNAVAILABLE_INFORMATION;
	CK_ATTRIBUTE attr = {CKA_CLASS, &v, sizeof(v)};

	(void)t->f->C_GetAttributeValue(t->session, h, &attr, 1);
	return v;
}

status p11object_find(const struct p11token *t, CK_ATTRIBUTE *tmpl, CK_ULONG n,
		      CK_OBJECT_HANDLE ret[P11OBJECTS_MAX], size_t *ret_count)
{
	CK_RV rv = t->f->C_FindObjectsInit(t->session, tmpl, n);
	CK_ULONG got = 0;
	size_t count = 0;

	if (rv != CKR_OK)
		return p11rv_say("the objects", rv);
	do {
		rv = t->f->C_FindObjects(t->session, ret + count, P11OBJECTS_MAX - count, &got);
		count += rv == CKR_OK ? got : 0;
	} while (rv == CKR_OK && got > 0 && count < P11OBJECTS_MAX);
	(void)t->f->C_FindObjectsFinal(t->session);
	if (rv != CKR_OK)
		return p11rv_say("the objects", rv);
	*ret_count = count;
	return ST_OK;
}

/* --- finding --- */

/* The template of a name in one class. */
struct search {
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE attr[3];
	CK_ULONG n;
};

static void search_add(struct search *s, CK_ATTRIBUTE_TYPE type, const void *p, size_t n)
{
	CK_ATTRIBUTE *a = &s->attr[s->n++];

	a->type = type;
	a->pValue = (void *)(uintptr_t)p; /* Cryptoki knows no const */
	a->ulValueLen = n;
}

static void search_start(struct search *s, CK_OBJECT_CLASS class)
{
	*s = (struct search){.class = class};
	search_add(s, CKA_CLASS, &s->class, sizeof(s->class));
}

/* Does the URI's type allow it? */
static bool type_fits(const struct p11name *name, CK_OBJECT_CLASS class)
{
	const char *type = uri_type(class);

	return !name->is_uri || !name->uri.type.given ||
	       (type && p11uri_matches(&name->uri.type, bytes_str(type)));
}

/* By label; where none has it and the text is hex, by id. */
static status find_typed(const struct p11token *t, const char *text, CK_OBJECT_CLASS class,
			 CK_OBJECT_HANDLE found[P11OBJECTS_MAX], size_t *ret_count)
{
	uint8_t id[P11OBJECT_ID_MAX];
	struct wtr w = WTR_ON(id);
	struct search s;

	search_start(&s, class);
	search_add(&s, CKA_LABEL, text, strlen(text));
	TRY(p11object_find(t, s.attr, s.n, found, ret_count));
	if (*ret_count > 0 || hex_get(bytes_str(text), &w) != ST_OK)
		return ST_OK;
	search_start(&s, class);
	search_add(&s, CKA_ID, id, w.n);
	return p11object_find(t, s.attr, s.n, found, ret_count);
}

static status find_named(const struct p11token *t, const struct p11name *name,
			 CK_OBJECT_CLASS class, CK_OBJECT_HANDLE found[P11OBJECTS_MAX],
			 size_t *ret_count)
{
	const struct p11uri *u = &name->uri;
	struct search s;

	*ret_count = 0;
	if (!type_fits(name, class))
		return ST_OK;
	if (!name->is_uri)
		return find_typed(t, name->text, class, found, ret_count);
	search_start(&s, class);
	if (u->object.given)
		search_add(&s, CKA_LABEL, u->object.p, u->object.n);
	if (u->id.given)
		search_add(&s, CKA_ID, u->id.p, u->id.n);
	return p11object_find(t, s.attr, s.n, found, ret_count);
}

static status say_several(const struct p11token *t, const struct p11name *name,
			  const CK_OBJECT_HANDLE *found, size_t count)
{
	char uri[MODULE_URI_MAX];

	say("%s: several objects are called so; name one of", name->text);
	for (size_t i = 0; i < count; i++) {
		p11object_uri(t, found[i], uri);
		fprintf(stderr, "  %s\n", uri);
	}
	return ST_NO_ENTRY;
}

static status look(const struct p11token *t, const struct p11name *name, const struct p11classes *c,
		   struct p11object *ret, bool *ret_found)
{
	CK_OBJECT_HANDLE found[P11OBJECTS_MAX];
	size_t count;

	*ret_found = false;
	for (size_t i = 0; i < c->count; i++) {
		TRY(find_named(t, name, c->class[i], found, &count));
		if (count > 1)
			return say_several(t, name, found, count);
		if (count == 1) {
			*ret = (struct p11object){found[0], c->class[i]};
			*ret_found = true;
			return ST_OK;
		}
	}
	return ST_OK;
}

status p11object_choose(struct p11token *t, const struct p11name *name, const struct p11classes *c,
			struct p11object *ret)
{
	bool found;

	TRY(look(t, name, c, ret, &found));
	if (!found && !t->logged_in && (t->info.flags & CKF_LOGIN_REQUIRED)) {
		TRY(p11token_login(t)); /* it may be a private one */
		TRY(look(t, name, c, ret, &found));
	}
	if (found)
		return ST_OK;
	return SAY(ST_NO_ENTRY, "%s: no %s of that name; \"iotsafe list\" shows what is there",
		   name->text, c->what);
}

bool p11object_find_private(struct p11token *t, struct bytes label, struct bytes id,
			    CK_OBJECT_HANDLE *ret)
{
	CK_OBJECT_HANDLE found[P11OBJECTS_MAX];
	struct search s;
	size_t count;

	search_start(&s, CKO_PRIVATE_KEY);
	if (label.n > 0)
		search_add(&s, CKA_LABEL, label.p, label.n);
	if (id.n > 0)
		search_add(&s, CKA_ID, id.p, id.n);
	if (p11object_find(t, s.attr, s.n, found, &count) != ST_OK || count == 0)
		return false;
	*ret = found[0];
	return true;
}

/* --- names --- */

static size_t count_same(const struct p11token *t, CK_OBJECT_CLASS class, struct bytes label)
{
	CK_OBJECT_HANDLE found[P11OBJECTS_MAX];
	struct search s;
	size_t count;

	search_start(&s, class);
	search_add(&s, CKA_LABEL, label.p, label.n);
	return p11object_find(t, s.attr, s.n, found, &count) == ST_OK ? count : 0;
}

void p11object_uri(const struct p11token *t, CK_OBJECT_HANDLE h, char ret[MODULE_URI_MAX])
{
	uint8_t *label ON_EXIT(mem_free_ptr) = NULL, *id ON_EXIT(mem_free_ptr) = NULL;
	CK_OBJECT_CLASS class = class_of(t, h);
	struct p11uri_parts parts = {.token = p11token_label(t), .type = uri_type(class)};
	size_t n = 0;

	ret[0] = '\0';
	if (p11object_value(t, h, CKA_LABEL, &label, &n) == ST_OK)
		parts.object = bytes_of(label, n);
	if (parts.object.n == 0 || count_same(t, class, parts.object) != 1) {
		n = 0;
		if (p11object_value(t, h, CKA_ID, &id, &n) == ST_OK)
			parts.id = bytes_of(id, n);
	}
	if (p11uri_write(&parts, ret, MODULE_URI_MAX) != ST_OK)
		ret[0] = '\0';
}

/* --- public halves --- */

static status from_info(const struct p11token *t, CK_OBJECT_HANDLE h, struct public_key *ret)
{
	uint8_t *spki ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;

	TRY(p11object_value(t, h, CKA_PUBLIC_KEY_INFO, &spki, &n));
	return public_key_from_spki(bytes_of(spki, n), ret);
}

static status from_certificate(const struct p11token *t, CK_OBJECT_HANDLE h, struct public_key *ret)
{
	uint8_t *der ON_EXIT(mem_free_ptr) = NULL;
	struct x509_info info;
	size_t n = 0;

	TRY(p11object_value(t, h, CKA_VALUE, &der, &n));
	TRY(x509_parse(bytes_of(der, n), &info));
	if (info.key.kind == PUBLIC_NONE)
		return ST_NO_ENTRY;
	*ret = info.key;
	return ST_OK;
}

static status from_partner(const struct p11token *t, struct bytes id, CK_OBJECT_CLASS class,
			   struct public_key *ret)
{
	CK_OBJECT_HANDLE found[P11OBJECTS_MAX];
	struct search s;
	size_t count;

	search_start(&s, class);
	search_add(&s, CKA_ID, id.p, id.n);
	TRY(p11object_find(t, s.attr, s.n, found, &count));
	for (size_t i = 0; i < count; i++) {
		status st = class == CKO_CERTIFICATE ? from_certificate(t, found[i], ret)
						     : from_info(t, found[i], ret);
		if (st == ST_OK)
			return ST_OK;
	}
	return ST_NO_ENTRY;
}

status p11object_public(const struct p11token *t, CK_OBJECT_HANDLE h, struct public_key *ret)
{
	uint8_t *id ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;

	if (from_info(t, h, ret) == ST_OK)
		return ST_OK;
	TRY(p11object_value(t, h, CKA_ID, &id, &n));
	if (n == 0)
		return ST_NO_ENTRY;
	if (from_partner(t, bytes_of(id, n), CKO_PUBLIC_KEY, ret) == ST_OK)
		return ST_OK;
	return from_partner(t, bytes_of(id, n), CKO_CERTIFICATE, ret);
}
