/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <cmocka.h>

CK_RV scene_note(struct scene *s, const char *function, CK_RV rv)
{
	double took = rig_seconds() - s->started;

	if (s->calls < SCENE_CALLS_MAX)
		s->call[s->calls++] = (struct scene_call){function, rv, took};
	return rv;
}

#define CALL SCENE_CALL

CK_RV scene_open(struct scene *s)
{
	s->session = 0;
	return CALL(s, C_OpenSession, 0, CKF_SERIAL_SESSION, NULL, NULL, &s->session);
}

CK_RV scene_search(struct scene *s, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *list,
		   CK_ULONG room, CK_ULONG *ret_n)
{
	CK_RV rv = CALL(s, C_FindObjectsInit, s->session, t, n), end;

	*ret_n = 0;
	if (rv != CKR_OK)
		return rv;
	rv = CALL(s, C_FindObjects, s->session, list, room, ret_n);
	end = CALL(s, C_FindObjectsFinal, s->session);
	return rv != CKR_OK ? rv : end;
}

static CK_RV first(struct scene *s, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *ret_h)
{
	CK_ULONG found = 0;
	CK_RV rv = scene_search(s, t, n, ret_h, 1, &found);

	if (rv != CKR_OK || found == 0)
		*ret_h = 0;
	return rv;
}

CK_RV scene_find(struct scene *s)
{
	CK_OBJECT_CLASS priv = CKO_PRIVATE_KEY, cert = CKO_CERTIFICATE;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE keys[] = {{CKA_CLASS, &priv, sizeof(priv)}, {CKA_SIGN, &yes, sizeof(yes)}};
	CK_ATTRIBUTE certs[] = {{CKA_CLASS, &cert, sizeof(cert)}};
	CK_RV rv = scene_search(s, NULL, 0, s->object, SCENE_OBJECTS_MAX, &s->objects);

	s->key = s->certificate = 0;
	if (rv == CKR_OK)
		rv = first(s, keys, 2, &s->key);
	if (rv == CKR_OK)
		rv = first(s, certs, 1, &s->certificate);
	return rv;
}

static bool is_ours(const struct rig *r, const uint8_t *der, size_t n)
{
	const uint8_t *at = der;
	X509 *x = d2i_X509(NULL, &at, (long)n);
	EVP_PKEY *key = x ? X509_get_pubkey(x) : NULL;
	EVP_PKEY *ours = rig_device_key(r);
	bool same = at == der + n && key && ours && EVP_PKEY_eq(key, ours) == 1;

	EVP_PKEY_free(ours);
	EVP_PKEY_free(key);
	X509_free(x);
	return same;
}

CK_RV scene_certificate(struct scene *s, bool *ret_same)
{
	static uint8_t der[40000];
	CK_ATTRIBUTE a = {CKA_VALUE, NULL, 0};
	CK_RV rv = CALL(s, C_GetAttributeValue, s->session, s->certificate, &a, 1);

	*ret_same = false;
	if (rv != CKR_OK)
		return rv;
	a.pValue = der;
	if (a.ulValueLen > sizeof(der))
		return CKR_GENERAL_ERROR;
	rv = CALL(s, C_GetAttributeValue, s->session, s->certificate, &a, 1);
	if (rv == CKR_OK)
		*ret_same = is_ours(s->r, der, a.ulValueLen);
	return rv;
}

CK_RV scene_sign(struct scene *s)
{
	static unsigned serial;
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	uint8_t digest[32] = {0}, sig[256];
	CK_ULONG n = sizeof(sig);
	CK_RV rv;

	serial++;
	memcpy(digest, &serial, sizeof(serial));
	rv = CALL(s, C_SignInit, s->session, &m, s->key);
	if (rv != CKR_OK)
		return rv;
	rv = CALL(s, C_Sign, s->session, digest, sizeof(digest), sig, &n);
	if (rv == CKR_OK && (n != 64 || !rig_verify(s->r, digest, sizeof(digest), sig, n))) {
		s->bad_signature = true;
		s->wrong = "a bad signature was returned";
	}
	return rv;
}

/* --- judging --- */

/* What any function with a session may say about a device that fails. */
static bool is_device_failure(CK_RV rv)
{
	static const CK_RV list[] = {CKR_OK,
				     CKR_GENERAL_ERROR,
				     CKR_FUNCTION_FAILED,
				     CKR_HOST_MEMORY,
				     CKR_DEVICE_ERROR,
				     CKR_DEVICE_MEMORY,
				     CKR_DEVICE_REMOVED,
				     CKR_SESSION_HANDLE_INVALID};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i] == rv)
			return true;
	return false;
}

bool scene_allows(const char *function, CK_RV rv)
{
	if (strcmp(function, "C_OpenSession") == 0) /* design §3: never fails on a present token */
		return rv == CKR_OK || rv == CKR_TOKEN_NOT_PRESENT;
	if (strcmp(function, "C_GetAttributeValue") == 0 && rv == CKR_OBJECT_HANDLE_INVALID)
		return true; /* the object went with its card */
	if (strcmp(function, "C_SignInit") == 0 && rv == CKR_KEY_HANDLE_INVALID)
		return true;
	return is_device_failure(rv);
}

void scene_print(const struct scene *s, size_t from)
{
	for (size_t i = from; i < s->calls; i++)
		fprintf(stderr, "    %-20s %#lx %.3f s\n", s->call[i].function, s->call[i].rv,
			s->call[i].seconds);
}

/* --- the world outside --- */

void scene_await_present(const struct rig *r)
{
	const struct timespec pause = {0, 20000000};
	double until = rig_seconds() + 8;
	CK_SLOT_INFO info = {0};

	while (r->f->C_GetSlotInfo(0, &info) != CKR_OK || !(info.flags & CKF_TOKEN_PRESENT)) {
		assert_true(rig_seconds() < until);
		nanosleep(&pause, NULL);
	}
}

unsigned scene_channels(const struct rig *r)
{
	char text[256];
	const char *at;

	rig_control(r, "channels", text, sizeof(text));
	at = strstr(text, "open=");
	assert_non_null(at);
	return (unsigned)strtoul(at + 5, NULL, 10);
}

double scene_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
