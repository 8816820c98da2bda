/* SPDX-License-Identifier: Apache-2.0 */
/* Which public key container and which certificate belong to a private key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "belong.h"
#include "mem.h"

enum { LASTS = 0, SIGNS = 1, VOLATILE = 2, EMPTY = 4 };

/* id 0 or label NULL: none */
static struct container container(enum container_kind kind, uint8_t id, const char *label,
				  enum container_key_type type, unsigned traits)
{
	struct container c = {.kind = kind, .key_type = type, .activated = !(traits & EMPTY)};

	c.id[0] = id;
	c.id_len = id != 0;
	c.label_len = label ? strlen(label) : 0;
	if (label)
		memcpy(c.label, label, c.label_len);
	c.is_volatile = (traits & VOLATILE) != 0;
	if (traits & SIGNS) {
		c.functions = FUNCTION_SIGN;
		c.sig_algs = SIG_ECDSA;
	}
	return c;
}

static struct container private(uint8_t id, const char *label, unsigned traits)
{
	return container(CONTAINER_PRIVATE_KEY, id, label, KEY_P256, traits);
}

static struct container public(uint8_t id, const char *label, unsigned traits)
{
	return container(CONTAINER_PUBLIC_KEY, id, label, KEY_P256, traits);
}

static struct container file(uint8_t id, const char *label)
{
	return container(CONTAINER_FILE, id, label, KEY_UNKNOWN, LASTS);
}

/* --- pairs --- */

static void check_halves(const struct container *item, size_t n, const size_t *expected)
{
	size_t half[8];

	memset(half, 0x55, sizeof(half));
	belong_pair_up(item, n, half);
	for (size_t i = 0; i < n; i++)
		if (half[i] != expected[i])
			fail_msg("%zu: half %zu, expected %zu", i, half[i], expected[i]);
}

#define CHECK_HALVES(item, ...)                                                                    \
	check_halves(item, ARRAY_LEN(item), (const size_t[ARRAY_LEN(item)]){__VA_ARGS__})
#define X BELONG_NONE

static void test_both_before_label_before_id(void **state)
{
	const struct container by_all[] = {
		private(1, "a", SIGNS), private(2, "a", SIGNS), private(3, "c", SIGNS),
		public(3, "x", LASTS),	public(2, "a", LASTS),	public(9, "a", LASTS),
	};
	const struct container by_id_alone[] = {
		private(1, NULL, SIGNS),
		public(1, "other", LASTS),
	};
	const struct container label_first[] = {
		private(1, "a", SIGNS),
		public(1, "b", LASTS),
		public(2, "a", LASTS),
	};

	(void)state;
	CHECK_HALVES(by_all, 5, 4, 3, X, X, X);
	CHECK_HALVES(by_id_alone, 1, X);
	CHECK_HALVES(label_first, 2, X, X);
}

static void test_no_names(void **state)
{
	const struct container item[] = {private(0, NULL, SIGNS), public(0, NULL, LASTS)};

	(void)state;
	CHECK_HALVES(item, X, X); /* nothing is no name */
}

static void test_kinds_and_types(void **state)
{
	const struct container item[] = {
		private(1, "a", SIGNS),
		container(CONTAINER_PUBLIC_KEY, 1, "a", KEY_P384, LASTS),
		public(1, "a", VOLATILE),
		file(1, "a"),
		container(CONTAINER_SECRET_KEY, 1, "a", KEY_HMAC, LASTS),
	};

	(void)state;
	CHECK_HALVES(item, X, X, X, X, X);
	belong_pair_up(NULL, 0, NULL);
}

/* One public key goes to one private key: to that which signs. */
static void test_who_signs_first(void **state)
{
	const struct container item[] = {
		private(1, "a", LASTS),
		private(2, "a", SIGNS),
		public(7, "a", LASTS),
	};
	const struct container two[] = {
		private(1, "a", LASTS),
		private(2, "a", SIGNS),
		public(7, "a", LASTS),
		public(8, "a", LASTS),
	};

	(void)state;
	CHECK_HALVES(item, X, 2, X);
	CHECK_HALVES(two, 3, 2, X, X);
}

/* --- certificates --- */

static struct public_key key_of(enum curve curve, uint8_t n)
{
	struct public_key k = {.kind = PUBLIC_EC, .curve = curve, .point_len = 65};

	for (size_t i = 0; i < sizeof(k.point); i++)
		k.point[i] = n;
	return k;
}

static struct belong b;

static int setup(void **state)
{
	(void)state;
	b.cert_count = b.other_count = 0;
	return 0;
}

static void test_fits(void **state)
{
	struct container ec = private(1, "a", SIGNS), rsa = ec;
	struct public_key k = key_of(CURVE_P256, 1), other = key_of(CURVE_P384, 1), none = {0};
	struct public_key modulus = {.kind = PUBLIC_RSA};

	(void)state;
	rsa.key_type = KEY_RSA2048;
	assert_true(belong_fits(&k, &ec));
	assert_false(belong_fits(&other, &ec));
	assert_false(belong_fits(&modulus, &ec));
	assert_false(belong_fits(&none, &ec));
	assert_true(belong_fits(&modulus, &rsa));
	assert_false(belong_fits(&k, &rsa));
}

static void test_rivals(void **state)
{
	struct container priv = private(1, "a", SIGNS), other = private(2, "b", LASTS);
	struct container empty = private(2, "b", EMPTY), volat = private(2, "b", VOLATILE);
	struct container pub = public(2, "b", LASTS), longer = other;

	(void)state;
	longer.key_type = KEY_P384;
	assert_true(belong_is_rival(&priv, &other));
	assert_false(belong_is_rival(&priv, &empty));
	assert_false(belong_is_rival(&priv, &volat));
	assert_false(belong_is_rival(&priv, &pub));
	assert_false(belong_is_rival(&priv, &longer));
}

static void test_by_name(void **state)
{
	struct container priv = private(1, "a", SIGNS), nameless = private(0, NULL, SIGNS);
	struct container far = file(9, "z"), by_id = file(1, "y"), by_label = file(2, "a");
	struct public_key k1 = key_of(CURVE_P256, 1), k2 = key_of(CURVE_P256, 2);
	struct public_key k3 = key_of(CURVE_P384, 3);

	(void)state;
	assert_null(belong_by_name(&b, &priv));
	belong_add_certificate(&b, &far, &k1, false);
	belong_add_certificate(&b, &by_label, &k3, false); /* of another curve */
	assert_null(belong_by_name(&b, &priv));
	belong_add_certificate(&b, &by_id, &k2, false);
	belong_add_certificate(&b, &by_label, &k1, false);
	assert_ptr_equal(belong_by_name(&b, &priv), &k2); /* the first of the list */
	assert_null(belong_by_name(&b, &nameless));
}

static void test_left(void **state)
{
	struct container priv = private(1, "a", SIGNS), other = private(2, "b", SIGNS);
	struct container f = file(9, "z"), g = file(8, "y"), ca = file(7, "ca");
	struct public_key ours = key_of(CURVE_P256, 1), theirs = key_of(CURVE_P256, 2);
	struct public_key authority = key_of(CURVE_P256, 3);

	(void)state;
	assert_null(belong_left(&b, &priv));
	belong_add_certificate(&b, &ca, &authority, true);
	assert_null(belong_left(&b, &priv)); /* an authority's is nobody's */
	belong_add_certificate(&b, &f, &ours, false);
	assert_ptr_equal(belong_left(&b, &priv), &ours);
	belong_add_certificate(&b, &g, &theirs, false);
	assert_null(belong_left(&b, &priv)); /* two are left */
	belong_add_key(&b, &other, &theirs);
	assert_ptr_equal(belong_left(&b, &priv), &ours); /* the other one is about another key */
}

static void test_left_of_unknown(void **state)
{
	struct container priv = private(1, "a", SIGNS), other = private(2, "b", SIGNS);
	struct container empty = private(3, "c", EMPTY), alone = public(4, "d", LASTS);
	struct container f = file(9, "z");
	struct public_key ours = key_of(CURVE_P256, 1);

	(void)state;
	belong_add_certificate(&b, &f, &ours, false);
	belong_add_key(&b, &empty, NULL);
	belong_add_key(&b, &alone, NULL); /* unread, and it can be no certificate's private key */
	assert_ptr_equal(belong_left(&b, &priv), &ours);
	belong_add_key(&b, &other, NULL);
	assert_null(belong_left(&b, &priv)); /* it may be about either */
}

/* A public key that stands alone is known, and so a certificate about it is not ours. */
static void test_left_of_public(void **state)
{
	struct container priv = private(1, "a", SIGNS), alone = public(4, "d", LASTS);
	struct container f = file(9, "z");
	struct public_key theirs = key_of(CURVE_P256, 1);

	(void)state;
	belong_add_certificate(&b, &f, &theirs, false);
	belong_add_key(&b, &alone, &theirs);
	assert_null(belong_left(&b, &priv));
}

static void test_full(void **state)
{
	struct container priv = private(1, "a", SIGNS), f = file(1, "a"), strange = file(9, "z");
	struct public_key k = key_of(CURVE_P256, 1);

	(void)state;
	for (size_t i = 0; i < CONTAINERS_MAX; i++) {
		belong_add_certificate(&b, &strange, &k, false);
		belong_add_key(&b, &priv, &k);
	}
	belong_add_certificate(&b, &f, &k, false);
	belong_add_key(&b, &priv, NULL);
	assert_int_equal(b.cert_count, CONTAINERS_MAX);
	assert_int_equal(b.other_count, CONTAINERS_MAX);
	assert_null(belong_by_name(&b, &priv));
}

static void test_can_sign(void **state)
{
	struct container c = private(1, "a", SIGNS), agrees = private(1, "a", LASTS);
	struct container empty = private(1, "a", SIGNS | EMPTY);
	struct container volat = private(1, "a", SIGNS | VOLATILE), unknown = c;

	(void)state;
	unknown.sig_algs = SIG_AES_CMAC;
	assert_true(container_can_sign(&c));
	assert_false(container_can_sign(&agrees));
	assert_false(container_can_sign(&empty));
	assert_false(container_can_sign(&volat));
	assert_false(container_can_sign(&unknown));
}

#define TEST(name) cmocka_unit_test_setup(test_##name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_before_label_before_id),
		TEST(no_names),
		TEST(kinds_and_types),
		TEST(who_signs_first),
		TEST(fits),
		TEST(rivals),
		TEST(by_name),
		TEST(left),
		TEST(left_of_unknown),
		TEST(left_of_public),
		TEST(full),
		TEST(can_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
