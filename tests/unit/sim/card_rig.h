/* SPDX-License-Identifier: Apache-2.0 */
/* A software SIM in a directory of its own, driven APDU by APDU. Failures end the test. */
#ifndef TEST_CARD_RIG_H
#define TEST_CARD_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/evp.h>

#include "bytes.h"
#include "card.h"
#include "make.h"

struct rig {
	char dir[64];
	char card_dir[80]; /* dir/card */
	struct sim_card *card;
};

struct reply {
	uint8_t b[300];
	size_t n;    /* data bytes, without the status word */
	unsigned sw; /* 0 if the answer was shorter than two bytes */
};

/* Makes and loads a card of that profile; cert_size 0 for the natural size. */
struct rig *rig_new(const char *profile, size_t cert_size);
/* Unloads, and removes the directory. */
void rig_free(struct rig *r);
void rig_reload(struct rig *r);
/* A second card beside the first, for swaps: the path of its directory. */
const char *rig_other(struct rig *r, const char *profile);

/* Sends hex (blanks allowed). */
struct reply rig_send(struct rig *r, const char *hex);
/* Sends, and expects data and status word in hex (blanks allowed); each '*' stands for anything. */
void rig_expect(struct rig *r, const char *hex, const char *want);
/* printf into the command, then rig_expect's rules. */
void rig_expectf(struct rig *r, const char *want, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A control command, and what its answer begins with. */
void rig_control(struct rig *r, const char *text, const char *want);
/* Opens channel 1 with the applet selected there. */
void rig_select(struct rig *r);

/* The public key of DIR/name (a certificate in PEM); the caller frees it. */
EVP_PKEY *rig_certificate_key(struct rig *r, const char *name);
/* Is sig (r || s, or RSA) right for the digest under key? md NULL: ECDSA. */
bool rig_verifies(EVP_PKEY *key, const EVP_MD *md, bool pss, struct bytes digest, struct bytes sig);
/* The hex of b in one of four static buffers. */
const char *rig_hex(struct bytes b);

#endif
