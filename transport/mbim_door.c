/* SPDX-License-Identifier: Apache-2.0 */
#include "mbim_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "stream.h"
#include "unix_socket.h"

enum {
	OPEN_SECONDS_MAX = 30, /* that the proxy may try to open the device */
	FIRST_MS = 1000,       /* for the proxy's own question, before it is made to ask anew */
	PROBE_MS = 1000,
	OPEN_MS = 5000,
};

static const int64_t NS_PER_MS = 1000000;

/* --- through the proxy --- */

static uint32_t seconds_left(deadline dl)
{
	int ms = deadline_poll_ms(dl);

	if (ms < 0 || ms > OPEN_SECONDS_MAX * 1000)
		return OPEN_SECONDS_MAX;
	return (uint32_t)ms / 1000 + 1;
}

/* Which device. The proxy opens it, within the time until open_by, if nobody has asked for it yet;
 * if it cannot, it hangs up. */
static status configure(struct mbim_link *l, const char *device, deadline open_by, deadline dl)
{
	uint8_t info[MBIM_COMMAND_MAX];
	struct wtr w = WTR_ON(info);
	struct mbim_said said;

	TRY(mbim_info_put_proxy(&w, device, seconds_left(open_by)));
	const struct mbim_command c = {MBIM_PROXY_CONTROL, MBIM_CID_PROXY_CONFIGURATION, true,
				       wtr_bytes(&w)};
	TRY(mbim_link_run(l, &c, dl, &said));
	return said.status == 0 ? ST_OK : ST_NO_DEVICE;
}

/* A hang-up without a word: mbim-proxy does so to users whom it does not serve, and when the device
 * cannot be opened. */
static status judge_proxy(status st)
{
	return st == ST_NO_DEVICE && geteuid() != 0 ? ST_DENIED_DEVICE : st;
}

static status through_proxy(const struct mbim_door *d, const char *device, struct mbim_link *l,
			    deadline open_by, deadline dl)
{
	int fd = -1;
	status st = stream_connect(d->proxy, dl, &fd);

	if (st != ST_OK)
		return st == ST_NO_DEVICE ? ST_NO_SERVICE : st;
	mbim_link_start(l, fd);
	st = configure(l, device, open_by, dl);
	if (st == ST_OK)
		st = mbim_link_open(l, dl);
	return judge_proxy(st);
}

/* Before it answers a newcomer, mbim-proxy asks a modem that it has opened for its capabilities,
 * and if that goes lost it waits for five seconds: for each newcomer by itself. */
static status through_proxy_twice(struct mbim_door *d, const char *device, struct mbim_link *l,
				  deadline dl)
{
	const int64_t began = deadline_now();
	status st = through_proxy(d, device, l, dl, deadline_sooner(dl, FIRST_MS));

	if (st != ST_TIMEOUT || deadline_passed(dl))
		return st;
	log_debug("%s: no answer through %s: connecting anew", d->device, d->proxy);
	st = through_proxy(d, device, l, dl, dl);
	if (st == ST_TIMEOUT)
		mbim_door_tell_silent(d, began);
	return st;
}

/* --- the device itself --- */

static status probe(struct mbim_link *l, deadline dl)
{
	const struct mbim_command c = {MBIM_BASIC_CONNECT, MBIM_CID_SUBSCRIBER_READY, false,
				       bytes_of(NULL, 0)};
	struct mbim_said said;

	return mbim_link_run(l, &c, deadline_sooner(dl, PROBE_MS), &said);
}

static status open_device(const char *device, struct mbim_link *l)
{
	struct stat s;
	int fd = -1;

	if (stat(device, &s) != 0 || !S_ISCHR(s.st_mode))
		return ST_NO_DEVICE;
	TRY(stream_open(device, &fd));
	mbim_link_start(l, fd);
	TRY(mbim_link_listen(l));
	return mbim_link_is_midway(l) ? ST_DESYNC : ST_OK;
}

/* Bytes of an answer that its asker did not live to read may still be on their way: out of step
 * means to begin again, once. */
static status directly(const char *device, struct mbim_link *l, bool in_use, deadline dl)
{
	status st = open_device(device, l);

	if (st == ST_DESYNC)
		st = open_device(device, l);
	if (st == ST_OK && in_use) {
		st = probe(l, dl);
		if (st == ST_OK)
			return st;
		log_debug("mbim probe: %s", status_text(st));
		st = l->fd >= 0 ? ST_OK : open_device(device, l);
	}
	if (st == ST_OK)
		st = mbim_link_open(l, deadline_sooner(dl, OPEN_MS));
	return st;
}

/* --- why not --- */

static void tell(struct mbim_door *d, status st)
{
	if (st == d->told)
		return;
	d->told = st;
	if (st == ST_NO_SERVICE)
		log_error("%s: nobody listens on %s: ModemManager starts mbim-proxy; without it "
			  "run mbim-proxy --no-exit, or write direct=1 into the URI",
			  d->device, d->proxy);
	if (st == ST_DENIED_DEVICE && d->proxy[0])
		log_error("%s: %s serves root only: run as root, or use p11-kit server", d->device,
			  d->proxy);
	if (st == ST_DENIED_DEVICE && !d->proxy[0])
		log_error("%s: no permission: udev may give it to a group", d->device);
	if (st == ST_BUSY_DEVICE)
		log_error("%s: another program has it for itself (ModemManager?): leave out "
			  "direct=1",
			  d->device);
	if (st == ST_NO_DEVICE && d->proxy[0] && access(d->device, F_OK) == 0)
		log_error("%s: %s does not get through to the modem: is it an MBIM device?",
			  d->device, d->proxy);
}

/* --- the contract --- */

status mbim_door_connect(struct mbim_door *d, struct mbim_link *l, bool in_use, deadline dl)
{
	char *device ON_EXIT(mem_free_ptr) = realpath(d->device, NULL);
	status st = ST_NO_DEVICE;

	mbim_link_close(l);
	if (device && d->proxy[0])
		st = through_proxy_twice(d, device, l, dl);
	if (device && !d->proxy[0])
		st = directly(device, l, in_use, dl);
	if (st != ST_OK)
		mbim_link_close(l);
	tell(d, st);
	return st;
}

void mbim_door_tell_stuck(struct mbim_door *d)
{
	if (d->told_stuck)
		return;
	d->told_stuck = true;
	log_error("%s: the modem's MBIM function stays closed%s%s%s", d->device,
		  d->proxy[0] ? ": " : "", d->proxy,
		  d->proxy[0] ? " has lost it: restart mbim-proxy (or ModemManager)" : "");
}

void mbim_door_tell_silent(struct mbim_door *d, int64_t since)
{
	if (d->told_silent || !d->proxy[0] || deadline_now() - since < FIRST_MS * NS_PER_MS)
		return;
	d->told_silent = true;
	log_error("%s: no answer through %s: the modem is silent, or %s has lost it: if that "
		  "lasts, restart mbim-proxy (or ModemManager)",
		  d->device, d->proxy, d->proxy);
}

void mbim_door_answers(struct mbim_door *d)
{
	d->told_stuck = d->told_silent = false;
}

bool mbim_door_is_there(const struct mbim_door *d)
{
	if (access(d->device, F_OK) != 0)
		return false;
	if (d->proxy[0] == '@')
		return unix_socket_listens(d->proxy, true);
	return d->proxy[0] == '\0' || access(d->proxy, F_OK) == 0;
}
