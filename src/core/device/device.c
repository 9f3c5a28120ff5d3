/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/device/internal.h"
#include "core/device/rules.h"

#include "core/cluster/services.h"

#include <stdio.h>

enum err device_name(char out[DEVICE_NAME_SIZE], const char *name, struct fail *why)
{
	if (name && !str_device_name(out, name))
		return ERR_OK;
	return fail_set(why, ERR_FORMAT,
		"%.32s: a device name is SEP and the twelve hex digits of the phone's MAC address",
		name ? name : "");
}

enum err device_apply(struct cluster *c, struct store_device *row,
	const struct device_value *values, size_t count, struct fail *why)
{
	/* A display name that merely repeats the number goes with it. */
	bool follows = strcmp(row->display, row->number) == 0, named = false;
	const struct device_field *number = device_field_find("number"),
				  *display = device_field_find("display");
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; !err && i < count; i++) {
		named = named || values[i].field == display;
		if (!(values[i].field->use & DEVICE_FIELD_CLOCK))
			err = device_field_set(c, row, values[i].field, values[i].text, why);
	}
	/* An order brings an end with it; one that is given counts, wherever it stands. */
	for (i = 0; !err && i < count; i++)
		if (values[i].field->use & DEVICE_FIELD_CLOCK)
			err = device_field_set(c, row, values[i].field, values[i].text, why);
	for (i = 0; !err && follows && !named && i < count; i++)
		if (values[i].field == number)
			err = device_field_set(c, row, display, row->number, why);
	return err;
}

static bool named(const struct device_value *values, size_t count, const char *option)
{
	const struct device_field *f = device_field_find(option);
	size_t i;

	for (i = 0; i < count; i++)
		if (values[i].field == f && *values[i].text)
			return true;
	return false;
}

void device_complete(struct store_device *row, const struct device_value *values, size_t count)
{
	if (!named(values, count, "protocol") && model_of((int)row->model)->protocols == MODEL_SIP)
		row->protocol = STORE_SIP;
	if (!named(values, count, "profile") && row->protocol == STORE_SIP)
		str_copy(row->profile, sizeof(row->profile), DEVICE_PROFILE_SIP);
}

struct setting {
	struct cluster *c;
	char name[DEVICE_NAME_SIZE];
	enum device_change how;
	const struct device_value *values;
	size_t count;
};

static enum err check_number(struct store *s, const struct store_device *row, struct fail *why)
{
	struct store_device other;
	struct fail local = {0};
	enum err err = row->number[0] ? store_device_by_number(s, row->number, &other, &local)
				      : ERR_NOTFOUND;

	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (err)
		return fail_set(why, err, "%s", local.text);
	return strcmp(other.name, row->name) == 0
		       ? ERR_OK
		       : fail_set(why, ERR_EXISTS, "directory number %s is that of %s", row->number,
				 other.name);
}

static enum err set_row(void *ctx, struct store *s, struct fail *why)
{
	const struct setting *x = ctx;
	struct device_rules rules = {.c = x->c};
	struct store_device row, before;
	struct fail local = {0};
	bool is_new;
	enum err err = store_device_get(s, x->name, &row, &local);

	is_new = err == ERR_NOTFOUND;
	if (err && (!is_new || x->how == DEVICE_UPDATE))
		return fail_set(why, err, "%s", local.text);
	if (is_new)
		device_row_init(&row, x->name);
	before = row;
	err = device_apply(x->c, &row, x->values, x->count, why);
	if (!err && is_new)
		device_complete(&row, x->values, x->count);
	if (!err && !is_new && memcmp(&before, &row, sizeof(row)) == 0)
		return ERR_OK;
	if (!err)
		err = device_rules_check(&rules, &row, why);
	if (!err)
		err = check_number(s, &row, why);
	if (err)
		return err;
	row.version++;
	return store_device_put(s, &row, why);
}

enum err device_set(struct cluster *c, const char *name, enum device_change how,
	const struct device_value *values, size_t count, struct fail *why)
{
	struct setting x = {.c = c, .how = how, .values = values, .count = count};
	enum err err = device_name(x.name, name, why);

	return err ? err : store_transaction(cluster_get_store(c), set_row, &x, why);
}

enum err device_put(struct cluster *c, const struct device_new *d, struct fail *why)
{
	struct device_value values[6];
	char model[16];
	size_t n = 0;

	if (d->model < 0 || d->model > DEVICE_MODEL_MAX)
		return fail_set(
			why, ERR_FORMAT, "device type: a number from 1 to %d", DEVICE_MODEL_MAX);
	snprintf(model, sizeof(model), "%d", d->model);
#define VALUE(given, name, value)                                                                  \
	if (given)                                                                                 \
	values[n++] = (struct device_value){device_field_find(name), value}
	VALUE(d->model, "device-type", model);
	VALUE(d->description, "description", d->description);
	VALUE(d->number, "number", d->number);
	VALUE(d->display, "display", d->display);
	VALUE(d->profile, "profile", d->profile);
	VALUE(d->install, "operation", "Install/Upgrade");
#undef VALUE
	return device_set(c, d->name, DEVICE_ADD, values, n, why);
}

static int key_bits(const struct store_device *row, const struct store_profile *profile)
{
	int64_t bits = row->key_bits ? row->key_bits : profile->key_bits;
	unsigned most = model_of((int)row->model)->rsa_max;

	return (int)(most && bits > most ? most : bits);
}

void device_join(const struct store_device *row, const struct store_profile *profile, bool secure,
	int64_t now, struct device *out)
{
	memset(out, 0, sizeof(*out));
	str_copy(out->name, sizeof(out->name), row->name);
	out->model = (int)row->model;
	str_copy(out->description, sizeof(out->description), row->description);
	str_copy(out->number, sizeof(out->number), row->number);
	str_copy(out->display, sizeof(out->display), row->display);
	str_copy(out->profile, sizeof(out->profile), profile->name);
	out->profile_mode = (int)profile->security_mode;
	out->security_mode = secure ? out->profile_mode : 1;
	out->encrypted_config = profile->encrypted_config != 0;
	out->exclude_digest = profile->exclude_digest != 0;
	out->auth_mode = (int)(row->auth_mode ? row->auth_mode : profile->auth_mode);
	out->key_bits = key_bits(row, profile);
	out->record = *row;
	out->operation = !row->operation_by || now <= row->operation_by ? (int)row->operation : 0;
	out->install_pending = out->operation == 1;
	str_copy(out->operation_status, sizeof(out->operation_status), row->operation_status);
	out->operation_by = row->operation_by;
	out->version = row->version;
	out->last_seen = row->last_seen;
}

static enum err join(struct cluster *c, const struct store_device *row, bool secure,
	struct device *out, struct fail *why)
{
	struct store_profile profile;
	enum err err = store_profile_get(cluster_get_store(c), row->profile, &profile, why);

	if (!err)
		device_join(row, &profile, secure, clock_seconds(cluster_get_clock(c)), out);
	else
		memset(out, 0, sizeof(*out));
	return err;
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

enum err device_seen(struct cluster *c, const char *name, struct fail *why)
{
	char folded[DEVICE_NAME_SIZE];
	const char *const names[] = {folded};
	enum err err = device_name(folded, name, why);

	return err ? err
		   : store_device_seen(cluster_get_store(c), names, 1,
			     clock_seconds(cluster_get_clock(c)), why);
}

const char *device_mode_text(int mode)
{
	static const char *const texts[] = {"Unknown", "Non Secure", "Authenticated", "Encrypted"};

	return mode >= 1 && mode <= 3 ? texts[mode] : texts[0];
}
