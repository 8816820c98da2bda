/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "hex.h"
#include "log.h"
#include "mem.h"
#include "store_file.h"

enum { NAME_HASH_SIZE = 16 };

/* Names are "<kind>-<32 digits>": nobody's text, so that nothing of a label gets into a path. */
static const char *const prefixes[] = {
	[STORE_CERTIFICATE] = "cert-",
	[STORE_DATA] = "data-",
	[STORE_KEY_NAME] = "name-",
	[STORE_KEY_DISCARDED] = "gone-",
};

static bool is_name_of(const char *file, enum store_kind kind)
{
	size_t n = strlen(prefixes[kind]);

	return strncmp(file, prefixes[kind], n) == 0 && strlen(file + n) == 2 * NAME_HASH_SIZE &&
	       strspn(file + n, "0123456789ABCDEF") == 2 * NAME_HASH_SIZE;
}

static bool is_name(const char *file)
{
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (is_name_of(file, (enum store_kind)i))
			return true;
	return false;
}

/* --- the names in the folder, sorted; the first STORE_ENTRIES_MAX of them --- */
struct names {
	char name[STORE_ENTRIES_MAX][STORE_NAME_MAX];
	size_t count, passed_over;
};

static void names_insert(struct names *l, const char *name)
{
	size_t at = l->count;

	while (at > 0 && strcmp(l->name[at - 1], name) > 0)
		at--;
	if (l->count == STORE_ENTRIES_MAX) {
		l->passed_over++;
		if (at == STORE_ENTRIES_MAX)
			return;
		l->count--;
	}
	memmove(l->name[at + 1], l->name[at], (l->count - at) * STORE_NAME_MAX);
	memcpy(l->name[at], name, strlen(name) + 1);
	l->count++;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static status names_read(const struct store_folder *folder, struct names *l)
{
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d ON_EXIT(close_dir) = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return ST_IO;
	}
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (is_name(e->d_name))
			names_insert(l, e->d_name);
		else if (e->d_name[0] != '.')
			log_info("store: %s/%s/%.96s: no file of ours", folder->dir, folder->iccid,
				 e->d_name);
	}
	if (l->passed_over > 0)
		log_error("store: %s/%s: %zu files too many", folder->dir, folder->iccid,
			  l->passed_over);
	return ST_OK;
}

/* --- reading --- */

/* ST_OK also for a file that is none of ours: then *ret_is_entry is false. */
static status read_entry(const struct store_folder *folder, const char *name,
			 struct store_entry *ret, bool *ret_is_entry)
{
	uint8_t *text ON_EXIT(mem_free_ptr) = malloc(STORE_TEXT_MAX);
	struct wtr w = wtr_on(text, STORE_TEXT_MAX);
	struct store_entry e;
	status st;

	if (!text)
		return ST_NOMEM;
	*ret_is_entry = false;
	if (store_file_read(folder, name, &w) != ST_OK) /* has been logged */
		return ST_OK;
	st = store_parse(wtr_bytes(&w), &e);
	if (st == ST_NOMEM || st == ST_CRYPTO)
		return st;
	if (st == ST_OK && !is_name_of(name, e.kind)) {
		free(e.value);
		st = ST_MALFORMED;
	}
	if (st != ST_OK) {
		log_error("store: %s/%s/%s: damaged", folder->dir, folder->iccid, name);
		return ST_OK;
	}
	memcpy(e.file, name, strlen(name) + 1);
	*ret = e;
	*ret_is_entry = true;
	return ST_OK;
}

static status read_list(const struct store_folder *folder, struct store_list *l)
{
	struct names *names ON_EXIT(mem_free_ptr) = calloc(1, sizeof(*names));
	bool is_entry;

	if (!names)
		return ST_NOMEM;
	TRY(names_read(folder, names));
	for (size_t i = 0; i < names->count; i++) {
		TRY(read_entry(folder, names->name[i], &l->item[l->count], &is_entry));
		l->count += is_entry;
	}
	return ST_OK;
}

status store_read(const char *dir, const char *iccid, struct store_list *ret)
{
	struct store_folder folder ON_EXIT(store_file_close) = {-1, dir, iccid};
	struct store_list *l ON_EXIT(mem_free_ptr) = calloc(1, sizeof(*l));
	status st;

	if (!l)
		return ST_NOMEM;
	/* what must not be used was logged, and is as good as empty */
	if (store_file_open(dir, iccid, false, &folder) == ST_OK) {
		st = read_list(&folder, l);
		if (st != ST_OK) {
			store_list_free(l);
			return st;
		}
	}
	*ret = *l;
	return ST_OK;
}

void store_list_free(struct store_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->item[i].value);
		l->item[i].value = NULL;
	}
	l->count = 0;
}

/* --- writing --- */

bool store_writable(const char *dir, const char *iccid)
{
	return store_file_writable(dir, iccid);
}

static bool holds(const struct store_folder *folder, const char *name, struct bytes text)
{
	uint8_t *old ON_EXIT(mem_free_ptr) = malloc(STORE_TEXT_MAX);
	struct wtr w = wtr_on(old, STORE_TEXT_MAX);

	return old && store_file_read(folder, name, &w) == ST_OK &&
	       bytes_equal(wtr_bytes(&w), text);
}

static bool is_free(const struct store_folder *folder, const char *name)
{
	return faccessat(folder->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

/* A name that is free, or that holds the same entry already. It comes from the text, and where
 * that was taken and then replaced, from the text and a number. */
static status choose_name(const struct store_folder *folder, enum store_kind kind,
			  struct bytes text, char ret_name[STORE_NAME_MAX])
{
	uint8_t sum[HASH_MAX + 1];
	char digits[2 * NAME_HASH_SIZE + 1], name[STORE_NAME_MAX];
	struct wtr w;

	TRY(hash_once(HASH_SHA256, text, sum));
	for (unsigned i = 0; i <= 2 * STORE_ENTRIES_MAX; i++) {
		hex_str(bytes_of(sum, NAME_HASH_SIZE), digits, sizeof(digits));
		w = wtr_on(name, sizeof(name));
		wtr_printf(&w, "%s%s", prefixes[kind], digits);
		wtr_u8(&w, 0);
		TRY(wtr_done(&w));
		if (is_free(folder, name) || holds(folder, name, text)) {
			memcpy(ret_name, name, w.n);
			return ST_OK;
		}
		sum[hash_size(HASH_SHA256)] = (uint8_t)i;
		TRY(hash_once(HASH_SHA256, bytes_of(sum, hash_size(HASH_SHA256) + 1), sum));
	}
	return ST_FULL;
}

static status check_room(const struct store_folder *folder, const char *name)
{
	struct names *names ON_EXIT(mem_free_ptr) = calloc(1, sizeof(*names));

	if (!names)
		return ST_NOMEM;
	if (!is_free(folder, name)) /* it takes an old one's place */
		return ST_OK;
	TRY(names_read(folder, names));
	return names->count < STORE_ENTRIES_MAX ? ST_OK : ST_FULL;
}

static status put_text(const char *dir, const char *iccid, const struct store_entry *entry,
		       struct bytes text, char ret_file[STORE_NAME_MAX])
{
	struct store_folder folder ON_EXIT(store_file_close) = {-1, dir, iccid};
	char name[STORE_NAME_MAX];

	TRY(store_file_open(dir, iccid, true, &folder));
	if (entry->file[0])
		memcpy(name, entry->file, sizeof(name));
	else
		TRY(choose_name(&folder, entry->kind, text, name));
	TRY(check_room(&folder, name));
	TRY(store_file_write(&folder, name, text));
	memcpy(ret_file, name, STORE_NAME_MAX);
	return ST_OK;
}

status store_put(const char *dir, const char *iccid, const struct store_entry *entry,
		 char ret_file[STORE_NAME_MAX])
{
	uint8_t *text ON_EXIT(mem_free_ptr) = malloc(STORE_TEXT_MAX);
	struct wtr w = wtr_on(text, STORE_TEXT_MAX);

	if (!text)
		return ST_NOMEM;
	TRY(store_print(entry, &w)); /* ST_ARG for what is no entry */
	if (entry->file[0] &&
	    !(memchr(entry->file, 0, sizeof(entry->file)) && is_name_of(entry->file, entry->kind)))
		return ST_ARG;
	return put_text(dir, iccid, entry, wtr_bytes(&w), ret_file);
}

status store_remove(const char *dir, const char *iccid, const char *file)
{
	struct store_folder folder ON_EXIT(store_file_close) = {-1, dir, iccid};

	if (!is_name(file))
		return ST_NO_ENTRY;
	TRY(store_file_open(dir, iccid, false, &folder));
	return store_file_remove(&folder, file);
}
