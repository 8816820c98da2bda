/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file (/etc/iotsafe/iotsafe.conf, INI, read with inih): typed, checked, with
 * file, line and expectation in every complaint. */
#ifndef IOTSAFE_BASE_SETTINGS_H
#define IOTSAFE_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sizes.h"
#include "log.h"
#include "status.h"
#include "uri.h"

enum settings_kind {
	SETTINGS_PRIVATE_KEY,
	SETTINGS_PUBLIC_KEY,
	SETTINGS_CERTIFICATE,
	SETTINGS_DATA,
	SETTINGS_SECRET_KEY,
};

enum settings_key_type {
	SETTINGS_KEY_NONE,
	SETTINGS_KEY_P256,
	SETTINGS_KEY_P384,
	SETTINGS_KEY_BRAINPOOL_P256R1,
	SETTINGS_KEY_RSA2048,
};

struct settings_aid {
	uint8_t b[AID_MAX];
	size_t n;
};

/* When a container wants the slot's PIN. Without a word: private and secret keys of a slot with
 * `pin` want a login, files and public keys do not; but where any container of the slot says
 * `pin = login` or `always`, only those do. */
enum settings_pin {
	SETTINGS_PIN_UNSAID,
	SETTINGS_PIN_NONE,
	SETTINGS_PIN_LOGIN,
	SETTINGS_PIN_ALWAYS, /* before each use: CKA_ALWAYS_AUTHENTICATE */
};

/* [slot NAME] */
struct settings_slot {
	char name[NAME_MAX_LEN];
	int id; /* -1: assigned in order of the file */
	struct uri uri;
	char uri_text[URI_MAX];
	char label[33];			   /* token label; empty: from the card */
	struct settings_aid aid[AIDS_MAX]; /* empty: the default list */
	size_t aid_count;
	char expected_iccid[ICCID_DIGITS_MAX + 1]; /* empty: any SIM */
	char pin_source[PATH_LEN_MAX];		   /* "file:/path", or empty */
	/* `pin = application | second | universal | 0xNN`: the reference (P2) of the PIN that
	 * protects keys on this card; 0: none is known, and no PIN command is ever sent */
	uint8_t pin_ref;
	int cla_base; /* 0x80 or 0x00; -1: learned */
	long chunk;   /* READ FILE Le; 0: learned */
	/* of a slot that stands for a group: its members, places in settings.slot in the order of
	 * preference; 0: the slot is a device's */
	unsigned char member[GROUP_MEMBERS_MAX];
	size_t member_count;
	int retry_ms; /* of a group: for so long a member that failed is left in peace */
};

/* [group NAME]: slots that are shown as one, whose token is that of the first healthy member. */
struct settings_group {
	char name[NAME_MAX_LEN];
	int id;		/* -1: assigned */
	int retry_ms;	/* `retry`; default 30 000 */
	char label[33]; /* token label; empty: the active member's */
	char member_name[GROUP_MEMBERS_MAX][NAME_MAX_LEN];
	unsigned char member[GROUP_MEMBERS_MAX]; /* their places in settings.slot */
	size_t member_count;
};

/* [container LABEL] */
struct settings_container {
	char name[NAME_MAX_LEN]; /* the section's name */
	char slot[NAME_MAX_LEN];
	enum settings_kind kind;
	uint8_t id[CONTAINER_ID_MAX];
	size_t id_len;
	enum settings_key_type key_type;
	char label[CONTAINER_LABEL_MAX + 1];
	enum settings_pin pin; /* `pin = none | login | always` */
};

struct settings {
	enum log_level log;
	enum log_target log_target;
	int timeout_ms;		      /* one card operation; default 10 000 */
	bool check_signatures;	      /* default true */
	bool verify_on_card;	      /* `verify = host | card`; default host */
	char lock_dir[PATH_LEN_MAX];  /* default /run/lock/iotsafe */
	char store_dir[PATH_LEN_MAX]; /* `store-dir`; default /var/lib/iotsafe */
	struct settings_slot slot[SLOTS_MAX];
	size_t slot_count;
	struct settings_container container[CONTAINER_SETTINGS_MAX];
	size_t container_count;
	struct settings_group group[GROUPS_MAX];
	size_t group_count;
	bool from_file; /* false: no file was found, defaults are in force */
};

enum { SETTINGS_ERROR_MAX = 512 };

void settings_default(struct settings *ret_s);
/* The path in force: IOTSAFE_CONF (ignored when setuid), else the built-in one. Static storage or
 * the environment's. */
const char *settings_path(void);
/* Reads path into *ret_s (defaults first). A missing file is ST_OK with from_file = false, unless
 * it was named by IOTSAFE_CONF. ST_CONFIG with a line for people in err ("FILE:LINE: what was
 * found, what is expected") for anything wrong, for a file that is group- or world-writable, or not
 * owned by root or the effective user. Allocates nothing that outlives the call. */
status settings_load(const char *path, struct settings *ret_s,
		     char err[SETTINGS_ERROR_MAX]) MUST_USE;

/* Is slot[place] a member of a group, and so no slot of its own? */
bool settings_is_member(const struct settings *s, size_t place);
/* The slot that a group is shown as: its name, id, label and members; uri_text is "group:NAME",
 * for people, and uri is empty. */
void settings_group_slot(const struct settings_group *g, struct settings_slot *ret_slot);

#endif
