/* SPDX-License-Identifier: BSD-2-Clause
 * The job that looks a registering device up, completed with, without and after its connection. */
#include "rig.h"

#include "net/stream.h"
#include "service/sccp/sccp.h"
#include "wire/json.h"
#include "wire/sccp/sccp.h"

#include <string.h>

struct station {
	struct stream *stream;
	struct buf in;
	bool ready, over;
	uint32_t last; /* id of the last message */
};

static void on_event(void *ctx, struct stream *s, enum stream_event ev)
{
	struct station *st = ctx;
	struct span in = stream_input(s);
	struct sccp_message m;
	enum err err;
	size_t len;

	buf_put(&st->in, in);
	stream_consume(s, in.len);
	while ((len = sccp_frame(buf_span(&st->in), &err, NULL)) > 0) {
		assert_int_equal(sccp_decode(&m, span_of(st->in.data, len), 11, NULL), ERR_OK);
		st->last = m.id;
		buf_drop(&st->in, len);
	}
	if (ev == STREAM_READY)
		st->ready = true;
	if (ev == STREAM_CLOSED || ev == STREAM_ERROR)
		st->over = true;
}

static bool is_ready(void *ctx)
{
	return ((struct station *)ctx)->ready;
}

static bool is_over(void *ctx)
{
	return ((struct station *)ctx)->over;
}

static void send_message(struct station *st, const struct sccp_message *m)
{
	struct buf out = {0};

	assert_int_equal(sccp_encode(&out, m, 11), ERR_OK);
	assert_int_equal(stream_write(st->stream, buf_span(&out)), ERR_OK);
	buf_fini(&out);
}

static void register_now(struct station *st, struct rig *r)
{
	struct sccp_message m = {.id = SCCP_REGISTER};
	struct net_addr to;

	memset(st, 0, sizeof(*st));
	assert_int_equal(net_addr_parse(&to, "127.0.0.1",
				 settings_port(&r->settings, r->settings.sccp_port), NULL),
		ERR_OK);
	assert_int_equal(
		stream_connect(&st->stream, r->loop, &to, NULL, on_event, st, NULL), ERR_OK);
	rig_until(r, is_ready, st);
	strcpy(m.registration.device_name, RIG_DEVICE);
	m.registration.version = 11;
	send_message(st, &m);
	rig_until_job(r);
}

static void station_fini(struct station *st)
{
	stream_close(st->stream);
	buf_fini(&st->in);
}

struct wait {
	struct station *station;
	uint32_t id;
};

static bool has_come(void *ctx)
{
	const struct wait *w = ctx;

	return w->station->last == w->id;
}

static void expect(struct station *st, struct rig *r, uint32_t id)
{
	struct wait w = {.station = st, .id = id};

	rig_until(r, has_come, &w);
}

static size_t registered(struct rig *r)
{
	struct json *into = json_object_new();
	size_t count;

	assert_int_equal(service_sccp_status(r->instance, into), ERR_OK);
	count = json_count(json_get(into, "stations"));
	json_free(into);
	return count;
}

static int setup(void **state)
{
	static struct rig r;

	rig_init(&r, "Non Secure");
	rig_start(&r, &service_sccp);
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	rig_fini(*state);
	return 0;
}

/* Requests that come while the job runs are answered after the acknowledgement. */
static void test_with_the_connection(void **state)
{
	const struct sccp_message time = {.id = SCCP_TIME_DATE_REQ};
	struct rig *r = *state;
	struct station st;

	register_now(&st, r);
	send_message(&st, &time);
	rig_settle(r);
	assert_int_equal(st.last, 0);
	assert_int_equal(registered(r), 0);
	rig_done(r);
	expect(&st, r, SCCP_SELECT_SOFT_KEYS);
	assert_int_equal(registered(r), 1);
	/* For the store: without TLS it proves nothing. */
	rig_expect_notes(r, "came");
	station_fini(&st);
	rig_settle(r);
	assert_int_equal(registered(r), 0);
}

static void test_without_the_connection(void **state)
{
	struct rig *r = *state;
	struct station st;

	register_now(&st, r);
	station_fini(&st);
	rig_settle(r);
	rig_done(r);
	rig_settle(r);
	assert_int_equal(registered(r), 0);
	register_now(&st, r);
	rig_done(r);
	expect(&st, r, SCCP_CAPABILITIES_REQ);
	assert_int_equal(registered(r), 1);
	station_fini(&st);
}

static void test_service_stops_before_the_job(void **state)
{
	struct rig *r = *state;
	struct station st;

	register_now(&st, r);
	rig_stop(r);
	rig_done(r);
	rig_until(r, is_over, &st);
	assert_int_equal(st.last, 0);
	station_fini(&st);
}

static void test_device_is_deleted_meanwhile(void **state)
{
	struct rig *r = *state;
	struct station st;

	register_now(&st, r);
	assert_int_equal(device_delete(r->cluster, RIG_DEVICE, NULL), ERR_OK);
	rig_done(r);
	expect(&st, r, SCCP_REGISTER_REJECT);
	rig_until(r, is_over, &st);
	assert_int_equal(registered(r), 0);
	station_fini(&st);
}

static void test_more_than_the_limit(void **state)
{
	struct rig *r = *state;
	struct station st;

	rig_stop(r);
	r->env.stations_max = 0;
	rig_start(r, &service_sccp);
	register_now(&st, r);
	rig_done(r);
	expect(&st, r, SCCP_REGISTER_REJECT);
	station_fini(&st);
}

static void test_no_instance(void **state)
{
	struct json *into = json_object_new();

	assert_int_equal(service_sccp_status(NULL, into), ERR_NOTNOW);
	json_free(into);
}

static void test_job_is_never_answered(void **state)
{
	struct rig *r = *state;
	struct station st;

	register_now(&st, r);
	rig_stop_without_executor(r);
	station_fini(&st);
}

static void test_stopped_and_never_answered(void **state)
{
	struct rig *r = *state;
	struct station st;

	register_now(&st, r);
	rig_stop(r);
	rig_drop_job(r);
	station_fini(&st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_with_the_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_the_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_service_stops_before_the_job, setup, teardown),
		cmocka_unit_test_setup_teardown(test_job_is_never_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stopped_and_never_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_device_is_deleted_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_than_the_limit, setup, teardown),
		cmocka_unit_test(test_no_instance),
	};

	return cmocka_run_group_tests_name("service/sccp_jobs", tests, NULL, NULL);
}
