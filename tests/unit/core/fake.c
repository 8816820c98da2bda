/* SPDX-License-Identifier: Apache-2.0 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "mem.h"

struct fake fake;
static struct step *played;

void fake_reset(void)
{
	free(played);
	played = NULL;
	memset(&fake, 0, sizeof(fake));
	fake.can_share = true;
	fake.iccid_st = ST_UNSUPPORTED_LINK;
}

void fake_play(const struct step *steps, size_t n)
{
	fake_done();
	free(played);
	played = malloc(n * sizeof(*steps));
	assert_non_null(played);
	memcpy(played, steps, n * sizeof(*steps));
	fake.steps = played;
	fake.step_count = n;
	fake.step_at = 0;
}

void fake_done(void)
{
	if (fake.step_at != fake.step_count)
		fail_msg("step %zu was never asked for: %s", fake.step_at,
			 fake.steps[fake.step_at].cmd);
	if (fake.device_at != fake.device_count)
		fail_msg("device step %zu was never asked for", fake.device_at);
	assert_int_equal(fake.enters, fake.leaves);
}

size_t unhex(const char *text, uint8_t *dst, size_t cap)
{
	struct wtr w = wtr_on(dst, cap);
	uint8_t two[2];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		two[n++] = (uint8_t)*text;
		if (n == 2) {
			assert_int_equal(hex_get(BYTES_OF(two), &w), ST_OK);
			n = 0;
		}
	}
	assert_int_equal(n, 0);
	assert_int_equal(wtr_done(&w), ST_OK);
	return w.n;
}

void fake_record(uint8_t number, uint8_t cla_base, const char *aid_hex, const char *iccid)
{
	fake.has_record = true;
	fake.record = (struct channel_record){
		.channel.number = number, .generation = fake.generation, .cla_base = cla_base};
	fake.record.aid_len = unhex(aid_hex, fake.record.aid, sizeof(fake.record.aid));
	snprintf(fake.record.iccid, sizeof(fake.record.iccid), "%s", iccid);
}

static bool matches(const char *pattern, struct bytes cmd)
{
	size_t i = 0;

	for (const char *p = pattern; *p; p++) {
		char two[3] = {p[0], p[0] ? p[1] : '\0', '\0'};
		uint8_t want;

		if (*p == ' ')
			continue;
		if (*p == '*')
			return true;
		if (i == cmd.n)
			return false;
		if (strcmp(two, "..") != 0) {
			assert_int_equal(unhex(two, &want, 1), 1);
			if (cmd.p[i] != want)
				return false;
		}
		i++;
		p++;
	}
	return i == cmd.n;
}

static status play(struct bytes cmd, struct wtr *reply)
{
	char text[2 * APDU_CMD_MAX + 1];
	uint8_t buf[600];
	const struct step *s;

	hex_str(cmd, text, sizeof(text));
	if (fake.step_at == fake.step_count) {
		fail_msg("after all steps the core sent %s", text);
		return ST_BUG;
	}
	s = &fake.steps[fake.step_at];
	if (!matches(s->cmd, cmd))
		fail_msg("step %zu: expected %s, the core sent %s", fake.step_at, s->cmd, text);
	fake.step_at++;
	if (s->st != ST_OK)
		return s->st;
	wtr_put(reply, s->raw);
	wtr_put(reply, bytes_of(buf, unhex(s->reply, buf, sizeof(buf))));
	return wtr_done(reply) == ST_OK ? ST_OK : ST_MALFORMED;
}

/* --- transport.h --- */

status transport_open(const struct uri *uri, const struct transport_settings *set,
		      struct transport **ret_t)
{
	assert_non_null(set->lock_dir);
	if (strcmp(uri->scheme, "nope") == 0)
		return ST_ARG;
	snprintf(fake.t.name, sizeof(fake.t.name), "fake device");
	*ret_t = &fake.t;
	return ST_OK;
}

void transport_close(struct transport *t)
{
	if (t)
		fake.closed++;
}

void transport_forget(struct transport *t)
{
	if (t)
		fake.forgotten++;
}

status transport_enter(struct transport *t, deadline dl)
{
	assert_false(t->entered);
	if (deadline_passed(dl))
		return ST_TIMEOUT;
	if (fake.enter_at < ARRAY_LEN(fake.enter_st)) {
		status st = fake.enter_st[fake.enter_at++];

		if (st != ST_OK)
			return st;
	}
	t->traits = fake.traits;
	t->generation = fake.generation;
	t->displaced = fake.displaced;
	t->entered = true;
	fake.enters++;
	return ST_OK;
}

void transport_leave(struct transport *t)
{
	assert_true(t->entered);
	t->entered = false;
	fake.leaves++;
}

status transport_transmit(struct transport *t, const struct channel *ch, struct bytes cmd,
			  struct wtr *reply, deadline dl)
{
	assert_true(t->entered);
	assert_true(fake.apdus < FAKE_LOG_MAX);
	assert_true(cmd.n >= 4 && cmd.n <= APDU_CMD_MAX);
	fake.basic_channel[fake.apdus] = !ch;
	memcpy(fake.log[fake.apdus], cmd.p, cmd.n < 8 ? cmd.n : 8);
	memcpy(fake.last, cmd.p, cmd.n);
	fake.last_n = cmd.n;
	fake.apdus++;
	reply->n = 0;
	reply->overflow = false;
	if (deadline_passed(dl)) {
		fake.timeouts++;
		return ST_TIMEOUT;
	}
	return fake.answer ? fake.answer(fake.ctx, cmd, reply) : play(cmd, reply);
}

status transport_channel_open(struct transport *t, struct bytes aid, struct channel *ret_ch,
			      deadline dl)
{
	uint8_t want[AID_MAX];
	const struct device_step *s;

	assert_true(t->entered);
	assert_false(deadline_passed(dl));
	if (!fake.device)
		return ST_UNSUPPORTED_LINK;
	assert_true(fake.device_at < fake.device_count);
	s = &fake.device[fake.device_at++];
	assert_non_null(s->aid);
	assert_true(bytes_equal(aid, bytes_of(want, unhex(s->aid, want, sizeof(want)))));
	if (s->st != ST_OK)
		return s->st;
	*ret_ch = (struct channel){0};
	snprintf(ret_ch->handle, sizeof(ret_ch->handle), "%s", s->handle);
	return ST_OK;
}

status transport_channel_close(struct transport *t, const struct channel *ch, deadline dl)
{
	const struct device_step *s;

	(void)dl;
	assert_true(t->entered);
	assert_true(channel_is_device_owned(ch));
	assert_true(fake.device_at < fake.device_count);
	s = &fake.device[fake.device_at++];
	assert_null(s->aid);
	assert_string_equal(ch->handle, s->handle);
	return s->st;
}

status transport_iccid(struct transport *t, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	(void)dl;
	assert_true(t->entered);
	fake.iccid_asked++;
	if (!fake.has_iccid || fake.iccid_asked <= fake.iccid_stumbles)
		return fake.iccid_st;
	memcpy(ret_iccid, fake.iccid, sizeof(fake.iccid));
	return ST_OK;
}

bool transport_present(struct transport *t)
{
	assert_false(t->entered);
	return true;
}

status transport_look(struct transport *t, deadline dl)
{
	(void)dl;
	assert_false(t->entered);
	return fake.look_st;
}

void transport_disconnect(struct transport *t)
{
	(void)t;
}

status transport_record_load(struct transport *t, struct channel_record *ret_r, deadline dl)
{
	(void)dl;
	assert_true(t->entered);
	bool old = fake.record.generation != t->generation;
	if (!fake.has_record || (old && !(fake.traits & TRANSPORT_COUNTS_PORTS)))
		return ST_NO_ENTRY;
	*ret_r = fake.record;
	return ST_OK;
}

void transport_record_store(struct transport *t, const struct channel_record *r)
{
	assert_true(t->entered);
	fake.stores++;
	fake.has_record = fake.can_share;
	fake.record = *r;
}

void transport_record_clear(struct transport *t)
{
	assert_true(t->entered);
	fake.clears++;
	fake.has_record = false;
}

bool transport_can_share(const struct transport *t)
{
	(void)t;
	return fake.can_share;
}

status transport_list(const struct uri *uri, const char *uri_text,
		      void (*found)(void *ctx, const char *uri_text), void *ctx)
{
	bool bare = strcmp(uri->scheme, "pcsc") == 0 && !uri->path[0] && uri->param_count == 0;

	if (!bare) {
		found(ctx, uri_text);
		return ST_OK;
	}
	found(ctx, "pcsc:?reader=One");
	found(ctx, "pcsc:?reader=Two");
	return ST_OK;
}

/* --- the rig --- */

static struct rig the_rig;

int rig_setup(void **state)
{
	struct rig *r = &the_rig;

	fake_reset();
	settings_default(&r->all);
	r->conf = (struct settings_slot){.id = 0, .cla_base = -1, .name = "test"};
	assert_int_equal(uri_parse("unix:/nowhere", &r->conf.uri), ST_OK);
	assert_int_equal(card_new(&r->all, &r->conf, &r->c), ST_OK);
	*state = r;
	return 0;
}

int rig_teardown(void **state)
{
	struct rig *r = *state;

	card_free(r->c);
	r->c = NULL;
	fake_reset();
	return 0;
}

void rig_new_process(struct rig *r)
{
	card_free(r->c);
	assert_int_equal(card_new(&r->all, &r->conf, &r->c), ST_OK);
}

deadline soon(void)
{
	return deadline_in_ms(10000);
}
