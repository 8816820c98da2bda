/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "discover_impl.h"
#include "mem.h"

enum { UDEV_TEXT_MAX = 8192 };

/* udev keeps of each device, in /run/udev/data/c<major>:<minor>, a line "E:KEY=value" for a
 * property and "S:path below /dev" for a link. */
static bool read_udev(dev_t dev, char text[UDEV_TEXT_MAX])
{
	char path[64];

	snprintf(path, sizeof(path), "/run/udev/data/c%u:%u", major(dev), minor(dev));
	return discover_read_text(path, text, UDEV_TEXT_MAX);
}

/* Is the whole line there? */
static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, line, n) == 0 && (p[n] == '\n' || p[n] == '\0'))
			return true;
	}
	return false;
}

/* A link that says which device it is, not where it is plugged in: the name by the device's own
 * serial number first, then one that a rule gave; by-path last. */
static int rank_of(const char *link)
{
	if (strncmp(link, "serial/by-id/", 13) == 0)
		return 3;
	return strncmp(link, "serial/by-path/", 15) == 0 ? 1 : 2;
}

/* Two devices may claim one name, and characters of a name may mean something in a URI. */
static bool is_usable(const char *path, dev_t dev)
{
	struct stat st;

	return !strpbrk(path, "?&#%") && stat(path, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == dev;
}

static void choose_path(const char *udev, const char *name, dev_t dev, char ret[PATH_LEN_MAX])
{
	int best = 0;

	snprintf(ret, PATH_LEN_MAX, "/dev/%s", name);
	for (const char *p = udev; p && *p; p = strchr(p, '\n')) {
		char link[PATH_LEN_MAX - 5], path[PATH_LEN_MAX];
		size_t n;

		p += *p == '\n';
		n = strcspn(p, "\n");
		if (strncmp(p, "S:", 2) != 0 || n - 2 >= sizeof(link))
			continue;
		memcpy(link, p + 2, n - 2);
		link[n - 2] = '\0';
		snprintf(path, sizeof(path), "/dev/%s", link);
		if (rank_of(link) <= best || !is_usable(path, dev))
			continue;
		best = rank_of(link);
		memcpy(ret, path, sizeof(path));
	}
}

static bool number_of(const char *name, dev_t *ret_dev)
{
	char path[128], text[32];
	unsigned maj, min;

	snprintf(path, sizeof(path), "/sys/class/tty/%s/dev", name);
	if (!discover_read_text(path, text, sizeof(text)) || sscanf(text, "%u:%u", &maj, &min) != 2)
		return false;
	*ret_dev = makedev(maj, min);
	return true;
}

static void skip(const struct discover_sink *sink, const char *name, const char *udev)
{
	char device[64];
	const char *why = "a modem's serial port without the tag ID_IOTSAFE_PORT; ports are not "
			  "probed";

	/* ModemManager's own rules mark what may be a modem's */
	if (!sink->skipped || !has_line(udev, "E:ID_MM_CANDIDATE=1"))
		return;
	if (strncmp(name, "ttyUSB", 6) != 0 && strncmp(name, "ttyACM", 6) != 0)
		return;
	snprintf(device, sizeof(device), "/dev/%s", name);
	if (!has_line(udev, "E:ID_MM_PORT_IGNORE=1") && !has_line(udev, "E:ID_MM_DEVICE_IGNORE=1"))
		why = "a modem's serial port, which is ModemManager's if that runs; without the "
		      "tag ID_IOTSAFE_PORT ports are not probed";
	sink->skipped(sink->ctx, device, why,
		      "tag an AT port that nothing else needs, see 70-iotsafe.rules, or name it in "
		      "a [slot]");
}

void discover_ports(const struct discover_sink *sink)
{
	struct discover_entries *all ON_EXIT(mem_free_ptr) = malloc(sizeof(*all));

	if (!all)
		return;
	discover_read_class("/sys/class/tty", all);
	for (size_t i = 0; i < all->count; i++) {
		char udev[UDEV_TEXT_MAX], path[PATH_LEN_MAX], uri[URI_MAX];
		dev_t dev;

		if (!number_of(all->name[i], &dev) || !read_udev(dev, udev))
			continue;
		if (!has_line(udev, "E:ID_IOTSAFE_PORT=1")) {
			skip(sink, all->name[i], udev);
			continue;
		}
		choose_path(udev, all->name[i], dev, path);
		if (sink->found && (size_t)snprintf(uri, sizeof(uri), "at:%s", path) < sizeof(uri))
			sink->found(sink->ctx, uri);
	}
}
