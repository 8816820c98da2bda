/* SPDX-License-Identifier: Apache-2.0 */
/* The slot list: configured slots, readers, ids. The fake knows two readers. */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "discover.h"

static void add(struct settings *s, const char *name, int id, const char *uri)
{
	struct settings_slot *slot = &s->slot[s->slot_count++];

	*slot = (struct settings_slot){.id = id, .cla_base = -1};
	snprintf(slot->name, sizeof(slot->name), "%s", name);
	snprintf(slot->uri_text, sizeof(slot->uri_text), "%s", uri);
	assert_int_equal(uri_parse(uri, &slot->uri), ST_OK);
}

static void test_none(void **state)
{
	static struct settings s;
	static struct settings_slot slots[SLOTS_MAX];
	size_t n = 0;

	(void)state;
	settings_default(&s);
	assert_int_equal(discover_slots(&s, slots, SLOTS_MAX, &n), ST_OK);
	assert_true(n >= 2); /* and the tagged ports of this machine, if any */
	assert_string_equal(slots[0].uri_text, "pcsc:?reader=One");
	assert_string_equal(uri_param(&slots[1].uri, "reader"), "Two");
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(slots[i].id, i);
		assert_int_equal(slots[i].cla_base, -1);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(slots[i].name, slots[k].name);
	}
}

static void test_configured(void **state)
{
	static struct settings s;
	static struct settings_slot slots[SLOTS_MAX];
	size_t n = 0;

	(void)state;
	settings_default(&s);
	s.slot_count = 0;
	add(&s, "a", -1, "unix:/a");
	add(&s, "b", 0, "unix:/b");
	add(&s, "readers", 5, "pcsc:");
	strcpy(s.slot[2].label, "a label");
	assert_int_equal(discover_slots(&s, slots, SLOTS_MAX, &n), ST_OK);
	assert_int_equal(n, 4);
	assert_int_equal(slots[0].id, 1); /* 0 is taken by name */
	assert_int_equal(slots[1].id, 0);
	assert_string_equal(slots[2].uri_text, "pcsc:?reader=One");
	assert_int_equal(slots[2].id, 5);
	assert_string_equal(slots[3].name, "readers-2");
	assert_string_equal(slots[3].label, "a label");
	assert_int_not_equal(slots[2].id, slots[3].id);
	/* names are unique */
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(slots[i].name, slots[k].name);
}

static void put_member(struct settings_group *g, unsigned char place)
{
	g->member[g->member_count++] = place;
}

/* Members are no slots; groups come last, with what they were given. */
static void test_groups(void **state)
{
	static struct settings s;
	static struct settings_slot slots[SLOTS_MAX];
	size_t n = 0;

	(void)state;
	settings_default(&s);
	add(&s, "a", -1, "unix:/a");
	add(&s, "b", -1, "unix:/b");
	add(&s, "c", -1, "unix:/c");
	s.group_count = 2;
	s.group[0] = (struct settings_group){.name = "meter", .id = -1, .label = "m"};
	put_member(&s.group[0], 2);
	put_member(&s.group[0], 0);
	s.group[1] = (struct settings_group){.name = "other", .id = 0};
	put_member(&s.group[1], 1);
	assert_int_equal(discover_slots(&s, slots, SLOTS_MAX, &n), ST_OK);
	assert_int_equal(n, 2);
	assert_string_equal(slots[0].name, "meter");
	assert_string_equal(slots[0].label, "m");
	assert_int_equal(slots[0].id, 1);
	assert_int_equal(slots[0].member_count, 2);
	assert_int_equal(slots[0].member[0], 2);
	assert_int_equal(slots[1].id, 0);
	s.group_count = 1;
	assert_int_equal(discover_slots(&s, slots, SLOTS_MAX, &n), ST_OK);
	assert_int_equal(n, 2);
	assert_string_equal(slots[0].name, "b");
	assert_int_equal(slots[0].member_count, 0);
	assert_string_equal(slots[1].name, "meter");
	assert_int_equal(discover_slots(&s, slots, 1, &n), ST_OK);
	assert_int_equal(n, 1);
}

static void test_too_many(void **state)
{
	static struct settings s;
	static struct settings_slot slots[2];
	size_t n = 0;

	(void)state;
	settings_default(&s);
	s.slot_count = 0;
	add(&s, "readers", -1, "pcsc:");
	add(&s, "a", -1, "unix:/a");
	assert_int_equal(discover_slots(&s, slots, 2, &n), ST_OK);
	assert_int_equal(n, 2);
	assert_int_equal(discover_slots(&s, slots, 0, &n), ST_OK);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none), cmocka_unit_test(test_configured),
		cmocka_unit_test(test_groups), cmocka_unit_test(test_too_many)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
