/* SPDX-License-Identifier: Apache-2.0 */
/* pcsc: a card in a PC/SC reader.
 *
 *   pcsc:                  the first reader with a card
 *   pcsc:?reader=TEXT      the first reader with a card whose name contains TEXT
 *
 * Shared mode, one short transaction per card operation, the handle kept in between (pcscd powers a
 * card down, and its channels with it, 5 s after the last disconnect).
 *
 * Deadlines. libpcsclite waits without limit, in its own code and inside pcscd, while another
 * client holds a transaction (measured on 1.9.9: SCardBeginTransaction, SCardConnect,
 * SCardReconnect, SCardStatus, SCardTransmit). SCardGetAttrib answers SHARING_VIOLATION at once
 * instead, so it is the gate that we ask, again and again until the deadline, before any of the
 * calls that wait; and it tells of reset and removal too. For SCardConnect, where there is no
 * handle to ask with, pcsc_gate.c tries the connection first. What is left: another client that
 * takes a transaction in the few microseconds between gate and call makes us wait for the end of
 * that one; and a command that has gone to the card is waited for, as pcscd cannot take it back
 * (its driver limits the time).
 *
 * Generation. pcscd counts insertions and removals of each reader: that count, with the ATR and the
 * identity of the running pcscd, whose restart begins a new count. A reset by another client does
 * not count; it shows as 6881 on our channel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends.h"
#include "log.h"
#include "mem.h"
#include "pcsc.h"
#include "pcsc_api.h"
#include "pcsc_fd.h"
#include "pcsc_gate.h"

enum {
	READER_MAX = MAX_READERNAME, /* with the NUL */
	READERS_TEXT_MAX = PCSCLITE_MAX_READERS_CONTEXTS * READER_MAX + 1,
	GATE_MS = 5,	 /* between questions to a busy reader */
	REPAIRS_MAX = 6, /* of the connection, in one begin */
	REPLY_ROOM = 264,
};

struct pcsc_transport {
	struct transport t;
	struct pcsc_api api;
	char wanted[READER_MAX]; /* part of the reader's name; "" for any */
	char reader[READER_MAX]; /* the one in use */
	pid_t owner;		 /* who made context and card: nobody else may use them */
	bool has_context, has_card, in_transaction;
	SCARDCONTEXT context;
	SCARDHANDLE card;
	DWORD protocol;
	struct pcsc_gate gate;
	struct pcsc_fd socket; /* of context */
};

static struct pcsc_transport *of(struct transport *t)
{
	return (struct pcsc_transport *)t;
}

/* --- handles --- */

static void drop_card(struct pcsc_transport *p)
{
	if (p->has_card && p->owner == getpid())
		(void)p->api.disconnect(p->card, SCARD_LEAVE_CARD);
	p->has_card = false;
	p->in_transaction = false;
}

static void drop_context(struct pcsc_transport *p)
{
	drop_card(p);
	if (p->has_context && p->owner == getpid())
		(void)p->api.release(p->context);
	if (p->has_context && p->owner != getpid())
		pcsc_fd_close(&p->socket);
	p->has_context = false;
}

/* The status of a failed call, after dropping what it says is dead. */
static status failed(struct pcsc_transport *p, const char *call, LONG rv)
{
	const struct pcsc_meaning *m = pcsc_api_meaning(rv);

	log_debug("pcsc: %s: 0x%08lx %s", call, (unsigned long)rv, m->name);
	if (m->repair == PCSC_DROP_CARD)
		drop_card(p);
	if (m->repair == PCSC_DROP_CONTEXT)
		drop_context(p);
	return m->st;
}

static status need_context(struct pcsc_transport *p)
{
	if (p->has_context && p->owner == getpid())
		return ST_OK;
	drop_context(p);
	TRY(pcsc_api_load(&p->api, PCSC_LIBRARY));
	if (!pcsc_gate_is_answered())
		return ST_NO_SERVICE;
	int fd = pcsc_fd_next();
	LONG rv = p->api.establish(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->context);
	if (rv != SCARD_S_SUCCESS)
		return failed(p, "SCardEstablishContext", rv);
	p->has_context = true;
	p->owner = getpid();
	pcsc_fd_note(&p->socket, fd);
	return ST_OK;
}

/* --- readers --- */

/* The state of a reader now. */
static LONG look(struct pcsc_transport *p, const char *reader, SCARD_READERSTATE *ret_state)
{
	SCARD_READERSTATE s = {.szReader = reader, .dwCurrentState = SCARD_STATE_UNAWARE};
	LONG rv = p->api.status_change(p->context, 0, &s, 1);

	if (rv == SCARD_S_SUCCESS)
		*ret_state = s;
	return rv;
}

/* All names, one after another, ended by an empty one. */
static status list_names(struct pcsc_transport *p, char ret_names[READERS_TEXT_MAX])
{
	DWORD n = READERS_TEXT_MAX;
	LONG rv = p->api.list_readers(p->context, NULL, ret_names, &n);

	if (rv == SCARD_E_NO_READERS_AVAILABLE) {
		ret_names[0] = '\0';
		return ST_OK;
	}
	return rv == SCARD_S_SUCCESS ? ST_OK : failed(p, "SCardListReaders", rv);
}

static bool has_card(const SCARD_READERSTATE *s)
{
	return (s->dwEventState & SCARD_STATE_PRESENT) && !(s->dwEventState & SCARD_STATE_MUTE);
}

/* pcscd counts insertions and removals of each reader in the upper half of its state. */
static uint64_t count_of(const SCARD_READERSTATE *s)
{
	return (s->dwEventState >> 16) & 0xFFFF;
}

/* A card that went and one that came between two looks show in the count alone. */
static void note_changes(struct pcsc_transport *p, const SCARD_READERSTATE *s)
{
	uint64_t h = 1;

	for (const char *c = p->reader; *c; c++)
		h = h * 31 + (uint8_t)*c;
	p->t.changes = h << 16 | count_of(s);
}

/* The first reader of the wanted name with a card. ST_NO_DEVICE: no such reader at all. */
static status choose_reader(struct pcsc_transport *p, SCARD_READERSTATE *ret_state)
{
	char names[READERS_TEXT_MAX];
	status st = ST_NO_DEVICE;

	TRY(list_names(p, names));
	for (const char *name = names; *name; name += strlen(name) + 1) {
		SCARD_READERSTATE s;

		if (!strstr(name, p->wanted) || strlen(name) >= sizeof(p->reader))
			continue;
		if (look(p, name, &s) != SCARD_S_SUCCESS)
			continue;
		st = ST_NO_CARD;
		if (has_card(&s)) {
			memcpy(p->reader, name, strlen(name) + 1);
			*ret_state = s;
			return ST_OK;
		}
	}
	return st;
}

/* --- connection --- */

static status connect_card(struct pcsc_transport *p, deadline dl)
{
	SCARD_READERSTATE s;

	TRY(choose_reader(p, &s));
	if (s.dwEventState & SCARD_STATE_EXCLUSIVE)
		return ST_BUSY_DEVICE;
	if (s.dwEventState & SCARD_STATE_INUSE)
		TRY(pcsc_gate_pass(&p->gate, p->reader, dl));
	LONG rv = p->api.connect(p->context, p->reader, SCARD_SHARE_SHARED,
				 SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &p->card, &p->protocol);
	if (rv != SCARD_S_SUCCESS)
		return failed(p, "SCardConnect", rv);
	p->has_card = true;
	return ST_OK;
}

/* SCARD_S_SUCCESS when no other client holds the card; waits for that, with a deadline. */
static status pass_gate(struct pcsc_transport *p, deadline dl, LONG *ret_rv)
{
	for (;;) {
		BYTE atr[MAX_BUFFER_SIZE];
		DWORD n = sizeof(atr);
		LONG rv = p->api.attribute(p->card, SCARD_ATTR_ATR_STRING, atr, &n);

		if (rv != SCARD_E_SHARING_VIOLATION) {
			*ret_rv = rv;
			return ST_OK;
		}
		if (deadline_passed(dl))
			return ST_TIMEOUT;
		deadline_sleep(dl, GATE_MS);
	}
}

static status revive(struct pcsc_transport *p)
{
	LONG rv =
		p->api.reconnect(p->card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
				 SCARD_LEAVE_CARD, &p->protocol);

	if (rv == SCARD_S_SUCCESS)
		return ST_OK;
	status st = failed(p, "SCardReconnect", rv);
	drop_card(p);
	return st;
}

/* Of our handle, from a return value that is not about the card's being held. */
static bool is_broken(LONG rv)
{
	enum pcsc_repair repair = pcsc_api_meaning(rv)->repair;

	return rv != SCARD_S_SUCCESS &&
	       (repair == PCSC_RECONNECT || repair == PCSC_DROP_CONTEXT ||
		rv == SCARD_E_NO_SMARTCARD || rv == SCARD_E_READER_UNAVAILABLE);
}

/* One attempt to own the card. *ret_again: something was repaired, and it is worth another. */
static status attempt(struct pcsc_transport *p, deadline dl, bool *ret_again)
{
	LONG rv = SCARD_S_SUCCESS;

	*ret_again = false;
	TRY(need_context(p));
	if (!p->has_card) {
		status st = connect_card(p, dl);

		/* pcscd was restarted behind our context, or the reader went while we looked */
		*ret_again = st == ST_OK || st == ST_NO_SERVICE;
		return st;
	}
	TRY(pass_gate(p, dl, &rv));
	if (!is_broken(rv))
		rv = p->api.begin(p->card);
	if (rv == SCARD_S_SUCCESS) {
		p->in_transaction = true;
		return ST_OK;
	}
	*ret_again = true;
	status st = failed(p, "SCardBeginTransaction", rv);
	if (pcsc_api_meaning(rv)->repair == PCSC_RECONNECT)
		return revive(p);
	return st;
}

/* --- generation --- */

/* FNV-1a */
static uint32_t mix(uint32_t h, const void *data, size_t n)
{
	const uint8_t *b = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 16777619u;
	return h;
}

/* pcscd writes this file when it starts: its identity tells one life of pcscd from the next. */
static uint32_t mix_service(uint32_t h)
{
	struct stat st;

	if (stat(PCSC_PID_FILE, &st) != 0)
		return h;
	h = mix(h, &st.st_ino, sizeof(st.st_ino));
	return mix(h, &st.st_mtim, sizeof(st.st_mtim));
}

static status note_card(struct pcsc_transport *p)
{
	SCARD_READERSTATE s = {0};
	LONG rv = look(p, p->reader, &s);

	if (rv != SCARD_S_SUCCESS)
		return failed(p, "SCardGetStatusChange", rv);
	size_t n = s.cbAtr <= sizeof(p->t.atr) ? s.cbAtr : 0;
	memcpy(p->t.atr, s.rgbAtr, n);
	p->t.atr_len = n;
	uint32_t hash = mix_service(mix(2166136261u, s.rgbAtr, n));
	p->t.generation = count_of(&s) << 32 | hash;
	note_changes(p, &s);
	p->t.traits = p->protocol == SCARD_PROTOCOL_T0 ? TRANSPORT_T0 : 0;
	bool is_named = strcmp(p->reader, p->wanted) == 0;
	snprintf(p->t.description, sizeof(p->t.description), "%.*s",
		 (int)sizeof(p->t.description) - 1, is_named ? "" : p->reader);
	return ST_OK;
}

/* --- operations --- */

static status pcsc_open(const struct uri *uri, struct transport **ret_t)
{
	const char *reader = uri_param(uri, "reader");
	struct pcsc_transport *p;

	if (uri->path[0] != '\0' || uri->param_count != (reader ? 1U : 0U))
		return ST_ARG;
	if (reader && strlen(reader) >= sizeof(p->wanted))
		return ST_ARG;
	p = calloc(1, sizeof(*p));
	if (!p)
		return ST_NOMEM;
	p->gate.fd = -1;
	snprintf(p->wanted, sizeof(p->wanted), "%s", reader ? reader : "");
	snprintf(p->t.name, sizeof(p->t.name), "%s", p->wanted);
	*ret_t = &p->t;
	return ST_OK;
}

static void pcsc_end(struct transport *t)
{
	struct pcsc_transport *p = of(t);

	if (p->in_transaction) {
		LONG rv = p->api.end(p->card, SCARD_LEAVE_CARD);

		if (rv != SCARD_S_SUCCESS)
			(void)failed(p, "SCardEndTransaction", rv);
	}
	p->in_transaction = false;
}

static status pcsc_begin(struct transport *t, deadline dl)
{
	struct pcsc_transport *p = of(t);
	status st = ST_IO;

	/* whatever was left half-way by another process of ours ended with its transaction */
	t->unclean = false;
	for (int repairs = 0; repairs < REPAIRS_MAX; repairs++) {
		bool again = false;

		st = attempt(p, dl, &again);
		if (st == ST_OK && p->in_transaction) {
			st = note_card(p);
			if (st != ST_OK)
				pcsc_end(t);
			return st;
		}
		if (st == ST_BUSY_DEVICE && !deadline_passed(dl)) {
			deadline_sleep(dl, GATE_MS);
			repairs--;
			continue;
		}
		if (st != ST_OK && !again)
			return st;
	}
	return st == ST_OK ? ST_IO : st;
}

/* What transmit may answer: the header names fewer outcomes than begin's. */
static status operation_status(status st)
{
	switch ((int)st) {
	case ST_NO_CARD:
		return ST_CARD_GONE;
	case ST_NO_SERVICE:
		return ST_NO_DEVICE;
	case ST_BUSY_DEVICE:
		return ST_IO;
	default:
		return st;
	}
}

static status pcsc_transmit(struct transport *t, const struct channel *ch, struct bytes cmd,
			    struct wtr *reply, deadline dl)
{
	struct pcsc_transport *p = of(t);
	SCARD_IO_REQUEST pci = {p->protocol, sizeof(pci)};
	BYTE answer[REPLY_ROOM];
	DWORD n = sizeof(answer);

	(void)ch; /* the core has put the channel into the class byte */
	if (!p->in_transaction)
		return ST_NO_DEVICE; /* lost in an earlier command of this operation */
	if (deadline_passed(dl))
		return ST_TIMEOUT;
	LONG rv = p->api.transmit(p->card, &pci, cmd.p, cmd.n, NULL, answer, &n);
	if (rv == SCARD_E_INSUFFICIENT_BUFFER)
		return ST_MALFORMED;
	if (rv != SCARD_S_SUCCESS) {
		p->in_transaction = pcsc_api_meaning(rv)->repair == PCSC_KEEP;
		return operation_status(failed(p, "SCardTransmit", rv));
	}
	wtr_put(reply, bytes_of(answer, n));
	mem_wipe(answer, n < sizeof(answer) ? n : sizeof(answer));
	return ST_OK;
}

/* The state of the reader in use, or of the first one with a card. */
static status find_card(struct pcsc_transport *p, SCARD_READERSTATE *ret_s)
{
	bool had_context = p->has_context;

	TRY(need_context(p));
	if (had_context && !pcsc_gate_is_answered())
		return ST_NO_SERVICE;
	if (p->has_card) {
		LONG rv = look(p, p->reader, ret_s);

		if (rv == SCARD_S_SUCCESS && has_card(ret_s))
			return ST_OK;
		if (pcsc_api_meaning(rv)->repair == PCSC_DROP_CONTEXT) {
			drop_context(p);
			TRY(need_context(p));
		}
	}
	return choose_reader(p, ret_s);
}

static bool pcsc_present(struct transport *t)
{
	struct pcsc_transport *p = of(t);
	SCARD_READERSTATE s;

	if (find_card(p, &s) != ST_OK)
		return false;
	note_changes(p, &s);
	return true;
}

static void pcsc_disconnect(struct transport *t)
{
	pcsc_end(t);
	drop_context(of(t));
}

static void pcsc_free(struct transport *t, bool forked)
{
	struct pcsc_transport *p = of(t);

	pcsc_gate_close(&p->gate);
	/* forked: the context is the parent's; any call on it, even the release, would be heard by
	 * pcscd as the parent's. The library stays loaded with it. */
	if (forked && p->has_context)
		pcsc_fd_close(&p->socket);
	if (!forked) {
		pcsc_disconnect(t);
		pcsc_api_unload(&p->api);
	}
	free(p);
}

static void put_escaped(struct wtr *w, const char *text)
{
	for (; *text; text++) {
		bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			     (*text >= '0' && *text <= '9') || *text == '-' || *text == '.' ||
			     *text == '_';

		if (plain)
			wtr_u8(w, (uint8_t)*text);
		else
			wtr_printf(w, "%%%02X", (unsigned)(uint8_t)*text);
	}
}

static status pcsc_list(void (*found)(void *ctx, const char *uri_text), void *ctx)
{
	struct pcsc_transport p = {0};
	char names[READERS_TEXT_MAX] = "";
	status st = need_context(&p);

	if (st == ST_OK)
		st = list_names(&p, names);
	drop_context(&p);
	pcsc_api_unload(&p.api);
	for (const char *name = names; st == ST_OK && *name; name += strlen(name) + 1) {
		char text[URI_MAX];
		struct wtr w = WTR_ON(text);

		wtr_printf(&w, "pcsc:?reader=");
		put_escaped(&w, name);
		wtr_u8(&w, 0);
		if (wtr_done(&w) == ST_OK)
			found(ctx, text);
	}
	return st;
}

const struct transport_ops transport_pcsc = {
	.scheme = "pcsc",
	.open = pcsc_open,
	.begin = pcsc_begin,
	.end = pcsc_end,
	.transmit = pcsc_transmit,
	.present = pcsc_present,
	.disconnect = pcsc_disconnect,
	.free = pcsc_free,
	.list = pcsc_list,
};
