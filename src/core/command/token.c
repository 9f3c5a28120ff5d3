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

/* Columns of a terminal that UTF-8 takes: none for what goes on with a character. */
static size_t columns(const uint8_t *text, size_t len)
{
	size_t count = 0;

	while (len--)
		count += (text[len] & 0xC0) != 0x80;
	return count;
}

/* A cell as wide as its column at least; the last one of a line has no width. */
static void put_cell(struct buf *out, const char *text, size_t width)
{
	size_t before = out->len, used;

	put_text(out, *text ? text : "-");
	used = out->len > before ? columns(out->data + before, out->len - before) : 0;
	buf_fill(out, ' ', used < width ? width - used : 0);
	buf_str(out, width ? " " : "\n");
}

static const char *day(char text[CLOCK_DATE_MAX], int64_t seconds)
{
	if (!seconds)
		return "never";
	clock_print_iso(text, seconds);
	text[10] = '\0';
	return text;
}

#define CELLS 7

struct token_line {
	const char *cells[CELLS];
	char seen[CLOCK_DATE_MAX];
};

static void set_line(struct token_line *l, const struct token_entry *e)
{
	const char *const cells[CELLS] = {e->label, e->serial, token_kind_word(e->kind), e->holder,
		e->place, day(l->seen, e->last_seen), e->state};

	memcpy(l->cells, cells, sizeof(cells));
}

/* The widest of a column. */
static size_t width(const struct tokens *t, const char *title, int cell)
{
	size_t i, most = strlen(title);
	struct token_line l;

	for (i = 0; i < tokens_count(t); i++) {
		struct buf shown = {0};
		size_t used;

		set_line(&l, tokens_at(t, i));
		put_text(&shown, l.cells[cell]);
		used = columns(shown.data, shown.len);
		most = used > most ? used : most;
		buf_fini(&shown);
	}
	return most;
}

static void put_list(struct buf *out, const struct tokens *t)
{
	static const char *const titles[CELLS] = {
		"Label", "Serial", "Kind", "Holder", "Place", "Last seen", "State"};
	size_t widths[CELLS] = {0}, i;
	struct token_line l;
	int k;

	/* The last column ends the line. */
	for (k = 0; k + 1 < CELLS; k++)
		widths[k] = width(t, titles[k], k);
	for (k = 0; k < CELLS; k++)
		put_cell(out, titles[k], widths[k]);
	for (i = 0; i < tokens_count(t); i++) {
		set_line(&l, tokens_at(t, i));
		for (k = 0; k < CELLS; k++)
			put_cell(out, l.cells[k], widths[k]);
	}
}

void handle_token_list(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct tokens *t = command_tokens(ctx, args, reply);
	struct json *rows = json_array_new();
	size_t i;

	if (t && tokens_count(t))
		put_list(&reply->text, t);
	for (i = 0; t && i < tokens_count(t); i++)
		json_append_take(rows, command_token_json(tokens_at(t, i)));
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
