/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/ctl_client.h"

#include "base/str.h"
#include "client/tvs.h"
#include "crypto/digest.h"

#include <stdio.h>
#include <time.h>

#define CTL_DIGEST   DIGEST_SHA1 /* all that 79xx phones can check */
#define VOUCH_TRIES  40
#define VOUCH_PAUSE  500 /* milliseconds between two tries */
#define RESTARTS_MAX (3 * CTLCLIENT_NODES_MAX)

/* One PIN, one signature. */
static enum err sign_once(struct wizard *w, struct buf *signature, int *left, struct fail *why)
{
	struct buf pin = {0};
	char prompt[TOKENS_LABEL_SIZE + 32];
	enum err err;

	snprintf(prompt, sizeof(prompt), "PIN of %s: ", w->signer);
	err = dialogue_secret(&w->s.d, w->s.args, "pin-file", prompt, &pin, why);
	if (!err)
		err = tokens_sign(w->tokens, w->signer, (const char *)pin.data, CTL_DIGEST,
			w->plan.pieces, 2, signature, left, why);
	buf_wipe(&pin);
	return err;
}

/* A person may type the PIN again, or put the token back. */
static bool may_try_again(const struct wizard *w, enum err err)
{
	return w->s.d.asks && command_secret_typed(w->s.args, "pin-file") &&
	       (err == ERR_PIN || err == ERR_NOTFOUND || err == ERR_ARG);
}

static enum ctl_exit sign(struct wizard *w, struct buf *signature)
{
	struct dialogue d = w->s.d;
	struct fail why;
	enum err err;

	d.yes = false;
	for (;;) {
		int left = -1;

		why = (struct fail){0};
		err = sign_once(w, signature, &left, &why);
		if (left >= 0)
			json_set_int(w->s.report, "attemptsLeft", left);
		if (!err)
			return CTL_GOOD;
		if (!may_try_again(w, err))
			break;
		say_wrapped(&w->s.d, 0, "", why.text);
		if (err == ERR_NOTFOUND && !dialogue_agrees(&d, "Is the token back in its place?"))
			break;
	}
	return wizard_refuse(w, err == ERR_ARG ? CTL_USAGE : CTL_TOKEN, why.code, why.text);
}

enum ctl_exit wizard_sign(struct wizard *w)
{
	struct buf signature = {0}, because = {0};
	struct fail why = {0};
	enum ctl_exit exit;
	enum err err;

	say_heading(&w->s.d, "Signature");
	exit = sign(w, &signature);
	if (exit)
		goto out;
	err = list_finish(&w->plan.file, buf_span(&signature), &why);
	/* As phones judge it, now that there is something to verify. */
	if (!err)
		err = ctlclient_plan_judge(&w->plan, true, &because);
	buf_u8(&because, 0);
	if (err)
		fail_set(&why, err, "%s",
			buf_check(&because) ? err_text(err) : (const char *)because.data);
	if (err)
		exit = wizard_refuse(w, CTL_TRUST, err, why.text);
	else
		say(&w->s.d, "The CTL file has %zu bytes and is signed by %s.\n", w->plan.file.len,
			w->signer);
out:
	buf_fini(&because);
	buf_fini(&signature);
	return exit;
}

static void report_list(struct wizard *w, const char *id)
{
	struct json *o = json_object_new();
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_SHA256, buf_span(&w->plan.file), hex);
	json_set_int(o, "bytes", (int64_t)w->plan.file.len);
	json_set_str(o, "sha256", hex);
	json_set_int(o, "tokens", (int64_t)ctlclient_plan_tokens(&w->plan));
	json_set_take(w->s.report, "list", o);
	json_set_str(w->s.report, "publication", id);
}

static void report_answers(struct wizard *w, const struct publish_node *nodes)
{
	struct json *answers = json_array_new();

	for (size_t i = 0; i < w->s.cluster.count; i++) {
		struct json *o = json_object_new();

		json_set_str(o, "node", w->s.cluster.nodes[i].name);
		json_set_str(o, "ctl", publish_standing_word(nodes[i].standing));
		if (nodes[i].err) {
			json_set_str(o, "phase", publish_phase_word(nodes[i].phase));
			json_set_str(o, "error", err_name(nodes[i].err));
			json_set_str(o, "reason", nodes[i].why.text);
		}
		json_append_take(answers, o);
	}
	json_set_take(w->s.report, "answers", answers);
}

static void tell_restarts(struct wizard *w)
{
	struct ctlclient_restart list[RESTARTS_MAX];
	size_t count = ctlclient_restarts(&w->plan, list, RESTARTS_MAX);
	struct json *restarts = json_array_new();

	say_heading(&w->s.d, "Now restart, in this order");
	for (size_t i = 0; i < count; i++) {
		struct json *o = json_object_new();

		say(&w->s.d, "  %zu  on %-16s cadeado utils service restart %s\n", i + 1,
			list[i].node->name, service_word(list[i].service));
		json_set_str(o, "node", list[i].node->name);
		json_set_str(o, "service", service_title(list[i].service));
		json_append_take(restarts, o);
	}
	json_set_take(w->s.report, "restarts", restarts);
	say(&w->s.d, "\n");
	say_wrapped(&w->s.d, 0, "",
		"TFTP first, on all nodes, so that it serves the new CTL file; then CallManager, "
		"which resets the phones, so that each fetches it. You must reset all phones to "
		"ensure they received the updated CTL file.");
}

static enum ctl_exit tell_outcome(
	struct wizard *w, enum publish_outcome outcome, const struct publish_node *nodes)
{
	static const char *const done[CTLCLIENT_CHOICES] = {
		[CTLCLIENT_SET_MIXED] = "Cluster set to Mixed Mode",
		[CTLCLIENT_SET_NON_SECURE] = "Cluster set to Non Secure Mode",
		[CTLCLIENT_UPDATE] = "CTL file updated on every node",
	};
	const struct publish_node *bad = NULL;
	size_t at = 0;

	json_set_str(w->s.report, "outcome",
		outcome == PUBLISH_DONE      ? "done"
		: outcome == PUBLISH_NOTHING ? "nothing"
					     : "partly");
	if (outcome == PUBLISH_DONE) {
		say(&w->s.d, "\n%s\n", done[w->choice]);
		tell_restarts(w);
		return CTL_GOOD;
	}
	for (size_t i = 0; i < w->s.cluster.count && !bad; i++)
		if (nodes[i].err) {
			bad = &nodes[i];
			at = i;
		}
	fail_clear(&w->s.why);
	if (outcome == PUBLISH_PARTLY) {
		fail_set(&w->s.why, ERR_NOTNOW,
			"not every node has the new CTL file (%.60s did not confirm it); when it is "
			"back: cadeado utils ctl status --server %.60s --port %d",
			w->s.cluster.nodes[at].name, w->s.links[0].host, w->s.links[0].port);
		return CTL_PARTLY;
	}
	fail_set(&w->s.why, bad ? bad->err : ERR_NOTNOW,
		"nothing was changed anywhere: %.40s: %.180s", w->s.cluster.nodes[at].name,
		bad ? bad->why.text : "");
	return bad ? ctl_exit_of(bad->err) : CTL_REFUSED;
}

static bool says_sast(const struct client_tvs_answer *a)
{
	bool sast = false;

	for (size_t i = 0; a->valid && i < a->role_count; i++)
		sast = sast || a->roles[i] == TLV_ROLE_SAST;
	return sast;
}

static enum err ask_tvs(struct ctl_session *s, size_t i, const struct ctlclient_sast *token,
	bool *vouches, struct fail *why)
{
	const struct ctlclient_node *n = &s->cluster.nodes[i];
	struct client_tvs_answer answer = {0};
	struct fail local = {0};
	enum err err = client_tvs_verify(s->links[i].face.address, n->tvs_port, s->timeout_us,
		cert_der(n->certs[CTLCLIENT_TVS]), cert_der(token->cert), &answer, &local);

	if (err == ERR_TRUST)
		err = fail_set(why, ERR_NOTNOW,
			"its TVS still works with an older certificate; restart TFTP and then TVS "
			"there first");
	else if (err)
		fail_set(why, err, "its TVS: %s", local.text);
	*vouches = !err && says_sast(&answer);
	return err;
}

/* Phones that hold an ITL and no CTL ask TVS whether a token may sign lists; the node has put the
 * new tokens into its Phone-SAST-trust when it staged. */
static enum err op_vouch(void *ctx, size_t i, struct fail *why)
{
	const struct ctl_delivery *d = ctx;
	const struct ctlclient_node *n = &d->session->cluster.nodes[i];
	const struct timespec pause = {.tv_nsec = VOUCH_PAUSE * 1000000l};
	bool asked = false;

	if (!n->tvs_port || !n->started[SERVICE_TVS] || !n->certs[CTLCLIENT_TVS])
		return ERR_OK; /* the checks have warned */
	for (size_t k = 0; k < d->plan->sast_count; k++) {
		const struct ctlclient_sast *token = &d->plan->sasts[k];
		bool vouches = token->held || token->removed;

		asked = asked || !vouches;
		for (int tries = 0; !vouches && tries < VOUCH_TRIES; tries++) {
			enum err err = ask_tvs(d->session, i, token, &vouches, why);

			if (err)
				return err;
			if (!vouches)
				(void)nanosleep(&pause, NULL);
		}
		if (!vouches)
			return fail_set(why, ERR_NOTNOW,
				"its TVS does not vouch for the token %s; restart it there: cadeado "
				"utils service restart tvs",
				token->label);
	}
	if (asked)
		say(&d->session->d, "  %-16s vouches for the new tokens (TVS)\n", n->name);
	return ERR_OK;
}

enum ctl_exit wizard_publish(struct wizard *w)
{
	struct publish_node nodes[CTLCLIENT_NODES_MAX];
	struct ctl_delivery delivery = {
		.session = &w->s, .plan = &w->plan, .list = buf_span(&w->plan.file)};
	struct publish_ops ops = ctl_delivery_ops(&delivery);
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
		return wizard_refuse(w, CTL_REFUSED, err, err_text(err));
	}
	delivery.id = (const char *)id.data;
	ops.vouch = op_vouch;
	report_list(w, delivery.id);
	say_heading(&w->s.d, "Answers of the servers");
	outcome = publish_run(delivery.id, &ops, nodes, w->s.cluster.count);
	report_answers(w, nodes);
	exit = tell_outcome(w, outcome, nodes);
	buf_fini(&id);
	return exit;
}
