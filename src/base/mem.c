/* SPDX-License-Identifier: Apache-2.0 */
#include "mem.h"

#include <stdlib.h>
#include <string.h>

void mem_wipe(void *p, size_t n)
{
	if (n == 0)
		return;
	memset(p, 0, n);
	/* the pointer escapes into the empty asm, so the stores above stay */
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

bool mem_equal_ct(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;
	uint8_t differs = 0;

	for (size_t i = 0; i < n; i++)
		differs |= (uint8_t)(x[i] ^ y[i]);
	return differs == 0;
}

void mem_wipe_secret(struct secret_view *s)
{
	mem_wipe(s->p, s->cap);
	s->n = 0;
}

void mem_free_ptr(void *address_of_pointer)
{
	void **p = address_of_pointer;

	free(*p);
	*p = NULL;
}
