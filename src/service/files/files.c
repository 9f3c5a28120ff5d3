/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/files/files.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "service/complaints.h"
#include "service/contents.h"
#include "service/files/choice.h"
#include "service/guesses.h"
#include "service/http.h"
#include "service/jobs.h"
#include "service/notes.h"

#include <stdio.h>

/* Traces are written together: at the latest after this time, or when there are so many. */
#define TRACE_US    (50 * 1000ll)
#define TRACE_BYTES 32768u

/* The number that traces show as the connection object: never an address of ours. */
#define CONTEXT_BASE 0xA000000u

/* How exactly an answer that is held back is due. */
#define HELD_TICK_US (100 * 1000ll)

#define NAME_SHOWN 64 /* characters of a name in traces; longer ones are not served */

enum door_kind {
	DOOR_HTTP,  /* 6970 */
	DOOR_HTTPS, /* 6971: phones ask for a signed configuration and expect it unsigned */
	DOOR_AUTH,  /* 6972: HTTPS for software clients and applications */
	DOORS
};

struct files;
struct door {
	struct files *files;
	enum door_kind kind;
	int port;
	struct http_server *http;
};

struct files {
	const struct service_env *env;
	struct contents *contents;
	struct door doors[DOORS];
	struct fetch *due, **due_last; /* read, and not looked at yet */
	struct loop_timer *due_timer;
	struct job_link *waiting; /* fetches whose file is not there yet */
	struct job_link *held;    /* fetches of who guesses names, to be answered later */
	struct loop_timer *held_timer;
	unsigned waiting_count, count;
	uint32_t requests; /* running number, for traces */
	struct buf lines;  /* traces that are to be written */
	struct loop_timer *timer;
	bool ticking;
	struct complaints complaints;
};

/* One request, until its answer has been sent. */
struct fetch {
	struct job_link link; /* while it waits, or is held back */
	struct fetch *due;    /* the next that was read */
	int64_t answer_us;    /* monotonic; when it is held back */
	struct door *door;
	struct slot_ref ref;
	struct contents_wait wait;
	struct content *content;
	uint32_t number;
	struct net_addr peer;
	unsigned status;
	char asked[];
};

/* --- telling --- */

static void put_lines(struct files *s)
{
	trace_put(TRACE_TFTP, &s->lines);
}

static void on_timer(void *ctx)
{
	struct files *s = ctx;

	s->ticking = false;
	put_lines(s);
}

static void gathered(struct files *s)
{
	if (s->lines.len >= TRACE_BYTES)
		put_lines(s);
	else if (!s->ticking)
		loop_timer_set(s->timer, TRACE_US);
	s->ticking = s->ticking || s->lines.len;
}

#define CONTEXT_MAX (NET_ADDR_MAX + 48)

static void context_of(const struct fetch *f, char out[CONTEXT_MAX])
{
	char host[NET_ADDR_MAX];

	net_addr_print(&f->peer, host);
	snprintf(out, CONTEXT_MAX, "0x%x~%u~%s~%u",
		CONTEXT_BASE + (f->door->files->env->worker << 16) + (f->number & 0xFFFF),
		f->number, host, f->peer.port);
}

static void trace_request(struct fetch *f, enum http_method method)
{
	struct files *s = f->door->files;
	char context[CONTEXT_MAX];

	context_of(f, context);
	trace_gather(&s->lines, TRACE_TFTP,
		"HTTPConnection::wait_Request[%s], [%.*s] Method(%s), Port(%d), Serving Count(%u)",
		context, NAME_SHOWN, f->asked, http_method_name(method), f->door->port,
		s->count - 1);
	gathered(s);
}

static void trace_end(struct fetch *f, size_t sent, bool whole)
{
	struct files *s = f->door->files;
	char context[CONTEXT_MAX];

	context_of(f, context);
	trace_gather(&s->lines, TRACE_TFTP,
		"HTTPConnection::wait_FileResponse Requested file FOUND... Sending file "
		"Response[%s], %s[%s] Asked[%.*s] Status[%u] Bytes[%zu] Version[%s] Signature[%s]%s",
		context, whole ? "Transferred" : "Not transferred", f->content->served, NAME_SHOWN,
		f->asked, f->status, sent, f->content->note.version, f->content->note.signature,
		whole ? "" : ", the client ended the connection");
	gathered(s);
}

static void trace_absent(struct fetch *f, const struct provision_absence *a)
{
	struct files *s = f->door->files;
	char context[CONTEXT_MAX];

	context_of(f, context);
	trace_gather(&s->lines, TRACE_TFTP,
		"HTTPConnection::wait_FileResponse[%s], File[%.*s], Error(%u)%s%s%s", context,
		NAME_SHOWN, f->asked, f->status,
		!a          ? ""
		: a->normal ? ", Normal["
			    : ", Fault[",
		a ? a->text : "", a ? "]" : "");
	gathered(s);
}

/* --- fetches --- */

static struct fetch *fetch_new(
	struct door *d, struct slot_ref ref, const struct http_exchange *x, const char *asked)
{
	size_t len = strlen(asked) + 1;
	struct fetch *f = mem_new(sizeof(*f) + len);

	if (!f)
		return NULL;
	f->door = d;
	f->ref = ref;
	f->peer = *x->peer;
	f->number = ++d->files->requests;
	memcpy(f->asked, asked, len);
	d->files->count++;
	return f;
}

static void fetch_free(struct fetch *f)
{
	contents_cancel(&f->wait);
	content_drop(f->content);
	f->door->files->count--;
	mem_free(f);
}

static void sent(void *owner, size_t bytes, bool whole)
{
	struct fetch *f = owner;
	struct content *c = f->content;

	trace_end(f, bytes, whole);
	if (whole && c && f->status == 200 && bytes == c->bytes.len)
		notes_sent(f->door->files->env->notes, f->asked, buf_span(&c->bytes), c->md5,
			&f->peer);
	fetch_free(f);
}

/* Everything that is not there, not allowed or no name at all has one and the same answer; nothing
 * is said about reasons. */
static void answer_absent(struct fetch *f)
{
	http_answer_error(f->door->http, f->ref, 404, "notfound", "file not found", NULL);
	fetch_free(f);
}

static void on_held_timer(void *ctx)
{
	struct files *s = ctx;
	struct job_link *at, *next;
	int64_t now_us = clock_monotonic_us();

	for (at = s->held; at; at = next) {
		struct fetch *f = (struct fetch *)at;

		next = at->next;
		if (f->answer_us > now_us)
			continue;
		jobs_remove(at);
		answer_absent(f);
	}
	if (s->held)
		loop_timer_set(s->held_timer, HELD_TICK_US);
}

/* Another one that guesses names: what he asks about strangers is answered now and then. */
static bool held_back(struct fetch *f, const struct provision_absence *a)
{
	struct files *s = f->door->files;
	int64_t now_us = clock_monotonic_us(), us = 0;

	if (a && a->unknown_device)
		us = guesses_ask(s->env->guesses, &f->peer, a->device, true, now_us);
	if (us == 0)
		return false;
	f->answer_us = now_us + us;
	if (!s->held)
		loop_timer_set(s->held_timer, HELD_TICK_US);
	jobs_add(&s->held, &f->link);
	return true;
}

/* `a` (or NULL) is told to the log alone. */
static void refuse(
	struct fetch *f, enum err err, const struct fail *why, const struct provision_absence *a)
{
	static const struct http_field again = {
		{(const uint8_t *)"Retry-After", 11}, {(const uint8_t *)"1", 1}};
	struct files *s = f->door->files;
	char from[NET_ADDR_MAX];

	f->status = err == ERR_NOTFOUND || err == ERR_DENIED ? 404 : 503;
	if (f->status == 404)
		notes_asked(s->env->notes, f->asked, &f->peer);
	if (f->status != 404 && complaints_allow(&s->complaints, "files")) {
		net_addr_print_port(&f->peer, from);
		log_line(LOG_WARN, "files: %s: %.*s: %s", from, NAME_SHOWN, f->asked, why->text);
	}
	trace_absent(f, a);
	if (f->status == 404) {
		if (!held_back(f, a))
			answer_absent(f);
		return;
	}
	http_answer_error(
		f->door->http, f->ref, 503, "unavailable", "the file cannot be served now", &again);
	fetch_free(f);
}

static void add_field(
	struct http_reply *r, struct http_field *at, const char *name, const char *value)
{
	at[r->fields_count++] = (struct http_field){span_str(name), span_str(value)};
}

/* Answers with the content, which the fetch holds until it has been sent. */
static void serve(struct fetch *f, struct content *content)
{
	const struct http_request *r = http_get_request(f->door->http, f->ref);
	struct span file = buf_span(&content->bytes);
	struct http_field fields[4];
	struct http_reply reply = {.type = "*/*", .fields = fields, .done = sent, .owner = f};
	char range[64];
	struct buf date = {0};
	struct choice c;

	f->content = content;
	notes_asked(f->door->files->env->notes, f->asked, &f->peer);
	if (!r) {
		trace_end(f, 0, false);
		fetch_free(f);
		return;
	}
	c = choose(r, file, content->tag, content->modified);
	f->status = reply.status = c.status;
	reply.body = c.part;
	add_field(&reply, fields, "ETag", content->tag);
	add_field(&reply, fields, "Accept-Ranges", "bytes");
	if (content->modified > 0) {
		http_put_date(&date, content->modified);
		buf_u8(&date, 0);
		if (!buf_check(&date))
			add_field(&reply, fields, "Last-Modified", (const char *)date.data);
	}
	if (c.status == 206)
		snprintf(range, sizeof(range), "bytes %zu-%zu/%zu", c.first,
			c.first + c.part.len - 1, file.len);
	else
		snprintf(range, sizeof(range), "bytes */%zu", file.len);
	if (c.status == 206 || c.status == 416)
		add_field(&reply, fields, "Content-Range", range);
	http_answer(f->door->http, f->ref, &reply);
	buf_fini(&date);
}

static void on_content(
	struct contents_wait *w, enum err err, struct content *content, const struct fail *why)
{
	struct fetch *f = (struct fetch *)((char *)w - offsetof(struct fetch, wait));

	jobs_remove(&f->link);
	f->door->files->waiting_count--;
	if (err)
		refuse(f, err, why, w->absence);
	else
		serve(f, content);
}

/* --- requests --- */

/* The name that a path stands for, with its NUL; what is no path stands for no name: "". */
static enum err read_name(struct buf *out, struct span path)
{
	struct fail why = {0};

	if (http_path(out, path, &why) != ERR_OK)
		buf_clear(out);
	buf_u8(out, 0);
	return buf_check(out);
}

/* What is looked up for a name that was asked for at this door. */
static void name_at(const struct door *d, char *name)
{
	static const char signed_config[] = ".cnf.xml.sgn";
	size_t len = strlen(name), tail = sizeof(signed_config) - 1;

	if (d->kind == DOOR_HTTPS && len > tail && str_ieq(name + len - tail, signed_config))
		name[len - strlen(".sgn")] = '\0';
}

static void look_up(struct fetch *f)
{
	struct files *s = f->door->files;
	struct content *content = NULL;
	char name[HTTP_TARGET_MAX + 1];
	struct fail why = {0};
	enum err err = s->waiting_count < FILES_WAITING_MAX ? ERR_OK : ERR_LIMIT;

	str_copy(name, sizeof(name), f->asked);
	name_at(f->door, name);
	f->wait.done = on_content;
	/* It may be answered, and gone, before this returns. */
	jobs_add(&s->waiting, &f->link);
	s->waiting_count++;
	if (err == ERR_OK)
		err = contents_get(s->contents, name, &content, &f->wait);
	if (err || content) {
		jobs_remove(&f->link);
		s->waiting_count--;
	}
	if (err)
		refuse(f, fail_set(&why, err, "%s", err_text(err)), &why, f->wait.absence);
	else if (content)
		serve(f, content);
}

/* Those that were read together are looked at together: one look at the disk is good for all. */
static void on_due_timer(void *ctx)
{
	struct files *s = ctx;
	struct fetch *f = s->due, *next;

	s->due = NULL;
	s->due_last = &s->due;
	contents_look(s->contents);
	for (; f; f = next) {
		next = f->due;
		look_up(f);
	}
}

static void handle(void *ctx, struct slot_ref ref, const struct http_exchange *x)
{
	struct door *d = ctx;
	struct buf path = {0};
	struct fetch *f = NULL;
	char *name = NULL;

	if (read_name(&path, x->request->path) == ERR_OK) {
		name = (char *)path.data + (path.data[0] == '/');
		f = fetch_new(d, ref, x, name);
	}
	if (f) {
		trace_request(f, x->request->method);
		if (!d->files->due)
			loop_timer_set(d->files->due_timer, 0);
		*d->files->due_last = f;
		d->files->due_last = &f->due;
	} else {
		http_answer_error(d->http, ref, 503, "unavailable", err_text(ERR_NOMEM), NULL);
	}
	buf_fini(&path);
}

/* --- start and stop --- */

static void end_all(struct job_link **list)
{
	while (*list) {
		struct fetch *f = (struct fetch *)*list;

		jobs_remove(&f->link);
		fetch_free(f);
	}
}

static void stop(void *instance)
{
	struct files *s = instance;
	struct fetch *f;
	size_t i;

	for (i = 0; i < DOORS; i++)
		http_server_free(s->doors[i].http);
	while ((f = s->due)) {
		s->due = f->due;
		fetch_free(f);
	}
	end_all(&s->waiting);
	end_all(&s->held);
	contents_free(s->contents);
	loop_timer_free(s->due_timer);
	loop_timer_free(s->timer);
	loop_timer_free(s->held_timer);
	put_lines(s);
	buf_fini(&s->lines);
	mem_free(s);
}

static enum err open_door(struct files *s, enum door_kind kind, long port, struct fail *why)
{
	const struct settings *set = s->env->settings;
	struct door *d = &s->doors[kind];
	struct net_addr listen;
	struct http_config config = {
		.name = "files",
		.loop = s->env->loop,
		.addr = &listen,
		.tls = kind == DOOR_HTTP ? NULL : s->env->tls[OWN_CALLMANAGER],
		.clock = s->env->clock,
		.read_only = true,
		.requests_max = FILES_REQUESTS_MAX,
		.connections_max = service_sessions(s->env, FILES_CONNECTIONS_MAX),
		.per_source_max = FILES_PER_SOURCE_MAX,
		.handle = handle,
		.ctx = d,
	};
	enum err err;

	d->files = s;
	d->kind = kind;
	d->port = settings_port(set, port);
	err = net_addr_parse(&listen, set->address, d->port, why);
	return err ? err : http_server_new(&d->http, &config, why);
}

static enum err start(void **instance, const struct service_env *env, struct fail *why)
{
	const struct settings *set = env->settings;
	const long ports[DOORS] = {set->http_port, set->https_port, set->https_auth_port};
	struct files *s = mem_new(sizeof(*s));
	enum err err = ERR_NOMEM;
	int kind;

	*instance = NULL;
	if (!s)
		return fail_set(why, err, "HTTP: %s", err_text(err));
	s->env = env;
	s->due_last = &s->due;
	err = loop_timer_new(&s->timer, env->loop, on_timer, s);
	if (err == ERR_OK)
		err = loop_timer_new(&s->due_timer, env->loop, on_due_timer, s);
	if (err == ERR_OK)
		err = loop_timer_new(&s->held_timer, env->loop, on_held_timer, s);
	if (err == ERR_OK)
		err = contents_new(&s->contents, env);
	if (err == ERR_OK)
		contents_tag(s->contents);
	for (kind = 0; kind < DOORS && err == ERR_OK; kind++)
		err = open_door(s, (enum door_kind)kind, ports[kind], why);
	if (err != ERR_OK) {
		fail_set(why, err, "%s", err_text(err));
		fail_prefix(why, "HTTP");
		stop(s);
		return err;
	}
	*instance = s;
	return ERR_OK;
}

const struct service service_files = {
	.name = "files",
	.every_worker = true,
	.own = OWN_CALLMANAGER,
	.peer_cert = TLS_PEER_NONE,
	.start = start,
	.stop = stop,
};
