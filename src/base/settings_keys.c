/* SPDX-License-Identifier: Apache-2.0 */
#include "settings_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "hex.h"
#include "mem.h"

status settings_set_text(char *dst, size_t cap, const char *value)
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

status settings_set_seconds(const char *value, long most, int *ret_ms)
{
	long seconds;

	TRY(set_number(value, 1, most, &seconds));
	*ret_ms = (int)seconds * 1000;
	return ST_OK;
}

static status module_timeout(void *p, const char *v)
{
	return settings_set_seconds(v, 600, &((struct settings *)p)->timeout_ms);
}

static status module_check(void *p, const char *v)
{
	return set_bool(v, &((struct settings *)p)->check_signatures);
}

static status module_verify(void *p, const char *v)
{
	struct settings *s = p;
	bool card = strcmp(v, "card") == 0;

	if (!card && strcmp(v, "host") != 0)
		return ST_ARG;
	s->verify_on_card = card;
	return ST_OK;
}

static status set_path(const char *value, char dst[PATH_LEN_MAX])
{
	return value[0] == '/' ? settings_set_text(dst, PATH_LEN_MAX, value) : ST_ARG;
}

static status module_lock_dir(void *p, const char *v)
{
	return set_path(v, ((struct settings *)p)->lock_dir);
}

static status module_store_dir(void *p, const char *v)
{
	return set_path(v, ((struct settings *)p)->store_dir);
}

status settings_set_id(const char *value, int *ret_id)
{
	long id;

	TRY(set_number(value, 0, 9999, &id));
	*ret_id = (int)id;
	return ST_OK;
}

static status slot_id(void *p, const char *v)
{
	return settings_set_id(v, &((struct settings_slot *)p)->id);
}

static status slot_uri(void *p, const char *v)
{
	struct settings_slot *slot = p;

	if (uri_expected(v))
		return ST_ARG;
	TRY(settings_set_text(slot->uri_text, sizeof(slot->uri_text), v));
	return uri_parse(v, &slot->uri);
}

/* NSS writes token:nickname */
status settings_set_label(const char *value, char *dst, size_t cap)
{
	return strchr(value, ':') ? ST_ARG : settings_set_text(dst, cap, value);
}

static status slot_label(void *p, const char *v)
{
	struct settings_slot *slot = p;

	return settings_set_label(v, slot->label, sizeof(slot->label));
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
	return settings_set_text(slot->expected_iccid, sizeof(slot->expected_iccid), v);
}

static status slot_pin_source(void *p, const char *v)
{
	struct settings_slot *slot = p;

	if (strncmp(v, "file:/", 6) != 0)
		return ST_ARG;
	return settings_set_text(slot->pin_source, sizeof(slot->pin_source), v);
}

/* TS 102 221 §9.5.1: bit 8 tells global references from those of one application, the low five bits
 * number them, the others are zero. */
static bool is_pin_reference(uint8_t ref)
{
	return (ref & 0x60) == 0 && (ref & 0x1F) != 0;
}

static status slot_pin(void *p, const char *v)
{
	static const struct {
		const char *word;
		uint8_t ref;
	} words[] = {{"application", 0x01}, {"second", 0x81}, {"universal", 0x11}};
	struct settings_slot *slot = p;
	uint8_t ref = 0;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].word, v) == 0)
			ref = words[i].ref;
	if (ref == 0 && (strncmp(v, "0x", 2) != 0 || set_hex(v + 2, 1, 1, &ref, &n) != ST_OK))
		return ST_ARG;
	if (!is_pin_reference(ref))
		return ST_ARG;
	slot->pin_ref = ref;
	return ST_OK;
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

	return settings_set_text(c->slot, sizeof(c->slot), v);
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

	return settings_set_text(c->label, sizeof(c->label), v);
}

static status container_pin(void *p, const char *v)
{
	static const char *const words[] = {"", "none", "login", "always", NULL};
	int i = word_index(words, v);

	if (i < 1)
		return ST_ARG;
	((struct settings_container *)p)->pin = (enum settings_pin)i;
	return ST_OK;
}

const struct settings_key settings_module_keys[] = {
	{"log", module_log, "off, error, info, debug or trace"},
	{"log-target", module_log_target, "stderr or syslog"},
	{"timeout", module_timeout, "seconds from 1 to 600"},
	{"check-signatures", module_check, "yes or no"},
	{"verify", module_verify, "host or card"},
	{"lock-dir", module_lock_dir, "an absolute path"},
	{"store-dir", module_store_dir, "an absolute path"},
	{NULL, NULL, NULL},
};

const struct settings_key settings_slot_keys[] = {
	{"id", slot_id, "a number from 0 to 9999"},
	{"uri", slot_uri, "pcsc:, at:PATH, qmi:PATH, mbim:PATH or unix:PATH"},
	{"label", slot_label, "1 to 32 characters without a colon"},
	{"aid", slot_aid, "1 to 8 AIDs of 5 to 16 bytes in hex, separated by commas"},
	{"expected-iccid", slot_iccid, "10 to 20 digits"},
	{"pin", slot_pin, "application, second, universal or 0xNN: 01 to 1F or 81 to 9F in hex"},
	{"pin-source", slot_pin_source, "file:/absolute/path"},
	{"class", slot_class, "80 or 00"},
	{"chunk", slot_chunk, "bytes from 16 to 256"},
	{NULL, NULL, NULL},
};

const struct settings_key settings_container_keys[] = {
	{"slot", container_slot, "the name of a [slot NAME] section"},
	{"kind", container_kind, "private-key, public-key, certificate, data or secret-key"},
	{"id", container_id, "1 to 20 bytes in hex"},
	{"key-type", container_key_type, "p256, p384, brainpoolp256r1 or rsa2048"},
	{"label", container_label, "1 to 60 characters"},
	{"pin", container_pin, "none, login or always"},
	{NULL, NULL, NULL},
};
