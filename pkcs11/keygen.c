/* SPDX-License-Identifier: Apache-2.0 */
#include "keygen.h"

status keygen_pair(struct guard *g, const CK_MECHANISM *m, struct keygen_template pub,
		   struct keygen_template priv, CK_OBJECT_HANDLE *ret_pub,
		   CK_OBJECT_HANDLE *ret_priv)
{
	(void)g;
	(void)m;
	(void)pub;
	(void)priv;
	(void)ret_pub;
	(void)ret_priv;
	return ST_MECH;
}

status keygen_secret(struct guard *g, const CK_MECHANISM *m, struct keygen_template t,
		     const CK_OBJECT_HANDLE *ret_h)
{
	(void)g;
	(void)m;
	(void)t;
	(void)ret_h;
	return ST_MECH;
}
