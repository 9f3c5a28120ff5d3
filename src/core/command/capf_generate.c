/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "core/capf/slip.h"
#include "core/command/choose.h"
#include "core/command/table_args.h"
#include "crypto/start.h"

const struct command_arg capf_generate_args[] = {
	COMMAND_CHOICE_ARGS,
	{ARG_NUMBER, "digits", "N", false, AUTH_STRING_LEAST, AUTH_STRING_MOST,
		"digits of each string (8)"},
	{ARG_FLAG, "missing", NULL, false, 0, 0, "pass over phones that have an unused string"},
	{ARG_TEXT, "slips", "FILE", false, 0, 0, "write slips as text instead of printing them"},
	{ARG_TEXT, "html", "FILE", false, 0, 0, "write slips as a page to print from a browser"},
	END,
};

static struct json *slip_json(const struct slip *slip, bool with_string)
{
	struct json *j = json_object_new();

	json_set_str(j, "name", slip->device);
	json_set_str(j, "description", slip->description);
	json_set_str(j, "number", slip->number);
	json_set_str(j, "model", slip->model->name);
	if (with_string)
		json_set_str(j, "authenticationString", slip->string);
	json_set_str(j, "press", slip->model->update);
	json_set_bool(j, "inPlaceOfAnother", slip->in_place);
	json_set_bool(j, "asksForString", slip->asks);
	json_set_bool(j, "operationPending", slip->ordered);
	return j;
}

/* Readable by their owner only, and never over what is there. */
static enum err write_files(
	const struct slips *s, const char *slips, const char *html, struct fail *why)
{
	struct buf text = {0}, page = {0};
	struct fail gone = {0};
	enum err err = ERR_OK;

	if (slips)
		slips_text(s, &text);
	if (html)
		slips_html(s, &page);
	if (buf_check(&text) || buf_check(&page))
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!err && slips)
		err = file_create(slips, buf_span(&text), 0600, why);
	if (!err && html) {
		err = file_create(html, buf_span(&page), 0600, why);
		if (err && slips && file_remove(slips, &gone))
			fail_prefix(why, "%s is void, destroy it", slips);
	}
	buf_wipe(&text);
	buf_wipe(&page);
	return err;
}

static void tell(const struct slips *s, struct command_reply *reply)
{
	size_t in_place = 0, asks_not = 0, not_ordered = 0, i;

	for (i = 0; i < s->count; i++) {
		in_place += s->of[i].in_place;
		asks_not += !s->of[i].asks;
		not_ordered += !s->of[i].ordered;
	}
	json_set_int(reply->data, "count", (int64_t)s->count);
	json_set_int(reply->data, "kept", (int64_t)s->kept);
	json_set_int(reply->data, "unable", (int64_t)s->unable);
	buf_printf(&reply->text, "%zu authentication strings are in force; none is shown again.\n",
		s->count);
	if (in_place)
		buf_printf(&reply->text, "%zu of them take the place of one that was not used.\n",
			in_place);
	if (s->kept)
		buf_printf(&reply->text, "%zu phones have one already.\n", s->kept);
	if (s->unable)
		buf_printf(&reply->text, "%zu phones are of a model that takes no certificate.\n",
			s->unable);
	if (asks_not)
		buf_printf(&reply->text,
			"Warning: %zu of these phones authenticate otherwise and do not ask for it: "
			"cadeado bat update QUERY --set \"Authentication Mode=By Authentication "
			"String\"\n",
			asks_not);
	if (not_ordered)
		buf_printf(&reply->text,
			"For %zu of them no operation is ordered yet: cadeado device capf bulk start QUERY\n",
			not_ordered);
}

void handle_capf_generate(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *slips = json_get_str(args, "slips"), *html = json_get_str(args, "html");
	struct slips_work how = {.progress = ctx->progress};
	struct json *rows = json_array_new();
	struct bat_choice choice = {0};
	struct slips s = {0};
	struct fail why = {0}, gone = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? command_choose(c, args, &choice, &why) : why.code;
	size_t i;

	crypto_hide();
	if (ctx->runtime && ctx->runtime->parallel) {
		how.parallel = ctx->runtime->parallel;
		how.ctx = ctx->runtime->ctx;
	}
	if (!err)
		err = slips_draw(c, &choice,
			(unsigned)json_get_int(args, "digits", AUTH_STRING_DEFAULT),
			json_get_bool(args, "missing"), &s, &why);
	if (!err)
		err = slips_seal(c, &s, &how, &why);
	/* Paper first: a string that is in force but was never written down helps nobody. */
	if (!err && s.count && (slips || html))
		err = write_files(&s, slips, html, &why);
	if (!err) {
		err = slips_keep(c, &s, &why);
		if (err && ((slips && file_remove(slips, &gone)) ||
				   (html && file_remove(html, &gone))))
			fail_prefix(&why, "the slips are void, destroy them");
	}
	for (i = 0; !err && i < s.count; i++)
		json_append_take(rows, slip_json(&s.of[i], !slips && !html));
	json_set_take(reply->data, "phones", rows);
	if (err) {
		command_refuse(reply, &why);
	} else {
		if (!slips && !html)
			slips_text(&s, &reply->text);
		tell(&s, reply);
	}
	slips_fini(&s);
	bat_choice_fini(&choice);
}
