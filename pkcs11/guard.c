/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"

#include "lib.h"
#include "login.h"
#include "slot_group.h"

void guard_release(struct guard *g)
{
	if (g->session != NULL)
		session_unlock(g->session);
	if (g->slot != NULL)
		slot_unlock(g->slot);
	if (g->gate)
		lib_leave();
	*g = (struct guard){0};
}

status guard_lib(struct guard *g)
{
	TRY(lib_enter());
	g->gate = true;
	return ST_OK;
}

status guard_session(struct guard *g, CK_SESSION_HANDLE h)
{
	TRY(guard_lib(g));
	return session_lock(h, &g->session);
}

static status lock_card(struct guard *g, bool settle)
{
	struct session *s = g->session;
	CK_SESSION_HANDLE h = session_handle(s);
	struct slot *slot = s->slot;

	if (g->slot != NULL)
		return ST_OK;
	g->session = NULL;
	session_unlock(s);
	slot_lock(slot);
	g->slot = slot;
	if (settle)
		slot_group_settle(slot);
	login_settle(slot);
	return session_lock(h, &g->session);
}

status guard_card(struct guard *g)
{
	return lock_card(g, true);
}

/* What is hidden depends on the PIN of the SIM that is there now. It may fail over that question.
 */
static status meet_member(struct guard *g)
{
	login_settle(g->slot);
	bool same = atomic_load(&g->session->generation) == atomic_load(&g->slot->generation);
	return same ? ST_OK : ST_CARD_CHANGED;
}

status guard_ready(struct guard *g)
{
	TRY(guard_card(g));
	TRY(slot_group_ready(g->slot));
	return meet_member(g);
}

status guard_pin(struct guard *g)
{
	TRY(lock_card(g, false));
	return slot_group_ready_for_pin(g->slot);
}

bool guard_again(struct guard *g, status *st)
{
	if (g->slot == NULL || g->session == NULL)
		return false;
	if (*st == ST_USER_NOT_LOGGED_IN)
		slot_group_tell(g->slot);
	if (!slot_group_takes_over(g->slot, st))
		return false;
	status met = meet_member(g);
	if (met != ST_OK)
		*st = met;
	return met == ST_OK;
}

status guard_slot(struct guard *g, CK_SLOT_ID id)
{
	TRY(guard_lib(g));
	struct slot *slot = slot_find(id);
	if (slot == NULL)
		return ST_NO_SLOT;
	slot_lock(slot);
	g->slot = slot;
	slot_group_settle(slot);
	return ST_OK;
}
