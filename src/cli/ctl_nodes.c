/* SPDX-License-Identifier: BSD-2-Clause
 * All nodes, asked for a list that the publisher makes at its own console: what the CTL client does
 * from elsewhere. This node is asked like the others, so that a list comes to all in one way. */
#include "cli/ctl_session.h"

#include "base/mem.h"
#include "core/cluster/nodes.h"

#include <stdio.h>

struct asked {
	struct ctl_session s;
	struct cluster_node nodes[CTLCLIENT_NODES_MAX];
};

static enum err failed(const struct ctl_session *s, struct fail *why)
{
	enum err code = s->why.code ? s->why.code : ERR_NOTNOW;

	return fail_set(why, code, "%s", s->why.text[0] ? s->why.text : err_text(code));
}

/* One that was regenerated shows its new certificate after a restart. */
static enum err know_own(struct ctl_session *s, struct cluster *c, struct fail *why)
{
	static const char *const names[CTL_OWN_MAX] = {"CTLProvider", "previous/CTLProvider"};

	for (size_t i = 0; i < CTL_OWN_MAX; i++) {
		struct fail local = {0};
		struct cert *cert = NULL;
		uint8_t hash[DIGEST_MAX];

		if (cluster_cert(c, names[i], &cert, &local)) {
			if (i == 0)
				return fail_set(why, local.code, "%s", local.text);
			continue;
		}
		if (digest_one(DIGEST_SHA256, cert_der(cert), hash) == CLIENT_CTL_FINGERPRINT)
			memcpy(s->own[s->own_count++], hash, CLIENT_CTL_FINGERPRINT);
		cert_free(cert);
	}
	return ERR_OK;
}

static enum ctl_exit ask(
	struct asked *a, const struct settings *own, const struct cluster_signing *signing)
{
	struct ctl_session *s = &a->s;
	enum ctl_exit exit =
		ctl_session_open_at(s, own->address, settings_port(own, own->ctl_provider_port));

	if (exit)
		return exit;
	say_heading(&s->d, "Checks of every node");
	exit = ctl_session_check(
		s, signing->non_secure ? CTLCLIENT_SET_NON_SECURE : CTLCLIENT_UPDATE);
	for (size_t i = 0; i < s->cluster.count && !exit; i++) {
		const struct ctlclient_node *n = &s->cluster.nodes[i];

		a->nodes[i] = (struct cluster_node){.server = ctlclient_node_server(n),
			.tvs = n->certs[CTLCLIENT_TVS],
			.own = i == 0};
	}
	return exit;
}

static enum err publish(void *ctx, struct span list, struct fail *why)
{
	struct asked *a = ctx;

	return ctl_session_publish(&a->s, list) ? failed(&a->s, why) : ERR_OK;
}

static void asked_free(struct asked *a)
{
	ctl_session_fini(&a->s);
	mem_free(a);
}

enum err cli_nodes_ask(void *ctx, struct command_ctx *cmd, const struct json *args,
	const struct cluster_signing *signing, struct json *into, struct cluster_nodes *out,
	struct fail *why)
{
	const struct cli cli = {.state = cmd->state, .json = !cmd->text_only};
	struct cluster *c = command_cluster(cmd, why);
	struct asked *a = c ? mem_new(sizeof(*a)) : NULL;
	enum err err;

	(void)ctx;
	if (!a)
		return c ? fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM)) : why->code;
	err = ctl_session_init(&a->s, &cli, args) ? failed(&a->s, why) : ERR_OK;
	json_free(a->s.report);
	a->s.report = json_ref(into);
	if (!err)
		err = know_own(&a->s, c, why);
	if (!err && ask(a, cluster_get_settings(c), signing)) {
		err = failed(&a->s, why);
		ctl_session_report_nodes(&a->s);
	}
	if (err) {
		asked_free(a);
		return err;
	}
	*out = (struct cluster_nodes){
		.ctx = a, .nodes = a->nodes, .count = a->s.cluster.count, .publish = publish};
	return ERR_OK;
}

void cli_nodes_end(void *ctx, struct cluster_nodes *nodes)
{
	(void)ctx;
	asked_free(nodes->ctx);
	nodes->ctx = NULL;
}
