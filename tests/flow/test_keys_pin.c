/* SPDX-License-Identifier: Apache-2.0 */
/* Key generation and agreement with containers that ask for the PIN, on the link that the argument
 * names: the right errors, and by the simulator's counters not one VERIFY that nobody asked for. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "ck.h"
#include "keys_ops.h"
#include "pin_rig.h"

#define assert_ok(call) assert_int_equal((call), CKR_OK)

static enum rig_link wire;
static struct rig r;
static struct scene s;
static struct keys_pair pair;
static char source_file[64];

#define CONTAINER(name, id, pin)                                                                   \
	"[container " name "]\nslot = sim\nkind = private-key\nid = " id                           \
	"\nkey-type = p256\npin = " pin "\n"

/* The volatile pair and the identity ask for a login. */
static int begin(const char *slot, const char *containers)
{
	rig_start(&r, &(struct rig_options){.profile = "pin",
					    .link = wire,
					    .module_conf = "timeout = 2\n",
					    .slot_conf = slot,
					    .more_conf = containers});
	rig_control(&r, "object private 04 pin 01", NULL, 0);
	rig_module(&r);
	s = (struct scene){.r = &r};
	assert_ok(r.f->C_Initialize(NULL));
	scene_await_present(&r);
	assert_ok(keys_session(&s));
	return 0;
}

static int plain(void **state)
{
	(void)state;
	return begin("pin = application\n",
		     CONTAINER("device", "01", "login") CONTAINER("ephemeral", "04", "login"));
}

static int with_source(void **state)
{
	static char slot[160];

	(void)state;
	snprintf(source_file, sizeof(source_file), "/tmp/iotsafe-keys-pin-%d", (int)getpid());
	unlink(source_file);
	int fd = open(source_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "1234\n", 5), 5);
	close(fd);
	snprintf(slot, sizeof(slot), "pin = application\npin-source = file:%s\n", source_file);
	return begin(slot,
		     CONTAINER("device", "01", "login") CONTAINER("ephemeral", "04", "always"));
}

static int end(void **state)
{
	(void)state;
	assert_null(s.wrong);
	assert_ok(r.f->C_Finalize(NULL));
	rig_stop(&r);
	if (source_file[0])
		unlink(source_file);
	source_file[0] = '\0';
	return 0;
}

static void expect(unsigned verifies)
{
	struct pin_counters now = pin_rig_counters(&r);

	assert_int_equal(now.verifies, verifies);
	assert_int_equal(now.failures, 0);
	assert_int_equal(now.tries, 3);
}

static CK_RV login(void)
{
	return pin_rig_login(&r, s.session, "1234");
}

static void wants_login(void **state)
{
	(void)state;
	assert_int_equal(keys_generate(&s, NULL, &pair), CKR_USER_NOT_LOGGED_IN);
	expect(0);
	assert_ok(login());
	assert_ok(keys_generate(&s, NULL, &pair));
	assert_ok(keys_agree(&s, &pair));
	assert_ok(r.f->C_Logout(s.session));
	CK_RV rv = keys_agree(&s, &pair);
	assert_true(rv == CKR_KEY_HANDLE_INVALID || rv == CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(keys_generate(&s, NULL, &pair), CKR_USER_NOT_LOGGED_IN);
	expect(1);
	assert_ok(login());
	assert_ok(keys_find_pair(&s, "ephemeral", &pair));
	assert_ok(keys_agree(&s, &pair));
	expect(2);
}

/* A key that asks for the PIN is not replaced by whom has not logged in. */
static void identity(void **state)
{
	struct keys_pair was;

	(void)state;
	assert_ok(login());
	assert_ok(keys_find_pair(&s, "device", &was));
	assert_ok(r.f->C_Logout(s.session));
	assert_int_not_equal(keys_generate(&s, "device", &pair), CKR_OK);
	expect(1);
	assert_ok(login());
	assert_ok(keys_find_pair(&s, "device", &pair));
	assert_memory_equal(pair.point, was.point, KEYS_POINT);
	assert_ok(keys_generate(&s, "device", &pair));
	assert_memory_not_equal(pair.point, was.point, KEYS_POINT);
	assert_ok(keys_sign(&s, &pair));
	expect(2);
}

/* The card forgets the PIN, alone or with the power: nobody tells it again but the user. */
static void forgotten(void **state)
{
	(void)state;
	assert_ok(login());
	assert_ok(keys_generate(&s, NULL, &pair));
	rig_control(&r, "pin forget 01", NULL, 0);
	assert_int_equal(keys_agree(&s, &pair), CKR_USER_NOT_LOGGED_IN);
	expect(1);
	assert_ok(login());
	assert_ok(keys_find_pair(&s, "ephemeral", &pair));
	assert_ok(keys_agree(&s, &pair));
	expect(2);
	rig_control(&r, "pin forget 01", NULL, 0);
	assert_int_equal(keys_generate(&s, NULL, &pair), CKR_USER_NOT_LOGGED_IN);
	expect(2);
}

static void power_goes(void **state)
{
	static const char *const faults[] = {"C2/B9", "C2/46", "C2/24", "C2/D8"};
	unsigned verifies = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		s.calls = 0;
		assert_ok(keys_session(&s));
		assert_ok(login());
		assert_ok(keys_generate(&s, NULL, &pair));
		assert_ok(keys_agree(&s, &pair));
		expect(++verifies);
		char text[64];
		snprintf(text, sizeof(text), "fault %s", faults[i]);
		rig_control(&r, text, NULL, 0);
		CK_RV rv = i == 0 ? keys_generate(&s, NULL, &pair) : keys_agree(&s, &pair);
		assert_true(rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_DEVICE_ERROR);
		rig_control(&r, "fault clear", NULL, 0);
		expect(verifies);
		(void)r.f->C_Logout(s.session); /* perhaps it is noticed already */
	}
}

/* The card wants it before each use, and pin-source gives it: once for each. */
static void from_source(void **state)
{
	(void)state;
	rig_control(&r, "object private 04 pin-always 01", NULL, 0);
	assert_ok(keys_generate(&s, NULL, &pair));
	expect(1);
	for (unsigned i = 0; i < 3; i++) {
		assert_ok(keys_agree(&s, &pair));
		expect(2 + i);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, plain, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(wants_login),
		TEST(identity),
		TEST(forgotten),
		TEST(power_goes),
		cmocka_unit_test_setup_teardown(from_source, with_source, end),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name(rig_link_name(wire), tests, NULL, NULL);
}
