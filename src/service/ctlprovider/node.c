/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/ctlprovider/job.h"

#include "base/str.h"
#include "core/backup/backup.h"
#include "core/cluster/own.h"
#include "core/cluster/services.h"
#include "core/command/command.h"
#include "wire/json.h"

struct naming {
	const struct settings *settings;
	struct json *nodes;
};

static enum err add_node(void *ctx, const struct store_node *n)
{
	const struct naming *w = ctx;
	struct json *one = json_object_new();

	json_set_str(one, "name", n->name);
	json_set_str(one, "address", n->address);
	json_set_int(one, "port",
		n->port ? n->port : settings_port(w->settings, w->settings->ctl_provider_port));
	json_append_take(w->nodes, one);
	return ERR_OK;
}

static enum err add_services(struct cluster *c, const struct service_env *env, struct json *out,
	bool activated[SERVICE_COUNT], struct fail *why)
{
	const struct command_runtime *runtime = env->runtime;
	struct json *services = json_array_new();
	enum err err = ERR_OK;

	for (int i = 0; i < SERVICE_COUNT && !err; i++) {
		enum node_service s = (enum node_service)i;
		struct service_state state = {0};
		struct json *one = json_object_new();

		err = service_activated(c, s, &activated[i], why);
		if (!err && runtime && runtime->service_status)
			err = runtime->service_status(runtime->ctx, s, &state, why);
		json_set_str(one, "name", service_title(s));
		json_set_bool(one, "activated", activated[i]);
		json_set_bool(one, "started", state.started);
		json_append_take(services, one);
	}
	json_set_take(out, "services", services);
	return err;
}

/* The newest: those that lists name from now on. */
static enum err add_certificates(
	struct cluster *c, const bool activated[SERVICE_COUNT], struct json *out, struct fail *why)
{
	static const enum own_cert shown[] = {OWN_CALLMANAGER, OWN_CAPF, OWN_TVS, OWN_ITLRECOVERY};
	struct json *certs = json_array_new();
	enum err err = ERR_OK;

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]) && !err; i++) {
		struct cert *cert = NULL;
		struct buf pem = {0};
		struct json *one;

		if (shown[i] == OWN_CAPF && !activated[SERVICE_CAPF])
			continue;
		err = own_newest(c, shown[i], &cert, why);
		if (!err && cert_to_pem(cert, &pem))
			err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		one = json_object_new();
		json_set_str(one, "name", own_name(shown[i]));
		json_set_take(one, "pem", json_span_new(buf_span(&pem)));
		json_append_take(certs, one);
		buf_fini(&pem);
		cert_free(cert);
	}
	json_set_take(out, "certificates", certs);
	return err;
}

static enum err add_ctl(struct cluster *c, struct json *out, struct fail *why)
{
	struct stage_status s;
	struct buf list = {0}, hex = {0};
	enum err err = stage_status(c, &s, why);
	struct json *ctl = NULL, *staged = NULL;

	if (!err && s.has_ctl)
		err = cluster_ctl(c, &list, why);
	if (!err && s.has_ctl) {
		str_hex(&hex, span_of(s.ctl, sizeof(s.ctl)), STR_LOWER);
		ctl = json_object_new();
		json_set_take(ctl, "sha256", json_span_new(buf_span(&hex)));
		json_set_int(ctl, "bytes", (int64_t)list.len);
	}
	if (!err && s.staged[0]) {
		staged = json_object_new();
		json_set_str(staged, "id", s.staged);
		json_set_str(staged, "by", s.staged_by);
		json_set_int(staged, "at", s.staged_at);
	}
	if (!err) {
		json_set_int(out, "mode", s.mode);
		json_set_bool(out, "ever", s.ever);
		json_set_take(out, "ctl", ctl ? ctl : json_null_new());
		json_set_take(out, "staged", staged ? staged : json_null_new());
		json_set_take(out, "last", s.last[0] ? json_string_new(s.last) : json_null_new());
	}
	buf_fini(&list);
	buf_fini(&hex);
	return err;
}

/* Whoever publishes should know of keys that would be lost with this machine. */
static enum err add_backup(struct cluster *c, struct json *out, struct fail *why)
{
	struct json *backup = json_object_new();
	size_t unsaved = 0;
	int64_t newest;
	enum err err = backup_newest(c, &newest, NULL);

	if (err == ERR_NOTFOUND)
		json_set_take(backup, "newest", json_null_new());
	else if (!err)
		json_set_int(backup, "newest", newest);
	if (!err || err == ERR_NOTFOUND)
		err = backup_unsaved(c, &unsaved, why);
	json_set_int(backup, "unsaved", (int64_t)unsaved);
	json_set_take(out, "backup", backup);
	return err;
}

enum err provider_node_json(
	struct cluster *c, const struct service_env *env, struct buf *out, struct fail *why)
{
	const struct settings *s = env->settings;
	struct naming naming = {.settings = s, .nodes = json_array_new()};
	struct json *j = json_object_new();
	bool activated[SERVICE_COUNT];
	enum err err;

	json_set_str(j, "node", s->node);
	json_set_str(j, "address", s->address);
	json_set_str(j, "version", CADEADO_VERSION);
	json_set_int(j, "time", clock_seconds(env->clock));
	json_set_bool(j, "publisher", s->publisher);
	err = store_node_each(cluster_get_store(c), add_node, &naming, why);
	json_set_take(j, "nodes", naming.nodes);
	if (!err)
		err = add_services(c, env, j, activated, why);
	if (!err)
		err = add_certificates(c, activated, j, why);
	json_set_bool(j, "autoRegistration", s->auto_registration);
	json_set_int(j, "tvsPort", settings_port(s, s->tvs_port));
	if (!err)
		err = add_ctl(c, j, why);
	if (!err)
		err = add_backup(c, j, why);
	if (!err)
		err = json_write(out, j, false);
	json_free(j);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}
