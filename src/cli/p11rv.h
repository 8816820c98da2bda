/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IOTSAFE_CLI_P11RV_H
#define IOTSAFE_CLI_P11RV_H

#include "ck_words.h"
#include "status.h"

/* What a return value means to a person, and what to do; static storage. */
const char *p11rv_text(CK_RV rv);
/* Says "what: text (number)"; ST_IO. */
status p11rv_say(const char *what, CK_RV rv) MUST_USE;

#endif
