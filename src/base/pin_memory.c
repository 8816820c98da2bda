/* SPDX-License-Identifier: Apache-2.0 */
#include "pin_memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>

#include "crypto.h"
#include "log.h"
#include "mem.h"
#include "store_file.h"

enum {
	SALT = 16,
	HASH = 32,
	/* a salt, SHA-256 of salt, reference and PIN, and the tries that there were */
	RECORD = SALT + HASH + 1,
	FILE_MAX = PIN_MEMORY_VALUES * RECORD,
	PIN_BYTES_MAX = 64,
	NAME = 24,
	LOCK_POLL_MS = 10,
};

/* Of SIMs whose ICCID could not be read, perhaps only this once: believed for all. */
static const char nameless[] = "0";

static struct store_folder folder_of(const struct pin_memory *m)
{
	return (struct store_folder){m->fd, m->dir, m->iccid};
}

/* A name that the store takes no notice of. */
static void file_name(uint8_t ref, char ret[NAME])
{
	snprintf(ret, NAME, ".pin-refused-%02X", ref);
}

/* --- one process at a time --- */

static status lock(const struct store_folder *folder, deadline dl)
{
	while (flock(folder->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			log_error("store: %s/%s: %s", folder->dir, folder->iccid, strerror(errno));
			return ST_STORE;
		}
		if (deadline_passed(dl))
			return ST_TIMEOUT;
		deadline_sleep(dl, LOCK_POLL_MS);
	}
	return ST_OK;
}

status pin_memory_open(const char *dir, const char *iccid, deadline dl, struct pin_memory *ret_m)
{
	struct store_folder folder = {.fd = -1};

	if (iccid[0] == '\0')
		iccid = nameless;
	TRY(store_file_open(dir, iccid, true, &folder));
	status st = store_file_writable(dir, iccid) ? lock(&folder, dl) : ST_STORE;
	if (st == ST_STORE)
		log_error("store: %s/%s: it cannot be written", dir, iccid);
	if (st != ST_OK) {
		store_file_close(&folder);
		return st;
	}
	*ret_m = (struct pin_memory){folder.fd, dir, iccid};
	return ST_OK;
}

void pin_memory_close(struct pin_memory *m)
{
	struct store_folder folder = folder_of(m);

	store_file_close(&folder); /* and with it the lock */
	m->fd = -1;
}

/* --- records, the latest first --- */

static status digest(const uint8_t salt[SALT], uint8_t ref, struct bytes pin, uint8_t ret[HASH_MAX])
{
	SECRET(text, SALT + 1 + PIN_BYTES_MAX);

	if (pin.n > PIN_BYTES_MAX)
		return ST_ARG;
	memcpy(text.p, salt, SALT);
	text.p[SALT] = ref;
	memcpy(text.p + SALT + 1, pin.p, pin.n);
	return hash_once(HASH_SHA256, bytes_of(text.p, SALT + 1 + pin.n), ret);
}

static status load(const struct store_folder *folder, uint8_t ref, struct wtr *w)
{
	char name[NAME];

	file_name(ref, name);
	status st = store_file_read(folder, name, w);
	if (st == ST_NO_ENTRY)
		return ST_OK;
	TRY(st);
	if (wtr_bytes(w).n % RECORD == 0)
		return ST_OK;
	log_error("store: %s/%s/%s: damaged; remove it", folder->dir, folder->iccid, name);
	return ST_MALFORMED;
}

/* The records without the one that is this PIN's, if any: its tries go to *ret_tries. */
static status without(struct bytes records, uint8_t ref, struct bytes pin, struct wtr *w,
		      int *ret_tries)
{
	for (struct rdr r = rdr_of(records); r.n != 0;) {
		uint8_t hash[HASH_MAX];
		struct bytes one = {0};

		TRY(rdr_take(&r, RECORD, &one));
		TRY(digest(one.p, ref, pin, hash));
		if (mem_equal_ct(hash, one.p + SALT, HASH))
			*ret_tries = one.p[SALT + HASH];
		else
			wtr_put(w, one);
	}
	return wtr_done(w);
}

static status get(const struct store_folder *folder, uint8_t ref, struct bytes pin, int *ret_tries)
{
	uint8_t all[FILE_MAX], others[FILE_MAX];
	struct wtr w = WTR_ON(all), rest = WTR_ON(others);

	TRY(load(folder, ref, &w));
	return without(wtr_bytes(&w), ref, pin, &rest, ret_tries);
}

status pin_memory_get(const struct pin_memory *m, uint8_t ref, struct bytes pin, int *ret_tries)
{
	struct store_folder own = folder_of(m), other ON_EXIT(store_file_close) = {.fd = -1};
	int tries = PIN_MEMORY_NOTHING;

	TRY(get(&own, ref, pin, &tries));
	status st = store_file_open(m->dir, nameless, false, &other);
	if (st == ST_OK && tries == PIN_MEMORY_NOTHING)
		st = get(&other, ref, pin, &tries);
	TRY(st == ST_NO_ENTRY ? ST_OK : st);
	*ret_tries = tries;
	return ST_OK;
}

static status fresh_record(uint8_t ref, struct bytes pin, int tries, struct wtr *w)
{
	uint8_t salt[SALT], hash[HASH_MAX];

	if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt))
		return ST_CRYPTO;
	TRY(digest(salt, ref, pin, hash));
	wtr_put(w, BYTES_OF(salt));
	wtr_put(w, bytes_of(hash, HASH));
	wtr_u8(w, (uint8_t)tries);
	return ST_OK;
}

static status replace(const struct store_folder *folder, uint8_t ref, struct bytes records)
{
	char name[NAME];

	file_name(ref, name);
	return store_file_write(folder, name, records);
}

status pin_memory_put(const struct pin_memory *m, uint8_t ref, struct bytes pin, int tries)
{
	struct store_folder folder = folder_of(m);
	uint8_t all[FILE_MAX], next[FILE_MAX + RECORD];
	struct wtr w = WTR_ON(all), out = WTR_ON(next);
	int before = 0;

	if (tries < 0 || tries > UINT8_MAX)
		return ST_ARG;
	if (load(&folder, ref, &w) != ST_OK) /* what is damaged makes room */
		w = WTR_ON(all);
	TRY(fresh_record(ref, pin, tries, &out));
	TRY(without(wtr_bytes(&w), ref, pin, &out, &before));
	size_t n = wtr_bytes(&out).n;
	return replace(&folder, ref, bytes_of(next, n < FILE_MAX ? n : FILE_MAX));
}

static status drop(const struct store_folder *folder, uint8_t ref, struct bytes pin)
{
	uint8_t all[FILE_MAX], next[FILE_MAX];
	struct wtr w = WTR_ON(all), out = WTR_ON(next);
	int tries = PIN_MEMORY_NOTHING;

	TRY(load(folder, ref, &w));
	TRY(without(wtr_bytes(&w), ref, pin, &out, &tries));
	return tries == PIN_MEMORY_NOTHING ? ST_OK : replace(folder, ref, wtr_bytes(&out));
}

status pin_memory_drop(const struct pin_memory *m, uint8_t ref, struct bytes pin)
{
	struct store_folder own = folder_of(m), other ON_EXIT(store_file_close) = {.fd = -1};

	TRY(drop(&own, ref, pin));
	status st = store_file_open(m->dir, nameless, false, &other);
	if (st == ST_OK)
		st = drop(&other, ref, pin);
	return st == ST_NO_ENTRY ? ST_OK : st;
}
