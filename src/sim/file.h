/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files in a directory, read at once and replaced atomically. */
#ifndef IOTSAFE_SIM_FILE_H
#define IOTSAFE_SIM_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"

enum { FILE_READ_MAX = 1 << 20 };

/* Reads name in the directory dirfd into fresh memory that the caller frees. ST_NO_ENTRY if it does
 * not exist, ST_FULL beyond FILE_READ_MAX. */
status file_read(int dirfd, const char *name, uint8_t **ret_p, size_t *ret_n) MUST_USE;
/* Writes a new file beside name and renames it over name: whenever the process is killed, the old
 * content is there or the new one. */
status file_replace(int dirfd, const char *name, struct bytes content, mode_t mode) MUST_USE;
void file_close(int *fd); /* for ON_EXIT; ignores -1 */

#endif
