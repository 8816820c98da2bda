/* SPDX-License-Identifier: Apache-2.0 */
/* struct card, for the files of this folder. */
#ifndef IOTSAFE_SRC_CORE_CARD_IMPL_H
#define IOTSAFE_SRC_CORE_CARD_IMPL_H

#include "card.h"
#include "commands.h"
#include "transport.h"

struct card {
	const struct settings *all;
	const struct settings_slot *conf;
	struct transport *t;
	struct card_stats stats;
	uint16_t last_sw;

	/* our channel, as this process last knew it */
	struct channel channel;
	bool has_channel;
	bool fresh;	   /* opened or selected within the present operation */
	bool resumed;	   /* taken over from the lock file */
	bool select_again; /* the channel may have lost its applet */
	bool at_mf;	   /* the MF is selected there, for this operation's PIN command */
	bool other_applet; /* the applet of another slot of ours is selected there */
	bool verify_list;  /* the ICCID could not be read: the list has to prove the card */
	uint8_t aid[AID_MAX];
	size_t aid_len;

	/* who the card is; empty ICCID: the list's digest stands for it */
	bool identified;
	bool vouched; /* an answer of this very card has been seen by this process */
	char iccid[ICCID_DIGITS_MAX + 1];

	/* quirks, learned per card and kept while it stays */
	uint8_t cla_base; /* 0x80 or 0x00 */
	bool cla_known;
	uint8_t cla_recorded;	/* what the lock file says of it */
	bool append_le;		/* case 4 with Le */
	uint8_t session;	/* 1, or 0 */
	bool close_after_sign;	/* this card does not reuse a session that is done */
	bool sign_ended;	/* the last signature came to its end, by this process */
	unsigned closes_needed; /* INITs in a row that a close had to help */
	uint8_t sig_header;	/* bytes before a signature: 2, 3; 0: not seen yet */
	bool pins_at_mf;	/* INS 20 is no command where the applet is selected */
	bool pin_query_le;	/* an empty VERIFY wants a trailing 00 */
	uint8_t lacks;		/* LACKS_*: it said that it has no such command or mode */

	struct public_key left; /* a peer's point that stands in a slot which was empty */

	bool pin_sent;	     /* in this operation: it is not run again, whatever comes of it */
	bool deaf;	     /* the last run met what knows no such command: see note_deaf */
	bool administered;   /* in this operation: an object was held by remote administration */
	int64_t asleep;	     /* asleep_ns at the last operation */
	uint64_t power;	     /* card_power_epoch */
	uint64_t generation; /* the link's count of cards, as last seen */

	struct catalog *catalog; /* NULL until read */
	bool list_stale;	 /* 63CF: read it again at the next card_catalog */
	uint64_t list_digest;
	uint64_t epoch;

	uint8_t reply[REPLY_TOTAL_MAX];
};

/* bits of card.lacks; those of COMPUTE PRF by enum card_prf_mode */
enum { LACKS_PRF_ALL = 0x07, LACKS_HKDF = 0x08 };
#define LACKS_PRF(mode) ((uint8_t)(1U << (mode)))

/* --- exec.c: one command of the table --- */
struct call {
	enum command_id id;
	uint16_t p1, p2;   /* P(value); 0 leaves the table's */
	struct bytes data; /* cases 3 and 4 */
	unsigned le;	   /* 1..256; 0: all there is */
};
#define P(value) ((uint16_t)(0x100 | ((value)&0xFF)))
#define CALL(command, ...) ((struct call){.id = (command), ##__VA_ARGS__})

/* Runs it on our channel with all that belongs to it: class, Le, GET RESPONSE, 6Cxx. *ret_data (may
 * be NULL) views c->reply until the next call. *ret_more (may be NULL) is set for 6300. */
status exec_call(struct card *c, const struct call *call, struct bytes *ret_data, bool *ret_more,
		 deadline dl) MUST_USE;

/* --- channel.c: the shared logical channel --- */
/* Our channel with the applet selected, taken over or opened; identity checked. */
status channel_ensure(struct card *c, deadline dl) MUST_USE;
/* After a failure that may come from a lost channel: the next channel_ensure selects again (when
 * the channel itself may still be ours) or opens another; one that was opened or selected within
 * this operation is closed. */
void channel_doubt(struct card *c, status why, deadline dl);
/* Before the device is given back: records the channel for the next process, or closes it where
 * nobody else could use it. */
void channel_leave(struct card *c, deadline dl);

/* SELECT MF on our channel, where the PIN commands are that the applet does not have or takes for
 * others. Until channel_to_applet nobody believes that the applet is selected there, this process
 * and others after its death included. */
status channel_to_mf(struct card *c, deadline dl) MUST_USE;
/* Selects the applet again if the MF is selected. When that fails the channel stays in doubt. It
 * gets its time even when the operation used up its own. */
void channel_to_applet(struct card *c, deadline dl);

/* --- card.c --- */
typedef status (*card_op_fn)(struct card *c, void *arg, deadline dl);
/* One card operation (card.h): enter, ensure, run, recover once, leave. */
status card_run(struct card *c, card_op_fn fn, void *arg, deadline dl) MUST_USE;
/* Is it a status word that says no, rather than a link or channel that failed? */
bool card_refused(status st);
/* Forgets what belongs to the SIM that was there. */
void card_forget_identity(struct card *c);
/* The list may have changed within this operation. What the caller holds of the catalog stays valid
 * until it asks for the catalog again. */
void card_list_stale(struct card *c);
/* The card may have forgotten what was verified: card_power_epoch moves. */
void card_power_moves(struct card *c);
/* The same, and it may hold other things now: a REFRESH, a restart after remote administration. The
 * list is read again when next asked for; until then it still tells this card from another. */
void card_was_reset(struct card *c);
/* Others closed our channel or have one in its place: perhaps the card was reset; not where each
 * has to, and there what was verified holds as long as the card takes it. */
void card_lost_channel(struct card *c);

/* --- asleep.c --- */
/* How long the machine has been suspended since it started, in nanoseconds. */
int64_t asleep_ns(void);

/* --- applet.c --- */
/* Reads the list into *cat and its digest into *ret_digest. */
status applet_list(struct card *c, struct catalog *cat, uint64_t *ret_digest, deadline dl) MUST_USE;
/* The TLV that addresses a container: its ID, else its label. */
void applet_put_address(struct wtr *w, const struct container *ct);
/* READ PUBLIC KEY on the open channel. The point is not checked to be on the curve. */
status applet_read_public(struct card *c, const struct container *pub, struct public_key *ret_key,
			  deadline dl) MUST_USE;
/* Where the channel was not selected within this operation: one random byte shows that our applet
 * is still there, which SELECT and another try follow if it is not (card_run). */
status applet_prove(struct card *c, deadline dl) MUST_USE;
/* The bit of tag 91, as in container.hash_algs; 0 for a hash that cards do not have. */
uint8_t applet_hash_bit(enum hash_alg h);

/* --- session.c: what begins with an init and ends with a close (§9) --- */
enum session_family { SESSION_SIGN, SESSION_VERIFY, SESSION_PUT };
struct session {
	enum session_family family;
	struct bytes init; /* the data field of the init */
	/* The updates; their number is c->session. Copies what it wants of the last answer. */
	status (*body)(struct card *c, void *arg, deadline dl);
	void *arg;
};
/* Opens (with the ways out of a session that is stuck), runs the body, once more when it was
 * refused with 6985, and closes. */
status session_run(struct card *c, const struct session *s, deadline dl) MUST_USE;
/* Closes session c->session. Its status word tells nothing: one that is not open may be closed. */
status session_close(struct card *c, enum session_family family, deadline dl) MUST_USE;
/* One of the three words that a busy or stuck session gives, on different cards (§20 no. 9)? */
bool session_stuck(status st);

/* --- keypair.c --- */
/* PUT PUBLIC KEY on the open channel; *sent is set before anything can have changed. */
status keypair_put(struct card *c, const struct container *pub, struct bytes point, bool *sent,
		   deadline dl) MUST_USE;

/* --- verify.c --- */
/* Learns from a signature answer how wide this card's header of tag 33 is. */
void verify_learn_header(struct card *c, struct bytes reply);

#endif
