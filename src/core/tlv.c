/* SPDX-License-Identifier: Apache-2.0 */
#include "tlv.h"

#include <string.h>

#include "mem.h"

static bool known(uint8_t tag)
{
	static const uint8_t tags[] = {
		TAG_VERSION,	  TAG_APP_ID,	     TAG_FILE_SIZE,	TAG_FILE_USAGE,
		TAG_STATE,	  TAG_KEY_TYPE,	     TAG_KEY_USAGE,	TAG_ACCESS,
		TAG_FUNCTIONS,	  TAG_AGREEMENT,     TAG_LABEL_FILE,	TAG_LABEL_PRIVATE,
		TAG_LABEL_PUBLIC, TAG_LABEL_SECRET,  TAG_ID_FILE,	TAG_ID_PRIVATE,
		TAG_ID_PUBLIC,	  TAG_ID_SECRET,     TAG_APP_FUNCTIONS, TAG_HASH,
		TAG_SIG_ALG,	  TAG_APP_AGREEMENT, TAG_DERIVATION,	TAG_MAX_FILES,
		TAG_MAX_PRIVATE,  TAG_MAX_PUBLIC,    TAG_MAX_SECRET,	TAG_MAX_SESSIONS,
		TAG_INFO_PRIVATE, TAG_INFO_PUBLIC,   TAG_INFO_FILE,	TAG_INFO_SECRET,
	};

	return memchr(tags, tag, sizeof(tags)) != NULL;
}

/* Is the declared length one too large? Only believed when it mends the walk. */
static bool one_too_long(struct bytes rest, size_t n)
{
	if (n == 0 || n > rest.n + 1)
		return false;
	if (n == rest.n + 1)
		return true;
	return n < rest.n && !known(rest.p[n]) && known(rest.p[n - 1]);
}

status tlv_next(struct rdr *r, uint8_t *ret_tag, struct bytes *ret_value)
{
	struct rdr at = *r;
	uint8_t tag, len;
	size_t n;

	TRY(rdr_u8(&at, &tag));
	TRY(rdr_u8(&at, &len));
	n = len;
	if (one_too_long(rdr_rest(&at), n))
		n--;
	TRY(rdr_take(&at, n, ret_value));
	*ret_tag = tag;
	*r = at;
	return ST_OK;
}

void tlv_put(struct wtr *w, uint8_t tag, struct bytes value)
{
	if (value.n > 0xFF) {
		w->overflow = true;
		return;
	}
	wtr_u8(w, tag);
	wtr_u8(w, (uint8_t)value.n);
	wtr_put(w, value);
}

void tlv_put_u8(struct wtr *w, uint8_t tag, uint8_t v)
{
	tlv_put(w, tag, bytes_of(&v, 1));
}

void tlv_put_point(struct wtr *w, struct bytes point)
{
	wtr_u8(w, TAG_PUBLIC_DATA);
	wtr_u8(w, (uint8_t)(point.n + 4));
	wtr_u8(w, TAG_PUBLIC_EC);
	wtr_u8(w, (uint8_t)(point.n + 2));
	tlv_put(w, TAG_EC_POINT, point);
}

status tlv_signature(struct bytes b, struct bytes *ret_sig)
{
	size_t head = 0;

	if (b.n < 3 || b.p[0] != TAG_SIGNATURE)
		return ST_MALFORMED;
	if (b.n == 3 + (size_t)(b.p[1] << 8 | b.p[2]))
		head = 3;
	else if (b.n == 2 + (size_t)b.p[1])
		head = 2;
	else if (b.p[1] == 0x81 && b.n == 3 + (size_t)b.p[2])
		head = 3;
	else if (b.p[1] == 0x82 && b.n > 4 && b.n == 4 + (size_t)(b.p[2] << 8 | b.p[3]))
		head = 4;
	if (head == 0 || b.n == head)
		return ST_MALFORMED;
	*ret_sig = bytes_of(b.p + head, b.n - head);
	return ST_OK;
}

/* One TLV that is the whole of b, with exactly that tag. */
static bool unwrap(struct bytes b, uint8_t tag, struct bytes *ret_value)
{
	if (b.n < 2 || b.p[0] != tag || b.n != 2 + (size_t)b.p[1])
		return false;
	*ret_value = bytes_of(b.p + 2, b.n - 2);
	return true;
}

status tlv_point(struct bytes reply, struct bytes *ret_point)
{
	struct bytes b = reply;

	if (unwrap(b, TAG_PUBLIC_DATA, &b) &&
	    (!unwrap(b, TAG_PUBLIC_EC, &b) || !unwrap(b, TAG_EC_POINT, &b)))
		return ST_MALFORMED;
	if (b.n < 3 || b.p[0] != 0x04)
		return ST_MALFORMED;
	*ret_point = b;
	return ST_OK;
}

status tlv_raw(struct bytes reply, size_t n, struct bytes *ret_value)
{
	/* what may stand between tag and last length byte */
	static const struct {
		uint8_t b[2];
		size_t n;
	} forms[] = {{{0}, 0}, {{0x00}, 1}, {{0x81}, 1}, {{0x82, 0x00}, 2}};

	if (reply.n == n) {
		*ret_value = reply;
		return ST_OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t head = 2 + forms[i].n;

		if (reply.n == head + n && reply.p[head - 1] == n &&
		    memcmp(reply.p + 1, forms[i].b, forms[i].n) == 0) {
			*ret_value = bytes_of(reply.p + head, n);
			return ST_OK;
		}
	}
	return ST_MALFORMED;
}

/* One DER INTEGER into field bytes, left-padded. */
static status der_integer(struct rdr *r, size_t field, uint8_t *ret)
{
	uint8_t tag, len;
	struct bytes v;

	TRY(rdr_u8(r, &tag));
	TRY(rdr_u8(r, &len));
	TRY(rdr_take(r, len, &v));
	while (v.n > 0 && v.p[0] == 0)
		v = bytes_of(v.p + 1, v.n - 1);
	if (tag != 0x02 || len == 0 || v.n > field)
		return ST_MALFORMED;
	memset(ret, 0, field - v.n);
	memcpy(ret + field - v.n, v.p, v.n);
	return ST_OK;
}

static status der_signature(struct bytes sig, size_t field, uint8_t *ret_raw)
{
	struct rdr r = rdr_of(sig);
	uint8_t tag, len;

	TRY(rdr_u8(&r, &tag));
	TRY(rdr_u8(&r, &len));
	if (tag != 0x30 || len != r.n || len > 0x7F)
		return ST_MALFORMED;
	TRY(der_integer(&r, field, ret_raw));
	TRY(der_integer(&r, field, ret_raw + field));
	return r.n == 0 ? ST_OK : ST_MALFORMED;
}

status tlv_ecdsa_raw(struct bytes sig, size_t field, uint8_t *ret_raw)
{
	if (sig.n == 2 * field) {
		memcpy(ret_raw, sig.p, sig.n);
		return ST_OK;
	}
	return der_signature(sig, field, ret_raw) == ST_OK ? ST_OK : ST_MALFORMED;
}
