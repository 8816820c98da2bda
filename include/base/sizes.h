/* SPDX-License-Identifier: Apache-2.0 */
/* Every size in the system, with its reason. */
#ifndef IOTSAFE_BASE_SIZES_H
#define IOTSAFE_BASE_SIZES_H

enum {
	/* ISO 7816-3 short APDU: 4 header + Lc + 255 data + Le; 256 data + SW */
	APDU_DATA_MAX = 255,
	APDU_CMD_MAX = 4 + 1 + 255 + 1,
	APDU_REPLY_MAX = 256 + 2,
	/* one command's whole answer after GET RESPONSE: a full object list of a large card */
	REPLY_TOTAL_MAX = 4096,
	/* GET RESPONSE and 6Cxx rounds for one command before we call it a loop */
	GET_RESPONSE_ROUNDS_MAX = 32,
	/* GSMA IoT.05: ID 1..20, label 0..60 */
	CONTAINER_ID_MAX = 20,
	CONTAINER_LABEL_MAX = 60,
	/* containers of one applet that we show (the list's four kinds hold 255 each at the most)
	 */
	CONTAINERS_MAX = 256,
	/* object-list pages (P2=01) before we call it a loop */
	LIST_PAGES_MAX = 64,
	/* a certificate or data file: READ FILE's offset has 15 usable bits */
	FILE_SIZE_MAX = 32767,
	/* ISO 7816-4 DF name */
	AID_MAX = 16,
	AIDS_MAX = 8,
	/* EF_ICCID: ten bytes of swapped BCD */
	ICCID_DIGITS_MAX = 20,
	ATR_MAX = 33,
	/* RSA-2048 is the widest: 256; ECDSA P-521 would be 132 */
	SIGNATURE_MAX = 256,
	/* uncompressed P-521 point: 1 + 2·66 */
	EC_POINT_MAX = 133,
	RSA_MODULUS_MAX = 256,
	HASH_MAX = 64,
	/* slots that one configuration may name, and that discovery may add */
	SLOTS_MAX = 16,
	CONTAINER_SETTINGS_MAX = 32,
	/* [group] sections, and slots in each */
	GROUPS_MAX = 8,
	GROUP_MEMBERS_MAX = 8,
	URI_MAX = 256,
	NAME_MAX_LEN = 64,
	PATH_LEN_MAX = 256,
};

#endif
