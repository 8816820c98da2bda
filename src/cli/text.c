/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <string.h>

/* Length of the UTF-8 character at the head of b if a terminal may have it, else 0. */
static size_t good_character(struct bytes b)
{
	uint32_t c = b.p[0];
	size_t n = c < 0x80 ? 1 : (c & 0xE0) == 0xC0 ? 2 : (c & 0xF0) == 0xE0 ? 3 : 4;
	static const uint32_t least[] = {0, 0x20, 0xA0, 0x800, 0x10000}; /* A0: no C1 controls */

	if (n > b.n || (n > 1 && c < 0xC2) || c > 0xF4)
		return 0;
	c &= n == 1 ? 0x7F : 0x7Fu >> n;
	for (size_t i = 1; i < n; i++) {
		if ((b.p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (b.p[i] & 0x3F);
	}
	/* no surrogates, no bidirectional overrides, no line and paragraph separators */
	if (c < least[n] || c == 0x7F || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ||
	    (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069))
		return 0;
	return n;
}

char *text_clean(struct bytes b, char *dst, size_t cap)
{
	size_t at = 0;

	while (b.n > 0) {
		size_t n = good_character(b);
		size_t step = n ? n : 1;

		if (at + step >= cap)
			break;
		if (n)
			memcpy(dst + at, b.p, n);
		else
			dst[at] = '?';
		at += step;
		b.p += step;
		b.n -= step;
	}
	dst[at] = '\0';
	return dst;
}

struct json json_on(FILE *f)
{
	return (struct json){.f = f, .first = true};
}

static void put_clean(struct json *j, struct bytes value)
{
	char clean[1024];

	text_clean(value, clean, sizeof(clean));
	for (const char *p = clean; *p; p++) {
		if (*p == '"' || *p == '\\')
			fputc('\\', j->f);
		fputc(*p, j->f);
	}
}

static void put_string(struct json *j, const char *value)
{
	fputc('"', j->f);
	put_clean(j, bytes_str(value));
	fputc('"', j->f);
}

static void begin(struct json *j, const char *key)
{
	if (!j->first)
		fputs(key ? ", " : ",", j->f);
	if (!key && j->depth > 0)
		fprintf(j->f, "\n%*s", (int)(2 * j->depth), "");
	if (key) {
		put_string(j, key);
		fputs(": ", j->f);
	}
	j->first = false;
}

void json_open_object(struct json *j, const char *key)
{
	begin(j, key);
	fputc('{', j->f);
	j->first = true;
}

void json_open_array(struct json *j, const char *key)
{
	begin(j, key);
	fputc('[', j->f);
	j->first = true;
	j->depth++;
}

void json_close_object(struct json *j)
{
	fputc('}', j->f);
	j->first = false;
}

void json_close_array(struct json *j)
{
	j->depth--;
	if (!j->first)
		fprintf(j->f, "\n%*s", (int)(2 * j->depth), "");
	fputc(']', j->f);
	j->first = false;
}

void json_string(struct json *j, const char *key, const char *value)
{
	begin(j, key);
	if (value)
		put_string(j, value);
	else
		fputs("null", j->f);
}

void json_text(struct json *j, const char *key, const char *value)
{
	begin(j, key);
	fputc('"', j->f);
	for (const char *at = value; *at;) {
		size_t n = strcspn(at, "\n");

		put_clean(j, bytes_of(at, n));
		at += n;
		if (*at == '\n') {
			fputs("\\n", j->f);
			at++;
		}
	}
	fputc('"', j->f);
}

void json_hex(struct json *j, const char *key, struct bytes value)
{
	begin(j, key);
	fputc('"', j->f);
	for (size_t i = 0; i < value.n; i++)
		fprintf(j->f, "%02X", value.p[i]);
	fputc('"', j->f);
}

void json_number(struct json *j, const char *key, unsigned long value)
{
	begin(j, key);
	fprintf(j->f, "%lu", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	fputs(value ? "true" : "false", j->f);
}

void json_end(struct json *j)
{
	fputc('\n', j->f);
}
