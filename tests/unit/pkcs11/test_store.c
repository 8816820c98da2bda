/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that stay: certificates and data in the host-side store, names of keys, public keys in
 * containers of the card. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "create_key.h"
#include "fake_keys2.h"
#include "store.h"
#include "token.h"

static CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY, cert_class = CKO_CERTIFICATE,
		       data_class = CKO_DATA;
static CK_CERTIFICATE_TYPE x509_type = CKC_X_509;
static CK_KEY_TYPE ec = CKK_EC;
static CK_BBOOL yes = CK_TRUE;

#define A(type, v)                                                                                 \
	{                                                                                          \
		type, &(v), sizeof(v)                                                              \
	}
#define TEXT(type, s)                                                                              \
	{                                                                                          \
		type, (void *)(uintptr_t)(s), sizeof(s) - 1                                        \
	}
#define VIEW(type, b)                                                                              \
	{                                                                                          \
		type, (void *)(uintptr_t)(b).p, (b).n                                              \
	}

static void clear(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", rig_store_dir());
	assert_int_equal(system(cmd), 0);
}

static int setup(void **state)
{
	clear();
	return rig_setup(state);
}

static int teardown(void **state)
{
	int r = rig_teardown(state);

	clear();
	return r;
}

static CK_SESSION_HANDLE rw_session(void)
{
	CK_SESSION_HANDLE s = 0;

	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
	return s;
}

static CK_RV write_cert(CK_SESSION_HANDLE s, struct bytes der, const char *label,
			CK_OBJECT_HANDLE *ret_h)
{
	struct x509_info x;

	assert_int_equal(x509_parse(der, &x), ST_OK);
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, cert_class),
			    A(CKA_CERTIFICATE_TYPE, x509_type),
			    A(CKA_TOKEN, yes),
			    VIEW(CKA_VALUE, der),
			    VIEW(CKA_SUBJECT, x.subject),
			    {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
			    TEXT(CKA_ID, "\x07")};
	return f->C_CreateObject(s, t, 7, ret_h);
}

static struct bytes value(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	static uint8_t buf[4096];
	CK_ATTRIBUTE a = {type, buf, sizeof(buf)};

	assert_ok(f->C_GetAttributeValue(s, o, &a, 1));
	return bytes_of(buf, a.ulValueLen);
}

static bool flag(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	struct bytes v = value(s, o, type);

	assert_int_equal(v.n, 1);
	return v.p[0] == CK_TRUE;
}

static CK_ULONG certificates(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *h, CK_ULONG cap)
{
	CK_ATTRIBUTE t = A(CKA_CLASS, cert_class);
	CK_ULONG n = 0;

	assert_ok(f->C_FindObjectsInit(s, &t, 1));
	assert_ok(f->C_FindObjects(s, h, cap, &n));
	assert_ok(f->C_FindObjectsFinal(s));
	return n;
}

static void restart(void)
{
	assert_ok(f->C_Finalize(NULL));
	assert_ok(f->C_Initialize(NULL));
}

/* A certificate for a key of the card has the names of the key, comes first, and is still there
 * the next time. */
static void beside_its_key(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct bytes der = fake_cert(FAKE_DEVICE_CERT);
	CK_OBJECT_HANDLE h = 0, again = 0, all[8];
	uint8_t id[20];

	(void)state;
	assert_ok(write_cert(s, der, "ignored", &h));
	assert_int_equal(certificates(s, all, 8), 3);
	assert_int_equal(all[0], h);
	assert_true(bytes_equal(value(s, h, CKA_LABEL), BYTES_LIT("device")));
	assert_true(bytes_equal(value(s, h, CKA_VALUE), der));
	assert_int_equal(public_key_id(fake_public(FAKE_DEVICE_KEY), id), ST_OK);
	assert_true(bytes_equal(value(s, h, CKA_ID), BYTES_OF(id)));
	assert_true(flag(s, h, CKA_TOKEN));
	assert_true(flag(s, h, CKA_DESTROYABLE));
	assert_false(flag(s, h, CKA_COPYABLE));
	assert_false(flag(s, all[1], CKA_DESTROYABLE));	  /* the card's */
	assert_ok(write_cert(s, der, "ignored", &again)); /* the same is the same */
	assert_int_equal(again, h);
	restart();
	s = rig_session();
	assert_int_equal(certificates(s, all, 8), 3);
	assert_true(bytes_equal(value(s, all[0], CKA_VALUE), der));
	assert_rv(f->C_DestroyObject(s, all[0]), CKR_SESSION_READ_ONLY);
	s = rw_session();
	assert_ok(f->C_DestroyObject(s, all[0]));
	assert_int_equal(certificates(s, all, 8), 2);
}

/* One whose key the card no longer holds is not shown. */
static void without_its_key(void **state)
{
	static const int others[] = {FAKE_RSA_KEY, FAKE_RSA_PUB, -1};
	CK_SESSION_HANDLE s = rw_session();
	CK_OBJECT_HANDLE h = 0, all[8];

	(void)state;
	assert_ok(write_cert(s, fake_cert(FAKE_DEVICE_CERT), "x", &h));
	fake_keep(others);
	fake.epoch++;
	assert_int_equal(certificates(s, all, 8), 0);
	CK_ATTRIBUTE a = {CKA_VALUE, NULL, 0};
	assert_rv(f->C_GetAttributeValue(s, h, &a, 1), CKR_OBJECT_HANDLE_INVALID);
	assert_rv(f->C_DestroyObject(s, h), CKR_OBJECT_HANDLE_INVALID);
	/* of no key: it has names of its own */
	assert_ok(write_cert(s, fake_cert(FAKE_BACKUP_CERT), "root", &h));
	assert_int_equal(certificates(s, all, 8), 1);
	assert_true(bytes_equal(value(s, h, CKA_LABEL), BYTES_LIT("root")));
	assert_true(bytes_equal(value(s, h, CKA_ID), BYTES_LIT("\x07")));
	CK_ATTRIBUTE label = TEXT(CKA_LABEL, "other"), subject = TEXT(CKA_SUBJECT, "x");
	assert_ok(f->C_SetAttributeValue(s, h, &label, 1));
	assert_int_equal(rig_by_label(s, CKO_CERTIFICATE, "other"), h);
	assert_rv(f->C_SetAttributeValue(s, h, &subject, 1), CKR_ATTRIBUTE_READ_ONLY);
	assert_rv(f->C_SetAttributeValue(s, h, NULL, 1), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_CopyObject(s, h, &label, 1, &h), CKR_ACTION_PROHIBITED);
}

static void data(void **state)
{
	CK_SESSION_HANDLE s = rw_session(), ro = rig_session();
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, data_class), A(CKA_TOKEN, yes),
			    TEXT(CKA_LABEL, "settings"), TEXT(CKA_APPLICATION, "meter"),
			    TEXT(CKA_VALUE, "1234567")};
	CK_ATTRIBUTE longer = {CKA_LABEL, (void *)(uintptr_t)rig_setup, STORE_LABEL_MAX + 1};
	CK_ATTRIBUTE change = TEXT(CKA_VALUE, "7654321!"), private = A(CKA_PRIVATE, yes);
	CK_OBJECT_HANDLE h = 0;
	CK_ULONG size = 0;

	(void)state;
	assert_rv(f->C_CreateObject(ro, t, 5, &h), CKR_SESSION_READ_ONLY);
	assert_ok(f->C_CreateObject(s, t, 5, &h));
	assert_int_equal(rig_by_label(ro, CKO_DATA, "settings"), h);
	assert_true(bytes_equal(value(s, h, CKA_APPLICATION), BYTES_LIT("meter")));
	assert_ok(f->C_GetObjectSize(s, h, &size));
	assert_int_equal(size, 7);
	assert_rv(f->C_SetAttributeValue(ro, h, &change, 1), CKR_SESSION_READ_ONLY);
	assert_ok(f->C_SetAttributeValue(s, h, &change, 1));
	assert_int_equal(rig_by_label(ro, CKO_DATA, "settings"), h);
	assert_true(bytes_equal(value(s, h, CKA_VALUE), BYTES_LIT("7654321!")));
	t[2] = longer;
	assert_rv(f->C_CreateObject(s, t, 5, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	t[2] = private;
	assert_rv(f->C_CreateObject(s, t, 5, &h), CKR_TEMPLATE_INCONSISTENT);
}

/* Another process writes: seen at the next look, without a new list from the card. */
static void written_by_others(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	struct store_entry e = {.kind = STORE_DATA, .label = "news", .value_n = 3};
	char file[STORE_NAME_MAX];
	uint8_t v[] = {1, 2, 3};
	CK_ATTRIBUTE t = A(CKA_CLASS, data_class);

	(void)state;
	assert_int_equal(rig_count(s, &t, 1), 2);
	e.value = v;
	assert_int_equal(store_put(rig_store_dir(), fake.iccid, &e, file), ST_OK);
	assert_int_equal(rig_count(s, &t, 1), 3);
	snprintf(e.label, sizeof(e.label), "more");
	assert_int_equal(store_put(rig_store_dir(), fake.iccid, &e, file), ST_OK);
	assert_int_equal(rig_count(s, &t, 1), 4);
	CK_OBJECT_HANDLE news = rig_by_label(s, CKO_DATA, "news");
	assert_int_equal(store_remove(rig_store_dir(), fake.iccid, file), ST_OK);
	assert_int_equal(rig_count(s, &t, 1), 3);
	assert_int_equal(rig_by_label(s, CKO_DATA, "news"), news);
	assert_int_equal(fake.calls[FAKE_CATALOG], 1);
}

/* A file that was tampered with, or is about another key than it says. */
static void not_trusted(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	struct bytes der = fake_cert(FAKE_BACKUP_CERT);
	struct store_entry e = {.kind = STORE_CERTIFICATE, .has_key = true, .label = "x"};
	char file[STORE_NAME_MAX];
	CK_OBJECT_HANDLE all[8];

	(void)state;
	e.value = (uint8_t *)(uintptr_t)der.p;
	e.value_n = der.n;
	assert_int_equal(public_key_id(fake_public(FAKE_DEVICE_KEY), e.key), ST_OK);
	assert_int_equal(store_put(rig_store_dir(), fake.iccid, &e, file), ST_OK);
	assert_int_equal(certificates(s, all, 8), 2);
}

/* The folder cannot be written: the call fails, and what was there still is. */
static void no_room(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	CK_OBJECT_HANDLE h = 0, other = 0, all[8];
	char path[128];

	(void)state;
	assert_ok(write_cert(s, fake_cert(FAKE_DEVICE_CERT), "x", &h));
	snprintf(path, sizeof(path), "%s/%s", rig_store_dir(), fake.iccid);
	assert_int_equal(chmod(path, 0777), 0); /* anybody might have put things there */
	assert_rv(write_cert(s, fake_cert(FAKE_BACKUP_CERT), "y", &other), CKR_DEVICE_MEMORY);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(certificates(s, all, 8), 3);
	h = all[0];
	/* full */
	CK_RV rv = CKR_OK;
	for (unsigned i = 0; i < STORE_ENTRIES_MAX && rv == CKR_OK; i++) {
		CK_ATTRIBUTE t[] = {A(CKA_CLASS, data_class), A(CKA_TOKEN, yes), A(CKA_VALUE, i)};
		rv = f->C_CreateObject(s, t, 3, &other);
	}
	assert_rv(rv, CKR_DEVICE_MEMORY);
	assert_true(bytes_equal(value(s, h, CKA_VALUE), fake_cert(FAKE_DEVICE_CERT)));
}

/* The token says that it is write-protected when nothing at all can be written. */
static void writable(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	CK_OBJECT_HANDLE h = 0;
	CK_TOKEN_INFO info;
	char path[128];

	(void)state;
	assert_ok(write_cert(s, fake_cert(FAKE_DEVICE_CERT), "x", &h));
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_int_equal(info.flags & CKF_WRITE_PROTECTED, 0);
	snprintf(path, sizeof(path), "%s/%s", rig_store_dir(), fake.iccid);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(rig_count(s, NULL, 0), 16);
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_int_equal(info.flags & CKF_WRITE_PROTECTED, CKF_WRITE_PROTECTED);
	fake2_add_pair(KEY_P256, "slot", 0x61, false, FUNCTION_SIGN | FUNCTION_KEYGEN);
	assert_int_equal(rig_count(s, NULL, 0), 17);
	assert_ok(f->C_GetTokenInfo(0, &info));
	assert_int_equal(info.flags & CKF_WRITE_PROTECTED, 0);
	assert_int_equal(chmod(path, 0700), 0);
}

static status name(CK_SESSION_HANDLE s, const struct public_key *k, const char *label,
		   struct bytes id)
{
	struct guard g ON_EXIT(guard_release) = {0};
	CK_ATTRIBUTE l = {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)};
	CK_ATTRIBUTE i = VIEW(CKA_ID, id);

	TRY(guard_session(&g, s));
	TRY(guard_card(&g));
	const struct key_names names = {.label = &l, .id = id.n != 0 ? &i : NULL};
	return create_key_name(&g, k, &names);
}

static void names_of_keys(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	const struct public_key *k = fake_public(FAKE_DEVICE_KEY);

	(void)state;
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	assert_int_equal(name(s, k, "new name", BYTES_LIT("\x01\x02")), ST_OK);
	assert_int_equal(rig_by_label(s, CKO_PRIVATE_KEY, "new name"), key);
	assert_true(bytes_equal(value(s, key, CKA_ID), BYTES_LIT("\x01\x02")));
	CK_OBJECT_HANDLE cert = rig_by_label(s, CKO_CERTIFICATE, "new name");
	assert_true(bytes_equal(value(s, cert, CKA_ID), BYTES_LIT("\x01\x02")));
	rig_by_label(s, CKO_PUBLIC_KEY, "new name");
	restart();
	s = rw_session();
	key = rig_by_label(s, CKO_PRIVATE_KEY, "new name");
	assert_int_equal(name(s, k, "again", bytes_of(NULL, 0)), ST_OK);
	assert_int_equal(rig_by_label(s, CKO_PRIVATE_KEY, "again"), key);
	assert_true(bytes_equal(value(s, key, CKA_ID), BYTES_LIT("\x01\x02"))); /* kept */
	/* through the certificate that belongs to the key */
	CK_OBJECT_HANDLE stored = 0;
	assert_ok(write_cert(s, fake_cert(FAKE_DEVICE_CERT), "x", &stored));
	CK_ATTRIBUTE label = TEXT(CKA_LABEL, "third");
	assert_ok(f->C_SetAttributeValue(s, stored, &label, 1));
	assert_int_equal(rig_by_label(s, CKO_PRIVATE_KEY, "third"), key);
}

/* Names of keys that are gone make room for others. */
static void old_names(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct store_entry e = {.kind = STORE_KEY_NAME, .has_key = true, .label = "gone"};
	char file[STORE_NAME_MAX];

	(void)state;
	for (unsigned i = 0; i < STORE_ENTRIES_MAX; i++) {
		e.key[0] = (uint8_t)i;
		assert_int_equal(store_put(rig_store_dir(), fake.iccid, &e, file), ST_OK);
	}
	assert_int_equal(name(s, fake_public(FAKE_DEVICE_KEY), "new", bytes_of(NULL, 0)), ST_OK);
	rig_by_label(s, CKO_PRIVATE_KEY, "new");
}

static void public_keys(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	const struct public_key *k = fake_public(FAKE_DEVICE_KEY);
	struct bytes raw = bytes_of(k->point, k->point_len), oid = curve_oid_der(CURVE_P256);
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class), A(CKA_KEY_TYPE, ec),
			    A(CKA_TOKEN, yes),		VIEW(CKA_EC_PARAMS, oid),
			    VIEW(CKA_EC_POINT, raw),	TEXT(CKA_LABEL, "peer")};
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	assert_rv(f->C_CreateObject(s, t, 6, &h), CKR_DEVICE_MEMORY);
	assert_int_equal(fake2.calls[FAKE2_PUT_PUBLIC], 0);
	struct container *c = fake2_add(CONTAINER_PUBLIC_KEY, KEY_P256, "other", 0x61);
	c->activated = false;
	c->access |= ACCESS_UPDATE;
	c = fake2_add(CONTAINER_PUBLIC_KEY, KEY_P256, "peer", 0x62);
	c->activated = false;
	c->access |= ACCESS_UPDATE;
	fake.epoch++;
	assert_ok(f->C_CreateObject(s, t, 6, &h));
	assert_int_equal(fake2.calls[FAKE2_PUT_PUBLIC], 1);
	assert_int_equal(rig_by_label(s, CKO_PUBLIC_KEY, "peer"), h);
	assert_int_equal(value(s, h, CKA_EC_POINT).n, 67);
	assert_rv(f->C_DestroyObject(s, h), CKR_ACTION_PROHIBITED);
	assert_ok(f->C_CreateObject(s, t, 6, &h)); /* into the other */
	assert_rv(f->C_CreateObject(s, t, 6, &h), CKR_DEVICE_MEMORY);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(beside_its_key),	 TEST(without_its_key), TEST(data),
		TEST(written_by_others), TEST(not_trusted),	TEST(no_room),
		TEST(writable),		 TEST(names_of_keys),	TEST(old_names),
		TEST(public_keys),
	};

	return cmocka_run_group_tests_name("store", tests, rig_group_setup, rig_group_teardown);
}
