/* SPDX-License-Identifier: Apache-2.0 */
/* Entering and leaving a handle, and the copy of its SIM's catalog. */
#include "sim.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t sim_new_owner(void)
{
	static _Atomic uint64_t last;

	return atomic_fetch_add(&last, 1) + 1;
}

status sim_init(struct iotsafe *sim)
{
	pthread_condattr_t monotonic;

	if (pthread_condattr_init(&monotonic) != 0)
		return ST_NOMEM;
	bool made = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
		    pthread_cond_init(&sim->free, &monotonic) == 0;
	pthread_condattr_destroy(&monotonic);
	if (!made)
		return ST_NOMEM;
	pthread_mutex_init(&sim->lock, NULL);
	return ST_OK;
}

void sim_destroy(struct iotsafe *sim)
{
	pthread_cond_destroy(&sim->free);
	pthread_mutex_destroy(&sim->lock);
}

/* Not a mutex for the whole call: not every libc can wait for one until a monotonic time. */
static status take(struct iotsafe *sim, deadline dl)
{
	struct timespec until = {.tv_sec = (time_t)(dl / 1000000000),
				 .tv_nsec = (long)(dl % 1000000000)};
	int late = 0;

	pthread_mutex_lock(&sim->lock);
	while (sim->busy && late == 0)
		late = pthread_cond_timedwait(&sim->free, &sim->lock, &until);
	bool taken = !sim->busy;
	sim->busy = true;
	pthread_mutex_unlock(&sim->lock);
	return taken ? ST_OK : ST_TIMEOUT;
}

/* In a child the lock may be held by a thread that it does not have: the process comes first. */
status sim_enter(struct iotsafe *sim, struct visit *ret_v)
{
	if (sim == NULL)
		return ST_ARG;
	if (sim->process != getpid())
		return ST_NOT_INIT;
	deadline dl = deadline_in_ms(sim->timeout_ms);
	TRY(take(sim, dl));
	*ret_v = (struct visit){.sim = sim, .card = sim->card, .dl = dl};
	return ST_OK;
}

void sim_leave(struct visit *v)
{
	if (v->sim == NULL)
		return;
	pthread_mutex_lock(&v->sim->lock);
	v->sim->busy = false;
	pthread_cond_signal(&v->sim->free);
	pthread_mutex_unlock(&v->sim->lock);
	v->sim = NULL;
}

static bool is_from_card(status st)
{
	return (st >= ST_SW_NOT_FOUND && st <= ST_SW_OTHER) || st == ST_PIN_WRONG ||
	       st == ST_PIN_LOCKED;
}

/* What is Cryptoki's own among the outcomes has words for Cryptoki's callers. */
static const char *text_of(status st)
{
	return st > ST_STORE ? iotsafe_text(error_of(st)) : status_text(st);
}

static void tell(const struct visit *v, status st)
{
	if (v->sim == NULL)
		error_why("%s", iotsafe_text(error_of(st)));
	else if (st == ST_NO_OBJECT)
		error_why("%s: the object was listed of another SIM", v->sim->slot.uri_text);
	else if (is_from_card(st) && card_last_sw(v->card) != 0)
		error_why("%s: %s (status word %04X)", v->sim->slot.uri_text, text_of(st),
			  card_last_sw(v->card));
	else
		error_why("%s: %s", v->sim->slot.uri_text, text_of(st));
}

enum iotsafe_error sim_answer(struct visit *v, status st)
{
	if (st == ST_OK)
		return IOTSAFE_OK;
	tell(v, st);
	if (st == ST_CARD_CHANGED && v->sim != NULL) {
		sim_drop_catalog(v->sim);
		v->sim->owner = sim_new_owner();
	}
	return error_of(st);
}

/* --- the catalog --- */

void sim_drop_catalog(struct iotsafe *sim)
{
	free(sim->item);
	free(sim->public);
	sim->item = NULL;
	sim->public = NULL;
	sim->count = 0;
	sim->listed = false;
}

static status copy(struct iotsafe *sim, const struct catalog *cat)
{
	sim_drop_catalog(sim);
	sim->item = calloc(cat->count + 1, sizeof(sim->item[0]));
	sim->public = calloc(cat->count + 1, sizeof(sim->public[0]));
	if (sim->item == NULL || sim->public == NULL) {
		sim_drop_catalog(sim);
		return ST_NOMEM;
	}
	memcpy(sim->item, cat->item, cat->count * sizeof(sim->item[0]));
	sim->count = cat->count;
	sim->listed = true;
	public_pair_up(sim);
	return ST_OK;
}

status sim_catalog(struct visit *v)
{
	struct iotsafe *sim = v->sim;
	const struct catalog *cat = NULL;

	if (sim->listed && sim->epoch == card_epoch(v->card))
		return ST_OK;
	TRY(card_catalog(v->card, &cat, v->dl));
	TRY(copy(sim, cat));
	sim->epoch = card_epoch(v->card);
	return ST_OK;
}

status sim_give(struct bytes from, uint8_t *ret, size_t cap, size_t *ret_n)
{
	*ret_n = from.n;
	if (from.n > cap)
		return ST_SHORT_OUT;
	if (from.n != 0)
		memcpy(ret, from.p, from.n);
	return ST_OK;
}
