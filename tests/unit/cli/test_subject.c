/* SPDX-License-Identifier: Apache-2.0 */
/* Subjects and alternative names as people type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mem.h"
#include "subject.h"

/* RFC 2253 order, so last first; NULL when refused. */
static const char *subject(const char *text)
{
	static char line[512];
	X509_NAME *name = NULL;
	BIO *mem;
	int n;

	if (subject_parse(text, &name) != ST_OK) {
		assert_null(name);
		return NULL;
	}
	mem = BIO_new(BIO_s_mem());
	assert_non_null(mem);
	X509_NAME_print_ex(mem, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	n = BIO_read(mem, line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	BIO_free(mem);
	X509_NAME_free(name);
	return line;
}

static const struct {
	const char *text, *expected; /* NULL: refused */
} subjects[] = {
	{"/CN=meter-0001", "CN=meter-0001"},
	{"/C=DE/O=Acme/CN=m", "CN=m,O=Acme,C=DE"},
	{"/C=DE/O=Acme/CN=m/", "CN=m,O=Acme,C=DE"},
	{"CN=m,O=Acme,C=DE", "CN=m,O=Acme,C=DE"},
	{"CN=m, O=Acme, C=DE", "CN=m,O=Acme,C=DE"},
	{"CN=a/b", "CN=a/b"},
	{"/CN=a,b", "CN=a\\,b"},
	{"/CN=a\\/b", "CN=a/b"},
	{"CN=a\\,b", "CN=a\\,b"},
	{"CN=a\\2Cb", "CN=a\\,b"},
	{"CN=a\\\\b", "CN=a\\\\b"},
	{"CN=\\C3\\A4", "CN=\xC3\xA4"},
	{"CN=\xC3\xA4", "CN=\xC3\xA4"},
	{"CN=x=y", "CN=x=y"},
	{"/serialNumber=1+CN=m/O=Acme", "O=Acme,CN=m+serialNumber=1"},
	{"serialNumber=1+CN=m,O=Acme", "CN=m+serialNumber=1,O=Acme"},
	{"CN=m\\+n", "CN=m\\+n"},
	{"/2.5.4.3=m", "CN=m"},
	{"/DC=example/DC=a/CN=m", "CN=m,DC=a,DC=example"},
	{"/emailAddress=a@b.c", "emailAddress=a@b.c"},
	{"", NULL},
	{"/", NULL},
	{"m", NULL},
	{"CN", NULL},
	{"CN=", NULL},
	{"=m", NULL},
	{"CN=m,", NULL},
	{"CN=m,,O=x", NULL},
	{"CN=m+", NULL},
	{"CN=m\\", NULL},
	{"/CN=m//O=x", NULL},
	{"/C=Germany", NULL}, /* two letters */
	{"/NoSuchType=m", NULL},
	{"/CN=\xFF", NULL}, /* no UTF-8 */
};

static void test_subjects(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
		const char *got = subject(subjects[i].text);

		if (!got != !subjects[i].expected ||
		    (got && strcmp(got, subjects[i].expected) != 0))
			fail_msg("%s: %s", subjects[i].text, got ? got : "refused");
	}
}

static void test_long_subjects(void **state)
{
	char text[2048] = "/CN=";
	size_t n;

	(void)state;
	memset(text + 4, 'x', 64);
	assert_non_null(subject(text)); /* ub-common-name */
	memset(text + 4, 'x', 65);
	assert_null(subject(text));
	memset(text + 4, 'x', 1500);
	assert_null(subject(text));
	n = 0;
	for (int i = 0; i < 32; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "/OU=%d", i);
	assert_non_null(subject(text));
	snprintf(text + n, sizeof(text) - n, "/OU=x");
	assert_null(subject(text));
}

static const char *sans(const char *text)
{
	static char line[512];
	GENERAL_NAMES *names = NULL;
	size_t n = 0;
	status st = subject_add_sans(text, &names);

	line[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		BIO *mem = BIO_new(BIO_s_mem());
		int got;

		assert_non_null(mem);
		GENERAL_NAME_print(mem, g);
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s", i ? "|" : "");
		got = BIO_read(mem, line + n, (int)(sizeof(line) - n - 1));
		n += got > 0 ? (size_t)got : 0;
		line[n] = '\0';
		BIO_free(mem);
	}
	GENERAL_NAMES_free(names);
	return st == ST_OK ? line : NULL;
}

static const struct {
	const char *text, *expected;
} lists[] = {
	{"dns:a.example", "DNS:a.example"},
	{"DNS:*.a.example,dns:b", "DNS:*.a.example|DNS:b"},
	{"ip:192.0.2.1", "IP Address:192.0.2.1"},
	{"ip:2001:db8::1,dns:a", "IP Address:2001:DB8:0:0:0:0:0:1|DNS:a"},
	{"uri:urn:a,b,email:a@b.c", "URI:urn:a,b|email:a@b.c"},
	{"", NULL},
	{"a.example", NULL},
	{"dns:", NULL},
	{"dns:a,", NULL},
	{"dns:a b", NULL},
	{"dns:.a", NULL},
	{"dns:\xC3\xA4", NULL},
	{"dns:a,b", NULL},
	{"ip:1.2.3", NULL},
	{"ip:a", NULL},
	{"uri:a", NULL},
	{"uri::", NULL},
	{"uri:a: b", NULL},
	{"email:a", NULL},
	{"email:@b", NULL},
	{"email:a@", NULL},
	{"email:a@b@c", NULL},
	{"phone:1", NULL},
};

static void test_sans(void **state)
{
	GENERAL_NAMES *names = NULL;
	char text[400] = "dns:";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const char *got = sans(lists[i].text);

		if (!got != !lists[i].expected || (got && strcmp(got, lists[i].expected) != 0))
			fail_msg("%s: %s", lists[i].text, got ? got : "refused");
	}
	memset(text + 4, 'x', 300);
	assert_null(sans(text));
	assert_int_equal(subject_add_sans("dns:a", &names), ST_OK);
	assert_int_equal(subject_add_sans("dns:b,dns:c", &names), ST_OK);
	assert_int_equal(sk_GENERAL_NAME_num(names), 3);
	GENERAL_NAMES_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_long_subjects),
		cmocka_unit_test(test_sans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
