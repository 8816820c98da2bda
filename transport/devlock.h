/* SPDX-License-Identifier: Apache-2.0 */
/* Mutual exclusion between processes on one device, the shared channel's record, and a note.
 *
 * One lock file per device, flock(2)ed for one card operation, kept open in between. Its first line
 * says "idle" or "busy": whoever finds "busy" follows a holder that died inside an operation (the
 * kernel has released its lock) or left the link out of step. Behind it stands a note of
 * fixed width for the back end, and behind that the record (devrecord.h).
 *
 * The folder is lock_dir, made 1777 if absent; where it cannot be used, $XDG_RUNTIME_DIR/iotsafe;
 * where that cannot be used either, operations go on without exclusion and nothing is shared. Files
 * are opened without following links and must be regular with one name, since the folder may be
 * writable for all. A file is opened without O_CREAT first: fs.protected_regular refuses the flag
 * on somebody else's file in a sticky folder. */
#ifndef IOTSAFE_TRANSPORT_DEVLOCK_H
#define IOTSAFE_TRANSPORT_DEVLOCK_H

#include <stdbool.h>
#include "deadline.h"
#include "transport.h"

enum { DEVLOCK_NOTE_MAX = 24 };

struct devlock;

/* Allocates; touches no file. device is the stable name that all processes know it by. ST_NOMEM. */
status devlock_new(const char *dir, const char *device, struct devlock **ret_l) MUST_USE;
/* forked: close(2) only, since the lock belongs to the parent. NULL is fine. */
void devlock_free(struct devlock *l, bool forked);

/* Takes the device. Waiters take turns in the order of their coming, eight of them, and the rest by
 * luck behind these: who leaves and comes back queues behind who waits.
 * ST_TIMEOUT at dl (one try is always made). */
status devlock_enter(struct devlock *l, deadline dl, bool *ret_unclean) MUST_USE;
/* Gives it back. unclean: the next holder is to find "busy". */
void devlock_leave(struct devlock *l, bool unclean);
/* While entered: the record can be written and others will see it. */
bool devlock_can_share(const struct devlock *l);
/* The lock file in use, or "" before the first enter and where there is none. */
const char *devlock_path(const struct devlock *l);

/* While entered. Load: ST_NO_ENTRY. */
status devlock_load(const struct devlock *l, struct channel_record *ret_r) MUST_USE;
void devlock_store(struct devlock *l, const struct channel_record *r);
void devlock_clear(struct devlock *l);

/* While entered: a note to the next holder about what this one holds on the device and no record
 * names yet ("cid=5"): letters, digits and '='; "" is none. It stays through store and clear, and
 * is valid within this boot only. Load: "" too when it is damaged. Store does nothing where there
 * is no sharing. */
void devlock_note_load(const struct devlock *l, char ret_note[DEVLOCK_NOTE_MAX + 1]);
void devlock_note_store(struct devlock *l, const char *note);

#endif
