/* SPDX-License-Identifier: Apache-2.0 */
/* Every fault at each APDU or AT command of a first listing and of a signature, on the link that
 * the argument names: the module answers with an error that Cryptoki allows, or with the right
 * thing, in time; and with the fault gone the next operation works. */
#include "faults_table.h"

static CK_RV list_all(struct scene *s, bool *ret_right)
{
	CK_RV rv = scene_open(s);

	*ret_right = false;
	if (rv == CKR_OK)
		rv = scene_find(s);
	if (rv == CKR_OK && s->certificate != 0)
		rv = scene_certificate(s, ret_right);
	return rv;
}

static CK_RV sign(struct scene *s, bool *ret_right)
{
	*ret_right = true;
	return scene_sign(s);
}

static CK_RV prepare_to_sign(struct scene *s)
{
	CK_RV rv = scene_open(s);

	if (rv == CKR_OK)
		rv = scene_find(s);
	/* twice: what is learned, is learned at the first */
	for (int i = 0; rv == CKR_OK && i < 2; i++)
		rv = scene_sign(s);
	return rv;
}

static CK_RV next_operation(struct scene *s, bool *ret_right)
{
	CK_SESSION_INFO info;
	CK_RV rv = CKR_OK;

	*ret_right = false;
	if (s->session == 0 || s->r->f->C_GetSessionInfo(s->session, &info) != CKR_OK)
		rv = scene_open(s);
	if (rv == CKR_OK)
		rv = scene_find(s);
	if (rv == CKR_OK && s->certificate != 0)
		rv = scene_certificate(s, ret_right);
	if (rv == CKR_OK && s->key != 0)
		rv = scene_sign(s);
	*ret_right = *ret_right && s->key != 0;
	return rv;
}

static const struct fault_act acts[] = {
	[LISTING] = {.name = "a listing", .run = list_all, .next = next_operation},
	[SIGNATURE] = {.name = "a signature",
		       .prepare = prepare_to_sign,
		       .run = sign,
		       .next = next_operation},
};

int main(int argc, char **argv)
{
	const struct fault_set set = {.program = "faults",
				      .act = acts,
				      .acts = FAULT_TABLE_ACTS,
				      .row = fault_rows,
				      .rows = fault_row_count,
				      .at_least = 50};

	return faults_main(argc, argv, &set);
}
