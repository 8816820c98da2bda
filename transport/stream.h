/* SPDX-License-Identifier: Apache-2.0 */
/* Byte streams to a daemon's socket or to a modem's control device, each wait with a deadline. The
 * caller owns the descriptor (O_CLOEXEC, non-blocking). */
#ifndef IOTSAFE_TRANSPORT_STREAM_H
#define IOTSAFE_TRANSPORT_STREAM_H

#include "bytes.h"
#include "deadline.h"
#include "status.h"

/* A descriptor of ours never stands where the host's standard ones belong: a host that has closed
 * those would write to the modem, or into a lock file, what it means for its log. Moves such a one
 * up (O_CLOEXEC), or closes it: -1. A negative one stays as it is, errno too. */
int stream_above_stdio(int fd);

/* Connects to a UNIX stream socket: "/path", or "@name" in the abstract namespace. ST_ARG (too
 * long), ST_NO_DEVICE (nobody listens), ST_DENIED_DEVICE, ST_TIMEOUT (its queue stays full), ST_IO.
 */
status stream_connect(const char *address, deadline dl, int *ret_fd) MUST_USE;
/* Opens a character device for reading and writing; a tty is made raw. ST_NO_DEVICE,
 * ST_DENIED_DEVICE, ST_BUSY_DEVICE (EBUSY: somebody has it for himself), ST_IO. */
status stream_open(const char *path, int *ret_fd) MUST_USE;
/* Until a read or write that had to wait may go on (poll's events). ST_TIMEOUT; ST_NO_DEVICE: the
 * device is in error; ST_IO. */
status stream_wait(int fd, short events, deadline dl) MUST_USE;
/* All of b. ST_NO_DEVICE when the far side is gone, ST_TIMEOUT, ST_IO. Never raises SIGPIPE. */
status stream_send(int fd, struct bytes b, deadline dl) MUST_USE;
/* Exactly `want` bytes more into w. ST_MALFORMED when w has no room for them. */
status stream_recv(int fd, size_t want, struct wtr *w, deadline dl) MUST_USE;
/* What is there, at most the room in w, at least one byte. ST_NO_DEVICE at the end. */
status stream_recv_some(int fd, struct wtr *w, deadline dl) MUST_USE;

#endif
