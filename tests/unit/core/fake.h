/* SPDX-License-Identifier: Apache-2.0 */
/* A transport that plays a script: it takes the place of transport_lib in the core's unit tests.
 * A test states each command that the core may send and what comes back; anything else fails the
 * test there and then. Or it gives a function that answers, and looks at the log of commands. */
#ifndef IOTSAFE_TESTS_CORE_FAKE_H
#define IOTSAFE_TESTS_CORE_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "card.h"
#include "transport.h"

/* One exchange. Hex may hold blanks; in cmd, ".." stands for any byte and a final "*" for any
 * rest. The answer is raw, then reply. */
struct step {
	const char *cmd;
	const char *reply;
	struct bytes raw;
	status st; /* instead of an answer */
};

/* One transport_channel_open or _channel_close of a device-owned channel. */
struct device_step {
	const char *aid;    /* NULL: a close of `handle` is expected */
	const char *handle; /* what an open returns */
	status st;
};

enum { FAKE_LOG_MAX = 4096 };

struct fake {
	struct transport t;
	/* the script */
	const struct step *steps;
	size_t step_count, step_at;
	const struct device_step *device;
	size_t device_count, device_at;
	/* or the function */
	status (*answer)(void *ctx, struct bytes cmd, struct wtr *reply);
	void *ctx;
	/* what the link can do */
	unsigned traits;
	uint64_t generation;
	bool displaced;
	bool can_share;
	bool has_iccid;
	status iccid_st; /* when it does not tell, and at the first `iccid_stumbles` */
	unsigned iccid_asked, iccid_stumbles;
	char iccid[ICCID_DIGITS_MAX + 1];
	status look_st;	     /* transport_look */
	status enter_st[16]; /* of the next enters; then ST_OK */
	size_t enter_at;
	/* the lock file */
	bool has_record;
	struct channel_record record;
	unsigned stores, clears;
	/* what happened */
	unsigned apdus, enters, leaves, closed, forgotten, timeouts;
	bool basic_channel[FAKE_LOG_MAX]; /* which exchanges named no channel */
	uint8_t log[FAKE_LOG_MAX][8];	  /* the first bytes of each command */
	uint8_t last[APDU_CMD_MAX];
	size_t last_n;
};
extern struct fake fake;

void fake_reset(void);
/* Plays these steps next; the former ones must be used up. */
#define FAKE_PLAY(...)                                                                             \
	fake_play((const struct step[]){__VA_ARGS__},                                              \
		  sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))
void fake_play(const struct step *steps, size_t n);
/* Everything expected was sent, and the device was given back as often as taken. */
void fake_done(void);
/* A good record of channel `number`, as another process would have left it. */
void fake_record(uint8_t number, uint8_t cla_base, const char *aid_hex, const char *iccid);

/* A card on the fake with default settings; `conf` and `all` may be changed before. */
struct rig {
	struct settings all;
	struct settings_slot conf;
	struct card *c;
};
int rig_setup(void **state);
int rig_teardown(void **state);
/* Frees the card and makes another one: a new process. */
void rig_new_process(struct rig *r);

/* n bytes of hex text (blanks allowed) into dst; fails the test for anything else. */
size_t unhex(const char *text, uint8_t *dst, size_t cap);
/* Ten seconds from now. */
deadline soon(void);

#define ICCID_SWAPPED "98 88 10 21 43 65 87 09 21 F3"
#define ICCID_TEXT "8988011234567890123"
#define AID_GSMA "A0000005590010"
#define AID_THALES "A00000003053F124017701014953 41"
#define AID_NTT "A0000001157000000000000049534102"
#define AID_CIRA "A0000002480400"

/* The opening sequence on channel 1: design.md §4, iotsafe-protocol.md §4. */
#define STEP_OPEN                                                                                  \
	{                                                                                          \
		.cmd = "00 70 00 00 01", .reply = "01 9000"                                        \
	}
#define STEP_EF_ICCID                                                                              \
	{                                                                                          \
		.cmd = "01 A4 00 0C 02 2FE2", .reply = "9000"                                      \
	}
#define STEP_READ_ICCID                                                                            \
	{                                                                                          \
		.cmd = "01 B0 00 00 0A", .reply = ICCID_SWAPPED "9000"                             \
	}
#define STEP_SELECT                                                                                \
	{                                                                                          \
		.cmd = "01 A4 04 00 07 " AID_GSMA, .reply = "9000"                                 \
	}
#define STEPS_OPENING STEP_OPEN, STEP_EF_ICCID, STEP_READ_ICCID, STEP_SELECT

#endif
