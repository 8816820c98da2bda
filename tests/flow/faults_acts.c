/* SPDX-License-Identifier: Apache-2.0 */
#include "faults_table.h"
#include "keys_ops.h"

static CK_RV list_all(struct scene *s, bool *ret_right)
{
	CK_RV rv = scene_open(s);

	*ret_right = false;
	if (rv == CKR_OK)
		rv = scene_find(s);
	if (rv == CKR_OK && s->certificate != 0)
		rv = scene_certificate(s, ret_right);
	return rv;
}

static CK_RV sign(struct scene *s, bool *ret_right)
{
	*ret_right = true;
	return scene_sign(s);
}

static CK_RV prepare_to_sign(struct scene *s)
{
	CK_RV rv = scene_open(s);

	if (rv == CKR_OK)
		rv = scene_find(s);
	/* twice: what is learned, is learned at the first */
	for (int i = 0; rv == CKR_OK && i < 2; i++)
		rv = scene_sign(s);
	return rv;
}

static CK_RV next_operation(struct scene *s, bool *ret_right)
{
	CK_SESSION_INFO info;
	CK_RV rv = CKR_OK;

	*ret_right = false;
	if (s->session == 0 || s->r->f->C_GetSessionInfo(s->session, &info) != CKR_OK)
		rv = scene_open(s);
	if (rv == CKR_OK)
		rv = scene_find(s);
	if (rv == CKR_OK && s->certificate != 0)
		rv = scene_certificate(s, ret_right);
	if (rv == CKR_OK && s->key != 0)
		rv = scene_sign(s);
	*ret_right = *ret_right && s->key != 0;
	return rv;
}

/* --- an agreement, with a key that goes with the power --- */

static struct keys_pair pair;

static CK_RV prepare_to_agree(struct scene *s)
{
	CK_RV rv = keys_session(s);

	if (rv == CKR_OK)
		rv = keys_generate(s, NULL, &pair);
	for (int i = 0; rv == CKR_OK && i < 2; i++)
		rv = keys_agree(s, &pair);
	return rv;
}

static CK_RV agree(struct scene *s, bool *ret_right)
{
	*ret_right = true;
	return keys_agree(s, &pair);
}

static CK_RV next_agreement(struct scene *s, bool *ret_right)
{
	*ret_right = true;
	return prepare_to_agree(s);
}

/* --- the reading of a file --- */

static CK_RV prepare_to_read(struct scene *s)
{
	CK_OBJECT_CLASS priv = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &priv, sizeof(priv)}};
	CK_RV rv = scene_open(s);

	return rv == CKR_OK ? scene_search(s, t, 1, &s->key, 1, &s->objects) : rv;
}

static CK_RV read_file(struct scene *s, bool *ret_right)
{
	CK_OBJECT_CLASS cert = CKO_CERTIFICATE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &cert, sizeof(cert)}};
	CK_ULONG n = 0;
	CK_RV rv = scene_search(s, t, 1, &s->certificate, 1, &n);

	*ret_right = false;
	return rv == CKR_OK && n == 1 ? scene_certificate(s, ret_right) : rv;
}

const struct fault_act fault_acts[FAULT_TABLE_ACTS] = {
	[LISTING] = {.name = "a listing", .run = list_all, .next = next_operation},
	[SIGNATURE] = {.name = "a signature",
		       .prepare = prepare_to_sign,
		       .run = sign,
		       .next = next_operation},
	[AGREEMENT] = {.name = "an agreement",
		       .prepare = prepare_to_agree,
		       .run = agree,
		       .next = next_agreement,
		       .allows = keys_allows_lost,
		       .grace = 1},
	[READING] = {.name = "the reading of a file",
		     .prepare = prepare_to_read,
		     .run = read_file,
		     .next = next_operation},
};
