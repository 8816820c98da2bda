/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one qmi: device, shared by the files of this back end. */
#ifndef IOTSAFE_TRANSPORT_QMI_H
#define IOTSAFE_TRANSPORT_QMI_H

#include "qmi_codes.h"
#include "qmi_link.h"
#include "qmi_long.h"
#include "qmi_uim.h"
#include "transport.h"

/* Client id, channel and owner of what a record or a note names. Text: "c<cid>n<channel>"
 * "t<token>" "l<life>", the last two in hex. */
struct qmi_handle {
	uint8_t cid;
	uint8_t channel; /* 0 in a note */
	uint32_t token;	 /* of the allocation: client ids come again */
	uint16_t life;	 /* of the device: a modem that went and came back knows none of its clients
			  */
};

enum { QMI_STRAYS_MAX = 4 };

struct qmi_device {
	struct transport t;
	struct qmi_link link;
	char path[URI_MAX];
	char proxy[128];
	bool direct;
	bool share; /* client ids and channels go on from process to process */
	uint8_t slot;

	bool seen;	  /* has been reached before, so that it may come back */
	bool common;	  /* one stream for all processes: read under the device's lock only */
	bool complained;  /* about the present reason why it cannot be reached */
	bool told_silent; /* that it can, and does not answer */
	uint16_t life;	  /* see struct qmi_handle */

	uint8_t cid; /* our client id, or 0 */
	uint32_t token;
	/* client ids that came when nobody waited for them any more */
	uint8_t strays[QMI_STRAYS_MAX];
	size_t stray_n;

	bool stale; /* the card went, came or changed since our channel was opened */
	enum qmi_card card;
	deadline absent_until; /* how long "no SIM" is believed where nobody would tell */
	char iccid[ICCID_DIGITS_MAX + 1]; /* as the modem told it last */
	bool refresh_waits;		  /* the modem waits for our word that it may go on */
	uint8_t refresh_session;

	/* habits of this modem */
	bool no_open, no_procedure, no_slots, no_card_status;
	bool host_class;  /* it wants the channel in the class byte */
	bool class_known; /* so or so */

	struct qmi_long reply;
};

static inline struct qmi_device *qmi_device_of(struct transport *t)
{
	return (struct qmi_device *)t;
}

/* --- qmi_connect.c --- */
/* Connected, or connected anew. Waits for a device that was there before. ST_NO_DEVICE,
 * ST_NO_SERVICE (no proxy), ST_DENIED_DEVICE, ST_BUSY_DEVICE, ST_TIMEOUT. */
status qmi_connect(struct qmi_device *d, deadline dl) MUST_USE;
/* Could it be reached? Quick, and without traffic. */
bool qmi_connect_possible(const struct qmi_device *d);

/* For the user, through the proxy: what needs no SIM was asked at `since` and not answered.
 * qmi-proxy, and with it the modem, is silent for ever when it takes the rest of what it gave up
 * for the start of a long message. Nothing is said after less than a second, nor twice until the
 * modem answers. */
void qmi_connect_tell_silent(struct qmi_device *d, int64_t since);
void qmi_connect_answers(struct qmi_device *d);

/* --- qmi_client.c: the client id, its owner, its end --- */
/* Our client id, allocated if there is none. ST_NO_CHANNEL: the modem has none left. */
status qmi_client_need(struct qmi_device *d, deadline dl) MUST_USE;
/* Releases it, and with it its channels, and ends the note that names it. false: the connection
 * broke. Without an answer it counts as released, since the modem has got it and the next time it
 * might be somebody else's. */
bool qmi_client_release(struct qmi_device *d, const struct qmi_handle *h, deadline dl);
/* The modem does not know ours any more. */
void qmi_client_lost(struct qmi_device *d);
/* Releases our own, too: we have none then, whatever comes of it. */
bool qmi_client_give_up(struct qmi_device *d, deadline dl);
/* At the begin of an operation: releases what a dead owner noted; forgets a client id of ours that
 * others have released meanwhile. */
void qmi_client_settle(struct qmi_device *d, deadline dl);
/* At its end: what no record names is released. */
void qmi_client_leave(struct qmi_device *d);
/* Is the record in the lock file ours? */
bool qmi_client_owns_record(const struct qmi_device *d);
void qmi_client_name(const struct qmi_device *d, uint8_t channel, char ret_text[24]);
/* ST_MALFORMED */
status qmi_client_parse(const char *text, struct qmi_handle *ret_h) MUST_USE;
bool qmi_client_is_ours(const struct qmi_device *d, const struct qmi_handle *h);
/* What was told of the SIM just now. */
void qmi_client_card_is(struct qmi_device *d, enum qmi_card card);
/* For qmi_link: takes in indications and what comes late. */
status qmi_client_aside(void *ctx, const struct qmi_message *m);

/* --- qmi_ask.c: questions to the modem, asked again when the answer was lost --- */
/* One message of UIM on our client id. As qmi_link_run, but errors of the modem become a status,
 * and *ret_error tells them too. Waits while the modem says "not ready". */
status qmi_ask_uim(struct qmi_device *d, uint16_t id, struct bytes tlvs, enum qmi_context in,
		   struct bytes *ret_tlvs, uint16_t *ret_error, deadline dl) MUST_USE;
/* Is a SIM there? ST_OK (also when the modem cannot tell), ST_NO_CARD. */
status qmi_ask_card(struct qmi_device *d, deadline dl) MUST_USE;
status qmi_ask_iccid(struct qmi_device *d, char ret_iccid[ICCID_DIGITS_MAX + 1],
		     deadline dl) MUST_USE;

#endif
