/* SPDX-License-Identifier: Apache-2.0 */
#include "tiny_card.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "deadline.h"
#include "hex.h"

enum { CHANNELS = 4, HANDLERS = 8, SEEN_MAX = 16384 };

struct sim_card {
	pthread_mutex_t lock;
	pthread_mutex_t control_lock;
	const struct tiny_pair *script;
	bool open[CHANNELS];
	bool present;
	bool t0;
	uint32_t generation;
	char seen[SEEN_MAX];
	char shown[SEEN_MAX];
	struct {
		bool (*handle)(void *ctx, struct bytes text, struct wtr *reply);
		void *ctx;
	} handler[HANDLERS];
};

struct sim_card *tiny_card_new(const struct tiny_pair *script)
{
	struct sim_card *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->control_lock, NULL);
	c->script = script;
	c->present = true;
	c->open[0] = true;
	c->t0 = true;
	return c;
}

void sim_card_free(struct sim_card *c)
{
	free(c);
}

const char *tiny_card_seen(struct sim_card *c)
{
	pthread_mutex_lock(&c->lock);
	memcpy(c->shown, c->seen, sizeof(c->shown));
	c->seen[0] = '\0';
	pthread_mutex_unlock(&c->lock);
	return c->shown;
}

static void answer(struct wtr *reply, const char *hex)
{
	char *end;

	if (hex[0] == '~') {
		deadline_sleep(DEADLINE_NEVER, strtol(hex + 1, &end, 10));
		hex = end + 1;
	}
	if (hex_get(bytes_str(hex), reply) != ST_OK)
		abort();
}

static void manage(struct sim_card *c, const char *hex, struct wtr *reply)
{
	unsigned long n = strtoul((char[]){hex[6], hex[7], 0}, NULL, 16);

	if (strncmp(hex + 4, "80", 2) == 0) {
		bool was_open = n > 0 && n < CHANNELS && c->open[n];

		if (was_open)
			c->open[n] = false;
		answer(reply, was_open ? "9000" : "6881");
		return;
	}
	for (n = 1; n < CHANNELS; n++) {
		if (!c->open[n]) {
			c->open[n] = true;
			wtr_u8(reply, (uint8_t)n);
			answer(reply, "9000");
			return;
		}
	}
	answer(reply, "6A81");
}

static const char *select_answer(const char *hex)
{
	if (strncmp(hex + 8, "07A0000005590010", 16) == 0)
		return "9000";
	if (strncmp(hex + 8, "10A0000001157000000000000049534102", 34) == 0)
		return "9000";
	return "6A82";
}

static void run(struct sim_card *c, const char *hex, struct wtr *reply)
{
	unsigned channel = (unsigned)strtoul((char[]){hex[1], 0}, NULL, 16) & 3;

	for (const struct tiny_pair *p = c->script; p && p->cmd; p++) {
		if (strcmp(p->cmd, hex) == 0) {
			answer(reply, p->reply);
			return;
		}
	}
	if (strncmp(hex + 2, "70", 2) == 0)
		manage(c, hex, reply);
	else if (!c->open[channel])
		answer(reply, "6881");
	else if (strncmp(hex + 2, "A404", 4) == 0)
		answer(reply, select_answer(hex));
	else
		answer(reply, "6D00");
}

status sim_card_transmit(struct sim_card *c, const char *front, struct bytes cmd, struct wtr *reply)
{
	char hex[2 * 261 + 1];

	(void)front;
	if (!sim_card_present(c))
		return ST_NO_CARD;
	hex_str(cmd, hex, sizeof(hex));
	pthread_mutex_lock(&c->lock);
	size_t n = strlen(c->seen);
	snprintf(c->seen + n, sizeof(c->seen) - n, "%s%s", n ? " " : "", hex);
	run(c, hex, reply);
	pthread_mutex_unlock(&c->lock);
	return ST_OK;
}

static void bump(struct sim_card *c)
{
	c->generation++;
	memset(c->open, 0, sizeof(c->open));
	c->open[0] = true;
}

void sim_card_reset(struct sim_card *c)
{
	pthread_mutex_lock(&c->lock);
	bump(c);
	pthread_mutex_unlock(&c->lock);
}

bool sim_card_present(struct sim_card *c)
{
	pthread_mutex_lock(&c->lock);
	bool present = c->present;
	pthread_mutex_unlock(&c->lock);
	return present;
}

uint32_t sim_card_generation(struct sim_card *c)
{
	pthread_mutex_lock(&c->lock);
	uint32_t generation = c->generation;
	pthread_mutex_unlock(&c->lock);
	return generation;
}

void sim_card_iccid(struct sim_card *c, char ret_digits[21])
{
	(void)c;
	snprintf(ret_digits, 21, "8988307000012345678");
}

struct bytes sim_card_atr(const struct sim_card *c)
{
	(void)c;
	return BYTES_LIT("\x3B\x80\x01");
}

bool sim_card_is_t0(struct sim_card *c)
{
	return c->t0;
}

void sim_card_set_t0(struct sim_card *c, bool t0)
{
	c->t0 = t0;
}

static void set_present(struct sim_card *c, bool present)
{
	pthread_mutex_lock(&c->lock);
	c->present = present;
	bump(c);
	pthread_mutex_unlock(&c->lock);
}

void sim_card_control(struct sim_card *c, struct bytes text, struct wtr *reply)
{
	bool done = true;

	if (bytes_equal(text, BYTES_LIT("remove")))
		set_present(c, false);
	else if (bytes_equal(text, BYTES_LIT("insert")))
		set_present(c, true);
	else if (bytes_equal(text, BYTES_LIT("reset")))
		sim_card_reset(c);
	else
		done = false;
	pthread_mutex_lock(&c->control_lock);
	for (int i = 0; i < HANDLERS && !done; i++)
		done = c->handler[i].handle && c->handler[i].handle(c->handler[i].ctx, text, reply);
	pthread_mutex_unlock(&c->control_lock);
	if (reply->n == 0)
		wtr_printf(reply, done ? "ok" : "error unknown word");
}

void sim_card_add_control(struct sim_card *c,
			  bool (*handle)(void *ctx, struct bytes text, struct wtr *reply),
			  void *ctx)
{
	int free_slot = -1;

	pthread_mutex_lock(&c->control_lock);
	for (int i = HANDLERS - 1; i >= 0; i--) {
		if (c->handler[i].ctx == ctx)
			c->handler[i].handle = NULL;
		if (!c->handler[i].handle)
			free_slot = i;
	}
	if (free_slot >= 0 && handle) {
		c->handler[free_slot].handle = handle;
		c->handler[free_slot].ctx = ctx;
	}
	pthread_mutex_unlock(&c->control_lock);
}

void sim_link_delay(struct sim_card *c, size_t n)
{
	(void)c;
	(void)n;
}
