/* SPDX-License-Identifier: Apache-2.0 */
#include "derive_rig.h"

#include <string.h>

#include "hex.h"
#include "mech.h"

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

CK_OBJECT_HANDLE derive_rig_secret(CK_SESSION_HANDLE s, struct bytes value)
{
	CK_ATTRIBUTE t[] = {
		{CKA_CLASS, &secret_class, sizeof(secret_class)},
		{CKA_KEY_TYPE, &generic, sizeof(generic)},
		{CKA_VALUE, (void *)(uintptr_t)value.p, value.n},
		{CKA_DERIVE, &yes, sizeof(yes)},
	};
	CK_OBJECT_HANDLE h = 0;

	assert_ok(f->C_CreateObject(s, t, 4, &h));
	return h;
}

CK_OBJECT_HANDLE derive_rig_secret_hex(CK_SESSION_HANDLE s, const char *hex)
{
	uint8_t b[512];
	struct wtr w = WTR_ON(b);

	assert_int_equal(hex_get(bytes_str(hex), &w), ST_OK);
	return derive_rig_secret(s, wtr_bytes(&w));
}

CK_RV derive_rig(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ULONG n,
		 CK_OBJECT_HANDLE *ret_h)
{
	CK_ATTRIBUTE t[] = {
		{CKA_TOKEN, &no, sizeof(no)},	      {CKA_SENSITIVE, &no, sizeof(no)},
		{CKA_EXTRACTABLE, &yes, sizeof(yes)}, {CKA_DERIVE, &yes, sizeof(yes)},
		{CKA_VALUE_LEN, &n, sizeof(n)},
	};
	/* a data object has no flags of a key */
	CK_ATTRIBUTE data[] = {t[0], t[4]};

	if (m->mechanism == CKM_HKDF_DATA)
		return f->C_DeriveKey(s, m, base, data, 2, ret_h);
	return f->C_DeriveKey(s, m, base, t, n != 0 ? 5 : 4, ret_h);
}

CK_OBJECT_HANDLE derive_rig_ok(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE base,
			       CK_ULONG n)
{
	CK_OBJECT_HANDLE h = 0;

	assert_ok(derive_rig(s, m, base, n, &h));
	assert_int_not_equal(h, 0);
	return h;
}

struct bytes derive_rig_value(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h)
{
	static uint8_t b[20000];
	CK_ATTRIBUTE a = {CKA_VALUE, b, sizeof(b)};

	assert_ok(f->C_GetAttributeValue(s, h, &a, 1));
	return bytes_of(b, a.ulValueLen);
}

void derive_rig_expect(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, const char *hex)
{
	uint8_t want[512];
	struct wtr w = WTR_ON(want);
	struct bytes got = derive_rig_value(s, h);

	assert_int_equal(hex_get(bytes_str(hex), &w), ST_OK);
	assert_int_equal(got.n, w.n);
	assert_memory_equal(got.p, want, w.n);
}

bool derive_rig_flag(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL v = 7;
	CK_ATTRIBUTE a = {type, &v, sizeof(v)};

	assert_ok(f->C_GetAttributeValue(s, h, &a, 1));
	assert_true(v == CK_TRUE || v == CK_FALSE);
	return v == CK_TRUE;
}

int derive_rig_setup(void **state)
{
	int rc = rig_setup(state);

	if (rc == 0)
		fake2_add_secret("psk-tls", 0x61, DERIVATION_HKDF | DERIVATION_PRF);
	return rc;
}
