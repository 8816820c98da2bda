/* SPDX-License-Identifier: Apache-2.0 */
#include "libctx.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

/* All that this library ever keeps of libcrypto. */
static struct {
	OSSL_LIB_CTX *ctx;
	OSSL_PROVIDER *provider;
	EVP_MD *md[HASH_SHA512 + 1];
} own;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic enum { UNMADE, READY, DEAD } state = UNMADE;

static const char *const md_names[] = {
	[HASH_NONE] = NULL,	  [HASH_SHA1] = "SHA1",	    [HASH_SHA256] = "SHA256",
	[HASH_SHA384] = "SHA384", [HASH_SHA512] = "SHA512",
};

static void drop(void)
{
	for (int i = HASH_SHA1; i <= HASH_SHA512; i++) {
		EVP_MD_free(own.md[i]);
		own.md[i] = NULL;
	}
	OSSL_PROVIDER_unload(own.provider);
	own.provider = NULL;
	OSSL_LIB_CTX_free(own.ctx);
	own.ctx = NULL;
}

/* Called by OPENSSL_cleanup before it tears libcrypto down. */
static void on_cleanup(void)
{
	if (atomic_exchange(&state, DEAD) == READY)
		drop();
}

/* libcrypto keeps the address of on_cleanup until the process ends, and Debian builds it without
 * the pinning of callers that would keep this object mapped: so it pins itself. Fails for the main
 * program, which nobody unloads. */
static void stay_mapped(void)
{
	Dl_info self;

	if (dladdr((void *)&own, &self) != 0 && self.dli_fname)
		(void)dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

static bool make(void)
{
	/* base set-up only, no configuration; says no after OPENSSL_cleanup */
	if (OPENSSL_init_crypto(0, NULL) != 1)
		return false;
	own.ctx = OSSL_LIB_CTX_new();
	if (!own.ctx)
		return false;
	own.provider = OSSL_PROVIDER_load(own.ctx, "default");
	if (!own.provider)
		return false;
	for (int i = HASH_SHA1; i <= HASH_SHA512; i++)
		own.md[i] = EVP_MD_fetch(own.ctx, md_names[i], NULL);
	return own.md[HASH_SHA256] != NULL;
}

OSSL_LIB_CTX *libctx_get(void)
{
	if (atomic_load(&state) == UNMADE) {
		pthread_mutex_lock(&lock);
		if (atomic_load(&state) == UNMADE) {
			static bool registered; /* never twice */

			if (!registered) {
				stay_mapped();
				registered = OPENSSL_atexit(on_cleanup) == 1;
			}
			if (registered && make())
				atomic_store(&state, READY);
			else
				drop();
		}
		pthread_mutex_unlock(&lock);
	}
	return atomic_load(&state) == READY ? own.ctx : NULL;
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

const EVP_MD *libctx_md(enum hash_alg alg)
{
	return libctx_get() && alg > HASH_NONE && alg <= HASH_SHA512 ? own.md[alg] : NULL;
}
