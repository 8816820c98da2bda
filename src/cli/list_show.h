/* SPDX-License-Identifier: Apache-2.0 */
/* What "iotsafe list" shows to people: tables, with colours on a terminal. */
#ifndef IOTSAFE_CLI_LIST_SHOW_H
#define IOTSAFE_CLI_LIST_SHOW_H

#include "card.h"
#include "module.h"
#include "plan.h"

/* One slot's SIM, without Cryptoki. */
struct card_view {
	struct card_info info;
	struct catalog catalog;
	status st;
};

void list_show_token(const struct plan *p, const struct token_view *t);
void list_show_card(const struct settings_slot *slot, const struct card_view *v);

/* In a word; static storage. */
const char *list_state(const struct container *c); /* "filled", "volatile" or "empty" */
const char *list_type(const struct container *c);
const char *list_access(const struct container *c);
bool list_is_profile(const struct object_view *o);

#endif
