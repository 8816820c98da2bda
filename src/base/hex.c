/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

static const char digits[] = "0123456789ABCDEF";

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_is_digit(char c)
{
	return digit_value((uint8_t)c) >= 0;
}

void hex_put(struct wtr *w, struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		wtr_u8(w, (uint8_t)digits[b.p[i] >> 4]);
		wtr_u8(w, (uint8_t)digits[b.p[i] & 15]);
	}
}

status hex_get(struct bytes text, struct wtr *w)
{
	if (text.n % 2 != 0)
		return ST_MALFORMED;
	for (size_t i = 0; i < text.n; i += 2) {
		int hi = digit_value(text.p[i]), lo = digit_value(text.p[i + 1]);

		if (hi < 0 || lo < 0)
			return ST_MALFORMED;
		wtr_u8(w, (uint8_t)(hi << 4 | lo));
	}
	return wtr_done(w);
}

char *hex_str(struct bytes b, char *dst, size_t cap)
{
	struct wtr w;

	if (cap == 0)
		return dst;
	if (b.n > (cap - 1) / 2)
		b.n = (cap - 1) / 2;
	w = wtr_on(dst, cap);
	hex_put(&w, b);
	dst[w.n] = '\0';
	return dst;
}
