/* SPDX-License-Identifier: BSD-2-Clause
 * The servers are `openssl s_server` and a plain one. */
#include "client/tls.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define TIMEOUT 20000000

struct server {
	FILE *out;
	int pid, port;
};

static void server_start(struct server *s, const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd '%s/data/lists'; echo PID $$; exec %s",
		getenv("CADEADO_TESTS"), command);
	s->out = popen(line, "r");
	assert_non_null(s->out);
	s->pid = s->port = 0;
	while (!s->port && fgets(line, sizeof(line), s->out)) {
		sscanf(line, "PID %d", &s->pid);
		sscanf(line, "ACCEPT %*[^:]:%d", &s->port);
		sscanf(line, "PORT %d", &s->port);
	}
	assert_true(s->port > 0);
}

static void server_stop(struct server *s)
{
	kill(s->pid, SIGTERM);
	pclose(s->out);
}

#define OPENSSL                                                                                    \
	"openssl s_server -www -accept 127.0.0.1:0 -cert token-1.der -certform DER -key "          \
	"token-1.key "

static void expect_certificate(const struct client_tls_seen *seen)
{
	struct buf want = {0};
	char path[512];

	snprintf(path, sizeof(path), "%s/data/lists/token-1.der", getenv("CADEADO_TESTS"));
	assert_int_equal(file_read(path, 65536, &want, NULL), ERR_OK);
	assert_int_equal(seen->cert_der.len, want.len);
	assert_memory_equal(seen->cert_der.data, want.data, want.len);
	buf_fini(&want);
}

static void test_sees_certificate_and_cipher(void **state)
{
	struct client_tls_seen seen;
	struct fail why = {0};
	struct server s;

	server_start(&s, OPENSSL "-tls1_2 -cipher AES128-SHA:@SECLEVEL=0");
	assert_int_equal(client_tls_probe("127.0.0.1", s.port, TIMEOUT, &seen, &why), ERR_OK);
	server_stop(&s);
	assert_true(seen.completed);
	assert_string_equal(seen.cipher, "AES128-SHA");
	assert_string_equal(seen.version, "TLSv1.2");
	assert_string_equal(seen.refusal, "");
	expect_certificate(&seen);
	client_tls_seen_fini(&seen);
}

static void test_server_demands_a_certificate(void **state)
{
	struct client_tls_seen seen;
	struct fail why = {0};
	struct server s;

	server_start(&s, OPENSSL "-Verify 1 -cipher AES128-SHA:@SECLEVEL=0");
	assert_int_equal(client_tls_probe("127.0.0.1", s.port, TIMEOUT, &seen, &why), ERR_OK);
	server_stop(&s);
	assert_false(seen.completed);
	assert_non_null(strstr(seen.refusal, "alert"));
	assert_string_equal(seen.cipher, "AES128-SHA");
	assert_string_equal(seen.version, "TLSv1.2");
	expect_certificate(&seen);
	client_tls_seen_fini(&seen);
}

/* Its first words come with the end of the handshake. */
static void test_server_that_speaks_first(void **state)
{
	struct client_tls_seen seen;
	struct fail why = {0};
	struct server s;

	server_start(&s, "yes | openssl s_server -naccept 1 -accept 127.0.0.1:0 -cert token-1.der "
			 "-certform DER -key token-1.key -tls1_2 -cipher AES128-SHA:@SECLEVEL=0");
	assert_int_equal(client_tls_probe("127.0.0.1", s.port, TIMEOUT, &seen, &why), ERR_OK);
	server_stop(&s);
	assert_true(seen.completed);
	expect_certificate(&seen);
	client_tls_seen_fini(&seen);
}

#define PYTHON                                                                                     \
	"/usr/bin/python3 -c 'import socket; s = socket.create_server((\"127.0.0.1\", 0)); "       \
	"print(\"PORT\", s.getsockname()[1], flush=True); c = s.accept()[0]; "

static void nothing_came(const char *command, int64_t timeout_us, enum err want)
{
	struct client_tls_seen seen;
	struct fail why = {0};
	struct server s;

	server_start(&s, command);
	assert_int_equal(client_tls_probe("127.0.0.1", s.port, timeout_us, &seen, &why), want);
	server_stop(&s);
	assert_int_equal(why.code, want);
	assert_true(why.text[0]);
}

static void test_no_tls_there(void **state)
{
	nothing_came(PYTHON "c.recv(1); c.send(b\"HTTP/1.0 400 no\\r\\n\"); c.recv(9999)'", TIMEOUT,
		ERR_IO);
	nothing_came(PYTHON "c.recv(9999); c.close()'", TIMEOUT, ERR_CLOSED);
	nothing_came(PYTHON "c.recv(9999); s.accept()'", 200000, ERR_TIMEOUT);
}

static void test_nobody_there(void **state)
{
	struct client_tls_seen seen;
	struct fail why = {0};
	struct server s;

	server_start(&s, PYTHON "c.close()'"); /* then the port is free again */
	server_stop(&s);
	assert_int_equal(client_tls_probe("127.0.0.1", s.port, TIMEOUT, &seen, &why), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sees_certificate_and_cipher),
		cmocka_unit_test(test_server_demands_a_certificate),
		cmocka_unit_test(test_server_that_speaks_first),
		cmocka_unit_test(test_no_tls_there),
		cmocka_unit_test(test_nobody_there),
	};

	return cmocka_run_group_tests_name("client/tls", tests, NULL, NULL);
}
