/* SPDX-License-Identifier: Apache-2.0 */
/* Every function, reached with nothing: before C_Initialize, with a handle that is none, with NULL
 * for all else. All arguments are words or pointers, which the calling conventions of our platforms
 * pass alike, so that one type of pointer can call them all. */
#include "rig.h"

#include <string.h>

typedef CK_RV (*any_fn)(CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG,
			CK_ULONG, CK_ULONG, CK_ULONG);

/* What a function takes first. */
enum first { NOTHING, SLOT, SESSION };

static const struct {
	const char *name;
	enum first first;
	/* with a good handle and NULL or 0 for the rest */
	CK_RV empty;
} rules[] = {
	{"C_GetInfo", NOTHING, CKR_ARGUMENTS_BAD},
	{"C_GetSlotList", NOTHING, CKR_ARGUMENTS_BAD},
	{"C_WaitForSlotEvent", NOTHING, CKR_ARGUMENTS_BAD},
	{"C_GetSlotInfo", SLOT, CKR_ARGUMENTS_BAD},
	{"C_GetTokenInfo", SLOT, CKR_ARGUMENTS_BAD},
	{"C_GetMechanismList", SLOT, CKR_ARGUMENTS_BAD},
	{"C_GetMechanismInfo", SLOT, CKR_ARGUMENTS_BAD},
	{"C_InitToken", SLOT, CKR_SESSION_EXISTS},
	{"C_OpenSession", SLOT, CKR_ARGUMENTS_BAD},
	{"C_GetSessionInfo", SESSION, CKR_ARGUMENTS_BAD},
	{"C_Login", SESSION, CKR_SESSION_READ_ONLY_EXISTS}, /* 0 is the SO */
	{"C_LoginUser", SESSION, CKR_SESSION_READ_ONLY_EXISTS},
	{"C_Logout", SESSION, CKR_USER_NOT_LOGGED_IN},
	{"C_SessionCancel", SESSION, CKR_OK},
	{"C_GetOperationState", SESSION, CKR_ARGUMENTS_BAD},
	{"C_SetOperationState", SESSION, CKR_ARGUMENTS_BAD},
	{"C_GetSessionValidationFlags", SESSION, CKR_ARGUMENTS_BAD},
	{"C_CreateObject", SESSION, CKR_ARGUMENTS_BAD},
	{"C_CopyObject", SESSION, CKR_OBJECT_HANDLE_INVALID},
	{"C_DestroyObject", SESSION, CKR_OBJECT_HANDLE_INVALID},
	{"C_GetObjectSize", SESSION, CKR_OBJECT_HANDLE_INVALID},
	{"C_GetAttributeValue", SESSION, CKR_OBJECT_HANDLE_INVALID},
	{"C_SetAttributeValue", SESSION, CKR_OBJECT_HANDLE_INVALID},
	{"C_FindObjects", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_FindObjectsFinal", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_SignInit", SESSION, CKR_ARGUMENTS_BAD},
	{"C_Sign", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_SignUpdate", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_SignFinal", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_VerifyInit", SESSION, CKR_ARGUMENTS_BAD},
	{"C_Verify", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_VerifyUpdate", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_VerifyFinal", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_SetPIN", SESSION, CKR_FUNCTION_NOT_SUPPORTED},
	{"C_GenerateKey", SESSION, CKR_ARGUMENTS_BAD},
	{"C_GenerateKeyPair", SESSION, CKR_ARGUMENTS_BAD},
	{"C_DeriveKey", SESSION, CKR_ARGUMENTS_BAD},
	{"C_MessageSignInit", SESSION, CKR_ARGUMENTS_BAD},
	{"C_SignMessage", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_SignMessageBegin", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_SignMessageNext", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_MessageSignFinal", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_MessageVerifyInit", SESSION, CKR_ARGUMENTS_BAD},
	{"C_VerifyMessage", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_VerifyMessageBegin", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_VerifyMessageNext", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_MessageVerifyFinal", SESSION, CKR_OPERATION_NOT_INITIALIZED},
	{"C_SeedRandom", SESSION, CKR_RANDOM_SEED_NOT_SUPPORTED},
	{"C_GenerateRandom", SESSION, CKR_OK}, /* of no bytes */
};

/* Tested by themselves: they need no C_Initialize, or take away what the others need. */
static bool is_special(const char *name)
{
	static const char *const special[] = {
		"C_Initialize",	  "C_Finalize",	    "C_GetFunctionList",  "C_GetInterfaceList",
		"C_GetInterface", "C_CloseSession", "C_CloseAllSessions", "C_FindObjectsInit"};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (strcmp(name, special[i]) == 0)
			return true;
	return false;
}

static CK_RV call(void (*fn)(void), CK_ULONG first)
{
	return ((any_fn)fn)(first, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static const struct {
	const char *name;
	size_t offset;
	bool built;
	CK_RV refusal;
} functions[] = {
#define BUILT(name, args) {#name, offsetof(struct iface_list_3_2, name), true, CKR_OK},
#define REFUSED(name, args, rv) {#name, offsetof(struct iface_list_3_2, name), false, rv},
#define BUILT_3_0 BUILT
#define REFUSED_3_0 REFUSED
#define BUILT_3_2 BUILT
#define REFUSED_3_2 REFUSED
#include "entry.def"
};

enum { FUNCTIONS = sizeof(functions) / sizeof(functions[0]) };

static void (*function(size_t i))(void)
{
	void (*fn)(void);

	memcpy(&fn, (const char *)f32 + functions[i].offset, sizeof(fn));
	return fn;
}

static void find_rule(size_t i, enum first *ret_first, CK_RV *ret_empty)
{
	*ret_first = SESSION;
	*ret_empty = functions[i].refusal;
	if (!functions[i].built)
		return;
	for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
		if (strcmp(rules[r].name, functions[i].name) != 0)
			continue;
		*ret_first = rules[r].first;
		*ret_empty = rules[r].empty;
		return;
	}
	fail_msg("%s has no rule", functions[i].name);
}

static void not_initialised(void **state)
{
	(void)state;
	assert_int_equal(FUNCTIONS, 104);
	for (size_t i = 0; i < FUNCTIONS; i++) {
		if (strncmp(functions[i].name, "C_GetInterface", 14) == 0 ||
		    strcmp(functions[i].name, "C_GetFunctionList") == 0)
			assert_rv(call(function(i), 0), CKR_ARGUMENTS_BAD);
		else if (strcmp(functions[i].name, "C_Initialize") != 0)
			assert_rv(call(function(i), 0), CKR_CRYPTOKI_NOT_INITIALIZED);
	}
}

static void bad_handle(void **state)
{
	enum first first;
	CK_RV empty;

	(void)state;
	for (size_t i = 0; i < FUNCTIONS; i++) {
		if (is_special(functions[i].name))
			continue;
		find_rule(i, &first, &empty);
		if (first == SLOT)
			assert_rv(call(function(i), 77), CKR_SLOT_ID_INVALID);
		if (first != SESSION)
			continue;
		assert_rv(call(function(i), 0), CKR_SESSION_HANDLE_INVALID);
		assert_rv(call(function(i), 77), CKR_SESSION_HANDLE_INVALID);
		assert_rv(call(function(i), ~(CK_ULONG)0), CKR_SESSION_HANDLE_INVALID);
	}
	assert_rv(f->C_CloseSession(5), CKR_SESSION_HANDLE_INVALID);
	assert_rv(f->C_CloseAllSessions(5), CKR_SLOT_ID_INVALID);
	assert_rv(f->C_FindObjectsInit(5, NULL, 0), CKR_SESSION_HANDLE_INVALID);
}

static void nothing_else(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	enum first first;
	CK_RV empty;

	(void)state;
	for (size_t i = 0; i < FUNCTIONS; i++) {
		if (is_special(functions[i].name))
			continue;
		find_rule(i, &first, &empty);
		CK_RV rv = call(function(i), first == SESSION ? s : 0);
		if (rv != empty)
			fail_msg("%s: 0x%lx, expected 0x%lx", functions[i].name, rv, empty);
	}
}

static void pointers_that_lead_nowhere(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_ULONG n = 0;
	CK_SLOT_ID slot;

	(void)state;
	assert_rv(f->C_FindObjectsInit(s, NULL, 3), CKR_ARGUMENTS_BAD);
	CK_ATTRIBUTE a = {CKA_LABEL, NULL, 7};
	assert_rv(f->C_FindObjectsInit(s, &a, 1), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_FindObjectsInit(s, &a, ~(CK_ULONG)0), CKR_ARGUMENTS_BAD);
	assert_ok(f->C_FindObjectsInit(s, NULL, 0));
	assert_rv(f->C_FindObjects(s, NULL, 2, &n), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_FindObjects(s, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
	assert_ok(f->C_FindObjectsFinal(s));
	assert_rv(f->C_GenerateRandom(s, NULL, 8), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_Login(s, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
	assert_rv(f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &slot), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_WaitForSlotEvent(CKF_DONT_BLOCK | 2, &slot, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_GetFunctionStatus(s), CKR_FUNCTION_NOT_PARALLEL);
	assert_rv(f->C_GenerateKey(s, NULL, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
}

int main(void)
{
	const struct CMUnitTest before[] = {cmocka_unit_test(not_initialised)};
	const struct CMUnitTest after[] = {
		cmocka_unit_test_setup_teardown(bad_handle, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(nothing_else, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(pointers_that_lead_nowhere, rig_setup,
						rig_teardown),
	};
	int failed = cmocka_run_group_tests_name("codes before", before, rig_group_setup, NULL);

	return failed + cmocka_run_group_tests_name("codes", after, NULL, rig_group_teardown);
}
