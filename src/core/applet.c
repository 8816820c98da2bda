/* SPDX-License-Identifier: Apache-2.0 */
/* The applet's commands that need no state: list, files, public keys, random (iotsafe-protocol.md
 * §10). */
#include <stdlib.h>
#include <string.h>

#include "card_impl.h"
#include "log.h"
#include "mem.h"
#include "tlv.h"

void applet_put_address(struct wtr *w, const struct container *ct)
{
	static const uint8_t id_tags[CONTAINER_KINDS] = {TAG_ID_PRIVATE, TAG_ID_PUBLIC, TAG_ID_FILE,
							 TAG_ID_SECRET};
	static const uint8_t label_tags[CONTAINER_KINDS] = {TAG_LABEL_PRIVATE, TAG_LABEL_PUBLIC,
							    TAG_LABEL_FILE, TAG_LABEL_SECRET};

	if (ct->id_len > 0)
		tlv_put(w, id_tags[ct->kind], container_id(ct));
	else
		tlv_put(w, label_tags[ct->kind], container_label(ct));
}

uint8_t applet_hash_bit(enum hash_alg h)
{
	switch (h) {
	case HASH_SHA256:
		return CARD_SHA256;
	case HASH_SHA384:
		return CARD_SHA384;
	case HASH_SHA512:
		return CARD_SHA512;
	case HASH_NONE:
	case HASH_SHA1:
		break;
	}
	return 0;
}

/* FNV-1a: tells two lists apart, guards nothing. */
static uint64_t digest(struct bytes b)
{
	uint64_t h = 0xCBF29CE484222325U;

	for (size_t i = 0; i < b.n; i++)
		h = (h ^ b.p[i]) * 0x100000001B3U;
	return h;
}

enum { LIST_BYTES_MAX = 32768 };

/* All pages, one behind the other: a page may cut a structure (§10.2). */
static status read_pages(struct card *c, struct wtr *w, deadline dl)
{
	struct bytes part;
	bool more = false;

	for (int page = 0; page < LIST_PAGES_MAX; page++) {
		status st = exec_call(c, &CALL(CMD_GET_LIST, .p2 = P(page > 0), .le = 256), &part,
				      &more, dl);

		if (page > 0 && (st == ST_SW_PARAMS || st == ST_SW_NOT_FOUND))
			return ST_OK; /* what was read is what there is */
		TRY(st);
		wtr_put(w, part);
		if (!more)
			return wtr_done(w) == ST_OK ? ST_OK : ST_MALFORMED;
	}
	log_error("object list: more than %d pages", LIST_PAGES_MAX);
	return ST_OK;
}

/* Neither empty nor cut. */
static bool is_whole(struct bytes list)
{
	struct rdr r = rdr_of(list);
	struct bytes v;
	uint8_t tag;

	while (tlv_next(&r, &tag, &v) == ST_OK)
		;
	return list.n > 0 && r.n == 0;
}

/* A list that is empty or cut may be an answer that was lost or crossed on its way, and would be
 * believed for as long as the card stays: it has to come twice. */
status applet_list(struct card *c, struct catalog *cat, uint64_t *ret_digest, deadline dl)
{
	uint8_t *buf ON_EXIT(mem_free_ptr) = malloc(LIST_BYTES_MAX);
	struct wtr w;
	status st;

	if (!buf)
		return ST_NOMEM;
	w = wtr_on(buf, LIST_BYTES_MAX);
	st = read_pages(c, &w, dl);
	if (st == ST_OK && !is_whole(wtr_bytes(&w))) {
		w = wtr_on(buf, LIST_BYTES_MAX);
		st = read_pages(c, &w, dl);
	}
	TRY(st);
	TRY(catalog_parse_list(wtr_bytes(&w), cat));
	*ret_digest = digest(wtr_bytes(&w));
	return ST_OK;
}

/* --- READ FILE (§10.6) --- */

struct file_op {
	const struct container *file;
	struct wtr *w;
};

/* Total length that a DER header announces; 0 when it is none. */
static size_t der_total(struct bytes b)
{
	if (b.n < 4 || b.p[0] != 0x30)
		return 0;
	if (b.p[1] < 0x80)
		return 2 + (size_t)b.p[1];
	if (b.p[1] == 0x81)
		return 3 + (size_t)b.p[2];
	if (b.p[1] == 0x82)
		return 4 + (size_t)(b.p[2] << 8 | b.p[3]);
	return 0;
}

static size_t chunk_size(const struct card *c)
{
	if (c->conf->chunk > 0)
		return (size_t)c->conf->chunk;
	/* some modems cut answers at 256 characters or bytes (transports.md §1.1) */
	return c->t->traits & TRANSPORT_CROSSTALK ? 200 : 256;
}

static status read_chunk(struct card *c, const struct container *file, size_t offset, size_t want,
			 struct bytes *ret_part, deadline dl)
{
	uint8_t data[2 + CONTAINER_LABEL_MAX];
	struct wtr w = WTR_ON(data);
	struct bytes part;

	applet_put_address(&w, file);
	TRY(exec_call(c,
		      &CALL(CMD_READ_FILE, .p1 = P(offset >> 8), .p2 = P(offset),
			    .data = wtr_bytes(&w), .le = (unsigned)want),
		      &part, NULL, dl));
	if (part.n > want)
		part.n = want; /* modems that return more than was asked (transports.md §1.3) */
	*ret_part = part;
	return ST_OK;
}

/* Cards say in several ways that the offset is at or behind the end. */
static bool says_end(status st)
{
	return st == ST_SW_OFFSET || st == ST_SW_PARAMS || st == ST_SW_LENGTH;
}

static status op_read_file(struct card *c, void *arg, deadline dl)
{
	struct file_op *op = arg;
	size_t chunk = chunk_size(c), total = op->file->size_known ? op->file->size : 0, der = 0;
	struct bytes part;
	status st;

	op->w->n = 0;
	while (total == 0 || op->w->n < total) {
		size_t offset = op->w->n, left = total > 0 ? total - offset : chunk;

		if (offset >= FILE_SIZE_MAX)
			break;
		st = read_chunk(c, op->file, offset, left < chunk ? left : chunk, &part, dl);
		if (offset > 0 && (says_end(st) || (st == ST_OK && part.n == 0)))
			break;
		TRY(st);
		if (part.n == 0)
			break;
		wtr_put(op->w, part);
		TRY(wtr_done(op->w));
		if (der == 0 && op->file->is_certificate)
			der = der_total(wtr_bytes(op->w));
		if (der > 0)
			total = der;
	}
	if (total > 0 && op->w->n > total)
		op->w->n = total;
	return ST_OK;
}

status card_read_file(struct card *c, const struct container *file, struct wtr *w, deadline dl)
{
	struct file_op op = {file, w};

	if (file->kind != CONTAINER_FILE)
		return ST_ARG;
	if (!file->activated || !(file->access & ACCESS_READ))
		return ST_SW_CONDITIONS;
	return card_run(c, op_read_file, &op, dl);
}

/* --- READ PUBLIC KEY (§10.8) --- */

struct public_op {
	const struct container *pub;
	struct public_key key;
};

status applet_read_public(struct card *c, const struct container *pub, struct public_key *ret_key,
			  deadline dl)
{
	uint8_t data[2 + CONTAINER_LABEL_MAX];
	struct wtr w = WTR_ON(data);
	struct bytes reply, point;

	applet_put_address(&w, pub);
	TRY(exec_call(c, &CALL(CMD_READ_PUBLIC, .data = wtr_bytes(&w)), &reply, NULL, dl));
	TRY(tlv_point(reply, &point));
	if (point.n > sizeof(ret_key->point))
		return ST_MALFORMED;
	*ret_key = (struct public_key){.kind = PUBLIC_EC, .curve = container_curve(pub)};
	memcpy(ret_key->point, point.p, point.n);
	ret_key->point_len = point.n;
	return ST_OK;
}

static status op_read_public(struct card *c, void *arg, deadline dl)
{
	struct public_op *op = arg;

	return applet_read_public(c, op->pub, &op->key, dl);
}

status card_read_public(struct card *c, const struct container *pub, struct public_key *ret_key,
			deadline dl)
{
	struct public_op op = {.pub = pub};

	if (pub->kind != CONTAINER_PUBLIC_KEY)
		return ST_ARG;
	if (container_curve(pub) == CURVE_NONE)
		return ST_KEY_KIND; /* no source knows RSA's answer: the certificate has the key */
	if (!pub->activated || !(pub->access & ACCESS_READ))
		return ST_SW_CONDITIONS;
	TRY(card_run(c, op_read_public, &op, dl));
	TRY(curve_check_point(op.key.curve, bytes_of(op.key.point, op.key.point_len)));
	*ret_key = op.key;
	return ST_OK;
}

/* --- GET RANDOM (§10.5) --- */

status applet_prove(struct card *c, deadline dl)
{
	return c->fresh ? ST_OK : exec_call(c, &CALL(CMD_GET_RANDOM, .le = 1), NULL, NULL, dl);
}

struct random_op {
	uint8_t *out;
	size_t n;
};

static status op_random(struct card *c, void *arg, deadline dl)
{
	struct random_op *op = arg;
	size_t piece = c->t->traits & TRANSPORT_CROSSTALK ? 240 : 256, done = 0;
	struct bytes part;

	while (done < op->n) {
		size_t want = op->n - done < piece ? op->n - done : piece;

		TRY(exec_call(c, &CALL(CMD_GET_RANDOM, .le = (unsigned)want), &part, NULL, dl));
		if (part.n == 0)
			return ST_MALFORMED;
		if (part.n > want)
			part.n = want;
		memcpy(op->out + done, part.p, part.n);
		done += part.n;
	}
	return ST_OK;
}

status card_random(struct card *c, uint8_t *out, size_t n, deadline dl)
{
	struct random_op op = {out, n};
	status st = n == 0 ? ST_OK : card_run(c, op_random, &op, dl);

	mem_wipe(c->reply, sizeof(c->reply));
	return st;
}
