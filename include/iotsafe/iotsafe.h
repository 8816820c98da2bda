/* SPDX-License-Identifier: Apache-2.0 */
/* libiotsafe: a SIM's IoT SAFE applet (GSMA IoT.04, IoT.05) without Cryptoki.
 *
 * One handle is one SIM, behind a card reader, a modem (AT, QMI, MBIM) or a socket. Programs,
 * processes and the PKCS#11 module share a SIM freely: each call takes the device for one
 * operation and gives it back. The private keys stay on the SIM.
 *
 * Threads: calls on one handle take turns, those on several run side by side. The library starts
 * no thread, installs no signal handler, and writes nothing unless the configuration or IOTSAFE_LOG
 * says so. After fork the child's calls answer IOTSAFE_E_FORKED; it closes the handle, which sends
 * nothing and leaves the parent's alone, and opens its own.
 *
 * Time: each call ends within the handle's timeout, waiting for the device and for other threads
 * included. Only pcscd cannot take back a command that a card in a reader has: its end is waited
 * for.
 *
 * Memory: the caller owns every buffer; the library keeps no pointer beyond the call. Sizes are
 * bytes. Outputs begin with ret_; they are untouched on failure unless it is said otherwise. No
 * pointer may be NULL unless it is said so; one that is all the same is IOTSAFE_E_ARG.
 *
 * Every call that talks to the SIM can fail with any of the errors from IOTSAFE_E_FORKED to
 * IOTSAFE_E_REFUSED; the others are named where they come up. */
#ifndef IOTSAFE_H
#define IOTSAFE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define IOTSAFE_PUBLIC __attribute__((visibility("default")))
#define IOTSAFE_CALL __attribute__((visibility("default"), warn_unused_result))
#else
#define IOTSAFE_PUBLIC
#define IOTSAFE_CALL
#endif

struct iotsafe; /* an open SIM */

/* --- errors --- */

/* The numbers stay as they are; later versions add at the end. */
enum iotsafe_error {
	IOTSAFE_OK = 0,
	IOTSAFE_E_ARG = 1,	   /* an argument makes no sense */
	IOTSAFE_E_MEMORY = 2,	   /* out of memory */
	IOTSAFE_E_BUFFER = 3,	   /* the output buffer is too small */
	IOTSAFE_E_INTERNAL = 4,	   /* a mistake of the library */
	IOTSAFE_E_FORKED = 5,	   /* the handle is the parent process's */
	IOTSAFE_E_CONFIG = 6,	   /* the configuration file is wrong or not to be trusted */
	IOTSAFE_E_CRYPTO = 7,	   /* libcrypto is not there or is shut down */
	IOTSAFE_E_NO_DEVICE = 8,   /* no such reader, modem or socket */
	IOTSAFE_E_DENIED = 9,	   /* no permission for the device */
	IOTSAFE_E_TAKEN = 10,	   /* another program owns the device */
	IOTSAFE_E_NO_SERVICE = 11, /* pcscd or the modem's proxy does not run */
	IOTSAFE_E_TIMEOUT = 12,	   /* no answer, or no turn, in time */
	IOTSAFE_E_LINK = 13,	   /* the link failed, or what came over it is nonsense */
	IOTSAFE_E_NO_SIM = 14,	   /* no SIM in the reader or modem, or it went */
	IOTSAFE_E_OTHER_SIM = 15,  /* another SIM is there, or the object is of another one */
	IOTSAFE_E_BUSY = 16,	   /* SIM, its channels or sessions are in use: try again */
	IOTSAFE_E_SIM_PIN = 17,	   /* the modem wants the SIM's PIN before anything else */
	IOTSAFE_E_NO_APPLET = 18,  /* the SIM has no IoT SAFE applet that we know */
	IOTSAFE_E_NOT_FOUND = 19,  /* no such object */
	IOTSAFE_E_REFUSED = 20,	   /* the applet refuses */
	IOTSAFE_E_PIN_NEEDED = 21, /* the key or file asks for a PIN first */
	IOTSAFE_E_PIN_WRONG = 22,
	IOTSAFE_E_PIN_BLOCKED = 23,
	IOTSAFE_E_PIN_UNSURE = 24,   /* the PIN was sent and the answer lost */
	IOTSAFE_E_PIN_WITHHELD = 25, /* the PIN was not sent, to spare the tries */
	IOTSAFE_E_KEY = 26,	     /* the key is empty or not made for this */
	IOTSAFE_E_LENGTH = 27,	     /* the data does not fit the key */
	IOTSAFE_E_POINT = 28,	     /* the peer's public key is not on the key's curve */
	IOTSAFE_E_SIGNATURE = 29,    /* what the SIM signed does not verify */
	IOTSAFE_E_UNSUPPORTED = 30,  /* the SIM has no such command */
	IOTSAFE_ERRORS
};

/* What happened, and what to do about it: one English sentence each, static storage, never NULL;
 * also for a number that is none of the above. */
IOTSAFE_PUBLIC const char *iotsafe_text(enum iotsafe_error error);
IOTSAFE_PUBLIC const char *iotsafe_remedy(enum iotsafe_error error);
/* More about the last call of this thread that failed, for logs and people: the line of the
 * configuration, the status word of the SIM, the device. Empty when there is none. Valid until the
 * thread's next call that fails. */
IOTSAFE_PUBLIC const char *iotsafe_why(void);
/* The package's, "0.1.0". */
IOTSAFE_PUBLIC const char *iotsafe_version(void);

/* --- opening --- */

enum { IOTSAFE_ICCID_MAX = 20, IOTSAFE_AID_MAX = 16 };

/* Opens a SIM: finds its applet and learns which SIM it is.
 *
 * where: the name of a [slot] or [group] of the configuration; or a URI as in iotsafe.conf(5):
 * "pcsc:", "at:/dev/ttyUSB2", "qmi:/dev/cdc-wdm0", "mbim:/dev/cdc-wdm0", "unix:/run/sim.sock" (with
 * the settings of the slot that has this URI, if there is one); or NULL: the first SIM with an
 * applet among those that the configuration names or, without any, that are found. Of a group the
 * first member that answers is opened, and no other takes over later.
 *
 * timeout_ms: of this call and of each later one; 0: the configuration's (10 seconds by default).
 *
 * The configuration is that of iotsafe.conf(5); where the file is absent, defaults hold. Its
 * pin-source is not used: see iotsafe_pin_verify. Of several SIMs that are tried in vain the first
 * error is returned. A handle takes about 100 kB of memory.
 * IOTSAFE_E_ARG: neither a slot's name nor a URI, or a negative timeout; IOTSAFE_E_MEMORY. */
IOTSAFE_CALL enum iotsafe_error iotsafe_open(const char *where, int timeout_ms,
					     struct iotsafe **ret_sim);
/* Frees the handle; NULL is fine. No other thread may be in a call with it. The SIM's channel stays
 * open for the next program. */
IOTSAFE_PUBLIC void iotsafe_close(struct iotsafe *sim);

struct iotsafe_info {
	char iccid[IOTSAFE_ICCID_MAX + 1]; /* decimal; empty where the SIM does not tell */
	char slot[64];			   /* of the configuration, or made up */
	char uri[256];
	char device[256]; /* what answers there, for people */
	uint8_t aid[IOTSAFE_AID_MAX];
	size_t aid_n;
	unsigned char reserved[64];
};
IOTSAFE_CALL enum iotsafe_error iotsafe_identify(struct iotsafe *sim,
						 struct iotsafe_info *ret_info);

/* --- what the SIM holds --- */

enum {
	IOTSAFE_ID_MAX = 20,	/* GSMA IoT.05, container id */
	IOTSAFE_LABEL_MAX = 60, /* container label */
	IOTSAFE_OBJECTS_MAX = 256,
	IOTSAFE_FILE_MAX = 32767, /* READ FILE's offset has 15 bits */
	IOTSAFE_SIGNATURE_MAX = 256,
	IOTSAFE_SPKI_MAX = 512,
	IOTSAFE_POINT_MAX = 97,	 /* 04 || X || Y of P-384 */
	IOTSAFE_SECRET_MAX = 48, /* of an ECDH: X of P-384 */
	IOTSAFE_HASH_MAX = 64
};

enum iotsafe_kind {
	IOTSAFE_ANY = 0, /* for iotsafe_find */
	IOTSAFE_PRIVATE_KEY = 1,
	IOTSAFE_PUBLIC_KEY = 2,
	IOTSAFE_CERTIFICATE = 3, /* a file with a certificate, or of unknown use */
	IOTSAFE_FILE = 4,
	IOTSAFE_SECRET_KEY = 5
};

enum iotsafe_key_type {
	IOTSAFE_KEY_NONE = 0, /* of a file, or a type that we do not know */
	IOTSAFE_KEY_P256 = 1,
	IOTSAFE_KEY_P384 = 2,
	IOTSAFE_KEY_BRAINPOOL_P256R1 = 3,
	IOTSAFE_KEY_RSA2048 = 4,
	IOTSAFE_KEY_HMAC = 5,
	IOTSAFE_KEY_AES = 6
};

/* iotsafe_object.usage, as the container's functions say (GSMA IoT.05, tag 61) */
enum {
	IOTSAFE_CAN_SIGN = 1,
	IOTSAFE_CAN_GENERATE = 2,
	IOTSAFE_CAN_AGREE = 4,
	IOTSAFE_CAN_DERIVE = 8
};
/* iotsafe_object.state */
enum {
	IOTSAFE_FILLED = 1,    /* there is a key or content */
	IOTSAFE_EPHEMERAL = 2, /* a pair for key agreement, lost with the SIM's power */
	IOTSAFE_READABLE = 4,
	IOTSAFE_WRITABLE = 8
};

/* One container. Copied at will; good until the SIM is exchanged or the handle closed. */
struct iotsafe_object {
	enum iotsafe_kind kind;
	enum iotsafe_key_type key_type;
	unsigned usage;
	unsigned state;
	size_t size; /* of a file, as the SIM says: content or capacity; 0: it does not say */
	size_t id_n;
	uint8_t id[IOTSAFE_ID_MAX];
	char label[IOTSAFE_LABEL_MAX + 1]; /* as the SIM has it, but '?' for control characters */
	uint64_t owner;			   /* the library's own */
	unsigned char reserved[32];
};

/* All containers, in the SIM's order, at most `cap` of them; *ret_count is their number. With cap 0
 * ret_objects may be NULL. IOTSAFE_E_BUFFER when there are more than cap: then *ret_count is how
 * many. At most IOTSAFE_OBJECTS_MAX. */
IOTSAFE_CALL enum iotsafe_error iotsafe_list(struct iotsafe *sim,
					     struct iotsafe_object *ret_objects, size_t cap,
					     size_t *ret_count);
/* The first one of the kind with this label or, in hexadecimal, id. name NULL: the first private
 * key that can sign, the first filled object of another kind. IOTSAFE_E_NOT_FOUND. */
IOTSAFE_CALL enum iotsafe_error iotsafe_find(struct iotsafe *sim, enum iotsafe_kind kind,
					     const char *name, struct iotsafe_object *ret_object);

/* In what follows `object` comes from one of the two above; IOTSAFE_E_OTHER_SIM when it belongs to
 * another SIM, or to the one before; IOTSAFE_E_NOT_FOUND when it is gone; IOTSAFE_E_KEY when it is
 * of the wrong kind or the SIM has not made it for this. Where the buffer is too small the answer
 * is IOTSAFE_E_BUFFER and *ret_n what it takes at the most. */

/* The content of a file, as the SIM gives it (READ FILE). Up to IOTSAFE_FILE_MAX bytes. */
IOTSAFE_CALL enum iotsafe_error iotsafe_read(struct iotsafe *sim,
					     const struct iotsafe_object *object, uint8_t *ret,
					     size_t cap, size_t *ret_n);
/* A certificate in DER (X.509), cut at its length, from PEM where the SIM holds PEM. Of a
 * certificate object, that one. Of a private or public key, one about this very key: first of those
 * kept on the host for this SIM (store-dir), then of the SIM's. Up to IOTSAFE_FILE_MAX bytes.
 * IOTSAFE_E_NOT_FOUND: none; IOTSAFE_E_LINK: the content is no certificate. */
IOTSAFE_CALL enum iotsafe_error iotsafe_certificate(struct iotsafe *sim,
						    const struct iotsafe_object *object,
						    uint8_t *ret, size_t cap, size_t *ret_n);
/* DER SubjectPublicKeyInfo (RFC 5280 §4.1) of a key or certificate; EC keys name their curve, and
 * their point was checked to be on it. Up to IOTSAFE_SPKI_MAX bytes. IOTSAFE_E_NOT_FOUND where
 * neither a container nor a certificate of the SIM tells a private key's public half. */
IOTSAFE_CALL enum iotsafe_error iotsafe_public_key(struct iotsafe *sim,
						   const struct iotsafe_object *object,
						   uint8_t *ret, size_t cap, size_t *ret_n);

/* --- signatures --- */

/* ECDSA: r || s, each of the curve's size: 64 or 96 bytes. ECDSA_DER: Ecdsa-Sig-Value (RFC 3279
 * §2.2.3), as TLS has it: up to 72 or 104. RSA_PKCS1: RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), RSA_PSS:
 * RSASSA-PSS (§8.1), MGF1 with the same hash and a salt of its size: 256 bytes. */
enum iotsafe_scheme {
	IOTSAFE_ECDSA = 1,
	IOTSAFE_ECDSA_DER = 2,
	IOTSAFE_RSA_PKCS1 = 3,
	IOTSAFE_RSA_PSS = 4
};

/* Signs a digest (COMPUTE SIGNATURE, GSMA IoT.05). ECDSA takes a digest of 1 to 64 bytes: a shorter
 * one than the curve's size is padded, of a longer one the leftmost bits count (FIPS 186-5 §6.4).
 * RSA takes 32, 48 or 64 bytes, which tell SHA-256, -384 or -512.
 * The signature is checked under the key's public half, where that can be read, before it is
 * returned (`check-signatures`). IOTSAFE_E_SIGNATURE: it did not verify, twice; IOTSAFE_E_LENGTH;
 * IOTSAFE_E_PIN_NEEDED. */
IOTSAFE_CALL enum iotsafe_error
iotsafe_sign(struct iotsafe *sim, const struct iotsafe_object *object, enum iotsafe_scheme scheme,
	     const uint8_t *digest, size_t digest_n, uint8_t *ret_sig, size_t cap, size_t *ret_n);

/* --- secrets: the caller wipes what it gets --- */

/* ECDH (COMPUTE DH): the x coordinate of key times peer, 32 or 48 bytes. peer: 04 || X || Y on the
 * key's curve, else IOTSAFE_E_POINT, and nothing is sent. IOTSAFE_E_KEY also where the SIM has no
 * container to put the peer's key into. */
IOTSAFE_CALL enum iotsafe_error iotsafe_agree(struct iotsafe *sim,
					      const struct iotsafe_object *object,
					      const uint8_t *peer, size_t peer_n,
					      uint8_t *ret_secret, size_t cap, size_t *ret_n);

enum iotsafe_hash { IOTSAFE_SHA256 = 1, IOTSAFE_SHA384 = 2, IOTSAFE_SHA512 = 3 };

/* HKDF (RFC 5869) from a secret key: the SIM extracts (COMPUTE HKDF), the host expands. salt and
 * info may be NULL when empty. n: 1 to 255 times the hash's size. The pseudorandom key is wiped. */
IOTSAFE_CALL enum iotsafe_error iotsafe_hkdf(struct iotsafe *sim,
					     const struct iotsafe_object *object,
					     enum iotsafe_hash hash, const uint8_t *salt,
					     size_t salt_n, const uint8_t *info, size_t info_n,
					     uint8_t *ret, size_t n);

enum iotsafe_prf {
	IOTSAFE_PRF_KEY = 1,	  /* the stored key is the secret (RFC 5246 §5) */
	IOTSAFE_PRF_PSK = 2,	  /* the premaster secret of PSK (RFC 4279 §2) */
	IOTSAFE_PRF_ECDHE_PSK = 3 /* of ECDHE_PSK (RFC 5489 §2): `other` is the ECDH secret */
};
/* TLS 1.2's PRF with SHA-256 (COMPUTE PRF) from a secret key. seed: label and seed in one, 1 to 128
 * bytes; other: NULL except for ECDHE_PSK. n: 1 to 255. IOTSAFE_E_LENGTH: it does not fit one
 * command. */
IOTSAFE_CALL enum iotsafe_error iotsafe_prf(struct iotsafe *sim,
					    const struct iotsafe_object *object,
					    enum iotsafe_prf prf, const uint8_t *other,
					    size_t other_n, const uint8_t *seed, size_t seed_n,
					    uint8_t *ret, size_t n);

/* n bytes of the SIM's generator (GET RANDOM); n may be 0. */
IOTSAFE_CALL enum iotsafe_error iotsafe_random(struct iotsafe *sim, uint8_t *ret, size_t n);

/* --- PIN (ETSI TS 102 221 §11.1.9) --- */

enum iotsafe_pin_state {
	IOTSAFE_PIN_WANTED = 1, /* not verified, or the SIM does not say */
	IOTSAFE_PIN_VERIFIED = 2,
	IOTSAFE_PIN_DISABLED = 3,
	IOTSAFE_PIN_BLOCKED = 4,
	IOTSAFE_PIN_ABSENT = 5
};
struct iotsafe_pin {
	enum iotsafe_pin_state state;
	int tries; /* left; -1: the SIM does not tell */
};
/* Where a PIN comes from. One that is stored is tried again by every restart of a program, until it
 * is blocked and the device perhaps off the network. So it is sent only while at least two tries
 * are left, and a value that a SIM refused is never sent again, by any process (store-dir remembers
 * it, salted and hashed, in common with pin-source): IOTSAFE_E_PIN_WITHHELD. A person's is sent
 * once a call. */
enum iotsafe_pin_from { IOTSAFE_PIN_STORED = 1, IOTSAFE_PIN_PERSON = 2 };

/* Asks for the counter; no try is spent. ref: the PIN's number as in P2 of VERIFY (0x01: of the
 * application, 0x11: universal, 0x81: second); 0: that of the slot's `pin`, IOTSAFE_E_ARG where it
 * has none. */
IOTSAFE_CALL enum iotsafe_error iotsafe_pin_query(struct iotsafe *sim, unsigned ref,
						  struct iotsafe_pin *ret_pin);
/* Verifies a PIN of 4 to 8 digits (IOTSAFE_E_ARG for others). It is sent at most once, and not at
 * all where the SIM says that it is blocked, disabled or absent (IOTSAFE_E_NOT_FOUND) or, if
 * stored, verified already. IOTSAFE_E_PIN_UNSURE: nobody knows whether a try is gone; query before
 * anything else. ret_pin, which may be NULL, is written for IOTSAFE_OK, IOTSAFE_E_PIN_WRONG and
 * IOTSAFE_E_PIN_BLOCKED. The SIM forgets with its power: then calls answer IOTSAFE_E_PIN_NEEDED. */
IOTSAFE_CALL enum iotsafe_error iotsafe_pin_verify(struct iotsafe *sim, unsigned ref,
						   enum iotsafe_pin_from from, const char *pin,
						   struct iotsafe_pin *ret_pin);

#ifdef __cplusplus
}
#endif

#endif
