/* SPDX-License-Identifier: Apache-2.0 */
#include "p11uri.h"

#include <string.h>

static bool is_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

/* name=value; an id is written in percent form throughout, as RFC 7512 §2.3 recommends. */
static void put(struct wtr *w, const char *name, struct bytes value, bool binary)
{
	if (value.n == 0)
		return;
	if (w->n > 7) /* past "pkcs11:" */
		wtr_u8(w, ';');
	wtr_printf(w, "%s=", name);
	for (size_t i = 0; i < value.n; i++) {
		if (!binary && is_plain(value.p[i]))
			wtr_u8(w, value.p[i]);
		else
			wtr_printf(w, "%%%02X", value.p[i]);
	}
}

status p11uri_write(const struct p11uri_parts *parts, char *dst, size_t cap)
{
	struct wtr w = wtr_on(dst, cap);

	wtr_printf(&w, "pkcs11:");
	put(&w, "token", parts->token, false);
	put(&w, "serial", parts->serial, false);
	put(&w, "object", parts->object, false);
	put(&w, "id", parts->id, true);
	if (parts->type)
		put(&w, "type", bytes_str(parts->type), false);
	wtr_u8(&w, 0);
	return wtr_done(&w);
}
