/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover.h"

/* A configuration of one slot in a file of our own: the module only takes files. */
static status write_file(const char *uri, struct plan *p)
{
	const char *dir = secure_getenv("TMPDIR");
	FILE *f;
	int fd;

	snprintf(p->path, sizeof(p->path), "%.200s/iotsafe-uri.XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkostemp(p->path, O_CLOEXEC);
	if (fd < 0) {
		snprintf(p->error, sizeof(p->error), "%s: %s", p->path, strerror(errno));
		return ST_IO;
	}
	p->made_file = true;
	f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		return ST_NOMEM;
	}
	fprintf(f, "[slot uri]\nuri = %s\n", uri);
	if (fclose(f) != 0) {
		snprintf(p->error, sizeof(p->error), "%s: %s", p->path, strerror(errno));
		return ST_IO;
	}
	return ST_OK;
}

static status choose_file(const struct options *opt, struct plan *p)
{
	const char *expected;

	if (!opt->uri) {
		snprintf(p->path, sizeof(p->path), "%s", opt->conf ? opt->conf : settings_path());
		return ST_OK;
	}
	expected = strpbrk(opt->uri, "\r\n;") ? "neither semicolon nor line feed"
					      : uri_expected(opt->uri);
	if (expected) {
		snprintf(p->error, sizeof(p->error), "--uri %.200s: expected %s", opt->uri,
			 expected);
		return ST_ARG;
	}
	return write_file(opt->uri, p);
}

/* A slot with several readers comes out as several: NAME, NAME-2, … */
static bool was_found(const struct plan *p, const struct settings_slot *conf)
{
	size_t n = strlen(conf->name);

	for (size_t i = 0; i < p->slot_count; i++) {
		const char *name = p->slot[i].name;

		if (strcmp(p->slot[i].uri.scheme, conf->uri.scheme) == 0 &&
		    strncmp(name, conf->name, n) == 0 && (name[n] == '\0' || name[n] == '-'))
			return true;
	}
	return false;
}

static void note_absent(struct plan *p)
{
	for (size_t i = 0; i < p->settings.slot_count; i++)
		if (!was_found(p, &p->settings.slot[i]))
			p->absent[p->absent_count++] = p->settings.slot[i];
}

static bool is_in_group(const struct plan *p, const char *slot, const char *group)
{
	for (size_t i = 0; i < p->settings.group_count; i++) {
		const struct settings_group *g = &p->settings.group[i];

		for (size_t m = 0; m < g->member_count && strcmp(g->name, group) == 0; m++)
			if (strcmp(g->member_name[m], slot) == 0)
				return true;
	}
	return false;
}

/* A group's name is also one for its members. */
static size_t keep_named(const struct plan *p, struct settings_slot *slots, size_t count,
			 const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (strcmp(slots[i].name, name) == 0 || is_in_group(p, slots[i].name, name))
			slots[kept++] = slots[i];
	return kept;
}

static status narrow(const char *name, struct plan *p)
{
	p->slot_count = keep_named(p, p->slot, p->slot_count, name);
	p->absent_count = keep_named(p, p->absent, p->absent_count, name);
	if (p->slot_count + p->absent_count > 0)
		return ST_OK;
	snprintf(p->error, sizeof(p->error), "--slot %.100s: no slot of that name", name);
	return ST_NO_SLOT;
}

static status fill(const struct options *opt, struct plan *p)
{
	TRY(choose_file(opt, p));
	if ((opt->uri || opt->conf) && setenv("IOTSAFE_CONF", p->path, 1) != 0)
		return ST_NOMEM;
	TRY(settings_load(p->path, &p->settings, p->error));
	if (p->settings.log != LOG_LEVEL_OFF)
		log_set(p->settings.log, LOG_TO_STDERR);
	log_set_from_env();
	TRY(discover_slots(&p->settings, p->slot, SLOTS_MAX, &p->slot_count));
	note_absent(p);
	return opt->slot ? narrow(opt->slot, p) : ST_OK;
}

status plan_make(const struct options *opt, struct plan **ret_plan)
{
	struct plan *p = calloc(1, sizeof(*p));
	status st;

	if (!p)
		return ST_NOMEM;
	*ret_plan = p;
	st = fill(opt, p);
	if (st != ST_OK && p->error[0] == '\0')
		snprintf(p->error, sizeof(p->error), "%s", status_text(st));
	return st;
}

const struct settings_slot *plan_group(const struct plan *p, unsigned long slot_id)
{
	for (size_t i = 0; i < p->slot_count; i++)
		if (p->slot[i].member_count > 0 && p->slot[i].id >= 0 &&
		    (unsigned long)p->slot[i].id == slot_id)
			return &p->slot[i];
	return NULL;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	if (p->made_file)
		unlink(p->path);
	free(p);
}

void plan_free_ptr(struct plan **p)
{
	plan_free(*p);
}
