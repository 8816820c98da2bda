/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "login.h"
#include "token.h"

bool token_is_private(struct slot *s, const struct object *o)
{
	if (o->stored != NULL || o->profile != 0) /* of the host, which has no PIN */
		return false;
	if (o->class == CKO_PUBLIC_KEY) /* perhaps told by a certificate, with the private key's */
		return !o->from_cert && login_wants(s, &o->c);
	return login_wants(s, &o->c);
}

/* A secret of PRF and HKDF is just bytes to Cryptoki. */
CK_KEY_TYPE token_key_type(const struct object *o)
{
	if (o->class == CKO_SECRET_KEY)
		return o->c.key_type == KEY_AES_CMAC ? CKK_AES : CKK_GENERIC_SECRET;
	return o->c.key_type == KEY_RSA2048 ? CKK_RSA : CKK_EC;
}

status token_note_generated(struct token *t, const struct public_key *k)
{
	uint8_t id[20];

	TRY(public_key_id(k, id));
	memcpy(t->generated[t->generated_count++ % TOKEN_GENERATED_MAX], id, sizeof(id));
	return ST_OK;
}

bool token_was_generated(const struct token *t, const struct pair *pair)
{
	for (size_t i = 0; i < t->generated_count && i < TOKEN_GENERATED_MAX; i++)
		if (pair->state == KEY_READ &&
		    memcmp(t->generated[i], pair->key_id, sizeof(t->generated[i])) == 0)
			return true;
	return false;
}
