/* SPDX-License-Identifier: Apache-2.0 */
/* A slot's part of login.h. */
#ifndef IOTSAFE_PKCS11_LOGIN_STATE_H
#define IOTSAFE_PKCS11_LOGIN_STATE_H

#include <stdatomic.h>

#include "card_pin.h"

/* What the slot knows of its PIN; in struct slot. */
struct login {
	_Atomic bool done; /* C_Login succeeded (also where there is no PIN) */
	bool asked;	   /* pin is what the card said last */
	struct card_pin pin;
	uint64_t power;	    /* card_power_epoch when our VERIFY succeeded */
	bool auto_verified; /* by pin-source */
	bool auto_spent;    /* pin-source was refused or its outcome is unknown: not again */
};

#endif
