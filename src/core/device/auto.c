/* SPDX-License-Identifier: BSD-2-Clause
 * Auto-registration: phones that nobody has added. */
#include "core/device/internal.h"

#include "base/str.h"

#include <stdio.h>

/* The number after the one that was given last. Numbers that became free come again after the
 * others, so that callers do not reach a stranger at once. */
#define PARAM_NEXT "AutoRegistrationNext"

enum err device_auto_allowed(struct cluster *c, bool *yes, struct fail *why)
{
	const struct settings *s = cluster_get_settings(c);
	int mode = 0;
	enum err err = ERR_OK;

	*yes = s->auto_registration;
	if (*yes && !s->auto_registration_secure) {
		err = cluster_mode(c, &mode, why);
		*yes = mode == 0;
	}
	return err;
}

struct adding {
	const struct settings *settings;
	struct store_device row;
};

static enum err next_number(
	struct store *s, const struct settings *range, long *number, struct fail *why)
{
	char text[STORE_TEXT];
	struct fail local = {0};
	enum err err = store_param_get(s, PARAM_NEXT, text, &local);

	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	/* The range may be another one by now. */
	if (err || str_number(text, range->auto_registration_start, range->auto_registration_end,
			   number))
		*number = range->auto_registration_start;
	return ERR_OK;
}

static enum err take_number(struct store *s, struct adding *a, struct fail *why)
{
	const struct settings *range = a->settings;
	long first = range->auto_registration_start, last = range->auto_registration_end;
	long number, tried;
	struct store_device other;
	char next[STORE_TEXT];
	struct fail local = {0};
	enum err err = next_number(s, range, &number, why);

	for (tried = 0; !err && tried <= last - first; tried++) {
		snprintf(a->row.number, sizeof(a->row.number), "%ld", number);
		number = number == last ? first : number + 1;
		fail_clear(&local);
		err = store_device_by_number(s, a->row.number, &other, &local);
		if (err == ERR_NOTFOUND) {
			snprintf(next, sizeof(next), "%ld", number);
			return store_param_set(s, PARAM_NEXT, next, why);
		}
	}
	return err ? fail_set(why, err, "%s", local.text)
		   : fail_set(why, ERR_LIMIT,
			     "auto-registration: all numbers from %ld to %ld are taken", first,
			     last);
}

static enum err add(void *ctx, struct store *s, struct fail *why)
{
	struct adding *a = ctx;
	struct store_device known;
	struct fail local = {0};
	enum err err = store_device_get(s, a->row.name, &known, &local);

	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	if (!err)
		return ERR_OK;
	err = take_number(s, a, why);
	if (err)
		return err;
	str_copy(a->row.display, sizeof(a->row.display), a->row.number);
	snprintf(a->row.description, sizeof(a->row.description), "Auto %s", a->row.number);
	return store_device_put(s, &a->row, why);
}

enum err device_auto_register(
	struct cluster *c, const char *name, int model, struct device *out, struct fail *why)
{
	struct adding a = {.settings = cluster_get_settings(c)};
	bool allowed = false;
	enum err err = device_auto_allowed(c, &allowed, why);

	if (!err)
		err = device_name(a.row.name, name, why);
	if (!err && !allowed)
		err = fail_set(why, ERR_NOTFOUND, "there is no device %s", a.row.name);
	if (err)
		return err;
	a.row.model = model > 0 && model <= DEVICE_MODEL_MAX ? model : DEVICE_MODEL_DEFAULT;
	str_copy(a.row.profile, sizeof(a.row.profile), DEVICE_PROFILE_DEFAULT);
	str_copy(a.row.operation_status, sizeof(a.row.operation_status), "None");
	a.row.version = 1;
	err = store_transaction(cluster_get_store(c), add, &a, why);
	return err ? err : device_get(c, name, out, why);
}
