/* SPDX-License-Identifier: Apache-2.0 */
#include "soak.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

bool soak_is_long(void)
{
	const char *v = getenv("IOTSAFE_TEST_LONG");

	return v && strcmp(v, "1") == 0;
}

unsigned soak_descriptors(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/fd");

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

unsigned long soak_resident_kb(void)
{
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	int n = f ? fscanf(f, "%lu %lu", &size, &resident) : 0;

	if (f)
		fclose(f);
	assert_int_equal(n, 2);
	return resident * ((unsigned long)sysconf(_SC_PAGESIZE) / 1024);
}

#ifndef __has_feature /* gcc 12 */
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

bool soak_resident_tells(void)
{
	return !SANITIZED;
}

static unsigned told(const struct rig *r, const char *command, const char *word)
{
	char text[256];
	const char *at;

	rig_control(r, command, text, sizeof(text));
	at = strstr(text, word);
	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(word), NULL, 10);
}

unsigned soak_channels(const struct rig *r)
{
	return told(r, "channels", "open=");
}

unsigned soak_clients(const struct rig *r)
{
	return rig_over_qmi(r->opt.link) ? told(r, "clients", "uim=") : 0;
}

static bool is_free(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct flock gate = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	bool is =
		fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fcntl(fd, F_OFD_SETLK, &gate) == 0;

	if (fd >= 0)
		close(fd);
	return is;
}

bool soak_lock_is_stuck(const struct rig *r)
{
	char path[400];
	bool stuck = false;
	DIR *d;

	snprintf(path, sizeof(path), "%s/lock", r->dir);
	d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		snprintf(path, sizeof(path), "%s/lock/%s", r->dir, e->d_name);
		stuck = stuck || (e->d_name[0] != '.' && !is_free(path));
	}
	if (d)
		closedir(d);
	return stuck;
}
