/* SPDX-License-Identifier: Apache-2.0 */
#include "slot_group.h"

#include <stdlib.h>

#include "lib.h"
#include "log.h"
#include "login.h"
#include "mem.h"
#include "session.h"
#include "token.h"

enum {
	ABSENT_MS = 1000,    /* so often an earlier member that is not there is looked for */
	ILL_TIMES_MOST = 10, /* a member that fails again and again is left so much longer */
	PROBE_MS = 2000,     /* what looks at earlier members may cost a call */
	SHARE_LEAST = 4, /* a member that is tried has this part of the timeout, if it is left */
	NOBODY = -1,	 /* a client was told of nobody… */
	SOMEBODY = -2,	 /* …and of a SIM that is no more */
};

struct member {
	const struct settings_slot *conf;
	/* while it is not the active one; else these are the slot's */
	struct card *card;
	struct token *token;
	struct card_info info;
	deadline info_until;
	bool auto_spent;  /* pin-source of this member was refused */
	bool needless;	  /* as in struct login… */
	uint64_t changes; /* …and as in struct slot */
	/* always */
	deadline ill_until; /* 0: healthy */
	unsigned failures;  /* in a row */
	bool is_other;	    /* when it was looked at it held another identity */
	bool tried;	    /* in this call */
};

struct slot_group {
	_Atomic unsigned active;
	unsigned count;
	struct member member[GROUP_MEMBERS_MAX];
	deadline begun;	      /* when the call began */
	deadline call_until;  /* of a call that met a failure; else 0 */
	deadline share_until; /* the active member's part of it */
	deadline return_at;   /* when an earlier member is looked at again, after a silent one */
	int told;	      /* the member that a client's PIN is for, or NOBODY, or SOMEBODY */
};

struct slot_group *slot_group_new(const struct settings_slot *conf)
{
	struct slot_group *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->told = NOBODY;
	for (; g->count < conf->member_count; g->count++)
		g->member[g->count].conf = &lib_settings()->slot[conf->member[g->count]];
	return g;
}

void slot_group_free(struct slot_group *g, bool forked, bool in_flux)
{
	if (g == NULL)
		return;
	for (unsigned i = 0; i < g->count; i++) {
		struct member *m = &g->member[i];
		if (forked)
			card_forget(m->card);
		else
			card_free(m->card);
		if (!in_flux)
			token_free(m->token);
	}
	if (!in_flux)
		free(g);
}

const struct settings_slot *slot_group_conf(const struct slot *s)
{
	return s->group->member[atomic_load(&s->group->active)].conf;
}

/* --- cards --- */

static struct card *card_of(struct slot *s, unsigned i)
{
	struct member *m = &s->group->member[i];
	struct card **card = i == s->group->active ? &s->card : &m->card;

	if (*card == NULL && card_new(lib_settings(), m->conf, card) != ST_OK)
		return NULL;
	return *card;
}

static bool is_there(struct slot *s, unsigned i)
{
	struct card *card = card_of(s, i);

	return card != NULL && card_present(card);
}

bool slot_group_present(struct slot *s)
{
	for (unsigned i = 0; i < s->group->count; i++)
		if (is_there(s, i))
			return true;
	return false;
}

/* A modem's SIM that is gone may be known to be so by nobody but who asks. */
status slot_group_look(struct slot *s, deadline dl)
{
	struct slot_group *g = s->group;
	status first = card_look(s->card, dl);

	for (unsigned i = 0; i < g->count && !is_there(s, g->active); i++) {
		if (i == g->active || card_of(s, i) == NULL)
			continue;
		(void)!card_look(card_of(s, i), dl);
		if (is_there(s, i))
			break;
	}
	return first;
}

/* --- time --- */

void slot_group_begin(struct slot *s)
{
	struct slot_group *g = s->group;

	if (g == NULL)
		return;
	g->begun = deadline_now();
	g->call_until = g->share_until = 0;
	for (unsigned i = 0; i < g->count; i++)
		g->member[i].tried = false;
}

deadline slot_group_deadline(const struct slot *s, deadline dl)
{
	deadline share = s->group->share_until;

	return share != 0 && share < dl ? share : dl;
}

/* What is left of the call, among those who are left. */
static deadline share_of(const struct slot_group *g)
{
	deadline now = deadline_now();
	int64_t left = g->call_until > now ? g->call_until - now : 0;
	int64_t waiting = 0;

	for (unsigned i = 0; i < g->count; i++)
		waiting += !g->member[i].tried;
	deadline fair = now + left / (waiting != 0 ? waiting : 1);
	deadline least = deadline_in_ms(lib_settings()->timeout_ms / SHARE_LEAST);
	if (fair < least)
		fair = least;
	return fair < g->call_until ? fair : g->call_until;
}

/* From a failure on a call has one timeout, and from its beginning two. */
static deadline end_of_call(const struct slot_group *g)
{
	deadline now = deadline_now();
	deadline one = deadline_in_ms(lib_settings()->timeout_ms);
	deadline two = g->begun + 2 * (one - now);

	return two < one ? two : one;
}

/* --- health --- */

/* The device's fault, not the caller's, nor a refusal of the card, nor a PIN's unknown outcome. */
static bool is_fault(const struct slot *s, status st)
{
	static const status faults[] = {
		ST_NO_DEVICE,  ST_DENIED_DEVICE,    ST_BUSY_DEVICE, ST_NO_SERVICE, ST_TIMEOUT,
		ST_IO,	       ST_NO_CARD,	    ST_CARD_GONE,   ST_CARD_BUSY,  ST_SIM_PIN,
		ST_NO_CHANNEL, ST_CHANNEL_LOST,	    ST_NO_APPLET,   ST_DESYNC,	   ST_TRUNCATED,
		ST_MALFORMED,  ST_UNSUPPORTED_LINK,
	};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		if (st == faults[i])
			return true;
	/* where only one SIM may be, another one is no use */
	return st == ST_CARD_CHANGED && slot_conf(s)->expected_iccid[0] != '\0';
}

static void note_ill(struct slot *s, unsigned i, status st)
{
	struct member *m = &s->group->member[i];
	int64_t times = m->failures < 4 ? 1 << m->failures : ILL_TIMES_MOST;

	m->failures++;
	m->ill_until = deadline_in_ms(s->conf.retry_ms * times);
	log_info("group %s: %s: %s", s->conf.name, m->conf->name, status_text(st));
}

static bool is_ill(const struct member *m)
{
	return m->ill_until != 0 && !deadline_passed(m->ill_until);
}

/* --- who is active --- */

static void put_in(struct slot *s, unsigned i)
{
	struct slot_group *g = s->group;
	struct member *was = &g->member[g->active];
	struct member *now = &g->member[i];
	bool was_open = login_is_open(s);

	was->card = s->card;
	was->token = s->token;
	was->info = s->info;
	was->info_until = s->info_until;
	was->auto_spent = s->login.auto_spent;
	was->needless = s->login.needless;
	was->changes = s->changes;
	s->card = now->card;
	s->token = now->token;
	s->info = now->info;
	s->info_until = now->info_until;
	s->changes = now->changes;
	now->card = NULL;
	now->token = NULL;
	atomic_store(&g->active, i);
	s->refused = 0;
	s->switches++;
	login_other_member(s, was_open, now->auto_spent);
}

/* Without making it the active one. */
static status meet(struct slot *s, unsigned i, deadline dl)
{
	struct member *m = &s->group->member[i];
	struct card *card = card_of(s, i);

	if (card == NULL)
		return ST_NOMEM;
	status st = card_identify(card, &m->info, dl);
	if (st == ST_CARD_CHANGED) {
		token_free(m->token);
		m->token = NULL;
		if (s->group->told == (int)i)
			s->group->told = SOMEBODY;
		st = card_identify(card, &m->info, dl);
	}
	m->info_until = st == ST_OK ? deadline_in_ms(SLOT_INFO_GOOD_MS) : 0;
	return st;
}

/* Does the active member hold a key of the token that clients know? Reads its objects. */
static status compare(struct slot *s, const struct token *known, bool *ret_same)
{
	static const CK_OBJECT_CLASS certificates = CKO_CERTIFICATE;
	struct token *t = NULL;

	TRY(token_get(s, &t));
	if (known->files_read)
		TRY(token_settle(s, t, &certificates));
	*ret_same = token_adopt(t, known);
	return ST_OK;
}

/* What clients may hold handles of; NULL: nothing. */
static const struct token *known_token(struct slot *s)
{
	return session_count(s, false) != 0 ? s->token : NULL;
}

static void welcome(struct slot *s)
{
	struct member *m = &s->group->member[s->group->active];

	m->ill_until = 0;
	m->failures = 0;
	m->is_other = false;
	s->changes = card_changes(s->card); /* of before are no news */
	s->ill_until = s->unknown_until = 0;
	log_info("group %s: %s is in use", s->conf.name, m->conf->name);
}

/* Sessions of before are dead. */
static void announce_other(struct slot *s)
{
	atomic_fetch_add(&s->generation, 1);
	login_forget(s);
	made_drop_all(s);
	s->event = true;
}

/* --- failover --- */

/* Those who are well first, in the order of the configuration. */
static bool choose(struct slot *s, unsigned *ret_i)
{
	struct slot_group *g = s->group;

	for (int ill = 0; ill <= 1; ill++)
		for (unsigned i = 0; i < g->count; i++) {
			struct member *m = &g->member[i];
			if (m->tried || is_ill(m) != ill || !is_there(s, i))
				continue;
			*ret_i = i;
			return true;
		}
	return false;
}

static status try_member(struct slot *s, unsigned i, const struct token *known, bool *ret_same)
{
	struct slot_group *g = s->group;

	g->share_until = share_of(g);
	g->member[i].tried = true;
	TRY(meet(s, i, g->share_until));
	put_in(s, i);
	*ret_same = true;
	return known != NULL ? compare(s, known, ret_same) : ST_OK;
}

/* The first that can; else the slot stays with whom it had. `same` also where nobody knows any
 * token yet. */
static bool take_over(struct slot *s, bool *ret_same)
{
	struct slot_group *g = s->group;
	const struct token *known = known_token(s);
	unsigned from = g->active, generation = s->generation, i = 0;

	while (!deadline_passed(g->call_until) && choose(s, &i)) {
		status st = try_member(s, i, known, ret_same);
		if (st == ST_OK) {
			g->share_until = g->call_until; /* it answers: nobody else needs time */
			welcome(s);
			return true;
		}
		note_ill(s, i, st);
		if (g->active != from)
			put_in(s, from);
		if (s->generation != generation) /* its SIM was exchanged while we looked */
			return false;
	}
	return false;
}

static bool fail_over(struct slot *s, status st, bool *ret_same)
{
	struct slot_group *g = s->group;

	if (g == NULL || !is_fault(s, st))
		return false;
	g->member[g->active].tried = true;
	note_ill(s, g->active, st);
	if (g->call_until == 0)
		g->call_until = end_of_call(g);
	if (!take_over(s, ret_same))
		return false;
	if (!*ret_same)
		announce_other(s);
	return true;
}

bool slot_group_takes_over(struct slot *s, status *st)
{
	bool same = false;

	if (!fail_over(s, *st, &same))
		return false;
	if (*st == ST_CARD_CHANGED) /* whoever has taken over: the sessions are dead already */
		return false;
	if (!same)
		*st = ST_CARD_CHANGED;
	return same;
}

bool slot_group_next(struct slot *s, status st)
{
	bool same = false;

	return fail_over(s, st, &same);
}

status slot_group_ready(struct slot *s)
{
	struct card *card = NULL;
	struct card_info info;
	status st;

	if (s->group == NULL)
		return ST_OK;
	do {
		TRY(slot_card(s, &card));
		st = slot_outcome(s, card_identify(card, &info, slot_deadline(s)));
	} while (slot_group_takes_over(s, &st));
	return st;
}

void slot_group_tell(struct slot *s)
{
	if (s->group != NULL)
		s->group->told = (int)s->group->active;
}

status slot_group_ready_for_pin(struct slot *s)
{
	struct slot_group *g = s->group;

	TRY(slot_group_ready(s));
	if (g == NULL)
		return ST_OK;
	bool other = g->told != NOBODY && g->told != (int)g->active;
	slot_group_tell(s);
	return other ? ST_CARD_GONE : ST_OK;
}

/* --- back --- */

/* Somebody has to log in there, unless the card says otherwise. */
static bool asks_for_login(const struct member *m)
{
	bool by_itself = m->conf->pin_source[0] != '\0' && !m->auto_spent;

	return m->conf->pin_ref != 0 && !by_itself && !m->needless;
}

/* A SIM with another identity would end sessions, and one that asks for a PIN would end that nobody
 * has to log in: not while there are any. */
static bool may_return_to(struct slot *s, unsigned i, const struct token *known)
{
	struct member *m = &s->group->member[i];

	if (is_ill(m) || (m->is_other && known != NULL))
		return false;
	if (asks_for_login(m) && login_is_open(s) && session_count(s, false) != 0)
		return false;
	if (is_there(s, i))
		return true;
	m->ill_until = deadline_in_ms(ABSENT_MS);
	return false;
}

static status try_return(struct slot *s, unsigned i, const struct token *known)
{
	struct slot_group *g = s->group;
	unsigned from = g->active;
	bool same = true;

	TRY(meet(s, i, g->share_until));
	put_in(s, i);
	status st = known != NULL ? compare(s, known, &same) : ST_OK;
	if (st == ST_OK && same) {
		welcome(s);
		return ST_OK;
	}
	put_in(s, from);
	g->member[i].is_other = st == ST_OK;
	return st;
}

static bool is_quiet(struct slot *s)
{
	bool logged_in = s->login.done && slot_conf(s)->pin_ref != 0;

	return !logged_in && !session_any_active(s);
}

void slot_group_settle(struct slot *s)
{
	struct slot_group *g = s->group;
	int64_t ms = PROBE_MS;

	if (g == NULL || g->active == 0 || !deadline_passed(g->return_at))
		return;
	if (ms > lib_settings()->timeout_ms / 2)
		ms = lib_settings()->timeout_ms / 2;
	deadline until = deadline_in_ms(ms), enough = deadline_in_ms(ms / 2);
	for (unsigned i = 0, active = g->active; i < active && g->active == active; i++) {
		const struct token *known = known_token(s);
		if (!may_return_to(s, i, known) || !is_quiet(s))
			continue;
		g->share_until = until;
		status st = try_return(s, i, known);
		g->share_until = 0;
		if (st != ST_OK)
			note_ill(s, i, st);
		/* the silence of each costs as much: one now and then, and not all of them */
		if (deadline_passed(until))
			g->return_at = deadline_in_ms(s->conf.retry_ms);
		if (deadline_passed(enough))
			return;
	}
}
