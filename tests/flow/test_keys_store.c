/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are stored by C_CreateObject while the disk is full, out of inodes, read-only
 * or over a limit, in folders that are not ours, beside damaged entries: what was there stays, and
 * nothing half-written does. Needs root, for a mount of its own. Argument: the link. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include <openssl/core_names.h>

#include "ck.h"
#include "keys_ops.h"
#include "rig_process.h"

#define assert_ok(call) assert_int_equal((call), CKR_OK)

enum { NOBODY = 65534, STRANGER = 54321 };

static enum rig_link wire;
static struct rig r;
static struct scene s;
static char folder[80]; /* store-dir */

struct cert {
	uint8_t der[KEYS_DER_MAX];
	size_t n;
};
static struct cert first, second;

static void make(struct cert *c)
{
	EVP_PKEY *device = rig_device_key(&r);
	uint8_t point[KEYS_POINT];
	size_t n = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(device, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
							 point, sizeof(point), &n),
			 1);
	EVP_PKEY_free(device);
	c->n = keys_certificate(point, c->der);
}

static CK_RV put(const struct cert *c)
{
	CK_OBJECT_HANDLE h = 0;

	s.calls = 0;
	return keys_store(&s, c->der, c->n, &h);
}

static CK_ULONG count(const struct cert *c)
{
	CK_ULONG n = 0;

	assert_ok(keys_stored(&s, c->der, c->n, &n));
	return n;
}

static void open_program(void)
{
	s = (struct scene){.r = &r};
	assert_ok(r.f->C_Initialize(NULL));
	scene_await_present(&r);
	assert_ok(keys_session(&s));
}

/* Another program's view. */
static void restart(void)
{
	assert_ok(r.f->C_Finalize(NULL));
	open_program();
}

static void must(int result, const char *what)
{
	if (result != 0)
		fail_msg("%s: %s", what, strerror(errno));
}

/* --- the folder --- */

static int plug(void **state)
{
	(void)state;
	rig_start(&r, &(struct rig_options){.link = wire});
	snprintf(folder, sizeof(folder), "%s/store", r.dir);
	must(mkdir(folder, 0755), "mkdir");
	rig_module(&r);
	make(&first);
	make(&second);
	return 0;
}

static int unplug(void **state)
{
	(void)state;
	rig_stop(&r);
	return 0;
}

static int start(void **state)
{
	(void)state;
	must(mount("tmpfs", folder, "tmpfs", 0, "size=64k,nr_inodes=32,mode=755"), "tmpfs");
	open_program();
	assert_ok(put(&first));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	(void)r.f->C_Finalize(NULL); /* after a failure perhaps done already */
	must(umount(folder), "umount");
	return 0;
}

/* Of the one SIM. */
static void sim_folder(char *ret, size_t cap)
{
	DIR *d = opendir(folder);

	ret[0] = '\0';
	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
			snprintf(ret, cap, "%s/%.20s", folder, e->d_name);
	closedir(d);
	assert_true(ret[0] != '\0');
}

/* All that is in it; the last name's path in ret (may be NULL). */
static unsigned files(char *ret, size_t cap)
{
	char dir[128];
	unsigned n = 0;

	sim_folder(dir, sizeof(dir));
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n++;
		if (ret)
			snprintf(ret, cap, "%s/%.100s", dir, e->d_name);
	}
	closedir(d);
	return n;
}

/* --- no room --- */

/* The disk takes no second certificate; the first is there, for others too; with room again, the
 * second is stored. */
static void expect_refusal(void (*spoil)(void), void (*mend)(void))
{
	unsigned before = files(NULL, 0);

	spoil();
	CK_RV rv = put(&second);
	assert_true(rv == CKR_DEVICE_MEMORY || rv == CKR_TOKEN_WRITE_PROTECTED);
	assert_int_equal(count(&first), 1);
	assert_int_equal(count(&second), 0);
	assert_int_equal(files(NULL, 0), before);
	restart();
	assert_int_equal(count(&first), 1);
	assert_int_equal(count(&second), 0);
	mend();
	assert_ok(put(&second));
	assert_int_equal(count(&first), 1);
	assert_int_equal(count(&second), 1);
	restart();
	assert_int_equal(count(&second), 1);
}

static void filler(char path[128], unsigned i)
{
	snprintf(path, 128, "%s/filler%u", folder, i);
}

static void fill(void)
{
	static const char block[1024];
	char path[128];
	ssize_t n;

	filler(path, 0);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	do
		n = write(fd, block, sizeof(block));
	while (n > 0);
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void fill_inodes(void)
{
	char path[128];
	int fd = -1;

	for (unsigned i = 0; i == 0 || fd >= 0; i++) {
		filler(path, i);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0)
			close(fd);
	}
	assert_int_equal(errno, ENOSPC);
}

static void unfill(void)
{
	char path[128];

	for (unsigned i = 0; i < 64; i++) {
		filler(path, i);
		unlink(path);
	}
}

static void disk_full(void **state)
{
	(void)state;
	expect_refusal(fill, unfill);
}

static void out_of_inodes(void **state)
{
	(void)state;
	expect_refusal(fill_inodes, unfill);
}

/* What is there already cannot be changed either, and is not lost by trying. */
static void change_while_full(void **state)
{
	char label[] = "renamed";
	CK_ATTRIBUTE a = {CKA_LABEL, label, sizeof(label) - 1};
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	CK_ATTRIBUTE value = {CKA_VALUE, first.der, first.n};
	CK_ULONG n = 0;
	assert_ok(scene_search(&s, &value, 1, &h, 1, &n));
	assert_int_equal(n, 1);
	fill();
	unsigned before = files(NULL, 0);
	assert_int_equal(r.f->C_SetAttributeValue(s.session, h, &a, 1), CKR_DEVICE_MEMORY);
	assert_int_equal(files(NULL, 0), before);
	restart();
	assert_int_equal(count(&first), 1);
	unfill();
	assert_ok(scene_search(&s, &value, 1, &h, 1, &n));
	assert_ok(r.f->C_SetAttributeValue(s.session, h, &a, 1));
	assert_ok(keys_find(&s, CKO_CERTIFICATE, label, &h));
	assert_int_not_equal(h, 0);
}

static void read_only(void)
{
	must(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), "read-only");
}

static void read_write(void)
{
	must(mount(NULL, folder, NULL, MS_REMOUNT, NULL), "read/write");
}

static void disk_read_only(void **state)
{
	(void)state;
	expect_refusal(read_only, read_write);
}

static void limit(void)
{
	struct rlimit l;

	signal(SIGXFSZ, SIG_IGN);
	must(getrlimit(RLIMIT_FSIZE, &l), "getrlimit");
	l.rlim_cur = 300; /* shorter than any certificate */
	must(setrlimit(RLIMIT_FSIZE, &l), "setrlimit");
}

static void no_limit(void)
{
	struct rlimit l;

	must(getrlimit(RLIMIT_FSIZE, &l), "getrlimit");
	l.rlim_cur = l.rlim_max;
	must(setrlimit(RLIMIT_FSIZE, &l), "setrlimit");
	signal(SIGXFSZ, SIG_DFL);
}

static void over_quota(void **state)
{
	(void)state;
	expect_refusal(limit, no_limit);
}

/* --- whose it is --- */

static void strangers_folder(void)
{
	char dir[128];

	sim_folder(dir, sizeof(dir));
	must(chown(dir, STRANGER, STRANGER), "chown");
}

/* A folder of somebody else is neither read nor written; what the card has is there all the same.
 */
static void belongs_to_another(void **state)
{
	char dir[128];
	CK_OBJECT_HANDLE h = 0;

	(void)state;
	strangers_folder();
	restart();
	assert_int_equal(count(&first), 0);
	CK_RV rv = put(&second);
	assert_true(rv == CKR_DEVICE_MEMORY || rv == CKR_TOKEN_WRITE_PROTECTED);
	assert_int_equal(files(NULL, 0), 1);
	assert_ok(keys_find(&s, CKO_PRIVATE_KEY, "device", &h));
	assert_int_not_equal(h, 0);
	sim_folder(dir, sizeof(dir));
	must(chown(dir, 0, 0), "chown");
	restart();
	assert_int_equal(count(&first), 1);
	assert_ok(put(&second));
}

/* By its exit status what the store answered somebody who may not write: 1 as it should. */
static int as_nobody(void)
{
	if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
		return 90;
	s = (struct scene){.r = &r};
	if (r.f->C_Initialize(NULL) != CKR_OK)
		return 91;
	scene_await_present(&r);
	if (keys_session(&s) != CKR_OK)
		return 91;
	CK_OBJECT_HANDLE h = 0;
	if (keys_find(&s, CKO_PRIVATE_KEY, "device", &h) != CKR_OK || h == 0)
		return 92;
	CK_RV rv = put(&second);
	if (rv != CKR_DEVICE_MEMORY && rv != CKR_TOKEN_WRITE_PROTECTED) {
		fprintf(stderr, "C_CreateObject: %#lx\n", rv);
		return 93;
	}
	return r.f->C_Finalize(NULL) == CKR_OK ? 1 : 94;
}

/* Configuration and device are nobody's to use, and a lock folder of his own stands in the place of
 * root's. */
static void let_nobody_in(char lock[96], char roots[96])
{
	snprintf(lock, 96, "%s/lock", r.dir);
	snprintf(roots, 96, "%s/lock-root", r.dir);
	must(rename(lock, roots), "rename");
	must(mkdir(lock, 0700), "mkdir");
	must(chown(lock, NOBODY, NOBODY), "chown");
	must(chmod(r.dir, 0755) | chmod(r.conf, 0644) | chmod(r.socket, 0666), "chmod");
	if (access(r.port, F_OK) == 0)
		must(chmod(r.port, 0666), "chmod");
}

static void not_writable_for_the_user(void **state)
{
	char lock[96], roots[96];
	int st = 0;

	(void)state;
	unsigned before = files(NULL, 0);
	assert_ok(r.f->C_Finalize(NULL));
	let_nobody_in(lock, roots);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		_exit(as_nobody());
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 1);
	const char *const remove[] = {"/bin/rm", "-rf", lock, NULL};
	rig_process_run(remove);
	must(rename(roots, lock), "rename");
	open_program();
	assert_int_equal(files(NULL, 0), before);
	assert_int_equal(count(&first), 1);
	assert_int_equal(count(&second), 0);
}

/* --- damage --- */

/* The entry's file, cut after n bytes, before its last one at the latest, under another name of the
 * same form. */
static void copy_damaged(const char *path, size_t n, char digit)
{
	char text[4096], name[256];
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	size_t all = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_true(all > 0);
	if (n >= all)
		n = all - 1;
	snprintf(name, sizeof(name), "%s", path);
	char *end = name + strlen(name);
	end[-1] = digit;
	if (strcmp(name, path) == 0) /* the entry itself stays whole */
		end[-2] = end[-2] == '0' ? '1' : '0';
	f = fopen(name, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
	must(chmod(name, 0600), "chmod");
}

static void damaged_entries(void **state)
{
	char path[256];

	(void)state;
	files(path, sizeof(path));
	copy_damaged(path, 0, '0');
	copy_damaged(path, 10, '1');
	copy_damaged(path, SIZE_MAX, '2');
	assert_int_equal(files(NULL, 0), 4);
	restart();
	assert_int_equal(count(&first), 1);
	assert_ok(put(&second));
	assert_int_equal(count(&second), 1);
	restart();
	assert_int_equal(count(&first), 1);
	assert_int_equal(count(&second), 1);
}

#define ON_ITS_OWN(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ON_ITS_OWN(disk_full),
		ON_ITS_OWN(out_of_inodes),
		ON_ITS_OWN(change_while_full),
		ON_ITS_OWN(disk_read_only),
		ON_ITS_OWN(over_quota),
		ON_ITS_OWN(belongs_to_another),
		ON_ITS_OWN(damaged_entries),
		/* the last, for whom the proxies do not serve: they serve root */
		ON_ITS_OWN(not_writable_for_the_user),
	};
	size_t n = sizeof(tests) / sizeof(tests[0]);

	wire = rig_argument(argc, argv);
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		fprintf(stderr, "a mount of its own (root is needed): %s\n", strerror(errno));
		return 1;
	}
	return _cmocka_run_group_tests("store", tests, rig_over_proxy(wire) ? n - 1 : n, plug,
				       unplug);
}
