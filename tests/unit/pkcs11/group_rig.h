/* SPDX-License-Identifier: Apache-2.0 */
/* A group of fake devices a to h, named "meter", beside the slot "alone". */
#ifndef IOTSAFE_TESTS_PKCS11_GROUP_RIG_H
#define IOTSAFE_TESTS_PKCS11_GROUP_RIG_H

#include "rig.h"

/* Members of the group. */
#define A fake.device[0]
#define B fake.device[1]

/* Each device has a URI and an ICCID that ends with its number, from 1; `slots` is the text of the
 * configuration's [slot] sections of members, and `members` their names. Initialised. */
void group_rig_start(const char *module, const char *slots, const char *members);
CK_SLOT_ID group_rig_slot(void);
CK_SESSION_HANDLE group_rig_session(void);
/* "0001": the first device's SIM is in use. */
void group_rig_expect(const char *serial_end);
CK_RV group_rig_begin(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key);
CK_RV group_rig_finish(CK_SESSION_HANDLE s);
CK_RV group_rig_sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key);
CK_OBJECT_HANDLE group_rig_key(CK_SESSION_HANDLE s);
double group_rig_seconds(void);
void group_rig_pause(long ms);

#endif
