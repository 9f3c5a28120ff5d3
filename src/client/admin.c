/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/admin.h"

#include "base/file.h"
#include "base/mem.h"
#include "net/stream.h"

struct talk {
	struct loop *loop;
	const struct command *cmd;
	const struct json *args;
	struct buf answer;
	enum err err;
	struct fail *why;
};

static enum err write_request(struct stream *s, const struct talk *t)
{
	struct json *request = json_object_new();
	struct buf line = {0};
	enum err err;

	json_set_int(request, "version", COMMAND_PROTOCOL);
	json_set_str(request, "command", t->cmd->words);
	json_set_take(request, "args", json_ref((struct json *)t->args));
	err = json_write(&line, request, false);
	buf_str(&line, "\n");
	if (err == ERR_OK)
		err = buf_check(&line);
	if (err == ERR_OK)
		err = stream_write(s, buf_span(&line));
	if (err != ERR_OK)
		fail_set(t->why, err, "the request could not be sent: %s", err_text(err));
	buf_fini(&line);
	json_free(request);
	return err;
}

static void event(void *ctx, struct stream *s, enum stream_event ev)
{
	struct talk *t = ctx;
	struct span in = stream_input(s);

	buf_put(&t->answer, in);
	stream_consume(s, in.len);
	if (ev == STREAM_READY)
		t->err = write_request(s, t);
	if (ev == STREAM_TIMEOUT || ev == STREAM_ERROR)
		t->err = ev == STREAM_TIMEOUT ? ERR_TIMEOUT : ERR_CLOSED;
	if (ev == STREAM_CLOSED || t->err != ERR_OK)
		loop_stop(t->loop);
}

static enum err read_answer(struct span text, struct command_reply *reply, struct fail *why)
{
	struct json *in = NULL;
	const char *s;
	enum err err = json_parse(&in, text, why);

	if (err != ERR_OK)
		return err;
	reply->exit = (enum command_exit)json_get_int(in, "exit", COMMAND_FAULT);
	reply->data = json_ref(json_get(in, "data"));
	if ((s = json_get_str(in, "text")) != NULL)
		buf_str(&reply->text, s);
	if ((s = json_get_str(in, "error")) != NULL)
		fail_set(&reply->why, ERR_NOTNOW, "%s", s);
	json_free(in);
	return buf_check(&reply->text);
}

enum err client_admin_run(const char *state, const struct command *cmd, const struct json *args,
	int64_t timeout_us, struct command_reply *reply, struct fail *why)
{
	struct talk t = {.cmd = cmd, .args = args, .why = why};
	char *path = file_join(state, "admin.sock");
	struct stream *s = NULL;
	enum err err = path ? loop_new(&t.loop) : ERR_NOMEM;

	memset(reply, 0, sizeof(*reply));
	if (err == ERR_OK)
		err = stream_connect_unix(&s, t.loop, path, event, &t, why);
	if (err == ERR_OK) {
		stream_timeout(s, timeout_us);
		loop_run(t.loop);
		err = t.err;
		if (err == ERR_OK)
			err = read_answer(buf_span(&t.answer), reply, why);
		if (err != ERR_OK)
			fail_set(why, err, "the daemon's answer is missing: %s", err_text(err));
	}
	if (s)
		stream_close(s);
	loop_free(t.loop);
	buf_fini(&t.answer);
	mem_free(path);
	return err;
}

static void ignore(void *ctx, struct stream *s, enum stream_event ev)
{
	(void)ctx;
	(void)s;
	(void)ev;
}

bool client_admin_runs(const char *state)
{
	char *path = file_join(state, "admin.sock");
	struct loop *loop = NULL;
	struct stream *s = NULL;
	enum err err = path ? loop_new(&loop) : ERR_NOMEM;

	if (err == ERR_OK)
		err = stream_connect_unix(&s, loop, path, ignore, NULL, NULL);
	if (s)
		stream_close(s);
	loop_free(loop);
	mem_free(path);
	return err != ERR_NOTFOUND;
}
