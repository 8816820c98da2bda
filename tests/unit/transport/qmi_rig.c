/* SPDX-License-Identifier: Apache-2.0 */
#include "qmi_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"
#include "mem.h"

char qmi_rig_dir[] = "/tmp/iotsafe-qmi-XXXXXX";
char qmi_rig_socket[64];

static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x05, 0x59, 0x00, 0x10};

struct transport *qmi_rig_open_uri(const char *text)
{
	struct transport *t = NULL;
	struct uri uri;
	struct transport_settings set = {.lock_dir = qmi_rig_dir};
	assert_int_equal(uri_parse(text, &uri), ST_OK);
	assert_int_equal(transport_open(&uri, &set, &t), ST_OK);
	return t;
}

struct transport *qmi_rig_open(const char *params)
{
	char text[256];
	snprintf(text, sizeof(text), "qmi:%s?direct=1%s", qmi_rig_socket, params);
	return qmi_rig_open_uri(text);
}

void qmi_rig_enter(struct transport *t)
{
	assert_int_equal(transport_enter(t, deadline_in_ms(8000)), ST_OK);
}

void qmi_rig_channel(struct transport *t, struct channel *ret_ch)
{
	struct channel_record r = {.aid_len = sizeof(aid), .generation = t->generation};
	memcpy(r.aid, aid, sizeof(aid));
	assert_int_equal(transport_channel_open(t, BYTES_OF(aid), &r.channel, deadline_in_ms(8000)),
			 ST_OK);
	transport_record_store(t, &r);
	*ret_ch = r.channel;
}

struct transport *qmi_rig_ready(struct channel *ret_ch)
{
	struct transport *t = qmi_rig_open("");
	qmi_rig_enter(t);
	qmi_rig_channel(t, ret_ch);
	return t;
}

status qmi_rig_exchange(struct transport *t, const struct channel *ch, const char **ret_hex, int ms)
{
	static const uint8_t cmd[] = {0x80, 0xCB, 0x01, 0x00, 0x00};
	static char text[2 * APDU_REPLY_MAX + 1];
	uint8_t buf[APDU_REPLY_MAX];
	struct wtr reply = WTR_ON(buf);
	status st = transport_transmit(t, ch, BYTES_OF(cmd), &reply, deadline_in_ms(ms));
	*ret_hex = st == ST_OK ? hex_str(wtr_bytes(&reply), text, sizeof(text)) : "";
	return st;
}

void qmi_rig_end(struct transport *t, struct qmodem *m)
{
	transport_leave(t);
	transport_close(t);
	qmodem_stop(m);
}

const char *qmi_rig_frame(uint8_t flags, const char *tid, uint16_t id, const char *tlvs)
{
	static char ring[64][QMODEM_TEXT_MAX];
	static unsigned next;
	char *text = ring[next++ % ARRAY_LEN(ring)];
	unsigned n = (unsigned)strlen(tlvs) / 2, length = 5 + 7 + n;
	snprintf(text, QMODEM_TEXT_MAX, "01%02X%02X800BCC%02X%s%02X%02X%02X%02X%s", length & 0xFF,
		 length >> 8, flags, tid ? tid : "TT", id & 0xFF, id >> 8, n & 0xFF, n >> 8, tlvs);
	return text;
}

int qmi_rig_set_up(void **state)
{
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	if (!mkdtemp(qmi_rig_dir))
		return -1;
	snprintf(qmi_rig_socket, sizeof(qmi_rig_socket), "%s/modem", qmi_rig_dir);
	return 0;
}

int qmi_rig_tear_down(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf -- '%s'", qmi_rig_dir);
	return system(command);
}
