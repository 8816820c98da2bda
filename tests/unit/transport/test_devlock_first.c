/* SPDX-License-Identifier: Apache-2.0 */
/* The lock file's first user, and what is left of him when he dies at a bad moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "devlock.h"

static char dir[] = "/tmp/iotsafe-first-XXXXXX";
static char path[256]; /* of the lock file */

static struct devlock *new_lock(void)
{
	struct devlock *l = NULL;

	assert_int_equal(devlock_new(dir, "mbim:/dev/cdc-wdm0", &l), ST_OK);
	return l;
}

static bool enter_finds_unclean(struct devlock *l)
{
	bool unclean = false;

	assert_int_equal(devlock_enter(l, deadline_in_ms(5000), &unclean), ST_OK);
	return unclean;
}

/* Takes a new file, does so, and dies. */
static void die_after(void (*doing)(struct devlock *l))
{
	int wstatus = -1;
	pid_t pid;

	unlink(path);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct devlock *l = new_lock();

		if (enter_finds_unclean(l))
			_exit(1);
		doing(l);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
}

static void nothing(struct devlock *l)
{
	(void)l;
}

static void clear(struct devlock *l)
{
	devlock_clear(l);
}

static void store_and_clear(struct devlock *l)
{
	const struct channel_record r = {.channel = {.handle = "2"}};

	devlock_store(l, &r);
	devlock_clear(l);
}

static void note(struct devlock *l)
{
	devlock_note_store(l, "cid=5");
}

/* Whatever he did with the record, it shows that he died at work. */
static void a_death_shows(void **state)
{
	static void (*const deeds[])(struct devlock *) = {nothing, clear, store_and_clear, note};

	(void)state;
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		struct devlock *l = new_lock();

		die_after(deeds[i]);
		assert_true(enter_finds_unclean(l));
		devlock_leave(l, false);
		assert_false(enter_finds_unclean(l));
		devlock_free(l, false);
	}
}

/* Between the file's creation and its mode: without the mode no other user could open it. */
static void a_file_without_its_mode_gets_it(void **state)
{
	struct devlock *l = new_lock();
	struct stat st;
	int fd;

	(void)state;
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_false(enter_finds_unclean(l));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	devlock_leave(l, false);
	/* one that is in use has the mode that somebody wanted */
	assert_int_equal(chmod(path, 0660), 0);
	devlock_free(l, false);
	l = new_lock();
	assert_false(enter_finds_unclean(l));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	devlock_free(l, false);
}

static int set_up(void **state)
{
	struct devlock *l;

	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	if (!mkdtemp(dir))
		return -1;
	l = new_lock();
	(void)enter_finds_unclean(l);
	snprintf(path, sizeof(path), "%s", devlock_path(l));
	devlock_free(l, false);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_death_shows),
		cmocka_unit_test(a_file_without_its_mode_gets_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
