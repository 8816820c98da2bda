/* SPDX-License-Identifier: Apache-2.0 */
#include "group_rig.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void group_rig_start(const char *module, const char *slots, const char *members)
{
	static char uri[FAKE_DEVICES][16], iccid[FAKE_DEVICES][24];
	char text[2048];

	(void)f->C_Finalize(NULL);
	snprintf(text, sizeof(text),
		 "[module]\n%s\n%s\n[slot alone]\nuri = unix:/alone\n"
		 "[group meter]\nmembers = %s\nlabel = meter\nretry = 1\n",
		 module, slots, members);
	rig_configure(text);
	for (int i = 0; i < FAKE_DEVICES; i++) {
		snprintf(uri[i], sizeof(uri[i]), "unix:/%c", 'a' + i);
		snprintf(iccid[i], sizeof(iccid[i]), "8900000000000000%04d", i + 1);
		fake.device[i].uri = uri[i];
		fake.device[i].iccid = iccid[i];
	}
	assert_ok(f->C_Initialize(NULL));
}

CK_SLOT_ID group_rig_slot(void)
{
	CK_SLOT_ID id[4] = {0};
	CK_ULONG n = 4;

	assert_ok(f->C_GetSlotList(CK_FALSE, id, &n));
	assert_int_equal(n, 2);
	return id[1];
}

CK_SESSION_HANDLE group_rig_session(void)
{
	CK_SESSION_HANDLE s = 0;

	assert_ok(f->C_OpenSession(group_rig_slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
				   NULL, &s));
	return s;
}

void group_rig_expect(const char *serial_end)
{
	CK_TOKEN_INFO info;

	assert_ok(f->C_GetTokenInfo(group_rig_slot(), &info));
	assert_memory_equal(info.serialNumber + 16 - strlen(serial_end), serial_end,
			    strlen(serial_end));
}

CK_RV group_rig_begin(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};

	return f->C_SignInit(s, &m, key);
}

CK_RV group_rig_finish(CK_SESSION_HANDLE s)
{
	uint8_t sig[96], digest[32] = {1};
	CK_ULONG n = sizeof(sig);

	return f->C_Sign(s, digest, sizeof(digest), sig, &n);
}

CK_RV group_rig_sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_RV rv = group_rig_begin(s, key);

	return rv == CKR_OK ? group_rig_finish(s) : rv;
}

CK_OBJECT_HANDLE group_rig_key(CK_SESSION_HANDLE s)
{
	return rig_by_label(s, CKO_PRIVATE_KEY, "device");
}

double group_rig_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void group_rig_pause(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, (ms % 1000) * 1000000}, NULL);
}
