/* SPDX-License-Identifier: Apache-2.0 */
#include "backends.h"

static status qmi_open(const struct uri *uri, struct transport **ret_t)
{
	(void)uri;
	(void)ret_t;
	return ST_ARG;
}

const struct transport_ops transport_qmi = {
	.scheme = "qmi",
	.open = qmi_open,
};
