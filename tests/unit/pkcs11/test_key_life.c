/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs made through us: what may be said of them afterwards, their end, and what other
 * processes see and do meanwhile. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "card_keys.h"
#include "fake_keys2.h"
#include "store.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY, public_class = CKO_PUBLIC_KEY,
		       data_class = CKO_DATA;
static CK_MECHANISM ec_gen = {CKM_EC_KEY_PAIR_GEN, NULL, 0}, ecdsa = {CKM_ECDSA, NULL, 0};

#define A(type, v)                                                                                 \
	{                                                                                          \
		type, &(v), sizeof(v)                                                              \
	}
#define TEXT(type, s)                                                                              \
	{                                                                                          \
		type, (void *)(uintptr_t)(s), sizeof(s) - 1                                        \
	}

static void clear(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", rig_store_dir());
	assert_int_equal(system(cmd), 0);
}

/* Two empty pairs at 71 and 75, a volatile one at 73; P-256. */
static int setup(void **state)
{
	const uint8_t sign = FUNCTION_SIGN | FUNCTION_KEYGEN;

	clear();
	int rc = rig_setup(state);
	fake2_add_pair(KEY_P256, "one", 0x71, false, sign);
	fake2_add_pair(KEY_P256, "passing", 0x73, true, FUNCTION_KEYGEN | FUNCTION_AGREE);
	fake2_add_pair(KEY_P256, "two", 0x75, false, sign);
	return rc;
}

static int teardown(void **state)
{
	int rc = rig_teardown(state);

	clear();
	return rc;
}

static CK_SESSION_HANDLE rw_session(void)
{
	CK_SESSION_HANDLE s = 0;

	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
	return s;
}

struct made {
	CK_OBJECT_HANDLE pub, priv;
};

static struct made generate(CK_SESSION_HANDLE s, const char *label, CK_ATTRIBUTE_TYPE use)
{
	struct bytes oid = curve_oid_der(CURVE_P256);
	CK_ATTRIBUTE pub[] = {{CKA_EC_PARAMS, (void *)(uintptr_t)oid.p, oid.n}};
	CK_ATTRIBUTE priv[] = {A(CKA_TOKEN, yes),
			       A(use, yes),
			       {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
	struct made m = {0};

	assert_ok(f->C_GenerateKeyPair(s, &ec_gen, pub, 1, priv, label[0] != '\0' ? 3 : 2, &m.pub,
				       &m.priv));
	return m;
}

static struct bytes value(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	static uint8_t buf[2][512];
	static unsigned turn;
	CK_ATTRIBUTE a = {type, buf[++turn % 2], sizeof(buf[0])};

	assert_ok(f->C_GetAttributeValue(s, h, &a, 1));
	return bytes_of(a.pValue, a.ulValueLen);
}

static bool flag(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	struct bytes v = value(s, h, type);

	assert_int_equal(v.n, 1);
	return v.p[0] == CK_TRUE;
}

static bool is(struct bytes v, const char *text)
{
	return bytes_equal(v, bytes_str(text));
}

static bool is_gone(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h)
{
	CK_ATTRIBUTE a = {CKA_LABEL, NULL, 0};
	CK_RV rv = f->C_GetAttributeValue(s, h, &a, 1);

	assert_true(rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID);
	return rv != CKR_OK;
}

static CK_ULONG count(CK_SESSION_HANDLE s, CK_OBJECT_CLASS *class)
{
	CK_ATTRIBUTE t = {CKA_CLASS, class, sizeof(*class)};

	return rig_count(s, &t, 1);
}

static void restart(void)
{
	assert_ok(f->C_Finalize(NULL));
	assert_ok(f->C_Initialize(NULL));
}

static struct container *item(uint8_t id)
{
	for (size_t i = 0; i < fake.cat.count; i++)
		if (fake.cat.item[i].id[0] == id)
			return &fake.cat.item[i];
	fail_msg("no container %02X", id);
	return NULL;
}

/* Another process makes a key in the pair; the list is as it was. */
static struct public_key made_elsewhere(uint8_t id)
{
	unsigned epoch = fake.epoch;
	struct card_generated got;

	assert_int_equal(card_generate(NULL, item(id), item((uint8_t)(id + 1)), NULL, &got, 0),
			 ST_OK);
	fake.epoch = epoch;
	fake2.calls[FAKE2_GENERATE]--;
	return got.key;
}

static void put(enum store_kind kind, const struct public_key *k, bool generated)
{
	struct store_entry e = {.kind = kind, .has_key = true, .generated = generated};
	char file[STORE_NAME_MAX];

	assert_int_equal(public_key_id(k, e.key), ST_OK);
	assert_int_equal(store_put(rig_store_dir(), fake.iccid, &e, file), ST_OK);
}

static size_t entries(enum store_kind kind)
{
	static struct store_list l;
	size_t n = 0;

	assert_int_equal(store_read(rig_store_dir(), fake.iccid, &l), ST_OK);
	for (size_t i = 0; i < l.count; i++)
		n += l.item[i].kind == kind;
	store_list_free(&l);
	return n;
}

static void remove_all(enum store_kind kind)
{
	static struct store_list l;

	assert_int_equal(store_read(rig_store_dir(), fake.iccid, &l), ST_OK);
	for (size_t i = 0; i < l.count; i++)
		if (l.item[i].kind == kind)
			assert_int_equal(store_remove(rig_store_dir(), fake.iccid, l.item[i].file),
					 ST_OK);
	store_list_free(&l);
}

/* --- names --- */

static void renamed(void **state)
{
	CK_SESSION_HANDLE s = rw_session(), ro = rig_session();
	CK_ATTRIBUTE t[] = {TEXT(CKA_LABEL, "second"), TEXT(CKA_ID, "\x01\x02\x03"),
			    TEXT(CKA_SUBJECT, "0 ")};
	struct made m = generate(s, "first", CKA_SIGN);

	(void)state;
	assert_true(flag(s, m.priv, CKA_MODIFIABLE) && flag(s, m.pub, CKA_MODIFIABLE));
	assert_true(is(value(s, m.priv, CKA_LABEL), "first"));
	assert_int_equal(value(s, m.pub, CKA_SUBJECT).n, 0);
	assert_rv(f->C_SetAttributeValue(ro, m.pub, t, 3), CKR_SESSION_READ_ONLY);
	assert_ok(f->C_SetAttributeValue(s, m.pub, t, 3));
	for (int i = 0; i < 2; i++) {
		CK_OBJECT_HANDLE pair[] = {m.priv, m.pub};
		for (int k = 0; k < 2; k++) {
			assert_true(is(value(s, pair[k], CKA_LABEL), "second"));
			assert_true(is(value(s, pair[k], CKA_ID), "\x01\x02\x03"));
			assert_true(is(value(s, pair[k], CKA_SUBJECT), "0 "));
			assert_true(flag(s, pair[k], CKA_MODIFIABLE));
			assert_true(flag(s, pair[k], CKA_LOCAL));
		}
		restart(); /* and by another process */
		s = rw_session();
		m.priv = rig_by_label(s, CKO_PRIVATE_KEY, "second");
		m.pub = rig_by_label(s, CKO_PUBLIC_KEY, "second");
	}
	assert_ok(f->C_SetAttributeValue(s, m.priv, &(CK_ATTRIBUTE)TEXT(CKA_LABEL, "third"), 1));
	assert_true(is(value(s, m.pub, CKA_LABEL), "third"));
	assert_true(is(value(s, m.pub, CKA_ID), "\x01\x02\x03"));
	assert_int_equal(entries(STORE_KEY_NAME), 1);
}

/* Nothing but names, and of no key of the issuer's. */
static void not_said(void **state)
{
	static const uint8_t oid[] = {6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7};
	CK_SESSION_HANDLE s = rw_session();
	struct made m = generate(s, "", CKA_SIGN);
	CK_OBJECT_HANDLE device = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	CK_OBJECT_HANDLE cert = rig_by_label(s, CKO_CERTIFICATE, "device");
	CK_ATTRIBUTE label = TEXT(CKA_LABEL, "x"), nowhere = {CKA_LABEL, NULL, 1};
	CK_ATTRIBUTE twice[] = {TEXT(CKA_LABEL, "x"), TEXT(CKA_LABEL, "y")};
	uint8_t much[STORE_SUBJECT_MAX + 1] = {0};
	const CK_ATTRIBUTE fixed[] = {
		A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes), A(CKA_PRIVATE, no),
		A(CKA_TOKEN, no),     A(CKA_SIGN, no),	       {CKA_EC_PARAMS, NULL, 0},
		A(CKA_LOCAL, no),     A(CKA_DESTROYABLE, yes), A(CKA_VALUE, much),
	};
	CK_ATTRIBUTE odd[] = {{CKA_EC_PARAMS, (void *)(uintptr_t)oid, sizeof(oid)},
			      TEXT(CKA_LABEL, "x")};

	(void)state;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		CK_ATTRIBUTE t[] = {TEXT(CKA_LABEL, "x"), fixed[i]};
		assert_rv(f->C_SetAttributeValue(s, m.priv, t, 2), CKR_ATTRIBUTE_READ_ONLY);
	}
	assert_rv(f->C_SetAttributeValue(s, m.pub, odd, 2), CKR_ATTRIBUTE_READ_ONLY);
	odd[0].type = CKA_MODULUS;
	assert_rv(f->C_SetAttributeValue(s, m.pub, odd, 2), CKR_ATTRIBUTE_TYPE_INVALID);
	odd[0].type = CKA_VENDOR_DEFINED | 9;
	assert_rv(f->C_SetAttributeValue(s, m.pub, odd, 2), CKR_ATTRIBUTE_TYPE_INVALID);
	odd[0] = (CK_ATTRIBUTE)A(CKA_SUBJECT, much);
	assert_rv(f->C_SetAttributeValue(s, m.pub, odd, 2), CKR_ATTRIBUTE_VALUE_INVALID);
	odd[0] = (CK_ATTRIBUTE)A(CKA_ID, much);
	assert_rv(f->C_SetAttributeValue(s, m.pub, odd, 2), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(f->C_SetAttributeValue(s, m.pub, twice, 2), CKR_TEMPLATE_INCONSISTENT);
	assert_rv(f->C_SetAttributeValue(s, m.pub, NULL, 1), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_SetAttributeValue(s, m.pub, &nowhere, 1), CKR_ARGUMENTS_BAD);
	assert_true(is(value(s, m.priv, CKA_LABEL), "one"));
	assert_rv(f->C_SetAttributeValue(s, device, &label, 1), CKR_ACTION_PROHIBITED);
	assert_rv(f->C_SetAttributeValue(s, cert, &label, 1), CKR_ACTION_PROHIBITED);
	assert_false(flag(s, device, CKA_MODIFIABLE));
}

/* --- the end --- */

static void destroyed(void **state)
{
	CK_SESSION_HANDLE s = rw_session(), ro = rig_session();
	CK_ULONG privates = count(s, &private_class), publics = count(s, &public_class);
	struct made m = generate(s, "mine", CKA_SIGN);
	uint8_t point[67];

	(void)state;
	memcpy(point, value(s, m.pub, CKA_EC_POINT).p, sizeof(point));
	assert_true(flag(s, m.priv, CKA_DESTROYABLE) && !flag(s, m.pub, CKA_DESTROYABLE));
	assert_rv(f->C_DestroyObject(s, m.pub), CKR_ACTION_PROHIBITED);
	assert_rv(f->C_DestroyObject(ro, m.priv), CKR_SESSION_READ_ONLY);
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 1);
	assert_ok(f->C_DestroyObject(s, m.priv));
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 2);
	assert_true(is_gone(s, m.priv));
	assert_rv(f->C_SignInit(s, &ecdsa, m.priv), CKR_KEY_HANDLE_INVALID);
	assert_rv(f->C_DestroyObject(s, m.priv), CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(count(s, &private_class), privates - 1); /* not even as an empty one */
	assert_int_equal(entries(STORE_KEY_NAME), 0);
	assert_int_equal(entries(STORE_KEY_DISCARDED), 1);
	/* its public half stays with this session */
	assert_int_equal(rig_by_label(s, CKO_PUBLIC_KEY, "mine"), m.pub);
	assert_false(flag(s, m.pub, CKA_TOKEN));
	assert_true(flag(s, m.pub, CKA_VERIFY) && flag(s, m.pub, CKA_LOCAL));
	assert_memory_equal(value(s, m.pub, CKA_EC_POINT).p, point, sizeof(point));
	assert_ok(f->C_VerifyInit(s, &ecdsa, m.pub));
	assert_rv(f->C_Verify(s, point, 32, point, 64), CKR_SIGNATURE_INVALID);
	assert_ok(f->C_DestroyObject(s, m.pub));
	assert_true(is_gone(s, m.pub));
	assert_int_equal(count(s, &public_class), publics);
	restart();
	s = rw_session();
	assert_int_equal(count(s, &private_class), privates - 1);
	assert_int_equal(count(s, &public_class), publics);
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 2);
}

/* The public half goes with the session. */
static void session_ends(void **state)
{
	CK_SESSION_HANDLE s = rw_session(), other = rig_session();
	CK_ULONG publics = count(s, &public_class);
	struct made m = generate(s, "mine", CKA_SIGN);

	(void)state;
	assert_ok(f->C_DestroyObject(s, m.priv));
	assert_false(is_gone(other, m.pub));
	assert_ok(f->C_CloseSession(s));
	assert_true(is_gone(other, m.pub));
	assert_int_equal(count(other, &public_class), publics);
}

/* A pair whose key was destroyed is the first to be filled again, with new handles. */
static void filled_again(void **state)
{
	CK_SESSION_HANDLE s = rw_session();

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct made m = generate(s, "mine", CKA_SIGN);
		assert_true(item(0x71)->activated && !item(0x75)->activated);
		assert_int_equal(entries(STORE_KEY_DISCARDED), 0);
		assert_int_equal(entries(STORE_KEY_NAME), 1);
		assert_ok(f->C_DestroyObject(s, m.priv));
		struct made again = generate(s, "", CKA_SIGN);
		assert_true(again.priv != m.priv && again.pub != m.pub);
		assert_true(is(value(s, again.priv, CKA_LABEL), "one")); /* the container's */
		assert_false(bytes_equal(value(s, again.pub, CKA_EC_POINT),
					 value(s, m.pub, CKA_EC_POINT)));
		assert_ok(f->C_DestroyObject(s, m.pub));
		restart();
		s = rw_session();
		again.priv = rig_by_label(s, CKO_PRIVATE_KEY, "one");
		assert_true(flag(s, again.priv, CKA_DESTROYABLE)); /* ours, without names too */
		assert_ok(f->C_DestroyObject(s, again.priv));
	}
	/* in use: the next one is another */
	generate(s, "a", CKA_SIGN);
	generate(s, "b", CKA_SIGN);
	assert_true(item(0x75)->activated);
}

static void passing(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct made m = generate(s, "", CKA_DERIVE);

	(void)state;
	assert_int_equal(entries(STORE_KEY_NAME), 0); /* it does not stay */
	restart();
	s = rw_session();
	m.priv = rig_by_label(s, CKO_PRIVATE_KEY, "passing");
	m.pub = rig_by_label(s, CKO_PUBLIC_KEY, "passing");
	assert_true(flag(s, m.priv, CKA_DESTROYABLE) && !flag(s, m.priv, CKA_MODIFIABLE));
	assert_ok(f->C_DestroyObject(s, m.priv));
	assert_ok(f->C_DestroyObject(s, m.pub));
	assert_true(is_gone(s, m.priv) && is_gone(s, m.pub));
	generate(s, "", CKA_DERIVE);
	rig_by_label(s, CKO_PRIVATE_KEY, "passing");
	assert_int_equal(entries(STORE_KEY_DISCARDED), 0);
}

/* A key that nobody made through us, whatever it is called. */
static void of_the_issuer(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct public_key k = made_elsewhere(0x71);

	(void)state;
	put(STORE_KEY_NAME, fake_public(FAKE_DEVICE_KEY), true); /* cannot be made anew */
	put(STORE_KEY_NAME, &k, false);				 /* a name, no more */
	fake.epoch++;
	CK_OBJECT_HANDLE h[] = {rig_by_label(s, CKO_PRIVATE_KEY, "device"),
				rig_by_label(s, CKO_PRIVATE_KEY, "one"),
				rig_by_label(s, CKO_PUBLIC_KEY, "one")};
	for (int i = 0; i < 3; i++) {
		assert_false(flag(s, h[i], CKA_DESTROYABLE) || flag(s, h[i], CKA_MODIFIABLE));
		assert_rv(f->C_DestroyObject(s, h[i]), CKR_ACTION_PROHIBITED);
	}
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 0);
}

/* Nothing could remember that the key is gone: it stays. */
static void no_store(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	CK_ATTRIBUTE label = TEXT(CKA_LABEL, "x");
	struct made m = generate(s, "mine", CKA_SIGN);
	struct made p = generate(s, "", CKA_DERIVE);
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/%s", rig_store_dir(), fake.iccid);
	assert_int_equal(chmod(path, 0777), 0); /* anybody might have put things there */
	assert_false(flag(s, m.priv, CKA_DESTROYABLE) || flag(s, m.priv, CKA_MODIFIABLE));
	assert_false(flag(s, p.priv, CKA_DESTROYABLE));
	assert_rv(f->C_DestroyObject(s, m.priv), CKR_ACTION_PROHIBITED);
	assert_rv(f->C_DestroyObject(s, p.priv), CKR_ACTION_PROHIBITED);
	assert_rv(f->C_SetAttributeValue(s, m.priv, &label, 1), CKR_ACTION_PROHIBITED);
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 2);
	assert_int_equal(chmod(path, 0700), 0);
	assert_ok(f->C_DestroyObject(s, m.priv));
}

/* A full store: the name of the key that goes makes room for the word that it went. */
static void full_store(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct made m = generate(s, "mine", CKA_SIGN), p = generate(s, "", CKA_DERIVE);
	CK_OBJECT_HANDLE h = 0;
	CK_RV rv = CKR_OK;

	(void)state;
	for (unsigned i = 0; i < STORE_ENTRIES_MAX && rv == CKR_OK; i++) {
		CK_ATTRIBUTE t[] = {A(CKA_CLASS, data_class), A(CKA_TOKEN, yes), A(CKA_VALUE, i)};
		rv = f->C_CreateObject(s, t, 3, &h);
	}
	assert_rv(rv, CKR_DEVICE_MEMORY);
	assert_rv(f->C_DestroyObject(s, p.priv), CKR_DEVICE_MEMORY); /* no name, no room */
	assert_true(is_gone(s, p.priv));			     /* but it is gone */
	assert_ok(f->C_DestroyObject(s, m.priv));
	assert_true(is_gone(s, m.priv));
	assert_int_equal(entries(STORE_KEY_DISCARDED), 1);
}

static void card_refuses(void **state)
{
	static const status refusals[] = {ST_SW_CONDITIONS, ST_TIMEOUT, ST_IO};
	CK_SESSION_HANDLE s = rw_session();
	struct made m = generate(s, "mine", CKA_SIGN);

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		fake2.answer[FAKE2_GENERATE] = refusals[i];
		assert_rv(f->C_DestroyObject(s, m.priv), CKR_DEVICE_ERROR);
		fake2.answer[FAKE2_GENERATE] = ST_OK;
		assert_true(is(value(s, m.priv, CKA_LABEL), "mine"));
		assert_true(flag(s, m.pub, CKA_TOKEN));
	}
	assert_int_equal(entries(STORE_KEY_DISCARDED), 0);
	assert_ok(f->C_DestroyObject(s, m.priv));
}

/* --- other processes --- */

/* Destroys there, then makes another: here the old handles are none, the new key is seen. */
static void destroyed_elsewhere(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct made m = generate(s, "mine", CKA_SIGN);
	CK_ULONG privates = count(s, &private_class);
	struct public_key k;

	(void)state;
	assert_true(is(value(s, m.pub, CKA_LABEL), "mine"));
	k = made_elsewhere(0x71);
	put(STORE_KEY_DISCARDED, &k, false);
	remove_all(STORE_KEY_NAME);
	assert_int_equal(count(s, &private_class), privates - 1);
	assert_true(is_gone(s, m.priv) && is_gone(s, m.pub));
	assert_rv(f->C_SignInit(s, &ecdsa, m.priv), CKR_KEY_HANDLE_INVALID);
	k = made_elsewhere(0x71);
	put(STORE_KEY_NAME, &k, true);
	remove_all(STORE_KEY_DISCARDED);
	assert_int_equal(count(s, &private_class), privates);
	assert_true(is_gone(s, m.priv) && is_gone(s, m.pub));
	CK_OBJECT_HANDLE now = rig_by_label(s, CKO_PRIVATE_KEY, "one");
	assert_rv(f->C_DestroyObject(s, m.priv), CKR_OBJECT_HANDLE_INVALID);
	assert_ok(f->C_DestroyObject(s, now)); /* as good as ours */
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 2);
}

/* Another process was faster: what it made is neither destroyed nor replaced. */
static void races(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct made m = generate(s, "mine", CKA_SIGN);

	(void)state;
	assert_true(flag(s, m.priv, CKA_DESTROYABLE));
	made_elsewhere(0x71);
	assert_rv(f->C_DestroyObject(s, m.priv), CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 1);
	fake.epoch++;
	/* both look at a pair that is free; the other fills it */
	struct public_key gone = made_elsewhere(0x71);
	put(STORE_KEY_DISCARDED, &gone, false);
	CK_ULONG privates = count(s, &private_class);
	struct public_key taken = made_elsewhere(0x71);
	m = generate(s, "late", CKA_SIGN);
	assert_true(item(0x75)->activated);
	assert_int_equal(count(s, &private_class), privates + 1);
	assert_true(public_key_equal(fake2_public(item(0x72)), &taken));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(renamed),	     TEST(not_said),	 TEST(destroyed),
		TEST(session_ends),  TEST(filled_again), TEST(passing),
		TEST(of_the_issuer), TEST(no_store),	 TEST(full_store),
		TEST(card_refuses),  TEST(races),	 TEST(destroyed_elsewhere),
	};

	return cmocka_run_group_tests_name("key life", tests, rig_group_setup, rig_group_teardown);
}
