/* SPDX-License-Identifier: Apache-2.0 */
/* Groups at their edges: many silent members, what is told of comings and goings, and handles that
 * must not come to mean another key. */
#include "group_rig.h"

#include <string.h>

#include "mem.h"
#include "token.h"

#define SLOT(letter) "[slot " letter "]\nuri = unix:/" letter "\n"
#define TWO SLOT("a") SLOT("b")
#define EIGHT TWO SLOT("c") SLOT("d") SLOT("e") SLOT("f") SLOT("g") SLOT("h")

static void start(void)
{
	group_rig_start("timeout = 1", TWO, "a, b");
}

static void start_eight(void)
{
	group_rig_start("timeout = 1", EIGHT, "a, b, c, d, e, f, g, h");
}

static void all(status answer, int from, int to)
{
	for (int i = from; i < to; i++) {
		fake.device[i].slow_ms = 60000;
		fake.device[i].answer = answer;
	}
}

/* Seven members may be gone back to, and each is silent: a call that needs none of them is not
 * held up for long. */
static void probes(void **state)
{
	(void)state;
	start_eight();
	CK_SESSION_HANDLE s = group_rig_session();
	CK_OBJECT_HANDLE key = group_rig_key(s);
	for (int i = 0; i < 7; i++)
		fake.device[i].answer = ST_IO;
	assert_ok(group_rig_sign(s, key));
	group_rig_expect("0008");
	all(ST_TIMEOUT, 0, 7);
	group_rig_pause(1100);
	double begin = group_rig_seconds();
	assert_ok(group_rig_begin(s, key));
	assert_true(group_rig_seconds() - begin < 1.0);
	assert_ok(group_rig_finish(s));
	/* and one that fails then ends within twice the timeout, the looks at them included */
	fake.device[7].slow_ms = 60000;
	fake.device[7].answer = ST_TIMEOUT;
	begin = group_rig_seconds();
	assert_int_not_equal(group_rig_begin(s, key), CKR_OK);
	assert_true(group_rig_seconds() - begin < 2.3);
}

/* Programs ask for the same token several times. */
static void left_in_peace(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	start_eight();
	all(ST_TIMEOUT, 0, 8);
	CK_SLOT_ID slot = group_rig_slot();
	double begin = group_rig_seconds();
	assert_rv(f->C_GetTokenInfo(slot, &info), CKR_TOKEN_NOT_PRESENT);
	assert_true(group_rig_seconds() - begin < 2.3);
	begin = group_rig_seconds();
	assert_rv(f->C_GetTokenInfo(slot, &info), CKR_TOKEN_NOT_PRESENT);
	assert_true(group_rig_seconds() - begin < 0.5);
}

/* --- events --- */

static CK_RV poll_event(void)
{
	CK_SLOT_ID slot;

	return f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);
}

enum { ASK_MS = 2100 };

/* A modem tells of its SIM only who asks it: the second member's, once it is all that is left. */
static void last_one_goes(void **state)
{
	(void)state;
	start();
	A.quiet = B.quiet = true;
	assert_rv(poll_event(), CKR_NO_EVENT);
	assert_int_equal(A.looks, 1);
	assert_int_equal(B.looks, 0);
	A.gone = true;
	group_rig_pause(ASK_MS);
	assert_rv(poll_event(), CKR_NO_EVENT);
	assert_int_equal(B.looks, 1);
	B.gone = true;
	group_rig_pause(ASK_MS);
	assert_ok(poll_event());
	assert_rv(poll_event(), CKR_NO_EVENT);
	B.gone = false;
	assert_ok(poll_event());
}

/* Out and in again between two looks: that of the SIM in use, whichever it is. */
static void out_and_in(void **state)
{
	(void)state;
	start();
	CK_SESSION_HANDLE s = group_rig_session();
	CK_OBJECT_HANDLE key = group_rig_key(s);
	assert_rv(poll_event(), CKR_NO_EVENT);
	A.changes++;
	assert_ok(poll_event());
	assert_rv(poll_event(), CKR_NO_EVENT);
	B.changes += 3;
	assert_rv(poll_event(), CKR_NO_EVENT);
	A.gone = true; /* the token is still there */
	A.changes++;
	assert_rv(poll_event(), CKR_NO_EVENT);
	assert_ok(group_rig_sign(s, key));
	group_rig_expect("0002");
	assert_rv(poll_event(), CKR_NO_EVENT);
	B.changes++;
	assert_ok(poll_event());
	assert_rv(poll_event(), CKR_NO_EVENT);
}

/* --- handles --- */

/* The public half that a container told is told by a certificate in the other SIM. */
static void public_half(void **state)
{
	static struct catalog bare;
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};

	(void)state;
	start();
	bare.count = 2;
	bare.item[0] = fake.cat.item[FAKE_DEVICE_KEY];
	bare.item[1] = fake.cat.item[FAKE_DEVICE_CERT];
	B.cat = &bare;
	CK_SESSION_HANDLE s = group_rig_session();
	CK_OBJECT_HANDLE key = group_rig_key(s);
	CK_OBJECT_HANDLE pub = rig_by_label(s, CKO_PUBLIC_KEY, "device");
	A.answer = ST_IO;
	assert_ok(group_rig_sign(s, key));
	assert_ok(f->C_VerifyInit(s, &m, pub));
	assert_int_equal(rig_by_label(s, CKO_PUBLIC_KEY, "device"), pub);
	group_rig_expect("0002");
}

/* What was told of the one SIM takes no room from what the other one tells. */
static void room(void **state)
{
	static const char wanted[] = "file:303036";
	static struct catalog longer;
	uint8_t name[16], value[16];
	CK_ATTRIBUTE get[] = {{CKA_UNIQUE_ID, name, sizeof(name)},
			      {CKA_VALUE, value, sizeof(value)}};

	(void)state;
	start();
	longer = fake.cat;
	memcpy(longer.item[FAKE_DATA].id, "006", 3);
	longer.item[FAKE_DATA].id_len = 3;
	B.cat = &longer;
	CK_SESSION_HANDLE s = group_rig_session();
	CK_OBJECT_HANDLE notes = rig_by_label(s, CKO_DATA, "notes");
	A.answer = ST_IO;
	assert_ok(f->C_GetAttributeValue(s, notes, get, 2));
	assert_int_equal(get[0].ulValueLen, strlen(wanted));
	assert_memory_equal(name, wanted, strlen(wanted));
	group_rig_expect("0002");
}

struct one_pair {
	struct pair pair[2];
	struct object object[4];
	struct token token;
};

static void fill(struct one_pair *p, int first_key, CK_OBJECT_HANDLE first, int second_key,
		 CK_OBJECT_HANDLE second)
{
	int keys[] = {first_key, second_key};
	CK_OBJECT_HANDLE handles[] = {first, second};

	*p = (struct one_pair){.token = {.pair_count = 2, .object_count = 2, .object_cap = 4}};
	for (int i = 0; i < 2; i++) {
		p->pair[i] = (struct pair){.has_priv = true,
					   .priv = fake.cat.item[keys[i]],
					   .state = KEY_READ,
					   .key = *fake_public(keys[i])};
		p->object[i] = (struct object){.handle = handles[i],
					       .class = CKO_PRIVATE_KEY,
					       .c = p->pair[i].priv,
					       .pair = &p->pair[i]};
	}
	p->token.pair = p->pair;
	p->token.object = p->object;
}

/* In the known token another key took the place of the one that both once had: its handle does not
 * name the old one in the other SIM. */
static void replaced(void **state)
{
	struct one_pair known, t;

	(void)state;
	fill(&known, FAKE_RSA_KEY, 1, FAKE_BACKUP_KEY, 5);
	fill(&t, FAKE_DEVICE_KEY, 1, FAKE_BACKUP_KEY, 3);
	assert_true(token_adopt(&t.token, &known.token));
	assert_int_equal(t.object[1].handle, 5);
	assert_int_not_equal(t.object[0].handle, 1);
	assert_int_not_equal(t.object[0].handle, 5);
	/* nor does one that only stands at another place lose its own */
	fill(&known, FAKE_BACKUP_KEY, 5, FAKE_DEVICE_KEY, 1);
	fill(&t, FAKE_DEVICE_KEY, 1, FAKE_BACKUP_KEY, 5);
	assert_true(token_adopt(&t.token, &known.token));
	assert_int_equal(t.object[0].handle, 1);
	assert_int_equal(t.object[1].handle, 5);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(probes),	   TEST(left_in_peace), TEST(last_one_goes), TEST(out_and_in),
		TEST(public_half), TEST(room),		TEST(replaced),
	};

	return cmocka_run_group_tests_name("group-edge", tests, rig_group_setup,
					   rig_group_teardown);
}
