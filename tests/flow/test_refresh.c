/* SPDX-License-Identifier: Apache-2.0 */
/* A SIM that stays and holds other things: remote administration, a REFRESH, a profile switch; and
 * a SIM that is reached in another way: by another link, by a modem that came back under another
 * name. Argument: the link. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "scene.h"

#define OWN_ICCID "8988211000000000017"
#define OTHER_ICCID "8988211000000000025"

enum {
	INS_LIST = 0xCB,
	INS_READ_FILE = 0xB0,
	INS_READ_PUBLIC = 0xCD,
	VALUE_MAX = 2048,
	APDUS_MAX = 24, /* of a first use with a signature, on any link */
};

static enum rig_link wire;
static struct rig rig, other; /* other: only its card is used */
static struct rig as_other;   /* the running rig, judged by the other card's certificate */
static struct scene scene;

static void start(void)
{
	static const char *const new_args[] = {"--iccid", OWN_ICCID, NULL};

	rig_start(&rig, &(struct rig_options){.link = wire, .new_args = new_args});
	rig_module(&rig);
	as_other = rig;
	memcpy(as_other.card, other.card, sizeof(as_other.card));
	scene = (struct scene){.r = &rig};
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
}

static void say(const char *text)
{
	rig_control(&rig, text, NULL, 0);
}

/* pcscd's driver looks for its card about twice a second. */
static void reset(void)
{
	say("reset");
	if (rig_over_pcsc(wire))
		rig_pause_ms(1500);
	scene_await_present(&rig);
}

static void open_and_find(void)
{
	scene.calls = 0;
	scene_await_present(&rig);
	assert_int_equal(scene_open(&scene), CKR_OK);
	assert_int_equal(scene_find(&scene), CKR_OK);
	assert_int_not_equal(scene.key, 0);
}

static size_t value_of(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, uint8_t ret[VALUE_MAX])
{
	CK_ATTRIBUTE a = {type, ret, VALUE_MAX};

	assert_int_equal(rig.f->C_GetAttributeValue(scene.session, h, &a, 1), CKR_OK);
	return a.ulValueLen;
}

static void signs(void)
{
	scene.calls = 0;
	assert_int_equal(scene_sign(&scene), CKR_OK);
	assert_false(scene.bad_signature);
}

/* --- what the SIM holds changes --- */

/* 63CF: success, and remote administration has ended. The certificate is another one then. */
static void renewed_certificate(void **state)
{
	uint8_t before[VALUE_MAX], after[VALUE_MAX];
	CK_OBJECT_HANDLE key, certificate;
	size_t n, m, mark;

	(void)state;
	start();
	open_and_find();
	key = scene.key;
	certificate = scene.certificate;
	n = value_of(certificate, CKA_VALUE, before);
	signs();
	say("fault C9@1");
	signs(); /* meets the news */
	m = value_of(certificate, CKA_VALUE, after);
	assert_true(n != m || memcmp(before, after, n) != 0);
	/* it is still about the key, and whoever looks again finds the same objects */
	scene.calls = 0;
	assert_int_equal(scene_find(&scene), CKR_OK);
	assert_int_equal(scene.key, key);
	assert_int_equal(scene.certificate, certificate);
	mark = rig_log_mark(&rig);
	signs();
	assert_int_equal(rig_log_count_ins(&rig, mark, INS_LIST), 0); /* once is enough */
	assert_int_equal(rig_log_count_ins(&rig, mark, INS_READ_FILE), 0);
	rig_stop(&rig);
}

/* A reset, as of a REFRESH: the list and what was read are read again, once. */
static void read_after_reset(void **state)
{
	uint8_t before[VALUE_MAX], after[VALUE_MAX];
	CK_OBJECT_HANDLE key, certificate;
	size_t n, mark;

	(void)state;
	start();
	open_and_find();
	key = scene.key;
	certificate = scene.certificate;
	n = value_of(certificate, CKA_VALUE, before);
	signs();
	mark = rig_log_mark(&rig);
	signs();
	assert_int_equal(rig_log_count_ins(&rig, mark, INS_LIST), 0);
	say("object file 02 value 3003020101"); /* certificate no more */
	reset();
	mark = rig_log_mark(&rig);
	signs(); /* meets the lost channel */
	signs();
	assert_in_range(rig_log_count_ins(&rig, mark, INS_LIST), 1, 2);
	assert_int_equal(rig_log_count_ins(&rig, mark, INS_READ_PUBLIC), 1);
	assert_int_equal(value_of(certificate, CKA_VALUE, after), 5);
	assert_memory_equal(after, "\x30\x03\x02\x01\x01", 5);
	assert_true(n > 5);
	scene.calls = 0;
	assert_int_equal(scene_find(&scene), CKR_OK);
	assert_int_equal(scene.key, key);
	signs();
	rig_stop(&rig);
}

/* Another key in the same container: the old handle signs nothing. */
static void another_key(void **state)
{
	static const char fill[] = "object private 01 value 0102030405060708090A0B0C0D0E0F10"
				   "1112131415161718191A1B1C1D1E1F20";
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	uint8_t before[VALUE_MAX], after[VALUE_MAX], digest[32] = {1}, sig[64];
	CK_ULONG n = sizeof(sig);
	CK_OBJECT_HANDLE key;
	CK_RV rv = CKR_OK;

	(void)state;
	start();
	open_and_find();
	key = scene.key;
	value_of(key, CKA_EC_POINT, before);
	signs();
	say(fill);
	say("fault C6/2B@1:63CF"); /* remote administration tells at the end of the next one */
	scene.calls = 0;
	for (int i = 0; i < 3 && rv == CKR_OK; i++)
		rv = rig.f->C_SignInit(scene.session, &m, key) == CKR_OK
			     ? rig.f->C_Sign(scene.session, digest, sizeof(digest), sig, &n)
			     : CKR_KEY_HANDLE_INVALID;
	assert_int_not_equal(rv, CKR_OK);
	assert_int_equal(rig.f->C_SignInit(scene.session, &m, key), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(scene_find(&scene), CKR_OK);
	assert_int_not_equal(scene.key, key);
	value_of(scene.key, CKA_EC_POINT, after);
	assert_memory_not_equal(before, after, 67);
	assert_int_equal(rig_sign(&rig, scene.session, scene.key, digest, sizeof(digest), sig, &n),
			 CKR_OK);
	rig_stop(&rig);
}

/* --- while remote administration is at work --- */

/* The list and the public key are read once more, then all is as before. */
static void held_for_a_moment(const char *fault)
{
	size_t mark;

	say(fault);
	signs();
	mark = rig_log_mark(&rig);
	signs();
	assert_true(rig_log_count_ins(&rig, mark, INS_LIST) >= 1);
	mark = rig_log_mark(&rig);
	signs();
	assert_int_equal(rig_log_count_ins(&rig, mark, INS_LIST), 0);
}

static void held(void **state)
{
	uint8_t value[VALUE_MAX];
	CK_OBJECT_HANDLE key;
	double began;

	(void)state;
	start();
	open_and_find();
	key = scene.key;
	value_of(scene.certificate, CKA_VALUE, value);
	signs();
	held_for_a_moment("fault SW/2A@1:6984");
	held_for_a_moment("fault SW/2B@1:6984");
	held_for_a_moment("fault SW/2B@1:6989");
	/* for long: an error in time, and nothing is lost */
	say("object private 01 locked 01");
	began = rig_seconds();
	scene.calls = 0;
	assert_int_equal(scene_sign(&scene), CKR_DEVICE_ERROR);
	assert_true(rig_seconds() - began < 9);
	say("object private 01 locked 00");
	signs();
	scene.calls = 0;
	assert_int_equal(scene_find(&scene), CKR_OK);
	assert_int_equal(scene.key, key);
	/* a file that is held does not hide the rest */
	say("object file 02 locked 02");
	say("fault C6/2B@1:63CF");
	signs();
	scene.calls = 0;
	assert_int_equal(scene_find(&scene), CKR_OK);
	assert_int_equal(scene.key, key);
	signs();
	rig_stop(&rig);
}

/* --- another identity --- */

static bool session_alive(void)
{
	CK_SESSION_INFO info;

	return rig.f->C_GetSessionInfo(scene.session, &info) == CKR_OK;
}

static void serial_is(CK_SLOT_ID slot, const char *iccid)
{
	CK_TOKEN_INFO info;

	assert_int_equal(rig.f->C_GetTokenInfo(slot, &info), CKR_OK);
	assert_memory_equal(info.serialNumber, iccid + strlen(iccid) - 16, 16);
}

/* An eUICC: the card stays and is another one. */
static void profile_switch(void **state)
{
	CK_RV rv;

	(void)state;
	start();
	open_and_find();
	signs();
	serial_is(0, OWN_ICCID);
	say("config set iccid " OTHER_ICCID);
	reset();
	scene.calls = 0;
	rv = scene_sign(&scene);
	assert_int_equal(rv, CKR_DEVICE_REMOVED);
	assert_false(session_alive());
	assert_int_equal(scene_sign(&scene), CKR_SESSION_HANDLE_INVALID);
	open_and_find();
	signs();
	serial_is(0, OTHER_ICCID);
	rig_stop(&rig);
}

/* Is what was signed under the key of the SIM that the session was opened for, whenever the SIM is
 * exchanged: before any APDU of a first use, from the opening of the channel to the signature? */
static void swapped_before(unsigned apdu, bool hot, bool *ret_struck)
{
	char text[192];
	CK_RV rv;
	bool own, others;
	uint8_t before[VALUE_MAX];

	scene = (struct scene){.r = &rig};
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	scene_await_present(&rig);
	snprintf(text, sizeof(text), "fault C8@%u:%s%s", apdu, hot ? "+" : "", other.card);
	say(text);
	rv = scene_open(&scene);
	if (rv == CKR_OK)
		rv = scene_find(&scene);
	if (rv == CKR_OK && scene.key != 0) {
		CK_ATTRIBUTE a = {CKA_EC_POINT, before, sizeof(before)};

		rv = rig.f->C_GetAttributeValue(scene.session, scene.key, &a, 1);
		if (rv == CKR_OK) {
			EVP_PKEY *k = rig_device_key(&rig);
			uint8_t point[128];
			size_t n = 0;

			assert_int_equal(
				EVP_PKEY_get_octet_string_param(k, "pub", point, sizeof(point), &n),
				1);
			EVP_PKEY_free(k);
			/* the handle is of this SIM, or of the other */
			own = n + 2 == a.ulValueLen && memcmp(before + 2, point, n) == 0;
			scene.r = own ? &rig : &as_other;
			rv = scene_sign(&scene);
			assert_false(scene.bad_signature);
		}
	}
	for (size_t i = 0; i < scene.calls; i++)
		assert_true(scene_allows(scene.call[i].function, scene.call[i].rv));
	others = false;
	rig_control(&rig, "status", text, sizeof(text));
	others = strstr(text, OWN_ICCID) == NULL;
	*ret_struck = others;
	say("fault clear");
	if (others) {
		snprintf(text, sizeof(text), "swap %s", rig.card);
		say(text);
	}
	/* the next program works */
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	scene = (struct scene){.r = &rig};
	open_and_find();
	signs();
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
}

static void swapped_at_each(void **state)
{
	unsigned swaps = 0;

	(void)state;
	if (rig_over_pcsc(wire)) /* pcscd takes a second to notice each: flow-swaps has them */
		return;
	start();
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	for (unsigned apdu = 1; apdu <= APDUS_MAX; apdu++) {
		bool struck = false;

		swapped_before(apdu, false, &struck);
		swaps += struck;
		swapped_before(apdu, true, &struck);
		swaps += struck;
	}
	print_message("  %u swaps in front of an APDU\n", swaps);
	assert_true(swaps >= 16);
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	rig_stop(&rig);
}

/* --- the same SIM in another way --- */

static void uri_of(CK_SLOT_ID slot, char ret[160])
{
	CK_TOKEN_INFO t;

	assert_int_equal(rig.f->C_GetTokenInfo(slot, &t), CKR_OK);
	snprintf(ret, 160, "pkcs11:model=%.16s;manufacturer=%.32s;serial=%.16s;token=%.32s",
		 t.model, t.manufacturerID, t.serialNumber, t.label);
}

/* What RFC 7512 makes a URI of is the same over the link and over the socket beside it. */
static void two_links(void **state)
{
	char conf[256], one[160], two[160];
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	uint8_t digest[32] = {2}, sig[64], id[2][64];

	(void)state;
	start();
	/* the socket's name is known only now */
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	snprintf(conf, sizeof(conf), "\n[slot socket]\nid = 1\nuri = unix:%s\n", rig.socket);
	FILE *f = fopen(rig.conf, "ae");
	assert_non_null(f);
	fputs(conf, f);
	fclose(f);
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	scene_await_present(&rig);
	assert_int_equal(rig.f->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
	assert_int_equal(n, 2);
	uri_of(slots[0], one);
	uri_of(slots[1], two);
	assert_string_equal(one, two);
	print_message("  %s\n", one);
	for (int i = 0; i < 2; i++) {
		CK_SESSION_HANDLE s = 0;
		CK_OBJECT_HANDLE key;
		CK_ATTRIBUTE a = {CKA_ID, id[i], sizeof(id[i])};
		CK_ULONG sig_n = sizeof(sig);

		assert_int_equal(rig.f->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, &s),
				 CKR_OK);
		key = rig_find(&rig, s, CKO_PRIVATE_KEY, "device");
		assert_int_not_equal(key, 0);
		assert_int_equal(rig.f->C_GetAttributeValue(s, key, &a, 1), CKR_OK);
		assert_int_equal(a.ulValueLen, 20);
		assert_int_equal(rig_sign(&rig, s, key, digest, sizeof(digest), sig, &sig_n),
				 CKR_OK);
		assert_true(rig_verify(&rig, digest, sizeof(digest), sig, sig_n));
	}
	assert_memory_equal(id[0], id[1], 20);
	rig_stop(&rig);
}

/* The modem goes in the middle of C_Sign and comes back under another name: the call succeeds. */
static void replugged_in_a_signature(void **state)
{
	pid_t pid;
	int st = 0;

	(void)state;
	if (!rig_over_at(wire))
		return;
	start();
	open_and_find();
	signs();
	say("latency 400");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		rig_pause_ms(200);
		say("unplug");
		rig_pause_ms(700);
		say("latency 0");
		say("plug");
		_exit(0);
	}
	signs();
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_int_equal(st, 0);
	/* between two calls: the next one waits for it, too */
	say("unplug");
	say("plug");
	signs();
	rig_stop(&rig);
}

/* --- around --- */

static int clean(void **state)
{
	(void)state;
	if (rig.dir[0])
		rig_stop(&rig);
	return 0;
}

static int make_other(void **state)
{
	(void)state;
	rig_start(&other, &(struct rig_options){.link = RIG_UNIX});
	rig_sim_stop(&other, SIGTERM);
	return 0;
}

static int drop_other(void **state)
{
	(void)state;
	rig_stop(&other);
	return 0;
}

#define TEST(fn) cmocka_unit_test_teardown(fn, clean)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(renewed_certificate), TEST(read_after_reset),
		TEST(another_key),	   TEST(held),
		TEST(profile_switch),	   TEST(swapped_at_each),
		TEST(two_links),	   TEST(replugged_in_a_signature),
	};

	wire = rig_argument(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return cmocka_run_group_tests_name("refresh", tests, make_other, drop_other);
}
