/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor tells of devices beside their way to the SIM: groups, those that were skipped,
 * and who else has one open. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bytes.h"
#include "discover.h"
#include "doctor.h"
#include "mem.h"

void doctor_group(struct report *r, const struct settings *all, const struct settings_slot *group)
{
	char names[512];
	struct wtr w = wtr_on(names, sizeof(names) - 1);

	for (size_t i = 0; i < group->member_count; i++)
		wtr_printf(&w, "%s%s", i ? ", " : "", all->slot[group->member[i]].name);
	names[w.n] = '\0';
	report_slot(r, group->name, group->uri_text);
	report_add(r, "members", VERDICT_OK, NULL, "the first healthy one of %s", names);
}

static void tell(void *ctx, const char *device, const char *why, const char *remedy)
{
	struct report *r = ctx;

	report_add(r, "not used", VERDICT_NOTE, remedy, "%s: %s", device, why);
}

void doctor_skipped(struct report *r)
{
	r->slot = NULL;
	discover_explain(tell, r);
}

/* --- who has it open --- */

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Is one of the process's descriptors that device? Of processes of others only root may look. */
static bool has_open(const char *pid, dev_t device)
{
	char path[300];
	struct dirent *e;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	DIR *d ON_EXIT(close_dir) = opendir(path);
	while (d && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", pid, e->d_name);
		if (stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == device)
			return true;
	}
	return false;
}

static void read_name(const char *pid, char *dst, size_t cap)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	FILE *f = fopen(path, "re");
	dst[0] = '\0';
	if (f && fgets(dst, (int)cap, f))
		dst[strcspn(dst, "\n")] = '\0';
	if (f)
		fclose(f);
}

/* Programs that talk to a modem by themselves. Others may have the port open through our module,
 * and take turns with us. */
static bool is_rival(const char *name)
{
	static const char *const names[] = {"ModemManager", "qmi-proxy",  "mbim-proxy", "minicom",
					    "picocom",	    "pppd",	  "chat",	"wvdial",
					    "gammu",	    "gammu-smsd", "smsd"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Another program that has it open: its name and number. */
static bool find_owner(dev_t device, char name[32], long *ret_pid)
{
	DIR *d ON_EXIT(close_dir) = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		long pid = strtol(e->d_name, NULL, 10);

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		read_name(e->d_name, name, 32);
		if (!is_rival(name) || !has_open(e->d_name, device))
			continue;
		*ret_pid = pid;
		return true;
	}
	return false;
}

static const char *remedy_for(const char *owner, const char *scheme)
{
	bool is_mm = strcmp(owner, "ModemManager") == 0;

	if (is_mm && strcmp(scheme, "at") == 0)
		return "udev: ENV{ID_MM_PORT_IGNORE}=\"1\" for this port (70-iotsafe.rules); for "
		       "once: mmcli --inhibit-device=UID; or use the modem by qmi: or mbim:, which "
		       "share it through the proxies";
	if (is_mm || strstr(owner, "-proxy"))
		return "leave out direct=1: the proxy shares the modem";
	return "end it, or give it another port of the modem";
}

void doctor_owner(struct report *r, const struct settings_slot *slot)
{
	static const char *const schemes[] = {"at", "qmi", "mbim"};
	const char *direct = uri_param(&slot->uri, "direct");
	char name[32];
	struct stat st;
	long pid;
	bool is_port = false;

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		is_port = is_port || strcmp(slot->uri.scheme, schemes[i]) == 0;
	/* a modem that is shared through its proxy is the proxy's, as it should be */
	if (!is_port || (strcmp(slot->uri.scheme, "at") != 0 && !direct))
		return;
	if (stat(slot->uri.path, &st) != 0 || !S_ISCHR(st.st_mode) ||
	    !find_owner(st.st_rdev, name, &pid))
		return;
	report_add(r, "port", VERDICT_NOTE, remedy_for(name, slot->uri.scheme),
		   "%s (process %ld) has the port open: answers may get lost", name, pid);
}
