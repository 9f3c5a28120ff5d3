/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "net/sock.h"
#include "rig.h"

#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BIG (8u * 1024 * 1024)

static uint8_t pattern(size_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

/* A blocking socket, connected to the host; a peer that shares no code with streams. */
static int raw_connect(const struct net_addr *to)
{
	struct sockaddr_storage ss;
	socklen_t len = sock_from_addr(&ss, to);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

static struct seen *first(struct host *h, struct rig *r)
{
	rig_until(r, &h->seen[0].ready, 1);
	return &h->seen[0];
}

static void connect_write_close(void **state)
{
	struct fail why = {.code = ERR_OK};
	struct net_addr local;
	struct seen client, *server;
	struct host h;
	struct rig r;

	rig_init(&r);
	host_init(&h, &r, NULL);
	seen_init(&client);
	assert_int_equal(
		stream_connect(&client.s, r.loop, &h.addr, NULL, seen_event, &client, &why),
		ERR_OK);
	/* Not before READY. */
	assert_int_equal(stream_write(client.s, span_str("early")), ERR_NOTNOW);
	rig_until(&r, &client.ready, 1);
	server = first(&h, &r);
	assert_true(net_addr_same(stream_peer(client.s), &h.addr));
	stream_local(client.s, &local);
	assert_true(net_addr_same(stream_peer(server->s), &local));
	assert_true(stream_number(client.s) >= 0);
	assert_string_equal(stream_cipher(client.s), "");
	assert_string_equal(stream_version(client.s), "");
	assert_int_equal(stream_peer_cert(client.s).len, 0);

	assert_int_equal(stream_write(client.s, span_str("hel")), ERR_OK);
	assert_int_equal(stream_write(client.s, span_str("lo")), ERR_OK);
	assert_int_equal(stream_write(client.s, span_of(NULL, 0)), ERR_OK);
	rig_until(&r, &client.drained, 1);
	stream_finish(client.s);
	client.s = NULL;
	rig_until(&r, &server->over, 1);
	assert_int_equal(server->closed, 1);
	assert_int_equal(server->error, 0);
	assert_true(span_eq(buf_span(&server->in), span_str("hello")));
	seen_fini(&client);
	host_fini(&h);
	rig_fini(&r);
}

static void a_refused_connection_is_an_event(void **state)
{
	struct seen client;
	struct host h;
	struct rig r;

	rig_init(&r);
	host_init(&h, &r, NULL);
	host_fini(&h);
	seen_init(&client);
	assert_int_equal(
		stream_connect(&client.s, r.loop, &h.addr, NULL, seen_event, &client, NULL),
		ERR_OK);
	rig_until(&r, &client.over, 1);
	assert_int_equal(client.error, 1);
	assert_int_equal(client.ready, 0);
	assert_int_equal(client.code, ERR_IO);
	assert_non_null(strstr(client.text, "Connection refused"));
	assert_non_null(strstr(client.text, "127.0.0.1:"));
	seen_fini(&client);
	rig_fini(&r);
}

/* Echoes what came, as far as the output queue takes it; the rest when it has drained. */
static void echo(struct seen *seen, enum stream_event ev)
{
	enum err err;

	if (ev == STREAM_CLOSED && seen->s) {
		stream_finish(seen->s);
		seen->s = NULL;
		return;
	}
	if (ev != STREAM_DATA && ev != STREAM_DRAINED)
		return;
	if (seen->in.len) {
		err = stream_write(seen->s, buf_span(&seen->in));
		if (err == ERR_OK)
			buf_clear(&seen->in);
		else
			assert_int_equal(err, ERR_LIMIT);
	}
	stream_pause(seen->s, seen->in.len > 0);
}

static void prepare_echo(struct host *h, struct seen *seen)
{
	seen->then = echo;
}

struct flood {
	pthread_t thread;
	int fd;
	size_t sent, got, wrong;
	bool slow;
};

/* Sends everything while it reads what comes back, later than it could when `slow`. */
static void *run_flood(void *arg)
{
	struct flood *f = arg;
	static uint8_t chunk[65536], back[65536];
	struct pollfd p = {.fd = f->fd};
	ssize_t n;
	size_t i, len;

	while (f->got < BIG) {
		p.events = (short)((f->sent < BIG ? POLLOUT : 0) |
				   (f->slow && f->sent < BIG ? 0 : POLLIN));
		/* A slow one reads only when it can send no more. */
		n = poll(&p, 1, f->slow ? 50 : -1);
		if (n == 0) {
			f->slow = false;
			continue;
		}
		if (p.revents & POLLOUT) {
			len = BIG - f->sent < sizeof(chunk) ? BIG - f->sent : sizeof(chunk);
			for (i = 0; i < len; i++)
				chunk[i] = pattern(f->sent + i);
			n = send(f->fd, chunk, len, MSG_DONTWAIT | MSG_NOSIGNAL);
			f->sent += n > 0 ? (size_t)n : 0;
		}
		if (p.revents & (POLLIN | POLLHUP)) {
			n = recv(f->fd, back, sizeof(back), MSG_DONTWAIT);
			if (n == 0)
				break;
			for (i = 0; n > 0 && i < (size_t)n; i++)
				f->wrong += back[i] != pattern(f->got + i);
			f->got += n > 0 ? (size_t)n : 0;
		}
	}
	close(f->fd);
	return NULL;
}

static void much_data_with_backpressure(void **state)
{
	struct flood f = {.slow = true};
	struct host h;
	struct rig r;

	rig_init(&r);
	host_init(&h, &r, NULL);
	h.prepare = prepare_echo;
	f.fd = raw_connect(&h.addr);
	pthread_create(&f.thread, NULL, run_flood, &f);
	rig_until(&r, &h.seen[0].over, 1);
	pthread_join(f.thread, NULL);
	assert_int_equal(f.got, BIG);
	assert_int_equal(f.wrong, 0);
	assert_int_equal(h.seen[0].closed, 1);
	host_fini(&h);
	rig_fini(&r);
}

static void ignore(void *ctx, struct stream *s, enum stream_event ev)
{
	unsigned *counts = ctx;

	counts[ev]++;
}

static void ignore_accepted(void *ctx, struct stream *s)
{
	struct stream **out = ctx;

	*out = s;
}

static void nobody_handles(void **state)
{
	struct net_addr any = rig_loopback(0), addr;
	struct stream *s = NULL;
	struct listener *ls;
	struct rig r;
	char byte;
	int fd;

	rig_init(&r);
	assert_int_equal(
		listener_open(&ls, r.loop, &any, NULL, false, ignore_accepted, &s, NULL), ERR_OK);
	listener_addr(ls, &addr);
	fd = raw_connect(&addr);
	rig_for(&r, 5000);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	listener_close(ls);
	rig_fini(&r);
}

static void until_input(struct rig *r, struct stream *s, size_t len)
{
	int i;

	for (i = 0; i < 60000 && stream_input(s).len < len; i++)
		rig_for(r, 1000);
	/* And no more. */
	rig_for(r, 5000);
	assert_int_equal(stream_input(s).len, len);
}

static void unread_input_is_limited(void **state)
{
	static uint8_t bytes[STREAM_INPUT_MAX * 2];
	unsigned counts[6] = {0};
	struct stream *s;
	struct host h;
	struct rig r;
	int fd;

	rig_init(&r);
	host_init(&h, &r, NULL);
	fd = raw_connect(&h.addr);
	s = first(&h, &r)->s;
	stream_handle(s, ignore, counts);
	assert_int_equal(send(fd, bytes, sizeof(bytes), MSG_DONTWAIT), sizeof(bytes));
	until_input(&r, s, STREAM_INPUT_MAX);
	stream_consume(s, 1000);
	until_input(&r, s, STREAM_INPUT_MAX);
	stream_consume(s, SIZE_MAX);
	until_input(&r, s, STREAM_INPUT_MAX - 1000);
	close(fd);
	host_fini(&h);
	rig_fini(&r);
}

static void unsent_output_is_limited(void **state)
{
	static uint8_t bytes[STREAM_OUTPUT_MAX + 1];
	size_t written = 0;
	enum err err = ERR_OK;
	struct seen *server;
	struct pollfd p;
	struct host h;
	struct rig r;
	ssize_t n;

	rig_init(&r);
	host_init(&h, &r, NULL);
	p = (struct pollfd){.fd = raw_connect(&h.addr), .events = POLLIN};
	server = first(&h, &r);
	assert_int_equal(stream_write(server->s, span_of(bytes, STREAM_OUTPUT_MAX + 1)), ERR_LIMIT);
	while (!err) {
		err = stream_write(server->s, span_of(bytes, 10000));
		written += err ? 0 : 10000;
	}
	assert_int_equal(err, ERR_LIMIT);
	stream_finish(server->s);
	server->s = NULL;
	/* All that was taken comes, and nothing of what was refused. */
	for (n = 1; n > 0;) {
		rig_for(&r, 500);
		if (poll(&p, 1, 0) != 1)
			continue;
		n = recv(p.fd, bytes, sizeof(bytes), 0);
		assert_true(n >= 0 && (size_t)n <= written);
		written -= (size_t)n;
	}
	assert_int_equal(written, 0);
	close(p.fd);
	host_fini(&h);
	rig_fini(&r);
}

/* While paused nothing is read, nor is the peer's end told. */
static void pausing(void **state)
{
	struct seen *server;
	struct host h;
	struct rig r;
	int fd;

	rig_init(&r);
	host_init(&h, &r, NULL);
	fd = raw_connect(&h.addr);
	server = first(&h, &r);
	stream_pause(server->s, true);
	assert_int_equal(send(fd, "abc", 3, 0), 3);
	close(fd);
	rig_for(&r, 10000);
	assert_int_equal(server->data, 0);
	assert_int_equal(server->closed, 0);
	stream_pause(server->s, false);
	rig_until(&r, &server->closed, 1);
	assert_int_equal(server->data, 1);
	assert_true(span_eq(buf_span(&server->in), span_str("abc")));
	host_fini(&h);
	rig_fini(&r);
}

static void leave_on(struct seen *seen, enum stream_event ev)
{
	const enum stream_event *on = seen->ctx;

	if (ev != *on || !seen->s)
		return;
	stream_close(seen->s);
	seen->s = NULL;
	seen->over = 1;
}

static void prepare_leave(struct host *h, struct seen *seen)
{
	seen->then = leave_on;
	seen->ctx = h->ctx;
}

static void closing_inside_each_event(void **state)
{
	enum stream_event ev;
	struct host h;
	struct rig r;
	char byte;
	int fd;

	for (ev = STREAM_READY; ev <= STREAM_TIMEOUT; ev++) {
		rig_init(&r);
		host_init(&h, &r, NULL);
		h.prepare = prepare_leave;
		h.ctx = &ev;
		fd = raw_connect(&h.addr);
		rig_until(&r, &h.seen[0].ready, 1);
		if (h.seen[0].s && ev == STREAM_DRAINED)
			assert_int_equal(stream_write(h.seen[0].s, span_str("x")), ERR_OK);
		if (h.seen[0].s && ev == STREAM_TIMEOUT)
			stream_timeout(h.seen[0].s, 1000);
		assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
		if (ev == STREAM_CLOSED)
			shutdown(fd, SHUT_WR);
		rig_until(&r, &h.seen[0].over, 1);
		while (recv(fd, &byte, 1, 0) > 0)
			;
		close(fd);
		rig_for(&r, 1000);
		host_fini(&h);
		rig_fini(&r);
	}
}

static void timeouts(void **state)
{
	struct seen *server;
	struct host h;
	struct rig r;
	int fd;

	rig_init(&r);
	host_init(&h, &r, NULL);
	fd = raw_connect(&h.addr);
	server = first(&h, &r);
	stream_timeout(server->s, 1000);
	stream_timeout(server->s, 0);
	rig_for(&r, 10000);
	assert_int_equal(server->timeout, 0);
	/* A later time, also one that is set again and again, does not go off with the sooner one.
	 */
	stream_timeout(server->s, 1000);
	stream_timeout(server->s, 3600 * 1000000ll);
	rig_for(&r, 10000);
	assert_int_equal(server->timeout, 0);
	stream_timeout(server->s, 1000);
	rig_until(&r, &server->over, 1);
	assert_int_equal(server->timeout, 1);
	close(fd);
	host_fini(&h);
	rig_fini(&r);
}

static void a_reset_is_an_error(void **state)
{
	const struct linger hard = {.l_onoff = 1};
	struct seen *server;
	struct host h;
	struct rig r;
	int fd;

	rig_init(&r);
	host_init(&h, &r, NULL);
	fd = raw_connect(&h.addr);
	server = first(&h, &r);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
	rig_until(&r, &server->over, 1);
	assert_int_equal(server->error, 1);
	assert_int_equal(server->code, ERR_IO);
	assert_string_equal(server->text, "Connection reset by peer");
	host_fini(&h);
	rig_fini(&r);
}

/* A peer that is still sending gets the last answer whole, not a reset. */
static void finish_delivers_to_a_talking_peer(void **state)
{
	static uint8_t answer[200000], chunk[4096];
	size_t got = 0;
	struct seen *server;
	struct host h;
	ssize_t n = 1;
	struct rig r;
	int fd;

	rig_init(&r);
	host_init(&h, &r, NULL);
	fd = raw_connect(&h.addr);
	server = first(&h, &r);
	assert_int_equal(send(fd, chunk, sizeof(chunk), 0), sizeof(chunk));
	assert_int_equal(stream_write(server->s, span_of(answer, sizeof(answer))), ERR_OK);
	stream_finish(server->s);
	server->s = NULL;
	while (n > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		send(fd, chunk, sizeof(chunk), MSG_DONTWAIT | MSG_NOSIGNAL);
		rig_for(&r, 500);
		n = poll(&p, 1, 0) == 1 ? recv(fd, chunk, sizeof(chunk), 0) : 1;
		got += n > 0 && p.revents ? (size_t)n : 0;
	}
	assert_int_equal(n, 0);
	assert_int_equal(got, sizeof(answer));
	close(fd);
	host_fini(&h);
	rig_fini(&r);
}

/* Whether the peer keeps to its word that it sends nothing more, or has sent something already that
 * nobody reads: it gets the last answer whole, and the end. */
static void the_last_answer_and_the_end(void **state)
{
	static uint8_t answer[200000], chunk[4096];
	size_t sizes[] = {10, sizeof(answer)}, got;
	struct seen *server;
	struct host h;
	struct rig r;
	ssize_t n;
	int fd;

	for (unsigned i = 0; i < 4; i++) {
		struct span bytes = span_of(answer, sizes[i % 2]);

		rig_init(&r);
		host_init(&h, &r, NULL);
		fd = raw_connect(&h.addr);
		server = first(&h, &r);
		stream_pause(server->s, true);
		if (i >= 2)
			assert_int_equal(send(fd, chunk, sizeof(chunk), 0), sizeof(chunk));
		assert_int_equal(stream_write_last(server->s, bytes), ERR_OK);
		assert_true(stream_unsent(server->s) < bytes.len);
		stream_finish_last(server->s);
		server->s = NULL;
		for (got = 0, n = 1; n > 0; got += n > 0 ? (size_t)n : 0) {
			struct pollfd p = {.fd = fd, .events = POLLIN};

			while (poll(&p, 1, 0) != 1)
				rig_for(&r, 500);
			n = recv(fd, chunk, sizeof(chunk), 0);
		}
		assert_int_equal(n, 0);
		assert_int_equal(got, bytes.len);
		close(fd);
		host_fini(&h);
		rig_fini(&r);
	}
}

/* A loop may end while a stream is being finished. */
static void finished_streams_end_with_the_loop(void **state)
{
	static uint8_t answer[STREAM_OUTPUT_MAX];
	struct seen *server;
	struct host h;
	struct rig r;
	int fd;

	rig_init(&r);
	host_init(&h, &r, NULL);
	fd = raw_connect(&h.addr);
	server = first(&h, &r);
	assert_int_equal(stream_write(server->s, span_of(answer, sizeof(answer))), ERR_OK);
	stream_finish(server->s);
	server->s = NULL;
	host_fini(&h);
	rig_fini(&r);
	close(fd);
}

struct tapped {
	struct buf sent, received;
};

static void on_tap(void *ctx, bool sent, struct span bytes)
{
	struct tapped *t = ctx;

	buf_put(sent ? &t->sent : &t->received, bytes);
}

static void tap_sees_all_bytes(void **state)
{
	struct tapped t = {.sent.len = 0};
	struct seen *server;
	char back[8] = "";
	struct host h;
	struct rig r;
	int fd;

	rig_init(&r);
	host_init(&h, &r, NULL);
	fd = raw_connect(&h.addr);
	server = first(&h, &r);
	stream_tap(server->s, on_tap, &t);
	assert_int_equal(stream_write(server->s, span_str("answer")), ERR_OK);
	assert_int_equal(send(fd, "question", 8, 0), 8);
	rig_until(&r, &server->data, 1);
	assert_int_equal(recv(fd, back, sizeof(back), 0), 6);
	assert_true(span_eq(buf_span(&t.sent), span_str("answer")));
	assert_true(span_eq(buf_span(&t.received), span_str("question")));
	close(fd);
	buf_fini(&t.sent);
	buf_fini(&t.received);
	host_fini(&h);
	rig_fini(&r);
}

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Without descriptors the listener rests and takes the connection later. */
static void no_descriptors_left(void **state)
{
	struct rlimit old, low;
	struct host h;
	double used;
	struct rig r;
	int fd;

	rig_init(&r);
	host_init(&h, &r, NULL);
	fd = raw_connect(&h.addr);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	used = cpu_seconds();
	rig_for(&r, 400000);
	used = cpu_seconds() - used;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(h.accepted, 0);
	/* A loop that spins would have used all of the 0.4 s. */
	assert_true(used < 0.2);
	rig_until(&r, &h.seen[0].ready, 1);
	close(fd);
	host_fini(&h);
	rig_fini(&r);
}

/* The echo below needs fewer. */
#define LAST_ALLOCATION 40

static void each_allocation_may_fail(void **state)
{
	struct fail why = {.code = ERR_OK};
	struct seen client;
	struct host h;
	struct rig r;
	size_t n;
	enum err err;

	for (n = 1; n <= LAST_ALLOCATION; n++) {
		rig_init(&r);
		host_init(&h, &r, NULL);
		h.prepare = prepare_echo;
		seen_init(&client);
		mem_fail_from(n);
		fail_clear(&why);
		err = stream_connect(&client.s, r.loop, &h.addr, NULL, seen_event, &client, &why);
		if (!err) {
			rig_for(&r, 2000);
			if (client.s && client.ready)
				err = stream_write(client.s, span_str("hello"));
			rig_for(&r, 2000);
			if (n == LAST_ALLOCATION)
				rig_until(&r, &client.data, 1);
		} else {
			assert_int_equal(why.code, ERR_NOMEM);
		}
		mem_fail_from(0);
		seen_fini(&client);
		host_fini(&h);
		rig_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_write_close),
		cmocka_unit_test(a_refused_connection_is_an_event),
		cmocka_unit_test(much_data_with_backpressure),
		cmocka_unit_test(nobody_handles),
		cmocka_unit_test(unread_input_is_limited),
		cmocka_unit_test(unsent_output_is_limited),
		cmocka_unit_test(pausing),
		cmocka_unit_test(closing_inside_each_event),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(a_reset_is_an_error),
		cmocka_unit_test(finish_delivers_to_a_talking_peer),
		cmocka_unit_test(the_last_answer_and_the_end),
		cmocka_unit_test(finished_streams_end_with_the_loop),
		cmocka_unit_test(tap_sees_all_bytes),
		cmocka_unit_test(no_descriptors_left),
		cmocka_unit_test(each_allocation_may_fail),
	};

	return cmocka_run_group_tests_name("net/stream", tests, NULL, NULL);
}
