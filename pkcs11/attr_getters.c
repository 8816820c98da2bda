/* SPDX-License-Identifier: Apache-2.0 */
#include "attr_getters.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "lib.h"
#include "login.h"
#include "mech.h"
#include "pubkey.h"

static status view(struct attr_value *v, struct bytes b)
{
	v->b = b;
	return ST_OK;
}

static status number(struct attr_value *v, CK_ULONG n)
{
	memcpy(v->built, &n, sizeof(n));
	return view(v, bytes_of(v->built, sizeof(n)));
}

static status truth(struct attr_value *v, bool yes)
{
	v->built[0] = yes ? CK_TRUE : CK_FALSE;
	return view(v, bytes_of(v->built, 1));
}

static status text(struct attr_value *v, const char *s)
{
	struct wtr w = WTR_ON(v->built);

	wtr_put(&w, bytes_str(s));
	TRY(wtr_done(&w));
	return view(v, wtr_bytes(&w));
}

/* The public key of a key object, read now if need be. */
static status key_of(const struct attr_ctx *ctx, const struct public_key **ret_k)
{
	struct pair *p = ctx->object->pair;

	TRY(token_key(ctx->slot, ctx->token, p));
	if (p->state != KEY_READ)
		return ST_ATTR_TYPE;
	*ret_k = &p->key;
	return ST_OK;
}

/* --- every object --- */

status attr_class(const struct attr_ctx *ctx, struct attr_value *v)
{
	return number(v, ctx->object->class);
}

static const char *profile_name(CK_ULONG id)
{
	switch (id) {
	case CKP_BASELINE_PROVIDER:
		return "baseline provider";
	case CKP_EXTENDED_PROVIDER:
		return "extended provider";
	case CKP_AUTHENTICATION_TOKEN:
		return "authentication token";
	case CKP_PUBLIC_CERTIFICATES_TOKEN:
		return "public certificates token";
	case CKP_HKDF_TLS_TOKEN:
		return "HKDF TLS token";
	default: /* none of ours */
		return "";
	}
}

/* One label for a private key, its public key and its certificate: clients look all three up by it.
 */
status attr_label(const struct attr_ctx *ctx, struct attr_value *v)
{
	struct object *o = ctx->object;
	char name[TOKEN_NAME_MAX];

	TRY(token_cert_pair(ctx->slot, ctx->token, o));
	if (o->pair != NULL && token_has_names(ctx->token))
		TRY(token_key(ctx->slot, ctx->token, o->pair));
	if (o->pair != NULL)
		return text(v, o->pair->name);
	if (o->stored != NULL)
		return text(v, o->stored->label);
	if (o->profile != 0)
		return text(v, profile_name(o->profile));
	token_name(&o->c, name);
	return text(v, name);
}

status attr_unique_id(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct object *o = ctx->object;
	struct wtr w = WTR_ON(v->built);

	if (o->stored != NULL || o->profile != 0) {
		if (o->stored != NULL)
			wtr_printf(&w, "stored:%s", o->stored->file);
		else
			wtr_printf(&w, "profile:%lu", o->profile);
		TRY(wtr_done(&w));
		return view(v, wtr_bytes(&w));
	}
	wtr_printf(&w, "%s%s:", o->from_cert ? "public-of-" : "", container_kind_name(o->c.kind));
	if (o->c.id_len != 0)
		hex_put(&w, container_id(&o->c));
	else
		wtr_put(&w, container_label(&o->c));
	TRY(wtr_done(&w));
	return view(v, wtr_bytes(&w));
}

status attr_private(const struct attr_ctx *ctx, struct attr_value *v)
{
	return truth(v, token_is_private(ctx->slot, ctx->object));
}

/* Of the store's own objects. */
static bool is_writable(const struct attr_ctx *ctx)
{
	return ctx->object->stored != NULL &&
	       store_writable(lib_settings()->store_dir, ctx->token->iccid);
}

status attr_modifiable(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct object *o = ctx->object;
	bool yes = is_writable(ctx);

	if (o->class == CKO_PRIVATE_KEY || o->class == CKO_PUBLIC_KEY)
		TRY(token_key_modifiable(ctx->slot, ctx->token, o->pair, &yes));
	return truth(v, yes);
}

/* A public key goes with its private half. */
status attr_destroyable(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct object *o = ctx->object;
	bool yes = is_writable(ctx);

	if (o->class == CKO_PRIVATE_KEY)
		TRY(token_key_destroyable(ctx->slot, ctx->token, o->pair, &yes));
	return truth(v, yes);
}

status attr_profile_id(const struct attr_ctx *ctx, struct attr_value *v)
{
	return number(v, ctx->object->profile);
}

status attr_container_id(const struct attr_ctx *ctx, struct attr_value *v)
{
	return view(v, container_id(&ctx->object->c));
}

/* --- keys --- */

status attr_key_type(const struct attr_ctx *ctx, struct attr_value *v)
{
	return number(v, token_key_type(ctx->object));
}

status attr_id(const struct attr_ctx *ctx, struct attr_value *v)
{
	struct pair *p = ctx->object->pair;

	TRY(token_key(ctx->slot, ctx->token, p));
	return view(v, bytes_of(p->id, p->id_n));
}

status attr_sign(const struct attr_ctx *ctx, struct attr_value *v)
{
	return truth(v, container_can_sign(&ctx->object->c));
}

status attr_derive(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct container *c = &ctx->object->c;

	return truth(v, (c->functions & FUNCTION_AGREE) != 0 && container_curve(c) != CURVE_NONE);
}

status attr_always_authenticate(const struct attr_ctx *ctx, struct attr_value *v)
{
	return truth(v, login_wants_always(ctx->slot, &ctx->object->c));
}

/* Who made the key, the card does not tell: this is what we saw ourselves. */
static status was_generated(const struct attr_ctx *ctx, bool *ret)
{
	return token_was_generated(ctx->slot, ctx->token, ctx->object->pair, ret);
}

status attr_key_subject(const struct attr_ctx *ctx, struct attr_value *v)
{
	struct pair *p = ctx->object->pair;
	const struct store_entry *e = NULL;

	if (token_has_names(ctx->token)) {
		TRY(token_key(ctx->slot, ctx->token, p));
		if (p->state == KEY_READ)
			e = token_key_entry(ctx->token, STORE_KEY_NAME, p->key_id);
	}
	return view(v, e != NULL ? bytes_of(e->subject, e->subject_n) : bytes_of(NULL, 0));
}

status attr_local(const struct attr_ctx *ctx, struct attr_value *v)
{
	bool local = false;

	TRY(was_generated(ctx, &local));
	return truth(v, local);
}

status attr_key_gen_mechanism(const struct attr_ctx *ctx, struct attr_value *v)
{
	bool local = false;

	TRY(was_generated(ctx, &local));
	return number(v, local ? CKM_EC_KEY_PAIR_GEN : CK_UNAVAILABLE_INFORMATION);
}

/* Verification is the host's: any public key that can be had will do. */
status attr_verify(const struct attr_ctx *ctx, struct attr_value *v)
{
	struct pair *p = ctx->object->pair;

	TRY(token_key(ctx->slot, ctx->token, p));
	return truth(v, p->state == KEY_READ);
}

status attr_allowed_mechanisms(const struct attr_ctx *ctx, struct attr_value *v)
{
	struct wtr w = WTR_ON(v->built);

	for (size_t i = 0; i < mech_table_n; i++) {
		const struct mech *m = &mech_table[i];
		if (mech_fits(m, m->hash, &ctx->object->c) == ST_OK)
			wtr_put(&w, bytes_of(&m->type, sizeof(m->type)));
	}
	TRY(wtr_done(&w));
	return view(v, wtr_bytes(&w));
}

static status spki(const struct public_key *k, struct attr_value *v)
{
	struct wtr w = WTR_ON(v->built);

	TRY(public_key_spki(k, &w));
	TRY(wtr_done(&w));
	return view(v, wtr_bytes(&w));
}

status attr_public_key_info(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct public_key *k = NULL;

	TRY(key_of(ctx, &k));
	return spki(k, v);
}

status attr_ec_params(const struct attr_ctx *ctx, struct attr_value *v)
{
	return view(v, curve_oid_der(container_curve(&ctx->object->c)));
}

status attr_ec_point(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct public_key *k = NULL;
	struct wtr w = WTR_ON(v->built);

	TRY(key_of(ctx, &k));
	pubkey_put_point(k, &w);
	TRY(wtr_done(&w));
	return view(v, wtr_bytes(&w));
}

status attr_modulus(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct public_key *k = NULL;

	TRY(key_of(ctx, &k));
	return view(v, bytes_of(k->modulus, k->modulus_len));
}

status attr_modulus_bits(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct public_key *k = NULL;

	TRY(key_of(ctx, &k));
	return number(v, 8 * k->modulus_len);
}

status attr_exponent(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct public_key *k = NULL;

	TRY(key_of(ctx, &k));
	return view(v, bytes_of(k->exponent, k->exponent_len));
}

/* Is there a mechanism of this use that the key serves? */
static bool serves_any(const struct container *c, enum mech_use use)
{
	for (size_t i = 0; i < mech_table_n; i++)
		if (mech_table[i].use == use &&
		    mech_fits(&mech_table[i], mech_table[i].hash, c) == ST_OK)
			return true;
	return false;
}

status attr_secret_derive(const struct attr_ctx *ctx, struct attr_value *v)
{
	return truth(v, serves_any(&ctx->object->c, MECH_DERIVE));
}

status attr_secret_mac(const struct attr_ctx *ctx, struct attr_value *v)
{
	return truth(v, serves_any(&ctx->object->c, MECH_SIGN));
}

/* --- files; a certificate object has been read, or it would not be one --- */

static status certificate(const struct attr_ctx *ctx, const struct x509_info **ret_x)
{
	TRY(token_file(ctx->slot, ctx->object));
	if (ctx->object->x509 == NULL)
		return ST_ATTR_TYPE;
	*ret_x = ctx->object->x509;
	return ST_OK;
}

status attr_file_value(const struct attr_ctx *ctx, struct attr_value *v)
{
	TRY(token_file(ctx->slot, ctx->object));
	return view(v, bytes_of(ctx->object->data, ctx->object->data_n));
}

status attr_application(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct store_entry *e = ctx->object->stored;

	return text(v, e != NULL ? e->application : "IoT SAFE");
}

status attr_object_id(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct store_entry *e = ctx->object->stored;

	return view(v, e != NULL ? bytes_of(e->object_id, e->object_id_n) : bytes_of(NULL, 0));
}

status attr_subject(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct x509_info *x = NULL;

	TRY(certificate(ctx, &x));
	return view(v, x->subject);
}

status attr_issuer(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct x509_info *x = NULL;

	TRY(certificate(ctx, &x));
	return view(v, x->issuer);
}

status attr_serial(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct x509_info *x = NULL;

	TRY(certificate(ctx, &x));
	return view(v, x->serial);
}

status attr_start_date(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct x509_info *x = NULL;

	TRY(certificate(ctx, &x));
	return text(v, x->not_before);
}

status attr_end_date(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct x509_info *x = NULL;

	TRY(certificate(ctx, &x));
	return text(v, x->not_after);
}

/* The first three bytes of the certificate's SHA-1 (PKCS#11 2.40 §4.6.3). */
status attr_check_value(const struct attr_ctx *ctx, struct attr_value *v)
{
	uint8_t digest[HASH_MAX];

	TRY(token_file(ctx->slot, ctx->object));
	TRY(hash_once(HASH_SHA1, bytes_of(ctx->object->data, ctx->object->data_n), digest));
	memcpy(v->built, digest, 3);
	return view(v, bytes_of(v->built, 3));
}

status attr_certificate_key_info(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct x509_info *x = NULL;

	TRY(certificate(ctx, &x));
	if (x->key.kind == PUBLIC_NONE)
		return ST_ATTR_TYPE;
	return spki(&x->key, v);
}

/* The id of a pair without a given name is the hash of its key: that needs no look at the pair. */
status attr_certificate_id(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct x509_info *x = NULL;
	struct object *o = ctx->object;

	TRY(certificate(ctx, &x));
	if (token_has_names(ctx->token) || (o->stored != NULL && o->stored->id_n != 0)) {
		TRY(token_cert_pair(ctx->slot, ctx->token, o));
		if (o->pair != NULL)
			return view(v, bytes_of(o->pair->id, o->pair->id_n));
	}
	if (o->stored != NULL && o->stored->id_n != 0)
		return view(v, bytes_of(o->stored->id, o->stored->id_n));
	if (x->key.kind == PUBLIC_NONE)
		return attr_container_id(ctx, v);
	TRY(public_key_id(&x->key, v->built));
	return view(v, bytes_of(v->built, 20));
}

status attr_category(const struct attr_ctx *ctx, struct attr_value *v)
{
	const struct x509_info *x = NULL;

	TRY(certificate(ctx, &x));
	TRY(token_cert_pair(ctx->slot, ctx->token, ctx->object));
	if (ctx->object->pair != NULL)
		return number(v, CK_CERTIFICATE_CATEGORY_TOKEN_USER);
	return number(v, x->is_ca ? CK_CERTIFICATE_CATEGORY_AUTHORITY
				  : CK_CERTIFICATE_CATEGORY_UNSPECIFIED);
}
