/* SPDX-License-Identifier: Apache-2.0 */
/* A wrong line in the configuration: C_Initialize fails with CKR_GENERAL_ERROR, and stderr has the
 * file, the line and what was expected there; a right one is silent. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

static char dir[] = "/tmp/iotsafe-config-XXXXXX";
static char conf[80], said[80];

static void put_file(const char *text, mode_t mode)
{
	FILE *f = fopen(conf, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(conf, mode), 0);
}

/* C_Initialize in a process whose stderr and stdout go to `said`. */
static CK_RV initialize(char text[4096])
{
	struct rig r = {0};
	int st = 0, fd;
	ssize_t n;
	pid_t pid;

	fd = open(said, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	rig_module(&r);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		setenv("IOTSAFE_CONF", conf, 1);
		CK_RV rv = r.f->C_Initialize(NULL);
		_exit(rv == CKR_OK ? 0 : rv == CKR_GENERAL_ERROR ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	n = pread(fd, text, 4095, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	rig_stop(&r);
	assert_true(WEXITSTATUS(st) < 2);
	return WEXITSTATUS(st) == 0 ? CKR_OK : CKR_GENERAL_ERROR;
}

#define SLOT "[slot a]\nuri = unix:/nowhere\n"

static const struct {
	const char *text;
	int line;
	const char *expected;
} rows[] = {
	{"[module]\nlog = loud\n", 2, "expected off, error, info, debug or trace"},
	{"[module]\nlog-target = printer\n", 2, "expected stderr or syslog"},
	{"[module]\ntimeout = soon\n", 2, "expected seconds from 1 to 600"},
	{"[module]\n\n\ntimeout = 0\n", 4, "expected seconds from 1 to 600"},
	{"[module]\ntimeout = 10s\n", 2, "expected seconds from 1 to 600"},
	{"[module]\ncheck-signatures = perhaps\n", 2, "expected yes or no"},
	{"[module]\nlock-dir = here\n", 2, "expected an absolute path"},
	{"[module]\ncolour = blue\n", 2, "expected a key"},
	{"[modul]\nlog = off\n", 1, "expected [module], [slot NAME]"},
	{"log = off\n", 1, "expected a section"},
	{"[slot a]\nuri = serial:/dev/ttyS0\n", 2, "expected pcsc:, at:PATH"},
	{"[slot a]\nid = 3\n", 1, "expected uri = "},
	{SLOT "id = many\n", 3, "expected a number from 0 to 9999"},
	{SLOT "aid = A000\n", 3, "expected 1 to 8 AIDs of 5 to 16 bytes in hex"},
	{SLOT "aid = A0000005590010,zz\n", 3, "expected 1 to 8 AIDs"},
	{SLOT "expected-iccid = 8988x\n", 3, "expected 10 to 20 digits"},
	{SLOT "pin-source = 1234\n", 3, "expected file:/absolute/path"},
	{SLOT "class = 81\n", 3, "expected 80 or 00"},
	{SLOT "chunk = 1000\n", 3, "expected bytes from 16 to 256"},
	{SLOT SLOT, 3, "expected a name of its own"},
	{SLOT "id = 1\n[slot b]\nuri = unix:/x\nid = 1\n", 4, "expected an id of its own"},
	{SLOT "[container k]\nslot = b\nkind = data\nid = 01\n", 3, "expected slot = the name"},
	{SLOT "[container k]\nslot = a\nkind = poem\nid = 01\n", 5, "expected private-key"},
	{SLOT "[container k]\nslot = a\nkind = data\nid = 1\n", 6, "expected 1 to 20 bytes in hex"},
	{SLOT "[container k]\nslot = a\nkind = data\n"
	      "id = 000102030405060708090A0B0C0D0E0F1011121314\n",
	 6, "expected 1 to 20 bytes in hex"},
	{SLOT "[container k]\nslot = a\nkind = private-key\nid = 01\n", 3, "expected p256"},
	{SLOT "[container k]\nslot = a\nkind = private-key\nid = 01\nkey-type = ed25519\n", 7,
	 "expected p256"},
};

static void wrong_lines(void **state)
{
	char text[4096], place[120];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_file(rows[i].text, 0600);
		snprintf(place, sizeof(place), "%s:%d: ", conf, rows[i].line);
		CK_RV rv = initialize(text);

		if (rv != CKR_GENERAL_ERROR || !strstr(text, place) ||
		    !strstr(text, rows[i].expected))
			fail_msg("row %zu: %#lx, \"%s\"; wanted %s…%s", i, rv, text, place,
				 rows[i].expected);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line */
	}
}

static void wrong_file(void **state)
{
	char text[4096];

	(void)state;
	put_file(SLOT, 0666);
	assert_int_equal(initialize(text), CKR_GENERAL_ERROR);
	assert_non_null(strstr(text, conf));
	assert_non_null(strstr(text, "others may write it"));
	put_file(SLOT, 0620);
	assert_int_equal(initialize(text), CKR_GENERAL_ERROR);
	assert_int_equal(unlink(conf), 0);
	assert_int_equal(initialize(text), CKR_GENERAL_ERROR);
	assert_non_null(strstr(text, conf));
	assert_int_equal(mkdir(conf, 0700), 0);
	assert_int_equal(initialize(text), CKR_GENERAL_ERROR);
	assert_int_equal(rmdir(conf), 0);
}

static void right_lines(void **state)
{
	static const char *const texts[] = {
		"",
		"; nothing\n# at all\n",
		"[module]\nlog = off\ntimeout = 600\ncheck-signatures = no\nlock-dir = /tmp/x\n",
		SLOT "id = 9999\nlabel = Main SIM\naid = A0000005590010\nclass = 80\nchunk = 256\n",
		SLOT "[container k]\nslot = a\nkind = private-key\nid = 01\nkey-type = p256\n",
	};
	char text[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put_file(texts[i], 0600);
		assert_int_equal(initialize(text), CKR_OK);
		assert_string_equal(text, "");
	}
}

static int setup(void **state)
{
	(void)state;
	unsetenv("IOTSAFE_LOG");
	if (!mkdtemp(dir))
		return -1;
	snprintf(conf, sizeof(conf), "%s/iotsafe.conf", dir);
	snprintf(said, sizeof(said), "%s/said", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(conf);
	unlink(said);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_lines),
		cmocka_unit_test(wrong_file),
		cmocka_unit_test(right_lines),
	};

	return cmocka_run_group_tests_name("configuration", tests, setup, teardown);
}
