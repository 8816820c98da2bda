/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IOTSAFE_BASE_UNIX_SOCKET_H
#define IOTSAFE_BASE_UNIX_SOCKET_H

#include <stdbool.h>

/* Does somebody accept connections on the abstract socket ("@name") of this network namespace?
 * Asked of /proc/net/unix, so that nobody hears a connection that nobody wants. if_unknown: the
 * answer where that cannot be read. */
bool unix_socket_listens(const char *name, bool if_unknown);

#endif
