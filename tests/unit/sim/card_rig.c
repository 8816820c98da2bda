/* SPDX-License-Identifier: Apache-2.0 */
#include "card_rig.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "hex.h"

static void make(const char *dir, const char *profile, size_t cert_size)
{
	struct make_options o = {.profile = profile, .cert_size = cert_size};
	char err[256] = "";
	if (sim_card_create(dir, &o, err) != ST_OK)
		fail_msg("create %s: %s", profile, err);
}

static void load(struct rig *r)
{
	char err[256] = "";
	if (sim_card_load(r->card_dir, &r->card, err) != ST_OK)
		fail_msg("load: %s", err);
}

struct rig *rig_new(const char *profile, size_t cert_size)
{
	struct rig *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	snprintf(r->dir, sizeof(r->dir), "/tmp/sim-card-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->card_dir, sizeof(r->card_dir), "%s/card", r->dir);
	make(r->card_dir, profile, cert_size);
	load(r);
	return r;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void rig_free(struct rig *r)
{
	sim_card_free(r->card);
	assert_int_equal(nftw(r->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(r);
}

void rig_reload(struct rig *r)
{
	sim_card_free(r->card);
	load(r);
}

const char *rig_other(struct rig *r, const char *profile)
{
	static char path[80];
	snprintf(path, sizeof(path), "%s/b", r->dir);
	make(path, profile, 0);
	return path;
}

static size_t squeeze(const char *text, char *dst, size_t cap)
{
	size_t n = 0;
	for (; *text; text++) {
		if (*text != ' ' && n + 1 < cap)
			dst[n++] = *text;
	}
	dst[n] = '\0';
	return n;
}

struct reply rig_send(struct rig *r, const char *hex)
{
	char text[1200];
	uint8_t cmd[600], out[300];
	struct wtr w = WTR_ON(cmd), reply = WTR_ON(out);
	struct reply got = {0};
	squeeze(hex, text, sizeof(text));
	assert_int_equal(hex_get(bytes_str(text), &w), ST_OK);
	assert_int_equal(sim_card_transmit(r->card, "test", wtr_bytes(&w), &reply), ST_OK);
	memcpy(got.b, out, reply.n);
	if (reply.n >= 2) {
		got.n = reply.n - 2;
		got.sw = (unsigned)(out[got.n] << 8 | out[got.n + 1]);
	} else {
		got.n = reply.n;
	}
	return got;
}

const char *rig_hex(struct bytes b)
{
	static char text[4][1200];
	static unsigned turn;
	turn = (turn + 1) % 4;
	return hex_str(b, text[turn], sizeof(text[turn]));
}

/* Each '*' of the pattern stands for any run of digits. */
static bool fits(const char *got, const char *want)
{
	const char *star = NULL, *retry = NULL;
	while (*got) {
		if (*want == '*') {
			star = want++;
			retry = got;
		} else if (*want == *got) {
			want++;
			got++;
		} else if (star) {
			want = star + 1;
			got = ++retry;
		} else {
			return false;
		}
	}
	while (*want == '*')
		want++;
	return *want == '\0';
}

void rig_expect(struct rig *r, const char *hex, const char *want)
{
	char text[1200], tail[5];
	struct reply got = rig_send(r, hex);
	squeeze(want, text, sizeof(text));
	char whole[1200];
	snprintf(tail, sizeof(tail), "%04X", got.sw & 0xFFFF);
	snprintf(whole, sizeof(whole), "%s%s", rig_hex(bytes_of(got.b, got.n)), got.sw ? tail : "");
	if (!fits(whole, text))
		fail_msg("command %s\n  answered %s\n  expected %s", hex, whole, text);
}

void rig_expectf(struct rig *r, const char *want, const char *fmt, ...)
{
	char text[1200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rig_expect(r, text, want);
}

void rig_control(struct rig *r, const char *text, const char *want)
{
	uint8_t out[4096];
	struct wtr w = WTR_ON(out);
	sim_card_control(r->card, bytes_str(text), &w);
	if (!bytes_start_with(wtr_bytes(&w), bytes_str(want)))
		fail_msg("control %s answered %.*s", text, (int)w.n, (const char *)out);
}

void rig_select(struct rig *r)
{
	rig_expect(r, "00 70 00 00 01", "01 9000");
	rig_expect(r, "01 A4 04 00 07 A0000005590010", "9000");
}

EVP_PKEY *rig_certificate_key(struct rig *r, const char *name)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", r->card_dir, name);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(cert);
	EVP_PKEY *key = X509_get_pubkey(cert);
	X509_free(cert);
	assert_non_null(key);
	return key;
}

static int ecdsa_der(struct bytes raw, uint8_t **ret_der)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	int half = (int)raw.n / 2;
	ECDSA_SIG_set0(sig, BN_bin2bn(raw.p, half, NULL), BN_bin2bn(raw.p + half, half, NULL));
	int n = i2d_ECDSA_SIG(sig, ret_der);
	ECDSA_SIG_free(sig);
	return n;
}

bool rig_verifies(EVP_PKEY *key, const EVP_MD *md, bool pss, struct bytes digest, struct bytes sig)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t *der = NULL;
	int rc;
	assert_non_null(ctx);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	if (md) {
		EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING);
		EVP_PKEY_CTX_set_signature_md(ctx, md);
		if (pss)
			EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST);
		rc = EVP_PKEY_verify(ctx, sig.p, sig.n, digest.p, digest.n);
	} else {
		int n = ecdsa_der(sig, &der);
		rc = EVP_PKEY_verify(ctx, der, (size_t)n, digest.p, digest.n);
		OPENSSL_free(der);
	}
	EVP_PKEY_CTX_free(ctx);
	return rc == 1;
}
