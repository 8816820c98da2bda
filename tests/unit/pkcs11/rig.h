/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this layer share: a configuration in a folder of its own, the fake card, and
 * short ways to common calls. The functions are reached as a client does, by the list. */
#ifndef IOTSAFE_TESTS_PKCS11_RIG_H
#define IOTSAFE_TESTS_PKCS11_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "ck.h"
#include "fake_card.h"
#include "iface.h"

extern CK_FUNCTION_LIST *f;
extern const struct iface_list_3_0 *f3;
extern const struct iface_list_3_2 *f32;

#define assert_rv(call, expected) assert_int_equal((call), (expected))
#define assert_ok(call) assert_int_equal((call), CKR_OK)

enum { RIG_SLOTS = 2 };

/* Group fixtures: configuration with RIG_SLOTS slots, keys. */
int rig_group_setup(void **state);
int rig_group_teardown(void **state);
/* Test fixtures: fresh fake, initialised; finalised again. */
int rig_setup(void **state);
int rig_teardown(void **state);
/* store-dir of the standard configuration; not there unless a test makes it, and to be gone when
 * the group ends. */
const char *rig_store_dir(void);
/* Replaces the configuration's text. */
void rig_configure(const char *text);

/* Finalised, and initialised by a program that says "formal-login". */
void rig_restart_formal(void);
CK_SESSION_HANDLE rig_session(void);
/* The one object that the template finds. */
CK_OBJECT_HANDLE rig_find(CK_SESSION_HANDLE s, CK_ATTRIBUTE *tmpl, CK_ULONG n);
CK_ULONG rig_count(CK_SESSION_HANDLE s, CK_ATTRIBUTE *tmpl, CK_ULONG n);
CK_OBJECT_HANDLE rig_by_label(CK_SESSION_HANDLE s, CK_OBJECT_CLASS class, const char *label);

#endif
