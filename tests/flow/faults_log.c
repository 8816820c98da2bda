/* SPDX-License-Identifier: Apache-2.0 */
/* What the module tells the reader of its log while a case runs. */
#include "faults.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void name(const struct rig *r, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s/said", r->dir);
}

int fault_log_begins(const struct rig *r)
{
	char path[100];
	int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), fd;

	name(r, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	assert_true(kept >= 0 && fd >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	setenv("IOTSAFE_LOG", "error", 0);
	return kept;
}

bool fault_log_ends(const struct rig *r, int kept, const char *text)
{
	char path[100], line[1024];
	bool said = false;
	FILE *f;

	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	close(kept);
	name(r, path, sizeof(path));
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		said = said || strstr(line, text);
		fputs(line, stderr);
	}
	fclose(f);
	return said;
}
