/* SPDX-License-Identifier: Apache-2.0 */
#include "unix_socket.h"

#include <stdio.h>
#include <string.h>

/* proc(5): Num RefCount Protocol Flags Type St Inode Path; this flag is a listener's. */
enum { ACCEPTS = 0x10000, LINE_SIZE = 400 };

bool unix_socket_listens(const char *name, bool if_unknown)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char line[LINE_SIZE];
	bool found = false;

	if (!f)
		return if_unknown;
	while (!found && fgets(line, sizeof(line), f)) {
		unsigned flags = 0;
		char path[128] = "";

		if (sscanf(line, "%*s %*x %*x %x %*x %*x %*u %127s", &flags, path) == 2)
			found = (flags & ACCEPTS) && path[0] == '@' && strcmp(path, name) == 0;
	}
	fclose(f);
	return found;
}
