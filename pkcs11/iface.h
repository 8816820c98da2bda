/* SPDX-License-Identifier: Apache-2.0 */
/* The function lists and how they are found: 2.40 by C_GetFunctionList, which is all that most
 * clients look at, 3.0 and 3.2 by C_GetInterface only. Static storage; callable at any time.
 *
 * Who asks C_GetInterface for no version in particular gets 3.0, the newest that today's clients
 * were built for: some compare the list's version with those they know. 3.2 is for who asks for it.
 */
#ifndef IOTSAFE_PKCS11_IFACE_H
#define IOTSAFE_PKCS11_IFACE_H

#include "ck32.h"
#include "status.h"

/* The lists of versions 3.0 and 3.2, built from entry.def: layouts of PKCS#11 3.2 §5.21. */
struct iface_list_3_0 {
	CK_VERSION version;
#define BUILT(name, args) CK_RV(*name) args;
#define REFUSED(name, args, rv) CK_RV(*name) args;
#define BUILT_3_0 BUILT
#define REFUSED_3_0 REFUSED
#define BUILT_3_2(name, args)
#define REFUSED_3_2(name, args, rv)
#include "entry.def"
#undef BUILT_3_2
#undef REFUSED_3_2
};

struct iface_list_3_2 {
	CK_VERSION version;
#define BUILT_3_2 BUILT
#define REFUSED_3_2 REFUSED
#include "entry.def"
#undef BUILT
#undef REFUSED
#undef BUILT_3_0
#undef REFUSED_3_0
#undef BUILT_3_2
#undef REFUSED_3_2
};

status iface_function_list(CK_FUNCTION_LIST **ret_list) MUST_USE;
status iface_list(CK_INTERFACE *list, CK_ULONG *count) MUST_USE;
/* name NULL: any; version NULL: any; flags: what the interface must have. ST_ARG for one that we do
 * not have; never FUNCTION_NOT_SUPPORTED, which some clients take for "no interfaces at all". */
status iface_get(const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE **ret_i,
		 CK_FLAGS flags) MUST_USE;

#endif
