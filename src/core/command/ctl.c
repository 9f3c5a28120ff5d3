/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "core/backup/backup.h"
#include "core/cluster/nodes.h"
#include "core/cluster/stage.h"
#include "core/command/record.h"

#include <stdio.h>
#include <unistd.h>

/* What an option says to cluster_publish_ctl; the rest of *signing is the handler's. */
static void read_options(const struct json *args, struct cluster_signing *signing)
{
	signing->token = json_get_str(args, "token");
	signing->module = json_get_str(args, "module");
	signing->with_local_key = json_get_bool(args, "with-local-key");
	signing->with_tokens = json_get_bool(args, "with-tokens");
}

static enum err check_options(
	const struct json *args, const struct cluster_signing *signing, struct fail *why)
{
	if (signing->token && signing->with_tokens)
		return fail_set(why, ERR_ARG,
			"a list that a token signs has every token; --with-tokens goes with a list "
			"signed by a key of this node (without --token)");
	if (!signing->token && signing->with_local_key)
		return fail_set(why, ERR_ARG,
			"--with-local-key goes with --token: the token names this node's keys");
	if (!signing->token && (signing->module || json_get_str(args, "pin-file")))
		return fail_set(why, ERR_ARG, "--module and --pin-file go with --token");
	return ERR_OK;
}

static enum err publish(struct command_ctx *ctx, const struct json *args,
	struct command_reply *reply, struct cluster_signing *signing, struct fail *why)
{
	struct buf pin = {0};
	char prompt[STORE_NAME + 32], who[COMMAND_WHO];
	struct cluster *c = command_cluster(ctx, why);
	enum err err = c ? ERR_OK : why->code;

	command_who(ctx->uid_known ? ctx->uid : (unsigned)getuid(), who);
	signing->by = who;
	if (err == ERR_OK && signing->token) {
		snprintf(prompt, sizeof prompt, "PIN of token %.64s: ", signing->token);
		err = command_secret(ctx, args, "pin-file", prompt, &pin, why);
		signing->pin = (const char *)pin.data;
	}
	if (err == ERR_OK)
		err = cluster_publish_ctl(c, signing, why);
	signing->pin = NULL;
	signing->by = NULL;
	buf_wipe(&pin);
	if (err != ERR_OK)
		return err;
	json_set_str(reply->data, "signedBy", signing->signer);
	json_set_int(reply->data, "tokens", (int64_t)signing->tokens);
	json_set_int(reply->data, "bytes", (int64_t)signing->bytes);
	json_set_int(reply->data, "clusterSecurityMode", signing->non_secure ? 0 : 1);
	return ERR_OK;
}

/* Before a PIN is asked for. Without other nodes nothing is asked and nodes->nodes stays NULL. */
static enum err ask_nodes(struct command_ctx *ctx, const struct json *args,
	struct command_reply *reply, struct cluster_signing *signing, struct cluster_nodes *nodes,
	struct fail *why)
{
	const struct command_runtime *runtime = ctx->runtime;
	struct cluster *c = command_cluster(ctx, why);
	size_t others = 0;
	enum err err = c ? cluster_other_nodes(c, &others, why) : why->code;

	if (err || !others || !cluster_get_settings(c)->publisher || !runtime ||
		!runtime->nodes_ask)
		return err;
	err = runtime->nodes_ask(runtime->ctx, ctx, args, signing, reply->data, nodes, why);
	if (!err)
		signing->nodes = nodes;
	return err;
}

#define RESTART_HINT                                                                               \
	"Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster that " \
	"run these services\n"
#define RESET_HINT "You must reset all phones to ensure they received the updated CTL file.\n"

/* The list is published: what follows cannot make that a fault. */
static void warn_without_backup(struct command_ctx *ctx, struct command_reply *reply)
{
	struct fail why = {0};
	size_t missing = 0;

	if (backup_warn(ctx->cluster, &reply->text, &missing, &why) != ERR_OK)
		buf_printf(&reply->text, "Warning: whether there is a backup is not known: %s\n",
			why.text);
	else
		json_set_int(reply->data, "keysWithoutBackup", (int64_t)missing);
}

/* Before the question where a person is asked, as the original does. */
void preview_ctl_mixed_mode(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	const struct settings *s = c ? cluster_get_settings(c) : NULL;

	(void)args;
	if (why.code != ERR_OK)
		command_refuse(reply, &why);
	if (!s || !s->auto_registration)
		return;
	json_set_bool(reply->data, "autoRegistration", true);
	if (ctx->previewed)
		return;
	buf_printf(&reply->text, "Auto-registration is enabled on at least one CM node.\n%s\n",
		s->auto_registration_secure
			? "It goes on in mixed mode (setting auto_registration_secure)."
			: "It stops in mixed mode.");
}

/* Publishes and says `text`. */
static void run(struct command_ctx *ctx, const struct json *args, struct command_reply *reply,
	struct cluster_signing *signing, const char *text)
{
	struct cluster_nodes nodes = {0};
	struct fail why = {0};
	enum err err;

	read_options(args, signing);
	err = check_options(args, signing, &why);
	if (!err)
		err = ask_nodes(ctx, args, reply, signing, &nodes, &why);
	if (err != ERR_OK) {
		command_refuse(reply, &why);
		if (err == ERR_ARG)
			reply->exit = COMMAND_USAGE;
		return;
	}
	err = publish(ctx, args, reply, signing, &why);
	if (signing->nodes)
		ctx->runtime->nodes_end(ctx->runtime->ctx, &nodes);
	signing->nodes = NULL;
	if (err != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	buf_str(&reply->text, text);
	if (signing->with_local_key)
		buf_str(&reply->text,
			"When every phone holds this CTL, the tokens can be left: cadeado utils ctl "
			"update CTLFile\n");
	if (signing->with_tokens)
		buf_str(&reply->text,
			"When every phone holds this CTL, a token can sign again: cadeado utils ctl "
			"update CTLFile --token LABEL\n");
	warn_without_backup(ctx, reply);
}

void handle_ctl_mixed_mode(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct cluster_signing signing = {0};

	preview_ctl_mixed_mode(ctx, args, reply);
	if (reply->exit != COMMAND_GOOD)
		return;
	run(ctx, args, reply, &signing,
		"Moving Cluster to Mixed Mode\nCluster set to Mixed Mode\n" RESTART_HINT
			RESET_HINT);
}

void handle_ctl_non_secure(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct cluster_signing signing = {.non_secure = true};
	struct stage_status status = {0};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);

	if (c && stage_status(c, &status, &why) == ERR_OK && status.mode == 0)
		fail_set(&why, ERR_NOTNOW, "the cluster is in non-secure mode already");
	if (why.code != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	run(ctx, args, reply, &signing,
		"Moving Cluster to Non Secure Mode\nCluster set to Non Secure Mode\n"
		"The CTL stays in place with emptied server entries: phones keep its tokens.\n" RESTART_HINT
			RESET_HINT);
}

/* A list is made anew only where there is one to follow. Non-secure mode is not left by that: the
 * server entries stay emptied. */
static enum err needs_ctl(
	struct command_ctx *ctx, struct cluster_signing *signing, struct fail *why)
{
	struct stage_status status = {0};
	struct cluster *c = command_cluster(ctx, why);

	if (c && stage_status(c, &status, why) == ERR_OK && !status.has_ctl && !status.ever)
		fail_set(why, ERR_NOTNOW,
			"there is no CTL to update; the first one is made with: cadeado utils ctl "
			"set-cluster mixed-mode");
	signing->non_secure = status.mode == 0;
	return why->code;
}

void handle_ctl_update(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct cluster_signing signing = {0};
	struct fail why = {0};

	if (needs_ctl(ctx, &signing, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	run(ctx, args, reply, &signing,
		"Updating CTL file\nCTL file Updated\n" RESTART_HINT RESET_HINT);
}

void handle_ctl_reset_localkey(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct cluster_signing signing = {.other_key = true};
	struct fail why = {0};

	if (needs_ctl(ctx, &signing, &why) != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	run(ctx, args, reply, &signing,
		"CTL file signed by the other key of this node\n" RESTART_HINT RESET_HINT
		"When every phone holds it, sign with the usual key again: cadeado utils ctl update "
		"CTLFile\n");
}
