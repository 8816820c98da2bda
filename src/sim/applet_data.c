/* SPDX-License-Identifier: Apache-2.0 */
/* READ FILE and GET RANDOM (iotsafe-protocol.md §§10.5, 10.6). */
#include "applet.h"

#include <openssl/rand.h>

uint16_t applet_data_random(struct applet_call *c)
{
	uint8_t random[LE_ALL];
	size_t n = c->apdu->le;
	if (RAND_bytes(random, (int)n) != 1)
		return SW_OTHER;
	wtr_put(&c->out->data, bytes_of(random, n));
	return SW_OK;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

uint16_t applet_data_read_file(struct applet_call *c)
{
	const struct traits *config = applet_config(c);
	const struct object *o = c->object[OBJECT_FILE];
	size_t offset = (size_t)c->apdu->p1 << 8 | c->apdu->p2;
	TRY_SW(applet_permits(c, o, ACCESS_READ, 0, true));
	if (offset > o->data_len)
		return (uint16_t)config->sw_offset;
	/* T=0: Le is not part of a case-4 command on the wire */
	size_t limit = smaller(config->t0 ? LE_ALL : c->apdu->le, config->chunk);
	size_t n = smaller(limit, o->data_len - offset);
	wtr_put(&c->out->data, bytes_of(o->data + offset, n));
	if (config->chunk_pad && n > 0)
		wtr_fill(&c->out->data, 0x00, limit - n);
	return SW_OK;
}
