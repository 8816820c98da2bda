/* SPDX-License-Identifier: Apache-2.0 */
#include "applet.h"

#include "mem.h"
#include "uicc_pin_command.h"

enum body { BODY_NONE, BODY_TLV };
enum { INS_SIGN_INIT = 0x2A }; /* opens a session: the key is used by its last update */
/* Which containers a command may name, by id or label, never by both. */
enum {
	REF_PRIVATE = 1 << OBJECT_PRIVATE,
	REF_PUBLIC = 1 << OBJECT_PUBLIC,
	REF_FILE = 1 << OBJECT_FILE,
	REF_SECRET = 1 << OBJECT_SECRET,
};
/* How many of them it names: each, exactly one, or what it likes. */
enum naming { NAMES_EACH, NAMES_ONE, NAMES_ANY };
enum {
	MUST_MAX = 4,
	SET_LIST = 1 << 0,
	SET_INFO = 1 << 1,
	SET_TYPE1 = 1 << 2, /* of asymmetric keys */
	SET_TYPE2 = 1 << 3, /* of secret keys */
	SET_DH = 1 << 4,
	SET_PRF = 1 << 5,
	SET_HKDF = 1 << 6,
};

/* A command: what its header must be, what its body holds, who answers. must ends with TLV_COUNT
 * where shorter. */
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
	enum naming naming;
	/* what else is wrong with the body (6A80), before containers are looked up; may be NULL */
	uint16_t (*check)(const struct applet_call *c);
} commands[] = {
#define MUST(...)                                                                                  \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define NONE MUST(TLV_COUNT)
#define EACH NAMES_EACH, NULL
	{"GET DATA application", 0xCB, 0xFF, 0x00, 0xFF, 0x00, BODY_NONE, 0, NONE,
	 applet_info_application, SET_LIST, EACH},
	{"GET DATA object list", 0xCB, 0xFF, 0x01, 0xFE, 0x00, BODY_NONE, 0, NONE, applet_info_list,
	 SET_LIST, EACH},
	{"GET DATA private key", 0xCB, 0xFF, 0xC1, 0xFF, 0x00, BODY_TLV, REF_PRIVATE, NONE,
	 applet_info_object, SET_INFO | SET_TYPE1, EACH},
	{"GET DATA public key", 0xCB, 0xFF, 0xC2, 0xFF, 0x00, BODY_TLV, REF_PUBLIC, NONE,
	 applet_info_object, SET_INFO | SET_TYPE1, EACH},
	{"GET DATA file", 0xCB, 0xFF, 0xC3, 0xFF, 0x00, BODY_TLV, REF_FILE, NONE,
	 applet_info_object, SET_INFO, EACH},
	{"GET DATA secret key", 0xCB, 0xFF, 0xC4, 0xFF, 0x00, BODY_TLV, REF_SECRET, NONE,
	 applet_info_object, SET_INFO | SET_TYPE2, EACH},
	{"GET RANDOM", 0x84, 0xFF, 0x00, 0xFF, 0x00, BODY_NONE, 0, NONE, applet_data_random, 0,
	 EACH},
	{"READ FILE", 0xB0, 0x00, 0x00, 0x00, 0x00, BODY_TLV, REF_FILE, NONE, applet_data_read_file,
	 0, EACH},
	{"GENERATE KEY PAIR", 0xB9, 0xFF, 0x00, 0xFF, 0x00, BODY_TLV, REF_PRIVATE, NONE,
	 applet_keys_generate, SET_TYPE1, EACH},
	{"READ PUBLIC KEY", 0xCD, 0xFF, 0x00, 0xFF, 0x00, BODY_TLV, REF_PUBLIC, NONE,
	 applet_keys_read_public, SET_TYPE1, EACH},
	{"PUT PUBLIC KEY init", 0x24, 0xFF, 0x00, 0x00, 0x00, BODY_TLV, REF_PUBLIC, NONE,
	 applet_keys_put_init, SET_TYPE1, EACH},
	{"PUT PUBLIC KEY close", 0x24, 0xFF, 0x01, 0x00, 0x00, BODY_NONE, 0, NONE,
	 applet_keys_put_close, SET_TYPE1, EACH},
	/* updates: bit 8 of P1 marks the last, bit 5 is of unknown meaning and ignored (§20 row 27)
	 */
	{"PUT PUBLIC KEY update", 0xD8, 0x6F, 0x00, 0x00, 0x00, BODY_TLV, 0,
	 MUST(TLV_PUBLIC_DATA, TLV_COUNT), applet_keys_put_update, SET_TYPE1, EACH},
	{"COMPUTE SIGNATURE init", 0x2A, 0xFF, 0x00, 0x00, 0x00, BODY_TLV, REF_PRIVATE | REF_SECRET,
	 MUST(TLV_MODE, TLV_SIGN_ALG, TLV_COUNT), applet_sign_init, SET_TYPE1, NAMES_ONE,
	 applet_sign_check},
	{"COMPUTE SIGNATURE close", 0x2A, 0xFF, 0x01, 0x00, 0x00, BODY_NONE, 0, NONE,
	 applet_sign_close, SET_TYPE1, EACH},
	{"COMPUTE SIGNATURE update", 0x2B, 0x6F, 0x00, 0x00, 0x00, BODY_TLV, 0, NONE,
	 applet_sign_update, SET_TYPE1, EACH},
	{"VERIFY SIGNATURE init", 0x2C, 0xFF, 0x00, 0x00, 0x00, BODY_TLV, REF_PUBLIC,
	 MUST(TLV_MODE, TLV_HASH, TLV_SIGN_ALG, TLV_COUNT), applet_sign_verify_init, SET_TYPE1,
	 EACH},
	{"VERIFY SIGNATURE close", 0x2C, 0xFF, 0x01, 0x00, 0x00, BODY_NONE, 0, NONE,
	 applet_sign_verify_close, SET_TYPE1, EACH},
	{"VERIFY SIGNATURE update", 0x2D, 0x6F, 0x00, 0x00, 0x00, BODY_TLV, 0, NONE,
	 applet_sign_verify_update, SET_TYPE1, EACH},
	{"COMPUTE DH", 0x46, 0xFF, 0x00, 0xFF, 0x00, BODY_TLV, REF_PRIVATE | REF_PUBLIC, NONE,
	 applet_derive_dh, SET_DH | SET_TYPE1, EACH},
	{"COMPUTE PRF", 0x48, 0xFF, 0x00, 0xFF, 0x00, BODY_TLV, REF_SECRET,
	 MUST(TLV_LABEL_SEED, TLV_OUTPUT_LENGTH, TLV_COUNT), applet_derive_prf, SET_PRF, NAMES_ANY,
	 applet_derive_prf_check},
	{"COMPUTE PRF, PSK", 0x48, 0xFF, 0x01, 0xFF, 0x00, BODY_TLV, REF_SECRET,
	 MUST(TLV_LABEL_SEED, TLV_OUTPUT_LENGTH, TLV_COUNT), applet_derive_prf_psk,
	 SET_PRF | SET_TYPE2, NAMES_EACH, applet_derive_prf_check},
	{"COMPUTE PRF, PSK and ECDHE", 0x48, 0xFF, 0x02, 0xFF, 0x00, BODY_TLV, REF_SECRET,
	 MUST(TLV_LABEL_SEED, TLV_OUTPUT_LENGTH, TLV_OTHER_SECRET, TLV_COUNT),
	 applet_derive_prf_psk, SET_PRF | SET_TYPE2, NAMES_EACH, applet_derive_prf_check},
	{"COMPUTE HKDF", 0x4A, 0xFF, 0x00, 0xFF, 0x00, BODY_TLV, REF_SECRET,
	 MUST(TLV_SALT, TLV_HASH, TLV_COUNT), applet_derive_hkdf, SET_HKDF, NAMES_ANY,
	 applet_derive_hkdf_check},
#undef EACH
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
	if (applet_config(c)->locked || o->locked == LOCKED_NOW)
		return SW_LOCKED;
	if (o->locked == LOCKED_ENDED)
		return SW_ADMIN_ENDED;
	if ((o->access & access) != access || (o->functions & functions) != functions)
		return SW_CONDITIONS;
	TRY_SW(uicc_pin_permits(c->uicc, o));
	bool filled = o->state == STATE_ACTIVE && (o->key || o->data);
	return active && !filled ? SW_CONDITIONS : SW_OK;
}

/* The parts of the table that this card lacks. */
static unsigned sets_absent(const struct traits *config)
{
	return (config->list ? 0 : SET_LIST) | (config->info ? 0 : SET_INFO) |
	       (config->personality == PERSONALITY_TYPE2 ? SET_TYPE1 : 0) |
	       (config->personality == PERSONALITY_TYPE1 ? SET_TYPE2 : 0) |
	       (config->dh ? 0 : SET_DH) | (config->prf ? 0 : SET_PRF) |
	       (config->hkdf ? 0 : SET_HKDF);
}

static uint16_t command_find(const struct applet_call *c, const struct command **ret_row)
{
	const struct apdu *a = c->apdu;
	unsigned absent = sets_absent(applet_config(c));
	uint16_t sw = SW_INS;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command *row = &commands[i];
		if (row->ins != a->ins || (row->set & absent))
			continue;
		sw = SW_PARAMS;
		if ((a->p1 & row->p1_mask) == row->p1 && (a->p2 & row->p2_mask) == row->p2) {
			*ret_row = row;
			return SW_OK;
		}
	}
	return sw;
}

/* Containers are named by id or by label, and as many as the command asks for. */
static uint16_t check_names(const struct applet_call *c, const struct command *row)
{
	unsigned named = 0;
	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		bool id = c->tlv.seen[refs[k].id], label = c->tlv.seen[refs[k].label];
		if (!(row->refs & 1u << k))
			continue;
		if ((id && label) || (row->naming == NAMES_EACH && !id && !label))
			return SW_DATA;
		named += id || label;
	}
	return row->naming == NAMES_ONE && named != 1 ? SW_DATA : SW_OK;
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
	TRY_SW(check_names(c, row));
	return row->check ? row->check(c) : SW_OK;
}

static uint16_t find_objects(struct applet_call *c, const struct command *row)
{
	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		enum object_kind kind = (enum object_kind)k;
		struct store *s = c->uicc->store;
		bool named = c->tlv.seen[refs[k].id] || c->tlv.seen[refs[k].label];
		if ((row->refs & 1u << k) == 0 || !named)
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
