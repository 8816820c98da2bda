/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

/* clang-format off */
static const struct command table[CMD_COUNT] = {
	/*                      name                        INS   P1    P2    case         class         trace out     trace in */
	[CMD_CHANNEL_OPEN]  = {"MANAGE CHANNEL open",       0x70, 0x00, 0x00, APDU_CASE_2, CLASS_BASIC,  CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_CHANNEL_CLOSE] = {"MANAGE CHANNEL close",      0x70, 0x80, 0x00, APDU_CASE_1, CLASS_BASIC,  CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_SELECT_AID]    = {"SELECT by AID",             0xA4, 0x04, 0x00, APDU_CASE_3, CLASS_ISO,    CLEAR_ALL,    CLEAR_ALL,  true},
	[CMD_SELECT_FILE]   = {"SELECT file",               0xA4, 0x00, 0x0C, APDU_CASE_3, CLASS_ISO,    CLEAR_ALL,    CLEAR_ALL,  true},
	[CMD_READ_BINARY]   = {"READ BINARY",               0xB0, 0x00, 0x00, APDU_CASE_2, CLASS_ISO,    CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_GET_RESPONSE]  = {"GET RESPONSE",              0xC0, 0x00, 0x00, APDU_CASE_2, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_GET_APP]       = {"GET DATA application",      0xCB, 0x00, 0x00, APDU_CASE_2, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_GET_LIST]      = {"GET DATA object list",      0xCB, 0x01, 0x00, APDU_CASE_2, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_GET_OBJECT]    = {"GET DATA object",           0xCB, 0xC1, 0x00, APDU_CASE_4, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_GET_RANDOM]    = {"GET RANDOM",                0x84, 0x00, 0x00, APDU_CASE_2, CLASS_APPLET, CLEAR_ALL,    CLEAR_NONE, false},
	[CMD_READ_FILE]     = {"READ FILE",                 0xB0, 0x00, 0x00, APDU_CASE_4, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_READ_PUBLIC]   = {"READ PUBLIC KEY",           0xCD, 0x00, 0x00, APDU_CASE_4, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_SIGN_INIT]     = {"COMPUTE SIGNATURE init",    0x2A, 0x00, 0x01, APDU_CASE_3, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_SIGN_CLOSE]    = {"COMPUTE SIGNATURE close",   0x2A, 0x01, 0x01, APDU_CASE_1, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_SIGN_UPDATE]   = {"COMPUTE SIGNATURE update",  0x2B, 0x80, 0x01, APDU_CASE_4, CLASS_APPLET, CLEAR_HEADER, CLEAR_ALL,  false},
	[CMD_VERIFY_INIT]   = {"VERIFY SIGNATURE init",     0x2C, 0x00, 0x01, APDU_CASE_3, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_VERIFY_CLOSE]  = {"VERIFY SIGNATURE close",    0x2C, 0x01, 0x01, APDU_CASE_1, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_VERIFY_UPDATE] = {"VERIFY SIGNATURE update",   0x2D, 0x80, 0x01, APDU_CASE_3, CLASS_APPLET, CLEAR_HEADER, CLEAR_ALL,  false},
	[CMD_PUT_INIT]      = {"PUT PUBLIC KEY init",       0x24, 0x00, 0x01, APDU_CASE_3, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_PUT_CLOSE]     = {"PUT PUBLIC KEY close",      0x24, 0x01, 0x01, APDU_CASE_1, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_PUT_UPDATE]    = {"PUT PUBLIC KEY update",     0xD8, 0x80, 0x01, APDU_CASE_3, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_GENERATE]      = {"GENERATE KEY PAIR",         0xB9, 0x00, 0x00, APDU_CASE_4, CLASS_APPLET, CLEAR_ALL,    CLEAR_ALL,  false},
	[CMD_DH]            = {"COMPUTE DH",                0x46, 0x00, 0x00, APDU_CASE_4, CLASS_APPLET, CLEAR_ALL,    CLEAR_NONE, false},
	[CMD_PRF]           = {"COMPUTE PRF",               0x48, 0x00, 0x00, APDU_CASE_4, CLASS_APPLET, CLEAR_HEADER, CLEAR_NONE, false},
	[CMD_HKDF]          = {"COMPUTE HKDF",              0x4A, 0x00, 0x00, APDU_CASE_4, CLASS_APPLET, CLEAR_HEADER, CLEAR_NONE, false},
	[CMD_MAC_MORE]      = {"COMPUTE SIGNATURE more",    0x2B, 0x00, 0x01, APDU_CASE_3, CLASS_APPLET, CLEAR_HEADER, CLEAR_ALL,  false},
	[CMD_MAC_LAST]      = {"COMPUTE SIGNATURE MAC",     0x2B, 0x80, 0x01, APDU_CASE_4, CLASS_APPLET, CLEAR_HEADER, CLEAR_NONE, false},
};
/* clang-format on */

const struct command *command_get(enum command_id id)
{
	return &table[id];
}
