/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

status key_find(struct guard *g, CK_OBJECT_HANDLE h, struct key *ret)
{
	(void)g;
	(void)h;
	(void)ret;
	return ST_NO_KEY;
}

void key_free(struct key *k)
{
	(void)k;
}

status key_public(struct guard *g, struct key *k, struct public_key *ret)
{
	(void)g;
	(void)k;
	(void)ret;
	return ST_UNSUPPORTED;
}

status key_permits(struct guard *g, struct key *k, CK_ATTRIBUTE_TYPE usage)
{
	(void)g;
	(void)k;
	(void)usage;
	return ST_UNSUPPORTED;
}
