/* SPDX-License-Identifier: Apache-2.0 */
#include "qmi_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "deadline.h"
#include "hex.h"

enum { PATIENCE_MS = 3000 };

void qmi_client_open(struct qmi_client *c)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	c->n = 0;
	if (c->tty) {
		c->fd = open(c->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		assert_true(c->fd >= 0);
		return;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", c->path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

void qmi_client_close(struct qmi_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void qmi_client_start(struct qmi_client *c, const struct tiny_pair *script, const char *options)
{
	char argument[256];
	char err[256] = "";

	memset(c, 0, sizeof(*c));
	strcpy(c->dir, "/tmp/sim-qmux-XXXXXX");
	assert_non_null(mkdtemp(c->dir));
	snprintf(c->path, sizeof(c->path), "%s/modem", c->dir);
	snprintf(argument, sizeof(argument), "%s%s", c->path, options);
	c->tty = strstr(options, "tty=yes") != NULL;
	c->card = tiny_card_new(script);
	c->faults = sim_faults_new();
	if (sim_front_qmux.start(c->card, c->faults, argument, &c->front, err) != ST_OK)
		fail_msg("%s", err);
	qmi_client_open(c);
}

void qmi_client_stop(struct qmi_client *c)
{
	qmi_client_close(c);
	sim_front_qmux.stop(c->front);
	assert_int_equal(access(c->path, F_OK), -1);
	assert_int_equal(rmdir(c->dir), 0);
	sim_faults_free(c->faults);
	sim_card_free(c->card);
}

void qmi_client_join(struct qmi_client *c, const struct qmi_client *first)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->path, sizeof(c->path), "%s", first->path);
	c->tid = 0x100;
	qmi_client_open(c);
}

void qmi_client_arm(struct qmi_client *c, const char *spec)
{
	char err[128];

	assert_int_equal(sim_faults_arm(c->faults, bytes_str(spec), err), ST_OK);
}

void qmi_client_control(struct qmi_client *c, const char *text)
{
	uint8_t reply[256];
	struct wtr w = WTR_ON(reply);

	sim_card_control(c->card, bytes_str(text), &w);
	assert_true(bytes_start_with(wtr_bytes(&w), BYTES_LIT("ok")));
}

/* ---- sending ---- */

static void put_hex(struct wtr *w, const char *hex)
{
	for (const char *p = hex; *p; p += *p == ' ' ? 1 : 2) {
		if (*p != ' ')
			assert_int_equal(hex_get(bytes_of(p, 2), w), ST_OK);
	}
}

static void send_all(struct qmi_client *c, struct bytes b)
{
	while (b.n > 0) {
		ssize_t n = write(c->fd, b.p, b.n);

		assert_true(n > 0);
		b.p += n;
		b.n -= (size_t)n;
	}
}

void qmi_client_send_hex(struct qmi_client *c, const char *hex)
{
	uint8_t out[8192];
	struct wtr w = WTR_ON(out);

	put_hex(&w, hex);
	assert_int_equal(wtr_done(&w), ST_OK);
	send_all(c, wtr_bytes(&w));
}

void qmi_client_send(struct qmi_client *c, unsigned service, unsigned cid, unsigned message,
		     const char *tlvs)
{
	uint8_t value[4096], out[4200];
	struct wtr v = WTR_ON(value), w = WTR_ON(out);

	put_hex(&v, tlvs);
	c->tid++;
	wtr_u8(&w, 0x01);
	wtr_u16le(&w, (uint16_t)(5 + (service == QMI_CTL ? 6U : 7U) + v.n));
	wtr_u8(&w, 0x00);
	wtr_u8(&w, (uint8_t)service);
	wtr_u8(&w, (uint8_t)cid);
	wtr_u8(&w, 0x00);
	if (service == QMI_CTL)
		wtr_u8(&w, (uint8_t)c->tid);
	else
		wtr_u16le(&w, (uint16_t)c->tid);
	wtr_u16le(&w, (uint16_t)message);
	wtr_u16le(&w, (uint16_t)v.n);
	wtr_put(&w, wtr_bytes(&v));
	assert_int_equal(wtr_done(&w), ST_OK);
	send_all(c, wtr_bytes(&w));
}

/* ---- receiving ---- */

/* 1: more has come; 0: not within ms; -1: the end. */
static int read_more(struct qmi_client *c, deadline dl)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	if (poll(&p, 1, deadline_poll_ms(dl)) <= 0)
		return 0;
	ssize_t n = read(c->fd, c->in + c->n, sizeof(c->in) - c->n);
	if (n <= 0)
		return -1;
	c->n += (size_t)n;
	return 1;
}

bool qmi_client_frame(struct qmi_client *c, int64_t ms)
{
	deadline dl = deadline_in_ms(ms);
	size_t n;

	c->got[0] = '\0';
	for (;;) {
		n = c->n < 3 ? 0 : 1 + (size_t)(c->in[1] | c->in[2] << 8);
		if (n > 0 && n <= c->n)
			break;
		if (read_more(c, dl) <= 0)
			return false;
	}
	hex_str(bytes_of(c->in, n), c->got, sizeof(c->got));
	c->n -= n;
	memmove(c->in, c->in + n, c->n);
	return true;
}

void qmi_client_silence(struct qmi_client *c, int64_t ms)
{
	assert_int_equal(c->n, 0);
	assert_int_equal(read_more(c, deadline_in_ms(ms)), 0);
}

void qmi_client_end(struct qmi_client *c)
{
	deadline dl = deadline_in_ms(PATIENCE_MS);
	int more;

	do
		more = read_more(c, dl);
	while (more > 0);
	assert_int_equal(more, -1);
}

/* The TLVs of a frame that starts with this head; the length fields may be what they are. */
static const char *tlvs_of(struct qmi_client *c, const char *head, const char *sdu)
{
	size_t h = strlen(head), s = strlen(sdu);

	if (strncmp(c->got, "01", 2) != 0 || strncmp(c->got + 6, head, h) != 0 ||
	    strncmp(c->got + 6 + h, sdu, s) != 0)
		fail_msg("expected %s %s…, got %s", head, sdu, c->got);
	return c->got + 6 + h + s + 4;
}

const char *qmi_client_ask(struct qmi_client *c, unsigned service, unsigned cid, unsigned message,
			   const char *tlvs)
{
	char head[16], sdu[16];

	qmi_client_send(c, service, cid, message, tlvs);
	if (!qmi_client_frame(c, PATIENCE_MS))
		fail_msg("no answer to message %04X", message);
	snprintf(head, sizeof(head), "80%02X%02X", service & 0xFF, cid & 0xFF);
	if (service == QMI_CTL)
		snprintf(sdu, sizeof(sdu), "01%02X%02X%02X", c->tid & 0xFF, message & 0xFF,
			 message >> 8 & 0xFF);
	else
		snprintf(sdu, sizeof(sdu), "02%02X%02X%02X%02X", c->tid & 0xFF, c->tid >> 8 & 0xFF,
			 message & 0xFF, message >> 8 & 0xFF);
	return tlvs_of(c, head, sdu);
}

void qmi_client_expect(struct qmi_client *c, unsigned service, unsigned cid, unsigned message,
		       const char *tlvs, const char *want)
{
	assert_string_equal(qmi_client_ask(c, service, cid, message, tlvs), want);
}

void qmi_client_indication(struct qmi_client *c, unsigned cid, unsigned message, const char *tlvs)
{
	char head[16], sdu[16];

	if (!qmi_client_frame(c, PATIENCE_MS))
		fail_msg("no indication %04X", message);
	snprintf(head, sizeof(head), "800B%02X", cid & 0xFF);
	snprintf(sdu, sizeof(sdu), "040000%02X%02X", message & 0xFF, message >> 8 & 0xFF);
	assert_string_equal(tlvs_of(c, head, sdu), tlvs);
}

void qmi_client_channel(struct qmi_client *c)
{
	qmi_client_expect(c, QMI_CTL, 0, 0x0022, "010100 0B", QMI_OK "0102000B01");
	qmi_client_expect(c, QMI_UIM, 1, 0x0042, "010100 01 100800 07A0000005590010",
			  QMI_OK "10010001"
				 "1102009000"
				 "12010000");
}
