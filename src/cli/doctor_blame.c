/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor_blame.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

static bool is_direct(const struct settings_slot *slot)
{
	return uri_param_true(&slot->uri, "direct");
}

static bool is_there(const struct settings_slot *slot)
{
	return access(slot->uri.path, F_OK) == 0;
}

/* A device that we may open does not refuse us: its modem does. */
static bool may_open(const struct settings_slot *slot)
{
	return is_direct(slot) ? access(slot->uri.path, R_OK | W_OK) == 0 : geteuid() == 0;
}

static bool is_through_proxy(const struct settings_slot *slot)
{
	return !is_direct(slot);
}

/* The first row whose status and scheme fit, and whose condition holds, is taken. No remedy: who
 * may use the device. */
static const struct {
	status st;
	const char *scheme;				/* NULL: any */
	bool (*when)(const struct settings_slot *slot); /* NULL: always */
	enum step step;
	const char *cause, *remedy;
} rows[] = {
	{ST_ARG, NULL, NULL, STEP_DEVICE,
	 "no such link is known, or a parameter of its URI is wrong",
	 "pcsc:, at:PATH, qmi:PATH, mbim:PATH and unix:PATH with their parameters are in "
	 "iotsafe.conf(5)"},
	{ST_NO_DEVICE, "pcsc", NULL, STEP_DEVICE, "no card reader (or none of that name)",
	 "plug the reader in; \"opensc-tool -l\" lists what pcscd sees"},
	{ST_NO_DEVICE, "at", NULL, STEP_DEVICE, "there is no such device",
	 "check cable and path; stable names are in /dev/serial/by-id"},
	{ST_NO_DEVICE, "qmi", is_there, STEP_DEVICE,
	 "this is no QMI device, or another program has it",
	 "\"readlink /sys/class/usbmisc/cdc-wdm0/device/driver\" ends in qmi_wwan where it is one"},
	{ST_NO_DEVICE, "mbim", is_there, STEP_DEVICE,
	 "this is no MBIM device, or another program has it",
	 "\"readlink /sys/class/usbmisc/cdc-wdm0/device/driver\" ends in cdc_mbim where it is one"},
	{ST_NO_DEVICE, "qmi", NULL, STEP_DEVICE, "there is no such device",
	 "check cable and path: ls /dev/cdc-wdm* /dev/wwan*"},
	{ST_NO_DEVICE, "mbim", NULL, STEP_DEVICE, "there is no such device",
	 "check cable and path: ls /dev/cdc-wdm* /dev/wwan*"},
	{ST_NO_DEVICE, NULL, NULL, STEP_DEVICE, "there is no such device, or nobody answers there",
	 "check the path, and that its program runs"},
	{ST_NO_SERVICE, "pcsc", NULL, STEP_DEVICE, "pcscd is not running",
	 "systemctl enable --now pcscd.socket (package pcscd)"},
	{ST_NO_SERVICE, "qmi", NULL, STEP_DEVICE, "qmi-proxy is not running",
	 "start ModemManager, or /usr/libexec/qmi-proxy --no-exit (package libqmi-proxy); or set "
	 "direct=1"},
	{ST_NO_SERVICE, "mbim", NULL, STEP_DEVICE, "mbim-proxy is not running",
	 "start ModemManager, or /usr/libexec/mbim-proxy --no-exit (package libmbim-proxy); or set "
	 "direct=1"},
	{ST_NO_SERVICE, NULL, NULL, STEP_DEVICE, "nobody serves this path",
	 "start the program behind it"},
	{ST_DENIED_DEVICE, "qmi", may_open, STEP_CHANNEL,
	 "the modem denies logical channels over QMI",
	 "its firmware does so: try another port of the modem, at: or mbim:"},
	{ST_DENIED_DEVICE, "qmi", is_through_proxy, STEP_DEVICE, "the proxy serves root only",
	 "run as root, or by the agent: iotsafe-pkcs11(7)"},
	{ST_DENIED_DEVICE, "mbim", is_through_proxy, STEP_DEVICE, "the proxy serves root only",
	 "run as root, or by the agent: iotsafe-pkcs11(7)"},
	{ST_DENIED_DEVICE, NULL, NULL, STEP_DEVICE, "no permission", NULL},
	{ST_BUSY_DEVICE, "at", NULL, STEP_DEVICE, "another program owns the port (ModemManager?)",
	 "give us a port of our own: ENV{ID_MM_PORT_IGNORE}=\"1\" in 70-iotsafe.rules"},
	{ST_BUSY_DEVICE, NULL, NULL, STEP_DEVICE, "another program holds the card for itself",
	 "end it, or let it use the card in shared mode"},
	{ST_TIMEOUT, "at", NULL, STEP_DEVICE, "the port does not answer",
	 "is it the modem's AT port, and the baud rate right? Is the modem awake?"},
	{ST_TIMEOUT, "qmi", is_through_proxy, STEP_DEVICE,
	 "no answer in time through qmi-proxy: it has lost the modem, or the modem is silent",
	 "restart qmi-proxy (or ModemManager, which starts it), then the modem; if both are well, "
	 "raise timeout in the configuration"},
	{ST_TIMEOUT, "mbim", is_through_proxy, STEP_DEVICE,
	 "no answer in time through mbim-proxy: it has lost the modem, or the modem is silent",
	 "restart mbim-proxy (or ModemManager, which starts it), then the modem; if both are well, "
	 "raise timeout in the configuration"},
	{ST_TIMEOUT, "qmi", NULL, STEP_DEVICE, "the modem does not answer in time",
	 "is it the modem's QMI port? Restart the modem, or raise timeout in the configuration"},
	{ST_TIMEOUT, "mbim", NULL, STEP_DEVICE, "the modem does not answer in time",
	 "is it the modem's MBIM port? Restart the modem, or raise timeout in the configuration"},
	{ST_TIMEOUT, NULL, NULL, STEP_DEVICE, "no answer in time, or others hold the card",
	 "try again; raise timeout in the configuration"},
	{ST_IO, "mbim", is_through_proxy, STEP_DEVICE,
	 "mbim-proxy has lost the modem, or they disagree",
	 "restart mbim-proxy (or ModemManager, which starts it); IOTSAFE_LOG=trace shows the "
	 "exchanges"},
	{ST_IO, "qmi", is_direct, STEP_DEVICE, "what answers there does not speak QMI",
	 "is it the modem's QMI port? IOTSAFE_LOG=trace shows the exchanges"},
	{ST_IO, "mbim", is_direct, STEP_DEVICE, "what answers there does not speak MBIM",
	 "is it the modem's MBIM port? IOTSAFE_LOG=trace shows the exchanges"},
	{ST_NO_CARD, NULL, NULL, STEP_SIM, "no SIM",
	 "insert the SIM; check its orientation and contacts"},
	{ST_CARD_GONE, NULL, NULL, STEP_SIM, "the SIM was removed meanwhile", "insert it again"},
	{ST_CARD_CHANGED, NULL, NULL, STEP_SIM, "this is another SIM than expected",
	 "insert the right one, or correct expected-iccid"},
	{ST_SIM_PIN, NULL, NULL, STEP_SIM, "the SIM asks for its PIN",
	 "enter it with the modem's own tools, or disable it: it is not the applet's PIN"},
	{ST_NO_CHANNEL, "qmi", NULL, STEP_CHANNEL,
	 "all logical channels of the SIM, or all client ids of the modem, are taken",
	 "end other programs that use the SIM, or restart the modem"},
	{ST_NO_CHANNEL, NULL, NULL, STEP_CHANNEL, "all logical channels of the SIM are taken",
	 "end other programs that use the SIM, or restart the modem"},
	{ST_UNSUPPORTED_LINK, "qmi", NULL, STEP_CHANNEL,
	 "the modem's firmware has no logical channels over QMI",
	 "try another port of the modem: at: or mbim:"},
	{ST_UNSUPPORTED_LINK, "mbim", NULL, STEP_CHANNEL,
	 "the modem lacks Microsoft's low-level UICC access, or the SIM refuses it",
	 "try another port of the modem: at: or qmi:"},
	{ST_UNSUPPORTED_LINK, NULL, NULL, STEP_CHANNEL,
	 "the link offers no way to a logical channel",
	 "a modem needs AT+CCHO and AT+CGLA, or AT+CSIM"},
	{ST_CHANNEL_LOST, NULL, NULL, STEP_CHANNEL, "the logical channel is lost again and again",
	 "something resets the SIM: look at the modem's and pcscd's logs"},
	{ST_NO_APPLET, NULL, NULL, STEP_APPLET,
	 "the SIM has no IoT SAFE applet under the known AIDs",
	 "ask the SIM's issuer for the AID and set aid in the slot"},
	{ST_SW_SECURITY, NULL, NULL, STEP_OBJECTS, "the applet asks for a PIN",
	 "set pin-source in the slot"},
	{ST_CONFIG, NULL, NULL, STEP_OBJECTS, "the configuration does not fit this SIM",
	 "see iotsafe.conf(5)"},
};

void doctor_permission_remedy(const struct settings_slot *slot, char *dst, size_t cap)
{
	struct stat st;
	struct group *g = NULL;

	if (slot->uri.path[0] && stat(slot->uri.path, &st) == 0 && (st.st_mode & S_IWGRP))
		g = getgrgid(st.st_gid);
	if (g)
		snprintf(dst, cap, "add the user to the group \"%.60s\", and log in again",
			 g->gr_name);
	else
		snprintf(dst, cap, "run as the device's owner, or change its permissions (udev)");
}

void doctor_blame(const struct settings_slot *slot, status st, enum step reached,
		  struct blame *ret_blame)
{
	struct blame b = {.step = reached,
			  .cause = status_text(st),
			  .remedy = "IOTSAFE_LOG=trace shows the exchanges"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].st != st ||
		    (rows[i].scheme && strcmp(rows[i].scheme, slot->uri.scheme) != 0) ||
		    (rows[i].when && !rows[i].when(slot)))
			continue;
		/* a row may know that it went further, never that it did not get here */
		if (rows[i].step > reached)
			b.step = rows[i].step;
		b.cause = rows[i].cause;
		if (rows[i].remedy)
			snprintf(b.remedy, sizeof(b.remedy), "%s", rows[i].remedy);
		else
			doctor_permission_remedy(slot, b.remedy, sizeof(b.remedy));
		break;
	}
	*ret_blame = b;
}
