/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are stored beside their key, and the value of a container read past the module.
 */
#include "keys_ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include <openssl/x509.h>

#include "ck.h"

#define CALL SCENE_CALL

/* --- certificates --- */

size_t keys_certificate(const uint8_t point[KEYS_POINT], uint8_t ret_der[KEYS_DER_MAX])
{
	static long serial = 1000;
	EVP_PKEY *key = keys_public(point), *issuer = EVP_EC_gen("P-256");
	X509_NAME *name = X509_NAME_new();
	X509 *x = X509_new();

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"flow", -1, -1, 0);
	assert_int_equal(X509_set_version(x, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), serial++), 1);
	assert_int_equal(X509_set_subject_name(x, name), 1);
	assert_int_equal(X509_set_issuer_name(x, name), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_true(X509_sign(x, issuer, EVP_sha256()) > 0);
	uint8_t *to = ret_der;
	int n = i2d_X509(x, NULL);
	assert_in_range(n, 1, KEYS_DER_MAX);
	n = i2d_X509(x, &to);
	X509_free(x);
	X509_NAME_free(name);
	EVP_PKEY_free(issuer);
	EVP_PKEY_free(key);
	return (size_t)n;
}

CK_RV keys_store(struct scene *s, const uint8_t *der, size_t n, CK_OBJECT_HANDLE *ret_h)
{
	static const uint8_t subject[] = {0x30, 0x0F, 0x31, 0x0D, 0x30, 0x0B, 0x06, 0x03, 0x55,
					  0x04, 0x03, 0x0C, 0x04, 'f',	'l',  'o',  'w'};
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE;
	char label[] = "flow";
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &cls, sizeof(cls)},
			    {CKA_CERTIFICATE_TYPE, &type, sizeof(type)},
			    {CKA_TOKEN, &yes, 1},
			    {CKA_LABEL, label, 4},
			    {CKA_SUBJECT, (void *)(uintptr_t)subject, sizeof(subject)},
			    {CKA_VALUE, (void *)(uintptr_t)der, n}};

	return CALL(s, C_CreateObject, s->session, t, 6, ret_h);
}

CK_RV keys_stored(struct scene *s, const uint8_t *der, size_t n, CK_ULONG *ret_count)
{
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &cls, sizeof(cls)}, {CKA_VALUE, (void *)(uintptr_t)der, n}};
	CK_OBJECT_HANDLE h[8];

	return scene_search(s, t, 2, h, 8, ret_count);
}

/* --- past the module --- */

static void move(int fd, uint8_t *p, size_t n, bool out)
{
	while (n > 0) {
		ssize_t got = out ? write(fd, p, n) : read(fd, p, n);

		assert_true(got > 0);
		p += got;
		n -= (size_t)got;
	}
}

/* One APDU in a frame; returns the status word, the data in ret. */
static unsigned exchange(int fd, const uint8_t *cmd, size_t n, uint8_t *ret, size_t cap,
			 size_t *ret_n)
{
	uint8_t frame[300] = {(uint8_t)(n >> 8), (uint8_t)n};
	size_t got;

	assert_true(n + 2 <= sizeof(frame));
	memcpy(frame + 2, cmd, n);
	move(fd, frame, n + 2, true);
	move(fd, frame, 2, false);
	got = (size_t)(frame[0] << 8 | frame[1]);
	assert_in_range(got, 2, sizeof(frame));
	move(fd, frame, got, false);
	assert_true(got - 2 <= cap);
	memcpy(ret, frame, got - 2);
	*ret_n = got - 2;
	return (unsigned)(frame[got - 2] << 8 | frame[got - 1]);
}

/* With what waits at a card that talks T=0. */
static unsigned apdu(int fd, const uint8_t *cmd, size_t n, uint8_t *ret, size_t cap, size_t *ret_n)
{
	uint8_t fetch[] = {cmd[0], 0xC0, 0, 0, 0};
	unsigned sw = exchange(fd, cmd, n, ret, cap, ret_n);

	if (sw >> 8 != 0x61)
		return sw;
	fetch[4] = (uint8_t)sw;
	return exchange(fd, fetch, sizeof(fetch), ret, cap, ret_n);
}

static int connect_to(const struct rig *r)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", r->socket);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* The applet's AIDs, by the simulator's word. */
static size_t aid_of(const struct rig *r, uint8_t ret[16])
{
	char text[2048];
	size_t n = 0;

	rig_control(r, "config list", text, sizeof(text));
	const char *at = strstr(text, "\naid = ");
	assert_non_null(at);
	for (at += 7; n < 16 && sscanf(at + 2 * n, "%2hhx", &ret[n]) == 1; n++)
		;
	return n;
}

/* READ PUBLIC KEY on a channel of its own: the status word. */
static unsigned read_public(const struct rig *r, const char *id, uint8_t answer[256], size_t *ret_n)
{
	uint8_t open[] = {0x00, 0x70, 0x00, 0x00, 0x01}, close_it[] = {0x00, 0x70, 0x80, 0, 0};
	uint8_t select[5 + 16] = {0, 0xA4, 0x04, 0x00}, aid[16], get[5 + 2 + 20 + 1], closed[256];
	size_t n = 0, aid_n = aid_of(r, aid), id_n = strlen(id) / 2;
	int fd = connect_to(r);

	assert_int_equal(apdu(fd, open, sizeof(open), answer, 256, &n), 0x9000);
	assert_int_equal(n, 1);
	uint8_t channel = answer[0];
	select[0] = channel;
	select[4] = (uint8_t)aid_n;
	memcpy(select + 5, aid, aid_n);
	apdu(fd, select, 5 + aid_n, answer, 256, &n);
	memcpy(get,
	       (uint8_t[]){(uint8_t)(0x80 | channel), 0xCD, 0, 0, (uint8_t)(2 + id_n), 0x85,
			   (uint8_t)id_n},
	       7);
	for (size_t i = 0; i < id_n; i++)
		assert_int_equal(sscanf(id + 2 * i, "%2hhx", &get[7 + i]), 1);
	get[7 + id_n] = 0;
	unsigned sw = apdu(fd, get, 8 + id_n, answer, 256, ret_n);
	close_it[3] = channel;
	apdu(fd, close_it, sizeof(close_it), closed, sizeof(closed), &n);
	close(fd);
	return sw;
}

enum { RAW_TRIES = 3 };

/* A reader's daemon may power the card up in between, which closes the channel. */
bool keys_raw_public(const struct rig *r, const char *id, uint8_t ret_point[KEYS_POINT])
{
	uint8_t answer[256];
	size_t n = 0;
	unsigned sw = 0x6881;

	for (int i = 0; i < RAW_TRIES && sw == 0x6881; i++)
		sw = read_public(r, id, answer, &n);
	bool filled = sw == 0x9000 && n >= KEYS_POINT;
	if (filled)
		memcpy(ret_point, answer + n - KEYS_POINT, KEYS_POINT);
	else
		assert_int_equal(sw, 0x6985);
	return filled;
}
