/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/http.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/complaints.h"
#include "wire/json.h"

enum state {
	CONN_HANDSHAKE,
	CONN_HEAD,  /* a head is expected, or has begun */
	CONN_BODY,  /* its body is being read */
	CONN_BUSY,  /* the answer is being made: nothing is read */
	CONN_DRAIN, /* the answer is on its way */
	CONN_IDLE,  /* between two requests */
};

#define SOURCE_BUCKETS 256u

/* An address that has connections. */
struct from {
	struct from *next; /* in its bucket */
	struct net_addr addr;
	unsigned count;
};

struct http_server {
	struct http_config config;
	struct listener *listener;
	struct slots *conns;
	struct from *from[SOURCE_BUCKETS];
	struct complaints complaints;
};

struct conn {
	struct http_server *server;
	struct slot_ref ref;
	struct stream *stream;
	struct from *from;
	enum state state;
	bool paused;
	unsigned requests;
	struct buf head, body;
	struct http_request request; /* borrows from head */

	/* Of the answer: what is still to be sent of a body that is lent, and to whom. */
	struct span rest;
	size_t sent;
	bool close;
	void (*done)(void *owner, size_t sent, bool whole);
	void *owner;
};

/* --- how many from where --- */

static struct from **bucket_of(struct http_server *h, const struct net_addr *addr)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	size_t i;

	for (i = 0; i < sizeof(addr->bytes); i++)
		hash = (hash ^ addr->bytes[i]) * 16777619u;
	return &h->from[hash % SOURCE_BUCKETS];
}

/* Counts one more; NULL when there are too many, or no memory. */
static struct from *from_take(struct http_server *h, const struct net_addr *addr)
{
	struct from **bucket = bucket_of(h, addr), *f = *bucket;

	while (f && !net_addr_same_host(&f->addr, addr))
		f = f->next;
	if (!f) {
		f = mem_new(sizeof(*f));
		if (!f)
			return NULL;
		f->addr = *addr;
		f->next = *bucket;
		*bucket = f;
	}
	if (f->count >= h->config.per_source_max)
		return NULL;
	f->count++;
	return f;
}

static void from_drop(struct http_server *h, struct from *f)
{
	struct from **at = bucket_of(h, &f->addr);

	if (--f->count)
		return;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	mem_free(f);
}

/* --- connections --- */

static void answered(struct conn *c, bool whole)
{
	void (*done)(void *owner, size_t sent, bool whole) = c->done;

	c->done = NULL;
	c->rest = (struct span){0};
	if (done)
		done(c->owner, c->sent, whole);
}

static void conn_free(struct conn *c)
{
	answered(c, false);
	slots_drop(c->server->conns, c->ref);
	from_drop(c->server, c->from);
	if (c->stream)
		stream_close(c->stream);
	buf_wipe(&c->head); /* a password may be in it */
	buf_wipe(&c->body);
	mem_free(c);
}

static void conn_finish(struct conn *c)
{
	/* It asked for the end itself, and keeps to that. */
	bool last = c->request.close && !c->request.refusal &&
		    (size_t)c->request.length == c->body.len && !stream_input(c->stream).len;

	answered(c, true);
	/* What is left unread when a socket closes would cost the peer the answer. */
	stream_consume(c->stream, stream_input(c->stream).len);
	if (last)
		stream_finish_last(c->stream);
	else
		stream_finish(c->stream);
	c->stream = NULL;
	conn_free(c);
}

static void hold(struct conn *c, bool paused)
{
	if (c->paused == paused)
		return;
	c->paused = paused;
	stream_pause(c->stream, paused);
}

static void enter(struct conn *c, enum state state)
{
	static const int64_t limits[] = {
		[CONN_HANDSHAKE] = 0, /* net's own */
		[CONN_HEAD] = HTTP_HEAD_US,
		[CONN_BODY] = HTTP_BODY_US,
		[CONN_BUSY] = 0, /* jobs end */
		[CONN_DRAIN] = HTTP_DRAIN_US,
		[CONN_IDLE] = HTTP_IDLE_US,
	};

	c->state = state;
	stream_timeout(c->stream, limits[state]);
	/* A peer that closes its half behind its requests still gets all answers: that it closed is
	 * read only when no request is left. A job's end is awaited by `process`. */
	if (state == CONN_DRAIN)
		hold(c, c->rest.len || stream_input(c->stream).len);
	else if (state != CONN_BUSY)
		hold(c, false);
}

/* Hands over the next piece of the body. False when the connection is gone. */
static bool send_rest(struct conn *c)
{
	size_t len = c->rest.len < HTTP_PIECE ? c->rest.len : HTTP_PIECE;

	if (stream_write(c->stream, span_of(c->rest.ptr, len)) != ERR_OK) {
		conn_free(c);
		return false;
	}
	c->sent += len;
	c->rest = span_of(c->rest.ptr + len, c->rest.len - len);
	return true;
}

/* May free the connection. */
static void conn_send(struct conn *c, const struct http_reply *reply, bool close)
{
	struct http_field fields[8];
	struct http_answer a = {
		.status = reply->status,
		.fields = fields,
		.date = clock_seconds(c->server->config.clock),
		.length = (int64_t)reply->body.len,
		.close = close,
	};
	struct buf out = {0};
	enum err err;

	if (reply->type)
		fields[a.fields_count++] =
			(struct http_field){span_str("Content-Type"), span_str(reply->type)};
	fields[a.fields_count++] =
		(struct http_field){span_str("Cache-Control"), span_str("no-store")};
	for (size_t i = 0; i < reply->fields_count && a.fields_count < 8; i++)
		fields[a.fields_count++] = reply->fields[i];
	c->rest = reply->body;
	if (c->request.method == HTTP_HEAD || reply->status == 204 || reply->status == 304)
		c->rest = (struct span){0};
	c->sent = reply->done && c->rest.len > HTTP_PIECE ? HTTP_PIECE : c->rest.len;
	c->close = close;
	c->done = reply->done;
	c->owner = reply->owner;
	err = http_answer_encode(&out, &a);
	buf_put(&out, span_of(c->rest.ptr, c->sent));
	c->rest = span_of(c->rest.ptr + c->sent, c->rest.len - c->sent);
	if (err == ERR_OK)
		err = buf_check(&out);
	if (err == ERR_OK && close && !c->rest.len)
		err = stream_write_last(c->stream, buf_span(&out));
	else if (err == ERR_OK)
		err = stream_write(c->stream, buf_span(&out));
	buf_fini(&out);
	if (err != ERR_OK) {
		log_line(
			LOG_INFO, "%s: answer not sent: %s", c->server->config.name, err_text(err));
		c->sent = 0;
		conn_free(c);
	} else if (close && !c->rest.len) {
		conn_finish(c);
	} else if (c->rest.len || stream_unsent(c->stream) || stream_input(c->stream).len) {
		enter(c, CONN_DRAIN);
	} else {
		answered(c, true);
		enter(c, CONN_IDLE);
	}
}

static void error_body(struct buf *out, const char *word, const char *text)
{
	struct json *body = json_object_new();

	json_set_str(body, "error", word);
	json_set_str(body, "text", text);
	if (json_write(out, body, false) == ERR_OK)
		buf_str(out, "\n");
	json_free(body);
}

/* What is no request ends the connection: where the next one begins is not certain. */
static void refuse(struct conn *c, unsigned status, const char *text)
{
	static const struct http_field allow = {
		{(const uint8_t *)"Allow", 5}, {(const uint8_t *)"GET, HEAD", 9}};
	const char *word = status == 413 || status == 414 || status == 431 ? "limit" : "request";
	struct buf body = {0};
	char from[NET_ADDR_MAX];

	if (complaints_allow(&c->server->complaints, c->server->config.name)) {
		net_addr_print_port(stream_peer(c->stream), from);
		log_line(LOG_INFO, "%s: %s: refused with %u: %s", c->server->config.name, from,
			status, text);
	}
	error_body(&body, word, text);
	conn_send(c,
		&(struct http_reply){.status = status,
			.type = "application/json",
			.body = buf_span(&body),
			.fields = &allow,
			.fields_count = status == 405},
		true);
	buf_fini(&body);
}

/* False when there is nothing more to do now, or the connection is gone. */
static bool read_head(struct conn *c)
{
	const struct http_config *config = &c->server->config;
	struct span in = stream_input(c->stream);
	struct fail why = {0};
	enum err err;
	size_t len;

	if (!in.len)
		return false;
	if (c->state == CONN_IDLE)
		enter(c, CONN_HEAD);
	len = http_frame(in, &err, &why);
	if (!len && err == ERR_OK)
		return false;
	if (!len) {
		memset(&c->request, 0, sizeof(c->request));
		refuse(c, err == ERR_LIMIT ? 431 : 400, why.text);
		return false;
	}
	buf_wipe(&c->head);
	buf_wipe(&c->body);
	memset(&c->request, 0, sizeof(c->request));
	buf_put(&c->head, span_of(in.ptr, len));
	stream_consume(c->stream, len);
	if (buf_check(&c->head)) {
		conn_free(c);
		return false;
	}
	if (http_decode(&c->request, buf_span(&c->head), &why)) {
		refuse(c, c->request.refusal, why.text);
		return false;
	}
	if (config->read_only && c->request.method > HTTP_HEAD) {
		refuse(c, 405, "only GET and HEAD are for this port");
		return false;
	}
	if (c->request.length > (int64_t)config->body_max) {
		fail_set(&why, ERR_LIMIT, "body: %lld bytes, at most %zu",
			(long long)c->request.length, config->body_max);
		refuse(c, 413, why.text);
		return false;
	}
	if (c->request.length)
		enter(c, CONN_BODY);
	if (c->request.expect_continue && c->request.length > 0 && !stream_input(c->stream).len &&
		stream_write(c->stream, span_str(HTTP_CONTINUE)) != ERR_OK) {
		conn_free(c);
		return false;
	}
	return true;
}

/* True when all of it is there. */
static bool read_body(struct conn *c)
{
	struct span in = stream_input(c->stream);
	size_t need = (size_t)c->request.length - c->body.len;
	size_t len = in.len < need ? in.len : need;

	buf_put(&c->body, span_of(in.ptr, len));
	stream_consume(c->stream, len);
	if (buf_check(&c->body)) {
		conn_free(c);
		return false;
	}
	return len == need;
}

static void process(struct conn *c)
{
	const struct http_server *h = c->server;
	const struct http_config *config = &h->config;
	struct slot_ref ref;
	struct http_exchange x;

	if (c->state != CONN_HEAD && c->state != CONN_IDLE && c->state != CONN_BODY)
		return;
	if (c->state != CONN_BODY && !read_head(c))
		return;
	if (c->request.length && !read_body(c))
		return;
	c->requests++;
	enter(c, CONN_BUSY);
	x = (struct http_exchange){
		.request = &c->request, .body = buf_span(&c->body), .peer = stream_peer(c->stream)};
	ref = c->ref;
	config->handle(config->ctx, ref, &x);
	if (slots_get(h->conns, ref) == c && c->state == CONN_BUSY)
		hold(c, true);
}

/* What was written is with the kernel. */
static void drained(struct conn *c)
{
	if (c->state != CONN_DRAIN)
		return;
	if (c->rest.len) {
		if (!send_rest(c))
			return;
		if (c->close && !c->rest.len)
			conn_finish(c);
		else
			enter(c, CONN_DRAIN);
		return;
	}
	answered(c, true);
	enter(c, CONN_IDLE);
	process(c);
}

static void on_timeout(struct conn *c)
{
	bool began =
		c->state == CONN_BODY || (c->state == CONN_HEAD && stream_input(c->stream).len > 0);

	if (!began) {
		conn_free(c);
		return;
	}
	memset(&c->request, 0, sizeof(c->request));
	refuse(c, 408, "the request did not come in time");
}

static void event(void *ctx, struct stream *s, enum stream_event ev)
{
	struct conn *c = ctx;

	(void)s;
	switch (ev) {
	case STREAM_READY:
		enter(c, CONN_HEAD);
		process(c);
		return;
	case STREAM_DATA:
		/* Requests that came meanwhile; see enter. */
		if (c->state == CONN_DRAIN)
			hold(c, true);
		process(c);
		return;
	case STREAM_DRAINED: drained(c); return;
	case STREAM_TIMEOUT: on_timeout(c); return;
	case STREAM_CLOSED:
		if (c->state == CONN_DRAIN && !c->rest.len)
			conn_finish(c);
		else
			conn_free(c);
		return;
	case STREAM_ERROR: conn_free(c); return;
	}
}

static void accepted(void *ctx, struct stream *stream)
{
	struct http_server *h = ctx;
	struct conn *c = NULL;
	struct from *f = from_take(h, stream_peer(stream));
	char from[NET_ADDR_MAX];

	if (f)
		c = mem_new(sizeof(*c));
	if (!c || slots_take(h->conns, c, &c->ref) != ERR_OK) {
		if (f)
			from_drop(h, f);
		if (complaints_allow(&h->complaints, h->config.name)) {
			net_addr_print(stream_peer(stream), from);
			log_line(LOG_INFO, "%s: %s: too many connections", h->config.name, from);
		}
		mem_free(c);
		stream_close(stream);
		return;
	}
	c->server = h;
	c->stream = stream;
	c->from = f;
	stream_handle(stream, event, c);
}

static void set_limit(unsigned *limit, unsigned otherwise)
{
	if (!*limit)
		*limit = otherwise;
}

enum err http_server_new(
	struct http_server **out, const struct http_config *config, struct fail *why)
{
	struct http_server *h = mem_new(sizeof(*h));
	enum err err = ERR_NOMEM;

	*out = NULL;
	if (h) {
		h->config = *config;
		set_limit(&h->config.requests_max, HTTP_REQUESTS_MAX);
		set_limit(&h->config.connections_max, HTTP_CONNECTIONS_MAX);
		set_limit(&h->config.per_source_max, HTTP_PER_SOURCE_MAX);
		err = slots_new(&h->conns, h->config.connections_max);
	}
	if (err == ERR_OK) {
		err = listener_open(&h->listener, config->loop, config->addr, config->tls, true,
			accepted, h, why);
	}
	if (err != ERR_OK) {
		fail_set(why, err, "%s", err_text(err));
		http_server_free(h);
		return err;
	}
	*out = h;
	return ERR_OK;
}

void http_server_free(struct http_server *h)
{
	struct conn *c;
	uint32_t at = 0;

	if (!h)
		return;
	if (h->listener)
		listener_close(h->listener);
	while (h->conns && (c = slots_next(h->conns, &at)))
		conn_free(c);
	slots_free(h->conns);
	mem_free(h);
}

void http_server_addr(const struct http_server *h, struct net_addr *out)
{
	listener_addr(h->listener, out);
}

void http_answer(struct http_server *h, struct slot_ref ref, const struct http_reply *reply)
{
	struct conn *c = slots_get(h->conns, ref);

	if (c && c->state == CONN_BUSY)
		conn_send(c, reply,
			c->request.close || c->requests >= c->server->config.requests_max);
	else if (reply->done)
		reply->done(reply->owner, 0, false);
}

const struct http_request *http_get_request(const struct http_server *h, struct slot_ref ref)
{
	const struct conn *c = slots_get(h->conns, ref);

	return c && c->state == CONN_BUSY ? &c->request : NULL;
}

void http_answer_error(struct http_server *h, struct slot_ref ref, unsigned status,
	const char *word, const char *text, const struct http_field *field)
{
	struct http_reply reply = {.status = status,
		.type = "application/json",
		.fields = field,
		.fields_count = field != NULL};
	struct buf body = {0};

	error_body(&body, word, text);
	reply.body = buf_span(&body);
	http_answer(h, ref, &reply);
	buf_fini(&body);
}
