/* SPDX-License-Identifier: BSD-2-Clause
 * cadeado utils ctl status: who has which CTL, and what to do about a publication that was
 * interrupted. */
#include "base/mem.h"
#include "base/str.h"
#include "cli/ctl_session.h"

#include <inttypes.h>
#include <stdio.h>

/* The first bytes are enough for people to compare. */
static void show_node(const struct ctl_session *s, const struct ctlclient_node *n)
{
	struct buf hex = {0};
	struct tlv_list list;
	char date[CLOCK_DATE_MAX] = "";

	if (n->reached) {
		char first[CTLCLIENT_NAME + 8];

		snprintf(first, sizeof(first), "  %-16s ", n->name);
		say_wrapped(&s->d, 19, first, n->why.text);
		return;
	}
	str_hex(&hex, span_of(n->ctl, 8), STR_LOWER);
	buf_u8(&hex, 0);
	if (n->has_ctl && !tlv_parse(&list, buf_span(&n->list), NULL) && list.header.has_timestamp)
		clock_print_iso(date, list.header.timestamp);
	if (n->has_ctl)
		say(&s->d, "  %-16s %-11s CTL %s, %s\n", n->name, n->mode ? "mixed" : "non-secure",
			buf_check(&hex) ? "?" : (const char *)hex.data,
			date[0] ? date : "without date");
	else
		say(&s->d, "  %-16s %-11s no CTL\n", n->name, n->mode ? "mixed" : "non-secure");
	if (n->staged[0])
		say(&s->d, "  %-16s %-11s staged by %s %" PRId64 " seconds ago: %.8s\n", "", "",
			n->staged_by, n->time - n->staged_at, n->staged);
	buf_fini(&hex);
}

static const char *remedy_word(enum publish_remedy remedy)
{
	switch (remedy) {
	case PUBLISH_ALL_WELL: return "none";
	case PUBLISH_FINISH: return "finish";
	case PUBLISH_ROLL_BACK: return "roll back";
	case PUBLISH_CANNOT_TELL: return "wait";
	default: return "update";
	}
}

static enum ctl_exit refuse(
	struct ctl_session *s, enum ctl_exit exit, enum err err, const char *text)
{
	fail_clear(&s->why);
	fail_set(&s->why, err, "%s", text);
	return exit;
}

static enum ctl_exit mend(struct ctl_session *s, enum publish_remedy remedy, const char *id)
{
	bool finish = remedy == PUBLISH_FINISH;
	struct ctl_delivery delivery = {.session = s, .id = id};
	struct publish_ops ops = ctl_delivery_ops(&delivery);
	struct publish_node nodes[CTLCLIENT_NODES_MAX];
	struct json *answers;
	bool good;

	say(&s->d, "\n");
	say_wrapped(&s->d, 0, "",
		finish ? "A publication was interrupted: some nodes have activated the new CTL, "
			 "others have it staged. It can be finished."
		       : "A publication was interrupted before any node activated the new CTL. It "
			 "can be rolled back: then nothing has changed anywhere.");
	if (!s->d.asks && !s->d.yes)
		return refuse(s, CTL_PARTLY, ERR_NOTNOW,
			finish ? "a publication waits to be finished; add --yes"
			       : "a publication waits to be rolled back; add --yes");
	if (!dialogue_agrees(&s->d, finish ? "Finish it?" : "Roll it back?"))
		return refuse(s, CTL_PARTLY, ERR_NOTNOW, "nothing was changed");
	good = publish_mend(&s->cluster, remedy, id, &ops, nodes);
	answers = json_array_new();
	for (size_t i = 0; i < s->cluster.count; i++) {
		struct json *o = json_object_new();

		json_set_str(o, "node", s->cluster.nodes[i].name);
		json_set_str(o, "ctl", publish_standing_word(nodes[i].standing));
		if (nodes[i].err)
			json_set_str(o, "reason", nodes[i].why.text);
		json_append_take(answers, o);
	}
	json_set_take(s->report, "answers", answers);
	if (!good)
		return refuse(s, CTL_PARTLY, ERR_NOTNOW,
			"not every node could do it; run this again when they are back");
	(void)ctl_session_refresh(s);
	return CTL_GOOD;
}

static void show_nodes(const struct ctl_session *s)
{
	say_heading(&s->d, "Which CTL the nodes have");
	for (size_t i = 0; i < s->cluster.count; i++)
		show_node(s, &s->cluster.nodes[i]);
}

void ctl_session_settle(struct ctl_session *s)
{
	char id[STAGE_ID];
	enum publish_remedy remedy = publish_examine(&s->cluster, id);

	if (!s->d.asks || s->d.yes || (remedy != PUBLISH_FINISH && remedy != PUBLISH_ROLL_BACK))
		return;
	show_nodes(s);
	if (mend(s, remedy, id))
		say_wrapped(&s->d, 0, "", s->why.text);
	fail_clear(&s->why);
}

static enum ctl_exit examine(struct ctl_session *s, bool again)
{
	char id[STAGE_ID];
	enum publish_remedy remedy = publish_examine(&s->cluster, id);
	enum ctl_exit exit;
	struct fail missing = {0};

	show_nodes(s);
	for (size_t i = 0; i < s->cluster.count; i++) {
		const struct ctlclient_node *n = &s->cluster.nodes[i];

		if (n->reached)
			fail_set(&missing, n->reached, "%.40s: %.200s", n->name, n->why.text);
	}
	if (!again)
		json_set_str(s->report, "remedy", remedy_word(remedy));
	switch (remedy) {
	case PUBLISH_ALL_WELL:
		if (missing.code)
			return ctl_session_fail(s, &missing);
		say(&s->d, "\nAll nodes have the same, and nothing waits.\n");
		return CTL_GOOD;
	case PUBLISH_CANNOT_TELL:
		return refuse(s, CTL_PARTLY, ERR_NOTNOW,
			"a publication waits, and a node that may have activated it does not "
			"answer; bring it back and run this again");
	case PUBLISH_AGAIN:
		return refuse(s, CTL_PARTLY, ERR_NOTNOW,
			"the nodes have different CTLs and nothing waits to be activated; run the "
			"CTL client's Update CTL File");
	default: break;
	}
	if (again)
		return refuse(
			s, CTL_PARTLY, ERR_NOTNOW, "another publication waits; run this again");
	exit = mend(s, remedy, id);
	return exit ? exit : examine(s, true);
}

/* This node itself, when the state folder is one. */
static void suggest(const struct cli *cli, char host[STORE_NAME], int *port)
{
	struct cluster *c = NULL;
	const struct settings *set;

	host[0] = 0;
	*port = CLIENT_CTL_PORT;
	if (cluster_open(&c, cli->state, clock_system(), NULL))
		return;
	set = cluster_get_settings(c);
	(void)str_copy(host, STORE_NAME, set->address);
	*port = settings_port(set, set->ctl_provider_port);
	cluster_close(c);
}

int ctl_status_run(const struct cli *cli, const struct json *args)
{
	struct ctl_session *s = mem_new(sizeof(*s));
	char host[STORE_NAME] = "";
	enum ctl_exit exit;
	int port = CLIENT_CTL_PORT, status;

	if (!s) {
		fputs("cadeado: out of memory\n", stderr);
		return CTL_REFUSED;
	}
	exit = ctl_session_init(s, cli, args);
	if (!exit && !json_get(args, "server"))
		suggest(cli, host, &port);
	if (!exit)
		exit = ctl_session_open(s, host[0] ? host : NULL, port);
	if (!exit)
		exit = examine(s, false);
	ctl_session_report_nodes(s);
	status = ctl_session_end(s, exit);
	ctl_session_fini(s);
	mem_free(s);
	return status;
}
