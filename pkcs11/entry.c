/* SPDX-License-Identifier: Apache-2.0 */
/* Every C_ function: enter, one call, map. Blame in the specification's order: initialised, handle,
 * arguments, state. */
#include "create.h"
#include "derive.h"
#include "event.h"
#include "find.h"
#include "guard.h"
#include "iface.h"
#include "info.h"
#include "keygen.h"
#include "lib.h"
#include "login.h"
#include "mech.h"
#include "message.h"
#include "sign.h"

#define EXPORTED __attribute__((visibility("default")))

/* What did nothing when a SIM failed, so that the next member of its group may do it. */
#define RETURN_OF(call)                                                                            \
	do {                                                                                       \
		status return_st_;                                                                 \
		do                                                                                 \
			return_st_ = (call);                                                       \
		while (guard_again(&g, &return_st_));                                              \
		return rv_of(return_st_);                                                          \
	} while (0)

#define OUT(p, n) ((struct op_out){(p), (n)})

/* Those of later versions, which p11-kit's header does not declare. */
#define BUILT(name, args)
#define REFUSED(name, args, rv)
#define BUILT_3_0(name, args) CK_RV name args;
#define REFUSED_3_0(name, args, rv) CK_RV name args;
#define BUILT_3_2 BUILT_3_0
#define REFUSED_3_2 REFUSED_3_0
#include "entry.def"
#undef REFUSED
#undef BUILT_3_0
#undef REFUSED_3_0
#undef BUILT_3_2
#undef REFUSED_3_2

/* What is not offered: each checks its session, and takes no notice of its other arguments. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define REFUSED(name, args, rv)                                                                    \
	CK_RV name args                                                                            \
	{                                                                                          \
		ENTER_SESSION(hSession);                                                           \
		return (rv);                                                                       \
	}
#define BUILT_3_0(name, args)
#define REFUSED_3_0 REFUSED
#define BUILT_3_2(name, args)
#define REFUSED_3_2 REFUSED
#include "entry.def"
#pragma GCC diagnostic pop

/* --- general --- */

CK_RV C_Initialize(CK_VOID_PTR pInitArgs)
{
	return rv_of(lib_initialize(pInitArgs));
}

CK_RV C_Finalize(CK_VOID_PTR pReserved)
{
	LOG_SPAN(__func__);
	return rv_of(lib_finalize(pReserved));
}

CK_RV C_GetInfo(CK_INFO_PTR pInfo)
{
	ENTER_LIB();
	return rv_of(info_library((CK_VERSION){2, 40}, pInfo));
}

EXPORTED CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR ppFunctionList)
{
	return rv_of(iface_function_list(ppFunctionList));
}

EXPORTED CK_RV C_GetInterfaceList(CK_INTERFACE_PTR pInterfacesList, CK_ULONG_PTR pulCount)
{
	return rv_of(iface_list(pInterfacesList, pulCount));
}

EXPORTED CK_RV C_GetInterface(CK_UTF8CHAR_PTR pInterfaceName, CK_VERSION_PTR pVersion,
			      CK_INTERFACE_PTR_PTR ppInterface, CK_FLAGS flags)
{
	return rv_of(iface_get(pInterfaceName, pVersion, ppInterface, flags));
}

/* --- slots and tokens --- */

CK_RV C_GetSlotList(CK_BBOOL tokenPresent, CK_SLOT_ID_PTR pSlotList, CK_ULONG_PTR pulCount)
{
	ENTER_LIB();
	return rv_of(slot_list(tokenPresent != CK_FALSE, pSlotList, pulCount));
}

CK_RV C_GetSlotInfo(CK_SLOT_ID slotID, CK_SLOT_INFO_PTR pInfo)
{
	ENTER_LIB();
	return rv_of(info_slot(slotID, pInfo));
}

CK_RV C_GetTokenInfo(CK_SLOT_ID slotID, CK_TOKEN_INFO_PTR pInfo)
{
	ENTER_SLOT(slotID);
	return rv_of(info_token(g.slot, pInfo));
}

CK_RV C_GetMechanismList(CK_SLOT_ID slotID, CK_MECHANISM_TYPE_PTR pMechanismList,
			 CK_ULONG_PTR pulCount)
{
	ENTER_SLOT(slotID);
	return rv_of(mech_list(g.slot, pMechanismList, pulCount));
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slotID, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR pInfo)
{
	ENTER_SLOT(slotID);
	return rv_of(mech_info(g.slot, type, pInfo));
}

CK_RV C_InitToken(CK_SLOT_ID slotID, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen,
		  CK_UTF8CHAR_PTR pLabel)
{
	(void)pPin, (void)ulPinLen, (void)pLabel;
	ENTER_SLOT(slotID);
	return rv_of(session_count(g.slot, false) != 0 ? ST_SESSION_EXISTS : ST_UNSUPPORTED);
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID_PTR pSlot, CK_VOID_PTR pReserved)
{
	return rv_of(event_wait(flags, pSlot, pReserved));
}

/* --- sessions --- */

CK_RV C_OpenSession(CK_SLOT_ID slotID, CK_FLAGS flags, CK_VOID_PTR pApplication, CK_NOTIFY Notify,
		    CK_SESSION_HANDLE_PTR phSession)
{
	(void)pApplication, (void)Notify;
	ENTER_LIB();
	return rv_of(session_open(slotID, flags, phSession));
}

CK_RV C_CloseSession(CK_SESSION_HANDLE hSession)
{
	ENTER_SESSION(hSession);
	return rv_of(session_close_one(&g));
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slotID)
{
	ENTER_LIB();
	return rv_of(session_close_all(slotID));
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE hSession, CK_SESSION_INFO_PTR pInfo)
{
	ENTER_SESSION(hSession);
	return rv_of(session_info(&g, pInfo));
}

CK_RV C_SessionCancel(CK_SESSION_HANDLE hSession, CK_FLAGS flags)
{
	ENTER_SESSION(hSession);
	return rv_of(session_cancel(&g, flags));
}

CK_RV C_GetOperationState(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pOperationState,
			  CK_ULONG_PTR pulOperationStateLen)
{
	(void)pOperationState;
	ENTER_SESSION(hSession);
	return rv_of(session_state(&g, pulOperationStateLen));
}

/* Nobody can have a state of ours. */
CK_RV C_SetOperationState(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pOperationState,
			  CK_ULONG ulOperationStateLen, CK_OBJECT_HANDLE hEncryptionKey,
			  CK_OBJECT_HANDLE hAuthenticationKey)
{
	(void)hEncryptionKey, (void)hAuthenticationKey;
	ENTER_SESSION(hSession);
	if (pOperationState == NULL || ulOperationStateLen == 0)
		return CKR_ARGUMENTS_BAD;
	return rv_of(ST_SAVED_STATE);
}

/* No authority has validated this module. */
CK_RV C_GetSessionValidationFlags(CK_SESSION_HANDLE hSession, CK_SESSION_VALIDATION_FLAGS_TYPE type,
				  CK_FLAGS_PTR pFlags)
{
	ENTER_SESSION(hSession);
	if (pFlags == NULL || type != CKS_LAST_VALIDATION_OK)
		return CKR_ARGUMENTS_BAD;
	*pFlags = 0;
	return CKR_OK;
}

CK_RV C_Login(CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin,
	      CK_ULONG ulPinLen)
{
	ENTER_SESSION(hSession);
	return rv_of(login_user(&g, userType, pPin, ulPinLen));
}

/* Nobody has a name here. */
CK_RV C_LoginUser(CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin,
		  CK_ULONG ulPinLen, CK_UTF8CHAR_PTR pUsername, CK_ULONG ulUsernameLen)
{
	ENTER_SESSION(hSession);
	if (pUsername == NULL && ulUsernameLen != 0)
		return CKR_ARGUMENTS_BAD;
	return rv_of(login_user(&g, userType, pPin, ulPinLen));
}

CK_RV C_Logout(CK_SESSION_HANDLE hSession)
{
	ENTER_SESSION(hSession);
	return rv_of(login_out(&g));
}

CK_RV C_SetPIN(CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pOldPin, CK_ULONG ulOldLen,
	       CK_UTF8CHAR_PTR pNewPin, CK_ULONG ulNewLen)
{
	ENTER_SESSION(hSession);
	return rv_of(login_set_pin(&g, pOldPin, ulOldLen, pNewPin, ulNewLen));
}

/* --- objects --- */

CK_RV C_CreateObject(CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount,
		     CK_OBJECT_HANDLE_PTR phObject)
{
	ENTER_SESSION(hSession);
	return rv_of(create_object(&g, pTemplate, ulCount, phObject));
}

CK_RV C_CopyObject(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ATTRIBUTE_PTR pTemplate,
		   CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phNewObject)
{
	ENTER_SESSION(hSession);
	return rv_of(create_copy(&g, hObject, pTemplate, ulCount, phNewObject));
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject)
{
	ENTER_SESSION(hSession);
	return rv_of(create_destroy(&g, hObject));
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ULONG_PTR pulSize)
{
	ENTER_SESSION(hSession);
	RETURN_OF(find_size(&g, hObject, pulSize));
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject,
			  CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount)
{
	ENTER_SESSION(hSession);
	RETURN_OF(find_attributes(&g, hObject, pTemplate, ulCount));
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject,
			  CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount)
{
	ENTER_SESSION(hSession);
	return rv_of(create_set(&g, hObject, pTemplate, ulCount));
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount)
{
	ENTER_SESSION(hSession);
	RETURN_OF(find_init(&g, pTemplate, ulCount));
}

CK_RV C_FindObjects(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE_PTR phObject,
		    CK_ULONG ulMaxObjectCount, CK_ULONG_PTR pulObjectCount)
{
	ENTER_SESSION(hSession);
	return rv_of(find_next(&g, phObject, ulMaxObjectCount, pulObjectCount));
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE hSession)
{
	ENTER_SESSION(hSession);
	return rv_of(find_final(&g));
}

/* --- signatures --- */

CK_RV C_SignInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)
{
	ENTER_SESSION(hSession);
	RETURN_OF(sign_init(&g, pMechanism, hKey));
}

CK_RV C_Sign(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
	     CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen)
{
	ENTER_SESSION(hSession);
	return rv_of(sign_once(&g, pData, ulDataLen, OUT(pSignature, pulSignatureLen)));
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen)
{
	ENTER_SESSION(hSession);
	return rv_of(sign_update(&g, pPart, ulPartLen));
}

CK_RV C_SignFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen)
{
	ENTER_SESSION(hSession);
	return rv_of(sign_final(&g, OUT(pSignature, pulSignatureLen)));
}

CK_RV C_VerifyInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey)
{
	ENTER_SESSION(hSession);
	RETURN_OF(verify_init(&g, pMechanism, hKey));
}

CK_RV C_Verify(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
	       CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen)
{
	ENTER_SESSION(hSession);
	return rv_of(verify_once(&g, pData, ulDataLen, pSignature, ulSignatureLen));
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen)
{
	ENTER_SESSION(hSession);
	return rv_of(verify_update(&g, pPart, ulPartLen));
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen)
{
	ENTER_SESSION(hSession);
	return rv_of(verify_final(&g, pSignature, ulSignatureLen));
}

/* --- messages --- */

#define PARAM(p, n) ((struct message_param){(p), (n)})

CK_RV C_MessageSignInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
			CK_OBJECT_HANDLE hKey)
{
	ENTER_SESSION(hSession);
	RETURN_OF(message_sign_init(&g, pMechanism, hKey));
}

CK_RV C_SignMessage(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
		    CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
		    CK_ULONG_PTR pulSignatureLen)
{
	ENTER_SESSION(hSession);
	return rv_of(message_sign(&g, PARAM(pParameter, ulParameterLen), pData, ulDataLen,
				  OUT(pSignature, pulSignatureLen)));
}

CK_RV C_SignMessageBegin(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
			 CK_ULONG ulParameterLen)
{
	ENTER_SESSION(hSession);
	return rv_of(message_sign_begin(&g, PARAM(pParameter, ulParameterLen)));
}

CK_RV C_SignMessageNext(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
			CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
			CK_ULONG_PTR pulSignatureLen)
{
	ENTER_SESSION(hSession);
	return rv_of(message_sign_next(&g, PARAM(pParameter, ulParameterLen), pData, ulDataLen,
				       OUT(pSignature, pulSignatureLen)));
}

CK_RV C_MessageSignFinal(CK_SESSION_HANDLE hSession)
{
	ENTER_SESSION(hSession);
	return rv_of(message_sign_final(&g));
}

CK_RV C_MessageVerifyInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
			  CK_OBJECT_HANDLE hKey)
{
	ENTER_SESSION(hSession);
	RETURN_OF(message_verify_init(&g, pMechanism, hKey));
}

CK_RV C_VerifyMessage(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter, CK_ULONG ulParameterLen,
		      CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
		      CK_ULONG ulSignatureLen)
{
	ENTER_SESSION(hSession);
	return rv_of(message_verify(&g, PARAM(pParameter, ulParameterLen), pData, ulDataLen,
				    pSignature, ulSignatureLen));
}

CK_RV C_VerifyMessageBegin(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
			   CK_ULONG ulParameterLen)
{
	ENTER_SESSION(hSession);
	return rv_of(message_verify_begin(&g, PARAM(pParameter, ulParameterLen)));
}

CK_RV C_VerifyMessageNext(CK_SESSION_HANDLE hSession, CK_VOID_PTR pParameter,
			  CK_ULONG ulParameterLen, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
			  CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen)
{
	ENTER_SESSION(hSession);
	return rv_of(message_verify_next(&g, PARAM(pParameter, ulParameterLen), pData, ulDataLen,
					 pSignature, ulSignatureLen));
}

CK_RV C_MessageVerifyFinal(CK_SESSION_HANDLE hSession)
{
	ENTER_SESSION(hSession);
	return rv_of(message_verify_final(&g));
}

/* --- keys --- */

CK_RV C_GenerateKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
		    CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phKey)
{
	ENTER_SESSION(hSession);
	return rv_of(
		keygen_secret(&g, pMechanism, (struct keygen_template){pTemplate, ulCount}, phKey));
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
			CK_ATTRIBUTE_PTR pPublicKeyTemplate, CK_ULONG ulPublicKeyAttributeCount,
			CK_ATTRIBUTE_PTR pPrivateKeyTemplate, CK_ULONG ulPrivateKeyAttributeCount,
			CK_OBJECT_HANDLE_PTR phPublicKey, CK_OBJECT_HANDLE_PTR phPrivateKey)
{
	struct keygen_template pub = {pPublicKeyTemplate, ulPublicKeyAttributeCount};
	struct keygen_template priv = {pPrivateKeyTemplate, ulPrivateKeyAttributeCount};

	ENTER_SESSION(hSession);
	status st = keygen_pair(&g, pMechanism, pub, priv, phPublicKey, phPrivateKey);
	if (login_may_recur(&g, st))
		st = keygen_pair(&g, pMechanism, pub, priv, phPublicKey, phPrivateKey);
	return rv_of(st);
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
		  CK_OBJECT_HANDLE hBaseKey, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount,
		  CK_OBJECT_HANDLE_PTR phKey)
{
	ENTER_SESSION(hSession);
	status st;
	do {
		st = derive_key(&g, pMechanism, hBaseKey, pTemplate, ulAttributeCount, phKey);
		if (login_may_recur(&g, st))
			st = derive_key(&g, pMechanism, hBaseKey, pTemplate, ulAttributeCount,
					phKey);
	} while (guard_again(&g, &st));
	return rv_of(st);
}

/* --- random numbers --- */

CK_RV C_SeedRandom(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSeed, CK_ULONG ulSeedLen)
{
	(void)pSeed, (void)ulSeedLen;
	ENTER_SESSION(hSession);
	return rv_of(ST_RANDOM_NO_SEED);
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pRandomData, CK_ULONG ulRandomLen)
{
	ENTER_SESSION(hSession);
	RETURN_OF(sign_random(&g, pRandomData, ulRandomLen));
}
