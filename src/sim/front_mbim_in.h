/* SPDX-License-Identifier: Apache-2.0 */
/* The host's bytes, made into MBIM messages (MBIM 1.0 §9): framed, and fragments put together. */
#ifndef IOTSAFE_SIM_FRONT_MBIM_IN_H
#define IOTSAFE_SIM_FRONT_MBIM_IN_H

#include <stdbool.h>

#include "bytes.h"

enum {
	MBIM_HEADER = 12,  /* type, length, transaction */
	MBIM_FRAGMENT = 8, /* total, current */
	MBIM_TRANSFER_MIN = 64,
	MBIM_TRANSFER_MAX = 4096,
	MBIM_BODY_MAX = 16384, /* of a command whose fragments were put together */
};

enum mbim_type {
	MBIM_OPEN = 1,
	MBIM_CLOSE = 2,
	MBIM_COMMAND = 3,
	MBIM_HOST_ERROR = 4,
	MBIM_FUNCTION_ERROR = (int)0x80000004,
	MBIM_INDICATE = (int)0x80000007,
	MBIM_DONE = (int)0x80000000, /* with the host's type: OPEN_DONE and so on */
};

/* MBIM 1.0 §9.3.4 and §9.4.3 */
enum mbim_error {
	MBIM_ERROR_NONE = 0,
	MBIM_ERROR_TIMEOUT_FRAGMENT = 1,
	MBIM_ERROR_FRAGMENT_ORDER = 2,
	MBIM_ERROR_LENGTH = 3,
	MBIM_ERROR_NOT_OPENED = 5,
	MBIM_ERROR_UNKNOWN = 6,
	MBIM_ERROR_TOO_LONG = 8,
};

struct mbim_message {
	uint32_t type;
	uint32_t tid;
	struct bytes body; /* after the header, of a command after the fragment header; valid until
			      the next mbim_in_* call */
	enum mbim_error error; /* not NONE: no message, this is what it deserves */
};

struct mbim_in {
	size_t max; /* what a message may have */
	uint8_t buf[MBIM_TRANSFER_MAX];
	size_t n;
	size_t spent;	      /* of the message that was taken last */
	size_t skip;	      /* what is still to come of one that was too long */
	uint32_t tid;	      /* of the command that is being put together */
	uint32_t total, next; /* its fragments; total 0: none is */
	uint8_t body[MBIM_BODY_MAX];
	size_t body_n;
};

void mbim_in_init(struct mbim_in *in, size_t max);
/* How many bytes fit; always some, once mbim_in_take has returned false. */
size_t mbim_in_room(struct mbim_in *in);
/* What does not fit is lost. */
void mbim_in_add(struct mbim_in *in, struct bytes b);
/* The next message or error; false when none is complete. */
bool mbim_in_take(struct mbim_in *in, struct mbim_message *ret_m);
/* Nothing has come for long: gives up what is incomplete, with the error for it. */
bool mbim_in_expire(struct mbim_in *in, struct mbim_message *ret_m);
/* Forgets everything. */
void mbim_in_clear(struct mbim_in *in);

#endif
