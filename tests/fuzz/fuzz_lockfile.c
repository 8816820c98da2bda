/* SPDX-License-Identifier: Apache-2.0 */
/* The lock file, which whoever may open it may have written. Input: its content. An 'R' in front: a
 * record's fields, to which the right sum is added; an 'N': a note's text, likewise. What is read
 * out of it can be written and read again, and a file of any content serves the next user. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devlock.h"
#include "devrecord.h"
#include "fuzz.h"

enum { STATE_LEN = 5 };

static char dir[] = "/tmp/iotsafe-fuzz-lock-XXXXXX";
static char path[256];
static struct devlock *lock;

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void tidy(void)
{
	unlink(path);
	rmdir(dir);
}

static void begin(void)
{
	bool unclean;

	if (lock)
		return;
	unsetenv("XDG_RUNTIME_DIR");
	require(mkdtemp(dir) && devlock_new(dir, "qmi:/dev/cdc-wdm0", &lock) == ST_OK);
	require(devlock_enter(lock, deadline_in_ms(60000), &unclean) == ST_OK);
	snprintf(path, sizeof(path), "%s", devlock_path(lock));
	devlock_leave(lock, false);
	atexit(tidy);
}

static void write_all(struct bytes b, off_t at)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	require(fd >= 0 && ftruncate(fd, at) == 0);
	require(pwrite(fd, b.p, b.n, at) == (ssize_t)b.n);
	close(fd);
}

static bool is_word(const char *text)
{
	for (; *text; text++)
		if (!((*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
		      (*text >= 'A' && *text <= 'Z') || *text == '='))
			return false;
	return true;
}

static void check_record(const struct channel_record *r)
{
	struct channel_record back;

	require(memchr(r->channel.handle, 0, sizeof(r->channel.handle)) &&
		is_word(r->channel.handle) && r->channel.number <= 19);
	require(r->channel.handle[0] || r->channel.number > 0);
	require(r->aid_len <= AID_MAX && memchr(r->iccid, 0, sizeof(r->iccid)));
	devlock_store(lock, r);
	require(devlock_load(lock, &back) == ST_OK && back.generation == r->generation);
	require(strcmp(back.channel.handle, r->channel.handle) == 0 &&
		back.cla_base == r->cla_base);
	require(bytes_equal(bytes_of(back.aid, back.aid_len), bytes_of(r->aid, r->aid_len)));
	devlock_clear(lock);
	require(devlock_load(lock, &back) == ST_NO_ENTRY);
}

/* As the next holder finds it, and the one after him. */
static void use(void)
{
	char note[DEVLOCK_NOTE_MAX + 1], again[DEVLOCK_NOTE_MAX + 1];
	struct channel_record r;
	bool unclean;

	require(devlock_enter(lock, deadline_in_ms(60000), &unclean) == ST_OK);
	devlock_note_load(lock, note);
	require(strlen(note) <= DEVLOCK_NOTE_MAX && is_word(note));
	if (devlock_load(lock, &r) == ST_OK)
		check_record(&r);
	devlock_note_load(lock, again);
	require(strcmp(note, again) == 0);
	devlock_note_store(lock, "c1n0t2l3");
	devlock_leave(lock, false);
	require(devlock_enter(lock, deadline_in_ms(60000), &unclean) == ST_OK && !unclean);
	devlock_note_load(lock, note);
	require(strcmp(note, "c1n0t2l3") == 0);
	devlock_leave(lock, false);
}

/* A file of ours, then these fields in its record's place, of this boot and with their sum. */
static void put_record(struct bytes fields)
{
	const struct channel_record any = {.channel = {.number = 1}};
	char text[1024], boot[DEVRECORD_BOOT_ID_MAX];
	struct wtr w = WTR_ON(text);
	uint8_t whole[1024];
	bool unclean;
	size_t at = 0;

	require(devlock_enter(lock, deadline_in_ms(60000), &unclean) == ST_OK);
	devlock_store(lock, &any);
	devlock_leave(lock, false);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, whole, sizeof(whole));
	close(fd);
	const uint8_t *record = memmem(whole, (size_t)n, "record=", 7);
	require(record != NULL);
	at = (size_t)(record - whole);
	devrecord_boot_id(boot);
	wtr_printf(&w, "record=1 boot=%s ", boot);
	wtr_put(&w, fields);
	wtr_printf(&w, " sum=%llx\n", (unsigned long long)devrecord_fnv64(wtr_bytes(&w)));
	if (wtr_done(&w) == ST_OK)
		write_all(wtr_bytes(&w), (off_t)at);
}

/* What no caller of ours would store is not stored. */
static void put_note(struct bytes text)
{
	char note[2 * DEVLOCK_NOTE_MAX] = "", found[DEVLOCK_NOTE_MAX + 1];
	bool unclean;

	memcpy(note, text.p, text.n < sizeof(note) ? text.n : sizeof(note) - 1);
	require(devlock_enter(lock, deadline_in_ms(60000), &unclean) == ST_OK);
	devlock_note_store(lock, "");
	devlock_note_store(lock, note);
	devlock_note_load(lock, found);
	require(found[0] == '\0' || strcmp(found, note) == 0);
	devlock_leave(lock, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	if (size > 0 && data[0] == 'R')
		put_record(bytes_of(data + 1, size - 1));
	else if (size > 0 && data[0] == 'N')
		put_note(bytes_of(data + 1, size - 1));
	else
		write_all(bytes_of(data, size), 0);
	use();
	return 0;
}
