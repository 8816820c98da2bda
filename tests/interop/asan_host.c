/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into foreign programs beside AddressSanitizer's run-time. With that alone, libp11-kit's
 * constructor, by newlocale, leaves libc's locale lock taken, and every program that links it (curl
 * and all with GnuTLS do) hangs for ever at its next use, our module or not. Without a locale of
 * its own libp11-kit takes strerror. git hangs so at the lock of translations, and goes without. */
#include <errno.h>
#include <libintl.h>
#include <locale.h>
#include <stddef.h>
#include <stdint.h>

#undef gettext
#undef dgettext
#undef ngettext

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

char *bindtextdomain(const char *domain, const char *folder)
{
	(void)domain;
	return (char *)(uintptr_t)folder;
}

char *bind_textdomain_codeset(const char *domain, const char *codeset)
{
	(void)domain;
	return (char *)(uintptr_t)codeset;
}

char *textdomain(const char *domain)
{
	return (char *)(uintptr_t)domain;
}

char *gettext(const char *text)
{
	return (char *)(uintptr_t)text;
}

char *dgettext(const char *domain, const char *text)
{
	(void)domain;
	return gettext(text);
}

char *dcgettext(const char *domain, const char *text, int category)
{
	(void)domain;
	(void)category;
	return gettext(text);
}

char *ngettext(const char *one, const char *many, unsigned long n)
{
	return gettext(n == 1 ? one : many);
}
