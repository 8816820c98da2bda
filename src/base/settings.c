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
#include "hex.h"
#include "mem.h"

/* What inih's callback carries from line to line. */
struct reading {
	struct settings *s;
	const char *path;
	char *err; /* SETTINGS_ERROR_MAX; filled once, the first complaint wins */
	FILE *f;
	int line;
	int slot_line[SLOTS_MAX], container_line[CONTAINER_SETTINGS_MAX]; /* of their headers */
	enum { IN_NOTHING, IN_MODULE, IN_SLOT, IN_CONTAINER } kind;
};

/* One key: how its value gets into the section's struct, and what to tell people that it wants. */
struct key_row {
	const char *name;
	status (*set)(void *section, const char *value);
	const char *expected;
};

static status set_text(char *dst, size_t cap, const char *value)
{
	size_t n = strlen(value);

	if (n == 0 || n >= cap)
		return ST_ARG;
	memcpy(dst, value, n + 1);
	return ST_OK;
}

static status set_number(const char *value, long lo, long hi, long *ret_v)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || v < lo || v > hi)
		return ST_ARG;
	*ret_v = v;
	return ST_OK;
}

static status set_bool(const char *value, bool *ret_v)
{
	bool yes = strcmp(value, "yes") == 0, no = strcmp(value, "no") == 0;

	if (!yes && !no)
		return ST_ARG;
	*ret_v = yes;
	return ST_OK;
}

static status set_hex(const char *value, size_t min, size_t cap, uint8_t *dst, size_t *ret_n)
{
	uint8_t tmp[64];
	struct wtr w = wtr_on(tmp, cap < sizeof(tmp) ? cap : sizeof(tmp));

	if (hex_get(bytes_str(value), &w) != ST_OK || w.n < min)
		return ST_ARG;
	memcpy(dst, tmp, w.n);
	*ret_n = w.n;
	return ST_OK;
}

static status module_log(void *p, const char *v)
{
	struct settings *s = p;

	return log_level_parse(v, &s->log) ? ST_OK : ST_ARG;
}

static status module_log_target(void *p, const char *v)
{
	struct settings *s = p;
	bool to_syslog = strcmp(v, "syslog") == 0;

	if (!to_syslog && strcmp(v, "stderr") != 0)
		return ST_ARG;
	s->log_target = to_syslog ? LOG_TO_SYSLOG : LOG_TO_STDERR;
	return ST_OK;
}

static status module_timeout(void *p, const char *v)
{
	struct settings *s = p;
	long seconds;

	TRY(set_number(v, 1, 600, &seconds));
	s->timeout_ms = (int)seconds * 1000;
	return ST_OK;
}

static status module_check(void *p, const char *v)
{
	return set_bool(v, &((struct settings *)p)->check_signatures);
}

static status module_lock_dir(void *p, const char *v)
{
	struct settings *s = p;

	return v[0] == '/' ? set_text(s->lock_dir, sizeof(s->lock_dir), v) : ST_ARG;
}

static status slot_id(void *p, const char *v)
{
	struct settings_slot *slot = p;
	long id;

	TRY(set_number(v, 0, 9999, &id));
	slot->id = (int)id;
	return ST_OK;
}

static status slot_uri(void *p, const char *v)
{
	static const char *const schemes[] = {"pcsc", "at", "qmi", "mbim", "unix"};
	struct settings_slot *slot = p;

	TRY(set_text(slot->uri_text, sizeof(slot->uri_text), v));
	TRY(uri_parse(v, &slot->uri));
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (strcmp(slot->uri.scheme, schemes[i]) == 0)
			return strcmp(schemes[i], "pcsc") == 0 || slot->uri.path[0] ? ST_OK
										    : ST_ARG;
	return ST_ARG;
}

static status slot_label(void *p, const char *v)
{
	struct settings_slot *slot = p;

	/* NSS writes token:nickname */
	return strchr(v, ':') ? ST_ARG : set_text(slot->label, sizeof(slot->label), v);
}

static status slot_aid(void *p, const char *v)
{
	struct settings_slot *slot = p;

	slot->aid_count = 0;
	while (*v) {
		size_t n = strcspn(v, ", ");
		char word[2 * AID_MAX + 1];

		if (n > 0) {
			if (n >= sizeof(word) || slot->aid_count == AIDS_MAX)
				return ST_ARG;
			memcpy(word, v, n);
			word[n] = '\0';
			TRY(set_hex(word, 5, AID_MAX, slot->aid[slot->aid_count].b,
				    &slot->aid[slot->aid_count].n));
			slot->aid_count++;
		}
		v += n + (v[n] != '\0');
	}
	return slot->aid_count > 0 ? ST_OK : ST_ARG;
}

static status slot_iccid(void *p, const char *v)
{
	struct settings_slot *slot = p;
	size_t n = strspn(v, "0123456789");

	if (n < 10 || v[n] != '\0')
		return ST_ARG;
	return set_text(slot->expected_iccid, sizeof(slot->expected_iccid), v);
}

static status slot_pin_source(void *p, const char *v)
{
	struct settings_slot *slot = p;

	if (strncmp(v, "file:/", 6) != 0)
		return ST_ARG;
	return set_text(slot->pin_source, sizeof(slot->pin_source), v);
}

static status slot_class(void *p, const char *v)
{
	struct settings_slot *slot = p;
	bool x80 = strcmp(v, "80") == 0;

	if (!x80 && strcmp(v, "00") != 0)
		return ST_ARG;
	slot->cla_base = x80 ? 0x80 : 0x00;
	return ST_OK;
}

static status slot_chunk(void *p, const char *v)
{
	return set_number(v, 16, 256, &((struct settings_slot *)p)->chunk);
}

static status container_slot(void *p, const char *v)
{
	struct settings_container *c = p;

	return set_text(c->slot, sizeof(c->slot), v);
}

/* The index of value in words (ended by NULL), or -1. */
static int word_index(const char *const *words, const char *value)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	return -1;
}

static status container_kind(void *p, const char *v)
{
	static const char *const words[] = {"private-key", "public-key", "certificate",
					    "data",	   "secret-key", NULL};
	int i = word_index(words, v);

	if (i < 0)
		return ST_ARG;
	((struct settings_container *)p)->kind = (enum settings_kind)i;
	return ST_OK;
}

static status container_id(void *p, const char *v)
{
	struct settings_container *c = p;

	return set_hex(v, 1, CONTAINER_ID_MAX, c->id, &c->id_len);
}

static status container_key_type(void *p, const char *v)
{
	static const char *const words[] = {"none",    "p256", "p384", "brainpoolp256r1",
					    "rsa2048", NULL};
	int i = word_index(words, v);

	if (i < 1)
		return ST_ARG;
	((struct settings_container *)p)->key_type = (enum settings_key_type)i;
	return ST_OK;
}

static status container_label(void *p, const char *v)
{
	struct settings_container *c = p;

	return set_text(c->label, sizeof(c->label), v);
}

static const struct key_row module_keys[] = {
	{"log", module_log, "off, error, info, debug or trace"},
	{"log-target", module_log_target, "stderr or syslog"},
	{"timeout", module_timeout, "seconds from 1 to 600"},
	{"check-signatures", module_check, "yes or no"},
	{"lock-dir", module_lock_dir, "an absolute path"},
	{NULL, NULL, NULL},
};

static const struct key_row slot_keys[] = {
	{"id", slot_id, "a number from 0 to 9999"},
	{"uri", slot_uri, "pcsc:, at:PATH, qmi:PATH, mbim:PATH or unix:PATH"},
	{"label", slot_label, "1 to 32 characters without a colon"},
	{"aid", slot_aid, "1 to 8 AIDs of 5 to 16 bytes in hex, separated by commas"},
	{"expected-iccid", slot_iccid, "10 to 20 digits"},
	{"pin-source", slot_pin_source, "file:/absolute/path"},
	{"class", slot_class, "80 or 00"},
	{"chunk", slot_chunk, "bytes from 16 to 256"},
	{NULL, NULL, NULL},
};

static const struct key_row container_keys[] = {
	{"slot", container_slot, "the name of a [slot NAME] section"},
	{"kind", container_kind, "private-key, public-key, certificate, data or secret-key"},
	{"id", container_id, "1 to 20 bytes in hex"},
	{"key-type", container_key_type, "p256, p384, brainpoolp256r1 or rsa2048"},
	{"label", container_label, "1 to 60 characters"},
	{NULL, NULL, NULL},
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
		return set_text(slot->name, sizeof(slot->name), name) == ST_OK;
	}
	if (strncmp(section, "container ", 10) == 0 &&
	    s->container_count < CONTAINER_SETTINGS_MAX) {
		struct settings_container *c = &s->container[s->container_count];

		rd->container_line[s->container_count++] = rd->line;
		*c = (struct settings_container){0};
		rd->kind = IN_CONTAINER;
		return set_text(c->name, sizeof(c->name), name) == ST_OK;
	}
	return false;
}

static void *section_target(struct reading *rd, const struct key_row **ret_keys)
{
	struct settings *s = rd->s;

	switch (rd->kind) {
	case IN_MODULE:
		*ret_keys = module_keys;
		return s;
	case IN_SLOT:
		*ret_keys = slot_keys;
		return &s->slot[s->slot_count - 1];
	case IN_CONTAINER:
		*ret_keys = container_keys;
		return &s->container[s->container_count - 1];
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
			 "[module], [slot NAME] (up to 16) or [container NAME] (up to 32)");
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

static int on_key(void *ctx, const char *section, const char *name, const char *value)
{
	struct reading *rd = ctx;
	const struct key_row *row = NULL;
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
		return complain(rd, found, row->expected);
	}
	snprintf(found, sizeof(found), "unknown key \"%.40s\" in [%.60s]", name, section);
	return complain(rd, found, "a key of iotsafe.conf(5)");
}

/* What no single line shows: a slot without uri, a doubled name or id, a container of no slot.
 * *ret_line is the header of the section at fault. */
static const char *check_whole(const struct reading *rd, int *ret_line)
{
	const struct settings *s = rd->s;

	for (size_t i = 0; i < s->slot_count; i++) {
		*ret_line = rd->slot_line[i];
		if (s->slot[i].uri.scheme[0] == '\0')
			return "this [slot] has no uri: expected uri = pcsc:, at:PATH, qmi:PATH, "
			       "mbim:PATH or unix:PATH";
		for (size_t k = 0; k < i; k++) {
			if (strcmp(s->slot[i].name, s->slot[k].name) == 0)
				return "another [slot] has this name: expected a name of its own";
			if (s->slot[i].id >= 0 && s->slot[i].id == s->slot[k].id)
				return "another [slot] has this id: expected an id of its own";
		}
	}
	for (size_t i = 0; i < s->container_count; i++) {
		const struct settings_container *c = &s->container[i];
		bool found = false;

		*ret_line = rd->container_line[i];
		for (size_t k = 0; k < s->slot_count; k++)
			found = found || strcmp(c->slot, s->slot[k].name) == 0;
		if (!found)
			return "this [container]'s slot is not there: expected slot = the name of "
			       "a [slot NAME] section";
		if (c->id_len == 0)
			return "this [container] has no id: expected id = 1 to 20 bytes in hex";
		if (c->key_type == SETTINGS_KEY_NONE &&
		    (c->kind == SETTINGS_PRIVATE_KEY || c->kind == SETTINGS_PUBLIC_KEY))
			return "this [container] of a key has no key-type: expected p256, p384, "
			       "brainpoolp256r1 or rsa2048";
	}
	return NULL;
}

void settings_default(struct settings *ret_s)
{
	*ret_s = (struct settings){
		.log = LOG_LEVEL_OFF,
		.timeout_ms = 10000,
		.check_signatures = true,
		.lock_dir = "/run/lock/iotsafe",
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
