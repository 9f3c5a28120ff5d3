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
	CONN_DRAIN, /* the answer is on its way: nothing is read */
	CONN_IDLE,  /* between two requests */
};

struct http_server {
	struct http_config config;
	struct listener *listener;
	struct slots *conns;
	struct complaints complaints;
};

struct conn {
	struct http_server *server;
	struct slot_ref ref;
	struct stream *stream;
	enum state state;
	unsigned requests;
	struct buf head, body;
	struct http_request request; /* borrows from head */
};

static void conn_free(struct conn *c)
{
	slots_drop(c->server->conns, c->ref);
	if (c->stream)
		stream_close(c->stream);
	buf_wipe(&c->head); /* a password may be in it */
	buf_wipe(&c->body);
	mem_free(c);
}

static void conn_finish(struct conn *c)
{
	/* What is left unread when a socket closes would cost the peer the answer. */
	stream_consume(c->stream, stream_input(c->stream).len);
	stream_finish(c->stream);
	c->stream = NULL;
	conn_free(c);
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
	stream_pause(c->stream, state == CONN_BUSY || state == CONN_DRAIN);
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
	err = http_answer_encode(&out, &a);
	if (err == ERR_OK && c->request.method != HTTP_HEAD && reply->status != 204)
		buf_put(&out, reply->body);
	if (err == ERR_OK)
		err = buf_check(&out);
	if (err == ERR_OK)
		err = stream_write(c->stream, buf_span(&out));
	buf_fini(&out);
	if (err != ERR_OK) {
		log_line(
			LOG_INFO, "%s: answer not sent: %s", c->server->config.name, err_text(err));
		conn_free(c);
	} else if (close) {
		conn_finish(c);
	} else {
		enter(c, CONN_DRAIN);
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
		&(struct http_reply){
			.status = status, .type = "application/json", .body = buf_span(&body)},
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
	if (c->request.length > (int64_t)config->body_max) {
		fail_set(&why, ERR_LIMIT, "body: %lld bytes, at most %zu",
			(long long)c->request.length, config->body_max);
		refuse(c, 413, why.text);
		return false;
	}
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
	const struct http_config *config = &c->server->config;
	struct http_exchange x;

	if (c->state != CONN_HEAD && c->state != CONN_IDLE && c->state != CONN_BODY)
		return;
	if (c->state != CONN_BODY && !read_head(c))
		return;
	if (!read_body(c))
		return;
	c->requests++;
	enter(c, CONN_BUSY);
	x = (struct http_exchange){
		.request = &c->request, .body = buf_span(&c->body), .peer = stream_peer(c->stream)};
	config->handle(config->ctx, c->ref, &x);
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
	case STREAM_DATA: process(c); return;
	case STREAM_DRAINED:
		if (c->state == CONN_DRAIN) {
			enter(c, CONN_IDLE);
			process(c);
		}
		return;
	case STREAM_TIMEOUT: on_timeout(c); return;
	case STREAM_CLOSED:
	case STREAM_ERROR: conn_free(c); return;
	}
}

static unsigned from_source(const struct http_server *h, const struct net_addr *peer)
{
	const struct conn *c;
	unsigned n = 0;
	uint32_t at = 0;

	while ((c = slots_next(h->conns, &at)))
		n += net_addr_same_host(stream_peer(c->stream), peer);
	return n;
}

static void accepted(void *ctx, struct stream *stream)
{
	struct http_server *h = ctx;
	struct conn *c = NULL;
	char from[NET_ADDR_MAX];

	if (from_source(h, stream_peer(stream)) < HTTP_PER_SOURCE_MAX)
		c = mem_new(sizeof(*c));
	if (!c || slots_take(h->conns, c, &c->ref) != ERR_OK) {
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
	stream_handle(stream, event, c);
}

enum err http_server_new(
	struct http_server **out, const struct http_config *config, struct fail *why)
{
	struct http_server *h = mem_new(sizeof(*h));
	enum err err = h ? slots_new(&h->conns, HTTP_CONNECTIONS_MAX) : ERR_NOMEM;

	*out = NULL;
	if (err == ERR_OK) {
		h->config = *config;
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
		conn_send(c, reply, c->request.close || c->requests >= HTTP_REQUESTS_MAX);
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
