/* SPDX-License-Identifier: Apache-2.0 */
/* What the fault tests do with a card, one call at a time, each call's answer and time kept. */
#ifndef IOTSAFE_TESTS_FLOW_SCENE_H
#define IOTSAFE_TESTS_FLOW_SCENE_H

#include "rig.h"

enum { SCENE_CALLS_MAX = 64, SCENE_OBJECTS_MAX = 96 };

struct scene_call {
	const char *function; /* "C_Sign" */
	CK_RV rv;
	double seconds;
};

/* One program's view: calls made so far, and what they gave. */
struct scene {
	const struct rig *r;
	struct scene_call call[SCENE_CALLS_MAX];
	size_t calls;
	double started; /* the call that is being made */
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;	      /* the first private key that signs */
	CK_OBJECT_HANDLE certificate; /* the first */
	CK_OBJECT_HANDLE object[SCENE_OBJECTS_MAX];
	CK_ULONG objects;
	bool bad_signature; /* a signature came back with CKR_OK and did not verify */
	const char *wrong;  /* that, or whatever else was not right; NULL: nothing */
};

/* SCENE_CALL(s, C_Sign, session, …): makes the call, keeps its answer and its time. */
#define SCENE_CALL(s, name, ...)                                                                   \
	((s)->started = rig_seconds(), scene_note((s), #name, (s)->r->f->name(__VA_ARGS__)))
CK_RV scene_note(struct scene *s, const char *function, CK_RV rv);

/* Each returns the first answer that was not CKR_OK, and stops there. */

/* C_OpenSession on slot 0. */
CK_RV scene_open(struct scene *s);
/* Those that match, at most `room`. */
CK_RV scene_search(struct scene *s, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *list,
		   CK_ULONG room, CK_ULONG *ret_n);
/* All objects, then key and certificate among them. CKR_OK also when one of the two is absent. */
CK_RV scene_find(struct scene *s);
/* The first certificate's CKA_VALUE; *ret_same: it is about the key of DIR/device.pem. */
CK_RV scene_certificate(struct scene *s, bool *ret_same);
/* C_SignInit and C_Sign over a digest that differs each time; sets bad_signature. */
CK_RV scene_sign(struct scene *s);

/* May this function give this answer to a caller that did nothing wrong (PKCS#11 3.0 §5)? */
bool scene_allows(const char *function, CK_RV rv);
/* The calls since `from`, to stderr. */
void scene_print(const struct scene *s, size_t from);

/* Until slot 0 says that a SIM is there. A modem's "no SIM" is believed for a second; pcscd
 * looks about twice a second. Fails the test after eight seconds. */
void scene_await_present(const struct rig *r);
/* "channels" of the simulator: how many are open beside the basic one. */
unsigned scene_channels(const struct rig *r);
/* CPU seconds of this process so far. */
double scene_cpu(void);

#endif
