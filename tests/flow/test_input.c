/* SPDX-License-Identifier: Apache-2.0 */
/* Cards as they come: every profile, every quirk of the simulator, container ids of 1 to 20 bytes,
 * certificates of all sizes and shapes, empty cards and SIMs without the applet. Argument: the
 * link. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "census.h"

static enum rig_link wire;
static struct rig rig;
static struct scene scene;

static void start_with(const struct rig_options *opt)
{
	struct rig_options linked = *opt;

	linked.link = wire;
	rig_start(&rig, &linked);
	rig_module(&rig);
	scene = (struct scene){.r = &rig};
}

static void start(void)
{
	start_with(&(struct rig_options){0});
}

static void look(struct census *c)
{
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	scene_await_present(&rig);
	assert_int_equal(scene_open(&scene), CKR_OK);
	census_take(&scene, c);
}

/* --- profiles --- */

#define CONTAINERS_OF_WOLFSSL                                                                      \
	"[container device]\nslot = sim\nkind = private-key\nid = 02\nkey-type = p256\n"           \
	"[container device-public]\nslot = sim\nkind = public-key\nid = 02\nkey-type = p256\n"     \
	"label = device\n"                                                                         \
	"[container device-cert]\nslot = sim\nkind = certificate\nid = 03\n"                       \
	"[container ca-cert]\nslot = sim\nkind = certificate\nid = 04\n"

static const struct profile {
	const char *name;
	const char *more_conf;
	unsigned signing, with_certificate, certificates, data, secrets;
} profiles[] = {
	{"demo", NULL, 1, 1, 2, 0, 0},
	{"type2", NULL, 0, 0, 0, 1, 2},
	{"thales", NULL, 1, 1, 2, 0, 1},
	{"zariot", NULL, 1, 1, 1, 0, 0},
	{"ntt", NULL, 1, 1, 1, 1, 0},
	{"quantag", NULL, 1, 0, 0, 1, 1},
	{"wolfssl", CONTAINERS_OF_WOLFSSL, 1, 1, 2, 0, 0},
	{"wolfssl", NULL, 0, 0, 0, 0, 0},
	{"rsa", NULL, 1, 1, 2, 0, 0},
	{"empty", NULL, 0, 0, 0, 0, 0},
	{"full", NULL, 10, 8, 10, 5, 2},
};

static void one_profile(const struct profile *p)
{
	struct census c;

	start_with(&(struct rig_options){.profile = p->name, .more_conf = p->more_conf});
	look(&c);
	print_message("  %-8s %u objects: %u private (%u sign, %u with certificate), %u public, "
		      "%u certificates, %u data, %u secret; %u signatures\n",
		      p->name, c.objects, c.privates, c.signing, c.with_certificate, c.publics,
		      c.certificates, c.data, c.secrets, c.signatures);
	assert_int_equal(c.signing, p->signing);
	assert_int_equal(c.with_certificate, p->with_certificate);
	assert_int_equal(c.certificates, p->certificates);
	assert_int_equal(c.data, p->data);
	assert_int_equal(c.secrets, p->secrets);
	rig_stop(&rig);
}

static void every_profile(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		one_profile(&profiles[i]);
}

/* A card that asks for a PIN of which nobody has told the module: no try is spent on guessing, and
 * all is well once the PIN is disabled. */
static void pin_untold(void **state)
{
	uint8_t digest[32] = {1}, sig[64];
	CK_ULONG n = sizeof(sig);
	struct census c;

	(void)state;
	start_with(&(struct rig_options){.profile = "pin"});
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	scene_await_present(&rig);
	assert_int_equal(scene_open(&scene), CKR_OK);
	assert_int_equal(rig_sign(&rig, scene.session,
				  rig_find(&rig, scene.session, CKO_PRIVATE_KEY, "device"), digest,
				  sizeof(digest), sig, &n),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(rig_log_count_ins(&rig, 0, 0x20), 0);
	rig_control(&rig, "pin disable 01", NULL, 0);
	census_take(&scene, &c);
	assert_int_equal(c.signing, 3);
	assert_int_equal(c.with_certificate, 3);
	assert_int_equal(c.certificates, 4);
	assert_int_equal(rig_log_count_ins(&rig, 0, 0x20), 0);
	rig_stop(&rig);
}

/* --- quirks --- */

static const char *const quirks[] = {
	"t0 yes",
	"channels 1",
	"first-channel 4",
	"first-channel 19",
	"implicit-open no",
	"fid-select yes",
	"fci yes",
	"class inter",
	"class proprietary",
	"layout l2",
	"layout l3",
	"list-page 16",
	"list-page 17",
	"list-page 100",
	"info no",
	"wrapped no",
	"file-usage no",
	"malformed-92 yes",
	"tag11-short yes",
	"hash-one-byte yes",
	"tags-61-6f yes",
	"signature-header 1",
	"signature-header 2",
	"signature-header ber",
	"signature-der yes",
	"sessions 1",
	"lenient-init yes",
	"sticky yes",
	"chunk 1",
	"chunk 50",
	"chunk 255",
	"chunk-pad yes",
	"bare-point yes",
	"refuse-empty-salt yes",
	"ber-length yes",
	"sw-busy 6985",
	"sw-busy 6989",
	"sw-no-channel 6881",
	"sw-offset 6B00",
	"sw-offset 6A86",
	"sw-offset 6700",
};

static void every_quirk(void **state)
{
	char text[80];
	struct census c;

	(void)state;
	for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++) {
		start();
		snprintf(text, sizeof(text), "config set %s", quirks[i]);
		rig_control(&rig, text, NULL, 0);
		look(&c);
		if (c.signing != 1 || c.certificates != 2 || c.with_certificate != 1) {
			rig_log_dump(&rig, 0);
			fail_msg("%s: %u keys sign, %u certificates", quirks[i], c.signing,
				 c.certificates);
		}
		rig_stop(&rig);
	}
}

/* --- the card's text, edited while it does not run --- */

static char *slurp(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "re");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void spit(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Each container's id becomes n bytes: its own, repeated. */
static void lengthen_ids(const struct rig *r, size_t n)
{
	static char out[65536];
	char path[160], id[3], *line, *save = NULL;
	size_t at = 0;

	snprintf(path, sizeof(path), "%s/card.txt", r->card);
	for (line = strtok_r(slurp(path), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "id = %2[0-9A-F]", id) != 1) {
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%s\n", line);
			continue;
		}
		at += (size_t)snprintf(out + at, sizeof(out) - at, "id = ");
		for (size_t i = 0; i < n; i++)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%s", id);
		at += (size_t)snprintf(out + at, sizeof(out) - at, "\n");
	}
	spit(path, out, at);
}

static void ids_of_all_lengths(void **state)
{
	struct census c;

	(void)state;
	for (size_t n = 1; n <= 20; n++) {
		start();
		rig_sim_stop(&rig, SIGTERM);
		lengthen_ids(&rig, n);
		rig_sim_start(&rig);
		look(&c);
		assert_int_equal(c.signing, 1);
		assert_int_equal(c.with_certificate, 1);
		assert_int_equal(c.certificates, 2);
		rig_stop(&rig);
	}
}

/* --- certificates --- */

static void certificate_of(size_t size)
{
	char text[16];
	const char *const new_args[] = {"--cert-size", text, NULL};
	struct census c;
	bool whole = size >= 500; /* below, it is cut off */

	snprintf(text, sizeof(text), "%zu", size);
	start_with(&(struct rig_options){.new_args = new_args});
	look(&c);
	assert_int_equal(c.signing, 1);
	assert_int_equal(c.with_certificate, whole);
	assert_int_equal(c.certificates, whole ? 2 : 1); /* the CA's */
	assert_int_equal(c.data, whole ? 0 : 1);
	rig_stop(&rig);
}

static void certificates_of_all_sizes(void **state)
{
	static const size_t sizes[] = {1,   2,	 4,   127, 128,	 255,  256,  257,
				       511, 512, 513, 768, 1024, 2048, 4096, 30000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		certificate_of(sizes[i]);
}

/* What the device's certificate file holds instead, and whether it is still a certificate. */
static void file_of(const void *data, size_t n, bool good, const char *what)
{
	char path[160];
	struct census c;

	start();
	rig_sim_stop(&rig, SIGTERM);
	snprintf(path, sizeof(path), "%s/objects/file-02.3.bin", rig.card);
	assert_int_equal(access(path, F_OK), 0);
	if (!data) { /* the card's own certificate as PEM */
		char pem[160];

		snprintf(pem, sizeof(pem), "%s/device.pem", rig.card);
		data = slurp(pem);
		n = strlen(data);
	}
	spit(path, data, n);
	rig_sim_start(&rig);
	look(&c);
	if (c.signing != 1 || c.certificates != (good ? 2 : 1))
		fail_msg("%s: %u keys sign, %u certificates", what, c.signing, c.certificates);
	rig_stop(&rig);
}

static void damaged_files(void **state)
{
	static uint8_t noise[700], zeros[700], blank[700];

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 167 + 13);
	memset(blank, 0xFF, sizeof(blank));
	file_of(NULL, 0, true, "PEM");
	file_of(noise, sizeof(noise), false, "noise");
	file_of(zeros, sizeof(zeros), false, "zeros");
	file_of(blank, sizeof(blank), false, "erased flash");
	file_of("\x30\x82\xFF\xFF", 4, false, "a length beyond all files");
	file_of("\x30\x80\x00\x00", 4, false, "an indefinite length");
	file_of("\x30\x84\x7F\xFF\xFF\xFF", 6, false, "a length of four bytes");
	file_of("\x30\x00", 2, false, "an empty sequence");
	file_of("-----BEGIN CERTIFICATE-----\nMAAA\n", 33, false, "PEM without end");
	file_of("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", 59, false,
		"PEM that is no base64");
	file_of("-----BEGIN", 10, false, "a stub of PEM");
}

/* --- cards with nothing on them --- */

static void empty_card(void **state)
{
	CK_TOKEN_INFO info;
	struct census c;
	uint8_t random[32] = {0}, zeros[32] = {0};

	(void)state;
	start_with(&(struct rig_options){.profile = "empty"});
	look(&c);
	assert_int_equal(c.objects, 0);
	assert_int_equal(rig.f->C_GetTokenInfo(0, &info), CKR_OK);
	assert_int_equal(rig.f->C_GenerateRandom(scene.session, random, sizeof(random)), CKR_OK);
	assert_memory_not_equal(random, zeros, sizeof(zeros));
	rig_stop(&rig);
}

static void sim_without_applet(void **state)
{
	CK_TOKEN_INFO info;
	struct census c;

	(void)state;
	start();
	rig_control(&rig, "config set applet no", NULL, 0);
	assert_int_equal(rig.f->C_Initialize(NULL), CKR_OK);
	scene_await_present(&rig);
	assert_int_equal(scene_open(&scene), CKR_OK);
	assert_int_equal(scene_find(&scene), CKR_DEVICE_ERROR);
	assert_int_equal(rig.f->C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
	assert_int_equal(scene_channels(&rig), 0);
	assert_int_equal(rig.f->C_Finalize(NULL), CKR_OK);
	rig_control(&rig, "config set applet yes", NULL, 0);
	look(&c);
	assert_int_equal(c.signing, 1);
	rig_stop(&rig);
}

/* What a test that failed has left. */
static int clean(void **state)
{
	(void)state;
	if (rig.dir[0])
		rig_stop(&rig);
	return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, clean)

/* The files of a card are the same on any link, and so is a container's id: where a rig takes a
 * second to start, what is about the card alone is left to the others. */
enum { QUICK = ON_ALL & ~ON_PCSC };

int main(int argc, char **argv)
{
	const struct rig_test tests[] = {
		{TEST(every_profile), ON_ALL},
		{TEST(pin_untold), ON_ALL},
		{TEST(every_quirk), QUICK},
		{TEST(ids_of_all_lengths), QUICK},
		{TEST(certificates_of_all_sizes), ON_ALL},
		{TEST(damaged_files), ON_UNIX},
		{TEST(empty_card), ON_ALL},
		{TEST(sim_without_applet), ON_ALL},
	};

	wire = rig_argument(argc, argv);
	return rig_run(tests, sizeof(tests) / sizeof(tests[0]), wire);
}
