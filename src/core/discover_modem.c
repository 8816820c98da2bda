/* SPDX-License-Identifier: Apache-2.0 */
/* Control ports of modems: cdc-wdm devices of the USB drivers, and ports of the kernel's WWAN
 * subsystem (PCIe modems; since Linux 5.14 also a second name of the cdc-wdm ones). */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover_impl.h"
#include "mem.h"
#include "unix_socket.h"

#define USBMISC "/sys/class/usbmisc"
#define WWAN "/sys/class/wwan"

/* What speaks over the port, told by its USB driver or by the WWAN port's type. */
static const struct protocol {
	const char *driver, *type, *scheme, *proxy;
} protocols[] = {
	{"qmi_wwan", "QMI", "qmi", "@qmi-proxy"},
	{"cdc_mbim", "MBIM", "mbim", "@mbim-proxy"},
};

static void offer(const struct discover_sink *sink, const char *name, const struct protocol *p)
{
	char uri[URI_MAX], device[64], why[96], remedy[160];

	snprintf(device, sizeof(device), "/dev/%s", name);
	if (unix_socket_listens(p->proxy, false)) {
		snprintf(uri, sizeof(uri), "%s:%s", p->scheme, device);
		if (sink->found)
			sink->found(sink->ctx, uri);
		return;
	}
	if (!sink->skipped)
		return;
	snprintf(why, sizeof(why), "a modem's %s port, and no %s runs", p->type, p->proxy + 1);
	snprintf(remedy, sizeof(remedy),
		 "start ModemManager, or /usr/libexec/%s; or name the port in a [slot], uri = "
		 "%s:%s?direct=1",
		 p->proxy + 1, p->scheme, device);
	sink->skipped(sink->ctx, device, why, remedy);
}

/* The last part of what a link of /sys points to. */
static bool target_name(const char *link, char *dst, size_t cap)
{
	char text[PATH_MAX];
	ssize_t n = readlink(link, text, sizeof(text) - 1);
	const char *base;

	if (n <= 0)
		return false;
	text[n] = '\0';
	base = strrchr(text, '/');
	return (size_t)snprintf(dst, cap, "%s", base ? base + 1 : text) < cap;
}

static void offer_wdm(const struct discover_sink *sink, const char *name)
{
	char link[128], driver[64], why[128], device[64];

	if (strncmp(name, "cdc-wdm", 7) != 0)
		return;
	snprintf(link, sizeof(link), USBMISC "/%s/device/driver", name);
	if (!target_name(link, driver, sizeof(driver)))
		return;
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (strcmp(driver, protocols[i].driver) == 0) {
			offer(sink, name, &protocols[i]);
			return;
		}
	if (!sink->skipped)
		return;
	snprintf(device, sizeof(device), "/dev/%s", name);
	snprintf(why, sizeof(why), "its driver %s speaks neither QMI nor MBIM", driver);
	sink->skipped(sink->ctx, device, why, NULL);
}

/* A WWAN port below the USB interface of a cdc-wdm device is that device once more, and its proxy
 * may serve only one of the two names at a time. */
static bool is_a_wdm(const char *name, const struct discover_entries *wdm)
{
	char link[128], port[PATH_MAX], interface[PATH_MAX];

	snprintf(link, sizeof(link), WWAN "/%s", name);
	if (!realpath(link, port))
		return false;
	for (size_t i = 0; i < wdm->count; i++) {
		size_t n;

		snprintf(link, sizeof(link), USBMISC "/%s/device", wdm->name[i]);
		if (!realpath(link, interface))
			continue;
		n = strlen(interface);
		if (strncmp(port, interface, n) == 0 && port[n] == '/')
			return true;
	}
	return false;
}

static void offer_wwan(const struct discover_sink *sink, const char *name,
		       const struct discover_entries *wdm)
{
	char path[128], type[32];

	snprintf(path, sizeof(path), WWAN "/%s/type", name);
	if (!discover_read_text(path, type, sizeof(type)) || is_a_wdm(name, wdm))
		return;
	type[strcspn(type, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (strcmp(type, protocols[i].type) == 0)
			offer(sink, name, &protocols[i]);
}

void discover_modems(const struct discover_sink *sink)
{
	struct discover_entries *wdm ON_EXIT(mem_free_ptr) = malloc(sizeof(*wdm));
	struct discover_entries *wwan ON_EXIT(mem_free_ptr) = malloc(sizeof(*wwan));

	if (!wdm || !wwan)
		return;
	discover_read_class(USBMISC, wdm);
	discover_read_class(WWAN, wwan);
	for (size_t i = 0; i < wdm->count; i++)
		offer_wdm(sink, wdm->name[i]);
	for (size_t i = 0; i < wwan->count; i++)
		offer_wwan(sink, wwan->name[i], wdm);
}
