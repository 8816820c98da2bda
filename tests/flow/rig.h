/* SPDX-License-Identifier: Apache-2.0 */
/* A rig: the real module over a real link to the software SIM, in a folder of its own.
 *
 * Every flow test starts one (or several), talks Cryptoki to the module that the build made, and
 * asks the simulator's own APDU log what went over the link. Failures of the rig itself end the
 * test by fail_msg. Binaries come from the environment that meson sets: IOTSAFE_MODULE,
 * IOTSAFE_SIM, IOTSAFE_QMI_PROXY. */
#ifndef IOTSAFE_TESTS_FLOW_RIG_H
#define IOTSAFE_TESTS_FLOW_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>

enum rig_link {
	RIG_UNIX,
	RIG_AT_CGLA,
	RIG_AT_CSIM,
	RIG_PCSC,
	RIG_PCSC_T0, /* the card talks T=0 only */
	RIG_MBIM,    /* the modem's device itself */
	RIG_MBIM_PROXY,
	RIG_QMI, /* the modem's QMUX itself, on a socket */
	RIG_QMI_PROXY,
	RIG_LINKS
};

/* Sets of links. */
enum {
	ON_UNIX = 1 << RIG_UNIX,
	ON_CGLA = 1 << RIG_AT_CGLA,
	ON_CSIM = 1 << RIG_AT_CSIM,
	ON_T1 = 1 << RIG_PCSC,
	ON_T0 = 1 << RIG_PCSC_T0,
	ON_AT = ON_CGLA | ON_CSIM,
	ON_PCSC = ON_T1 | ON_T0,
	ON_MBIM = 1 << RIG_MBIM | 1 << RIG_MBIM_PROXY,
	ON_QMI = 1 << RIG_QMI | 1 << RIG_QMI_PROXY,
	ON_PROXY = 1 << RIG_MBIM_PROXY | 1 << RIG_QMI_PROXY,
	ON_PTY = ON_AT | ON_MBIM | 1 << RIG_QMI_PROXY,
	ON_MODEM = ON_AT | ON_MBIM | ON_QMI,
	ON_CARD = ON_UNIX | ON_PCSC, /* nothing between us and the card's answers */
	ON_ALL = ON_CARD | ON_MODEM,
};

/* The link of this name ("at-cgla"). */
bool rig_link_named(const char *name, enum rig_link *ret_link);
const char *rig_link_name(enum rig_link link);
/* The link that a test's first argument names; RIG_UNIX when there is none. Ends the process with a
 * word on its use when there is no such link. A second argument "share": over QMI with share=1. */
enum rig_link rig_argument(int argc, char **argv);
/* Whether that second argument was there. */
bool rig_shares(void);
/* A test, and the links that can carry it. */
struct rig_test {
	struct CMUnitTest test;
	unsigned links;
};
/* main() of a test that takes its link as argument: those of the tests that the link can carry. */
int rig_run(const struct rig_test *tests, size_t n, enum rig_link link);
bool rig_over_at(enum rig_link link);
bool rig_over_pcsc(enum rig_link link);
bool rig_over_mbim(enum rig_link link);
bool rig_over_qmi(enum rig_link link);
bool rig_over_proxy(enum rig_link link);

struct rig_options {
	const char *profile; /* NULL: demo */
	enum rig_link link;
	const char *const
		*sim_args; /* more arguments of "iotsafe-sim run", NULL-ended; may be NULL */
	const char *const
		*new_args;	 /* more arguments of "iotsafe-sim new", NULL-ended; may be NULL */
	const char *module_conf; /* more lines of [module], e.g. "timeout = 2\n"; may be NULL */
	const char *slot_conf;	 /* more lines of [slot sim]; may be NULL */
	const char *more_conf;	 /* further sections; may be NULL */
	bool t0;		 /* the card talks T=0 also where the link does not ask for it */
};

struct rig {
	struct rig_options opt;
	char dir[64];
	char card[96];	    /* the card's folder */
	char socket[96];    /* the unix front: always there, for control */
	char port[96];	    /* the link to the pty (the socket) of the modem's front */
	char log[96];	    /* the APDU log */
	char conf[96];	    /* iotsafe.conf; IOTSAFE_CONF points to it */
	char proxy_log[96]; /* what the proxy says; more with IOTSAFE_PROXY_OPTIONS=--verbose */
	pid_t owner;	    /* the process that started it */
	pid_t sim;
	pid_t pcscd;
	pid_t proxy;
	void *handle; /* of dlopen */
	CK_FUNCTION_LIST *f;
};

/* Makes the card, starts the simulator (and pcscd or a proxy, in namespaces that this process
 * enters for good), writes the configuration and sets IOTSAFE_CONF. Does not load the module. */
void rig_start(struct rig *r, const struct rig_options *opt);
/* Ends what was started, by process id, and removes the folder. Nothing is left to stop twice. */
void rig_stop(struct rig *r);

/* Only the simulator: ended by the signal, and started again on the same card. */
void rig_sim_stop(struct rig *r, int sig);
void rig_sim_start(struct rig *r);
/* All its threads stand still when this returns. */
void rig_sim_freeze(struct rig *r);
void rig_sim_thaw(struct rig *r);
void rig_pcscd_start(struct rig *r);
void rig_pcscd_stop(struct rig *r, int sig);
/* mbim-proxy or qmi-proxy, as the link wants. */
void rig_proxy_start(struct rig *r);
void rig_proxy_stop(struct rig *r, int sig);
/* What the link wants beside the simulator, if anything: pcscd or a proxy. */
void rig_service_start(struct rig *r);
void rig_service_stop(struct rig *r, int sig);

/* A control command of the simulator ("fault C2@3"); the answer's text into ret (may be NULL).
 * Fails the test unless it starts with "ok". */
void rig_control(const struct rig *r, const char *command, char *ret, size_t cap);

/* Loads the module without initialising it; rig_stop unloads. */
CK_FUNCTION_LIST *rig_module(struct rig *r);

/* The first slot with a token, a session on it, and the first private key that can sign. */
CK_SLOT_ID rig_slot(const struct rig *r);
CK_SESSION_HANDLE rig_session(const struct rig *r);
CK_OBJECT_HANDLE rig_find(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_CLASS cls,
			  const char *label); /* label NULL: the first that signs */
/* One signature over a digest of n bytes with CKM_ECDSA. */
CK_RV rig_sign(const struct rig *r, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key,
	       const uint8_t *digest, size_t n, uint8_t *ret_sig, CK_ULONG *ret_n);
/* The public key of the demo card's identity, of DIR/device.pem; NULL if there is none. The caller
 * frees it. */
EVP_PKEY *rig_device_key(const struct rig *r);
/* Is sig the signature of digest under the certificate or public key of the demo card's identity
 * (DIR/device.pem)? Checked with libcrypto, not with ours. */
bool rig_verify(const struct rig *r, const uint8_t *digest, size_t n, const uint8_t *sig,
		size_t sig_n);

/* --- the simulator's APDU log --- */
struct rig_apdu {
	char front[16];
	uint8_t cmd[300];
	size_t cmd_n;
	uint8_t reply[300];
	size_t reply_n;
};
/* Where it ends now: a position for the others. */
size_t rig_log_mark(const struct rig *r);
size_t rig_log_count(const struct rig *r, size_t since);
/* Those with this INS (any class). */
size_t rig_log_count_ins(const struct rig *r, size_t since, uint8_t ins);
/* Calls visit for each, in order. */
void rig_log_each(const struct rig *r, size_t since,
		  void (*visit)(void *ctx, const struct rig_apdu *a), void *ctx);
/* Prints the exchanges since, for a failing test; and the last that the proxy said. */
void rig_log_dump(const struct rig *r, size_t since);

/* Monotonic; once a rig was started, without the time in which the machine stood still. */
double rig_seconds(void);
void rig_pause_ms(long ms);

#endif
