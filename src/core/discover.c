/* SPDX-License-Identifier: Apache-2.0 */
#include "discover.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "log.h"
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

/* --- AT ports that a udev rule tagged --- */

/* udev keeps each device's properties in /run/udev/data/c<major>:<minor>, a line "E:KEY=value"
 * each. */
static bool udev_tagged(dev_t dev)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/run/udev/data/c%u:%u", major(dev), minor(dev));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return strstr(text, "E:ID_IOTSAFE_PORT=1") != NULL;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static void add_tagged_ports(struct found *f)
{
	DIR *d __attribute__((cleanup(close_dir))) = opendir("/sys/class/tty");
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		char path[300], text[32] = "", uri[URI_MAX];
		unsigned maj, min;
		ssize_t n;
		int fd;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/class/tty/%s/dev", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		if (n <= 0 || sscanf(text, "%u:%u", &maj, &min) != 2 ||
		    !udev_tagged(makedev(maj, min)))
			continue;
		if ((size_t)snprintf(uri, sizeof(uri), "at:/dev/%s", e->d_name) < sizeof(uri))
			add(f, uri);
	}
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

status discover_slots(const struct settings *s, struct settings_slot *ret_slots, size_t cap,
		      size_t *ret_count)
{
	struct found f = {.slots = ret_slots, .cap = cap};
	struct uri pcsc;

	for (size_t i = 0; i < s->slot_count; i++)
		expand(&f, &s->slot[i]);
	if (s->slot_count == 0) {
		TRY(uri_parse("pcsc:", &pcsc));
		if (transport_list(&pcsc, "pcsc:", add, &f) != ST_OK)
			log_debug("no PC/SC readers");
		add_tagged_ports(&f);
	}
	assign_ids(&f);
	*ret_count = f.count;
	return ST_OK;
}
