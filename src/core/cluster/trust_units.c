/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRUST_FOLDER "trust"
#define PEM          ".pem"

const char *const trust_units[] = {TRUST_SAST, TRUST_CALLMANAGER, TRUST_CAPF, TRUST_TVS, NULL};

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static const char *unit_named(const char *unit)
{
	size_t i;

	for (i = 0; trust_units[i]; i++)
		if (str_ieq(trust_units[i], unit))
			return trust_units[i];
	return NULL;
}

static enum err unknown_unit(const char *unit, struct fail *why)
{
	return fail_set(why, ERR_ARG,
		"there is no trust unit %.40s; the units are Phone-SAST-trust, CallManager-trust, "
		"CAPF-trust and TVS-trust",
		unit);
}

/* keys/trust/<unit> or keys/trust/<unit>/<name>.pem; mem_free it. */
static char *trust_path(const struct cluster *c, const char *unit, const char *name)
{
	char rest[sizeof(TRUST_FOLDER) + STORE_NAME + TRUST_NAME + sizeof(PEM) + 2];

	if (name)
		snprintf(rest, sizeof(rest), TRUST_FOLDER "/%s/%s" PEM, unit, name);
	else
		snprintf(rest, sizeof(rest), TRUST_FOLDER "/%s", unit);
	return cluster_path(c, "keys", rest);
}

static bool name_good(const char *name)
{
	size_t len = strlen(name);

	return len && len < TRUST_NAME && name[0] != '.' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") ==
		       len;
}

/* A common name may hold anything; what a file name cannot becomes '_'. */
static void make_name(const struct cert *cert, char out[TRUST_NAME])
{
	const char *cn = cert_common_name(cert);
	struct span serial = cert_serial(cert);
	size_t n = 0, i, keep = serial.len < 16 ? serial.len : 16;

	for (; *cn && n < TRUST_NAME - 2 * 16 - 2; cn++) {
		bool good = (*cn >= 'a' && *cn <= 'z') || (*cn >= 'A' && *cn <= 'Z') ||
			    (*cn >= '0' && *cn <= '9') || *cn == '-' || *cn == '_' ||
			    (*cn == '.' && n);

		out[n++] = good ? *cn : '_';
	}
	out[n++] = '-';
	for (i = 0; i < keep; i++)
		n += (size_t)snprintf(out + n, TRUST_NAME - n, "%02x", serial.ptr[i]);
	out[n] = '\0';
}

static int is_pem(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > sizeof(PEM) - 1 && len - sizeof(PEM) + 1 < TRUST_NAME &&
	       strcmp(e->d_name + len - (sizeof(PEM) - 1), PEM) == 0;
}

typedef enum err trust_fn(void *ctx, const char *unit, const char *name, const struct cert *cert);

/* What cannot be read is `spoilt`; what has gone meanwhile was not there. */
static enum err visit(struct cluster *c, const char *unit, const char *name, trust_fn *each,
	void *ctx, enum err *spoilt, struct fail *why)
{
	char *path = trust_path(c, unit, name);
	struct fail local = {0};
	struct cert *cert = NULL;
	enum err err = path ? cert_load(&cert, path, &local) : ERR_NOMEM;

	if (!err) {
		err = each(ctx, unit, name, cert);
	} else if (err == ERR_NOMEM) {
		fail_set(why, err, "%s", err_text(err));
	} else {
		if (err != ERR_NOTFOUND && !*spoilt)
			*spoilt = fail_set(why, err,
				"%s; mend or remove it: cadeado set cert delete %s %s", local.text,
				unit, name);
		err = ERR_OK;
	}
	cert_free(cert);
	mem_free(path);
	return err;
}

static enum err walk(struct cluster *c, const char *unit, trust_fn *each, void *ctx,
	enum err *spoilt, struct fail *why)
{
	char *folder = trust_path(c, unit, NULL), name[TRUST_NAME];
	struct dirent **entries = NULL;
	int count = folder ? scandir(folder, &entries, is_pem, alphasort) : -1, i;
	enum err err = folder ? ERR_OK : no_memory(why);

	if (folder && count < 0 && errno != ENOENT)
		err = fail_set(why, ERR_IO, "%s: cannot be listed", folder);
	for (i = 0; i < count; i++) {
		if (!err) {
			snprintf(name, sizeof(name), "%.*s",
				(int)(strlen(entries[i]->d_name) - (sizeof(PEM) - 1)),
				entries[i]->d_name);
			err = visit(c, unit, name, each, ctx, spoilt, why);
		}
		free(entries[i]);
	}
	free(entries);
	mem_free(folder);
	return err;
}

enum err trust_each_of(
	struct cluster *c, const char *unit, trust_fn *each, void *ctx, struct fail *why)
{
	enum err spoilt = ERR_OK, err = walk(c, unit, each, ctx, &spoilt, why);

	return err ? err : spoilt;
}

enum err trust_each(struct cluster *c,
	enum err (*each)(void *ctx, const char *unit, const char *name, const struct cert *cert),
	void *ctx, struct fail *why)
{
	enum err err = ERR_OK, spoilt = ERR_OK;
	size_t i;

	for (i = 0; trust_units[i] && !err; i++)
		err = walk(c, trust_units[i], each, ctx, &spoilt, why);
	return err ? err : spoilt;
}

struct looking {
	const struct cert *cert;
	bool there;
};

static enum err look(void *ctx, const char *unit, const char *name, const struct cert *cert)
{
	struct looking *l = ctx;

	(void)unit;
	(void)name;
	l->there = l->there || span_eq(cert_der(cert), cert_der(l->cert));
	return ERR_OK;
}

enum err trust_find(
	struct cluster *c, const char *unit, const struct cert *cert, bool *there, struct fail *why)
{
	struct looking l = {.cert = cert};
	enum err err = trust_each_of(c, unit, look, &l, why);

	*there = l.there;
	return err;
}

enum err trust_name(
	const char *name, const struct cert *cert, char out[TRUST_NAME], struct fail *why)
{
	if (!*name)
		make_name(cert, out);
	else if (!name_good(name) || !str_copy(out, TRUST_NAME, name))
		return fail_set(why, ERR_ARG,
			"%.40s: 1 to %d letters, digits, '-', '.' and '_' make a name", name,
			TRUST_NAME - 1);
	return ERR_OK;
}

enum err trust_name_free(
	const struct cluster *c, const char *unit, const char *name, struct fail *why)
{
	char *path = trust_path(c, unit, name);
	enum err err = path ? ERR_OK : no_memory(why);

	if (!err && access(path, F_OK) == 0)
		err = fail_set(why, ERR_EXISTS,
			"%s holds another certificate called %s; if it is not needed: cadeado set "
			"cert delete %s %s",
			unit, name, unit, name);
	mem_free(path);
	return err;
}

enum err trust_put(struct cluster *c, const char *unit, const char *name, const struct cert *cert,
	struct fail *why)
{
	const char *known = unit_named(unit);
	char *folder = NULL, *path = NULL, file[TRUST_NAME];
	struct buf pem = {0};
	bool there;
	enum err err;

	if (!known)
		return unknown_unit(unit, why);
	err = trust_find(c, known, cert, &there, why);
	if (!err)
		err = trust_name(name, cert, file, why);
	if (!err && !there)
		err = trust_name_free(c, known, file, why);
	if (err || there)
		return err;
	folder = trust_path(c, known, NULL);
	path = trust_path(c, known, file);
	err = folder && path ? file_mkdir(folder, 0700, why) : no_memory(why);
	if (!err)
		err = cert_to_pem(cert, &pem);
	if (!err)
		err = file_replace(path, buf_span(&pem), 0644, FILE_SYNC, why);
	buf_fini(&pem);
	mem_free(folder);
	mem_free(path);
	return err;
}

enum err trust_remove(struct cluster *c, const char *unit, const char *name, struct fail *why)
{
	const char *known = unit_named(unit);
	char *path;
	enum err err;

	if (!known)
		return unknown_unit(unit, why);
	if (!name_good(name))
		return fail_set(why, ERR_NOTFOUND, "%s holds no certificate %.40s", known, name);
	path = trust_path(c, known, name);
	if (!path)
		return no_memory(why);
	if (access(path, F_OK) != 0)
		err = fail_set(why, ERR_NOTFOUND, "%s holds no certificate %.40s", known, name);
	else
		err = file_remove(path, why);
	mem_free(path);
	return err;
}
