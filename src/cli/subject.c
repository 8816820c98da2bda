/* SPDX-License-Identifier: Apache-2.0 */
#include "subject.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bytes.h"
#include "hex.h"
#include "mem.h"
#include "say.h"

enum { PARTS_MAX = 32, VALUE_MAX = 256, TYPE_MAX = 64 };

/* --- the subject --- */

struct part {
	char type[TYPE_MAX];
	uint8_t value[VALUE_MAX];
	size_t n;
	bool joined; /* to the part before, by '+' */
};

struct parts {
	struct part part[PARTS_MAX];
	size_t count;
};

static status wrong(const char *text, const char *why)
{
	return SAY(ST_ARG, "--subject %s: %s", text, why);
}

/* One character of a value, escapes resolved, into w. */
static status take_character(struct rdr *r, struct wtr *w)
{
	struct rdr at;
	struct bytes digits;
	uint8_t c;

	TRY(rdr_u8(r, &c));
	if (c != '\\') {
		wtr_u8(w, c);
		return ST_OK;
	}
	at = *r;
	if (rdr_take(&at, 2, &digits) == ST_OK && hex_is_digit((char)digits.p[0]) &&
	    hex_is_digit((char)digits.p[1])) {
		*r = at;
		return hex_get(digits, w);
	}
	TRY(rdr_u8(r, &c));
	wtr_u8(w, c);
	return ST_OK;
}

static const char *take_type(struct rdr *r, struct part *p)
{
	struct wtr w = wtr_on(p->type, sizeof(p->type) - 1);
	uint8_t c = 0;

	while (rdr_u8(r, &c) == ST_OK && c != '=')
		if (c != ' ' || w.n > 0)
			wtr_u8(&w, c);
	while (w.n > 0 && p->type[w.n - 1] == ' ')
		w.n--;
	if (c != '=' || w.n == 0 || wtr_done(&w) != ST_OK)
		return "expected TYPE=VALUE parts, such as CN=meter-0001";
	p->type[w.n] = '\0';
	return NULL;
}

/* Up to the separator, which is left. */
static const char *take_value(struct rdr *r, char separator, struct part *p)
{
	struct wtr w = wtr_on(p->value, sizeof(p->value));
	uint8_t c;

	while (rdr_peek(r, &c) == ST_OK && c != separator && c != '+')
		if (take_character(r, &w) != ST_OK)
			return "it ends in a backslash";
	if (wtr_done(&w) != ST_OK)
		return "a value is too long";
	if (w.n == 0)
		return "a value is empty";
	p->n = w.n;
	return NULL;
}

static const char *split(const char *text, char separator, struct parts *l)
{
	struct rdr r = rdr_of(bytes_str(text));
	const char *why;
	bool joined = false, more = true;
	uint8_t c = 0;

	while (more) {
		struct part *p = &l->part[l->count];

		if (l->count == PARTS_MAX)
			return "too many parts";
		*p = (struct part){.joined = joined};
		why = take_type(&r, p);
		if (!why)
			why = take_value(&r, separator, p);
		if (why)
			return why;
		l->count++;
		more = rdr_u8(&r, &c) == ST_OK;
		joined = more && c == '+';
		if (more && c == '/' && r.n == 0) /* people end it so */
			break;
	}
	return NULL;
}

static status free_and_say(X509_NAME *name, const char *text, const char *type)
{
	char why[TYPE_MAX + 80];

	X509_NAME_free(name);
	snprintf(why, sizeof(why),
		 OBJ_txt2nid(type) == NID_undef ? "%s is no attribute type"
						: "the value of %s is not allowed for it",
		 type);
	return wrong(text, why);
}

/* RDNs from first to last, or the other way round; the parts of one RDN stay together. */
static status build(const struct parts *l, bool backwards, const char *text, X509_NAME **ret)
{
	X509_NAME *name = X509_NAME_new();
	size_t first, last = l->count, from = 0;

	if (!name)
		return ST_NOMEM;
	while (backwards ? last > 0 : from < l->count) {
		first = backwards ? last - 1 : from;
		while (backwards && l->part[first].joined)
			first--;
		for (last = first; last < l->count && (last == first || l->part[last].joined);
		     last++) {
			const struct part *p = &l->part[last];

			if (X509_NAME_add_entry_by_txt(name, p->type, MBSTRING_UTF8, p->value,
						       (int)p->n, -1, last == first ? 0 : -1) != 1)
				return free_and_say(name, text, p->type);
		}
		from = last;
		last = first;
	}
	*ret = name;
	return ST_OK;
}

status subject_parse(const char *text, X509_NAME **ret)
{
	struct parts l = {0};
	bool slashed = text[0] == '/';
	const char *why = split(slashed ? text + 1 : text, slashed ? '/' : ',', &l);

	if (why)
		return wrong(text, why);
	return build(&l, !slashed, text, ret);
}

/* --- alternative names --- */

static bool is_ascii(const char *v)
{
	for (; *v; v++)
		if (*v <= ' ' || *v >= 0x7F)
			return false;
	return true;
}

static bool is_dns(const char *v)
{
	return v[0] != '.' && v[strspn(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789-._*")] == '\0';
}

static bool is_uri(const char *v)
{
	return is_ascii(v) && strchr(v, ':') != NULL && v[0] != ':';
}

static bool is_email(const char *v)
{
	const char *at = strchr(v, '@');

	return is_ascii(v) && at && at != v && at[1] && !strchr(at + 1, '@');
}

static bool is_ip(const char *v)
{
	uint8_t b[16];

	return inet_pton(AF_INET, v, b) == 1 || inet_pton(AF_INET6, v, b) == 1;
}

static const struct san_kind {
	const char *prefix;
	int type;
	bool (*is_good)(const char *v);
	const char *expected;
} kinds[] = {
	{"dns:", GEN_DNS, is_dns, "a host name"},
	{"ip:", GEN_IPADD, is_ip, "an IPv4 or IPv6 address"},
	{"uri:", GEN_URI, is_uri, "a URI"},
	{"email:", GEN_EMAIL, is_email, "a mail address"},
};

static const struct san_kind *kind_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strncasecmp(text, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return &kinds[i];
	return NULL;
}

static ASN1_STRING *make_value(const struct san_kind *kind, const char *v)
{
	ASN1_IA5STRING *s;

	if (kind->type == GEN_IPADD)
		return a2i_IPADDRESS(v);
	s = ASN1_IA5STRING_new();
	if (s && ASN1_STRING_set(s, v, -1) != 1) {
		ASN1_STRING_free(s);
		return NULL;
	}
	return s;
}

static status add_san(const struct san_kind *kind, const char *v, GENERAL_NAMES *names)
{
	ASN1_STRING *s = make_value(kind, v);
	GENERAL_NAME *g = s ? GENERAL_NAME_new() : NULL;

	if (!g) {
		ASN1_STRING_free(s);
		return ST_NOMEM;
	}
	GENERAL_NAME_set0_value(g, kind->type, s);
	if (sk_GENERAL_NAME_push(names, g) == 0) {
		GENERAL_NAME_free(g);
		return ST_NOMEM;
	}
	return ST_OK;
}

/* Length of the first name in the list: to a comma that a kind follows. */
static size_t first_of(const char *text)
{
	size_t n = strcspn(text, ",");

	while (text[n] && !kind_of(text + n + 1))
		n += 1 + strcspn(text + n + 1, ",");
	return n;
}

status subject_add_sans(const char *text, GENERAL_NAMES **names)
{
	char one[VALUE_MAX];
	size_t n;

	if (!*names)
		*names = GENERAL_NAMES_new();
	if (!*names)
		return ST_NOMEM;
	for (const char *at = text; at; at = at[n] ? at + n + 1 : NULL) {
		const struct san_kind *kind = kind_of(at);
		const char *v = one;

		n = first_of(at);
		if (!kind || n >= sizeof(one))
			return SAY(ST_ARG,
				   "--san %s: expected a list of dns:…, ip:…, uri:…, email:…", at);
		snprintf(one, sizeof(one), "%.*s", (int)n, at);
		v = one + strlen(kind->prefix);
		if (!v[0] || !kind->is_good(v))
			return SAY(ST_ARG, "--san %s: expected %s", one, kind->expected);
		TRY(add_san(kind, v, *names));
	}
	return ST_OK;
}
