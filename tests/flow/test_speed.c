/* SPDX-License-Identifier: Apache-2.0 */
/* A slow link: 9600 bytes a second and 100 ms of card time an APDU. Prints what a first use and a
 * signature take, in exchanges and in time, and the share of it that is neither the card's nor the
 * link's. Argument: the link. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

static enum rig_link wire;

struct spent {
	double at, card, link; /* seconds */
	size_t apdus;
};

static struct spent look(const struct rig *r)
{
	struct spent s = {.at = rig_seconds()};
	long long card_us = 0, link_us = 0;
	char text[128];

	rig_control(r, "spent", text, sizeof(text));
	assert_int_equal(sscanf(text, "ok card_us=%lld link_us=%lld", &card_us, &link_us), 2);
	s.card = (double)card_us / 1e6;
	s.link = (double)link_us / 1e6;
	s.apdus = rig_log_count(r, 0);
	return s;
}

/* Our share: all that is not spent by card and link, in per cent. */
static double report(const char *what, struct spent from, struct spent to, unsigned times)
{
	double all = (to.at - from.at) / times;
	double card = (to.card - from.card) / times, link = (to.link - from.link) / times;
	double share = 100 * (all - card - link) / all;

	print_message("%s: %.1f APDUs, %.0f ms: card %.0f, link %.0f, ours %.1f %%\n", what,
		      (double)(to.apdus - from.apdus) / times, all * 1e3, card * 1e3, link * 1e3,
		      share);
	return share;
}

static void slow_link(void **state)
{
	enum { SIGNATURES = 3 };
	static const char *const args[] = {"--latency", "100", "--byte-rate", "9600", NULL};
	struct rig r;
	uint8_t digest[32] = {1}, sig[256];

	(void)state;
	rig_start(&r, &(struct rig_options){.link = wire, .sim_args = args});
	rig_module(&r);
	assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);

	struct spent start = look(&r);
	CK_SESSION_HANDLE s = rig_session(&r);
	CK_OBJECT_HANDLE key = rig_find(&r, s, CKO_PRIVATE_KEY, NULL);
	CK_OBJECT_HANDLE certificate = rig_find(&r, s, CKO_CERTIFICATE, NULL);
	assert_true(key != 0 && certificate != 0);
	struct spent used = look(&r);
	for (unsigned i = 0; i < SIGNATURES; i++) {
		CK_ULONG n = sizeof(sig);

		digest[0] = (uint8_t)i;
		assert_int_equal(rig_sign(&r, s, key, digest, sizeof(digest), sig, &n), CKR_OK);
		assert_true(rig_verify(&r, digest, sizeof(digest), sig, n));
	}
	struct spent signed_all = look(&r);

	report("first use", start, used, 1);
	double share = report("a signature", used, signed_all, SIGNATURES);
	/* a busy machine may add to ours, but never more than a slow card and link take */
	assert_true(share < 50);
	/* three where nobody but us fetches what the card holds ready (T=0); and the public key,
	 * once */
	assert_in_range(signed_all.apdus - used.apdus, 2 * SIGNATURES, 3 * SIGNATURES + 2);
	assert_int_equal(r.f->C_Finalize(NULL), CKR_OK);
	rig_stop(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(slow_link)};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
