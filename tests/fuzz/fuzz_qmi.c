/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a hostile modem, as qmi_link takes them: frames out of a stream, messages out of
 * frames, and each decoder on each message's TLVs, whatever it says it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mem.h"
#include "qmi_codes.h"
#include "qmi_long.h"
#include "qmi_uim.h"
#include "qmi_wire.h"

static struct qmi_long pieces;

static void require(bool truth)
{
	if (!truth)
		abort();
}

static bool inside(struct bytes part, struct bytes whole)
{
	return part.n == 0 || (part.p >= whole.p && part.n <= whole.n &&
			       (size_t)(part.p - whole.p) <= whole.n - part.n);
}

static void read_identities(struct bytes tlvs, uint8_t slot)
{
	char iccid[ICCID_DIGITS_MAX + 1] = "";
	struct qmi_slot_status s = {0};

	require(qmi_uim_card(tlvs, slot) <= QMI_CARD_IN);
	if (qmi_uim_slot(tlvs, slot, &s) == ST_OK)
		require(strspn(s.iccid, "0123456789") == strlen(s.iccid));
	if (qmi_uim_iccid(tlvs, iccid) == ST_OK)
		require(strlen(iccid) >= 10 && strlen(iccid) <= ICCID_DIGITS_MAX);
}

static void read_answers(struct bytes tlvs)
{
	struct qmi_refresh refresh;
	struct bytes reply;
	uint16_t error = 0;
	uint8_t n = 0;

	if (qmi_wire_result(tlvs, &error) == ST_OK && error != 0)
		require(qmi_codes_status(error, QMI_IN_APDU) != ST_OK);
	if (qmi_uim_client(tlvs, &n) == ST_OK)
		require(n != 0 && n != 255);
	if (qmi_uim_channel(tlvs, &n) == ST_OK)
		require(n != 0);
	if (qmi_uim_apdu(tlvs, &reply) == ST_OK)
		require(inside(reply, tlvs));
	(void)qmi_uim_card_result(tlvs);
	if (qmi_uim_refresh(tlvs, &refresh) != ST_OK)
		return;
	require(tlvs.n >= 3);
}

static void read_pieces(struct bytes tlvs)
{
	struct rdr value;

	if (qmi_wire_tlv(tlvs, 0x11, &value) == ST_OK && qmi_long_announce(&pieces, value) != ST_OK)
		qmi_long_reset(&pieces);
	if (qmi_wire_tlv(tlvs, 0x01, &value) == ST_OK && qmi_long_chunk(&pieces, value) != ST_OK)
		qmi_long_reset(&pieces);
	require(pieces.have <= pieces.total && pieces.total <= REPLY_TOTAL_MAX);
	if (qmi_long_complete(&pieces))
		require(qmi_long_bytes(&pieces).n == pieces.total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes left = bytes_of(data, size);

	qmi_long_reset(&pieces);
	for (;;) {
		struct qmi_message m;
		struct bytes frame;
		size_t noise = 0;

		qmi_wire_scan(left, &noise, &frame);
		require(noise + frame.n <= left.n);
		if (frame.n == 0)
			return 0;
		require(frame.n <= QMI_FRAME_MAX && frame.p == left.p + noise);
		left = bytes_of(left.p + noise + frame.n, left.n - noise - frame.n);
		if (qmi_wire_decode(frame, &m) != ST_OK)
			continue;
		require(inside(m.tlvs, frame));
		for (uint8_t slot = 1; slot <= QMI_SLOTS_MAX; slot++)
			read_identities(m.tlvs, slot);
		read_answers(m.tlvs);
		read_pieces(m.tlvs);
	}
}
