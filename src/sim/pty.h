/* SPDX-License-Identifier: Apache-2.0 */
/* A modem's port: a pty whose slave is symlinked, which can be unplugged and comes back under
 * another name. The front's thread sends and receives; plugging, unplugging and the control words
 * may come from any thread. */
#ifndef IOTSAFE_SIM_PTY_H
#define IOTSAFE_SIM_PTY_H

#include <pthread.h>

#include "card.h"
#include "deadline.h"
#include "sizes.h"

enum { PTY_NAME_MAX = 64 };

struct pty {
	struct sim_card *card; /* its link's speed counts */
	const char *option;    /* "--at", for messages; static storage */
	char link[PATH_LEN_MAX];
	pthread_mutex_t lock; /* what follows, while the control channel may unplug */
	int master, slave; /* -1: unplugged. The slave stays open so that clients may come and go */
	int kick;	   /* eventfd: wakes the thread */
	size_t chunk;	   /* most bytes at once */
	bool stop;
	char last_name[PTY_NAME_MAX]; /* before it was unplugged: the next one differs */
	deadline replug_at;	      /* 0: never */
	deadline release_at;	      /* 0: nothing is held */
	unsigned plugs;		      /* how often it was plugged */
};

/* Unplugged, and without a link: the caller sets `link` before pty_plug. ST_NOMEM. */
status pty_init(struct pty *p, struct sim_card *card, const char *option) MUST_USE;
/* It is no serial line: what is sent comes in one piece, as from a USB modem's control port. Before
 * it is plugged. */
void pty_carry_messages(struct pty *p);
/* Unplugs, too. */
void pty_free(struct pty *p);
/* Makes the pty and its link, unless they are there. ST_IO with a line for people in err. */
status pty_plug(struct pty *p, char err[256]) MUST_USE;
void pty_unplug(struct pty *p);
/* Unplugs for ms. */
void pty_replug(struct pty *p, int64_t ms);
/* Keeps others away from the port (TIOCEXCL, flock) for ms. */
void pty_hold(struct pty *p, int64_t ms);
/* What the clock brings: the plug after pty_replug, the release after pty_hold. */
void pty_do_due(struct pty *p);
/* Ends every wait of this port, now and later. */
void pty_stop(struct pty *p);

/* How often it was plugged: a change means another pty. */
unsigned pty_plugs(struct pty *p);

/* To the client, at the link's speed; in fragments: byte by byte. False: what nobody read within a
 * second is lost, or the port is gone. */
bool pty_send(struct pty *p, struct bytes text, bool fragments);
/* Bytes that were sent and that the client has not read. */
size_t pty_unread(struct pty *p);
/* Forgets them. */
void pty_drop_unread(struct pty *p);
/* Waits up to ms for bytes from the client; ST_TIMEOUT, ST_IO when told to stop. */
status pty_receive(struct pty *p, int64_t ms, struct wtr *w) MUST_USE;
/* Sleeps unless told to stop. */
void pty_pause(struct pty *p, int64_t ms);

/* text is "word" or "word ARGUMENT": *ret_argument, a view. False when it is another word. */
bool pty_word(struct bytes text, const char *word, struct bytes *ret_argument);
/* The control words "unplug [LINK]" and "plug [LINK]". False when text is neither, or for another
 * port. */
bool pty_control(struct pty *p, struct bytes text, struct wtr *reply);

#endif
