/* SPDX-License-Identifier: BSD-2-Clause
 * Each of CAPF's jobs, completed before, after and without the phone's connection. */
#include "rig.h"

#include "net/stream.h"
#include "service/capf/capf.h"
#include "wire/capf/capf.h"

#include <string.h>

/* The phone's side. */
struct phone {
	struct stream *stream;
	struct buf in;
	uint8_t last; /* type of the last message */
	uint32_t session;
	uint8_t reason;
	bool over;
};

static enum err accept_any(void *ctx, struct span peer_der)
{
	return ERR_OK;
}

static void take_messages(struct phone *p)
{
	struct capf_message m;
	enum err err;
	size_t len;

	while ((len = capf_frame(buf_span(&p->in), &err, NULL)) > 0) {
		assert_int_equal(capf_decode(&m, span_of(p->in.data, len), NULL), ERR_OK);
		p->last = m.type;
		p->session = m.session;
		p->reason = m.reason;
		buf_drop(&p->in, len);
	}
}

static void on_event(void *ctx, struct stream *s, enum stream_event ev)
{
	struct phone *p = ctx;
	struct span in = stream_input(s);

	buf_put(&p->in, in);
	stream_consume(s, in.len);
	take_messages(p);
	if (ev == STREAM_CLOSED || ev == STREAM_ERROR)
		p->over = true;
}

static void phone_connect(struct phone *p, struct rig *r)
{
	const struct tls_config config = {.profile = TLS_MODERN, .verify = accept_any};
	struct net_addr to;
	struct tls *tls;

	memset(p, 0, sizeof(*p));
	assert_int_equal(tls_new(&tls, &config, NULL), ERR_OK);
	assert_int_equal(net_addr_parse(&to, "127.0.0.1",
				 settings_port(&r->settings, r->settings.capf_port), NULL),
		ERR_OK);
	assert_int_equal(stream_connect(&p->stream, r->loop, &to, tls, on_event, p, NULL), ERR_OK);
	tls_free(tls);
}

static void phone_leave(struct phone *p)
{
	stream_close(p->stream);
	p->stream = NULL;
}

static void phone_fini(struct phone *p)
{
	stream_close(p->stream);
	buf_fini(&p->in);
}

static void phone_send(struct phone *p, struct capf_message *m)
{
	struct buf out = {0};

	m->session = p->session;
	assert_int_equal(capf_encode(&out, m), ERR_OK);
	assert_int_equal(stream_write(p->stream, buf_span(&out)), ERR_OK);
	buf_fini(&out);
}

static void send_auth(struct phone *p)
{
	struct capf_message m = {
		.type = CAPF_AUTH_RES,
		.has = CAPF_HAS(CAPF_E_VERSION) | CAPF_HAS(CAPF_E_DEVICE_NAME),
		.order = {CAPF_E_VERSION, CAPF_E_DEVICE_NAME},
		.version = 3,
		.device_name = span_str(RIG_DEVICE),
	};

	phone_send(p, &m);
}

static void send_key(struct phone *p)
{
	struct capf_message m = {
		.type = CAPF_KEY_GEN_RES,
		.has = CAPF_HAS(CAPF_E_PUBLIC_KEY),
		.order = {CAPF_E_PUBLIC_KEY},
	};
	static struct key *key; /* one for all: they take time */
	struct buf spki = {0};

	if (!key)
		assert_int_equal(key_generate(&key, KEY_RSA, 2048, NULL), ERR_OK);
	assert_int_equal(key_public_der(key, &spki), ERR_OK);
	m.public_key = buf_span(&spki);
	phone_send(p, &m);
	buf_fini(&spki);
}

static void send_stored(struct phone *p, uint8_t reason)
{
	struct capf_message m = {
		.type = CAPF_STORE_CERT_RES,
		.has = CAPF_HAS(CAPF_E_REASON),
		.order = {CAPF_E_REASON},
		.reason = reason,
	};

	phone_send(p, &m);
}

struct wait {
	struct phone *phone;
	uint8_t type;
};

static bool has_come(void *ctx)
{
	const struct wait *w = ctx;

	return w->phone->last == w->type;
}

static void expect(struct rig *r, struct phone *p, uint8_t type)
{
	struct wait w = {.phone = p, .type = type};

	rig_until(r, has_come, &w);
}

/* Time stands still: no step of a phone takes long enough to be recorded on the way. */
static void init(struct rig *r)
{
	static struct clock still;

	rig_init(r, "Encrypted");
	still = clock_fixed(clock_seconds(clock_system()));
	r->env.clock = &still;
}

/* The exchange up to the point where that many jobs were asked for; the last one waits. */
static void walk(struct rig *r, struct phone *p, int jobs)
{
	phone_connect(p, r);
	expect(r, p, CAPF_AUTH_REQ);
	send_auth(p);
	rig_until_job(r);
	if (jobs == 1)
		return;
	rig_done(r);
	expect(r, p, CAPF_KEY_GEN_REQ);
	send_key(p);
	rig_until_job(r);
	if (jobs == 2)
		return;
	rig_done(r);
	expect(r, p, CAPF_STORE_CERT_REQ);
	send_stored(p, jobs == 3 ? CAPF_REASON_SUCCESS : CAPF_REASON_FAILED);
	rig_until_job(r);
}

#define JOBS     4
#define RECORDED 3 /* the job that records the LSC */
#define FAILED   4 /* the job that records the failure */

static void check_order(struct rig *r, int job, bool ran)
{
	struct device d = rig_device(r);

	assert_int_equal(d.install_pending, !(ran && job >= RECORDED));
	if (ran && job == RECORDED)
		assert_string_equal(d.operation_status, "Upgrade Success");
	if (ran && job == FAILED)
		assert_string_equal(d.operation_status, "Upgrade Failed");
}

static void test_with_the_connection(void **state)
{
	static const uint8_t answers[] = {
		CAPF_KEY_GEN_REQ, CAPF_STORE_CERT_REQ, CAPF_END_SESSION, CAPF_END_SESSION};
	struct phone p;
	struct rig r;
	int job;

	for (job = 1; job <= JOBS; job++) {
		init(&r);
		rig_start(&r, &service_capf);
		walk(&r, &p, job);
		rig_done(&r);
		expect(&r, &p, answers[job - 1]);
		if (job == RECORDED)
			assert_int_equal(p.reason, CAPF_REASON_SUCCESS);
		/* It trusts our certificate when it has stored its own. */
		rig_expect_notes(&r, job == RECORDED ? "came trusted" : "came");
		if (job == FAILED)
			assert_int_equal(p.reason, CAPF_REASON_FAILED);
		check_order(&r, job, true);
		phone_fini(&p);
		rig_fini(&r);
	}
}

/* The phone goes while the job waits, or while it runs; what it writes is kept. */
static void test_without_the_connection(void **state)
{
	struct phone p;
	struct rig r;
	int job, running;

	for (job = 1; job <= JOBS; job++) {
		for (running = 0; running < 2; running++) {
			init(&r);
			rig_start(&r, &service_capf);
			walk(&r, &p, job);
			if (running)
				rig_work(&r);
			phone_leave(&p);
			rig_settle(&r);
			rig_done(&r);
			rig_settle(&r);
			check_order(&r, job, true);
			/* What it had begun is recorded as broken off. */
			assert_int_equal(r.work != NULL, job < RECORDED);
			if (job < RECORDED) {
				rig_done(&r);
				check_order(&r, job, true);
				assert_string_equal(rig_device(&r).operation_status,
					"Upgrade Failed: Phone Communication Failure");
			}
			/* The next phone is served as if nothing had been. */
			phone_fini(&p);
			phone_connect(&p, &r);
			expect(&r, &p, CAPF_AUTH_REQ);
			phone_fini(&p);
			rig_fini(&r);
		}
	}
}

static void test_service_stops_before_the_job(void **state)
{
	struct phone p;
	struct rig r;
	int job;

	for (job = 1; job <= JOBS; job++) {
		init(&r);
		rig_start(&r, &service_capf);
		walk(&r, &p, job);
		rig_stop(&r);
		check_order(&r, job, false);
		rig_done(&r);
		check_order(&r, job, true);
		phone_fini(&p);
		rig_fini(&r);
	}
}

static bool is_over(void *ctx)
{
	return ((struct phone *)ctx)->over;
}

/* While a job runs nothing is read; what came meanwhile is dealt with in its turn. */
static void test_input_waits_for_the_job(void **state)
{
	struct phone p;
	struct rig r;

	init(&r);
	rig_start(&r, &service_capf);
	walk(&r, &p, 1);
	send_auth(&p); /* not expected any more after the first */
	rig_settle(&r);
	assert_int_equal(p.last, CAPF_AUTH_REQ);
	rig_done(&r);
	/* How the session ended is in the store before the phone is told. */
	rig_until_job(&r);
	rig_settle(&r);
	assert_int_not_equal(p.last, CAPF_END_SESSION);
	rig_done(&r);
	expect(&r, &p, CAPF_END_SESSION);
	assert_int_equal(p.reason, CAPF_REASON_FAILED);
	rig_until(&r, is_over, &p);
	check_order(&r, 1, true);
	phone_fini(&p);
	rig_fini(&r);
}

static void end_with_each_job(bool stopped_before)
{
	struct phone p;
	struct rig r;
	int job;

	for (job = 1; job <= JOBS; job++) {
		init(&r);
		rig_start(&r, &service_capf);
		walk(&r, &p, job);
		if (stopped_before) {
			rig_stop(&r);
			rig_drop_job(&r);
		} else {
			rig_stop_without_executor(&r);
		}
		phone_fini(&p);
		rig_fini(&r);
	}
}

static void test_job_is_never_answered(void **state)
{
	end_with_each_job(false);
}

static void test_stopped_and_never_answered(void **state)
{
	end_with_each_job(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_the_connection),
		cmocka_unit_test(test_without_the_connection),
		cmocka_unit_test(test_service_stops_before_the_job),
		cmocka_unit_test(test_job_is_never_answered),
		cmocka_unit_test(test_stopped_and_never_answered),
		cmocka_unit_test(test_input_waits_for_the_job),
	};

	return cmocka_run_group_tests_name("service/capf_jobs", tests, NULL, NULL);
}
