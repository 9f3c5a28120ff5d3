/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "core/cluster/own.h"
#include "core/command/table_args.h"
#include "crypto/p11.h"

#include <stdio.h>

#define KEY_BITS 2048
#define DAYS     1825 /* as CAPF's own */

const struct command_arg capf_token_create_args[] = {
	{ARG_WORD, "label", "LABEL", true, 0, 0, "an initialised, empty PKCS #11 token"},
	{ARG_TEXT, "module", "PATH", true, 0, 0, "its PKCS #11 module"},
	{ARG_SECRET, "pin-file", "FILE", false, 0, 0,
		"file whose first line is the PIN; asked for on the terminal without it"},
	END,
};

static enum err create(struct cluster *c, struct command_ctx *ctx, const struct json *args,
	struct cert **cert, struct fail *why)
{
	struct issue_request profile = {.kind = ISSUE_CAPF,
		.subject = {.ou = "Cadeado", .o = "Cadeado"},
		.digest = DIGEST_SHA256};
	struct p11_create r = {.token = json_get_str(args, "label"),
		.bits = KEY_BITS,
		.days = DAYS,
		.now = clock_seconds(cluster_get_clock(c)),
		.profile = &profile};
	struct p11_module *m = NULL;
	struct buf pin = {0};
	uint8_t random[4];
	char name[16];
	enum err err = random_bytes(random, sizeof(random));

	if (err)
		return fail_set(why, err, "%s", err_text(err));
	snprintf(name, sizeof(name), "CAPF-%02x%02x%02x%02x", random[0], random[1], random[2],
		random[3]);
	r.common_name = name;
	err = p11_open(&m, json_get_str(args, "module"), why);
	if (!err)
		err = command_secret(ctx, args, "pin-file", "PIN: ", &pin, why);
	r.pin = (const char *)pin.data;
	if (!err)
		err = p11_create(m, &r, cert, why);
	buf_wipe(&pin);
	p11_close(m);
	return err;
}

void handle_capf_token_create(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *label = json_get_str(args, "label");
	struct fail why = {0};
	struct cert *cert = NULL;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? create(c, ctx, args, &cert, &why) : why.code;

	if (!err)
		err = trust_put(c, "CAPF-trust", "", cert, &why);
	if (err) {
		command_refuse(reply, &why);
	} else {
		json_set_str(reply->data, "label", label);
		json_set_str(reply->data, "subject", cert_subject(cert));
		buf_printf(&reply->text,
			"%s: its key was made in the token, its certificate is in CAPF-trust.\n"
			"Put into cadeado.conf, and restart CAPF and CallManager:\n"
			"  capf_token = %s\n  capf_module = %s\n  capf_pin_file = FILE\n",
			cert_subject(cert), label, json_get_str(args, "module"));
	}
	cert_free(cert);
}
