/* SPDX-License-Identifier: Apache-2.0 */
#include "container.h"

const char *container_kind_name(enum container_kind k)
{
	static const char *const names[CONTAINER_KINDS] = {"private-key", "public-key", "file",
							   "secret-key"};

	return (unsigned)k < CONTAINER_KINDS ? names[k] : "?";
}

enum curve container_curve(const struct container *c)
{
	switch (c->key_type) {
	case KEY_P256:
		return CURVE_P256;
	case KEY_P384:
		return CURVE_P384;
	case KEY_BRAINPOOL_P256R1:
		return CURVE_BRAINPOOL_P256R1;
	case KEY_UNKNOWN:
	case KEY_RSA2048:
	case KEY_HMAC:
	case KEY_AES_CMAC:
		break;
	}
	return CURVE_NONE;
}

bool container_can_sign(const struct container *priv)
{
	return priv->activated && !priv->is_volatile && (priv->functions & FUNCTION_SIGN) != 0 &&
	       (priv->sig_algs & (SIG_ECDSA | SIG_RSA_PKCS1 | SIG_RSA_PSS)) != 0;
}

struct bytes container_id(const struct container *c)
{
	return bytes_of(c->id, c->id_len);
}

struct bytes container_label(const struct container *c)
{
	return bytes_of(c->label, c->label_len);
}
