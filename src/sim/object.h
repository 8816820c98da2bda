/* SPDX-License-Identifier: Apache-2.0 */
/* One container of the applet (iotsafe-protocol.md §§2, 10.3). */
#ifndef IOTSAFE_SIM_OBJECT_H
#define IOTSAFE_SIM_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "bytes.h"
#include "sizes.h"

enum object_kind { OBJECT_PRIVATE, OBJECT_PUBLIC, OBJECT_FILE, OBJECT_SECRET, OBJECT_KINDS };

enum { ACCESS_READ = 0x01, ACCESS_UPDATE = 0x02 };
enum { STATE_EMPTY = 0x00, STATE_ACTIVE = 0x01 };
enum {
	FUNCTION_SIGN = 0x01,
	FUNCTION_KEYGEN = 0x02,
	FUNCTION_AGREE = 0x04,
	FUNCTION_DERIVE = 0x08,
};
enum { DERIVE_PRF = 0x01, DERIVE_HKDF = 0x02 };
enum { AGREE_ECKA = 0x01 };
/* what remote administration does to one container: 6984 while it works on it, 6989 after */
enum { LOCKED_NOW = 0x01, LOCKED_ENDED = 0x02 };
enum { FILE_USAGE_GENERAL = 0x01, FILE_USAGE_CERTIFICATE = 0x02 };
enum { OBJECT_VALUE_NAME_MAX = 80 };

struct object {
	enum object_kind kind;
	uint8_t id[CONTAINER_ID_MAX];
	size_t id_len;
	uint8_t label[CONTAINER_LABEL_MAX];
	size_t label_len;
	uint8_t access, state, type, usage, functions, sign_algs, agree, derive;
	uint8_t locked;		 /* 0, LOCKED_NOW or LOCKED_ENDED */
	uint8_t pin, pin_always; /* reference of the PIN that it asks for, or 0; before each use */
	uint16_t hashes;
	EVP_PKEY *key; /* keys; NULL while empty */
	uint8_t *data; /* files and secrets */
	size_t data_len;
	char value[OBJECT_VALUE_NAME_MAX]; /* file of the value under DIR; empty: none */
	bool changed;			   /* the value's file is older than the value */
};

static inline struct bytes object_id(const struct object *o)
{
	return bytes_of(o->id, o->id_len);
}
static inline struct bytes object_label(const struct object *o)
{
	return bytes_of(o->label, o->label_len);
}
const char *object_kind_name(enum object_kind kind);
/* ST_SHORT_OUT if the id (1..20) or label (0..60) does not fit. */
status object_name(struct object *o, struct bytes id, struct bytes label) MUST_USE;
/* Takes key over and marks the container filled. */
void object_set_key(struct object *o, EVP_PKEY *key);
status object_set_data(struct object *o, struct bytes data) MUST_USE;
/* Forgets the value: the container is empty again. */
void object_clear(struct object *o);

/* The attributes that are numbers, by name and by their tag in information structures (0: they have
 * no place there). */
struct object_attr {
	const char *name;
	uint8_t tag;
	uint8_t width; /* bytes: 1 or 2 */
	size_t offset;
};
extern const struct object_attr object_attrs[];
extern const size_t object_attr_count;
unsigned object_attr_get(const struct object *o, const struct object_attr *a);
void object_attr_set(struct object *o, const struct object_attr *a, unsigned v);

#endif
