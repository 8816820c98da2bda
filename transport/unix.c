/* SPDX-License-Identifier: Apache-2.0 */
/* unix:PATH: a software SIM or a remote agent on a stream socket. A frame is a 16-bit big-endian
 * length and that many bytes: a command APDU up, data || SW1 SW2 down. A payload that starts with
 * FF is a control text; "status" is the one used here, and no APDU: ok present=1 generation=7 t0=0
 * atr=3B… iccid=… An empty answer to an APDU means that the card has been removed. */
#include "transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends.h"
#include "hex.h"
#include "mem.h"
#include "stream.h"

enum {
	FRAME_MAX = 512,
	PRESENT_MS = 50,
};

struct unix_transport {
	struct transport t;
	int fd;
};

static struct unix_transport *of(struct transport *t)
{
	return (struct unix_transport *)t;
}

/* --- socket --- */

static void drop(struct unix_transport *u)
{
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
}

/* One frame up, one down. After any failure the connection is dropped: a late answer dies with it.
 */
static status exchange(struct unix_transport *u, struct bytes head, struct bytes body,
		       struct wtr *reply, deadline dl)
{
	uint8_t frame[2 + FRAME_MAX];
	struct wtr w = WTR_ON(frame);
	wtr_u16be(&w, (uint16_t)(head.n + body.n));
	wtr_put(&w, head);
	wtr_put(&w, body);
	if (wtr_done(&w) != ST_OK)
		return ST_ARG;

	status st = stream_send(u->fd, wtr_bytes(&w), dl);
	mem_wipe(frame, w.n);
	uint8_t size_bytes[2];
	struct wtr size_w = WTR_ON(size_bytes);
	if (st == ST_OK)
		st = stream_recv(u->fd, sizeof(size_bytes), &size_w, dl);
	uint16_t size = 0;
	struct rdr size_r = rdr_of(wtr_bytes(&size_w));
	if (st == ST_OK)
		st = rdr_u16be(&size_r, &size);
	if (st == ST_OK)
		st = stream_recv(u->fd, size, reply, dl);
	if (st != ST_OK)
		drop(u);
	return st;
}

/* --- status --- */

struct unix_status {
	uint64_t present, generation, t0;
	uint8_t atr[ATR_MAX];
	size_t atr_len;
};

static status parse_decimal(struct bytes text, uint64_t *ret_v)
{
	uint64_t v = 0;
	if (text.n == 0 || text.n > 18)
		return ST_MALFORMED;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return ST_MALFORMED;
		v = v * 10 + (uint64_t)(text.p[i] - '0');
	}
	*ret_v = v;
	return ST_OK;
}

static status parse_word(struct bytes word, struct unix_status *s)
{
	const struct {
		struct bytes key;
		uint64_t *value;
	} numbers[] = {
		{BYTES_LIT("present="), &s->present},
		{BYTES_LIT("generation="), &s->generation},
		{BYTES_LIT("t0="), &s->t0},
	};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		size_t n = numbers[i].key.n;
		if (bytes_start_with(word, numbers[i].key))
			return parse_decimal(bytes_of(word.p + n, word.n - n), numbers[i].value);
	}
	const struct bytes atr = BYTES_LIT("atr=");
	if (!bytes_start_with(word, atr))
		return ST_OK;
	struct wtr w = WTR_ON(s->atr);
	if (hex_get(bytes_of(word.p + atr.n, word.n - atr.n), &w) != ST_OK)
		return ST_MALFORMED;
	s->atr_len = w.n;
	return ST_OK;
}

static status parse_status(struct bytes text, struct unix_status *ret_s)
{
	struct unix_status s = {0};
	struct rdr in = rdr_of(text);
	if (in.n > 0 && in.p[0] == 0xFF)
		TRY(rdr_skip(&in, 1));
	for (bool first = true; in.n > 0; first = false) {
		size_t n = 0;
		while (n < in.n && in.p[n] != ' ' && in.p[n] != '\n')
			n++;
		struct bytes word;
		TRY(rdr_take(&in, n, &word));
		if (in.n > 0)
			TRY(rdr_skip(&in, 1));
		if (first && !bytes_equal(word, BYTES_LIT("ok")))
			return ST_MALFORMED;
		TRY(parse_word(word, &s));
	}
	*ret_s = s;
	return text.n > 0 ? ST_OK : ST_MALFORMED;
}

static status ask_status(struct unix_transport *u, struct unix_status *ret_s, deadline dl)
{
	uint8_t text[FRAME_MAX];
	struct wtr w = WTR_ON(text);
	static const uint8_t mark[] = {0xFF};
	TRY(exchange(u, BYTES_OF(mark), BYTES_LIT("status"), &w, dl));
	status st = parse_status(wtr_bytes(&w), ret_s);
	if (st != ST_OK)
		drop(u);
	return st;
}

/* --- the contract --- */

static status unix_open(const struct uri *uri, struct transport **ret_t)
{
	struct unix_transport *u = NULL;
	size_t n = strlen(uri->path);
	if (n == 0 || n >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return ST_ARG;
	u = calloc(1, sizeof(*u));
	if (!u)
		return ST_NOMEM;
	u->fd = -1;
	snprintf(u->t.name, sizeof(u->t.name), "%s", uri->path);
	*ret_t = &u->t;
	return ST_OK;
}

/* A connection that the far side has closed meanwhile (it was restarted) is made anew once. */
static status connected_status(struct unix_transport *u, struct unix_status *ret_s, deadline dl)
{
	if (u->fd >= 0) {
		status st = ask_status(u, ret_s, dl);
		if (st != ST_NO_DEVICE)
			return st;
	}
	TRY(stream_connect(u->t.name, dl, &u->fd));
	return ask_status(u, ret_s, dl);
}

static status unix_begin(struct transport *t, deadline dl)
{
	struct unix_status s;
	TRY(connected_status(of(t), &s, dl));
	t->unclean = false; /* a late answer went down with its connection */
	t->generation = s.generation;
	t->changes = s.generation + 1;
	t->traits = s.t0 ? TRANSPORT_T0 : 0;
	memcpy(t->atr, s.atr, s.atr_len);
	t->atr_len = s.atr_len;
	return s.present ? ST_OK : ST_NO_CARD;
}

static void unix_end(struct transport *t)
{
	(void)t; /* the connection stays for the next operation */
}

static status unix_transmit(struct transport *t, const struct channel *ch, struct bytes cmd,
			    struct wtr *reply, deadline dl)
{
	(void)ch; /* its number is in the class byte */
	if (of(t)->fd < 0)
		return ST_NO_DEVICE;
	TRY(exchange(of(t), bytes_of(NULL, 0), cmd, reply, dl));
	return reply->n == 0 ? ST_CARD_GONE : ST_OK;
}

/* Silence counts as presence: the far side may be at work for another process. So does a refusal:
 * the first operation tells the reason, and programs may wait for ever for a session (libp11). */
static bool unix_present(struct transport *t)
{
	struct unix_transport *u = of(t);
	struct unix_status s = {0};
	bool was_connected = u->fd >= 0;
	status st = connected_status(u, &s, deadline_in_ms(PRESENT_MS));
	if (!was_connected)
		drop(u);
	if (st == ST_OK)
		t->changes = s.generation + 1;
	return st == ST_TIMEOUT || st == ST_DENIED_DEVICE || (st == ST_OK && s.present);
}

static void unix_disconnect(struct transport *t)
{
	drop(of(t));
}

static void unix_free(struct transport *t, bool forked)
{
	(void)forked; /* close(2) is all that is ever done */
	drop(of(t));
	free(t);
}

const struct transport_ops transport_unix = {
	.scheme = "unix",
	.open = unix_open,
	.begin = unix_begin,
	.end = unix_end,
	.transmit = unix_transmit,
	.present = unix_present,
	.disconnect = unix_disconnect,
	.free = unix_free,
};
