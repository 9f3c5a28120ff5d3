/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/itl.h"

#include "base/file.h"
#include "core/cluster/own.h"
#include "core/command/handlers.h"
#include "crypto/pkcs12.h"

#include <stdio.h>

#define SERVE_HINT                                                                                 \
	"Restart TFTP (cadeado utils service restart Cisco Tftp), then reset the phones.\n"

/* The first lines are the original's. */
static void kept_lines(struct command_reply *reply, const char *signer)
{
	json_set_str(reply->data, "signedBy", signer);
	buf_printf(&reply->text,
		"Generating the reset ITL file.....\nThe reset ITL file was generated "
		"successfully\nIt is signed by %s\n",
		signer);
	buf_str(&reply->text, SERVE_HINT
		"The list stays as it is until a certificate is changed or: cadeado utils itl reset "
		"end\n");
}

void handle_itl_reset_localkey(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	if (!c || cluster_reset_itl(c, NULL, NULL, &why) != ERR_OK)
		command_refuse(reply, &why);
	else
		kept_lines(reply, own_name(OWN_ITLRECOVERY));
}

void handle_itl_reset_remotekey(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct buf passphrase = {0}, file = {0};
	struct key *key = NULL;
	struct cert *cert = NULL;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err =
		c ? file_read(json_get_str(args, "file"), PKCS12_SIZE_MAX, &file, &why) : why.code;

	if (err == ERR_OK)
		err = command_secret(ctx, args, "passphrase-file",
			"Passphrase of the file: ", &passphrase, &why);
	if (err == ERR_OK)
		err = pkcs12_read(
			&key, &cert, buf_span(&file), (const char *)passphrase.data, &why);
	if (err == ERR_OK)
		err = cluster_reset_itl(c, key, cert, &why);
	if (err != ERR_OK)
		command_refuse(reply, &why);
	else
		kept_lines(reply, cert_subject(cert));
	key_free(key);
	cert_free(cert);
	buf_wipe(&passphrase);
	buf_wipe(&file);
}

void handle_itl_reset_end(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	if (!c || cluster_itl_normal(c, &why) != ERR_OK)
		command_refuse(reply, &why);
	else
		buf_str(&reply->text, "The ITL is built and signed as usual again.\n" SERVE_HINT);
}

void handle_itl_export(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *name = own_name(OWN_ITLRECOVERY), *path = json_get_str(args, "file");
	struct fail why = {0};
	struct buf passphrase = {0}, file = {0};
	struct key *key = NULL;
	struct cert *cert = NULL;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? command_secret_new(ctx, args, "passphrase-file",
				   "Passphrase for the file: ", &passphrase, &why)
			 : why.code;

	if (err == ERR_OK)
		err = own_newest(c, OWN_ITLRECOVERY, &cert, &why);
	if (err == ERR_OK)
		err = own_tls_key(c, name, &key, &why);
	if (err == ERR_OK)
		err = pkcs12_write(&file, key, cert, name, (const char *)passphrase.data, &why);
	if (err == ERR_OK)
		err = file_create(path, buf_span(&file), 0600, &why);
	if (err != ERR_OK) {
		command_refuse(reply, &why);
	} else {
		json_set_str(reply->data, "file", path);
		buf_printf(&reply->text,
			"%s: the ITLRecovery key and its certificate. Keep the file and its "
			"passphrase apart and away from this machine.\n",
			path);
	}
	key_free(key);
	cert_free(cert);
	buf_wipe(&passphrase);
	buf_wipe(&file);
}

/* --- prepare cluster for rollback --- */

static void rollback_lines(struct cluster *c, int64_t until, struct command_reply *reply)
{
	char date[CLOCK_DATE_MAX];
	int mode = 0;
	struct fail why = {0};

	clock_print_iso(date, until);
	json_set_bool(reply->data, "enabled", until != 0);
	if (until)
		json_set_int(reply->data, "until", until);
	if (!until) {
		buf_str(&reply->text, "Prepare Cluster for Rollback: off\n");
		return;
	}
	buf_printf(&reply->text,
		"Prepare Cluster for Rollback: on until %s\n"
		"Until then the ITL names no server: phones that take it accept any file.\n",
		date);
	if (cluster_mode(c, &mode, &why) == ERR_OK && mode)
		buf_str(&reply->text,
			"The cluster is in mixed mode: an empty ITL frees no phone from its CTL. Set "
			"non-secure mode, and expect to erase the CTL of every phone by hand.\n");
}

void handle_itl_rollback_enable(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *text = json_get_str(args, "until");
	struct fail why = {0};
	int64_t until = 0;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? clock_parse(text, &until) : why.code;

	if (c && err != ERR_OK)
		fail_set(&why, ERR_ARG,
			"--until takes 2026-11-23 or 2026-11-23T18:42:58Z, not \"%.40s\"", text);
	if (err == ERR_OK && until <= 0)
		err = fail_set(&why, ERR_ARG, "--until takes a time to come");
	if (err == ERR_OK)
		err = cluster_set_rollback(c, until, &why);
	if (err != ERR_OK) {
		command_refuse(reply, &why);
	} else {
		rollback_lines(c, until, reply);
		buf_str(&reply->text, SERVE_HINT);
	}
}

void handle_itl_rollback_disable(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	if (!c || cluster_set_rollback(c, 0, &why) != ERR_OK) {
		command_refuse(reply, &why);
	} else {
		rollback_lines(c, 0, reply);
		buf_str(&reply->text, SERVE_HINT);
	}
}

void handle_itl_rollback_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	int64_t until = 0;
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	if (!c || cluster_rollback(c, &until, &why) != ERR_OK)
		command_refuse(reply, &why);
	else
		rollback_lines(c, until, reply);
}
