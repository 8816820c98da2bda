/* SPDX-License-Identifier: Apache-2.0 */
#include "devlock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "devrecord.h"
#include "log.h"
#include "mem.h"
#include "stream.h"

enum {
	STATE_LEN = 5,					   /* "idle\n" or "busy\n" */
	SUM_LEN = 16,					   /* hex digits */
	NOTE_LEN = 5 + DEVLOCK_NOTE_MAX + 1 + SUM_LEN + 1, /* "note=<text, padded> <sum>\n" */
	RECORD_AT = STATE_LEN + NOTE_LEN,
	TEXT_MAX = RECORD_AT + DEVRECORD_TEXT_MAX,
	FILE_SIZE_LIMIT = 4096,
	PLACES = 8,
	DEVICE = -1,
	LOOKS = 16, /* in as long as it took so far */
	PAUSE_MIN_US = 100,
	PAUSE_MAX_US = 20000,
	CROWD_SPREAD_US = 8000,
};

struct devlock {
	char dir[PATH_LEN_MAX];
	char name[NAME_MAX_LEN];
	char path[PATH_LEN_MAX + NAME_MAX_LEN + 1]; /* of the open file */
	char boot_id[DEVRECORD_BOOT_ID_MAX];
	int fd;
	bool writable;
	bool held;
	uint32_t jitter;
	char text[TEXT_MAX]; /* the file as found by the last enter, and as changed since */
	size_t text_n;
};

/* --- the file --- */

/* "at:/dev/serial/by-id/x" → "at-x-0123456789abcdef.lock": readable, and distinct by its hash. */
static void name_file(const char *device, char *dst, size_t cap)
{
	const char *tail = strrchr(device, '/');
	char word[25] = {0};
	const char *from = tail ? tail + 1 : device + strcspn(device, ":");
	for (size_t i = 0; i < sizeof(word) - 1 && from[i]; i++)
		word[i] = isalnum((unsigned char)from[i]) ? from[i] : '_';
	snprintf(dst, cap, "%.*s-%s-%016" PRIx64 ".lock", (int)strcspn(device, ":"), device, word,
		 devrecord_fnv64(bytes_str(device)));
}

static int open_folder(const char *dir, mode_t mode)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(dir, flags);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	bool made = mkdir(dir, mode) == 0;
	fd = open(dir, flags);
	if (made && fd >= 0 && fchmod(fd, mode) != 0)
		log_debug("lock folder %s: %s", dir, strerror(errno));
	return fd;
}

static int open_in(int folder, const char *name, mode_t mode, bool *ret_writable)
{
	const int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	for (int tries = 0; tries < 3; tries++) {
		*ret_writable = true;
		int fd = openat(folder, name, O_RDWR | flags);
		if (fd >= 0)
			return fd;
		if (errno == EACCES || errno == EROFS) {
			*ret_writable = false;
			return openat(folder, name, O_RDONLY | flags);
		}
		if (errno != ENOENT)
			return -1;
		fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | flags, mode);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

/* Also what its maker did not live to do: an empty file of ours gets its mode, without which other
 * users cannot open it. One in use keeps what somebody gave it. */
static bool file_is_sound(int fd, mode_t mode)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    st.st_size > FILE_SIZE_LIMIT)
		return false;
	if (st.st_size == 0 && st.st_uid == geteuid() && (st.st_mode & 0777) != mode &&
	    fchmod(fd, mode) != 0)
		log_debug("lock file: %s", strerror(errno));
	return true;
}

static bool open_at(struct devlock *l, const char *dir, mode_t dir_mode, mode_t file_mode)
{
	int folder = open_folder(dir, dir_mode);
	if (folder < 0)
		return false;
	int fd = stream_above_stdio(open_in(folder, l->name, file_mode, &l->writable));
	close(folder);
	if (fd < 0)
		return false;
	if (!file_is_sound(fd, file_mode)) {
		log_error("lock file %s/%s is not a plain file with one name: ignored", dir,
			  l->name);
		close(fd);
		return false;
	}
	l->fd = fd;
	snprintf(l->path, sizeof(l->path), "%s/%s", dir, l->name);
	return true;
}

static void open_file(struct devlock *l)
{
	if (l->boot_id[0] == '\0')
		devrecord_boot_id(l->boot_id);
	if (l->dir[0] != '\0' && open_at(l, l->dir, 01777, 0666))
		return;
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	char dir[PATH_LEN_MAX];
	if (runtime && runtime[0] == '/' &&
	    (size_t)snprintf(dir, sizeof(dir), "%s/iotsafe", runtime) < sizeof(dir) &&
	    open_at(l, dir, 0700, 0600))
		return;
	log_debug("lock folder %s cannot be used: the channel is not shared", l->dir);
}

static void close_file(struct devlock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->writable = false;
	l->path[0] = '\0';
	l->text_n = 0;
}

/* A cleaner may have removed the file, and another process made a new one. */
static bool file_is_current(const struct devlock *l)
{
	struct stat open_st, path_st;
	return fstat(l->fd, &open_st) == 0 && lstat(l->path, &path_st) == 0 &&
	       open_st.st_ino == path_st.st_ino && open_st.st_dev == path_st.st_dev;
}

/* --- taking turns --- */

enum attempt { GOT, TAKEN, CANNOT };

/* The queue: byte locks, of another kind than the device's, on the same file. Who waits stands at
 * one place, moves up when the one before him has, and from the first place takes the device; so
 * nobody overtakes, not even who leaves and comes back at once. More than there are places for try
 * their luck at the last one. */
static enum attempt lock_place(struct devlock *l, int place, short type)
{
	struct flock fl = {.l_type = type, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};
	if (fcntl(l->fd, F_OFD_SETLK, &fl) == 0)
		return GOT;
	return errno == EAGAIN || errno == EACCES ? TAKEN : CANNOT;
}

static bool somebody_waits(struct devlock *l)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = PLACES};
	return fcntl(l->fd, F_OFD_GETLK, &fl) == 0 && fl.l_type != F_UNLCK;
}

static enum attempt try_device(struct devlock *l)
{
	if (flock(l->fd, LOCK_EX | LOCK_NB) == 0)
		return GOT;
	return errno == EWOULDBLOCK || errno == EINTR ? TAKEN : CANNOT;
}

static int64_t luck(struct devlock *l)
{
	l->jitter ^= l->jitter << 13;
	l->jitter ^= l->jitter >> 17;
	l->jitter ^= l->jitter << 5;
	return l->jitter % CROWD_SPREAD_US;
}

/* A small share of what it took so far: a turn that ends is missed by that share at most, and slow
 * cards cost few looks. Behind the first place there is time. */
static void nap(struct devlock *l, int place, int64_t began, deadline dl)
{
	int64_t us = (deadline_now() - began) / (1000 * LOOKS);
	int64_t least = PAUSE_MIN_US * (place + 2);
	us = us < least ? least : us > PAUSE_MAX_US ? PAUSE_MAX_US : us;
	if (place == PLACES - 1)
		us += luck(l);
	deadline until = deadline_now() + us * 1000;
	if (until > dl)
		until = dl;
	struct timespec ts = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* The place, or (DEVICE) the device itself. */
static status wait_for(struct devlock *l, int place, deadline dl)
{
	int64_t began = deadline_now();
	for (;;) {
		enum attempt a = place == DEVICE ? try_device(l) : lock_place(l, place, F_WRLCK);
		if (a == GOT)
			return ST_OK;
		if (a == CANNOT)
			return ST_IO;
		if (deadline_passed(dl))
			return ST_TIMEOUT;
		nap(l, place, began, dl);
	}
}

/* From the end of the queue to its first place, where the file can have one. *ret_place: the place
 * to be left again. */
static status queue(struct devlock *l, deadline dl, int *ret_place)
{
	int at = DEVICE;
	status st = ST_OK;
	for (int next = somebody_waits(l) ? PLACES - 1 : 0; st == ST_OK && next >= 0; next--) {
		st = wait_for(l, next, dl);
		if (st != ST_OK)
			break;
		if (at != DEVICE)
			lock_place(l, at, F_UNLCK);
		at = next;
	}
	*ret_place = at;
	return st == ST_TIMEOUT ? st : ST_OK;
}

static status take_turn(struct devlock *l, deadline dl)
{
	int place = DEVICE;
	status st = l->writable ? queue(l, dl, &place) : ST_OK;
	if (st == ST_OK)
		st = wait_for(l, DEVICE, dl);
	if (place != DEVICE)
		lock_place(l, place, F_UNLCK);
	return st;
}

/* --- content --- */

static void write_state(struct devlock *l, const char *state)
{
	if (l->writable && pwrite(l->fd, state, STATE_LEN, 0) != STATE_LEN)
		l->writable = false;
}

static bool read_file(struct devlock *l)
{
	ssize_t n = pread(l->fd, l->text, sizeof(l->text), 0);
	l->text_n = n > 0 ? (size_t)n : 0;
	struct bytes text = bytes_of(l->text, l->text_n);
	return l->text_n > 0 && !bytes_start_with(text, BYTES_LIT("idle\n"));
}

/* --- the contract --- */

status devlock_new(const char *dir, const char *device, struct devlock **ret_l)
{
	struct devlock *l = calloc(1, sizeof(*l));
	if (!l)
		return ST_NOMEM;
	l->fd = -1;
	l->jitter = ((uint32_t)getpid() * 2654435761U) | 1U;
	if (dir && strlen(dir) < sizeof(l->dir))
		snprintf(l->dir, sizeof(l->dir), "%s", dir);
	name_file(device, l->name, sizeof(l->name));
	*ret_l = l;
	return ST_OK;
}

void devlock_free(struct devlock *l, bool forked)
{
	if (!l)
		return;
	if (!forked)
		devlock_leave(l, false);
	close_file(l);
	free(l);
}

status devlock_enter(struct devlock *l, deadline dl, bool *ret_unclean)
{
	bool unclean = false;
	for (int tries = 0; tries < 8 && !l->held; tries++) {
		if (l->fd < 0)
			open_file(l);
		if (l->fd < 0)
			break;
		status st = take_turn(l, dl);
		if (st == ST_TIMEOUT)
			return st;
		if (st != ST_OK)
			break;
		l->held = file_is_current(l);
		if (!l->held)
			close_file(l);
	}
	if (l->held) {
		unclean = read_file(l);
		write_state(l, "busy\n");
	}
	*ret_unclean = unclean;
	return ST_OK;
}

void devlock_leave(struct devlock *l, bool unclean)
{
	if (!l->held)
		return;
	if (!unclean)
		write_state(l, "idle\n");
	/* said aloud: a child forked meanwhile has the same open file and would keep the lock */
	flock(l->fd, LOCK_UN);
	l->held = false;
	/* what could not be written this time (created a moment ago by another user?) may be next
	 * time */
	if (!l->writable)
		close_file(l);
}

bool devlock_can_share(const struct devlock *l)
{
	return l->held && l->writable;
}

const char *devlock_path(const struct devlock *l)
{
	return l->path;
}

/* --- the note --- */

/* The sum covers the boot, so that a note of another boot is none. */
static uint64_t note_sum(const struct devlock *l, struct bytes text)
{
	uint64_t boot = devrecord_fnv64(bytes_str(l->boot_id));
	return devrecord_fnv64(text) ^ boot * UINT64_C(0x9E3779B97F4A7C15);
}

/* The note's whole line. */
static void put_note(const struct devlock *l, const char *text, struct wtr *w)
{
	char padded[DEVLOCK_NOTE_MAX + 1];
	snprintf(padded, sizeof(padded), "%-*s", DEVLOCK_NOTE_MAX, text);
	wtr_printf(w, "note=%s %0*" PRIx64 "\n", padded, SUM_LEN, note_sum(l, bytes_str(padded)));
}

static bool note_is_text(const char *text)
{
	size_t n = 0;
	while (isalnum((unsigned char)text[n]) || text[n] == '=')
		n++;
	return text[n] == '\0' && n <= DEVLOCK_NOTE_MAX;
}

void devlock_note_load(const struct devlock *l, char ret_note[DEVLOCK_NOTE_MAX + 1])
{
	char text[DEVLOCK_NOTE_MAX + 1] = "", line[NOTE_LEN + 1];
	struct wtr w = WTR_ON(line);
	ret_note[0] = '\0';
	if (!devlock_can_share(l) || l->text_n < RECORD_AT)
		return;
	memcpy(text, l->text + STATE_LEN + 5, DEVLOCK_NOTE_MAX);
	for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
	put_note(l, text, &w);
	if (note_is_text(text) &&
	    bytes_equal(wtr_bytes(&w), bytes_of(l->text + STATE_LEN, NOTE_LEN)))
		snprintf(ret_note, DEVLOCK_NOTE_MAX + 1, "%s", text);
}

void devlock_note_store(struct devlock *l, const char *note)
{
	struct wtr w = wtr_on(l->text + STATE_LEN, NOTE_LEN);
	if (!devlock_can_share(l) || !note_is_text(note))
		return;
	put_note(l, note, &w);
	if (l->text_n < RECORD_AT)
		l->text_n = RECORD_AT;
	if (pwrite(l->fd, w.p, w.n, STATE_LEN) != (ssize_t)w.n)
		l->writable = false;
}

/* --- the record --- */

/* What is in the file between its state and its record is a note, if only an empty one. */
static void ensure_note(struct devlock *l)
{
	char note[DEVLOCK_NOTE_MAX + 1];
	devlock_note_load(l, note);
	if (note[0] == '\0')
		devlock_note_store(l, "");
}

status devlock_load(const struct devlock *l, struct channel_record *ret_r)
{
	if (!devlock_can_share(l) || l->text_n <= RECORD_AT)
		return ST_NO_ENTRY;
	return devrecord_decode(bytes_of(l->text + RECORD_AT, l->text_n - RECORD_AT), l->boot_id,
				ret_r);
}

void devlock_store(struct devlock *l, const struct channel_record *r)
{
	if (!devlock_can_share(l))
		return;
	ensure_note(l);
	struct wtr w = wtr_on(l->text + RECORD_AT, sizeof(l->text) - RECORD_AT);
	if (devrecord_encode(r, l->boot_id, (long)getpid(), &w) != ST_OK) {
		devlock_clear(l);
		return;
	}
	l->text_n = RECORD_AT + w.n;
	if (pwrite(l->fd, w.p, w.n, RECORD_AT) != (ssize_t)w.n)
		l->writable = false;
}

void devlock_clear(struct devlock *l)
{
	/* a shorter file has no record, and its state stays */
	if (!devlock_can_share(l) || l->text_n <= RECORD_AT)
		return;
	l->text_n = RECORD_AT;
	if (ftruncate(l->fd, (off_t)l->text_n) != 0)
		l->writable = false;
}
