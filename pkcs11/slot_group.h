/* SPDX-License-Identifier: Apache-2.0 */
/* A slot that stands for several ([group] of iotsafe.conf(5)): its token is that of the first
 * healthy member. What the rest of the code sees of a slot (card, objects, configuration) is the
 * active member's; here is what changes it.
 *
 * A member whose device fails is ill for `retry`, and longer each time that it fails again. The
 * next one in the order of the configuration takes over. If its SIM holds the same key
 * (token_adopt) then sessions and handles stay, and the call that met the failure is made again
 * there; if it holds another identity then the slot has another SIM, as if it had been exchanged:
 * its sessions are dead and there is a slot event. A member before the active one is gone back to
 * when it is well again and nothing is going on: with the same key at once, with another identity
 * when no session is open.
 *
 * Time: from the failure on, the rest of the call takes no longer than the configuration's timeout,
 * which the members not yet tried share. */
#ifndef IOTSAFE_PKCS11_SLOT_GROUP_H
#define IOTSAFE_PKCS11_SLOT_GROUP_H

#include "slot.h"

struct slot_group;

/* The members are those of lib_settings() that conf names. NULL: no memory. */
struct slot_group *slot_group_new(const struct settings_slot *conf);
/* With its members' cards and objects, except the active one's, which are the slot's. NULL is fine;
 * forked and in_flux as in slot_forget_all. */
void slot_group_free(struct slot_group *g, bool forked, bool in_flux);

/* Of the active member; no lock. */
const struct settings_slot *slot_group_conf(const struct slot *s);

/* --- slot locked; all of these are for any slot, and do nothing for one that is no group --- */
/* Is there a SIM in any member? No APDU. */
bool slot_group_present(struct slot *s);
/* Of a group: card_look at the active member, and while it is not there at the others, in order. */
status slot_group_look(struct slot *s, deadline dl) MUST_USE;
/* No later than what this call has left for the active member. */
deadline slot_group_deadline(const struct slot *s, deadline dl);
/* A call begins: all members may be tried. */
void slot_group_begin(struct slot *s);
/* Goes back to a member before the active one, if it may. */
void slot_group_settle(struct slot *s);
/* The active member answered *st. False: nothing to be done about it, and *st is what to tell the
 * caller. True: another one, with the same key, is active now. */
bool slot_group_takes_over(struct slot *s, status *st);
/* The same for those who ask who is there: whoever takes over is welcome. */
bool slot_group_next(struct slot *s, status st);
/* Before what must not be done twice: makes sure that the active member answers, or another takes
 * over. */
status slot_group_ready(struct slot *s) MUST_USE;
/* The client was told of the active member's SIM, or to log in to it: that is whom its PIN is for.
 */
void slot_group_tell(struct slot *s);
/* Before a client's PIN is sent: slot_group_ready, and ST_CARD_GONE, once, when the client was told
 * of another SIM than the active member's. */
status slot_group_ready_for_pin(struct slot *s) MUST_USE;

#endif
