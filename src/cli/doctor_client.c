/* SPDX-License-Identifier: Apache-2.0 */
/* iotsafe doctor --client: what a program needs to use the SIM, checked, and the lines to paste. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "doctor.h"
#include "mem.h"
#include "module.h"
#include "probe.h"
#include "say.h"

enum { LINES_MAX = 8192, NAMES_MAX = 400 };

/* What is put into the lines. */
struct fillings {
	const char *key, *cert, *token, *label, *module, *engine;
};

static status unknown(const char *name)
{
	char names[NAMES_MAX];
	struct wtr w = wtr_on(names, sizeof(names) - 1);

	for (size_t i = 0; client_at(i); i++)
		wtr_printf(&w, " %s", client_at(i)->name);
	names[w.n] = '\0';
	return SAY(ST_ARG, "--client %s: there are:%s", name, names);
}

status doctor_client_find(const char *name, const struct client **ret_client)
{
	*ret_client = client_find(name);
	return *ret_client ? ST_OK : unknown(name);
}

/* --- the program and its helper --- */

static void say_program(struct report *r, const struct client *c)
{
	char path[PATH_LEN_MAX], line[PROBE_TEXT_MAX], remedy[PROBE_TEXT_MAX];
	bool has = false;

	if (!probe_program(c->programs, path)) {
		snprintf(remedy, sizeof(remedy), "apt-get install %s", c->package);
		report_add(r, "program", VERDICT_FAIL, remedy, "%s is not installed", c->programs);
		return;
	}
	if (!c->version || !probe_version(path, c->version, c->library, line, &has))
		report_add(r, "program", VERDICT_OK, NULL, "%s", path);
	else if (c->library && !has)
		report_add(r, "program", VERDICT_NOTE,
			   "these lines are for its build with that library", "%s: %s: not with %s",
			   path, line, c->library);
	else
		report_add(r, "program", VERDICT_OK, NULL, "%s: %s", path, line);
}

/* Is pkcs11-provider to be used, for want of the engine? */
static bool say_helper(struct report *r, const struct client *c, char engine[PATH_LEN_MAX])
{
	char provider[PATH_LEN_MAX];

	if (probe_engine(engine)) {
		report_add(r, "helper", VERDICT_OK, NULL, "OpenSSL's engine, %s", engine);
		return false;
	}
	snprintf(engine, PATH_LEN_MAX, "%s", "/usr/lib/ARCHITECTURE/engines-3/pkcs11.so");
	if (probe_provider(provider) && c->provider_lines) {
		report_add(r, "helper", VERDICT_OK, NULL, "OpenSSL's pkcs11-provider, %s",
			   provider);
		return true;
	}
	report_add(r, "helper", VERDICT_FAIL, "apt-get install libengine-pkcs11-openssl",
		   "OpenSSL's engine for PKCS#11 is not installed");
	return false;
}

/* --- the module, where programs look for it --- */

static void say_trusted(struct report *r, const char *module)
{
	if (strncmp(module, "/usr/lib", 8) != 0)
		report_add(r, "place", VERDICT_NOTE,
			   "install it; ssh-agent and wpa_supplicant take modules from there only",
			   "%s is not below /usr/lib", module);
}

static void say_rights(struct report *r, const struct plan *p, const char *module, const char *user)
{
	struct probe_rights rights = {0};
	status st = probe_rights(p, module, user, &rights);
	const char *who = user ? user : "you";

	if (st == ST_NO_ENTRY)
		report_add(r, "rights", VERDICT_FAIL, "see getent passwd", "there is no user %s",
			   user);
	else if (st == ST_DENIED_DEVICE)
		report_add(r, "rights", VERDICT_FAIL, "sudo iotsafe doctor …, or as that user",
			   "only root may ask about %s", user);
	else if (st != ST_OK)
		report_add(r, "rights", VERDICT_FAIL, "run as that user", "%s: %s", who,
			   status_text(st));
	else if (rights.fine)
		report_add(r, "rights", VERDICT_OK, NULL,
			   "%s may use module, configuration and "
			   "devices",
			   who);
	else if (rights.by_agent)
		report_add(r, "rights", VERDICT_NOTE,
			   "the agent is there for it: iotsafe-pkcs11(7), section AGENT", "%s: %s",
			   who, rights.what);
	else
		report_add(r, "rights", VERDICT_FAIL, rights.remedy, "%s: %s", who, rights.what);
}

/* --- the identity --- */

struct identity {
	const struct token_view *token;
	const struct object_view *key, *cert; /* NULL: none */
};

static bool is_key(const struct object_view *o)
{
	return strcmp(o->kind, "private-key") == 0 && strstr(o->uses, "sign");
}

static bool is_certificate(const struct object_view *o)
{
	return strcmp(o->kind, "certificate") == 0;
}

/* The certificate of that key: one that is valid, if there is one. */
static const struct object_view *certificate_of(const struct token_view *t,
						const struct object_view *key)
{
	const struct object_view *found = NULL;

	for (size_t i = 0; i < t->object_count; i++) {
		const struct object_view *o = &t->object[i];

		if (is_certificate(o) && o->key_id[0] && strcmp(o->key_id, key->key_id) == 0 &&
		    (!found || found->expired))
			found = o;
	}
	return found;
}

/* The first key with a valid certificate, else the first with one, else the first. */
static unsigned worth(const struct identity *id)
{
	return !id->key ? 0 : !id->cert ? 1 : id->cert->expired ? 2 : 3;
}

static bool is_wanted(const struct plan *p, const struct options *opt, unsigned long slot_id)
{
	for (size_t i = 0; opt->slot && i < p->slot_count; i++)
		if (p->slot[i].id >= 0 && (unsigned long)p->slot[i].id == slot_id)
			return true;
	return !opt->slot;
}

static struct identity choose(const struct plan *p, const struct options *opt,
			      const struct module_view *m)
{
	struct identity best = {0};

	for (size_t t = 0; t < m->token_count; t++) {
		const struct token_view *token = &m->token[t];

		if (!token->has_token || !is_wanted(p, opt, token->slot_id))
			continue;
		if (!best.token)
			best.token = token;
		for (size_t i = 0; i < token->object_count; i++) {
			struct identity id = {token, &token->object[i], NULL};

			if (!is_key(id.key))
				continue;
			id.cert = certificate_of(token, id.key);
			if (worth(&id) > worth(&best))
				best = id;
		}
	}
	return best;
}

/* Why no certificate fits: one of that name is another key's. */
static const struct object_view *impostor(const struct identity *id)
{
	for (size_t i = 0; i < id->token->object_count; i++) {
		const struct object_view *o = &id->token->object[i];

		if (is_certificate(o) && !o->is_ca)
			return o;
	}
	return NULL;
}

static void say_certificate(struct report *r, const struct client *c, const struct identity *id)
{
	const struct object_view *other = id->cert ? NULL : impostor(id);

	if (id->cert && id->cert->expired)
		report_add(r, "certificate", VERDICT_FAIL,
			   "get a new one: iotsafe csr, then iotsafe write --type cert", "%s: %s",
			   id->cert->label, id->cert->detail);
	else if (id->cert)
		report_add(r, "certificate", VERDICT_OK, NULL, "\"%s\" belongs to the key: %s",
			   id->cert->label, id->cert->detail);
	else if (other)
		report_add(r, "certificate", VERDICT_FAIL,
			   "write the key's own: iotsafe write FILE --type cert",
			   "\"%s\" (%s) belongs to another key", other->label, other->detail);
	else
		report_add(r, "certificate",
			   c->needs & CLIENT_CERTIFICATE ? VERDICT_FAIL : VERDICT_NOTE,
			   "iotsafe csr, then iotsafe write --type cert; or keep it in a file",
			   "the token has none for the key");
}

static void say_identity(struct report *r, const struct client *c, const struct identity *id)
{
	if (!id->token) {
		report_add(r, "token", VERDICT_FAIL, "see the slots below", "no SIM has one");
		return;
	}
	report_add(r, "token", VERDICT_OK, NULL, "%s", id->token->uri);
	if (id->token->needs_login)
		report_add(r, "PIN", VERDICT_NOTE,
			   "pin-source in the slot, or ?pin-source=file:PATH at the URI's end",
			   "the token needs one");
	if (!id->key) {
		report_add(r, "key", VERDICT_FAIL,
			   id->token->needs_login
				   ? "it may be hidden until a login: pin-source in the slot"
				   : "iotsafe keygen makes one, if the SIM has a container for it",
			   "the token shows no key that can sign");
		return;
	}
	report_add(r, "key", VERDICT_OK, NULL, "%s, %s", id->key->uri, id->key->detail);
	say_certificate(r, c, id);
}

/* --- the lines --- */

static void put_filled(struct wtr *w, const char *lines, const struct fillings *f)
{
	const struct {
		const char *mark, *value;
	} marks[] = {
		{"@KEY@", f->key},     {"@CERT@", f->cert},	{"@TOKEN@", f->token},
		{"@LABEL@", f->label}, {"@MODULE@", f->module}, {"@ENGINE@", f->engine},
	};

	while (*lines) {
		size_t n = strcspn(lines, "@"), i = 0;

		wtr_put(w, bytes_of(lines, n));
		lines += n;
		for (i = 0; *lines && i < ARRAY_LEN(marks); i++)
			if (strncmp(lines, marks[i].mark, strlen(marks[i].mark)) == 0)
				break;
		if (*lines && i < ARRAY_LEN(marks)) {
			wtr_printf(w, "%s", marks[i].value);
			lines += strlen(marks[i].mark);
		} else if (*lines) {
			wtr_u8(w, (uint8_t)*lines++);
		}
	}
}

static const char *or_else(const char *value, const char *dflt)
{
	return value && value[0] ? value : dflt;
}

static void give_lines(struct report *r, const struct client *c, const char *template,
		       const struct identity *id, struct fillings f, bool registered)
{
	char *text ON_EXIT(mem_free_ptr) = malloc(LINES_MAX);
	struct wtr w = wtr_on(text, LINES_MAX - 1);

	if (!text)
		return;
	f.key = or_else(id->key ? id->key->uri : NULL,
			"pkcs11:token=TOKEN;object=KEY;type=private");
	f.cert =
		or_else(id->cert ? id->cert->uri : NULL, "pkcs11:token=TOKEN;object=KEY;type=cert");
	f.token = or_else(id->token ? id->token->uri : NULL, "pkcs11:token=TOKEN");
	f.label = or_else(id->token ? id->token->label : NULL, "TOKEN");
	if (!registered && (c->needs & CLIENT_ENGINE))
		wtr_printf(&w, "export PKCS11_MODULE_PATH=%s\n", f.module);
	put_filled(&w, template, &f);
	text[w.n] = '\0';
	if (wtr_done(&w) == ST_OK)
		report_lines(r, c->name, text);
}

/* The URIs are known only to a token that can be read. */
static struct identity read_identity(struct report *r, const struct options *opt,
				     const struct plan *p, const char *module,
				     struct module_view **ret_view)
{
	char err[MODULE_ERROR_MAX] = "";
	struct identity none = {0};
	status st = module_read(module, ret_view, err);

	if (st == ST_OK)
		return choose(p, opt, *ret_view);
	report_add(r, "token", VERDICT_FAIL, "see the module's line above", "%s",
		   err[0] ? err : status_text(st));
	return none;
}

void doctor_client(struct report *r, const struct client *c, const struct options *opt,
		   const struct plan *p, bool registered)
{
	struct module_view *m ON_EXIT(module_view_free_ptr) = NULL;
	char module[PATH_LEN_MAX], engine[PATH_LEN_MAX] = "";
	struct fillings f = {.module = module, .engine = engine};
	struct identity id;
	bool by_provider = false;

	module_find(opt->module, module);
	say_program(r, c);
	if (c->needs & CLIENT_ENGINE)
		by_provider = say_helper(r, c, engine);
	if (!registered && (c->needs & CLIENT_P11KIT))
		report_add(r, "registered", VERDICT_FAIL,
			   "install the module, or name it by the program's --provider",
			   "p11-kit does not know the module, and %s finds it by no other way",
			   c->name);
	if (c->needs & CLIENT_TRUSTED)
		say_trusted(r, module);
	say_rights(r, p, module, opt->user);
	id = read_identity(r, opt, p, module, &m);
	if (m)
		say_identity(r, c, &id);
	give_lines(r, c, by_provider ? c->provider_lines : c->lines, &id, f, registered);
}
