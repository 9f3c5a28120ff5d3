/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/admin/admin.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/command/command.h"
#include "net/stream.h"
#include "service/jobs.h"

#include <unistd.h>

struct admin {
	const struct service_env *env;
	struct listener *listener;
	char *path; /* of the socket */
	struct session *sessions;
	struct job_link *jobs;
};

/* A connection; a request whose answer is being made holds it (busy), and it outlives its stream
 * until that job is back. */
struct session {
	struct admin *admin;
	struct session *next;
	struct stream *stream; /* NULL once it is closed */
	bool busy;
	unsigned uid;      /* who is at the other end */
	struct buf answer; /* a list of all phones is longer than what a stream queues */
	size_t sent;       /* of it, handed to the stream */
};

struct job {
	struct job_link link;
	struct session *session;
	const struct command *command;
	struct json *args;
	struct command_reply reply;
};

static void session_free(struct session *s)
{
	struct session **at = &s->admin->sessions;

	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	buf_fini(&s->answer);
	mem_free(s);
}

static void session_close(struct session *s)
{
	if (s->stream)
		stream_close(s->stream);
	s->stream = NULL;
	if (!s->busy)
		session_free(s);
}

static void give_up(struct session *s, enum err err)
{
	log_line(LOG_WARN, "admin: answer not sent: %s", err_text(err));
	session_close(s);
}

/* As much of the answer as the stream takes; the rest when that is gone. */
static void send_more(struct session *s)
{
	size_t left, room;
	enum err err;

	while ((left = s->answer.len - s->sent) > 0) {
		room = STREAM_OUTPUT_MAX - stream_unsent(s->stream);
		if (room < left && room < STREAM_OUTPUT_MAX)
			return;
		left = left < room ? left : room;
		err = stream_write(s->stream, span_of(s->answer.data + s->sent, left));
		if (err != ERR_OK) {
			give_up(s, err);
			return;
		}
		s->sent += left;
	}
	stream_finish(s->stream);
	s->stream = NULL;
	session_close(s);
}

static void answer(struct session *s, const struct command_reply *reply)
{
	struct json *out = json_object_new();

	/* What is left unread when a socket closes would cost the peer the answer. */
	stream_consume(s->stream, stream_input(s->stream).len);
	json_set_int(out, "version", COMMAND_PROTOCOL);
	json_set_int(out, "exit", reply->exit);
	json_set_take(out, "data", json_ref(reply->data));
	json_set_take(out, "text", json_span_new(buf_span(&reply->text)));
	if (reply->why.code != ERR_OK)
		json_set_str(out, "error", reply->why.text);
	enum err err = json_write(&s->answer, out, false);
	buf_str(&s->answer, "\n");
	if (err == ERR_OK)
		err = buf_check(&s->answer);
	json_free(out);
	stream_timeout(s->stream, ADMIN_IDLE_US);
	if (err == ERR_OK)
		send_more(s);
	else
		give_up(s, err);
}

static void refuse(struct session *s, const char *text)
{
	struct command_reply reply = {.exit = COMMAND_USAGE, .data = json_object_new()};

	fail_set(&reply.why, ERR_ARG, "%s", text);
	answer(s, &reply);
	command_reply_fini(&reply);
}

static void run(struct job *job)
{
	const struct service_env *env = job->session->admin->env;
	struct command_ctx ctx = {
		.state = cluster_get_folder(env->cluster),
		.clock = env->clock,
		.cluster = env->cluster,
		.runtime = env->runtime,
		.uid_known = true,
		.uid = job->session->uid,
	};

	command_run(job->command, &ctx, job->args, &job->reply);
}

static void run_in_pool(void *arg)
{
	run(arg);
}

static void job_free(struct job *job)
{
	jobs_remove(&job->link);
	command_reply_fini(&job->reply);
	json_free(job->args);
	mem_free(job);
}

static void finish(void *arg)
{
	struct job *job = arg;
	struct session *s = job->session;

	s->busy = false;
	if (s->stream)
		answer(s, &job->reply);
	else
		session_free(s);
	job_free(job);
}

static void request(struct session *s, struct span line)
{
	struct fail why = {0};
	struct json *in = NULL;
	struct job *job = mem_new(sizeof *job);

	if (!job || json_parse(&in, line, &why) != ERR_OK) {
		mem_free(job);
		refuse(s, why.text);
		return;
	}
	const struct command *cmd = command_named(json_get_str(in, "command"));
	struct json *args = json_ref(json_get(in, "args"));
	int64_t version = json_get_int(in, "version", 0);
	json_free(in);
	if (version != COMMAND_PROTOCOL || !cmd || cmd->where == COMMAND_HERE) {
		json_free(args);
		mem_free(job);
		refuse(s, version != COMMAND_PROTOCOL ? "cadeado and cadeadod are of different "
							"versions; install both from one release"
						      : "this command is not one for the daemon");
		return;
	}
	job->session = s;
	job->command = cmd;
	job->args = args;
	s->busy = true;
	jobs_add(&s->admin->jobs, &job->link);
	stream_pause(s->stream, true);
	if (cmd->where == COMMAND_DAEMON) { /* asks objects whose home is this loop */
		run(job);
		finish(job);
	} else if (executor_run(s->admin->env->blocking, run_in_pool, finish, job) != ERR_OK) {
		fail_set(&job->reply.why, ERR_NOMEM, "out of memory");
		job->reply.exit = COMMAND_FAULT;
		finish(job);
	}
}

static void session_event(void *ctx, struct stream *stream, enum stream_event ev)
{
	struct session *s = ctx;
	struct span in;
	const uint8_t *end;

	switch (ev) {
	case STREAM_DATA:
		in = stream_input(stream);
		end = memchr(in.ptr, '\n', in.len);
		if (s->busy || s->answer.len)
			return;
		if (end)
			request(s, span_of(in.ptr, (size_t)(end - in.ptr)));
		else if (in.len >= ADMIN_REQUEST_MAX - 1)
			refuse(s, "the request is longer than 64 KiB");
		return;
	case STREAM_READY: return;
	case STREAM_DRAINED:
		if (s->answer.len)
			send_more(s);
		return;
	case STREAM_CLOSED:
	case STREAM_TIMEOUT:
	case STREAM_ERROR: session_close(s); return;
	}
}

static void accepted(void *ctx, struct stream *stream)
{
	struct admin *a = ctx;
	struct session *s = mem_new(sizeof *s);
	unsigned uid;

	if (!s || !stream_peer_uid(stream, &uid) || (uid != 0 && uid != geteuid())) {
		log_line(LOG_WARN, "admin: a connection of another user was refused");
		mem_free(s);
		stream_close(stream);
		return;
	}
	s->admin = a;
	s->uid = uid;
	s->stream = stream;
	s->next = a->sessions;
	a->sessions = s;
	stream_handle(stream, session_event, s);
	stream_timeout(stream, ADMIN_IDLE_US);
}

static void stop(void *instance)
{
	struct admin *a = instance;
	struct fail why = {0};

	listener_close(a->listener);
	/* One that is left behind looks like a daemon that hangs. */
	if (file_remove(a->path, &why) != ERR_OK)
		log_line(LOG_WARN, "admin: %s", why.text);
	while (!a->env->blocking && a->jobs) {
		struct job *job = (struct job *)a->jobs;

		job->session->busy = false;
		job_free(job);
	}
	for (struct session *s = a->sessions, *next; s; s = next) {
		next = s->next;
		session_close(s);
	}
	mem_free(a->path);
	mem_free(a);
}

static enum err start(void **instance, const struct service_env *env, struct fail *why)
{
	struct admin *a = mem_new(sizeof *a);
	char *path = file_join(cluster_get_folder(env->cluster), "admin.sock");
	enum err err = a && path ? ERR_OK : fail_set(why, ERR_NOMEM, "out of memory");

	if (err == ERR_OK) {
		a->env = env;
		a->path = path;
		err = listener_open_unix(&a->listener, env->loop, path, accepted, a, why);
	}
	if (err != ERR_OK) {
		mem_free(path);
		mem_free(a);
		a = NULL;
	}
	*instance = a;
	return err;
}

const struct service service_admin = {
	.name = "admin",
	.every_worker = false,
	.own = OWN_COUNT,
	.start = start,
	.stop = stop,
};
