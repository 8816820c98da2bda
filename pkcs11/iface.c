/* SPDX-License-Identifier: Apache-2.0 */
#include "iface.h"

#include <string.h>

#include "guard.h"
#include "info.h"
#include "mem.h"

#define VERSION_2_40                                                                               \
	{                                                                                          \
		2, 40                                                                              \
	}
#define VERSION_3_0                                                                                \
	{                                                                                          \
		3, 0                                                                               \
	}
#define VERSION_3_2                                                                                \
	{                                                                                          \
		3, 2                                                                               \
	}

/* entry.def's functions that p11-kit's header does not declare */
#define BUILT(name, args)
#define REFUSED(name, args, rv)
#define BUILT_3_0(name, args) CK_RV name args;
#define REFUSED_3_0(name, args, rv) CK_RV name args;
#define BUILT_3_2 BUILT_3_0
#define REFUSED_3_2 REFUSED_3_0
#include "entry.def"
#undef BUILT
#undef REFUSED
#undef BUILT_3_0
#undef REFUSED_3_0
#undef BUILT_3_2
#undef REFUSED_3_2

/* The version that C_GetInfo tells is that of the list it was reached by. */
static CK_RV get_info_3_0(CK_INFO_PTR pInfo)
{
	ENTER_LIB();
	return rv_of(info_library((CK_VERSION)VERSION_3_0, pInfo));
}

static CK_RV get_info_3_2(CK_INFO_PTR pInfo)
{
	ENTER_LIB();
	return rv_of(info_library((CK_VERSION)VERSION_3_2, pInfo));
}

#define BUILT(name, args) .name = name,
#define REFUSED(name, args, rv) .name = name,
#define BUILT_3_2(name, args)
#define REFUSED_3_2(name, args, rv)

/* Cryptoki hands lists out as writable; nobody writes. */
static CK_FUNCTION_LIST list_2_40 = {
	.version = VERSION_2_40,
#define BUILT_3_0(name, args)
#define REFUSED_3_0(name, args, rv)
#include "entry.def"
#undef BUILT_3_0
#undef REFUSED_3_0
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static struct iface_list_3_0 list_3_0 = {
	.version = VERSION_3_0,
#define BUILT_3_0 BUILT
#define REFUSED_3_0 REFUSED
#include "entry.def"
	.C_GetInfo = get_info_3_0,
};
#undef BUILT_3_2
#undef REFUSED_3_2

static struct iface_list_3_2 list_3_2 = {
	.version = VERSION_3_2,
#define BUILT_3_2 BUILT
#define REFUSED_3_2 REFUSED
#include "entry.def"
	.C_GetInfo = get_info_3_2,
};
#pragma GCC diagnostic pop

static CK_CHAR standard_name[] = "PKCS 11";

/* The first is the default. No flag: sessions do not survive a fork here. */
static CK_INTERFACE interfaces[] = {
	{(void *)standard_name, &list_3_0, 0},
	{(void *)standard_name, &list_3_2, 0},
	{(void *)standard_name, &list_2_40, 0},
};

status iface_function_list(CK_FUNCTION_LIST **ret_list)
{
	if (ret_list == NULL)
		return ST_ARG;
	*ret_list = &list_2_40;
	return ST_OK;
}

status iface_list(CK_INTERFACE *list, CK_ULONG *count)
{
	if (count == NULL)
		return ST_ARG;
	CK_ULONG room = *count;
	*count = ARRAY_LEN(interfaces);
	if (list == NULL)
		return ST_OK;
	if (room < ARRAY_LEN(interfaces))
		return ST_SHORT_OUT;
	memcpy(list, interfaces, sizeof(interfaces));
	return ST_OK;
}

status iface_get(const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE **ret_i,
		 CK_FLAGS flags)
{
	if (ret_i == NULL)
		return ST_ARG;
	if (name != NULL && strcmp((const char *)name, (const char *)standard_name) != 0)
		return ST_ARG;
	for (size_t i = 0; i < ARRAY_LEN(interfaces); i++) {
		const CK_VERSION *v = interfaces[i].pFunctionList; /* a list starts with it */
		if (version != NULL && (v->major != version->major || v->minor != version->minor))
			continue;
		if ((interfaces[i].flags & flags) != flags)
			continue;
		*ret_i = &interfaces[i];
		return ST_OK;
	}
	return ST_ARG;
}
