/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of libiotsafe share: the handle, and a call's visit to it. */
#ifndef IOTSAFE_SRC_LIB_SIM_H
#define IOTSAFE_SRC_LIB_SIM_H

#include <pthread.h>
#include <sys/types.h>

#include "card.h"
#include "iotsafe.h"
#include "mem.h"

/* What is known beside a container. */
struct sim_public {
	/* of a key its public half, of a certificate the key that it is about */
	enum { PUBLIC_UNREAD, PUBLIC_READ, PUBLIC_ABSENT } state;
	struct public_key key;
	bool is_ca;
	bool has_half; /* of a private key: the public key container of its pair is… */
	size_t half;   /* …this one */
};

struct iotsafe {
	pthread_mutex_t lock; /* of `busy` */
	pthread_cond_t free;  /* `busy` is no more */
	bool busy;	      /* a thread has all that is below */
	pid_t process;	      /* the one that opened it; constant */
	int timeout_ms;
	struct settings settings;  /* constant */
	struct settings_slot slot; /* constant */
	struct card *card;
	uint64_t owner; /* of the objects of the present SIM; unique in the process */
	/* the catalog, copied, since a failure takes the card's away */
	uint64_t epoch; /* of the card when it was copied */
	bool listed;
	struct container *item;	   /* owned */
	struct sim_public *public; /* owned; one for each item */
	size_t count;
};

/* A call's stay in the handle, for ON_EXIT(sim_leave). */
struct visit {
	struct iotsafe *sim; /* NULL: not entered */
	struct card *card;
	deadline dl;
};

/* Locks and their ends. ST_NOMEM. */
status sim_init(struct iotsafe *sim) MUST_USE;
void sim_destroy(struct iotsafe *sim);
/* Takes the handle for this thread. ST_ARG for none, ST_NOT_INIT in a forked child, ST_TIMEOUT. */
status sim_enter(struct iotsafe *sim, struct visit *ret_v) MUST_USE;
void sim_leave(struct visit *v);
/* The outcome of a call, told and remembered for iotsafe_why; an exchanged SIM's objects are void
 * from now on. v may be one that did not enter. */
enum iotsafe_error sim_answer(struct visit *v, status st);
/* A number that no SIM of this process has had. */
uint64_t sim_new_owner(void);
/* Copies the catalog when it has moved. */
status sim_catalog(struct visit *v) MUST_USE;
void sim_drop_catalog(struct iotsafe *sim);
/* The place of the object's container in the copied catalog. ST_ARG, ST_NO_OBJECT (it is another
 * SIM's), ST_NO_ENTRY. */
status sim_object(struct visit *v, const struct iotsafe_object *o, size_t *ret_i) MUST_USE;
/* n bytes to the caller: ST_SHORT_OUT, with *ret_n told, when they do not fit. */
status sim_give(struct bytes from, uint8_t *ret, size_t cap, size_t *ret_n) MUST_USE;

/* --- error.c --- */
enum iotsafe_error error_of(status st);
/* For iotsafe_why, until the thread's next failure. */
void error_why(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --- public.c: which public half belongs to a private key --- */
/* Finds the pairs in a new copy of the catalog. No traffic. */
void public_pair_up(struct iotsafe *sim);
/* The certificate in a file: views into buf, of FILE_SIZE_MAX bytes. Its key is known from then on.
 */
status public_certificate(struct visit *v, size_t file, uint8_t *buf,
			  struct x509_info *ret_cert) MUST_USE;
/* The public half of the key, or the key of the certificate, at this place. ST_NO_ENTRY: nobody
 * tells. */
status public_find(struct visit *v, size_t i, struct public_key *ret_key) MUST_USE;

#endif
