/* SPDX-License-Identifier: Apache-2.0 */
/* The software SIM: one UICC with logical channels, EF_ICCID, EF_DIR and an IoT SAFE applet
 * (iotsafe-protocol.md §§10, 18). Fronts talk to it only through this header. It shares no code
 * with src/core or transport/: what both know of the protocol, each learned by itself. */
#ifndef IOTSAFE_SIM_CARD_H
#define IOTSAFE_SIM_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct sim_card;

/* Loads the card of DIR (made by sim_card_create). ST_* with a line for people in err. */
status sim_card_load(const char *dir, struct sim_card **ret_card, char err[256]) MUST_USE;
/* Saves the state and frees. */
void sim_card_free(struct sim_card *card);

/* One command APDU, one response (data || SW1 SW2) into reply; `front` names the front in the APDU
 * log. Thread-safe: commands of several fronts run one after the other, each with its card time
 * (--latency) and its faults. An injected fault may leave reply with 0 or 1 byte (C12), which the
 * front passes on as its link would. A card that is absent (control "remove") gives ST_NO_CARD. */
status sim_card_transmit(struct sim_card *card, const char *front, struct bytes cmd,
			 struct wtr *reply) MUST_USE;

/* Power-on or warm reset: channels, selections and sessions are lost; the generation moves. */
void sim_card_reset(struct sim_card *card);
struct bytes sim_card_atr(const struct sim_card *card);
/* Present, or removed by the control command. */
bool sim_card_present(struct sim_card *card);
/* Counts resets, removals and swaps. */
uint32_t sim_card_generation(struct sim_card *card);
/* The ICCID's digits, for AT+CCID. NUL-terminated, static until the card is swapped. */
void sim_card_iccid(struct sim_card *card, char ret_digits[21]);

/* T=0 style (61xx after case 4, 6Cxx) or direct answers: the profile's, unless set. */
void sim_card_set_t0(struct sim_card *card, bool t0);
bool sim_card_is_t0(struct sim_card *card);

/* A text command of the test control channel (see unix front): "status", "fault SPEC", "fault
 * clear", "fault list", "reset", "remove", "insert", "swap DIR" (another card; all channels are
 * lost), "swap-hot DIR" (its channels and sessions go on: a crossed answer), "channels" (the open
 * ones), "latency MS", "spent" (the time that passed for the card and for its link, in
 * microseconds), "config set KEY VALUE" (quirk options of §18), "config list", "object KIND
 * ID ..." (one container: control_object.h), "pin ..." (uicc_pin_text.h), "mark TEXT" (a line in
 * the APDU log). The answer is text: "ok …" or "error …". */
void sim_card_control(struct sim_card *card, struct bytes text, struct wtr *reply);

/* Words that belong to a front ("unplug", "plug", ...): sim_card_control offers a text that it does
 * not know to each handler, in the order they were added and with no lock held, until one returns
 * true, having written its answer. At most 8 handlers; adding with the same ctx again replaces.
 * handle == NULL removes, and returns only when no call of that handler is running. */
void sim_card_add_control(struct sim_card *card,
			  bool (*handle)(void *ctx, struct bytes text, struct wtr *reply),
			  void *ctx);

/* The card's faults, for the fronts: one list for all. Owned by the card. */
struct sim_faults *sim_card_faults(struct sim_card *card);
/* Opens the APDU log for appending: "seconds front command response" a line, seconds since the card
 * was loaded, "-" for an empty field. */
status sim_card_log_to(struct sim_card *card, const char *path, char err[256]) MUST_USE;
void sim_card_set_latency(struct sim_card *card, unsigned ms);
/* Bytes per second of the link; 0: no limit. */
void sim_card_set_byte_rate(struct sim_card *card, unsigned bytes_per_second);

/* The program ends: waits of the card and of the link are over at once, and no command is answered
 * any more (ST_NO_CARD). Before the fronts are stopped. */
void sim_card_end(struct sim_card *card);

/* Blocks in the calling thread for the time that n bytes take on the link at --byte-rate (0: none).
 */
void sim_link_delay(struct sim_card *card, size_t n);

#endif
