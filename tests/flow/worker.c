/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <setjmp.h>
#include <cmocka.h>

enum { POINT_SIZE = 67 }; /* 04 41 04 X Y */

static EVP_PKEY *key_of_point(const uint8_t *point, size_t n)
{
	char group[] = "P-256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point,
						  n),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *k = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &k, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(ctx);
	return k;
}

static bool verifies(EVP_PKEY *key, const uint8_t digest[32], const uint8_t sig[64])
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	unsigned char *der = NULL;
	int n;
	bool good;

	ECDSA_SIG_set0(s, BN_bin2bn(sig, 32, NULL), BN_bin2bn(sig + 32, 32, NULL));
	n = i2d_ECDSA_SIG(s, &der);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	good = n > 0 && EVP_PKEY_verify(ctx, der, (size_t)n, digest, 32) == 1;
	OPENSSL_free(der);
	EVP_PKEY_CTX_free(ctx);
	ECDSA_SIG_free(s);
	return good;
}

CK_RV worker_start_over(struct worker *w)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_SIGN, &yes, sizeof(yes)}};
	uint8_t point[POINT_SIZE];
	CK_ATTRIBUTE a = {CKA_EC_POINT, point, sizeof(point)};
	struct scene *s = &w->scene;
	CK_ULONG n = 0;
	CK_RV rv;

	if (s->session != 0)
		(void)s->r->f->C_CloseSession(s->session);
	EVP_PKEY_free(w->key);
	w->key = NULL;
	rv = scene_open(s);
	if (rv == CKR_OK)
		rv = scene_search(s, t, 2, &s->key, 1, &n);
	if (rv != CKR_OK)
		return rv;
	if (n == 0) /* a list of which the SIM was taken away */
		return CKR_DEVICE_REMOVED;
	rv = SCENE_CALL(s, C_GetAttributeValue, s->session, s->key, &a, 1);
	if (rv != CKR_OK)
		return rv;
	assert_int_equal(a.ulValueLen, POINT_SIZE);
	w->key = key_of_point(point + 2, POINT_SIZE - 2);
	w->keys_met++;
	return CKR_OK;
}

CK_RV worker_sign(struct worker *w)
{
	static unsigned serial;
	struct scene *s = &w->scene;
	uint8_t digest[32] = {0}, sig[256];
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_ULONG n = sizeof(sig);
	CK_RV rv;

	serial++;
	memcpy(digest, &serial, sizeof(serial));
	rv = SCENE_CALL(s, C_SignInit, s->session, &m, s->key);
	if (rv == CKR_OK)
		rv = SCENE_CALL(s, C_Sign, s->session, digest, sizeof(digest), sig, &n);
	if (rv != CKR_OK)
		return rv;
	assert_int_equal(n, 64);
	assert_true(verifies(w->key, digest, sig));
	w->signatures++;
	return CKR_OK;
}

void worker_judge(struct worker *w)
{
	struct scene *s = &w->scene;

	for (size_t i = 0; i < s->calls; i++) {
		const struct scene_call *c = &s->call[i];

		if (c->seconds > w->slowest_call)
			w->slowest_call = c->seconds;
		w->errors += c->rv != CKR_OK;
		w->slow += c->seconds >= w->call_max;
		if (scene_allows(c->function, c->rv) && c->seconds < w->hang_max)
			continue;
		scene_print(s, 0);
		fail_msg("%s: %#lx after %.3f s", c->function, c->rv, c->seconds);
	}
	s->calls = 0;
}

void worker_recover(struct worker *w)
{
	double began = rig_seconds(), took;
	CK_RV rv;

	do {
		rv = worker_start_over(w);
		worker_judge(w);
		if (rv == CKR_TOKEN_NOT_PRESENT)
			rig_pause_ms(1);
		if (rv != CKR_OK)
			continue;
		rv = worker_sign(w);
		worker_judge(w);
	} while (rv != CKR_OK && rig_seconds() - began < w->hang_max);
	took = rig_seconds() - began;
	if (took > w->slowest_recovery)
		w->slowest_recovery = took;
	w->recoveries++;
	w->slow += took >= w->recovery_max;
	if (rv != CKR_OK)
		fail_msg("recovered with %#lx after %.3f s", rv, took);
}

bool worker_turn(struct worker *w)
{
	CK_RV rv = worker_sign(w);

	worker_judge(w);
	if (rv != CKR_OK)
		worker_recover(w);
	return rv == CKR_OK;
}

void worker_free(struct worker *w)
{
	EVP_PKEY_free(w->key);
	w->key = NULL;
}
