/* SPDX-License-Identifier: Apache-2.0 */
/* How far it is, from the exchanges that the module tells of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "progress.h"

/* DER: 30, and a length in two bytes or more; 0: it is none. */
static size_t der_size(struct bytes b)
{
	struct rdr r = rdr_of(b);
	uint8_t tag = 0, form = 0;
	uint16_t n = 0;

	if (rdr_u8(&r, &tag) != ST_OK || rdr_u8(&r, &form) != ST_OK || tag != 0x30)
		return 0;
	if (form < 0x80)
		return 2u + form;
	return form == 0x82 && rdr_u16be(&r, &n) == ST_OK ? 4u + n : 0;
}

/* What the object list says of the file whose id or label the command names. */
static size_t listed_size(const struct progress_state *s, struct bytes command)
{
	struct catalog *cat ON_EXIT(mem_free_ptr) = calloc(1, sizeof(*cat));

	if (!cat || s->list_n == 0 || command.n < 7 ||
	    catalog_parse_list(bytes_of(s->list, s->list_n), cat) != ST_OK)
		return 0;
	for (size_t i = 0; i < cat->count; i++) {
		const struct container *c = &cat->item[i];
		struct bytes id = container_id(c), label = container_label(c);
		struct bytes name = bytes_of(command.p + 7, command.p[6]);

		if (c->kind == CONTAINER_FILE && c->size_known && name.n <= command.n - 7 &&
		    (bytes_equal(name, id) || bytes_equal(name, label)))
			return c->size;
	}
	return 0;
}

static void note_command(struct progress_state *s, const struct trace_record *r)
{
	bool fetches = strcmp(r->name, "GET RESPONSE") == 0;

	if (!fetches)
		s->listing = strcmp(r->name, "GET DATA object list") == 0;
	if (!fetches)
		snprintf(s->command, sizeof(s->command), "%s", r->name);
	if (strcmp(r->name, "READ FILE") != 0 || r->n < 4)
		return;
	s->offset = (size_t)r->bytes[2] << 8 | r->bytes[3];
	if (s->offset != 0)
		return;
	s->done = 0;
	s->total = listed_size(s, bytes_of(r->bytes, r->n));
}

static void note_answer(struct progress_state *s, const struct trace_record *r)
{
	struct bytes b = bytes_of(r->bytes, r->n);
	size_t size;

	if (s->listing && b.n <= sizeof(s->list) - s->list_n) {
		memcpy(s->list + s->list_n, b.p, b.n);
		s->list_n += b.n;
	}
	if (strcmp(s->command, "READ FILE") != 0)
		return;
	size = s->offset == 0 && s->done == 0 ? der_size(b) : 0;
	if (size > b.n && (s->total == 0 || size < s->total))
		s->total = size; /* a certificate is not read beyond its end */
	s->done += b.n;
	if (s->total && s->done > s->total)
		s->done = s->total;
}

void progress_note(struct progress_state *s, const struct trace_record *r)
{
	if (r->kind == TRACE_COMMAND)
		note_command(s, r);
	else if (r->kind == TRACE_ANSWER)
		note_answer(s, r);
}
