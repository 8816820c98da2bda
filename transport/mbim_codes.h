/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes of MBIM (1.0 §9.4.5; Microsoft's for UICC access) and what they mean to us. */
#ifndef IOTSAFE_TRANSPORT_MBIM_CODES_H
#define IOTSAFE_TRANSPORT_MBIM_CODES_H

#include <stdbool.h>
#include <stdint.h>
#include "status.h"

enum mbim_code {
	MBIM_CODE_OK = 0,
	MBIM_CODE_BUSY = 1,
	MBIM_CODE_FAILURE = 2,
	MBIM_CODE_NO_SIM = 3,
	MBIM_CODE_BAD_SIM = 4,
	MBIM_CODE_PIN = 5,
	MBIM_CODE_NO_SUPPORT = 9,
	MBIM_CODE_NOT_INITIALIZED = 14,
	MBIM_CODE_BAD_PARAMETERS = 21,
	MBIM_CODE_NOT_ALLOWED = 28,
	MBIM_CODE_BAD_OPERATION = 34,
	MBIM_CODE_NO_CHANNELS = (int)0x87430001,
	MBIM_CODE_SELECT_FAILED = (int)0x87430002,
	MBIM_CODE_BAD_CHANNEL = (int)0x87430003,
};

/* What was refused. */
enum mbim_context { MBIM_IN_QUERY, MBIM_IN_OPEN, MBIM_IN_CLOSE, MBIM_IN_APDU, MBIM_CONTEXTS };

/* Never ST_OK. ST_CARD_BUSY: to be asked again. */
status mbim_codes_status(enum mbim_code code, enum mbim_context in);
/* What the SELECT's status word says where opening failed for it. */
status mbim_codes_select(uint16_t sw);

#endif
