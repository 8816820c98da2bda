/* SPDX-License-Identifier: Apache-2.0 */
/* A card without a SIM: implements core/card.h and core/discover.h in memory, with real keys, so
 * that the Cryptoki layer can be tested alone. One state for all its cards. */
#ifndef IOTSAFE_TESTS_FAKE_CARD_H
#define IOTSAFE_TESTS_FAKE_CARD_H

#include <stdatomic.h>

#include "card.h"

/* Places in fake.cat.item of the standard catalog. */
enum {
	FAKE_DEVICE_KEY,  /* P-256, "device", id 01; public key read from the card */
	FAKE_DEVICE_PUB,  /* "device", id 02 */
	FAKE_DEVICE_CERT, /* "client", id 03: tied to the pair by its key; DER with padding */
	FAKE_BACKUP_KEY,  /* P-384, "backup", id 11; no public container */
	FAKE_BACKUP_CERT, /* "backup", id 12, PEM */
	FAKE_RSA_KEY,	  /* no label, id 21 */
	FAKE_RSA_PUB,	  /* "rsa-pub", id 21 */
	FAKE_EMPTY_KEY,	  /* volatile, not filled, id 31 */
	FAKE_BROKEN_CERT, /* "broken", id 41: no certificate in it */
	FAKE_DATA,	  /* "notes", id 42 */
	FAKE_SECRET,	  /* "psk", id 51 */
	FAKE_ITEMS
};

enum fake_call {
	FAKE_IDENTIFY,
	FAKE_CATALOG,
	FAKE_READ_FILE,
	FAKE_READ_PUBLIC,
	FAKE_SIGN,
	FAKE_RANDOM,
	FAKE_CALLS
};

/* One of several devices, known by its URI; what is not set here is as for all. */
struct fake_device {
	const char *uri;
	const char *iccid;	/* NULL: fake.iccid */
	struct catalog *cat;	/* NULL: fake.cat */
	atomic_bool gone;	/* no SIM */
	atomic_bool quiet;	/* … of which only card_look tells */
	atomic_bool deaf;	/* card_look has no answer */
	_Atomic status answer;	/* to all calls that talk; ST_OK: work */
	atomic_uint slow_ms;	/* what such an answer takes, until the deadline */
	atomic_uint fails_from; /* from the so manieth call that talks on, when answer is set */
	atomic_uint calls;
	atomic_uint looks, changes; /* beside those of all */
	atomic_uint pins;	    /* commands that carried a PIN */
	atomic_bool asked;	    /* card_look found no SIM */
};
enum { FAKE_DEVICES = 8 };

struct fake {
	struct catalog cat;
	struct fake_device device[FAKE_DEVICES];
	const char *const *readers; /* URIs to discover, ended by NULL; NULL: the configuration's */
	void (*on_free)(void);	    /* called while a card is being freed; may be NULL */
	const char *iccid;
	atomic_bool present;
	atomic_uint changes; /* card_changes */
	atomic_uint looks;   /* card_look was called */
	atomic_uint calls[FAKE_CALLS];
	/* what the next calls of a kind answer, until cleared; ST_OK: work */
	_Atomic status answer[FAKE_CALLS];
	atomic_uint epoch;
	atomic_uint sign_ms;		    /* card time of a signature */
	atomic_bool bad_signature;	    /* the card answers something else */
	atomic_bool checked;		    /* the last request asked for the check */
	atomic_uint live, freed, forgotten; /* cards */
};
extern struct fake fake;

/* Makes keys, certificates and the standard catalog; once in a program. */
void fake_setup(void);
/* Back to the standard state. */
void fake_reset(void);
/* Sum of the calls that would have talked to a card. */
unsigned fake_traffic(void);
/* Only the containers whose places are listed, ended by -1. */
void fake_keep(const int *places);
const struct public_key *fake_public(int key_place);
/* NULL: none of fake.device is its. */
struct fake_device *fake_device_of(const struct card *c);
/* What its device answers to whatever is sent. */
status fake_talk(const struct card *c, deadline dl);
/* DER of the certificate, without what pads it. */
struct bytes fake_cert(int cert_place);

#endif
