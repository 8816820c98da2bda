/* SPDX-License-Identifier: Apache-2.0 */
#include "mbim_codes.h"

#include <stddef.h>

#include "mem.h"

/* "Failure" to an APDU is how some firmware says that the channel is no more; opening a new one
 * helps then and harms nobody, since our group is closed first. */
/* clang-format off */
static const struct {
	enum mbim_code code;
	status by_context[MBIM_CONTEXTS]; /* query, open, close, APDU */
} meanings[] = {
	{MBIM_CODE_BUSY,            {ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY}},
	{MBIM_CODE_NO_SIM,          {ST_NO_CARD,          ST_NO_CARD,          ST_NO_CARD,          ST_CARD_GONE}},
	{MBIM_CODE_BAD_SIM,         {ST_NO_CARD,          ST_NO_CARD,          ST_NO_CARD,          ST_CARD_GONE}},
	{MBIM_CODE_PIN,             {ST_SIM_PIN,          ST_SIM_PIN,          ST_SIM_PIN,          ST_SIM_PIN}},
	{MBIM_CODE_NO_SUPPORT,      {ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK}},
	{MBIM_CODE_NOT_INITIALIZED, {ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY}},
	{MBIM_CODE_BAD_PARAMETERS,  {ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST,     ST_CHANNEL_LOST}},
	{MBIM_CODE_NOT_ALLOWED,     {ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_CHANNEL_LOST,     ST_CHANNEL_LOST}},
	{MBIM_CODE_BAD_OPERATION,   {ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK}},
	{MBIM_CODE_NO_CHANNELS,     {ST_IO,               ST_NO_CHANNEL,       ST_CHANNEL_LOST,     ST_CHANNEL_LOST}},
	{MBIM_CODE_SELECT_FAILED,   {ST_IO,               ST_NO_APPLET,        ST_CHANNEL_LOST,     ST_CHANNEL_LOST}},
	{MBIM_CODE_BAD_CHANNEL,     {ST_IO,               ST_NO_CHANNEL,       ST_CHANNEL_LOST,     ST_CHANNEL_LOST}},
	{MBIM_CODE_FAILURE,         {ST_IO,               ST_IO,               ST_CHANNEL_LOST,     ST_CHANNEL_LOST}}, /* and others */
};
/* clang-format on */

status mbim_codes_status(enum mbim_code code, enum mbim_context in)
{
	size_t row = 0;

	while (row < ARRAY_LEN(meanings) - 1 && meanings[row].code != code)
		row++;
	return meanings[row].by_context[in];
}

status mbim_codes_select(uint16_t sw)
{
	/* the card's ways of saying that MANAGE CHANNEL had no channel left */
	static const uint16_t full[] = {0x6881, 0x6A81, 0x6A84};

	for (size_t i = 0; i < ARRAY_LEN(full); i++)
		if (full[i] == sw)
			return ST_NO_CHANNEL;
	return ST_NO_APPLET;
}
