/* SPDX-License-Identifier: Apache-2.0 */
#include "module_load.h"

#include <dlfcn.h>
#include <stdio.h>

void module_unload(struct module_loaded *m)
{
	if (m->f)
		m->f->C_Finalize(NULL);
	if (m->handle)
		dlclose(m->handle);
}

status module_refuses(char err[MODULE_ERROR_MAX], const char *path, const char *call, CK_RV rv)
{
	snprintf(err, MODULE_ERROR_MAX, "%.250s: %s answers 0x%lX", path, call, rv);
	return ST_BUG;
}

status module_load(const char *path, struct module_loaded *m, char err[MODULE_ERROR_MAX])
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_C_GetFunctionList get_list;
	CK_FUNCTION_LIST *f;
	const char *said;
	CK_RV rv;

	m->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!m->handle) {
		said = dlerror();
		snprintf(err, MODULE_ERROR_MAX, "%.500s", said ? said : path);
		return ST_NO_ENTRY;
	}
	*(void **)&get_list = dlsym(m->handle, "C_GetFunctionList");
	if (!get_list) {
		snprintf(err, MODULE_ERROR_MAX,
			 "%.300s: no PKCS#11 module: it lacks C_GetFunctionList", path);
		return ST_NO_ENTRY;
	}
	rv = get_list(&f);
	if (rv != CKR_OK)
		return module_refuses(err, path, "C_GetFunctionList", rv);
	rv = f->C_Initialize(&args);
	if (rv != CKR_OK)
		return module_refuses(err, path, "C_Initialize", rv);
	m->f = f;
	return ST_OK;
}
