/* SPDX-License-Identifier: Apache-2.0 */
#include "lib.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "deadline.h"
#include "event.h"
#include "log.h"
#include "mem.h"
#include "session.h"
#include "slot.h"

#define FORMAL_LOGIN "formal-login"

static struct {
	pthread_rwlock_t gate;
	_Atomic pid_t owner; /* the process that initialised; 0: nobody */
	_Atomic pid_t door;  /* the process of which a thread is in Initialize or Finalize */
	_Atomic long inside; /* calls in progress: tells a child whether anything was in flux */
	bool formal_login;
} lib = {.gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP};

/* Apart, so that it takes no room in the file. */
static struct settings settings;

/* One thread of this process at a time. A holder that belongs to another process is a leftover of a
 * fork; *ret_stale tells so. Not a mutex, which a fork could leave locked for ever. */
static void door_close(bool *ret_stale)
{
	pid_t me = getpid();
	pid_t holder = 0;

	*ret_stale = false;
	while (!atomic_compare_exchange_strong(&lib.door, &holder, me)) {
		if (holder == me) {
			deadline_sleep(DEADLINE_NEVER, 1);
			holder = 0;
			continue;
		}
		*ret_stale = true; /* and holder is what the next exchange expects */
	}
}

static void door_open(void)
{
	atomic_store(&lib.door, 0);
}

status lib_enter(void)
{
	pid_t me = getpid();

	if (atomic_load(&lib.owner) != me)
		return ST_NOT_INIT;
	atomic_fetch_add(&lib.inside, 1);
	pthread_rwlock_rdlock(&lib.gate);
	if (atomic_load(&lib.owner) == me)
		return ST_OK;
	lib_leave();
	return ST_NOT_INIT;
}

void lib_leave(void)
{
	pthread_rwlock_unlock(&lib.gate);
	atomic_fetch_sub(&lib.inside, 1);
}

bool lib_formal_login(void)
{
	return lib.formal_login;
}

const struct settings *lib_settings(void)
{
	return &settings;
}

/* pReserved is to be NULL (PKCS#11 §5.4), and programs that try what is to be refused give any
 * address: the system, which refuses a bad one, copies what is there, up to what differs. */
static bool says_formal_login(const char *reserved)
{
	static const char wanted[] = FORMAL_LOGIN;
	int pair[2];
	size_t same = 0;
	char c;

	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	while (same < sizeof(wanted) && write(pair[1], reserved + same, 1) == 1 &&
	       read(pair[0], &c, 1) == 1 && c == wanted[same])
		same++;
	close(pair[0]);
	close(pair[1]);
	return same == sizeof(wanted);
}

/* PKCS#11 §5.4: all four callbacks or none; we use the system's locks and need leave to. */
static status check_args(const CK_C_INITIALIZE_ARGS *args)
{
	if (args == NULL)
		return ST_OK;
	if (args->pReserved != NULL && !says_formal_login(args->pReserved))
		return ST_ARG;

	int callbacks = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) +
			(args->LockMutex != NULL) + (args->UnlockMutex != NULL);
	if (callbacks != 0 && callbacks != 4)
		return ST_ARG;
	if (callbacks == 4 && (args->flags & CKF_OS_LOCKING_OK) == 0)
		return ST_CANT_LOCK;
	return ST_OK;
}

/* In a child. When calls were in progress at the fork, lists may be half-made: then their memory is
 * left alone and only the cards' descriptors are closed. */
static void forget_inherited(bool in_flux)
{
	in_flux = in_flux || atomic_load(&lib.inside) != 0;
	lib.gate = (pthread_rwlock_t)PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
	atomic_store(&lib.inside, 0);
	atomic_store(&lib.owner, 0);
	event_forget_all();
	session_forget_all(in_flux);
	slot_forget_all(in_flux);
}

static status load_settings(void)
{
	char err[SETTINGS_ERROR_MAX] = "";
	status st = settings_load(settings_path(), &settings, err);

	if (st != ST_OK)
		settings_default(&settings);
	log_set(settings.log, settings.log_target);
	log_set_from_env();
	if (st == ST_OK)
		return ST_OK;
	/* The one thing that goes to stderr unasked: nothing works until a person reads it. */
	if (!log_wants(LOG_LEVEL_ERROR) || settings.log_target != LOG_TO_STDERR)
		fprintf(stderr, "iotsafe-pkcs11: %s\n", err[0] != '\0' ? err : status_text(st));
	log_error("configuration: %s", err[0] != '\0' ? err : status_text(st));
	return st;
}

static status initialize(bool stale_door, bool formal_login)
{
	pid_t owner = atomic_load(&lib.owner);

	if (owner == getpid())
		return ST_INIT_TWICE;
	if (owner != 0 || stale_door)
		forget_inherited(stale_door);
	TRY(load_settings());
	lib.formal_login = formal_login;
	atomic_store(&lib.owner, getpid());
	return ST_OK;
}

status lib_initialize(const CK_C_INITIALIZE_ARGS *args)
{
	bool stale = false;

	TRY(check_args(args));
	door_close(&stale);
	status st = initialize(stale, args != NULL && args->pReserved != NULL);
	door_open();
	return st;
}

/* Gate held alone. */
static void finish(void)
{
	atomic_store(&lib.owner, 0);
	session_free_all();
	slot_free_all();
}

status lib_finalize(const void *reserved)
{
	bool stale = false;

	if (atomic_load(&lib.owner) != getpid())
		return ST_NOT_INIT;
	if (reserved != NULL)
		return ST_ARG;
	door_close(&stale);
	event_end_all();
	pthread_rwlock_wrlock(&lib.gate);
	status st = atomic_load(&lib.owner) == getpid() ? ST_OK : ST_NOT_INIT;
	if (st == ST_OK)
		finish();
	pthread_rwlock_unlock(&lib.gate);
	event_drain();
	door_open();
	return st;
}

/* Most programs never call C_Finalize. Only in the process that owns the state, and not while
 * another thread is still in a call: exit must not wait. */
__attribute__((destructor)) static void unload(void)
{
	if (atomic_load(&lib.owner) != getpid())
		return;
	if (pthread_rwlock_trywrlock(&lib.gate) != 0)
		return;
	finish();
	pthread_rwlock_unlock(&lib.gate);
}
