/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "file.h"
#include "hex.h"
#include "key.h"
#include "mem.h"

#define VALUE_FOLDER "objects"

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

status value_pem(EVP_PKEY *key, bool is_private, uint8_t **ret_p, size_t *ret_n)
{
	BIO *bio ON_EXIT(bio_free) = BIO_new(BIO_s_secmem());
	char *text;
	if (!bio)
		return ST_NOMEM;
	int rc = is_private ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
			    : PEM_write_bio_PUBKEY(bio, key);
	if (rc != 1) {
		ERR_clear_error();
		return ST_CRYPTO;
	}
	long n = BIO_get_mem_data(bio, &text);
	uint8_t *copy = malloc((size_t)n);
	if (!copy)
		return ST_NOMEM;
	memcpy(copy, text, (size_t)n);
	*ret_p = copy;
	*ret_n = (size_t)n;
	return ST_OK;
}

status value_key(struct bytes pem, bool is_private, EVP_PKEY **ret_key)
{
	BIO *bio ON_EXIT(bio_free) = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (!bio)
		return ST_NOMEM;
	EVP_PKEY *key = is_private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
				   : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	if (!key) {
		ERR_clear_error();
		return ST_MALFORMED;
	}
	*ret_key = key;
	return ST_OK;
}

static bool is_key(const struct object *o)
{
	return o->kind == OBJECT_PRIVATE || o->kind == OBJECT_PUBLIC;
}

status value_read(struct store *s, struct object *o)
{
	uint8_t *p ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;
	uint8_t state = o->state;
	TRY(file_read(s->dirfd, o->value, &p, &n));
	if (is_key(o)) {
		EVP_PKEY *key;
		TRY(value_key(bytes_of(p, n), o->kind == OBJECT_PRIVATE, &key));
		object_set_key(o, key);
	} else {
		TRY(object_set_data(o, bytes_of(p, n)));
	}
	mem_wipe(p, n);
	o->state = state;
	o->changed = false;
	return ST_OK;
}

static status write_content(struct store *s, const struct object *o, const char *name)
{
	uint8_t *pem ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;
	if (!is_key(o))
		return file_replace(s->dirfd, name, bytes_of(o->data, o->data_len), 0600);
	TRY(value_pem(o->key, o->kind == OBJECT_PRIVATE, &pem, &n));
	status st = file_replace(s->dirfd, name, bytes_of(pem, n), 0600);
	mem_wipe(pem, n);
	return st;
}

status value_write(struct store *s, struct object *o)
{
	char id[2 * CONTAINER_ID_MAX + 1], name[OBJECT_VALUE_NAME_MAX];
	bool empty = is_key(o) ? !o->key : !o->data;
	o->value[0] = '\0';
	if (empty || key_type_volatile(o->type))
		return ST_OK;
	if (mkdirat(s->dirfd, VALUE_FOLDER, 0700) != 0 && errno != EEXIST)
		return ST_IO;
	int n = snprintf(name, sizeof(name), VALUE_FOLDER "/%s-%s.%lu%s", object_kind_name(o->kind),
			 hex_str(object_id(o), id, sizeof(id)), s->serial++,
			 is_key(o) ? ".pem" : ".bin");
	if (n < 0 || (size_t)n >= sizeof(name))
		return ST_BUG;
	TRY(write_content(s, o, name));
	memcpy(o->value, name, sizeof(name));
	return ST_OK;
}

static bool is_named(const struct store *s, const char *file)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *slash = strchr(s->object[i].value, '/');
		if (slash && strcmp(slash + 1, file) == 0)
			return true;
	}
	return false;
}

void value_sweep(struct store *s)
{
	int fd = openat(s->dirfd, VALUE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		file_close(&fd);
		return;
	}
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (e->d_name[0] != '.' && !is_named(s, e->d_name))
			unlinkat(dirfd(dir), e->d_name, 0);
	}
	closedir(dir);
}
