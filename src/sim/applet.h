/* SPDX-License-Identifier: Apache-2.0 */
/* The IoT SAFE applet (iotsafe-protocol.md §§10, 11, 18.3): one table of commands, one handler
 * each. */
#ifndef IOTSAFE_SIM_APPLET_H
#define IOTSAFE_SIM_APPLET_H

#include "tlv.h"
#include "uicc.h"

/* A command on its way through the checks of §18.3. */
struct applet_call {
	struct uicc *uicc;
	struct uicc_channel *channel;
	const struct apdu *apdu;
	struct answer *out;
	struct tlv_set tlv;
	struct object *object[OBJECT_KINDS]; /* the containers that the command names */
};

/* Checks, looks up, runs; the answer's data is in out. */
uint16_t applet_command(struct uicc *u, const struct apdu *a, struct answer *out);

/* Leaves the handler with the status word of expr unless it is 9000. */
#define TRY_SW(expr)                                                                               \
	do {                                                                                       \
		uint16_t try_sw_ = (expr);                                                         \
		if (try_sw_ != SW_OK)                                                              \
			return try_sw_;                                                            \
	} while (0)

/* §11: 6985 unless the container has the access bits, the functions and, when active is asked for,
 * a value; 6982 while it asks for a PIN; 6984 while remote administration works on it. */
uint16_t applet_permits(const struct applet_call *c, const struct object *o, uint8_t access,
			uint8_t functions, bool active);
const struct traits *applet_config(const struct applet_call *c);

/* In the names below: _check is what is wrong with the body (6A80), before containers are looked
 * up.
 */
/* GET DATA (applet_info.c) */
uint16_t applet_info_application(struct applet_call *c);
uint16_t applet_info_list(struct applet_call *c);
uint16_t applet_info_object(struct applet_call *c);
/* files and random numbers (applet_data.c) */
uint16_t applet_data_read_file(struct applet_call *c);
uint16_t applet_data_random(struct applet_call *c);
/* keys (applet_keys.c) */
uint16_t applet_keys_generate(struct applet_call *c);
uint16_t applet_keys_read_public(struct applet_call *c);
uint16_t applet_keys_put_init(struct applet_call *c);
uint16_t applet_keys_put_update(struct applet_call *c);
uint16_t applet_keys_put_close(struct applet_call *c);
/* agreement and derivation (applet_derive.c) */
uint16_t applet_derive_dh(struct applet_call *c);
uint16_t applet_derive_prf_check(const struct applet_call *c);
uint16_t applet_derive_prf(struct applet_call *c);
uint16_t applet_derive_prf_psk(struct applet_call *c);
uint16_t applet_derive_hkdf_check(const struct applet_call *c);
uint16_t applet_derive_hkdf(struct applet_call *c);
/* AES-CMAC (applet_mac.c): the parts of COMPUTE SIGNATURE for a secret key */
uint16_t applet_mac_init(struct applet_call *c);
uint16_t applet_mac_update(struct applet_call *c, struct session *s, const struct object *o);
/* signatures (applet_sign.c) */
uint16_t applet_sign_check(const struct applet_call *c);
uint16_t applet_sign_init(struct applet_call *c);
uint16_t applet_sign_update(struct applet_call *c);
uint16_t applet_sign_close(struct applet_call *c);
uint16_t applet_sign_verify_init(struct applet_call *c);
uint16_t applet_sign_verify_update(struct applet_call *c);
uint16_t applet_sign_verify_close(struct applet_call *c);
/* Opens the session P2 of a family for container o: the rules of §18.4 and the busy words. */
uint16_t applet_session_open(struct applet_call *c, enum session_family family,
			     const struct object *o, struct session **ret_session);
/* The OPEN session P2 of a family, and the container that it names; 6985 otherwise. */
uint16_t applet_session_use(struct applet_call *c, enum session_family family,
			    struct session **ret_session, struct object **ret_object);
uint16_t applet_session_close(struct applet_call *c, enum session_family family);

#endif
