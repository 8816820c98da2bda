/* SPDX-License-Identifier: Apache-2.0 */
/* Every function × what can be wrong: not initialised, bad handles, handles that died with their
 * session, by a logout or in a fork, pointers that are NULL, counts and lengths that cannot be, and
 * operations in every state. The answer is one that the specification allows for that function, and
 * nothing is read or written that is not there (this runs under AddressSanitizer too).
 *
 * All arguments are words or pointers, which the calling conventions of our platforms pass alike,
 * so that one type of pointer can call them all. */
#include "states.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_pin.h"

typedef CK_RV (*any_fn)(CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG,
			CK_ULONG, CK_ULONG, CK_ULONG);

enum { FUNCTIONS = 104, INPUT = 64, OUTPUT = 4096 };

static unsigned calls;
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE private_key, public_key;

/* On the heap, so that a step beyond its end is seen. */
static CK_BYTE *input, *output;
static CK_ULONG *room;
static CK_ATTRIBUTE *attributes; /* two */
static CK_MECHANISM *mechanism;

/* --- calling --- */

static CK_RV call(const struct states_function *fn, const CK_ULONG *a)
{
	size_t at = offsetof(struct iface_list_3_2, C_Initialize) +
		    (size_t)(fn - states_functions) * sizeof(void *);
	any_fn f_any;

	memcpy(&f_any, (const char *)f32 + at, sizeof(f_any));
	calls++;
	return f_any(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9]);
}

static CK_ULONG word_of(const void *p)
{
	return (CK_ULONG)(uintptr_t)p;
}

static CK_ULONG good(const struct states_function *fn, enum states_arg kind)
{
	switch (kind) {
	case ARG_SESSION:
		return session;
	case ARG_SLOT:
		return 0;
	case ARG_OBJECT:
	case ARG_PUBLIC:
		return public_key;
	case ARG_KEY:
		return private_key;
	case ARG_NUMBER: /* one flag: DONT_BLOCK, CKU_USER, a search for one */
		return strcmp(fn->name, "C_OpenSession") == 0 ? CKF_SERIAL_SESSION : 1;
	case ARG_BYTES:
		return word_of(input);
	case ARG_LENGTH:
		return 32;
	case ARG_OUT:
	case ARG_STRUCT:
	case ARG_HANDLE:
		return word_of(output);
	case ARG_ROOM:
		*room = OUTPUT / sizeof(CK_ULONG);
		return word_of(room);
	case ARG_TEMPLATE:
		return word_of(attributes);
	case ARG_COUNT:
		return 2;
	case ARG_MECHANISM:
		return word_of(mechanism);
	case ARG_RESERVED:
		break;
	}
	return 0;
}

static void good_arguments(const struct states_function *fn, CK_ULONG a[STATES_ARGS_MAX])
{
	static CK_OBJECT_CLASS data = CKO_DATA;
	static char label[] = "x";

	memset(a, 0, STATES_ARGS_MAX * sizeof(a[0]));
	for (size_t i = 0; fn->args[i] != '\0'; i++)
		a[i] = good(fn, (enum states_arg)fn->args[i]);
	attributes[0] = (CK_ATTRIBUTE){CKA_CLASS, &data, sizeof(data)};
	attributes[1] = (CK_ATTRIBUTE){CKA_LABEL, label, 1};
	*mechanism = (CK_MECHANISM){CKM_ECDSA, NULL, 0};
}

/* --- the states that a session can be in --- */

static void nothing_active(void)
{
}

static void signing(void)
{
	CK_MECHANISM m = {CKM_ECDSA_SHA256, NULL, 0};

	assert_ok(f->C_SignInit(session, &m, private_key));
}

static void signing_in_parts(void)
{
	signing();
	assert_ok(f->C_SignUpdate(session, input, 1));
}

static void verifying(void)
{
	CK_MECHANISM m = {CKM_ECDSA_SHA256, NULL, 0};

	assert_ok(f->C_VerifyInit(session, &m, public_key));
}

static void verifying_in_parts(void)
{
	verifying();
	assert_ok(f->C_VerifyUpdate(session, input, 1));
}

static void searching(void)
{
	assert_ok(f->C_FindObjectsInit(session, NULL, 0));
}

static void signing_messages(void)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};

	assert_ok(f3->C_MessageSignInit(session, &m, private_key));
	assert_ok(f3->C_SignMessageBegin(session, NULL, 0));
}

static void verifying_messages(void)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};

	assert_ok(f3->C_MessageVerifyInit(session, &m, public_key));
	assert_ok(f3->C_VerifyMessageBegin(session, NULL, 0));
}

static void (*const states[])(void) = {
	nothing_active,	    signing,   signing_in_parts, verifying,
	verifying_in_parts, searching, signing_messages, verifying_messages,
};

enum { STATES = sizeof(states) / sizeof(states[0]) };

/* A fresh session in that state, whatever the call before left. */
static void enter(size_t state)
{
	CK_RV rv = f->C_Initialize(NULL);

	assert_true(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
	assert_ok(f->C_CloseAllSessions(0));
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
	public_key = rig_by_label(session, CKO_PUBLIC_KEY, "device");
	private_key = rig_by_label(session, CKO_PRIVATE_KEY, "device");
	states[state]();
}

static void judge(const struct states_function *fn, const CK_ULONG *a, const char *what,
		  size_t state)
{
	CK_RV rv = call(fn, a);

	if (!states_allows(fn, rv))
		fail_msg("%s, %s, state %zu: 0x%lx is not in its list", fn->name, what, state, rv);
}

/* --- what is wrong with one argument --- */

static const CK_ULONG beyond[] = {~(CK_ULONG)0, ~(CK_ULONG)0 - 1, ~(CK_ULONG)0 >> 1,
				  (~(CK_ULONG)0 >> 1) + 1, (CK_ULONG)1 << 48};
static const CK_ULONG numbers[] = {0, 1, 2, 6, 14, 0x1041, 77, ~(CK_ULONG)0};

static bool is_pointer(char kind)
{
	return strchr("pPNTMHO", kind) != NULL;
}

/* It would wait for ever. */
static bool blocks(const struct states_function *fn, CK_ULONG number)
{
	return strcmp(fn->name, "C_WaitForSlotEvent") == 0 && number != 1;
}

static void each_word(const struct states_function *fn, size_t i, size_t state,
		      const CK_ULONG *list, size_t n, const char *what)
{
	CK_ULONG a[STATES_ARGS_MAX];

	for (size_t k = 0; k < n; k++) {
		enter(state);
		good_arguments(fn, a);
		a[i] = list[k];
		if (fn->args[i] != ARG_NUMBER || !blocks(fn, list[k]))
			judge(fn, a, what, state);
	}
}

static void each_room(const struct states_function *fn, size_t state)
{
	CK_ULONG a[STATES_ARGS_MAX];

	for (size_t k = 0; k < 3; k++) {
		enter(state);
		good_arguments(fn, a);
		*room = k == 0 ? 0 : k == 1 ? 1 : ~(CK_ULONG)0;
		judge(fn, a, "a room that is none", state);
	}
}

static void each_template(const struct states_function *fn, size_t state)
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_LABEL, CKA_CLASS, CKA_EC_PARAMS, CKA_TOKEN,
						  ~(CK_ATTRIBUTE_TYPE)0};
	static CK_BYTE one[1];
	const CK_ATTRIBUTE bad[] = {{0, NULL, 5},
				    {0, NULL, ~(CK_ULONG)0},
				    {0, one, ~(CK_ULONG)0},
				    {0, one, (CK_ULONG)1 << 60},
				    {0, NULL, 0}};
	CK_ULONG a[STATES_ARGS_MAX];

	for (size_t t = 0; t < 5; t++)
		for (size_t k = 0; k < 5; k++) {
			enter(state);
			good_arguments(fn, a);
			attributes[1] = bad[k];
			attributes[1].type = types[t];
			judge(fn, a, "a template that lies", state);
		}
}

static void each_mechanism(const struct states_function *fn, size_t state)
{
	static const CK_MECHANISM_TYPE types[] = {CKM_ECDSA,
						  CKM_RSA_PKCS_PSS,
						  CKM_ECDH1_DERIVE,
						  CKM_AES_CMAC,
						  CKM_HKDF_DERIVE,
						  CKM_TLS12_MASTER_KEY_DERIVE,
						  CKM_TLS12_KDF,
						  CKM_SHA256,
						  CKM_HKDF_DATA,
						  CKM_TLS12_MASTER_KEY_DERIVE_DH,
						  CKM_EC_KEY_PAIR_GEN,
						  CKM_ECDSA_SHA256,
						  ~(CK_MECHANISM_TYPE)0};
	static const CK_ULONG sizes[] = {0, 1, 24, 32, 40, 64, ~(CK_ULONG)0};
	CK_ULONG a[STATES_ARGS_MAX];

	memset(input, 0, INPUT);
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (size_t k = 0; k < 2 * sizeof(sizes) / sizeof(sizes[0]); k++) {
			enter(state);
			good_arguments(fn, a);
			*mechanism =
				(CK_MECHANISM){types[t], k % 2 != 0 ? input : NULL, sizes[k / 2]};
			judge(fn, a, "a mechanism's parameter", state);
		}
}

static void each_wrong(const struct states_function *fn, size_t i, size_t state)
{
	static const CK_ULONG none[] = {0}, handles[] = {0, 77, ~(CK_ULONG)0};
	static const CK_ULONG too_many[] = {4097, (CK_ULONG)1 << 32};

	if (is_pointer(fn->args[i]))
		each_word(fn, i, state, none, 1, "NULL");
	switch ((enum states_arg)fn->args[i]) {
	case ARG_COUNT:
		each_word(fn, i, state, too_many, 2, "too many");
		each_word(fn, i, state, beyond, 5, "a count that cannot be");
		break;
	case ARG_LENGTH:
		each_word(fn, i, state, beyond, 5, "a length that cannot be");
		break;
	case ARG_ROOM:
		each_room(fn, state);
		break;
	case ARG_NUMBER:
		each_word(fn, i, state, numbers, 8, "a number");
		break;
	case ARG_TEMPLATE:
		each_template(fn, state);
		break;
	case ARG_MECHANISM:
		each_mechanism(fn, state);
		break;
	case ARG_SESSION:
	case ARG_SLOT:
	case ARG_OBJECT:
	case ARG_KEY:
	case ARG_PUBLIC:
		each_word(fn, i, state, handles, 3, "a bad handle");
		break;
	case ARG_BYTES:
	case ARG_OUT:
	case ARG_HANDLE:
	case ARG_STRUCT:
	case ARG_RESERVED:
		break;
	}
}

/* --- tests --- */

static int before_all(void **state)
{
	if (rig_group_setup(state) != 0)
		return -1;
	input = calloc(1, INPUT);
	output = calloc(1, OUTPUT);
	room = calloc(1, sizeof(*room));
	attributes = calloc(2, sizeof(*attributes));
	mechanism = calloc(1, sizeof(*mechanism));
	return input && output && room && attributes && mechanism ? 0 : -1;
}

static int after_all(void **state)
{
	print_message("%u calls\n", calls);
	free(input);
	free(output);
	free(room);
	free(attributes);
	free(mechanism);
	return rig_group_teardown(state);
}

/* The table is about all functions, in the order of the lists. */
static void table(void **state)
{
	static const char *const names[] = {
#define BUILT(name, args) #name,
#define REFUSED(name, args, rv) #name,
#define BUILT_3_0 BUILT
#define REFUSED_3_0 REFUSED
#define BUILT_3_2 BUILT
#define REFUSED_3_2 REFUSED
#include "entry.def"
	};

	(void)state;
	assert_int_equal(states_function_count, FUNCTIONS);
	assert_int_equal(sizeof(names) / sizeof(names[0]), FUNCTIONS);
	for (size_t i = 0; i < FUNCTIONS; i++) {
		assert_string_equal(states_functions[i].name, names[i]);
		assert_true(strlen(states_functions[i].args) <= STATES_ARGS_MAX);
		assert_int_equal(states_functions[i].may[STATES_RV_MAX - 1], CKR_OK);
	}
}

static void not_initialised(void **state)
{
	CK_ULONG a[STATES_ARGS_MAX];

	(void)state;
	assert_ok(f->C_Finalize(NULL));
	for (size_t i = 0; i < FUNCTIONS; i++) {
		const struct states_function *fn = &states_functions[i];
		if (states_needs_nothing(fn))
			continue;
		good_arguments(fn, a);
		assert_rv(call(fn, a), CKR_CRYPTOKI_NOT_INITIALIZED);
		memset(a, 0, sizeof(a));
		assert_rv(call(fn, a), CKR_CRYPTOKI_NOT_INITIALIZED);
	}
}

/* Whatever else is said, a session that is none comes first. */
static void expect_no_session(CK_SESSION_HANDLE h)
{
	CK_ULONG a[STATES_ARGS_MAX];

	for (size_t i = 0; i < FUNCTIONS; i++) {
		const struct states_function *fn = &states_functions[i];
		if (fn->args[0] != ARG_SESSION)
			continue;
		good_arguments(fn, a);
		a[0] = h;
		assert_rv(call(fn, a), CKR_SESSION_HANDLE_INVALID);
		memset(a + 1, 0, sizeof(a) - sizeof(a[0]));
		assert_rv(call(fn, a), CKR_SESSION_HANDLE_INVALID);
	}
}

static void stale_sessions(void **state)
{
	(void)state;
	for (size_t s = 0; s < STATES; s++) {
		enter(s);
		assert_ok(f->C_CloseSession(session));
		expect_no_session(session);
		enter(s);
		assert_ok(f->C_CloseAllSessions(0));
		expect_no_session(session);
		enter(s);
		assert_ok(f->C_Finalize(NULL));
		assert_ok(f->C_Initialize(NULL));
		expect_no_session(session);
	}
	expect_no_session(0);
	expect_no_session(~(CK_ULONG)0);
}

static int child(void)
{
	CK_ULONG a[STATES_ARGS_MAX];

	for (size_t i = 0; i < FUNCTIONS; i++) {
		const struct states_function *fn = &states_functions[i];
		if (states_needs_nothing(fn))
			continue;
		good_arguments(fn, a);
		if (call(fn, a) != CKR_CRYPTOKI_NOT_INITIALIZED)
			return 1;
	}
	if (f->C_Initialize(NULL) != CKR_OK)
		return 2;
	for (size_t i = 0; i < FUNCTIONS; i++) {
		const struct states_function *fn = &states_functions[i];
		if (fn->args[0] != ARG_SESSION)
			continue;
		good_arguments(fn, a);
		if (call(fn, a) != CKR_SESSION_HANDLE_INVALID)
			return 3;
	}
	return f->C_Finalize(NULL) == CKR_OK ? 0 : 4;
}

static void stale_by_fork(void **state)
{
	(void)state;
	for (size_t s = 0; s < STATES; s++) {
		int word = 0;
		enter(s);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(child());
		assert_int_equal(waitpid(pid, &word, 0), pid);
		assert_int_equal(word, 0);
		/* and here nothing happened */
		CK_SESSION_INFO info;
		assert_ok(f->C_GetSessionInfo(session, &info));
	}
}

static int with_pin(void **state)
{
	(void)state;
	fake_reset();
	rig_configure("[slot one]\nuri = unix:/nowhere/1\npin = application\n");
	assert_ok(f->C_Initialize(NULL));
	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
	return 0;
}

/* Objects that somebody who has logged out may not touch, nor by their old names later. */
static void stale_by_logout(void **state)
{
	static const char *const of_objects[] = {"C_CopyObject", "C_DestroyObject",
						 "C_GetObjectSize", "C_GetAttributeValue",
						 "C_SetAttributeValue"};
	CK_UTF8CHAR pin[] = "1234";
	CK_ULONG a[STATES_ARGS_MAX];

	(void)state;
	assert_ok(f->C_Login(session, CKU_USER, pin, 4));
	private_key = rig_by_label(session, CKO_PRIVATE_KEY, "device");
	public_key = private_key; /* the object that is meant */
	for (int again = 0; again < 2; again++) {
		CK_RV rv = f->C_Logout(session);
		assert_true(rv == CKR_OK || again);
		if (again)
			assert_ok(f->C_Login(session, CKU_USER, pin, 4));
		for (size_t i = 0; i < FUNCTIONS; i++) {
			const struct states_function *fn = &states_functions[i];
			if (strpbrk(fn->args, "okv") == NULL)
				continue;
			good_arguments(fn, a);
			judge(fn, a, "after a logout", 0);
			for (size_t k = 0; k < 5; k++)
				if (strcmp(fn->name, of_objects[k]) == 0)
					assert_rv(call(fn, a), CKR_OBJECT_HANDLE_INVALID);
			if (strcmp(fn->name, "C_SignInit") == 0 ||
			    strcmp(fn->name, "C_VerifyInit") == 0)
				assert_rv(call(fn, a), CKR_KEY_HANDLE_INVALID);
		}
	}
}

static void every_argument(void **state)
{
	CK_ULONG a[STATES_ARGS_MAX];

	(void)state;
	for (size_t s = 0; s < STATES; s++)
		for (size_t i = 0; i < FUNCTIONS; i++) {
			const struct states_function *fn = &states_functions[i];
			enter(s);
			good_arguments(fn, a);
			judge(fn, a, "nothing", s);
			enter(s);
			memset(a + 1, 0, sizeof(a) - sizeof(a[0]));
			a[0] = fn->args[0] == ARG_SESSION ? session : 0;
			if (!blocks(fn, 0))
				judge(fn, a, "all NULL", s);
			for (size_t k = 0; fn->args[k] != '\0'; k++)
				each_wrong(fn, k, s);
		}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		TEST(not_initialised),
		TEST(stale_sessions),
		TEST(stale_by_fork),
		cmocka_unit_test_setup_teardown(stale_by_logout, with_pin, rig_teardown),
		TEST(every_argument),
	};

	return cmocka_run_group_tests_name("states", tests, before_all, after_all);
}
