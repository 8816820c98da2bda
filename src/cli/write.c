/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe write and iotsafe delete: certificates, public keys and data (and the end of key pairs),
 * on the card where it can store them, else beside it on this host; which of them is the module's
 * business. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "hex.h"
#include "mem.h"
#include "p11object.h"
#include "p11rv.h"
#include "pem.h"
#include "progress.h"
#include "say.h"
#include "text.h"

enum { FILE_TEXT_MAX = 65536, ATTRIBUTES_MAX = 12 };

/* What is to be written. */
struct item {
	CK_OBJECT_CLASS class;
	uint8_t *file, *der; /* owned; the file as read, and what is in it */
	struct bytes value;  /* of a certificate exactly the certificate */
	struct x509_info info;
	struct public_key key; /* of a public key */
	struct bytes name, application;
	uint8_t id[P11OBJECT_ID_MAX];
	size_t id_n;
	uint8_t *key_label, *key_id; /* owned; of the key that a certificate belongs to */
};

static void free_item(struct item *it)
{
	free(it->file);
	free(it->der);
	free(it->key_label);
	free(it->key_id);
}

/* --- the file --- */

/* Its DER in it->value: as it is, or out of a PEM block of that name. */
static status undress(struct item *it, struct bytes text, const char *block)
{
	struct wtr w = wtr_on(it->der, FILE_TEXT_MAX);

	it->value = pem_get(block, text, &w) == ST_OK ? wtr_bytes(&w) : text;
	return ST_OK;
}

static status read_certificate(struct item *it, struct bytes text, const char *file)
{
	TRY(undress(it, text, "CERTIFICATE"));
	if (x509_parse(it->value, &it->info) != ST_OK)
		return SAY(ST_ARG, "%s: no certificate, neither DER nor PEM", file);
	it->value = it->info.der;
	return ST_OK;
}

static status read_public(struct item *it, struct bytes text, const char *file)
{
	TRY(undress(it, text, "PUBLIC KEY"));
	if (public_key_from_spki(it->value, &it->key) != ST_OK || it->key.kind != PUBLIC_EC)
		return SAY(ST_ARG,
			   "%s: no public key that a SIM can store: expected P-256, P-384 or "
			   "brainpoolP256r1 as SubjectPublicKeyInfo, DER or PEM",
			   file);
	return ST_OK;
}

static status read_item(const struct options *opt, struct item *it)
{
	struct wtr w, id = WTR_ON(it->id);

	if (!opt->type)
		return SAY(ST_ARG, "--type is missing: cert, pubkey or data");
	TRY(p11object_class(opt->type, &it->class));
	if (opt->application && it->class != CKO_DATA)
		return SAY(ST_ARG, "--application is for --type data");
	if (opt->id && it->class == CKO_DATA)
		return SAY(ST_ARG, "--id: data has none; use --name");
	if (opt->id && (hex_get(bytes_str(opt->id), &id) != ST_OK || id.n == 0))
		return SAY(ST_ARG, "--id %s: expected 1 to 64 bytes in hex", opt->id);
	if (opt->unbound && it->class != CKO_CERTIFICATE)
		return SAY(ST_ARG, "--unbound is for --type cert");
	it->id_n = id.n;
	it->name = bytes_str(opt->name);
	it->application = bytes_str(opt->application);
	it->file = malloc(FILE_TEXT_MAX);
	it->der = malloc(FILE_TEXT_MAX);
	if (!it->file || !it->der)
		return ST_NOMEM;
	w = wtr_on(it->file, FILE_TEXT_MAX);
	TRY(pem_in(opt->arg, &w));
	it->value = wtr_bytes(&w);
	if (it->class == CKO_CERTIFICATE)
		TRY(read_certificate(it, wtr_bytes(&w), opt->arg));
	if (it->class == CKO_PUBLIC_KEY)
		TRY(read_public(it, wtr_bytes(&w), opt->arg));
	if (it->value.n > FILE_SIZE_MAX)
		return SAY(ST_ARG, "%s: it is too long: %zu bytes, at most %d", opt->arg,
			   it->value.n, FILE_SIZE_MAX);
	return ST_OK;
}

/* --- the key that a certificate belongs to --- */

static status find_key(struct p11token *t, const struct public_key *k, CK_OBJECT_CLASS class,
		       CK_OBJECT_HANDLE *ret, bool *ret_found)
{
	CK_ATTRIBUTE attr = {CKA_CLASS, &class, sizeof(class)};
	CK_OBJECT_HANDLE found[P11OBJECTS_MAX];
	struct public_key other;
	size_t count;

	*ret_found = false;
	TRY(p11object_find(t, &attr, 1, found, &count));
	for (size_t i = 0; i < count && !*ret_found; i++) {
		if (p11object_public(t, found[i], &other) != ST_OK || !public_key_equal(k, &other))
			continue;
		*ret = found[i];
		*ret_found = true;
	}
	return ST_OK;
}

/* Label and id of the key become the certificate's, unless others were named. */
static status take_names(struct p11token *t, CK_OBJECT_HANDLE key, struct item *it)
{
	size_t n = 0;

	if (it->name.n == 0 && p11object_value(t, key, CKA_LABEL, &it->key_label, &n) == ST_OK)
		it->name = bytes_of(it->key_label, n);
	if (it->id_n > 0 || p11object_value(t, key, CKA_ID, &it->key_id, &n) != ST_OK ||
	    n > sizeof(it->id))
		return ST_OK;
	memcpy(it->id, it->key_id, n);
	it->id_n = n;
	return ST_OK;
}

static status bind(struct p11token *t, const struct options *opt, struct item *it)
{
	CK_OBJECT_HANDLE key = 0;
	bool found = false;

	if (it->info.key.kind != PUBLIC_NONE) {
		TRY(find_key(t, &it->info.key, CKO_PRIVATE_KEY, &key, &found));
		if (!found) {
			TRY(p11token_login(t));
			TRY(find_key(t, &it->info.key, CKO_PRIVATE_KEY, &key, &found));
		}
	}
	if (found)
		return take_names(t, key, it);
	if (!opt->unbound)
		return SAY(ST_NO_KEY,
			   "no key on the token has this certificate's public key; --unbound "
			   "stores it all the same");
	if (it->id_n == 0 && it->info.key.kind != PUBLIC_NONE) {
		TRY(public_key_id(&it->info.key, it->id));
		it->id_n = 20;
	}
	return ST_OK;
}

/* --- writing --- */

struct attributes {
	CK_ATTRIBUTE a[ATTRIBUTES_MAX];
	CK_ULONG n;
};

static void add(struct attributes *l, CK_ATTRIBUTE_TYPE type, const void *p, size_t n)
{
	CK_ATTRIBUTE *a = &l->a[l->n++];

	a->type = type;
	a->pValue = (void *)(uintptr_t)p; /* Cryptoki knows no const */
	a->ulValueLen = n;
}

static void add_bytes(struct attributes *l, CK_ATTRIBUTE_TYPE type, struct bytes b)
{
	if (b.n > 0)
		add(l, type, b.p, b.n);
}

static CK_RV create(struct p11token *t, const struct item *it, CK_OBJECT_HANDLE *ret)
{
	static const CK_BBOOL yes = CK_TRUE;
	static const CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	static const CK_KEY_TYPE ec = CKK_EC;
	struct attributes l = {0};
	struct bytes curve = curve_oid_der(it->key.curve);
	uint8_t point[EC_POINT_MAX + 3];
	struct wtr w = WTR_ON(point);

	add(&l, CKA_CLASS, &it->class, sizeof(it->class));
	add(&l, CKA_TOKEN, &yes, sizeof(yes));
	add_bytes(&l, CKA_LABEL, it->name);
	add_bytes(&l, CKA_ID, bytes_of(it->id, it->id_n));
	add_bytes(&l, CKA_APPLICATION, it->application);
	if (it->class == CKO_CERTIFICATE) {
		add(&l, CKA_CERTIFICATE_TYPE, &x509, sizeof(x509));
		add_bytes(&l, CKA_SUBJECT, it->info.subject);
		add_bytes(&l, CKA_ISSUER, it->info.issuer);
		add_bytes(&l, CKA_SERIAL_NUMBER, it->info.serial);
	}
	if (it->class == CKO_PUBLIC_KEY) {
		/* DER OCTET STRING; its length is below 0x80 but for no curve of ours */
		wtr_u8(&w, 0x04);
		wtr_u8(&w, (uint8_t)it->key.point_len);
		wtr_put(&w, bytes_of(it->key.point, it->key.point_len));
		add(&l, CKA_KEY_TYPE, &ec, sizeof(ec));
		add_bytes(&l, CKA_EC_PARAMS, curve);
		add_bytes(&l, CKA_EC_POINT, wtr_bytes(&w));
	} else {
		add(&l, CKA_VALUE, it->value.p, it->value.n);
	}
	return t->f->C_CreateObject(t->session, l.a, l.n, ret);
}

static status write_item(struct p11token *t, const struct options *opt, struct item *it)
{
	struct json j = json_on(stdout);
	char uri[MODULE_URI_MAX];
	CK_OBJECT_HANDLE h = 0;
	CK_RV rv;

	if (it->class == CKO_CERTIFICATE)
		TRY(bind(t, opt, it));
	rv = create(t, it, &h);
	if (p11token_wants_login(t, rv)) {
		TRY(p11token_login(t));
		rv = create(t, it, &h);
	}
	if (rv == CKR_DEVICE_MEMORY && it->class == CKO_PUBLIC_KEY)
		return SAY(ST_STORE,
			   "%s: the SIM has no empty container for it that may be written",
			   opt->arg);
	if (rv == CKR_DEVICE_MEMORY)
		return SAY(ST_STORE,
			   "%s: there is no room for it, neither in a container of the SIM nor in "
			   "%s; IOTSAFE_LOG=error tells why",
			   opt->arg, t->plan->settings.store_dir);
	if (rv != CKR_OK)
		return p11rv_say(opt->arg, rv);
	p11object_uri(t, h, uri);
	progress_end();
	if (!opt->json) {
		printf("%s\n", uri);
		return ST_OK;
	}
	json_open_object(&j, NULL);
	json_string(&j, "class", p11object_class_name(it->class));
	json_string(&j, "uri", uri);
	json_close_object(&j);
	json_end(&j);
	return ST_OK;
}

int write_run(const struct options *opt)
{
	struct p11token t ON_EXIT(p11token_close) = {0};
	struct item it ON_EXIT(free_item) = {0};
	status st = read_item(opt, &it);

	if (st != ST_OK)
		return st == ST_ARG ? EXIT_USAGE : EXIT_FAILED;
	progress_begin("writing");
	if (p11token_open(opt, NULL, &t) != ST_OK || write_item(&t, opt, &it) != ST_OK)
		return EXIT_FAILED;
	return EXIT_FINE;
}

/* --- delete --- */

static status destroy(struct p11token *t, const struct p11name *name,
		      const struct p11classes *classes)
{
	struct p11object o;
	CK_RV rv;

	TRY(p11object_choose(t, name, classes, &o));
	if (o.class == CKO_PRIVATE_KEY && !p11object_flag(t, o.handle, CKA_DESTROYABLE))
		return SAY(ST_ARG,
			   "%s: it is no key that was made through this host's programs, or "
			   "nothing can be kept in %s",
			   name->text, t->plan->settings.store_dir);
	rv = t->f->C_DestroyObject(t->session, o.handle);
	if (p11token_wants_login(t, rv)) {
		TRY(p11token_login(t));
		rv = t->f->C_DestroyObject(t->session, o.handle);
	}
	return rv == CKR_OK ? ST_OK : p11rv_say(name->text, rv);
}

int delete_run(const struct options *opt)
{
	static const CK_OBJECT_CLASS all[] = {CKO_CERTIFICATE, CKO_DATA, CKO_PUBLIC_KEY};
	struct p11token t ON_EXIT(p11token_close) = {0};
	struct p11classes classes = {all, ARRAY_LEN(all), "certificate, data or public key"};
	CK_OBJECT_CLASS one;
	struct p11name name;

	if (p11name_parse(opt->arg, &name) != ST_OK)
		return EXIT_USAGE;
	if (opt->type && strcmp(opt->type, "privkey") == 0) {
		one = CKO_PRIVATE_KEY;
		classes = (struct p11classes){&one, 1, p11object_class_name(one)};
		if (!opt->yes) {
			say("%s: with --yes the key pair is destroyed, for good", opt->arg);
			return EXIT_USAGE;
		}
	} else if (opt->type) {
		if (p11object_class(opt->type, &one) != ST_OK)
			return EXIT_USAGE;
		classes = (struct p11classes){&one, 1, p11object_class_name(one)};
	}
	if (p11token_open(opt, p11name_uri(&name), &t) != ST_OK ||
	    destroy(&t, &name, &classes) != ST_OK)
		return EXIT_FAILED;
	return EXIT_FINE;
}
