/* SPDX-License-Identifier: Apache-2.0 */
#include "info.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "hex.h"
#include "login.h"
#include "mem.h"
#include "session.h"
#include "slot_group.h"
#include "token.h"

static const char manufacturer[] = "iotsafe-pkcs11";

void info_pad(unsigned char *field, size_t n, const char *s)
{
	size_t len = strlen(s);

	if (len > n) {
		len = n;
		while (len > 0 && ((unsigned char)s[len] & 0xC0) == 0x80)
			len--;
	}
	memcpy(field, s, len);
	memset(field + len, ' ', n - len);
}

#define PAD(field, s) info_pad((field), sizeof(field), (s))

status info_library(CK_VERSION version, CK_INFO *ret_info)
{
	CK_INFO info = {
		.cryptokiVersion = version,
		.libraryVersion = {IOTSAFE_VERSION_MAJOR, IOTSAFE_VERSION_MINOR},
	};

	if (ret_info == NULL)
		return ST_ARG;
	PAD(info.manufacturerID, manufacturer);
	PAD(info.libraryDescription, "IoT SAFE (GSMA IoT.05) module");
	*ret_info = info;
	return ST_OK;
}

status info_slot(CK_SLOT_ID id, CK_SLOT_INFO *ret_info)
{
	struct slot *s = slot_find(id);
	CK_SLOT_INFO info = {.flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT};

	if (s == NULL)
		return ST_NO_SLOT;
	if (ret_info == NULL)
		return ST_ARG;
	if (slot_present(s))
		info.flags |= CKF_TOKEN_PRESENT;
	PAD(info.slotDescription, s->conf.name[0] != '\0' ? s->conf.name : s->conf.uri_text);
	PAD(info.manufacturerID, manufacturer);
	*ret_info = info;
	return ST_OK;
}

/* The field has 16 characters and an ICCID up to 20: its end tells SIMs of one operator apart. A
 * SIM that hides its ICCID is told by its place. */
static status serial_of(const struct slot *s, const struct card_info *card, char ret[17])
{
	uint8_t digest[HASH_MAX];
	size_t n = strlen(card->iccid);

	if (n != 0) {
		snprintf(ret, 17, "%s", card->iccid + (n > 16 ? n - 16 : 0));
		return ST_OK;
	}
	TRY(hash_once(HASH_SHA1, bytes_str(slot_conf(s)->uri_text), digest));
	hex_str(bytes_of(digest, 8), ret, 17);
	return ST_OK;
}

static void label_of(const struct slot *s, const char *serial, char ret[33])
{
	size_t n = strlen(serial);

	const char *label = s->conf.label[0] != '\0' ? s->conf.label : slot_conf(s)->label;

	if (label[0] != '\0')
		snprintf(ret, 33, "%s", label);
	else
		snprintf(ret, 33, "IoT SAFE %s", serial + (n > 4 ? n - 4 : 0));
}

status info_token(struct slot *s, CK_TOKEN_INFO *ret_info)
{
	struct card_info card;
	char serial[17] = "";
	char label[33] = "";
	CK_TOKEN_INFO info = {
		.flags = CKF_RNG | CKF_TOKEN_INITIALIZED,
		.ulMaxSessionCount = CK_EFFECTIVELY_INFINITE,
		.ulSessionCount = session_count(s, false),
		.ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE,
		.ulRwSessionCount = session_count(s, true),
		.ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
		.ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
		.ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
		.ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION,
	};

	if (ret_info == NULL)
		return ST_ARG;
	TRY(slot_identify(s, &card));
	slot_group_tell(s);
	if (serial_of(s, &card, serial) != ST_OK)
		return ST_TOKEN_ABSENT;
	label_of(s, serial, label);
	if (!token_writable(s))
		info.flags |= CKF_WRITE_PROTECTED;
	PAD(info.label, label);
	PAD(info.manufacturerID, "GSMA IoT SAFE");
	PAD(info.model, "IoT SAFE applet");
	PAD(info.serialNumber, serial);
	PAD(info.utcTime, "");
	login_token_flags(s, &info);
	*ret_info = info;
	return ST_OK;
}
