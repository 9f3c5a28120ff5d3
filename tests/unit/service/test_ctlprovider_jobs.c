/* SPDX-License-Identifier: BSD-2-Clause
 * The job of a request to the CTL Provider, completed with, without and after its connection. */
#include "rig.h"

#include "base/mem.h"
#include "core/account/account.h"
#include "core/audit/audit.h"
#include "net/stream.h"
#include "service/ctlprovider/ctlprovider.h"

#include <stdio.h>
#include <string.h>

/* admin:correct horse, as base64 of coreutils says */
#define AUTH "Authorization: Basic YWRtaW46Y29ycmVjdCBob3JzZQ==\r\n"
#define ID   "0123456789abcdef0123456789abcdef"

struct client {
	struct stream *stream;
	struct buf got;
	bool ready, over;
};

static void on_event(void *ctx, struct stream *s, enum stream_event ev)
{
	struct client *c = ctx;
	struct span in = stream_input(s);

	buf_put(&c->got, in);
	stream_consume(s, in.len);
	if (ev == STREAM_READY)
		c->ready = true;
	if (ev == STREAM_CLOSED || ev == STREAM_ERROR) {
		stream_close(s);
		c->stream = NULL;
		c->over = true;
	}
}

static bool is_ready(void *ctx)
{
	return ((struct client *)ctx)->ready;
}

static bool is_over(void *ctx)
{
	return ((struct client *)ctx)->over;
}

static void ask(struct client *c, struct rig *r, const char *request)
{
	struct net_addr server;

	memset(c, 0, sizeof(*c));
	assert_int_equal(net_addr_parse(&server, "127.0.0.1",
				 settings_port(&r->settings, r->settings.ctl_provider_port), NULL),
		ERR_OK);
	assert_int_equal(
		stream_connect(&c->stream, r->loop, &server, NULL, on_event, c, NULL), ERR_OK);
	rig_until(r, is_ready, c);
	assert_int_equal(stream_write(c->stream, span_str(request)), ERR_OK);
}

static void leave(struct client *c, struct rig *r)
{
	if (c->stream)
		stream_close(c->stream);
	c->stream = NULL;
	rig_settle(r);
	buf_fini(&c->got);
}

static bool said(struct client *c, const char *text)
{
	buf_u8(&c->got, 0);
	return c->got.data && strstr((char *)c->got.data, text);
}

static const char get[] = "GET /v1/node HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" AUTH "\r\n";
static const char abort_one[] = "DELETE /v1/staged/" ID " HTTP/1.1\r\nHost: a\r\n" AUTH "\r\n";

static int setup(void **state)
{
	static struct rig r;

	rig_init(&r, "Non Secure");
	assert_int_equal(account_add(r.cluster, "admin", span_str("correct horse"), NULL), ERR_OK);
	rig_start(&r, &service_ctlprovider);
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	rig_fini(*state);
	return 0;
}

static void answered_while_the_client_waits(void **state)
{
	struct rig *r = *state;
	struct client c;

	ask(&c, r, get);
	rig_until_job(r);
	assert_int_equal(c.got.len, 0);
	rig_done(r);
	rig_until(r, is_over, &c);
	assert_true(said(&c, "HTTP/1.1 200 OK\r\n"));
	assert_true(said(&c, "\"node\":\"publisher\""));
	leave(&c, r);
}

static void no_input_is_read_meanwhile(void **state)
{
	struct rig *r = *state;
	struct client c;

	ask(&c, r, abort_one);
	rig_until_job(r);
	assert_int_equal(stream_write(c.stream, span_str(get)), ERR_OK);
	rig_settle(r);
	rig_done(r);
	rig_until_job(r); /* the second request's */
	rig_done(r);
	rig_until(r, is_over, &c);
	assert_true(said(&c, "\"state\":\"aborted\""));
	assert_true(said(&c, "\"node\":\"publisher\""));
	leave(&c, r);
}

static enum err count(void *ctx, const struct audit_row *row)
{
	*(int *)ctx += strcmp(row->action, "ctl abort") == 0;
	return ERR_OK;
}

/* What had an effect is in the log, though nobody hears the answer. */
static void client_leaves_before_the_answer(void **state)
{
	struct rig *r = *state;
	struct client c;
	int rows = 0;

	for (int worked = 0; worked < 2; worked++) {
		ask(&c, r, abort_one);
		rig_until_job(r);
		if (worked)
			rig_work(r);
		leave(&c, r);
		rig_done(r);
		rig_settle(r);
	}
	assert_int_equal(audit_each(r->cluster, count, &rows, NULL), ERR_OK);
	assert_int_equal(rows, 2);
	ask(&c, r, get);
	rig_until_job(r);
	rig_done(r);
	rig_until(r, is_over, &c);
	assert_true(said(&c, "HTTP/1.1 200 OK\r\n"));
	leave(&c, r);
}

static void service_stops_before_the_answer(void **state)
{
	struct rig *r = *state;
	struct client c;

	ask(&c, r, get);
	rig_until_job(r);
	rig_work(r);
	rig_stop(r);
	rig_settle(r);
	assert_true(c.over);
	rig_done(r); /* frees what is left; the sanitizer looks */
	assert_int_equal(c.got.len, 0);
	leave(&c, r);
}

static void process_ends_before_the_answer(void **state)
{
	struct rig *r = *state;
	struct client c;

	ask(&c, r, get);
	rig_until_job(r);
	rig_stop_without_executor(r);
	leave(&c, r);
}

static void service_stops_and_then_the_process(void **state)
{
	struct rig *r = *state;
	struct client c;

	ask(&c, r, get);
	rig_until_job(r);
	rig_stop(r);
	rig_drop_job(r);
	leave(&c, r);
}

static void no_account_needs_no_job(void **state)
{
	struct rig *r = *state;
	struct client c;

	ask(&c, r, "GET /v1/node HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	rig_until(r, is_over, &c);
	assert_null(r->work);
	assert_true(said(&c, "HTTP/1.1 401 Unauthorized\r\n"));
	assert_true(said(&c, "WWW-Authenticate: Basic realm="));
	leave(&c, r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answered_while_the_client_waits),
		TEST(no_input_is_read_meanwhile),
		TEST(client_leaves_before_the_answer),
		TEST(service_stops_before_the_answer),
		TEST(process_ends_before_the_answer),
		TEST(service_stops_and_then_the_process),
		TEST(no_account_needs_no_job),
	};

	return cmocka_run_group_tests_name("service/ctlprovider_jobs", tests, NULL, NULL);
}
