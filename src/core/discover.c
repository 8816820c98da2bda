/* SPDX-License-Identifier: Apache-2.0 */
#include "discover.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover_impl.h"
#include "log.h"
#include "mem.h"
#include "transport.h"

struct found {
	struct settings_slot *slots;
	size_t cap, count;
	const struct settings_slot *from; /* the configured slot being expanded, or NULL */
	size_t from_count;		  /* slots that it has become so far */
};

static void add(void *ctx, const char *uri_text)
{
	struct found *f = ctx;
	struct settings_slot slot = {.id = -1, .cla_base = -1};

	if (f->from) {
		slot = *f->from;
		if (f->from_count > 0) { /* one more reader: id from the order, name from its own */
			slot.id = -1;
			snprintf(slot.name, sizeof(slot.name), "%.50s-%zu", f->from->name,
				 f->from_count + 1);
		}
	}
	if (strlen(uri_text) >= sizeof(slot.uri_text) || uri_parse(uri_text, &slot.uri) != ST_OK) {
		log_error("device skipped: its URI is too long or malformed");
		return;
	}
	snprintf(slot.uri_text, sizeof(slot.uri_text), "%s", uri_text);
	if (f->count == f->cap) {
		log_error("more than %zu slots: %s is not shown", f->cap, uri_text);
		return;
	}
	if (!f->from)
		snprintf(slot.name, sizeof(slot.name), "slot%zu", f->count);
	f->slots[f->count++] = slot;
	f->from_count++;
}

static void expand(struct found *f, const struct settings_slot *conf)
{
	status st;

	f->from = conf;
	f->from_count = 0;
	st = transport_list(&conf->uri, conf->uri_text, add, f);
	if (st != ST_OK)
		log_debug("slot %s: %s", conf->name, status_text(st));
	f->from = NULL;
}

/* --- what the system tells --- */

bool discover_read_text(const char *path, char *dst, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = 1;

	if (fd < 0)
		return false;
	while (got > 0 && n + 1 < cap) {
		got = read(fd, dst + n, cap - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	dst[n] = '\0';
	return n > 0;
}

static int by_number(const void *a, const void *b)
{
	return strverscmp(a, b);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

void discover_read_class(const char *path, struct discover_entries *ret)
{
	DIR *d ON_EXIT(close_dir) = opendir(path);
	struct dirent *e;

	ret->count = 0;
	while (d && ret->count < DISCOVER_ENTRIES_MAX && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && strlen(e->d_name) < DISCOVER_NAME_MAX)
			snprintf(ret->name[ret->count++], DISCOVER_NAME_MAX, "%.47s", e->d_name);
	qsort(ret->name, ret->count, sizeof(ret->name[0]), by_number);
}

/* --- ids and names --- */

static bool id_taken(const struct found *f, int id)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->slots[i].id == id)
			return true;
	return false;
}

static void assign_ids(struct found *f)
{
	int next = 0;

	for (size_t i = 0; i < f->count; i++) {
		if (f->slots[i].id >= 0)
			continue;
		while (id_taken(f, next))
			next++;
		f->slots[i].id = next;
	}
}

static void add_group(struct found *f, const struct settings_group *g)
{
	if (f->count == f->cap) {
		log_error("more than %zu slots: group %s is not shown", f->cap, g->name);
		return;
	}
	settings_group_slot(g, &f->slots[f->count++]);
}

static status add_found(struct found *f)
{
	const struct discover_sink sink = {.found = add, .ctx = f};
	struct uri pcsc;

	TRY(uri_parse("pcsc:", &pcsc));
	if (transport_list(&pcsc, "pcsc:", add, f) != ST_OK)
		log_debug("no PC/SC readers");
	discover_ports(&sink);
	discover_modems(&sink);
	return ST_OK;
}

status discover_slots(const struct settings *s, struct settings_slot *ret_slots, size_t cap,
		      size_t *ret_count)
{
	struct found f = {.slots = ret_slots, .cap = cap};

	for (size_t i = 0; i < s->slot_count; i++)
		if (!settings_is_member(s, i))
			expand(&f, &s->slot[i]);
	for (size_t i = 0; i < s->group_count; i++)
		add_group(&f, &s->group[i]);
	if (s->slot_count == 0)
		TRY(add_found(&f));
	assign_ids(&f);
	*ret_count = f.count;
	return ST_OK;
}

void discover_explain(void (*tell)(void *ctx, const char *device, const char *why,
				   const char *remedy),
		      void *ctx)
{
	const struct discover_sink sink = {.skipped = tell, .ctx = ctx};

	discover_ports(&sink);
	discover_modems(&sink);
}
