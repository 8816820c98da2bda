/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of the messages that we send and read, as TLVs: pure encoders and decoders. Layouts:
 * transports reference §3.1, and libqmi's message database (data/qmi-service-ctl.json, -uim.json).
 * What is decoded comes from a modem and is believed no further than its length. */
#ifndef IOTSAFE_TRANSPORT_QMI_UIM_H
#define IOTSAFE_TRANSPORT_QMI_UIM_H

#include "bytes.h"
#include "sizes.h"

enum { QMI_SLOTS_MAX = 5 };

enum qmi_message_id {
	QMI_CTL_ALLOCATE = 0x0022,
	QMI_CTL_RELEASE = 0x0023,
	QMI_CTL_PROXY_OPEN = 0xFF00, /* to the proxy itself */

	QMI_UIM_READ_TRANSPARENT = 0x0020,
	QMI_UIM_REFRESH_COMPLETE = 0x002C,
	QMI_UIM_REGISTER_EVENTS = 0x002E,
	QMI_UIM_CARD_STATUS = 0x002F,
	QMI_UIM_CARD_STATUS_IND = 0x0032,
	QMI_UIM_REFRESH_IND = 0x0033,
	QMI_UIM_SEND_APDU = 0x003B, /* also the indication with a chunk */
	QMI_UIM_LOGICAL_CHANNEL = 0x003F,
	QMI_UIM_OPEN_CHANNEL = 0x0042,
	QMI_UIM_REFRESH_REGISTER_ALL = 0x0044,
	QMI_UIM_SLOT_STATUS = 0x0047,
	QMI_UIM_SLOT_STATUS_IND = 0x0048,
};

/* --- requests --- */
void qmi_uim_put_allocate(struct wtr *w);
void qmi_uim_put_release(struct wtr *w, uint8_t cid);
/* message: QMI_UIM_OPEN_CHANNEL, or QMI_UIM_LOGICAL_CHANNEL of older firmware. An empty aid opens
 * a channel and selects nothing. */
void qmi_uim_put_open(struct wtr *w, uint16_t message, uint8_t slot, struct bytes aid);
void qmi_uim_put_close(struct wtr *w, uint8_t slot, uint8_t channel);
/* resolve: the modem follows 61xx and 6Cxx itself. */
void qmi_uim_put_apdu(struct wtr *w, uint8_t slot, uint8_t channel, struct bytes cmd, bool resolve);
void qmi_uim_put_read_iccid(struct wtr *w, uint8_t slot);
/* Card status and slot status. */
void qmi_uim_put_events(struct wtr *w);
/* REFRESH of the network's application in the slot; false where slots have none of that name. */
bool qmi_uim_put_refresh(struct wtr *w, uint8_t slot);
void qmi_uim_put_refresh_complete(struct wtr *w, uint8_t session);

/* --- answers and indications --- */
/* TLV 01 of Allocate: the client id, of UIM and not 0 or 255. ST_MALFORMED. */
status qmi_uim_client(struct bytes tlvs, uint8_t *ret_cid) MUST_USE;
/* The channel number, 1..255. ST_MALFORMED. */
status qmi_uim_channel(struct bytes tlvs, uint8_t *ret_channel) MUST_USE;
/* SW1 SW2 of an opening that failed; 0 when the modem does not say. */
uint16_t qmi_uim_card_result(struct bytes tlvs);
/* The answer of the card. ST_MALFORMED. */
status qmi_uim_apdu(struct bytes tlvs, struct bytes *ret_reply) MUST_USE;

enum qmi_card { QMI_CARD_UNKNOWN, QMI_CARD_OUT, QMI_CARD_IN };
/* Of the logical slot in a card status; QMI_CARD_UNKNOWN when it is not told. */
enum qmi_card qmi_uim_card(struct bytes tlvs, uint8_t slot);

struct qmi_slot_status {
	enum qmi_card card;
	char iccid[ICCID_DIGITS_MAX + 1]; /* "" when it is not told */
};
/* The physical slot that is mapped to the logical one. ST_NO_ENTRY, ST_MALFORMED. */
status qmi_uim_slot(struct bytes tlvs, uint8_t slot, struct qmi_slot_status *ret_s) MUST_USE;
/* The digits of EF_ICCID out of a Read Transparent. ST_MALFORMED. */
status qmi_uim_iccid(struct bytes tlvs, char ret_iccid[ICCID_DIGITS_MAX + 1]) MUST_USE;

struct qmi_refresh {
	uint8_t stage, mode, session;
};
enum { QMI_REFRESH_START = 1, QMI_REFRESH_MODE_RESET = 0 };
status qmi_uim_refresh(struct bytes tlvs, struct qmi_refresh *ret_r) MUST_USE;

#endif
