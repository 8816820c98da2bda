/* SPDX-License-Identifier: Apache-2.0 */
#include "pin_rig.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "scene.h"

static char dir[] = "/tmp/iotsafe-pin-XXXXXX";
static char source_file[64];

static const char containers[] = "[container device]\n"
				 "slot = sim\n"
				 "kind = private-key\n"
				 "id = 01\n"
				 "key-type = p256\n"
				 "pin = login\n"
				 "[container signature]\n"
				 "slot = sim\n"
				 "kind = private-key\n"
				 "id = 11\n"
				 "key-type = p256\n"
				 "pin = always\n";

void pin_rig_source(const char *text)
{
	unlink(source_file);
	int fd = open(source_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void pin_rig_start(struct rig *r, enum rig_link link, unsigned seconds, const char *source)
{
	static char slot[160], module[32];
	struct rig_options opt = {.profile = "pin",
				  .link = link,
				  .module_conf = module,
				  .slot_conf = slot,
				  .more_conf = containers};

	snprintf(module, sizeof(module), "timeout = %u\n", seconds);
	snprintf(slot, sizeof(slot), "pin = application\n");
	if (source) {
		memcpy(strrchr(dir, '-') + 1, "XXXXXX", 7);
		assert_non_null(mkdtemp(dir));
		snprintf(source_file, sizeof(source_file), "%s/pin", dir);
		pin_rig_source(source);
		snprintf(slot, sizeof(slot), "pin = application\npin-source = file:%s\n",
			 source_file);
	}
	rig_start(r, &opt);
	rig_module(r);
}

void pin_rig_stop(struct rig *r)
{
	rig_stop(r);
	if (!source_file[0])
		return;
	unlink(source_file);
	rmdir(dir);
	source_file[0] = '\0';
}

static unsigned number_after(const char *line, const char *what)
{
	const char *at = strstr(line, what);

	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(what), NULL, 10);
}

struct pin_counters pin_rig_counters(const struct rig *r)
{
	char text[2048];

	rig_control(r, "pin", text, sizeof(text));
	const char *line = strstr(text, "\n01 ");
	assert_non_null(line);
	return (struct pin_counters){number_after(line, " tries="),
				     number_after(line, " verifies="),
				     number_after(line, " failures=")};
}

static CK_RV find(const struct rig *r, CK_SESSION_HANDLE s, const char *label,
		  CK_OBJECT_HANDLE *ret_key)
{
	CK_OBJECT_CLASS priv = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &priv, sizeof(priv)},
			    {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
	CK_ULONG n = 0;
	CK_RV rv = r->f->C_FindObjectsInit(s, t, 2);

	if (rv == CKR_OK)
		rv = r->f->C_FindObjects(s, ret_key, 1, &n);
	if (rv == CKR_OK)
		rv = r->f->C_FindObjectsFinal(s);
	return rv == CKR_OK && n == 0 ? CKR_KEY_HANDLE_INVALID : rv;
}

CK_RV pin_rig_sign(const struct rig *r, const char *label)
{
	static uint8_t serial;
	uint8_t digest[32] = {++serial}, sig[256];
	CK_ULONG n = sizeof(sig);
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE key = 0;
	CK_RV rv = r->f->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s);

	if (rv != CKR_OK)
		return rv;
	rv = find(r, s, label, &key);
	if (rv == CKR_OK)
		rv = rig_sign(r, s, key, digest, sizeof(digest), sig, &n);
	if (rv == CKR_OK && strcmp(label, "device") == 0)
		assert_true(rig_verify(r, digest, sizeof(digest), sig, n));
	(void)r->f->C_CloseSession(s); /* perhaps it went with the card */
	return rv;
}

CK_RV pin_rig_login(const struct rig *r, CK_SESSION_HANDLE s, const char *pin)
{
	return r->f->C_Login(s, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin));
}

CK_STATE pin_rig_state(const struct rig *r, CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	assert_int_equal(r->f->C_GetSessionInfo(s, &info), CKR_OK);
	return info.state;
}

CK_FLAGS pin_rig_flags(const struct rig *r)
{
	CK_TOKEN_INFO info;

	assert_int_equal(r->f->C_GetTokenInfo(0, &info), CKR_OK);
	return info.flags & (CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED |
			     CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED);
}
