/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "mem.h"
#include "module.h"

#define MODULE_FILE "iotsafe-pkcs11.so"

void doctor_module(struct report *r, const char *named)
{
	char path[PATH_LEN_MAX], about[MODULE_TEXT_MAX], err[MODULE_ERROR_MAX];
	status st;

	module_find(named, path);
	st = module_try(path, about, err);
	if (st == ST_OK)
		report_add(r, "module", VERDICT_OK, NULL, "%s (%s)", path, about);
	else if (st == ST_NO_ENTRY)
		report_add(r, "module", VERDICT_FAIL,
			   "install it, or name it by --module or IOTSAFE_MODULE", "%s", err);
	else
		report_add(r, "module", VERDICT_FAIL,
			   "the module refuses the configuration: see above, or IOTSAFE_LOG=info",
			   "%s", err);
}

/* The value of the file's "module:" line into dst, if its last part is our module's name. */
static bool names_us(const char *path, char *dst, size_t cap)
{
	FILE *f = fopen(path, "re");
	char line[PATH_LEN_MAX + 16];
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		const char *value = line + strspn(line, " \t"), *base;

		if (strncmp(value, "module:", 7) != 0)
			continue;
		value += 7 + strspn(value + 7, " \t");
		line[strcspn(line, "\r\n")] = '\0';
		base = strrchr(value, '/');
		if (strcmp(base ? base + 1 : value, MODULE_FILE) != 0)
			continue;
		snprintf(dst, cap, "%s%s", value[0] == '/' ? "" : P11KIT_MODULE_DIR "/", value);
		found = true;
	}
	fclose(f);
	return found;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static bool registered_in(const char *dir, char *ret_file, char *ret_module, size_t cap)
{
	DIR *d ON_EXIT(close_dir) = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n < 7 || strcmp(e->d_name + n - 7, ".module") != 0)
			continue;
		snprintf(ret_file, cap, "%s/%s", dir, e->d_name);
		if (names_us(ret_file, ret_module, cap))
			return true;
	}
	return false;
}

bool doctor_p11kit(struct report *r)
{
	static const char *const dirs[] = {"/etc/pkcs11/modules", P11KIT_CONFIG_DIR};
	char file[2 * PATH_LEN_MAX], module[2 * PATH_LEN_MAX];

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		if (!registered_in(dirs[i], file, module, sizeof(file)))
			continue;
		if (access(module, R_OK) == 0) {
			report_add(r, "p11-kit", VERDICT_OK, NULL, "%s registers %s", file, module);
			return true;
		}
		report_add(r, "p11-kit", VERDICT_FAIL, "install the module there, or correct it",
			   "%s registers %s, which is not readable", file, module);
		return false;
	}
	report_add(r, "p11-kit", VERDICT_NOTE,
		   "install conf/iotsafe.module as " P11KIT_CONFIG_DIR "/iotsafe.module",
		   "the module is not registered: GnuTLS and p11-kit do not find it by themselves");
	return false;
}
