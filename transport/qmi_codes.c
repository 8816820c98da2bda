/* SPDX-License-Identifier: Apache-2.0 */
#include "qmi_codes.h"

#include <stddef.h>

#include "mem.h"

/* clang-format off */
static const struct {
	uint16_t error;
	const char *name;
	status by_context[QMI_CONTEXTS]; /* CTL, open, APDU, others of UIM */
} meanings[] = {
	{QMI_MALFORMED,              "MalformedMessage",      {ST_IO,               ST_IO,               ST_IO,               ST_IO}},
	{QMI_INTERNAL,               "Internal",              {ST_IO,               ST_NO_APPLET,        ST_CHANNEL_LOST,     ST_IO}},
	{QMI_CLIENT_IDS_EXHAUSTED,   "ClientIdsExhausted",    {ST_NO_CHANNEL,       ST_NO_CHANNEL,       ST_IO,               ST_NO_CHANNEL}},
	{QMI_INVALID_CLIENT_ID,      "InvalidClientId",       {ST_IO,               ST_CHANNEL_LOST,     ST_CHANNEL_LOST,     ST_CHANNEL_LOST}},
	{QMI_INVALID_HANDLE,         "InvalidHandle",         {ST_IO,               ST_IO,               ST_CHANNEL_LOST,     ST_CHANNEL_LOST}},
	{QMI_UIM_UNINITIALIZED,      "UimUninitialized",      {ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY}},
	{QMI_INVALID_ARGUMENT,       "InvalidArgument",       {ST_IO,               ST_IO,               ST_CHANNEL_LOST,     ST_IO}},
	{QMI_DEVICE_NOT_READY,       "DeviceNotReady",        {ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY,        ST_CARD_BUSY}},
	{QMI_INSUFFICIENT_RESOURCES, "InsufficientResources", {ST_NO_CHANNEL,       ST_NO_CHANNEL,       ST_IO,               ST_IO}},
	{QMI_INVALID_COMMAND,        "InvalidQmiCommand",     {ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK}},
	{QMI_ACCESS_DENIED,          "AccessDenied",          {ST_DENIED_DEVICE,    ST_DENIED_DEVICE,    ST_DENIED_DEVICE,    ST_DENIED_DEVICE}},
	{QMI_NOT_SUPPORTED,          "NotSupported",          {ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK, ST_UNSUPPORTED_LINK}},
	{QMI_NO_SIM,                 "NoSim",                 {ST_NO_CARD,          ST_NO_CARD,          ST_CARD_GONE,        ST_NO_CARD}},
	{0,                          "error",                 {ST_IO,               ST_IO,               ST_IO,               ST_IO}},
};
/* clang-format on */

static size_t row_of(uint16_t error)
{
	const size_t last = ARRAY_LEN(meanings) - 1;
	size_t row = 0;

	while (row < last && meanings[row].error != error)
		row++;
	return row;
}

status qmi_codes_status(uint16_t error, enum qmi_context in)
{
	return meanings[row_of(error)].by_context[in];
}

const char *qmi_codes_name(uint16_t error)
{
	return error ? meanings[row_of(error)].name : "success";
}
