/* SPDX-License-Identifier: Apache-2.0 */
/* The rows' getters: what must be computed or read. Each sets v->b, or says ST_ATTR_TYPE when this
 * object cannot have the attribute (a key whose public half nobody tells). */
#ifndef IOTSAFE_PKCS11_ATTR_GETTERS_H
#define IOTSAFE_PKCS11_ATTR_GETTERS_H

#include "attr.h"

#define ATTR_GETTERS(X)                                                                            \
	X(class)                                                                                   \
	X(label)                                                                                   \
	X(unique_id)                                                                               \
	X(private)                                                                                 \
	X(modifiable)                                                                              \
	X(destroyable)                                                                             \
	X(profile_id)                                                                              \
	X(key_type)                                                                                \
	X(id)                                                                                      \
	X(derive)                                                                                  \
	X(always_authenticate)                                                                     \
	X(local)                                                                                   \
	X(key_gen_mechanism)                                                                       \
	X(secret_derive)                                                                           \
	X(secret_mac)                                                                              \
	X(allowed_mechanisms)                                                                      \
	X(sign)                                                                                    \
	X(verify)                                                                                  \
	X(public_key_info)                                                                         \
	X(ec_params)                                                                               \
	X(ec_point)                                                                                \
	X(modulus)                                                                                 \
	X(modulus_bits)                                                                            \
	X(exponent)                                                                                \
	X(category)                                                                                \
	X(check_value)                                                                             \
	X(start_date)                                                                              \
	X(end_date)                                                                                \
	X(certificate_key_info)                                                                    \
	X(subject)                                                                                 \
	X(key_subject)                                                                             \
	X(certificate_id)                                                                          \
	X(issuer)                                                                                  \
	X(serial)                                                                                  \
	X(file_value)                                                                              \
	X(application)                                                                             \
	X(object_id)                                                                               \
	X(container_id)

#define X(name) status attr_##name(const struct attr_ctx *ctx, struct attr_value *v) MUST_USE;
ATTR_GETTERS(X)
#undef X

#endif
