/* SPDX-License-Identifier: BSD-2-Clause
 * `cadeado token create|add|pin|drill|retire`. */
#include "core/command/handlers.h"

#include "base/mem.h"
#include "core/command/keys.h"
#include "core/command/token.h"

#include <stdio.h>

#define NEW_PIN     "New PIN of the token: "
#define PROMPT_SIZE 128

static struct token_details details(const struct json *args)
{
	return (struct token_details){
		.serial = json_get_str(args, "serial"),
		.holder = json_get_str(args, "holder"),
		.place = json_get_str(args, "place"),
	};
}

static enum err ask_pin(struct command_ctx *ctx, const struct json *args, const char *what,
	const char *label, struct buf *pin, struct fail *why)
{
	char prompt[PROMPT_SIZE];

	snprintf(prompt, sizeof(prompt), "%s %.64s: ", what, label);
	return command_secret(ctx, args, "pin-file", prompt, pin, why);
}

void handle_token_create(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *label = json_get_str(args, "token");
	bool hardware = json_get_str(args, "module") != NULL;
	struct token_details d = details(args);
	const struct token_entry *e = NULL;
	struct buf pin = {0};
	struct fail why = {0};
	struct tokens *t = NULL;
	enum err err = ERR_OK;

	if (hardware != (label != NULL)) {
		fail_set(&why, ERR_ARG,
			"a key on a PKCS #11 token is made with --module FILE and --token LABEL; a "
			"file token with neither");
		command_refuse(reply, &why);
		reply->exit = COMMAND_USAGE;
		return;
	}
	t = command_tokens(ctx, args, reply);
	if (!t)
		return;
	/* A token that is not there is told before anybody types a PIN. */
	if (hardware)
		err = tokens_find(t, label, &e, &why);
	if (!err && hardware)
		err = ask_pin(ctx, args, "PIN of token", label, &pin, &why);
	else if (!err)
		err = command_secret_new(ctx, args, "pin-file", NEW_PIN, &pin, &why);
	if (!err && hardware)
		err = tokens_create_p11(t, label, &d, (const char *)pin.data, &e, &why);
	else if (!err)
		err = tokens_create_file(t, &d, (const char *)pin.data, &e, &why);
	if (err)
		command_refuse(reply, &why);
	else
		command_token_tell(reply, e);
	buf_wipe(&pin);
	tokens_close(t);
}

void handle_token_add(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *path = json_get_str(args, "cert");
	struct token_details d = details(args);
	struct tokens *t = command_tokens(ctx, args, reply);
	const struct token_entry *e = NULL;
	struct cert *cert = NULL;
	struct fail why = {0};
	enum err err = ERR_OK;

	if (!t)
		return;
	if (path)
		err = command_cert(path, &cert, &why);
	if (!err)
		err = tokens_add(t, json_get_str(args, "token"), cert, &d, &e, &why);
	if (err)
		command_refuse(reply, &why);
	else
		command_token_tell(reply, e);
	cert_free(cert);
	tokens_close(t);
}

void handle_token_pin(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *label = json_get_str(args, "label");
	struct tokens *t = command_tokens(ctx, args, reply);
	const struct token_entry *e = NULL;
	struct buf old = {0}, pin = {0};
	struct fail why = {0};
	enum err err;

	if (!t)
		return;
	err = tokens_find(t, label, &e, &why);
	if (!err)
		err = ask_pin(ctx, args, "Present PIN of token", label, &old, &why);
	if (!err)
		err = command_secret_new(ctx, args, "new-pin-file", NEW_PIN, &pin, &why);
	if (!err)
		err = tokens_set_pin(
			t, label, (const char *)old.data, (const char *)pin.data, NULL, &why);
	if (err) {
		command_refuse(reply, &why);
	} else {
		json_set_str(reply->data, "label", label);
		buf_printf(&reply->text, "The PIN of token %s is changed.\n", label);
		if (e->kind == TOKEN_KIND_FILE)
			buf_str(&reply->text,
				"Copies that were made before still open with the PIN before: "
				"destroy them.\n");
	}
	buf_wipe(&old);
	buf_wipe(&pin);
	tokens_close(t);
}

/* One token's drill: a line, a row, and whether it signed. */
static bool drill(struct command_ctx *ctx, const struct json *args, struct tokens *t,
	const char *label, struct json *rows, struct buf *out)
{
	struct json *row = json_object_new();
	struct fail why = {0};
	struct buf pin = {0};
	int left = -1;
	enum err err = ask_pin(ctx, args, "PIN of token", label, &pin, &why);
	bool asked = !err;

	if (asked)
		err = tokens_drill(t, label, (const char *)pin.data, &left, &why);
	buf_wipe(&pin);
	json_set_str(row, "label", label);
	json_set_bool(row, "signs", !err);
	if (left >= 0)
		json_set_int(row, "attemptsLeft", left);
	if (err) {
		json_set_str(row, "error", err_name(err));
		json_set_str(row, "reason", why.text);
		buf_printf(out, "%-20s %s: %s\n", label, asked ? "DOES NOT SIGN" : "not asked",
			why.text);
	} else {
		buf_printf(out, "%-20s signs\n", label);
	}
	json_append_take(rows, row);
	return !err;
}

/* Labels to ask, before the first drill changes the entries. A retired one signs nothing. */
static struct json *labels_to_drill(const struct tokens *t, struct json *rows, struct buf *out)
{
	struct json *labels = json_array_new();
	size_t i;

	for (i = 0; i < tokens_count(t); i++) {
		const struct token_entry *e = tokens_at(t, i);

		if (!e->known || e->retired)
			continue;
		if (e->present) {
			json_append_take(labels, json_string_new(e->label));
			continue;
		}
		struct json *row = json_object_new();

		json_set_str(row, "label", e->label);
		json_set_bool(row, "signs", false);
		json_set_str(row, "reason", e->state);
		json_append_take(rows, row);
		buf_printf(out, "%-20s not asked: %s\n", e->label, e->state);
	}
	return labels;
}

void handle_token_drill(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *label = json_get_str(args, "label");
	struct tokens *t = command_tokens(ctx, args, reply);
	struct json *rows = json_array_new(), *labels = NULL;
	struct fail why = {0};
	size_t i, good = 0;

	if (t && !label && json_get_str(args, "pin-file")) {
		/* The same PIN on every token would use up their tries. */
		fail_set(&why, ERR_ARG,
			"--pin-file holds one token's PIN: name the token, or give a line for each "
			"with --pin-fd");
		command_refuse(reply, &why);
		reply->exit = COMMAND_USAGE;
	} else if (t && label) {
		good = drill(ctx, args, t, label, rows, &reply->text);
		reply->exit = good ? COMMAND_GOOD : COMMAND_FAULT;
	} else if (t) {
		labels = labels_to_drill(t, rows, &reply->text);
		for (i = 0; i < json_count(labels); i++)
			good += drill(
				ctx, args, t, json_str(json_at(labels, i)), rows, &reply->text);
		reply->exit = good && good == json_count(rows) ? COMMAND_GOOD : COMMAND_FAULT;
		buf_printf(&reply->text, "%zu of %zu tokens sign.\n", good, json_count(rows));
	}
	json_set_take(reply->data, "drill", rows);
	json_free(labels);
	tokens_close(t);
}

/* Another token that can sign the list without the retired one. */
static const char *another(const struct tokens *t, const char *label)
{
	const struct token_entry *e;
	size_t i;

	for (i = 0; i < tokens_count(t); i++) {
		e = tokens_at(t, i);
		if (e->known && !e->retired && e->cert && !e->locked &&
			e->kind != TOKEN_KIND_FOREIGN && strcmp(e->label, label) != 0)
			return e->label;
	}
	return "LABEL";
}

void handle_token_retire(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *label = json_get_str(args, "label");
	struct tokens *t = command_tokens(ctx, args, reply);
	struct fail why = {0};

	if (t && tokens_retire(t, label, json_get_bool(args, "force"), &why) != ERR_OK) {
		command_refuse(reply, &why);
	} else if (t) {
		json_set_str(reply->data, "retired", label);
		json_set_int(reply->data, "usable", (int64_t)tokens_usable(t));
		buf_printf(&reply->text,
			"Token %s signs nothing any more, and the next CTL leaves it out.\n"
			"Phones go on accepting what it signs until they hold a CTL without it. "
			"Now:\n"
			"  1. sign a CTL with another token of the present one:\n"
			"       cadeado utils ctl update CTLFile --token %s\n"
			"  2. restart TFTP on every node, so that it serves that CTL;\n"
			"  3. then restart CallManager on every node, so that the phones fetch "
			"it;\n"
			"  4. destroy the token, or keep it locked away.\n",
			label, another(t, label));
	}
	tokens_close(t);
}
