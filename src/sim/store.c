/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "key.h"
#include "mem.h"
#include "state.h"

status store_new(int dirfd, struct store **ret_store)
{
	struct store *s = calloc(1, sizeof(*s));
	if (!s) {
		close(dirfd);
		return ST_NOMEM;
	}
	s->dirfd = dirfd;
	s->serial = 1;
	traits_default(&s->config);
	*ret_store = s;
	return ST_OK;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		object_clear(&s->object[i]);
	mem_wipe(&s->pins, sizeof(s->pins));
	file_close(&s->dirfd);
	free(s);
}

static status open_locked(const char *dir, int *ret_fd, char err[256])
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(err, 256, "%s: %s (a card is made by: iotsafe-sim new %s --profile demo)",
			 dir, strerror(errno), dir);
		return ST_NO_ENTRY;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		snprintf(err, 256, "%s: in use by another iotsafe-sim", dir);
		close(fd);
		return ST_BUSY_DEVICE;
	}
	*ret_fd = fd;
	return ST_OK;
}

status store_load(const char *dir, struct store **ret_store, char err[256])
{
	int fd;
	struct store *s;
	TRY(open_locked(dir, &fd, err));
	TRY(store_new(fd, &s));
	status st = state_read(s, dir, err);
	if (st != ST_OK) {
		store_free(s);
		return st;
	}
	store_power_cycle(s);
	*ret_store = s;
	return ST_OK;
}

status store_save(struct store *s)
{
	return state_write(s);
}

void store_power_cycle(struct store *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (key_type_volatile(s->object[i].type))
			object_clear(&s->object[i]);
	}
	uicc_pin_power_cycle(&s->pins);
}

struct object *store_find_id(struct store *s, enum object_kind kind, struct bytes id)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->object[i].kind == kind && bytes_equal(object_id(&s->object[i]), id))
			return &s->object[i];
	}
	return NULL;
}

struct object *store_find_label(struct store *s, enum object_kind kind, struct bytes label)
{
	/* no label addresses nothing, not the first container that has none */
	for (size_t i = 0; label.n > 0 && i < s->count; i++) {
		if (s->object[i].kind == kind && bytes_equal(object_label(&s->object[i]), label))
			return &s->object[i];
	}
	return NULL;
}

struct object *store_public_of(struct store *s, const struct object *priv)
{
	if (priv->label_len > 0)
		return store_find_label(s, OBJECT_PUBLIC, object_label(priv));
	return store_find_id(s, OBJECT_PUBLIC, object_id(priv));
}

status store_add(struct store *s, enum object_kind kind, struct bytes id, struct bytes label,
		 struct object **ret_object)
{
	if (s->count == STORE_OBJECTS_MAX)
		return ST_FULL;
	struct object fresh = {.kind = kind};
	TRY(object_name(&fresh, id, label));
	s->object[s->count] = fresh;
	*ret_object = &s->object[s->count++];
	return ST_OK;
}
