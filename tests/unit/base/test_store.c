/* SPDX-License-Identifier: Apache-2.0 */
/* The host-side store: what is put in comes out again, whatever bytes it has; what fails leaves the
 * old entry; what somebody else may have made is not believed. */
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

#include "crypto.h"
#include "hex.h"
#include "mem.h"
#include "store.h"

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

static void same(const struct store_entry *a, const struct store_entry *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->has_key, b->has_key);
	assert_memory_equal(a->key, b->key, sizeof(a->key));
	assert_string_equal(a->label, b->label);
	assert_true(bytes_equal(bytes_of(a->id, a->id_n), bytes_of(b->id, b->id_n)));
	assert_string_equal(a->application, b->application);
	assert_true(bytes_equal(bytes_of(a->object_id, a->object_id_n),
				bytes_of(b->object_id, b->object_id_n)));
	assert_true(bytes_equal(bytes_of(a->value, a->value_n), bytes_of(b->value, b->value_n)));
}

static size_t print(const struct store_entry *e, uint8_t text[STORE_TEXT_MAX])
{
	struct wtr w = wtr_on(text, STORE_TEXT_MAX);

	assert_int_equal(store_print(e, &w), ST_OK);
	return w.n;
}

static void there_and_back(const struct store_entry *e)
{
	static uint8_t text[STORE_TEXT_MAX];
	struct store_entry back;
	size_t n = print(e, text);

	assert_int_equal(store_parse(bytes_of(text, n), &back), ST_OK);
	same(e, &back);
	assert_string_equal(back.file, "");
	free(back.value);
}

/* --- the text --- */

static void test_text(void **state)
{
	static const char expected[] = "kind: data\n"
				       "key: A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n"
				       "label: \\x20a\xC3\xA4\\\\\\x0A\\xFF\\x20\n"
				       "id: 00FF\n"
				       "application: app\n"
				       "object-id: 06032A0304\n"
				       "-----BEGIN DATA-----\n"
				       "aGVsbG8=\n"
				       "-----END DATA-----\n";
	static uint8_t text[STORE_TEXT_MAX];
	uint8_t hello[] = "hello";
	struct store_entry e = data(hello, 5);
	size_t n;

	(void)state;
	e.has_key = true;
	memset(e.key, 0xA5, sizeof(e.key));
	strcpy(e.label, " a\xC3\xA4\\\n\xFF ");
	e.id[1] = 0xFF;
	e.id_n = 2;
	strcpy(e.application, "app");
	memcpy(e.object_id, "\x06\x03\x2A\x03\x04", 5);
	e.object_id_n = 5;
	n = print(&e, text);
	assert_memory_equal(text, "iotsafe-object 1\nsha256: ", 25);
	assert_int_equal(n, 25 + 64 + 1 + sizeof(expected) - 1);
	assert_memory_equal(text + 90, expected, sizeof(expected) - 1);
	there_and_back(&e);
}

static void test_all_bytes_survive(void **state)
{
	static uint8_t value[STORE_VALUE_MAX];
	struct store_entry e;

	(void)state;
	for (unsigned first = 1; first < 256; first += STORE_LABEL_MAX) {
		e = data(value, 0);
		for (unsigned i = 0; i < STORE_LABEL_MAX && first + i < 256; i++) {
			e.label[i] = (char)(first + i);
			e.application[STORE_LABEL_MAX - 1 - i] = (char)(first + i);
		}
		if (first + STORE_LABEL_MAX >= 256)
			e.application[0] = '.';
		there_and_back(&e);
	}
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t n = 0; n < 200; n++) {
		e = data(value, n);
		there_and_back(&e);
	}
	e = data(value, sizeof(value));
	memset(e.label, 1, STORE_LABEL_MAX); /* the longest text that there is */
	memset(e.application, 1, STORE_LABEL_MAX);
	memset(e.id, 1, e.id_n = STORE_ID_MAX);
	memset(e.object_id, 1, e.object_id_n = STORE_ID_MAX);
	e.has_key = true;
	there_and_back(&e);
}

static void test_print_refuses(void **state)
{
	static uint8_t text[STORE_TEXT_MAX];
	struct wtr w = WTR_ON(text), narrow = wtr_on(text, 100);
	struct store_entry e = certificate();

	(void)state;
	assert_int_equal(store_print(&e, &narrow), ST_SHORT_OUT);
	e.value_n--;
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = certificate();
	strcpy(e.application, "a");
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = certificate();
	e.kind = (enum store_kind)7;
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = certificate();
	memset(e.label, 'x', sizeof(e.label)); /* no NUL */
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = (struct store_entry){.kind = STORE_KEY_NAME, .label = "x"};
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e.has_key = true;
	e.value = small_der;
	e.value_n = 1;
	assert_int_equal(store_print(&e, &w), ST_ARG);
	e = data(small_der, STORE_VALUE_MAX + 1);
	assert_int_equal(store_print(&e, &w), ST_ARG);
	assert_int_equal(w.n, 0);
}

/* With the right sum, so that what is refused is refused for what it says. */
static status parse_body(const char *body)
{
	static uint8_t text[4096];
	uint8_t sum[HASH_MAX];
	struct wtr w = WTR_ON(text);
	struct store_entry e;
	status st;

	assert_int_equal(hash_once(HASH_SHA256, bytes_str(body), sum), ST_OK);
	wtr_printf(&w, "iotsafe-object 1\nsha256: ");
	hex_put(&w, bytes_of(sum, 32));
	wtr_printf(&w, "\n%s", body);
	assert_int_equal(wtr_done(&w), ST_OK);
	st = store_parse(wtr_bytes(&w), &e);
	if (st == ST_OK)
		free(e.value);
	return st;
}

#define KEY "key: A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n"
#define NAMED "kind: key-name\n" KEY
#define DATA(base64) "kind: data\n-----BEGIN DATA-----\n" base64 "-----END DATA-----\n"
#define CERTIFICATE(kind, base64)                                                                  \
	"kind: " kind "\n-----BEGIN CERTIFICATE-----\n" base64 "-----END CERTIFICATE-----\n"

static void test_bodies(void **state)
{
	/* clang-format off */
	static const char *const good[] = {
		DATA(""), DATA("QQ==\n"), DATA("QUE=\n"), DATA("QUFB\n"),
		"kind: key-name\n" KEY, KEY "label: x\nkind: key-name\n",
		CERTIFICATE("certificate", "MAMCAQE=\n"),
	};
	static const char *const bad[] = {
		"", "\n", "kind: data", "kind: data\n", "kind: door\n", KEY,
		"kind: key-name\n", /* without its key */
		NAMED KEY, NAMED "more: x\n", NAMED "\n", "kind:key-name\n" KEY,
		"kind: key-name\nkey: A5A5\n", "kind: key-name\nkey: \n",
		NAMED "id: \n", NAMED "id: 1\n",
		NAMED "label: \\\n", NAMED "label: \\x\n", NAMED "label: \\x00\n",
		NAMED "label: \\q\n", NAMED "label: \\xG0\n", NAMED "label: \x01\n",
		NAMED "label: x\r\n", NAMED "application: x\n", NAMED "object-id: 00\n",
		"-----BEGIN DATA-----\nkind: data\n",
		DATA("\n"), DATA("Q\n"), DATA("QQ\n"), DATA("QQ=\n"), DATA("QQ==QQ==\n"),
		DATA("QUFB\nQUFB\n"), DATA("QQ==\nQQ==\n"), DATA("QUFB\n") "x\n",
		DATA("QR==\n"), DATA("QUF=\n"), DATA("Q===\n"), DATA("====\n"), DATA("QU-B\n"),
		DATA("QUFB \n"), DATA("QUFB\r\n"), DATA("QUFB\n") "\n", DATA("=QUF\n"),
		DATA("Q=UF\n"),
		DATA("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n"),
		"kind: data\n-----BEGIN DATA-----\nQUFB\n-----END CERTIFICATE-----\n",
		CERTIFICATE("data", "MAMCAQE=\n"), CERTIFICATE("certificate", "MAMCAQ==\n"),
		CERTIFICATE("certificate", ""),
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (parse_body(good[i]) != ST_OK)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parse_body(bad[i]) != ST_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
}

/* --- the folder --- */

static void test_round(void **state)
{
	struct store_entry e = certificate(), n = {.kind = STORE_KEY_NAME, .has_key = true};
	char file[STORE_NAME_MAX], name_file[STORE_NAME_MAX];
	struct stat st;

	(void)state;
	assert_int_equal(count(), 0);
	assert_true(store_writable(dir, ICCID));
	assert_int_equal(access(dir, F_OK), -1); /* asking makes nothing */
	assert_int_equal(put(&e, file), ST_OK);
	strcpy(n.label, "my key");
	assert_int_equal(put(&n, name_file), ST_OK);
	assert_true(store_writable(dir, ICCID));
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(path_of(file), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(store_read(dir, ICCID, &list), ST_OK);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.item[0].file, file);
	same(&list.item[0], &e);
	same(&list.item[1], &n);
	assert_null(list.item[1].value);
	store_list_free(&list);
	assert_int_equal(list.count, 0);
	assert_int_equal(store_remove(dir, ICCID, file), ST_OK);
	assert_int_equal(store_remove(dir, ICCID, file), ST_NO_ENTRY);
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
	same(&list.item[0], &b);
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
	same(&list.item[0], &e);
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
	size_t n = print(&e, text), bad_n;

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
		ROW(test_text), ROW(test_all_bytes_survive), ROW(test_print_refuses), ROW(test_bodies),
		ROW(test_round), ROW(test_replace), ROW(test_names_are_ours), ROW(test_full),
		ROW(test_too_many), ROW(test_foreign_files), ROW(test_foreign_owner), ROW(test_foreign_folders),
		ROW(test_read_only), ROW(test_disk_full), ROW(test_umask), ROW(test_damage),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, make_top, remove_top);
}
