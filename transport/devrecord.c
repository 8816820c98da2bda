/* SPDX-License-Identifier: Apache-2.0 */
#include "devrecord.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hex.h"

uint64_t devrecord_fnv64(struct bytes b)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < b.n; i++)
		h = (h ^ b.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

void devrecord_boot_id(char ret_id[DEVRECORD_BOOT_ID_MAX])
{
	snprintf(ret_id, DEVRECORD_BOOT_ID_MAX, "unknown");
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	char text[DEVRECORD_BOOT_ID_MAX] = {0};
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	size_t used = 0;
	while (n > 0 && used < (size_t)n && (hex_is_digit(text[used]) || text[used] == '-'))
		used++;
	if (used > 0)
		snprintf(ret_id, DEVRECORD_BOOT_ID_MAX, "%.*s", (int)used, text);
}

status devrecord_encode(const struct channel_record *r, const char *boot_id, long pid,
			struct wtr *w)
{
	struct wtr line = wtr_on(w->p + w->n, w->cap - w->n);
	wtr_printf(&line, "record=1 boot=%s pid=%ld gen=%" PRIx64 " ch=%u handle=%s aid=", boot_id,
		   pid, r->generation, r->channel.number, r->channel.handle);
	hex_put(&line, bytes_of(r->aid, r->aid_len));
	wtr_printf(&line, " iccid=%s cla=%x", r->iccid, r->cla_base);
	uint64_t sum = devrecord_fnv64(wtr_bytes(&line));
	wtr_printf(&line, " sum=%" PRIx64 "\n", sum);
	TRY(wtr_done(&line));
	w->n += line.n;
	return ST_OK;
}

/* Takes "<key>=<value>" and the blank or LF behind it. */
static status take_value(struct rdr *in, const char *key, struct bytes *ret_value)
{
	struct bytes name;
	TRY(rdr_take(in, strlen(key), &name));
	uint8_t c = 0;
	TRY(rdr_u8(in, &c));
	if (!bytes_equal(name, bytes_str(key)) || c != '=')
		return ST_MALFORMED;
	const uint8_t *start = in->p;
	size_t n = 0;
	while (n < in->n && start[n] != ' ' && start[n] != '\n')
		n++;
	TRY(rdr_take(in, n, ret_value));
	return rdr_skip(in, 1);
}

static status take_number(struct rdr *in, const char *key, unsigned base, uint64_t max,
			  uint64_t *ret_v)
{
	struct bytes text;
	TRY(take_value(in, key, &text));
	if (text.n == 0 || text.n > 16)
		return ST_MALFORMED;
	uint64_t v = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = (char)text.p[i];
		if (!hex_is_digit(c))
			return ST_MALFORMED;
		unsigned digit = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
		if (digit >= base)
			return ST_MALFORMED;
		v = v * base + digit;
	}
	if (v > max)
		return ST_MALFORMED;
	*ret_v = v;
	return ST_OK;
}

/* A string of letters and digits (or of digits) into a C string of cap bytes. */
static status take_word(struct rdr *in, const char *key, bool digits_only, char *dst, size_t cap)
{
	struct bytes text;
	TRY(take_value(in, key, &text));
	if (text.n >= cap)
		return ST_MALFORMED;
	for (size_t i = 0; i < text.n; i++)
		if (digits_only ? !isdigit(text.p[i]) : !isalnum(text.p[i]))
			return ST_MALFORMED;
	snprintf(dst, cap, "%.*s", (int)text.n, (const char *)text.p);
	return ST_OK;
}

static status take_aid(struct rdr *in, struct channel_record *r)
{
	struct bytes text;
	TRY(take_value(in, "aid", &text));
	struct wtr aid = WTR_ON(r->aid);
	TRY(hex_get(text, &aid));
	r->aid_len = aid.n;
	return ST_OK;
}

static status take_origin(struct rdr *in, const char *boot_id)
{
	uint64_t version = 0, pid = 0;
	struct bytes boot;
	TRY(take_number(in, "record", 10, 1, &version));
	TRY(take_value(in, "boot", &boot));
	TRY(take_number(in, "pid", 10, INT64_MAX, &pid));
	return version == 1 && bytes_equal(boot, bytes_str(boot_id)) ? ST_OK : ST_NO_ENTRY;
}

static status take_record(struct bytes text, const char *boot_id, struct channel_record *r)
{
	struct rdr in = rdr_of(text);
	uint64_t number = 0, cla = 0, sum = 0;
	TRY(take_origin(&in, boot_id));
	TRY(take_number(&in, "gen", 16, UINT64_MAX, &r->generation));
	TRY(take_number(&in, "ch", 10, 19, &number));
	TRY(take_word(&in, "handle", false, r->channel.handle, sizeof(r->channel.handle)));
	TRY(take_aid(&in, r));
	TRY(take_word(&in, "iccid", true, r->iccid, sizeof(r->iccid)));
	TRY(take_number(&in, "cla", 16, 0xFF, &cla));
	size_t summed = text.n - in.n - 1; /* all before " sum=" */
	TRY(take_number(&in, "sum", 16, UINT64_MAX, &sum));
	if (sum != devrecord_fnv64(bytes_of(text.p, summed)) || in.p[-1] != '\n')
		return ST_MALFORMED;
	r->channel.number = (uint8_t)number;
	r->cla_base = (uint8_t)cla;
	return ST_OK;
}

status devrecord_decode(struct bytes text, const char *boot_id, struct channel_record *ret_r)
{
	struct channel_record r = {0};
	if (take_record(text, boot_id, &r) != ST_OK)
		return ST_NO_ENTRY;
	/* neither a channel of the device nor a logical channel of ours: of no use to anybody */
	if (!channel_is_device_owned(&r.channel) && r.channel.number == 0)
		return ST_NO_ENTRY;
	*ret_r = r;
	return ST_OK;
}
