/* SPDX-License-Identifier: Apache-2.0 */
/* Many signatures on the link that the argument names, of hashes of all usual lengths: each
 * verifies, r and s have the curve's width. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

static enum rig_link wire;

static void many_signatures(void **state)
{
	static const size_t lengths[] = {20, 28, 32, 48, 64};
	struct rig r;
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key;
	uint8_t digest[64], sig[256];
	size_t short_r = 0;
	unsigned count = wire == RIG_UNIX ? 10000 : 1500;

	(void)state;
	rig_start(&r, &(struct rig_options){.link = wire});
	rig_module(&r);
	assert_int_equal(r.f->C_Initialize(NULL), CKR_OK);
	s = rig_session(&r);
	key = rig_find(&r, s, CKO_PRIVATE_KEY, NULL);
	assert_int_not_equal(key, 0);
	for (unsigned i = 0; i < count; i++) {
		size_t n = lengths[i % 5];
		CK_ULONG sig_n = sizeof(sig);

		for (size_t k = 0; k < n; k++)
			digest[k] = (uint8_t)(rand() >> 3);
		assert_int_equal(rig_sign(&r, s, key, digest, n, sig, &sig_n), CKR_OK);
		assert_int_equal(sig_n, 64);
		assert_true(rig_verify(&r, digest, n, sig, sig_n));
		short_r += sig[0] == 0 || sig[32] == 0;
	}
	/* about 1 in 128 has a leading zero that a careless encoder would drop */
	print_message("%u signatures, %zu with a leading zero in r or s\n", count, short_r);
	assert_true(short_r > count / 1000);
	rig_stop(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(many_signatures)};

	wire = rig_argument(argc, argv);
	return cmocka_run_group_tests_name("many signatures", tests, NULL, NULL);
}
