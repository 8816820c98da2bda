/* SPDX-License-Identifier: Apache-2.0 */
/* C_FindObjects*, and what a search costs the card. */
#include "rig.h"

#include <string.h>

#include "token.h"

static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY, public_class = CKO_PUBLIC_KEY,
		       cert_class = CKO_CERTIFICATE, data_class = CKO_DATA;
/* containers and what certificates tell; with the profiles */
enum { SHOWN = 12, ALL = SHOWN + 4 };
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static void by_class(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &private_class, sizeof(private_class)},
			    {CKA_SIGN, &yes, sizeof(yes)}};

	(void)state;
	assert_int_equal(rig_count(s, t, 1), 4);
	assert_int_equal(rig_count(s, t, 2), 3); /* the empty one signs nothing */
	assert_int_equal(fake_traffic(), 1);	 /* the catalog */
	t[0].pValue = &public_class;
	assert_int_equal(rig_count(s, t, 1), 3);
	t[0].pValue = &cert_class;
	assert_int_equal(rig_count(s, t, 1), 2);
	t[0].pValue = &data_class;
	assert_int_equal(rig_count(s, t, 1), 2);
	assert_int_equal(rig_count(s, NULL, 0), ALL);
}

static void nothing_fits(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_CLASS feature = CKO_HW_FEATURE, vendor = 0xCE534351UL;
	CK_ULONG wide = CK_TRUE;
	CK_ATTRIBUTE t = {CKA_CLASS, &feature, sizeof(feature)};

	(void)state;
	assert_int_equal(rig_count(s, &t, 1), 0);
	t.pValue = &vendor;
	assert_int_equal(rig_count(s, &t, 1), 0);
	t = (CK_ATTRIBUTE){0x80001234UL, &yes, sizeof(yes)}; /* unknown attribute */
	assert_int_equal(rig_count(s, &t, 1), 0);
	t = (CK_ATTRIBUTE){CKA_TOKEN, &wide, sizeof(wide)}; /* right value, wrong length */
	assert_int_equal(rig_count(s, &t, 1), 0);
	t = (CK_ATTRIBUTE){CKA_CLASS, &no, sizeof(no)};
	assert_int_equal(rig_count(s, &t, 1), 0);
	t = (CK_ATTRIBUTE){CKA_VALUE, NULL, 0}; /* never matches what is sensitive */
	assert_int_equal(rig_count(s, &t, 1), 0);
	t = (CK_ATTRIBUTE){CKA_TOKEN, &yes, sizeof(yes)};
	assert_int_equal(rig_count(s, &t, 1), ALL);
	t = (CK_ATTRIBUTE){CKA_PRIVATE, &no, sizeof(no)};
	assert_int_equal(rig_count(s, &t, 1), ALL);
}

static void by_value(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	struct bytes der = fake_cert(FAKE_DEVICE_CERT);
	struct x509_info x;
	uint8_t id[20];

	(void)state;
	assert_int_equal(x509_parse(der, &x), ST_OK);
	assert_int_equal(public_key_id(&x.key, id), ST_OK);
	CK_ATTRIBUTE value[] = {{CKA_VALUE, (void *)(uintptr_t)der.p, der.n},
				{CKA_CLASS, &cert_class, sizeof(cert_class)}};
	CK_ATTRIBUTE issued[] = {{CKA_TOKEN, &yes, 1},
				 {CKA_ISSUER, (void *)(uintptr_t)x.issuer.p, x.issuer.n},
				 {CKA_SERIAL_NUMBER, (void *)(uintptr_t)x.serial.p, x.serial.n},
				 {CKA_ID, id, sizeof(id)}};
	CK_ATTRIBUTE pair[] = {{CKA_ID, id, sizeof(id)}};
	assert_int_equal(rig_count(s, value, 2), 1);
	assert_int_equal(rig_count(s, issued, 4), 1);
	assert_int_equal(rig_count(s, pair, 1), 3); /* both halves and the certificate */
}

static void in_pieces(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_OBJECT_HANDLE h[5], all[ALL];
	CK_ULONG n = 0, sum = 0;

	(void)state;
	assert_ok(f->C_FindObjectsInit(s, NULL, 0));
	assert_rv(f->C_FindObjectsInit(s, NULL, 0), CKR_OPERATION_ACTIVE);
	assert_ok(f->C_FindObjects(s, h, 0, &n));
	assert_int_equal(n, 0);
	/* reading while searching, and a new catalog meanwhile, move nothing */
	fake.epoch++;
	do {
		assert_ok(f->C_FindObjects(s, h, 5, &n));
		memcpy(all + sum, h, n * sizeof(h[0]));
		for (CK_ULONG i = 0; i < n; i++) {
			CK_ATTRIBUTE a = {CKA_LABEL, NULL, 0};
			assert_ok(f->C_GetAttributeValue(s, h[i], &a, 1));
		}
		sum += n;
	} while (n != 0);
	assert_int_equal(sum, ALL);
	for (CK_ULONG i = 0; i < sum; i++)
		for (CK_ULONG j = 0; j < i; j++)
			assert_int_not_equal(all[i], all[j]);
	assert_ok(f->C_FindObjects(s, h, 5, &n));
	assert_ok(f->C_FindObjectsFinal(s));
	assert_rv(f->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(f->C_FindObjects(s, h, 5, &n), CKR_OPERATION_NOT_INITIALIZED);
}

/* The same thing keeps its handle when the list is read again, and when it is read in full. */
static void stable_handles(void **state)
{
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	CK_OBJECT_HANDLE from_cert = rig_by_label(s, CKO_PUBLIC_KEY, "backup");
	CK_OBJECT_HANDLE broken = rig_by_label(s, CKO_DATA, "broken");
	fake.epoch++;
	assert_int_equal(rig_by_label(s, CKO_DATA, "broken"), broken);
	assert_int_equal(rig_by_label(s, CKO_PUBLIC_KEY, "backup"), from_cert);
	assert_int_equal(rig_by_label(s, CKO_PRIVATE_KEY, "device"), key);
	assert_int_equal(fake.calls[FAKE_CATALOG], 2);
	/* what is gone is gone */
	const int left[] = {FAKE_RSA_KEY, FAKE_RSA_PUB, -1};
	fake_keep(left);
	fake.epoch++;
	CK_ATTRIBUTE a = {CKA_LABEL, NULL, 0};
	assert_rv(f->C_GetAttributeValue(s, key, &a, 1), CKR_OBJECT_HANDLE_INVALID);
}

/* Neither label nor id tie the certificate to the key: it is the only one left. */
static void by_elimination(void **state)
{
	const int left[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_CERT, FAKE_BACKUP_KEY, FAKE_BACKUP_CERT,
			    -1};
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	fake_keep(left);
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "device");
	uint8_t a_point[80], b_point[80];
	CK_ATTRIBUTE a = {CKA_EC_POINT, a_point, sizeof(a_point)};
	CK_ATTRIBUTE b = {CKA_EC_POINT, b_point, sizeof(b_point)};
	assert_ok(f->C_GetAttributeValue(s, key, &a, 1));
	assert_ok(f->C_GetAttributeValue(s, pub, &b, 1));
	assert_memory_equal(a_point, b_point, 67);
	assert_memory_equal(a_point + 2, fake_public(FAKE_DEVICE_KEY)->point, 65);
	assert_int_equal(fake.calls[FAKE_READ_PUBLIC], 0);
}

/* Where two keys are left, nobody can tell. */
static void not_by_guessing(void **state)
{
	const int left[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_CERT, FAKE_BACKUP_KEY, -1};
	CK_SESSION_HANDLE s = rig_session();
	CK_ATTRIBUTE t = {CKA_CLASS, &public_class, sizeof(public_class)};

	(void)state;
	fake_keep(left);
	fake.cat.item[2].key_type = KEY_P256; /* another of the same type */
	assert_int_equal(rig_count(s, &t, 1), 0);
}

/* A public key container that gives nothing away is no public key object. */
static void unreadable_public_key(void **state)
{
	const int left[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_PUB, -1};
	CK_SESSION_HANDLE s = rig_session();
	CK_ATTRIBUTE t = {CKA_CLASS, &public_class, sizeof(public_class)};

	(void)state;
	fake_keep(left);
	fake.answer[FAKE_READ_PUBLIC] = ST_SW_CONDITIONS;
	assert_int_equal(rig_count(s, &t, 1), 0);
	t.pValue = &private_class;
	assert_int_equal(rig_count(s, &t, 1), 1);
}

static void empty_card(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	const int none[] = {-1};

	(void)state;
	fake_keep(none);
	assert_int_equal(rig_count(s, NULL, 0), 2); /* the profiles that need no object */
}

static void failures(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ATTRIBUTE t = {CKA_CLASS, &cert_class, sizeof(cert_class)};

	(void)state;
	fake.answer[FAKE_CATALOG] = ST_TIMEOUT;
	assert_rv(f->C_FindObjectsInit(s, NULL, 0), CKR_DEVICE_ERROR);
	fake.answer[FAKE_CATALOG] = ST_OK;
	fake.answer[FAKE_READ_FILE] = ST_IO;
	assert_rv(f->C_FindObjectsInit(s, &t, 1), CKR_DEVICE_ERROR);
	fake.answer[FAKE_READ_FILE] = ST_SW_CONDITIONS; /* refused files are just not there */
	assert_int_equal(rig_count(s, &t, 1), 0);
}

static void creating(void **state)
{
	CK_SESSION_HANDLE s = rig_session(), rw = 0;
	CK_ATTRIBUTE t = {CKA_TOKEN, &yes, sizeof(yes)};
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &rw));
	assert_rv(f->C_CreateObject(s, &t, 1, &h), CKR_SESSION_READ_ONLY);
	assert_rv(f->C_CreateObject(rw, &t, 1, &h), CKR_TEMPLATE_INCOMPLETE);
	t.pValue = &no;
	assert_rv(f->C_CreateObject(rw, &t, 1, &h), CKR_TEMPLATE_INCOMPLETE);
}

/* A vendor that gives all its keys one label: then the id tells whose public half is whose. */
static void one_label_for_all(void **state)
{
	static const int order[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_KEY, FAKE_DEVICE_PUB,
				    FAKE_DEVICE_PUB, -1};
	static const uint8_t ids[] = {1, 2, 2, 1};
	struct token *t = NULL;

	(void)state;
	fake_keep(order);
	for (size_t i = 0; i < 4; i++)
		fake.cat.item[i].id[0] = ids[i];
	assert_int_equal(token_build(&fake.cat, NULL, &t), ST_OK);
	assert_int_equal(t->pair_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(t->pair[i].priv.id[0], t->pair[i].pub.id[0]);
	token_free(t);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_class),	       TEST(nothing_fits),
		TEST(by_value),	       TEST(in_pieces),
		TEST(stable_handles),  TEST(by_elimination),
		TEST(not_by_guessing), TEST(unreadable_public_key),
		TEST(empty_card),      TEST(failures),
		TEST(creating),	       TEST(one_label_for_all),
	};

	return cmocka_run_group_tests_name("find", tests, rig_group_setup, rig_group_teardown);
}
