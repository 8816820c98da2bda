/* SPDX-License-Identifier: Apache-2.0 */
/* Every fault at each APDU or AT command of key generation, agreement, derivation, MACs and stored
 * certificates, on the link that the argument names: an error that Cryptoki allows or the right
 * result (libcrypto's), in time; nothing is left behind; and with the fault gone the next one
 * works. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include <openssl/core_names.h>

#include "ck.h"
#include "keys_ops.h"
#include "keys_table.h"

static const uint8_t psk[KEYS_SECRET] = {0x5A, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint8_t aes[16] = {0xA5, 1, 2, 3, 4, 5, 6, 7, 8, 9};
#define TAIL "010203040506070809"
static const char *const with_psk[] = {
	"--secret", "0A=5A" TAIL "00000000000000000000000000000000000000000000", NULL};
static const char *const with_aes[] = {"--secret", "07=A5" TAIL "000000000000", NULL};

/* One case each process. */
static struct {
	struct keys_pair pair;
	bool made; /* by run, which said CKR_OK */
	CK_OBJECT_HANDLE secret;
	uint8_t held[KEYS_POINT]; /* by the peer's slot */
} is;

static void expect_key(struct scene *s, const char *id)
{
	uint8_t now[KEYS_POINT];

	if (is.made && keys_raw_public(s->r, id, now) && memcmp(now, is.pair.point, sizeof(now)))
		s->wrong = "the card's key is not the one that was returned";
}

/* --- a key that goes with the power --- */

static CK_RV prepare_volatile(struct scene *s)
{
	CK_RV rv = keys_session(s);

	if (rv == CKR_OK)
		rv = keys_generate(s, NULL, &is.pair);
	for (int i = 0; rv == CKR_OK && i < 2; i++)
		rv = keys_agree(s, &is.pair);
	return rv;
}

static CK_RV generate(struct scene *s, bool *ret_right)
{
	CK_RV rv = keys_generate(s, NULL, &is.pair);

	is.made = *ret_right = rv == CKR_OK;
	return rv;
}

static CK_RV next_volatile(struct scene *s, bool *ret_right)
{
	CK_RV rv = keys_session(s);

	expect_key(s, "04");
	is.made = false;
	if (rv == CKR_OK)
		rv = keys_generate(s, NULL, &is.pair);
	if (rv == CKR_OK)
		rv = keys_agree(s, &is.pair);
	*ret_right = true;
	return rv;
}

/* --- a key that stays, replaced --- */

static CK_RV prepare_replace(struct scene *s)
{
	CK_RV rv = keys_session(s);

	if (rv == CKR_OK)
		rv = keys_generate(s, "ephemeral", &is.pair);
	return rv == CKR_OK ? keys_sign(s, &is.pair) : rv;
}

static CK_RV replace(struct scene *s, bool *ret_right)
{
	CK_RV rv = keys_generate(s, "ephemeral", &is.pair);

	is.made = *ret_right = rv == CKR_OK;
	return rv;
}

static CK_RV next_replace(struct scene *s, bool *ret_right)
{
	CK_RV rv = keys_session(s);

	expect_key(s, "303032");
	is.made = false;
	if (rv == CKR_OK)
		rv = keys_find_pair(s, "ephemeral", &is.pair);
	*ret_right = is.pair.priv != 0;
	if (rv == CKR_OK && *ret_right)
		rv = keys_sign(s, &is.pair);
	return rv == CKR_OK ? prepare_replace(s) : rv;
}

/* --- agreement --- */

static CK_RV agree(struct scene *s, bool *ret_right)
{
	*ret_right = true;
	return keys_agree(s, &is.pair);
}

/* That card shows no public key by itself; a slot that cannot be read is never used twice. */
static CK_RV find_kept(struct scene *s)
{
	CK_RV rv;

	rig_control(s->r, "object public 0002 access 03", NULL, 0);
	rig_control(s->r, "object public 0003 access 03", NULL, 0);
	rv = keys_session(s);
	return rv == CKR_OK ? keys_find_pair(s, "11", &is.pair) : rv;
}

/* An empty slot is filled by a first agreement, and it is another program that finds it filled. */
static CK_RV fill_slot(struct scene *s)
{
	CK_RV rv = find_kept(s);

	if (rv == CKR_OK)
		rv = keys_agree(s, &is.pair);
	if (rv == CKR_OK)
		rv = s->r->f->C_Finalize(NULL);
	return rv == CKR_OK ? s->r->f->C_Initialize(NULL) : rv;
}

static CK_RV prepare_kept(struct scene *s)
{
	CK_RV rv = CKR_OK;

	if (!keys_raw_public(s->r, "0003", is.held))
		rv = fill_slot(s);
	if (rv == CKR_OK)
		rv = find_kept(s);
	for (int i = 0; rv == CKR_OK && i < 2; i++)
		rv = keys_agree(s, &is.pair);
	if (!keys_raw_public(s->r, "0003", is.held))
		s->wrong = "the peer's slot is empty";
	return rv;
}

/* Was the card another one meanwhile? */
static bool was_removed(const struct scene *s)
{
	bool was = false;

	for (size_t i = 0; i < s->calls; i++)
		was = was || s->call[i].rv == CKR_DEVICE_REMOVED;
	return was;
}

/* Timeout (2 s) and the second that is kept for putting back are used up. */
static bool took_all_its_time(const struct scene *s)
{
	bool took = false;

	for (size_t i = 0; i < s->calls; i++)
		took = took || (strcmp(s->call[i].function, "C_DeriveKey") == 0 &&
				s->call[i].seconds > 2.95);
	return took;
}

/* What the slot held before, it holds afterwards: unless the card was taken out in between. When
 * there was no time for it, that may be the machine's doing: a failed assertion is tried again by
 * itself. */
static CK_RV next_kept(struct scene *s, bool *ret_right)
{
	CK_RV rv = keys_session(s);
	uint8_t now[KEYS_POINT];

	bool there = keys_raw_public(s->r, "0003", now);
	bool kept = was_removed(s) || (there && memcmp(now, is.held, sizeof(now)) == 0);
	if (!kept && took_all_its_time(s))
		fail_msg("the peer's slot was not put back in time");
	if (!kept)
		s->wrong = "the peer's slot was not put back";
	if (rv == CKR_OK)
		rv = keys_find_pair(s, "11", &is.pair);
	*ret_right = is.pair.priv != 0;
	return rv == CKR_OK ? keys_agree(s, &is.pair) : rv;
}

/* --- secrets of the card --- */

/* The answer before is of another length, so that it cannot be taken for a key: a stale one of the
 * same command would be. */
static CK_RV ask_something(struct scene *s)
{
	CK_BYTE b[13];

	return SCENE_CALL(s, C_GenerateRandom, s->session, b, sizeof(b));
}

static CK_RV find_secret(struct scene *s, const char *label)
{
	CK_RV rv = keys_session(s);

	return rv == CKR_OK ? keys_find(s, CKO_SECRET_KEY, label, &is.secret) : rv;
}

static CK_RV hkdf(struct scene *s, bool *ret_right)
{
	*ret_right = is.secret != 0;
	return keys_hkdf(s, is.secret, psk);
}

static CK_RV next_hkdf(struct scene *s, bool *ret_right)
{
	CK_RV rv = find_secret(s, "psk");

	return rv == CKR_OK ? hkdf(s, ret_right) : rv;
}

static CK_RV prepare_hkdf(struct scene *s)
{
	bool right;
	CK_RV rv = next_hkdf(s, &right);

	return rv == CKR_OK ? ask_something(s) : rv;
}

static CK_RV tls12(struct scene *s, bool *ret_right)
{
	*ret_right = is.secret != 0;
	return keys_tls12(s, is.secret, psk);
}

static CK_RV next_tls12(struct scene *s, bool *ret_right)
{
	CK_RV rv = find_secret(s, "psk");

	return rv == CKR_OK ? tls12(s, ret_right) : rv;
}

static CK_RV prepare_tls12(struct scene *s)
{
	bool right;
	CK_RV rv = next_tls12(s, &right);

	return rv == CKR_OK ? ask_something(s) : rv;
}

static CK_RV mac(struct scene *s, bool *ret_right)
{
	*ret_right = is.secret != 0;
	return keys_mac(s, is.secret, aes);
}

static CK_RV next_mac(struct scene *s, bool *ret_right)
{
	CK_RV rv = find_secret(s, "mac");

	return rv == CKR_OK ? mac(s, ret_right) : rv;
}

static CK_RV prepare_mac(struct scene *s)
{
	bool right;

	return next_mac(s, &right);
}

/* --- certificates --- */

static struct {
	uint8_t der[KEYS_DER_MAX];
	size_t n;
	bool stored;
} cert;

static void new_certificate(const struct rig *r)
{
	EVP_PKEY *device = rig_device_key(r);
	uint8_t point[KEYS_POINT];
	size_t n = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(device, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
							 point, sizeof(point), &n),
			 1);
	EVP_PKEY_free(device);
	cert.n = keys_certificate(point, cert.der);
}

/* Stored, found once, destroyed, gone. */
static CK_RV store(struct scene *s, bool *ret_right)
{
	CK_OBJECT_HANDLE h = 0;
	CK_ULONG before = 0, after = 0;
	CK_RV rv;

	new_certificate(s->r);
	cert.stored = false;
	rv = keys_session(s);
	if (rv == CKR_OK)
		rv = keys_store(s, cert.der, cert.n, &h);
	cert.stored = rv == CKR_OK;
	if (rv == CKR_OK)
		rv = keys_stored(s, cert.der, cert.n, &before);
	if (rv == CKR_OK)
		rv = SCENE_CALL(s, C_DestroyObject, s->session, h);
	if (rv != CKR_OK)
		return rv;
	cert.stored = false;
	rv = keys_stored(s, cert.der, cert.n, &after);
	*ret_right = before == 1 && after == 0;
	return rv;
}

/* What was stored is there, and only that is. */
static CK_RV next_store(struct scene *s, bool *ret_right)
{
	CK_ULONG n = 0;
	CK_RV rv = keys_session(s);

	if (rv == CKR_OK)
		rv = keys_stored(s, cert.der, cert.n, &n);
	if (rv != CKR_OK)
		return rv;
	if (n > 1 || (cert.stored && n != 1))
		s->wrong = "what was stored is not there once";
	return store(s, ret_right);
}

static bool allows_no_iccid(const char *function, CK_RV rv)
{
	if (strcmp(function, "C_CreateObject") == 0 && rv == CKR_TOKEN_WRITE_PROTECTED)
		return true; /* for want of the ICCID */
	return keys_allows(function, rv);
}

/* --- all --- */

static const struct fault_act acts[] = {
	[GENERATE] = {"a key generation", NULL, NULL, prepare_volatile, generate, next_volatile,
		      keys_allows_lost, 0},
	[REPLACE] = {"the replacement of a key", "zariot", NULL, prepare_replace, replace,
		     next_replace, keys_allows, 0},
	[AGREE] = {"an agreement", NULL, NULL, prepare_volatile, agree, next_volatile,
		   keys_allows_lost, 1},
	[KEPT] = {"an agreement with a slot that held something", "quantag", NULL, prepare_kept,
		  agree, next_kept, keys_allows, 1},
	[HKDF] = {"an extraction", "type2", with_psk, prepare_hkdf, hkdf, next_hkdf, keys_allows,
		  0},
	[TLS12] = {"a master secret", "type2", with_psk, prepare_tls12, tls12, next_tls12,
		   keys_allows, 0},
	[MAC] = {"a MAC", "thales", with_aes, prepare_mac, mac, next_mac, keys_allows, 0},
	[STORE] = {"a certificate stored", NULL, NULL, NULL, store, next_store, allows_no_iccid, 0},
};

int main(int argc, char **argv)
{
	const struct fault_set set = {.program = "keys",
				      .act = acts,
				      .acts = KEYS_ACTS,
				      .row = keys_rows,
				      .rows = keys_row_count,
				      .at_least = 50};

	return faults_main(argc, argv, &set);
}
