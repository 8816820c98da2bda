/* SPDX-License-Identifier: Apache-2.0 */
#include "states.h"

#include <string.h>

#define R(x) CKR_##x

/* What several functions have in common. */
#define OF_TEMPLATE                                                                                \
	R(ATTRIBUTE_READ_ONLY), R(ATTRIBUTE_TYPE_INVALID), R(ATTRIBUTE_VALUE_INVALID),             \
		R(TEMPLATE_INCONSISTENT), R(TOKEN_WRITE_PROTECTED), R(SESSION_READ_ONLY),          \
		R(USER_NOT_LOGGED_IN), R(CURVE_NOT_SUPPORTED), R(DOMAIN_PARAMS_INVALID)
#define OF_INIT                                                                                    \
	R(KEY_FUNCTION_NOT_PERMITTED), R(KEY_HANDLE_INVALID), R(KEY_SIZE_RANGE),                   \
		R(KEY_TYPE_INCONSISTENT), R(MECHANISM_INVALID), R(MECHANISM_PARAM_INVALID),        \
		R(OPERATION_ACTIVE), R(USER_NOT_LOGGED_IN)
#define OF_SIGN                                                                                    \
	R(BUFFER_TOO_SMALL), R(DATA_INVALID), R(DATA_LEN_RANGE), R(OPERATION_NOT_INITIALIZED),     \
		R(OPERATION_ACTIVE), R(USER_NOT_LOGGED_IN)
#define OF_VERIFY                                                                                  \
	R(DATA_INVALID), R(DATA_LEN_RANGE), R(OPERATION_NOT_INITIALIZED), R(OPERATION_ACTIVE),     \
		R(SIGNATURE_INVALID), R(SIGNATURE_LEN_RANGE)
#define OF_LOGIN                                                                                   \
	R(OPERATION_NOT_INITIALIZED), R(PIN_INCORRECT), R(PIN_LOCKED),                             \
		R(SESSION_READ_ONLY_EXISTS), R(USER_ALREADY_LOGGED_IN),                            \
		R(USER_ANOTHER_ALREADY_LOGGED_IN), R(USER_PIN_NOT_INITIALIZED),                    \
		R(USER_TYPE_INVALID)
#define OF_TOKEN R(TOKEN_NOT_PRESENT), R(TOKEN_NOT_RECOGNIZED)
#define UNSUPPORTED R(FUNCTION_NOT_SUPPORTED)
#define OF_MESSAGE R(MECHANISM_PARAM_INVALID)

/* clang-format off */
const struct states_function states_functions[] = {
	{"C_Initialize", "x", {R(CRYPTOKI_ALREADY_INITIALIZED), R(CANT_LOCK)}},
	{"C_Finalize", "x", {0}},
	{"C_GetInfo", "O", {0}},
	{"C_GetFunctionList", "O", {0}},
	{"C_GetSlotList", "uPN", {R(BUFFER_TOO_SMALL)}},
	{"C_GetSlotInfo", "lO", {R(DEVICE_ERROR)}},
	{"C_GetTokenInfo", "lO", {OF_TOKEN}},
	{"C_GetMechanismList", "lPN", {R(BUFFER_TOO_SMALL), OF_TOKEN}},
	{"C_GetMechanismInfo", "luO", {R(MECHANISM_INVALID), OF_TOKEN}},
	{"C_InitToken", "lpnx", {UNSUPPORTED, R(SESSION_EXISTS)}},
	{"C_InitPIN", "spn", {UNSUPPORTED}},
	{"C_SetPIN", "spnpn", {UNSUPPORTED, R(PIN_INCORRECT), R(PIN_INVALID), R(PIN_LEN_RANGE),
		R(PIN_LOCKED), R(SESSION_READ_ONLY)}},
	{"C_OpenSession", "luxxH", {R(SESSION_ASYNC_NOT_SUPPORTED), R(SESSION_COUNT),
		R(SESSION_PARALLEL_NOT_SUPPORTED), OF_TOKEN}},
	{"C_CloseSession", "s", {0}},
	{"C_CloseAllSessions", "l", {R(TOKEN_NOT_PRESENT)}},
	{"C_GetSessionInfo", "sO", {0}},
	{"C_GetOperationState", "sPN", {R(BUFFER_TOO_SMALL), R(OPERATION_NOT_INITIALIZED),
		R(STATE_UNSAVEABLE)}},
	{"C_SetOperationState", "spnkk", {R(KEY_CHANGED), R(KEY_NEEDED), R(KEY_NOT_NEEDED),
		R(SAVED_STATE_INVALID)}},
	{"C_Login", "supn", {OF_LOGIN}},
	{"C_Logout", "s", {R(USER_NOT_LOGGED_IN)}},
	{"C_CreateObject", "sTcH", {OF_TEMPLATE, R(TEMPLATE_INCOMPLETE)}},
	{"C_CopyObject", "soTcH", {OF_TEMPLATE, R(ACTION_PROHIBITED), R(OBJECT_HANDLE_INVALID)}},
	{"C_DestroyObject", "so", {R(ACTION_PROHIBITED), R(OBJECT_HANDLE_INVALID),
		R(SESSION_READ_ONLY), R(TOKEN_WRITE_PROTECTED)}},
	{"C_GetObjectSize", "soN", {R(INFORMATION_SENSITIVE), R(OBJECT_HANDLE_INVALID)}},
	{"C_GetAttributeValue", "soTc", {R(ATTRIBUTE_SENSITIVE), R(ATTRIBUTE_TYPE_INVALID),
		R(BUFFER_TOO_SMALL), R(OBJECT_HANDLE_INVALID)}},
	{"C_SetAttributeValue", "soTc", {OF_TEMPLATE, R(ACTION_PROHIBITED),
		R(OBJECT_HANDLE_INVALID)}},
	{"C_FindObjectsInit", "sTc", {R(ATTRIBUTE_TYPE_INVALID), R(ATTRIBUTE_VALUE_INVALID),
		R(OPERATION_ACTIVE)}},
	{"C_FindObjects", "sPuN", {R(OPERATION_NOT_INITIALIZED)}},
	{"C_FindObjectsFinal", "s", {R(OPERATION_NOT_INITIALIZED)}},
	{"C_EncryptInit", "sMk", {UNSUPPORTED}},
	{"C_Encrypt", "spnPN", {UNSUPPORTED}},
	{"C_EncryptUpdate", "spnPN", {UNSUPPORTED}},
	{"C_EncryptFinal", "sPN", {UNSUPPORTED}},
	{"C_DecryptInit", "sMk", {UNSUPPORTED}},
	{"C_Decrypt", "spnPN", {UNSUPPORTED}},
	{"C_DecryptUpdate", "spnPN", {UNSUPPORTED}},
	{"C_DecryptFinal", "sPN", {UNSUPPORTED}},
	{"C_DigestInit", "sM", {UNSUPPORTED}},
	{"C_Digest", "spnPN", {UNSUPPORTED}},
	{"C_DigestUpdate", "spn", {UNSUPPORTED}},
	{"C_DigestKey", "sk", {UNSUPPORTED}},
	{"C_DigestFinal", "sPN", {UNSUPPORTED}},
	{"C_SignInit", "sMk", {OF_INIT}},
	{"C_Sign", "spnPN", {OF_SIGN}},
	{"C_SignUpdate", "spn", {OF_SIGN}},
	{"C_SignFinal", "sPN", {OF_SIGN}},
	{"C_SignRecoverInit", "sMk", {UNSUPPORTED}},
	{"C_SignRecover", "spnPN", {UNSUPPORTED}},
	{"C_VerifyInit", "sMv", {OF_INIT}},
	{"C_Verify", "spnpn", {OF_VERIFY}},
	{"C_VerifyUpdate", "spn", {R(DATA_LEN_RANGE), R(OPERATION_NOT_INITIALIZED),
		R(OPERATION_ACTIVE)}},
	{"C_VerifyFinal", "spn", {OF_VERIFY}},
	{"C_VerifyRecoverInit", "sMk", {UNSUPPORTED}},
	{"C_VerifyRecover", "spnPN", {UNSUPPORTED}},
	{"C_DigestEncryptUpdate", "spnPN", {UNSUPPORTED}},
	{"C_DecryptDigestUpdate", "spnPN", {UNSUPPORTED}},
	{"C_SignEncryptUpdate", "spnPN", {UNSUPPORTED}},
	{"C_DecryptVerifyUpdate", "spnPN", {UNSUPPORTED}},
	{"C_GenerateKey", "sMTcH", {OF_TEMPLATE, R(MECHANISM_INVALID), R(MECHANISM_PARAM_INVALID),
		R(KEY_SIZE_RANGE), R(OPERATION_ACTIVE), R(TEMPLATE_INCOMPLETE)}},
	{"C_GenerateKeyPair", "sMTcTcHH", {OF_TEMPLATE, R(MECHANISM_INVALID),
		R(MECHANISM_PARAM_INVALID), R(KEY_SIZE_RANGE), R(OPERATION_ACTIVE),
		R(TEMPLATE_INCOMPLETE)}},
	{"C_WrapKey", "sMkkPN", {UNSUPPORTED}},
	{"C_UnwrapKey", "sMkpnTcH", {UNSUPPORTED}},
	{"C_DeriveKey", "sMkTcH", {OF_TEMPLATE, OF_INIT, R(TEMPLATE_INCOMPLETE),
		R(PUBLIC_KEY_INVALID)}},
	{"C_SeedRandom", "spn", {R(RANDOM_SEED_NOT_SUPPORTED), R(RANDOM_NO_RNG),
		R(OPERATION_ACTIVE), R(USER_NOT_LOGGED_IN)}},
	{"C_GenerateRandom", "sPn", {R(RANDOM_NO_RNG), R(OPERATION_ACTIVE),
		R(USER_NOT_LOGGED_IN)}},
	{"C_GetFunctionStatus", "s", {R(FUNCTION_NOT_PARALLEL)}},
	{"C_CancelFunction", "s", {R(FUNCTION_NOT_PARALLEL)}},
	{"C_WaitForSlotEvent", "uOx", {R(NO_EVENT)}},
	{"C_GetInterfaceList", "PN", {R(BUFFER_TOO_SMALL)}},
	{"C_GetInterface", "xxOu", {0}},
	{"C_LoginUser", "supnpn", {OF_LOGIN}},
	{"C_SessionCancel", "su", {R(OPERATION_ACTIVE), R(OPERATION_CANCEL_FAILED),
		R(TOKEN_NOT_PRESENT)}},
	{"C_MessageEncryptInit", "sMk", {UNSUPPORTED}},
	{"C_EncryptMessage", "spnpnpnPN", {UNSUPPORTED}},
	{"C_EncryptMessageBegin", "spnpn", {UNSUPPORTED}},
	{"C_EncryptMessageNext", "spnpnPNu", {UNSUPPORTED}},
	{"C_MessageEncryptFinal", "s", {UNSUPPORTED}},
	{"C_MessageDecryptInit", "sMk", {UNSUPPORTED}},
	{"C_DecryptMessage", "spnpnpnPN", {UNSUPPORTED}},
	{"C_DecryptMessageBegin", "spnpn", {UNSUPPORTED}},
	{"C_DecryptMessageNext", "spnpnPNu", {UNSUPPORTED}},
	{"C_MessageDecryptFinal", "s", {UNSUPPORTED}},
	{"C_MessageSignInit", "sMk", {OF_INIT}},
	{"C_SignMessage", "sxupnPN", {OF_SIGN, OF_MESSAGE}},
	{"C_SignMessageBegin", "sxu", {OF_MESSAGE, R(OPERATION_ACTIVE),
		R(OPERATION_NOT_INITIALIZED), R(USER_NOT_LOGGED_IN)}},
	{"C_SignMessageNext", "sxupnPN", {OF_SIGN, OF_MESSAGE}},
	{"C_MessageSignFinal", "s", {R(OPERATION_ACTIVE), R(OPERATION_NOT_INITIALIZED),
		R(USER_NOT_LOGGED_IN)}},
	{"C_MessageVerifyInit", "sMv", {OF_INIT}},
	{"C_VerifyMessage", "sxupnpn", {OF_VERIFY, OF_MESSAGE}},
	{"C_VerifyMessageBegin", "sxu", {OF_MESSAGE, R(OPERATION_ACTIVE),
		R(OPERATION_NOT_INITIALIZED), R(USER_NOT_LOGGED_IN)}},
	{"C_VerifyMessageNext", "sxupnpn", {OF_VERIFY, OF_MESSAGE}},
	{"C_MessageVerifyFinal", "s", {R(OPERATION_ACTIVE), R(OPERATION_NOT_INITIALIZED),
		R(USER_NOT_LOGGED_IN)}},
	{"C_EncapsulateKey", "sMvTcPNH", {UNSUPPORTED}},
	{"C_DecapsulateKey", "sMkTcpnH", {UNSUPPORTED}},
	{"C_VerifySignatureInit", "sMvpn", {UNSUPPORTED}},
	{"C_VerifySignature", "spn", {UNSUPPORTED}},
	{"C_VerifySignatureUpdate", "spn", {UNSUPPORTED}},
	{"C_VerifySignatureFinal", "s", {UNSUPPORTED}},
	{"C_GetSessionValidationFlags", "suO", {0}},
	{"C_AsyncComplete", "sxO", {UNSUPPORTED}},
	{"C_AsyncGetID", "sxO", {UNSUPPORTED}},
	{"C_AsyncJoin", "sxupn", {UNSUPPORTED}},
	{"C_WrapKeyAuthenticated", "sMkkpnPN", {UNSUPPORTED}},
	{"C_UnwrapKeyAuthenticated", "sMkpnTcpnH", {UNSUPPORTED}},
};
/* clang-format on */
const size_t states_function_count = sizeof(states_functions) / sizeof(states_functions[0]);

bool states_needs_nothing(const struct states_function *fn)
{
	return strcmp(fn->name, "C_Initialize") == 0 ||
	       strcmp(fn->name, "C_GetFunctionList") == 0 ||
	       strncmp(fn->name, "C_GetInterface", 14) == 0;
}

static bool is_in(const CK_RV *list, size_t n, CK_RV rv)
{
	for (size_t i = 0; i < n && list[i] != CKR_OK; i++)
		if (list[i] == rv)
			return true;
	return false;
}

bool states_allows(const struct states_function *fn, CK_RV rv)
{
	static const CK_RV all[] = {R(GENERAL_ERROR), R(HOST_MEMORY), R(FUNCTION_FAILED),
				    R(ARGUMENTS_BAD)};
	static const CK_RV of_slots[] = {R(SLOT_ID_INVALID), R(DEVICE_ERROR), R(DEVICE_MEMORY),
					 R(DEVICE_REMOVED)};
	static const CK_RV of_sessions[] = {R(SESSION_HANDLE_INVALID), R(SESSION_CLOSED),
					    R(DEVICE_ERROR), R(DEVICE_MEMORY), R(DEVICE_REMOVED)};
	bool never_ok = strcmp(fn->name, "C_GetFunctionStatus") == 0 ||
			strcmp(fn->name, "C_CancelFunction") == 0;

	if (rv == CKR_OK)
		return !never_ok;
	if (rv == CKR_CRYPTOKI_NOT_INITIALIZED)
		return !states_needs_nothing(fn);
	return is_in(all, 4, rv) || is_in(fn->may, STATES_RV_MAX, rv) ||
	       (fn->args[0] == ARG_SESSION && is_in(of_sessions, 5, rv)) ||
	       (fn->args[0] == ARG_SLOT && is_in(of_slots, 4, rv));
}
