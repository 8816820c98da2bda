/* SPDX-License-Identifier: Apache-2.0 */
/* pin-source: the login of a device that nobody attends. Rule A: a PIN is sent only while at least
 * two tries are left, never again once it was refused (by this process, nor by another while the
 * value is the same) and never again after an answer that got lost. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib.h"
#include "log.h"
#include "login.h"
#include "pin_memory.h"
#include "token.h"

enum {
	TRIES_NEEDED = 2,
	TRIES_MOST = 15, /* that a status word can tell */
	SOURCE_MAX = 64, /* a PIN and the end of its line; more is no PIN file */
};

bool login_auto_on(struct slot *s)
{
	return slot_conf(s)->pin_ref != 0 && slot_conf(s)->pin_source[0] != '\0' &&
	       !s->login.auto_spent;
}

/* Never again in this process: from now on somebody has to log in. */
static status give_up(struct slot *s)
{
	s->login.auto_spent = true;
	login_forget(s);
	return ST_USER_NOT_LOGGED_IN;
}

/* --- the file --- */

static const char *path_of(const struct slot *s)
{
	static const char scheme[] = "file:";
	const char *source = slot_conf(s)->pin_source;
	size_t n = sizeof(scheme) - 1;

	return strncmp(source, scheme, n) == 0 ? source + n : source;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* NULL, or what is wrong. */
static const char *distrust(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "it is no regular file";
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return "it belongs to another user";
	if ((st.st_mode & 07077) != 0)
		return "others may read it: its mode must be 0600 or 0400";
	return NULL;
}

static void cut_line_end(struct secret_view *pin)
{
	if (pin->n > 0 && pin->p[pin->n - 1] == '\n')
		pin->n--;
	if (pin->n > 0 && pin->p[pin->n - 1] == '\r')
		pin->n--;
}

static const char *read_pin(int fd, struct secret_view *pin)
{
	ssize_t n = read(fd, pin->p, pin->cap);

	while (n < 0 && errno == EINTR)
		n = read(fd, pin->p, pin->cap);
	if (n < 0)
		return strerror(errno);
	pin->n = (size_t)n;
	cut_line_end(pin);
	if (pin->n < PIN_MIN || pin->n > PIN_MAX || !login_is_digits(bytes_of(pin->p, pin->n)))
		return "it holds no PIN of 4 to 8 digits";
	return NULL;
}

static status load(struct slot *s, struct secret_view *pin)
{
	int fd ON_EXIT(close_fd) =
		open(path_of(s), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	const char *why = fd < 0 ? strerror(errno) : distrust(fd);

	if (why == NULL)
		why = read_pin(fd, pin);
	if (why == NULL)
		return ST_OK;
	log_error("slot %s: pin-source %s: %s", slot_conf(s)->name, path_of(s), why);
	return ST_USER_NOT_LOGGED_IN;
}

/* --- what was refused --- */

/* Whose memory it is. */
static status identify(struct slot *s, struct card_info *info)
{
	struct card *card = NULL;

	TRY(slot_card(s, &card));
	return slot_outcome(s, card_identify(card, info, slot_deadline(s)));
}

static status open_memory(struct slot *s, const struct card_info *info, struct pin_memory *m)
{
	status st = pin_memory_open(lib_settings()->store_dir, info->iccid, slot_deadline(s), m);

	if (st == ST_STORE)
		log_error("slot %s: pin-source is not used: what the card refuses could not be "
			  "remembered in store-dir %s",
			  slot_conf(s)->name, lib_settings()->store_dir);
	return st == ST_STORE ? ST_USER_NOT_LOGGED_IN : st;
}

static status remember(struct slot *s, const struct pin_memory *m, struct bytes pin, int tries)
{
	status st = pin_memory_put(m, slot_conf(s)->pin_ref, pin, tries);

	if (st != ST_OK)
		log_error("slot %s: pin-source: it could not be remembered what the card said",
			  slot_conf(s)->name);
	return st == ST_OK ? ST_OK : ST_USER_NOT_LOGGED_IN;
}

static void forget(struct slot *s, const struct pin_memory *m, struct bytes pin)
{
	if (pin_memory_drop(m, slot_conf(s)->pin_ref, pin) != ST_OK)
		log_error("slot %s: pin-source: a mark against its PIN could not be removed",
			  slot_conf(s)->name);
}

/* A value that was sent and never answered was wrong if a try is gone since; else it was right, or
 * did not reach the card. */
static status check_memory(struct slot *s, const struct pin_memory *m, struct bytes pin)
{
	int tries = PIN_MEMORY_NOTHING;
	status st = pin_memory_get(m, slot_conf(s)->pin_ref, pin, &tries);

	if (st == ST_OK && tries == PIN_MEMORY_NOTHING)
		return ST_OK;
	if (st == ST_OK && tries != PIN_MEMORY_REFUSED && s->login.pin.tries >= tries)
		return ST_OK;
	if (st == ST_OK)
		log_error("slot %s: the card has refused this PIN before and it is not tried "
			  "again: correct %s",
			  slot_conf(s)->name, path_of(s));
	return give_up(s);
}

void login_auto_learned(struct slot *s, struct bytes pin)
{
	struct card_info info;
	struct pin_memory m ON_EXIT(pin_memory_close) = {.fd = -1};

	if (slot_conf(s)->pin_source[0] == '\0' || identify(s, &info) != ST_OK)
		return;
	if (open_memory(s, &info, &m) == ST_OK)
		forget(s, &m, pin);
}

/* --- the attempt --- */

static bool enough_tries(const struct slot *s)
{
	const struct card_pin *pin = &s->login.pin;

	/* a right PIN brings back all tries */
	if (pin->tries >= TRIES_NEEDED || pin->state == CARD_PIN_VERIFIED)
		return true;
	if (pin->state == CARD_PIN_BLOCKED)
		log_error("slot %s: the PIN is blocked: it takes the PUK to unblock it",
			  slot_conf(s)->name);
	else if (pin->tries < 0)
		log_error("slot %s: pin-source is not used: the card does not tell how many tries "
			  "are left",
			  slot_conf(s)->name);
	else
		log_error("slot %s: pin-source is not used for the last try: check %s, then log in "
			  "once by hand",
			  slot_conf(s)->name, path_of(s));
	return false;
}

/* No clear answer: what does the counter say? Where it does not tell, the mark stays. */
static void find_out(struct slot *s, const struct pin_memory *m, struct bytes pin, int before)
{
	if (login_ask(s) != ST_OK)
		return;
	if (s->login.pin.state == CARD_PIN_VERIFIED || s->login.pin.tries >= before)
		forget(s, m, pin);
	else if (s->login.pin.tries >= 0)
		(void)!remember(s, m, pin, PIN_MEMORY_REFUSED);
}

static status refused(struct slot *s, const struct pin_memory *m, struct bytes pin)
{
	(void)!remember(s, m, pin, PIN_MEMORY_REFUSED);
	log_error("slot %s: PIN refused, tries left: %d: correct %s before the next start",
		  slot_conf(s)->name, s->login.pin.tries, path_of(s));
	return give_up(s);
}

/* Marked before it is sent, so that no end of this process, and no power failure, lets another one
 * spend a second try. */
static status send(struct slot *s, const struct pin_memory *m, struct bytes pin)
{
	int before = s->login.pin.tries > 0 ? s->login.pin.tries : TRIES_MOST;

	TRY(remember(s, m, pin, before));
	status st = login_present(s, pin);
	if (st == ST_PIN_WRONG)
		return refused(s, m, pin);
	if (st == ST_OK) {
		forget(s, m, pin);
		s->login.auto_verified = true;
		token_read_again(s->token);
		return ST_OK;
	}
	find_out(s, m, pin, before);
	if (st == ST_PIN_UNSURE) {
		log_error("slot %s: pin-source is not used again by this process",
			  slot_conf(s)->name);
		(void)!give_up(s);
	}
	/* what only functions with a PIN may say */
	return st == ST_PIN_LOCKED || st == ST_USER_PIN_UNSET ? ST_USER_NOT_LOGGED_IN : st;
}

/* Is there nothing to be told? */
static bool is_settled(struct slot *s, bool anew)
{
	if (s->login.needless)
		return true;
	if (anew || s->login.pin.state != CARD_PIN_VERIFIED)
		return false;
	s->login.auto_verified = true;
	return true;
}

static status attempt(struct slot *s, bool anew)
{
	struct card_info info;
	struct pin_memory m ON_EXIT(pin_memory_close) = {.fd = -1};
	SECRET(pin, SOURCE_MAX);

	TRY(identify(s, &info));
	TRY(open_memory(s, &info, &m));
	/* others may have been at it until now */
	TRY(login_ask(s));
	if (is_settled(s, anew))
		return ST_OK;
	if (!enough_tries(s))
		return ST_USER_NOT_LOGGED_IN;
	TRY(load(s, &pin));
	TRY(check_memory(s, &m, bytes_of(pin.p, pin.n)));
	return send(s, &m, bytes_of(pin.p, pin.n));
}

status login_auto(struct slot *s, bool anew)
{
	if (s->login.auto_verified && !anew)
		return ST_OK;
	TRY(login_ask(s));
	if (is_settled(s, anew))
		return ST_OK;
	return attempt(s, anew);
}
