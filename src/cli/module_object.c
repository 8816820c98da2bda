/* SPDX-License-Identifier: Apache-2.0 */
#include "module_object.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto.h"
#include "hex.h"
#include "mem.h"
#include "text.h"

/* What is needed to ask for one object's attributes. */
struct asking {
	CK_FUNCTION_LIST *f;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE handle;
};

/* The attribute's value in buf; its length, or 0 when there is none. */
static size_t get(const struct asking *a, CK_ATTRIBUTE_TYPE type, void *buf, size_t cap)
{
	CK_ATTRIBUTE attr = {type, buf, cap};

	if (a->f->C_GetAttributeValue(a->session, a->handle, &attr, 1) != CKR_OK ||
	    attr.ulValueLen > cap)
		return 0;
	return attr.ulValueLen;
}

static unsigned long get_number(const struct asking *a, CK_ATTRIBUTE_TYPE type, CK_ULONG dflt)
{
	CK_ULONG v;

	return get(a, type, &v, sizeof(v)) == sizeof(v) ? v : dflt;
}

static bool get_bool(const struct asking *a, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL v = CK_FALSE;

	return get(a, type, &v, sizeof(v)) == sizeof(v) && v == CK_TRUE;
}

static bool refuses(const struct asking *a, CK_ATTRIBUTE_TYPE type)
{
	uint8_t buf[512];
	CK_ATTRIBUTE attr = {type, buf, sizeof(buf)};

	return a->f->C_GetAttributeValue(a->session, a->handle, &attr, 1) ==
		       CKR_ATTRIBUTE_SENSITIVE &&
	       attr.ulValueLen == CK_UNAVAILABLE_INFORMATION;
}

static const struct class_row {
	CK_OBJECT_CLASS class;
	const char *kind, *type;
} classes[] = {
	{CKO_PRIVATE_KEY, "private-key", "private"},
	{CKO_PUBLIC_KEY, "public-key", "public"},
	{CKO_CERTIFICATE, "certificate", "cert"},
	{CKO_DATA, "data", "data"},
	{CKO_SECRET_KEY, "secret-key", "secret-key"},
	{CKO_PROFILE, "profile", NULL}, /* no URI can name it */
};

/* PKCS#11 profiles, by their numbers in the specification */
static const char *const profiles[] = {"",
				       "Baseline Provider",
				       "Extended Provider",
				       "Authentication Token",
				       "Public Certificates Token",
				       "Complete Provider",
				       "HKDF TLS Token"};

static void describe_profile(const struct asking *a, struct object_view *o)
{
	CK_ULONG v = get_number(a, CKA_PROFILE_ID, 0);

	if (v < ARRAY_LEN(profiles))
		snprintf(o->detail, sizeof(o->detail), "%s", profiles[v]);
	else
		snprintf(o->detail, sizeof(o->detail), "%lu", v);
}

/* The point comes in a DER OCTET STRING, whose length takes one byte for all curves of ours. */
static void identify_key(const struct asking *a, CK_KEY_TYPE type, struct object_view *o)
{
	uint8_t buf[512], id[HASH_MAX];
	size_t n = get(a, type == CKK_RSA ? CKA_MODULUS : CKA_EC_POINT, buf, sizeof(buf));
	size_t head = type == CKK_RSA ? 0 : 2;

	if (n > head && hash_once(HASH_SHA1, bytes_of(buf + head, n - head), id) == ST_OK)
		hex_str(bytes_of(id, hash_size(HASH_SHA1)), o->key_id, sizeof(o->key_id));
}

static void describe_key(const struct asking *a, CK_KEY_TYPE type, struct object_view *o)
{
	static const enum curve curves[] = {CURVE_P256, CURVE_P384, CURVE_BRAINPOOL_P256R1};
	uint8_t buf[512];
	size_t n;

	if (type == CKK_GENERIC_SECRET || type == CKK_AES) {
		snprintf(o->detail, sizeof(o->detail), "%s",
			 type == CKK_AES ? "AES" : "generic secret");
		return;
	}
	if (type == CKK_RSA || type == CKK_EC)
		identify_key(a, type, o);
	if (type == CKK_RSA) {
		n = get(a, CKA_MODULUS, buf, sizeof(buf));
		snprintf(o->detail, sizeof(o->detail), "RSA-%zu", 8 * n);
		return;
	}
	if (type != CKK_EC)
		return;
	n = get(a, CKA_EC_PARAMS, buf, sizeof(buf));
	for (size_t i = 0; i < ARRAY_LEN(curves); i++)
		if (bytes_equal(bytes_of(buf, n), curve_oid_der(curves[i])))
			snprintf(o->detail, sizeof(o->detail), "%s", curve_name(curves[i]));
}

bool module_object_is_past(const char day[9])
{
	time_t now = time(NULL);
	struct tm tm;
	char today[16];

	if (day[0] == '\0' || !gmtime_r(&now, &tm) ||
	    strftime(today, sizeof(today), "%Y%m%d", &tm) == 0)
		return false;
	return strcmp(day, today) < 0;
}

static void describe_certificate(const struct asking *a, struct object_view *o)
{
	static uint8_t der[FILE_SIZE_MAX];
	struct x509_info info;
	char subject[sizeof(info.subject_text)];
	uint8_t id[20];
	size_t n = get(a, CKA_VALUE, der, sizeof(der));

	if (n == 0 || x509_parse(bytes_of(der, n), &info) != ST_OK) {
		snprintf(o->detail, sizeof(o->detail), "unreadable");
		return;
	}
	text_clean(bytes_str(info.subject_text), subject, sizeof(subject));
	if (info.key.kind != PUBLIC_NONE && public_key_id(&info.key, id) == ST_OK)
		hex_str(BYTES_OF(id), o->key_id, sizeof(o->key_id));
	o->is_ca = info.is_ca;
	o->expired = module_object_is_past(info.not_after);
	if (info.not_after[0])
		snprintf(o->detail, sizeof(o->detail), "%s, %s %.4s-%.2s-%.2s", subject,
			 o->expired ? "expired, it was valid until" : "until", info.not_after,
			 info.not_after + 4, info.not_after + 6);
	else
		snprintf(o->detail, sizeof(o->detail), "%s", subject);
}

static void describe_uses(const struct asking *a, struct object_view *o)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		const char *word;
	} uses[] = {{CKA_SIGN, "sign"}, {CKA_VERIFY, "verify"}, {CKA_DERIVE, "derive"}};
	struct wtr w = wtr_on(o->uses, sizeof(o->uses) - 1);

	for (size_t i = 0; i < ARRAY_LEN(uses); i++)
		if (get_bool(a, uses[i].type))
			wtr_printf(&w, "%s%s", w.n ? " " : "", uses[i].word);
	o->uses[w.n] = '\0';
}

static void describe_secret(const struct asking *a, CK_KEY_TYPE type, struct object_view *o)
{
	o->is_secret = true;
	o->sensitive = get_bool(a, CKA_SENSITIVE);
	o->extractable = get_bool(a, CKA_EXTRACTABLE);
	o->value_refused = refuses(a, type == CKK_RSA ? CKA_PRIVATE_EXPONENT : CKA_VALUE);
}

void module_object_read(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
			struct object_view *ret_o)
{
	struct asking a = {f, session, handle};
	CK_OBJECT_CLASS class = get_number(&a, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	CK_KEY_TYPE type = get_number(&a, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);

	*ret_o = (struct object_view){.kind = "other"};
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		if (classes[i].class == class) {
			ret_o->kind = classes[i].kind;
			ret_o->type = classes[i].type;
		}
	}
	ret_o->raw_label_n = get(&a, CKA_LABEL, ret_o->raw_label, sizeof(ret_o->raw_label));
	ret_o->raw_id_n = get(&a, CKA_ID, ret_o->raw_id, sizeof(ret_o->raw_id));
	text_clean(bytes_of(ret_o->raw_label, ret_o->raw_label_n), ret_o->label,
		   sizeof(ret_o->label));
	hex_str(bytes_of(ret_o->raw_id, ret_o->raw_id_n), ret_o->id, sizeof(ret_o->id));
	if (class == CKO_CERTIFICATE)
		describe_certificate(&a, ret_o);
	if (class == CKO_PROFILE)
		describe_profile(&a, ret_o);
	if (class == CKO_PRIVATE_KEY || class == CKO_PUBLIC_KEY || class == CKO_SECRET_KEY) {
		describe_key(&a, type, ret_o);
		describe_uses(&a, ret_o);
	}
	if (class == CKO_PRIVATE_KEY || class == CKO_SECRET_KEY)
		describe_secret(&a, type, ret_o);
}
