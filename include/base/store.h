/* SPDX-License-Identifier: Apache-2.0 */
/* What a SIM cannot store: certificates, data and names given to its keys, kept on the host in one
 * folder per ICCID (DIR/ICCID/, mode 0700, files 0600). Nothing secret, nothing trusted: an entry
 * that belongs to a key carries the SHA-1 of its public point and counts only while the card's key
 * is that one; a certificate is checked against the key each time it is read.
 *
 * Writing is atomic: a new file is written, synced and renamed; when the disk is full or the power
 * goes, the old entry is still there. Files are opened without following links and must be regular,
 * of one link, owned by the effective user or root, and not writable by group or others; others are
 * logged and passed over. Nothing is cached between calls; no lock is needed. */
#ifndef IOTSAFE_BASE_STORE_H
#define IOTSAFE_BASE_STORE_H

#include <stdbool.h>
#include "bytes.h"
#include "sizes.h"

enum {
	STORE_ENTRIES_MAX = 64, /* of one SIM */
	STORE_LABEL_MAX = 64,
	STORE_ID_MAX = 64,
	STORE_SUBJECT_MAX = 256,
	STORE_VALUE_MAX = 32767,
	STORE_NAME_MAX = 96,	/* of an entry's file */
	STORE_TEXT_MAX = 49152, /* of an entry as text: base64 of the value, and its lines */
};

enum store_kind {
	STORE_CERTIFICATE,
	STORE_DATA,
	STORE_KEY_NAME,
	/* a key of the card that nobody uses: made to take a destroyed one's place */
	STORE_KEY_DISCARDED,
};

struct store_entry {
	enum store_kind kind;
	char file[STORE_NAME_MAX]; /* its name in the folder: stable, unique; set by the store */
	bool has_key;
	uint8_t key[20]; /* SHA-1 of the public point (public_key_id) that it belongs to */
	char label[STORE_LABEL_MAX + 1]; /* UTF-8 */
	uint8_t id[STORE_ID_MAX];	 /* CKA_ID as the caller gave it; may be empty */
	size_t id_n;
	char application[STORE_LABEL_MAX + 1]; /* data */
	uint8_t object_id[STORE_ID_MAX];       /* data: DER OBJECT IDENTIFIER, may be empty */
	size_t object_id_n;
	bool generated;			    /* name: of a key that the card made at our request */
	uint8_t subject[STORE_SUBJECT_MAX]; /* name: CKA_SUBJECT as the caller gave it */
	size_t subject_n;
	uint8_t *value; /* owned; DER of a certificate, bytes of data; NULL for the others */
	size_t value_n;
};

struct store_list {
	struct store_entry item[STORE_ENTRIES_MAX];
	size_t count;
};

/* May entries be written for this SIM (without making anything)? */
bool store_writable(const char *dir, const char *iccid);
/* All entries of the SIM, in the order of their file names. A missing folder is an empty list;
 * so is an ICCID that is not 1 to 20 digits; damaged or foreign files are passed over with a log
 * line. ST_CRYPTO when libcrypto is gone, ST_NOMEM, ST_IO. Free with store_list_free. */
status store_read(const char *dir, const char *iccid, struct store_list *ret) MUST_USE;
void store_list_free(struct store_list *l);
/* Adds the entry, or replaces the one of entry->file when that is not empty; makes the folder.
 * The file's name goes to ret_file. An entry that is there already, byte by byte, stays the only
 * one. ST_ARG for what is no entry: a certificate that is not one whole DER SEQUENCE, a name
 * or a discarded key without key, fields of another kind, entry->file of another kind or not from
 * here. ST_STORE with a log line that names path and reason. ST_FULL beyond STORE_ENTRIES_MAX. */
status store_put(const char *dir, const char *iccid, const struct store_entry *entry,
		 char ret_file[STORE_NAME_MAX]) MUST_USE;
/* ST_NO_ENTRY when there is none; ST_STORE. */
status store_remove(const char *dir, const char *iccid, const char *file) MUST_USE;

/* The file format (store_text.c), for tests and fuzzing. store_parse: ST_MALFORMED; e.file stays
 * empty; free ret->value. */
status store_parse(struct bytes text, struct store_entry *ret) MUST_USE;
status store_print(const struct store_entry *e, struct wtr *w) MUST_USE;

#endif
