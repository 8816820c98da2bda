/* SPDX-License-Identifier: Apache-2.0 */
/* The mandatory test cases of the OASIS profiles, version 3.2: what each asks of a provider (which
 * calls, in which order, with which results; Profiles §3), said in our own words over the real
 * module and the software SIM. Identifiers, names, key types and values are the token's own, as
 * §3.1 allows; the version is not: it has to be 3.2, through the interface of that version.
 * Argument: the link. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dlfcn.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

enum {
	CLASS_PROFILE = 9,
	ATTR_UNIQUE_ID = 0x4,
	ATTR_PROFILE_ID = 0x601,
	BASELINE = 1,
	EXTENDED = 2,
	AUTHENTICATION = 3,
	CERTIFICATES = 4,
};

#define assert_ok(call) assert_int_equal((call), CKR_OK)

/* A version 3.2 list starts as a 2.40 list does; C_LoginUser is the third of those that follow. */
struct list_3_2 {
	CK_FUNCTION_LIST old;
	CK_RV (*C_GetInterfaceList)(void *, CK_ULONG *);
	CK_RV (*C_GetInterface)(CK_UTF8CHAR *, CK_VERSION *, void *, CK_FLAGS);
	CK_RV(*C_LoginUser)
	(CK_SESSION_HANDLE, CK_USER_TYPE, CK_UTF8CHAR *, CK_ULONG, CK_UTF8CHAR *, CK_ULONG);
};

struct interface {
	CK_CHAR *name;
	struct list_3_2 *list;
	CK_FLAGS flags;
};

struct scene {
	struct rig rig;
	CK_FUNCTION_LIST *f;
	struct list_3_2 *f32;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE s;
};

static enum rig_link wire;
static CK_UTF8CHAR pin[] = "1234";

static void load(struct scene *c)
{
	CK_VERSION v = {3, 2};
	struct interface *i = NULL;
	CK_RV (*get)(CK_UTF8CHAR *, CK_VERSION *, struct interface **, CK_FLAGS);

	rig_module(&c->rig);
	*(void **)&get = dlsym(c->rig.handle, "C_GetInterface");
	assert_non_null(get);
	assert_ok(get((CK_UTF8CHAR *)"PKCS 11", &v, &i, 0));
	c->f32 = i->list;
	c->f = &c->f32->old;
	assert_int_equal(c->f->version.major, 3);
	assert_int_equal(c->f->version.minor, 2);
	c->rig.f = c->f;
}

static void begin(struct scene *c, const char *profile, const char *slot_conf)
{
	struct rig_options opt = {.link = wire, .profile = profile, .slot_conf = slot_conf};

	*c = (struct scene){0};
	rig_start(&c->rig, &opt);
	load(c);
}

static void end(struct scene *c)
{
	rig_stop(&c->rig);
}

/* The beginning that all cases have in common: initialised, told its version, one token found. */
static void up_to_slot(struct scene *c)
{
	CK_INFO info;
	CK_ULONG n = 0;

	assert_ok(c->f->C_Initialize(NULL));
	assert_ok(c->f->C_GetInfo(&info));
	assert_int_equal(info.cryptokiVersion.major, 3);
	assert_int_equal(info.cryptokiVersion.minor, 2);
	assert_int_equal(info.flags, 0);
	rig_slot(&c->rig); /* pcscd shows a card a while after its start */
	assert_null(memchr(info.manufacturerID, 0, sizeof(info.manufacturerID)));
	assert_null(memchr(info.libraryDescription, 0, sizeof(info.libraryDescription)));
	assert_ok(c->f->C_GetSlotList(CK_TRUE, NULL, &n));
	assert_int_equal(n, 1);
	assert_ok(c->f->C_GetSlotList(CK_TRUE, &c->slot, &n));
	assert_int_equal(n, 1);
}

static void slot_and_token(struct scene *c, bool with_pin)
{
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;

	assert_ok(c->f->C_GetSlotInfo(c->slot, &slot));
	assert_true(slot.flags & CKF_TOKEN_PRESENT);
	assert_null(memchr(slot.slotDescription, 0, sizeof(slot.slotDescription)));
	assert_ok(c->f->C_GetTokenInfo(c->slot, &token));
	assert_true(token.flags & CKF_RNG);
	assert_true(token.flags & CKF_TOKEN_INITIALIZED);
	assert_int_equal((token.flags & CKF_LOGIN_REQUIRED) != 0, with_pin);
	assert_int_equal((token.flags & CKF_USER_PIN_INITIALIZED) != 0, with_pin);
	assert_int_equal(token.ulMinPinLen, with_pin ? 4 : 0);
	assert_int_equal(token.ulMaxPinLen, with_pin ? 8 : 0);
	assert_null(memchr(token.label, 0, sizeof(token.label)));
	assert_null(memchr(token.serialNumber, 0, sizeof(token.serialNumber)));
}

static void open_session(struct scene *c, CK_FLAGS flags)
{
	assert_ok(c->f->C_OpenSession(c->slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &c->s));
}

static void close_all(struct scene *c)
{
	assert_ok(c->f->C_CloseSession(c->s));
	assert_ok(c->f->C_CloseAllSessions(c->slot));
	assert_ok(c->f->C_Finalize(NULL));
}

/* Up to n objects of the template; how many came. */
static CK_ULONG find(struct scene *c, CK_ATTRIBUTE *tmpl, CK_ULONG tmpl_n, CK_OBJECT_HANDLE *list,
		     CK_ULONG n)
{
	CK_ULONG found = 0;

	assert_ok(c->f->C_FindObjectsInit(c->s, tmpl, tmpl_n));
	assert_ok(c->f->C_FindObjects(c->s, list, n, &found));
	assert_ok(c->f->C_FindObjectsFinal(c->s));
	return found;
}

static CK_ULONG find_on_token(struct scene *c, CK_OBJECT_HANDLE *list, CK_ULONG n)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE tmpl[] = {{CKA_TOKEN, &yes, sizeof(yes)}};

	return find(c, tmpl, 1, list, n);
}

static CK_OBJECT_HANDLE find_named(struct scene *c, CK_OBJECT_CLASS class, const char *label)
{
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_HANDLE h[2] = {0};
	CK_ATTRIBUTE tmpl[] = {
		{CKA_TOKEN, &yes, sizeof(yes)},
		{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
		{CKA_CLASS, &class, sizeof(class)},
	};

	assert_int_equal(find(c, tmpl, 3, h, 2), 1);
	return h[0];
}

/* The profile's object is on the token, can be read in any session, and there is one. */
static void claims(struct scene *c, CK_ULONG profile, bool wanted)
{
	CK_OBJECT_CLASS class = CLASS_PROFILE;
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG id = 0;
	CK_UTF8CHAR unique[64];
	CK_OBJECT_HANDLE h[2];
	CK_ATTRIBUTE tmpl[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_TOKEN, &yes, sizeof(yes)},
		{ATTR_PROFILE_ID, &profile, sizeof(profile)},
	};

	assert_int_equal(find(c, tmpl, 3, h, 2), wanted);
	if (!wanted)
		return;
	CK_ATTRIBUTE a[] = {
		{ATTR_PROFILE_ID, &id, sizeof(id)},
		{ATTR_UNIQUE_ID, unique, sizeof(unique)},
	};
	assert_ok(c->f->C_GetAttributeValue(c->s, h[0], a, 2));
	assert_int_equal(id, profile);
	assert_true(a[1].ulValueLen > 0);
}

/* The two-step reading: length, then value. The caller frees. */
static uint8_t *read_attribute(struct scene *c, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
			       CK_ULONG *ret_n)
{
	CK_ATTRIBUTE a = {type, NULL, 0};

	assert_ok(c->f->C_GetAttributeValue(c->s, h, &a, 1));
	assert_int_not_equal(a.ulValueLen, CK_UNAVAILABLE_INFORMATION);
	uint8_t *value = malloc(a.ulValueLen + 1);
	CK_ULONG n = a.ulValueLen;
	assert_non_null(value);
	a.pValue = value;
	assert_ok(c->f->C_GetAttributeValue(c->s, h, &a, 1));
	assert_int_equal(a.ulValueLen, n);
	*ret_n = n;
	return value;
}

/* --- BL-M-1-32 --- */

static void baseline(void **state)
{
	struct scene c;
	CK_OBJECT_HANDLE h;

	(void)state;
	begin(&c, "demo", NULL);
	up_to_slot(&c);
	slot_and_token(&c, false);
	open_session(&c, 0);
	assert_int_equal(find_on_token(&c, &h, 1), 1);
	claims(&c, BASELINE, true);
	close_all(&c);
	end(&c);
}

/* --- EXT-M-1-32 --- */

static void extended(void **state)
{
	struct scene c;
	CK_OBJECT_HANDLE h;
	CK_MECHANISM_TYPE list[64];
	CK_ULONG n = 0;

	(void)state;
	begin(&c, "pin", "pin = application\n");
	up_to_slot(&c);
	slot_and_token(&c, true);
	assert_ok(c.f->C_GetMechanismList(c.slot, NULL, &n));
	assert_in_range(n, 1, 64);
	assert_ok(c.f->C_GetMechanismList(c.slot, list, &n));
	for (CK_ULONG i = 0; i < n; i++) {
		CK_MECHANISM_INFO info;
		assert_ok(c.f->C_GetMechanismInfo(c.slot, list[i], &info));
		assert_int_not_equal(info.flags & ~(CK_FLAGS)CKF_HW, 0);
	}
	open_session(&c, CKF_RW_SESSION);
	assert_ok(c.f->C_Login(c.s, CKU_USER, pin, sizeof(pin) - 1));
	assert_int_equal(find_on_token(&c, &h, 1), 1);
	claims(&c, BASELINE, true);
	claims(&c, EXTENDED, true);
	assert_ok(c.f->C_Logout(c.s));
	assert_ok(c.f32->C_LoginUser(c.s, CKU_USER, pin, sizeof(pin) - 1, NULL, 0));
	assert_ok(c.f->C_Logout(c.s));
	close_all(&c);
	end(&c);
}

/* --- AUTH-M-1-32 --- */

static void sign_and_check(struct scene *c, CK_OBJECT_HANDLE key)
{
	static CK_BYTE data[] = "what a certificate request would hold";
	CK_MECHANISM m = {CKM_ECDSA_SHA256, NULL, 0};
	uint8_t digest[32];
	CK_BYTE sig[256];
	CK_ULONG n = sizeof(sig);

	assert_ok(c->f->C_SignInit(c->s, &m, key));
	assert_ok(c->f->C_Sign(c->s, data, sizeof(data), sig, &n));
	assert_int_equal(n, 64);
	assert_int_equal(EVP_Digest(data, sizeof(data), digest, NULL, EVP_sha256(), NULL), 1);
	assert_true(rig_verify(&c->rig, digest, sizeof(digest), sig, n));
}

/* The sample is of RSA; ours is an EC token: the public values are curve and point. */
static void authentication(void **state)
{
	struct scene c;
	CK_BYTE point[1024], params[1024];
	CK_ATTRIBUTE a[] = {
		{CKA_EC_POINT, point, sizeof(point)},
		{CKA_EC_PARAMS, params, sizeof(params)},
	};

	(void)state;
	begin(&c, "pin", "pin = application\n");
	up_to_slot(&c);
	open_session(&c, CKF_RW_SESSION);
	assert_ok(c.f->C_Login(c.s, CKU_USER, pin, sizeof(pin) - 1));
	CK_OBJECT_HANDLE pub = find_named(&c, CKO_PUBLIC_KEY, "device");
	assert_ok(c.f->C_GetAttributeValue(c.s, pub, a, 2));
	assert_int_equal(a[0].ulValueLen, 2 + 65);
	assert_int_equal(a[1].ulValueLen, 10);
	sign_and_check(&c, find_named(&c, CKO_PRIVATE_KEY, "device"));
	claims(&c, BASELINE, true);
	claims(&c, AUTHENTICATION, true);
	assert_ok(c.f->C_Logout(c.s));
	close_all(&c);
	end(&c);
}

/* --- CERT-M-1-32 --- */

static void ids_agree(struct scene *c, CK_OBJECT_HANDLE cert)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_OBJECT_HANDLE h;
	CK_ULONG n;
	uint8_t *id = read_attribute(c, cert, CKA_ID, &n);
	CK_ATTRIBUTE tmpl[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_ID, id, n},
	};

	assert_int_equal(n, 20);
	assert_int_equal(find(c, tmpl, 2, &h, 1), 1);
	free(id);
}

/* Without login, on a token that has a PIN. */
static void certificates(void **state)
{
	struct scene c;
	CK_OBJECT_HANDLE h[5];
	CK_ULONG n;

	(void)state;
	begin(&c, "pin", "pin = application\n");
	up_to_slot(&c);
	open_session(&c, 0);
	assert_int_equal(find_on_token(&c, h, 5), 5);
	free(read_attribute(&c, h[0], CKA_LABEL, &n));
	CK_OBJECT_HANDLE cert = find_named(&c, CKO_CERTIFICATE, "device");
	uint8_t *der = read_attribute(&c, cert, CKA_VALUE, &n);
	assert_true(n > 100 && der[0] == 0x30);
	free(der);
	ids_agree(&c, cert);
	claims(&c, BASELINE, true);
	claims(&c, CERTIFICATES, true);
	close_all(&c);
	end(&c);
}

/* What a card cannot do is not claimed: pre-shared keys only, or nothing at all. */
static void claims_are_true(void **state)
{
	static const struct {
		const char *profile;
		bool signs, certificates;
	} cards[] = {{"demo", true, true}, {"type2", false, false}, {"empty", false, false}};
	struct scene c;

	(void)state;
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		begin(&c, cards[i].profile, NULL);
		up_to_slot(&c);
		open_session(&c, 0);
		claims(&c, BASELINE, true);
		claims(&c, EXTENDED, true);
		claims(&c, AUTHENTICATION, cards[i].signs);
		claims(&c, CERTIFICATES, cards[i].certificates);
		close_all(&c);
		end(&c);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(baseline),	   cmocka_unit_test(extended),
		cmocka_unit_test(authentication),  cmocka_unit_test(certificates),
		cmocka_unit_test(claims_are_true),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
