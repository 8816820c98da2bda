/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

CK_FUNCTION_LIST *f;
const struct iface_list_3_0 *f3;
const struct iface_list_3_2 *f32;

static char dir[] = "/tmp/iotsafe-unit-XXXXXX";
static char conf[64];

void rig_configure(const char *text)
{
	FILE *out = fopen(conf, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(conf, 0600), 0);
}

static const char standard[] = "[module]\n"
			       "store-dir = %s/store\n"
			       "[slot one]\n"
			       "uri = unix:/nowhere/1\n"
			       "[slot two]\n"
			       "uri = unix:/nowhere/2\n"
			       "label = Second\n";

static void configure_standard(void)
{
	char text[512];

	snprintf(text, sizeof(text), standard, dir);
	rig_configure(text);
}

const char *rig_store_dir(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/store", dir);
	return path;
}

int rig_group_setup(void **state)
{
	CK_INTERFACE *i = NULL;
	CK_VERSION v3 = {3, 0}, v32 = {3, 2};

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(conf, sizeof(conf), "%s/iotsafe.conf", dir);
	setenv("IOTSAFE_CONF", conf, 1);
	configure_standard();
	fake_setup();
	assert_ok(C_GetFunctionList(&f));
	assert_int_equal(iface_get(NULL, &v3, &i, 0), ST_OK);
	f3 = i->pFunctionList;
	assert_int_equal(iface_get(NULL, &v32, &i, 0), ST_OK);
	f32 = i->pFunctionList;
	return 0;
}

int rig_group_teardown(void **state)
{
	(void)state;
	unlink(conf);
	return rmdir(dir);
}

int rig_setup(void **state)
{
	(void)state;
	fake_reset();
	configure_standard();
	assert_ok(f->C_Initialize(NULL));
	return 0;
}

int rig_teardown(void **state)
{
	(void)state;
	CK_RV rv = f->C_Finalize(NULL);

	assert_true(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED);
	assert_int_equal(fake.live, 0);
	return 0;
}

void rig_restart_formal(void)
{
	char words[] = "formal-login";
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = words};

	assert_ok(f->C_Finalize(NULL));
	assert_ok(f->C_Initialize(&args));
}

CK_SESSION_HANDLE rig_session(void)
{
	CK_SESSION_HANDLE s = 0;

	assert_ok(f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s));
	return s;
}

CK_ULONG rig_count(CK_SESSION_HANDLE s, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	CK_OBJECT_HANDLE found[64];
	CK_ULONG count = 0;

	assert_ok(f->C_FindObjectsInit(s, tmpl, n));
	assert_ok(f->C_FindObjects(s, found, 64, &count));
	assert_ok(f->C_FindObjectsFinal(s));
	return count;
}

CK_OBJECT_HANDLE rig_find(CK_SESSION_HANDLE s, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	CK_OBJECT_HANDLE found[2] = {0};
	CK_ULONG count = 0;

	assert_ok(f->C_FindObjectsInit(s, tmpl, n));
	assert_ok(f->C_FindObjects(s, found, 2, &count));
	assert_ok(f->C_FindObjectsFinal(s));
	assert_int_equal(count, 1);
	return found[0];
}

CK_OBJECT_HANDLE rig_by_label(CK_SESSION_HANDLE s, CK_OBJECT_CLASS class, const char *label)
{
	CK_ATTRIBUTE tmpl[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
	};

	return rig_find(s, tmpl, 2);
}
