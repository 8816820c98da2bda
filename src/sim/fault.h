/* SPDX-License-Identifier: Apache-2.0 */
/* Faults by the names of the reference's list (transports.md §11): C1..C12 act in the card, F1..F29
 * in the AT front (those that make sense there in the MBIM and QMUX fronts too), M1..M7 in the MBIM
 * front, Q2..Q8 in the QMUX front. STALE, TRUNC, BADSIG and SW belong to the card too: an answer of
 * the command before, an answer cut short, a signature that does not verify, a status word of one's
 * choice.
 *
 * SPEC := NAME [ '/' INS ] [ '@' N ] [ 'x' COUNT ] [ ':' PARAM ]
 *   /INS    only at commands with this instruction byte (two hexadecimal digits), and only those
 *           count; for the card's faults: C2/46 is a reset before the next COMPUTE DH
 *   @N      strikes first at the Nth APDU (C), AT command (F) or message of the host (F, M, Q)
 * after it was armed, counted from 1; default 1 xCOUNT  strikes that many times; x0 means for ever;
 * default 1 (modem habits such as F1, F2, F7, F16, F17, F18 default to x0) :PARAM  per fault, e.g.
 * C10:5000 (milliseconds), SW:6984 (status word) Thread-safe. */
#ifndef IOTSAFE_SIM_FAULT_H
#define IOTSAFE_SIM_FAULT_H

#include <stdbool.h>

#include "bytes.h"

enum sim_fault_name {
	FAULT_NONE,
	FAULT_C1,
	FAULT_C2,
	FAULT_C3,
	FAULT_C4,
	FAULT_C5,
	FAULT_C6,
	FAULT_C7,
	FAULT_C8,
	FAULT_C9,
	FAULT_C10,
	FAULT_C11,
	FAULT_C12,
	FAULT_F1,
	FAULT_F2,
	FAULT_F3,
	FAULT_F4,
	FAULT_F5,
	FAULT_F6,
	FAULT_F7,
	FAULT_F8,
	FAULT_F9,
	FAULT_F10,
	FAULT_F11,
	FAULT_F12,
	FAULT_F13,
	FAULT_F14,
	FAULT_F15,
	FAULT_F16,
	FAULT_F17,
	FAULT_F18,
	FAULT_F19,
	FAULT_F20,
	FAULT_F21,
	FAULT_F22,
	FAULT_F23,
	FAULT_F24,
	FAULT_F25,
	FAULT_F26,
	FAULT_F27,
	FAULT_F28,
	FAULT_F29,
	FAULT_M1,
	FAULT_M2,
	FAULT_M3,
	FAULT_M4,
	FAULT_M5,
	FAULT_M6,
	FAULT_M7,
	FAULT_Q2, /* Q1 and Q9 are a proxy's and a program's, not a modem's */
	FAULT_Q3,
	FAULT_Q4,
	FAULT_Q5,
	FAULT_Q6,
	FAULT_Q7,
	FAULT_Q8,
	FAULT_STALE,
	FAULT_TRUNC,
	FAULT_BADSIG,
	FAULT_SW, /* these four are the card's, counted with C */
	FAULT_COUNT
};

struct sim_faults;
struct sim_faults *sim_faults_new(void);
void sim_faults_free(struct sim_faults *f);
/* ST_ARG with a line for people in err for a SPEC that is not one. */
status sim_faults_arm(struct sim_faults *f, struct bytes spec, char err[128]) MUST_USE;
void sim_faults_clear(struct sim_faults *f);
/* Counts one event (an APDU for the 'C' family, an AT command or message for 'F', a message for 'M'
 * and 'Q'): call once per event, before
 * asking sim_faults_strikes for the faults of that family. */
void sim_faults_tick(struct sim_faults *f, char family);
/* The same for an APDU with this instruction byte. */
void sim_faults_tick_apdu(struct sim_faults *f, uint8_t ins);
/* Does this fault strike at the present event? param (may be NULL) gets the PARAM text or "". */
bool sim_faults_strikes(struct sim_faults *f, enum sim_fault_name name, char param[64]);
/* How many strikes so far, for "fault list". */
unsigned sim_faults_struck(struct sim_faults *f, enum sim_fault_name name);
const char *sim_fault_text(enum sim_fault_name name);  /* one line: what it does */
const char *sim_fault_label(enum sim_fault_name name); /* "C1" */
/* What is armed, as text: "C1@3x1 struck 0, F6@1x0 struck 12", or "none". */
void sim_faults_list(struct sim_faults *f, struct wtr *w);

#endif
