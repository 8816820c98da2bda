/* SPDX-License-Identifier: Apache-2.0 */
/* Making and loading cards: every profile, certificate sizes, what is refused. */
#include "card_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "profile.h"

static X509 *certificate(struct rig *r, const char *name)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", r->card_dir, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return NULL;
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	return cert;
}

static bool issued_by(X509 *ca, X509 *cert, int purpose)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(ctx, store, cert, NULL);
	X509_STORE_CTX_set_purpose(ctx, purpose);
	int rc = X509_verify_cert(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return rc == 1;
}

static void check_files(struct rig *r, bool identity)
{
	X509 *ca = certificate(r, "ca.pem"), *server = certificate(r, "server.pem");
	X509 *device = certificate(r, "device.pem");
	assert_non_null(ca);
	assert_true(issued_by(ca, server, X509_PURPOSE_SSL_SERVER));
	assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
	assert_int_equal(device != NULL, identity);
	if (device) {
		char name[100];
		assert_true(issued_by(ca, device, X509_PURPOSE_SSL_CLIENT));
		assert_true(issued_by(ca, device, X509_PURPOSE_SSL_SERVER));
		X509_NAME_oneline(X509_get_subject_name(device), name, sizeof(name));
		assert_string_equal(name, "/O=IoT SAFE demo/CN=meter-0001");
	}
	X509_free(device);
	X509_free(server);
	X509_free(ca);
}

/* The applet answers on the profile's first AID, in the class that the profile takes. */
static void check_applet(struct rig *r)
{
	static const char *const aids[] = {"A0000005590010", "A00000003053F12401770101495341",
					   "A0000001157000000000000049534102"};
	bool found = false;
	for (size_t i = 0; i < 3 && !found; i++) {
		char cmd[60];
		snprintf(cmd, sizeof(cmd), "01A40400%02zX%s", strlen(aids[i]) / 2, aids[i]);
		found = rig_send(r, cmd).sw == 0x9000;
	}
	assert_true(found);
	struct reply random = rig_send(r, "8184000008");
	if (random.sw == 0x6E00)
		random = rig_send(r, "0184000008");
	assert_int_equal(random.sw, 0x9000);
	assert_int_equal(random.n, 8);
}

static void test_every_profile(void **state)
{
	(void)state;
	assert_int_equal(profile_count, 11);
	for (size_t i = 0; i < profile_count; i++) {
		struct rig *r = rig_new(profiles[i].name, 0);
		bool identity = false;
		for (size_t k = 0; k < profiles[i].count; k++)
			identity |= profiles[i].container[k].kind == OBJECT_PRIVATE;
		check_files(r, identity);
		check_applet(r);
		rig_reload(r);
		check_applet(r);
		rig_free(r);
	}
}

/* §15.3: the T=0 card with ids of ASCII digits */
static void test_zariot_log(void **state)
{
	struct rig *r = rig_new("zariot", 0);
	(void)state;
	rig_expect(r, "0070000000", "019000");
	rig_expect(r, "01A4040007A0000005590010", "9000");
	rig_expect(r, "81B90000058403303031", "6151");
	rig_expect(r, "81C0000051", "8403303031 8503303032 34454943864104*9000");
	rig_expect(r, "812A00010F8403303036A1010391020001920104", "9000");
	rig_expect(r,
		   "812B8001229E202CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B98"
		   "24",
		   "6143");
	struct reply sig = rig_send(r, "81C0000043");
	assert_int_equal(sig.sw, 0x9000);
	assert_int_equal(sig.n, 67);
	rig_expect(r, "812C00020F8503303037A1010391020001920104", "9000");
	rig_expectf(r, "9000",
		    "812D8002659E202CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"
		    "%s",
		    rig_hex(bytes_of(sig.b, sig.n)));
	rig_expect(r, "81CD0000058503303037", "6147");
	rig_expect(r, "812A010100", "9000");
	rig_expect(r, "812C010200", "9000");
	rig_expect(r, "0070800100", "9000");
	rig_free(r);
}

/* §15.4: class 00, names by label, GET RESPONSE with Le 00 */
static void test_ntt_log(void **state)
{
	struct rig *r = rig_new("ntt", 0);
	(void)state;
	rig_expect(r, "01A4040010A0000001157000000000000049534102", "9000");
	rig_expect(r, "812A00010D840101A1010391020001920104", "6E00");
	rig_expect(r, "012A00010D740131A1010391020001920104", "9000");
	rig_expect(r,
		   "012B8001229E202CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B98"
		   "24",
		   "6142");
	rig_expect(r, "01C0000000", "3340*9000");
	rig_expect(r, "01B00000 1D 731B 696F74736166655F636C69656E745F6B6579706169725F63657274",
		   "6100");
	rig_expect(r, "01C000000A", "2D2D2D2D2D424547494E*");
	rig_expect(r, "01B00000068304 80000000", "61*");
	rig_expect(r, "01C0000002", "3081*"); /* the request */
	rig_free(r);
}

static void test_certificate_sizes(void **state)
{
	static const size_t sizes[] = {1, 255, 256, 257, 511, 512, 768, 1024, 4096, 32767};
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct rig *r = rig_new("demo", sizes[i]);
		char want[20];
		rig_select(r);
		snprintf(want, sizeof(want), "*2002%04zX9000", sizes[i]);
		rig_expect(r, "81CBC30003830102", want);
		/* from 500 bytes on it is a whole certificate of that size, not a padded one */
		if (sizes[i] >= 512 && sizes[i] < 30000) {
			snprintf(want, sizeof(want), "3082%04zX*9000", sizes[i] - 4);
			rig_expect(r, "81B0000003830102", want);
		}
		rig_free(r);
	}
}

static void test_refusals(void **state)
{
	struct rig *r = rig_new("empty", 0);
	struct make_options o = {.profile = "demo"};
	struct sim_card *second;
	char err[256] = "", path[160];
	(void)state;
	assert_int_not_equal(sim_card_create(r->card_dir, &o, err), ST_OK);
	assert_non_null(strstr(err, "the directory is not empty"));
	snprintf(path, sizeof(path), "%s/x", r->dir);
	o.profile = "nobody";
	assert_int_equal(sim_card_create(path, &o, err), ST_NO_ENTRY);
	assert_string_equal(err, "no profile is called 'nobody'");
	o = (struct make_options){.profile = "demo", .iccid = "12345"};
	assert_int_not_equal(sim_card_create(path, &o, err), ST_OK);
	assert_string_equal(err, "--iccid: expected 18 to 20 digits");
	o = (struct make_options){.profile = "demo", .cert_size = 40000};
	assert_int_equal(sim_card_create(path, &o, err), ST_ARG);
	o = (struct make_options){.profile = "demo"};
	assert_int_not_equal(sim_card_create("/nonexistent/x", &o, err), ST_OK);
	assert_non_null(strstr(err, "/nonexistent/x: No such file"));
	assert_int_equal(sim_card_load(r->card_dir, &second, err), ST_BUSY_DEVICE);
	assert_non_null(strstr(err, "in use by another iotsafe-sim"));
	assert_int_equal(sim_card_load(r->dir, &second, err), ST_NO_ENTRY);
	assert_non_null(strstr(err, "card.txt"));
	assert_int_equal(sim_card_load("/nonexistent", &second, err), ST_NO_ENTRY);
	rig_free(r);
}

static void test_iccid_option(void **state)
{
	struct rig *r = rig_new("empty", 0);
	struct make_options o = {.profile = "empty", .iccid = "89882110000000000019"};
	char err[256] = "", path[160];
	(void)state;
	snprintf(path, sizeof(path), "%s/x", r->dir);
	assert_int_equal(sim_card_create(path, &o, err), ST_OK);
	snprintf(err, sizeof(err), "swap %s", path);
	rig_control(r, err, "ok");
	rig_expect(r, "00A40000022FE2", "9000");
	rig_expect(r, "00B000000A", "98881201000000000091 9000");
	rig_free(r);
}

/* A state file that somebody has edited, badly. */
static void test_broken_state(void **state)
{
	static const struct {
		const char *text, *why;
	} files[] = {
		{"[card]\nsessions = many\n", "card.txt:2: sessions: expected a number"},
		{"[card]\nnonsense = 1\n", "card.txt:2: no setting is called 'nonsense'"},
		{"[cards]\n", "card.txt:1: "},
		{"[object]\nkind = thing\n", "card.txt:2: "},
		{"[object]\nid = 0\n", "card.txt:2: "},
		{"[object]\nid =\n", "card.txt:2: "},
		{"[object]\naccess = 100\n", "card.txt:2: "},
		{"[object]\nunknown = 1\n", "card.txt:2: "},
		{"[object]\nkind = private\nvalue = objects/none.pem\n", "card.txt:3: not found"},
		{"[object]\nkind = private\nvalue = ca.pem\n", "card.txt:3: "},
	};
	struct rig *r = rig_new("empty", 0);
	char path[160], err[256];
	(void)state;
	sim_card_free(r->card);
	r->card = NULL;
	snprintf(path, sizeof(path), "%s/card.txt", r->card_dir);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(path, "we");
		assert_non_null(f);
		assert_true(fputs(files[i].text, f) >= 0);
		fclose(f);
		err[0] = '\0';
		assert_int_not_equal(sim_card_load(r->card_dir, &r->card, err), ST_OK);
		if (!strstr(err, files[i].why))
			fail_msg("for %s: %s", files[i].text, err);
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_profile), cmocka_unit_test(test_zariot_log),
		cmocka_unit_test(test_ntt_log),	      cmocka_unit_test(test_certificate_sizes),
		cmocka_unit_test(test_refusals),      cmocka_unit_test(test_iccid_option),
		cmocka_unit_test(test_broken_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
