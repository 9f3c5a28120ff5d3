/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/dgram.h"
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void addresses_in_text(void **state)
{
	static const struct {
		const char *in;
		int port;
		const char *host, *both;
	} good[] = {
		{"127.0.0.1", 69, "127.0.0.1", "127.0.0.1:69"},
		{"0.0.0.0", 0, "0.0.0.0", "0.0.0.0:0"},
		{"::1", 65535, "::1", "[::1]:65535"},
		{"[::1]", 69, "::1", "[::1]:69"},
		{"2001:DB8:0:0:0:0:0:1", 1, "2001:db8::1", "[2001:db8::1]:1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535,
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
	};
	static const char *const bad[] = {"", "localhost", "1.2.3", "1.2.3.4.5", "01.2.3.4 ",
		"256.1.1.1", "[127.0.0.1]", "[]", "[", "::1]", "fe80::1%lo", "1.2.3.4:5", ":::",
		"0000000000000000000000000000000000000000000000000000000000000000000000000001"};
	char text[NET_ADDR_MAX];
	struct net_addr a;
	struct fail why;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(net_addr_parse(&a, good[i].in, good[i].port, NULL), ERR_OK);
		net_addr_print(&a, text);
		assert_string_equal(text, good[i].host);
		net_addr_print_port(&a, text);
		assert_string_equal(text, good[i].both);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fail_clear(&why);
		assert_int_equal(net_addr_parse(&a, bad[i], 1, &why), ERR_FORMAT);
		assert_int_equal(why.code, ERR_FORMAT);
		assert_true(why.text[0]);
	}
	assert_int_equal(net_addr_parse(&a, "::1", -1, NULL), ERR_ARG);
	assert_int_equal(net_addr_parse(&a, "::1", 65536, NULL), ERR_ARG);
}

static void networks(void **state)
{
	static const struct {
		const char *network, *in, *out;
	} good[] = {
		{"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
		{"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
		{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
		{"127.0.0.1", "127.0.0.1", "127.0.0.2"},
		{"0.0.0.0/0", "203.0.113.9", "::"},
		{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
		{"::1/128", "::1", "::"},
		{"::/0", "fe80::1", "0.0.0.0"},
	};
	static const char *const bad[] = {"", "/", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/33",
		"10.0.0.1/8", "::1/127", "::/129", "10.0.0.0/8/8", "10.0.0.0/8 ", "net/8"};
	struct net_network n;
	struct net_addr a;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(net_network_parse(&n, good[i].network, NULL), ERR_OK);
		assert_int_equal(net_addr_parse(&a, good[i].in, 1, NULL), ERR_OK);
		assert_true(net_network_has(&n, &a));
		assert_int_equal(net_addr_parse(&a, good[i].out, 1, NULL), ERR_OK);
		assert_false(net_network_has(&n, &a));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(net_network_parse(&n, bad[i], NULL), ERR_FORMAT);
}

static void addresses_compared(void **state)
{
	struct net_addr a = rig_loopback(1), b = rig_loopback(2), c;

	assert_true(net_addr_same_host(&a, &b));
	assert_false(net_addr_same(&a, &b));
	b.port = 1;
	/* Bytes beyond an IPv4 address do not count. */
	memset(b.bytes + 4, 0xAA, 12);
	assert_true(net_addr_same(&a, &b));
	assert_int_equal(net_addr_parse(&c, "7f00:1::", 1, NULL), ERR_OK);
	assert_false(net_addr_same_host(&a, &c));
}

static void my_name(char *out, size_t size)
{
	char comm[32] = "";
	FILE *f = fopen("/proc/self/comm", "r");

	assert_non_null(f);
	assert_non_null(fgets(comm, sizeof(comm), f));
	fclose(f);
	comm[strcspn(comm, "\n")] = '\0';
	snprintf(out, size, "pid %d (%s)", (int)getpid(), comm);
}

static void nobody(void *ctx, struct stream *s)
{
}

static void no_packet(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
}

static void a_taken_port_is_named_with_its_owner(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "::1"};
	char mine[64], text[80], number[16];
	struct listener *one, *two;
	struct net_addr any, got;
	struct dgram *d, *e;
	struct fail why;
	struct rig r;
	int i;

	my_name(mine, sizeof(mine));
	rig_init(&r);
	for (i = 0; i < 2; i++) {
		fail_clear(&why);
		assert_int_equal(net_addr_parse(&any, hosts[i], 0, NULL), ERR_OK);
		if (listener_open(&one, r.loop, &any, NULL, false, nobody, NULL, &why))
			fail_msg("%s", why.text);
		listener_addr(one, &got);
		assert_true(net_addr_same_host(&any, &got));
		assert_int_not_equal(got.port, 0);
		net_port_owner(false, got.port, text, sizeof(text));
		assert_string_equal(text, mine);
		assert_int_equal(listener_open(&two, r.loop, &got, NULL, false, nobody, NULL, &why),
			ERR_INUSE);
		assert_int_equal(why.code, ERR_INUSE);
		snprintf(number, sizeof(number), " %u ", (unsigned)got.port);
		assert_non_null(strstr(why.text, number));
		assert_non_null(strstr(why.text, mine));
		listener_close(one);
		net_port_owner(false, got.port, text, sizeof(text));
		assert_string_equal(text, "another process");

		fail_clear(&why);
		if (dgram_open(&d, r.loop, &any, false, no_packet, NULL, &why))
			fail_msg("%s", why.text);
		dgram_local(d, &got);
		net_port_owner(true, got.port, text, sizeof(text));
		assert_string_equal(text, mine);
		assert_int_equal(
			dgram_open(&e, r.loop, &got, false, no_packet, NULL, &why), ERR_INUSE);
		assert_non_null(strstr(why.text, "UDP port"));
		assert_non_null(strstr(why.text, mine));
		dgram_close(d);
	}
	rig_fini(&r);
}

static void other_failures_to_open(void **state)
{
	struct fail why = {.code = ERR_OK};
	struct net_addr far;
	struct listener *ls;
	struct dgram *d;
	struct rig r;

	rig_init(&r);
	/* TEST-NET-1 (RFC 5737) is nobody's. */
	assert_int_equal(net_addr_parse(&far, "192.0.2.1", 0, NULL), ERR_OK);
	assert_int_equal(listener_open(&ls, r.loop, &far, NULL, false, nobody, NULL, &why), ERR_IO);
	assert_non_null(strstr(why.text, "not one of this machine"));
	assert_int_equal(dgram_open(&d, r.loop, &far, false, no_packet, NULL, NULL), ERR_IO);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_in_text),
		cmocka_unit_test(networks),
		cmocka_unit_test(addresses_compared),
		cmocka_unit_test(a_taken_port_is_named_with_its_owner),
		cmocka_unit_test(other_failures_to_open),
	};

	return cmocka_run_group_tests_name("net/addr", tests, NULL, NULL);
}
