/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: either settings whose every field keeps its promise, or a complaint that
 * names the file and leaves the output as it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "settings.h"

static struct settings s, before;

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_slot(const struct settings_slot *slot)
{
	require(slot->name[0] && strlen(slot->name) < NAME_MAX_LEN);
	require(slot->uri.scheme[0] && slot->id >= -1 && slot->id <= 9999);
	require(strlen(slot->label) <= 32 && !strchr(slot->label, ':'));
	require(slot->aid_count <= AIDS_MAX);
	for (size_t i = 0; i < slot->aid_count; i++)
		require(slot->aid[i].n >= 5 && slot->aid[i].n <= AID_MAX);
	require(slot->chunk == 0 || (slot->chunk >= 16 && slot->chunk <= 256));
	require(slot->cla_base == -1 || slot->cla_base == 0 || slot->cla_base == 0x80);
	require(strspn(slot->expected_iccid, "0123456789") == strlen(slot->expected_iccid));
}

static void check_group(const struct settings_group *g)
{
	require(g->name[0] != '\0' && g->retry_ms >= 1000 && g->retry_ms <= 3600000);
	require(g->member_count >= 1 && g->member_count <= GROUP_MEMBERS_MAX);
	for (size_t i = 0; i < g->member_count; i++)
		require(g->member[i] < s.slot_count && settings_is_member(&s, g->member[i]));
}

static void check(void)
{
	require(s.from_file && s.slot_count <= SLOTS_MAX);
	require(s.container_count <= CONTAINER_SETTINGS_MAX);
	require(s.timeout_ms >= 1000 && s.timeout_ms <= 600000 && s.lock_dir[0] == '/');
	for (size_t i = 0; i < s.slot_count; i++)
		check_slot(&s.slot[i]);
	for (size_t i = 0; i < s.container_count; i++) {
		require(s.container[i].id_len >= 1 && s.container[i].id_len <= CONTAINER_ID_MAX);
		require(s.container[i].kind <= SETTINGS_SECRET_KEY);
		require(strlen(s.container[i].label) <= CONTAINER_LABEL_MAX);
	}
	require(s.group_count <= GROUPS_MAX);
	for (size_t i = 0; i < s.group_count; i++)
		check_group(&s.group[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	char path[40], err[SETTINGS_ERROR_MAX];
	status st;

	if (fd < 0) {
		fd = memfd_create("settings", MFD_CLOEXEC);
		require(fd >= 0 && fchmod(fd, 0600) == 0);
	}
	require(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	memset(&s, 0x5A, sizeof(s));
	memcpy(&before, &s, sizeof(s));
	st = settings_load(path, &s, err);
	if (st == ST_OK) {
		require(err[0] == '\0');
		check();
		return 0;
	}
	require(st == ST_CONFIG && strncmp(err, path, strlen(path)) == 0);
	require(strlen(err) < SETTINGS_ERROR_MAX && memcmp(&s, &before, sizeof(s)) == 0);
	return 0;
}
