/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/ctl_client.h"

#include "base/str.h"
#include "crypto/digest.h"

#include <stdio.h>

#define CTL_DIGEST   DIGEST_SHA1 /* all that 79xx phones can check */
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
static bool may_try_again(struct wizard *w, enum err err)
{
	bool typed = command_secret_typed(w->s.args, "pin-file");

	if (!w->s.d.asks)
		return false;
	if (err == ERR_NOTFOUND && !typed)
		return !tokens_look(w->tokens, NULL) && !wizard_signer_here(w);
	return typed && (err == ERR_PIN || err == ERR_NOTFOUND || err == ERR_ARG);
}

static enum ctl_exit sign(struct wizard *w, struct buf *signature)
{
	struct fail why;
	enum ctl_exit exit;
	enum err err;

	for (;;) {
		int left = -1;

		exit = wizard_await_signer(w);
		if (exit)
			return exit;
		why = (struct fail){0};
		err = sign_once(w, signature, &left, &why);
		if (left >= 0)
			json_set_int(w->s.report, "attemptsLeft", left);
		if (!err)
			return CTL_GOOD;
		if (!may_try_again(w, err))
			break;
		say_wrapped(&w->s.d, 0, "", why.text);
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

static void report_list(struct wizard *w)
{
	struct json *o = json_object_new();
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_SHA256, buf_span(&w->plan.file), hex);
	json_set_int(o, "bytes", (int64_t)w->plan.file.len);
	json_set_str(o, "sha256", hex);
	json_set_int(o, "tokens", (int64_t)ctlclient_plan_tokens(&w->plan));
	json_set_take(w->s.report, "list", o);
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

enum ctl_exit wizard_publish(struct wizard *w)
{
	static const char *const done[CTLCLIENT_CHOICES] = {
		[CTLCLIENT_SET_MIXED] = "Cluster set to Mixed Mode",
		[CTLCLIENT_SET_NON_SECURE] = "Cluster set to Non Secure Mode",
		[CTLCLIENT_UPDATE] = "CTL file updated on every node",
	};
	enum ctl_exit exit;

	report_list(w);
	exit = ctl_session_publish(&w->s, buf_span(&w->plan.file));
	if (exit)
		return exit;
	say(&w->s.d, "\n%s\n", done[w->choice]);
	tell_restarts(w);
	return CTL_GOOD;
}
