/* SPDX-License-Identifier: Apache-2.0 */
#include "rv.h"

/* No default: -Wswitch-enum names the status that is missing here.
 *
 * A card or device that fails in the middle of a session is CKR_DEVICE_REMOVED or _ERROR: Cryptoki
 * allows CKR_TOKEN_NOT_PRESENT and _NOT_RECOGNIZED for slot functions only, which say so themselves
 * by TOKEN_ABSENT and TOKEN_UNKNOWN. */
CK_RV rv_of(status st)
{
	/* clang-format off */
	switch (st) {
	case ST_OK:                       return CKR_OK;
	case ST_ARG:                      return CKR_ARGUMENTS_BAD;
	case ST_BUG: case ST_CONFIG: case ST_COUNT: return CKR_GENERAL_ERROR;
	case ST_NOMEM: case ST_FULL: return CKR_HOST_MEMORY;
	case ST_SHORT_OUT:                return CKR_BUFFER_TOO_SMALL;
	case ST_CRYPTO: case ST_NO_ENTRY: return CKR_FUNCTION_FAILED;
	case ST_TRUNCATED: case ST_MALFORMED: case ST_DESYNC: case ST_DENIED_DEVICE:
	case ST_BUSY_DEVICE: case ST_NO_SERVICE: case ST_TIMEOUT: case ST_IO:
	case ST_UNSUPPORTED_LINK: case ST_CARD_BUSY: case ST_SIM_PIN: case ST_NO_CHANNEL:
	case ST_CHANNEL_LOST: case ST_NO_APPLET: case ST_SW_NOT_FOUND: case ST_SW_CONDITIONS:
	case ST_SW_DATA: case ST_SW_PARAMS: case ST_SW_LENGTH: case ST_SW_INS: case ST_SW_CLASS:
	case ST_SW_LOCKED: case ST_SW_SESSIONS: case ST_SW_INTEGRITY: case ST_SW_OFFSET:
	case ST_SW_OTHER: case ST_POINT_INVALID: case ST_PIN_UNSURE:
	/* of a command that carried no PIN */
	case ST_SW_PIN_WRONG: case ST_SW_PIN_BLOCKED: return CKR_DEVICE_ERROR;
	case ST_SW_MEMORY: case ST_OBJECT_MEMORY: case ST_STORE: return CKR_DEVICE_MEMORY;
	case ST_NO_DEVICE: case ST_NO_CARD: case ST_CARD_GONE: case ST_CARD_CHANGED:
		return CKR_DEVICE_REMOVED;
	case ST_SW_SECURITY: case ST_USER_NOT_LOGGED_IN: return CKR_USER_NOT_LOGGED_IN;
	case ST_PIN_WRONG:                return CKR_PIN_INCORRECT;
	case ST_PIN_LOCKED:               return CKR_PIN_LOCKED;
	case ST_PIN_RANGE:                return CKR_PIN_LEN_RANGE;
	case ST_SW_SIGNATURE: case ST_SIG_BAD: return CKR_SIGNATURE_INVALID;
	case ST_SIG_LEN:                  return CKR_SIGNATURE_LEN_RANGE;
	case ST_KEY_UNUSABLE: case ST_KEY_FUNCTION: return CKR_KEY_FUNCTION_NOT_PERMITTED;
	case ST_PEER_INVALID:             return CKR_PUBLIC_KEY_INVALID;
	case ST_KEY_SIZE:                 return CKR_KEY_SIZE_RANGE;
	case ST_KEY_NEEDED:               return CKR_KEY_NEEDED;
	case ST_CURVE_UNSUPPORTED:        return CKR_CURVE_NOT_SUPPORTED;
	case ST_KEY_KIND:                 return CKR_KEY_TYPE_INCONSISTENT;
	case ST_DATA_LEN:                 return CKR_DATA_LEN_RANGE;
	case ST_NOT_INIT:                 return CKR_CRYPTOKI_NOT_INITIALIZED;
	case ST_INIT_TWICE:               return CKR_CRYPTOKI_ALREADY_INITIALIZED;
	case ST_CANT_LOCK:                return CKR_CANT_LOCK;
	case ST_NO_SLOT:                  return CKR_SLOT_ID_INVALID;
	case ST_NO_SESSION:               return CKR_SESSION_HANDLE_INVALID;
	case ST_SESSION_COUNT:            return CKR_SESSION_COUNT;
	case ST_SESSION_PARALLEL:         return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	case ST_SESSION_RO:               return CKR_SESSION_READ_ONLY;
	case ST_SESSION_EXISTS:           return CKR_SESSION_EXISTS;
	case ST_SESSION_RO_EXISTS:        return CKR_SESSION_READ_ONLY_EXISTS;
	case ST_SESSION_ASYNC:            return CKR_SESSION_ASYNC_NOT_SUPPORTED;
	case ST_CANCEL_FAILED:            return CKR_OPERATION_CANCEL_FAILED;
	case ST_SAVED_STATE:              return CKR_SAVED_STATE_INVALID;
	case ST_NO_OBJECT:                return CKR_OBJECT_HANDLE_INVALID;
	case ST_NO_KEY:                   return CKR_KEY_HANDLE_INVALID;
	case ST_NO_OP:                    return CKR_OPERATION_NOT_INITIALIZED;
	case ST_OP_BUSY:                  return CKR_OPERATION_ACTIVE;
	case ST_MECH:                     return CKR_MECHANISM_INVALID;
	case ST_MECH_PARAM:               return CKR_MECHANISM_PARAM_INVALID;
	case ST_ATTR_TYPE:                return CKR_ATTRIBUTE_TYPE_INVALID;
	case ST_ATTR_VALUE:               return CKR_ATTRIBUTE_VALUE_INVALID;
	case ST_ATTR_SENSITIVE:           return CKR_ATTRIBUTE_SENSITIVE;
	case ST_ATTR_RO:                  return CKR_ATTRIBUTE_READ_ONLY;
	case ST_TEMPLATE_INCOMPLETE:      return CKR_TEMPLATE_INCOMPLETE;
	case ST_TEMPLATE_INCONSISTENT:    return CKR_TEMPLATE_INCONSISTENT;
	case ST_ACTION_PROHIBITED:        return CKR_ACTION_PROHIBITED;
	case ST_WRITE_PROTECTED:          return CKR_TOKEN_WRITE_PROTECTED;
	case ST_USER_LOGGED_IN:           return CKR_USER_ALREADY_LOGGED_IN;
	case ST_USER_OTHER_LOGGED_IN:     return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	case ST_USER_TYPE:                return CKR_USER_TYPE_INVALID;
	case ST_USER_PIN_UNSET:           return CKR_USER_PIN_NOT_INITIALIZED;
	case ST_RANDOM_NO_SEED:           return CKR_RANDOM_SEED_NOT_SUPPORTED;
	case ST_STATE_UNSAVEABLE:         return CKR_STATE_UNSAVEABLE;
	case ST_NO_EVENT:                 return CKR_NO_EVENT;
	case ST_NOT_PARALLEL:             return CKR_FUNCTION_NOT_PARALLEL;
	case ST_UNSUPPORTED:              return CKR_FUNCTION_NOT_SUPPORTED;
	case ST_TOKEN_ABSENT:             return CKR_TOKEN_NOT_PRESENT;
	case ST_TOKEN_UNKNOWN:            return CKR_TOKEN_NOT_RECOGNIZED;
	}
	/* clang-format on */
	return CKR_GENERAL_ERROR;
}
