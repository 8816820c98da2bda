/* SPDX-License-Identifier: Apache-2.0 */
/* GET DATA's answers. Input: one byte, even for an object list and odd for the application's data,
 * then the answer. */
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "fuzz.h"

static struct catalog cat;

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_list(void)
{
	require(cat.count <= CONTAINERS_MAX);
	for (size_t i = 0; i < cat.count; i++) {
		const struct container *c = &cat.item[i];

		require((unsigned)c->kind < CONTAINER_KINDS);
		require(c->id_len <= CONTAINER_ID_MAX && c->label_len <= CONTAINER_LABEL_MAX);
		require(c->id_len + c->label_len > 0);
		require(!c->is_certificate || c->kind == CONTAINER_FILE);
		require(curve_field_size(container_curve(c)) <= 48);
		require(container_id(c).n == c->id_len && container_label(c).n == c->label_len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in;
	status st;

	if (size == 0)
		return 0;
	in = bytes_of(data + 1, size - 1);
	memset(&cat, 0, sizeof(cat));
	if (data[0] & 1) {
		st = catalog_parse_app(in, &cat);
		require((st == ST_OK) == cat.has_app_info);
		require(cat.app_id_len <= sizeof(cat.app_id));
		return 0;
	}
	st = catalog_parse_list(in, &cat);
	require(st == ST_OK || (st == ST_MALFORMED && cat.count == 0));
	check_list();
	return 0;
}
