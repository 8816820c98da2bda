/* SPDX-License-Identifier: Apache-2.0 */
/* Another SIM in the place of the one in use, another command's answer, a wrong signature: the
 * caller gets an error and never a bad signature; sessions die with their SIM; a new session sees
 * the SIM that is there, unless the configuration expects another. Argument: the link. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "scene.h"

#define OWN_ICCID "8988211000000000017"

static enum rig_link wire;
static struct rig rig, other; /* other: only its card is used */
static struct rig as_other;   /* the running rig, judged by the other card's certificate */
static struct scene scene;

static void start(const char *module_conf, const char *slot_conf)
{
	static const char *const new_args[] = {"--iccid", OWN_ICCID, NULL};

	rig_start(&rig, &(struct rig_options){.link = wire,
					      .new_args = new_args,
					      .module_conf = module_conf,
					      .slot_conf = slot_conf});
	rig_module(&rig);
	as_other = rig;
	memcpy(as_other.card, other.card, sizeof(as_other.card));
	scene = (struct scene){.r = &rig};
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
}

/* pcscd looks twice a second. */
static void await_reader(void)
{
	if (rig_over_pcsc(wire))
		rig_pause_ms(1500);
}

static void put(const char *word, const struct rig *card)
{
	char text[160];

	snprintf(text, sizeof(text), "%s %s", word, card->card);
	rig_control(&rig, text, NULL, 0);
	await_reader();
}

static void arm(const char *fault, const char *dir)
{
	char text[160];

	snprintf(text, sizeof(text), "fault %s%s", fault, dir);
	rig_control(&rig, text, NULL, 0);
}

/* In a new session: certificate and signature are those of the card whose folder r names. */
static void new_session_sees(const struct rig *r)
{
	bool right = false;

	scene.r = r;
	scene.calls = 0;
	scene_await_present(&rig);
	assert_int_equal(scene_open(&scene), CKR_OK);
	assert_int_equal(scene_find(&scene), CKR_OK);
	assert_int_equal(scene_certificate(&scene, &right), CKR_OK);
	assert_true(right);
	assert_int_equal(scene_sign(&scene), CKR_OK);
	assert_false(scene.bad_signature);
}

static bool session_alive(void)
{
	CK_SESSION_INFO info;

	return rig.f->C_GetSessionInfo(scene.session, &info) == CKR_OK;
}

/* The SIM is not the one of this session: told once as removed, and from then on as no session. */
static void session_ends(void)
{
	CK_RV rv;

	scene.calls = 0;
	rv = scene_sign(&scene);
	assert_true(rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID);
	assert_false(scene.bad_signature);
	assert_false(session_alive());
	assert_int_equal(scene_sign(&scene), CKR_SESSION_HANDLE_INVALID);
}

/* --- swaps --- */

static void idle(void **state)
{
	(void)state;
	start(NULL, NULL);
	new_session_sees(&rig);
	put("swap", &other);
	session_ends();
	new_session_sees(&as_other);
	put("swap", &rig);
	session_ends();
	new_session_sees(&rig);
	rig_stop(&rig);
}

/* Before INIT, and between INIT and UPDATE. */
static void in_a_signature(void **state)
{
	static const char *const faults[] = {"C8@1:", "C8@2:"};

	(void)state;
	start(NULL, NULL);
	new_session_sees(&rig);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		arm(faults[i], other.card);
		session_ends();
		await_reader();
		new_session_sees(&as_other);
		put("swap", &rig);
		session_ends();
		new_session_sees(&rig);
	}
	rig_stop(&rig);
}

/* The handles of the SIM that is gone name nothing on the new one. */
static void objects_die(void **state)
{
	CK_OBJECT_HANDLE key, cert;
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_ATTRIBUTE a = {CKA_VALUE, NULL, 0};

	(void)state;
	start(NULL, NULL);
	new_session_sees(&rig);
	key = scene.key;
	cert = scene.certificate;
	put("swap", &other);
	session_ends();
	new_session_sees(&as_other);
	assert_int_not_equal(scene.key, key);
	assert_int_equal(rig.f->C_SignInit(scene.session, &m, key), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(rig.f->C_GetAttributeValue(scene.session, cert, &a, 1),
			 CKR_OBJECT_HANDLE_INVALID);
	rig_stop(&rig);
}

/* --- crossed answers and wrong signatures --- */

/* What comes back verifies or is an error, and the next signature is right. */
static void never_bad(const char *fault, const char *dir)
{
	CK_RV rv;

	arm(fault, dir);
	scene.calls = 0;
	rv = scene_sign(&scene);
	assert_true(scene_allows("C_Sign", rv));
	assert_false(scene.bad_signature);
	print_message("  %s: %#lx\n", fault, rv);
	rig_control(&rig, "fault clear", NULL, 0);
	if (dir[0])
		put("swap", &rig);
	if (!session_alive()) {
		new_session_sees(&rig);
		return;
	}
	rv = scene_sign(&scene);
	/* a swap that went unseen is seen now */
	if (dir[0] && rv == CKR_DEVICE_REMOVED)
		new_session_sees(&rig);
	else
		assert_int_equal(rv, CKR_OK);
	assert_false(scene.bad_signature);
}

static void crossed(void **state)
{
	/* An MBIM modem's failure means that the channel is gone; one that is opened with a cut
	 * answer is open for nobody, until the card has no more. */
	static const struct {
		const char *spec;
		unsigned links;
	} faults[] = {
		{"STALE@1", ON_ALL},
		{"STALE@2", ON_ALL},
		{"STALE@1x0", ON_ALL},
		{"BADSIG", ON_ALL},
		{"BADSIG@2", ON_ALL},
		{"BADSIG@1x0", ON_ALL},
		{"TRUNC@2", ON_ALL},
		{"TRUNC@1x0", ON_ALL & ~ON_MBIM},
		{"TRUNC/2B@1x0", ON_MBIM},
		{"C12@2", ON_ALL},
		{"C12@1x0", ON_ALL & ~ON_MBIM},
		{"C12/2B@1x0", ON_MBIM},
		{"C5@1x0", ON_ALL},
		{"C6@2", ON_ALL},
	};

	(void)state;
	start(NULL, NULL);
	new_session_sees(&rig);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i].links & 1U << wire)
			never_bad(faults[i].spec, "");
	/* the other card answers on our open channel: no real card does, a wild one might */
	never_bad("C8@1:+", other.card);
	never_bad("C8@2:+", other.card);
	rig_stop(&rig);
}

/* A card whose signatures never verify gives an error; without the check, that signature. */
static void check_signatures(void **state)
{
	(void)state;
	start("check-signatures = yes\n", NULL);
	new_session_sees(&rig);
	arm("BADSIG@1x0", "");
	assert_int_equal(scene_sign(&scene), CKR_DEVICE_ERROR);
	rig_control(&rig, "fault clear", NULL, 0);
	assert_int_equal(scene_sign(&scene), CKR_OK);
	rig_stop(&rig);

	start("check-signatures = no\n", NULL);
	new_session_sees(&rig);
	arm("BADSIG@1x0", "");
	assert_int_equal(scene_sign(&scene), CKR_OK);
	assert_true(scene.bad_signature);
	rig_stop(&rig);
}

/* --- expected-iccid --- */

static void expected_iccid(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	start(NULL, "expected-iccid = " OWN_ICCID "\n");
	new_session_sees(&rig);
	put("swap", &other);
	session_ends();
	for (int i = 0; i < 2; i++) {
		scene.calls = 0;
		assert_int_equal(scene_open(&scene), CKR_OK);
		assert_int_equal(scene_find(&scene), CKR_DEVICE_REMOVED);
	}
	assert_int_equal(rig.f->C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
	put("swap", &rig);
	new_session_sees(&rig);
	assert_int_equal(rig.f->C_GetTokenInfo(0, &info), CKR_OK);
	assert_memory_equal(info.serialNumber, &OWN_ICCID[sizeof(OWN_ICCID) - 1 - 16], 16);
	rig_stop(&rig);
}

/* What a test that failed has left. */
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(idle, clean),
		cmocka_unit_test_teardown(in_a_signature, clean),
		cmocka_unit_test_teardown(objects_die, clean),
		cmocka_unit_test_teardown(crossed, clean),
		cmocka_unit_test_teardown(check_signatures, clean),
		cmocka_unit_test_teardown(expected_iccid, clean),
	};

	wire = rig_argument(argc, argv);
	cmocka_set_message_output(CM_OUTPUT_STDOUT);
	return cmocka_run_group_tests_name("swaps", tests, make_other, drop_other);
}
