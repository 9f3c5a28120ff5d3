/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/device/internal.h"

#include "core/cluster/services.h"

#include <stdio.h>

#define INSTALL_WINDOW (7 * 24 * 60 * 60) /* seconds within which an ordered operation is done */

enum err device_name(char out[DEVICE_NAME_SIZE], const char *name, struct fail *why)
{
	if (name && !str_device_name(out, name))
		return ERR_OK;
	return fail_set(why, ERR_FORMAT,
		"%.32s: a device name is SEP and the twelve hex digits of the phone's MAC address",
		name ? name : "");
}

static enum err copy_text(
	char *out, size_t size, const char *text, const char *what, struct fail *why)
{
	const char *p;

	for (p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F)
			return fail_set(
				why, ERR_FORMAT, "%s: control characters are not allowed", what);
	if (!str_copy(out, size, text))
		return fail_set(why, ERR_FORMAT, "%s: at most %zu bytes", what, size - 1);
	return ERR_OK;
}

static enum err copy_number(char *out, size_t size, const char *text, struct fail *why)
{
	size_t len = strlen(text);

	if (len >= size || strspn(text, "0123456789*#+") != len)
		return fail_set(why, ERR_FORMAT,
			"directory number: at most %zu of the digits, '*', '#' and '+'", size - 1);
	memcpy(out, text, len + 1);
	return ERR_OK;
}

struct putting {
	const struct device_new *d;
	char name[DEVICE_NAME_SIZE];
	int64_t now;
};

static enum err apply(
	struct store_device *row, const struct putting *p, bool is_new, struct fail *why)
{
	const struct device_new *d = p->d;
	const char *display = d->display;
	enum err err = ERR_OK;

	/* A display name that merely repeats the number goes with it. */
	if (!display && d->number && strcmp(row->display, row->number) == 0)
		display = d->number;
	if (d->model)
		row->model = d->model;
	else if (is_new)
		row->model = DEVICE_MODEL_DEFAULT;
	if (d->description)
		err = copy_text(row->description, sizeof(row->description), d->description,
			"description", why);
	if (!err && d->number)
		err = copy_number(row->number, sizeof(row->number), d->number, why);
	if (!err && display)
		err = copy_text(row->display, sizeof(row->display), display, "display name", why);
	if (!err && (d->profile || is_new))
		err = copy_text(row->profile, sizeof(row->profile),
			d->profile ? d->profile : DEVICE_PROFILE_DEFAULT, "profile", why);
	if (!err && d->install) {
		row->operation = 1;
		row->operation_by = p->now + INSTALL_WINDOW;
		str_copy(row->operation_status, sizeof(row->operation_status), "Operation Pending");
	}
	return err;
}

static enum err put_row(void *ctx, struct store *s, struct fail *why)
{
	const struct putting *p = ctx;
	struct store_device row = {0}, before, other;
	struct store_profile profile;
	struct fail local = {0};
	bool is_new;
	enum err err = store_device_get(s, p->name, &row, &local);

	is_new = err == ERR_NOTFOUND;
	if (err && !is_new)
		return fail_set(why, err, "%s", local.text);
	if (is_new) {
		memset(&row, 0, sizeof(row));
		str_copy(row.name, sizeof(row.name), p->name);
		str_copy(row.operation_status, sizeof(row.operation_status), "None");
	}
	before = row;
	err = apply(&row, p, is_new, why);
	if (!err)
		err = store_profile_get(s, row.profile, &profile, why);
	if (err)
		return err;
	str_copy(row.profile, sizeof(row.profile), profile.name);
	if (row.number[0]) {
		err = store_device_by_number(s, row.number, &other, NULL);
		if (!err && strcmp(other.name, row.name) != 0)
			return fail_set(why, ERR_EXISTS, "directory number %s is that of %s",
				row.number, other.name);
		if (err && err != ERR_NOTFOUND)
			return err;
	}
	if (!is_new && memcmp(&before, &row, sizeof(row)) == 0)
		return ERR_OK;
	row.version++;
	return store_device_put(s, &row, why);
}

enum err device_put(struct cluster *c, const struct device_new *d, struct fail *why)
{
	struct putting p = {.d = d, .now = clock_seconds(cluster_get_clock(c))};
	enum err err = device_name(p.name, d->name, why);

	if (!err && (d->model < 0 || d->model > 99999))
		err = fail_set(why, ERR_FORMAT, "device type: a number from 1 to 99999");
	return err ? err : store_transaction(cluster_get_store(c), put_row, &p, why);
}

static enum err join(struct cluster *c, const struct store_device *row, bool secure,
	struct device *out, struct fail *why)
{
	int64_t now = clock_seconds(cluster_get_clock(c));
	struct store_profile profile;
	enum err err = store_profile_get(cluster_get_store(c), row->profile, &profile, why);

	memset(out, 0, sizeof(*out));
	if (err)
		return err;
	str_copy(out->name, sizeof(out->name), row->name);
	out->model = (int)row->model;
	str_copy(out->description, sizeof(out->description), row->description);
	str_copy(out->number, sizeof(out->number), row->number);
	str_copy(out->display, sizeof(out->display), row->display);
	str_copy(out->profile, sizeof(out->profile), profile.name);
	out->profile_mode = (int)profile.security_mode;
	out->security_mode = secure ? out->profile_mode : 1;
	out->encrypted_config = profile.encrypted_config != 0;
	out->auth_mode = (int)profile.auth_mode;
	out->key_bits = (int)profile.key_bits;
	out->install_pending =
		row->operation == 1 && (!row->operation_by || now <= row->operation_by);
	str_copy(out->operation_status, sizeof(out->operation_status), row->operation_status);
	out->operation_by = row->operation_by;
	out->version = row->version;
	out->last_seen = row->last_seen;
	return ERR_OK;
}

enum err device_get(struct cluster *c, const char *name, struct device *out, struct fail *why)
{
	char folded[DEVICE_NAME_SIZE];
	struct store_device row;
	bool secure;
	enum err err = device_name(folded, name, why);

	if (!err)
		err = store_device_get(cluster_get_store(c), folded, &row, why);
	if (!err)
		err = cluster_secured(c, &secure, why);
	return err ? err : join(c, &row, secure, out, why);
}

struct walk {
	struct cluster *c;
	bool secure;
	enum err (*each)(void *ctx, const struct device *d);
	void *ctx;
	struct fail *why;
};

static enum err walk_row(void *ctx, const struct store_device *row)
{
	const struct walk *w = ctx;
	struct device d;
	enum err err = join(w->c, row, w->secure, &d, w->why);

	return err ? err : w->each(w->ctx, &d);
}

enum err device_each(struct cluster *c, enum err (*each)(void *ctx, const struct device *d),
	void *ctx, struct fail *why)
{
	struct walk w = {.c = c, .each = each, .ctx = ctx, .why = why};
	enum err err = cluster_secured(c, &w.secure, why);

	return err ? err : store_device_each(cluster_get_store(c), walk_row, &w, why);
}

enum err device_delete(struct cluster *c, const char *name, struct fail *why)
{
	char folded[DEVICE_NAME_SIZE];
	enum err err = device_name(folded, name, why);

	return err ? err : store_device_delete(cluster_get_store(c), folded, why);
}

struct seeing {
	char name[DEVICE_NAME_SIZE];
	int64_t now;
};

static enum err see_row(void *ctx, struct store *s, struct fail *why)
{
	const struct seeing *x = ctx;
	struct store_device row;
	enum err err = store_device_get(s, x->name, &row, why);

	if (err)
		return err;
	/* No change of the record: the version stays. */
	row.last_seen = x->now;
	return store_device_put(s, &row, why);
}

enum err device_seen(struct cluster *c, const char *name, struct fail *why)
{
	struct seeing x = {.now = clock_seconds(cluster_get_clock(c))};
	enum err err = device_name(x.name, name, why);

	return err ? err : store_transaction(cluster_get_store(c), see_row, &x, why);
}

const char *device_mode_text(int mode)
{
	static const char *const texts[] = {"Unknown", "Non Secure", "Authenticated", "Encrypted"};

	return mode >= 1 && mode <= 3 ? texts[mode] : texts[0];
}
