/* SPDX-License-Identifier: Apache-2.0 */
#include "iccid.h"

#include <string.h>

enum { EF_ICCID_LEN = 10, ICCID_DIGITS_MIN = 10 };

status iccid_from_ef(struct bytes ef, char ret_iccid[ICCID_DIGITS_MAX + 1])
{
	char digits[ICCID_DIGITS_MAX + 1] = "";
	size_t n = 0;

	if (ef.n > EF_ICCID_LEN)
		return ST_MALFORMED;
	for (size_t i = 0; i < 2 * ef.n; i++) {
		uint8_t d = i % 2 == 0 ? ef.p[i / 2] & 0x0F : ef.p[i / 2] >> 4;

		if (d == 0x0F)
			break;
		if (d > 9)
			return ST_MALFORMED;
		digits[n++] = (char)('0' + d);
	}
	if (n < ICCID_DIGITS_MIN)
		return ST_MALFORMED;
	memcpy(ret_iccid, digits, sizeof(digits));
	return ST_OK;
}
