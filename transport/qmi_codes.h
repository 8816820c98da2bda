/* SPDX-License-Identifier: Apache-2.0 */
/* What the errors of a modem mean to us, by what was asked (transports reference §3.1, §8). */
#ifndef IOTSAFE_TRANSPORT_QMI_CODES_H
#define IOTSAFE_TRANSPORT_QMI_CODES_H

#include <stdint.h>

#include "status.h"

enum qmi_code {
	QMI_MALFORMED = 1,
	QMI_INTERNAL = 3,
	QMI_CLIENT_IDS_EXHAUSTED = 5,
	QMI_INVALID_CLIENT_ID = 7,
	QMI_INVALID_HANDLE = 9,
	QMI_UIM_UNINITIALIZED = 37,
	QMI_INVALID_ARGUMENT = 48,
	QMI_DEVICE_NOT_READY = 52,
	QMI_INSUFFICIENT_RESOURCES = 68,
	QMI_INVALID_COMMAND = 71,
	QMI_ACCESS_DENIED = 82,
	QMI_NOT_SUPPORTED = 94,
	QMI_NO_SIM = 102,
};

enum qmi_context { QMI_IN_CTL, QMI_IN_OPEN, QMI_IN_APDU, QMI_IN_ASK, QMI_CONTEXTS };

/* Never ST_OK. ST_CARD_BUSY: not ready yet. ST_UNSUPPORTED_LINK: no such message. */
status qmi_codes_status(uint16_t error, enum qmi_context in);
/* "AccessDenied", "error" for those that are not in the list above, "success" for 0. Static
 * storage.
 */
const char *qmi_codes_name(uint16_t error);

#endif
