/* SPDX-License-Identifier: Apache-2.0 */
/* pin-source: when the configured PIN is sent, and above all when it is not. */
#include "rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_keys2.h"
#include "fake_pin.h"

static const char iccid[] = "89881234567890123456"; /* the fake card's */
static char dir[64], pin_file[96], store[96];

static void write_pin(const char *text, mode_t mode)
{
	unlink(pin_file);
	int fd = open(pin_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void configure(const char *store_dir, const char *more)
{
	char conf[1024];

	snprintf(conf, sizeof(conf),
		 "[module]\nstore-dir = %s\n"
		 "[slot one]\nuri = unix:/nowhere/1\npin = application\npin-source = file:%s\n%s",
		 store_dir, pin_file, more);
	rig_configure(conf);
}

static int start(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/iotsafe-auto-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(pin_file, sizeof(pin_file), "%s/pin", dir);
	snprintf(store, sizeof(store), "%s/store", dir);
	write_pin("1234\n", 0400);
	configure(store, "");
	fake_reset();
	fake_pin.key = 0x01;
	assert_ok(f->C_Initialize(NULL));
	return 0;
}

static int stop(void **state)
{
	char path[256];

	int bad = rig_teardown(state);
	snprintf(path, sizeof(path), "%s/%s/.pin-refused-01", store, iccid);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%s", store, iccid);
	rmdir(path);
	rmdir(store);
	unlink(pin_file);
	assert_int_equal(rmdir(dir), 0);
	return bad;
}

/* What another process would be: nothing is remembered but what is on the disk. */
static void restart(void)
{
	assert_ok(f->C_Finalize(NULL));
	assert_ok(f->C_Initialize(NULL));
}

static CK_RV sign_with(const char *label)
{
	static uint8_t hash[32] = {1};
	CK_SESSION_HANDLE s = rig_session();
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
			    {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
	CK_BYTE sig[96];
	CK_ULONG n = sizeof(sig), count = 0;
	CK_OBJECT_HANDLE key = 0;

	assert_ok(f->C_FindObjectsInit(s, t, 2));
	assert_ok(f->C_FindObjects(s, &key, 1, &count));
	assert_ok(f->C_FindObjectsFinal(s));
	if (count == 0)
		return CKR_USER_NOT_LOGGED_IN;
	CK_RV rv = f->C_SignInit(s, &m, key);
	if (rv == CKR_OK)
		rv = f->C_Sign(s, hash, sizeof(hash), sig, &n);
	assert_ok(f->C_CloseSession(s));
	return rv;
}

static CK_RV sign(void)
{
	return sign_with("device");
}

static bool login_required(void)
{
	CK_TOKEN_INFO info;

	assert_ok(f->C_GetTokenInfo(0, &info));
	return (info.flags & CKF_LOGIN_REQUIRED) != 0;
}

static void right(void **state)
{
	CK_SESSION_HANDLE s = rig_session();
	CK_SESSION_INFO info;

	(void)state;
	assert_ok(f->C_GetSessionInfo(s, &info));
	assert_int_equal(info.state, CKS_RO_USER_FUNCTIONS);
	assert_false(login_required());
	assert_int_equal(fake_pin.verifies, 0);
	for (int i = 0; i < 3; i++)
		assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 1);
	/* what a client says is of no interest */
	assert_ok(f->C_Login(s, CKU_USER, (CK_UTF8CHAR *)(uintptr_t) "9999", 4));
	assert_rv(f->C_Login(s, CKU_USER, NULL, 0), CKR_USER_ALREADY_LOGGED_IN);
	assert_ok(f->C_Logout(s));
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 1);
	assert_int_equal(fake_pin.failures, 0);
}

/* The card says that somebody did it already. */
static void already(void **state)
{
	(void)state;
	fake_pin.verified = true;
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 0);
	fake_pin.verified = false;
	fake_pin.enabled = false;
	restart();
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 0);
}

static void after_a_reset(void **state)
{
	(void)state;
	assert_ok(sign());
	fake_pin_power_off(true);
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 2);
	/* found out by the signature itself, which is done again */
	fake_pin_power_off(false);
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 3);
	/* changed meanwhile: one try, then never again */
	snprintf(fake_pin.value, sizeof(fake_pin.value), "7777");
	fake_pin_power_off(true);
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	for (int i = 0; i < 5; i++)
		assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.verifies, 4);
	assert_int_equal(fake_pin.failures, 1);
}

static void wrong(void **state)
{
	(void)state;
	write_pin("9999", 0600);
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.tries, 2);
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_true(login_required());
	/* other processes leave it alone too */
	for (int i = 0; i < 3; i++) {
		restart();
		assert_false(login_required());
		assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
		assert_true(login_required());
	}
	assert_int_equal(fake_pin.verifies, 1);
	/* until the configured one changes */
	write_pin("1234\r\n", 0600);
	restart();
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 2);
	/* and back: still known */
	fake_pin_power_off(true);
	write_pin("9999", 0600);
	restart();
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.verifies, 2);
}

/* Who knows better logs in; what turned out to be right is tried again by the next process. */
static void by_hand(void **state)
{
	(void)state;
	snprintf(fake_pin.value, sizeof(fake_pin.value), "7777");
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	CK_SESSION_HANDLE s = rig_session();
	assert_rv(f->C_Login(s, CKU_USER, (CK_UTF8CHAR *)(uintptr_t) "1111", 4), CKR_PIN_INCORRECT);
	assert_ok(f->C_Login(s, CKU_USER, (CK_UTF8CHAR *)(uintptr_t) "7777", 4));
	assert_ok(sign());
	/* the card gets the configured PIN */
	snprintf(fake_pin.value, sizeof(fake_pin.value), "1234");
	assert_ok(f->C_Logout(s));
	assert_ok(f->C_Login(s, CKU_USER, (CK_UTF8CHAR *)(uintptr_t) "1234", 4));
	assert_int_equal(fake_pin.verifies, 4);
	fake_pin_power_off(true);
	restart();
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 5);
}

static void too_few_tries(void **state)
{
	(void)state;
	fake_pin.tries = 1;
	for (int i = 0; i < 3; i++)
		assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	fake_pin.tries = 0;
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.verifies, 0);
	/* it was not refused: with more tries it goes on */
	fake_pin.tries = 2;
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 1);
}

static void answer_lost(void **state)
{
	(void)state;
	fake_pin.lost = true;
	assert_rv(sign(), CKR_DEVICE_ERROR);
	fake_pin.lost = false;
	fake_pin_power_off(true);
	for (int i = 0; i < 3; i++)
		assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.verifies, 1);
	/* it was right, so the next process may */
	restart();
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 2);
	/* a wrong one is known by the try that is gone */
	snprintf(fake_pin.value, sizeof(fake_pin.value), "7777");
	fake_pin_power_off(true);
	fake_pin.lost = true;
	restart();
	assert_rv(sign(), CKR_DEVICE_ERROR);
	fake_pin.lost = false;
	restart();
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.verifies, 3);
	assert_int_equal(fake_pin.failures, 1);
}

/* Trouble before it was sent spends nothing and forbids nothing. */
static void not_sent(void **state)
{
	(void)state;
	fake_pin.before_answer = ST_TIMEOUT;
	assert_rv(sign(), CKR_DEVICE_ERROR);
	fake_pin.before_answer = ST_OK;
	fake_pin.query_answer = ST_IO;
	assert_rv(sign(), CKR_DEVICE_ERROR);
	fake_pin.query_answer = ST_OK;
	assert_int_equal(fake_pin.verifies, 0);
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 1);
}

static void files(void **state)
{
	static const char *const bad[] = {"", "\n", "123", "123456789", "1234\n\n5"};
	char target[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_pin(bad[i], 0600);
		assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	}
	write_pin("1234", 0640);
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	write_pin("1234", 0604);
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	unlink(pin_file);
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(mkfifo(pin_file, 0600), 0);
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	write_pin("1234", 0600);
	snprintf(target, sizeof(target), "%s/target", dir);
	assert_int_equal(rename(pin_file, target), 0);
	assert_int_equal(symlink(target, pin_file), 0);
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	unlink(target);
	assert_int_equal(fake_pin.verifies, 0);
	write_pin("1234", 0600);
	assert_ok(sign());
}

/* Where a refusal could not be remembered nothing is sent. */
static void no_memory(void **state)
{
	(void)state;
	configure("/proc/none", "");
	restart();
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.verifies, 0);
}

/* A SIM that does not tell its name now, and does later. */
static void without_iccid(void **state)
{
	const char *name = fake.iccid;
	char path[256];

	(void)state;
	fake.iccid = "";
	write_pin("9999", 0600);
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	fake.iccid = name;
	restart();
	assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.verifies, 1);
	write_pin("1234", 0600);
	fake.iccid = "";
	restart();
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 2);
	snprintf(path, sizeof(path), "%s/0/.pin-refused-01", store);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/0", store);
	assert_int_equal(rmdir(path), 0);
}

/* The process ends, or the link goes, before the answer: the counter tells the next one. */
static void outcome_unknown(void **state)
{
	(void)state;
	fake_pin.lost = fake_pin.dies = true;
	assert_rv(sign(), CKR_DEVICE_ERROR);
	assert_int_equal(fake_pin.verifies, 1);
	fake_pin.lost = fake_pin.dies = false;
	fake_pin.query_answer = ST_OK;
	fake_pin_power_off(true);
	restart();
	assert_ok(sign()); /* no try is gone: it was right */
	assert_int_equal(fake_pin.verifies, 2);
	snprintf(fake_pin.value, sizeof(fake_pin.value), "7777");
	fake_pin_power_off(true);
	fake_pin.lost = fake_pin.dies = true;
	restart();
	assert_rv(sign(), CKR_DEVICE_ERROR);
	fake_pin.lost = fake_pin.dies = false;
	fake_pin.query_answer = ST_OK;
	for (int i = 0; i < 3; i++) {
		restart();
		assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	}
	assert_int_equal(fake_pin.verifies, 3);
	assert_int_equal(fake_pin.failures, 1);
}

static CK_RV agree(CK_SESSION_HANDLE s)
{
	CK_BYTE point[65];
	CK_ECDH1_DERIVE_PARAMS p = {.kdf = CKD_NULL, .ulPublicDataLen = 65, .pPublicData = point};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "device"), secret = 0;

	memcpy(point, fake_public(FAKE_DEVICE_KEY)->point, sizeof(point));
	return f->C_DeriveKey(s, &m, key, NULL, 0, &secret);
}

/* Agreement too, and a card that forgets is told again within the call. */
static void other_uses(void **state)
{
	CK_SESSION_HANDLE s = rig_session();

	(void)state;
	assert_ok(agree(s));
	assert_int_equal(fake_pin.verifies, 1);
	fake2.answer[FAKE2_AGREE] = ST_SW_SECURITY;
	assert_rv(agree(s), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake2.calls[FAKE2_AGREE], 3);
	fake2.answer[FAKE2_AGREE] = ST_OK;
	assert_ok(agree(s));
	assert_int_equal(fake_pin.failures, 0);
}

static void before_each_use(void **state)
{
	(void)state;
	configure(store, "[container device]\nslot = one\nkind = private-key\nid = 01\n"
			 "key-type = p256\npin = always\n");
	fake_pin.key = 0;
	fake_pin.key_always = 0x01;
	restart();
	for (unsigned i = 1; i <= 3; i++) {
		assert_ok(sign());
		assert_int_equal(fake_pin.verifies, i);
	}
	assert_ok(sign_with("backup")); /* wants none */
	assert_int_equal(fake_pin.verifies, 3);
	snprintf(fake_pin.value, sizeof(fake_pin.value), "7777");
	for (int i = 0; i < 3; i++)
		assert_rv(sign(), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_pin.verifies, 4);
}

/* Who wants to log in may, where pin-source does it: nothing is sent for that. */
static void formal(void **state)
{
	(void)state;
	rig_restart_formal();
	assert_true(login_required());
	CK_SESSION_HANDLE s = rig_session();
	assert_ok(f->C_Login(s, CKU_USER, NULL, 0));
	assert_int_equal(fake_pin.verifies, 0);
	assert_ok(sign());
	assert_int_equal(fake_pin.verifies, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(right),	       TEST(already),	      TEST(after_a_reset), TEST(wrong),
		TEST(by_hand),	       TEST(too_few_tries),   TEST(answer_lost),   TEST(not_sent),
		TEST(files),	       TEST(no_memory),	      TEST(without_iccid), TEST(other_uses),
		TEST(outcome_unknown), TEST(before_each_use), TEST(formal),
	};

	return cmocka_run_group_tests_name("login auto", tests, rig_group_setup,
					   rig_group_teardown);
}
