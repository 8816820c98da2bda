/* SPDX-License-Identifier: Apache-2.0 */
/* Test signatures, checked under the SIM's own public keys and certificates. */
#ifndef IOTSAFE_CLI_DOCTOR_SIGN_H
#define IOTSAFE_CLI_DOCTOR_SIGN_H

#include "card.h"
#include "report.h"

void doctor_sign(struct report *r, const struct settings *all, const struct settings_slot *slot,
		 struct card *card, const struct catalog *cat);

#endif
