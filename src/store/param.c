/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/query.h"

static enum err read_value(void *ctx, struct query_row *r)
{
	query_row_text(r, 0, ctx, STORE_TEXT);
	return ERR_OK;
}

enum err store_param_get(struct store *s, const char *name, char out[STORE_TEXT], struct fail *why)
{
	char folded[STORE_NAME];
	enum err err = ERR_NOTFOUND;

	if (strlen(name) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), name);
		err = query_one(s, "SELECT value FROM param WHERE name_folded = $folded",
			&QUERY_TEXT("folded", folded), 1, read_value, out, why);
	}
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "parameter %.64s is not set", name);
	return err;
}

enum err store_param_set(struct store *s, const char *name, const char *value, struct fail *why)
{
	char folded[STORE_NAME];
	const struct backend_arg args[] = {
		QUERY_TEXT("folded", folded), QUERY_TEXT("name", name), QUERY_TEXT("value", value)};

	if (strlen(name) >= STORE_NAME || strlen(value) >= STORE_TEXT)
		return fail_set(why, ERR_LIMIT, "parameter %.32s: name or value is too long", name);
	query_fold(folded, sizeof(folded), name);
	return query_change(s,
		"INSERT INTO param (name_folded, name, value) VALUES ($folded, $name, $value)"
		" ON CONFLICT (name_folded) DO UPDATE SET name = excluded.name,"
		" value = excluded.value",
		args, sizeof(args) / sizeof(args[0]), why);
}
