/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "config.h"
#include "mem.h"
#include "settings_keys.h"

/* What inih's callback carries from line to line. */
struct reading {
	struct settings *s;
	const char *path;
	char *err; /* SETTINGS_ERROR_MAX; filled once, the first complaint wins */
	FILE *f;
	int line;
	int slot_line[SLOTS_MAX], container_line[CONTAINER_SETTINGS_MAX]; /* of their headers */
	int group_line[GROUPS_MAX];
	enum { IN_NOTHING, IN_MODULE, IN_SLOT, IN_CONTAINER, IN_GROUP } kind;
};

/* Opens the section of that name, if there is such a one; the struct that its keys go to is found
 * again by section_target. */
static bool enter_section(struct reading *rd, const char *section)
{
	struct settings *s = rd->s;
	const char *name = strchr(section, ' ');

	rd->kind = IN_NOTHING;
	if (strcmp(section, "module") == 0) {
		rd->kind = IN_MODULE;
		return true;
	}
	name = name ? name + strspn(name, " ") : "";
	if (name[0] == '\0' || strlen(name) >= NAME_MAX_LEN)
		return false;
	if (strncmp(section, "slot ", 5) == 0 && s->slot_count < SLOTS_MAX) {
		struct settings_slot *slot = &s->slot[s->slot_count];

		rd->slot_line[s->slot_count++] = rd->line;
		*slot = (struct settings_slot){.id = -1, .cla_base = -1};
		rd->kind = IN_SLOT;
		return settings_set_text(slot->name, sizeof(slot->name), name) == ST_OK;
	}
	if (strncmp(section, "container ", 10) == 0 &&
	    s->container_count < CONTAINER_SETTINGS_MAX) {
		struct settings_container *c = &s->container[s->container_count];

		rd->container_line[s->container_count++] = rd->line;
		*c = (struct settings_container){0};
		rd->kind = IN_CONTAINER;
		return settings_set_text(c->name, sizeof(c->name), name) == ST_OK;
	}
	if (strncmp(section, "group ", 6) == 0 && s->group_count < GROUPS_MAX) {
		struct settings_group *g = &s->group[s->group_count];

		rd->group_line[s->group_count++] = rd->line;
		*g = (struct settings_group){.id = -1, .retry_ms = 30000};
		rd->kind = IN_GROUP;
		return settings_set_text(g->name, sizeof(g->name), name) == ST_OK;
	}
	return false;
}

static void *section_target(struct reading *rd, const struct settings_key **ret_keys)
{
	struct settings *s = rd->s;

	switch (rd->kind) {
	case IN_MODULE:
		*ret_keys = settings_module_keys;
		return s;
	case IN_SLOT:
		*ret_keys = settings_slot_keys;
		return &s->slot[s->slot_count - 1];
	case IN_CONTAINER:
		*ret_keys = settings_container_keys;
		return &s->container[s->container_count - 1];
	case IN_GROUP:
		*ret_keys = settings_group_keys;
		return &s->group[s->group_count - 1];
	case IN_NOTHING:
		break;
	}
	return NULL;
}

static int complain(struct reading *rd, const char *found, const char *expected)
{
	if (rd->err[0] == '\0')
		snprintf(rd->err, SETTINGS_ERROR_MAX, "%.200s:%d: %.120s: expected %.120s",
			 rd->path, rd->line, found, expected);
	return 0;
}

/* A section header, read here and not by inih, which keeps 49 bytes of a name and tells nothing of
 * a section without keys. */
static void open_section(struct reading *rd, const char *line)
{
	const char *end = strchr(line, ']');
	char name[128], found[160];
	size_t n = end ? (size_t)(end - line) - 1 : strcspn(line + 1, "\r\n");

	if (n >= sizeof(name))
		n = sizeof(name) - 1;
	memcpy(name, line + 1, n);
	name[n] = '\0';
	if (!end || !strchr("\r\n;#", end[1 + strspn(end + 1, " \t")]) ||
	    !enter_section(rd, name)) {
		snprintf(found, sizeof(found), "section [%.80s%s", name, end ? "]" : "");
		complain(rd, found,
			 "[module], [slot NAME] (up to 16), [group NAME] (up to 8) or [container "
			 "NAME] (up to 32)");
	}
}

/* inih's reader. It takes the line count (Debian's inih does not tell its handler), opens the
 * sections, and cuts leading blanks, which inih would take for a continued value. */
static char *next_line(char *dst, int cap, void *ctx)
{
	struct reading *rd = ctx;
	char *text, *end;

	if (cap < 2 || !fgets(dst, cap, rd->f))
		return NULL;
	rd->line++;
	if (!strchr(dst, '\n') && !feof(rd->f)) {
		complain(rd, "a line that is too long", "at most 198 characters");
		return NULL;
	}
	text = rd->line == 1 && strncmp(dst, "\xEF\xBB\xBF", 3) == 0 ? dst + 3 : dst;
	text += strspn(text, " \t");
	memmove(dst, text, strlen(text) + 1);
	if (dst[0] == '[')
		open_section(rd, dst);
	end = strpbrk(dst, "=:");
	if (dst[0] && !strchr("[;#\r\n", dst[0]) && !end)
		complain(rd, "a line without \"=\"", "[section] or key = value");
	return dst;
}

/* Of a URI it depends on the URI. */
static const char *expected_of(const struct settings_key *row, const char *value)
{
	const char *uri = strcmp(row->name, "uri") == 0 ? uri_expected(value) : NULL;

	return uri ? uri : row->expected;
}

static int on_key(void *ctx, const char *section, const char *name, const char *value)
{
	struct reading *rd = ctx;
	const struct settings_key *row = NULL;
	char found[160];
	void *target;

	target = section_target(rd, &row);
	if (!target) {
		snprintf(found, sizeof(found), "\"%.80s\" outside a section", name);
		return complain(rd, found, "a section such as [module] before it");
	}
	for (; row->name; row++) {
		if (strcmp(row->name, name) != 0)
			continue;
		if (row->set(target, value ? value : "") == ST_OK)
			return 1;
		snprintf(found, sizeof(found), "%.30s = %.80s", name, value ? value : "");
		return complain(rd, found, expected_of(row, value ? value : ""));
	}
	snprintf(found, sizeof(found), "unknown key \"%.40s\" in [%.60s]", name, section);
	return complain(rd, found, "a key of iotsafe.conf(5)");
}

/* What no single line of a slot shows: no uri, a name or an id that is taken, a PIN of no kind. */
static const char *check_slot(const struct settings *s, size_t i)
{
	const struct settings_slot *slot = &s->slot[i];

	if (slot->uri.scheme[0] == '\0')
		return "this [slot] has no uri: expected uri = pcsc:, at:PATH, qmi:PATH, mbim:PATH "
		       "or unix:PATH";
	if (slot->pin_source[0] && slot->pin_ref == 0)
		return "this [slot] has pin-source, but tells not which PIN that is: expected pin "
		       "= application, second, universal or 0xNN beside it";
	for (size_t k = 0; k < i; k++) {
		if (strcmp(slot->name, s->slot[k].name) == 0)
			return "another [slot] has this name: expected a name of its own";
		if (slot->id >= 0 && slot->id == s->slot[k].id)
			return "another [slot] has this id: expected an id of its own";
	}
	return NULL;
}

/* And of a container: no such slot, no id, no type, a PIN that its slot does not know. */
static const char *check_container(const struct settings *s, const struct settings_container *c)
{
	const struct settings_slot *slot = NULL;

	for (size_t k = 0; k < s->slot_count && !slot; k++)
		if (strcmp(c->slot, s->slot[k].name) == 0)
			slot = &s->slot[k];
	if (!slot)
		return "this [container]'s slot is not there: expected slot = the name of a [slot "
		       "NAME] section";
	if (c->id_len == 0)
		return "this [container] has no id: expected id = 1 to 20 bytes in hex";
	if (c->key_type == SETTINGS_KEY_NONE &&
	    (c->kind == SETTINGS_PRIVATE_KEY || c->kind == SETTINGS_PUBLIC_KEY))
		return "this [container] of a key has no key-type: expected p256, p384, "
		       "brainpoolp256r1 or rsa2048";
	if ((c->pin == SETTINGS_PIN_LOGIN || c->pin == SETTINGS_PIN_ALWAYS) && slot->pin_ref == 0)
		return "this [container] wants a PIN, and its slot has none: expected pin = "
		       "application, second, universal or 0xNN in its [slot]";
	return NULL;
}

/* *ret_line is the header of the section at fault. */
static const char *check_whole(const struct reading *rd, int *ret_line)
{
	const struct settings *s = rd->s;
	const char *wrong = NULL;

	for (size_t i = 0; i < s->slot_count && !wrong; i++) {
		*ret_line = rd->slot_line[i];
		wrong = check_slot(s, i);
	}
	for (size_t i = 0; i < s->container_count && !wrong; i++) {
		*ret_line = rd->container_line[i];
		wrong = check_container(s, &s->container[i]);
	}
	for (size_t i = 0; i < s->group_count && !wrong; i++) {
		*ret_line = rd->group_line[i];
		wrong = settings_check_group(rd->s, i);
	}
	return wrong;
}

void settings_default(struct settings *ret_s)
{
	*ret_s = (struct settings){
		.log = LOG_LEVEL_OFF,
		.timeout_ms = 10000,
		.check_signatures = true,
		.lock_dir = "/run/lock/iotsafe",
		.store_dir = "/var/lib/iotsafe",
	};
}

const char *settings_path(void)
{
	const char *path = secure_getenv("IOTSAFE_CONF");

	return path && path[0] ? path : IOTSAFE_SYSCONFDIR "/iotsafe/iotsafe.conf";
}

static void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

static status open_checked(const char *path, FILE **ret_f, char err[SETTINGS_ERROR_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0) {
		snprintf(err, SETTINGS_ERROR_MAX, "%.300s: cannot open it: %s", path,
			 strerror(errno));
		return errno == ENOENT || errno == ENOTDIR ? ST_NO_ENTRY : ST_CONFIG;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		snprintf(err, SETTINGS_ERROR_MAX, "%.300s: expected a regular file", path);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		snprintf(err, SETTINGS_ERROR_MAX,
			 "%.300s: expected root or the user as its owner, found uid %u", path,
			 (unsigned)st.st_uid);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		snprintf(err, SETTINGS_ERROR_MAX,
			 "%.300s: others may write it (mode %03o): run chmod go-w on it", path,
			 (unsigned)st.st_mode & 0777);
	else
		*ret_f = fdopen(fd, "r");
	if (!*ret_f)
		close(fd);
	return *ret_f ? ST_OK : ST_CONFIG;
}

status settings_load(const char *path, struct settings *ret_s, char err[SETTINGS_ERROR_MAX])
{
	struct settings *s ON_EXIT(mem_free_ptr) = malloc(sizeof(*s));
	FILE *f ON_EXIT(close_file) = NULL;
	struct reading rd = {.s = s, .path = path, .err = err};
	const char *named = secure_getenv("IOTSAFE_CONF"), *wrong;
	int line = 0;
	status st;

	err[0] = '\0';
	if (!s)
		return ST_NOMEM;
	settings_default(s);
	st = open_checked(path, &f, err);
	if (st == ST_NO_ENTRY && (!named || strcmp(named, path) != 0)) {
		err[0] = '\0';
		*ret_s = *s;
		return ST_OK;
	}
	if (st != ST_OK)
		return ST_CONFIG;
	rd.f = f;
	if (ini_parse_stream(next_line, &rd, on_key, &rd) != 0)
		complain(&rd, "the file", "[section] and key = value lines");
	wrong = check_whole(&rd, &line);
	if (err[0] == '\0' && wrong)
		snprintf(err, SETTINGS_ERROR_MAX, "%.300s:%d: %s", path, line, wrong);
	if (err[0] != '\0')
		return ST_CONFIG;
	s->from_file = true;
	*ret_s = *s;
	return ST_OK;
}
