/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/keys.h"

#include "base/mem.h"
#include "net/stream.h"
#include "sim/panel.h"
#include "sim/secret.h"
#include "wire/json.h"

#include <stdio.h>
#include <unistd.h>

#define ITEM_NAME 24 /* columns */

struct keys {
	const struct sim_options *opt;
	struct loop *loop;
	struct stream *stream;
	struct fail why; /* why the phone cannot be spoken to any more */
	bool connected;
	struct json *screen;   /* the last answer */
	struct json *progress; /* what was shown of an Update */
};

static const char *lsc_of(const struct json *screen)
{
	const struct json *items = json_get(screen, "items");

	for (size_t i = 0; i < json_count(items); i++) {
		const char *name = json_get_str(json_at(items, i), "name");

		if (name && strcmp(name, "LSC") == 0)
			return json_get_str(json_at(items, i), "value");
	}
	return "";
}

static void note_progress(struct keys *k)
{
	const char *lsc = lsc_of(k->screen);

	json_append_take(k->progress, json_string_new(lsc));
	if (k->opt->json)
		return;
	(void)printf("LSC: %s\n", lsc);
	(void)fflush(stdout);
}

static void take_answer(struct keys *k, struct span line)
{
	bool was_busy = json_get_bool(k->screen, "busy");

	json_free(k->screen);
	k->screen = NULL;
	if (json_parse(&k->screen, line, &k->why)) {
		loop_stop(k->loop);
		return;
	}
	if (was_busy || json_get_bool(k->screen, "busy"))
		note_progress(k);
	if (!json_get_bool(k->screen, "busy"))
		loop_stop(k->loop);
}

static void take_answers(struct keys *k)
{
	struct span in = stream_input(k->stream);
	const uint8_t *end;

	while (in.len && (end = memchr(in.ptr, '\n', in.len)) != NULL) {
		size_t len = (size_t)(end - in.ptr);

		take_answer(k, span_of(in.ptr, len));
		stream_consume(k->stream, len + 1);
		in = stream_input(k->stream);
	}
}

static void on_stream(void *ctx, struct stream *s, enum stream_event ev)
{
	struct keys *k = ctx;

	switch (ev) {
	case STREAM_READY:
		k->connected = true;
		loop_stop(k->loop);
		break;
	case STREAM_DATA: take_answers(k); break;
	case STREAM_DRAINED: break;
	default:
		(void)fail_set(&k->why, ERR_CLOSED, "the phone was switched off");
		loop_stop(k->loop);
		break;
	}
}

static enum err connect_phone(struct keys *k)
{
	const char *dir = k->opt->dir;
	char path[SIM_PANEL_PATH];
	int folder = -1;
	enum err err = loop_new(&k->loop);

	if (err)
		return fail_set(&k->why, err, "%s", err_text(err));
	err = sim_panel_path(path, &folder, dir, &k->why);
	if (err == ERR_OK)
		err = stream_connect_unix(&k->stream, k->loop, path, on_stream, k, NULL);
	if (folder >= 0)
		(void)close(folder);
	if (err)
		return fail_set(&k->why, err,
			"no phone runs in %s; start one: cadeado-phone --mac MAC --dir %s", dir,
			dir);
	if (!k->connected)
		loop_run(k->loop);
	return k->why.code;
}

/* Presses a key and waits for what is shown then, to the end of an Update. */
static enum err press(struct keys *k, const char *text, size_t len)
{
	struct buf line = {0};
	enum err err;

	if (len > SIM_PRESS_MAX)
		return fail_set(&k->why, ERR_LIMIT, "there is no key with such a long name");
	buf_put(&line, span_of(text, len));
	buf_u8(&line, '\n');
	err = buf_check(&line);
	if (err == ERR_OK)
		err = stream_write(k->stream, buf_span(&line));
	buf_wipe(&line);
	if (err)
		return fail_set(&k->why, err, "the phone cannot be reached");
	loop_run(k->loop);
	return k->why.code;
}

static enum err type_string(struct keys *k)
{
	struct buf string = {0};
	const char *file = k->opt->string_file;
	enum err err;

	/* Keys that come through a pipe: so does the string. */
	if (!file && !k->opt->words && !isatty(STDIN_FILENO))
		file = "-";
	err = sim_string_read(&string, file, &k->why);
	if (err == ERR_OK) {
		err = press(k, (const char *)string.data, string.len);
	} else if (err == ERR_FORMAT && !k->opt->words) {
		/* At the keyboard one may think better of it. */
		(void)fprintf(stderr, "cadeado-phone: %s\n", k->why.text);
		fail_clear(&k->why);
		err = press(k, "Cancel", strlen("Cancel"));
	}
	buf_wipe(&string);
	return err;
}

static bool asks(const struct keys *k)
{
	const char *what = json_get_str(k->screen, "ask");

	return what && what[0];
}

/* "Settings > Status > Status Messages": one press after the other; stops at one that does
 * nothing. */
static enum err press_path(struct keys *k, const char *text)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && *text) {
		size_t len = strcspn(text, ">");
		const char *next = text + len + (text[len] == '>');

		while (len && *text == ' ') {
			text++;
			len--;
		}
		while (len && text[len - 1] == ' ')
			len--;
		if (len)
			err = press(k, text, len);
		if (err == ERR_OK && len && !json_get_bool(k->screen, "good"))
			break;
		text = next;
	}
	return err;
}

/* ---- the display ---- */

static void print_items(const struct json *screen)
{
	const struct json *items = json_get(screen, "items");

	for (size_t i = 0; i < json_count(items); i++) {
		const struct json *item = json_at(items, i);
		const char *value = json_get_str(item, "value");

		if (value && value[0])
			(void)printf("%3zu %-*s %s\n", i + 1, ITEM_NAME, json_get_str(item, "name"),
				value);
		else
			(void)printf("%3zu %s\n", i + 1, json_get_str(item, "name"));
	}
}

static void print_screen(const struct json *screen)
{
	const struct json *keys = json_get(screen, "softkeys");
	const char *message = json_get_str(screen, "message");

	(void)printf("%s%s\n", json_get_str(screen, "title"),
		json_get_bool(screen, "unlocked") ? " (unlocked)" : "");
	print_items(screen);
	for (size_t i = 0; i < json_count(keys); i++)
		(void)printf("%s[%s]", i ? " " : "", json_str(json_at(keys, i)));
	(void)printf("\n");
	if (message && message[0])
		(void)printf("%s\n", message);
	(void)fflush(stdout);
}

static void print_outcome(struct keys *k)
{
	struct buf out = {0};

	if (!k->opt->json) {
		print_screen(k->screen);
		return;
	}
	json_set_take(k->screen, "progress", json_ref(k->progress));
	if (json_write(&out, k->screen, true) == ERR_OK)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_fini(&out);
}

/* ---- from arguments, or from the keyboard ---- */

static enum err press_arguments(struct keys *k)
{
	enum err err = ERR_OK;

	for (int i = 0; i < k->opt->words && err == ERR_OK; i++) {
		if (i && !json_get_bool(k->screen, "good"))
			break;
		err = press_path(k, k->opt->word[i]);
	}
	if (err == ERR_OK && asks(k))
		err = type_string(k);
	if (err == ERR_OK)
		print_outcome(k);
	return err;
}

static enum err press_typed(struct keys *k)
{
	char line[SIM_PRESS_MAX + 2];
	enum err err = press(k, "", 0);

	while (err == ERR_OK) {
		print_outcome(k);
		if (asks(k)) {
			err = type_string(k);
			continue;
		}
		if (isatty(STDIN_FILENO))
			(void)printf("> ");
		(void)fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return ERR_OK;
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0])
			err = press_path(k, line);
	}
	return err;
}

int sim_keys_run(const struct sim_options *opt)
{
	struct keys k = {.opt = opt, .progress = json_array_new()};
	int status = SIM_EXIT_DONE;
	enum err err = connect_phone(&k);

	if (err == ERR_OK)
		err = opt->words ? press_arguments(&k) : press_typed(&k);
	if (err) {
		(void)fprintf(
			stderr, "cadeado-phone: %s\n", k.why.text[0] ? k.why.text : err_text(err));
		status = SIM_EXIT_REFUSED;
	} else if (!json_get_bool(k.screen, "good")) {
		status = SIM_EXIT_REFUSED;
	}
	if (k.stream)
		stream_close(k.stream);
	if (k.loop)
		loop_free(k.loop);
	json_free(k.screen);
	json_free(k.progress);
	return status;
}
