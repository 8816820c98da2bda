/* SPDX-License-Identifier: Apache-2.0 */
/* What the transports' log at error tells while a test runs. */
#ifndef IOTSAFE_TESTS_UNIT_TRANSPORT_TOLD_H
#define IOTSAFE_TESTS_UNIT_TRANSPORT_TOLD_H

/* From now on it goes to a file in dir; ends the test when it cannot. */
void told_begin(const char *dir);
void told_end(void);
/* Lines with this text so far. */
unsigned told(const char *text);

#endif
