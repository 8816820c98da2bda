/* SPDX-License-Identifier: Apache-2.0 */
/* Memory hygiene: wiping, scope cleanup, comparison in constant time. */
#ifndef IOTSAFE_BASE_MEM_H
#define IOTSAFE_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Runs fn(&variable) when the variable's scope ends. */
#define ON_EXIT(fn) __attribute__((cleanup(fn)))

/* Overwrites n bytes at p with zeros; the compiler cannot drop it. p may be NULL when n is 0. */
void mem_wipe(void *p, size_t n);

/* Equality in time that depends on n only. */
bool mem_equal_ct(const void *a, const void *b, size_t n);

/* A fixed buffer for a secret: declared empty, wiped at every exit of its scope.
 * SECRET(name, size) declares `struct secret_<name>`-like storage reached as name.p (size
 * name.cap), with name.n for the length in use. */
struct secret_view {
	uint8_t *p;
	size_t cap;
	size_t n;
};
void mem_wipe_secret(struct secret_view *s);
#define SECRET(name, size)                                                                         \
	uint8_t name##_store_[size] = {0};                                                         \
	struct secret_view name ON_EXIT(mem_wipe_secret) = {name##_store_, (size), 0}

/* free() through the address, for ON_EXIT(mem_free_ptr) on any pointer variable. */
void mem_free_ptr(void *address_of_pointer);

#endif
