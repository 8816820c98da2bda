/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "uri.h"

static void require(bool truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct uri u = {.scheme = "kept"};
	long v = 0;

	require(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (uri_parse(text, &u) != ST_OK) {
		require(strcmp(u.scheme, "kept") == 0);
		free(text);
		return 0;
	}
	require(u.scheme[0] && strlen(u.scheme) < sizeof(u.scheme));
	require(strlen(u.path) < URI_MAX && u.param_count <= URI_PARAMS_MAX);
	for (unsigned i = 0; i < u.param_count; i++) {
		require(u.param[i].key[0] != '\0');
		require(uri_param(&u, u.param[i].key) != NULL);
		(void)uri_param_true(&u, u.param[i].key);
		if (uri_param_number(&u, u.param[i].key, -5, 70000, 1, &v) == ST_OK)
			require(v >= -5 && v <= 70000);
	}
	free(text);
	return 0;
}
