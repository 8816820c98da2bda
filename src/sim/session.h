/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of the applet (iotsafe-protocol.md §§9, 18.4): IDLE (no entry), OPEN, DONE. */
#ifndef IOTSAFE_SIM_SESSION_H
#define IOTSAFE_SIM_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "object.h"

enum session_family { FAMILY_SIGN, FAMILY_VERIFY, FAMILY_PUT_KEY };
enum session_state { SESSION_IDLE, SESSION_OPEN, SESSION_DONE };
enum session_mode { MODE_TEXT = 1, MODE_LAST_BLOCK = 2, MODE_DIGEST = 3 };
enum { SESSIONS_MAX = 16, SESSION_DATA_MAX = 600 };

struct session {
	enum session_state state;
	unsigned channel;
	enum session_family family;
	uint8_t number;
	/* The key by name, not by address: a card that is swapped in mid-session answers with its
	 * own key of that name. */
	enum object_kind kind;
	uint8_t id[CONTAINER_ID_MAX];
	size_t id_len;
	uint8_t mode, alg;
	uint16_t hash;
	EVP_MD_CTX *md;	  /* MODE_TEXT: hash so far */
	EVP_MAC_CTX *mac; /* a secret key's: MAC so far */
	uint64_t text_len;
	uint8_t digest[64]; /* MODE_DIGEST; MODE_LAST_BLOCK once computed */
	size_t digest_len;
	uint8_t data[SESSION_DATA_MAX]; /* verify: signature so far; put key: template so far */
	size_t data_len;
};

struct session_table {
	struct session session[SESSIONS_MAX];
};

/* OPEN or DONE session of that channel, family and number; NULL if it is IDLE. */
struct session *session_find(struct session_table *t, unsigned channel, enum session_family family,
			     uint8_t number);
/* A free entry; a DONE one makes room. NULL when `limit` sessions are open. */
struct session *session_open(struct session_table *t, unsigned channel, enum session_family family,
			     uint8_t number, unsigned limit);
void session_close(struct session *s);
void session_close_channel(struct session_table *t, unsigned channel);
void session_close_all(struct session_table *t);
/* Does an open session use this container? */
bool session_uses(const struct session_table *t, const struct object *o);
/* Appends to s->data; ST_FULL. */
status session_add(struct session *s, struct bytes part) MUST_USE;

#endif
