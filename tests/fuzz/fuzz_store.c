/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the host-side store. Input: what follows the sum. As it stands it is no entry; with the
 * first two lines before it, it is one that can be written and read again, or it is refused. */
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "fuzz.h"
#include "hex.h"
#include "store.h"

static uint8_t text[STORE_TEXT_MAX], again[STORE_TEXT_MAX];

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check(const struct store_entry *e)
{
	struct wtr w = WTR_ON(again);
	struct store_entry back;

	require(e->kind <= STORE_KEY_DISCARDED && e->file[0] == '\0');
	require(strlen(e->label) <= STORE_LABEL_MAX && strlen(e->application) <= STORE_LABEL_MAX);
	require(e->id_n <= STORE_ID_MAX && e->object_id_n <= STORE_ID_MAX);
	require(e->subject_n <= STORE_SUBJECT_MAX);
	require(e->value_n <= STORE_VALUE_MAX && (e->value || e->kind >= STORE_KEY_NAME));
	require(store_print(e, &w) == ST_OK && store_parse(wtr_bytes(&w), &back) == ST_OK);
	require(back.kind == e->kind && strcmp(back.label, e->label) == 0);
	require(bytes_equal(bytes_of(back.value, back.value_n), bytes_of(e->value, e->value_n)));
	free(back.value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes body = bytes_of(data, size);
	struct wtr w = WTR_ON(text);
	uint8_t sum[HASH_MAX];
	struct store_entry e, before;

	memset(&e, 0x5A, sizeof(e));
	memcpy(&before, &e, sizeof(e));
	require(store_parse(body, &e) != ST_OK);
	require(hash_once(HASH_SHA256, body, sum) == ST_OK);
	wtr_printf(&w, "iotsafe-object 1\nsha256: ");
	hex_put(&w, bytes_of(sum, 32));
	wtr_u8(&w, '\n');
	wtr_put(&w, body);
	if (wtr_done(&w) != ST_OK)
		return 0;
	if (store_parse(wtr_bytes(&w), &e) == ST_OK) {
		check(&e);
		free(e.value);
		return 0;
	}
	require(memcmp(&e, &before, sizeof(e)) == 0);
	return 0;
}
