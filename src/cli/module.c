/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "module_load.h"
#include "module_object.h"
#include "p11uri.h"
#include "text.h"

#define MODULE_FILE "iotsafe-pkcs11.so"

enum { OBJECTS_MAX = 1024 };

void module_find(const char *named, char ret_path[PATH_LEN_MAX])
{
	const char *env = secure_getenv("IOTSAFE_MODULE");
	char self[PATH_LEN_MAX - sizeof(MODULE_FILE)];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (!named && env && env[0])
		named = env;
	if (named) {
		/* dlopen searches the system for a bare name; people mean the file */
		snprintf(ret_path, PATH_LEN_MAX, "%s%s", strchr(named, '/') ? "" : "./", named);
		return;
	}
	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		slash[1] = '\0';
		snprintf(ret_path, PATH_LEN_MAX, "%s" MODULE_FILE, self);
		if (access(ret_path, F_OK) == 0)
			return;
	}
	snprintf(ret_path, PATH_LEN_MAX, "%s", IOTSAFE_MODULE_DIR "/" MODULE_FILE);
}

/* Blank-padded field to text. */
static void padded(const unsigned char *field, size_t n, char *dst, size_t cap)
{
	while (n > 0 && field[n - 1] == ' ')
		n--;
	text_clean(bytes_of(field, n), dst, cap);
}
#define PADDED(field, dst) padded((field), sizeof(field), (dst), sizeof(dst))

static void describe(CK_FUNCTION_LIST *f, char ret[MODULE_TEXT_MAX])
{
	CK_INFO info;
	char text[MODULE_TEXT_MAX];

	ret[0] = '\0';
	if (f->C_GetInfo(&info) != CKR_OK)
		return;
	PADDED(info.libraryDescription, text);
	snprintf(ret, MODULE_TEXT_MAX, "%.200s %u.%u", text, info.libraryVersion.major,
		 info.libraryVersion.minor);
}

status module_try(const char *path, char ret_description[MODULE_TEXT_MAX],
		  char err[MODULE_ERROR_MAX])
{
	struct module_loaded m ON_EXIT(module_unload) = {0};

	TRY(module_load(path, &m, err));
	describe(m.f, ret_description);
	return ST_OK;
}

/* --- objects of a token --- */

static void find_all(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *found,
		     CK_ULONG *count)
{
	CK_ULONG got = 0;

	*count = 0;
	if (f->C_FindObjectsInit(session, NULL, 0) != CKR_OK)
		return;
	do {
		if (f->C_FindObjects(session, found + *count, OBJECTS_MAX - *count, &got) != CKR_OK)
			break;
		*count += got;
	} while (got > 0 && *count < OBJECTS_MAX);
	f->C_FindObjectsFinal(session);
}

static void read_objects(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, struct token_view *t)
{
	static CK_OBJECT_HANDLE found[OBJECTS_MAX];
	CK_ULONG count;

	find_all(f, session, found, &count);
	t->object = calloc(count ? count : 1, sizeof(t->object[0]));
	if (!t->object)
		return;
	t->object_count = count;
	for (size_t i = 0; i < count; i++)
		module_object_read(f, session, found[i], &t->object[i]);
}

static void read_token(CK_FUNCTION_LIST *f, CK_SLOT_ID id, struct token_view *t)
{
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO token;
	CK_SLOT_INFO slot;
	CK_RV rv;

	t->slot_id = id;
	if (f->C_GetSlotInfo(id, &slot) == CKR_OK)
		PADDED(slot.slotDescription, t->slot);
	rv = f->C_GetTokenInfo(id, &token);
	if (rv != CKR_OK) {
		snprintf(t->why_not, sizeof(t->why_not), "%s",
			 rv == CKR_TOKEN_NOT_PRESENT	  ? "no token"
			 : rv == CKR_TOKEN_NOT_RECOGNIZED ? "not an IoT SAFE token"
							  : "the token cannot be read");
		return;
	}
	t->has_token = true;
	t->needs_login = (token.flags & CKF_LOGIN_REQUIRED) != 0;
	PADDED(token.label, t->label);
	PADDED(token.manufacturerID, t->manufacturer);
	PADDED(token.model, t->model);
	PADDED(token.serialNumber, t->serial);
	if (f->C_OpenSession(id, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
		return;
	read_objects(f, session, t);
	f->C_CloseSession(session);
}

/* --- URIs: as short as they can be and still name one object --- */

static bool label_names_one(const struct token_view *t, const struct object_view *o)
{
	size_t same = 0;

	for (size_t i = 0; i < t->object_count; i++)
		if (t->object[i].type == o->type && t->object[i].raw_label_n == o->raw_label_n &&
		    memcmp(t->object[i].raw_label, o->raw_label, o->raw_label_n) == 0)
			same++;
	return o->raw_label_n > 0 && same == 1;
}

static void write_uris(const struct module_view *v, struct token_view *t)
{
	struct p11uri_parts parts = {.token = bytes_str(t->label)};

	for (size_t i = 0; i < v->token_count; i++)
		if (&v->token[i] != t && strcmp(v->token[i].label, t->label) == 0)
			parts.serial = bytes_str(t->serial);
	if (p11uri_write(&parts, t->uri, sizeof(t->uri)) != ST_OK)
		t->uri[0] = '\0';
	for (size_t i = 0; i < t->object_count; i++) {
		struct object_view *o = &t->object[i];

		parts.type = o->type;
		parts.object = bytes_of(o->raw_label, o->raw_label_n);
		parts.id = label_names_one(t, o) ? bytes_of(NULL, 0)
						 : bytes_of(o->raw_id, o->raw_id_n);
		if (!o->type || p11uri_write(&parts, o->uri, sizeof(o->uri)) != ST_OK)
			o->uri[0] = '\0';
	}
}

static status read_all(CK_FUNCTION_LIST *f, struct module_view *v, char err[MODULE_ERROR_MAX])
{
	CK_SLOT_ID ids[64];
	CK_ULONG count = ARRAY_LEN(ids);
	CK_RV rv = f->C_GetSlotList(CK_FALSE, ids, &count);

	if (rv != CKR_OK)
		return module_refuses(err, v->path, "C_GetSlotList", rv);
	v->token = calloc(count ? count : 1, sizeof(v->token[0]));
	if (!v->token)
		return ST_NOMEM;
	v->token_count = count;
	describe(f, v->description);
	for (size_t i = 0; i < count; i++)
		read_token(f, ids[i], &v->token[i]);
	for (size_t i = 0; i < count; i++)
		write_uris(v, &v->token[i]);
	return ST_OK;
}

status module_read(const char *path, struct module_view **ret_view, char err[MODULE_ERROR_MAX])
{
	struct module_view *v ON_EXIT(module_view_free_ptr) = calloc(1, sizeof(*v));
	struct module_loaded m ON_EXIT(module_unload) = {0};

	if (!v)
		return ST_NOMEM;
	snprintf(v->path, sizeof(v->path), "%s", path);
	TRY(module_load(path, &m, err));
	TRY(read_all(m.f, v, err));
	*ret_view = v;
	v = NULL;
	return ST_OK;
}

void module_view_free(struct module_view *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->token_count; i++)
		free(v->token[i].object);
	free(v->token);
	free(v);
}

void module_view_free_ptr(struct module_view **v)
{
	module_view_free(*v);
}
