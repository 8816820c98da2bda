/* SPDX-License-Identifier: Apache-2.0 */
#include "complain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "belong.h"
#include "deadline.h"
#include "log.h"
#include "mem.h"

enum { TEXT_MAX = 64, LINE_LEN = 512, AGAIN_MS = 10000 };

/* Programs ask for the same thing several times over: the same line is not told twice within ten
 * seconds, as long as no other was. */
static void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *fmt, ...)
{
	static _Atomic uint64_t last;
	static _Atomic deadline until;
	uint64_t hash = 0xCBF29CE484222325U; /* FNV-1a */
	char line[LINE_LEN];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	for (const char *c = line; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001B3U;
	if (atomic_exchange(&last, hash) == hash && !deadline_passed(atomic_load(&until)))
		return;
	atomic_store(&until, deadline_in_ms(AGAIN_MS));
	log_error("%s", line);
}

/* --- certificates --- */

/* YYYYMMDD; false when the clock cannot tell. */
static bool today(char ret[16])
{
	time_t now = time(NULL);
	struct tm tm;

	return gmtime_r(&now, &tm) != NULL && strftime(ret, 16, "%Y%m%d", &tm) != 0;
}

void complain_dates(struct slot *s, const struct object *cert)
{
	const struct x509_info *x = cert->x509;
	char day[16];

	if (x->is_ca || !log_wants(LOG_LEVEL_ERROR) || !today(day))
		return;
	if (x->not_after[0] != '\0' && strcmp(x->not_after, day) < 0)
		complain("slot %s: the certificate of %.100s has expired, it was valid until "
			 "%.4s-%.2s-%.2s",
			 slot_conf(s)->name, x->subject_text, x->not_after, x->not_after + 4,
			 x->not_after + 6);
	if (x->not_before[0] != '\0' && strcmp(x->not_before, day) > 0)
		complain("slot %s: the certificate of %.100s is valid from %.4s-%.2s-%.2s on: is "
			 "this host's clock right?",
			 slot_conf(s)->name, x->subject_text, x->not_before, x->not_before + 4,
			 x->not_before + 6);
}

/* The pair that it ought to be about: of its name, else the only one that signs. */
static const struct pair *expected_pair(const struct token *t, const struct object *cert)
{
	const struct pair *only = NULL;
	size_t signing = 0;

	for (size_t i = 0; i < t->pair_count; i++) {
		const struct pair *p = &t->pair[i];

		if (!p->has_priv || !container_can_sign(&p->priv))
			continue;
		if (belong_named(&p->priv, &cert->c))
			return p;
		only = p;
		signing++;
	}
	return signing == 1 ? only : NULL;
}

void complain_stray(struct slot *s, const struct token *t, const struct object *cert)
{
	const struct pair *p = cert->x509->is_ca ? NULL : expected_pair(t, cert);

	if (p != NULL && p->state == KEY_READ)
		complain("slot %s: the certificate of %.100s does not belong to the key \"%s\", "
			 "nor to any other of this SIM",
			 slot_conf(s)->name, cert->x509->subject_text, p->name);
}

/* --- searches --- */

static const CK_ATTRIBUTE *find(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < n; i++)
		if (tmpl[i].type == type && tmpl[i].pValue != NULL)
			return &tmpl[i];
	return NULL;
}

static void text_of(const CK_ATTRIBUTE *a, char ret[TEXT_MAX])
{
	const unsigned char *p = a->pValue;
	size_t n = a->ulValueLen < TEXT_MAX - 1 ? a->ulValueLen : TEXT_MAX - 1;

	for (size_t i = 0; i < n; i++)
		ret[i] = p[i] < 0x20 || p[i] == 0x7F ? '?' : (char)p[i];
	ret[n] = '\0';
}

static bool is_for(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_CLASS wanted)
{
	const CK_ATTRIBUTE *a = find(tmpl, n, CKA_CLASS);
	CK_OBJECT_CLASS class;

	if (a == NULL || a->ulValueLen != sizeof(class))
		return false;
	memcpy(&class, a->pValue, sizeof(class));
	return class == wanted;
}

/* A key or certificate that lacks the other one, by an id that both would have: the certificates at
 * hand that are no key's tell why. */
static void tell_strays(struct slot *s)
{
	struct token *t = s->token;

	for (size_t i = 0; t != NULL && i < t->object_count; i++)
		if (token_cert_pair(s, t, &t->object[i]) != ST_OK)
			return; /* the next call tells that */
}

static bool has_private(const struct token *t)
{
	for (size_t i = 0; t != NULL && i < t->pair_count; i++)
		if (t->pair[i].has_priv)
			return true;
	return false;
}

/* Searches by id alone are many, and most of them are guesses (for the key of each certificate):
 * of those only a certificate that is nobody's is told. */
void complain_search(struct slot *s, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ULONG found,
		     bool hides)
{
	const CK_ATTRIBUTE *label = find(tmpl, n, CKA_LABEL);
	char text[TEXT_MAX];

	if (!log_wants(LOG_LEVEL_ERROR))
		return;
	if (found == 0 && find(tmpl, n, CKA_ID) != NULL &&
	    (is_for(tmpl, n, CKO_PRIVATE_KEY) || is_for(tmpl, n, CKO_CERTIFICATE)))
		tell_strays(s);
	if (is_for(tmpl, n, CKO_PUBLIC_KEY) && found == 0 && !hides && label == NULL &&
	    find(tmpl, n, CKA_ID) == NULL && !has_private(s->token))
		complain("slot %s: the SIM shows no private key", slot_conf(s)->name);
	if (!is_for(tmpl, n, CKO_PRIVATE_KEY))
		return;
	if (found == 0 && hides) {
		log_info("slot %s: private keys are shown after the login only",
			 slot_conf(s)->name);
	} else if (label != NULL) {
		text_of(label, text);
		if (found == 0)
			complain("slot %s: no private key is called \"%s\": \"iotsafe list\" "
				 "shows the names",
				 slot_conf(s)->name, text);
		if (found > 1)
			complain("slot %s: %lu private keys are called \"%s\": name one by its "
				 "id, as \"iotsafe list\" shows it",
				 slot_conf(s)->name, found, text);
	} else if (found == 0 && find(tmpl, n, CKA_ID) == NULL) {
		complain("slot %s: the SIM shows no private key", slot_conf(s)->name);
	}
}

/* --- slots --- */

static void no_permission(struct slot *s)
{
	complain("slot %s: no permission for %s: \"iotsafe doctor\" tells who has it",
		 slot_conf(s)->name, slot_conf(s)->uri_text);
}

/* A device that is there and not ours to open is no reader that was pulled out. */
void complain_nothing(struct slot *s)
{
	const char *path = slot_conf(s)->uri.path;
	int before = errno;

	if (path[0] == '/' && faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0 &&
	    errno == EACCES)
		no_permission(s);
	else
		log_info("slot %s: nothing at %s: \"iotsafe doctor\" tells why", slot_conf(s)->name,
			 slot_conf(s)->uri_text);
	errno = before;
}

void complain_absent(struct slot *s, status st)
{
	if (st == ST_DENIED_DEVICE)
		no_permission(s);
	else
		log_info("slot %s: %s", slot_conf(s)->name, status_text(st));
}
