/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/str.h"

#include <stdio.h>

/* Only the publisher's list is asked for. */
static enum err check_here(const struct settings *s, const char *name, struct fail *why)
{
	if (!s->publisher)
		return fail_set(why, ERR_NOTNOW,
			"this node is not the publisher: the list of nodes is kept there");
	if (name && str_ieq(name, s->node))
		return fail_set(why, ERR_ARG,
			"%s is this node: its name and address are settings; see: cadeado cluster "
			"init",
			name);
	return ERR_OK;
}

/* Name and address of a node follow the same rules wherever they are said. */
static enum err check_node(
	const struct settings *own, const char *name, const char *address, struct fail *why)
{
	struct settings s = *own;

	if (!str_copy(s.node, sizeof(s.node), name) ||
		!str_copy(s.address, sizeof(s.address), address))
		return fail_set(why, ERR_LIMIT, "name or address is too long");
	return cluster_check_settings(&s, why);
}

static struct json *node_json(const struct store_node *n, const struct settings *s)
{
	struct json *j = json_object_new();

	json_set_str(j, "name", n->name);
	json_set_str(j, "address", n->address);
	json_set_int(j, "port", n->port ? n->port : settings_port(s, s->ctl_provider_port));
	json_set_bool(j, "own", str_ieq(n->name, s->node));
	return j;
}

void handle_node_add(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *name = json_get_str(args, "name"), *address = json_get_str(args, "address");
	struct store_node n = {.port = json_get_int(args, "port", 0)};
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	const struct settings *s = c ? cluster_get_settings(c) : NULL;
	enum err err = c ? check_here(s, name, &why) : why.code;

	if (!err)
		err = check_node(s, name, address, &why);
	if (!err && (!str_copy(n.name, sizeof(n.name), name) ||
			    !str_copy(n.address, sizeof(n.address), address)))
		err = fail_set(&why, ERR_LIMIT, "name or address is too long");
	if (!err)
		err = store_node_put(cluster_get_store(c), &n, &why);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	json_set_take(reply->data, "node", node_json(&n, s));
	buf_printf(&reply->text,
		"%s at %s is a node of this cluster; phones' configurations name it from now on, "
		"and lists from their next publication on\n",
		n.name, n.address);
}

struct listing {
	struct command_reply *reply;
	const struct settings *settings;
	struct json *rows;
};

static enum err list_one(void *ctx, const struct store_node *n)
{
	struct listing *l = ctx;
	const struct settings *s = l->settings;

	json_append_take(l->rows, node_json(n, s));
	buf_printf(&l->reply->text, "%-24s %-24s %5d%s\n", n->name, n->address,
		n->port ? (int)n->port : settings_port(s, s->ctl_provider_port),
		!str_ieq(n->name, s->node) ? ""
		: s->publisher             ? "  this node, the publisher"
					   : "  this node");
	return ERR_OK;
}

void handle_node_list(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct listing l = {.reply = reply, .rows = json_array_new()};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	buf_printf(&reply->text, "%-24s %-24s %5s\n", "Node", "Address", "Port");
	if (c)
		l.settings = cluster_get_settings(c);
	if (!c || store_node_each(cluster_get_store(c), list_one, &l, &why) != ERR_OK)
		command_refuse(reply, &why);
	json_set_take(reply->data, "nodes", l.rows);
}

void handle_node_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *name = json_get_str(args, "name");
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	struct store_node n;
	enum err err = c ? check_here(cluster_get_settings(c), name, &why) : why.code;

	if (!err)
		err = store_node_get(cluster_get_store(c), name, &n, &why);
	if (!err)
		err = store_node_delete(cluster_get_store(c), name, &why);
	if (err) {
		command_refuse(reply, &why);
		return;
	}
	json_set_str(reply->data, "deleted", n.name);
	buf_printf(&reply->text, "%s is no node of this cluster any more; publish the CTL again\n",
		n.name);
}
