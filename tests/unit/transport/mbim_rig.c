/* SPDX-License-Identifier: Apache-2.0 */
#include "mbim_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "hex.h"
#include "log.h"
#include "mem.h"

char mbim_rig_dir[] = "/tmp/iotsafe-mbim-XXXXXX";
char mbim_rig_socket[64], mbim_rig_device[64];
static char locks[64]; /* of the present test */
const struct mbim_row mbim_rig_no_rows[] = {{0}};
const struct channel mbim_rig_channel = {.handle = "2"};

static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x05, 0x59, 0x00, 0x10};
static const uint8_t get_data[] = {0x80, 0xCB, 0x01, 0x00, 0x00};

struct mbim_modem *mbim_rig_start(const struct mbim_row *rows)
{
	return mbim_modem_start(mbim_rig_socket, rows);
}

struct transport *mbim_rig_open_uri(const char *text)
{
	struct transport *t = NULL;
	struct uri uri;
	struct transport_settings set = {.lock_dir = locks};
	assert_int_equal(uri_parse(text, &uri), ST_OK);
	assert_int_equal(transport_open(&uri, &set, &t), ST_OK);
	return t;
}

struct transport *mbim_rig_open(void)
{
	char text[256];
	snprintf(text, sizeof(text), "mbim:%s?proxy=%s", mbim_rig_device, mbim_rig_socket);
	return mbim_rig_open_uri(text);
}

struct transport *mbim_rig_enter(void)
{
	struct transport *t = mbim_rig_open();
	assert_int_equal(transport_enter(t, deadline_in_ms(20000)), ST_OK);
	return t;
}

status mbim_rig_exchange(struct transport *t, const char **ret_hex, int ms)
{
	static char text[2 * APDU_REPLY_MAX + 1];
	uint8_t buf[APDU_REPLY_MAX];
	struct wtr reply = WTR_ON(buf);
	status st = transport_transmit(t, &mbim_rig_channel, BYTES_OF(get_data), &reply,
				       deadline_in_ms(ms));
	*ret_hex = st == ST_OK ? hex_str(wtr_bytes(&reply), text, sizeof(text)) : "";
	return st;
}

status mbim_rig_channel_open(struct transport *t, struct channel *ret_ch, int ms)
{
	return transport_channel_open(t, BYTES_OF(aid), ret_ch, deadline_in_ms(ms));
}

void mbim_rig_record(struct transport *t, const char *iccid)
{
	struct channel_record r = {.channel = mbim_rig_channel, .aid_len = sizeof(aid)};
	memcpy(r.aid, aid, sizeof(aid));
	snprintf(r.iccid, sizeof(r.iccid), "%s", iccid);
	transport_record_store(t, &r);
}

void mbim_rig_device_appears(void)
{
	int fd = open(mbim_rig_device, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

void mbim_rig_device_goes(void)
{
	unlink(mbim_rig_device);
}

int mbim_rig_set_up(void **state)
{
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	log_set_from_env();
	if (!mkdtemp(mbim_rig_dir))
		return -1;
	snprintf(mbim_rig_socket, sizeof(mbim_rig_socket), "%s/proxy", mbim_rig_dir);
	snprintf(mbim_rig_device, sizeof(mbim_rig_device), "%s/cdc-wdm0", mbim_rig_dir);
	mbim_rig_device_appears();
	return 0;
}

int mbim_rig_begin(void **state)
{
	static unsigned n;
	(void)state;
	snprintf(locks, sizeof(locks), "%s/locks%u", mbim_rig_dir, n++);
	return 0;
}

int mbim_rig_tear_down(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf -- '%s'", mbim_rig_dir);
	return system(command);
}
