/* SPDX-License-Identifier: Apache-2.0 */
/* Client ids: few, each service counting its own. They and their channels live until the host
 * releases them, whatever becomes of the connection that allocated them. */
#include "front_qmux.h"
#include "mem.h"

enum { CHANNELS = 20 };

struct qmux_client *qmux_client_find(struct sim_front *m, uint8_t service, uint8_t cid)
{
	for (size_t i = 0; i < ARRAY_LEN(m->client); i++) {
		struct qmux_client *c = &m->client[i];

		if (c->used && c->service == service && c->cid == cid)
			return c;
	}
	return NULL;
}

static struct qmux_client *free_place(struct sim_front *m)
{
	for (size_t i = 0; i < ARRAY_LEN(m->client); i++) {
		if (!m->client[i].used)
			return &m->client[i];
	}
	return NULL;
}

struct qmux_client *qmux_client_new(struct sim_front *m, enum qmux_service service)
{
	struct qmux_client *c = free_place(m);

	for (unsigned cid = 1; c && cid <= m->options.cids; cid++) {
		if (qmux_client_find(m, (uint8_t)service, (uint8_t)cid))
			continue;
		*c = (struct qmux_client){.used = true, .service = service, .cid = (uint8_t)cid};
		m->uim_clients += service == QMUX_UIM;
		return c;
	}
	return NULL;
}

void qmux_client_drop(struct sim_front *m, struct qmux_client *c)
{
	for (unsigned n = 1; n < CHANNELS; n++) {
		if (c->channels & 1U << n)
			(void)baseband_close_channel(&m->baseband, (uint8_t)n);
	}
	m->uim_clients -= c->service == QMUX_UIM;
	*c = (struct qmux_client){0};
}

void qmux_client_drop_all(struct sim_front *m)
{
	for (size_t i = 0; i < ARRAY_LEN(m->client); i++) {
		if (m->client[i].used)
			qmux_client_drop(m, &m->client[i]);
	}
}
