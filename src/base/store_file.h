/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the host-side store: opened without following links, checked before use, written all
 * or not at all. Complaints are logged with their path. */
#ifndef IOTSAFE_SRC_BASE_STORE_FILE_H
#define IOTSAFE_SRC_BASE_STORE_FILE_H

#include <stdbool.h>
#include "bytes.h"

/* The folder of one SIM, open. Its texts are borrowed, for the log. */
struct store_folder {
	int fd; /* -1: none */
	const char *dir, *iccid;
};

/* DIR/ICCID, and with `make` both are made when they are missing (0755 and 0700). ST_NO_ENTRY when
 * it is missing, or iccid is not 1 to 20 digits; ST_STORE when it cannot or must not be used. */
status store_file_open(const char *dir, const char *iccid, bool make,
		       struct store_folder *ret_folder) MUST_USE;
void store_file_close(struct store_folder *folder); /* for ON_EXIT */
/* Could store_file_open make or open it, and could a file be written then? */
bool store_file_writable(const char *dir, const char *iccid);

/* The whole file into buf. ST_NO_ENTRY; ST_MALFORMED when it is longer than cap or no file of
 * ours; ST_IO. */
status store_file_read(const struct store_folder *folder, const char *name, struct wtr *w) MUST_USE;
/* Replaces or makes the file; when it fails (ST_STORE) what was there stands. */
status store_file_write(const struct store_folder *folder, const char *name,
			struct bytes text) MUST_USE;
/* ST_NO_ENTRY, ST_STORE. */
status store_file_remove(const struct store_folder *folder, const char *name) MUST_USE;

#endif
