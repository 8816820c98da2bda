/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that refuse (access condition, function, state, remote administration), power that
 * goes at the wrong moment, cards that answer key generation in their own way: the error is right,
 * in time, nothing else is harmed, and what heals works again with the handles that one had.
 * Argument: the link. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "ck.h"
#include "keys_ops.h"

#define assert_ok(call) assert_int_equal((call), CKR_OK)

enum { INS_LIST = 0xCB, INS_GENERATE = 0xB9, INS_DH = 0x46, INS_PRF = 0x48, INS_HKDF = 0x4A };
enum { INS_SIGN = 0x2A, INS_SIGN_UPDATE = 0x2B, INS_GET_RESPONSE = 0xC0 };

#define PSK                                                                                        \
	"5A010203040506070809000000000000"                                                         \
	"00000000000000000000000000000000"
#define AES "A5010203040506070809000000000000"
static const uint8_t psk[KEYS_SECRET] = {0x5A, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint8_t aes[16] = {0xA5, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const char *const with_psk[] = {"--secret", "0A=" PSK, NULL};
static const char *const with_aes[] = {"--secret", "07=" AES, NULL};

enum { LOCKED_MS = 400 };
static const double TIMEOUT = 3.0;
static enum rig_link wire;
static struct rig r;
static struct scene s;
static struct keys_pair pair;
static CK_OBJECT_HANDLE secret;

/* Forgets the calls that were made: there is room for some only. */
static void fresh_notes(void)
{
	s.calls = 0;
	s.wrong = NULL;
}

static void start(const char *profile, const char *const *new_args)
{
	rig_start(&r, &(struct rig_options){.profile = profile,
					    .link = wire,
					    .new_args = new_args,
					    .module_conf = "timeout = 3\n"});
	rig_module(&r);
	s = (struct scene){.r = &r};
	pair = (struct keys_pair){0};
	assert_ok(r.f->C_Initialize(NULL));
	scene_await_present(&r);
	assert_ok(keys_session(&s));
}

static void stop(void)
{
	assert_null(s.wrong);
	assert_in_range(scene_channels(&r), 0, 1);
	assert_ok(r.f->C_Finalize(NULL));
	rig_stop(&r);
}

/* Another program, which reads the list anew. */
static void restart(void)
{
	assert_ok(r.f->C_Finalize(NULL));
	assert_ok(r.f->C_Initialize(NULL));
	fresh_notes();
	s.session = 0;
	assert_ok(keys_session(&s));
}

static void control(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void control(const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rig_control(&r, text, NULL, 0);
}

/* --- what refuses, and how it is used --- */

static CK_RV use_generate(void)
{
	return keys_generate(&s, NULL, &pair);
}

static CK_RV use_agree(void)
{
	return keys_agree(&s, &pair);
}

static CK_RV use_hkdf(void)
{
	return keys_hkdf(&s, secret, psk);
}

static CK_RV use_tls12(void)
{
	return keys_tls12(&s, secret, psk);
}

static CK_RV use_mac(void)
{
	return keys_mac(&s, secret, aes);
}

static const struct subject {
	const char *profile;
	const char *const *new_args;
	CK_OBJECT_CLASS class;
	const char *label; /* of the key that is used; NULL: none */
	CK_RV (*use)(void);
	uint8_t ins; /* by which the card is asked */
} subjects[] = {
	{"demo", NULL, 0, NULL, use_generate, INS_GENERATE},
	{"quantag", NULL, CKO_PRIVATE_KEY, "11", use_agree, INS_DH},
	{"type2", with_psk, CKO_SECRET_KEY, "psk", use_hkdf, INS_HKDF},
	{"type2", with_psk, CKO_SECRET_KEY, "psk", use_tls12, INS_PRF},
	{"thales", with_aes, CKO_SECRET_KEY, "mac", use_mac, INS_SIGN},
};
enum { GENERATE, AGREE, HKDF, TLS12, MAC };

/* The card of the subject; quantag shows no public key and has no slot that could be read. */
static void open_card(const struct subject *of)
{
	start(of->profile, of->new_args);
	if (of->use != use_agree)
		return;
	control("object public 0002 access 03");
	control("object public 0003 access 03");
	assert_ok(keys_find_pair(&s, of->label, &pair));
}

static void find_key(const struct subject *of)
{
	if (!of->label)
		return;
	assert_ok(keys_find(&s, of->class, of->label, &secret));
	assert_int_not_equal(secret, 0);
	pair.priv = secret;
}

struct refusal {
	unsigned subject;
	const char *container, *attribute, *value;
	bool listed; /* the list tells of it */
};

static const struct refusal refusals[] = {
	{GENERATE, "private 04", "functions", "04", true},
	{GENERATE, "public 04", "functions", "04", true},
	{GENERATE, "public 04", "access", "00", false},
	{GENERATE, "private 04", "locked", "02", false},
	{GENERATE, "private 04", "locked", "01", false},
	{AGREE, "private 0002", "functions", "03", true},
	{AGREE, "private 0002", "state", "00", true},
	{AGREE, "private 0002", "agreement", "02", true},
	{AGREE, "private 0002", "locked", "02", false},
	{AGREE, "public 0003", "access", "00", true},
	{AGREE, "public 0003", "functions", "03", true},
	{AGREE, "public 0003", "locked", "02", false},
	{HKDF, "secret 0A", "functions", "01", true},
	{HKDF, "secret 0A", "state", "00", true},
	{HKDF, "secret 0A", "derivation", "01", true},
	{HKDF, "secret 0A", "locked", "02", false},
	{TLS12, "secret 0A", "functions", "01", true},
	{TLS12, "secret 0A", "derivation", "02", true},
	{TLS12, "secret 0A", "locked", "02", false},
	{TLS12, "secret 0A", "locked", "01", false},
	{MAC, "secret 07", "functions", "08", true},
	{MAC, "secret 07", "state", "00", true},
	{MAC, "secret 07", "locked", "02", false},
};

static void value_of(const struct refusal *t, char ret[8])
{
	char text[512], name[32];

	snprintf(name, sizeof(name), "object %s", t->container);
	rig_control(&r, name, text, sizeof(text));
	snprintf(name, sizeof(name), " %s=", t->attribute);
	const char *at = strstr(text, name);
	assert_non_null(at);
	snprintf(ret, 8, "%.2s", at + strlen(name));
}

/* The module goes by the list: the card is not asked. */
static bool says_cannot(CK_RV rv)
{
	return rv == CKR_KEY_FUNCTION_NOT_PERMITTED || rv == CKR_MECHANISM_INVALID ||
	       rv == CKR_CURVE_NOT_SUPPORTED || rv == CKR_DEVICE_MEMORY;
}

static void try_refusal(const struct refusal *t)
{
	const struct subject *of = &subjects[t->subject];
	char was[8];
	double since;
	CK_RV rv;

	value_of(t, was);
	restart();
	find_key(of);
	assert_ok(of->use());
	control("object %s %s %s", t->container, t->attribute, t->value);
	since = rig_seconds();
	rv = of->use();
	if (rv != CKR_DEVICE_ERROR || rig_seconds() - since > TIMEOUT + 1)
		fail_msg("%s %s %s: %#lx after %.1f s", t->container, t->attribute, t->value, rv,
			 rig_seconds() - since);
	if (t->listed) {
		restart();
		find_key(of);
		size_t mark = rig_log_mark(&r);
		rv = of->use();
		if (!says_cannot(rv))
			fail_msg("%s %s %s, listed: %#lx", t->container, t->attribute, t->value,
				 rv);
		assert_int_equal(rig_log_count_ins(&r, mark, of->ins), 0);
	}
	control("object %s %s %s", t->container, t->attribute, was);
	if (t->listed) {
		restart();
		find_key(of);
	}
	fresh_notes();
	assert_ok(of->use());
	assert_null(s.wrong);
}

static void refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		open_card(&subjects[i]);
		for (size_t k = 0; k < sizeof(refusals) / sizeof(refusals[0]); k++)
			if (refusals[k].subject == i)
				try_refusal(&refusals[k]);
		stop();
	}
}

/* --- remote administration that ends --- */

/* With the time in which the machine stood still: the child waits that long as well. */
static int64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static pid_t unlock_later(const char *container)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	rig_pause_ms(LOCKED_MS);
	control("object %s locked 00", container);
	_exit(0);
}

static void heals(void **state)
{
	static const char *const containers[] = {"private 04", "private 0002", "secret 0A",
						 "secret 0A", "secret 07"};
	int64_t since;
	pid_t pid;

	(void)state;
	for (unsigned i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		open_card(&subjects[i]);
		find_key(&subjects[i]);
		assert_ok(subjects[i].use());
		control("object %s locked 01", containers[i]);
		since = clock_ms();
		pid = unlock_later(containers[i]);
		assert_ok(subjects[i].use());
		assert_true(clock_ms() - since >= LOCKED_MS);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		stop();
	}
}

/* Where data comes back over T=0 it is the end of the last answer fetched that says so. */
static void arm_list_changed(const struct subject *of, uint8_t ins)
{
	size_t mark = rig_log_mark(&r);

	assert_ok(of->use());
	size_t fetched = rig_log_count_ins(&r, mark, INS_GET_RESPONSE);
	if (fetched != 0)
		control("fault C6/%02X@%zu:63CF", (unsigned)INS_GET_RESPONSE, fetched);
	else
		control("fault C6/%02X:63CF", (unsigned)ins);
}

/* 63CF: done, and the list is read again; handles of what is still there stay. */
static void list_changed(void **state)
{
	static const uint8_t last[] = {INS_GENERATE, INS_DH, INS_HKDF, INS_PRF, INS_SIGN_UPDATE};

	(void)state;
	for (unsigned i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		const struct subject *of = &subjects[i];
		open_card(of);
		find_key(of);
		assert_ok(of->use());
		CK_OBJECT_HANDLE was = secret;
		arm_list_changed(of, last[i]);
		size_t mark = rig_log_mark(&r);
		assert_ok(of->use());
		control("fault clear");
		assert_ok(of->use());
		find_key(of);
		assert_int_not_equal(rig_log_count_ins(&r, mark, INS_LIST), 0);
		if (of->label)
			assert_int_equal(secret, was);
		assert_ok(of->use());
		stop();
	}
}

/* --- power --- */

static void power_goes(void **state)
{
	uint8_t before[KEYS_POINT], after[KEYS_POINT];

	(void)state;
	/* a key that stays: nobody notices, and the slot gets back what it held */
	open_card(&subjects[AGREE]);
	assert_ok(keys_agree(&s, &pair));
	restart();
	find_key(&subjects[AGREE]);
	assert_true(keys_raw_public(&r, "0003", before));
	size_t mark = rig_log_mark(&r);
	control("fault C2/46");
	assert_ok(keys_agree(&s, &pair));
	assert_int_equal(rig_log_count_ins(&r, mark, INS_DH), 2);
	assert_true(keys_raw_public(&r, "0003", after));
	assert_memory_equal(before, after, KEYS_POINT);
	stop();
	/* one that goes with the power: an error, and the next one agrees */
	start("demo", NULL);
	assert_ok(keys_generate(&s, NULL, &pair));
	assert_ok(keys_agree(&s, &pair));
	control("fault C2/46");
	assert_int_equal(keys_agree(&s, &pair), CKR_DEVICE_ERROR);
	assert_ok(keys_session(&s));
	assert_ok(keys_generate(&s, NULL, &pair));
	assert_ok(keys_agree(&s, &pair));
	stop();
}

/* What the peer's slot held, it holds again, whether or not the agreement succeeded. */
static void slot_is_put_back(void **state)
{
	static const char *const faults[] = {
		"C10/46:0", "SW/46x0:6985", "SW/46x0:6F00", "SW/46x0:6A80", "SW/46x0:6581",
		"C12/46:0", "C12/46",	    "C1/46",	    "TRUNC/46x0",   "C1/24"};
	uint8_t before[KEYS_POINT], after[KEYS_POINT];

	(void)state;
	open_card(&subjects[AGREE]);
	assert_ok(keys_agree(&s, &pair));
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		/* vpcd itself waits for ever for an answer of no bytes */
		if (rig_over_pcsc(wire) && strcmp(faults[i], "C12/46:0") == 0)
			continue;
		restart();
		find_key(&subjects[AGREE]);
		assert_true(keys_raw_public(&r, "0003", before));
		control("fault %s", faults[i]);
		CK_RV rv = keys_agree(&s, &pair);
		bool failing = strncmp(faults[i], "SW", 2) == 0 || strstr(faults[i], "TRUNC");
		bool moved = !keys_raw_public(&r, "0003", after) ||
			     memcmp(before, after, KEYS_POINT) != 0;
		control("fault clear");
		if (moved || rv != (failing ? (strstr(faults[i], "6581") ? CKR_DEVICE_MEMORY
									 : CKR_DEVICE_ERROR)
					    : CKR_OK))
			fail_msg("%s: %#lx, %s", faults[i], rv, moved ? "moved" : "put back");
	}
	stop();
}

/* --- how cards answer key generation --- */

/* New ids of an answer that says nothing at all leave the caller without handles, but not without
 * key. */
static bool may_fail(unsigned way, bool new_ids, CK_RV rv)
{
	return new_ids && way == 2 && rv == CKR_DEVICE_ERROR;
}

static void answers(void **state)
{
	static const char *const ways[] = {"full", "key", "none"};
	struct keys_pair named;

	(void)state;
	start("demo", NULL);
	for (unsigned i = 0; i < 6; i++) {
		control("config set keygen-answer %s", ways[i % 3]);
		control("config set keygen-new-ids %s", i < 3 ? "no" : "yes");
		fresh_notes();
		CK_RV rv = keys_generate(&s, NULL, &pair);
		if (rv != CKR_OK && !may_fail(i % 3, i >= 3, rv))
			fail_msg("answer %s, new ids %d: %#lx", ways[i % 3], i >= 3, rv);
		assert_ok(keys_find_pair(&s, "ephemeral", &named));
		assert_ok(keys_agree(&s, &named));
		assert_null(s.wrong);
		if (rv != CKR_OK)
			continue;
		/* found by its name it is the same key */
		assert_int_equal(named.priv, pair.priv);
		assert_memory_equal(named.point, pair.point, KEYS_POINT);
	}
	stop();
}

/* What a test that failed has left. */
static int clean(void **state)
{
	(void)state;
	if (r.dir[0])
		rig_stop(&r);
	return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, clean)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(refused),		TEST(heals),   TEST(list_changed), TEST(power_goes),
		TEST(slot_is_put_back), TEST(answers),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name("refused", tests, NULL, NULL);
}
