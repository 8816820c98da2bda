/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

status message_sign_init(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	(void)g;
	(void)m;
	(void)key;
	return ST_UNSUPPORTED;
}

status message_sign(struct guard *g, struct message_param param, const void *data, CK_ULONG n,
		    struct op_out out)
{
	(void)g;
	(void)param;
	(void)data;
	(void)n;
	(void)out;
	return ST_UNSUPPORTED;
}

status message_sign_begin(struct guard *g, struct message_param param)
{
	(void)g;
	(void)param;
	return ST_UNSUPPORTED;
}

status message_sign_next(struct guard *g, struct message_param param, const void *data, CK_ULONG n,
			 struct op_out out)
{
	(void)g;
	(void)param;
	(void)data;
	(void)n;
	(void)out;
	return ST_UNSUPPORTED;
}

status message_sign_final(struct guard *g)
{
	(void)g;
	return ST_UNSUPPORTED;
}

status message_verify_init(struct guard *g, const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	(void)g;
	(void)m;
	(void)key;
	return ST_UNSUPPORTED;
}

status message_verify(struct guard *g, struct message_param param, const void *data, CK_ULONG n,
		      const void *sig, CK_ULONG sig_n)
{
	(void)g;
	(void)param;
	(void)data;
	(void)n;
	(void)sig;
	(void)sig_n;
	return ST_UNSUPPORTED;
}

status message_verify_begin(struct guard *g, struct message_param param)
{
	(void)g;
	(void)param;
	return ST_UNSUPPORTED;
}

status message_verify_next(struct guard *g, struct message_param param, const void *data,
			   CK_ULONG n, const void *sig, CK_ULONG sig_n)
{
	(void)g;
	(void)param;
	(void)data;
	(void)n;
	(void)sig;
	(void)sig_n;
	return ST_UNSUPPORTED;
}

status message_verify_final(struct guard *g)
{
	(void)g;
	return ST_UNSUPPORTED;
}
