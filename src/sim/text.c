/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <string.h>

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void advance(struct rdr *r, size_t n)
{
	r->p += n;
	r->n -= n;
}

bool text_item(struct rdr *r, char separator, struct bytes *ret_item)
{
	if (r->n == 0)
		return false;
	const uint8_t *end = memchr(r->p, separator, r->n);
	size_t n = end ? (size_t)(end - r->p) : r->n;
	*ret_item = bytes_of(r->p, n);
	advance(r, end ? n + 1 : n);
	return true;
}

bool text_word(struct rdr *r, struct bytes *ret_word)
{
	while (r->n > 0 && is_blank(*r->p))
		advance(r, 1);
	size_t n = 0;
	while (n < r->n && !is_blank(r->p[n]))
		n++;
	if (n == 0)
		return false;
	*ret_word = bytes_of(r->p, n);
	advance(r, n);
	return true;
}

struct bytes text_trim(struct bytes b)
{
	while (b.n > 0 && is_blank(b.p[0])) {
		b.p++;
		b.n--;
	}
	while (b.n > 0 && is_blank(b.p[b.n - 1]))
		b.n--;
	return b;
}

static unsigned digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return 99;
}

status text_number(struct bytes text, unsigned base, unsigned long *ret_v)
{
	unsigned long v = 0;
	if (text.n == 0 || text.n > (base == 16 ? 8u : 9u))
		return ST_ARG;
	for (size_t i = 0; i < text.n; i++) {
		unsigned d = digit_of(text.p[i]);
		if (d >= base)
			return ST_ARG;
		v = v * base + d;
	}
	*ret_v = v;
	return ST_OK;
}

status text_copy(struct bytes text, char *dst, size_t cap)
{
	if (text.n >= cap)
		return ST_SHORT_OUT;
	if (text.n > 0 && memchr(text.p, 0, text.n))
		return ST_ARG;
	if (text.n > 0)
		memcpy(dst, text.p, text.n);
	dst[text.n] = '\0';
	return ST_OK;
}
