/* SPDX-License-Identifier: Apache-2.0 */
/* The device lock between real processes, and the record it carries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "devlock.h"
#include "devrecord.h"
#include "mem.h"

static char dir[] = "/tmp/iotsafe-devlock-XXXXXX";
static char sub[64]; /* the lock folder, made by the lock itself */

static const struct channel_record sample = {
	.channel = {.handle = "00000000038aa32f"},
	.aid = {0xA0, 0x00, 0x00, 0x05, 0x59, 0x00, 0x10},
	.aid_len = 7,
	.iccid = "89882110000000123456",
	.generation = 7,
	.cla_base = 0x80,
};

static struct devlock *new_lock(void)
{
	struct devlock *l = NULL;
	assert_int_equal(devlock_new(sub, "at:/dev/ttyUSB2", &l), ST_OK);
	return l;
}

static void enter(struct devlock *l, bool expect_unclean)
{
	bool unclean = !expect_unclean;
	assert_int_equal(devlock_enter(l, deadline_in_ms(5000), &unclean), ST_OK);
	assert_int_equal(unclean, expect_unclean);
}

/* In a child: takes the lock, tells so by a byte, and waits to be killed or told to leave. */
static pid_t hold_in_child(int *ret_told, int *ret_go)
{
	int told[2], go[2];
	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(go), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct devlock *l = NULL;
		bool unclean;
		char c;
		if (devlock_new(sub, "at:/dev/ttyUSB2", &l) != ST_OK ||
		    devlock_enter(l, deadline_in_ms(5000), &unclean) != ST_OK ||
		    write(told[1], "x", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(1);
		devlock_leave(l, false);
		_exit(0);
	}
	close(told[1]);
	close(go[0]);
	char c;
	assert_int_equal(read(told[0], &c, 1), 1);
	*ret_told = told[0];
	*ret_go = go[1];
	return pid;
}

static void the_record_comes_back(void **state)
{
	struct devlock *a = new_lock(), *b = new_lock();
	struct channel_record r;
	(void)state;
	enter(a, false);
	assert_true(devlock_can_share(a));
	assert_int_equal(devlock_load(a, &r), ST_NO_ENTRY);
	devlock_store(a, &sample);
	assert_int_equal(devlock_load(a, &r), ST_OK);
	devlock_leave(a, false);
	assert_false(devlock_can_share(a));
	assert_int_equal(devlock_load(a, &r), ST_NO_ENTRY);

	enter(b, false);
	memset(&r, 0xEE, sizeof(r));
	assert_int_equal(devlock_load(b, &r), ST_OK);
	assert_memory_equal(r.aid, sample.aid, sample.aid_len);
	assert_int_equal(r.aid_len, sample.aid_len);
	assert_string_equal(r.iccid, sample.iccid);
	assert_string_equal(r.channel.handle, sample.channel.handle);
	assert_int_equal(r.channel.number, 0);
	assert_int_equal(r.generation, 7);
	assert_int_equal(r.cla_base, 0x80);
	devlock_clear(b);
	assert_int_equal(devlock_load(b, &r), ST_NO_ENTRY);
	devlock_leave(b, false);

	enter(a, false);
	assert_int_equal(devlock_load(a, &r), ST_NO_ENTRY);
	devlock_free(a, false); /* leaves too */
	enter(b, false);
	devlock_free(b, false);
}

static void others_wait_and_give_up_in_time(void **state)
{
	int told, go;
	bool unclean;
	struct devlock *l = new_lock();
	(void)state;
	pid_t pid = hold_in_child(&told, &go);
	int64_t before = deadline_now();
	assert_int_equal(devlock_enter(l, deadline_in_ms(200), &unclean), ST_TIMEOUT);
	int64_t ms = (deadline_now() - before) / 1000000;
	assert_in_range(ms, 190, 600);
	assert_int_equal(write(go, "x", 1), 1);
	enter(l, false);
	devlock_free(l, false);
	int wstatus;
	waitpid(pid, &wstatus, 0);
	assert_true(WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == 0);
	close(told);
	close(go);
}

static void a_killed_holder_leaves_word(void **state)
{
	int told, go;
	struct devlock *l = new_lock();
	(void)state;
	pid_t pid = hold_in_child(&told, &go);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	enter(l, true);
	devlock_leave(l, false);
	enter(l, false);
	/* and one who knows that an answer is on its way says so */
	devlock_leave(l, true);
	enter(l, true);
	devlock_free(l, false);
	close(told);
	close(go);
}

/* Two processes that do nothing but enter and leave get about as many turns. */
static void turns_are_fair(void **state)
{
	int told, go, turns = 0;
	struct devlock *l = new_lock();
	(void)state;
	pid_t pid = hold_in_child(&told, &go);
	pid_t rival = fork();
	if (rival == 0) {
		struct devlock *mine = NULL;
		bool unclean;
		deadline end = deadline_in_ms(10000);
		if (devlock_new(sub, "at:/dev/ttyUSB2", &mine) != ST_OK)
			_exit(1);
		while (!deadline_passed(end)) {
			if (devlock_enter(mine, end, &unclean) != ST_OK)
				_exit(2);
			deadline_sleep(end, 1);
			devlock_leave(mine, false);
		}
		_exit(0);
	}
	assert_int_equal(write(go, "x", 1), 1);
	waitpid(pid, NULL, 0);
	for (; turns < 30; turns++) {
		bool unclean;
		assert_int_equal(devlock_enter(l, deadline_in_ms(1000), &unclean), ST_OK);
		deadline_sleep(DEADLINE_NEVER, 1);
		devlock_leave(l, false);
	}
	kill(rival, SIGKILL);
	waitpid(rival, NULL, 0);
	devlock_free(l, false);
	close(told);
	close(go);
}

enum { CROWD = 12, HELD_US = 300 }; /* more than the queue has places */

static void be_one_of_many(atomic_uint *turns, const atomic_uint *over, int start)
{
	struct devlock *l = NULL;
	bool unclean;
	char c;
	if (devlock_new(sub, "at:/dev/ttyUSB2", &l) != ST_OK || read(start, &c, 1) != 0)
		_exit(1);
	while (!*over) {
		if (devlock_enter(l, deadline_in_ms(5000), &unclean) != ST_OK || unclean)
			_exit(2);
		usleep(HELD_US);
		(*turns)++;
		devlock_leave(l, false);
	}
	_exit(0);
}

/* Nobody of a dozen that come back at once is left behind. */
static void a_crowd_takes_turns(void **state)
{
	atomic_uint *turns = mmap(NULL, (CROWD + 1) * sizeof(*turns), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int start[2], st;
	unsigned all = 0, least = UINT_MAX;
	pid_t pid[CROWD];
	(void)state;
	assert_true(turns != MAP_FAILED);
	assert_int_equal(pipe(start), 0);
	for (int i = 0; i < CROWD; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			close(start[1]);
			be_one_of_many(&turns[i], &turns[CROWD], start[0]);
		}
	}
	close(start[0]);
	close(start[1]);
	deadline end = deadline_in_ms(20000);
	while (all < CROWD * 50U && !deadline_passed(end)) {
		usleep(1000);
		all = 0;
		for (int i = 0; i < CROWD; i++)
			all += turns[i];
	}
	for (int i = 0; i < CROWD; i++)
		least = turns[i] < least ? turns[i] : least;
	turns[CROWD] = 1;
	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(waitpid(pid[i], &st, 0), pid[i]);
		assert_int_equal(st, 0);
	}
	print_message("  %u turns, the fewest of one %u\n", all, least);
	assert_true(least >= all / CROWD / 4);
	munmap(turns, (CROWD + 1) * sizeof(*turns));
}

static void a_forked_child_does_not_unlock(void **state)
{
	bool unclean;
	struct devlock *l = new_lock();
	(void)state;
	bool before_unclean;
	assert_int_equal(devlock_enter(l, deadline_in_ms(1000), &before_unclean), ST_OK);
	pid_t pid = fork();
	if (pid == 0) {
		devlock_free(l, true);
		struct devlock *mine = NULL;
		if (devlock_new(sub, "at:/dev/ttyUSB2", &mine) != ST_OK)
			_exit(1);
		_exit(devlock_enter(mine, deadline_in_ms(100), &unclean) == ST_TIMEOUT ? 0 : 2);
	}
	int wstatus;
	waitpid(pid, &wstatus, 0);
	assert_true(WIFEXITED(wstatus));
	assert_int_equal(WEXITSTATUS(wstatus), 0);
	/* a child that lives on with the inherited descriptor does not keep the lock either */
	int hold[2];
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	if (pid == 0) {
		char c;
		close(hold[1]);
		_exit(read(hold[0], &c, 1) == 0 ? 0 : 1);
	}
	close(hold[0]);
	devlock_leave(l, false);
	struct devlock *other = new_lock();
	enter(other, false);
	devlock_free(other, false);
	close(hold[1]);
	waitpid(pid, NULL, 0);
	devlock_free(l, false);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void bad_records_do_not_exist(void **state)
{
	struct devlock *l = new_lock();
	char path[512], text[400] = {0}, boot[DEVRECORD_BOOT_ID_MAX];
	struct channel_record r;
	(void)state;
	enter(l, false);
	devlock_store(l, &sample);
	snprintf(path, sizeof(path), "%s", devlock_path(l));
	devlock_leave(l, false);

	devrecord_boot_id(boot);
	struct wtr w = WTR_ON(text);
	assert_int_equal(devrecord_encode(&sample, boot, 1, &w), ST_OK);
	assert_int_equal(devrecord_decode(wtr_bytes(&w), boot, &r), ST_OK);
	assert_int_equal(devrecord_decode(wtr_bytes(&w), "another-boot", &r), ST_NO_ENTRY);
	/* cut anywhere, or with any one character changed */
	for (size_t i = 0; i < w.n; i++) {
		assert_int_equal(devrecord_decode(bytes_of(text, i), boot, &r), ST_NO_ENTRY);
		char old = text[i];
		text[i] = (char)(old ^ 1);
		assert_int_equal(devrecord_decode(wtr_bytes(&w), boot, &r), ST_NO_ENTRY);
		text[i] = '\0';
		assert_int_equal(devrecord_decode(wtr_bytes(&w), boot, &r), ST_NO_ENTRY);
		text[i] = old;
	}
	/* a rightly summed one that names no channel */
	struct channel_record none = sample;
	none.channel.handle[0] = '\0';
	w.n = 0;
	assert_int_equal(devrecord_encode(&none, boot, 1, &w), ST_OK);
	assert_int_equal(devrecord_decode(wtr_bytes(&w), boot, &r), ST_NO_ENTRY);

	static const char *const damaged[] = {
		"", "idle\n", "idle\nrecord=1 boot=", "id", "\n\n\n", "idle\nrecord=2 x=y\n"};
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		bool unclean;
		write_file(path, damaged[i]);
		assert_int_equal(devlock_enter(l, deadline_in_ms(1000), &unclean), ST_OK);
		assert_int_equal(devlock_load(l, &r), ST_NO_ENTRY);
		devlock_store(l, &sample);
		devlock_leave(l, false);
		enter(l, false);
		assert_int_equal(devlock_load(l, &r), ST_OK);
		devlock_leave(l, false);
	}
	devlock_free(l, false);
}

static void the_note_stays_beside_the_record(void **state)
{
	struct devlock *a = new_lock(), *b = new_lock();
	char note[DEVLOCK_NOTE_MAX + 1] = "x", path[512];
	struct channel_record r;
	bool unclean;
	(void)state;
	enter(a, false);
	snprintf(path, sizeof(path), "%s", devlock_path(a));
	devlock_clear(a);
	devlock_note_load(a, note);
	assert_string_equal(note, "");
	devlock_note_store(a, "c5n0t01234567l89ab");
	devlock_leave(a, true);
	devlock_note_load(a, note);
	assert_string_equal(note, ""); /* not entered */

	enter(b, true);
	devlock_note_load(b, note);
	assert_string_equal(note, "c5n0t01234567l89ab");
	devlock_store(b, &sample);
	devlock_note_load(b, note);
	assert_string_equal(note, "c5n0t01234567l89ab");
	assert_int_equal(devlock_load(b, &r), ST_OK);
	devlock_clear(b);
	assert_int_equal(devlock_load(b, &r), ST_NO_ENTRY);
	devlock_leave(b, false);
	enter(a, false);
	devlock_note_load(a, note);
	assert_string_equal(note, "c5n0t01234567l89ab");
	devlock_store(a, &sample);
	devlock_note_store(a, "");
	devlock_note_load(a, note);
	assert_string_equal(note, "");
	assert_int_equal(devlock_load(a, &r), ST_OK);
	/* one that does not fit, or is no word, changes nothing */
	devlock_note_store(a, "cid=5");
	devlock_note_store(a, "0123456789012345678901234");
	devlock_note_store(a, "two words");
	devlock_note_store(a, "line\n");
	devlock_leave(a, false);
	enter(b, false);
	devlock_note_load(b, note);
	assert_string_equal(note, "cid=5");
	assert_int_equal(devlock_load(b, &r), ST_OK);
	devlock_leave(b, false);

	/* one character changed: there is no note (and the record is as it was) */
	char text[512] = "";
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 100);
	size_t end = (size_t)(strstr(text, "record=") - text);
	for (size_t i = 5; i < end; i++) {
		char changed = (char)(text[i] ^ 1);
		assert_int_equal(pwrite(fd, &changed, 1, (off_t)i), 1);
		assert_int_equal(devlock_enter(b, deadline_in_ms(1000), &unclean), ST_OK);
		devlock_note_load(b, note);
		assert_string_equal(note, "");
		assert_int_equal(devlock_load(b, &r), ST_OK);
		devlock_leave(b, false);
		assert_int_equal(pwrite(fd, &text[i], 1, (off_t)i), 1);
	}
	close(fd);
	devlock_free(a, false);
	devlock_free(b, false);
}

static void folder_and_file_have_their_modes(void **state)
{
	struct stat st;
	struct devlock *l = new_lock();
	(void)state;
	enter(l, false);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01777);
	assert_int_equal(stat(devlock_path(l), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	devlock_free(l, false);
}

static void a_removed_file_is_made_again(void **state)
{
	struct devlock *a = new_lock(), *b = new_lock();
	bool unclean;
	char path[512];
	(void)state;
	enter(a, false);
	snprintf(path, sizeof(path), "%s", devlock_path(a));
	devlock_leave(a, false);
	assert_int_equal(unlink(path), 0);
	enter(b, false);
	/* a's old file is nobody's any more: it must meet b at the new one */
	assert_int_equal(devlock_enter(a, deadline_in_ms(50), &unclean), ST_TIMEOUT);
	devlock_free(b, false);
	devlock_free(a, false);
}

/* Links, pipes and hard links in the folder are not followed, not hung upon, not written. */
static void traps_are_avoided(void **state)
{
	struct devlock *l = new_lock();
	char path[512], victim[128];
	struct stat st;
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	enter(l, false);
	snprintf(path, sizeof(path), "%s", devlock_path(l));
	devlock_free(l, false);
	snprintf(victim, sizeof(victim), "%s/victim", dir);

	for (int trap = 0; trap < 4; trap++) {
		unlink(path);
		unlink(victim);
		write_file(victim, "precious");
		if (trap == 0)
			assert_int_equal(symlink(victim, path), 0);
		if (trap == 1)
			assert_int_equal(link(victim, path), 0);
		if (trap == 2)
			assert_int_equal(mkfifo(path, 0666), 0);
		if (trap == 3)
			assert_int_equal(mkdir(path, 0777), 0);
		l = new_lock();
		enter(l, false);
		assert_false(devlock_can_share(l));
		devlock_store(l, &sample);
		devlock_free(l, false);
		assert_int_equal(stat(victim, &st), 0);
		assert_int_equal(st.st_size, 8);
	}
	assert_int_equal(rmdir(path), 0);
}

static void without_a_folder_nothing_is_shared(void **state)
{
	struct devlock *l = NULL;
	struct channel_record r;
	char folder[128];
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(devlock_new("/proc/iotsafe-lock", "unix:/x", &l), ST_OK);
	enter(l, false);
	assert_false(devlock_can_share(l));
	assert_string_equal(devlock_path(l), "");
	devlock_store(l, &sample);
	assert_int_equal(devlock_load(l, &r), ST_NO_ENTRY);
	devlock_leave(l, false);
	/* the user's own runtime folder takes over */
	setenv("XDG_RUNTIME_DIR", dir, 1);
	enter(l, false);
	assert_true(devlock_can_share(l));
	devlock_store(l, &sample);
	assert_int_equal(devlock_load(l, &r), ST_OK);
	snprintf(folder, sizeof(folder), "%s/iotsafe/", dir);
	assert_memory_equal(devlock_path(l), folder, strlen(folder));
	devlock_free(l, false);
	unsetenv("XDG_RUNTIME_DIR");
	/* a link in place of the folder is not followed */
	snprintf(folder, sizeof(folder), "%s/folder-link", dir);
	assert_int_equal(symlink(sub, folder), 0);
	assert_int_equal(devlock_new(folder, "unix:/x", &l), ST_OK);
	enter(l, false);
	assert_false(devlock_can_share(l));
	devlock_free(l, false);
}

/* Another user's file that we may only read still excludes, but carries no record for us. */
static void a_read_only_file_excludes(void **state)
{
	char path[512];
	struct devlock *l = new_lock();
	(void)state;
	enter(l, false);
	snprintf(path, sizeof(path), "%s", devlock_path(l));
	assert_int_equal(chmod(path, 0444), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct devlock *mine = NULL;
		bool unclean;
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(1);
		if (devlock_new(sub, "at:/dev/ttyUSB2", &mine) != ST_OK)
			_exit(2);
		if (devlock_enter(mine, deadline_in_ms(100), &unclean) != ST_TIMEOUT)
			_exit(3);
		_exit(devlock_can_share(mine) ? 4 : 0);
	}
	int wstatus;
	waitpid(pid, &wstatus, 0);
	assert_true(WIFEXITED(wstatus));
	assert_int_equal(WEXITSTATUS(wstatus), 0);
	devlock_free(l, false);
}

static int make_dir(void **state)
{
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	if (!mkdtemp(dir) || chmod(dir, 0755) != 0)
		return -1;
	snprintf(sub, sizeof(sub), "%s/lock", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf -- '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_comes_back),
		cmocka_unit_test(others_wait_and_give_up_in_time),
		cmocka_unit_test(a_killed_holder_leaves_word),
		cmocka_unit_test(turns_are_fair),
		cmocka_unit_test(a_crowd_takes_turns),
		cmocka_unit_test(a_forked_child_does_not_unlock),
		cmocka_unit_test(bad_records_do_not_exist),
		cmocka_unit_test(the_note_stays_beside_the_record),
		cmocka_unit_test(folder_and_file_have_their_modes),
		cmocka_unit_test(a_removed_file_is_made_again),
		cmocka_unit_test(traps_are_avoided),
		cmocka_unit_test(without_a_folder_nothing_is_shared),
		cmocka_unit_test(a_read_only_file_excludes),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
