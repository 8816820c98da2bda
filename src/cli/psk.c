/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe psk: a pre-shared key for one server, for TLS stacks that want its bytes. The SIM's
 * secret key stays where it is; what comes out is good for this server only:
 *
 *   HKDF (RFC 5869), hash SHA-256 or SHA-384
 *   IKM   the SIM's secret key
 *   salt  "iotsafe derived psk", one zero byte, the server's name as it was given
 *   info  "psk"
 *   L     the length asked for (32)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "hex.h"
#include "mem.h"
#include "p11object.h"
#include "p11rv.h"
#include "pem.h"
#include "say.h"

enum {
	/* a DNS name's longest; with the salt's head it fits one APDU */
	SERVER_MAX = 128,
	PSK_MIN = 16,
	PSK_MAX = 256,
};

static const char salt_head[] = "iotsafe derived psk"; /* its NUL is the zero byte */
static char info[] = "psk";

struct wish {
	struct p11name key;
	const char *server;
	CK_MECHANISM_TYPE hash;
	CK_ULONG n;
};

static status read_length(const char *text, CK_ULONG *ret)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || n < PSK_MIN || n > PSK_MAX)
		return SAY(ST_ARG, "--length %s: expected %d to %d bytes", text, PSK_MIN, PSK_MAX);
	*ret = n;
	return ST_OK;
}

static status read_wish(const struct options *opt, struct wish *w)
{
	TRY(p11name_parse(opt->arg, &w->key));
	if (!opt->server || !opt->server[0])
		return SAY(ST_ARG,
			   "--server is missing: the name of the server that the key is for");
	if (strlen(opt->server) > SERVER_MAX)
		return SAY(ST_ARG, "--server: at most %d bytes", SERVER_MAX);
	w->server = opt->server;
	w->n = 32;
	if (opt->length)
		TRY(read_length(opt->length, &w->n));
	w->hash = CKM_SHA256;
	if (opt->hash && strcmp(opt->hash, "sha384") == 0)
		w->hash = CKM_SHA384;
	else if (opt->hash && strcmp(opt->hash, "sha256") != 0)
		return SAY(ST_ARG, "--hash %s: expected sha256 or sha384", opt->hash);
	if (opt->hex && opt->raw)
		return SAY(ST_ARG, "--hex and --raw exclude each other");
	if (opt->raw && !opt->out && isatty(STDOUT_FILENO))
		return SAY(ST_ARG, "--raw: not on a terminal; use --out");
	return ST_OK;
}

static CK_RV derive(struct p11token *t, const struct wish *w, CK_OBJECT_HANDLE key,
		    CK_OBJECT_HANDLE *ret)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG n = w->n;
	CK_ATTRIBUTE attr[] = {
		{CKA_CLASS, &class, sizeof(class)},   {CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_TOKEN, &no, sizeof(no)},	      {CKA_VALUE_LEN, &n, sizeof(n)},
		{CKA_EXTRACTABLE, &yes, sizeof(yes)}, {CKA_SENSITIVE, &no, sizeof(no)},
	};
	uint8_t salt[sizeof(salt_head) + SERVER_MAX];
	struct wtr sw = WTR_ON(salt);
	struct hkdf_params params = {.bExtract = CK_TRUE,
				     .bExpand = CK_TRUE,
				     .prfHashMechanism = w->hash,
				     .ulSaltType = CKF_HKDF_SALT_DATA,
				     .pSalt = salt,
				     .pInfo = (CK_BYTE *)info,
				     .ulInfoLen = sizeof(info) - 1};
	CK_MECHANISM m = {CKM_HKDF_DERIVE, &params, sizeof(params)};

	wtr_put(&sw, bytes_of(salt_head, sizeof(salt_head)));
	wtr_put(&sw, bytes_str(w->server));
	params.ulSaltLen = sw.n;
	return t->f->C_DeriveKey(t->session, &m, key, attr, ARRAY_LEN(attr), ret);
}

static status take_value(struct p11token *t, CK_OBJECT_HANDLE h, struct secret_view *psk, size_t n)
{
	CK_ATTRIBUTE attr = {CKA_VALUE, psk->p, psk->cap};
	CK_RV rv = t->f->C_GetAttributeValue(t->session, h, &attr, 1);

	(void)t->f->C_DestroyObject(t->session, h);
	if (rv != CKR_OK)
		return p11rv_say("the derived key", rv);
	if (attr.ulValueLen != n)
		return SAY(ST_IO, "the derived key has the wrong length");
	psk->n = n;
	return ST_OK;
}

static status put(const struct options *opt, const struct secret_view *psk)
{
	SECRET(text, 2 * PSK_MAX + 2);
	struct wtr w = wtr_on(text.p, text.cap);

	if (opt->raw)
		return pem_out(opt->out, bytes_of(psk->p, psk->n), true);
	hex_put(&w, bytes_of(psk->p, psk->n));
	wtr_u8(&w, '\n');
	return pem_out(opt->out, wtr_bytes(&w), true);
}

static status run(struct p11token *t, const struct options *opt, const struct wish *w)
{
	static const CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	const struct p11classes classes = {&class, 1, "secret key"};
	SECRET(psk, PSK_MAX);
	struct p11object key;
	CK_OBJECT_HANDLE h = 0;
	CK_RV rv;

	TRY(p11object_choose(t, &w->key, &classes, &key));
	rv = derive(t, w, key.handle, &h);
	if (p11token_wants_login(t, rv)) {
		TRY(p11token_login(t));
		rv = derive(t, w, key.handle, &h);
	}
	if (rv != CKR_OK)
		return p11rv_say("the derivation", rv);
	TRY(take_value(t, h, &psk, w->n));
	return put(opt, &psk);
}

int psk_run(const struct options *opt)
{
	struct p11token t ON_EXIT(p11token_close) = {0};
	struct wish w = {0};

	if (read_wish(opt, &w) != ST_OK)
		return EXIT_USAGE;
	if (p11token_open(opt, p11name_uri(&w.key), &t) != ST_OK || run(&t, opt, &w) != ST_OK)
		return EXIT_FAILED;
	return EXIT_FINE;
}
