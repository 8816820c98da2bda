/* SPDX-License-Identifier: Apache-2.0 */
/* The QMUX frame: 01, length (16 bits, little-endian, all but the 01), control flags, service,
 * client id, the service's message. */
#include <string.h>

#include "front_qmux.h"

enum { MARKER = 0x01, LENGTH_MIN = 5 };

/* Throws away what comes before a marker. */
static void skip_noise(struct qmux_input *c, size_t from)
{
	const uint8_t *p = from < c->n ? memchr(c->p + from, MARKER, c->n - from) : NULL;
	size_t skip = p ? (size_t)(p - c->p) : c->n;

	memmove(c->p, c->p + skip, c->n - skip);
	c->n -= skip;
}

/* The length of the first frame with its marker; 0: not all of it has come. */
static size_t whole_frame(struct qmux_input *c)
{
	skip_noise(c, 0);
	while (c->n >= 3) {
		size_t n = 1 + (size_t)(c->p[1] | c->p[2] << 8);

		if (n >= 1 + LENGTH_MIN && n <= sizeof(c->p))
			return n <= c->n ? n : 0;
		skip_noise(c, 1); /* that was no frame */
	}
	return 0;
}

void qmux_frame_take(struct sim_front *m, int conn)
{
	struct qmux_input *c = &m->in[conn];
	uint8_t frame[QMUX_FRAME_MAX];

	for (size_t n = whole_frame(c); n > 0; n = whole_frame(c)) {
		memcpy(frame, c->p, n);
		memmove(c->p, c->p + n, c->n - n);
		c->n -= n;
		qmux_serve(m, conn, bytes_of(frame, n));
	}
}
