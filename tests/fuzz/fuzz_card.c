/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile card, modem and lock file under the whole core. Input: one byte of link traits (20:
 * what the applet does with keys besides signing, instead of the rest; 40: PINs instead), then one
 * answer after the other, each behind a length byte: FF is a failure of the link whose status is
 * the next byte, anything else so many bytes with the status word at their end. When the input is
 * used up the card says 6F00. Oracle: the core ends after a bounded number of exchanges, gives the
 * device back, lets no signature out that does not verify, sends no PIN twice in one call, and
 * works again with a card that is well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "card_keys.h"
#include "card_pin.h"
#include "fuzz.h"
#include "transport.h"

enum { EXCHANGES_MAX = 6000 };

static struct {
	struct transport t;
	struct rdr in;
	unsigned exchanges, enters, leaves, pins;
	bool has_record, healthy, device_owned;
	struct channel_record record;
} fake;

static void require(bool truth)
{
	if (!truth)
		abort();
}

static status next(struct wtr *reply)
{
	static const status failures[] = {ST_TIMEOUT,	ST_IO,	      ST_CHANNEL_LOST,
					  ST_CARD_GONE, ST_NO_DEVICE, ST_TRUNCATED,
					  ST_DESYNC,	ST_MALFORMED};
	struct bytes answer;
	uint8_t n, which;

	require(++fake.exchanges < EXCHANGES_MAX);
	if (rdr_u8(&fake.in, &n) != ST_OK) {
		wtr_u16be(reply, 0x6F00);
		return ST_OK;
	}
	if (n == 0xFF && rdr_u8(&fake.in, &which) == ST_OK)
		return failures[which % 8];
	if (n > fake.in.n)
		n = (uint8_t)fake.in.n;
	TRY(rdr_take(&fake.in, n, &answer));
	wtr_put(reply, answer);
	return wtr_done(reply) == ST_OK ? ST_OK : ST_MALFORMED;
}

/* A card that is well: channel 1, the applet, eight random bytes. */
static status well(struct bytes cmd, struct wtr *reply)
{
	if (cmd.p[1] == 0x70)
		wtr_u8(reply, 1);
	if (cmd.p[1] == 0x84)
		wtr_fill(reply, 7, cmd.p[4]);
	wtr_u16be(reply, cmd.p[1] == 0xB0 ? 0x6A82 : 0x9000);
	return ST_OK;
}

/* --- transport.h --- */

status transport_open(const struct uri *uri, const struct transport_settings *set,
		      struct transport **ret_t)
{
	(void)uri;
	(void)set;
	*ret_t = &fake.t;
	return ST_OK;
}

void transport_close(struct transport *t)
{
	(void)t;
}

void transport_forget(struct transport *t)
{
	(void)t;
}

status transport_enter(struct transport *t, deadline dl)
{
	(void)dl;
	require(!t->entered);
	t->entered = true;
	fake.enters++;
	return ST_OK;
}

void transport_leave(struct transport *t)
{
	require(t->entered);
	t->entered = false;
	fake.leaves++;
}

status transport_transmit(struct transport *t, const struct channel *ch, struct bytes cmd,
			  struct wtr *reply, deadline dl)
{
	(void)ch;
	require(t->entered && cmd.n >= 4 && cmd.n <= APDU_CMD_MAX);
	fake.pins += t->once;
	reply->n = 0;
	reply->overflow = false;
	if (fake.healthy)
		return well(cmd, reply);
	if (deadline_passed(dl))
		return ST_TIMEOUT;
	TRY(next(reply));
	return reply->n < 2 ? ST_TRUNCATED : ST_OK;
}

status transport_channel_open(struct transport *t, struct bytes aid, struct channel *ret_ch,
			      deadline dl)
{
	uint8_t which = 0;

	(void)dl;
	require(t->entered && aid.n >= 5);
	if (!fake.device_owned || fake.healthy)
		return ST_UNSUPPORTED_LINK;
	require(++fake.exchanges < EXCHANGES_MAX);
	if (rdr_u8(&fake.in, &which) != ST_OK || which % 4 == 3)
		return ST_IO;
	if (which % 4 == 2)
		return ST_NO_APPLET;
	*ret_ch = (struct channel){.handle = "1"};
	return ST_OK;
}

status transport_channel_close(struct transport *t, const struct channel *ch, deadline dl)
{
	(void)dl;
	require(t->entered && channel_is_device_owned(ch));
	return ST_OK;
}

status transport_iccid(struct transport *t, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	(void)dl;
	require(t->entered);
	if (!fake.device_owned)
		return ST_UNSUPPORTED_LINK;
	snprintf(ret_iccid, ICCID_DIGITS_MAX + 1, "8988011234567890123");
	return ST_OK;
}

bool transport_present(struct transport *t)
{
	(void)t;
	return true;
}

status transport_look(struct transport *t, deadline dl)
{
	(void)t;
	(void)dl;
	return ST_OK;
}

void transport_disconnect(struct transport *t)
{
	(void)t;
}

status transport_record_load(struct transport *t, struct channel_record *ret_r, deadline dl)
{
	(void)dl;
	require(t->entered);
	if (!fake.has_record)
		return ST_NO_ENTRY;
	*ret_r = fake.record;
	return ST_OK;
}

void transport_record_store(struct transport *t, const struct channel_record *r)
{
	require(t->entered && r->aid_len <= AID_MAX && strlen(r->iccid) <= ICCID_DIGITS_MAX);
	fake.has_record = true;
	fake.record = *r;
}

void transport_record_clear(struct transport *t)
{
	require(t->entered);
	fake.has_record = false;
}

bool transport_can_share(const struct transport *t)
{
	(void)t;
	return true;
}

status transport_list(const struct uri *uri, const char *uri_text,
		      void (*found)(void *ctx, const char *uri_text), void *ctx)
{
	(void)uri;
	found(ctx, uri_text);
	return ST_OK;
}

/* --- what a program would do --- */

/* P-256's generator: nobody knows its private key here. */
static struct public_key some_key(void)
{
	static const uint8_t point[65] = {
		0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5,
		0x63, 0xA4, 0x40, 0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4,
		0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A,
		0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16, 0x2B, 0xCE, 0x33,
		0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5};
	struct public_key k = {.kind = PUBLIC_EC, .curve = CURVE_P256, .point_len = 65};

	memcpy(k.point, point, sizeof(point));
	return k;
}

static deadline soon(void)
{
	return deadline_in_ms(3); /* waits for a busy card end here */
}

static void use(struct card *c, const struct container *ct)
{
	static const uint8_t digest[32] = {9};
	static uint8_t file[40000];
	struct public_key check = some_key(), key;
	uint8_t sig[SIGNATURE_MAX];
	struct wtr w = WTR_ON(file);
	struct card_sign_request rq = {.key = ct,
				       .sig = CARD_SIG_ECDSA,
				       .hash = HASH_SHA256,
				       .digest = BYTES_OF(digest),
				       .check = &check};
	size_t n;

	switch (ct->kind) {
	case CONTAINER_FILE:
		(void)!card_read_file(c, ct, &w, soon());
		require(w.n <= sizeof(file));
		break;
	case CONTAINER_PUBLIC_KEY:
		if (card_read_public(c, ct, &key, soon()) == ST_OK)
			require(curve_check_point(key.curve, bytes_of(key.point, key.point_len)) ==
				ST_OK);
		break;
	case CONTAINER_PRIVATE_KEY:
		if (container_curve(ct) == CURVE_P256)
			require(card_sign(c, &rq, sig, &n, soon()) != ST_OK);
		break;
	case CONTAINER_SECRET_KEY:
	case CONTAINER_KINDS:
		break;
	}
}

static void use_all(struct card *c)
{
	static const struct container fixed[] = {
		{.kind = CONTAINER_PRIVATE_KEY,
		 .id = {1},
		 .id_len = 1,
		 .activated = true,
		 .functions = 0xFF,
		 .key_type = KEY_P256},
		{.kind = CONTAINER_FILE,
		 .id = {1},
		 .id_len = 1,
		 .activated = true,
		 .access = 0xFF,
		 .is_certificate = true},
	};
	const struct catalog *cat;
	struct card_info info;
	struct container copy;
	uint8_t out[300];

	if (card_identify(c, &info, soon()) == ST_OK)
		require(strlen(info.iccid) <= ICCID_DIGITS_MAX && info.aid_len <= AID_MAX);
	for (size_t i = 0; i < 4 && fake.in.n > 0; i++) {
		if (card_catalog(c, &cat, soon()) != ST_OK || i >= cat->count)
			break;
		copy = cat->item[i];
		use(c, &copy);
	}
	use(c, &fixed[0]);
	use(c, &fixed[1]);
	(void)!card_random(c, out, sizeof(out), soon());
}

/* --- keys --- */

static void use_pair(struct card *c, const struct container *priv, const struct container *pub)
{
	struct public_key key = some_key();
	struct card_generated made;
	uint8_t z[EC_POINT_MAX];
	size_t n = 0, sum = 0;

	if (card_generate(c, priv, pub, NULL, &made, soon()) == ST_OK)
		require(made.priv_id_len <= CONTAINER_ID_MAX &&
			made.pub_id_len <= CONTAINER_ID_MAX &&
			curve_check_point(CURVE_P256,
					  bytes_of(made.key.point, made.key.point_len)) == ST_OK);
	if (card_agree(c, priv, &key, z, &n, soon()) == ST_OK) {
		for (size_t i = 0; i < n; i++)
			sum += z[i];
		require(n == 32 && sum > 0);
	}
	key.point[64] ^= 1;
	n = fake.exchanges;
	require(card_agree(c, priv, &key, z, &sum, soon()) ==
		(priv->activated ? ST_POINT_INVALID : ST_KEY_UNUSABLE));
	require(card_put_public(c, pub, &key, soon()) == ST_POINT_INVALID && n == fake.exchanges);
}

static void use_public(struct card *c, const struct container *pub)
{
	static const uint8_t zeros[64];
	struct public_key key = some_key();
	struct card_verify_request rq = {.key = pub,
					 .hash = HASH_SHA256,
					 .digest = bytes_of(zeros, 32),
					 .sig = bytes_of(zeros, 64)};

	(void)!card_verify(c, &rq, soon());
	(void)!card_put_public(c, pub, &key, soon());
}

static void use_secret(struct card *c, struct container secret)
{
	static const uint8_t data[300];
	uint8_t out[256];
	struct card_prf_request rq = {
		.mode = CARD_PRF_PSK, .key = &secret, .label_seed = bytes_of(data, 77), .n = 48};

	out[48] = out[32] = out[16] = 0xEE;
	if (card_prf(c, &rq, out, soon()) != ST_OK)
		require(out[32] == 0xEE);
	require(out[48] == 0xEE);
	(void)!card_hkdf_extract(c, &secret, HASH_SHA256, bytes_of(data, 32), out, soon());
	require(out[48] == 0xEE);
	secret.key_type = KEY_AES_CMAC;
	(void)!card_cmac(c, &secret, BYTES_OF(data), out, soon());
	require(out[48] == 0xEE);
}

static void use_keys(struct card *c)
{
	struct container priv = {.kind = CONTAINER_PRIVATE_KEY,
				 .id = {4},
				 .id_len = 1,
				 .activated = true,
				 .access = 0xFF,
				 .functions = 0xFF,
				 .key_type = KEY_P256};
	struct container pub = priv, secret = priv;

	pub.kind = CONTAINER_PUBLIC_KEY;
	secret.kind = CONTAINER_SECRET_KEY;
	secret.key_type = KEY_HMAC;
	use_pair(c, &priv, &pub);
	use_public(c, &pub);
	use_secret(c, secret);
	priv.activated = false; /* may be filled twice */
	use_pair(c, &priv, &pub);
}

/* --- PINs --- */

/* What came of a call that may send one PIN. */
static void expect_once(status st)
{
	require(fake.pins <= 1 && !fake.t.once);
	require(st != ST_PIN_UNSURE || fake.pins == 1);
	require(st != ST_PIN_WRONG || fake.pins == 1);
	fake.pins = 0;
}

static void use_pins(struct card *c)
{
	static const struct bytes pin = {(const uint8_t *)"1234", 4};
	static const struct bytes puk = {(const uint8_t *)"87654321", 8};
	struct card_pin now;
	status st;

	for (int i = 0; i < 2; i++) {
		st = card_pin_query(c, PIN_REF_APPLICATION, &now, soon());
		require(fake.pins == 0 && st != ST_PIN_UNSURE);
		expect_once(card_pin_verify(c, PIN_REF_APPLICATION, pin, &now, soon()));
		expect_once(card_pin_change(c, PIN_REF_APPLICATION, pin, puk, &now, soon()));
		expect_once(card_pin_unblock(c, PIN_REF_APPLICATION, puk, pin, &now, soon()));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings all;
	struct settings_slot slot = {.cla_base = -1, .name = "fuzz"};
	struct card *c = NULL;
	uint8_t out[8] = {0};

	if (size == 0 || size > 8192)
		return 0;
	memset(&fake, 0, sizeof(fake));
	fake.in = rdr_of(bytes_of(data + 1, size - 1));
	fake.t.traits = data[0] & 0x0F;
	fake.device_owned = data[0] & 0x10;
	settings_default(&all);
	require(card_new(&all, &slot, &c) == ST_OK);
	if (data[0] & 0x40)
		use_pins(c);
	else if (data[0] & 0x20)
		use_keys(c);
	else
		use_all(c);
	require(fake.enters == fake.leaves);
	/* well again, for a process that knows nothing but the record */
	card_free(c);
	require(card_new(&all, &slot, &c) == ST_OK);
	fake.healthy = true;
	fake.has_record = false;
	require(card_random(c, out, sizeof(out), deadline_in_ms(1000)) == ST_OK && out[7] == 7);
	card_free(c);
	return 0;
}
