/* SPDX-License-Identifier: Apache-2.0 */
/* A slot's part of login.h. What is atomic is also looked at without the slot's lock. */
#ifndef IOTSAFE_PKCS11_LOGIN_STATE_H
#define IOTSAFE_PKCS11_LOGIN_STATE_H

#include <stdatomic.h>

#include "card_pin.h"

struct login {
	_Atomic bool done;	 /* C_Login succeeded (also where there is nothing to log in to) */
	_Atomic bool needless;	 /* the card said that its PIN is disabled, or that it has none */
	_Atomic bool auto_spent; /* pin-source was refused, or its outcome is unknown: not again */
	bool auto_verified;	 /* by pin-source */
	bool asked;		 /* pin is what the card said last… */
	deadline good_until;	 /* …and recent until then */
	deadline silent_until;	 /* the card did not answer the question: not asked in passing */
	struct card_pin pin;
	uint64_t power; /* card_power_epoch when that was so */
};

#endif
