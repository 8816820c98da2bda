/* SPDX-License-Identifier: Apache-2.0 */
/* The module in this process, and the simulator's control. */
#include "rig.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "rig_process.h"

/* --- control --- */

static bool read_all(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, p, n);

		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

void rig_control(const struct rig *r, const char *command, char *ret, size_t cap)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	uint8_t frame[512], reply[2048 + 1] = {0};
	size_t n = strlen(command), got;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", r->socket);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || n + 3 > sizeof(frame))
		fail_msg("control: %s", strerror(errno));
	frame[0] = (uint8_t)((n + 1) >> 8);
	frame[1] = (uint8_t)(n + 1);
	frame[2] = 0xFF;
	memcpy(frame + 3, command, n);
	if (write(fd, frame, n + 3) != (ssize_t)(n + 3) || !read_all(fd, frame, 2))
		fail_msg("control \"%s\": no answer", command);
	got = (size_t)(frame[0] << 8 | frame[1]);
	if (got >= sizeof(reply) || !read_all(fd, reply, got))
		fail_msg("control \"%s\": answer of %zu bytes", command, got);
	close(fd);
	if (strncmp((char *)reply, "ok", 2) != 0)
		fail_msg("control \"%s\": %s", command, (char *)reply);
	if (ret)
		snprintf(ret, cap, "%s", (char *)reply);
}

/* --- the module --- */

CK_FUNCTION_LIST *rig_module(struct rig *r)
{
	const char *path = rig_process_env("IOTSAFE_MODULE");
	CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
	void *symbol;

	r->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!r->handle)
		fail_msg("%s", dlerror());
	symbol = dlsym(r->handle, "C_GetFunctionList");
	assert_non_null(symbol);
	memcpy(&get, &symbol, sizeof(get));
	assert_int_equal(get(&r->f), CKR_OK);
	return r->f;
}

/* A forked child must not go on with its parent's tests: there a failure ends the process. */
static void must(const struct rig *r, bool ok, const char *what, CK_RV rv)
{
	if (ok)
		return;
	if (getpid() == r->owner)
		fail_msg("%s: %#lx", what, rv);
	fprintf(stderr, "in a child: %s: %#lx\n", what, rv);
	_exit(98);
}

/* pcscd shows a card in its reader only a while after its start. */
CK_SLOT_ID rig_slot(const struct rig *r)
{
	CK_SLOT_ID slots[16];
	CK_ULONG n = 0;

	for (int ms = 0; n == 0; ms += 20) {
		must(r, ms < RIG_WAIT_MS, "no slot with a token", 0);
		if (ms > 0)
			rig_pause_ms(20);
		n = 16;
		CK_RV rv = r->f->C_GetSlotList(CK_TRUE, slots, &n);
		must(r, rv == CKR_OK, "C_GetSlotList", rv);
	}
	return slots[0];
}

CK_SESSION_HANDLE rig_session(const struct rig *r)
{
	CK_SESSION_HANDLE s = 0;

	CK_RV rv = r->f->C_OpenSession(rig_slot(r), CKF_SERIAL_SESSION, NULL, NULL, &s);

	must(r, rv == CKR_OK, "C_OpenSession", rv);
	return s;
}

CK_OBJECT_HANDLE rig_find(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_CLASS cls,
			  const char *label)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE t[3] = {{CKA_CLASS, &cls, sizeof(cls)}};
	CK_ULONG n = 1, found = 0;
	CK_OBJECT_HANDLE h = 0;
	CK_RV rv;

	if (label)
		t[n++] = (CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t)label, strlen(label)};
	else if (cls == CKO_PRIVATE_KEY)
		t[n++] = (CK_ATTRIBUTE){CKA_SIGN, &yes, sizeof(yes)};
	rv = r->f->C_FindObjectsInit(s, t, n);
	must(r, rv == CKR_OK, "C_FindObjectsInit", rv);
	rv = r->f->C_FindObjects(s, &h, 1, &found);
	must(r, rv == CKR_OK, "C_FindObjects", rv);
	rv = r->f->C_FindObjectsFinal(s);
	must(r, rv == CKR_OK, "C_FindObjectsFinal", rv);
	return found == 1 ? h : 0;
}

CK_RV rig_sign(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key,
	       const uint8_t *digest, size_t n, uint8_t *ret_sig, CK_ULONG *ret_n)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_RV rv = r->f->C_SignInit(s, &m, key);

	if (rv != CKR_OK)
		return rv;
	return r->f->C_Sign(s, (CK_BYTE_PTR)(uintptr_t)digest, n, ret_sig, ret_n);
}
