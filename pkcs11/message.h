/* SPDX-License-Identifier: Apache-2.0 */
/* Message-based signing and verification (PKCS#11 3.0 §5.14, §5.16): one key and mechanism for many
 * messages; of our mechanisms none has a per-message parameter. */
#ifndef IOTSAFE_PKCS11_MESSAGE_H
#define IOTSAFE_PKCS11_MESSAGE_H

#include "guard.h"

struct message_param {
	const void *p;
	CK_ULONG n;
};

status message_sign_init(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key) MUST_USE;
status message_sign(struct guard *g, struct message_param param, const void *data, CK_ULONG n,
		    struct op_out out) MUST_USE;
status message_sign_begin(struct guard *g, struct message_param param) MUST_USE;
/* out.n NULL: more data follows. */
status message_sign_next(struct guard *g, struct message_param param, const void *data, CK_ULONG n,
			 struct op_out out) MUST_USE;
status message_sign_final(struct guard *g) MUST_USE;

status message_verify_init(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key) MUST_USE;
status message_verify(struct guard *g, struct message_param param, const void *data, CK_ULONG n,
		      const void *sig, CK_ULONG sig_n) MUST_USE;
status message_verify_begin(struct guard *g, struct message_param param) MUST_USE;
/* sig NULL: more data follows. */
status message_verify_next(struct guard *g, struct message_param param, const void *data,
			   CK_ULONG n, const void *sig, CK_ULONG sig_n) MUST_USE;
status message_verify_final(struct guard *g) MUST_USE;

#endif
