/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted MBIM modem, played by a thread, for the tests of the MBIM back end: behind a socket,
 * as mbim-proxy shows it, or on a pty, as the device itself. It knows the message layouts by
 * itself, so that a misreading on our side shows. */
#ifndef IOTSAFE_TEST_MBIM_MODEM_H
#define IOTSAFE_TEST_MBIM_MODEM_H

#include <stdbool.h>
#include <stdint.h>

enum mbim_kind {
	MK_END, /* of the rows */
	MK_CONFIG,
	MK_OPEN,
	MK_READY,   /* subscriber ready status */
	MK_GROUP,   /* UICC close of a group */
	MK_CLOSE,   /* UICC close of a channel */
	MK_CHANNEL, /* UICC open */
	MK_APDU,
	MK_OTHER,
	MK_ANY,
};

enum mbim_how {
	SAYS, /* the usual answer, with the row's status and info where given */
	SAYS_NOTHING,
	HANGS_UP,
	HANGS_UP_INSIDE,   /* after half of the answer */
	STOPS_INSIDE,	   /* silence after half of the answer */
	SAYS_NOT_OPENED,   /* function error 5 */
	SAYS_ERROR,	   /* function error 3 */
	SAYS_LATE,	   /* after ms; until then nothing else is answered */
	FOREIGN_FIRST,	   /* an answer to another transaction before the right one */
	OTHER_SERVICE,	   /* the right transaction, but about something else */
	OTHER_TYPE,	   /* OPEN_DONE in place of COMMAND_DONE, and the other way round */
	IN_FRAGMENTS,	   /* of at most 16 bytes */
	FRAGMENTS_LOST,	   /* the second one is missing */
	FRAGMENTS_ENDLESS, /* more than any buffer holds */
	BAD_LENGTH,	   /* a header that says 5 bytes */
	TOO_LONG,	   /* a message of 9000 bytes for somebody else first */
	BYTEWISE,	   /* in pieces of one byte */
	INDICATES,	   /* the indication set by mbim_modem_indicate before, then the answer */
	NOISE,		   /* an indication of another service, a cut one, then the answer */
};

struct mbim_row {
	enum mbim_kind kind;
	enum mbim_how how;
	int times; /* 0: for ever */
	uint32_t status;
	const char *info; /* hex; NULL: the usual */
	int ms;
};

struct mbim_modem;

/* Listens at path. rows end with MK_END and must outlive the modem. */
struct mbim_modem *mbim_modem_start(const char *path, const struct mbim_row *rows);
/* On a pty, to which link is made. Commands before OPEN are refused. */
struct mbim_modem *mbim_modem_start_pty(const char *link, const struct mbim_row *rows);
void mbim_modem_stop(struct mbim_modem *m);

/* How many messages of this kind so far. */
unsigned mbim_modem_count(struct mbim_modem *m, enum mbim_kind kind);
/* The information buffer of the last message of this kind, in hex. */
const char *mbim_modem_last(struct mbim_modem *m, enum mbim_kind kind);
/* What subscriber ready status says from now on; iccid "" for none. */
void mbim_modem_sim(struct mbim_modem *m, uint32_t ready, const char *iccid);
/* Tells it to all who are connected. */
void mbim_modem_indicate(struct mbim_modem *m);
/* Sends hex to all who are connected. */
void mbim_modem_say(struct mbim_modem *m, const char *hex);
/* Closes all connections, or the pty; goes on listening. */
void mbim_modem_hang_up(struct mbim_modem *m);
/* MBIMEx 3: subscriber ready status has its Flags field. */
void mbim_modem_set_v3(struct mbim_modem *m, bool on);

#endif
