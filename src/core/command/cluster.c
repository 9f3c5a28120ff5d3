/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <unistd.h>

static enum err text_setting(
	const struct json *args, const char *name, char *out, size_t size, struct fail *why)
{
	const char *text = json_get_str(args, name);

	if (!text || str_copy(out, size, text))
		return ERR_OK;
	return fail_set(why, ERR_LIMIT, "--%s: at most %zu characters", name, size - 1);
}

/* What the folder's own file says, else the defaults; then what was asked for now. */
static enum err wanted_settings(
	const char *path, const struct json *args, struct settings *s, struct fail *why)
{
	enum err err = settings_read(s, path, why);

	if (err == ERR_NOTFOUND) {
		fail_clear(why);
		settings_defaults(s);
		err = ERR_OK;
	}
	s->port_base = (long)json_get_int(args, "port-base", s->port_base);
	s->tftp_port = (long)json_get_int(args, "tftp-port", s->tftp_port);
	if (json_get_bool(args, "subscriber"))
		s->publisher = 0;
	if (err == ERR_OK)
		err = text_setting(args, "node", s->node, sizeof s->node, why);
	if (err == ERR_OK)
		err = text_setting(args, "address", s->address, sizeof s->address, why);
	if (err == ERR_OK)
		err = text_setting(args, "tls-profile", s->tls_profile, sizeof s->tls_profile, why);
	if (err == ERR_OK && strcmp(s->tls_profile, "modern") != 0 &&
		strcmp(s->tls_profile, "legacy") != 0)
		err = fail_set(why, ERR_ARG, "--tls-profile: modern or legacy, not \"%.40s\"",
			s->tls_profile);
	return err;
}

/* Changes the settings of a folder that has some; others are made by cluster_create. */
static enum err change_settings(const char *path, const struct settings *s, struct fail *why)
{
	struct buf text = {0};
	enum err err;

	/* What cannot be read back must not be written: every later command would refuse it. */
	err = cluster_check_settings(s, why);
	if (err != ERR_OK)
		return err;
	settings_write(s, &text);
	err = buf_check(&text);
	if (err == ERR_OK)
		err = file_replace(path, buf_span(&text), 0644, FILE_SYNC, why);
	else
		fail_set(why, err, "these settings cannot be written: %s", err_text(err));
	buf_fini(&text);
	return err;
}

void handle_cluster_init(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct settings s;
	char *path = file_join(ctx->state, "cadeado.conf");
	enum err err = path ? wanted_settings(path, args, &s, &why)
			    : fail_set(&why, ERR_NOMEM, "out of memory");

	if (err == ERR_OK && access(path, F_OK) == 0)
		err = change_settings(path, &s, &why);
	if (err == ERR_OK)
		err = cluster_create(ctx->state, &s, ctx->clock, &why);
	mem_free(path);
	if (err != ERR_OK || !command_cluster(ctx, &why)) {
		command_refuse(reply, &why);
		return;
	}
	const struct settings *in_force = cluster_get_settings(ctx->cluster);
	json_set_str(reply->data, "state", ctx->state);
	json_set_str(reply->data, "node", in_force->node);
	json_set_str(reply->data, "address", in_force->address);
	buf_printf(&reply->text, "%s holds node %s at %s\n", ctx->state, in_force->node,
		in_force->address);
}
