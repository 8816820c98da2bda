/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of card this is: the quirks of iotsafe-protocol.md §§14, 18 and 20 as named settings.
 * Profiles set them, DIR/card.txt keeps them, "config set KEY VALUE" changes them in a running SIM.
 */
#ifndef IOTSAFE_SIM_TRAITS_H
#define IOTSAFE_SIM_TRAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "sizes.h"

enum { TRAITS_AIDS_MAX = 4, TRAITS_TEXT_MAX = 200 };

enum traits_layout { LAYOUT_L1, LAYOUT_L2, LAYOUT_L3 };
enum traits_header { HEADER_ONE_BYTE, HEADER_TWO_BYTES, HEADER_BER };
enum traits_class { CLASS_BOTH, CLASS_INTER, CLASS_PROPRIETARY_ONLY };
enum traits_personality { PERSONALITY_TYPE1, PERSONALITY_TYPE2, PERSONALITY_BOTH };
/* tag D4 before the secret of COMPUTE DH, with a length of one or of two bytes */
enum traits_dh_header { DH_HEADER_NONE, DH_HEADER_ONE_BYTE, DH_HEADER_TWO_BYTES };
enum traits_pin_at { PIN_AT_MF, PIN_AT_BOTH };
enum traits_pin_query { PIN_QUERY_SAYS_SO, PIN_QUERY_TELLS_TRIES };
enum traits_pin_blocked { PIN_BLOCKED_TELLS_TRIES, PIN_BLOCKED_SAYS_BLOCKED };
enum traits_pin_always { PIN_ALWAYS_ENDS_PIN, PIN_ALWAYS_ENDS_KEY };
enum traits_keygen_answer { KEYGEN_ANSWER_FULL, KEYGEN_ANSWER_KEY, KEYGEN_ANSWER_NONE };

struct traits {
	char profile[16];
	char iccid[ICCID_DIGITS_MAX + 1];
	char aid[TRAITS_TEXT_MAX];	      /* hex, separated by commas */
	char proprietary_id[TRAITS_TEXT_MAX]; /* tag 11, hex */
	unsigned applet;		      /* 0: a SIM without IoT SAFE */
	unsigned t0;			      /* 61xx/6Cxx instead of direct answers */
	unsigned channels;		      /* logical channels that are free, 0..19 */
	unsigned first_channel;		      /* lowest number that MANAGE CHANNEL hands out */
	unsigned implicit_open;		      /* SELECT by AID opens a closed channel 1..3 */
	unsigned fid_select;		      /* SELECT by file id leaves the applet */
	unsigned fci;			      /* SELECT by AID answers an FCI template */
	unsigned cla;			      /* enum traits_class: the applet's commands */
	unsigned layout;		      /* enum traits_layout */
	unsigned list_page;		      /* bytes of an object-list page */
	unsigned list;			      /* GET DATA application and object list exist */
	unsigned info;			      /* GET DATA object information exists */
	unsigned wrapped;		      /* object information in its Cx */
	unsigned file_usage;		      /* tag 21 in file information */
	unsigned malformed_92;		      /* 92 02 with one value byte, in structures */
	unsigned tag11_short;		      /* tag 11 declares one byte more than it has */
	unsigned hash_one_byte;		      /* tag 91 of one byte in GET DATA application */
	unsigned tags_61_6f;		      /* instead of 90 and 93 in GET DATA application */
	unsigned app_functions, app_hashes, app_agree, app_derive;
	unsigned header;	    /* enum traits_header: tag 33 */
	unsigned der;		    /* signatures as DER instead of r || s */
	unsigned sessions;	    /* B7 */
	unsigned lenient_init;	    /* a second INIT of an open session restarts it */
	unsigned sticky;	    /* sessions survive SELECT, channel close and reset */
	unsigned chunk;		    /* READ FILE: most bytes at once */
	unsigned chunk_pad;	    /* READ FILE: 00 up to a whole chunk */
	unsigned bare_point;	    /* READ PUBLIC KEY without 34 49 86 */
	unsigned keygen_answer;	    /* enum traits_keygen_answer */
	unsigned keygen_needs_read; /* the public half must be readable */
	unsigned keygen_new_ids;    /* the pair gets new ids */
	unsigned keygen_ms;	    /* card time of GENERATE KEY PAIR, above that of all commands */
	unsigned personality;	    /* enum traits_personality: which of §2.1 this applet is */
	unsigned dh, prf, hkdf;	    /* COMPUTE DH, PRF, HKDF exist */
	unsigned dh_header;	    /* enum traits_dh_header */
	unsigned prf_general_stored; /* PRF P1=00 takes a stored secret too */
	unsigned hkdf_stored;	     /* HKDF takes a stored secret too */
	unsigned refuse_empty_salt;
	unsigned ber_length;	     /* lengths above 7F in commands are BER */
	unsigned locked;	     /* 6984: remote administration works on the objects */
	unsigned pin_at;	     /* enum traits_pin_at: where VERIFY PIN is known */
	unsigned pin_verified_query; /* enum traits_pin_query: an empty VERIFY, once verified */
	unsigned pin_disabled_query; /* enum traits_pin_query: an empty VERIFY, while disabled */
	unsigned pin_blocked_query;  /* enum traits_pin_blocked: a counter at 0 */
	unsigned pin_always_ends;    /* enum traits_pin_always: what a use takes back */
	unsigned sw_no_channel, sw_busy, sw_full, sw_offset;
};

void traits_default(struct traits *ret_traits);
/* ST_NO_ENTRY for a key that does not exist, ST_ARG for a value that it cannot take; err gets a
 * line for people. */
status traits_set(struct traits *c, struct bytes key, struct bytes value, char err[128]) MUST_USE;
/* "key = value" lines of all settings. */
void traits_print(const struct traits *c, struct wtr *w);
/* AID number i of the list in binary; ST_NO_ENTRY past the end. */
status traits_aid(const struct traits *c, size_t i, struct wtr *ret_aid) MUST_USE;

#endif
