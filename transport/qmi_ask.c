/* SPDX-License-Identifier: Apache-2.0 */
#include "qmi.h"

#include <string.h>

#include "log.h"
#include "mem.h"

enum {
	ASK_MS = 3000,
	ASK_TRIES = 2,
	OPEN_MS = 5000,
	NOT_READY_FIRST_MS = 50,
	NOT_READY_LAST_MS = 800,
};

/* Within an operation: a link that broke lets the core begin anew. What only asks is asked again
 * when its answer was lost; what the card executes is not. */
static status run(struct qmi_device *d, const struct qmi_request *rq, enum qmi_context in,
		  struct bytes *ret_tlvs, uint16_t *ret_error, deadline dl)
{
	int tries = in == QMI_IN_ASK ? ASK_TRIES : 1;
	deadline limit = in == QMI_IN_OPEN ? deadline_sooner(dl, OPEN_MS) : dl;
	status st = ST_TIMEOUT;

	for (int i = 0; i < tries && st == ST_TIMEOUT && (i == 0 || !deadline_passed(dl)); i++)
		st = qmi_link_run(&d->link, rq, ret_tlvs, ret_error,
				  in == QMI_IN_ASK ? deadline_sooner(dl, ASK_MS) : limit);
	if (st == ST_TIMEOUT && in != QMI_IN_APDU && !deadline_passed(dl))
		st = ST_IO;
	return st == ST_NO_DEVICE ? ST_IO : st;
}

/* What the error says besides. */
static status judge(struct qmi_device *d, uint16_t error, enum qmi_context in)
{
	status st = qmi_codes_status(error, in);

	if (error == QMI_INVALID_CLIENT_ID)
		qmi_client_lost(d);
	if (st == ST_NO_CARD || st == ST_CARD_GONE)
		qmi_client_card_is(d, QMI_CARD_OUT);
	return st;
}

/* Not ready: where there is no SIM it never will be. */
static bool no_sim(struct qmi_device *d, enum qmi_context in, deadline dl)
{
	return in != QMI_IN_ASK && qmi_ask_card(d, dl) == ST_NO_CARD;
}

status qmi_ask_uim(struct qmi_device *d, uint16_t id, struct bytes tlvs, enum qmi_context in,
		   struct bytes *ret_tlvs, uint16_t *ret_error, deadline dl)
{
	int64_t pause = NOT_READY_FIRST_MS;
	const uint8_t cid = d->cid;

	for (bool first = true;; first = false) {
		const struct qmi_request rq = {QMI_UIM, d->cid, id, tlvs};
		status st = run(d, &rq, in, ret_tlvs, ret_error, dl);

		if (st != ST_OK || *ret_error == 0)
			return st;
		st = judge(d, *ret_error, in);
		if (st != ST_CARD_BUSY || d->t.once)
			return st;
		if (first && no_sim(d, in, dl))
			return in == QMI_IN_APDU ? ST_CARD_GONE : ST_NO_CARD;
		/* the channel went with the client id; an opening may go on with another one */
		if (d->cid == 0 || (in == QMI_IN_APDU && d->cid != cid))
			return ST_CHANNEL_LOST;
		deadline_sleep(dl, pause);
		if (deadline_passed(dl))
			return ST_CARD_BUSY;
		pause = pause < NOT_READY_LAST_MS ? 2 * pause : NOT_READY_LAST_MS;
	}
}

/* ST_CHANNEL_LOST: the modem does not know our client id any more. */
static status ask_card_once(struct qmi_device *d, enum qmi_card *ret_card, deadline dl)
{
	struct bytes answer;
	uint16_t error = 0;

	TRY(qmi_client_need(d, dl));
	const struct qmi_request rq = {
		.service = QMI_UIM, .client = d->cid, .id = QMI_UIM_CARD_STATUS};
	TRY(run(d, &rq, QMI_IN_ASK, &answer, &error, dl));
	status st = error ? judge(d, error, QMI_IN_ASK) : ST_OK;
	if (st == ST_UNSUPPORTED_LINK)
		d->no_card_status = true;
	if (st == ST_NO_CARD)
		*ret_card = QMI_CARD_OUT;
	if (st == ST_OK)
		*ret_card = qmi_uim_card(answer, d->slot);
	return st == ST_CHANNEL_LOST ? st : ST_OK;
}

status qmi_ask_card(struct qmi_device *d, deadline dl)
{
	enum qmi_card card = QMI_CARD_UNKNOWN;

	if (d->no_card_status)
		return ST_OK;
	status st = ask_card_once(d, &card, dl);
	if (st == ST_CHANNEL_LOST)
		st = ask_card_once(d, &card, dl);
	TRY(st);
	if (card == QMI_CARD_UNKNOWN)
		return ST_OK;
	qmi_client_card_is(d, card);
	return card == QMI_CARD_IN ? ST_OK : ST_NO_CARD;
}

/* --- ICCID --- */

static status iccid_by_slot(struct qmi_device *d, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	struct qmi_slot_status s;
	struct bytes answer;
	uint16_t error = 0;
	status st;

	if (d->no_slots)
		return ST_UNSUPPORTED_LINK;
	st = qmi_ask_uim(d, QMI_UIM_SLOT_STATUS, bytes_of(NULL, 0), QMI_IN_ASK, &answer, &error,
			 dl);
	d->no_slots = st == ST_UNSUPPORTED_LINK;
	TRY(st);
	TRY(qmi_uim_slot(answer, d->slot, &s));
	if (!s.iccid[0])
		return ST_NO_ENTRY;
	memcpy(ret_iccid, s.iccid, sizeof(s.iccid));
	return ST_OK;
}

static status iccid_by_file(struct qmi_device *d, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	uint8_t body[32];
	struct wtr w = WTR_ON(body);
	struct bytes answer;
	uint16_t error = 0;

	qmi_uim_put_read_iccid(&w, d->slot);
	TRY(qmi_ask_uim(d, QMI_UIM_READ_TRANSPARENT, wtr_bytes(&w), QMI_IN_ASK, &answer, &error,
			dl));
	return qmi_uim_iccid(answer, ret_iccid);
}

status qmi_ask_iccid(struct qmi_device *d, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	TRY(qmi_client_need(d, dl));
	status st = iccid_by_slot(d, ret_iccid, dl);

	if (st == ST_UNSUPPORTED_LINK || st == ST_NO_ENTRY || st == ST_MALFORMED)
		st = iccid_by_file(d, ret_iccid, dl);
	TRY(st);
	memcpy(d->iccid, ret_iccid, sizeof(d->iccid));
	return ST_OK;
}
