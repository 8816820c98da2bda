/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe read: a certificate, a public key or data, as a file or for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "hex.h"
#include "mem.h"
#include "p11object.h"
#include "p11rv.h"
#include "pem.h"
#include "progress.h"
#include "say.h"
#include "text.h"

enum { PEM_TEXT_MAX = 49152, DUMP_COLUMNS = 16 };

enum form { FORM_PEM, FORM_RAW };

/* An object's bytes; those of a public key are its SubjectPublicKeyInfo. */
struct thing {
	struct p11object object;
	char label[MODULE_TEXT_MAX], id[2 * P11OBJECT_ID_MAX + 1], application[MODULE_TEXT_MAX],
		uri[MODULE_URI_MAX];
	uint8_t *value; /* owned */
	size_t n;
};

static void free_thing(struct thing *o)
{
	free(o->value);
}

static void text_of(const struct p11token *t, const struct thing *o, CK_ATTRIBUTE_TYPE type,
		    char *dst, size_t cap)
{
	uint8_t *v ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;

	dst[0] = '\0';
	if (p11object_value(t, o->object.handle, type, &v, &n) != ST_OK)
		return;
	if (type == CKA_ID)
		hex_str(bytes_of(v, n), dst, cap);
	else
		text_clean(bytes_of(v, n), dst, cap);
}

static status read_public(const struct p11token *t, struct thing *o)
{
	uint8_t spki[600];
	struct wtr w = WTR_ON(spki);
	struct public_key k;

	if (p11object_public(t, o->object.handle, &k) != ST_OK || public_key_spki(&k, &w) != ST_OK)
		return SAY(ST_IO, "the SIM does not give the key's value");
	o->value = malloc(w.n);
	if (!o->value)
		return ST_NOMEM;
	memcpy(o->value, spki, w.n);
	o->n = w.n;
	return ST_OK;
}

static status read_thing(struct p11token *t, struct thing *o)
{
	if (o->object.class == CKO_PUBLIC_KEY)
		TRY(read_public(t, o));
	else if (p11object_value(t, o->object.handle, CKA_VALUE, &o->value, &o->n) != ST_OK)
		return SAY(ST_IO, "the SIM does not give the %s's value",
			   p11object_class_name(o->object.class));
	text_of(t, o, CKA_LABEL, o->label, sizeof(o->label));
	text_of(t, o, CKA_ID, o->id, sizeof(o->id));
	text_of(t, o, CKA_APPLICATION, o->application, sizeof(o->application));
	p11object_uri(t, o->object.handle, o->uri);
	return ST_OK;
}

/* --- for people --- */

static void summary_certificate(FILE *f, const struct thing *o)
{
	struct x509_info info;
	char subject[sizeof(info.subject_text)];

	if (x509_parse(bytes_of(o->value, o->n), &info) != ST_OK)
		return;
	fprintf(f, "subject     %s\n",
		text_clean(bytes_str(info.subject_text), subject, sizeof(subject)));
	if (info.not_before[0] && info.not_after[0])
		fprintf(f, "valid       %.4s-%.2s-%.2s to %.4s-%.2s-%.2s\n", info.not_before,
			info.not_before + 4, info.not_before + 6, info.not_after,
			info.not_after + 4, info.not_after + 6);
	fprintf(f, "authority   %s\n", info.is_ca ? "yes" : "no");
}

static void summary_public(FILE *f, const struct thing *o)
{
	struct public_key k;

	if (public_key_from_spki(bytes_of(o->value, o->n), &k) != ST_OK)
		return;
	if (k.kind == PUBLIC_RSA)
		fprintf(f, "key         RSA-%zu\n", 8 * k.modulus_len);
	else
		fprintf(f, "key         %s\n", curve_name(k.curve));
}

static void summary(FILE *f, const struct thing *o)
{
	fprintf(f, "%s \"%s\"\n", p11object_class_name(o->object.class), o->label);
	if (o->id[0])
		fprintf(f, "id          %s\n", o->id);
	if (o->application[0])
		fprintf(f, "application %s\n", o->application);
	fprintf(f, "size        %zu bytes\n", o->n);
	if (o->object.class == CKO_CERTIFICATE)
		summary_certificate(f, o);
	if (o->object.class == CKO_PUBLIC_KEY)
		summary_public(f, o);
	fprintf(f, "uri         %s\n\n", o->uri);
}

/* Text as it is where a terminal may have it, else a dump. */
static void show_data(const struct thing *o)
{
	struct bytes b = bytes_of(o->value, o->n);
	char *clean ON_EXIT(mem_free_ptr) = malloc(o->n + 1);
	char hex[2 * DUMP_COLUMNS + 1];
	bool is_text = clean != NULL;

	if (clean)
		text_clean(b, clean, o->n + 1);
	for (size_t i = 0; is_text && i < b.n; i++)
		is_text = clean[i] == (char)b.p[i] || b.p[i] == '\n' || b.p[i] == '\t' ||
			  b.p[i] == '\r';
	if (is_text) {
		fwrite(b.p, 1, b.n, stdout);
		if (b.n > 0 && b.p[b.n - 1] != '\n')
			fputc('\n', stdout);
		return;
	}
	for (size_t i = 0; i < b.n; i += DUMP_COLUMNS) {
		size_t n = b.n - i < DUMP_COLUMNS ? b.n - i : DUMP_COLUMNS;

		printf("%04zX  %s\n", i, hex_str(bytes_of(b.p + i, n), hex, sizeof(hex)));
	}
}

/* --- for programs --- */

static void show_json(const struct thing *o)
{
	struct json j = json_on(stdout);

	json_open_object(&j, NULL);
	json_string(&j, "class", p11object_class_name(o->object.class));
	json_string(&j, "label", o->label);
	json_string(&j, "id", o->id);
	if (o->application[0])
		json_string(&j, "application", o->application);
	json_string(&j, "uri", o->uri);
	json_number(&j, "size", o->n);
	json_hex(&j, "value", bytes_of(o->value, o->n));
	json_close_object(&j);
	json_end(&j);
}

static status write_pem(const struct thing *o, const char *file)
{
	uint8_t *text ON_EXIT(mem_free_ptr) = malloc(PEM_TEXT_MAX);
	struct wtr w = wtr_on(text, PEM_TEXT_MAX);
	const char *name = o->object.class == CKO_CERTIFICATE ? "CERTIFICATE" : "PUBLIC KEY";

	if (!text)
		return ST_NOMEM;
	TRY(pem_put(name, bytes_of(o->value, o->n), &w));
	return pem_out(file, wtr_bytes(&w), false);
}

static status show(const struct options *opt, const struct thing *o)
{
	bool is_data = o->object.class == CKO_DATA;
	bool chosen = opt->der || opt->raw || opt->pem;
	enum form form = opt->der || opt->raw || (is_data && !opt->pem) ? FORM_RAW : FORM_PEM;

	if (opt->pem && is_data)
		return SAY(ST_ARG, "--pem: data has no such form; use --raw");
	if (opt->json) {
		show_json(o);
		return ST_OK;
	}
	if (!opt->out && !chosen && isatty(STDOUT_FILENO)) {
		summary(stdout, o);
		if (is_data) {
			show_data(o);
			return ST_OK;
		}
	}
	if (form == FORM_PEM)
		return write_pem(o, opt->out);
	return pem_out(opt->out, bytes_of(o->value, o->n), false);
}

static status run(struct p11token *t, const struct options *opt, const struct p11name *name,
		  const struct p11classes *classes)
{
	struct thing o ON_EXIT(free_thing) = {0};

	TRY(p11object_choose(t, name, classes, &o.object));
	TRY(read_thing(t, &o));
	progress_end();
	return show(opt, &o);
}

int read_run(const struct options *opt)
{
	static const CK_OBJECT_CLASS all[] = {CKO_CERTIFICATE, CKO_DATA, CKO_PUBLIC_KEY};
	struct p11token t ON_EXIT(p11token_close) = {0};
	struct p11classes classes = {all, ARRAY_LEN(all), "certificate, data or public key"};
	CK_OBJECT_CLASS one;
	struct p11name name;

	if ((opt->der || opt->raw) + opt->pem + opt->json > 1) {
		say("--der, --raw, --pem and --json exclude each other");
		return EXIT_USAGE;
	}
	if (p11name_parse(opt->arg, &name) != ST_OK)
		return EXIT_USAGE;
	if (opt->type) {
		if (p11object_class(opt->type, &one) != ST_OK)
			return EXIT_USAGE;
		classes = (struct p11classes){&one, 1, p11object_class_name(one)};
	}
	progress_begin("reading");
	if (p11token_open(opt, p11name_uri(&name), &t) != ST_OK ||
	    run(&t, opt, &name, &classes) != ST_OK)
		return EXIT_FAILED;
	return EXIT_FINE;
}
