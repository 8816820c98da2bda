/* SPDX-License-Identifier: Apache-2.0 */
/* Our libcrypto context is private: the host's error queue, its configuration file and its end of
 * life are its own (design.md §2). Most of this runs in child processes: what is tested is what
 * happens at the first use, and after the last. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "certs.h"
#include "crypto.h"
#include "mem.h"

static char dir[] = "/tmp/test_libctx_XXXXXX";
static char conf[64], cert[64];

/* P-256's generator, a point without a key pair made here. */
static const uint8_t generator[65] = {
	0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5,
	0x63, 0xA4, 0x40, 0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4,
	0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A,
	0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16, 0x2B, 0xCE, 0x33,
	0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5};

static struct public_key ec_key(void)
{
	struct public_key k = {.kind = PUBLIC_EC, .curve = CURVE_P256, .point_len = 65};

	memcpy(k.point, generator, 65);
	return k;
}

static struct bytes read_cert(void)
{
	static uint8_t text[4096];
	FILE *f = fopen(cert, "r");
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

	if (f)
		fclose(f);
	return bytes_of(text, n);
}

/* Everything of crypto.h once, good input and bad. All results must be `good` or, once libcrypto is
 * gone, ST_CRYPTO. False with a line on stderr otherwise. */
static bool use_all(bool gone)
{
	static const uint8_t zeros[256];
	struct public_key ec = ec_key(), rsa = {.kind = PUBLIC_RSA, .modulus_len = 256};
	uint8_t digest[HASH_MAX], out[2048];
	struct x509_info info;
	struct hash_ctx h = {0};
	struct wtr w = WTR_ON(out), spki = WTR_ON(digest);
	struct bytes pem = read_cert();
	status got[12], want[12];
	size_t n = 0;

	memset(rsa.modulus, 0xC1, 256);
	rsa.exponent[0] = 3;
	rsa.exponent_len = 1;
	want[n] = ST_OK;
	got[n++] = hash_once(HASH_SHA256, BYTES_OF(zeros), digest);
	want[n] = ST_OK;
	got[n++] = hash_start(&h, HASH_SHA384);
	hash_free(&h);
	want[n] = ST_OK;
	got[n++] = curve_check_point(CURVE_P256, BYTES_OF(generator));
	want[n] = ST_POINT_INVALID;
	got[n++] = curve_check_point(CURVE_P256, bytes_of(zeros, 65));
	want[n] = ST_SHORT_OUT;
	got[n++] = public_key_spki(&ec, &spki);
	want[n] = ST_OK;
	got[n++] = public_key_id(&ec, digest);
	want[n] = ST_SIG_BAD;
	got[n++] = verify_ecdsa(&ec, bytes_of(zeros, 32), bytes_of(generator + 1, 64));
	want[n] = ST_SIG_BAD;
	got[n++] = verify_rsa(&rsa, RSA_PAD_PKCS1, HASH_SHA256, 0, bytes_of(zeros, 32),
			      bytes_of(zeros, 256));
	want[n] = ST_OK;
	got[n++] = x509_from_pem(pem, &w);
	want[n] = ST_OK;
	got[n++] = x509_parse(wtr_bytes(&w), &info);
	want[n] = ST_MALFORMED;
	got[n++] = x509_parse(BYTES_LIT("\x30\x06\x30\x04\x02\x02\x30\x00"), &info);
	want[n] = ST_MALFORMED;
	got[n++] = x509_from_pem(BYTES_LIT("-----BEGIN CERTIFICATE-----\nAAAA\n"), &w);
	for (size_t i = 0; i < n; i++) {
		if (got[i] == (gone ? ST_CRYPTO : want[i]))
			continue;
		fprintf(stderr, "call %zu gave %s\n", i, status_name(got[i]));
		return false;
	}
	return crypto_alive() == !gone;
}

/* --- the error queue --- */

static void test_error_queue_empty(void **state)
{
	(void)state;
	ERR_clear_error();
	assert_true(use_all(false));
	assert_int_equal(ERR_peek_error(), 0);
}

static void test_error_queue_full(void **state)
{
	unsigned long seen[3];

	(void)state;
	ERR_clear_error();
	for (int i = 1; i <= 3; i++)
		ERR_raise(ERR_LIB_USER, i);
	ERR_set_mark();
	assert_true(use_all(false));
	/* the host's mark is still there too */
	ERR_raise(ERR_LIB_USER, 9);
	assert_int_equal(ERR_pop_to_mark(), 1);
	for (int i = 0; i < 3; i++) {
		seen[i] = ERR_get_error();
		assert_int_equal(ERR_GET_LIB(seen[i]), ERR_LIB_USER);
		assert_int_equal(ERR_GET_REASON(seen[i]), i + 1);
	}
	assert_int_equal(ERR_get_error(), 0);
}

/* --- child processes --- */

/* Runs body in a child; its answer is the exit status, bounded in time. */
static int in_child(int (*body)(void))
{
	pid_t pid = fork();
	int ended = -1;

	if (pid == 0) {
		alarm(60);
		_exit(body());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &ended, 0), pid);
	assert_true(WIFEXITED(ended));
	return WEXITSTATUS(ended);
}

static int after_cleanup(void)
{
	uint8_t digest[HASH_MAX];
	struct hash_ctx h = {0};

	if (!use_all(false) || hash_start(&h, HASH_SHA256) != ST_OK ||
	    hash_add(&h, BYTES_LIT("a")) != ST_OK)
		return 1;
	OPENSSL_cleanup();
	if (!use_all(true))
		return 2;
	/* a hash that was running */
	if (hash_add(&h, BYTES_LIT("a")) != ST_CRYPTO || hash_finish(&h, digest) != ST_CRYPTO)
		return 3;
	hash_free(&h);
	return use_all(true) ? 0 : 4;
}

static void test_after_cleanup(void **state)
{
	(void)state;
	assert_int_equal(in_child(after_cleanup), 0);
}

static void late(void)
{
	if (!use_all(false) && !use_all(true))
		_exit(9);
}

/* Called back late in exit(), as an engine's destructor does. */
static int in_exit(void)
{
	if (!use_all(false) || atexit(late) != 0)
		return 1;
	exit(0);
}

static void test_in_exit(void **state)
{
	(void)state;
	assert_int_equal(in_child(in_exit), 0);
}

/* A child of a process that has used it may use it too. */
static int after_fork(void)
{
	return use_all(false) ? 0 : 1;
}

static void test_after_fork(void **state)
{
	(void)state;
	assert_true(use_all(false));
	assert_int_equal(in_child(after_fork), 0);
}

/* The program ends while its threads are in here: they may be in the middle of a computation. */
static void *checks_for_ever(void *busy)
{
	struct public_key ec = ec_key();

	for (;;) {
		(void)!verify_ecdsa(&ec, bytes_of(generator + 1, 32), bytes_of(generator + 1, 64));
		*(_Atomic bool *)busy = true;
	}
	return NULL;
}

static int exit_meanwhile(void)
{
	_Atomic bool busy[3] = {false, false, false};
	pthread_t t;

	for (int i = 0; i < 3; i++)
		if (pthread_create(&t, NULL, checks_for_ever, (void *)&busy[i]) != 0)
			_exit(1);
	while (!busy[0] || !busy[1] || !busy[2])
		usleep(100);
	exit(0);
}

static void test_exit_meanwhile(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++)
		assert_int_equal(in_child(exit_meanwhile), 0);
}

/* Reading happens in a process of its own: argv[0] --first DIR. */
static int run_self(const char *how)
{
	pid_t pid = fork();
	int ended = -1;

	if (pid == 0) {
		alarm(60);
		setenv("OPENSSL_CONF", conf, 1);
		execl("/proc/self/exe", "test_base_libctx", how, dir, (char *)NULL);
		_exit(126);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &ended, 0), pid);
	assert_true(WIFEXITED(ended));
	return WEXITSTATUS(ended);
}

static bool opened(int fd)
{
	char events[4096];

	return read(fd, events, sizeof(events)) > 0;
}

static void test_no_configuration(void **state)
{
	(void)state;
	assert_int_equal(run_self("--first"), 0);
}

static int child_first(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0 || inotify_add_watch(fd, conf, IN_OPEN | IN_ACCESS) < 0)
		return 10;
	if (!use_all(false))
		return 11;
	if (opened(fd))
		return 12; /* we made libcrypto read the host's configuration */
	/* and the host can still have it read: it names a provider that is not there */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1 && !opened(fd))
		return 13;
	if (!use_all(false))
		return 14;
	return 0;
}

/* The very first use comes after OPENSSL_cleanup. */
static void test_first_use_after_cleanup(void **state)
{
	(void)state;
	assert_int_equal(run_self("--late"), 0);
}

static int child_late(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) != 1)
		return 20;
	OPENSSL_cleanup();
	return use_all(true) ? 0 : 21;
}

/* Eight threads race for the first use. */
static void *racer(void *ok)
{
	for (int i = 0; i < 20; i++)
		*(bool *)ok = *(bool *)ok && use_all(false);
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	assert_int_equal(run_self("--threads"), 0);
}

static int child_threads(void)
{
	pthread_t t[8];
	bool ok[8];

	for (int i = 0; i < 8; i++) {
		ok[i] = true;
		if (pthread_create(&t[i], NULL, racer, &ok[i]) != 0)
			return 30;
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], NULL);
		if (!ok[i])
			return 31;
	}
	return 0;
}

/* --- */

static void name_files(void)
{
	snprintf(conf, sizeof(conf), "%s/openssl.cnf", dir);
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
}

static int make_files(void **state)
{
	static const struct cert_wish wish = {.common_name = "x", .serial = 1};
	EVP_PKEY *key = EVP_EC_gen("prime256v1");
	X509 *x = cert_make(key, &wish);
	FILE *f;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	name_files();
	f = fopen(cert, "w");
	if (!f || PEM_write_X509(f, x) != 1 || fclose(f) != 0)
		return -1;
	X509_free(x);
	EVP_PKEY_free(key);
	f = fopen(conf, "w");
	if (!f)
		return -1;
	fputs("openssl_conf = init\nconfig_diagnostics = 1\n[init]\nproviders = p\n[p]\nnone = n\n"
	      "[n]\nmodule = /nonexistent/provider.so\nactivate = 1\n",
	      f);
	return fclose(f);
}

static int remove_files(void **state)
{
	(void)state;
	unlink(conf);
	unlink(cert);
	return rmdir(dir);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_queue_empty),
		cmocka_unit_test(test_error_queue_full),
		cmocka_unit_test(test_after_cleanup),
		cmocka_unit_test(test_in_exit),
		cmocka_unit_test(test_after_fork),
		cmocka_unit_test(test_exit_meanwhile),
		cmocka_unit_test(test_no_configuration),
		cmocka_unit_test(test_first_use_after_cleanup),
		cmocka_unit_test(test_threads),
	};

	if (argc == 3 && strlen(argv[2]) == strlen(dir)) {
		memcpy(dir, argv[2], strlen(dir));
		name_files();
		if (strcmp(argv[1], "--first") == 0)
			return child_first();
		if (strcmp(argv[1], "--late") == 0)
			return child_late();
		return child_threads();
	}
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
