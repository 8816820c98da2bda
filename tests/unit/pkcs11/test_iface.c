/* SPDX-License-Identifier: Apache-2.0 */
/* The interfaces: which there are, which is the default, and that each tells its own version. */
#include "rig.h"

#include <string.h>

static CK_UTF8CHAR name[] = "PKCS 11", other[] = "Vendor NSS FIPS Interface";

static void lists(void **state)
{
	CK_INTERFACE list[3];
	CK_ULONG n = 0;

	(void)state;
	assert_int_equal(iface_list(NULL, NULL), ST_ARG);
	assert_int_equal(iface_list(NULL, &n), ST_OK);
	assert_int_equal(n, 3);
	n = 2;
	assert_int_equal(iface_list(list, &n), ST_SHORT_OUT);
	assert_int_equal(n, 3);
	assert_int_equal(iface_list(list, &n), ST_OK);
	for (CK_ULONG i = 0; i < n; i++) {
		assert_string_equal((const char *)list[i].pInterfaceName, "PKCS 11");
		assert_int_equal(list[i].flags, 0);
	}
}

/* The same by the functions themselves. */
static void exported(void **state)
{
	CK_INTERFACE list[3];
	CK_INTERFACE *i = NULL;
	CK_ULONG n = 3;

	(void)state;
	assert_ok(f3->C_GetInterfaceList(list, &n));
	assert_ptr_equal(list[0].pFunctionList, f3);
	assert_ptr_equal(list[1].pFunctionList, f32);
	assert_ptr_equal(list[2].pFunctionList, f);
	assert_ok(f3->C_GetInterface(NULL, NULL, &i, 0));
	assert_ptr_equal(i->pFunctionList, f3);
	assert_rv(f3->C_GetInterface(other, NULL, &i, 0), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
}

static const CK_VERSION *get(CK_UTF8CHAR *wanted, const CK_VERSION *version)
{
	CK_INTERFACE *i = NULL;

	if (iface_get(wanted, version, &i, 0) != ST_OK)
		return NULL;
	return i->pFunctionList;
}

static void by_name_and_version(void **state)
{
	static const CK_VERSION known[] = {{2, 40}, {3, 0}, {3, 2}};
	static const CK_VERSION unknown[] = {{2, 20}, {3, 1}, {3, 3}, {4, 0}};
	CK_INTERFACE *i = NULL;

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		const CK_VERSION *v = get(name, &known[k]);
		assert_non_null(v);
		assert_memory_equal(v, &known[k], sizeof(*v));
		assert_ptr_equal(get(NULL, &known[k]), v);
		assert_null(get(other, &known[k]));
	}
	for (size_t k = 0; k < 4; k++)
		assert_null(get(name, &unknown[k]));
	assert_int_equal(get(NULL, NULL)->major, 3);
	assert_int_equal(get(NULL, NULL)->minor, 0);
	assert_int_equal(iface_get(NULL, NULL, NULL, 0), ST_ARG);
	assert_int_equal(iface_get(NULL, NULL, &i, CKF_INTERFACE_FORK_SAFE), ST_ARG);
}

/* No holes, and what is common to the lists is the same in all of them. */
static void layouts(void **state)
{
	const char *a = (const char *)f, *b = (const char *)f3, *c = (const char *)f32;
	size_t head = offsetof(struct iface_list_3_2, C_Initialize);
	size_t info = offsetof(struct iface_list_3_2, C_GetInfo);

	(void)state;
	assert_int_equal(sizeof(*f32), head + 104 * sizeof(void *));
	assert_int_equal(sizeof(*f3), head + 92 * sizeof(void *));
	assert_int_equal(sizeof(*f), head + 68 * sizeof(void *));
	for (size_t at = head; at < sizeof(*f32); at += sizeof(void *)) {
		void *none = NULL;
		assert_memory_not_equal(c + at, &none, sizeof(none));
		if (at == info)
			continue;
		if (at < sizeof(*f3))
			assert_memory_equal(b + at, c + at, sizeof(void *));
		if (at < sizeof(*f))
			assert_memory_equal(a + at, b + at, sizeof(void *));
	}
}

static void versions_told(void **state)
{
	CK_INFO info;

	(void)state;
	assert_ok(f->C_GetInfo(&info));
	assert_int_equal(info.cryptokiVersion.major, 2);
	assert_int_equal(info.cryptokiVersion.minor, 40);
	assert_ok(f3->C_GetInfo(&info));
	assert_int_equal(info.cryptokiVersion.major, 3);
	assert_int_equal(info.cryptokiVersion.minor, 0);
	assert_ok(f32->C_GetInfo(&info));
	assert_int_equal(info.cryptokiVersion.major, 3);
	assert_int_equal(info.cryptokiVersion.minor, 2);
	assert_int_equal(info.flags, 0);
}

static void of_3_2(void **state)
{
	CK_SESSION_HANDLE s = 0;
	CK_FLAGS flags = 77;

	(void)state;
	assert_rv(f32->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_ASYNC_SESSION, NULL, NULL, &s),
		  CKR_SESSION_ASYNC_NOT_SUPPORTED);
	s = rig_session();
	assert_ok(f32->C_GetSessionValidationFlags(s, CKS_LAST_VALIDATION_OK, &flags));
	assert_int_equal(flags, 0);
	assert_rv(f32->C_GetSessionValidationFlags(s, 2, &flags), CKR_ARGUMENTS_BAD);
	assert_rv(f32->C_GetSessionValidationFlags(s, CKS_LAST_VALIDATION_OK, NULL),
		  CKR_ARGUMENTS_BAD);
	assert_rv(f32->C_VerifySignatureFinal(s), CKR_FUNCTION_NOT_SUPPORTED);
	assert_rv(f32->C_VerifySignatureFinal(0), CKR_SESSION_HANDLE_INVALID);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lists),   TEST(exported),	    TEST(by_name_and_version),
		TEST(layouts), TEST(versions_told), TEST(of_3_2),
	};

	return cmocka_run_group_tests_name("interfaces", tests, rig_group_setup,
					   rig_group_teardown);
}
