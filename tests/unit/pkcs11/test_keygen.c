/* SPDX-License-Identifier: Apache-2.0 */
/* C_GenerateKeyPair: which pair is filled, what templates may say, what is never replaced. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_keys2.h"
#include "rig.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_MECHANISM ec_gen = {CKM_EC_KEY_PAIR_GEN, NULL, 0};

struct tmpl {
	CK_ATTRIBUTE a[16];
	CK_ULONG n;
};

static void say(struct tmpl *t, CK_ATTRIBUTE_TYPE type, const void *p, size_t n)
{
	t->a[t->n++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)p, n};
}

static void say_bool(struct tmpl *t, CK_ATTRIBUTE_TYPE type, bool v)
{
	say(t, type, v ? &yes : &no, 1);
}

static struct tmpl of_curve(enum curve c)
{
	struct tmpl t = {0};
	struct bytes oid = curve_oid_der(c);

	say(&t, CKA_EC_PARAMS, oid.p, oid.n);
	return t;
}

static struct tmpl named(const char *label, const char *id, size_t id_n)
{
	struct tmpl t = {0};

	say_bool(&t, CKA_TOKEN, true);
	if (label != NULL)
		say(&t, CKA_LABEL, label, strlen(label));
	if (id != NULL)
		say(&t, CKA_ID, id, id_n);
	return t;
}

struct made {
	CK_OBJECT_HANDLE pub, priv;
};

static CK_RV generate(CK_SESSION_HANDLE s, struct tmpl pub, struct tmpl priv, struct made *ret)
{
	return f->C_GenerateKeyPair(s, &ec_gen, pub.a, pub.n, priv.a, priv.n, &ret->pub,
				    &ret->priv);
}

static CK_SESSION_HANDLE rw_session(void)
{
	CK_SESSION_HANDLE s = 0;

	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
	return s;
}

/* An empty identity's pair at 71, a volatile one at 73, a filled one at 75; P-256. */
static int setup(void **state)
{
	int rc = rig_setup(state);
	const uint8_t all = FUNCTION_SIGN | FUNCTION_KEYGEN | FUNCTION_AGREE;

	fake2_add_pair(KEY_P256, "waiting", 0x71, false, FUNCTION_SIGN | FUNCTION_KEYGEN);
	fake2_add_pair(KEY_P256, "passing", 0x73, true, FUNCTION_KEYGEN | FUNCTION_AGREE);
	fake2_add_pair(KEY_P256, "filled", 0x75, false, all);
	fake.cat.item[fake.cat.count - 1].activated = true;
	fake.cat.item[fake.cat.count - 2].activated = true;
	return rc;
}

/* The names that were kept go too. */
static int teardown(void **state)
{
	int rc = rig_teardown(state);
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", rig_store_dir());
	return system(cmd) == 0 ? rc : -1;
}

static bool is_filled(uint8_t id)
{
	for (size_t i = 0; i < fake.cat.count; i++)
		if (fake.cat.item[i].id[0] == id)
			return fake.cat.item[i].activated;
	return false;
}

static size_t value(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, uint8_t *ret)
{
	CK_ATTRIBUTE a = {type, ret, 128};

	assert_ok(f->C_GetAttributeValue(s, h, &a, 1));
	return a.ulValueLen;
}

static bool flag(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	uint8_t b[128];

	assert_int_equal(value(s, h, type, b), 1);
	return b[0] == CK_TRUE;
}

/* Both halves have one id, the public one the point that was made; it signs under it. */
static void check_pair(CK_SESSION_HANDLE s, struct made m)
{
	uint8_t a[128], b[128];
	CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
	size_t n = value(s, m.priv, CKA_ID, a);

	assert_int_equal(n, value(s, m.pub, CKA_ID, b));
	assert_int_equal(n, 20);
	assert_memory_equal(a, b, n);
	assert_int_equal(value(s, m.pub, CKA_EC_POINT, a), 67);
	assert_int_equal(value(s, m.priv, CKA_EC_POINT, b), 67);
	assert_memory_equal(a, b, 67);
	assert_true(flag(s, m.priv, CKA_LOCAL) && flag(s, m.priv, CKA_SENSITIVE));
	assert_true(flag(s, m.priv, CKA_ALWAYS_SENSITIVE) &&
		    flag(s, m.priv, CKA_NEVER_EXTRACTABLE));
	assert_false(flag(s, m.priv, CKA_EXTRACTABLE));
	if (flag(s, m.priv, CKA_SIGN))
		assert_ok(f->C_SignInit(s, &ecdsa, m.priv));
}

static void unnamed(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct tmpl token = named(NULL, NULL, 0);
	struct made m = {0};

	(void)state;
	/* the empty persistent one first, for a key that is to stay */
	assert_ok(generate(s, of_curve(CURVE_P256), token, &m));
	assert_true(is_filled(0x71) && is_filled(0x72) && !is_filled(0x73));
	check_pair(s, m);
	assert_int_equal(m.priv, rig_by_label(s, CKO_PRIVATE_KEY, "waiting"));
	assert_int_equal(m.pub, rig_by_label(s, CKO_PUBLIC_KEY, "waiting"));
	/* then the volatile one, again and again */
	for (int i = 0; i < 3; i++) {
		assert_ok(generate(s, of_curve(CURVE_P256), token, &m));
		assert_int_equal(m.priv, rig_by_label(s, CKO_PRIVATE_KEY, "passing"));
	}
	check_pair(s, m);
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 4);
}

static void empty_again(uint8_t id)
{
	for (size_t i = 0; i < fake.cat.count; i++)
		if (fake.cat.item[i].id[0] == id || fake.cat.item[i].id[0] == id + 1)
			fake.cat.item[i].activated = false;
	fake.epoch++;
}

/* Of what is asked for the pair can at least one; two are better. */
static void by_use(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct tmpl token = named(NULL, NULL, 0);
	struct made m = {0};

	(void)state;
	say_bool(&token, CKA_DERIVE, true);
	assert_ok(generate(s, of_curve(CURVE_P256), token, &m));
	assert_true(is_filled(0x73) && !is_filled(0x71));
	assert_true(flag(s, m.priv, CKA_DERIVE) && !flag(s, m.priv, CKA_SIGN));
	say_bool(&token, CKA_SIGN, true); /* no pair does both: the empty one */
	assert_ok(generate(s, of_curve(CURVE_P256), token, &m));
	assert_true(is_filled(0x71));
	assert_true(flag(s, m.priv, CKA_SIGN) && !flag(s, m.priv, CKA_DERIVE));
	/* nothing is left that signs; what is named must, too */
	token = named(NULL, NULL, 0);
	say_bool(&token, CKA_SIGN, true);
	assert_rv(generate(s, of_curve(CURVE_P256), token, &m), CKR_DEVICE_MEMORY);
	token = named("passing", NULL, 0);
	say_bool(&token, CKA_SIGN, true);
	assert_rv(generate(s, of_curve(CURVE_P256), token, &m), CKR_DEVICE_MEMORY);
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 2);
	/* one that does both goes first */
	fake2_add_pair(KEY_P256, "more", 0x77, false,
		       FUNCTION_SIGN | FUNCTION_KEYGEN | FUNCTION_AGREE);
	empty_again(0x71);
	say_bool(&token, CKA_DERIVE, true);
	assert_ok(generate(s, of_curve(CURVE_P256), token, &m)); /* by its name, all the same */
	assert_true(!is_filled(0x71) && !is_filled(0x77));
	token = named(NULL, NULL, 0);
	say_bool(&token, CKA_SIGN, true);
	say_bool(&token, CKA_DERIVE, true);
	assert_ok(generate(s, of_curve(CURVE_P256), token, &m));
	assert_true(!is_filled(0x71) && is_filled(0x77));
	assert_true(flag(s, m.priv, CKA_SIGN) && flag(s, m.priv, CKA_DERIVE));
}

static void of_the_session(void **state)
{
	CK_SESSION_HANDLE s = rig_session(); /* read-only */
	struct tmpl none = {0}, token = named(NULL, NULL, 0);
	struct tmpl away = of_curve(CURVE_P256);
	struct made m = {0};

	(void)state;
	assert_rv(generate(s, of_curve(CURVE_P256), token, &m), CKR_SESSION_READ_ONLY);
	say_bool(&away, CKA_TOKEN, true);
	assert_rv(generate(s, away, none, &m), CKR_SESSION_READ_ONLY);
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 0);
	for (int i = 0; i < 2; i++) {
		assert_ok(generate(s, of_curve(CURVE_P256), none, &m));
		assert_true(is_filled(0x73) && !is_filled(0x71));
		assert_int_equal(m.priv, rig_by_label(s, CKO_PRIVATE_KEY, "passing"));
	}
	/* a persistent pair is nothing for it, even by name */
	struct tmpl priv = {0};
	say(&priv, CKA_LABEL, "filled", 6);
	assert_ok(generate(s, of_curve(CURVE_P256), priv, &m));
	assert_int_equal(m.priv, rig_by_label(s, CKO_PRIVATE_KEY, "passing"));
}

/* A filled persistent pair is replaced only by its exact name, and all that are given. */
static void identities(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	uint8_t id[128], before[128], after[128];
	struct made m = {0};

	(void)state;
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "filled");
	CK_OBJECT_HANDLE device = rig_by_label(s, CKO_PRIVATE_KEY, "device");
	size_t id_n = value(s, key, CKA_ID, id);
	value(s, key, CKA_EC_POINT, before);
	const struct tmpl others[] = {
		named("fille", NULL, 0),     named("filled ", NULL, 0),	   named("Filled", NULL, 0),
		named("filled", "x", 1),     named("x", (char *)id, id_n), named("", NULL, 0),
		named(NULL, (char *)id, 19),
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_ok(generate(s, of_curve(CURVE_P256), others[i], &m));
		assert_int_not_equal(m.priv, key);
		value(s, key, CKA_EC_POINT, after);
		assert_memory_equal(before, after, 67);
	}
	/* the device key cannot be generated anew, nor anything in its place */
	assert_ok(generate(s, of_curve(CURVE_P256), named("device", NULL, 0), &m));
	assert_int_not_equal(m.priv, device);
	assert_ok(generate(s, of_curve(CURVE_P256), named("filled", NULL, 0), &m));
	assert_int_equal(m.priv, key); /* its container: the same object */
	value(s, key, CKA_EC_POINT, after);
	assert_memory_not_equal(before, after, 67);
	check_pair(s, m);
	id_n = value(s, key, CKA_ID, id); /* another key, another id */
	assert_ok(generate(s, of_curve(CURVE_P256), named(NULL, (char *)id, id_n), &m));
	assert_int_equal(m.priv, key);
	id_n = value(s, key, CKA_ID, id);
	assert_ok(generate(s, of_curve(CURVE_P256), named("filled", (char *)id, id_n), &m));
	assert_int_equal(m.priv, key);
	assert_ok(generate(s, of_curve(CURVE_P256), named(NULL, "\x75", 1), &m));
	assert_int_equal(m.priv, key); /* the container's own id */
}

/* The names that a caller gives are kept, also where no container has them; then they name the pair
 * that has them. Two identities of one name: neither is replaced. */
static void given_names(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	uint8_t b[128];
	struct made m = {0}, again = {0};

	(void)state;
	assert_ok(generate(s, of_curve(CURVE_P256), named("fresh", "\x01\x02", 2), &m));
	assert_int_equal(m.priv, rig_by_label(s, CKO_PRIVATE_KEY, "fresh"));
	assert_int_equal(m.pub, rig_by_label(s, CKO_PUBLIC_KEY, "fresh"));
	assert_true(is_filled(0x71)); /* the pair "waiting" */
	assert_int_equal(value(s, m.priv, CKA_ID, b), 2);
	assert_memory_equal(b, "\x01\x02", 2);
	assert_int_equal(value(s, m.pub, CKA_ID, b), 2);
	assert_ok(generate(s, of_curve(CURVE_P256), named("fresh", "\x01\x02", 2), &again));
	assert_int_equal(again.priv, m.priv);
	assert_ok(generate(s, of_curve(CURVE_P256), named("filled", "\x07", 1), &again));
	assert_int_not_equal(again.priv, rig_by_label(s, CKO_PRIVATE_KEY, "fresh"));
}

static void one_name_for_two(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	uint8_t before[128], after[128];
	struct made m = {0}, other = {0};

	(void)state;
	CK_OBJECT_HANDLE key = rig_by_label(s, CKO_PRIVATE_KEY, "filled");
	value(s, key, CKA_EC_POINT, before);
	assert_ok(generate(s, of_curve(CURVE_P256), named("filled", "\x07", 1), &m));
	assert_int_not_equal(m.priv, key);
	assert_ok(generate(s, of_curve(CURVE_P256), named("filled", NULL, 0), &other));
	assert_true(other.priv != key && other.priv != m.priv);
	value(s, key, CKA_EC_POINT, after);
	assert_memory_equal(before, after, 67);
}

static void no_pair(void **state)
{
	static const int identity_only[] = {FAKE_DEVICE_KEY, FAKE_DEVICE_PUB, -1};
	static const uint8_t p521[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23};
	static const uint8_t explicit[] = {0x30, 0x03, 0x02, 0x01, 0x01};
	CK_SESSION_HANDLE s = rw_session();
	struct tmpl token = named(NULL, NULL, 0), t = {0};
	struct made m = {4711, 4712};

	(void)state;
	assert_rv(generate(s, of_curve(CURVE_P384), token, &m), CKR_CURVE_NOT_SUPPORTED);
	say(&t, CKA_EC_PARAMS, p521, sizeof(p521));
	assert_rv(generate(s, t, token, &m), CKR_CURVE_NOT_SUPPORTED);
	t.n = 0;
	say(&t, CKA_EC_PARAMS, explicit, sizeof(explicit));
	assert_rv(generate(s, t, token, &m), CKR_CURVE_NOT_SUPPORTED);
	t.n = 0;
	assert_rv(generate(s, t, token, &m), CKR_TEMPLATE_INCOMPLETE);
	/* only somebody's identity is there */
	fake_keep(identity_only);
	fake2_add_pair(KEY_P256, "filled", 0x75, false, FUNCTION_SIGN | FUNCTION_KEYGEN);
	fake.cat.item[2].activated = fake.cat.item[3].activated = true;
	assert_rv(generate(s, of_curve(CURVE_P256), token, &m), CKR_DEVICE_MEMORY);
	/* nothing that generates */
	fake_keep(identity_only);
	fake.epoch++;
	assert_rv(generate(s, of_curve(CURVE_P256), token, &m), CKR_MECHANISM_INVALID);
	assert_true(m.pub == 4711 && m.priv == 4712);
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 0);
}

struct saying {
	CK_ATTRIBUTE_TYPE type;
	bool v;
	CK_RV rv;
};

static const struct saying private_sayings[] = {
	{CKA_SENSITIVE, true, CKR_OK},
	{CKA_SENSITIVE, false, CKR_OK}, /* p11tool's habit */
	{CKA_EXTRACTABLE, false, CKR_OK},
	{CKA_EXTRACTABLE, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_PRIVATE, true, CKR_OK},
	{CKA_PRIVATE, false, CKR_OK},
	{CKA_SIGN, true, CKR_OK},
	{CKA_DERIVE, true, CKR_OK},
	{CKA_DECRYPT, false, CKR_OK},
	{CKA_DECRYPT, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_UNWRAP, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_SIGN_RECOVER, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_WRAP_WITH_TRUSTED, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_ALWAYS_AUTHENTICATE, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_ALWAYS_SENSITIVE, true, CKR_ATTRIBUTE_READ_ONLY},
	{CKA_NEVER_EXTRACTABLE, true, CKR_ATTRIBUTE_READ_ONLY},
	{CKA_LOCAL, true, CKR_ATTRIBUTE_READ_ONLY},
	{CKA_VERIFY, true, CKR_TEMPLATE_INCONSISTENT}, /* of the other half */
	{CKA_ENCRYPT, false, CKR_TEMPLATE_INCONSISTENT},
	{CKA_VENDOR_DEFINED | 7, true, CKR_ATTRIBUTE_TYPE_INVALID},
};

static const struct saying public_sayings[] = {
	{CKA_VERIFY, true, CKR_OK},
	{CKA_DERIVE, true, CKR_OK},
	{CKA_PRIVATE, false, CKR_OK},
	{CKA_ENCRYPT, false, CKR_OK},
	{CKA_ENCRYPT, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_WRAP, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_VERIFY_RECOVER, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_TRUSTED, true, CKR_ATTRIBUTE_READ_ONLY},
	{CKA_SENSITIVE, true, CKR_TEMPLATE_INCONSISTENT},
	{CKA_LOCAL, true, CKR_ATTRIBUTE_READ_ONLY},
};

static void sayings(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct made m = {0};
	unsigned made = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(private_sayings) / sizeof(private_sayings[0]); i++) {
		struct tmpl t = named(NULL, NULL, 0);
		empty_again(0x71);
		say_bool(&t, private_sayings[i].type, private_sayings[i].v);
		assert_rv(generate(s, of_curve(CURVE_P256), t, &m), private_sayings[i].rv);
		made += private_sayings[i].rv == CKR_OK;
	}
	for (size_t i = 0; i < sizeof(public_sayings) / sizeof(public_sayings[0]); i++) {
		struct tmpl t = of_curve(CURVE_P256);
		say_bool(&t, public_sayings[i].type, public_sayings[i].v);
		assert_rv(generate(s, t, named(NULL, NULL, 0), &m), public_sayings[i].rv);
		made += public_sayings[i].rv == CKR_OK;
	}
	assert_int_equal(fake2.calls[FAKE2_GENERATE], made);
	check_pair(s, m);
}

/* All combinations of what a template may say of a private key: none gets one out. */
static void no_template_weakens(void **state)
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_SENSITIVE, CKA_EXTRACTABLE,  CKA_DECRYPT,
						  CKA_UNWRAP,	 CKA_SIGN_RECOVER, CKA_SIGN,
						  CKA_DERIVE,	 CKA_PRIVATE};
	enum { TYPES = sizeof(types) / sizeof(types[0]) };
	CK_SESSION_HANDLE s = rw_session();

	(void)state;
	for (unsigned bits = 0; bits < 1U << TYPES; bits++) {
		struct tmpl t = {0};
		struct made m = {0};
		for (unsigned i = 0; i < TYPES; i++)
			say_bool(&t, types[i], (bits >> i & 1) != 0);
		bool bad = (bits & 0x1E) != 0;
		bool only_signs = (bits & 0x60) == 0x20; /* which no volatile pair may */
		CK_RV rv = generate(s, of_curve(CURVE_P256), t, &m);
		assert_rv(rv, bad	   ? CKR_TEMPLATE_INCONSISTENT
			      : only_signs ? CKR_DEVICE_MEMORY
					   : CKR_OK);
		if (rv != CKR_OK)
			continue;
		assert_true(flag(s, m.priv, CKA_SENSITIVE));
		assert_false(flag(s, m.priv, CKA_EXTRACTABLE));
		fake2_reset();
	}
}

static void mis_sized(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	CK_KEY_TYPE rsa = CKK_RSA, ec = CKK_EC;
	CK_OBJECT_CLASS pub_class = CKO_PUBLIC_KEY;
	uint8_t two[2] = {1, 1}, seven = 7;
	struct made m = {0};
	struct tmpl t = {0};

	(void)state;
	say(&t, CKA_TOKEN, two, 2);
	assert_rv(generate(s, of_curve(CURVE_P256), t, &m), CKR_ATTRIBUTE_VALUE_INVALID);
	t.n = 0;
	say(&t, CKA_SENSITIVE, &seven, 1);
	assert_rv(generate(s, of_curve(CURVE_P256), t, &m), CKR_ATTRIBUTE_VALUE_INVALID);
	t.n = 0;
	say(&t, CKA_KEY_TYPE, &ec, 4);
	assert_rv(generate(s, of_curve(CURVE_P256), t, &m), CKR_ATTRIBUTE_VALUE_INVALID);
	t.n = 0;
	say(&t, CKA_KEY_TYPE, &rsa, sizeof(rsa));
	assert_rv(generate(s, of_curve(CURVE_P256), t, &m), CKR_TEMPLATE_INCONSISTENT);
	t.n = 0;
	say(&t, CKA_CLASS, &pub_class, sizeof(pub_class));
	assert_rv(generate(s, of_curve(CURVE_P256), t, &m), CKR_TEMPLATE_INCONSISTENT);
	t.n = 0;
	say_bool(&t, CKA_SIGN, true);
	say_bool(&t, CKA_SIGN, false);
	assert_rv(generate(s, of_curve(CURVE_P256), t, &m), CKR_TEMPLATE_INCONSISTENT);
	t = of_curve(CURVE_P384); /* the private half is of another curve */
	assert_rv(generate(s, of_curve(CURVE_P256), t, &m), CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(fake2.calls[FAKE2_GENERATE], 0);
}

static void arguments(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct tmpl pub = of_curve(CURVE_P256);
	CK_OBJECT_HANDLE a = 0, b = 0;
	CK_ATTRIBUTE nowhere = {CKA_LABEL, NULL, 4};
	CK_MECHANISM m = ec_gen;

	(void)state;
	assert_rv(f->C_GenerateKeyPair(s, NULL, pub.a, pub.n, NULL, 0, &a, &b), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_GenerateKeyPair(s, &m, pub.a, pub.n, NULL, 0, NULL, &b), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_GenerateKeyPair(s, &m, pub.a, pub.n, NULL, 0, &a, NULL), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_GenerateKeyPair(s, &m, NULL, 1, NULL, 0, &a, &b), CKR_ARGUMENTS_BAD);
	assert_rv(f->C_GenerateKeyPair(s, &m, pub.a, pub.n, &nowhere, 1, &a, &b),
		  CKR_ARGUMENTS_BAD);
	assert_rv(f->C_GenerateKeyPair(s, &m, pub.a, ~(CK_ULONG)0, NULL, 0, &a, &b),
		  CKR_ARGUMENTS_BAD);
	m.pParameter = &a;
	m.ulParameterLen = sizeof(a);
	assert_rv(f->C_GenerateKeyPair(s, &m, pub.a, pub.n, NULL, 0, &a, &b),
		  CKR_MECHANISM_PARAM_INVALID);
	m = (CK_MECHANISM){CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	assert_rv(f->C_GenerateKeyPair(s, &m, pub.a, pub.n, NULL, 0, &a, &b),
		  CKR_MECHANISM_INVALID);
	m.mechanism = CKM_ECDH1_DERIVE;
	assert_rv(f->C_GenerateKeyPair(s, &m, pub.a, pub.n, NULL, 0, &a, &b),
		  CKR_MECHANISM_INVALID);
	m.mechanism = CKM_AES_KEY_GEN;
	assert_rv(f->C_GenerateKey(s, &m, NULL, 0, &a), CKR_MECHANISM_INVALID);
	assert_rv(f->C_GenerateKey(s, &m, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
	fake2.answer[FAKE2_GENERATE] = ST_SW_CONDITIONS;
	assert_rv(f->C_GenerateKeyPair(s, &ec_gen, pub.a, pub.n, NULL, 0, &a, &b),
		  CKR_DEVICE_ERROR);
	assert_true(a == 0 && b == 0);
}

/* Whoever loses each race for a pair finds no free one: nothing is wrong with any key. */
static void always_late(void **state)
{
	CK_SESSION_HANDLE s = rw_session();
	struct tmpl pub = of_curve(CURVE_P256);
	CK_OBJECT_HANDLE a = 0, b = 0;
	CK_MECHANISM m = ec_gen;

	(void)state;
	fake2.answer[FAKE2_GENERATE] = ST_KEY_UNUSABLE;
	assert_rv(f->C_GenerateKeyPair(s, &m, pub.a, pub.n, NULL, 0, &a, &b), CKR_DEVICE_MEMORY);
	assert_true(fake2.calls[FAKE2_GENERATE] > 1);
	assert_true(a == 0 && b == 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unnamed),	  TEST(by_use),	     TEST(of_the_session),
		TEST(identities), TEST(given_names), TEST(one_name_for_two),
		TEST(no_pair),	  TEST(sayings),     TEST(no_template_weakens),
		TEST(mis_sized),  TEST(arguments),   TEST(always_late),
	};

	return cmocka_run_group_tests_name("keygen", tests, rig_group_setup, rig_group_teardown);
}
