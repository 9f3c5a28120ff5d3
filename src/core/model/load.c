/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/model/load.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define LOADS      ".loads"
#define CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"

static void param_name(char out[STORE_NAME], int model, int protocol)
{
	snprintf(out, STORE_NAME, "Load %d %s", model, protocol == STORE_SIP ? "SIP" : "SCCP");
}

enum err model_load_name(const char *text, char out[STORE_NAME], struct fail *why)
{
	size_t len = strlen(text), tail = strlen(LOADS);

	if (len > tail && str_ieq(text + len - tail, LOADS))
		len -= tail;
	if (len >= STORE_NAME || strspn(text, CHARACTERS) < len || *text == '.')
		return fail_set(
			why, ERR_FORMAT, "the name of a firmware such as SCCP41.9-4-2SR3-1S");
	memset(out, 0, STORE_NAME);
	memcpy(out, text, len);
	return ERR_OK;
}

enum err model_load_get(
	struct store *s, int model, int protocol, char out[STORE_NAME], struct fail *why)
{
	char name[STORE_NAME], value[STORE_TEXT];
	struct fail local = {0};
	enum err err;

	param_name(name, model, protocol);
	out[0] = '\0';
	err = store_param_get(s, name, value, &local);
	if (!err && !str_copy(out, STORE_NAME, value))
		out[0] = '\0';
	return err && err != ERR_NOTFOUND ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

enum err model_load_set(
	struct store *s, int model, int protocol, const char *load, struct fail *why)
{
	char name[STORE_NAME], value[STORE_NAME];
	enum err err = model_load_name(load, value, why);

	param_name(name, model, protocol);
	return err ? err : store_param_set(s, name, value, why);
}
