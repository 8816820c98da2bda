/* SPDX-License-Identifier: Apache-2.0 */
/* Files and applications of the UICC: SELECT, STATUS, READ BINARY, READ RECORD (ETSI TS 102 221).
 */
#ifndef IOTSAFE_SIM_UICC_FILE_H
#define IOTSAFE_SIM_UICC_FILE_H

#include "uicc.h"

/* SELECT on an open channel, or on a closed one that it opens when it succeeds. */
uint16_t uicc_file_select(struct uicc *u, const struct apdu *a, struct answer *out);
/* What the channel answers while no applet is selected; 6D00 for the rest. */
uint16_t uicc_file_command(struct uicc *u, const struct apdu *a, struct answer *out);

#endif
