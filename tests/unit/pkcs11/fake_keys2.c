/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_keys2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "fake_card.h"
#include "fake_keys.h"
#include "fake_pin.h"

struct fake2 fake2;

enum { MADE_MAX = 16 };

static struct {
	uint8_t priv_id, pub_id;
	EVP_PKEY *pkey;
	struct public_key pub;
} made[MADE_MAX];
static size_t made_n;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fake keys: %s\n", what);
	abort();
}

void fake2_reset(void)
{
	for (size_t i = 0; i < made_n; i++)
		EVP_PKEY_free(made[i].pkey);
	made_n = 0;
	for (int i = 0; i < FAKE2_CALLS; i++) {
		fake2.calls[i] = 0;
		fake2.answer[i] = ST_OK;
	}
	fake2.no_peer_slot = false;
	fake2.salt_n = 0;
	for (size_t i = 0; i < sizeof(fake2.psk); i++)
		fake2.psk[i] = (uint8_t)(0x40 + i);
}

struct container *fake2_add(enum container_kind kind, enum container_key_type type,
			    const char *label, uint8_t id)
{
	struct container *c = &fake.cat.item[fake.cat.count++];

	*c = (struct container){.kind = kind, .key_type = type, .id = {id}, .id_len = 1};
	c->label_len = strlen(label);
	memcpy(c->label, label, c->label_len);
	c->access = ACCESS_READ | ACCESS_UPDATE;
	fake.epoch++;
	return c;
}

void fake2_add_pair(enum container_key_type type, const char *label, uint8_t id, bool is_volatile,
		    uint8_t functions)
{
	for (uint8_t i = 0; i < 2; i++) {
		struct container *c =
			fake2_add(i == 0 ? CONTAINER_PRIVATE_KEY : CONTAINER_PUBLIC_KEY, type,
				  label, (uint8_t)(id + i));
		c->functions = functions;
		c->is_volatile = is_volatile;
		c->sig_algs = (functions & FUNCTION_SIGN) != 0 ? SIG_ECDSA : 0;
		c->agreements = (functions & FUNCTION_AGREE) != 0 ? 1 : 0;
	}
}

struct container *fake2_add_secret(const char *label, uint8_t id, uint8_t derivations)
{
	struct container *c = fake2_add(CONTAINER_SECRET_KEY, KEY_HMAC, label, id);

	c->activated = true;
	c->functions = FUNCTION_DERIVE;
	c->derivations = derivations;
	return c;
}

static status play(enum fake2_call call)
{
	fake2.calls[call]++;
	return fake.present ? fake2.answer[call] : ST_NO_CARD;
}

static int place(const struct container *c)
{
	for (size_t i = made_n; i > 0; i--) {
		uint8_t id =
			c->kind == CONTAINER_PRIVATE_KEY ? made[i - 1].priv_id : made[i - 1].pub_id;
		if (id == c->id[0])
			return (int)i - 1;
	}
	return -1;
}

const struct public_key *fake2_public(const struct container *c)
{
	int i = place(c);

	return i >= 0 ? &made[i].pub : NULL;
}

static void read_point(EVP_PKEY *pkey, enum curve curve, struct public_key *ret)
{
	*ret = (struct public_key){.kind = PUBLIC_EC, .curve = curve};
	must(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, ret->point,
					     sizeof(ret->point), &ret->point_len) == 1,
	     "point");
}

static void fill(const struct container *c)
{
	for (size_t i = 0; i < fake.cat.count; i++) {
		struct container *item = &fake.cat.item[i];
		if (item->kind == c->kind && item->id[0] == c->id[0])
			item->activated = true;
	}
}

/* libcrypto's name of the curve */
static const char *group(enum curve c)
{
	return c == CURVE_BRAINPOOL_P256R1 ? "brainpoolP256r1" : curve_name(c);
}

status card_generate(struct card *c, const struct container *priv, const struct container *pub,
		     const struct public_key *old, struct card_generated *ret, deadline dl)
{
	(void)c, (void)dl;
	if (old != NULL &&
	    (fake2_public(pub) == NULL || !public_key_equal(fake2_public(pub), old))) {
		fake.epoch++;
		return ST_KEY_UNUSABLE;
	}
	TRY(play(FAKE2_GENERATE));
	if (pub == NULL || (priv->functions & pub->functions & FUNCTION_KEYGEN) == 0)
		return ST_KEY_UNUSABLE;
	must(made_n < MADE_MAX, "room");
	made[made_n].priv_id = priv->id[0];
	made[made_n].pub_id = pub->id[0];
	made[made_n].pkey = EVP_EC_gen(group(container_curve(priv)));
	must(made[made_n].pkey != NULL, "key");
	read_point(made[made_n].pkey, container_curve(priv), &made[made_n].pub);
	fill(priv);
	fill(pub);
	fake.epoch++;
	*ret = (struct card_generated){.priv_id = {priv->id[0]},
				       .pub_id = {pub->id[0]},
				       .priv_id_len = 1,
				       .pub_id_len = 1,
				       .key = made[made_n].pub};
	made_n++;
	return ST_OK;
}

status card_put_public(struct card *c, const struct container *pub, const struct public_key *key,
		       deadline dl)
{
	(void)c, (void)dl;
	TRY(play(FAKE2_PUT_PUBLIC));
	TRY(fake_pin_permits(pub));
	if ((pub->access & ACCESS_UPDATE) == 0)
		return ST_KEY_UNUSABLE;
	must(made_n < MADE_MAX, "room");
	made[made_n].pub_id = pub->id[0];
	made[made_n].priv_id = 0;
	made[made_n].pkey = NULL;
	made[made_n++].pub = *key;
	fill(pub);
	fake.epoch++;
	return ST_OK;
}

bool card_can_agree(struct card *c, const struct container *priv)
{
	(void)c;
	return !fake2.no_peer_slot && priv->kind == CONTAINER_PRIVATE_KEY &&
	       (priv->functions & FUNCTION_AGREE) != 0;
}

static EVP_PKEY *peer_key(const struct public_key *peer)
{
	char name[32];
	OSSL_PARAM p[3];
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	uint8_t point[EC_POINT_MAX];

	snprintf(name, sizeof(name), "%s", group(peer->curve));
	memcpy(point, peer->point, peer->point_len);
	p[0] = OSSL_PARAM_construct_utf8_string("group", name, 0);
	p[1] = OSSL_PARAM_construct_octet_string("pub", point, peer->point_len);
	p[2] = OSSL_PARAM_construct_end();
	must(EVP_PKEY_fromdata_init(ctx) == 1 &&
		     EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, p) == 1,
	     "peer");
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

status card_agree(struct card *c, const struct container *priv, const struct public_key *peer,
		  uint8_t ret_z[EC_POINT_MAX], size_t *ret_n, deadline dl)
{
	(void)dl;
	TRY(play(FAKE2_AGREE));
	if (!card_can_agree(c, priv))
		return ST_KEY_UNUSABLE;
	EVP_PKEY *own = place(priv) >= 0 ? made[place(priv)].pkey
					 : fake_keys_pkey(priv->key_type == KEY_P384 ? KEYS_P384
										     : KEYS_P256);
	EVP_PKEY *other = peer_key(peer);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	size_t n = EC_POINT_MAX;
	must(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
		     EVP_PKEY_derive(ctx, ret_z, &n) == 1,
	     "agree");
	*ret_n = n;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	return ST_OK;
}

status card_verify(struct card *c, const struct card_verify_request *rq, deadline dl)
{
	const struct public_key *key = fake2_public(rq->key);

	(void)c, (void)dl;
	TRY(play(FAKE2_VERIFY));
	if (key == NULL)
		key = fake_public(FAKE_DEVICE_KEY);
	return verify_ecdsa(key, rq->digest, rq->sig);
}

static const char *hash_name(enum hash_alg alg)
{
	if (alg == HASH_SHA384)
		return "SHA2-384";
	return alg == HASH_SHA512 ? "SHA2-512" : "SHA2-256";
}

static void kdf(const char *name, const OSSL_PARAM *p, uint8_t *ret, size_t n)
{
	EVP_KDF *alg = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(alg);

	must(ctx != NULL && EVP_KDF_derive(ctx, ret, n, p) == 1, name);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(alg);
}

static OSSL_PARAM octets(const char *name, struct bytes b)
{
	static uint8_t none;

	return OSSL_PARAM_construct_octet_string(name, b.n != 0 ? (void *)(uintptr_t)b.p : &none,
						 b.n);
}

static OSSL_PARAM digest(enum hash_alg alg)
{
	return OSSL_PARAM_construct_utf8_string("digest", (char *)(uintptr_t)hash_name(alg), 0);
}

/* The premaster secrets of RFC 4279 §2 and RFC 5489 §2. */
static struct bytes premaster(const struct card_prf_request *rq, uint8_t buf[256])
{
	struct wtr w = wtr_on(buf, 256);
	struct bytes psk = BYTES_OF(fake2.psk);

	switch (rq->mode) {
	case CARD_PRF_GENERAL:
		return rq->key != NULL ? psk : rq->secret;
	case CARD_PRF_PSK:
		wtr_u16be(&w, (uint16_t)psk.n);
		wtr_fill(&w, 0, psk.n);
		break;
	case CARD_PRF_PSK_ECDHE:
		wtr_u16be(&w, (uint16_t)rq->other.n);
		wtr_put(&w, rq->other);
		break;
	}
	wtr_u16be(&w, (uint16_t)psk.n);
	wtr_put(&w, psk);
	return wtr_bytes(&w);
}

status card_prf(struct card *c, const struct card_prf_request *rq, uint8_t *ret, deadline dl)
{
	uint8_t buf[256];

	(void)c, (void)dl;
	fake2.prf_mode = rq->mode;
	if (rq->n == 0 || rq->n > 255 || rq->label_seed.n == 0 || rq->label_seed.n > 128)
		return ST_ARG;
	TRY(play(FAKE2_PRF));
	OSSL_PARAM p[] = {digest(HASH_SHA256), octets("secret", premaster(rq, buf)),
			  octets("seed", rq->label_seed), OSSL_PARAM_construct_end()};
	kdf("TLS1-PRF", p, ret, rq->n);
	return ST_OK;
}

status card_hkdf_extract(struct card *c, const struct container *key, enum hash_alg hash,
			 struct bytes salt, uint8_t ret_prk[HASH_MAX], deadline dl)
{
	(void)c, (void)dl, (void)key;
	if (salt.n > 200)
		return ST_ARG;
	TRY(play(FAKE2_HKDF));
	fake2.salt_n = salt.n;
	OSSL_PARAM p[] = {
		digest(hash), octets("key", BYTES_OF(fake2.psk)), octets("salt", salt),
		OSSL_PARAM_construct_utf8_string("mode", (char *)(uintptr_t) "EXTRACT_ONLY", 0),
		OSSL_PARAM_construct_end()};
	kdf("HKDF", p, ret_prk, hash_size(hash));
	return ST_OK;
}

status card_cmac(struct card *c, const struct container *key, struct bytes data,
		 uint8_t ret_mac[CARD_CMAC_SIZE], deadline dl)
{
	EVP_MAC *alg = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(alg);
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string("cipher", (char *)(uintptr_t) "AES-128-CBC", 0),
		OSSL_PARAM_construct_end()};
	size_t n = 0;
	status st = play(FAKE2_CMAC);

	(void)c, (void)key, (void)dl;
	must(EVP_MAC_init(ctx, fake2.psk, 16, p) == 1 && EVP_MAC_update(ctx, data.p, data.n) == 1,
	     "cmac");
	if (st == ST_OK)
		must(EVP_MAC_final(ctx, ret_mac, &n, CARD_CMAC_SIZE) == 1, "cmac final");
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(alg);
	return st;
}
