/* SPDX-License-Identifier: Apache-2.0 */
/* A UNIX stream socket to listen on. */
#ifndef IOTSAFE_SIM_LISTEN_H
#define IOTSAFE_SIM_LISTEN_H

#include "status.h"

/* Listens at `path`, non-blocking. A socket that a killed simulator left behind is replaced; one
 * that answers is somebody's: ST_BUSY_DEVICE. ST_ARG for a path that is too long, or that is
 * something else; ST_IO. Each with a line for people in err. */
status listen_at(const char *path, int *ret_fd, char err[256]) MUST_USE;

#endif
