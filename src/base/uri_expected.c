/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration's URIs may say: schemes, their paths, their parameters. A parameter that a
 * link does not know would be a wish that nobody hears. */
#include "uri.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

static bool is_absolute(const char *path)
{
	return path[0] == '/' && path[1] != '\0';
}

static bool is_text(const char *text)
{
	return text[0] != '\0';
}

static bool is_nothing(const char *text)
{
	return text[0] == '\0';
}

static bool is_flag(const char *value)
{
	static const char *const words[] = {"1", "yes", "true", "0", "no", "false"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(value, words[i]) == 0)
			return true;
	return false;
}

static bool is_mode(const char *value)
{
	return strcmp(value, "auto") == 0 || strcmp(value, "cgla") == 0 ||
	       strcmp(value, "csim") == 0;
}

/* Those that serial ports have from 9600 on; transport/at_port.c has them as constants. */
static bool is_speed(const char *value)
{
	static const char *const words[] = {"9600",    "19200",	  "38400",  "57600",   "115200",
					    "230400",  "460800",  "921600", "1000000", "1500000",
					    "2000000", "3000000", "4000000"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(value, words[i]) == 0)
			return true;
	return false;
}

static bool is_sim_slot(const char *value)
{
	return value[0] >= '1' && value[0] <= '5' && value[1] == '\0';
}

/* As long as a socket's address may be. */
static bool is_proxy(const char *value)
{
	return (value[0] == '@' || value[0] == '/') && value[1] != '\0' && strlen(value) < 108;
}

static const struct {
	const char *scheme;
	bool (*fits)(const char *path);
	const char *expected;
} paths[] = {
	{"pcsc", is_nothing, "pcsc: for every reader, or pcsc:?reader=PART-OF-ITS-NAME"},
	{"at", is_absolute, "at: and an absolute path, such as at:/dev/ttyUSB2"},
	{"mbim", is_absolute, "mbim: and an absolute path, such as mbim:/dev/cdc-wdm0"},
	{"qmi", is_absolute, "qmi: and an absolute path, such as qmi:/dev/cdc-wdm0"},
	{"unix", is_text, "unix: and a socket's path"},
};

static const struct {
	const char *scheme, *key;
	bool (*fits)(const char *value);
	const char *expected;
} params[] = {
	{"pcsc", "reader", is_text, "reader=PART-OF-ITS-NAME"},
	{"at", "baud", is_speed, "baud=9600, 19200, 38400, 57600, 115200, … 921600, … 4000000"},
	{"at", "mode", is_mode, "mode=auto, mode=cgla or mode=csim"},
	{"at", "rtscts", is_flag, "rtscts=1 or rtscts=0"},
	{"mbim", "proxy", is_proxy, "proxy=@NAME or proxy=/PATH of the proxy's socket"},
	{"mbim", "direct", is_flag, "direct=1 or direct=0"},
	{"qmi", "proxy", is_proxy, "proxy=@NAME or proxy=/PATH of the proxy's socket"},
	{"qmi", "direct", is_flag, "direct=1 or direct=0"},
	{"qmi", "slot", is_sim_slot, "slot=1 to slot=5"},
	{"qmi", "share", is_flag, "share=1 or share=0"},
};

static const char *expected_param(const struct uri *u, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(params); i++)
		if (strcmp(params[i].scheme, u->scheme) == 0 && strcmp(params[i].key, key) == 0)
			return params[i].fits(value) ? NULL : params[i].expected;
	if (strcmp(u->scheme, "at") == 0)
		return "no parameters but baud, mode and rtscts";
	if (strcmp(u->scheme, "mbim") == 0)
		return "no parameters but proxy and direct";
	if (strcmp(u->scheme, "qmi") == 0)
		return "no parameters but proxy, direct, slot and share";
	if (strcmp(u->scheme, "pcsc") == 0)
		return "no parameter but reader";
	return "no parameters";
}

const char *uri_expected(const char *text)
{
	const char *expected = "pcsc:, at:PATH, qmi:PATH, mbim:PATH or unix:PATH";
	struct uri u;

	if (uri_parse(text, &u) != ST_OK)
		return expected;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (strcmp(paths[i].scheme, u.scheme) == 0)
			expected = paths[i].fits(u.path) ? NULL : paths[i].expected;
	for (unsigned i = 0; i < u.param_count && !expected; i++)
		expected = expected_param(&u, u.param[i].key, u.param[i].value);
	if (!expected && uri_param(&u, "proxy") && uri_param_true(&u, "direct"))
		return "proxy= or direct=1, not both";
	return expected;
}
