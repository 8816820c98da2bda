/* SPDX-License-Identifier: Apache-2.0 */
/* What an IoT SAFE applet holds, decoded from GET DATA (iotsafe-protocol.md §10.2, §10.3). */
#ifndef IOTSAFE_CORE_CONTAINER_H
#define IOTSAFE_CORE_CONTAINER_H

#include <stdbool.h>
#include "bytes.h"
#include "crypto.h"
#include "sizes.h"

enum container_kind {
	CONTAINER_PRIVATE_KEY,
	CONTAINER_PUBLIC_KEY,
	CONTAINER_FILE,
	CONTAINER_SECRET_KEY,
	CONTAINER_KINDS
};
const char *
container_kind_name(enum container_kind k); /* "private-key", "certificate"… for people */

enum container_key_type {
	KEY_UNKNOWN,
	KEY_RSA2048,
	KEY_P256,
	KEY_P384, /* no code point of IoT.05 is known: only by configuration, or our own simulator's
		   */
	KEY_BRAINPOOL_P256R1,
	KEY_HMAC,
	KEY_AES_CMAC,
};

/* bits of container.functions */
enum { FUNCTION_SIGN = 1, FUNCTION_KEYGEN = 2, FUNCTION_AGREE = 4, FUNCTION_DERIVE = 8 };
/* bits of container.sig_algs */
enum { SIG_RSA_PKCS1 = 1, SIG_RSA_PSS = 2, SIG_ECDSA = 4, SIG_AES_CMAC = 8 };
/* bits of container.hash_algs */
enum { CARD_SHA256 = 1, CARD_SHA384 = 2, CARD_SHA512 = 4 };
/* bits of container.access */
enum { ACCESS_READ = 1, ACCESS_UPDATE = 2 };

struct container {
	enum container_kind kind;
	uint8_t id[CONTAINER_ID_MAX];
	size_t id_len; /* 0: only a label is known */
	uint8_t label[CONTAINER_LABEL_MAX];
	size_t label_len;
	bool activated;	    /* filled */
	bool is_volatile;   /* key types 14 and 24: ephemeral pairs */
	uint8_t access;	    /* ACCESS_*; all set when the card did not say */
	uint8_t functions;  /* FUNCTION_* */
	uint8_t sig_algs;   /* SIG_* */
	uint8_t hash_algs;  /* CARD_SHA* */
	uint8_t agreements; /* bit 0: ECKA */
	uint8_t derivations;
	uint8_t usage;	  /* tag 4E or 21 as the card gave it */
	uint8_t raw_type; /* tag 4B as the card gave it */
	enum container_key_type key_type;
	/* file usage 02, named so in the configuration, or of unknown usage: its content tells */
	bool is_certificate;
	bool size_known;
	uint16_t size; /* of a file; content or capacity, cards differ */
};

/* CURVE_NONE for types that are no EC key. */
enum curve container_curve(const struct container *c);
/* A private key that may sign: filled, persistent, allowed to, by an algorithm that we know. */
bool container_can_sign(const struct container *priv);
struct bytes container_id(const struct container *c);
struct bytes container_label(const struct container *c);

/* The object list, and what GET DATA application said. */
struct catalog {
	struct container item[CONTAINERS_MAX];
	size_t count;
	bool has_app_info;
	uint8_t version;    /* tag 10 */
	uint8_t app_id[32]; /* tag 11, as much as came */
	size_t app_id_len;
	uint8_t app_functions, app_sig_algs, app_agreements, app_derivations, sessions_max;
	uint16_t app_hash_algs;
};

/* Parsers, exposed for tests and fuzzing. All three layouts of §10.2, unknown tags, the known
 * malformed outputs of §5 rule 5. Containers without ID and label are dropped. ST_MALFORMED only if
 * nothing at all could be made of a non-empty list; ST_FULL never (the surplus is dropped, logged).
 */
status catalog_parse_list(struct bytes list, struct catalog *c) MUST_USE;
status catalog_parse_app(struct bytes app, struct catalog *c) MUST_USE;

#endif
