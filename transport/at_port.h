/* SPDX-License-Identifier: Apache-2.0 */
/* A serial port of a modem: opened raw, read and written with deadlines, shared politely. */
#ifndef IOTSAFE_TRANSPORT_AT_PORT_H
#define IOTSAFE_TRANSPORT_AT_PORT_H

#include <stdbool.h>
#include "bytes.h"
#include "deadline.h"

/* Is baud a speed that termios knows? */
bool at_port_speed_known(long baud);

/* Opens the device behind path (links are followed now, so that a renumbered port is found), raw,
 * no echo, modem lines ignored, no hang-up on close, what was in its buffers dropped. A descriptor
 * that is no tty (/dev/wwan0at0) is fine. ST_NO_DEVICE, ST_DENIED_DEVICE, ST_BUSY_DEVICE (another
 * program holds it exclusively or by a UUCP lock file in uucp_dir), ST_IO. */
status at_port_open(const char *path, long baud, bool rtscts, const char *uucp_dir,
		    int *ret_fd) MUST_USE;

/* Has nobody changed the device's owner, group or mode for two seconds? udev gives a port that was
 * plugged in to its group before that. */
bool at_port_is_settled(const char *path);

/* A number for the very device that is open: one that is plugged in again has another, mostly, and
 * all processes see the same. Never 0. */
uint64_t at_port_identity(int fd);

/* flock(2) on the port itself, for those who know it by another name. ST_BUSY_DEVICE at dl. */
status at_port_lock(int fd, deadline dl) MUST_USE;
void at_port_unlock(int fd);

/* Waiting and writing are a stream's (stream.h). Appends what is there, maybe nothing. ST_NO_DEVICE
 * when the port is gone. */
status at_port_read(int fd, struct wtr *w) MUST_USE;
/* What was written and has not left yet never will; nor does closing the port wait for it. */
void at_port_discard(int fd);

#endif
