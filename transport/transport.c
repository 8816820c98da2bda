/* SPDX-License-Identifier: Apache-2.0 */
#include "transport.h"

#include <stdio.h>
#include <string.h>

#include "backends.h"
#include "devlock.h"
#include "log.h"
#include "mem.h"

static const struct transport_ops *const registry[] = {
	&transport_pcsc, &transport_at, &transport_mbim, &transport_qmi, &transport_unix,
};

static const struct transport_ops *ops_of(const struct uri *uri)
{
	for (size_t i = 0; i < ARRAY_LEN(registry); i++)
		if (strcmp(registry[i]->scheme, uri->scheme) == 0)
			return registry[i];
	return NULL;
}

status transport_open(const struct uri *uri, const struct transport_settings *set,
		      struct transport **ret_t)
{
	const struct transport_ops *ops = ops_of(uri);
	if (!ops)
		return ST_ARG;
	struct transport *t = NULL;
	TRY(ops->open(uri, &t));
	t->ops = ops;

	char device[sizeof(uri->scheme) + 1 + URI_MAX];
	snprintf(device, sizeof(device), "%s:%s", uri->scheme, t->name);
	status st = devlock_new(set->lock_dir, device, &t->lock);
	if (st != ST_OK) {
		ops->free(t, false);
		return st;
	}
	*ret_t = t;
	return ST_OK;
}

void transport_close(struct transport *t)
{
	if (!t)
		return;
	transport_leave(t);
	/* the back end may want the lock once more */
	struct devlock *lock = t->lock;
	t->ops->free(t, false);
	devlock_free(lock, false);
}

void transport_forget(struct transport *t)
{
	if (!t)
		return;
	devlock_free(t->lock, true);
	t->ops->free(t, true);
}

/* With the lock, which is given back when it fails. */
static status begin(struct transport *t, bool unclean, deadline dl)
{
	LOG_SPAN("link: begin");
	t->unclean = t->unclean || unclean;
	status st = t->ops->begin(t, dl);
	if (st != ST_OK) {
		devlock_leave(t->lock, t->unclean);
		log_debug("transport=%s device=%s begin: %s", t->ops->scheme, t->name,
			  status_text(st));
		return st;
	}
	t->entered = true;
	return ST_OK;
}

static status take_turn(struct transport *t, bool *ret_unclean, deadline dl)
{
	LOG_SPAN("wait: turn");
	return devlock_enter(t->lock, dl, ret_unclean);
}

status transport_enter(struct transport *t, deadline dl)
{
	bool unclean = false;

	if (t->entered)
		return ST_BUG;
	TRY(take_turn(t, &unclean, dl));
	return begin(t, unclean, dl);
}

void transport_leave(struct transport *t)
{
	if (!t->entered)
		return;
	LOG_SPAN("link: end");
	t->ops->end(t);
	devlock_leave(t->lock, t->unclean);
	t->entered = false;
}

status transport_transmit(struct transport *t, const struct channel *ch, struct bytes cmd,
			  struct wtr *reply, deadline dl)
{
	if (!t->entered)
		return ST_BUG;
	reply->n = 0;
	reply->overflow = false;
	TRY(t->ops->transmit(t, ch, cmd, reply, dl));
	if (wtr_done(reply) != ST_OK)
		return ST_MALFORMED;
	return reply->n < 2 ? ST_TRUNCATED : ST_OK;
}

status transport_channel_open(struct transport *t, struct bytes aid, struct channel *ret_ch,
			      deadline dl)
{
	LOG_SPAN("link: open a channel");
	if (!t->entered)
		return ST_BUG;
	if (!t->ops->channel_open)
		return ST_UNSUPPORTED_LINK;
	struct channel ch = {0};
	TRY(t->ops->channel_open(t, aid, &ch, dl));
	*ret_ch = ch;
	return ST_OK;
}

status transport_channel_close(struct transport *t, const struct channel *ch, deadline dl)
{
	LOG_SPAN("link: close the channel");
	if (!t->entered)
		return ST_BUG;
	if (!t->ops->channel_close || !channel_is_device_owned(ch))
		return ST_UNSUPPORTED_LINK;
	return t->ops->channel_close(t, ch, dl);
}

status transport_iccid(struct transport *t, char ret_iccid[ICCID_DIGITS_MAX + 1], deadline dl)
{
	LOG_SPAN("link: ICCID");
	if (!t->entered)
		return ST_BUG;
	if (!t->ops->iccid)
		return ST_UNSUPPORTED_LINK;
	return t->ops->iccid(t, ret_iccid, dl);
}

bool transport_present(struct transport *t)
{
	return t->ops->present(t);
}

void transport_disconnect(struct transport *t)
{
	t->ops->disconnect(t);
}

status transport_look(struct transport *t, deadline dl)
{
	if (!t->ops->look)
		return t->ops->present(t) ? ST_OK : ST_NO_CARD;
	if (t->entered)
		return ST_BUG;
	bool unclean = false;
	if (devlock_enter(t->lock, deadline_now(), &unclean) != ST_OK)
		return ST_CARD_BUSY;
	TRY(begin(t, unclean, dl));
	status st = t->ops->look(t, dl);
	transport_leave(t);
	return st;
}

status transport_record_load(struct transport *t, struct channel_record *ret_r, deadline dl)
{
	if (!t->entered)
		return ST_BUG;
	struct channel_record r;
	TRY(devlock_load(t->lock, &r));
	if (r.generation != t->generation && !(t->traits & TRANSPORT_COUNTS_PORTS))
		return ST_NO_ENTRY;
	if (t->ops->resume)
		TRY(t->ops->resume(t, &r.channel, dl));
	*ret_r = r;
	return ST_OK;
}

void transport_record_store(struct transport *t, const struct channel_record *r)
{
	if (t->entered)
		devlock_store(t->lock, r);
}

void transport_record_clear(struct transport *t)
{
	if (t->entered)
		devlock_clear(t->lock);
}

bool transport_can_share(const struct transport *t)
{
	return devlock_can_share(t->lock);
}

status transport_list(const struct uri *uri, const char *uri_text,
		      void (*found)(void *ctx, const char *uri_text), void *ctx)
{
	const struct transport_ops *ops = ops_of(uri);
	if (!ops)
		return ST_ARG;
	bool bare = uri->path[0] == '\0' && uri->param_count == 0;
	if (bare && ops->list)
		return ops->list(found, ctx);
	found(ctx, uri_text);
	return ST_OK;
}
