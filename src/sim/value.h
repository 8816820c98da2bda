/* SPDX-License-Identifier: Apache-2.0 */
/* The values of containers as files: keys in PEM, certificates and data as they are. */
#ifndef IOTSAFE_SIM_VALUE_H
#define IOTSAFE_SIM_VALUE_H

#include "store.h"

/* Reads the file o->value of the store into o, keeping o->state. */
status value_read(struct store *s, struct object *o) MUST_USE;
/* Writes o's value to a new file and names it in o->value ("" for an empty or volatile one). The
 * file of the old value stays until value_sweep. */
status value_write(struct store *s, struct object *o) MUST_USE;
/* Removes the files under DIR/objects that no container names. */
void value_sweep(struct store *s);

/* Keys to and from PEM: private keys as PKCS#8, public ones as SubjectPublicKeyInfo. The text of
 * value_pem is the caller's to free with mem_wipe and free. */
status value_pem(EVP_PKEY *key, bool is_private, uint8_t **ret_p, size_t *ret_n) MUST_USE;
status value_key(struct bytes pem, bool is_private, EVP_PKEY **ret_key) MUST_USE;

#endif
