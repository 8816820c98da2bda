/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include "lib.h"

/* Blocking has nothing to wait on that would not need a thread or the device. */
status event_wait(CK_FLAGS flags, CK_SLOT_ID *ret_slot, const void *reserved)
{
	TRY(lib_enter());
	lib_leave();
	if (ret_slot == NULL || reserved != NULL)
		return ST_ARG;
	return (flags & CKF_DONT_BLOCK) != 0 ? ST_NO_EVENT : ST_UNSUPPORTED;
}
