/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover.h"
#include "fake_keys.h"
#include "fake_keys2.h"
#include "fake_pin.h"
#include "mem.h"

struct fake fake;

struct card {
	const struct settings_slot *conf;
	unsigned epoch_seen;
};

static struct container standard[FAKE_ITEMS];

static void name_it(struct container *c, const char *label, uint8_t id)
{
	c->label_len = strlen(label);
	memcpy(c->label, label, c->label_len);
	c->id[0] = id;
	c->id_len = 1;
	c->activated = true;
	c->access = ACCESS_READ;
}

static struct container key(enum container_kind kind, enum container_key_type type,
			    const char *label, uint8_t id)
{
	struct container c = {.kind = kind, .key_type = type};

	name_it(&c, label, id);
	c.functions = FUNCTION_SIGN;
	c.sig_algs = type == KEY_RSA2048 ? SIG_RSA_PKCS1 | SIG_RSA_PSS : SIG_ECDSA;
	c.hash_algs = CARD_SHA256 | CARD_SHA384;
	return c;
}

static struct container file(const char *label, uint8_t id, bool certificate)
{
	struct container c = {.kind = CONTAINER_FILE, .is_certificate = certificate};

	name_it(&c, label, id);
	return c;
}

void fake_setup(void)
{
	fake_keys_make();
	standard[FAKE_DEVICE_KEY] = key(CONTAINER_PRIVATE_KEY, KEY_P256, "device", 0x01);
	standard[FAKE_DEVICE_KEY].hash_algs = CARD_SHA256;
	standard[FAKE_DEVICE_KEY].functions |= FUNCTION_AGREE;
	standard[FAKE_DEVICE_PUB] = key(CONTAINER_PUBLIC_KEY, KEY_P256, "device", 0x02);
	standard[FAKE_DEVICE_CERT] = file("client", 0x03, true);
	standard[FAKE_BACKUP_KEY] = key(CONTAINER_PRIVATE_KEY, KEY_P384, "backup", 0x11);
	standard[FAKE_BACKUP_CERT] = file("backup", 0x12, true);
	standard[FAKE_RSA_KEY] = key(CONTAINER_PRIVATE_KEY, KEY_RSA2048, "", 0x21);
	standard[FAKE_RSA_PUB] = key(CONTAINER_PUBLIC_KEY, KEY_RSA2048, "rsa-pub", 0x21);
	standard[FAKE_EMPTY_KEY] = key(CONTAINER_PRIVATE_KEY, KEY_P256, "ephemeral", 0x31);
	standard[FAKE_EMPTY_KEY].activated = false;
	standard[FAKE_EMPTY_KEY].is_volatile = true;
	standard[FAKE_BROKEN_CERT] = file("broken", 0x41, true);
	standard[FAKE_DATA] = file("notes", 0x42, false);
	standard[FAKE_SECRET] = key(CONTAINER_SECRET_KEY, KEY_HMAC, "psk", 0x51);
	fake_reset();
}

void fake_reset(void)
{
	memset(&fake.cat, 0, sizeof(fake.cat));
	memcpy(fake.cat.item, standard, sizeof(standard));
	fake.cat.count = FAKE_ITEMS;
	memset(fake.device, 0, sizeof(fake.device));
	fake.readers = NULL;
	fake.on_free = NULL;
	fake.iccid = "89881234567890123456";
	fake.present = true;
	fake.changes = fake.looks = 0;
	for (int i = 0; i < FAKE_CALLS; i++) {
		fake.calls[i] = 0;
		fake.answer[i] = ST_OK;
	}
	fake.epoch = 1;
	fake.sign_ms = 0;
	fake.bad_signature = false;
	fake.checked = false;
	fake.live = fake.freed = fake.forgotten = 0;
	fake2_reset();
	fake_pin_reset();
}

unsigned fake_traffic(void)
{
	unsigned n = 0;

	for (int i = 0; i < FAKE_CALLS; i++)
		n += fake.calls[i];
	return n;
}

void fake_keep(const int *places)
{
	fake.cat.count = 0;
	for (; *places >= 0; places++)
		fake.cat.item[fake.cat.count++] = standard[*places];
}

/* --- core/discover.h --- */

/* As the core does without a configuration: names and ids in the order of the readers. */
static size_t discover_readers(struct settings_slot *slots, size_t cap)
{
	size_t n = 0;

	for (; n < cap && fake.readers[n] != NULL; n++) {
		slots[n] = (struct settings_slot){.id = (int)n, .cla_base = -1};
		snprintf(slots[n].name, sizeof(slots[n].name), "slot%zu", n);
		snprintf(slots[n].uri_text, sizeof(slots[n].uri_text), "%s", fake.readers[n]);
	}
	return n;
}

status discover_slots(const struct settings *s, struct settings_slot *ret_slots, size_t cap,
		      size_t *ret_count)
{
	size_t n = 0;

	if (fake.readers != NULL) {
		*ret_count = discover_readers(ret_slots, cap);
		return ST_OK;
	}
	for (size_t i = 0; i < s->slot_count && n < cap; i++)
		if (!settings_is_member(s, i))
			ret_slots[n++] = s->slot[i];
	for (size_t i = 0; i < s->group_count && n < cap; i++)
		settings_group_slot(&s->group[i], &ret_slots[n++]);
	for (size_t i = 0; i < n; i++)
		if (ret_slots[i].id < 0)
			ret_slots[i].id = (int)i;
	*ret_count = n;
	return ST_OK;
}

/* --- core/card.h --- */

struct fake_device *fake_device_of(const struct card *c)
{
	for (int i = 0; i < FAKE_DEVICES; i++)
		if (fake.device[i].uri != NULL &&
		    strcmp(fake.device[i].uri, c->conf->uri_text) == 0)
			return &fake.device[i];
	return NULL;
}

static status play_device(struct fake_device *d, deadline dl)
{
	if (++d->calls < d->fails_from || d->answer == ST_OK)
		return d->gone ? ST_NO_CARD : ST_OK;
	if (d->slow_ms != 0)
		deadline_sleep(dl, d->slow_ms);
	return d->answer;
}

status fake_talk(const struct card *c, deadline dl)
{
	struct fake_device *d = fake_device_of(c);

	return d != NULL ? play_device(d, dl) : ST_OK;
}

static status play(const struct card *c, enum fake_call call, deadline dl)
{
	fake.calls[call]++;
	if (!fake.present)
		return ST_NO_CARD;
	TRY(fake_talk(c, dl));
	return fake.answer[call];
}

/* Where this container is in the standard catalog. */
static int place_of(const struct container *c)
{
	for (int i = 0; i < FAKE_ITEMS; i++)
		if (standard[i].kind == c->kind &&
		    bytes_equal(container_id(c), container_id(&standard[i])))
			return i;
	return -1;
}

status card_new(const struct settings *all, const struct settings_slot *slot,
		struct card **ret_card)
{
	struct card *c = calloc(1, sizeof(*c));

	(void)all;
	if (c == NULL)
		return ST_NOMEM;
	c->conf = slot;
	fake.live++;
	*ret_card = c;
	return ST_OK;
}

void card_free(struct card *c)
{
	if (c == NULL)
		return;
	fake.live--;
	fake.freed++;
	free(c);
	if (fake.on_free != NULL)
		fake.on_free();
}

void card_forget(struct card *c)
{
	if (c == NULL)
		return;
	fake.live--;
	fake.forgotten++;
	free(c);
}

bool card_present(struct card *c)
{
	const struct fake_device *d = fake_device_of(c);

	return fake.present && (d == NULL || !d->gone || (d->quiet && !d->asked));
}

uint64_t card_changes(const struct card *c)
{
	const struct fake_device *d = fake_device_of(c);

	return fake.changes + (d != NULL ? d->changes : 0);
}

status card_look(struct card *c, deadline dl)
{
	struct fake_device *d = fake_device_of(c);

	fake.looks++;
	if (d != NULL && ++d->looks != 0)
		d->asked = d->gone;
	if (d != NULL && d->deaf) {
		deadline_sleep(dl, 60000);
		return ST_TIMEOUT;
	}
	return card_present(c) ? ST_OK : ST_NO_CARD;
}

status card_identify(struct card *c, struct card_info *ret_info, deadline dl)
{
	const struct fake_device *d = fake_device_of(c);

	TRY(play(c, FAKE_IDENTIFY, dl));
	*ret_info = (struct card_info){0};
	snprintf(ret_info->iccid, sizeof(ret_info->iccid), "%s",
		 d != NULL && d->iccid != NULL ? d->iccid : fake.iccid);
	snprintf(ret_info->device, sizeof(ret_info->device), "%s", c->conf->uri_text);
	return ST_OK;
}

status card_catalog(struct card *c, const struct catalog **ret_cat, deadline dl)
{
	const struct fake_device *d = fake_device_of(c);

	TRY(play(c, FAKE_CATALOG, dl));
	*ret_cat = d != NULL && d->cat != NULL ? d->cat : &fake.cat;
	return ST_OK;
}

void card_invalidate(struct card *c)
{
	(void)c;
	fake.epoch++;
}

uint64_t card_epoch(const struct card *c)
{
	(void)c;
	return fake.epoch;
}

status card_read_file(struct card *c, const struct container *f, struct wtr *w, deadline dl)
{
	TRY(play(c, FAKE_READ_FILE, dl));
	TRY(fake_pin_permits(f));
	switch (place_of(f)) {
	case FAKE_DEVICE_CERT:
		wtr_put(w, fake_cert(FAKE_DEVICE_CERT));
		wtr_fill(w, 0xFF, 100);
		break;
	case FAKE_BACKUP_CERT:
		wtr_put(w, fake_keys_pem(KEYS_P384));
		wtr_fill(w, 0x00, 10);
		break;
	case FAKE_BROKEN_CERT:
		wtr_put(w, BYTES_LIT("\x30\x82\x01\x00garbage"));
		break;
	case FAKE_DATA:
		wtr_put(w, BYTES_LIT("hello"));
		break;
	default:
		return ST_SW_NOT_FOUND;
	}
	return wtr_done(w);
}

status card_read_public(struct card *c, const struct container *pub, struct public_key *ret_key,
			deadline dl)
{
	TRY(play(c, FAKE_READ_PUBLIC, dl));
	TRY(fake_pin_permits(pub));
	if (fake2_public(pub) != NULL) {
		*ret_key = *fake2_public(pub);
		return ST_OK;
	}
	*ret_key = *fake_public(place_of(pub) == FAKE_RSA_PUB ? FAKE_RSA_KEY : FAKE_DEVICE_KEY);
	return ST_OK;
}

static enum keys_name key_name(const struct container *c)
{
	if (c->key_type == KEY_RSA2048)
		return KEYS_RSA;
	return c->key_type == KEY_P384 ? KEYS_P384 : KEYS_P256;
}

status card_sign(struct card *c, const struct card_sign_request *rq, uint8_t ret_sig[SIGNATURE_MAX],
		 size_t *ret_n, deadline dl)
{
	TRY(play(c, FAKE_SIGN, dl));
	TRY(fake_pin_permits(rq->key));
	if (fake.sign_ms != 0)
		deadline_sleep(dl, fake.sign_ms);
	if (rq->digest.n != hash_size(rq->hash))
		return ST_BUG;
	fake.checked = rq->check != NULL;
	TRY(fake_keys_sign(key_name(rq->key), rq, ret_sig, ret_n));
	if (fake.bad_signature)
		ret_sig[*ret_n - 1] ^= 1;
	if (rq->check != NULL && rq->sig == CARD_SIG_ECDSA)
		return verify_ecdsa(rq->check, rq->digest, bytes_of(ret_sig, *ret_n));
	return ST_OK;
}

status card_random(struct card *c, uint8_t *out, size_t n, deadline dl)
{
	TRY(play(c, FAKE_RANDOM, dl));
	memset(out, 0x5A, n);
	return ST_OK;
}

const struct card_stats *card_stats(const struct card *c)
{
	static const struct card_stats none;

	(void)c;
	return &none;
}

uint16_t card_last_sw(const struct card *c)
{
	(void)c;
	return 0;
}

/* Fits to the curve's own hash; or to SHA-256, where a P-384 key knows no other. */
status card_fit_digest(const struct container *k, struct bytes digest, enum hash_alg *ret_hash,
		       uint8_t ret_digest[HASH_MAX])
{
	enum hash_alg alg = k->key_type == KEY_P384 ? HASH_SHA384 : HASH_SHA256;
	size_t n = digest.n < hash_size(alg) ? digest.n : hash_size(alg);

	if (k->hash_algs == CARD_SHA256)
		alg = HASH_SHA256;
	if (n > hash_size(alg))
		return ST_KEY_UNUSABLE;
	memset(ret_digest, 0, hash_size(alg));
	memcpy(ret_digest + hash_size(alg) - n, digest.p, n);
	*ret_hash = alg;
	return ST_OK;
}

const struct public_key *fake_public(int key_place)
{
	return fake_keys_public(key_name(&standard[key_place]));
}

struct bytes fake_cert(int cert_place)
{
	return fake_keys_cert(cert_place == FAKE_BACKUP_CERT ? KEYS_P384 : KEYS_P256);
}
