/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/services.h"

#include "base/str.h"
#include "core/cluster/internal.h"

#include <stdio.h>

static const struct {
	const char *title, *word;
} names[SERVICE_COUNT] = {
	[SERVICE_TFTP] = {"Cisco Tftp", "tftp"},
	[SERVICE_CALLMANAGER] = {"Cisco CallManager", "callmanager"},
	[SERVICE_CTL_PROVIDER] = {"Cisco CTL Provider", "ctlprovider"},
	[SERVICE_CAPF] = {"Cisco Certificate Authority Proxy Function", "capf"},
	[SERVICE_TVS] = {"Cisco Trust Verification Service", "tvs"},
};

/* TFTP makes the ITL and serves the lists; then those follow whom they name. */
const enum node_service service_order[] = {
	SERVICE_TFTP,
	SERVICE_TVS,
	SERVICE_CAPF,
	SERVICE_CALLMANAGER,
	SERVICE_CTL_PROVIDER,
	SERVICE_COUNT,
};

const char *service_title(enum node_service s)
{
	return names[s].title;
}

const char *service_word(enum node_service s)
{
	return names[s].word;
}

bool service_find(const char *name, enum node_service *out)
{
	int s;

	for (s = 0; s < SERVICE_COUNT; s++) {
		if (!str_ieq(name, names[s].title) && !str_ieq(name, names[s].word))
			continue;
		*out = (enum node_service)s;
		return true;
	}
	return false;
}

/* The row's name: nodes may share a store. */
static void row_name(const struct cluster *c, enum node_service s, char out[STORE_TEXT])
{
	snprintf(out, STORE_TEXT, "ServiceActivated/%.*s/%s", STORE_NAME, c->settings.node,
		names[s].word);
}

enum err service_activated(struct cluster *c, enum node_service s, bool *yes, struct fail *why)
{
	char name[STORE_TEXT], value[STORE_TEXT];
	struct fail local = {0};
	enum err err;

	*yes = true;
	if (s == SERVICE_TVS)
		return ERR_OK;
	row_name(c, s, name);
	err = store_param_get(c->store, name, value, &local);
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	*yes = !err && strcmp(value, "1") == 0;
	return err ? fail_set(why, err, "%s: %s", names[s].title, local.text) : ERR_OK;
}

enum err service_set_activated(struct cluster *c, enum node_service s, bool yes, struct fail *why)
{
	char name[STORE_TEXT];

	if (s == SERVICE_TVS)
		return yes ? ERR_OK
			   : fail_set(why, ERR_DENIED,
				     "%s is always activated: phones that hold an ITL need it",
				     names[s].title);
	row_name(c, s, name);
	return store_param_set(c->store, name, yes ? "1" : "0", why);
}
