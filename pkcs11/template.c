/* SPDX-License-Identifier: Apache-2.0 */
#include "template.h"

#include <string.h>

#include "attr.h"

status template_check(const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	TRY(attr_check_template(tmpl, n));
	for (CK_ULONG i = 0; i < n; i++)
		if (tmpl[i].pValue == NULL && tmpl[i].ulValueLen != 0)
			return ST_ARG;
	return ST_OK;
}

const CK_ATTRIBUTE *template_find(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < n; i++)
		if (tmpl[i].type == type)
			return &tmpl[i];
	return NULL;
}

status template_bool(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, bool otherwise,
		     bool *ret)
{
	const CK_ATTRIBUTE *a = template_find(tmpl, n, type);

	if (a != NULL && a->ulValueLen != sizeof(CK_BBOOL))
		return ST_ATTR_VALUE;
	*ret = a != NULL ? *(const CK_BBOOL *)a->pValue != CK_FALSE : otherwise;
	return ST_OK;
}

status template_ulong(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type,
		      CK_ULONG otherwise, CK_ULONG *ret)
{
	const CK_ATTRIBUTE *a = template_find(tmpl, n, type);

	if (a != NULL && a->ulValueLen != sizeof(*ret))
		return ST_ATTR_VALUE;
	*ret = otherwise;
	if (a != NULL)
		memcpy(ret, a->pValue, sizeof(*ret));
	return ST_OK;
}

status template_apply(enum template_use use, const CK_ATTRIBUTE *tmpl, CK_ULONG n, struct bag *b)
{
	(void)use, (void)b;
	return template_check(tmpl, n);
}
