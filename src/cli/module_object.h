/* SPDX-License-Identifier: Apache-2.0 */
/* One object through Cryptoki; only for module.c. */
#ifndef IOTSAFE_CLI_MODULE_OBJECT_H
#define IOTSAFE_CLI_MODULE_OBJECT_H

#include "ck_words.h"
#include "module.h"

/* All that list shows of the object, except its URI. */
void module_object_read(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
			struct object_view *ret_o);
/* Is that day (YYYYMMDD, or empty) over, by this host's clock? */
bool module_object_is_past(const char day[9]);

#endif
