/* SPDX-License-Identifier: Apache-2.0 */
/* How many APDUs a first use and a signature cost, by the simulator's own log (design §7). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

static const uint8_t digest[32] = {1, 2, 3};

static const uint8_t INS_MANAGE_CHANNEL = 0x70, INS_SELECT = 0xA4, INS_READ_FILE = 0xB0,
		     INS_SIGN_INIT = 0x2A, INS_SIGN_UPDATE = 0x2B, INS_RANDOM = 0x84;

/* The certificate's attributes by value: forces its file to be read. */
static void read_certificate(const struct rig *r, CK_SESSION_HANDLE s)
{
	CK_OBJECT_HANDLE cert = rig_find(r, s, CKO_CERTIFICATE, NULL);
	CK_ATTRIBUTE a = {CKA_VALUE, NULL, 0};

	assert_int_not_equal(cert, 0);
	assert_int_equal(r->f->C_GetAttributeValue(s, cert, &a, 1), CKR_OK);
	assert_true(a.ulValueLen > 100);
}

/* The pair's id is made of its public point: forces that to be read. */
static void read_id(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	uint8_t id[64];
	CK_ATTRIBUTE a = {CKA_ID, id, sizeof(id)};

	assert_int_equal(r->f->C_GetAttributeValue(s, key, &a, 1), CKR_OK);
	assert_int_equal(a.ulValueLen, 20);
}

static size_t file_chunks(const struct rig *r, size_t since)
{
	/* EF_ICCID is read with the same INS: one of them is no chunk of a file */
	return rig_log_count_ins(r, since, INS_READ_FILE) - 1;
}

static void first_use(void **state)
{
	struct rig *r = *state;
	CK_SESSION_HANDLE s;
	uint8_t sig[256];
	CK_ULONG n = sizeof(sig);
	size_t used, at;

	rig_module(r);
	assert_int_equal(r->f->C_Initialize(NULL), CKR_OK);
	rig_slot(r);
	assert_int_equal(rig_log_count(r, 0), 0);
	s = rig_session(r);
	assert_int_equal(rig_log_count(r, 0), 0);
	read_certificate(r, s);
	CK_OBJECT_HANDLE key = rig_find(r, s, CKO_PRIVATE_KEY, NULL);
	read_id(r, s, key);
	used = rig_log_count(r, 0);
	print_message("first use: %zu APDUs, %zu of them certificate chunks\n", used,
		      file_chunks(r, 0));
	if (used > 8 + file_chunks(r, 0))
		rig_log_dump(r, 0);
	assert_true(used <= 8 + file_chunks(r, 0));

	for (int i = 0; i < 3; i++) {
		at = rig_log_mark(r);
		n = sizeof(sig);
		assert_int_equal(rig_sign(r, s, key, digest, sizeof(digest), sig, &n), CKR_OK);
		assert_int_equal(n, 64);
		assert_true(rig_verify(r, digest, sizeof(digest), sig, n));
		if (rig_log_count(r, at) != 2)
			rig_log_dump(r, at);
		assert_int_equal(rig_log_count(r, at), 2);
		assert_int_equal(rig_log_count_ins(r, at, INS_SIGN_INIT), 1);
		assert_int_equal(rig_log_count_ins(r, at, INS_SIGN_UPDATE), 1);
	}

	at = rig_log_mark(r);
	assert_int_equal(r->f->C_GenerateRandom(s, sig, 32), CKR_OK);
	assert_int_equal(rig_log_count(r, at), 1);
	assert_int_equal(rig_log_count_ins(r, at, INS_RANDOM), 1);

	/* asking how large costs nothing */
	at = rig_log_mark(r);
	assert_int_equal(rig_sign(r, s, key, digest, sizeof(digest), NULL, &n), CKR_OK);
	assert_int_equal(n, 64);
	assert_int_equal(rig_log_count(r, at), 0);
}

/* A process of its own, as curl would be: lists, signs, ends without C_Finalize. */
static void one_process(struct rig *r)
{
	pid_t pid = fork();
	int st = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		uint8_t sig[256];
		CK_ULONG n = sizeof(sig);
		CK_SESSION_HANDLE s;

		rig_module(r);
		if (r->f->C_Initialize(NULL) != CKR_OK)
			_exit(2);
		s = rig_session(r);
		if (rig_sign(r, s, rig_find(r, s, CKO_PRIVATE_KEY, NULL), digest, sizeof(digest),
			     sig, &n) != CKR_OK)
			_exit(3);
		_exit(rig_verify(r, digest, sizeof(digest), sig, n) ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
}

static void next_process_opens_nothing(void **state)
{
	struct rig *r = *state;
	size_t at;

	one_process(r);
	at = rig_log_mark(r);
	one_process(r);
	print_message("a further process: %zu APDUs\n", rig_log_count(r, at));
	assert_int_equal(rig_log_count_ins(r, at, INS_MANAGE_CHANNEL), 0);
	assert_int_equal(rig_log_count_ins(r, at, INS_SELECT), 0);
}

/* T=0: the link cannot fetch by itself, so the signature takes one GET RESPONSE more. */
static void signature_over_t0(void **state)
{
	struct rig *r = *state;
	CK_SESSION_HANDLE s;
	uint8_t sig[256];
	CK_ULONG n = sizeof(sig);
	size_t at;

	rig_control(r, "config set t0 yes", NULL, 0);
	rig_module(r);
	assert_int_equal(r->f->C_Initialize(NULL), CKR_OK);
	s = rig_session(r);
	CK_OBJECT_HANDLE key = rig_find(r, s, CKO_PRIVATE_KEY, NULL);

	assert_int_equal(rig_sign(r, s, key, digest, sizeof(digest), sig, &n), CKR_OK);
	at = rig_log_mark(r);
	n = sizeof(sig);
	assert_int_equal(rig_sign(r, s, key, digest, sizeof(digest), sig, &n), CKR_OK);
	if (rig_log_count(r, at) != 3)
		rig_log_dump(r, at);
	assert_int_equal(rig_log_count(r, at), 3);
}

static struct rig rig;

static int setup(void **state)
{
	rig_start(&rig, &(struct rig_options){.link = RIG_UNIX});
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_use, setup, teardown),
		cmocka_unit_test_setup_teardown(next_process_opens_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(signature_over_t0, setup, teardown),
	};

	return cmocka_run_group_tests_name("APDU counts", tests, NULL, NULL);
}
