/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "net/dgram.h"
#include "rig.h"

#include <string.h>

struct box {
	struct dgram *d;
	unsigned packets, bytes;
	struct net_addr from;
	uint8_t first;
	bool echo, leave;
};

static void on_packet(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
	struct box *b = ctx;

	assert_ptr_equal(d, b->d);
	b->packets++;
	b->bytes += (unsigned)packet.len;
	b->from = *from;
	b->first = packet.len ? packet.ptr[0] : 0;
	if (b->echo)
		assert_int_equal(dgram_send(d, from, packet), ERR_OK);
	if (b->leave) {
		dgram_close(d);
		b->d = NULL;
	}
}

static void box_open(struct box *b, struct rig *r, const char *host)
{
	struct fail why = {.code = ERR_OK};
	struct net_addr any;

	memset(b, 0, sizeof(*b));
	assert_int_equal(net_addr_parse(&any, host, 0, NULL), ERR_OK);
	if (dgram_open(&b->d, r->loop, &any, false, on_packet, b, &why))
		fail_msg("%s", why.text);
	assert_true(dgram_number(b->d) >= 0);
}

static void packets_keep_their_edges(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "::1"};
	static uint8_t big[65535];
	struct net_addr a, b;
	struct box one, two;
	struct rig r;
	int i;

	for (i = 0; i < 2; i++) {
		rig_init(&r);
		box_open(&one, &r, hosts[i]);
		box_open(&two, &r, hosts[i]);
		two.echo = true;
		dgram_local(one.d, &a);
		dgram_local(two.d, &b);
		assert_int_equal(dgram_send(one.d, &b, span_str("x")), ERR_OK);
		assert_int_equal(dgram_send(one.d, &b, span_of(NULL, 0)), ERR_OK);
		rig_until(&r, &one.packets, 2);
		assert_int_equal(one.bytes, 1);
		assert_true(net_addr_same(&two.from, &a));
		assert_true(net_addr_same(&one.from, &b));
		/* The largest that IPv4 carries (65,535 less 28 of headers), and one that it does
		 * not. */
		memset(big, 'b', sizeof(big));
		assert_int_equal(dgram_send(one.d, &b, span_of(big, 65507)), ERR_OK);
		rig_until(&r, &one.packets, 3);
		assert_int_equal(one.bytes, 1 + 65507);
		assert_int_equal(one.first, 'b');
		assert_int_equal(dgram_send(one.d, &b, span_of(big, 65535)), ERR_IO);
		dgram_close(one.d);
		dgram_close(two.d);
		rig_fini(&r);
	}
}

static void closing_inside_the_callback(void **state)
{
	struct net_addr a;
	struct box one, two;
	struct rig r;
	int i;

	rig_init(&r);
	box_open(&one, &r, "127.0.0.1");
	box_open(&two, &r, "127.0.0.1");
	two.leave = true;
	dgram_local(two.d, &a);
	for (i = 0; i < 5; i++)
		assert_int_equal(dgram_send(one.d, &a, span_str("hello")), ERR_OK);
	rig_until(&r, &two.packets, 1);
	rig_for(&r, 5000);
	assert_int_equal(two.packets, 1);
	dgram_close(one.d);
	dgram_close(two.d); /* NULL */
	rig_fini(&r);
}

/* A flood on one socket does not keep the loop from a post or another socket. */
static void a_flood_leaves_time_for_others(void **state)
{
	struct net_addr a, b;
	struct box flooded, quiet, from;
	unsigned at_quiet;
	struct rig r;
	int i;

	rig_init(&r);
	box_open(&flooded, &r, "127.0.0.1");
	box_open(&quiet, &r, "127.0.0.1");
	box_open(&from, &r, "127.0.0.1");
	dgram_local(flooded.d, &a);
	dgram_local(quiet.d, &b);
	for (i = 0; i < 100; i++)
		assert_int_equal(dgram_send(from.d, &a, span_str("flood")), ERR_OK);
	assert_int_equal(dgram_send(from.d, &b, span_str("one")), ERR_OK);
	quiet.leave = true;
	rig_until(&r, &quiet.packets, 1);
	at_quiet = flooded.packets;
	assert_true(at_quiet < 100);
	rig_until(&r, &flooded.packets, 100);
	dgram_close(flooded.d);
	dgram_close(from.d);
	rig_fini(&r);
}

/* A send to a closed port brings an ICMP error; the next packets come and go all the same. */
static void errors_of_the_network_are_not_ours(void **state)
{
	struct net_addr gone, a;
	struct box one, two;
	struct rig r;
	int i;

	rig_init(&r);
	box_open(&one, &r, "127.0.0.1");
	box_open(&two, &r, "127.0.0.1");
	dgram_local(two.d, &gone);
	dgram_close(two.d);
	for (i = 0; i < 3; i++)
		assert_int_equal(dgram_send(one.d, &gone, span_str("lost")), ERR_OK);
	box_open(&two, &r, "127.0.0.1");
	dgram_local(one.d, &a);
	assert_int_equal(dgram_send(two.d, &a, span_str("hello")), ERR_OK);
	rig_until(&r, &one.packets, 1);
	dgram_close(one.d);
	dgram_close(two.d);
	rig_fini(&r);
}

static void no_memory_no_socket(void **state)
{
	struct net_addr any = rig_loopback(0);
	struct fail why = {.code = ERR_OK};
	struct dgram *d;
	struct rig r;

	rig_init(&r);
	mem_fail_from(1);
	assert_int_equal(dgram_open(&d, r.loop, &any, false, on_packet, NULL, &why), ERR_NOMEM);
	mem_fail_from(0);
	assert_int_equal(why.code, ERR_NOMEM);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_keep_their_edges),
		cmocka_unit_test(closing_inside_the_callback),
		cmocka_unit_test(a_flood_leaves_time_for_others),
		cmocka_unit_test(errors_of_the_network_are_not_ours),
		cmocka_unit_test(no_memory_no_socket),
	};

	return cmocka_run_group_tests_name("net/dgram", tests, NULL, NULL);
}
