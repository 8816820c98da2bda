/* SPDX-License-Identifier: Apache-2.0 */
/* How many APDUs a first use, a signature and a further process cost, by the simulator's own log
 * (design §7, README's figures). Argument: the link. */
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

/* What each link costs. */
static const struct cost {
	size_t first_use; /* with key id and certificate */
	size_t signature;
	size_t signature_t0; /* of a card that talks T=0 */
	size_t random;
	size_t process; /* a further one: list, public key, signature; over QMI also open and select
			 */
} costs[RIG_LINKS] = {
	[RIG_UNIX] = {10, 2, 3, 1, 4},	    [RIG_AT_CGLA] = {10, 2, 3, 1, 4},
	[RIG_AT_CSIM] = {10, 2, 3, 1, 4},   [RIG_PCSC] = {10, 2, 3, 1, 4},
	[RIG_PCSC_T0] = {16, 3, 3, 1, 7},   [RIG_MBIM] = {8, 2, 3, 1, 4},
	[RIG_MBIM_PROXY] = {8, 2, 3, 1, 4}, [RIG_QMI] = {8, 2, 3, 1, 6},
	[RIG_QMI_PROXY] = {8, 2, 3, 1, 6},
};
static enum rig_link wire;
static struct rig rig;

static const uint8_t INS_MANAGE_CHANNEL = 0x70, INS_SELECT = 0xA4, INS_READ_FILE = 0xB0,
		     INS_SIGN_INIT = 0x2A, INS_SIGN_UPDATE = 0x2B, INS_RANDOM = 0x84,
		     INS_GET_RESPONSE = 0xC0;

static void spent(const char *what, size_t since, size_t expected)
{
	size_t n = rig_log_count(&rig, since);

	print_message("%s: %zu APDUs\n", what, n);
	if (n != expected)
		rig_log_dump(&rig, since);
	assert_int_equal(n, expected);
}

/* The certificate's attributes by value: forces its file to be read. */
static void read_certificate(CK_SESSION_HANDLE s)
{
	CK_OBJECT_HANDLE cert = rig_find(&rig, s, CKO_CERTIFICATE, NULL);
	CK_ATTRIBUTE a = {CKA_VALUE, NULL, 0};

	assert_int_not_equal(cert, 0);
	assert_int_equal(rig.f->C_GetAttributeValue(s, cert, &a, 1), CKR_OK);
	assert_true(a.ulValueLen > 100);
}

/* The pair's id is made of its public point: forces that to be read. */
static void read_id(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	uint8_t id[64];
	CK_ATTRIBUTE a = {CKA_ID, id, sizeof(id)};

	assert_int_equal(rig.f->C_GetAttributeValue(s, key, &a, 1), CKR_OK);
	assert_int_equal(a.ulValueLen, 20);
}

static size_t file_chunks(void)
{
	size_t n = rig_log_count_ins(&rig, 0, INS_READ_FILE);

	/* where no modem tells the ICCID its file is read with the same INS: that is no chunk */
	return ON_CARD & 1U << wire ? n - 1 : n;
}

/* Initialised, with a session: nothing was sent so far. */
static CK_SESSION_HANDLE start(void)
{
	rig_module(&rig);
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	rig_slot(&rig);
	assert_int_equal(rig_log_count(&rig, 0), 0);
	CK_SESSION_HANDLE s = rig_session(&rig);
	assert_int_equal(rig_log_count(&rig, 0), 0);
	return s;
}

static void sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	uint8_t sig[256];
	CK_ULONG n = sizeof(sig);

	assert_int_equal(rig_sign(&rig, s, key, digest, sizeof(digest), sig, &n), CKR_OK);
	assert_int_equal(n, 64);
	assert_true(rig_verify(&rig, digest, sizeof(digest), sig, n));
}

static void first_use(void **state)
{
	CK_SESSION_HANDLE s = start();
	CK_OBJECT_HANDLE key;
	uint8_t random[32];
	CK_ULONG n = 0;
	size_t at;

	(void)state;
	read_certificate(s);
	key = rig_find(&rig, s, CKO_PRIVATE_KEY, NULL);
	read_id(s, key);
	spent("first use", 0, costs[wire].first_use);
	print_message("  %zu of them certificate chunks\n", file_chunks());
	/* design §7; what T=0 has to fetch comes on top */
	assert_true(costs[wire].first_use - rig_log_count_ins(&rig, 0, INS_GET_RESPONSE) <=
		    8 + file_chunks());

	for (int i = 0; i < 3; i++) {
		at = rig_log_mark(&rig);
		sign(s, key);
		spent("a signature", at, costs[wire].signature);
		assert_int_equal(rig_log_count_ins(&rig, at, INS_SIGN_INIT), 1);
		assert_int_equal(rig_log_count_ins(&rig, at, INS_SIGN_UPDATE), 1);
	}

	at = rig_log_mark(&rig);
	assert_int_equal(rig.f->C_GenerateRandom(s, random, sizeof(random)), CKR_OK);
	spent("32 random bytes", at, costs[wire].random);
	assert_int_equal(rig_log_count_ins(&rig, at, INS_RANDOM), 1);

	at = rig_log_mark(&rig);
	assert_int_equal(rig_sign(&rig, s, key, digest, sizeof(digest), NULL, &n), CKR_OK);
	assert_int_equal(n, 64);
	spent("asking how large", at, 0);
}

/* A process of its own, as curl would be: lists, signs, ends without C_Finalize. */
static void one_process(void)
{
	pid_t pid = fork();
	int st = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		uint8_t sig[256];
		CK_ULONG n = sizeof(sig);
		CK_SESSION_HANDLE s;

		rig_module(&rig);
		if (rig.f->C_Initialize(NULL) != CKR_OK)
			_exit(2);
		s = rig_session(&rig);
		if (rig_sign(&rig, s, rig_find(&rig, s, CKO_PRIVATE_KEY, NULL), digest,
			     sizeof(digest), sig, &n) != CKR_OK)
			_exit(3);
		_exit(rig_verify(&rig, digest, sizeof(digest), sig, n) ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
}

struct managed {
	size_t opened, closed;
};

static void count_managed(void *ctx, const struct rig_apdu *a)
{
	struct managed *m = ctx;

	if (a->cmd[1] != INS_MANAGE_CHANNEL)
		return;
	m->opened += a->cmd[2] == 0;
	m->closed += a->cmd[2] == 0x80;
}

/* But over QMI, where a channel is its client's: who is told of that one's end closes it, sooner or
 * later. With share=1 the client stays. */
static void next_process_opens_nothing(void **state)
{
	struct managed m = {0};
	size_t opens = rig_over_qmi(wire) && !rig_shares(), at;

	(void)state;
	one_process();
	at = rig_log_mark(&rig);
	one_process();
	rig_log_each(&rig, at, count_managed, &m);
	spent("a further process", at, costs[rig_shares() ? RIG_UNIX : wire].process + m.closed);
	assert_int_equal(rig_log_count_ins(&rig, at, INS_SELECT), opens);
	assert_int_equal(m.opened, opens);
	assert_in_range(m.closed, 0, opens);
}

/* T=0: one GET RESPONSE more, ours or the modem's. */
static void signature_over_t0(void **state)
{
	CK_SESSION_HANDLE s = start();
	CK_OBJECT_HANDLE key = rig_find(&rig, s, CKO_PRIVATE_KEY, NULL);

	(void)state;
	sign(s, key);
	size_t at = rig_log_mark(&rig);
	sign(s, key);
	spent("a signature over T=0", at, costs[wire].signature_t0);
}

static int begin(void **state)
{
	(void)state;
	rig_start(&rig, &(struct rig_options){.link = wire});
	return 0;
}

static int begin_t0(void **state)
{
	(void)state;
	rig_start(&rig, &(struct rig_options){.link = wire, .t0 = true});
	return 0;
}

static int end(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	const struct rig_test tests[] = {
		{cmocka_unit_test_setup_teardown(first_use, begin, end), ON_ALL},
		{cmocka_unit_test_setup_teardown(next_process_opens_nothing, begin, end), ON_ALL},
		/* a reader's other runs are that of pcsc-t0 */
		{cmocka_unit_test_setup_teardown(signature_over_t0, begin_t0, end),
		 ON_ALL & ~ON_T1},
	};

	wire = rig_argument(argc, argv);
	return rig_run(tests, sizeof(tests) / sizeof(tests[0]), wire);
}
