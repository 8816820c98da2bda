/* SPDX-License-Identifier: Apache-2.0 */
#include "libctx.h"

#include <openssl/crypto.h>
#include <openssl/obj_mac.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

/* All that this library ever keeps of libcrypto. */
static struct {
	OSSL_LIB_CTX *ctx;
	EC_GROUP *group[CURVE_BRAINPOOL_P256R1 + 1];
} own;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic enum { UNMADE, READY, DEAD } state = UNMADE;

static const int nids[] = {
	[CURVE_NONE] = NID_undef,
	[CURVE_P256] = NID_X9_62_prime256v1,
	[CURVE_P384] = NID_secp384r1,
	[CURVE_BRAINPOOL_P256R1] = NID_brainpoolP256r1,
};

static void drop(void)
{
	for (int i = CURVE_P256; i <= CURVE_BRAINPOOL_P256R1; i++) {
		EC_GROUP_free(own.group[i]);
		own.group[i] = NULL;
	}
	OSSL_LIB_CTX_free(own.ctx);
	own.ctx = NULL;
}

/* Called by OPENSSL_cleanup before it tears libcrypto down. */
static void on_cleanup(void)
{
	if (atomic_exchange(&state, DEAD) == READY)
		drop();
}

static bool make(void)
{
	own.ctx = OSSL_LIB_CTX_new();
	if (!own.ctx)
		return false;
	for (int i = CURVE_P256; i <= CURVE_BRAINPOOL_P256R1; i++) {
		own.group[i] = EC_GROUP_new_by_curve_name_ex(own.ctx, NULL, nids[i]);
		if (!own.group[i])
			return false;
	}
	return true;
}

/* libcrypto keeps the address of on_cleanup until the process ends, and Debian builds it without
 * the pinning of callers (no-pinshared): after a dlclose it would jump into nothing. So this object
 * pins itself. Fails for the main program, which nobody unloads. */
static void stay_mapped(void)
{
	Dl_info self;

	if (dladdr((void *)&own, &self) != 0 && self.dli_fname)
		(void)dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

/* Registered once, and mapped from then on. The first call says no after
 * OPENSSL_cleanup, and sets up no configuration. */
static bool registered(void)
{
	static bool done;

	if (done)
		return true;
	stay_mapped();
	done = OPENSSL_init_crypto(0, NULL) == 1 && OPENSSL_atexit(on_cleanup) == 1;
	return done;
}

OSSL_LIB_CTX *libctx_get(void)
{
	if (atomic_load(&state) == UNMADE) {
		pthread_mutex_lock(&lock);
		if (atomic_load(&state) == UNMADE && registered()) {
			if (make())
				atomic_store(&state, READY);
			else
				drop();
		}
		pthread_mutex_unlock(&lock);
	}
	return atomic_load(&state) == READY ? own.ctx : NULL;
}

const EC_GROUP *libctx_group(enum curve c)
{
	return libctx_get() && c > CURVE_NONE && c <= CURVE_BRAINPOOL_P256R1 ? own.group[c] : NULL;
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
	if (!libctx_get())
		return MARK_NONE;
	/* an empty queue takes no mark */
	return ERR_set_mark() == 1 ? MARK_SET : MARK_EMPTY;
}

void libctx_errors_back(int *mark)
{
	if (*mark == MARK_NONE || !libctx_get())
		return;
	if (*mark == MARK_SET)
		ERR_pop_to_mark();
	else
		ERR_clear_error();
}

bool crypto_alive(void)
{
	return libctx_get() != NULL;
}
