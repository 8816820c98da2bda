/* SPDX-License-Identifier: Apache-2.0 */
/* What a SIM has refused: remembered per SIM and reference, by other processes too, without the
 * value itself; and what happens where it cannot be kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pin_memory.h"

static char dir[64];
static const char iccid[] = "89880000000000000011", other[] = "89880000000000000022";

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/iotsafe-memory-XXXXXX");
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const paths[] = {"/0/.pin-refused-01",
					    "/0",
					    "/89880000000000000011/.pin-refused-01",
					    "/89880000000000000011",
					    "/89880000000000000022",
					    ""};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, paths[i]);
		remove(path);
	}
	return access(dir, F_OK) != 0 ? 0 : -1;
}

static struct pin_memory opened(const char *sim)
{
	struct pin_memory m = {.fd = -1};

	assert_int_equal(pin_memory_open(dir, sim, deadline_in_ms(1000), &m), ST_OK);
	return m;
}

static int get(const char *sim, uint8_t ref, const char *pin)
{
	struct pin_memory m = opened(sim);
	int tries = 99;

	assert_int_equal(pin_memory_get(&m, ref, bytes_str(pin), &tries), ST_OK);
	pin_memory_close(&m);
	return tries;
}

static bool knows(const char *sim, uint8_t ref, const char *pin)
{
	int tries = get(sim, ref, pin);

	assert_true(tries == PIN_MEMORY_NOTHING || tries == PIN_MEMORY_REFUSED);
	return tries == PIN_MEMORY_REFUSED;
}

static void add(const char *pin)
{
	struct pin_memory m = opened(iccid);

	assert_int_equal(pin_memory_put(&m, 0x01, bytes_str(pin), PIN_MEMORY_REFUSED), ST_OK);
	pin_memory_close(&m);
}

static void file_path(char path[128])
{
	snprintf(path, 128, "%s/%s/.pin-refused-01", dir, iccid);
}

static void refused_values(void **state)
{
	char path[128], text[1024];
	struct stat st;

	(void)state;
	assert_false(knows(iccid, 0x01, "1111"));
	add("1111");
	assert_true(knows(iccid, 0x01, "1111"));
	assert_false(knows(iccid, 0x01, "11111"));
	assert_false(knows(iccid, 0x81, "1111"));
	assert_false(knows(other, 0x01, "1111"));
	add("1111"); /* once is enough */
	file_path(path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 49);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, text, sizeof(text)), 49);
	assert_null(memmem(text, 49, "1111", 4));
	close(fd);
	struct pin_memory m = opened(iccid);
	assert_int_equal(pin_memory_drop(&m, 0x01, bytes_str("1111")), ST_OK);
	assert_int_equal(pin_memory_drop(&m, 0x01, bytes_str("2222")), ST_OK);
	pin_memory_close(&m);
	assert_false(knows(iccid, 0x01, "1111"));
}

static void in_doubt(void **state)
{
	struct pin_memory m = opened(iccid);

	(void)state;
	assert_int_equal(pin_memory_put(&m, 0x01, bytes_str("1111"), 3), ST_OK);
	assert_int_equal(pin_memory_put(&m, 0x01, bytes_str("2222"), 300), ST_ARG);
	pin_memory_close(&m);
	assert_int_equal(get(iccid, 0x01, "1111"), 3);
	add("1111");
	assert_int_equal(get(iccid, 0x01, "1111"), PIN_MEMORY_REFUSED);
	assert_int_equal(get(iccid, 0x01, "2222"), PIN_MEMORY_NOTHING);
}

/* What was learned while the ICCID could not be read counts for whoever it was. */
static void without_iccid(void **state)
{
	struct pin_memory m = opened("");

	(void)state;
	assert_int_equal(pin_memory_put(&m, 0x01, bytes_str("1111"), PIN_MEMORY_REFUSED), ST_OK);
	pin_memory_close(&m);
	assert_true(knows("", 0x01, "1111"));
	assert_true(knows(iccid, 0x01, "1111"));
	assert_false(knows(iccid, 0x01, "2222"));
	m = opened(iccid);
	assert_int_equal(pin_memory_drop(&m, 0x01, bytes_str("1111")), ST_OK);
	pin_memory_close(&m);
	assert_false(knows("", 0x01, "1111"));
}

static void the_latest_ones(void **state)
{
	char pin[8];

	(void)state;
	for (int i = 0; i < PIN_MEMORY_VALUES + 3; i++) {
		snprintf(pin, sizeof(pin), "%04d", i);
		add(pin);
	}
	assert_false(knows(iccid, 0x01, "0002"));
	assert_true(knows(iccid, 0x01, "0003"));
	assert_true(knows(iccid, 0x01, "0018"));
}

static void one_process_at_a_time(void **state)
{
	struct pin_memory m = opened(iccid), second = {.fd = -1};
	int word = 0;

	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(pin_memory_open(dir, iccid, deadline_in_ms(50), &second) == ST_TIMEOUT ? 0
											     : 1);
	assert_int_equal(waitpid(pid, &word, 0), pid);
	assert_int_equal(word, 0);
	pin_memory_close(&m);
	m = opened(iccid);
	pin_memory_close(&m);
}

static void damaged(void **state)
{
	char path[128];
	int tries = 99;

	(void)state;
	add("1111");
	file_path(path);
	assert_int_equal(truncate(path, 47), 0);
	struct pin_memory m = opened(iccid);
	assert_int_equal(pin_memory_get(&m, 0x01, bytes_str("1111"), &tries), ST_MALFORMED);
	assert_int_equal(pin_memory_put(&m, 0x01, bytes_str("1111"), 2), ST_OK);
	assert_int_equal(pin_memory_get(&m, 0x01, bytes_str("1111"), &tries), ST_OK);
	assert_int_equal(tries, 2);
	pin_memory_close(&m);
	/* what others may have written is not believed */
	assert_int_equal(chmod(path, 0666), 0);
	m = opened(iccid);
	assert_int_equal(pin_memory_get(&m, 0x01, bytes_str("1111"), &tries), ST_MALFORMED);
	pin_memory_close(&m);
}

static void where_it_cannot_be_kept(void **state)
{
	struct pin_memory m = {.fd = -1};

	(void)state;
	assert_int_equal(pin_memory_open("/proc/none", iccid, deadline_in_ms(50), &m), ST_STORE);
	assert_int_equal(pin_memory_open(dir, "../x", deadline_in_ms(50), &m), ST_STORE);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refused_values),  TEST(in_doubt),
		TEST(without_iccid),   TEST(without_iccid),
		TEST(the_latest_ones), TEST(one_process_at_a_time),
		TEST(damaged),	       TEST(where_it_cannot_be_kept),
	};

	return cmocka_run_group_tests_name("pin memory", tests, NULL, NULL);
}
