/* SPDX-License-Identifier: Apache-2.0 */
#include "p11rv.h"

#include "mem.h"
#include "say.h"

static const struct {
	CK_RV rv;
	const char *text;
} texts[] = {
	{CKR_HOST_MEMORY, "out of memory"},
	{CKR_GENERAL_ERROR, "internal error of the module; IOTSAFE_LOG=debug tells more"},
	{CKR_FUNCTION_FAILED, "the SIM failed; \"iotsafe doctor\" tells more"},
	{CKR_FUNCTION_NOT_SUPPORTED, "the module does not do this"},
	{CKR_DEVICE_ERROR, "the SIM or the link failed; \"iotsafe doctor\" tells more"},
	{CKR_DEVICE_MEMORY, "there is no empty container for it, and none was named to be replaced "
			    "(--name or --id); \"iotsafe list\" shows them"},
	{CKR_DEVICE_REMOVED, "the SIM is gone"},
	{CKR_TOKEN_NOT_PRESENT, "no SIM is there"},
	{CKR_TOKEN_NOT_RECOGNIZED, "the SIM has no IoT SAFE applet"},
	{CKR_TOKEN_WRITE_PROTECTED,
	 "the token cannot take it: neither has the SIM a container that may be written, nor may "
	 "this user write to the store folder (store-dir in iotsafe.conf)"},
	{CKR_ACTION_PROHIBITED, "the token does not allow this for that object"},
	{CKR_ATTRIBUTE_READ_ONLY, "the token does not let this be chosen"},
	{CKR_ATTRIBUTE_VALUE_INVALID, "the token does not take that value"},
	{CKR_ATTRIBUTE_SENSITIVE, "the SIM does not give it away"},
	{CKR_TEMPLATE_INCONSISTENT, "the token cannot make such an object"},
	{CKR_TEMPLATE_INCOMPLETE, "the token wants to know more about the object"},
	{CKR_CURVE_NOT_SUPPORTED, "the SIM has no container for a key on that curve"},
	{CKR_DOMAIN_PARAMS_INVALID, "the SIM does not know that curve"},
	{CKR_KEY_FUNCTION_NOT_PERMITTED, "the SIM does not allow this use of the key"},
	{CKR_KEY_TYPE_INCONSISTENT, "a key of this type cannot do that"},
	{CKR_MECHANISM_INVALID, "the SIM cannot do this"},
	{CKR_MECHANISM_PARAM_INVALID, "the SIM does not take these parameters"},
	{CKR_USER_NOT_LOGGED_IN, "it needs the PIN: run it on a terminal, or give --pin-source "
				 "file:PATH"},
	{CKR_PIN_INCORRECT, "the PIN is wrong"},
	{CKR_PIN_LEN_RANGE, "a PIN has 4 to 8 digits"},
	{CKR_PIN_INVALID, "a PIN has 4 to 8 digits"},
	{CKR_PIN_LOCKED, "the PIN is blocked; its unblocking key (PUK) is needed"},
	{CKR_USER_PIN_NOT_INITIALIZED, "the SIM has no such PIN; see \"pin\" in iotsafe.conf(5)"},
	{CKR_BUFFER_TOO_SMALL, "it is larger than it may be"},
};

const char *p11rv_text(CK_RV rv)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].rv == rv)
			return texts[i].text;
	return "the module refused";
}

status p11rv_say(const char *what, CK_RV rv)
{
	say("%s: %s (0x%lX)", what, p11rv_text(rv), rv);
	return ST_IO;
}
