/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/ctl_client.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>

#define PRESENT_MAX TOKENS_MAX

struct watching {
	struct wizard *w;
	bool changed;
};

static enum err tell_change(void *ctx, const struct token_entry *e, bool inserted)
{
	struct watching *x = ctx;

	say(&x->w->s.d, "%s  %s was %s.\n", x->changed ? "" : "\n", e->label,
		inserted ? "inserted" : "removed");
	x->changed = true;
	return ERR_OK;
}

static bool watch(void *ctx)
{
	struct watching x = {.w = ctx};

	/* A slot that cannot be looked at now may be in half a second. */
	(void)!tokens_poll(x.w->tokens, tell_change, &x, NULL);
	return x.changed;
}

enum ctl_exit wizard_tokens_open(struct wizard *w, const struct cli *cli)
{
	const char *folder = json_get_str(w->s.args, "tokens");
	struct fail why = {0};
	enum err err;

	w->tokens_folder = folder ? mem_strdup(folder) : file_join(cli->state, "tokens");
	if (!w->tokens_folder)
		return wizard_refuse(w, CTL_REFUSED, ERR_NOMEM, err_text(ERR_NOMEM));
	err = tokens_open(&w->tokens, w->tokens_folder, json_get_str(w->s.args, "module"),
		clock_system(), &why);
	if (err)
		return wizard_refuse(w, CTL_TOKEN, err, why.text);
	w->s.d.meanwhile = watch;
	w->s.d.meanwhile_ctx = w;
	return CTL_GOOD;
}

static bool in_list(const struct wizard *w, const struct token_entry *e)
{
	for (size_t i = 0; i < w->plan.sast_count; i++)
		if (!w->plan.sasts[i].removed &&
			span_eq(cert_der(w->plan.sasts[i].cert), cert_der(e->cert)))
			return true;
	return false;
}

/* May this token be chosen? For signing it must be here; a further one may be known by its
 * certificate alone. */
static bool eligible(const struct wizard *w, const struct token_entry *e, bool adding)
{
	if (!e->cert || e->retired)
		return false;
	return adding ? !in_list(w, e) : e->present && !e->locked;
}

static size_t eligible_tokens(
	const struct wizard *w, bool adding, const struct token_entry *out[PRESENT_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < tokens_count(w->tokens) && count < PRESENT_MAX; i++)
		if (eligible(w, tokens_at(w->tokens, i), adding))
			out[count++] = tokens_at(w->tokens, i);
	return count;
}

/* Of two of that name the one that is at hand. */
static const struct token_entry *find_token(const struct wizard *w, const char *name)
{
	const struct token_entry *found = NULL;

	for (size_t i = 0; i < tokens_count(w->tokens); i++) {
		const struct token_entry *e = tokens_at(w->tokens, i);

		if ((str_ieq(e->label, name) || (e->serial[0] && str_ieq(e->serial, name))) &&
			(!found || (e->present && !found->present)))
			found = e;
	}
	return found;
}

static enum ctl_exit left(struct wizard *w, const char *option)
{
	char text[128];

	if (w->s.d.asks)
		return wizard_refuse(w, CTL_REFUSED, ERR_DENIED, "nothing was changed");
	snprintf(text, sizeof(text), "which token? Give --%s LABEL; see: cadeado token list",
		option);
	return wizard_refuse(w, CTL_USAGE, ERR_ARG, text);
}

/* What a person saw of a token. Entries are good until the next look, and while a question stands
 * there is one twice a second. */
struct shown {
	char label[TOKENS_LABEL_SIZE], serial[sizeof(((struct token_entry *)0)->serial)];
	enum token_kind kind;
};

static void show_choices(
	struct wizard *w, const struct token_entry *const *here, size_t count, struct shown *shown)
{
	for (size_t i = 0; i < count; i++) {
		const struct token_entry *e = here[i];

		say(&w->s.d, "  %zu  %-24s %s\n", i + 1, e->label,
			e->present ? e->state : "known by its certificate");
		(void)str_copy(shown[i].label, sizeof(shown[i].label), e->label);
		(void)str_copy(shown[i].serial, sizeof(shown[i].serial), e->serial);
		shown[i].kind = e->kind;
	}
}

/* Somebody who puts one of these in wants to know why it is not in the list. */
static void show_others(const struct wizard *w, bool adding)
{
	for (size_t i = 0; i < tokens_count(w->tokens); i++) {
		const struct token_entry *e = tokens_at(w->tokens, i);

		if (e->present && !eligible(w, e, adding) && !(adding && e->cert && in_list(w, e)))
			say(&w->s.d, "  -  %-24s cannot be chosen: %s\n", e->label, e->state);
	}
}

/* NULL: it is not there any more, or cannot be chosen. */
static const struct token_entry *chosen(const struct wizard *w, bool adding, const struct shown *s)
{
	for (size_t i = 0; i < tokens_count(w->tokens); i++) {
		const struct token_entry *e = tokens_at(w->tokens, i);

		if (e->kind == s->kind && strcmp(e->label, s->label) == 0 &&
			strcmp(e->serial, s->serial) == 0)
			return eligible(w, e, adding) ? e : NULL;
	}
	return NULL;
}

/* A person puts a token in, or picks one of several. *out NULL: they changed their mind. */
static enum ctl_exit pick(struct wizard *w, bool adding, const struct token_entry **out)
{
	const struct token_entry *here[PRESENT_MAX];
	struct shown shown[PRESENT_MAX];
	char line[DIALOGUE_LINE];
	struct fail why = {0};
	long number = 0;

	*out = NULL;
	for (;;) {
		size_t count = eligible_tokens(w, adding, here);
		enum dialogue_answer answer;

		show_choices(w, here, count, shown);
		show_others(w, adding);
		if (!count)
			say(&w->s.d, "  There is %s in %s%s.\n",
				adding ? "no other" : "none that can sign", w->tokens_folder,
				json_get_str(w->s.args, "module") ? " or behind the module" : "");
		if (count)
			answer = dialogue_ask(&w->s.d,
				"Number of the token, or insert another (q cancels)",
				count == 1 ? "1" : NULL, watch, w, line);
		else
			answer = dialogue_ask(&w->s.d,
				adding ? "Please insert another Security Token (q cancels)"
				       : "Please insert a Security Token (q cancels)",
				NULL, watch, w, line);
		if (answer == DIALOGUE_LEFT)
			return left(w, adding ? "add-token" : "token");
		if (answer == DIALOGUE_AGAIN)
			continue;
		if (tolower(line[0]) == 'q')
			return CTL_GOOD;
		if (count && str_number(line, 1, (long)count, &number) == ERR_OK) {
			*out = chosen(w, adding, &shown[number - 1]);
			if (*out)
				return CTL_GOOD;
		}
		if (tokens_look(w->tokens, &why))
			say_wrapped(&w->s.d, 0, "", why.text);
		fail_clear(&why);
	}
}

static void show_token(const struct wizard *w, const struct token_entry *e)
{
	char from[CLOCK_DATE_MAX], until[CLOCK_DATE_MAX];

	clock_print_iso(from, cert_not_before(e->cert));
	clock_print_iso(until, cert_not_after(e->cert));
	say_heading(&w->s.d, "Security token information");
	say(&w->s.d, "  Label          %s (%s)\n", e->label, token_kind_word(e->kind));
	if (e->serial[0])
		say(&w->s.d, "  Serial number  %s\n", e->serial);
	say_wrapped(&w->s.d, 17, "  Subject name   ", cert_subject(e->cert));
	say_wrapped(&w->s.d, 17, "  Issuer name    ", cert_issuer(e->cert));
	say(&w->s.d, "  Valid          %s to %s\n", from, until);
	if (e->holder[0])
		say(&w->s.d, "  Holder         %s\n", e->holder);
	if (e->place[0])
		say(&w->s.d, "  Place          %s\n", e->place);
	if (e->state[0])
		say_wrapped(&w->s.d, 17, "  State          ", e->state);
}

static enum ctl_exit take_signer(struct wizard *w, const struct token_entry *e)
{
	struct fail why = {0};

	if (ctlclient_plan_signer(&w->plan, e->cert, e->label, &why))
		return wizard_refuse(w, ctl_exit_of(why.code), why.code, why.text);
	(void)str_copy(w->signer, sizeof(w->signer), e->label);
	json_set_str(w->s.report, "token", e->label);
	return CTL_GOOD;
}

static enum ctl_exit given_signer(struct wizard *w, const char *label)
{
	const struct token_entry *e = find_token(w, label);
	struct fail why = {0};

	if (!e)
		fail_set(&why, ERR_NOTFOUND,
			"there is no token %.64s in %.120s; see: cadeado token list", label,
			w->tokens_folder);
	else if (e->retired)
		fail_set(&why, ERR_DENIED, "the token %s is retired and signs nothing", e->label);
	else if (e->locked)
		fail_set(&why, ERR_LOCKED, "the token %s is locked; sign with another one",
			e->label);
	else if (!e->present || !e->cert)
		fail_set(&why, ERR_NOTFOUND, "the token %s is not inserted", e->label);
	if (why.code)
		return wizard_refuse(w, CTL_TOKEN, why.code, why.text);
	show_token(w, e);
	return take_signer(w, e);
}

/* Tokens of the present CTL are called what they are called here. */
static void name_held(struct wizard *w)
{
	for (size_t i = 0; i < tokens_count(w->tokens); i++) {
		const struct token_entry *e = tokens_at(w->tokens, i);

		for (size_t k = 0; e->cert && k < w->plan.sast_count; k++)
			if (span_eq(cert_der(w->plan.sasts[k].cert), cert_der(e->cert)))
				(void)str_copy(w->plan.sasts[k].label,
					sizeof(w->plan.sasts[k].label), e->label);
	}
}

enum ctl_exit wizard_insert(struct wizard *w)
{
	const char *given = json_get_str(w->s.args, "token");
	const struct token_entry *e;
	enum ctl_exit exit;

	name_held(w);
	if (given)
		return given_signer(w, given);
	if (!w->s.d.asks)
		return left(w, "token");
	for (;;) {
		say_heading(&w->s.d, "Insert the security token that signs");
		exit = pick(w, false, &e);
		if (exit)
			return exit;
		if (!e)
			return wizard_refuse(w, CTL_REFUSED, ERR_DENIED, "nothing was changed");
		show_token(w, e);
		exit = take_signer(w, e);
		if (exit != CTL_TRUST)
			return exit;
		say(&w->s.d, "\n");
		say_wrapped(&w->s.d, 0, "", w->s.why.text);
	}
}

bool wizard_signer_here(const struct wizard *w)
{
	const struct cert *cert = w->plan.sasts[w->plan.signer].cert;

	for (size_t i = 0; i < tokens_count(w->tokens); i++) {
		const struct token_entry *e = tokens_at(w->tokens, i);

		if (e->present && strcmp(e->label, w->signer) == 0 && e->cert &&
			span_eq(cert_der(e->cert), cert_der(cert)))
			return true;
	}
	return false;
}

/* Who adds a second token may have only one place to put tokens into. */
enum ctl_exit wizard_await_signer(struct wizard *w)
{
	char line[DIALOGUE_LINE], question[TOKENS_LABEL_SIZE + 64];
	enum dialogue_answer answer;

	snprintf(question, sizeof(question), "Please insert the Security Token %s (q cancels)",
		w->signer);
	for (;;) {
		(void)watch(w);
		if (wizard_signer_here(w) || !w->s.d.asks)
			return CTL_GOOD;
		answer = dialogue_ask(&w->s.d, question, NULL, watch, w, line);
		if (answer == DIALOGUE_LEFT ||
			(answer == DIALOGUE_LINE_READ && tolower(line[0]) == 'q'))
			return wizard_refuse(w, CTL_REFUSED, ERR_DENIED, "nothing was changed");
	}
}

static enum ctl_exit add(struct wizard *w, const struct token_entry *e)
{
	struct fail why = {0};

	if (ctlclient_plan_add(&w->plan, e->cert, e->label, &why))
		return wizard_refuse(w, CTL_REFUSED, why.code, why.text);
	return CTL_GOOD;
}

enum ctl_exit wizard_add(struct wizard *w)
{
	const struct token_entry *e;
	enum ctl_exit exit;

	say_heading(&w->s.d, "Add Tokens");
	exit = pick(w, true, &e);
	if (exit || !e)
		return exit;
	show_token(w, e);
	exit = add(w, e);
	if (exit != CTL_REFUSED)
		return exit;
	say_wrapped(&w->s.d, 0, "", w->s.why.text);
	return CTL_GOOD;
}

/* The label that the list shows, the subject's common name, or its number. */
static size_t find_sast(const struct wizard *w, const char *name)
{
	for (size_t i = 0; i < w->plan.sast_count; i++)
		if (str_ieq(w->plan.sasts[i].label, name) ||
			str_ieq(cert_common_name(w->plan.sasts[i].cert), name))
			return i;
	return CTLCLIENT_SASTS_MAX;
}

enum ctl_exit wizard_remove(struct wizard *w)
{
	char line[DIALOGUE_LINE];
	struct fail why = {0};
	long number = 0;
	size_t at;

	if (dialogue_ask(&w->s.d, "Number of the token that the list shall not name (q cancels)",
		    NULL, NULL, NULL, line) != DIALOGUE_LINE_READ)
		return left(w, "remove-token");
	if (!line[0] || tolower(line[0]) == 'q')
		return CTL_GOOD;
	at = str_number(line, 1, (long)w->plan.sast_count, &number) ? find_sast(w, line)
								    : (size_t)(number - 1);
	if (ctlclient_plan_remove(&w->plan, at, &why))
		say_wrapped(&w->s.d, 0, "", why.text);
	return CTL_GOOD;
}

/* A token that was retired here is left out by itself. */
static enum ctl_exit leave_out_retired(struct wizard *w)
{
	struct fail why = {0};

	for (size_t i = 0; i < tokens_count(w->tokens); i++) {
		const struct token_entry *e = tokens_at(w->tokens, i);

		for (size_t k = 0; e->retired && e->cert && k < w->plan.sast_count; k++)
			if (span_eq(cert_der(w->plan.sasts[k].cert), cert_der(e->cert)) &&
				ctlclient_plan_remove(&w->plan, k, &why))
				return wizard_refuse(w, CTL_REFUSED, why.code, why.text);
	}
	return CTL_GOOD;
}

static enum ctl_exit not_named(struct wizard *w, const char *name)
{
	struct buf text = {0};
	enum ctl_exit exit;

	buf_printf(&text, "the list names no token %.64s; it names", name);
	for (size_t i = 0; i < w->plan.sast_count; i++)
		buf_printf(&text, "%s %s", i ? "," : "", w->plan.sasts[i].label);
	buf_u8(&text, 0);
	exit = wizard_refuse(w, CTL_REFUSED, ERR_NOTFOUND,
		buf_check(&text) ? err_text(ERR_NOMEM) : (const char *)text.data);
	buf_fini(&text);
	return exit;
}

enum ctl_exit wizard_add_given(struct wizard *w)
{
	const struct json *adds = json_get(w->s.args, "add-token"),
			  *removes = json_get(w->s.args, "remove-token");
	enum ctl_exit exit = leave_out_retired(w);
	struct fail why = {0};

	for (size_t i = 0; i < json_count(adds) && !exit; i++) {
		const char *label = json_str(json_at(adds, i));
		const struct token_entry *e = find_token(w, label);

		if (!e || !e->cert)
			fail_set(&why, ERR_NOTFOUND,
				"there is no token %.64s in %.120s whose certificate is known",
				label, w->tokens_folder);
		else if (e->retired)
			fail_set(&why, ERR_DENIED, "the token %s is retired", e->label);
		if (why.code)
			return wizard_refuse(w, CTL_TOKEN, why.code, why.text);
		if (!in_list(w, e))
			exit = add(w, e);
	}
	for (size_t i = 0; i < json_count(removes) && !exit; i++) {
		const char *name = json_str(json_at(removes, i));
		size_t at = find_sast(w, name);

		if (at == CTLCLIENT_SASTS_MAX)
			return not_named(w, name);
		if (ctlclient_plan_remove(&w->plan, at, &why))
			return wizard_refuse(w, CTL_REFUSED, why.code, why.text);
	}
	return exit;
}
