/* SPDX-License-Identifier: Apache-2.0 */
/* A rig: the real module over a real link to the software SIM, in a folder of its own.
 *
 * Every flow test starts one (or several), talks Cryptoki to the module that the build made, and
 * asks the simulator's own APDU log what went over the link. Failures of the rig itself end the
 * test by fail_msg. Binaries come from the environment that meson sets: IOTSAFE_MODULE,
 * IOTSAFE_SIM. */
#ifndef IOTSAFE_TESTS_FLOW_RIG_H
#define IOTSAFE_TESTS_FLOW_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>

enum rig_link { RIG_UNIX, RIG_AT_CGLA, RIG_AT_CSIM, RIG_PCSC };

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
};

struct rig {
	struct rig_options opt;
	char dir[64];
	char card[96];	 /* the card's folder */
	char socket[96]; /* the unix front: always there, for control */
	char port[96];	 /* the AT front's link */
	char log[96];	 /* the APDU log */
	char conf[96];	 /* iotsafe.conf; IOTSAFE_CONF points to it */
	pid_t sim;
	pid_t pcscd;
	void *handle; /* of dlopen */
	CK_FUNCTION_LIST *f;
};

/* Makes the card, starts the simulator (and pcscd, in namespaces that this process enters for
 * good), writes the configuration and sets IOTSAFE_CONF. Does not load the module. */
void rig_start(struct rig *r, const struct rig_options *opt);
/* Ends what was started, by process id, and removes the folder. Nothing is left to stop twice. */
void rig_stop(struct rig *r);

/* Only the simulator: ended by the signal, and started again on the same card. */
void rig_sim_stop(struct rig *r, int sig);
void rig_sim_start(struct rig *r);
void rig_pcscd_start(struct rig *r);
void rig_pcscd_stop(struct rig *r, int sig);

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
/* Lines so far: a position for the next two. */
size_t rig_log_mark(const struct rig *r);
size_t rig_log_count(const struct rig *r, size_t since);
/* Those with this INS (any class). */
size_t rig_log_count_ins(const struct rig *r, size_t since, uint8_t ins);
/* Calls visit for each, in order. */
void rig_log_each(const struct rig *r, size_t since,
		  void (*visit)(void *ctx, const struct rig_apdu *a), void *ctx);
/* Prints the exchanges since, for a failing test. */
void rig_log_dump(const struct rig *r, size_t since);

double rig_seconds(void); /* monotonic */

#endif
