/* SPDX-License-Identifier: BSD-2-Clause
 * cadeado ctl-client: the CTL client's dialogue, or the same from options. */
#include "cli/ctl_client.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>

enum ctl_exit wizard_refuse(struct wizard *w, enum ctl_exit exit, enum err err, const char *text)
{
	fail_clear(&w->s.why);
	fail_set(&w->s.why, err, "%s", text);
	return exit;
}

static const char *const choice_means[CTLCLIENT_CHOICES] = {
	[CTLCLIENT_SET_MIXED] = "Turns off auto-registration of phones and makes a CTL file.",
	[CTLCLIENT_SET_NON_SECURE] =
		("Allows auto-registration again. The CTL file stays, signed anew, with empty "
		 "server entries."),
	[CTLCLIENT_UPDATE] = "Takes new certificates, servers and tokens into the CTL file.",
};

static void show_choices(struct wizard *w)
{
	say_heading(&w->s.d, "What should the CTL client do?");
	for (int i = 0; i < CTLCLIENT_CHOICES; i++) {
		struct fail why = {0};
		char first[16];

		snprintf(first, sizeof(first), "  %d  ", i + 1);
		say(&w->s.d, "%s%s\n", first, ctlclient_choice_title((enum ctlclient_choice)i));
		say_wrapped(&w->s.d, 5, "     ", choice_means[i]);
		if (ctlclient_may_choose(&w->s.cluster, (enum ctlclient_choice)i, &why))
			say_wrapped(&w->s.d, 5, "     Not now: ", why.text);
	}
}

/* A number of the list above, or the choice's word. */
static bool read_choice(const char *line, enum ctlclient_choice *out)
{
	long number;

	if (str_number(line, 1, CTLCLIENT_CHOICES, &number))
		return ctlclient_choice_find(line, out);
	*out = (enum ctlclient_choice)(number - 1);
	return true;
}

static enum ctl_exit choose(struct wizard *w)
{
	const char *given = json_get_str(w->s.args, "choice");
	char line[DIALOGUE_LINE];
	struct fail why = {0};

	if (given && !ctlclient_choice_find(given, &w->choice))
		return wizard_refuse(
			w, CTL_USAGE, ERR_ARG, "--choice takes mixed, non-secure or update");
	if (given) {
		if (ctlclient_may_choose(&w->s.cluster, w->choice, &why))
			return wizard_refuse(w, CTL_REFUSED, why.code, why.text);
		return CTL_GOOD;
	}
	show_choices(w);
	for (;;) {
		if (dialogue_ask(&w->s.d, "\nYour choice (q leaves)", NULL, NULL, NULL, line) !=
			DIALOGUE_LINE_READ)
			return wizard_refuse(w, w->s.d.asks ? CTL_REFUSED : CTL_USAGE, ERR_ARG,
				"what is to be done? Give --choice mixed, non-secure or update");
		if (str_ieq(line, "q"))
			return wizard_refuse(w, CTL_REFUSED, ERR_DENIED, "nothing was changed");
		fail_clear(&why);
		if (!read_choice(line, &w->choice))
			say(&w->s.d, "A number from 1 to %d.\n", CTLCLIENT_CHOICES);
		else if (ctlclient_may_choose(&w->s.cluster, w->choice, &why))
			say_wrapped(&w->s.d, 0, "", why.text);
		else
			return CTL_GOOD;
	}
}

/* Add, remove, finish: until the person finishes with enough tokens. */
static enum ctl_exit edit(struct wizard *w)
{
	enum ctl_exit exit = wizard_add_given(w);
	char line[DIALOGUE_LINE];
	struct fail why = {0};

	if (exit)
		return exit;
	wizard_show_nodes(w);
	wizard_show_tokens(w);
	for (;;) {
		fail_clear(&why);
		if (!w->s.d.asks || w->s.d.yes) {
			if (ctlclient_plan_enough(&w->plan, &why))
				return wizard_refuse(w, CTL_REFUSED, why.code, why.text);
			return CTL_GOOD;
		}
		if (dialogue_ask(&w->s.d,
			    "\na  Add Tokens   r  Remove a token   f  Finish   q  Cancel\nNext",
			    ctlclient_plan_enough(&w->plan, &why) ? "a" : "f", NULL, NULL,
			    line) != DIALOGUE_LINE_READ ||
			tolower(line[0]) == 'q')
			return wizard_refuse(w, CTL_REFUSED, ERR_DENIED, "nothing was changed");
		if (tolower(line[0]) == 'f' && !ctlclient_plan_enough(&w->plan, NULL))
			return CTL_GOOD;
		if (tolower(line[0]) == 'f')
			say_wrapped(&w->s.d, 0, "", why.text);
		else if (tolower(line[0]) == 'a')
			exit = wizard_add(w);
		else if (tolower(line[0]) == 'r')
			exit = wizard_remove(w);
		if (exit)
			return exit;
		if (tolower(line[0]) != 'f')
			wizard_show_tokens(w);
	}
}

static enum ctl_exit confirm(struct wizard *w)
{
	static const char *const questions[CTLCLIENT_CHOICES] = {
		[CTLCLIENT_SET_MIXED] =
			("This operation will set the cluster to Mixed mode. Do you want to "
			 "continue?"),
		[CTLCLIENT_SET_NON_SECURE] =
			("This operation will set the cluster to Non Secure mode. Do you want to "
			 "continue?"),
		[CTLCLIENT_UPDATE] =
			"This operation will update the CTLFile. Do you want to continue?",
	};

	if (w->s.d.asks && !w->s.d.yes)
		say(&w->s.d, "\n");
	if (!w->s.d.asks && !w->s.d.yes)
		return wizard_refuse(w, CTL_USAGE, ERR_ARG,
			"this changes the cluster; add --yes when nobody is there to ask");
	if (dialogue_agrees(&w->s.d, questions[w->choice]))
		return CTL_GOOD;
	return wizard_refuse(w, CTL_REFUSED, ERR_DENIED, "nothing was changed");
}

static enum ctl_exit steps(struct wizard *w, const struct cli *cli)
{
	struct fail why = {0};
	enum ctl_exit exit;

	say(&w->s.d, "CTL Client: collects the certificates of every node, signs a CTL file with a "
		     "security\ntoken and hands it to every node.\n\n");
	exit = wizard_tokens_open(w, cli);
	if (!exit)
		exit = ctl_session_open(&w->s, NULL, CLIENT_CTL_PORT);
	if (!exit)
		ctl_session_settle(&w->s);
	if (!exit)
		exit = choose(w);
	if (exit)
		return exit;
	json_set_str(w->s.report, "choice", ctlclient_choice_word(w->choice));
	if (ctlclient_plan_init(&w->plan, &w->s.cluster, w->choice, &why))
		return wizard_refuse(w, ctl_exit_of(why.code), why.code, why.text);
	exit = wizard_insert(w);
	if (!exit)
		exit = edit(w);
	if (!exit)
		exit = wizard_check(w);
	if (!exit)
		exit = wizard_compare(w);
	if (!exit)
		exit = confirm(w);
	if (!exit)
		exit = wizard_sign(w);
	return exit ? exit : wizard_publish(w);
}

int ctl_client_run(const struct cli *cli, const struct json *args)
{
	struct wizard *w = mem_new(sizeof(*w));
	enum ctl_exit exit;
	int status;

	if (!w) {
		fputs("cadeado: out of memory\n", stderr);
		return CTL_REFUSED;
	}
	exit = ctl_session_init(&w->s, cli, args);
	if (!exit)
		exit = steps(w, cli);
	ctl_session_report_nodes(&w->s);
	status = ctl_session_end(&w->s, exit);
	ctlclient_plan_fini(&w->plan);
	tokens_close(w->tokens);
	mem_free(w->tokens_folder);
	ctl_session_fini(&w->s);
	mem_free(w);
	return status;
}
