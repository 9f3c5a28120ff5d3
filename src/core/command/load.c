/* SPDX-License-Identifier: BSD-2-Clause
 * Files of phones: the firmware that models have by default, and files made ahead. */
#include "core/command/handlers.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/model/load.h"
#include "core/model/model.h"
#include "core/provision/fleet.h"
#include "core/provision/phone.h"

static void in_turn(void *ctx, size_t count, void (*fn)(void *arg, size_t i), void *arg)
{
	size_t i;

	for (i = 0; i < count; i++)
		fn(arg, i);
}

static const char *const protocols[] = {[STORE_SCCP] = "SCCP", [STORE_SIP] = "SIP"};

static enum err list_model(struct cluster *c, const struct model *m, int protocol,
	struct json *rows, struct buf *text, struct fail *why)
{
	struct provision_sources sources = {0};
	char load[STORE_NAME], there[STORE_NAME];
	struct json *row;
	enum err err = model_load_get(cluster_get_store(c), m->type, protocol, load, why);

	if (err || !load[0])
		return err;
	err = phone_default_load(c, m->type, protocol, there, &sources, why);
	provision_sources_fini(&sources);
	if (err)
		return err;
	row = json_object_new();
	json_set_str(row, "model", m->name);
	json_set_str(row, "protocol", protocols[protocol]);
	json_set_str(row, "load", load);
	json_set_bool(row, "inFolder", there[0]);
	json_append_take(rows, row);
	buf_printf(text, "%-22s %-8s %-40s %s\n", m->name, protocols[protocol], load,
		there[0] ? "yes" : "no: phones are not told");
	return ERR_OK;
}

void handle_device_load_list(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct json *rows = json_array_new();
	struct fail why = {0};
	const struct model *m;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;
	unsigned i;

	(void)args;
	buf_printf(&reply->text, "%-22s %-8s %-40s %s\n", "Model", "Protocol", "Load Information",
		"In tftp/");
	for (i = 0; !err && (m = model_at(i)); i++) {
		err = list_model(c, m, STORE_SCCP, rows, &reply->text, &why);
		if (!err)
			err = list_model(c, m, STORE_SIP, rows, &reply->text, &why);
	}
	if (!err && json_count(rows) == 0)
		buf_str(&reply->text, "(none; set one with: cadeado device load set MODEL NAME)\n");
	json_set_take(reply->data, "loads", rows);
	if (err)
		command_refuse(reply, &why);
}

/* The one that was named; else the only one that the model speaks. */
static enum err choose_protocol(
	const struct model *m, const char *word, int *protocol, struct fail *why)
{
	bool sip = word ? str_ieq(word, "SIP") : m->protocols == MODEL_SIP;

	if (word ? !sip && !str_ieq(word, "SCCP") : m->protocols == (MODEL_SCCP | MODEL_SIP))
		return fail_set(why, ERR_ARG, "%s speaks SCCP and SIP: say --protocol SCCP or SIP",
			m->name);
	*protocol = sip ? STORE_SIP : STORE_SCCP;
	if (!(m->protocols & (sip ? MODEL_SIP : MODEL_SCCP)))
		return fail_set(
			why, ERR_ARG, "%s does not speak %s", m->name, protocols[*protocol]);
	return ERR_OK;
}

void handle_device_load_set(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *name = json_get_str(args, "model"), *load = json_get_str(args, "load");
	struct provision_sources sources = {0};
	char there[STORE_NAME] = "", plain[STORE_NAME] = "";
	const struct model *m = model_find(name);
	struct fail why = {0};
	int protocol = 0;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (!err && !m)
		err = fail_set(&why, ERR_NOTFOUND,
			"%.32s: no model of this name; docs/formats/models.md lists them", name);
	if (!err && (json_get_bool(args, "none") ? load != NULL : load == NULL))
		err = fail_set(&why, ERR_ARG, "name a firmware, or say --none");
	if (!err)
		err = choose_protocol(m, json_get_str(args, "protocol"), &protocol, &why);
	if (!err)
		err = model_load_name(load ? load : "", plain, &why);
	if (!err)
		err = model_load_set(cluster_get_store(c), m->type, protocol, plain, &why);
	if (!err)
		err = phone_default_load(c, m->type, protocol, there, &sources, &why);
	provision_sources_fini(&sources);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	json_set_str(reply->data, "model", m->name);
	json_set_str(reply->data, "protocol", protocols[protocol]);
	json_set_str(reply->data, "load", plain);
	json_set_bool(reply->data, "inFolder", there[0]);
	if (!plain[0])
		buf_printf(&reply->text, "%s, %s: phones keep the firmware that they have\n",
			m->name, protocols[protocol]);
	else
		buf_printf(&reply->text, "%s, %s: %s%s\n", m->name, protocols[protocol], plain,
			there[0] ? "" : ", which phones are not told until its .loads is in tftp/");
}

void handle_device_prepare(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fleet f = {.progress = ctx->progress, .parallel = in_turn};
	struct fail why = {0};
	int64_t began = clock_monotonic_us(), took;
	enum err err;

	(void)args;
	f.c = command_cluster(ctx, &why);
	if (ctx->runtime && ctx->runtime->parallel) {
		f.parallel = ctx->runtime->parallel;
		f.parallel_ctx = ctx->runtime->ctx;
	}
	err = f.c ? fleet_prepare(&f, &why) : why.code;
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	took = clock_monotonic_us() - began;
	json_set_int(reply->data, "phones", (int64_t)f.phones);
	json_set_int(reply->data, "made", (int64_t)f.made);
	json_set_int(reply->data, "failed", (int64_t)f.failed);
	json_set_int(reply->data, "removed", (int64_t)f.removed);
	json_set_int(reply->data, "milliseconds", took / 1000);
	buf_printf(&reply->text,
		"files of %zu phones are prepared: %zu made now in %.1f s, %zu were "
		"there already",
		f.phones, f.made, (double)took / 1e6, f.phones - f.made);
	buf_printf(&reply->text,
		f.removed ? "; %zu of phones that are no more were removed\n" : "\n", f.removed);
	if (!f.failed)
		return;
	fail_set(&why, f.first.code, "files of %zu phones could not be made; the first: %s",
		f.failed, f.first.text);
	command_refuse(reply, &why);
}
