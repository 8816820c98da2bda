/* SPDX-License-Identifier: Apache-2.0 */
/* The MBIM function's inside, shared by front_mbim*.c only.
 *
 * --mbim LINK[?OPTION=VALUE&...]   a pty that behaves like a modem's MBIM control device
 * (MBIM 1.0; Microsoft's "MB low level UICC access"), symlinked as LINK
 *   classtype1=yes  refuses 8X commands with class byte type 0, and channel bits in the class byte
 * (87430003)
 *   le=required     a command without Le gets no data
 *   selectp2=0c     SELECT with any other P2 fails (87430002, 6A86)
 *   max=N           max control transfer, 64 to 4096
 *   iccid=no        the ready status does not tell the ICCID
 *   numbers=card    channels have the card's numbers, not the modem's own
 *   init=MS         the SIM is not initialized for so long after power-on
 *
 * Words for sim_card_control: "unplug [LINK]", "plug [LINK]".
 *
 * One message of the host is one event of the fault families 'M' and 'F'. Channels belong to the
 * modem: they outlive CLOSE, a host that died and the pty, but not a reset of the card. */
#ifndef IOTSAFE_SIM_FRONT_MBIM_H
#define IOTSAFE_SIM_FRONT_MBIM_H

#include "baseband.h"
#include "front.h"
#include "front_mbim_in.h"
#include "pty.h"

enum {
	MBIM_UUID = 16,
	MBIM_FIXED_MAX = 512,
	MBIM_DATA_MAX = REPLY_TOTAL_MAX + 64,
	MBIM_INFO_MAX = MBIM_FIXED_MAX + MBIM_DATA_MAX,
	MBIM_OUT_MAX = 8 * (MBIM_INFO_MAX + 64),
	MBIM_CHANNELS = 20, /* 0 is the basic one */
	MBIM_GROUP_DEAD = 0x49534146,
};

/* MBIM 1.0 §9.4.5, and Microsoft's */
enum mbim_status {
	MBIM_OK = 0,
	MBIM_BUSY = 1,
	MBIM_FAILURE = 2,
	MBIM_SIM_NOT_INSERTED = 3,
	MBIM_NO_DEVICE_SUPPORT = 9,
	MBIM_NOT_INITIALIZED = 14,
	MBIM_INVALID_PARAMETERS = 21,
	MBIM_NO_LOGICAL_CHANNELS = (int)0x87430001,
	MBIM_SELECT_FAILED = (int)0x87430002,
	MBIM_INVALID_CHANNEL = (int)0x87430003,
};

struct mbim_habits {
	bool class_type, le_required, select_p2, no_iccid, card_numbers;
	long max, init_ms;
};

struct mbim_channel {
	bool open;
	uint8_t card_channel;
	uint32_t group;
};

/* An information buffer that is being written: fixed fields, and what they refer to. */
struct mbim_info {
	struct sim_faults *faults; /* M3 */
	size_t fixed_size;
	struct wtr fixed, data;
	uint8_t fixed_buf[MBIM_FIXED_MAX];
	uint8_t data_buf[MBIM_DATA_MAX];
};

struct mbim_command {
	uint32_t tid;
	uint8_t service[MBIM_UUID];
	uint32_t cid;
	bool is_set;
	struct bytes info;
};

struct sim_front {
	struct sim_card *card;
	struct sim_faults *faults;
	struct mbim_habits habits;
	struct pty port;
	pthread_t thread;
	struct mbim_in in;
	unsigned plugs;	   /* of the port, when it was looked at last */
	deadline quiet_at; /* when what is incomplete has waited long enough */

	/* the function */
	bool open;
	size_t max;	 /* control transfer, as agreed */
	bool subscribed; /* the host wants to know about the SIM */
	uint32_t radio;
	uint8_t terminal[MBIM_FIXED_MAX]; /* the host's terminal capabilities */
	size_t terminal_len;

	/* the card, as the modem knows it */
	struct baseband baseband;
	struct mbim_channel channel[MBIM_CHANNELS];
	unsigned last_number;
	bool present;
	char iccid[21];
	bool initializing;
	deadline ready_at;

	struct mbim_info info;
	uint8_t out[MBIM_OUT_MAX];
};

/* What a command does: the answer's status. Its information buffer is sent for MBIM_OK, and with
 * the statuses 8743000x whatever stands in it. */
typedef uint32_t (*mbim_run)(struct sim_front *m, const struct mbim_command *c,
			     struct mbim_info *info);

struct mbim_cid {
	uint32_t cid;
	mbim_run query, set; /* NULL: not supported */
};

struct mbim_service {
	uint8_t uuid[MBIM_UUID];
	const struct mbim_cid *cids; /* ends with a cid of 0 */
};

/* front_mbim_basic.c, front_mbim_uicc.c */
extern const uint8_t mbim_basic_uuid[MBIM_UUID];
enum { MBIM_CID_SUBSCRIBER_READY = 2 };
extern const struct mbim_cid mbim_basic_cids[], mbim_extension_cids[], mbim_uicc_cids[];
/* The information buffer of SUBSCRIBER_READY_STATUS; faults may be NULL. */
void mbim_basic_ready_status(struct sim_front *m, struct sim_faults *faults,
			     struct mbim_info *info);
/* M2: does this command of the UICC service fail by order? */
bool mbim_uicc_fails(struct sim_front *m, const struct mbim_command *c, struct mbim_info *info,
		     uint32_t *ret_st);

/* front_mbim_services.c */
extern const struct mbim_service mbim_services[];
extern const size_t mbim_service_count;
uint32_t mbim_services_query(struct sim_front *m, const struct mbim_command *c,
			     struct mbim_info *info);
uint32_t mbim_services_subscribe(struct sim_front *m, const struct mbim_command *c,
				 struct mbim_info *info);

/* front_mbim_message.c: one message of the host, or what it deserves for a damaged one. */
void mbim_message_handle(struct sim_front *m, const struct mbim_message *message);

/* front_mbim_info.c */
void mbim_info_begin(struct mbim_info *i, struct sim_faults *faults, size_t fixed_size);
void mbim_info_u32(struct mbim_info *i, uint32_t v);
/* A reference to bytes: offset and size; in the UICC service size and offset. */
void mbim_info_ref(struct mbim_info *i, struct bytes b, bool size_first);
void mbim_info_text(struct mbim_info *i, const char *text);
void mbim_info_put(const struct mbim_info *i, struct wtr *w);
/* The other way: the bytes that an offset and a size refer to, behind the fixed fields.
 * ST_MALFORMED. */
status mbim_info_get(struct bytes info, size_t fixed_size, uint32_t offset, uint32_t size,
		     struct bytes *ret_b) MUST_USE;

/* front_mbim_answer.c: sends, with the faults that strike now. */
void mbim_answer_command(struct sim_front *m, const struct mbim_command *c, uint32_t st);
/* OPEN_DONE, CLOSE_DONE, FUNCTION_ERROR */
void mbim_answer_plain(struct sim_front *m, uint32_t type, uint32_t tid, uint32_t value);
/* SUBSCRIBER_READY_STATUS, if the host wants it; with no faults. */
void mbim_answer_indicate(struct sim_front *m);

/* front_mbim_card.c */
/* Follows removal, insertion, swap and reset: forgets channels, tells the host. */
void mbim_card_watch(struct sim_front *m);
/* The status that keeps any card command from running now, or MBIM_OK. */
uint32_t mbim_card_obstacle(struct sim_front *m);
/* The number that a new channel gets; 0: none is free. */
uint8_t mbim_card_number(struct sim_front *m, uint8_t card_channel);
/* Closes one, whatever the card says: the card's status word. */
unsigned mbim_card_close(struct sim_front *m, uint8_t number);
/* M7: takes the card's channels for the group of a host that died; at most `most`. */
void mbim_card_leak(struct sim_front *m, unsigned most);

/* front_mbim_options.c: from the argument of --mbim; ST_ARG with a line in err. */
status mbim_options_parse(const char *argument, struct sim_front *m, char err[256]) MUST_USE;

#endif
