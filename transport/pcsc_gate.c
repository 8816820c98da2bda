/* SPDX-License-Identifier: Apache-2.0 */
/* The messages are those that libpcsclite 1.9.9 sends for the same calls (seen with strace): u32
 * size and u32 command in the host's byte order, then a structure that pcscd fills in and sends
 * back without the header. Protocol version 4.4; with any other we do without the gate. */
#include "pcsc_gate.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bytes.h"
#include "log.h"
#include "pcsc.h"

enum {
	COMMAND_ESTABLISH = 0x01,
	COMMAND_CONNECT = 0x04,
	COMMAND_DISCONNECT = 0x06,
	COMMAND_VERSION = 0x11,
	VERSION_MAJOR = 4,
	VERSION_MINOR = 4,
	SCOPE_SYSTEM = 2,
	SHARE_DIRECT = 3, /* nothing is negotiated with the card */
	LEAVE_CARD = 0,
	READER_SIZE = 128,
	MESSAGE_MAX = 160,
	DAEMON_MS = 1000, /* for an answer that needs nobody but pcscd */
	QUEUE_MS = 1,
};

const char *pcsc_socket_path(void)
{
	const char *path = secure_getenv("PCSCLITE_CSOCK_NAME");

	return path ? path : PCSC_SOCKET;
}

static void put_u32(struct wtr *w, uint32_t v)
{
	wtr_put(w, bytes_of(&v, sizeof(v)));
}

static uint32_t get_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

void pcsc_gate_close(struct pcsc_gate *g)
{
	if (g->fd >= 0)
		close(g->fd);
	*g = (struct pcsc_gate){.fd = -1};
}

/* There is room for one or two only, and for others as soon as pcscd has taken those in.
 * ST_TIMEOUT. */
static status enter_queue(int fd, const struct sockaddr_un *sa)
{
	deadline dl = deadline_in_ms(DAEMON_MS);

	while (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0) {
		if (errno != EAGAIN && errno != EINTR)
			return ST_NO_SERVICE;
		if (deadline_passed(dl))
			return ST_TIMEOUT;
		deadline_sleep(dl, QUEUE_MS);
	}
	return ST_OK;
}

static status open_socket(struct pcsc_gate *g)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", pcsc_socket_path());

	if (n < 0 || (size_t)n >= sizeof(sa.sun_path))
		return ST_ARG;
	g->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return g->fd < 0 ? ST_NO_SERVICE : enter_queue(g->fd, &sa);
}

static status send_message(struct pcsc_gate *g, uint32_t command, struct bytes body)
{
	uint8_t message[MESSAGE_MAX];
	struct wtr w = WTR_ON(message);

	put_u32(&w, (uint32_t)body.n);
	put_u32(&w, command);
	wtr_put(&w, body);
	TRY(wtr_done(&w));
	/* far smaller than a socket's buffer, and pcscd reads before it answers */
	return send(g->fd, message, w.n, MSG_NOSIGNAL) == (ssize_t)w.n ? ST_OK : ST_NO_SERVICE;
}

static status receive(struct pcsc_gate *g, uint8_t *body, size_t n, deadline dl)
{
	for (;;) {
		struct pollfd p = {.fd = g->fd, .events = POLLIN};
		ssize_t got = recv(g->fd, body, n, 0);

		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return ST_NO_SERVICE;
		if (got > 0) {
			body += got;
			n -= (size_t)got;
		}
		if (n == 0)
			return ST_OK;
		if (poll(&p, 1, deadline_poll_ms(dl)) <= 0 && deadline_passed(dl))
			return ST_TIMEOUT;
	}
}

/* Sends three words and receives three. */
static status ask(struct pcsc_gate *g, uint32_t command, uint32_t a, uint32_t b, uint32_t ret[3])
{
	uint8_t body[12];
	struct wtr w = WTR_ON(body);

	put_u32(&w, a);
	put_u32(&w, b);
	put_u32(&w, 0); /* the return value */
	TRY(send_message(g, command, wtr_bytes(&w)));
	TRY(receive(g, body, sizeof(body), deadline_in_ms(DAEMON_MS)));
	for (size_t i = 0; i < 3; i++)
		ret[i] = get_u32(body + 4 * i);
	return ST_OK;
}

bool pcsc_gate_is_answered(void)
{
	struct pcsc_gate g = {.fd = -1};
	uint32_t answer[3];
	status st = open_socket(&g);

	/* a queue that stays full is a daemon that takes nobody in */
	if (st == ST_OK)
		st = ask(&g, COMMAND_VERSION, VERSION_MAJOR, VERSION_MINOR, answer);
	pcsc_gate_close(&g);
	return st != ST_TIMEOUT;
}

static status ask_to_connect(struct pcsc_gate *g, const char *reader)
{
	uint8_t body[4 + READER_SIZE + 5 * 4];
	struct wtr w = WTR_ON(body);
	size_t n = strlen(reader);

	if (n >= READER_SIZE)
		return ST_ARG;
	put_u32(&w, g->context);
	wtr_put(&w, bytes_of(reader, n));
	wtr_fill(&w, 0, READER_SIZE - n);
	put_u32(&w, SHARE_DIRECT);
	put_u32(&w, 0);		/* no protocol */
	wtr_fill(&w, 0, 3 * 4); /* card, active protocol, return value */
	return send_message(g, COMMAND_CONNECT, wtr_bytes(&w));
}

static status start(struct pcsc_gate *g, const char *reader)
{
	uint32_t answer[3];

	TRY(open_socket(g));
	TRY(ask(g, COMMAND_VERSION, VERSION_MAJOR, VERSION_MINOR, answer));
	if (answer[0] != VERSION_MAJOR || answer[1] != VERSION_MINOR || answer[2] != 0)
		return ST_UNSUPPORTED_LINK;
	TRY(ask(g, COMMAND_ESTABLISH, SCOPE_SYSTEM, 0, answer));
	if (answer[2] != 0)
		return ST_NO_SERVICE;
	g->context = answer[1];
	TRY(ask_to_connect(g, reader));
	g->is_waiting = true;
	return ST_OK;
}

static status finish(struct pcsc_gate *g, deadline dl)
{
	uint8_t body[4 + READER_SIZE + 5 * 4];
	uint32_t answer[3];

	struct pollfd p = {.fd = g->fd, .events = POLLIN};
	while (poll(&p, 1, deadline_poll_ms(dl)) <= 0) {
		if (deadline_passed(dl))
			return ST_TIMEOUT;
	}
	g->is_waiting = false;
	TRY(receive(g, body, sizeof(body), deadline_in_ms(DAEMON_MS)));
	if (get_u32(body + sizeof(body) - 4) != 0)
		return ST_OK; /* refused at once: so will libpcsclite be, with the reason */
	uint32_t card = get_u32(body + 4 + READER_SIZE + 8);
	return ask(g, COMMAND_DISCONNECT, card, LEAVE_CARD, answer);
}

status pcsc_gate_pass(struct pcsc_gate *g, const char *reader, deadline dl)
{
	status st = g->is_waiting ? ST_OK : start(g, reader);

	if (st == ST_OK)
		st = finish(g, dl);
	if (st == ST_TIMEOUT && g->is_waiting)
		return ST_TIMEOUT;
	if (st != ST_OK)
		log_debug("pcsc: no gate: %s", status_text(st));
	pcsc_gate_close(g);
	return ST_OK;
}
