/* SPDX-License-Identifier: BSD-2-Clause
 * What is looked at before a list is signed, and how it comes to every node or to none. */
#include "base/str.h"
#include "cli/ctl_session.h"
#include "client/tvs.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define VOUCH_TRIES 40
#define VOUCH_PAUSE 500 /* milliseconds between two tries */

struct telling {
	struct ctl_session *s;
	struct json *findings;
	size_t count;
	enum ctl_exit worst;
	struct fail first; /* fault */
};

/* Of several faults the one that has to be dealt with first. */
static enum ctl_exit exit_of_fault(const struct ctlclient_finding *f)
{
	if (f->node && f->node->reached)
		return ctl_exit_of(f->node->reached);
	return CTL_REFUSED;
}

void ctl_session_say_finding(const struct ctl_session *s, const struct ctlclient_finding *f)
{
	char first[CTLCLIENT_NAME + 16];

	snprintf(first, sizeof(first), "  %-8s %s: ", list_severity_name(f->severity),
		f->node ? f->node->name : "cluster");
	say_wrapped(&s->d, 11, first, f->text);
}

static void tell(void *ctx, const struct ctlclient_finding *f)
{
	struct telling *t = ctx;
	struct json *o = json_object_new();

	ctl_session_say_finding(t->s, f);
	t->count++;
	json_set_str(o, "severity", list_severity_name(f->severity));
	json_set_str(o, "code", f->code);
	if (f->node)
		json_set_str(o, "node", f->node->name);
	json_set_str(o, "text", f->text);
	json_append_take(t->findings, o);
	if (f->severity != LIST_FAULT || t->worst)
		return;
	t->worst = exit_of_fault(f);
	fail_set(&t->first, f->node && f->node->reached ? f->node->reached : ERR_NOTNOW, "%s%s%s",
		f->node ? f->node->name : "", f->node ? ": " : "", f->text);
}

enum ctl_exit ctl_session_check(struct ctl_session *s, enum ctlclient_choice choice)
{
	struct telling t = {.s = s, .findings = json_array_new()};

	ctlclient_check(&s->cluster, choice, clock_seconds(clock_system()), tell, &t);
	json_set_take(s->report, "findings", t.findings);
	if (!t.worst)
		ctl_session_report_nodes(s);
	if (!t.count)
		say(&s->d, "  Nothing was found.\n");
	if (t.worst)
		s->why = t.first;
	return t.worst;
}

static bool says_sast(const struct client_tvs_answer *a)
{
	bool sast = false;

	for (size_t i = 0; a->valid && i < a->role_count; i++)
		sast = sast || a->roles[i] == TLV_ROLE_SAST;
	return sast;
}

static enum err ask_tvs(
	struct ctl_session *s, size_t i, struct span token, bool *vouches, struct fail *why)
{
	const struct ctlclient_node *n = &s->cluster.nodes[i];
	struct client_tvs_answer answer = {0};
	struct fail local = {0};
	enum err err = client_tvs_verify(s->links[i].face.address, n->tvs_port, s->timeout_us,
		cert_der(n->certs[CTLCLIENT_TVS]), token, &answer, &local);

	if (err == ERR_TRUST)
		err = fail_set(why, ERR_NOTNOW,
			"its TVS still works with an older certificate; restart TFTP and then TVS "
			"there first");
	else if (err)
		fail_set(why, err, "its TVS: %s", local.text);
	*vouches = !err && says_sast(&answer);
	return err;
}

/* Whether a list names this certificate as a SAST. */
static bool held(const struct buf *list, struct span cert)
{
	struct tlv_list parsed;
	struct tlv_record r;
	struct tlv_iter it;

	if (!list->len || tlv_parse(&parsed, buf_span(list), NULL))
		return false;
	tlv_iter_init(&it, &parsed);
	while (tlv_iter_next(&it, &r))
		if (r.role == TLV_ROLE_SAST && span_eq(r.certificate, cert))
			return true;
	return false;
}

/* --- Ctrl-C, which before the first activation means: everything back --- */

static volatile sig_atomic_t interrupted;

static void note_signal(int signal)
{
	interrupted = signal;
}

/* A reader of what is said that goes away (SIGPIPE) does not stop it half-way either. */
static const int held_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
#define HELD_SIGNALS (sizeof(held_signals) / sizeof(held_signals[0]))

static void hold_signals(struct sigaction was[HELD_SIGNALS])
{
	interrupted = 0;
	for (size_t i = 0; i < HELD_SIGNALS; i++) {
		struct sigaction note = {
			.sa_handler = held_signals[i] == SIGPIPE ? SIG_IGN : note_signal};

		(void)sigaction(held_signals[i], &note, &was[i]);
	}
}

static void give_signals_back(const struct sigaction was[HELD_SIGNALS])
{
	for (size_t i = 0; i < HELD_SIGNALS; i++)
		(void)sigaction(held_signals[i], &was[i], NULL);
}

static enum err go_on(const struct ctl_delivery *d, struct fail *why)
{
	return interrupted && !d->activating
		       ? fail_set(why, ERR_NOTNOW, "it was not asked any more: interrupted")
		       : ERR_OK;
}

static enum err stage_unless_left(void *ctx, size_t i, struct fail *why)
{
	const struct ctl_delivery *d = ctx;
	enum err err = go_on(d, why);

	return err ? err : d->ops->stage(ctx, i, why);
}

static enum err look_unless_left(
	void *ctx, size_t i, char staged[STAGE_ID], char last[STAGE_ID], struct fail *why)
{
	const struct ctl_delivery *d = ctx;
	enum err err = go_on(d, why);

	return err ? err : d->ops->look(ctx, i, staged, last, why);
}

static enum err activate_to_the_end(void *ctx, size_t i, struct fail *why)
{
	struct ctl_delivery *d = ctx;

	d->activating = true;
	return d->ops->activate(ctx, i, why);
}

/* --- TVS --- */

static enum err await_vouching(
	const struct ctl_delivery *d, size_t i, struct span token, struct fail *why)
{
	const struct timespec pause = {.tv_nsec = VOUCH_PAUSE * 1000000l};
	struct cert *cert = NULL;
	bool vouches = false;
	enum err err = ERR_OK;

	for (int tries = 0; !vouches && !err && tries < VOUCH_TRIES; tries++) {
		err = go_on(d, why);
		if (!err)
			err = ask_tvs(d->session, i, token, &vouches, why);
		if (!err && !vouches)
			(void)nanosleep(&pause, NULL);
	}
	if (!err && !vouches) {
		err = cert_from_der(&cert, token, why);
		if (!err)
			err = fail_set(why, ERR_NOTNOW,
				"its TVS does not vouch for the token %s; restart it there: cadeado "
				"utils service restart tvs",
				cert_common_name(cert));
		cert_free(cert);
	}
	return err;
}

/* Phones that hold an ITL and no CTL ask TVS whether a token may sign lists; the node has put the
 * new tokens into its Phone-SAST-trust when it staged. */
static enum err op_vouch(void *ctx, size_t i, struct fail *why)
{
	const struct ctl_delivery *d = ctx;
	const struct ctlclient_node *n = &d->session->cluster.nodes[i];
	struct tlv_list list;
	struct tlv_record r;
	struct tlv_iter it;
	bool asked = false;
	enum err err;

	if (!n->tvs_port || !n->started[SERVICE_TVS] || !n->certs[CTLCLIENT_TVS])
		return ERR_OK; /* the checks have warned */
	err = tlv_parse(&list, d->list, why);
	if (err)
		return err;
	tlv_iter_init(&it, &list);
	while (!err && tlv_iter_next(&it, &r)) {
		if (r.role != TLV_ROLE_SAST || held(&n->list, r.certificate))
			continue;
		asked = true;
		err = await_vouching(d, i, r.certificate, why);
	}
	if (!err && asked)
		say(&d->session->d, "  %-16s vouches for the new tokens (TVS)\n", n->name);
	return err;
}

static void report_answers(struct ctl_session *s, const struct publish_node *nodes)
{
	struct json *answers = json_array_new();

	for (size_t i = 0; i < s->cluster.count; i++) {
		struct json *o = json_object_new();

		json_set_str(o, "node", s->cluster.nodes[i].name);
		json_set_str(o, "ctl", publish_standing_word(nodes[i].standing));
		if (nodes[i].err) {
			json_set_str(o, "phase", publish_phase_word(nodes[i].phase));
			json_set_str(o, "error", err_name(nodes[i].err));
			json_set_str(o, "reason", nodes[i].why.text);
		}
		json_append_take(answers, o);
	}
	json_set_take(s->report, "answers", answers);
}

static enum ctl_exit tell_outcome(
	struct ctl_session *s, enum publish_outcome outcome, const struct publish_node *nodes)
{
	const struct publish_node *bad = NULL;
	size_t at = 0;

	json_set_str(s->report, "outcome",
		outcome == PUBLISH_DONE      ? "done"
		: outcome == PUBLISH_NOTHING ? "nothing"
					     : "partly");
	if (outcome == PUBLISH_DONE)
		return CTL_GOOD;
	for (size_t i = 0; i < s->cluster.count && !bad; i++)
		if (nodes[i].err) {
			bad = &nodes[i];
			at = i;
		}
	fail_clear(&s->why);
	if (outcome == PUBLISH_PARTLY) {
		fail_set(&s->why, ERR_NOTNOW,
			"not every node has the new CTL file (%.60s did not confirm it); when it is "
			"back: cadeado utils ctl status --server %.60s --port %d",
			s->cluster.nodes[at].name, s->links[0].host, s->links[0].port);
		return CTL_PARTLY;
	}
	fail_set(&s->why, bad ? bad->err : ERR_NOTNOW,
		"nothing was changed anywhere: %.40s: %.180s", s->cluster.nodes[at].name,
		bad ? bad->why.text : "");
	return bad ? ctl_exit_of(bad->err) : CTL_REFUSED;
}

enum ctl_exit ctl_session_publish(struct ctl_session *s, struct span list)
{
	struct publish_node nodes[CTLCLIENT_NODES_MAX];
	struct ctl_delivery delivery = {.session = s, .list = list};
	const struct publish_ops plain = ctl_delivery_ops(&delivery);
	struct publish_ops ops = plain;
	struct sigaction was[HELD_SIGNALS];
	enum publish_outcome outcome;
	struct buf id = {0};
	uint8_t random[16];
	enum err err = random_bytes(random, sizeof(random));
	enum ctl_exit exit;

	str_hex(&id, span_of(random, sizeof(random)), STR_LOWER);
	buf_u8(&id, 0);
	if (!err)
		err = buf_check(&id);
	if (err) {
		buf_fini(&id);
		fail_clear(&s->why);
		fail_set(&s->why, err, "%s", err_text(err));
		return CTL_REFUSED;
	}
	delivery.id = (const char *)id.data;
	delivery.ops = &plain;
	ops.stage = stage_unless_left;
	ops.vouch = op_vouch;
	ops.look = look_unless_left;
	ops.activate = activate_to_the_end;
	json_set_str(s->report, "publication", delivery.id);
	say_heading(&s->d, "Answers of the servers");
	hold_signals(was);
	outcome = publish_run(delivery.id, &ops, nodes, s->cluster.count);
	give_signals_back(was);
	report_answers(s, nodes);
	exit = tell_outcome(s, outcome, nodes);
	buf_fini(&id);
	return exit;
}
