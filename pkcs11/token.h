/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of the SIM in a slot. Built from the card's catalog without further traffic; public
 * keys and files are read at the first need and kept as long as the catalog stands.
 *
 * A pair is one identity: a private key, its public half from a public key container or from a
 * certificate, one id and one label for all of them. All calls with the slot locked. */
#ifndef IOTSAFE_PKCS11_TOKEN_H
#define IOTSAFE_PKCS11_TOKEN_H

#include "card.h"
#include "ck.h"
#include "slot.h"
#include "status.h"
#include "store.h"

enum {
	TOKEN_NAME_MAX = STORE_LABEL_MAX + 1,
	/* pairs made by one process that are remembered as such; the oldest go first */
	TOKEN_GENERATED_MAX = 16,
};

struct pair {
	struct container priv, pub;
	bool has_priv, has_pub;
	enum { KEY_UNREAD, KEY_READ, KEY_ABSENT } state;
	bool is_own;		  /* when KEY_READ: the card's own public half told it */
	bool discarded;		  /* what token_is_discarded said last */
	bool was_read;		  /* KEY_UNREAD again: key_id is of the key that was there */
	struct public_key key;	  /* when KEY_READ */
	uint8_t key_id[20];	  /* SHA-1 of the public point, when KEY_READ */
	uint8_t id[STORE_ID_MAX]; /* CKA_ID, unless KEY_UNREAD */
	size_t id_n;
	char name[TOKEN_NAME_MAX];    /* CKA_LABEL */
	CK_OBJECT_HANDLE cert_public; /* of the public key that only a certificate tells, or 0 */
};

struct object {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class; /* of a certificate container: certain once the files are read */
	struct container c;    /* where it comes from */
	struct pair *pair;     /* of a key, never NULL; of a certificate see token_cert_pair */
	bool from_cert;	       /* a public key that only a certificate tells */
	/* files */
	enum { FILE_UNREAD, FILE_READ, FILE_REFUSED } state;
	uint8_t *data; /* owned; DER of a certificate */
	size_t data_n;
	struct x509_info *x509; /* owned; NULL: no certificate. Points into data */
	bool linked;		/* pair was looked for */
	/* of what is no container (token_extra.c) */
	struct store_entry *stored; /* in token->store; its value is data */
	CK_ULONG profile;	    /* CKA_PROFILE_ID; 0 for others */
};

/* The store's folder when it was read. */
struct token_stamp {
	bool there;
	bool sure; /* long enough ago, so that its time would tell a change */
	uint64_t dev, ino;
	int64_t sec, nsec;
};

struct token {
	uint64_t epoch; /* card_epoch of the catalog it was built from */
	struct pair *pair;
	size_t pair_count;
	struct object *object;
	size_t object_count, object_cap;
	/* what is beside the card's containers: store objects, then profiles */
	struct object *extra;
	size_t extra_count;
	struct store_list *store; /* owned; NULL: nothing is stored */
	struct token_stamp stamp;
	char iccid[ICCID_DIGITS_MAX + 1]; /* empty until the store is looked at */
	bool has_hkdf;			  /* CKM_HKDF_DATA is offered; set by the search */
	bool files_read;		  /* every certificate container */
	/* ids of the pairs that token_note_generated was told */
	uint8_t generated[TOKEN_GENERATED_MAX][20];
	size_t generated_count; /* of all times */
	/* Remote administration held something: built anew then, to read it again. 0: it did not */
	deadline locked_until;
	/* Something asked for a PIN that was not given; and now it was: built anew too */
	bool kept_back, read_again;
};

/* The objects as they are now; reads the catalog when it must. *ret_t lives until the next call of
 * this, or a failure. */
status token_get(struct slot *s, struct token **ret_t) MUST_USE;
void token_free(struct token *t); /* NULL is fine */
/* The PIN was given: what was kept back without it is read when next asked for. NULL is fine. */
void token_read_again(struct token *t);

/* NULL: no such object (any more). */
struct object *token_object(struct token *t, CK_OBJECT_HANDLE h);

/* Makes sure that all objects of the class are there and rightly classed. */
status token_settle(struct slot *s, struct token *t, const CK_OBJECT_CLASS *class) MUST_USE;
/* Makes pair->state and pair->id known. A refusal of the card is not a failure: KEY_ABSENT, for
 * good unless t->locked_until is set. */
status token_key(struct slot *s, struct token *t, struct pair *pair) MUST_USE;
/* Makes object->state known. */
status token_file(struct slot *s, struct object *o) MUST_USE;
/* The pair whose key the certificate is about in o->pair, or NULL. */
status token_cert_pair(struct slot *s, struct token *t, struct object *o) MUST_USE;

/* CKA_PRIVATE: the object is not there for whom has not logged in. Only the configuration is asked.
 */
bool token_is_private(struct slot *s, const struct object *o);
/* CKA_KEY_TYPE of a key object. */
CK_KEY_TYPE token_key_type(const struct object *o);
/* A key pair was made on the card before our eyes (CKA_LOCAL): remembered as long as this SIM is
 * there. */
status token_note_generated(struct token *t, const struct public_key *k) MUST_USE;
/* By this process, or by one that says so in the store. Reads the key when that may be. */
status token_was_generated(struct slot *s, struct token *t, struct pair *pair, bool *ret) MUST_USE;
/* Is what the pair holds only there in place of a key that was destroyed? Then it is as good as
 * empty, and no object shows it. Reads the key when that may be. */
status token_is_discarded(struct slot *s, struct token *t, struct pair *pair, bool *ret) MUST_USE;
/* The pair can make keys, as far as its containers say. */
bool token_can_generate(const struct pair *pair);
/* CKA_MODIFIABLE, CKA_DESTROYABLE of a private key: made for us and with room for the names that it
 * is given; the same, or volatile, with room to remember that it is gone. */
status token_key_modifiable(struct slot *s, struct token *t, struct pair *pair, bool *ret) MUST_USE;
status token_key_destroyable(struct slot *s, struct token *t, struct pair *pair,
			     bool *ret) MUST_USE;
/* The pair's key is another one: its objects are others, with other handles. */
void token_renew_handles(struct token *t, const struct pair *pair);

/* May anything be written: to the store, or to a container as far as the list is known? No traffic.
 */
bool token_writable(struct slot *s);

/* --- token_extra.c: certificates and data of the host-side store, names given to keys, profiles.
 * The store is looked at (one stat) each time the objects are asked for. --- */

/* Brings extra objects and names in step with the store; handles of `old` (or of the token itself)
 * carry over. A store that cannot be read has nothing. */
status token_refresh(struct slot *s, struct token *t, const struct token *old) MUST_USE;
/* To be called when we wrote to the store: the next look reads it. */
void token_store_changed(struct token *t);
void token_free_extra(struct token *t);
/* The SIM's ICCID, empty when it has none. */
status token_iccid(struct slot *s, struct token *t, const char **ret_iccid) MUST_USE;
/* The store object of this file, or NULL. */
struct object *token_stored(struct token *t, const char *file);
/* Has any key a name from the store? */
bool token_has_names(const struct token *t);
/* The entry of a kind for a key, or NULL. The list may be NULL. */
const struct store_entry *token_find_entry(const struct store_list *l, enum store_kind kind,
					   const uint8_t key[20]);
/* In the token's store. */
const struct store_entry *token_key_entry(const struct token *t, enum store_kind kind,
					  const uint8_t key[20]);
bool token_has_entry(const struct token *t, enum store_kind kind);
/* CKA_LABEL and CKA_ID of a pair whose key was just read. */
void token_name_pair(const struct token *t, struct pair *pair);
/* Is it to be shown? A store object only beside its key, a profile only while it is true, a key
 * unless it is discarded. */
status token_shown(struct slot *s, struct token *t, struct object *o, bool *ret) MUST_USE;
/* All objects, shown or not, in the order in which clients see them: keys, stored certificates,
 * the card's, profiles. Room for object_count + extra_count. */
size_t token_order(struct token *t, struct object **ret_list);

/* --- token_adopt.c: the same key in another SIM, for groups of slots --- */
/* Reads the public half of each private key that can be told apart by it, so that it is known when
 * the SIM no longer answers. */
status token_know_keys(struct slot *s, struct token *t) MUST_USE;
/* Does t have a private key that `old`, the token of another SIM, has too? Then what is the same in
 * both (keys by their public half, certificates by value or key, data by label) takes over the
 * handles that it has in `old`. Both are token_know_keys'. */
bool token_adopt(struct token *t, const struct token *old);
/* The private key container of the slot's SIM that holds the key of this public half. ST_NO_KEY. */
status token_find_private(struct slot *s, const struct public_key *k,
			  struct container *ret) MUST_USE;

/* --- token_build.c --- */
/* Objects and pairs of a catalog; handles of `old` (or NULL) carry over to what is the same. */
status token_build(const struct catalog *cat, const struct token *old,
		   struct token **ret_t) MUST_USE;
/* We have put another key there: the container's objects stay the same ones. */
void token_forget_key(struct token *t, const struct container *priv);
/* Adds the public key that only a certificate tells. */
status token_add_public(struct token *t, struct pair *pair) MUST_USE;
/* A handle that no object of this process has had. */
CK_OBJECT_HANDLE token_new_handle(void);
/* A container's label cleaned for people, else a name made of kind and id. */
void token_name(const struct container *c, char ret[TOKEN_NAME_MAX]);

#endif
