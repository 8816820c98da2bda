/* SPDX-License-Identifier: Apache-2.0 */
/* Three modems found without a configuration, by what udev says of their ports: used at once, one
 * of them unplugged and back under another number. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "ck.h"
#include "rig.h"
#include "rig_world.h"

enum { MODEMS = 3, SIGNATURES = 20 };

static struct rig rig[MODEMS];
static CK_FUNCTION_LIST *f;

static void write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void cover(const char *path)
{
	assert_int_equal(mount("tmpfs", path, "tmpfs", 0, "mode=755"), 0);
}

/* What the kernel and udev tell of a modem's port of that name. */
static void plug(int i, const char *name)
{
	char path[128], text[256];
	struct stat st;

	assert_int_equal(stat(rig[i].port, &st), 0);
	snprintf(path, sizeof(path), "/sys/class/tty/%s", name);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "/sys/class/tty/%s/dev", name);
	snprintf(text, sizeof(text), "%u:%u\n", major(st.st_rdev), minor(st.st_rdev));
	write_text(path, text);
	snprintf(path, sizeof(path), "/run/udev/data/c%u:%u", major(st.st_rdev), minor(st.st_rdev));
	snprintf(text, sizeof(text), "S:..%s\nE:ID_MM_PORT_IGNORE=1\nE:ID_IOTSAFE_PORT=1\n",
		 rig[i].port);
	write_text(path, text);
}

static void unplug(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/tty/%s/dev", name);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "/sys/class/tty/%s", name);
	assert_int_equal(rmdir(path), 0);
}

static void start(void)
{
	char text[512];

	rig_world_enter();
	cover("/sys/class");
	cover("/run");
	assert_int_equal(mkdir("/sys/class/tty", 0755), 0);
	assert_int_equal(mkdir("/run/udev", 0755), 0);
	assert_int_equal(mkdir("/run/udev/data", 0755), 0);
	for (int i = MODEMS - 1; i >= 0; i--)
		rig_start(&rig[i], &(struct rig_options){.link = RIG_AT_CGLA});
	snprintf(text, sizeof(text), "[module]\nlock-dir = %s/lock\nstore-dir = %s/store\n",
		 rig[0].dir, rig[0].dir);
	write_text(rig[0].conf, text);
	plug(0, "ttyUSB2");
	plug(1, "ttyUSB9");
	plug(2, "ttyUSB10");
	f = rig_module(&rig[0]);
	assert_int_equal(f->C_Initialize(NULL), CKR_OK);
}

static CK_ULONG slots(CK_SLOT_ID id[8])
{
	CK_ULONG n = 0;

	assert_int_equal(f->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	n = 8;
	assert_int_equal(f->C_GetSlotList(CK_TRUE, id, &n), CKR_OK);
	return n;
}

static CK_RV sign(int i, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	static _Atomic unsigned count;
	uint8_t digest[32] = {(uint8_t)++count, (uint8_t)i}, sig[64];
	CK_ULONG n = sizeof(sig);
	CK_RV rv = rig_sign(&rig[0], s, key, digest, sizeof(digest), sig, &n);

	if (rv == CKR_OK && !rig_verify(&rig[i], digest, sizeof(digest), sig, n))
		return CKR_SIGNATURE_INVALID;
	return rv;
}

static CK_RV sign_some(int i)
{
	CK_SESSION_HANDLE s = 0;
	CK_RV rv = f->C_OpenSession((CK_SLOT_ID)i, CKF_SERIAL_SESSION, NULL, NULL, &s);

	CK_OBJECT_HANDLE key = rv == CKR_OK ? rig_find(&rig[0], s, CKO_PRIVATE_KEY, NULL) : 0;
	for (int k = 0; k < SIGNATURES && rv == CKR_OK; k++)
		rv = sign(i, s, key);
	return rv;
}

static void *sign_some_here(void *arg)
{
	return (void *)(uintptr_t)sign_some(*(int *)arg);
}

static void at_once(void)
{
	int number[MODEMS];
	pthread_t thread[MODEMS];

	for (int i = 0; i < MODEMS; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, sign_some_here, &number[i]), 0);
	}
	for (int i = 0; i < MODEMS; i++) {
		void *rv;
		pthread_join(thread[i], &rv);
		assert_ptr_equal(rv, NULL);
	}
}

static void three_modems(void **state)
{
	CK_SLOT_ID id[8];

	(void)state;
	start();
	size_t mark = rig_log_mark(&rig[1]);
	assert_int_equal(slots(id), MODEMS);
	for (CK_ULONG i = 0; i < MODEMS; i++)
		assert_int_equal(id[i], i);
	assert_int_equal(rig_log_count(&rig[1], mark), 0);
	at_once();
	/* the one in the middle goes; the others keep their numbers */
	rig_sim_stop(&rig[1], SIGKILL);
	unlink(rig[1].port);
	unplug("ttyUSB9");
	assert_int_equal(slots(id), MODEMS - 1);
	assert_int_equal(id[0], 0);
	assert_int_equal(id[1], 2);
	assert_int_equal(sign_some(2), CKR_OK);
	/* and comes back under another, behind the others */
	rig_sim_start(&rig[1]);
	plug(1, "ttyUSB33");
	assert_int_equal(slots(id), MODEMS);
	assert_int_equal(sign_some(1), CKR_OK);
	at_once();
	assert_int_equal(f->C_Finalize(NULL), CKR_OK);
	for (int i = 0; i < MODEMS; i++)
		rig_stop(&rig[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(three_modems)};

	return cmocka_run_group_tests_name("discover", tests, NULL, NULL);
}
