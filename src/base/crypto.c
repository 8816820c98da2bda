/* SPDX-License-Identifier: Apache-2.0 */
#include "libctx.h"

#include <openssl/crypto.h>
#include <openssl/obj_mac.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "deadline.h"

/* All that this library ever keeps of libcrypto. Made without a lock, since a fork during the first
 * call would leave that locked in the child for ever: two threads may both make it, one stays. */
struct own {
	OSSL_LIB_CTX *ctx;
	EC_GROUP *group[CURVE_BRAINPOOL_P256R1 + 1];
};
static _Atomic(struct own *) current;
static _Atomic bool dead;
static _Atomic unsigned users; /* threads between errors_mark and errors_back */

/* What a computation takes at the most, on a busy machine too. */
enum { USERS_LEAVE_MS = 50 };

static const int nids[] = {
	[CURVE_NONE] = NID_undef,
	[CURVE_P256] = NID_X9_62_prime256v1,
	[CURVE_P384] = NID_secp384r1,
	[CURVE_BRAINPOOL_P256R1] = NID_brainpoolP256r1,
};

static void drop(struct own *own)
{
	if (!own)
		return;
	for (int i = CURVE_P256; i <= CURVE_BRAINPOOL_P256R1; i++)
		EC_GROUP_free(own->group[i]);
	OSSL_LIB_CTX_free(own->ctx);
	free(own);
}

/* Called by OPENSSL_cleanup before it tears libcrypto down. The program may end while others of its
 * threads compute in here: they are let out first. A child may have inherited a count of threads
 * that it does not have, so the wait is short; what may be in use then stays. */
static void on_cleanup(void)
{
	atomic_store(&dead, true);
	for (int ms = 0; atomic_load(&users) != 0; ms++) {
		if (ms == USERS_LEAVE_MS)
			return;
		deadline_sleep(DEADLINE_NEVER, 1);
	}
	drop(atomic_exchange(&current, NULL));
}

static struct own *make(void)
{
	struct own *own = calloc(1, sizeof(*own));
	bool whole = own && (own->ctx = OSSL_LIB_CTX_new()) != NULL;

	for (int i = CURVE_P256; whole && i <= CURVE_BRAINPOOL_P256R1; i++) {
		own->group[i] = EC_GROUP_new_by_curve_name_ex(own->ctx, NULL, nids[i]);
		whole = own->group[i] != NULL;
	}
	if (whole)
		return own;
	drop(own);
	return NULL;
}

/* Registered once. libcrypto keeps the address of on_cleanup until the process ends, and Debian's
 * pins nobody for it: a shared object with this in it is linked with -z nodelete. The first call
 * says no after OPENSSL_cleanup, and sets up no configuration. */
static bool registered(void)
{
	static _Atomic bool done;

	if (OPENSSL_init_crypto(0, NULL) != 1)
		return false;
	if (atomic_exchange(&done, true))
		return true;
	if (OPENSSL_atexit(on_cleanup) == 1)
		return true;
	atomic_store(&dead, true); /* without the warning at the end nothing is safe */
	return false;
}

static struct own *get(void)
{
	struct own *own = atomic_load(&current), *made, *none = NULL;

	if (atomic_load(&dead))
		return NULL;
	if (own || !registered())
		return own;
	made = make();
	if (!made || atomic_compare_exchange_strong(&current, &none, made))
		return made;
	drop(made);
	return none;
}

OSSL_LIB_CTX *libctx_get(void)
{
	struct own *own = get();

	return own ? own->ctx : NULL;
}

const EC_GROUP *libctx_group(enum curve c)
{
	struct own *own = atomic_load(&current);

	return own && c > CURVE_NONE && c <= CURVE_BRAINPOOL_P256R1 ? own->group[c] : NULL;
}

BN_CTX *libctx_bn_ctx(void)
{
	BN_CTX *ctx = libctx_get() ? BN_CTX_new_ex(libctx_get()) : NULL;

	if (ctx)
		BN_CTX_start(ctx);
	return ctx;
}

void libctx_free_bn_ctx(BN_CTX **ctx)
{
	if (!*ctx)
		return;
	BN_CTX_end(*ctx);
	BN_CTX_free(*ctx);
}

enum { MARK_NONE, MARK_EMPTY, MARK_SET };

int libctx_errors_mark(void)
{
	atomic_fetch_add(&users, 1);
	if (!libctx_get())
		return MARK_NONE;
	/* an empty queue takes no mark */
	return ERR_set_mark() == 1 ? MARK_SET : MARK_EMPTY;
}

void libctx_errors_back(int *mark)
{
	if (*mark == MARK_SET)
		ERR_pop_to_mark();
	if (*mark == MARK_EMPTY)
		ERR_clear_error();
	atomic_fetch_sub(&users, 1);
}

bool crypto_alive(void)
{
	return libctx_get() != NULL;
}
