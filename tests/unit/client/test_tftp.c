/* SPDX-License-Identifier: BSD-2-Clause
 * The servers are scripts (peer.py) that check what they are sent byte by byte. */
#include "client/tftp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define LIMIT 4096

struct outcome {
	enum err err;
	struct fail why;
	struct buf got;
	int peer_status;
};

static struct outcome fetch(const char *mode, int64_t timeout_us)
{
	struct outcome o = {0};
	char command[512];
	FILE *peer;
	int port;

	snprintf(command, sizeof(command), "exec /usr/bin/python3 '%s/unit/client/peer.py' %s",
		getenv("CADEADO_TESTS"), mode);
	peer = popen(command, "r");
	assert_non_null(peer);
	assert_int_equal(fscanf(peer, "PORT %d", &port), 1);
	o.err = client_tftp_get(
		"127.0.0.1", port, "CTLFile.tlv", LIMIT, timeout_us, &o.got, &o.why);
	o.peer_status = pclose(peer);
	return o;
}

static void fetch_whole(const char *mode)
{
	struct outcome o = fetch(mode, 30000000);
	size_t i;

	assert_int_equal(o.err, ERR_OK);
	assert_int_equal(o.peer_status, 0);
	assert_int_equal(o.got.len, 1027);
	for (i = 0; i < 1024; i++)
		assert_int_equal(o.got.data[i], i % 256);
	assert_memory_equal(o.got.data + 1024, "end", 3);
	buf_fini(&o.got);
}

static void test_server_without_options(void **state)
{
	fetch_whole("plain");
}

static void test_options_and_a_stranger(void **state)
{
	fetch_whole("options");
}

static void test_asks_again(void **state)
{
	struct outcome o = fetch("resend", 30000000);

	assert_int_equal(o.err, ERR_OK);
	assert_int_equal(o.peer_status, 0);
	assert_int_equal(o.got.len, 4);
	buf_fini(&o.got);
}

static void refused(const char *mode, enum err want, const char *text)
{
	struct outcome o = fetch(mode, 30000000);

	assert_int_equal(o.err, want);
	assert_int_equal(o.peer_status, 0);
	assert_string_equal(o.why.text, text);
	buf_fini(&o.got);
}

static void test_refusals(void **state)
{
	refused("notfound", ERR_NOTFOUND, "TFTP: the server says: error 1 File not found");
	refused("denied", ERR_DENIED, "TFTP: the server says: error 2 Access violation");
}

static void test_limits(void **state)
{
	refused("large", ERR_LIMIT, "TFTP: the file is larger than the limit");
	refused("endless", ERR_LIMIT, "TFTP: the file is larger than the limit");
}

static void test_broken_servers(void **state)
{
	refused("liar", ERR_PROTO, "TFTP: the file has another length than the server said");
	refused("garbage", ERR_PROTO, "TFTP: packet, opcode at byte 0: 65535 is none of TFTP's");
}

static void test_silence(void **state)
{
	struct outcome o = fetch("silent", 200000);

	assert_int_equal(o.err, ERR_TIMEOUT);
	buf_fini(&o.got);
}

static void test_bad_address(void **state)
{
	struct buf out = {0};
	struct fail why = {0};

	assert_int_equal(client_tftp_get("example.org", 69, "a", LIMIT, 1, &out, &why), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_without_options),
		cmocka_unit_test(test_options_and_a_stranger),
		cmocka_unit_test(test_asks_again),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_broken_servers),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_bad_address),
	};

	return cmocka_run_group_tests_name("client/tftp", tests, NULL, NULL);
}
