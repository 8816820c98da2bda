/* SPDX-License-Identifier: Apache-2.0 */
#include "at_codes.h"

#include <ctype.h>
#include <stddef.h>

#include "mem.h"

/* Text forms, reduced to lower-case letters and digits. */
static const struct {
	const char *text;
	int code;
} texts[] = {
	{"phonefailure", 0},
	{"operationnotallowed", AT_CODE_NOT_ALLOWED},
	{"operationnotsupported", AT_CODE_NOT_SUPPORTED},
	{"simnotinserted", AT_CODE_NO_SIM},
	{"simpinrequired", AT_CODE_PIN},
	{"simpukrequired", AT_CODE_PUK},
	{"simfailure", AT_CODE_SIM_FAILURE},
	{"simbusy", AT_CODE_SIM_BUSY},
	{"simwrong", 15},
	{"memoryfull", 20},
	{"invalidindex", 21},
	{"notfound", 22},
	{"incorrectparameters", 50},
	{"invalidparameters", 50},
	{"parameterserror", 50}, /* Sierra EM9191 */
	{"unknown", AT_CODE_UNKNOWN},
	{"unknownerror", AT_CODE_UNKNOWN},
};

/* +CMS ERROR says the same things with numbers of its own (TS 27.005 §3.2.5). */
static const struct {
	int cms;
	int cme;
} cms_codes[] = {
	{302, AT_CODE_NOT_ALLOWED},
	{303, AT_CODE_NOT_SUPPORTED},
	{305, 50},
	{310, AT_CODE_NO_SIM},
	{311, AT_CODE_PIN},
	{313, AT_CODE_SIM_FAILURE},
	{314, AT_CODE_SIM_BUSY},
	{315, 15},
	{316, AT_CODE_PUK},
	{500, AT_CODE_UNKNOWN},
};

/* clang-format off */
static const struct {
	int code;
	status by_context[AT_CONTEXTS]; /* setup, open (CCHO), CGLA, CSIM */
} meanings[] = {
	{AT_CODE_PLAIN,         {ST_IO,               ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST,     ST_IO}},
	{AT_CODE_NOT_ALLOWED,   {ST_IO,               ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST,     ST_UNSUPPORTED_LINK}},
	{AT_CODE_NOT_SUPPORTED, {ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK}},
	{AT_CODE_NO_SIM,        {ST_NO_CARD,          ST_NO_CARD,          ST_CARD_GONE,        ST_CARD_GONE}},
	{AT_CODE_PIN,           {ST_SIM_PIN,          ST_SIM_PIN,          ST_SIM_PIN,          ST_SIM_PIN}},
	{AT_CODE_PUK,           {ST_SIM_PIN,          ST_SIM_PIN,          ST_SIM_PIN,          ST_SIM_PIN}},
	{AT_CODE_SIM_FAILURE,   {ST_NO_CARD,          ST_NO_APPLET,        ST_IO,               ST_IO}},
	{AT_CODE_SIM_BUSY,      {ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY}},
	{20,                    {ST_IO,               ST_NO_CHANNEL,       ST_CHANNEL_LOST,     ST_IO}},
	{22,                    {ST_IO,               ST_NO_APPLET,        ST_CHANNEL_LOST,     ST_IO}},
	{AT_CODE_UNKNOWN,       {ST_IO,               ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST,     ST_IO}},
};
/* clang-format on */

static int parse_number(struct bytes text)
{
	int v = 0;
	for (size_t i = 0; i < text.n && isdigit(text.p[i]) && v < 10000; i++)
		v = v * 10 + (text.p[i] - '0');
	for (size_t i = 0; i < ARRAY_LEN(cms_codes); i++)
		if (cms_codes[i].cms == v)
			return cms_codes[i].cme;
	return v;
}

static bool reduces_to(struct bytes text, const char *reduced)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!isalnum(text.p[i]))
			continue;
		if (tolower(text.p[i]) != *reduced)
			return false;
		reduced++;
	}
	return *reduced == '\0';
}

int at_codes_parse(struct bytes text)
{
	while (text.n > 0 && text.p[0] == ' ')
		text = bytes_of(text.p + 1, text.n - 1);
	if (text.n > 0 && isdigit(text.p[0]))
		return parse_number(text);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (reduces_to(text, texts[i].text))
			return texts[i].code;
	return AT_CODE_UNKNOWN;
}

status at_codes_status(int code, enum at_context in)
{
	const size_t last = ARRAY_LEN(meanings) - 1;
	size_t row = 0;
	while (row < last && meanings[row].code != code)
		row++;
	return meanings[row].by_context[in];
}
