/* SPDX-License-Identifier: Apache-2.0 */
/* `verify = card`: the SIM is asked, in both widths of the header that cards want; and it is not
 * asked otherwise. Argument: the link. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "ck.h"
#include "rig.h"

enum { INS_INIT = 0x2C, INS_UPDATE = 0x2D, DIGEST = 32, SIG_MAX = 512 };

static enum rig_link wire;
static struct rig rig;
static CK_FUNCTION_LIST *f;
static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE pub;
static uint8_t digest[DIGEST] = "a digest of thirty-two bytes, ok";
static uint8_t sig[SIG_MAX];
static CK_ULONG sig_n;

static void start(const char *profile, const char *conf)
{
	rig_start(&rig,
		  &(struct rig_options){.profile = profile, .link = wire, .module_conf = conf});
	f = rig_module(&rig);
	assert_int_equal(f->C_Initialize(NULL), CKR_OK);
	s = rig_session(&rig);
	pub = rig_find(&rig, s, CKO_PUBLIC_KEY, "device");
	sig_n = sizeof(sig);
}

static void sign(void)
{
	CK_OBJECT_HANDLE key = rig_find(&rig, s, CKO_PRIVATE_KEY, "device");

	assert_int_equal(rig_sign(&rig, s, key, digest, DIGEST, sig, &sig_n), CKR_OK);
}

static void stop(void)
{
	assert_int_equal(f->C_Finalize(NULL), CKR_OK);
	rig_stop(&rig);
}

static CK_RV verify(void)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};

	assert_int_equal(f->C_VerifyInit(s, &m, pub), CKR_OK);
	return f->C_Verify(s, digest, DIGEST, sig, sig_n);
}

/* How many commands of the log had the signature behind this header. */
struct width {
	uint8_t header[3];
	size_t header_n, count;
};

static void look(void *ctx, const struct rig_apdu *a)
{
	enum { AT = 5 + 2 + DIGEST }; /* header, 9E 20, digest */
	struct width *w = ctx;

	if (a->cmd_n > AT + w->header_n && a->cmd[1] == INS_UPDATE)
		w->count += memcmp(a->cmd + AT, w->header, w->header_n) == 0;
}

static size_t sent(size_t since, bool two_bytes)
{
	struct width w = {{0x33, 0x40}, 2, 0};

	if (two_bytes)
		w = (struct width){{0x33, 0x00, 0x40}, 3, 0};
	rig_log_each(&rig, since, look, &w);
	return w.count;
}

/* One question each, in the width that the card signs with. */
static void asks_the_card(const char *profile, bool two_bytes)
{
	size_t mark;

	start(profile, "verify = card\n");
	sign();
	mark = rig_log_mark(&rig);
	assert_int_equal(verify(), CKR_OK);
	assert_int_equal(rig_log_count_ins(&rig, mark, INS_UPDATE), 1);
	assert_int_equal(sent(mark, two_bytes), 1);
	sig[7] ^= 1;
	assert_int_equal(verify(), CKR_SIGNATURE_INVALID);
	assert_int_equal(rig_log_count_ins(&rig, mark, INS_UPDATE), 2);
	assert_int_equal(sent(mark, two_bytes), 2);
	stop();
}

static void learned_widths(void **state)
{
	(void)state;
	asks_the_card("demo", true);
	asks_the_card("thales", false);
}

/* A program that has not signed tries; the one that was understood stays. */
static void tried_widths(void **state)
{
	static uint8_t kept[SIG_MAX];
	CK_ULONG kept_n;
	size_t mark;

	(void)state;
	start("demo", "verify = card\n");
	sign();
	memcpy(kept, sig, sizeof(kept));
	kept_n = sig_n;
	assert_int_equal(f->C_Finalize(NULL), CKR_OK);
	assert_int_equal(f->C_Initialize(NULL), CKR_OK);
	s = rig_session(&rig);
	pub = rig_find(&rig, s, CKO_PUBLIC_KEY, "device");
	memcpy(sig, kept, sizeof(sig));
	sig_n = kept_n;
	rig_control(&rig, "fault SW/2D@1:6A80", NULL, 0);
	mark = rig_log_mark(&rig);
	assert_int_equal(verify(), CKR_OK);
	assert_int_equal(sent(mark, true), 1);
	assert_int_equal(sent(mark, false), 1);
	assert_int_equal(verify(), CKR_OK);
	assert_int_equal(sent(mark, true), 1);
	assert_int_equal(sent(mark, false), 2);
	stop();
}

static void host_by_default(void **state)
{
	size_t mark;

	(void)state;
	start("demo", NULL);
	sign();
	mark = rig_log_mark(&rig);
	assert_int_equal(verify(), CKR_OK);
	sig[7] ^= 1;
	assert_int_equal(verify(), CKR_SIGNATURE_INVALID);
	assert_int_equal(rig_log_count_ins(&rig, mark, INS_INIT), 0);
	assert_int_equal(rig_log_count_ins(&rig, mark, INS_UPDATE), 0);
	stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learned_widths),
		cmocka_unit_test(tried_widths),
		cmocka_unit_test(host_by_default),
	};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
