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

static void cert_lines(
	struct command_reply *reply, struct json *rows, const char *name, const struct cert *c)
{
	struct json *row = json_object_new();
	char from[CLOCK_DATE_MAX], to[CLOCK_DATE_MAX];
	struct buf serial = {0};

	clock_print_iso(from, cert_not_before(c));
	clock_print_iso(to, cert_not_after(c));
	str_hex(&serial, cert_serial(c), STR_COLON);
	buf_u8(&serial, 0);
	const char *hex = buf_check(&serial) == ERR_OK ? (const char *)serial.data : "";
	json_set_str(row, "name", name);
	json_set_str(row, "subject", cert_subject(c));
	json_set_str(row, "issuer", cert_issuer(c));
	json_set_str(row, "serial", hex);
	json_set_int(row, "notBefore", cert_not_before(c));
	json_set_int(row, "notAfter", cert_not_after(c));
	json_append_take(rows, row);
	buf_printf(&reply->text,
		"%s.pem\n  Subject:       %s\n  Issuer:        %s\n  Serial Number: %s\n"
		"  From:          %s\n  To:            %s\n  Key:           %s %u bits\n",
		name, cert_subject(c), cert_issuer(c), hex, from, to,
		cert_key_is_rsa(c) ? "RSA" : "EC", cert_key_bits(c));
	buf_fini(&serial);
}

void handle_show_cert_own(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	static const char *const names[] = {"CallManager", "CAPF"};
	struct fail why = {0};
	struct json *rows = json_array_new();
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	for (size_t i = 0; c && i < sizeof names / sizeof *names; i++) {
		struct cert *cert = NULL;

		if (cluster_cert(c, names[i], &cert, &why) != ERR_OK)
			break;
		cert_lines(reply, rows, names[i], cert);
		cert_free(cert);
	}
	if (why.code != ERR_OK)
		command_refuse(reply, &why);
	json_set_take(reply->data, "certificates", rows);
}
