/* SPDX-License-Identifier: Apache-2.0 */
/* Our logical channel: taken over from the device's record, or opened, identified and recorded
 * (design §3 (6); iotsafe-protocol.md §3, §4.1, §4.2). */
#include <string.h>

#include "card_impl.h"
#include "iccid.h"
#include "log.h"
#include "mem.h"

/* §3 rule 1. The last is also the mDL's: the object list that follows proves the applet. */
static const struct settings_aid default_aids[] = {
	{{0xA0, 0x00, 0x00, 0x05, 0x59, 0x00, 0x10}, 7},
	{{0xA0, 0x00, 0x00, 0x00, 0x30, 0x53, 0xF1, 0x24, 0x01, 0x77, 0x01, 0x01, 0x49, 0x53, 0x41},
	 15},
	{{0xA0, 0x00, 0x00, 0x01, 0x15, 0x70, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x49, 0x53, 0x41,
	  0x02},
	 16},
	{{0xA0, 0x00, 0x00, 0x02, 0x48, 0x04, 0x00}, 7},
};

static size_t aids(const struct card *c, const struct settings_aid **ret_list)
{
	if (c->conf->aid_count > 0) {
		*ret_list = c->conf->aid;
		return c->conf->aid_count;
	}
	*ret_list = default_aids;
	return ARRAY_LEN(default_aids);
}

/* --- identity --- */

/* TS 102 221 §13.2 on our own channel, where a fresh one has the MF selected; once the applet is
 * selected, by path from the MF. */
static status read_ef_iccid(struct card *c, bool from_mf, char ret[ICCID_DIGITS_MAX + 1],
			    deadline dl)
{
	enum { EF_ICCID_LEN = 10 };
	static const uint8_t ef_iccid[] = {0x2F, 0xE2};
	struct call select = CALL(CMD_SELECT_FILE, .data = BYTES_OF(ef_iccid));
	struct bytes bcd;

	if (from_mf)
		select.p1 = P(0x08);
	TRY(exec_call(c, &select, NULL, NULL, dl));
	TRY(exec_call(c, &CALL(CMD_READ_BINARY, .le = EF_ICCID_LEN), &bcd, NULL, dl));
	return bcd.n == EF_ICCID_LEN ? iccid_from_ef(bcd, ret) : ST_MALFORMED;
}

/* Compares the card that answers with the one that we know; learns it if we know none. An ICCID
 * that could not be read, now or before, proves nothing: then the object list has to (card.c). */
static status check_identity(struct card *c, const char *iccid)
{
	const char *expected = c->conf->expected_iccid;

	if (expected[0] && strcmp(expected, iccid) != 0) {
		log_error("slot %s: expected-iccid is %s, the SIM there has %s", c->conf->name,
			  expected, iccid[0] ? iccid : "none that can be read");
		return ST_CARD_CHANGED;
	}
	if (c->identified && c->iccid[0] && iccid[0] && strcmp(c->iccid, iccid) != 0) {
		log_info("slot %s: another SIM: %s in place of %s", c->conf->name, iccid, c->iccid);
		return ST_CARD_CHANGED;
	}
	c->verify_list = c->identified && (!iccid[0] || !c->iccid[0]);
	if (!c->identified || !c->iccid[0])
		memcpy(c->iccid, iccid, strlen(iccid) + 1);
	c->identified = true;
	return ST_OK;
}

/* --- opening --- */

static bool is_thales(struct bytes aid)
{
	return aid.n == 15 && aid.p[4] == 0x30 && aid.p[5] == 0x53;
}

static void set_selected(struct card *c, struct bytes aid)
{
	memcpy(c->aid, aid.p, aid.n);
	c->aid_len = aid.n;
	if (!c->cla_known && c->conf->cla_base < 0)
		c->cla_base = is_thales(aid) || channel_is_device_owned(&c->channel) ? 0x00 : 0x80;
	c->stats.selects++;
}

static status select_applet(struct card *c, deadline dl)
{
	const struct settings_aid *list;
	size_t n = aids(c, &list);

	for (size_t i = 0; i < n; i++) {
		struct bytes aid = bytes_of(list[i].b, list[i].n);
		status st = exec_call(c, &CALL(CMD_SELECT_AID, .data = aid), NULL, NULL, dl);

		if (st == ST_OK) {
			set_selected(c, aid);
			return ST_OK;
		}
		/* a lost link or channel ends the search; any refusal means the next AID */
		if (!card_refused(st))
			return st;
	}
	return ST_NO_APPLET;
}

/* AT+CCHO, QMI, MBIM: open and select in one. */
static status open_device_owned(struct card *c, deadline dl)
{
	const struct settings_aid *list;
	size_t n = aids(c, &list);
	status st = ST_UNSUPPORTED_LINK;

	for (size_t i = 0; i < n; i++) {
		struct bytes aid = bytes_of(list[i].b, list[i].n);

		st = transport_channel_open(c->t, aid, &c->channel, dl);
		if (st == ST_OK) {
			c->has_channel = c->fresh = true;
			c->stats.channel_opens++;
			set_selected(c, aid);
			return ST_OK;
		}
		if (st != ST_NO_APPLET)
			return st;
	}
	return st;
}

/* *ret_implicit: the card has no MANAGE CHANNEL, but a SELECT by AID on channel 1 may open it. */
static status manage_channel_open(struct card *c, bool *ret_implicit, deadline dl)
{
	struct bytes b = {0};
	status st;

	c->channel = (struct channel){0};
	st = exec_call(c, &CALL(CMD_CHANNEL_OPEN, .le = 1), &b, NULL, dl);
	if (st == ST_SW_LENGTH)
		st = exec_call(c, &CALL(CMD_CHANNEL_OPEN, .le = 256), &b, NULL, dl);
	if (st == ST_CHANNEL_LOST || st == ST_SW_MEMORY || st == ST_SW_PARAMS)
		return ST_NO_CHANNEL; /* 6881, 6A84, 6A81 and 6A86 say so (§4.1) */
	*ret_implicit = st == ST_SW_INS || st == ST_SW_CLASS;
	if (*ret_implicit) {
		c->channel.number = 1;
		return ST_OK;
	}
	TRY(st);
	if (b.n != 1 || b.p[0] < 1 || b.p[0] > 19)
		return ST_MALFORMED;
	c->channel.number = b.p[0];
	c->stats.channel_opens++;
	return ST_OK;
}

/* A channel that leaks is gone until the card is reset, so closing gets its time even when the
 * operation used up its own. */
enum { CLOSE_GRACE_MS = 500 };

static void close_channel(struct card *c, deadline dl)
{
	status st;

	if (deadline_passed(dl))
		dl = deadline_in_ms(CLOSE_GRACE_MS);
	if (channel_is_device_owned(&c->channel))
		st = transport_channel_close(c->t, &c->channel, dl);
	else
		st = exec_call(c, &CALL(CMD_CHANNEL_CLOSE, .p2 = P(c->channel.number)), NULL, NULL,
			       dl);
	if (st != ST_OK)
		log_debug("closing the channel: %s", status_text(st));
	c->has_channel = false;
	transport_record_clear(c->t);
}

/* Is it the link that failed, rather than the card that refused? */
static bool link_failed(status st)
{
	return st == ST_CHANNEL_LOST || st == ST_TIMEOUT || st == ST_CARD_GONE || st == ST_IO ||
	       st == ST_NO_DEVICE || st == ST_NO_CARD || st == ST_DESYNC || st == ST_TRUNCATED;
}

/* The ICCID, or "" when neither link nor card tells it here. Fails only with the link. Without it
 * neither store nor PINs work as long as the card is there, so that who stumbles, modem or card,
 * and does not say that there is none to be had, is asked twice. */
static status read_iccid(struct card *c, bool from_mf, char ret[ICCID_DIGITS_MAX + 1], deadline dl)
{
	const bool only_by_link = channel_is_device_owned(&c->channel);
	status st = transport_iccid(c->t, ret, dl);

	if (st != ST_OK && st != ST_UNSUPPORTED_LINK && only_by_link && !deadline_passed(dl))
		st = transport_iccid(c->t, ret, dl);
	if (st != ST_OK && !only_by_link) {
		st = read_ef_iccid(c, from_mf, ret, dl);
		if (!from_mf && st != ST_OK && st != ST_SW_NOT_FOUND && !link_failed(st))
			st = read_ef_iccid(c, from_mf, ret, dl);
		if (link_failed(st))
			return st;
	}
	if (st != ST_OK && deadline_passed(dl))
		return ST_TIMEOUT; /* it did not say that there is none */
	if (st != ST_OK)
		ret[0] = '\0';
	return ST_OK;
}

static status identify(struct card *c, deadline dl)
{
	char iccid[ICCID_DIGITS_MAX + 1] = "";

	TRY(read_iccid(c, false, iccid, dl));
	return check_identity(c, iccid);
}

/* aid is what is selected there; empty for none. */
static void record_as(struct card *c, struct bytes aid)
{
	struct channel_record r = {.channel = c->channel,
				   .aid_len = aid.n,
				   .generation = c->t->generation,
				   .cla_base = c->cla_base};

	if (aid.n > 0)
		memcpy(r.aid, aid.p, aid.n);
	memcpy(r.iccid, c->iccid, sizeof(r.iccid));
	c->cla_recorded = c->cla_base;
	transport_record_store(c->t, &r);
}

static void record(struct card *c)
{
	record_as(c, bytes_of(c->aid, c->aid_len));
}

/* Channel 1 opens with the SELECT, so there is no moment at which the MF is selected there. Nothing
 * was opened if it fails, and nothing is closed. */
static status open_implicit(struct card *c, deadline dl)
{
	char iccid[ICCID_DIGITS_MAX + 1] = "";

	c->fresh = true;
	TRY(select_applet(c, dl));
	if (transport_iccid(c->t, iccid, dl) != ST_OK)
		iccid[0] = '\0';
	TRY(check_identity(c, iccid));
	c->has_channel = true;
	return ST_OK;
}

/* What the link says is about the card that is there now: once more after SELECT, which opens a
 * lost channel by itself on some cards, so that a swap just before it would show nowhere else. */
static status confirm_by_link(struct card *c, deadline dl)
{
	char iccid[ICCID_DIGITS_MAX + 1] = "";

	if (transport_iccid(c->t, iccid, dl) != ST_OK)
		return ST_OK;
	return check_identity(c, iccid);
}

/* A channel that is open but not selected is recorded too: whoever comes next, should this process
 * die here, uses it instead of opening one more. */
static status open_host_owned(struct card *c, deadline dl)
{
	bool implicit;
	status st;

	TRY(manage_channel_open(c, &implicit, dl));
	if (implicit)
		return open_implicit(c, dl);
	c->has_channel = c->fresh = true;
	c->aid_len = 0;
	record(c);
	st = identify(c, dl);
	if (st == ST_OK)
		st = select_applet(c, dl);
	if (st == ST_OK)
		st = confirm_by_link(c, dl);
	if (st != ST_OK && !link_failed(st))
		close_channel(c, dl);
	return st;
}

static status open_new(struct card *c, deadline dl)
{
	status st = open_device_owned(c, dl);

	if (st == ST_OK) {
		st = identify(c, dl);
		if (st != ST_OK)
			close_channel(c, dl);
	} else if (st == ST_UNSUPPORTED_LINK) {
		st = open_host_owned(c, dl);
	}
	TRY(st);
	c->resumed = false;
	record(c);
	return ST_OK;
}

/* Is the card behind our channel still the one that we know? Where an applet is selected most cards
 * do not show EF_ICCID: ST_NO_ENTRY when only a fresh channel can tell. */
static status identify_again(struct card *c, deadline dl)
{
	char iccid[ICCID_DIGITS_MAX + 1] = "";

	TRY(read_iccid(c, true, iccid, dl));
	if (!iccid[0] && (c->iccid[0] || c->conf->expected_iccid[0]))
		return ST_NO_ENTRY;
	return check_identity(c, iccid);
}

/* The channel is still ours, but perhaps not its applet: select again where it stands. It is closed
 * first where the device opened it or the card's identity cannot be seen from it. */
static status select_again(struct card *c, deadline dl)
{
	bool trusted = c->other_applet;
	status st = ST_OK;

	c->select_again = c->other_applet = false;
	if (channel_is_device_owned(&c->channel)) {
		close_channel(c, dl);
		return ST_NO_ENTRY;
	}
	c->fresh = true;
	if (!trusted)
		st = identify_again(c, dl);
	if (st == ST_NO_ENTRY)
		close_channel(c, dl);
	if (st == ST_OK)
		st = select_applet(c, dl);
	if (st == ST_OK)
		record(c);
	if (st != ST_CHANNEL_LOST)
		return st;
	card_was_reset(c);
	return ST_NO_ENTRY;
}

/* --- the MF for a moment --- */

status channel_to_mf(struct card *c, deadline dl)
{
	static const uint8_t mf[] = {0x3F, 0x00};

	c->at_mf = true;
	record_as(c, bytes_of(NULL, 0));
	return exec_call(c, &CALL(CMD_SELECT_FILE, .data = BYTES_OF(mf)), NULL, NULL, dl);
}

void channel_to_applet(struct card *c, deadline dl)
{
	struct bytes aid = bytes_of(c->aid, c->aid_len);
	status st;

	if (!c->at_mf)
		return;
	c->at_mf = false;
	if (deadline_passed(dl))
		dl = deadline_in_ms(CLOSE_GRACE_MS);
	st = exec_call(c, &CALL(CMD_SELECT_AID, .data = aid), NULL, NULL, dl);
	if (st == ST_OK) {
		c->fresh = true;
		c->stats.selects++;
		record(c);
		return;
	}
	log_debug("the applet was not selected again: %s", status_text(st));
	card_power_moves(c);
	c->fresh = false;
	c->select_again = true;
	if (st == ST_CHANNEL_LOST) {
		c->has_channel = false;
		transport_record_clear(c->t);
	}
}

/* --- taking over --- */

static bool same_channel(const struct channel *a, const struct channel *b)
{
	return a->number == b->number && strcmp(a->handle, b->handle) == 0;
}

/* The applet that we worked with, or any of ours when there was none yet. */
static bool aid_wanted(const struct card *c, struct bytes aid)
{
	const struct settings_aid *list;
	size_t n = aids(c, &list);

	if (c->aid_len > 0)
		return bytes_equal(aid, bytes_of(c->aid, c->aid_len));
	for (size_t i = 0; i < n; i++)
		if (bytes_equal(aid, bytes_of(list[i].b, list[i].n)))
			return true;
	return false;
}

/* Is the card behind the record the one that we may use? A record may outlive its card where the
 * link counts no cards: before it is believed to be the wrong one, the link is asked. ST_NO_ENTRY:
 * that card is gone, and its channels with it. */
static status check_record(struct card *c, const struct channel_record *r, deadline dl)
{
	char now[ICCID_DIGITS_MAX + 1] = "";
	status st = check_identity(c, r->iccid);

	if (st == ST_CARD_CHANGED && transport_iccid(c->t, now, dl) == ST_OK &&
	    strcmp(now, r->iccid) != 0) {
		card_was_reset(c);
		c->has_channel = false;
		return ST_NO_ENTRY;
	}
	return st;
}

/* The port is a new one; is the modem behind it? It is, if the channel still leads to our applet on
 * the same SIM. If not, the channel is gone, or was never ours: it is not closed. */
static status take_over_old(struct card *c, const struct channel_record *r, deadline dl)
{
	char now[ICCID_DIGITS_MAX + 1] = "";
	status st;

	c->has_channel = false;
	if (r->aid_len == 0 || !aid_wanted(c, bytes_of(r->aid, r->aid_len)) ||
	    (transport_iccid(c->t, now, dl) == ST_OK && strcmp(now, r->iccid) != 0))
		return ST_NO_ENTRY;
	c->channel = r->channel;
	if (!c->cla_known && c->conf->cla_base < 0)
		c->cla_base = r->cla_base;
	st = applet_prove(c, dl);
	if (st != ST_OK)
		return link_failed(st) && st != ST_CHANNEL_LOST ? st : ST_NO_ENTRY;
	TRY(check_identity(c, r->iccid));
	memcpy(c->aid, r->aid, r->aid_len);
	c->aid_len = r->aid_len;
	c->has_channel = c->resumed = true;
	record(c);
	return ST_OK;
}

/* Uses what the lock file remembers. ST_NO_ENTRY: nothing usable. */
static status take_over(struct card *c, deadline dl)
{
	bool unproven = c->verify_list;
	struct channel_record r;

	if (!transport_can_share(c->t))
		return c->has_channel ? ST_OK : ST_NO_ENTRY;
	if (transport_record_load(c->t, &r, dl) != ST_OK) {
		if (c->has_channel)
			card_lost_channel(c);
		c->has_channel = false;
		return ST_NO_ENTRY;
	}
	if (r.generation != c->t->generation)
		return take_over_old(c, &r, dl);
	if (r.aid_len > 0)
		TRY(check_record(c, &r, dl));
	if (r.aid_len > 0 && !aid_wanted(c, bytes_of(r.aid, r.aid_len))) {
		r.aid_len = 0; /* another slot's applet on the same SIM: select ours */
		c->other_applet = !c->select_again;
	}
	c->select_again = c->select_again || r.aid_len == 0;
	c->cla_recorded = r.cla_base;
	if (c->has_channel && same_channel(&c->channel, &r.channel)) {
		/* the channel lives, so the card is the one that we have seen */
		c->verify_list = c->verify_list && (c->select_again || unproven);
		return ST_OK;
	}
	if (c->has_channel)
		card_lost_channel(c);
	c->channel = r.channel;
	memcpy(c->aid, r.aid, r.aid_len);
	c->aid_len = r.aid_len;
	/* a hint only: it may have been written before the first command to the applet */
	if (!c->cla_known && c->conf->cla_base < 0)
		c->cla_base = r.cla_base;
	c->has_channel = c->resumed = true;
	return ST_OK;
}

status channel_ensure(struct card *c, deadline dl)
{
	status st;

	if (c->has_channel && c->fresh)
		return ST_OK; /* within one operation nobody else was there */
	c->fresh = false;
	st = take_over(c, dl);
	if (st == ST_OK && c->select_again)
		st = select_again(c, dl);
	if (st != ST_NO_ENTRY)
		return st;
	c->select_again = false;
	transport_record_clear(c->t);
	return open_new(c, dl);
}

void channel_doubt(struct card *c, status why, deadline dl)
{
	bool ours = c->has_channel && c->fresh;

	log_debug("channel in doubt: %s", status_text(why));
	c->fresh = false;
	if (why != ST_CHANNEL_LOST) {
		c->select_again = true;
		return;
	}
	/* some cards say "lost" for other things: what we selected a moment ago must not leak */
	if (ours)
		close_channel(c, dl);
	c->has_channel = false;
	transport_record_clear(c->t);
	card_was_reset(c);
}

void channel_leave(struct card *c, deadline dl)
{
	bool stays = transport_can_share(c->t) && !(c->t->traits & TRANSPORT_CHANNEL_DIES);

	if (c->has_channel && !stays)
		close_channel(c, dl);
	if (c->has_channel && !c->select_again && c->aid_len > 0 && c->cla_base != c->cla_recorded)
		record(c); /* the class was learned: tell the next process */
	c->fresh = false;
}
