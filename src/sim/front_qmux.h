/* SPDX-License-Identifier: Apache-2.0 */
/* --qmux PATH[?OPTION=VALUE&…]: a Qualcomm modem's control channel (transports.md §3). PATH is a
 * UNIX socket, or with tty=yes a pty that is symlinked as PATH. Frames, services CTL, DMS and UIM,
 * client ids that outlive their connection and own their logical channels.
 *
 * Several connections to the socket are served side by side, each getting the answers to its own
 * messages; indications go to all, as whoever reads a cdc-wdm device may get them. "unplug" and F27
 * take the power away: client ids are forgotten and their channels closed. */
#ifndef IOTSAFE_SIM_FRONT_QMUX_H
#define IOTSAFE_SIM_FRONT_QMUX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "baseband.h"
#include "card.h"
#include "deadline.h"
#include "fault.h"
#include "front.h"
#include "pty.h"
#include "sizes.h"

enum {
	QMUX_FRAME_MAX = 4096, /* either way, marker included; faults lengthen an answer by less */
	QMUX_CONNS_MAX = 32,
	QMUX_CIDS_MAX = 64,
	QMUX_SLOTS_MAX = 5,
	QMUX_ALL = -1, /* every connection */
};

enum qmux_service { QMUX_CTL = 0x00, QMUX_DMS = 0x02, QMUX_UIM = 0x0B };
enum { QMUX_SERVICES = 3 };

/* The result TLV's second half. */
enum qmux_error {
	QMUX_OK = 0,
	QMUX_MALFORMED = 1,
	QMUX_INTERNAL = 3,
	QMUX_CIDS_EXHAUSTED = 5,
	QMUX_INVALID_CLIENT = 7,
	QMUX_INVALID_HANDLE = 9,
	QMUX_MISSING_ARGUMENT = 17,
	QMUX_INVALID_SERVICE = 31,
	QMUX_INVALID_ARGUMENT = 48,
	QMUX_INSUFFICIENT = 68,
	QMUX_ACCESS_DENIED = 82,
	QMUX_NOT_SUPPORTED = 94,
	QMUX_NO_SIM = 102,
};

/* One client id of one service. */
struct qmux_client {
	bool used;
	enum qmux_service service;
	uint8_t cid;
	uint32_t channels; /* bit n: logical channel n is its own */
	uint32_t events;   /* mask of Register Events */
	bool refresh;	   /* wants to hear of REFRESH, */
	uint8_t session;   /* in a session of this type */
};

/* A request of the host. */
struct qmux_request {
	uint8_t service, cid;
	uint16_t tid, message;
	struct bytes tlvs;
	struct qmux_client *client; /* NULL for CTL */
};

/* What has come on a connection and is no whole frame yet. The thread's own. */
struct qmux_input {
	uint8_t p[QMUX_FRAME_MAX];
	size_t n;
	deadline stale_at; /* a pty's: what is left of a frame then is thrown away */
};

struct qmux_options {
	bool tty, old, proc;
	unsigned cids, slot;
};

struct qmux_socket {
	pthread_mutex_t lock; /* the descriptors, while the control channel may unplug */
	char path[PATH_LEN_MAX];
	int listen; /* -1: unplugged */
	int conn[QMUX_CONNS_MAX];
	int kick; /* eventfd: wakes the thread */
	bool stop;
	deadline replug_at;  /* 0: never */
	deadline release_at; /* 0: newcomers are welcome */
};

/* Q5: the answer that follows in indications. */
struct qmux_long {
	bool wanted;
	char how[64];
	uint32_t token;
	uint8_t data[BASEBAND_REPLY_MAX];
	size_t n;
};

struct sim_front {
	struct sim_card *card;
	struct sim_faults *faults;
	struct qmux_options options;
	struct qmux_socket socket; /* or, with tty=yes, */
	struct pty pty;
	struct qmux_input in[QMUX_CONNS_MAX]; /* the pty's is the first one */
	pthread_t thread;
	struct qmux_client client[QMUX_CIDS_MAX * QMUX_SERVICES];
	atomic_uint uim_clients; /* of those the card service's; the control channel asks */
	struct baseband baseband;
	bool present;	      /* the card, as the modem knows it */
	pthread_mutex_t lock; /* what the control channel asks for: */
	bool power_failed;    /* the client ids are to be forgotten */
	int refresh_mode;     /* to be told to clients; -1: none */
	struct qmux_long answer_later;
};

/* front_qmux_options.c: from the argument of --qmux; ST_ARG with a line in err. */
status qmux_options_parse(const char *argument, struct sim_front *m, char err[256]) MUST_USE;

/* front_qmux_tlv.c: do the TLVs fill their space exactly? */
bool qmux_tlv_ok(struct bytes tlvs);
/* The first TLV of that type. */
bool qmux_tlv_find(struct bytes tlvs, uint8_t type, struct rdr *ret_value);
/* A TLV of one byte: true when it is there and no longer. */
bool qmux_tlv_u8(struct bytes tlvs, uint8_t type, uint8_t *ret_v);
void qmux_tlv_put(struct wtr *w, uint8_t type, struct bytes value);
void qmux_tlv_put_u8(struct wtr *w, uint8_t type, uint8_t v);

/* front_qmux_serve.c: one whole frame of a connection, from its marker on. */
void qmux_serve(struct sim_front *m, int conn, struct bytes frame);

/* The services: each answers with its TLVs (without the result TLV) in out. */
enum qmux_error qmux_ctl(struct sim_front *m, const struct qmux_request *rq, struct wtr *out);
enum qmux_error qmux_dms(struct sim_front *m, const struct qmux_request *rq, struct wtr *out);
enum qmux_error qmux_uim(struct sim_front *m, const struct qmux_request *rq, struct wtr *out);

/* front_qmux_client.c */
struct qmux_client *qmux_client_find(struct sim_front *m, uint8_t service, uint8_t cid);
/* NULL: no id is left. */
struct qmux_client *qmux_client_new(struct sim_front *m, enum qmux_service service);
/* Closes its channels on the card, too. */
void qmux_client_drop(struct sim_front *m, struct qmux_client *c);
void qmux_client_drop_all(struct sim_front *m);

/* front_qmux_channel.c: logical channels and APDUs of UIM. */
enum qmux_error qmux_channel_open(struct sim_front *m, const struct qmux_request *rq,
				  struct wtr *out);
enum qmux_error qmux_channel_apdu(struct sim_front *m, const struct qmux_request *rq,
				  struct wtr *out);
/* Logical Channel: closes, or opens where there is an AID. */
enum qmux_error qmux_channel_manage(struct sim_front *m, const struct qmux_request *rq,
				    struct wtr *out);
/* The slot TLV (01) names a slot, and there is a card in it? */
enum qmux_error qmux_channel_slot(struct sim_front *m, const struct qmux_request *rq);

/* front_qmux_status.c: what UIM says of cards and slots, and the indications of it. */
enum qmux_error qmux_status_card(struct sim_front *m, const struct qmux_request *rq,
				 struct wtr *out);
enum qmux_error qmux_status_slots(struct sim_front *m, const struct qmux_request *rq,
				  struct wtr *out);
enum qmux_error qmux_status_register(struct sim_front *m, const struct qmux_request *rq,
				     struct wtr *out);
enum qmux_error qmux_status_refresh(struct sim_front *m, const struct qmux_request *rq,
				    struct wtr *out);
enum qmux_error qmux_status_read(struct sim_front *m, const struct qmux_request *rq,
				 struct wtr *out);
/* Follows removal, insertion and reset: forgets channels, tells clients. */
void qmux_status_watch(struct sim_front *m);

/* front_qmux_answer.c: sends a response with the faults that strike now. */
void qmux_answer(struct sim_front *m, int conn, const struct qmux_request *rq,
		 enum qmux_error error, struct bytes tlvs);
void qmux_answer_indication(struct sim_front *m, int conn, const struct qmux_client *to,
			    uint16_t message, struct bytes tlvs);

/* front_qmux_socket.c: the socket at `path`. */
status qmux_socket_init(struct qmux_socket *s) MUST_USE;
/* Unplugs, too. */
void qmux_socket_free(struct qmux_socket *s);
status qmux_socket_plug(struct qmux_socket *s, char err[256]) MUST_USE;
/* Ends all connections, and nobody listens any more. */
void qmux_socket_unplug(struct qmux_socket *s);
void qmux_socket_hang_up(struct qmux_socket *s, int conn);
/* For ms: who connects is hung up on. */
void qmux_socket_hold(struct qmux_socket *s, int64_t ms);
void qmux_socket_stop(struct qmux_socket *s);
/* All of b; false: nobody read it within a second, or the connection is gone. */
bool qmux_socket_send(struct qmux_socket *s, int conn, struct bytes b);
/* Waits up to ms for something to do, and takes who connects. ST_TIMEOUT, ST_IO when told to stop;
 * ST_OK: one connection has bytes or is new. */
status qmux_socket_wait(struct qmux_socket *s, int64_t ms, int *ret_conn, bool *ret_new) MUST_USE;
/* What is there. 0: the connection has ended. */
size_t qmux_socket_receive(struct qmux_socket *s, int conn, uint8_t *p, size_t cap);

/* front_qmux_port.c: the socket or the pty. */
status qmux_port_plug(struct sim_front *m, char err[256]) MUST_USE;
/* Takes the power away; back after ms (0: when it is plugged). */
void qmux_port_unplug(struct sim_front *m, int64_t ms);
/* Ends one connection, the modem goes on; a pty is back after a moment. */
void qmux_port_hang_up(struct sim_front *m, int conn);
/* F28: keeps others away for ms. */
void qmux_port_hold(struct sim_front *m, int64_t ms);
/* What the clock brings: the plug after F27, the release after F28. */
void qmux_port_due(struct sim_front *m);
/* To conn, or QMUX_ALL, at the link's speed. */
void qmux_port_send(struct sim_front *m, int conn, struct bytes b, bool fragments);
/* Waits up to ms for bytes, and serves what is whole. ST_IO when told to stop. */
status qmux_port_wait(struct sim_front *m, int64_t ms) MUST_USE;
/* Sleeps unless told to stop. */
void qmux_port_pause(struct sim_front *m, int64_t ms);
void qmux_port_stop(struct sim_front *m);

/* front_qmux_frame.c: serves every whole frame that has come on the connection. */
void qmux_frame_take(struct sim_front *m, int conn);

#endif
