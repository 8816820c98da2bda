/* SPDX-License-Identifier: Apache-2.0 */
#include "card_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "hex.h"
#include "log.h"
#include "make.h"
#include "mem.h"
#include "text.h"

enum {
	SW_PROACTIVE = 0x911C, /* C5: a proactive command of 28 bytes waits */
	SW_WARNING = 0x6283,   /* C6 */
	SLOW_MS = 5000,	       /* C10 */
	INS_GENERATE_KEY_PAIR = 0xB9,
};

/* --- answer to reset --- */

/* Historical bytes: category 80, card service data (31), card capabilities (73: the third byte
 * counts logical channels), pre-issuing data (67). */
void card_state_make_atr(struct sim_card *card)
{
	static const uint8_t historical[] = {0x80, 0x31, 0xA0, 0x73, 0xBE, 0x21, 0x13, 0x67,
					     'I',  'o',	 'T',  'S',  'A',  'F',	 'E'};
	struct wtr w = WTR_ON(card->atr);
	bool t0 = card->uicc.store->config.t0;
	uint8_t check = 0;
	wtr_u8(&w, 0x3B);
	wtr_u8(&w, (uint8_t)((t0 ? 0x00 : 0x80) | sizeof(historical)));
	if (!t0)
		wtr_u8(&w, 0x01); /* TD1: T=1 */
	wtr_put(&w, BYTES_OF(historical));
	for (size_t i = 1; i < w.n; i++)
		check ^= w.p[i];
	if (!t0)
		wtr_u8(&w, check); /* with T=0 alone there is none */
	card->atr_len = w.n;
}

/* --- life --- */

static void lock(pthread_mutex_t *m)
{
	pthread_mutex_lock(m);
}

static void unlock(pthread_mutex_t **m)
{
	pthread_mutex_unlock(*m);
}

/* Holds a mutex until the scope ends. */
#define WITH(mutex)                                                                                \
	pthread_mutex_t *held_ ON_EXIT(unlock) = (mutex);                                          \
	lock(held_)

static void init_locks(struct sim_card *card)
{
	pthread_condattr_t monotonic;
	pthread_mutex_init(&card->turn, NULL);
	pthread_mutex_init(&card->state, NULL);
	pthread_mutex_init(&card->handling, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&card->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

status sim_card_load(const char *dir, struct sim_card **ret_card, char err[256])
{
	struct sim_card *card = calloc(1, sizeof(*card));
	if (!card)
		return ST_NOMEM;
	card->log_fd = -1;
	card->faults = sim_faults_new();
	status st = card->faults ? store_load(dir, &card->uicc.store, err) : ST_NOMEM;
	if (st != ST_OK) {
		sim_faults_free(card->faults);
		free(card);
		return st;
	}
	init_locks(card);
	card->uicc.faults = card->faults;
	card->present = true;
	card->generation = 1;
	card->started = deadline_now();
	uicc_reset(&card->uicc);
	card_state_make_atr(card);
	*ret_card = card;
	return ST_OK;
}

void sim_card_free(struct sim_card *card)
{
	if (!card)
		return;
	card_state_save(card);
	session_close_all(&card->uicc.sessions);
	store_free(card->uicc.store);
	sim_faults_free(card->faults);
	file_close(&card->log_fd);
	pthread_mutex_destroy(&card->turn);
	pthread_mutex_destroy(&card->state);
	pthread_mutex_destroy(&card->handling);
	pthread_cond_destroy(&card->ended);
	mem_wipe(card, sizeof(*card));
	free(card);
}

void card_state_save(struct sim_card *card)
{
	status st = store_save(card->uicc.store);
	card->uicc.dirty = st != ST_OK;
	if (st != ST_OK)
		log_error("sim: the card's state cannot be written: %s", status_text(st));
}

void card_state_reset(struct sim_card *card)
{
	uicc_reset(&card->uicc);
	card->last_len = 0;
	card->generation++;
}

status card_state_swap(struct sim_card *card, const char *dir, bool hot, char err[256])
{
	struct store *other, *own = card->uicc.store;
	TRY(store_load(dir, &other, err));
	card->uicc.store = other;
	store_free(own);
	if (!hot)
		card_state_reset(card);
	card_state_make_atr(card);
	return ST_OK;
}

/* --- log --- */

void card_state_log(struct sim_card *card, const char *who, struct bytes text)
{
	uint8_t line[4 * APDU_REPLY_MAX];
	struct wtr w = WTR_ON(line);
	if (card->log_fd < 0)
		return;
	int64_t us = (deadline_now() - card->started) / 1000;
	wtr_printf(&w, "%lld.%06lld %s ", (long long)(us / 1000000), (long long)(us % 1000000),
		   who);
	wtr_put(&w, text);
	wtr_u8(&w, '\n');
	/* one write(2) a line, so that lines of several programs never mix */
	if (wtr_done(&w) != ST_OK || write(card->log_fd, line, w.n) < 0)
		log_error("sim: the APDU log cannot be written");
}

static void log_apdu(struct sim_card *card, const char *front, struct bytes cmd, struct bytes rsp)
{
	uint8_t text[2 * (APDU_CMD_MAX + APDU_REPLY_MAX) + 8];
	struct wtr w = WTR_ON(text);
	if (card->log_fd < 0)
		return;
	if (cmd.n > APDU_CMD_MAX)
		cmd.n = APDU_CMD_MAX;
	hex_put(&w, cmd);
	wtr_put(&w, cmd.n ? BYTES_LIT(" ") : BYTES_LIT("- "));
	hex_put(&w, rsp);
	if (rsp.n == 0)
		wtr_u8(&w, '-');
	card_state_log(card, front, wtr_bytes(&w));
}

status sim_card_log_to(struct sim_card *card, const char *path, char err[256])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0) {
		snprintf(err, 256, "%s: %s", path, strerror(errno));
		return ST_IO;
	}
	WITH(&card->state);
	file_close(&card->log_fd);
	card->log_fd = fd;
	return ST_OK;
}

/* --- faults (transports.md §11) --- */

static bool strikes(struct sim_card *card, enum sim_fault_name name, char param[64])
{
	return sim_faults_strikes(card->faults, name, param);
}

static unsigned number_in(const char *param, unsigned base, unsigned otherwise)
{
	unsigned long v;
	return text_number(bytes_str(param), base, &v) == ST_OK ? (unsigned)v : otherwise;
}

static void swap_by_fault(struct sim_card *card, const char *param)
{
	bool hot = param[0] == '+';
	char err[256] = "";
	if (card_state_swap(card, param + hot, hot, err) != ST_OK)
		log_error("sim: fault C8: %s", err);
}

/* What happens to the card before the command. */
static void faults_before(struct sim_card *card)
{
	char param[64];
	if (strikes(card, FAULT_C2, NULL))
		card_state_reset(card);
	if (strikes(card, FAULT_C8, param))
		swap_by_fault(card, param);
}

/* C1: the channel of this command is gone. True if the fault has answered. */
static bool fault_channel_lost(struct sim_card *card, struct bytes cmd, struct wtr *reply)
{
	struct apdu a;
	if (apdu_parse(cmd, &a) != ST_OK || !a.class_ok || !strikes(card, FAULT_C1, NULL))
		return false;
	if (a.channel != 0)
		uicc_close_channel(&card->uicc, a.channel);
	wtr_u16be(reply, SW_NO_CHANNEL);
	return true;
}

/* SW: refused, not executed. True if the fault has answered. */
static bool fault_refused(struct sim_card *card, struct wtr *reply)
{
	char param[64];
	if (!strikes(card, FAULT_SW, param))
		return false;
	wtr_u16be(reply, (uint16_t)number_in(param, 16, SW_OTHER));
	return true;
}

static uint16_t reply_sw(const struct wtr *reply)
{
	return (uint16_t)(reply->p[reply->n - 2] << 8 | reply->p[reply->n - 1]);
}

static void reply_set_sw(struct wtr *reply, unsigned sw)
{
	reply->p[reply->n - 2] = (uint8_t)(sw >> 8);
	reply->p[reply->n - 1] = (uint8_t)sw;
}

static void fault_status_word(struct sim_card *card, struct wtr *reply)
{
	char param[64];
	if (reply_sw(reply) != SW_OK)
		return;
	if (strikes(card, FAULT_C5, param))
		reply_set_sw(reply, number_in(param, 16, SW_PROACTIVE));
	if (strikes(card, FAULT_C6, param))
		reply_set_sw(reply, number_in(param, 16, SW_WARNING));
	if (strikes(card, FAULT_C9, NULL)) {
		if (make_refresh_certificate(card->uicc.store) == ST_OK)
			card->uicc.dirty = true;
		reply_set_sw(reply, SW_REMOTE_ADMIN_ENDED);
	}
}

static void fault_stale(struct sim_card *card, struct wtr *reply)
{
	uint8_t fresh[APDU_REPLY_MAX];
	size_t n = reply->n;
	memcpy(fresh, reply->p, n);
	if (card->last_len > 0 && strikes(card, FAULT_STALE, NULL)) {
		reply->n = 0;
		wtr_put(reply, bytes_of(card->last, card->last_len));
	}
	memcpy(card->last, fresh, n);
	card->last_len = n;
}

static void fault_cut(struct sim_card *card, struct wtr *reply)
{
	char param[64];
	if (strikes(card, FAULT_TRUNC, NULL)) {
		/* half of the data under an honest status word; without data, half of that */
		uint16_t sw = reply_sw(reply);
		size_t data = reply->n - 2;
		reply->n = data / 2;
		wtr_u8(reply, (uint8_t)(sw >> 8));
		if (data > 0)
			wtr_u8(reply, (uint8_t)sw);
	}
	if (strikes(card, FAULT_C12, param)) {
		unsigned keep = number_in(param, 10, 1);
		if (reply->n > keep)
			reply->n = keep;
	}
}

/* --- commands --- */

static void run(struct sim_card *card, struct bytes cmd, struct wtr *reply)
{
	uint8_t store[APDU_REPLY_MAX];
	struct wtr answer = WTR_ON(store);
	faults_before(card);
	if (!fault_channel_lost(card, cmd, &answer) && !fault_refused(card, &answer))
		uicc_transmit(&card->uicc, cmd, &answer);
	fault_status_word(card, &answer);
	if (card->uicc.dirty)
		card_state_save(card);
	fault_stale(card, &answer);
	fault_cut(card, &answer);
	wtr_put(reply, wtr_bytes(&answer));
	mem_wipe(store, sizeof(store));
}

/* Time that passes for this thread, unless the program ends. What passed is added to *total, which
 * the state's lock guards. */
static void spend(struct sim_card *card, int64_t ns, int64_t *total)
{
	deadline from = deadline_now(), until = from + ns;
	struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
	WITH(&card->state);
	while (ns > 0 && !card->ending && deadline_now() < until)
		pthread_cond_timedwait(&card->ended, &card->state, &at);
	*total += deadline_now() - from;
}

/* The time that the card takes over this command. */
static int64_t card_time(struct sim_card *card, struct bytes cmd)
{
	char param[64];
	uint8_t ins = cmd.n > 1 ? cmd.p[1] : 0;
	WITH(&card->state);
	sim_faults_tick_apdu(card->faults, ins);
	int64_t ms = card->latency_ms;
	if (ins == INS_GENERATE_KEY_PAIR)
		ms += card->uicc.store->config.keygen_ms;
	if (strikes(card, FAULT_C10, param))
		ms += number_in(param, 10, SLOW_MS);
	return ms;
}

static status transmit_locked(struct sim_card *card, const char *front, struct bytes cmd,
			      struct wtr *reply)
{
	WITH(&card->state);
	size_t before = reply->n;
	if (!card->present || card->ending)
		return ST_NO_CARD;
	run(card, cmd, reply);
	log_apdu(card, front, cmd, bytes_of(reply->p + before, reply->n - before));
	return wtr_done(reply);
}

status sim_card_transmit(struct sim_card *card, const char *front, struct bytes cmd,
			 struct wtr *reply)
{
	WITH(&card->turn);
	if (!sim_card_present(card))
		return ST_NO_CARD;
	spend(card, card_time(card, cmd) * 1000000, &card->card_ns);
	return transmit_locked(card, front, cmd, reply);
}

/* --- small answers --- */

void sim_card_reset(struct sim_card *card)
{
	WITH(&card->state);
	card_state_reset(card);
}

struct bytes sim_card_atr(const struct sim_card *card)
{
	return bytes_of(card->atr, card->atr_len);
}

bool sim_card_present(struct sim_card *card)
{
	WITH(&card->state);
	return card->present;
}

uint32_t sim_card_generation(struct sim_card *card)
{
	WITH(&card->state);
	return card->generation;
}

void sim_card_iccid(struct sim_card *card, char ret_digits[21])
{
	WITH(&card->state);
	if (text_copy(bytes_str(card->uicc.store->config.iccid), ret_digits, 21) != ST_OK)
		ret_digits[0] = '\0';
}

void sim_card_set_t0(struct sim_card *card, bool t0)
{
	WITH(&card->state);
	card->uicc.store->config.t0 = t0;
	card_state_make_atr(card);
}

bool sim_card_is_t0(struct sim_card *card)
{
	WITH(&card->state);
	return card->uicc.store->config.t0 != 0;
}

struct sim_faults *sim_card_faults(struct sim_card *card)
{
	return card->faults;
}

void sim_card_end(struct sim_card *card)
{
	WITH(&card->state);
	card->ending = true;
	pthread_cond_broadcast(&card->ended);
}

void sim_card_set_latency(struct sim_card *card, unsigned ms)
{
	WITH(&card->state);
	card->latency_ms = ms;
}

void sim_card_set_byte_rate(struct sim_card *card, unsigned bytes_per_second)
{
	WITH(&card->state);
	card->byte_rate = bytes_per_second;
}

void sim_link_delay(struct sim_card *card, size_t n)
{
	unsigned rate;
	{
		WITH(&card->state);
		rate = card->byte_rate;
	}
	if (rate > 0)
		spend(card, (int64_t)(n * 1000000000 / rate), &card->link_ns);
}
