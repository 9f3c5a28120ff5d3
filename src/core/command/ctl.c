/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include <stdio.h>

static enum err publish(struct command_ctx *ctx, const struct json *args,
	struct command_reply *reply, struct cluster_signing *signing, struct fail *why)
{
	struct buf pin = {0};
	char prompt[STORE_NAME + 32];
	struct cluster *c = command_cluster(ctx, why);
	enum err err = c ? ERR_OK : why->code;

	signing->token = json_get_str(args, "token");
	snprintf(prompt, sizeof prompt, "PIN of token %s: ", signing->token);
	if (err == ERR_OK)
		err = command_secret(ctx, args, "pin-file", prompt, &pin, why);
	if (err == ERR_OK) {
		signing->pin = (const char *)pin.data;
		err = cluster_publish_ctl(c, signing, why);
		signing->pin = NULL;
	}
	buf_wipe(&pin);
	if (err != ERR_OK) {
		command_refuse(reply, why);
		return err;
	}
	json_set_str(reply->data, "signedBy", signing->token);
	json_set_int(reply->data, "tokens", (int64_t)signing->tokens);
	json_set_int(reply->data, "bytes", (int64_t)signing->bytes);
	return ERR_OK;
}

#define RESTART_HINT                                                                               \
	"Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster that " \
	"run these services\n"                                                                     \
	"You must reset all phones to ensure they received the updated CTL file.\n"

void handle_ctl_mixed_mode(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct cluster_signing signing = {0};

	if (publish(ctx, args, reply, &signing, &why) != ERR_OK)
		return;
	json_set_int(reply->data, "clusterSecurityMode", 1);
	buf_str(&reply->text,
		"Moving Cluster to Mixed Mode\nCluster set to Mixed Mode\n" RESTART_HINT);
}

void handle_ctl_update(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct cluster_signing signing = {0};
	int mode = 0;
	struct cluster *c = command_cluster(ctx, &why);

	if (c && cluster_mode(c, &mode, &why) == ERR_OK && mode == 0)
		fail_set(&why, ERR_NOTNOW,
			"the cluster is in non-secure mode and has no CTL to update: "
			"cadeado utils ctl set-cluster mixed-mode");
	if (why.code != ERR_OK) {
		command_refuse(reply, &why);
		return;
	}
	if (publish(ctx, args, reply, &signing, &why) == ERR_OK)
		buf_str(&reply->text, "Updating CTL file\nCTL file Updated\n" RESTART_HINT);
}
