/* SPDX-License-Identifier: Apache-2.0 */
#include "at_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hex.h"
#include "mem.h"

char at_rig_dir[] = "/tmp/iotsafe-at-XXXXXX";

static const uint8_t select_cmd[] = {0x00, 0xCB, 0x01, 0x00, 0x00};
const struct channel at_rig_session_1 = {.handle = "1"};
const struct modem_row at_rig_no_rows[] = {{0}};

struct transport *at_rig_open(const char *path, const char *params)
{
	struct transport *t = NULL;
	struct uri uri;
	char text[256];
	struct transport_settings set = {.lock_dir = at_rig_dir};
	snprintf(text, sizeof(text), "at:%s%s", path, params);
	assert_int_equal(uri_parse(text, &uri), ST_OK);
	assert_int_equal(transport_open(&uri, &set, &t), ST_OK);
	return t;
}

struct transport *at_rig_enter(struct modem *m)
{
	struct transport *t = at_rig_open(modem_path(m), "");
	assert_int_equal(transport_enter(t, deadline_in_ms(8000)), ST_OK);
	return t;
}

void at_rig_leave(struct transport *t, struct modem *m)
{
	transport_leave(t);
	transport_close(t);
	modem_stop(m);
}

status at_rig_exchange(struct transport *t, const struct channel *ch, const char **ret_hex, int ms)
{
	static char text[2 * APDU_REPLY_MAX + 1];
	uint8_t buf[APDU_REPLY_MAX];
	struct wtr reply = WTR_ON(buf);
	status st = transport_transmit(t, ch, BYTES_OF(select_cmd), &reply, deadline_in_ms(ms));
	*ret_hex = st == ST_OK ? hex_str(wtr_bytes(&reply), text, sizeof(text)) : "";
	return st;
}

int at_rig_set_up(void **state)
{
	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	return mkdtemp(at_rig_dir) ? 0 : -1;
}

int at_rig_tear_down(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf -- '%s'", at_rig_dir);
	return system(command);
}
