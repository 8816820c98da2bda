/* SPDX-License-Identifier: Apache-2.0 */
/* MBIM messages as bytes (USB-IF MBIM 1.0 §9): little endian, a header of type, length and
 * transaction id, and for commands a fragment header. No I/O; every length is checked. */
#ifndef IOTSAFE_TRANSPORT_MBIM_WIRE_H
#define IOTSAFE_TRANSPORT_MBIM_WIRE_H

#include <stdbool.h>
#include "bytes.h"

enum {
	MBIM_HEADER = 12,
	/* the control transfer that we announce in OPEN; what we send is smaller */
	MBIM_FRAME_MAX = 4096,
	/* a frame that is not for us is skipped up to this length; a longer one is noise */
	MBIM_FRAME_PLAUSIBLE = 65536,
	/* the longest command: headers, UICC structure, APDU and padding; a device path for the
	 * proxy (UTF-16) is the longest of all */
	MBIM_COMMAND_MAX = 48 + 12 + 2 * 256 + 4,
};

enum mbim_type {
	MBIM_OPEN = 1,
	MBIM_COMMAND = 3,
	MBIM_OPEN_DONE = (int)0x80000001,
	MBIM_COMMAND_DONE = (int)0x80000003,
	MBIM_FUNCTION_ERROR = (int)0x80000004,
	MBIM_INDICATE = (int)0x80000007,
};

enum { MBIM_ERROR_NOT_OPENED = 5 }; /* in MBIM_FUNCTION_ERROR */

enum mbim_service {
	MBIM_BASIC_CONNECT,
	MBIM_PROXY_CONTROL, /* of mbim-proxy, never of a modem */
	MBIM_UICC,	    /* Microsoft's low-level UICC access */
	MBIM_OTHER_SERVICE,
};

enum {
	MBIM_CID_SUBSCRIBER_READY = 2, /* MBIM_BASIC_CONNECT */
	MBIM_CID_PROXY_CONFIGURATION = 1,
	MBIM_CID_UICC_OPEN = 2,
	MBIM_CID_UICC_CLOSE = 3,
	MBIM_CID_UICC_APDU = 4,
};

struct mbim_command {
	enum mbim_service service;
	uint32_t cid;
	bool set; /* else query */
	struct bytes info;
};

void mbim_wire_put_open(struct wtr *w, uint32_t tid);
/* c->service is not MBIM_OTHER_SERVICE; the whole fits into one fragment. */
void mbim_wire_put_command(struct wtr *w, uint32_t tid, const struct mbim_command *c);

/* One frame from the far side. */
struct mbim_frame {
	enum mbim_type type;
	uint32_t tid;
	uint32_t total, current; /* 1 and 0 where the type knows no fragments */
	struct bytes body;	 /* behind the headers */
};

/* What a command's answer or an indication says; info points into the body. */
struct mbim_said {
	enum mbim_service service;
	uint32_t cid;
	uint32_t status; /* 0 in an indication */
	struct bytes info;
};

/* The frame's length, from its first eight bytes: ST_TRUNCATED (fewer), ST_MALFORMED (shorter than
 * a header, or not plausible). */
status mbim_wire_length(struct bytes start, size_t *ret_n) MUST_USE;
/* A whole frame. ST_TRUNCATED, ST_MALFORMED. */
status mbim_wire_frame(struct bytes frame, struct mbim_frame *ret_f) MUST_USE;
/* The body, put together from its fragments, of MBIM_COMMAND_DONE or MBIM_INDICATE. */
status mbim_wire_said(enum mbim_type type, struct bytes body, struct mbim_said *ret_s) MUST_USE;
/* The code in MBIM_OPEN_DONE or MBIM_FUNCTION_ERROR. */
status mbim_wire_code(struct bytes body, uint32_t *ret_code) MUST_USE;

#endif
