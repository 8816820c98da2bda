/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in and out. A `struct bytes` is a borrowed view, never stored beyond the call that received
 * it. Input is read only through `struct rdr`, output written only through `struct wtr`: pointer
 * and remaining length advance together, so that they cannot disagree. */
#ifndef IOTSAFE_BASE_BYTES_H
#define IOTSAFE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct bytes {
	const uint8_t *p;
	size_t n;
};

/* View of an array variable, or of a string literal without its NUL. */
#define BYTES_OF(array) ((struct bytes){(array), sizeof(array)})
#define BYTES_LIT(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static inline struct bytes bytes_of(const void *p, size_t n)
{
	return (struct bytes){(const uint8_t *)p, n};
}
/* View of a NUL-terminated string, without the NUL; NULL gives the empty view. */
struct bytes bytes_str(const char *s);
bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_start_with(struct bytes a, struct bytes prefix);

/* --- reading: every getter fails with ST_TRUNCATED and leaves reader and output untouched --- */
struct rdr {
	const uint8_t *p;
	size_t n; /* bytes left */
};
static inline struct rdr rdr_of(struct bytes b)
{
	return (struct rdr){b.p, b.n};
}
static inline struct bytes rdr_rest(const struct rdr *r)
{
	return (struct bytes){r->p, r->n};
}
status rdr_u8(struct rdr *r, uint8_t *ret_v) MUST_USE;
status rdr_u16be(struct rdr *r, uint16_t *ret_v) MUST_USE;
status rdr_u32be(struct rdr *r, uint32_t *ret_v) MUST_USE;
status rdr_u16le(struct rdr *r, uint16_t *ret_v) MUST_USE;
status rdr_u32le(struct rdr *r, uint32_t *ret_v) MUST_USE;
status rdr_take(struct rdr *r, size_t n, struct bytes *ret_b) MUST_USE;
status rdr_skip(struct rdr *r, size_t n) MUST_USE;
/* Next byte without consuming it. */
status rdr_peek(const struct rdr *r, uint8_t *ret_v) MUST_USE;

/* --- writing: putting never fails by itself; overflow sticks and wtr_done reports it --- */
struct wtr {
	uint8_t *p; /* start of the caller's buffer */
	size_t cap;
	size_t n; /* bytes written */
	bool overflow;
};
static inline struct wtr wtr_on(void *p, size_t cap)
{
	return (struct wtr){(uint8_t *)p, cap, 0, false};
}
#define WTR_ON(array) wtr_on((array), sizeof(array))
void wtr_u8(struct wtr *w, uint8_t v);
void wtr_u16be(struct wtr *w, uint16_t v);
void wtr_u32be(struct wtr *w, uint32_t v);
void wtr_u16le(struct wtr *w, uint16_t v);
void wtr_u32le(struct wtr *w, uint32_t v);
void wtr_put(struct wtr *w, struct bytes b);
void wtr_fill(struct wtr *w, uint8_t v, size_t n);
/* printf into the buffer, without a NUL. */
void wtr_printf(struct wtr *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline struct bytes wtr_bytes(const struct wtr *w)
{
	return (struct bytes){w->p, w->n};
}
/* ST_SHORT_OUT if anything did not fit. */
status wtr_done(const struct wtr *w) MUST_USE;

#endif
