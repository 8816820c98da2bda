/* SPDX-License-Identifier: Apache-2.0 */
#include "p11token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "p11rv.h"
#include "pin.h"
#include "say.h"
#include "text.h"

enum { TOKENS_MAX = 64, MECHANISMS_MAX = 256 };

static struct bytes padded(const unsigned char *field, size_t n)
{
	while (n > 0 && field[n - 1] == ' ')
		n--;
	return bytes_of(field, n);
}
#define PADDED(field) padded((field), sizeof(field))

struct bytes p11token_label(const struct p11token *t)
{
	return PADDED(t->info.label);
}

struct bytes p11token_serial(const struct p11token *t)
{
	return PADDED(t->info.serialNumber);
}

/* --- which one --- */

/* The options' and the URI's word on a slot. */
struct wish {
	const char *label;
	bool has_slot;
	CK_SLOT_ID slot;
	const struct p11uri *uri; /* or NULL */
};

static bool is_number(const char *text, unsigned long *ret_v)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	*ret_v = strtoul(text, &end, 10);
	return *end == '\0';
}

static status find_slot(const struct options *opt, const struct plan *p, struct wish *w)
{
	if (!opt->slot)
		return ST_OK;
	w->has_slot = true;
	for (size_t i = 0; i < p->slot_count; i++) {
		if (p->slot[i].id >= 0 && strcmp(p->slot[i].name, opt->slot) == 0) {
			w->slot = (CK_SLOT_ID)p->slot[i].id;
			return ST_OK;
		}
	}
	if (is_number(opt->slot, &w->slot))
		return ST_OK;
	return SAY(ST_NO_SLOT, "--slot %s: no slot of that name; \"iotsafe list\" shows them",
		   opt->slot);
}

static bool fits(const struct wish *w, CK_SLOT_ID id, const CK_TOKEN_INFO *info)
{
	const struct p11uri *u = w->uri;
	char number[24];

	snprintf(number, sizeof(number), "%lu", id);
	if ((w->has_slot && id != w->slot) ||
	    (w->label && !bytes_equal(bytes_str(w->label), PADDED(info->label))))
		return false;
	return !u || (p11uri_matches(&u->token, PADDED(info->label)) &&
		      p11uri_matches(&u->serial, PADDED(info->serialNumber)) &&
		      p11uri_matches(&u->manufacturer, PADDED(info->manufacturerID)) &&
		      p11uri_matches(&u->model, PADDED(info->model)) &&
		      p11uri_matches(&u->slot_id, bytes_str(number)));
}

/* What was met on the way. */
struct meeting {
	size_t present, fitting;
	CK_RV last; /* of a slot whose token cannot be read */
};

static status verdict(const struct meeting *m)
{
	if (m->fitting == 1)
		return ST_OK;
	if (m->fitting > 1)
		return SAY(ST_NO_SLOT,
			   "several tokens are there: choose with --label or --slot; \"iotsafe "
			   "list\" shows them");
	if (m->present > 0)
		return SAY(ST_TOKEN_ABSENT,
			   "no token of that name; \"iotsafe list\" shows which are there");
	if (m->last != CKR_OK)
		return SAY(ST_TOKEN_ABSENT, "%s; \"iotsafe doctor\" tells more",
			   p11rv_text(m->last));
	return SAY(ST_TOKEN_ABSENT, "no token is there; \"iotsafe doctor\" tells why");
}

static status choose(struct p11token *t, const struct wish *w)
{
	CK_SLOT_ID ids[TOKENS_MAX];
	CK_ULONG count = ARRAY_LEN(ids);
	struct meeting met = {0};
	CK_RV rv = t->f->C_GetSlotList(CK_FALSE, ids, &count);

	if (rv != CKR_OK)
		return p11rv_say("the slots", rv);
	for (size_t i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		if (w->has_slot && ids[i] != w->slot) /* spares a slow one */
			continue;
		rv = t->f->C_GetTokenInfo(ids[i], &info);
		if (rv != CKR_OK) {
			met.last = rv;
			continue;
		}
		met.present++;
		if (!fits(w, ids[i], &info))
			continue;
		met.fitting++;
		t->slot = ids[i];
		t->info = info;
	}
	return verdict(&met);
}

static bool has_pin_source(const struct plan *p, CK_SLOT_ID id)
{
	for (size_t i = 0; i < p->slot_count; i++)
		if (p->slot[i].id >= 0 && (CK_SLOT_ID)p->slot[i].id == id)
			return p->slot[i].pin_source[0] != '\0';
	return false;
}

static status fill(const struct options *opt, const struct p11uri *uri, struct p11token *t)
{
	struct options all = *opt; /* the slot is looked for here, to allow for numbers */
	struct wish w = {.label = opt->label, .uri = uri};
	char path[PATH_LEN_MAX], err[MODULE_ERROR_MAX] = "";
	status st;
	CK_RV rv;

	all.slot = NULL;
	st = plan_make(&all, &t->plan);
	if (st != ST_OK)
		return SAY(st, "%s", t->plan ? t->plan->error : status_text(st));
	TRY(find_slot(opt, t->plan, &w));
	module_find(opt->module, path);
	st = module_load(path, &t->module, err);
	if (st != ST_OK)
		return SAY(st, "%s", err[0] ? err : status_text(st));
	t->f = t->module.f;
	TRY(choose(t, &w));
	t->module_has_pin = has_pin_source(t->plan, t->slot);
	t->pin_source = opt->pin_source;
	rv = t->f->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
				 &t->session);
	return rv == CKR_OK ? ST_OK : p11rv_say("the token", rv);
}

status p11token_open(const struct options *opt, const struct p11uri *uri, struct p11token *ret)
{
	struct p11token t ON_EXIT(p11token_close) = {0};

	TRY(fill(opt, uri, &t));
	*ret = t;
	t = (struct p11token){0};
	return ST_OK;
}

void p11token_close(struct p11token *t)
{
	module_unload(&t->module); /* which ends the session */
	plan_free(t->plan);
	mem_wipe(t->pin, sizeof(t->pin));
	*t = (struct p11token){0};
}

/* --- the PIN --- */

/* What the token says of its tries, as of now. */
static status check_tries(struct p11token *t)
{
	CK_FLAGS flags;

	if (t->f->C_GetTokenInfo(t->slot, &t->info) != CKR_OK)
		return ST_OK; /* C_Login will tell */
	flags = t->info.flags;
	if (flags & CKF_USER_PIN_LOCKED)
		return SAY(ST_PIN_LOCKED, "%s", p11rv_text(CKR_PIN_LOCKED));
	if ((flags & CKF_USER_PIN_FINAL_TRY) && t->pin_source)
		return SAY(ST_PIN_LOCKED, "one wrong PIN more would block it: the last try is only "
					  "for a person at a terminal, without --pin-source");
	if (flags & CKF_USER_PIN_FINAL_TRY)
		say("careful: this is the last try; after it the PIN is blocked");
	else if (flags & CKF_USER_PIN_COUNT_LOW)
		say("careful: the last PIN was wrong, and few tries are left");
	return ST_OK;
}

static status find_pin(struct p11token *t)
{
	struct wtr w = wtr_on(t->pin, sizeof(t->pin));
	char prompt[80], label[40];
	status st;

	if (t->pin_n > 0)
		return ST_OK;
	text_clean(p11token_label(t), label, sizeof(label));
	snprintf(prompt, sizeof(prompt), "PIN of \"%s\": ", label);
	if (t->pin_source)
		st = pin_from_source("pin-source", t->pin_source, &w);
	else if (pin_can_ask())
		st = pin_ask(prompt, &w);
	else
		st = SAY(ST_USER_NOT_LOGGED_IN, "\"%s\": %s", label,
			 p11rv_text(CKR_USER_NOT_LOGGED_IN));
	if (st == ST_OK)
		t->pin_n = w.n;
	return st;
}

static status send_pin(struct p11token *t, CK_USER_TYPE type)
{
	CK_RV rv;

	TRY(check_tries(t));
	TRY(find_pin(t));
	rv = t->f->C_Login(t->session, type, t->pin, t->pin_n);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return ST_OK;
	mem_wipe(t->pin, sizeof(t->pin));
	t->pin_n = 0;
	return p11rv_say("the PIN", rv);
}

status p11token_login(struct p11token *t)
{
	if (t->logged_in || !(t->info.flags & CKF_LOGIN_REQUIRED) ||
	    (t->module_has_pin && !t->pin_source))
		return ST_OK;
	TRY(send_pin(t, CKU_USER));
	t->logged_in = true;
	return ST_OK;
}

bool p11token_wants_login(const struct p11token *t, CK_RV rv)
{
	return rv == CKR_USER_NOT_LOGGED_IN && !t->logged_in &&
	       (t->info.flags & CKF_LOGIN_REQUIRED) != 0 && !(t->module_has_pin && !t->pin_source);
}

status p11token_login_for_key(struct p11token *t)
{
	if (t->module_has_pin && !t->pin_source)
		return ST_OK;
	return send_pin(t, CKU_CONTEXT_SPECIFIC);
}

bool p11token_has_mechanism(const struct p11token *t, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_INFO info;

	return t->f->C_GetMechanismInfo(t->slot, type, &info) == CKR_OK;
}
