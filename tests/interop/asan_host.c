/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into foreign programs beside AddressSanitizer's run-time. With that alone, libp11-kit's
 * constructor, by newlocale, leaves libc's locale lock taken, and every program that links it (curl
 * and all with GnuTLS do) hangs for ever at its next use, our module or not. Without a locale of
 * its own libp11-kit takes strerror. */
#include <errno.h>
#include <locale.h>
#include <stddef.h>

locale_t newlocale(int mask, const char *name, locale_t base)
{
	(void)mask;
	(void)name;
	(void)base;
	errno = ENOMEM;
	return NULL;
}

void freelocale(locale_t l)
{
	(void)l;
}
