/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/ctlclient/node.h"

#include "base/mem.h"
#include "base/str.h"

#define BACKUP_TIME_MAX INT64_C(253402300799) /* the end of 9999, the last that can be printed */
#define UNSAVED_MAX     100000

static const char *const cert_names[CTLCLIENT_CERTS] = {
	[CTLCLIENT_CALLMANAGER] = "CallManager",
	[CTLCLIENT_CAPF] = "CAPF",
	[CTLCLIENT_TVS] = "TVS",
	[CTLCLIENT_ITLRECOVERY] = "ITLRecovery",
};

const char *ctlclient_cert_name(enum ctlclient_cert which)
{
	return which < CTLCLIENT_CERTS ? cert_names[which] : "";
}

static void node_clear(struct ctlclient_node *n)
{
	for (size_t i = 0; i < CTLCLIENT_CERTS; i++)
		cert_free(n->certs[i]);
	buf_fini(&n->list);
}

/* What only an answer tells. */
static void node_forget(struct ctlclient_node *n)
{
	struct ctlclient_node fresh = {.port = n->port, .named = n->named, .reached = ERR_NOTNOW};

	memcpy(fresh.name, n->name, sizeof(fresh.name));
	memcpy(fresh.address, n->address, sizeof(fresh.address));
	node_clear(n);
	*n = fresh;
}

void ctlclient_cluster_fini(struct ctlclient_cluster *c)
{
	for (size_t i = 0; i < c->count; i++)
		node_clear(&c->nodes[i]);
	mem_free(c->nodes);
	*c = (struct ctlclient_cluster){0};
}

/* Names are shown, become names in lists and lead to connections. */
static bool good_name(const char *text)
{
	size_t len = text ? strlen(text) : 0;

	return len && len < CTLCLIENT_NAME &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:") ==
		       len;
}

enum err ctlclient_node_add(struct ctlclient_cluster *c, const char *name, const char *address,
	int port, struct fail *why)
{
	struct ctlclient_node *more;

	if (!good_name(name) || !good_name(address) || port < 1 || port > 65535)
		return fail_set(why, ERR_PROTO, "a node's name, address or port cannot be one");
	for (size_t i = 0; i < c->count; i++)
		if (str_ieq(c->nodes[i].name, name) ||
			(str_ieq(c->nodes[i].address, address) && c->nodes[i].port == port))
			return ERR_OK;
	if (c->count == CTLCLIENT_NODES_MAX)
		return fail_set(why, ERR_LIMIT, "more than %u nodes", CTLCLIENT_NODES_MAX);
	more = mem_resize(c->nodes, (c->count + 1) * sizeof(*more));
	if (!more)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	c->nodes = more;
	more += c->count++;
	*more = (struct ctlclient_node){.port = port, .reached = ERR_NOTNOW};
	(void)str_copy(more->name, sizeof(more->name), name);
	(void)str_copy(more->address, sizeof(more->address), address);
	return ERR_OK;
}

static enum err wrong(struct fail *why, const char *what)
{
	return fail_set(why, ERR_PROTO, "the node's answer makes no sense: %s", what);
}

static bool is_id(const char *text)
{
	return text && strlen(text) == STAGE_ID - 1 &&
	       strspn(text, "0123456789abcdef") == STAGE_ID - 1;
}

static enum err read_ctl(struct ctlclient_node *n, const struct json *answer, struct fail *why)
{
	const struct json *ctl = json_get(answer, "ctl"), *staged = json_get(answer, "staged");
	const char *hash = json_get_str(ctl, "sha256"), *id = json_get_str(staged, "id"),
		   *last = json_get_str(answer, "last"), *by = json_get_str(staged, "by");
	struct buf bytes = {0};
	enum err err = ERR_OK;

	n->ever = json_get_bool(answer, "ever");
	if (hash) {
		err = str_unhex(&bytes, hash);
		if (!err && bytes.len == sizeof(n->ctl))
			memcpy(n->ctl, bytes.data, sizeof(n->ctl));
		else
			err = wrong(why, "ctl.sha256");
		n->has_ctl = true;
		n->ever = true;
	}
	buf_fini(&bytes);
	if (!err && id) {
		if (!is_id(id))
			return wrong(why, "staged.id");
		(void)str_copy(n->staged, sizeof(n->staged), id);
		(void)str_copy(n->staged_by, sizeof(n->staged_by), good_name(by) ? by : "?");
		n->staged_at = json_get_int(staged, "at", 0);
	}
	if (!err && last && *last) {
		if (!is_id(last))
			return wrong(why, "last");
		(void)str_copy(n->last, sizeof(n->last), last);
	}
	return err;
}

static enum err read_certs(struct ctlclient_node *n, const struct json *list, struct fail *why)
{
	struct fail reason = {0};
	enum err err = ERR_OK;

	for (size_t i = 0; i < json_count(list) && !err; i++) {
		const char *name = json_get_str(json_at(list, i), "name"),
			   *pem = json_get_str(json_at(list, i), "pem");

		for (size_t k = 0; name && k < CTLCLIENT_CERTS && !err; k++) {
			if (strcmp(name, cert_names[k]) != 0 || n->certs[k])
				continue;
			err = pem ? cert_from_pem(&n->certs[k], span_str(pem), &reason)
				  : ERR_FORMAT;
			if (err == ERR_NOMEM)
				fail_set(why, err, "%s", err_text(err));
			else if (err)
				err = fail_set(why, ERR_PROTO,
					"its %s certificate cannot be read: %.120s", name,
					reason.text[0] ? reason.text : "it is not there");
		}
	}
	return err;
}

static void read_services(struct ctlclient_node *n, const struct json *list)
{
	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *one = json_at(list, i);
		const char *name = json_get_str(one, "name");
		enum node_service s;

		if (!name || !service_find(name, &s))
			continue;
		n->activated[s] = json_get_bool(one, "activated");
		n->started[s] = json_get_bool(one, "started");
	}
}

/* Only a warning hangs on it: what makes no sense counts as not said. */
static void read_backup(struct ctlclient_node *n, const struct json *backup)
{
	int64_t unsaved = json_get_int(backup, "unsaved", 0);

	n->backup = json_get_int(backup, "newest", 0);
	if (n->backup < 0 || n->backup > BACKUP_TIME_MAX)
		n->backup = 0;
	n->unsaved = unsaved > 0 && unsaved <= UNSAVED_MAX ? (int)unsaved : 0;
}

static enum err read_node(
	struct ctlclient_node *n, const struct json *answer, int64_t now, struct fail *why)
{
	const char *name = json_get_str(answer, "node"), *address = json_get_str(answer, "address"),
		   *version = json_get_str(answer, "version");

	if (!good_name(name))
		return wrong(why, "node");
	if (!good_name(address))
		return wrong(why, "address");
	if (n->named && !str_ieq(n->name, name))
		return fail_set(why, ERR_PROTO,
			"the publisher calls this node %s, but it calls itself %s; mend the list of "
			"nodes: cadeado cluster node list",
			n->name, name);
	(void)str_copy(n->name, sizeof(n->name), name);
	(void)str_copy(n->address, sizeof(n->address), address);
	(void)str_copy(n->version, sizeof(n->version), good_name(version) ? version : "");
	n->asked = now;
	n->time = json_get_int(answer, "time", -1);
	if (n->time < 0)
		return wrong(why, "time");
	n->mode = json_get_int(answer, "mode", 0) == 1;
	n->publisher = json_get_bool(answer, "publisher");
	n->auto_registration = json_get_bool(answer, "autoRegistration");
	n->tvs_port = (int)json_get_int(answer, "tvsPort", 0);
	if (n->tvs_port < 0 || n->tvs_port > 65535)
		return wrong(why, "tvsPort");
	read_services(n, json_get(answer, "services"));
	read_backup(n, json_get(answer, "backup"));
	return ERR_OK;
}

enum err ctlclient_node_read(
	struct ctlclient_node *n, const struct json *answer, int64_t now, struct fail *why)
{
	struct fail reason = {0};
	enum err err;

	node_forget(n);
	err = read_node(n, answer, now, &reason);
	if (!err)
		err = read_certs(n, json_get(answer, "certificates"), &reason);
	if (!err)
		err = read_ctl(n, answer, &reason);
	if (err) {
		ctlclient_node_missed(n, &reason);
		return fail_set(why, err, "%s", reason.text);
	}
	n->reached = ERR_OK;
	return ERR_OK;
}

void ctlclient_node_missed(struct ctlclient_node *n, const struct fail *why)
{
	node_forget(n);
	n->why = *why;
	n->reached = why->code ? why->code : ERR_CLOSED;
}

enum err ctlclient_peers_read(
	struct ctlclient_cluster *c, const struct json *answer, struct fail *why)
{
	const struct json *list = json_get(answer, "nodes");
	enum err err = ERR_OK;

	if (!json_get_bool(answer, "publisher"))
		return fail_set(why, ERR_NOTNOW,
			"this node is not the publisher, and only the publisher knows all nodes: "
			"name that one");
	for (size_t i = 0; i < json_count(list) && !err; i++) {
		const struct json *one = json_at(list, i);
		size_t before = c->count;

		err = ctlclient_node_add(c, json_get_str(one, "name"), json_get_str(one, "address"),
			(int)json_get_int(one, "port", 2444), why);
		if (c->count > before)
			c->nodes[before].named = true;
	}
	return err;
}

const struct ctlclient_node *ctlclient_publisher(const struct ctlclient_cluster *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->nodes[i].reached && c->nodes[i].publisher)
			return &c->nodes[i];
	return NULL;
}
