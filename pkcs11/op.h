/* SPDX-License-Identifier: Apache-2.0 */
/* One active operation of a session, and Cryptoki's rules of when it ends: a size query and a
 * buffer that is too small leave it as it was, every other outcome of the final call ends it
 * (§5.2). */
#ifndef IOTSAFE_PKCS11_OP_H
#define IOTSAFE_PKCS11_OP_H

#include "card.h"
#include "ck.h"
#include "mech.h"

enum {
	/* of one message to a MAC of the card, which takes it in pieces of 250 bytes */
	OP_TEXT_MAX = 65536,
};

enum op_phase {
	OP_IDLE,
	OP_READY,     /* initialised */
	OP_GATHERING, /* at least one Update */
	OP_RUNNING,   /* the card is at work; the session may be unlocked */
};

struct op {
	enum op_phase phase;
	const struct mech *mech;
	enum hash_alg hash;	   /* what the signature is over */
	size_t salt_n;		   /* PSS */
	struct hash_ctx ctx;	   /* running, when we hash */
	uint8_t raw[MECH_RAW_MAX]; /* gathered, when the caller hashed */
	size_t raw_n;
	uint8_t *text; /* gathered for a MAC of the card; owned */
	size_t text_n, text_cap;
	struct container key; /* the container that the card works with, when has_key */
	bool has_key;
	struct public_key pub;
	bool has_pub;
	bool messages; /* C_Message*Init: after one message comes the next */
	size_t sig_n;  /* the signature's size */
	/* CKA_ALWAYS_AUTHENTICATE: C_Login has to come between Init and the signature */
	bool asks_pin, authenticated;
	unsigned switches; /* the slot's, when key was found */
	uint64_t serial;   /* another operation has another */
};

/* The caller's output buffer and its length. */
struct op_out {
	CK_BYTE_PTR p;
	CK_ULONG_PTR n;
};

/* Bytes of the caller. ST_ARG for NULL with a length, and for a length that cannot be. */
status op_input(const void *p, CK_ULONG n, struct bytes *ret_b) MUST_USE;

/* Starts the operation; mech, hash, key and sizes are then the caller's to set. */
status op_begin(struct op *op, const struct mech *mech, enum hash_alg hash) MUST_USE;
/* Ends it, whatever its phase. */
void op_end(struct op *op);
/* What the outcome of a final call leaves: nothing, or the wait for the next message. */
void op_done(struct op *op);
/* ST_NO_OP when what is active is of the other sort (one signature; messages). */
status op_of_sort(const struct op *op, bool messages) MUST_USE;

/* ST_OK when a call that wants `phase` may go on; else ST_NO_OP or ST_OP_BUSY, and nothing changes.
 */
status op_expect(const struct op *op, enum op_phase phase) MUST_USE;

/* Does it wait for a context-specific login? Also when it has had one. */
bool op_asks_pin(const struct op *op);

/* The two-call convention for sig_n bytes. *ret_go: there is room, produce the signature. Else the
 * call is over with the returned status; ST_ARG has ended the operation. */
status op_room(struct op *op, struct op_out out, bool *ret_go) MUST_USE;

/* Takes data in, hashing or gathering. ST_DATA_LEN, ST_CRYPTO. */
status op_absorb(struct op *op, struct bytes data) MUST_USE;
/* Is it a MAC? Then text is what it is over. */
bool op_is_mac(const struct op *op);
/* What a signature is over: the digest, or the gathered bytes. */
status op_digest(struct op *op, uint8_t ret[MECH_RAW_MAX], size_t *ret_n) MUST_USE;

#endif
