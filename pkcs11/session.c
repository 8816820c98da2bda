/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <stdlib.h>

#include "ck32.h"
#include "guard.h"
#include "login.h"
#include "mem.h"

enum {
	CHUNK = 16, /* sessions made at a time */
	CHUNKS_MAX = (1 << SESSION_INDEX_BITS) / CHUNK,
};

_Static_assert(SLOT_TABLE_MAX <= 1 << SESSION_SLOT_BITS, "a slot's index must fit into handles");

static struct {
	pthread_mutex_t lock; /* of opening; session locks are taken inside it */
	_Atomic(struct session *) chunk[CHUNKS_MAX];
	_Atomic unsigned chunks;
	_Atomic CK_ULONG serial; /* of handles, over all initialisations */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct session *at(unsigned i)
{
	return &atomic_load(&table.chunk[i / CHUNK])[i % CHUNK];
}

static unsigned table_size(void)
{
	return atomic_load(&table.chunks) * CHUNK;
}

static CK_SESSION_HANDLE new_handle(unsigned index, const struct slot *slot)
{
	const unsigned low_bits = SESSION_INDEX_BITS + SESSION_SLOT_BITS;
	const CK_ULONG mask = ~(CK_ULONG)0 >> low_bits;
	CK_ULONG serial = 0;

	while (serial == 0)
		serial = (atomic_fetch_add(&table.serial, 1) + 1) & mask;
	return serial << low_bits | (CK_ULONG)slot->index << SESSION_INDEX_BITS | index;
}

/* Is it the handle of a session of that slot? 0 is none's. */
static bool is_of(CK_SESSION_HANDLE h, const struct slot *slot)
{
	unsigned index = (unsigned)(h >> SESSION_INDEX_BITS) & ((1U << SESSION_SLOT_BITS) - 1);

	return h != 0 && index == slot->index;
}

/* Open, and its SIM still the one that it was opened for. */
static bool alive(const struct session *s)
{
	const struct slot *slot = atomic_load(&s->slot);

	if (slot == NULL || atomic_load(&s->handle) == 0)
		return false;
	return atomic_load(&s->generation) == atomic_load(&slot->generation);
}

status session_lock(CK_SESSION_HANDLE h, struct session **ret_s)
{
	unsigned index = (unsigned)(h & ((1U << SESSION_INDEX_BITS) - 1));

	if (h == 0 || index >= table_size())
		return ST_NO_SESSION;
	struct session *s = at(index);
	if (atomic_load(&s->handle) != h)
		return ST_NO_SESSION;
	pthread_mutex_lock(&s->lock);
	if (atomic_load(&s->handle) == h && alive(s)) {
		*ret_s = s;
		return ST_OK;
	}
	pthread_mutex_unlock(&s->lock);
	return ST_NO_SESSION;
}

void session_unlock(struct session *s)
{
	pthread_mutex_unlock(&s->lock);
}

CK_SESSION_HANDLE session_handle(const struct session *s)
{
	return atomic_load(&s->handle);
}

void find_end(struct find *f)
{
	free(f->hit);
	*f = (struct find){0};
}

/* Locked. */
static void end(struct session *s)
{
	struct slot *slot = atomic_load(&s->slot);
	CK_SESSION_HANDLE h = atomic_load(&s->handle);

	op_end(&s->sign);
	op_end(&s->verify);
	find_end(&s->find);
	if (slot != NULL && h != 0)
		made_drop_session(slot, h);
	atomic_store(&s->handle, 0);
}

static status grow(void)
{
	unsigned n = atomic_load(&table.chunks);

	if (n == CHUNKS_MAX)
		return ST_SESSION_COUNT;
	struct session *chunk = calloc(CHUNK, sizeof(*chunk));
	if (chunk == NULL)
		return ST_NOMEM;
	for (unsigned i = 0; i < CHUNK; i++)
		pthread_mutex_init(&chunk[i].lock, NULL);
	atomic_store(&table.chunk[n], chunk);
	atomic_store(&table.chunks, n + 1);
	return ST_OK;
}

/* A free entry, or one whose SIM went away; table.lock held. */
static struct session *reusable(unsigned *ret_index)
{
	for (unsigned i = 0; i < table_size(); i++) {
		struct session *s = at(i);
		if (alive(s) || pthread_mutex_trylock(&s->lock) != 0)
			continue;
		end(s);
		pthread_mutex_unlock(&s->lock);
		*ret_index = i;
		return s;
	}
	return NULL;
}

static status open_on(struct slot *slot, CK_FLAGS flags, CK_SESSION_HANDLE *ret_h)
{
	unsigned index = table_size();
	struct session *s = reusable(&index);

	if (s == NULL) {
		TRY(grow());
		s = at(index);
	}
	atomic_store(&s->slot, slot);
	atomic_store(&s->flags, flags);
	atomic_store(&s->generation, atomic_load(&slot->generation));
	*ret_h = new_handle(index, slot);
	atomic_store(&s->handle, *ret_h);
	return ST_OK;
}

status session_open(CK_SLOT_ID id, CK_FLAGS flags, CK_SESSION_HANDLE *ret_h)
{
	struct slot *slot = slot_find(id);

	if (slot == NULL)
		return ST_NO_SLOT;
	if (ret_h == NULL)
		return ST_ARG;
	if ((flags & CKF_SERIAL_SESSION) == 0)
		return ST_SESSION_PARALLEL;
	if ((flags & CKF_ASYNC_SESSION) != 0)
		return ST_SESSION_ASYNC;
	if ((flags & ~(CK_FLAGS)(CKF_SERIAL_SESSION | CKF_RW_SESSION)) != 0)
		return ST_ARG;
	if (!slot_present(slot))
		return ST_TOKEN_ABSENT;
	pthread_mutex_lock(&table.lock);
	status st = open_on(slot, flags, ret_h);
	pthread_mutex_unlock(&table.lock);
	return st;
}

CK_ULONG session_count(const struct slot *slot, bool rw_only)
{
	CK_ULONG n = 0;

	for (unsigned i = 0; i < table_size(); i++) {
		const struct session *s = at(i);
		if (!alive(s) || atomic_load(&s->slot) != slot)
			continue;
		if (!rw_only || (atomic_load(&s->flags) & CKF_RW_SESSION) != 0)
			n++;
	}
	return n;
}

static bool is_active(const struct session *s)
{
	return s->sign.phase != OP_IDLE || s->verify.phase != OP_IDLE || s->find.active;
}

bool session_any_active(const struct slot *slot)
{
	bool active = false;

	for (unsigned i = 0; i < table_size() && !active; i++) {
		struct session *s = at(i);
		if (atomic_load(&s->slot) != slot || !alive(s))
			continue;
		if (pthread_mutex_trylock(&s->lock) != 0)
			return true;
		active = alive(s) && is_active(s);
		pthread_mutex_unlock(&s->lock);
	}
	return active;
}

status session_close_one(struct guard *g)
{
	struct slot *slot = g->session->slot;

	end(g->session);
	if (session_count(slot, false) == 0)
		login_forget(slot);
	return ST_OK;
}

status session_close_all(CK_SLOT_ID id)
{
	struct slot *slot = slot_find(id);

	if (slot == NULL)
		return ST_NO_SLOT;
	for (unsigned i = 0; i < table_size(); i++) {
		struct session *s = at(i);
		/* those of other slots may be at work, for which this need not wait */
		if (!is_of(atomic_load(&s->handle), slot))
			continue;
		pthread_mutex_lock(&s->lock);
		if (is_of(atomic_load(&s->handle), slot))
			end(s);
		pthread_mutex_unlock(&s->lock);
	}
	login_forget(slot);
	return ST_OK;
}

static CK_STATE state_of(const struct session *s, bool rw)
{
	if (login_is_user(atomic_load(&s->slot)))
		return rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
	return rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

/* A token without PIN needs no login: the state says so from the start, and clients that insist on
 * a PIN unless somebody is logged in go on. */
status session_info(struct guard *g, CK_SESSION_INFO *ret_info)
{
	const struct session *s = g->session;

	if (ret_info == NULL)
		return ST_ARG;
	bool rw = (atomic_load(&s->flags) & CKF_RW_SESSION) != 0;
	*ret_info = (CK_SESSION_INFO){
		.slotID = atomic_load(&s->slot)->id,
		.state = state_of(s, rw),
		.flags = atomic_load(&s->flags),
	};
	return ST_OK;
}

status session_state(struct guard *g, const CK_ULONG *size)
{
	const struct session *s = g->session;

	if (size == NULL)
		return ST_ARG;
	bool active = s->sign.phase != OP_IDLE || s->verify.phase != OP_IDLE;
	return active ? ST_STATE_UNSAVEABLE : ST_NO_OP;
}

/* A signature or verification of the sort that the flags name; others are not theirs to end. */
static void cancel(struct op *op, CK_FLAGS flags, CK_FLAGS alone, CK_FLAGS messages)
{
	if ((flags & (op->messages ? messages : alone)) != 0)
		op_end(op);
}

status session_cancel(struct guard *g, CK_FLAGS flags)
{
	struct session *s = g->session;

	cancel(&s->sign, flags, CKF_SIGN, CKF_MESSAGE_SIGN);
	cancel(&s->verify, flags, CKF_VERIFY, CKF_MESSAGE_VERIFY);
	if ((flags & CKF_FIND_OBJECTS) != 0)
		find_end(&s->find);
	return ST_OK;
}

void session_free_all(void)
{
	for (unsigned i = 0; i < table_size(); i++) {
		end(at(i));
		pthread_mutex_destroy(&at(i)->lock);
	}
	for (unsigned i = 0; i < atomic_load(&table.chunks); i++)
		free(atomic_exchange(&table.chunk[i], NULL));
	atomic_store(&table.chunks, 0);
}

void session_forget_all(bool in_flux)
{
	pthread_mutex_init(&table.lock, NULL);
	if (!in_flux)
		session_free_all();
	atomic_store(&table.chunks, 0);
}
