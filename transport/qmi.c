/* SPDX-License-Identifier: Apache-2.0 */
/* qmi:PATH[?slot=N][&proxy=ADDRESS][&direct=1][&share=1]: a modem's card service (UIM). The modem
 * opens the channel, selects the applet and puts the channel into the class byte. A channel belongs
 * to the client id that opened it, so that no process uses another one's: whoever finds a record
 * that is not his gives up what it names and opens his own (qmi_client.c); share=1 is for modems
 * and proxies that look at nothing but the client id, where he may go on with it. */
#include "qmi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends.h"
#include "devlock.h"
#include "log.h"
#include "mem.h"

enum {
	FREE_MS = 500,
	/* how long "no SIM" is believed where no indication would end it */
	ABSENT_MS = 1000,
	CLASS_CHANNELS_MAX = 19,
};

/* --- opening --- */

static status qmi_open(const struct uri *uri, struct transport **ret_t)
{
	const char *proxy = uri_param(uri, "proxy");
	long slot = 0;

	if (uri->path[0] != '/')
		return ST_ARG;
	if (!proxy)
		proxy = "@qmi-proxy";
	if ((proxy[0] != '@' && proxy[0] != '/') || !proxy[1])
		return ST_ARG;
	TRY(uri_param_number(uri, "slot", 1, QMI_SLOTS_MAX, 1, &slot));
	struct qmi_device *d = calloc(1, sizeof(*d));
	if (!d)
		return ST_NOMEM;
	qmi_link_init(&d->link, qmi_client_aside, d);
	d->slot = (uint8_t)slot;
	d->direct = uri_param_true(uri, "direct");
	d->share = uri_param_true(uri, "share");
	snprintf(d->proxy, sizeof(d->proxy), "%s", proxy);
	snprintf(d->path, sizeof(d->path), "%s", uri->path);
	/* the lock's name, too: each slot has channels and a record of its own */
	if (slot == 1)
		snprintf(d->t.name, sizeof(d->t.name), "%s", d->path);
	else
		snprintf(d->t.name, sizeof(d->t.name), "%.*s?slot=%ld", URI_MAX - 10, d->path,
			 slot);
	d->t.traits = TRANSPORT_RESOLVES;
	*ret_t = &d->t;
	return ST_OK;
}

static void qmi_disconnect(struct transport *t)
{
	struct qmi_device *d = qmi_device_of(t);

	qmi_link_close(&d->link);
	d->cid = 0;
}

/* The client id that this process would leave behind, unless somebody else is at work, who releases
 * it anyway. */
static void give_back(struct qmi_device *d)
{
	bool unclean = false;

	if (!qmi_link_is_open(&d->link) || d->cid == 0 || d->share ||
	    devlock_enter(d->t.lock, deadline_now(), &unclean) != ST_OK)
		return;
	if (qmi_client_owns_record(d) && qmi_client_give_up(d, deadline_in_ms(FREE_MS)))
		devlock_clear(d->t.lock);
	devlock_leave(d->t.lock, unclean);
}

static void qmi_free(struct transport *t, bool forked)
{
	struct qmi_device *d = qmi_device_of(t);

	if (!forked)
		give_back(d);
	qmi_disconnect(t);
	qmi_long_reset(&d->reply);
	free(d);
}

/* --- one operation --- */

static void qmi_end(struct transport *t)
{
	struct qmi_device *d = qmi_device_of(t);

	qmi_client_leave(d);
	qmi_long_reset(&d->reply);
	qmi_link_wipe(&d->link);
	d->absent_until = d->card == QMI_CARD_OUT ? deadline_in_ms(ABSENT_MS) : 0;
}

/* The modem has not answered what ran last, which may be the card's fault. What needs no card shows
 * whether it is there at all. */
static status probe(struct qmi_device *d, deadline dl)
{
	const int64_t began = deadline_now();
	status st = qmi_ask_card(d, dl);

	if (d->link.silent)
		qmi_connect_tell_silent(d, began);
	else
		qmi_connect_answers(d);
	return st;
}

static status qmi_begin(struct transport *t, deadline dl)
{
	struct qmi_device *d = qmi_device_of(t);

	TRY(qmi_connect(d, dl));
	const bool silent = d->link.silent;
	t->unclean = false; /* what comes late carries another transaction id */
	qmi_client_settle(d, dl);
	if (silent && d->link.silent && d->cid != 0) {
		status st = probe(d, dl);

		if (st != ST_OK)
			qmi_end(t);
		return st;
	}
	if (d->card != QMI_CARD_OUT)
		return ST_OK;
	if (qmi_ask_card(d, dl) != ST_NO_CARD)
		return ST_OK;
	qmi_end(t);
	return ST_NO_CARD;
}

static status qmi_resume(struct transport *t, const struct channel *ch, deadline dl)
{
	struct qmi_device *d = qmi_device_of(t);
	struct qmi_handle h;

	if (qmi_client_parse(ch->handle, &h) != ST_OK)
		return ST_NO_ENTRY;
	bool ours = qmi_client_is_ours(d, &h);
	if (!ours && d->share && h.life == d->life && d->cid == 0) {
		d->cid = h.cid;
		d->token = h.token;
		ours = true;
	}
	if (ours && !d->stale)
		return ST_OK;
	if (h.life == d->life)
		(void)qmi_client_release(d, &h, dl);
	if (ours)
		d->cid = 0;
	return ST_NO_ENTRY;
}

/* --- the channel --- */

/* Why did it not open? "Internal" says that there is no such applet, or no free channel: where the
 * card's word is missing, a channel without an applet shows which. */
static status judge_internal(struct qmi_device *d, uint16_t sw, deadline dl)
{
	uint8_t body[64], number = 0;
	struct wtr w = WTR_ON(body);
	struct bytes answer;
	uint16_t error = 0;

	if (sw == 0x6881 || sw == 0x6A81 || sw == 0x6A84 || sw == 0x6A86)
		return ST_NO_CHANNEL;
	if (sw != 0)
		return ST_NO_APPLET;
	qmi_uim_put_open(&w, QMI_UIM_OPEN_CHANNEL, d->slot, bytes_of(NULL, 0));
	status st = qmi_ask_uim(d, QMI_UIM_OPEN_CHANNEL, wtr_bytes(&w), QMI_IN_OPEN, &answer,
				&error, dl);
	if (st == ST_UNSUPPORTED_LINK)
		return ST_NO_APPLET;
	if (st != ST_OK)
		return error ? ST_NO_CHANNEL : st;
	TRY(qmi_uim_channel(answer, &number));
	w = WTR_ON(body);
	qmi_uim_put_close(&w, d->slot, number);
	TRY(qmi_ask_uim(d, QMI_UIM_LOGICAL_CHANNEL, wtr_bytes(&w), QMI_IN_ASK, &answer, &error,
			dl));
	return ST_NO_APPLET;
}

static status open_by(struct qmi_device *d, uint16_t message, struct bytes aid, uint8_t *ret_number,
		      deadline dl)
{
	uint8_t body[64];
	struct wtr w = WTR_ON(body);
	struct bytes answer = {0};
	uint16_t error = 0;

	TRY(qmi_client_need(d, dl));
	qmi_uim_put_open(&w, message, d->slot, aid);
	if (wtr_done(&w) != ST_OK)
		return ST_ARG;
	d->stale = false;
	status st = qmi_ask_uim(d, message, wtr_bytes(&w), QMI_IN_OPEN, &answer, &error, dl);
	if (error == QMI_INTERNAL)
		return judge_internal(d, qmi_uim_card_result(answer), dl);
	TRY(st);
	return qmi_uim_channel(answer, ret_number);
}

/* Once more with a new client id, when the modem does not know ours any more. */
static status open_anew(struct qmi_device *d, uint16_t message, struct bytes aid,
			uint8_t *ret_number, deadline dl)
{
	status st = open_by(d, message, aid, ret_number, dl);

	return st == ST_CHANNEL_LOST && d->cid == 0 ? open_by(d, message, aid, ret_number, dl) : st;
}

static status qmi_channel_open(struct transport *t, struct bytes aid, struct channel *ret_ch,
			       deadline dl)
{
	struct qmi_device *d = qmi_device_of(t);
	uint8_t number = 0;
	status st = ST_UNSUPPORTED_LINK;

	if (!d->no_open)
		st = open_anew(d, QMI_UIM_OPEN_CHANNEL, aid, &number, dl);
	if (st == ST_UNSUPPORTED_LINK) {
		d->no_open = true;
		st = open_anew(d, QMI_UIM_LOGICAL_CHANNEL, aid, &number, dl);
	}
	if (st == ST_DENIED_DEVICE || st == ST_UNSUPPORTED_LINK) {
		/* and the basic channel is the modem's */
		log_error("qmi device=%s: this modem's firmware %s logical channels over QMI: try "
			  "at: or mbim:",
			  t->name, st == ST_DENIED_DEVICE ? "denies us" : "has no");
		return ST_DENIED_DEVICE;
	}
	TRY(st);
	d->host_class = d->class_known = false;
	qmi_client_name(d, number, ret_ch->handle);
	return ST_OK;
}

/* The channel's number, if it was opened on this connection and the card is the same since. */
static status channel_number(const struct qmi_device *d, const struct channel *ch,
			     uint8_t *ret_number)
{
	struct qmi_handle h;

	if (!ch)
		return ST_UNSUPPORTED_LINK;
	if (qmi_client_parse(ch->handle, &h) != ST_OK || !qmi_client_is_ours(d, &h))
		return ST_CHANNEL_LOST;
	*ret_number = h.channel;
	return ST_OK;
}

static status qmi_channel_close(struct transport *t, const struct channel *ch, deadline dl)
{
	struct qmi_device *d = qmi_device_of(t);
	uint8_t body[16], number = 0;
	struct wtr w = WTR_ON(body);
	struct bytes answer;
	uint16_t error = 0;

	TRY(channel_number(d, ch, &number));
	qmi_uim_put_close(&w, d->slot, number);
	return qmi_ask_uim(d, QMI_UIM_LOGICAL_CHANNEL, wtr_bytes(&w), QMI_IN_ASK, &answer, &error,
			   dl);
}

/* --- APDUs --- */

/* The chunks of an answer that is too long for a response, or that the modem takes for one. */
static status collect(struct qmi_device *d, struct rdr announced, struct wtr *reply, deadline dl)
{
	TRY(qmi_long_announce(&d->reply, announced));
	while (!qmi_long_complete(&d->reply)) {
		status st = qmi_link_pump(&d->link, dl);

		if (st != ST_OK && !qmi_long_complete(&d->reply))
			return st == ST_NO_DEVICE ? ST_IO : st;
	}
	wtr_put(reply, qmi_long_bytes(&d->reply));
	return ST_OK;
}

static status exchange(struct qmi_device *d, struct bytes body, struct wtr *reply,
		       uint16_t *ret_error, deadline dl)
{
	struct bytes answer = {0}, data;
	struct rdr announced;

	*ret_error = 0;
	qmi_long_reset(&d->reply);
	status st = qmi_ask_uim(d, QMI_UIM_SEND_APDU, body, QMI_IN_APDU, &answer, ret_error, dl);
	if (*ret_error == QMI_INSUFFICIENT_RESOURCES &&
	    qmi_wire_tlv(answer, 0x11, &announced) == ST_OK) {
		*ret_error = 0;
		return collect(d, announced, reply, dl);
	}
	TRY(st);
	TRY(qmi_uim_apdu(answer, &data));
	wtr_put(reply, data);
	return ST_OK;
}

/* ISO 7816-4 §5.4.1 */
static uint8_t class_on_channel(uint8_t cla, uint8_t number)
{
	uint8_t base = cla & 0x80;

	return number < 4 ? (uint8_t)(base | number) : (uint8_t)(base | 0x40 | (number - 4));
}

static status send(struct qmi_device *d, uint8_t number, struct bytes cmd, bool host_class,
		   struct wtr *reply, deadline dl)
{
	uint8_t apdu[APDU_CMD_MAX], body[QMI_REQUEST_MAX];
	struct wtr a = WTR_ON(apdu), w = WTR_ON(body);
	uint16_t error = 0;

	wtr_put(&a, cmd);
	if (wtr_done(&a) != ST_OK || cmd.n == 0)
		return ST_ARG;
	if (host_class)
		apdu[0] = class_on_channel(apdu[0], number);
	qmi_uim_put_apdu(&w, d->slot, number, wtr_bytes(&a), !d->no_procedure);
	status st = exchange(d, wtr_bytes(&w), reply, &error, dl);
	/* it was refused before it reached the card */
	bool unknown = error == QMI_INVALID_ARGUMENT || error == QMI_MALFORMED;
	if (unknown && !d->no_procedure && !d->t.once) {
		w = WTR_ON(body);
		qmi_uim_put_apdu(&w, d->slot, number, wtr_bytes(&a), false);
		st = exchange(d, wtr_bytes(&w), reply, &error, dl);
		d->no_procedure = error == 0 && st == ST_OK;
	}
	mem_wipe(body, sizeof(body));
	mem_wipe(apdu, a.n);
	return st;
}

static uint16_t status_word(const struct wtr *reply)
{
	if (reply->n < 2)
		return 0;
	return (uint16_t)(reply->p[reply->n - 2] << 8 | reply->p[reply->n - 1]);
}

static bool blames_channel(const struct wtr *reply)
{
	uint16_t sw = status_word(reply);

	return sw == 0x6881 || sw == 0x6E00;
}

/* A modem that leaves the class byte as it is shows at the first command: it is tried the other way
 * once for each channel. */
static status qmi_transmit(struct transport *t, const struct channel *ch, struct bytes cmd,
			   struct wtr *reply, deadline dl)
{
	struct qmi_device *d = qmi_device_of(t);
	uint8_t number = 0, kept[2];

	TRY(channel_number(d, ch, &number));
	if (d->stale)
		return ST_CHANNEL_LOST;
	TRY(send(d, number, cmd, d->host_class, reply, dl));
	if (d->class_known || t->once)
		return ST_OK;
	d->class_known = true;
	if (!blames_channel(reply) || number > CLASS_CHANNELS_MAX || reply->n != 2)
		return ST_OK;
	memcpy(kept, reply->p, 2);
	reply->n = 0;
	TRY(send(d, number, cmd, true, reply, dl));
	d->host_class = !blames_channel(reply);
	if (!d->host_class) {
		reply->n = 0;
		wtr_put(reply, BYTES_OF(kept));
	}
	return ST_OK;
}

/* --- who is there --- */

static status qmi_iccid(struct transport *t, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	return qmi_ask_iccid(qmi_device_of(t), ret_iccid, dl);
}

static status qmi_look(struct transport *t, deadline dl)
{
	return qmi_ask_card(qmi_device_of(t), dl);
}

/* A connection of our own is read; one that others read from too is left to the lock's holder. */
static bool qmi_present(struct transport *t)
{
	struct qmi_device *d = qmi_device_of(t);

	if (qmi_link_is_open(&d->link) && !d->common && qmi_link_drain(&d->link) != ST_OK)
		d->cid = 0;
	if (!qmi_link_is_open(&d->link) && !qmi_connect_possible(d))
		return false;
	bool told = qmi_link_is_open(&d->link) && d->cid != 0;
	return d->card != QMI_CARD_OUT || (!told && deadline_passed(d->absent_until));
}

const struct transport_ops transport_qmi = {
	.scheme = "qmi",
	.open = qmi_open,
	.begin = qmi_begin,
	.end = qmi_end,
	.transmit = qmi_transmit,
	.channel_open = qmi_channel_open,
	.channel_close = qmi_channel_close,
	.iccid = qmi_iccid,
	.present = qmi_present,
	.look = qmi_look,
	.resume = qmi_resume,
	.disconnect = qmi_disconnect,
	.free = qmi_free,
};
