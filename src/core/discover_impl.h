/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that are found without a configuration: what the system tells of them in /sys, /proc and
 * udev's database. Nothing is opened but those, nothing is sent. */
#ifndef IOTSAFE_SRC_CORE_DISCOVER_IMPL_H
#define IOTSAFE_SRC_CORE_DISCOVER_IMPL_H

#include <stdbool.h>

#include "discover.h"
#include "sizes.h"

/* Who is told. Either function may be NULL. */
struct discover_sink {
	void (*found)(void *ctx, const char *uri_text);
	/* A device that could be a way to a SIM, and is not used. remedy may be NULL. */
	void (*skipped)(void *ctx, const char *device, const char *why, const char *remedy);
	void *ctx;
};

/* AT ports that udev tagged ID_IOTSAFE_PORT, in the order of their names, by a link that survives
 * renumbering where there is one. Ports of modems without the tag are skipped. */
void discover_ports(const struct discover_sink *sink);
/* Modems whose proxy listens now, in the order of their names. */
void discover_modems(const struct discover_sink *sink);

/* The names in a folder of /sys/class, sorted as people count; no entries where there is none. */
enum { DISCOVER_ENTRIES_MAX = 256, DISCOVER_NAME_MAX = 48 };
struct discover_entries {
	char name[DISCOVER_ENTRIES_MAX][DISCOVER_NAME_MAX];
	size_t count;
};
void discover_read_class(const char *path, struct discover_entries *ret);
/* The start of a small file, ended by NUL; false when there is none. */
bool discover_read_text(const char *path, char *dst, size_t cap);

#endif
