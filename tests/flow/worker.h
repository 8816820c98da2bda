/* SPDX-License-Identifier: Apache-2.0 */
/* A program that signs and signs, as a daemon does: it keeps its session and key until an error
 * tells it to begin anew. What comes back with CKR_OK must verify under the key of the handle that
 * was used, whatever SIM is there now. */
#ifndef IOTSAFE_TESTS_FLOW_WORKER_H
#define IOTSAFE_TESTS_FLOW_WORKER_H

#include "scene.h"

struct worker {
	struct scene scene;
	double call_max;     /* seconds that a call or a recovery takes at most; more is slow, */
	double recovery_max; /* which a machine that stands still for a moment excuses */
	double hang_max;     /* and more than this, of either, fails the test */
	unsigned slow;
	EVP_PKEY *key;	   /* of scene.key */
	unsigned keys_met; /* how often it began anew */
	unsigned signatures, errors, recoveries;
	double slowest_call, slowest_recovery;
};

/* A new session, the key and its public point. */
CK_RV worker_start_over(struct worker *w);
/* One signature, verified. */
CK_RV worker_sign(struct worker *w);
/* All calls since the last judgement were allowed to answer what they did, and none hung; fails the
 * test otherwise. */
void worker_judge(struct worker *w);
/* Begins anew until a signature comes; fails the test after hang_max. */
void worker_recover(struct worker *w);
/* One signature, and after an error a recovery; true without one. */
bool worker_turn(struct worker *w);
void worker_free(struct worker *w);

#endif
