/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "cert.h"
#include "derive.h"
#include "file.h"
#include "hex.h"
#include "inject.h"
#include "key.h"
#include "mem.h"
#include "profile.h"
#include "text.h"
#include "uicc_pin_make.h"
#include "value.h"

#define DEVICE_NAME "meter-0001"

enum { PADDED_CAPACITY = 1024, SECRET_SIZE = 32 };

struct making {
	struct store *store;
	const struct make_options *options;
	struct cert_authority ca;
	size_t cert_size;
	bool cert_sized; /* the client certificate has had its size */
};

static void making_free(struct making *m)
{
	cert_authority_free(&m->ca);
}

/* --- values --- */

static struct object *private_named(struct store *s, const char *id_hex)
{
	uint8_t store[CONTAINER_ID_MAX];
	struct wtr w = WTR_ON(store);
	if (!id_hex || hex_get(bytes_str(id_hex), &w) != ST_OK)
		return NULL;
	return store_find_id(s, OBJECT_PRIVATE, wtr_bytes(&w));
}

static status fill_key(struct making *m, const struct profile_container *row, struct object *o)
{
	EVP_PKEY *key;
	if (o->kind == OBJECT_PRIVATE) {
		TRY(key_generate(o->type, &key));
	} else {
		struct object *priv = private_named(m->store, row->of);
		if (!priv || !priv->key)
			return ST_BUG;
		TRY(key_public_half(priv->key, &key));
	}
	object_set_key(o, key);
	return ST_OK;
}

/* Cut or filled up to n bytes. */
static status resize(uint8_t **p, size_t *have, size_t n, uint8_t fill)
{
	uint8_t *bigger = realloc(*p, n);
	if (!bigger)
		return ST_NOMEM;
	if (n > *have)
		memset(bigger + *have, fill, n - *have);
	*p = bigger;
	*have = n;
	return ST_OK;
}

static status fill_certificate(struct making *m, const struct profile_container *row,
			       struct object *o)
{
	struct object *priv = private_named(m->store, row->of);
	X509 *cert ON_EXIT(cert_free) = NULL;
	uint8_t *p ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;
	bool sized = m->cert_size > 0 && !m->cert_sized;
	if (!priv || !priv->key)
		return ST_BUG;
	TRY(cert_issue(&m->ca, CERT_DEVICE, priv->key, DEVICE_NAME, sized ? m->cert_size : 0,
		       &cert));
	if (row->content == CONTENT_PEM)
		TRY(cert_pem(cert, &p, &n));
	else
		TRY(cert_der(cert, &p, &n));
	if (sized)
		TRY(resize(&p, &n, m->cert_size, 0x00));
	else if (row->content == CONTENT_PADDED_00)
		TRY(resize(&p, &n, PADDED_CAPACITY, 0x00));
	else if (row->content == CONTENT_PADDED_FF)
		TRY(resize(&p, &n, PADDED_CAPACITY, 0xFF));
	if (row->content == CONTENT_DAMAGED)
		p[2] ^= 0xFF;
	m->cert_sized = true;
	return object_set_data(o, bytes_of(p, n));
}

static status fill_ca(struct making *m, struct object *o)
{
	uint8_t *p ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;
	TRY(cert_der(m->ca.cert, &p, &n));
	return object_set_data(o, bytes_of(p, n));
}

static status fill_csr(struct making *m, const struct profile_container *row, struct object *o)
{
	struct object *priv = private_named(m->store, row->of);
	uint8_t *p ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;
	if (!priv || !priv->key)
		return ST_BUG;
	TRY(cert_request(priv->key, DEVICE_NAME, &p, &n));
	return object_set_data(o, bytes_of(p, n));
}

static status fill_random(struct object *o)
{
	SECRET(secret, SECRET_SIZE);
	secret.n = o->type == KEY_AES_CMAC ? DERIVE_CMAC_KEY_SIZE : secret.cap;
	if (RAND_bytes(secret.p, (int)secret.n) != 1)
		return ST_CRYPTO;
	return object_set_data(o, bytes_of(secret.p, secret.n));
}

static status fill(struct making *m, const struct profile_container *row, struct object *o)
{
	switch (row->content) {
	case CONTENT_NONE:
		return ST_OK;
	case CONTENT_PAIR:
		return fill_key(m, row, o);
	case CONTENT_DEVICE:
	case CONTENT_PEM:
	case CONTENT_PADDED_00:
	case CONTENT_PADDED_FF:
	case CONTENT_DAMAGED:
		return fill_certificate(m, row, o);
	case CONTENT_CA:
		return fill_ca(m, o);
	case CONTENT_CSR:
		return fill_csr(m, row, o);
	case CONTENT_TEXT:
		return object_set_data(o, bytes_str(row->of));
	case CONTENT_RANDOM:
		return fill_random(o);
	}
	return ST_BUG;
}

/* A key that is given is there before its certificate is issued. Those that fit no container are
 * told of in the end, by put_values. */
static void put_given_key(const struct making *m)
{
	char err[128];
	for (size_t i = 0; i < m->options->keys; i++)
		(void)!inject_text(m->store, OBJECT_PRIVATE, m->options->key[i], err);
}

static status put_list(struct store *s, enum object_kind kind, const char *option,
		       const char *const *list, size_t n, char err[256])
{
	char why[128] = "";
	for (size_t i = 0; i < n; i++) {
		status st = inject_text(s, kind, list[i], why);
		if (st == ST_OK)
			continue;
		snprintf(err, 256, "%s: %s", option, why[0] ? why : status_text(st));
		return st;
	}
	return ST_OK;
}

static status put_values(struct making *m, char err[256])
{
	const struct make_options *o = m->options;
	TRY(put_list(m->store, OBJECT_PRIVATE, "--key", o->key, o->keys, err));
	return put_list(m->store, OBJECT_SECRET, "--secret", o->secret, o->secrets, err);
}

static status add_container(struct making *m, const struct profile_container *row)
{
	uint8_t store[CONTAINER_ID_MAX];
	struct wtr id = WTR_ON(store);
	struct object *o;
	TRY(hex_get(bytes_str(row->id), &id));
	TRY(store_add(m->store, row->kind, wtr_bytes(&id), bytes_str(row->label), &o));
	o->access = row->access;
	o->type = row->type;
	o->usage = row->usage;
	o->functions = row->functions;
	o->sign_algs = row->sign_algs;
	o->hashes = row->hashes;
	o->agree = (row->functions & FUNCTION_AGREE) ? row->agree : 0;
	o->derive = row->derive;
	TRY(fill(m, row, o));
	if (o->kind == OBJECT_PRIVATE)
		put_given_key(m);
	return ST_OK;
}

/* --- settings and files beside the card --- */

static status apply_settings(struct traits *c, const char *settings, char err[256])
{
	struct rdr r = rdr_of(bytes_str(settings));
	struct bytes pair, key, value;
	char why[128] = "";
	while (text_item(&r, ';', &pair)) {
		struct rdr words = rdr_of(pair);
		if (!text_word(&words, &key) || !text_word(&words, &value))
			return ST_BUG;
		status st = traits_set(c, key, value, why);
		if (st != ST_OK) {
			snprintf(err, 256, "%s", why);
			return st;
		}
	}
	return ST_OK;
}

static status random_iccid(char digits[ICCID_DIGITS_MAX + 1])
{
	uint8_t raw[10];
	int n = snprintf(digits, ICCID_DIGITS_MAX + 1, "898821100");
	if (n < 0 || RAND_bytes(raw, sizeof(raw)) != 1)
		return ST_CRYPTO;
	for (size_t i = 0; i < sizeof(raw); i++)
		digits[(size_t)n + i] = (char)('0' + raw[i] % 10);
	digits[(size_t)n + sizeof(raw)] = '\0';
	return ST_OK;
}

static status set_identity(struct traits *c, const struct make_options *options, char err[256])
{
	char digits[ICCID_DIGITS_MAX + 1], why[128] = "";
	TRY(traits_set(c, BYTES_LIT("profile"), bytes_str(options->profile), why));
	TRY(random_iccid(digits));
	const char *iccid = options->iccid ? options->iccid : digits;
	status st = traits_set(c, BYTES_LIT("iccid"), bytes_str(iccid), why);
	if (st != ST_OK)
		snprintf(err, 256, "--iccid: expected 18 to 20 digits");
	return st;
}

static status write_cert(struct store *s, const char *name, X509 *cert)
{
	uint8_t *p ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;
	TRY(cert_pem(cert, &p, &n));
	return file_replace(s->dirfd, name, bytes_of(p, n), 0644);
}

static status write_key(struct store *s, const char *name, EVP_PKEY *key)
{
	uint8_t *p ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;
	TRY(value_pem(key, true, &p, &n));
	status st = file_replace(s->dirfd, name, bytes_of(p, n), 0600);
	mem_wipe(p, n);
	return st;
}

static void key_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static status write_server(struct making *m)
{
	EVP_PKEY *key ON_EXIT(key_free) = NULL;
	X509 *cert ON_EXIT(cert_free) = NULL;
	TRY(key_generate(KEY_P256, &key));
	TRY(cert_issue(&m->ca, CERT_SERVER, key, "localhost", 0, &cert));
	TRY(write_key(m->store, "server.key", key));
	return write_cert(m->store, "server.pem", cert);
}

/* device.pem: what the card's own certificate file says, or, where the card has none, a certificate
 * for its first key. */
static status write_device(struct making *m)
{
	X509 *cert ON_EXIT(cert_free) = NULL;
	const struct object *identity = NULL;
	for (size_t i = 0; i < m->store->count && !identity; i++) {
		const struct object *o = &m->store->object[i];
		if (o->kind == OBJECT_PRIVATE && o->key)
			identity = o;
	}
	if (!identity)
		return ST_OK;
	for (size_t i = 0; i < m->store->count && !cert; i++) {
		const struct object *o = &m->store->object[i];
		const uint8_t *at = o->data;
		if (o->kind != OBJECT_FILE || o->usage != FILE_USAGE_CERTIFICATE || !at)
			continue;
		cert = d2i_X509(NULL, &at, (long)o->data_len);
		if (cert && X509_check_private_key(cert, identity->key) != 1)
			cert_free(&cert);
	}
	if (!cert)
		TRY(cert_issue(&m->ca, CERT_DEVICE, identity->key, DEVICE_NAME, 0, &cert));
	return write_cert(m->store, "device.pem", cert);
}

/* --- the directory --- */

static status is_empty(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	bool empty = true;
	if (!dir) {
		file_close(&fd);
		return ST_IO;
	}
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			empty = false;
	}
	closedir(dir);
	return empty ? ST_OK : ST_FULL;
}

static status open_empty(const char *dir, int *ret_fd, char err[256])
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		snprintf(err, 256, "%s: %s", dir, strerror(errno));
		return ST_IO;
	}
	int fd ON_EXIT(file_close) = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(err, 256, "%s: %s", dir, strerror(errno));
		return ST_IO;
	}
	status st = is_empty(fd);
	if (st != ST_OK) {
		snprintf(err, 256, "%s: the directory is not empty", dir);
		return st;
	}
	*ret_fd = fd;
	fd = -1;
	return ST_OK;
}

static status make_all(struct making *m, const struct profile *profile,
		       const struct make_options *options, char err[256])
{
	TRY(uicc_pin_make(m->store, options, err));
	TRY(cert_authority_new(&m->ca));
	for (size_t i = 0; i < profile->count; i++)
		TRY(add_container(m, &profile->container[i]));
	TRY(put_values(m, err));
	TRY(uicc_pin_ask(m->store, profile->name));
	TRY(write_cert(m->store, "ca.pem", m->ca.cert));
	TRY(write_key(m->store, "ca.key", m->ca.key));
	TRY(write_server(m));
	TRY(write_device(m));
	return store_save(m->store);
}

status sim_card_create(const char *dir, const struct make_options *options, char err[256])
{
	const struct profile *profile = profile_find(options->profile);
	struct making m = {.options = options, .cert_size = options->cert_size};
	int fd;
	err[0] = '\0';
	if (!profile) {
		snprintf(err, 256, "no profile is called '%.40s'", options->profile);
		return ST_NO_ENTRY;
	}
	if (options->cert_size > FILE_SIZE_MAX) {
		snprintf(err, 256, "--cert-size: at most %d", FILE_SIZE_MAX);
		return ST_ARG;
	}
	TRY(open_empty(dir, &fd, err));
	TRY(store_new(fd, &m.store));
	status st = apply_settings(&m.store->config, profile->settings, err);
	if (st == ST_OK)
		st = set_identity(&m.store->config, options, err);
	if (st == ST_OK)
		st = make_all(&m, profile, options, err);
	if (st != ST_OK && err[0] == '\0')
		snprintf(err, 256, "%s: %s", dir, status_text(st));
	cert_authority_free(&m.ca);
	store_free(m.store);
	return st;
}

/* --- refresh --- */

static status load_authority(struct store *s, struct cert_authority *ret_ca)
{
	uint8_t *cert ON_EXIT(mem_free_ptr) = NULL;
	uint8_t *key ON_EXIT(mem_free_ptr) = NULL;
	size_t cert_n = 0, key_n = 0;
	TRY(file_read(s->dirfd, "ca.pem", &cert, &cert_n));
	TRY(file_read(s->dirfd, "ca.key", &key, &key_n));
	status st = cert_authority_load(bytes_of(cert, cert_n), bytes_of(key, key_n), ret_ca);
	mem_wipe(key, key_n);
	return st;
}

status make_refresh_certificate(struct store *s)
{
	struct making m ON_EXIT(making_free) = {.store = s};
	char id[2 * CONTAINER_ID_MAX + 1];
	struct object *priv = NULL, *file = NULL;
	for (size_t i = 0; i < s->count; i++) {
		struct object *o = &s->object[i];
		if (!priv && o->kind == OBJECT_PRIVATE && o->key)
			priv = o;
		if (!file && o->kind == OBJECT_FILE && o->usage == FILE_USAGE_CERTIFICATE)
			file = o;
	}
	if (!priv || !file)
		return ST_NO_ENTRY;
	TRY(load_authority(s, &m.ca));
	struct profile_container row = {
		.content = CONTENT_DEVICE,
		.of = hex_str(object_id(priv), id, sizeof(id)),
	};
	return fill_certificate(&m, &row, file);
}
