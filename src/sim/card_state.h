/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of struct sim_card, for card.c and control.c only. */
#ifndef IOTSAFE_SIM_CARD_STATE_H
#define IOTSAFE_SIM_CARD_STATE_H

#include <pthread.h>

#include "card.h"
#include "deadline.h"
#include "fault.h"
#include "uicc.h"

enum { CARD_HANDLERS_MAX = 8 };

struct card_handler {
	bool (*handle)(void *ctx, struct bytes text, struct wtr *reply);
	void *ctx;
};

struct sim_card {
	pthread_mutex_t turn; /* one APDU at a time, its card time included; taken before `state` */
	pthread_mutex_t state; /* all below */
	pthread_mutex_t
		handling; /* the list of handlers; held while one runs, never with the others */
	struct card_handler handler[CARD_HANDLERS_MAX];
	struct uicc uicc;
	struct sim_faults *faults;
	pthread_cond_t ended; /* with `state`, on the monotonic clock */
	bool ending;
	bool present;
	uint32_t generation;
	uint8_t atr[ATR_MAX];
	size_t atr_len;
	unsigned latency_ms, byte_rate;
	int64_t card_ns, link_ns;     /* spent for the card's time, and for bytes on the link */
	uint8_t last[APDU_REPLY_MAX]; /* for the fault STALE */
	size_t last_len;
	int log_fd;
	deadline started;
};

/* With `state` held, as all of these. */
void card_state_make_atr(struct sim_card *card);
void card_state_reset(struct sim_card *card);
/* Puts the card of DIR in place of this one. hot: channels and sessions stay as they are. */
status card_state_swap(struct sim_card *card, const char *dir, bool hot, char err[256]) MUST_USE;
/* One line in the log: time, who, then text. */
void card_state_log(struct sim_card *card, const char *who, struct bytes text);
void card_state_save(struct sim_card *card);

#endif
