/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/ctl_session.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/known.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_SECONDS 15
#define PASSWORD_TRIES  3

enum ctl_exit ctl_exit_of(enum err err)
{
	switch (err) {
	case ERR_OK: return CTL_GOOD;
	case ERR_NOTFOUND:
	case ERR_CLOSED:
	case ERR_TIMEOUT:
	case ERR_PROTO:
	case ERR_IO: return CTL_UNREACHABLE;
	case ERR_DENIED:
	case ERR_LOCKED: return CTL_ACCOUNT;
	case ERR_TLS: return CTL_STRANGER;
	case ERR_TRUST:
	case ERR_VERIFY: return CTL_TRUST;
	case ERR_ARG: return CTL_USAGE;
	default: return CTL_REFUSED;
	}
}

enum ctl_exit ctl_session_fail(struct ctl_session *s, const struct fail *why)
{
	s->why = *why;
	return ctl_exit_of(why->code);
}

static enum ctl_exit usage(struct ctl_session *s, const char *text)
{
	fail_clear(&s->why);
	fail_set(&s->why, ERR_ARG, "%s", text);
	return CTL_USAGE;
}

/* The person's own file, unless --known names one. */
static char *known_path(const struct json *args)
{
	const char *given = json_get_str(args, "known"), *base = getenv("XDG_CONFIG_HOME"),
		   *home = getenv("HOME");

	if (given)
		return mem_strdup(given);
	if (base && *base == '/')
		return file_join(base, "cadeado/known_nodes");
	return file_join(home && *home == '/' ? home : ".", ".config/cadeado/known_nodes");
}

enum ctl_exit ctl_session_init(
	struct ctl_session *s, const struct cli *cli, const struct json *args)
{
	*s = (struct ctl_session){.args = args};
	dialogue_init(&s->d, cli->json, cli->yes);
	s->timeout_us = json_get_int(args, "timeout", TIMEOUT_SECONDS) * 1000000;
	s->report = json_object_new();
	s->known = known_path(args);
	if (s->report && s->known)
		return CTL_GOOD;
	fail_set(&s->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	return CTL_REFUSED;
}

void ctl_session_fini(struct ctl_session *s)
{
	for (size_t i = 0; i < s->cluster.count; i++)
		client_ctl_free(s->links[i].ctl);
	ctlclient_cluster_fini(&s->cluster);
	buf_wipe(&s->password);
	mem_free(s->known);
	json_free(s->report);
}

static bool was_given(
	const struct json *args, const uint8_t fingerprint[CLIENT_CTL_FINGERPRINT], bool *any)
{
	const struct json *list = json_get(args, "fingerprint");
	uint8_t one[CLIENT_CTL_FINGERPRINT];

	*any = json_count(list) > 0;
	for (size_t i = 0; i < json_count(list); i++)
		if (client_ctl_fingerprint_parse(json_str(json_at(list, i)), one) == ERR_OK &&
			memcmp(one, fingerprint, sizeof(one)) == 0)
			return true;
	return false;
}

/* That the file of known nodes cannot be used is no fault of the node. */
static enum err known_failed(enum err err, const struct fail *local, struct fail *why)
{
	return fail_set(why, err == ERR_NOMEM ? err : ERR_ARG,
		"known nodes: %.180s; --known names another file", local->text);
}

static enum err remember(struct ctl_session *s, const struct ctl_link *l, struct fail *why)
{
	struct fail local = {0};
	enum err err = client_known_add(s->known, l->host, l->port, l->face.fingerprint, &local);

	return err ? known_failed(err, &local, why) : ERR_OK;
}

/* Nobody knows this node yet. --yes is no answer to this question. */
static enum err introduce(struct ctl_session *s, struct ctl_link *l, struct fail *why)
{
	struct dialogue d = s->d;
	char text[CLIENT_CTL_FINGERPRINT_TEXT];
	bool any;

	client_ctl_fingerprint_print(l->face.fingerprint, text);
	if (was_given(s->args, l->face.fingerprint, &any))
		return remember(s, l, why);
	d.yes = false;
	if (d.asks && !any) {
		say(&d,
			"\n%s port %d is not known here yet. Its certificate has the SHA-256 "
			"fingerprint\n\n    %.48s\n    %s\n\n"
			"At the node's own console this prints the same:\n"
			"    cadeado show cert own CTLProvider\n",
			l->host, l->port, text, text + 48);
		if (dialogue_agrees(&d, "Is it the same?"))
			return remember(s, l, why);
		return fail_set(why, ERR_TLS, "%s port %d was not recognised; nothing was sent",
			l->host, l->port);
	}
	return fail_set(why, ERR_TLS,
		"%.40s port %d is %s; compare at its console (cadeado show cert own CTLProvider) "
		"and give --fingerprint %s",
		l->host, l->port, any ? "none of the --fingerprint given" : "not known here yet",
		text);
}

static bool is_own(const struct ctl_session *s, const uint8_t fingerprint[CLIENT_CTL_FINGERPRINT])
{
	for (size_t i = 0; i < s->own_count; i++)
		if (memcmp(s->own[i], fingerprint, CLIENT_CTL_FINGERPRINT) == 0)
			return true;
	return false;
}

/* First contact of this run: who is there? */
static enum err recognise(struct ctl_session *s, struct ctl_link *l, struct fail *why)
{
	const struct client_ctl_server server = {
		.host = l->host, .port = l->port, .timeout_us = s->timeout_us};
	uint8_t known[CLIENT_CTL_FINGERPRINT];
	char text[CLIENT_CTL_FINGERPRINT_TEXT];
	struct fail local = {0};
	size_t line = 0;
	enum err err = client_ctl_probe(&server, &l->face, why);

	if (err)
		return err;
	if (s->own_count && l == &s->links[0]) {
		l->recognised = is_own(s, l->face.fingerprint);
		return l->recognised
			       ? ERR_OK
			       : fail_set(why, ERR_TLS,
					 "%.40s port %d does not show this node's CTLProvider "
					 "certificate: another node has its address, or its CTL "
					 "Provider must be restarted",
					 l->host, l->port);
	}
	err = client_known_find(s->known, l->host, l->port, known, &line, &local);
	if (err == ERR_NOTFOUND)
		err = introduce(s, l, why);
	else if (err)
		err = known_failed(err, &local, why);
	else if (memcmp(known, l->face.fingerprint, sizeof(known)) != 0) {
		client_ctl_fingerprint_print(l->face.fingerprint, text);
		err = fail_set(why, ERR_TLS,
			"%.32s port %d shows another certificate than before: somebody may be in "
			"between. If it was renewed, compare %.23s… at its console and remove line "
			"%zu of %.80s",
			l->host, l->port, text, line, s->known);
	}
	l->recognised = !err;
	return err;
}

static enum err link_open(struct ctl_session *s, struct ctl_link *l, struct fail *why)
{
	const struct client_ctl_server server = {
		.host = l->host, .port = l->port, .timeout_us = s->timeout_us};
	enum err err = l->recognised ? ERR_OK : recognise(s, l, why);

	if (!err && !l->ctl)
		err = client_ctl_new(
			&l->ctl, &server, &l->face, s->user, (const char *)s->password.data, why);
	return err;
}

/* The CTL that the node spoke of. */
static enum err fetch_list(struct ctl_link *l, struct ctlclient_node *n, struct fail *why)
{
	uint8_t hash[DIGEST_MAX];
	enum err err;

	if (!n->has_ctl)
		return ERR_OK;
	err = client_ctl_list(l->ctl, &n->list, why);
	if (!err && (digest_one(DIGEST_SHA256, buf_span(&n->list), hash) != sizeof(n->ctl) ||
			    memcmp(hash, n->ctl, sizeof(n->ctl)) != 0))
		err = fail_set(why, ERR_BUSY,
			"the CTL changed while it was read: somebody publishes; try again");
	return err;
}

static enum err ask_node(struct ctl_session *s, size_t i, struct json **answer, struct fail *why)
{
	struct ctl_link *l = &s->links[i];
	struct fail local = {0};
	enum err err = link_open(s, l, &local);

	*answer = NULL;
	if (!err)
		err = client_ctl_node(l->ctl, answer, &local);
	if (!err)
		err = ctlclient_node_read(
			&s->cluster.nodes[i], *answer, clock_seconds(clock_system()), &local);
	if (!err)
		err = fetch_list(l, &s->cluster.nodes[i], &local);
	if (err) {
		local.code = err;
		ctlclient_node_missed(&s->cluster.nodes[i], &local);
		fail_set(why, err, "%s", local.text);
	}
	return err;
}

/* Where the further nodes are, as the publisher knows them. */
static void link_peers(struct ctl_session *s)
{
	for (size_t i = 1; i < s->cluster.count; i++) {
		(void)str_copy(
			s->links[i].host, sizeof(s->links[i].host), s->cluster.nodes[i].address);
		s->links[i].port = s->cluster.nodes[i].port;
	}
}

static void ask_peers(struct ctl_session *s)
{
	for (size_t i = 1; i < s->cluster.count; i++) {
		struct json *answer;
		struct fail why = {0};

		say(&s->d, "Asking %s, %s port %d ... ", s->cluster.nodes[i].name, s->links[i].host,
			s->links[i].port);
		if (ask_node(s, i, &answer, &why))
			say_wrapped(&s->d, 4, "\n    ", why.text);
		else
			say(&s->d, "answered\n");
		json_free(answer);
	}
}

static enum ctl_exit ask_where(
	struct ctl_session *s, const char *server, int port, char host[DIALOGUE_LINE], long *number)
{
	const char *given = json_get_str(s->args, "server");
	char digits[DIALOGUE_LINE], suggestion[16];

	*number = json_get_int(s->args, "port", 0);
	if (given && strlen(given) >= DIALOGUE_LINE)
		return usage(s, "--server is too long");
	if (given) {
		(void)str_copy(host, DIALOGUE_LINE, given);
		*number = *number ? *number : port;
		return CTL_GOOD;
	}
	if (!s->d.asks && server) {
		(void)str_copy(host, DIALOGUE_LINE, server);
		*number = *number ? *number : port;
		return CTL_GOOD;
	}
	do
		if (dialogue_ask(&s->d, "Server: host name or address of the publisher", server,
			    NULL, NULL, host) != DIALOGUE_LINE_READ)
			return usage(s, "which server? Give --server HOST");
	while (!host[0]);
	snprintf(suggestion, sizeof(suggestion), "%d", port);
	while (!*number)
		if (dialogue_ask(&s->d, "Port", suggestion, NULL, NULL, digits) !=
			DIALOGUE_LINE_READ)
			return usage(s, "which port? Give --port N");
		else if (str_number(digits, 1, 65535, number) != ERR_OK)
			say(&s->d, "A port is a number from 1 to 65535.\n");
	return CTL_GOOD;
}

static enum ctl_exit ask_account(struct ctl_session *s)
{
	const char *given = json_get_str(s->args, "user");
	struct fail why = {0};

	if (given && !str_copy(s->user, sizeof(s->user), given))
		return usage(s, "--user is too long");
	while (!s->user[0])
		if (dialogue_ask(&s->d, "User name", NULL, NULL, NULL, s->user) !=
			DIALOGUE_LINE_READ)
			return usage(s, "whose account? Give --user NAME");
	buf_wipe(&s->password);
	if (dialogue_secret(&s->d, s->args, "password-file", "Password: ", &s->password, &why)) {
		(void)ctl_session_fail(s, &why);
		return CTL_USAGE;
	}
	return CTL_GOOD;
}

static enum ctl_exit ask_first(struct ctl_session *s)
{
	bool typed = command_secret_typed(s->args, "password-file");
	struct json *answer = NULL;
	enum ctl_exit exit = CTL_GOOD;
	struct fail why = {0};
	enum err err = ERR_DENIED;

	for (int tries = 0; err == ERR_DENIED && tries < PASSWORD_TRIES; tries++) {
		fail_clear(&why);
		exit = ask_account(s);
		if (exit)
			return exit;
		client_ctl_free(s->links[0].ctl);
		s->links[0].ctl = NULL;
		json_free(answer);
		err = ask_node(s, 0, &answer, &why);
		if (err != ERR_DENIED || !s->d.asks || !typed)
			break;
		say(&s->d, "%s\n", why.text);
	}
	if (!err)
		err = ctlclient_peers_read(&s->cluster, answer, &why);
	json_free(answer);
	return err ? ctl_session_fail(s, &why) : CTL_GOOD;
}

enum ctl_exit ctl_session_open(struct ctl_session *s, const char *server, int port)
{
	char host[DIALOGUE_LINE];
	long number;
	enum ctl_exit exit = ask_where(s, server, port, host, &number);

	return exit ? exit : ctl_session_open_at(s, host, (int)number);
}

enum ctl_exit ctl_session_open_at(struct ctl_session *s, const char *host, int port)
{
	struct fail why = {0};
	enum ctl_exit exit;

	if (ctlclient_node_add(&s->cluster, host, host, port, NULL)) {
		fail_set(&s->why, ERR_ARG, "\"%.64s\" is no host name or address", host);
		return CTL_USAGE;
	}
	(void)str_copy(s->links[0].host, sizeof(s->links[0].host), host);
	s->links[0].port = port;
	if (recognise(s, &s->links[0], &why))
		return ctl_session_fail(s, &why);
	exit = ask_first(s);
	if (exit)
		return exit;
	link_peers(s);
	ask_peers(s);
	return CTL_GOOD;
}

enum ctl_exit ctl_session_refresh(struct ctl_session *s)
{
	for (size_t i = 0; i < s->cluster.count; i++) {
		struct json *answer;
		struct fail why = {0};
		enum err err = ask_node(s, i, &answer, &why);

		json_free(answer);
		if (err && i == 0)
			return ctl_session_fail(s, &why);
	}
	return CTL_GOOD;
}

void ctl_session_report_nodes(struct ctl_session *s)
{
	struct json *nodes = json_array_new();

	/* As they were when it was decided what to do. */
	if (json_get(s->report, "nodes")) {
		json_free(nodes);
		return;
	}
	for (size_t i = 0; i < s->cluster.count; i++) {
		const struct ctlclient_node *n = &s->cluster.nodes[i];
		struct json *o = json_object_new(), *services = json_array_new();
		char text[CLIENT_CTL_FINGERPRINT_TEXT];

		json_set_str(o, "node", n->name);
		json_set_str(o, "address", n->address);
		json_set_int(o, "port", n->port);
		json_set_bool(o, "reached", !n->reached);
		if (s->links[i].recognised) {
			client_ctl_fingerprint_print(s->links[i].face.fingerprint, text);
			json_set_str(o, "fingerprint", text);
		}
		if (n->reached) {
			json_set_str(o, "reason", n->why.text);
		} else {
			json_set_str(o, "mode", n->mode ? "mixed" : "non-secure");
			json_set_bool(o, "publisher", n->publisher);
			json_set_int(o, "clockDifference", n->time - n->asked);
			for (int k = 0; k < SERVICE_COUNT; k++)
				if (n->activated[k])
					json_append_take(services, json_string_new(service_title(
									   (enum node_service)k)));
			json_set_take(o, "activated", services);
			services = NULL;
			if (n->has_ctl) {
				struct buf hex = {0};

				str_hex(&hex, span_of(n->ctl, sizeof(n->ctl)), STR_LOWER);
				json_set_take(o, "ctl", json_span_new(buf_span(&hex)));
				buf_fini(&hex);
			}
			if (n->staged[0])
				json_set_str(o, "staged", n->staged);
			if (n->last[0])
				json_set_str(o, "last", n->last);
		}
		json_free(services);
		json_append_take(nodes, o);
	}
	json_set_take(s->report, "nodes", nodes);
}

int ctl_session_end(struct ctl_session *s, enum ctl_exit exit)
{
	struct buf text = {0};

	json_set_int(s->report, "exit", exit);
	if (exit && s->why.text[0]) {
		json_set_str(s->report, "error", err_name(s->why.code));
		json_set_str(s->report, "reason", s->why.text);
		fprintf(stderr, "cadeado: %s\n", s->why.text);
	}
	if (s->d.mute && json_write(&text, s->report, true) == ERR_OK)
		fwrite(text.data, 1, text.len, stdout);
	fflush(stdout);
	buf_fini(&text);
	return exit;
}

/* --- publishing --- */

static enum err op_stage(void *ctx, size_t i, struct fail *why)
{
	const struct ctl_delivery *d = ctx;
	const struct ctlclient_node *n = &d->session->cluster.nodes[i];

	return client_ctl_stage(
		d->session->links[i].ctl, d->id, d->list, n->has_ctl ? n->ctl : NULL, why);
}

static enum err op_activate(void *ctx, size_t i, struct fail *why)
{
	const struct ctl_delivery *d = ctx;

	return client_ctl_activate(d->session->links[i].ctl, d->id, why);
}

static enum err op_abort(void *ctx, size_t i, struct fail *why)
{
	const struct ctl_delivery *d = ctx;

	return client_ctl_abort(d->session->links[i].ctl, d->id, why);
}

static enum err op_look(
	void *ctx, size_t i, char staged[STAGE_ID], char last[STAGE_ID], struct fail *why)
{
	const struct ctl_delivery *d = ctx;
	struct json *answer = NULL;
	const char *text;
	enum err err = client_ctl_node(d->session->links[i].ctl, &answer, why);

	if (!err && (text = json_get_str(json_get(answer, "staged"), "id")))
		(void)str_copy(staged, STAGE_ID, text);
	if (!err && (text = json_get_str(answer, "last")))
		(void)str_copy(last, STAGE_ID, text);
	json_free(answer);
	return err;
}

static void op_told(
	void *ctx, size_t i, enum publish_phase phase, enum err err, const struct fail *why)
{
	static const char *const done[] = {"has staged the new CTL", NULL, NULL,
		"has activated the new CTL", "has forgotten what was staged"};
	const struct ctl_delivery *d = ctx;
	char first[CTLCLIENT_NAME + 16];

	snprintf(first, sizeof(first), "  %-16s ", d->session->cluster.nodes[i].name);
	if (err)
		say_wrapped(&d->session->d, 19, first, why->text);
	else if (done[phase])
		say(&d->session->d, "%s%s\n", first, done[phase]);
}

struct publish_ops ctl_delivery_ops(struct ctl_delivery *d)
{
	return (struct publish_ops){.ctx = d,
		.stage = op_stage,
		.activate = op_activate,
		.abort = op_abort,
		.look = op_look,
		.unsure = client_ctl_unsure,
		.told = op_told};
}
