/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "net/dgram.h"
#include "net/dgram_set.h"
#include "net/worker.h"
#include "rig.h"

#include <string.h>

#define WORKERS 2u
#define CLIENTS 40u
#define EACH    100u

/* Answers every packet from its second socket with the same bytes and one more. */
struct echo {
	struct dgram_set *set;
	unsigned door, carrier, packets, largest;
};

static void echo_packets(void *ctx, const struct dgram_in *in, unsigned count)
{
	struct echo *e = ctx;
	unsigned i;

	if (count > e->largest)
		e->largest = count;
	for (i = 0; i < count; i++) {
		struct dgram_out out = {
			.socket = e->carrier,
			.to = &in[i].from,
			.from = &in[i].to,
			.head = span_str("!"),
			.body = in[i].packet,
		};

		assert_int_equal(in[i].socket, e->door);
		e->packets++;
		dgram_set_send(e->set, &out);
	}
}

static void echo_unsent(void *ctx, const struct net_addr *to)
{
}

static const struct dgram_set_calls echo_calls = {.packets = echo_packets, .unsent = echo_unsent};

static void echo_open(
	struct echo *e, struct loop *l, const struct net_addr *door, const struct net_addr *carrier)
{
	struct fail why = {0};

	memset(e, 0, sizeof(*e));
	assert_int_equal(dgram_set_new(&e->set, l, &echo_calls, e), ERR_OK);
	if (dgram_set_open(e->set, door, true, &e->door, &why) ||
		dgram_set_open(e->set, carrier, false, &e->carrier, &why))
		fail_msg("%s", why.text);
	assert_true(dgram_set_number(e->set, e->door) >= 0);
}

struct box {
	unsigned packets;
	uint8_t last[2048];
	size_t len;
	struct net_addr from;
};

static void on_packet(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
	struct box *b = ctx;

	b->packets++;
	b->from = *from;
	b->len = packet.len < sizeof(b->last) ? packet.len : sizeof(b->last);
	if (b->len)
		memcpy(b->last, packet.ptr, b->len);
}

static struct net_addr address(const char *host, uint16_t port)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(&a, host, port, NULL), ERR_OK);
	return a;
}

/* A port that was free a moment ago. */
static struct net_addr free_port(struct rig *r, const char *host)
{
	struct net_addr any = address(host, 0), got;
	struct dgram *d;

	assert_int_equal(dgram_open(&d, r->loop, &any, false, on_packet, NULL, NULL), ERR_OK);
	dgram_local(d, &got);
	dgram_close(d);
	return got;
}

static void answers_come_from_the_other_socket(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "::1"};
	uint8_t large[DGRAM_SET_PACKET + 100];
	struct net_addr door, any;
	struct dgram *client;
	struct echo e;
	struct box b = {0};
	struct rig r;
	int i;

	memset(large, 'x', sizeof(large));
	for (i = 0; i < 2; i++) {
		rig_init(&r);
		door = free_port(&r, hosts[i]);
		any = address(hosts[i], 0);
		echo_open(&e, r.loop, &door, &any);
		memset(&b, 0, sizeof(b));
		assert_int_equal(
			dgram_open(&client, r.loop, &any, false, on_packet, &b, NULL), ERR_OK);
		assert_int_equal(dgram_send(client, &door, span_str("hello")), ERR_OK);
		rig_until(&r, &b.packets, 1);
		assert_int_equal(b.len, 6);
		assert_memory_equal(b.last, "!hello", 6);
		assert_true(net_addr_same_host(&b.from, &door));
		assert_int_not_equal(b.from.port, door.port);
		assert_int_equal(dgram_send(client, &door, span_of(NULL, 0)), ERR_OK);
		rig_until(&r, &b.packets, 2);
		assert_int_equal(b.len, 1);
		/* Longer ones are cut. */
		assert_int_equal(dgram_send(client, &door, span_of(large, sizeof(large))), ERR_OK);
		rig_until(&r, &b.packets, 3);
		assert_int_equal(b.len, 1 + DGRAM_SET_PACKET);
		assert_int_equal(dgram_set_lost(e.set), 0);
		dgram_close(client);
		dgram_set_free(e.set);
		rig_fini(&r);
	}
}

/* Bound to no address: the answer comes from the one that was asked. */
static void any_address(void **state)
{
	struct net_addr unbound, asked = address("127.0.0.9", 0), mine = address("127.0.0.8", 0);
	struct net_addr any = address("0.0.0.0", 0);
	struct dgram *client;
	struct box b = {0};
	struct echo e;
	struct rig r;

	rig_init(&r);
	unbound = free_port(&r, "0.0.0.0");
	echo_open(&e, r.loop, &unbound, &any);
	asked.port = unbound.port;
	assert_int_equal(dgram_open(&client, r.loop, &mine, false, on_packet, &b, NULL), ERR_OK);
	assert_int_equal(dgram_send(client, &asked, span_str("x")), ERR_OK);
	rig_until(&r, &b.packets, 1);
	assert_true(net_addr_same_host(&b.from, &asked));
	dgram_close(client);
	dgram_set_free(e.set);
	rig_fini(&r);
}

/* What was queued still goes out, nothing after it; another port takes the number. */
static void closing(void **state)
{
	struct net_addr door, any = address("127.0.0.1", 0), mine, before;
	struct dgram_out out = {.from = &any, .to = &mine};
	struct dgram *client;
	struct box b = {0};
	unsigned again;
	struct echo e;
	struct rig r;

	rig_init(&r);
	door = free_port(&r, "127.0.0.1");
	echo_open(&e, r.loop, &door, &any);
	assert_int_equal(dgram_open(&client, r.loop, &any, false, on_packet, &b, NULL), ERR_OK);
	dgram_local(client, &mine);
	out.socket = e.carrier;
	out.head = span_str("last");
	dgram_set_send(e.set, &out);
	dgram_set_close(e.set, e.carrier);
	dgram_set_close(e.set, e.carrier);
	out.head = span_str("late");
	dgram_set_send(e.set, &out);
	dgram_set_flush(e.set);
	dgram_set_send(e.set, &out);
	dgram_set_flush(e.set);
	rig_until(&r, &b.packets, 1);
	assert_memory_equal(b.last, "last", 4);
	before = b.from;
	/* Nobody reads it any more, and the doors are still read. */
	assert_int_equal(dgram_send(client, &before, span_str("x")), ERR_OK);
	assert_int_equal(dgram_set_lost(e.set), 0);
	assert_int_equal(dgram_set_open(e.set, &any, false, &again, NULL), ERR_OK);
	assert_int_equal(again, e.carrier);
	assert_int_equal(dgram_send(client, &door, span_str("y")), ERR_OK);
	rig_until(&r, &b.packets, 2);
	assert_int_equal(e.packets, 1);
	assert_memory_equal(b.last, "!y", 2);
	assert_false(net_addr_same(&b.from, &before));
	dgram_set_close(e.set, again);
	dgram_close(client);
	dgram_set_free(e.set);
	rig_fini(&r);
}

/* More than one call reads, and more than one buffer of the kernel holds: read in batches, all
 * answered. */
static void many_at_once(void **state)
{
	struct net_addr door, any = address("127.0.0.1", 0);
	struct dgram *clients[CLIENTS];
	struct box b = {0};
	struct echo e;
	struct rig r;
	unsigned i, k;

	rig_init(&r);
	door = free_port(&r, "127.0.0.1");
	echo_open(&e, r.loop, &door, &any);
	for (i = 0; i < CLIENTS; i++)
		assert_int_equal(
			dgram_open(&clients[i], r.loop, &any, false, on_packet, &b, NULL), ERR_OK);
	for (k = 0; k < 5; k++) {
		for (i = 0; i < CLIENTS; i++)
			assert_int_equal(dgram_send(clients[i], &door, span_str("x")), ERR_OK);
	}
	rig_until(&r, &b.packets, 5 * CLIENTS);
	assert_int_equal(e.packets, 5 * CLIENTS);
	assert_true(e.largest > 1 && e.largest <= DGRAM_SET_BATCH);
	assert_int_equal(dgram_set_lost(e.set), 0);
	for (i = 0; i < CLIENTS; i++)
		dgram_close(clients[i]);
	dgram_set_free(e.set);
	rig_fini(&r);
}

/* The door is read in passing, while packets of another socket are handled. */
struct passing {
	struct dgram_set *set;
	unsigned door, carrier, at_the_door, others;
	struct dgram *client;
	struct net_addr to_door;
};

static void passing_packets(void *ctx, const struct dgram_in *in, unsigned count)
{
	struct passing *p = ctx;
	unsigned i;

	for (i = 0; i < count; i++) {
		if (in[i].socket == p->door)
			p->at_the_door++;
		else if (!p->others++)
			assert_int_equal(dgram_send(p->client, &p->to_door, span_str("x")), ERR_OK);
	}
}

static void nothing_is_left_at_the_door(void **state)
{
	static const struct dgram_set_calls calls = {
		.packets = passing_packets, .unsent = echo_unsent};
	struct net_addr any = address("127.0.0.1", 0), to_carrier;
	struct passing p = {.others = 0};
	struct box b = {0};
	struct rig r;
	unsigned i;

	rig_init(&r);
	p.to_door = free_port(&r, "127.0.0.1");
	to_carrier = free_port(&r, "127.0.0.1");
	assert_int_equal(dgram_set_new(&p.set, r.loop, &calls, &p), ERR_OK);
	assert_int_equal(dgram_set_open(p.set, &p.to_door, true, &p.door, NULL), ERR_OK);
	assert_int_equal(dgram_set_open(p.set, &to_carrier, false, &p.carrier, NULL), ERR_OK);
	assert_int_equal(dgram_open(&p.client, r.loop, &any, false, on_packet, &b, NULL), ERR_OK);
	for (i = 0; i < 60; i++)
		assert_int_equal(dgram_send(p.client, &to_carrier, span_str("x")), ERR_OK);
	rig_until(&r, &p.at_the_door, 1);
	assert_int_equal(p.others, 60);
	dgram_close(p.client);
	dgram_set_free(p.set);
	rig_fini(&r);
}

/* A door that nobody reads: what the kernel drops is counted. */
static void losses_are_counted(void **state)
{
	struct net_addr door, any = address("127.0.0.1", 0);
	struct dgram *client;
	struct box b = {0};
	struct echo e;
	struct rig r;
	unsigned i;

	rig_init(&r);
	door = free_port(&r, "127.0.0.1");
	echo_open(&e, r.loop, &door, &any);
	assert_int_equal(dgram_open(&client, r.loop, &any, false, on_packet, &b, NULL), ERR_OK);
	for (i = 0; i < 20000; i++)
		assert_int_equal(dgram_send(client, &door, span_str("x")), ERR_OK);
	assert_true(dgram_set_lost(e.set) > 0);
	rig_until(&r, &e.packets, 20000 - (unsigned)dgram_set_lost(e.set));
	dgram_close(client);
	dgram_set_free(e.set);
	rig_fini(&r);
}

/* Two workers behind one port, each with a set of its own. */
static struct net_addr shared_door;
static struct echo each[WORKERS];

static enum err worker_start(void *ctx, unsigned index, struct loop *l, struct fail *why)
{
	struct net_addr any = address("127.0.0.1", 0);

	echo_open(&each[index], l, &shared_door, &any);
	return ERR_OK;
}

static void worker_stop(void *ctx, unsigned index)
{
	dgram_set_free(each[index].set);
}

static void two_workers(void **state)
{
	struct net_addr any = address("127.0.0.1", 0);
	struct dgram *clients[CLIENTS];
	struct workers *workers;
	struct fail why = {0};
	struct box b = {0};
	struct rig r;
	unsigned i, k;

	rig_init(&r);
	shared_door = free_port(&r, "127.0.0.1");
	assert_int_equal(
		workers_start(&workers, WORKERS, worker_start, worker_stop, NULL, &why), ERR_OK);
	for (i = 0; i < CLIENTS; i++)
		assert_int_equal(
			dgram_open(&clients[i], r.loop, &any, false, on_packet, &b, NULL), ERR_OK);
	for (k = 1; k <= EACH; k++) {
		for (i = 0; i < CLIENTS; i++)
			assert_int_equal(
				dgram_send(clients[i], &shared_door, span_str("x")), ERR_OK);
		rig_until(&r, &b.packets, k * CLIENTS);
	}
	workers_stop(workers);
	/* The kernel spreads 40 ports over both; all on one has a chance of 1 in 10^12. */
	assert_true(each[0].packets > 0 && each[1].packets > 0);
	assert_int_equal(each[0].packets + each[1].packets, EACH * CLIENTS);
	for (i = 0; i < CLIENTS; i++)
		dgram_close(clients[i]);
	rig_fini(&r);
}

static void refusals(void **state)
{
	struct net_addr taken, here;
	struct fail why = {0};
	struct dgram *holder;
	struct box b = {0};
	struct echo e;
	struct rig r;
	unsigned socket;

	rig_init(&r);
	here = address("127.0.0.1", 0);
	assert_int_equal(dgram_open(&holder, r.loop, &here, false, on_packet, &b, NULL), ERR_OK);
	dgram_local(holder, &taken);
	mem_fail_from(1);
	assert_int_equal(dgram_set_new(&e.set, r.loop, &echo_calls, &e), ERR_NOMEM);
	mem_fail_from(0);
	assert_int_equal(dgram_set_new(&e.set, r.loop, &echo_calls, &e), ERR_OK);
	assert_int_equal(dgram_set_open(e.set, &taken, true, &socket, &why), ERR_INUSE);
	fail_clear(&why);
	mem_fail_from(1);
	assert_int_equal(dgram_set_open(e.set, &here, true, &socket, &why), ERR_NOMEM);
	mem_fail_from(0);
	dgram_close(holder);
	dgram_set_free(e.set);
	dgram_set_free(NULL);
	rig_fini(&r);
}

/* Another process may share the port as far as the kernel is concerned; then nobody would know who
 * gets what. */
static void no_port_is_shared_with_strangers(void **state)
{
	struct net_addr any = address("127.0.0.1", 0), door;
	struct fail why = {0};
	struct child c;
	struct echo e;
	struct rig r;
	unsigned socket;

	rig_init(&r);
	child_start(&c, &r,
		"/usr/bin/python3 -c 'import socket, sys; s = socket.socket(2, 2); "
		"s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); "
		"s.bind((\"127.0.0.1\", 0)); print(\"PORT\", s.getsockname()[1], flush=True); "
		"sys.stdin.read()'");
	rig_until(&r, &c.has_port, 1);
	door = address("127.0.0.1", (uint16_t)c.port);
	assert_int_equal(dgram_set_new(&e.set, r.loop, &echo_calls, &e), ERR_OK);
	assert_int_equal(dgram_set_open(e.set, &door, true, &socket, &why), ERR_INUSE);
	assert_non_null(strstr(why.text, "python3"));
	dgram_set_free(e.set);
	child_wait(&c, &r);
	child_fini(&c);
	/* And when it is gone, and came and went here. */
	echo_open(&e, r.loop, &door, &any);
	dgram_set_free(e.set);
	echo_open(&e, r.loop, &door, &any);
	dgram_set_free(e.set);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_from_the_other_socket),
		cmocka_unit_test(any_address),
		cmocka_unit_test(closing),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(nothing_is_left_at_the_door),
		cmocka_unit_test(losses_are_counted),
		cmocka_unit_test(two_workers),
		cmocka_unit_test(refusals),
		cmocka_unit_test(no_port_is_shared_with_strangers),
	};

	return cmocka_run_group_tests_name("net/dgram_set", tests, NULL, NULL);
}
