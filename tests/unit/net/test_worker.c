/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/sock.h"
#include "net/worker.h"
#include "rig.h"

#include <stdatomic.h>
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define WORKERS     4
#define CONNECTIONS 64

struct site {
	struct listener *listeners[WORKERS];
	struct net_addr addr;
	atomic_uint accepted[WORKERS];
	atomic_uint ups, downs;
	unsigned bad; /* this one's setup fails */
	pthread_t threads[WORKERS];
};

static struct site *the_site;

/* The context of each listener is its counter. */
static void on_accepted(void *ctx, struct stream *s)
{
	atomic_uint *count = ctx;
	size_t index = (size_t)(count - the_site->accepted);

	assert(pthread_equal(pthread_self(), the_site->threads[index]));
	atomic_fetch_add(count, 1);
	stream_close(s);
}

static enum err setup(void *ctx, unsigned index, struct loop *l, struct fail *why)
{
	struct site *site = ctx;
	enum err err;

	if (index == site->bad)
		return fail_set(why, ERR_DENIED, "worker %u does not want to", index);
	site->threads[index] = pthread_self();
	err = listener_open(&site->listeners[index], l, &site->addr, NULL, true, on_accepted,
		&site->accepted[index], why);
	if (err)
		return err;
	/* The first takes a free port, the others share it. */
	listener_addr(site->listeners[index], &site->addr);
	atomic_fetch_add(&site->ups, 1);
	return ERR_OK;
}

static void teardown(void *ctx, unsigned index)
{
	struct site *site = ctx;

	assert(pthread_equal(pthread_self(), site->threads[index]));
	listener_close(site->listeners[index]);
	atomic_fetch_add(&site->downs, 1);
}

static unsigned total(struct site *site)
{
	unsigned sum = 0;
	int i;

	for (i = 0; i < WORKERS; i++)
		sum += atomic_load(&site->accepted[i]);
	return sum;
}

static void connections_spread_over_workers(void **state)
{
	struct site site = {.addr = rig_loopback(0), .bad = WORKERS};
	struct fail why = {.code = ERR_OK};
	struct sockaddr_storage ss;
	struct workers *w;
	unsigned used = 0;
	socklen_t len;
	char byte;
	int fd, i;

	the_site = &site;
	if (workers_start(&w, WORKERS, setup, teardown, &site, &why))
		fail_msg("%s", why.text);
	assert_int_equal(atomic_load(&site.ups), WORKERS);
	len = sock_from_addr(&ss, &site.addr);
	for (i = 0; i < CONNECTIONS; i++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
		assert_int_equal(recv(fd, &byte, 1, 0), 0);
		close(fd);
	}
	assert_int_equal(total(&site), CONNECTIONS);
	for (i = 0; i < WORKERS; i++)
		used += atomic_load(&site.accepted[i]) > 0;
	assert_true(used > 1);
	workers_stop(w);
	assert_int_equal(atomic_load(&site.downs), WORKERS);
}

struct hop {
	struct workers *all;
	atomic_uint hops;
	struct rig *home;
	unsigned back;
	struct site *site;
};

static void come_home(void *arg)
{
	struct hop *h = arg;

	h->back++;
}

static void hop_on(void *arg)
{
	struct hop *h = arg;
	unsigned n = atomic_fetch_add(&h->hops, 1);

	assert(pthread_equal(pthread_self(), h->site->threads[n % WORKERS]));
	if (loop_post(n + 1 < 100 ? workers_loop(h->all, (n + 1) % WORKERS) : h->home->loop,
		    n + 1 < 100 ? hop_on : come_home, h))
		abort();
}

static void workers_talk_by_posts(void **state)
{
	struct site site = {.addr = rig_loopback(0), .bad = WORKERS};
	struct hop h = {.site = &site};
	struct rig r;

	the_site = &site;
	rig_init(&r);
	h.home = &r;
	assert_int_equal(workers_start(&h.all, WORKERS, setup, teardown, &site, NULL), ERR_OK);
	assert_int_equal(loop_post(workers_loop(h.all, 0), hop_on, &h), ERR_OK);
	rig_until(&r, &h.back, 1);
	assert_int_equal(atomic_load(&h.hops), 100);
	workers_stop(h.all);
	rig_fini(&r);
}

struct called {
	struct site *site;
	struct workers *all;
	atomic_uint calls;
	atomic_bool stopped;
};

static void on_its_thread(void *ctx, unsigned index)
{
	struct called *c = ctx;

	assert(pthread_equal(pthread_self(), c->site->threads[index]));
	atomic_fetch_add(&c->calls, 1);
}

static void *call_again_and_again(void *arg)
{
	struct called *c = arg;
	enum err err;

	do
		err = workers_call(c->all, WORKERS, on_its_thread, c);
	while (err == ERR_OK);
	atomic_store(&c->stopped, err == ERR_NOTNOW);
	return NULL;
}

/* The loops are freed by workers_stop: whoever calls is to be over by then, as a pool's job is. */
static void teardown_waits_for_the_caller(void *ctx, unsigned index)
{
	struct called *c = ctx;

	while (index == 0 && !atomic_load(&c->stopped))
		sched_yield();
}

static enum err setup_called(void *ctx, unsigned index, struct loop *l, struct fail *why)
{
	struct called *c = ctx;

	c->site->threads[index] = pthread_self();
	return ERR_OK;
}

static void workers_are_called_and_waited_for(void **state)
{
	struct site site = {.bad = WORKERS};
	struct called c = {.site = &site};
	pthread_t other;

	assert_int_equal(workers_start(&c.all, WORKERS, setup_called, teardown_waits_for_the_caller,
				 &c, NULL),
		ERR_OK);
	assert_int_equal(workers_call(c.all, 1, on_its_thread, &c), ERR_OK);
	assert_int_equal(atomic_load(&c.calls), 1);
	assert_int_equal(workers_call(c.all, WORKERS, on_its_thread, &c), ERR_OK);
	assert_int_equal(atomic_load(&c.calls), 1 + WORKERS);
	assert_int_equal(pthread_create(&other, NULL, call_again_and_again, &c), 0);
	while (atomic_load(&c.calls) < 1000)
		if (workers_call(c.all, WORKERS, on_its_thread, &c))
			fail();
	workers_stop(c.all);
	pthread_join(other, NULL);
	assert_true(atomic_load(&c.stopped));
}

static void a_failing_setup_stops_all(void **state)
{
	struct site site = {.addr = rig_loopback(0), .bad = 2};
	struct fail why = {.code = ERR_OK};
	struct workers *w;

	the_site = &site;
	assert_int_equal(workers_start(&w, WORKERS, setup, teardown, &site, &why), ERR_DENIED);
	assert_string_equal(why.text, "worker 2 does not want to");
	assert_int_equal(atomic_load(&site.ups), 2);
	assert_int_equal(atomic_load(&site.downs), 2);
	assert_int_equal(workers_start(&w, 0, setup, teardown, &site, NULL), ERR_ARG);
}

#define PEERS 6

struct tls_site {
	struct site plain;
	struct tls *tls;
	atomic_uint judged, ready;
};

static enum err judge(void *ctx, struct span der)
{
	struct tls_site *site = ctx;

	atomic_fetch_add(&site->judged, 1);
	return der.len ? ERR_OK : ERR_FORMAT;
}

static void on_tls_event(void *ctx, struct stream *s, enum stream_event ev)
{
	struct tls_site *site = ctx;

	if (ev == STREAM_READY)
		atomic_fetch_add(&site->ready, 1);
	if (ev != STREAM_DATA)
		return;
	assert(stream_write(s, stream_input(s)) == ERR_OK);
	stream_finish(s);
}

static void on_tls_accepted(void *ctx, struct stream *s)
{
	stream_handle(s, on_tls_event, ctx);
}

static enum err tls_setup(void *ctx, unsigned index, struct loop *l, struct fail *why)
{
	struct tls_site *site = ctx;
	struct site *plain = &site->plain;
	enum err err;

	plain->threads[index] = pthread_self();
	err = listener_open(&plain->listeners[index], l, &plain->addr, site->tls, true,
		on_tls_accepted, site, why);
	if (!err)
		listener_addr(plain->listeners[index], &plain->addr);
	return err;
}

static void tls_teardown(void *ctx, unsigned index)
{
	struct tls_site *site = ctx;

	teardown(&site->plain, index);
}

static void workers_share_tls_settings(void **state)
{
	struct tls_site site = {.plain.addr = rig_loopback(0)};
	struct tls_config config = {.profile = TLS_MODERN,
		.server = true,
		.peer_cert = TLS_PEER_REQUIRED,
		.verify = judge,
		.verify_ctx = &site};
	struct child peers[PEERS];
	struct rig_cert cert;
	struct workers *w;
	struct rig r;
	int i;

	rig_init(&r);
	rig_cert_load(&cert, "server");
	config.cert_der = rig_cert_der(&cert);
	config.native_key = cert.key;
	assert_int_equal(tls_new(&site.tls, &config, NULL), ERR_OK);
	assert_int_equal(workers_start(&w, WORKERS, tls_setup, tls_teardown, &site, NULL), ERR_OK);
	tls_free(site.tls);
	for (i = 0; i < PEERS; i++)
		child_start(&peers[i], &r, "%s client --port %u --cert %s/phone --send 100",
			rig_peer(), (unsigned)site.plain.addr.port, rig_folder);
	for (i = 0; i < PEERS; i++) {
		child_wait(&peers[i], &r);
		assert_true(child_said(&peers[i], "GOT 100\n"));
		child_fini(&peers[i]);
	}
	workers_stop(w);
	assert_int_equal(atomic_load(&site.judged), PEERS);
	assert_int_equal(atomic_load(&site.ready), PEERS);
	rig_cert_free(&cert);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_spread_over_workers),
		cmocka_unit_test(workers_talk_by_posts),
		cmocka_unit_test(workers_are_called_and_waited_for),
		cmocka_unit_test(a_failing_setup_stops_all),
		cmocka_unit_test(workers_share_tls_settings),
	};

	return cmocka_run_group_tests_name(
		"net/worker", tests, rig_certs_setup, rig_certs_teardown);
}
