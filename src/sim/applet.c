/* SPDX-License-Identifier: Apache-2.0 */
#include "applet.h"

#include "mem.h"
#include "uicc_pin_command.h"

enum body { BODY_NONE, BODY_TLV };
enum { INS_SIGN_INIT = 0x2A }; /* opens a session: the key is used by its last update */
/* Which containers a command names, by id or label, never by both. */
enum {
	REF_PRIVATE = 1 << OBJECT_PRIVATE,
	REF_PUBLIC = 1 << OBJECT_PUBLIC,
	REF_FILE = 1 << OBJECT_FILE,
	REF_SECRET = 1 << OBJECT_SECRET,
};
enum { MUST_MAX = 4, SET_LIST = 1 << 0, SET_INFO = 1 << 1 };

/* A command: what its header must be, what its body holds, who answers. A command without a handler
 * is not in this applet (6D00): its row keeps the place. must ends with TLV_COUNT where shorter. */
static const struct command {
	const char *name;
	uint8_t ins;
	uint8_t p1_mask, p1;
	uint8_t p2_mask, p2;
	enum body body;
	unsigned refs;
	enum tlv_name must[MUST_MAX];
	uint16_t (*run)(struct applet_call *c);
	unsigned set; /* present only if the settings say so */
} commands[] = {
#define MUST(...)                                                                                  \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define NONE MUST(TLV_COUNT)
	{"GET DATA application", 0xCB, 0xFF, 0x00, 0xFF, 0x00, BODY_NONE, 0, NONE,
	 applet_info_application, SET_LIST},
	{"GET DATA object list", 0xCB, 0xFF, 0x01, 0xFE, 0x00, BODY_NONE, 0, NONE, applet_info_list,
	 SET_LIST},
	{"GET DATA private key", 0xCB, 0xFF, 0xC1, 0xFF, 0x00, BODY_TLV, REF_PRIVATE, NONE,
	 applet_info_object, SET_INFO},
	{"GET DATA public key", 0xCB, 0xFF, 0xC2, 0xFF, 0x00, BODY_TLV, REF_PUBLIC, NONE,
	 applet_info_object, SET_INFO},
	{"GET DATA file", 0xCB, 0xFF, 0xC3, 0xFF, 0x00, BODY_TLV, REF_FILE, NONE,
	 applet_info_object, SET_INFO},
	{"GET DATA secret key", 0xCB, 0xFF, 0xC4, 0xFF, 0x00, BODY_TLV, REF_SECRET, NONE,
	 applet_info_object, SET_INFO},
	{"GET RANDOM", 0x84, 0xFF, 0x00, 0xFF, 0x00, BODY_NONE, 0, NONE, applet_data_random, 0},
	{"READ FILE", 0xB0, 0x00, 0x00, 0x00, 0x00, BODY_TLV, REF_FILE, NONE, applet_data_read_file,
	 0},
	{"GENERATE KEY PAIR", 0xB9, 0xFF, 0x00, 0xFF, 0x00, BODY_TLV, REF_PRIVATE, NONE,
	 applet_keys_generate, 0},
	{"READ PUBLIC KEY", 0xCD, 0xFF, 0x00, 0xFF, 0x00, BODY_TLV, REF_PUBLIC, NONE,
	 applet_keys_read_public, 0},
	{"PUT PUBLIC KEY init", 0x24, 0xFF, 0x00, 0x00, 0x00, BODY_TLV, REF_PUBLIC, NONE,
	 applet_keys_put_init, 0},
	{"PUT PUBLIC KEY close", 0x24, 0xFF, 0x01, 0x00, 0x00, BODY_NONE, 0, NONE,
	 applet_keys_put_close, 0},
	/* updates: bit 8 of P1 marks the last, bit 5 is of unknown meaning and ignored (§20 row 27)
	 */
	{"PUT PUBLIC KEY update", 0xD8, 0x6F, 0x00, 0x00, 0x00, BODY_TLV, 0,
	 MUST(TLV_PUBLIC_DATA, TLV_COUNT), applet_keys_put_update, 0},
	{"COMPUTE SIGNATURE init", 0x2A, 0xFF, 0x00, 0x00, 0x00, BODY_TLV, REF_PRIVATE,
	 MUST(TLV_MODE, TLV_HASH, TLV_SIGN_ALG, TLV_COUNT), applet_sign_init, 0},
	{"COMPUTE SIGNATURE close", 0x2A, 0xFF, 0x01, 0x00, 0x00, BODY_NONE, 0, NONE,
	 applet_sign_close, 0},
	{"COMPUTE SIGNATURE update", 0x2B, 0x6F, 0x00, 0x00, 0x00, BODY_TLV, 0, NONE,
	 applet_sign_update, 0},
	{"VERIFY SIGNATURE init", 0x2C, 0xFF, 0x00, 0x00, 0x00, BODY_TLV, REF_PUBLIC,
	 MUST(TLV_MODE, TLV_HASH, TLV_SIGN_ALG, TLV_COUNT), applet_sign_verify_init, 0},
	{"VERIFY SIGNATURE close", 0x2C, 0xFF, 0x01, 0x00, 0x00, BODY_NONE, 0, NONE,
	 applet_sign_verify_close, 0},
	{"VERIFY SIGNATURE update", 0x2D, 0x6F, 0x00, 0x00, 0x00, BODY_TLV, 0, NONE,
	 applet_sign_verify_update, 0},
	{"COMPUTE DH", 0x46, 0xFF, 0x00, 0xFF, 0x00, BODY_TLV, REF_PRIVATE | REF_PUBLIC, NONE, NULL,
	 0},
	{"COMPUTE PRF", 0x48, 0xFC, 0x00, 0xFF, 0x00, BODY_TLV, 0,
	 MUST(TLV_LABEL_SEED, TLV_OUTPUT_LENGTH, TLV_COUNT), NULL, 0},
	{"COMPUTE HKDF", 0x4A, 0xFF, 0x00, 0xFF, 0x00, BODY_TLV, 0,
	 MUST(TLV_SALT, TLV_HASH, TLV_COUNT), NULL, 0},
#undef NONE
#undef MUST
};

static const struct {
	enum tlv_name id, label;
} refs[OBJECT_KINDS] = {
	[OBJECT_PRIVATE] = {TLV_PRIVATE_ID, TLV_PRIVATE_LABEL},
	[OBJECT_PUBLIC] = {TLV_PUBLIC_ID, TLV_PUBLIC_LABEL},
	[OBJECT_FILE] = {TLV_FILE_ID, TLV_FILE_LABEL},
	[OBJECT_SECRET] = {TLV_SECRET_ID, TLV_SECRET_LABEL},
};

const struct traits *applet_config(const struct applet_call *c)
{
	return &c->uicc->store->config;
}

uint16_t applet_permits(const struct applet_call *c, const struct object *o, uint8_t access,
			uint8_t functions, bool active)
{
	if (applet_config(c)->locked)
		return SW_LOCKED;
	if ((o->access & access) != access || (o->functions & functions) != functions)
		return SW_CONDITIONS;
	TRY_SW(uicc_pin_permits(c->uicc, o));
	bool filled = o->state == STATE_ACTIVE && (o->key || o->data);
	return active && !filled ? SW_CONDITIONS : SW_OK;
}

static bool is_present(const struct command *row, const struct traits *config)
{
	return row->run && (!(row->set & SET_LIST) || config->list) &&
	       (!(row->set & SET_INFO) || config->info);
}

static uint16_t command_find(const struct applet_call *c, const struct command **ret_row)
{
	const struct apdu *a = c->apdu;
	uint16_t sw = SW_INS;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command *row = &commands[i];
		if (row->ins != a->ins || !is_present(row, applet_config(c)))
			continue;
		sw = SW_PARAMS;
		if ((a->p1 & row->p1_mask) == row->p1 && (a->p2 & row->p2_mask) == row->p2) {
			*ret_row = row;
			return SW_OK;
		}
	}
	return sw;
}

static uint16_t check_body(struct applet_call *c, const struct command *row)
{
	const struct apdu *a = c->apdu;
	if (!a->length_ok || (row->body == BODY_NONE) != (a->data.n == 0))
		return SW_LENGTH;
	if (row->body == BODY_NONE)
		return SW_OK;
	if (tlv_parse(a->data, applet_config(c)->ber_length, &c->tlv) != ST_OK)
		return SW_DATA;
	for (size_t i = 0; i < MUST_MAX && row->must[i] != TLV_COUNT; i++) {
		if (!c->tlv.seen[row->must[i]])
			return SW_DATA;
	}
	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		bool wanted = (row->refs & 1u << k) != 0;
		if (wanted && c->tlv.seen[refs[k].id] == c->tlv.seen[refs[k].label])
			return SW_DATA;
	}
	return SW_OK;
}

static uint16_t find_objects(struct applet_call *c, const struct command *row)
{
	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		enum object_kind kind = (enum object_kind)k;
		struct store *s = c->uicc->store;
		if ((row->refs & 1u << k) == 0)
			continue;
		c->object[k] = c->tlv.seen[refs[k].id]
				       ? store_find_id(s, kind, c->tlv.value[refs[k].id])
				       : store_find_label(s, kind, c->tlv.value[refs[k].label]);
		if (!c->object[k])
			return SW_NOT_FOUND;
	}
	return SW_OK;
}

static bool class_refused(const struct traits *config, const struct apdu *a)
{
	return (config->cla == CLASS_INTER && a->proprietary) ||
	       (config->cla == CLASS_PROPRIETARY_ONLY && !a->proprietary);
}

uint16_t applet_command(struct uicc *u, const struct apdu *a, struct answer *out)
{
	struct applet_call c = {
		.uicc = u, .channel = &u->channel[a->channel], .apdu = a, .out = out};
	const struct command *row = NULL;
	if (class_refused(&u->store->config, a))
		return SW_CLASS;
	if (uicc_fault(u, FAULT_C11)) {
		c.channel->applet = false;
		return SW_INS;
	}
	TRY_SW(command_find(&c, &row));
	TRY_SW(check_body(&c, row));
	TRY_SW(find_objects(&c, row));
	uicc_pin_unused(u);
	uint16_t sw = row->run(&c);
	if (sw == SW_OK && row->ins != INS_SIGN_INIT)
		uicc_pin_used(u);
	if ((sw >> 8) != 0x90 && sw != SW_MORE_OBJECTS)
		out->data.n = 0;
	return sw;
}
