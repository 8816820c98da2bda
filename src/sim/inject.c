/* SPDX-License-Identifier: Apache-2.0 */
#include "inject.h"

#include <stdio.h>

#include "derive.h"
#include "hex.h"
#include "key.h"
#include "mem.h"
#include "text.h"

/* a secret is at most what tag D1 could carry in its place */
enum { SECRET_MAX = 255 };

static status put_secret(struct object *o, struct bytes value, char err[128])
{
	bool cmac = o->type == KEY_AES_CMAC;
	if (value.n == 0 || value.n > SECRET_MAX || (cmac && value.n != DERIVE_CMAC_KEY_SIZE)) {
		snprintf(err, 128, "a secret of this type has %s bytes", cmac ? "16" : "1 to 255");
		return ST_ARG;
	}
	return object_set_data(o, value);
}

static status put_private(struct store *s, struct object *o, struct bytes value, char err[128])
{
	struct object *pub = store_public_of(s, o);
	EVP_PKEY *key, *half;
	status st = key_from_scalar(o->type, value, &key);
	if (st != ST_OK) {
		snprintf(err, 128, "not a private key of %s", key_type_name(o->type));
		return st;
	}
	st = key_public_half(key, &half);
	if (st != ST_OK) {
		EVP_PKEY_free(key);
		return st;
	}
	object_set_key(o, key);
	if (pub && pub->type == o->type)
		object_set_key(pub, half);
	else
		EVP_PKEY_free(half);
	return ST_OK;
}

status inject_value(struct store *s, struct object *o, struct bytes value, char err[128])
{
	switch (o->kind) {
	case OBJECT_SECRET:
		return put_secret(o, value, err);
	case OBJECT_PRIVATE:
		return put_private(s, o, value, err);
	case OBJECT_FILE:
		if (value.n <= FILE_SIZE_MAX)
			return object_set_data(o, value);
		snprintf(err, 128, "a file has at most %d bytes", FILE_SIZE_MAX);
		return ST_ARG;
	case OBJECT_PUBLIC:
	case OBJECT_KINDS:
		break;
	}
	snprintf(err, 128, "a public key follows its private key, or comes by PUT PUBLIC KEY");
	return ST_KEY_KIND;
}

struct object *inject_find(struct store *s, struct bytes kind, struct bytes id)
{
	uint8_t raw[CONTAINER_ID_MAX];
	struct wtr w = WTR_ON(raw);
	if (hex_get(id, &w) != ST_OK)
		return NULL;
	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		if (bytes_equal(kind, bytes_str(object_kind_name((enum object_kind)k))))
			return store_find_id(s, (enum object_kind)k, wtr_bytes(&w));
	}
	return NULL;
}

status inject_text(struct store *s, enum object_kind kind, const char *text, char err[128])
{
	const char *name = object_kind_name(kind);
	struct rdr r = rdr_of(bytes_str(text));
	struct bytes id = {0};
	SECRET(raw, SECRET_MAX);
	struct wtr value = wtr_on(raw.p, raw.cap);
	bool parted = text_item(&r, '=', &id) && text[id.n] == '=';
	if (!parted || hex_get(rdr_rest(&r), &value) != ST_OK) {
		snprintf(err, 128, "expected ID=VALUE in hexadecimal");
		return ST_ARG;
	}
	struct object *o = inject_find(s, bytes_str(name), id);
	if (!o) {
		snprintf(err, 128, "there is no %s key %.*s", name, (int)(id.n < 40 ? id.n : 40),
			 (const char *)id.p);
		return ST_NO_ENTRY;
	}
	if (key_type_volatile(o->type)) {
		snprintf(err, 128, "%.*s is volatile: it is empty whenever the card is powered up",
			 (int)(id.n < 40 ? id.n : 40), (const char *)id.p);
		return ST_KEY_KIND;
	}
	return inject_value(s, o, wtr_bytes(&value), err);
}
