/* SPDX-License-Identifier: Apache-2.0 */
/* The host-side store: what is put in comes out again; what fails leaves the old entry; what
 * somebody else may have made is not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mem.h"
#include "store.h"
#include "store_same.h"

#define ICCID "8988280666000000018"

static char top[] = "/tmp/test_store_XXXXXX";
static char dir[64], folder[128];
static struct store_list list;

/* SEQUENCE { INTEGER 1 }: the store does not look further into a certificate */
static uint8_t small_der[] = {0x30, 0x03, 0x02, 0x01, 0x01};

static char *path_of(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void run(const char *fmt, const char *arg)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), fmt, arg);
	assert_int_equal(system(cmd), 0);
}

static int fresh(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s/store", top);
	snprintf(folder, sizeof(folder), "%s/%s", dir, ICCID);
	run("chmod -R u+w %s", top);
	run("rm -rf %s/*", top);
	return 0;
}

static int make_top(void **state)
{
	(void)state;
	umask(022);
	return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
	(void)fresh(state);
	return rmdir(top);
}

static struct store_entry certificate(void)
{
	struct store_entry e = {.kind = STORE_CERTIFICATE,
				.has_key = true,
				.label = "device",
				.id = {1, 2, 3},
				.id_n = 3,
				.value = small_der,
				.value_n = sizeof(small_der)};

	memset(e.key, 0xA5, sizeof(e.key));
	return e;
}

static struct store_entry data(uint8_t *value, size_t n)
{
	return (struct store_entry){.kind = STORE_DATA, .label = "d", .value = value, .value_n = n};
}

static status put(const struct store_entry *e, char file[STORE_NAME_MAX])
{
	return store_put(dir, ICCID, e, file);
}

static size_t count(void)
{
	size_t n;

	assert_int_equal(store_read(dir, ICCID, &list), ST_OK);
	n = list.count;
	store_list_free(&list);
	return n;
}

/* How many files of any name are in the folder. */
static size_t files(void)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		n += e->d_name[0] != '.' || strncmp(e->d_name, ".new", 4) == 0;
	closedir(d);
	return n;
}

/* --- the folder --- */

static void test_round(void **state)
{
	struct store_entry e = certificate(), n = {.kind = STORE_KEY_NAME, .has_key = true};
	struct store_entry gone = {.kind = STORE_KEY_DISCARDED, .has_key = true};
	char file[STORE_NAME_MAX], name_file[STORE_NAME_MAX];
	struct stat st;

	(void)state;
	assert_int_equal(count(), 0);
	assert_true(store_writable(dir, ICCID));
	assert_int_equal(access(dir, F_OK), -1); /* asking makes nothing */
	assert_int_equal(put(&e, file), ST_OK);
	strcpy(n.label, "my key");
	assert_int_equal(put(&n, name_file), ST_OK);
	assert_int_equal(put(&gone, name_file), ST_OK);
	assert_true(store_writable(dir, ICCID));
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(path_of(file), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(store_read(dir, ICCID, &list), ST_OK);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.item[0].file, file);
	store_same(&list.item[0], &e);
	assert_string_equal(list.item[1].file, name_file);
	store_same(&list.item[1], &gone);
	store_same(&list.item[2], &n);
	assert_null(list.item[2].value);
	store_list_free(&list);
	assert_int_equal(list.count, 0);
	assert_int_equal(store_remove(dir, ICCID, file), ST_OK);
	assert_int_equal(store_remove(dir, ICCID, file), ST_NO_ENTRY);
	assert_int_equal(store_remove(dir, ICCID, name_file), ST_OK);
	assert_int_equal(count(), 1);
	assert_int_equal(store_read(dir, "8988280666000000026", &list), ST_OK);
	assert_int_equal(list.count, 0); /* another SIM's */
}

static void test_replace(void **state)
{
	uint8_t one[] = "one", two[] = "two";
	struct store_entry a = data(one, 3), b = data(two, 3);
	char first[STORE_NAME_MAX], again[STORE_NAME_MAX], third[STORE_NAME_MAX];

	(void)state;
	assert_int_equal(put(&a, first), ST_OK);
	assert_int_equal(put(&a, again), ST_OK); /* the same once more */
	assert_string_equal(first, again);
	memcpy(b.file, first, sizeof(first));
	assert_int_equal(put(&b, again), ST_OK);
	assert_string_equal(first, again);
	assert_int_equal(store_read(dir, ICCID, &list), ST_OK);
	assert_int_equal(list.count, 1);
	store_same(&list.item[0], &b);
	store_list_free(&list);
	assert_int_equal(put(&a, third), ST_OK); /* whose name `b` has now */
	assert_string_not_equal(first, third);
	assert_int_equal(count(), 2);
	assert_int_equal(files(), 2);
}

static void test_names_are_ours(void **state)
{
	static const char *const bad[] = {"../x",
					  "",
					  ".",
					  "cert-",
					  "cert-0123456789ABCDEF0123456789ABCDE/",
					  "cert-0123456789abcdef0123456789abcdef",
					  "data-0123456789ABCDEF0123456789ABCDEF"};
	static const char *const iccids[] = {"",    "..", "8988x", "898828066600000001812",
					     "89 ", "/"};
	struct store_entry e = certificate();
	char file[STORE_NAME_MAX];

	(void)state;
	assert_int_equal(put(&e, file), ST_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(store_remove(dir, ICCID, bad[i]), ST_NO_ENTRY);
		strcpy(e.file, bad[i]);
		if (bad[i][0])
			assert_int_equal(put(&e, file), ST_ARG);
	}
	e.file[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(iccids); i++) {
		assert_false(store_writable(dir, iccids[i]));
		assert_int_equal(store_read(dir, iccids[i], &list), ST_OK);
		assert_int_equal(list.count, 0);
		assert_int_equal(store_put(dir, iccids[i], &e, file), ST_STORE);
		assert_int_equal(store_remove(dir, iccids[i], file), ST_NO_ENTRY);
	}
	assert_false(store_writable("", ICCID));
	assert_int_equal(count(), 1);
}

static void test_full(void **state)
{
	char file[STORE_NAME_MAX], last[STORE_NAME_MAX] = "";
	uint8_t v[1] = {0};
	struct store_entry e = data(v, 1);

	(void)state;
	for (unsigned i = 0; i < STORE_ENTRIES_MAX; i++) {
		v[0] = (uint8_t)i;
		assert_int_equal(put(&e, last), ST_OK);
	}
	v[0] = 200;
	strcpy(file, "untouched");
	assert_int_equal(put(&e, file), ST_FULL);
	assert_string_equal(file, "untouched");
	memcpy(e.file, last, sizeof(last)); /* one that is there may change */
	assert_int_equal(put(&e, file), ST_OK);
}

static void test_too_many(void **state)
{
	char file[STORE_NAME_MAX], cmd[600];
	struct store_entry e = certificate();

	(void)state;
	assert_int_equal(put(&e, file), ST_OK);
	for (int i = 0; i < 80; i++) {
		snprintf(cmd, sizeof(cmd), "cp -p '%s' %s/cert-000000000000000000000000000000%02X",
			 path_of(file), folder, i);
		assert_int_equal(system(cmd), 0);
	}
	assert_int_equal(store_read(dir, ICCID, &list), ST_OK);
	assert_int_equal(list.count, STORE_ENTRIES_MAX);
	for (size_t i = 0; i < list.count; i++)
		assert_int_equal(strtoul(list.item[i].file + 35, NULL, 16), i);
	store_list_free(&list);
}

/* --- what is not believed --- */

static void test_foreign_files(void **state)
{
	static const char *const deeds[] = {
		"ln '%s' %s/cert-00000000000000000000000000000001", /* and the first has two */
		"mv '%s' %s/../x; ln -s ../x %s/cert-00000000000000000000000000000001",
		"rm '%s'; mkfifo %s/cert-00000000000000000000000000000001",
		"rm '%s'; mkdir %s/cert-00000000000000000000000000000001",
		"rm '%s'; ln -s /dev/zero %s/cert-00000000000000000000000000000001",
		"chmod g+w '%s'; : %s",
		"chmod o+w '%s'; : %s",
		"mv '%s' %s/data-00000000000000000000000000000001", /* not its kind */
		"mv '%s' %s/cert-0000000000000000000000000000001",
		"mv '%s' %s/.new-1-1",
		"mv '%s' %s/other",
		"truncate -s 0 '%s'; : %s",
		"truncate -s 60000 '%s'; : %s",
	};
	struct store_entry e = certificate();
	char file[STORE_NAME_MAX], cmd[900];

	for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
		(void)fresh(state);
		assert_int_equal(put(&e, file), ST_OK);
		snprintf(cmd, sizeof(cmd), deeds[i], path_of(file), folder, folder);
		assert_int_equal(system(cmd), 0);
		if (count() != 0)
			fail_msg("believed: %s", deeds[i]);
		assert_int_equal(put(&e, file), ST_OK); /* and nothing is in the way */
		assert_int_equal(count(), 1);
	}
}

static void test_foreign_owner(void **state)
{
	struct store_entry e = certificate();
	char file[STORE_NAME_MAX];

	(void)state;
	if (geteuid() != 0) { /* only root can give files away */
		assert_int_not_equal(chown("/", 0, 0), 0);
		return;
	}
	assert_int_equal(put(&e, file), ST_OK);
	assert_int_equal(chown(path_of(file), 65534, 65534), 0);
	assert_int_equal(count(), 0);
	assert_int_equal(chown(path_of(file), 0, 0), 0);
	assert_int_equal(count(), 1);
	assert_int_equal(chown(folder, 65534, 65534), 0);
	assert_int_equal(count(), 0);
	assert_false(store_writable(dir, ICCID));
	assert_int_equal(put(&e, file), ST_STORE);
	assert_int_equal(chown(folder, 0, 0), 0);
	assert_int_equal(chown(dir, 65534, 65534), 0);
	assert_int_equal(count(), 0);
	assert_int_equal(put(&e, file), ST_STORE);
	assert_int_equal(store_remove(dir, ICCID, file), ST_STORE);
}

static void test_foreign_folders(void **state)
{
	static const char *const deeds[] = {
		"chmod g+w %s",	      "chmod o+w %s",	     "mv %s %s.real; ln -s %s.real %s",
		"rm -r %s; touch %s", "rm -r %s; mkfifo %s", "chmod o+w %s/..",
	};
	struct store_entry e = certificate();
	char file[STORE_NAME_MAX], cmd[700];

	for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
		(void)fresh(state);
		assert_int_equal(put(&e, file), ST_OK);
		assert_int_equal(count(), 1);
		snprintf(cmd, sizeof(cmd), deeds[i], folder, folder, folder, folder);
		assert_int_equal(system(cmd), 0);
		if (count() != 0 || store_writable(dir, ICCID) || put(&e, file) != ST_STORE ||
		    store_remove(dir, ICCID, file) != ST_STORE)
			fail_msg("believed: %s", deeds[i]);
	}
}

/* --- what fails leaves the old entry --- */

/* Another user who may write nothing here, as a read-only file system is to root too. */
static void in_child_as_nobody(void (*act)(void))
{
	int code;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(2);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &code, 0), pid);
	assert_int_equal(code, 0);
}

static void nobody_writes(void)
{
	struct store_entry e = certificate();
	char file[STORE_NAME_MAX];

	if (store_writable(dir, ICCID) || put(&e, file) != ST_STORE)
		_exit(3);
	if (store_writable(dir, "8988") || store_put(dir, "8988", &e, file) != ST_STORE)
		_exit(4);
	snprintf(dir, sizeof(dir), "%s/none", top);
	if (store_writable(dir, ICCID) || put(&e, file) != ST_STORE)
		_exit(5);
	snprintf(dir, sizeof(dir), "%s/none/none", top);
	if (store_writable(dir, ICCID) || put(&e, file) != ST_STORE)
		_exit(6);
	if (store_read(dir, ICCID, &list) != ST_OK || list.count != 0)
		_exit(7);
}

static void test_read_only(void **state)
{
	struct store_entry e = certificate();
	char file[STORE_NAME_MAX];

	(void)state;
	assert_int_equal(put(&e, file), ST_OK);
	assert_int_equal(chmod(path_of(file), 0400), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(chmod(top, 0555), 0);
	in_child_as_nobody(nobody_writes);
	assert_int_equal(chmod(top, 0755), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(count(), 1);
	assert_int_equal(files(), 1);
}

/* Grows the entry that stands in `file`, with the disk (here: what a file may hold) full. */
static int grow(const char *file)
{
	static uint8_t big[STORE_VALUE_MAX];
	struct store_entry e = data(big, sizeof(big));
	struct rlimit small = {4096, 4096};
	char new_file[STORE_NAME_MAX] = "untouched";

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &small) != 0)
		return 2;
	if (put(&e, new_file) != ST_STORE || strcmp(new_file, "untouched") != 0)
		return 3;
	memcpy(e.file, file, STORE_NAME_MAX);
	return put(&e, new_file) == ST_STORE && strcmp(new_file, "untouched") == 0 ? 0 : 4;
}

static void test_disk_full(void **state)
{
	uint8_t old[] = "the old one";
	struct store_entry e = data(old, sizeof(old));
	char file[STORE_NAME_MAX];
	int code;
	pid_t pid;

	(void)state;
	assert_int_equal(put(&e, file), ST_OK);
	pid = fork();
	if (pid == 0)
		_exit(grow(file));
	assert_int_equal(waitpid(pid, &code, 0), pid);
	assert_int_equal(code, 0);
	assert_int_equal(files(), 1); /* no rest of the new one */
	assert_int_equal(store_read(dir, ICCID, &list), ST_OK);
	assert_int_equal(list.count, 1);
	store_same(&list.item[0], &e);
	store_list_free(&list);
}

static void test_umask(void **state)
{
	struct store_entry e = certificate();
	char file[STORE_NAME_MAX];
	struct stat st;

	(void)state;
	umask(0);
	assert_int_equal(put(&e, file), ST_OK);
	umask(022);
	assert_int_equal(stat(path_of(file), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count(), 1);
}

/* A process that is killed at any moment leaves one entry, the old or the new. */
static void test_killed(void **state)
{
	uint8_t one[3000], two[3000];
	struct store_entry a = data(one, sizeof(one)), b = data(two, sizeof(two));
	char file[STORE_NAME_MAX];

	(void)state;
	memset(one, 1, sizeof(one));
	memset(two, 2, sizeof(two));
	assert_int_equal(put(&a, file), ST_OK);
	memcpy(a.file, file, sizeof(file));
	memcpy(b.file, file, sizeof(file));
	for (int i = 0; i < 100; i++) {
		pid_t pid = fork();

		while (pid == 0)
			if (put(&b, file) != ST_OK || put(&a, file) != ST_OK)
				_exit(1);
		assert_true(pid > 0);
		usleep((useconds_t)(i * 37 % 1000));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(store_read(dir, ICCID, &list), ST_OK);
		assert_int_equal(list.count, 1);
		store_same(&list.item[0], list.item[0].value[0] == 1 ? &a : &b);
		store_list_free(&list);
	}
}

static void test_sweep(void **state)
{
	struct store_entry e = certificate();
	char file[STORE_NAME_MAX];

	(void)state;
	assert_int_equal(put(&e, file), ST_OK);
	run("touch -d '2 hours ago' '%s'", path_of(".new-1-1"));
	run("touch '%s'", path_of(".new-1-2"));
	assert_int_equal(files(), 3);
	assert_int_equal(put(&e, file), ST_OK);
	assert_int_equal(files(), 2); /* the younger one may be somebody's work */
	assert_int_equal(access(path_of(".new-1-2"), F_OK), 0);
}

/* --- damage --- */

static uint32_t random_state = 2463534242U;

static size_t random_below(size_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

static void write_file(const char *name, const uint8_t *p, size_t n)
{
	int fd = open(path_of(name), O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

static void test_damage(void **state)
{
	static uint8_t text[STORE_TEXT_MAX], bad[STORE_TEXT_MAX];
	static uint8_t value[700];
	struct store_entry e = data(value, sizeof(value));
	char file[STORE_NAME_MAX];
	size_t n = store_printed(&e, text), bad_n;

	(void)state;
	assert_int_equal(put(&e, file), ST_OK);
	for (int i = 0; i < 1000; i++) {
		memcpy(bad, text, n);
		bad_n = n;
		if (i % 3 == 0)
			bad_n = random_below(n);
		else if (i % 3 == 1)
			bad[random_below(n)] ^= (uint8_t)(1U << random_below(8));
		else
			memmove(bad + n / 2, bad + n / 2 + 1, --bad_n - n / 2);
		if (i % 3 == 2)
			bad[random_below(bad_n)] = (uint8_t)random_below(256);
		/* a digit of the sum may be a small letter too */
		if (bad_n == n && memcmp(bad, text, 25) == 0 &&
		    memcmp(bad + 89, text + 89, n - 89) == 0)
			continue;
		write_file(file, bad, bad_n);
		if (count() != 0)
			fail_msg("round %d: damage was believed", i);
	}
	write_file(file, text, n);
	assert_int_equal(count(), 1);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup(f, fresh)
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		ROW(test_round), ROW(test_replace), ROW(test_names_are_ours), ROW(test_full),
		ROW(test_too_many), ROW(test_foreign_files), ROW(test_foreign_owner), ROW(test_foreign_folders),
		ROW(test_read_only), ROW(test_disk_full), ROW(test_umask), ROW(test_killed), ROW(test_sweep), ROW(test_damage),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, make_top, remove_top);
}
