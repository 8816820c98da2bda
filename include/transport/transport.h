/* SPDX-License-Identifier: Apache-2.0 */
/* Byte movers to a SIM. A back end is one const struct transport_ops, registered by URI scheme in
 * transport.c; fds, termios and winscard live below this header and nowhere else.
 *
 * Life of a transport:
 *   transport_open      allocates; may be lazy about the device itself
 *   transport_enter     takes the device for one card operation: the per-device lock file, then the
 *                       back end's begin (PC/SC transaction, tty reopened if needed, modem probed)
 *     transport_transmit / _channel_open / _channel_close / _record_*    only while entered
 *   transport_leave     gives the device back; always succeeds
 *   transport_close     polite end (SCardDisconnect LEAVE_CARD, close); never closes a channel
 *   transport_forget    in a forked child: close(2) and free, no traffic, no unlock
 *
 * One thread at a time per transport (the core's slot lock); several processes at once (the lock
 * file). After any failure the transport stays usable: the next transport_enter repairs it, with a
 * fresh connection if need be. Nothing here knows an APDU beyond its class byte's channel bits,
 * which the *core* sets. Each wait ends at the deadline with ST_TIMEOUT. */
#ifndef IOTSAFE_TRANSPORT_TRANSPORT_H
#define IOTSAFE_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include "bytes.h"
#include "deadline.h"
#include "sizes.h"
#include "status.h"
#include "uri.h"

/* A logical channel. Either the device opened it and names it by an opaque handle (AT+CCHO session,
 * QMI, MBIM): then the class byte's channel bits are left 0. Or the host opened it by MANAGE
 * CHANNEL (CSIM, PC/SC, unix): then handle is empty and number goes into the class byte. */
struct channel {
	char handle[24];
	uint8_t number; /* 1..19; 0 is the basic channel */
};
static inline bool channel_is_device_owned(const struct channel *ch)
{
	return ch->handle[0] != '\0';
}

enum transport_trait {
	/* the link itself resolves 61xx and 6Cxx */
	TRANSPORT_RESOLVES = 1,
	/* T=0: append P3=00 to case 1, strip Le from case 4 */
	TRANSPORT_T0 = 2,
	/* channels die with this client: close after each burst instead of sharing */
	TRANSPORT_CHANNEL_DIES = 4,
	/* other users of the card may run between our APDUs (AT modems) */
	TRANSPORT_CROSSTALK = 8,
	/* generation tells one port from the next, behind which the modem may live on with its
	 * channels: an older record is handed out too, and proves itself at the card */
	TRANSPORT_COUNTS_PORTS = 16,
};

/* What the lock file remembers of the shared channel. Plain data; all fields are the core's to set,
 * except generation, which it copies from transport_generation. */
struct channel_record {
	struct channel channel;
	uint8_t aid[AID_MAX];
	size_t aid_len;
	char iccid[ICCID_DIGITS_MAX + 1];
	uint64_t generation;
	uint8_t cla_base; /* 0x80 or 0x00, as learned */
};

struct transport;

/* Settings that every back end gets beside its URI. */
struct transport_settings {
	const char *lock_dir; /* copied */
};

struct transport_ops {
	const char *scheme;
	/* Allocates *ret_t (a larger struct that starts with struct transport). No traffic. */
	status (*open)(const struct uri *uri, struct transport **ret_t);
	/* Connects if needed, takes the card for us, sets t->generation and t->traits. */
	status (*begin)(struct transport *t, deadline dl);
	void (*end)(struct transport *t);
	/* cmd to the card on ch (NULL: basic channel); data || SW1 SW2 into reply. */
	status (*transmit)(struct transport *t, const struct channel *ch, struct bytes cmd,
			   struct wtr *reply, deadline dl);
	/* Opens a device-owned channel with the applet selected. ST_UNSUPPORTED_LINK: use MANAGE
	 * CHANNEL. ST_NO_APPLET: the device says that no such application exists. May be NULL. */
	status (*channel_open)(struct transport *t, struct bytes aid, struct channel *ret_ch,
			       deadline dl);
	status (*channel_close)(struct transport *t, const struct channel *ch, deadline dl);
	/* The ICCID by the link's own means (AT+CCID…), digits only. May be NULL. */
	status (*iccid)(struct transport *t, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl);
	/* Is a SIM there? Without an APDU and without taking the device; quick (≤ 50 ms). Takes in
	 * what the link has said by itself meanwhile (URCs, indications), where it is connected. */
	bool (*present)(struct transport *t);
	/* Entered: asks the device itself whether a SIM is there, without an APDU (AT+CPIN?, card
	 * status). ST_OK, ST_NO_CARD, or what begin may say. NULL: present has asked already. */
	status (*look)(struct transport *t, deadline dl);
	/* Entered: a channel that the record names, of this process or of another one: can it be
	 * used on this connection? ST_NO_ENTRY: no, and what belonged to it is given up. NULL: any
	 * recorded channel can. */
	status (*resume)(struct transport *t, const struct channel *ch, deadline dl);
	/* Drops the connection without I/O beyond close(2)/release; begin connects anew. */
	void (*disconnect)(struct transport *t);
	/* Frees what open made. forked: no traffic at all. */
	void (*free)(struct transport *t, bool forked);
	/* Names of devices behind a bare URI ("pcsc:"), as complete URIs. May be NULL. */
	status (*list)(void (*found)(void *ctx, const char *uri_text), void *ctx);
};

struct devlock; /* devlock.c */

struct transport {
	const struct transport_ops *ops;
	char name[URI_MAX];		/* the device for people: reader name, tty path */
	char description[NAME_MAX_LEN]; /* model and firmware when known ("Quectel EC25 …"), else ""
					 */
	unsigned traits;		/* enum transport_trait, valid once entered */
	uint64_t generation; /* device-wide count of card changes, equal in every process; 0 where
			      * the link cannot tell */
	/* Moves with each coming and going of a SIM that this process has met, also of one that was
	 * back before anybody looked; set by present, end and look. 0: nothing was met yet. */
	uint64_t changes;
	uint8_t atr[ATR_MAX];
	size_t atr_len;
	struct devlock *lock;
	bool entered;
	/* The link may be out of step: set before begin when the last holder of the device died
	 * inside an operation or left an answer on its way; begin puts it right and clears it. A
	 * back end sets it in end when it leaves the link so. */
	bool unclean;
	/* Where channels die: set by begin, our channel went since another process had its turn,
	 * and the link has told of nothing that happened to the card. */
	bool displaced;
	/* Set by the core around the exchange of a command that may cost a PIN try: the link sends
	 * it once at most, even where it would repeat others (a modem that says "busy"). */
	bool once;
};

/* Opens by scheme (pcsc, at, qmi, mbim, unix). ST_ARG for an unknown scheme or a bad
 * parameter. No traffic, no device touched. */
status transport_open(const struct uri *uri, const struct transport_settings *set,
		      struct transport **ret_t) MUST_USE;
void transport_close(struct transport *t);  /* NULL is fine */
void transport_forget(struct transport *t); /* NULL is fine */

/* Takes the device. ST_TIMEOUT when others hold it until dl, ST_NO_DEVICE, ST_NO_CARD,
 * ST_NO_SERVICE, ST_DENIED_DEVICE, ST_BUSY_DEVICE, ST_SIM_PIN. */
status transport_enter(struct transport *t, deadline dl) MUST_USE;
void transport_leave(struct transport *t);

/* One exchange. On ST_OK reply holds at least SW1 SW2. reply is emptied first. Errors:
 * ST_CHANNEL_LOST (the link says so), ST_CARD_GONE, ST_TIMEOUT, ST_DESYNC, ST_IO, ST_NO_DEVICE. */
status transport_transmit(struct transport *t, const struct channel *ch, struct bytes cmd,
			  struct wtr *reply, deadline dl) MUST_USE;
status transport_channel_open(struct transport *t, struct bytes aid, struct channel *ret_ch,
			      deadline dl) MUST_USE;
status transport_channel_close(struct transport *t, const struct channel *ch, deadline dl) MUST_USE;
status transport_iccid(struct transport *t, char ret_iccid[ICCID_DIGITS_MAX + 1],
		       deadline dl) MUST_USE;
bool transport_present(struct transport *t);
void transport_disconnect(struct transport *t);

/* Takes the device if it is free right now, asks whether a SIM is there, gives it back; for those
 * who wait for events. Where present asks the device anyway (no look): that. No APDU. ST_OK,
 * ST_NO_CARD, ST_CARD_BUSY (others are at work on it), or what transport_enter may say. */
status transport_look(struct transport *t, deadline dl) MUST_USE;

/* The shared channel's record, valid while entered. Load: ST_NO_ENTRY when none, or damaged, or of
 * another boot, or of another generation than the present, or of no use on this connection. Store
 * and clear cannot fail: a lock directory that is not writable means no sharing, which
 * transport_can_share tells. */
status transport_record_load(struct transport *t, struct channel_record *ret_r,
			     deadline dl) MUST_USE;
void transport_record_store(struct transport *t, const struct channel_record *r);
void transport_record_clear(struct transport *t);
/* False: nobody else can take over the channel, so close it before leaving. */
bool transport_can_share(const struct transport *t);

/* Expands a URI that names all devices of a kind ("pcsc:") by calling found once per device; any
 * other URI is reported as it is. */
status transport_list(const struct uri *uri, const char *uri_text,
		      void (*found)(void *ctx, const char *uri_text), void *ctx) MUST_USE;

#endif
