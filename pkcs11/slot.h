/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: one device each, from the configuration or from discovery. A slot, once made, lives until
 * C_Finalize and keeps its id, so that pointers and handles to it cannot dangle; one whose device
 * is gone is only no longer listed. */
#ifndef IOTSAFE_PKCS11_SLOT_H
#define IOTSAFE_PKCS11_SLOT_H

#include <pthread.h>
#include <stdatomic.h>

#include "card.h"
#include "ck.h"
#include "deadline.h"
#include "login_state.h"
#include "made.h"
#include "settings.h"
#include "status.h"

struct slot_group;
struct token;

enum {
	/* slots in one process's life: SLOTS_MAX at a time, and room for readers that come and go
	 */
	SLOT_TABLE_MAX = 32,
	/* one enumeration asks for the same token several times; a swap is seen after this at last
	 */
	SLOT_INFO_GOOD_MS = 2000,
};

struct slot {
	pthread_mutex_t lock;	   /* guards what has no other word */
	CK_SLOT_ID id;		   /* constant */
	unsigned index;		   /* in the table; constant */
	struct settings_slot conf; /* constant; of a group only name, id and label: see slot_conf */
	_Atomic bool listed;
	_Atomic bool seen;   /* the last answer to "is a SIM there?" */
	_Atomic bool looked; /* it was asked */
	_Atomic bool event;  /* the answer has changed, and C_WaitForSlotEvent has not told yet */
	bool late;	     /* found after the first discovery: its token is news */
	bool stranger;	     /* the SIM was said to be none of ours: it comes when it is */
	uint64_t changes;    /* card_changes at the last look */
	deadline ask_at;     /* when those who wait for events ask the device again */
	struct login login;
	struct made_list made;	     /* has its own lock */
	_Atomic unsigned generation; /* moves when the SIM changes: older sessions are dead */
	struct card *card;	     /* made at the first need */
	struct token *token;	     /* its objects, or NULL */
	struct card_info info;	     /* the last identification… */
	deadline info_until;	     /* …is good until then */
	struct slot_group *group;    /* NULL: one device; else these are the active member's… */
	unsigned switches;	     /* …which has changed so often */
	/* CAN_* of mech.h that the SIM of that generation refused */
	unsigned refused, refused_generation;
	/* Not listed as present, and not asked by slot functions, until then: */
	_Atomic int64_t ill_until;     /* the device did not answer */
	_Atomic int64_t unknown_until; /* no applet was found */
};

/* C_GetSlotList's rules. The set of slots is found out at the first need and again whenever list is
 * NULL. No device is opened. ST_ARG, ST_SHORT_OUT. */
status slot_list(bool present_only, CK_SLOT_ID *list, CK_ULONG *count) MUST_USE;
/* NULL: no such slot. */
struct slot *slot_find(CK_SLOT_ID id);
/* Is there a slot whose token came or went since this was told? Looks at all of them, and for new
 * ones now and then; asks devices that tell nothing by themselves every two seconds. No APDU. */
bool slot_event(CK_SLOT_ID *ret_id);
void slot_lock(struct slot *s);
void slot_unlock(struct slot *s);
/* Quick, no APDU; does not wait for the slot's lock (a card at work is there). */
bool slot_present(struct slot *s);

/* What the configuration says of the device that is in use: of a group, the active member's. */
const struct settings_slot *slot_conf(const struct slot *s);

/* --- with the slot locked --- */

/* Its card, without traffic. */
status slot_card(struct slot *s, struct card **ret_card) MUST_USE;
/* Who is there. Only ST_OK, ST_TOKEN_ABSENT or ST_TOKEN_UNKNOWN: what slot functions may say, since
 * some clients give up on all slots for any other answer. A device that does not answer costs one
 * timeout, then is left in peace for as long. */
status slot_identify(struct slot *s, struct card_info *ret_info) MUST_USE;
/* Passes st through; when it says that the SIM is another one, the slot's sessions and objects die.
 */
status slot_outcome(struct slot *s, status st) MUST_USE;
/* For one card operation that starts now. */
deadline slot_deadline(const struct slot *s);

/* --- with the gate held alone --- */
void slot_free_all(void);
/* In a child: no traffic; in_flux leaves memory alone. */
void slot_forget_all(bool in_flux);

#endif
