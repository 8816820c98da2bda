/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe keygen: a new key pair in a container of the SIM. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "hex.h"
#include "mem.h"
#include "p11object.h"
#include "p11rv.h"
#include "pem.h"
#include "progress.h"
#include "say.h"
#include "text.h"

static const struct {
	const char *word;
	enum curve curve;
} curves[] = {
	{"p256", CURVE_P256},
	{"p384", CURVE_P384},
	{"brainpool", CURVE_BRAINPOOL_P256R1},
};

/* What is asked for. */
struct wish {
	enum curve curve;
	struct bytes name;
	uint8_t id[P11OBJECT_ID_MAX];
	size_t id_n;
};

static status read_wish(const struct options *opt, struct wish *w)
{
	struct wtr id = WTR_ON(w->id);

	w->curve = opt->curve ? CURVE_NONE : CURVE_P256;
	for (size_t i = 0; opt->curve && i < ARRAY_LEN(curves); i++)
		if (strcmp(opt->curve, curves[i].word) == 0)
			w->curve = curves[i].curve;
	if (w->curve == CURVE_NONE)
		return SAY(ST_ARG, "--curve %s: expected p256, p384 or brainpool", opt->curve);
	w->name = bytes_str(opt->name);
	if (opt->id && (hex_get(bytes_str(opt->id), &id) != ST_OK || id.n == 0))
		return SAY(ST_ARG, "--id %s: expected 1 to 64 bytes in hex", opt->id);
	w->id_n = id.n;
	return ST_OK;
}

static void text_of(const struct p11token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, bool hex,
		    char *dst, size_t cap)
{
	uint8_t *v ON_EXIT(mem_free_ptr) = NULL;
	size_t n = 0;

	dst[0] = '\0';
	if (p11object_value(t, h, type, &v, &n) != ST_OK)
		return;
	if (hex)
		hex_str(bytes_of(v, n), dst, cap);
	else
		text_clean(bytes_of(v, n), dst, cap);
}

/* Is there a key in it? An empty container's private key has no public half and no use. */
static bool is_filled(const struct p11token *t, CK_OBJECT_HANDLE priv)
{
	struct public_key k;

	return p11object_public(t, priv, &k) == ST_OK || p11object_flag(t, priv, CKA_SIGN);
}

/* A key that is there is only replaced when that was said twice: by its name, and by --yes. */
static status check_victim(struct p11token *t, const struct wish *w, const struct options *opt,
			   char ret_container[MODULE_TEXT_MAX])
{
	char uri[MODULE_URI_MAX];
	CK_OBJECT_HANDLE priv;

	if ((w->name.n == 0 && w->id_n == 0) ||
	    !p11object_find_private(t, w->name, bytes_of(w->id, w->id_n), &priv) ||
	    !is_filled(t, priv))
		return ST_OK;
	if (opt->yes) {
		text_of(t, priv, CKA_UNIQUE_ID, false, ret_container, MODULE_TEXT_MAX);
		return ST_OK;
	}
	p11object_uri(t, priv, uri);
	return SAY(ST_ARG,
		   "%s is a key already; with --yes a new one takes its place, and the old "
		   "one is gone for good",
		   uri);
}

static void add(CK_ATTRIBUTE *a, CK_ULONG *n, CK_ATTRIBUTE_TYPE type, const void *p, size_t len)
{
	a[*n].type = type;
	a[*n].pValue = (void *)(uintptr_t)p; /* Cryptoki knows no const */
	a[*n].ulValueLen = len;
	(*n)++;
}

static CK_RV generate(struct p11token *t, const struct wish *w, CK_OBJECT_HANDLE *pub,
		      CK_OBJECT_HANDLE *priv)
{
	static const CK_BBOOL yes = CK_TRUE;
	struct bytes curve = curve_oid_der(w->curve);
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub_attr[4], priv_attr[4];
	CK_ULONG pub_n = 0, priv_n = 0;

	add(pub_attr, &pub_n, CKA_TOKEN, &yes, sizeof(yes));
	add(pub_attr, &pub_n, CKA_EC_PARAMS, curve.p, curve.n);
	add(priv_attr, &priv_n, CKA_TOKEN, &yes, sizeof(yes));
	if (w->name.n > 0) {
		add(pub_attr, &pub_n, CKA_LABEL, w->name.p, w->name.n);
		add(priv_attr, &priv_n, CKA_LABEL, w->name.p, w->name.n);
	}
	if (w->id_n > 0) {
		add(pub_attr, &pub_n, CKA_ID, w->id, w->id_n);
		add(priv_attr, &priv_n, CKA_ID, w->id, w->id_n);
	}
	return t->f->C_GenerateKeyPair(t->session, &m, pub_attr, pub_n, priv_attr, priv_n, pub,
				       priv);
}

/* What came out. */
struct made {
	char uri[MODULE_URI_MAX], id[2 * P11OBJECT_ID_MAX + 1], label[MODULE_TEXT_MAX],
		container[MODULE_TEXT_MAX], pem[1024];
	size_t pem_n;
	bool signs;
};

static status describe(const struct p11token *t, CK_OBJECT_HANDLE pub, CK_OBJECT_HANDLE priv,
		       struct made *m)
{
	uint8_t spki[512];
	struct wtr w = WTR_ON(spki), pem = wtr_on(m->pem, sizeof(m->pem));
	struct public_key k;

	if (p11object_public(t, pub, &k) != ST_OK || public_key_spki(&k, &w) != ST_OK)
		return SAY(ST_IO, "the key was made, but its public half cannot be read; \"iotsafe "
				  "list\" shows it");
	TRY(pem_put("PUBLIC KEY", wtr_bytes(&w), &pem));
	m->pem_n = pem.n;
	p11object_uri(t, priv, m->uri);
	text_of(t, priv, CKA_LABEL, false, m->label, sizeof(m->label));
	text_of(t, priv, CKA_ID, true, m->id, sizeof(m->id));
	text_of(t, priv, CKA_UNIQUE_ID, false, m->container, sizeof(m->container));
	m->signs = p11object_flag(t, priv, CKA_SIGN);
	return ST_OK;
}

/* The key was made, and not all is as it was asked for. `old` is the container of the key that was
 * to be replaced, or empty. */
static void say_notes(const struct options *opt, const struct wish *w, const struct made *m,
		      const char *old)
{
	char name[MODULE_TEXT_MAX];

	if (old[0] != '\0' && strcmp(old, m->container) != 0)
		say("note: the key in container %s is still there, it cannot be replaced", old);
	if (w->name.n > 0 && strcmp(text_clean(w->name, name, sizeof(name)), m->label) != 0)
		say("note: it is called \"%s\": the name that was asked for cannot be kept on "
		    "this host; IOTSAFE_LOG=info tells why",
		    m->label);
	if (!opt->json && !m->signs)
		say("note: keys in this container cannot sign, but agree secrets only");
}

static status show(const struct options *opt, const struct wish *w, const struct made *m)
{
	char pem[sizeof(m->pem) + 1];
	struct json j = json_on(stdout);

	if (!opt->json) {
		fprintf(stderr, "%s key pair in container %s\nid %s\n%s\n", curve_name(w->curve),
			m->container, m->id, m->uri);
		return pem_out(opt->out, bytes_of(m->pem, m->pem_n), false);
	}
	if (opt->out)
		TRY(pem_out(opt->out, bytes_of(m->pem, m->pem_n), false));
	snprintf(pem, sizeof(pem), "%.*s", (int)m->pem_n, m->pem);
	json_open_object(&j, NULL);
	json_string(&j, "curve", curve_name(w->curve));
	json_string(&j, "container", m->container);
	json_string(&j, "label", m->label);
	json_string(&j, "id", m->id);
	json_string(&j, "uri", m->uri);
	json_text(&j, "public_key", pem);
	json_close_object(&j);
	json_end(&j);
	return ST_OK;
}

static status run(struct p11token *t, const struct options *opt, const struct wish *w)
{
	CK_OBJECT_HANDLE pub = 0, priv = 0;
	char old[MODULE_TEXT_MAX] = "";
	struct made m = {0};
	CK_RV rv;

	if (w->name.n > 0 || w->id_n > 0)
		TRY(p11token_login(t)); /* the one of that name may be hidden without */
	TRY(check_victim(t, w, opt, old));
	rv = generate(t, w, &pub, &priv);
	if (p11token_wants_login(t, rv)) {
		TRY(p11token_login(t));
		rv = generate(t, w, &pub, &priv);
	}
	if (rv != CKR_OK)
		return p11rv_say("the key pair", rv);
	TRY(describe(t, pub, priv, &m));
	progress_end();
	say_notes(opt, w, &m, old);
	return show(opt, w, &m);
}

int keygen_run(const struct options *opt)
{
	struct p11token t ON_EXIT(p11token_close) = {0};
	struct wish w = {0};

	if (read_wish(opt, &w) != ST_OK)
		return EXIT_USAGE;
	progress_begin("making a key pair");
	if (p11token_open(opt, NULL, &t) != ST_OK || run(&t, opt, &w) != ST_OK)
		return EXIT_FAILED;
	return EXIT_FINE;
}
