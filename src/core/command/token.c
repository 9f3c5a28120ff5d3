/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/command/token.h"

#include <unistd.h>

struct tokens *command_tokens(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *given = json_get_str(args, "tokens"), *module = json_get_str(args, "module");
	char *folder = given ? mem_strdup(given) : file_join(ctx->state, "tokens");
	struct tokens *t = NULL;
	struct fail why = {0};
	enum err err = folder ? ERR_OK : fail_set(&why, ERR_NOMEM, "out of memory");

	if (!err && !given && access(ctx->state, F_OK) != 0)
		err = fail_set(&why, ERR_NOTFOUND,
			"there is no state folder %s: make one with cadeado cluster init, or name "
			"a folder of tokens with --tokens DIR",
			ctx->state);
	if (!err)
		err = tokens_open(&t, folder, module, ctx->clock, &why);
	mem_free(folder);
	if (err)
		command_refuse(reply, &why);
	return err ? NULL : t;
}

static void set_date(struct json *j, const char *key, int64_t seconds)
{
	char text[CLOCK_DATE_MAX];

	if (!seconds)
		return;
	clock_print_iso(text, seconds);
	json_set_str(j, key, text);
}

struct json *command_token_json(const struct token_entry *e)
{
	struct json *j = json_object_new();

	json_set_str(j, "label", e->label);
	json_set_str(j, "serial", e->serial);
	json_set_str(j, "kind", token_kind_word(e->kind));
	json_set_str(j, "holder", e->holder);
	json_set_str(j, "place", e->place);
	json_set_str(j, "state", e->state);
	json_set_bool(j, "known", e->known);
	json_set_bool(j, "present", e->present);
	json_set_bool(j, "locked", e->locked);
	json_set_bool(j, "fewTries", e->few_tries);
	json_set_bool(j, "lastTry", e->last_try);
	if (e->attempts_left >= 0)
		json_set_int(j, "attemptsLeft", e->attempts_left);
	if (e->kind == TOKEN_KIND_FILE)
		json_set_int(j, "setBack", e->set_back);
	set_date(j, "lastSeen", e->last_seen);
	set_date(j, "lastDrill", e->last_drill);
	set_date(j, "retired", e->retired);
	if (e->cert) {
		json_set_str(j, "subject", cert_subject(e->cert));
		json_set_int(j, "notAfter", cert_not_after(e->cert));
	}
	return j;
}

static void put_text(struct buf *out, const char *text)
{
	str_printable(out, span_str(text));
}

/* A cell as wide as its column at least; the last one of a line has no width. */
static void put_cell(struct buf *out, const char *text, size_t width)
{
	size_t before = out->len, used;

	put_text(out, *text ? text : "-");
	used = out->len - before;
	buf_fill(out, ' ', used < width ? width - used : 0);
	buf_str(out, width ? " " : "\n");
}

static void put_line(struct buf *out, const char *label, const char *serial, const char *kind,
	const char *holder, const char *place, const char *seen, const char *state)
{
	put_cell(out, label, 20);
	put_cell(out, serial, 16);
	put_cell(out, kind, 7);
	put_cell(out, holder, 12);
	put_cell(out, place, 12);
	put_cell(out, seen, 10);
	put_cell(out, state, 0);
}

static const char *day(char text[CLOCK_DATE_MAX], int64_t seconds)
{
	if (!seconds)
		return "never";
	clock_print_iso(text, seconds);
	text[10] = '\0';
	return text;
}

void handle_token_list(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct tokens *t = command_tokens(ctx, args, reply);
	struct json *rows = json_array_new();
	char seen[CLOCK_DATE_MAX];
	size_t i;

	for (i = 0; t && i < tokens_count(t); i++) {
		const struct token_entry *e = tokens_at(t, i);

		if (i == 0)
			put_line(&reply->text, "Label", "Serial", "Kind", "Holder", "Place",
				"Last seen", "State");
		put_line(&reply->text, e->label, e->serial, token_kind_word(e->kind), e->holder,
			e->place, day(seen, e->last_seen), e->state);
		json_append_take(rows, command_token_json(e));
	}
	if (t && tokens_usable(t) < TOKENS_NEEDED)
		buf_printf(&reply->text,
			"A cluster needs %u tokens at least, and there %s %zu: cadeado token "
			"create\n",
			TOKENS_NEEDED, tokens_usable(t) == 1 ? "is" : "are", tokens_usable(t));
	json_set_take(reply->data, "tokens", rows);
	tokens_close(t);
}

static void put_row(struct buf *out, const char *name, const char *value)
{
	put_cell(out, name, 14);
	put_cell(out, value, 0);
}

static void put_cert(struct buf *out, const struct cert *cert)
{
	char text[CLOCK_DATE_MAX];
	struct buf number = {0};

	put_row(out, "Certificate", cert_subject(cert));
	put_row(out, "Issuer", cert_issuer(cert));
	str_hex(&number, cert_serial(cert), STR_COLON);
	buf_u8(&number, 0);
	if (buf_check(&number) == ERR_OK)
		put_row(out, "Serial number", (const char *)number.data);
	buf_fini(&number);
	clock_print_iso(text, cert_not_before(cert));
	put_row(out, "Valid from", text);
	clock_print_iso(text, cert_not_after(cert));
	put_row(out, "Valid until", text);
}

void command_token_tell(struct command_reply *reply, const struct token_entry *e)
{
	char text[CLOCK_DATE_MAX];
	struct buf *out = &reply->text;

	put_row(out, "Label", e->label);
	put_row(out, "Serial", e->serial);
	put_row(out, "Kind", token_kind_word(e->kind));
	put_row(out, "State", e->state);
	put_row(out, "Holder", e->holder);
	put_row(out, "Place", e->place);
	put_row(out, "Last seen", day(text, e->last_seen));
	put_row(out, "Last drill", day(text, e->last_drill));
	if (e->cert)
		put_cert(out, e->cert);
	json_set_take(reply->data, "token", command_token_json(e));
}

void handle_token_show(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct tokens *t = command_tokens(ctx, args, reply);
	const struct token_entry *e;
	struct fail why = {0};
	struct buf pem = {0};

	if (t && tokens_find(t, json_get_str(args, "label"), &e, &why) != ERR_OK) {
		command_refuse(reply, &why);
	} else if (t) {
		command_token_tell(reply, e);
		if (e->cert && cert_to_pem(e->cert, &pem) == ERR_OK) {
			json_set_take(json_get(reply->data, "token"), "certificate",
				json_span_new(buf_span(&pem)));
			buf_put(&reply->text, buf_span(&pem));
		}
	}
	buf_fini(&pem);
	tokens_close(t);
}
