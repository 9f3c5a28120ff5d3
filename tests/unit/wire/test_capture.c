/* SPDX-License-Identifier: BSD-2-Clause
 * The captures and where they come from: tests/data/captures/README.md */
#include "base/file.h"
#include "base/mem.h"
#include "wire/capture/capture.h"
#include "wire/capture/tls_hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SEEN_MAX 4

struct seen {
	struct capture_connection c[SEEN_MAX]; /* without the spans */
	struct buf to_server[SEEN_MAX], to_client[SEEN_MAX];
	size_t count;
	enum err stop;
};

static char folder[] = "/tmp/cadeado-capture-XXXXXX";

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	return rmdir(folder);
}

static char *data_path(const char *name)
{
	const char *tests = getenv("CADEADO_TESTS");
	char *captures, *path;

	captures = file_join(tests ? tests : "tests", "data/captures");
	assert_non_null(captures);
	path = file_join(captures, name);
	assert_non_null(path);
	mem_free(captures);
	return path;
}

static void assert_file(const char *name, struct span bytes)
{
	char *path = data_path(name);
	struct buf content = {0};

	assert_int_equal(file_read(path, 1 << 20, &content, NULL), ERR_OK);
	assert_int_equal(content.len, bytes.len);
	assert_memory_equal(content.data, bytes.ptr, bytes.len);
	buf_fini(&content);
	mem_free(path);
}

static enum err see(void *ctx, const struct capture_connection *c)
{
	struct seen *seen = ctx;

	assert_true(seen->count < SEEN_MAX);
	seen->c[seen->count] = *c;
	buf_put(&seen->to_server[seen->count], c->to_server);
	buf_put(&seen->to_client[seen->count], c->to_client);
	seen->count++;
	return seen->stop;
}

static enum err read_data(struct seen *seen, const char *name, struct fail *why)
{
	char *path = data_path(name);
	enum err err;

	memset(seen, 0, sizeof(*seen));
	err = capture_read(path, see, seen, why);
	mem_free(path);
	return err;
}

static void seen_fini(struct seen *seen)
{
	size_t i;

	for (i = 0; i < SEEN_MAX; i++) {
		buf_fini(&seen->to_server[i]);
		buf_fini(&seen->to_client[i]);
	}
}

static void hello_of(struct tls_hello *h, const struct seen *seen, size_t i)
{
	struct fail why = {0};

	if (tls_hello_read(h, buf_span(&seen->to_server[i]), buf_span(&seen->to_client[i]), &why))
		fail_msg("%s", why.text);
}

static void mutual_tls10(void **state)
{
	struct tls_hello h;
	struct seen seen;

	assert_int_equal(read_data(&seen, "tls10-mutual.pcap", NULL), ERR_OK);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.to_server[0].len, 1221);
	assert_int_equal(seen.to_client[0].len, 1739);
	assert_int_equal(seen.c[0].server.port, 45443);
	assert_int_equal(seen.c[0].client.port, 50588);
	assert_memory_equal(seen.c[0].client.addr, "\x7F\0\0\1", 4);
	assert_true(seen.c[0].from_start && seen.c[0].closed);
	assert_false(seen.c[0].gaps || seen.c[0].cut || seen.c[0].client.is6);
	assert_int_equal((seen.c[0].last_us - seen.c[0].first_us + 50) / 100, 8756);

	hello_of(&h, &seen, 0);
	assert_int_equal(h.client_version, 0x0301);
	assert_int_equal(h.version, 0x0301);
	assert_string_equal(tls_hello_version_name(h.version), "TLSv1");
	assert_int_equal(h.cipher, 0x0035);
	assert_string_equal(h.cipher_name, "AES256-SHA");
	assert_true(h.asked_for_certificate);
	assert_file("server.der", buf_span(&h.server_certificate));
	assert_file("phone.der", buf_span(&h.client_certificate));
	assert_int_equal(h.alerts_count, 0);
	assert_true(h.completed && h.secured[0] && h.secured[1]);
	assert_false(h.resumed);
	tls_hello_fini(&h);
	seen_fini(&seen);
}

static void full_then_resumed_tls12(void **state)
{
	struct tls_hello h;
	struct seen seen;

	assert_int_equal(read_data(&seen, "tls12-resumed.pcap", NULL), ERR_OK);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.to_server[0].len, 362);
	assert_int_equal(seen.to_client[0].len, 1453);
	assert_int_equal(seen.to_server[1].len, 528);
	assert_int_equal(seen.to_client[1].len, 172);

	hello_of(&h, &seen, 0);
	assert_int_equal(h.version, 0x0303);
	assert_string_equal(h.cipher_name, "ECDHE-RSA-AES128-GCM-SHA256");
	assert_false(h.asked_for_certificate || h.resumed);
	assert_file("server.der", buf_span(&h.server_certificate));
	assert_int_equal(h.client_certificate.len, 0);
	assert_true(h.completed);
	tls_hello_fini(&h);

	hello_of(&h, &seen, 1);
	assert_true(h.completed && h.resumed);
	assert_int_equal(h.server_certificate.len, 0);
	tls_hello_fini(&h);
	seen_fini(&seen);
}

static void refused_handshakes(void **state)
{
	struct tls_hello h;
	struct seen seen;

	assert_int_equal(read_data(&seen, "tls12-alerts.pcap", NULL), ERR_OK);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.to_server[0].len, 195);
	assert_int_equal(seen.to_client[1].len, 961);

	hello_of(&h, &seen, 0);
	assert_int_equal(h.alerts_count, 1);
	assert_true(h.alerts[0].from_client);
	assert_int_equal(h.alerts[0].level, 2);
	assert_string_equal(tls_hello_alert_name(h.alerts[0].description), "unknown CA");
	assert_string_equal(h.cipher_name, "AES256-GCM-SHA384");
	assert_false(h.completed || h.secured[0] || h.secured[1]);
	assert_file("server.der", buf_span(&h.server_certificate));
	tls_hello_fini(&h);

	hello_of(&h, &seen, 1);
	assert_int_equal(h.alerts_count, 1);
	assert_false(h.alerts[0].from_client);
	assert_string_equal(tls_hello_alert_name(h.alerts[0].description), "handshake failure");
	assert_true(h.asked_for_certificate && h.secured[0]);
	assert_int_equal(h.client_certificate.len, 0);
	assert_false(h.completed || h.secured[1]);
	tls_hello_fini(&h);
	seen_fini(&seen);
}

static void tls13_over_ip6(void **state)
{
	struct tls_hello h;
	struct seen seen;

	assert_int_equal(read_data(&seen, "tls13-ip6.pcap", NULL), ERR_OK);
	assert_int_equal(seen.count, 1);
	assert_true(seen.c[0].client.is6 && seen.c[0].server.is6);
	assert_int_equal(seen.c[0].server.addr[15], 1);
	assert_int_equal(seen.to_server[0].len, 368);
	assert_int_equal(seen.to_client[0].len, 1871);
	hello_of(&h, &seen, 0);
	assert_int_equal(h.client_version, 0x0304);
	assert_int_equal(h.version, 0x0304);
	assert_string_equal(h.cipher_name, "TLS_AES_256_GCM_SHA384");
	assert_int_equal(h.server_certificate.len, 0);
	assert_false(h.completed || h.resumed);
	tls_hello_fini(&h);
	seen_fini(&seen);
}

static void order_and_repetition_do_not_matter(void **state)
{
	struct seen plain, shuffled;

	assert_int_equal(read_data(&plain, "tls10-mutual.pcap", NULL), ERR_OK);
	assert_int_equal(read_data(&shuffled, "shuffled-vlan.pcap", NULL), ERR_OK);
	assert_int_equal(shuffled.count, 1);
	assert_true(span_eq(buf_span(&plain.to_server[0]), buf_span(&shuffled.to_server[0])));
	assert_true(span_eq(buf_span(&plain.to_client[0]), buf_span(&shuffled.to_client[0])));
	assert_false(shuffled.c[0].gaps);
	seen_fini(&plain);
	seen_fini(&shuffled);
}

static void a_lost_segment_ends_its_stream(void **state)
{
	struct seen plain, lost;
	struct tls_hello h;

	assert_int_equal(read_data(&plain, "tls10-mutual.pcap", NULL), ERR_OK);
	assert_int_equal(read_data(&lost, "segment-lost.pcap", NULL), ERR_OK);
	assert_true(lost.c[0].gaps);
	assert_true(span_eq(buf_span(&plain.to_server[0]), buf_span(&lost.to_server[0])));
	assert_true(lost.to_client[0].len > 0 && lost.to_client[0].len < plain.to_client[0].len);
	hello_of(&h, &lost, 0);
	assert_int_equal(h.version, 0x0301);
	assert_false(h.secured[1]);
	tls_hello_fini(&h);
	seen_fini(&plain);
	seen_fini(&lost);
}

static void a_damaged_file_gives_what_stood_before(void **state)
{
	struct fail why = {0};
	struct seen seen;

	assert_int_equal(read_data(&seen, "cut-file.pcap", &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, "cut-file.pcap"));
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.to_client[0].len, 1739);
	seen_fini(&seen);
}

static void refuses_other_files(void **state)
{
	struct fail why = {0};
	struct seen seen;

	assert_int_equal(read_data(&seen, "absent.pcap", &why), ERR_NOTFOUND);
	assert_non_null(strstr(why.text, "absent.pcap: No such file"));
	assert_int_equal(read_data(&seen, "README.md", NULL), ERR_FORMAT);
	assert_int_equal(seen.count, 0);
	assert_int_equal(read_data(&seen, ".", NULL), ERR_FORMAT);
}

static enum err stop(void *ctx, const struct capture_connection *c)
{
	(*(int *)ctx)++;
	return ERR_NOTNOW;
}

static void the_callback_can_stop(void **state)
{
	char *path = data_path("tls12-resumed.pcap");
	int calls = 0;

	assert_int_equal(capture_read(path, stop, &calls, NULL), ERR_NOTNOW);
	assert_int_equal(calls, 1);
	mem_free(path);
}

static void write_two(const char *path)
{
	const struct capture_end phone4 = {{192, 0, 2, 7}, false, 50000};
	const struct capture_end server4 = {{192, 0, 2, 1}, false, 2443};
	const struct capture_end phone6 = {
		{0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, true, 50000};
	const struct capture_end server6 = {
		{0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, true, 3804};
	struct capture_tcp a = {0}, b = {0};
	struct capture_writer *w;
	struct fail why = {0};
	uint8_t bytes[3000];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i % 251);
	assert_int_equal(capture_writer_new(&w, path, &why), ERR_OK);
	capture_tcp_open(w, &a, 1300000000000001, &phone4, &server4);
	capture_tcp_open(w, &b, 1300000000000002, &phone6, &server6);
	capture_tcp_data(w, &a, 1300000000500000, true, span_str("hello"));
	capture_tcp_data(w, &b, 1300000000600000, false, span_str("abc"));
	capture_tcp_data(w, &a, 1300000000999999, false, span_of(bytes, sizeof(bytes)));
	capture_tcp_data(w, &a, 1300000000999999, false, span_of(NULL, 0));
	capture_tcp_close(w, &a, 1300000001000000);
	capture_tcp_close(w, &b, 1300000001000001);
	capture_tcp_close(w, &b, 1300000001000001);
	capture_tcp_data(w, &b, 1300000001000001, true, span_str("late"));
	assert_int_equal(capture_writer_close(w, &why), ERR_OK);
}

static void writes_what_others_would(void **state)
{
	char *path = file_join(folder, "written.pcap");
	struct buf content = {0};

	write_two(path);
	assert_int_equal(file_read(path, 1 << 20, &content, NULL), ERR_OK);
	assert_file("written.pcap", buf_span(&content));
	unlink(path);
	mem_free(path);
	buf_fini(&content);
}

/* A connection that someone else recorded, written by us, shows the same handshake. */
static void records_a_tls_connection(void **state)
{
	char *path = file_join(folder, "tls.pcap");
	struct capture_writer *w;
	struct capture_tcp t = {0};
	struct seen seen, again = {0};
	struct tls_hello h;

	assert_int_equal(read_data(&seen, "tls10-mutual.pcap", NULL), ERR_OK);
	assert_int_equal(capture_writer_new(&w, path, NULL), ERR_OK);
	capture_tcp_open(w, &t, 1, &seen.c[0].client, &seen.c[0].server);
	capture_tcp_data(w, &t, 2, true, buf_span(&seen.to_server[0]));
	capture_tcp_data(w, &t, 3, false, buf_span(&seen.to_client[0]));
	/* What was recorded so far can be read while the writer goes on. */
	assert_int_equal(capture_read(path, see, &again, NULL), ERR_OK);
	assert_int_equal(again.count, 1);
	assert_true(again.c[0].from_start);
	assert_false(again.c[0].closed || again.c[0].gaps);
	hello_of(&h, &again, 0);
	assert_string_equal(h.cipher_name, "AES256-SHA");
	assert_true(h.completed);
	tls_hello_fini(&h);
	assert_int_equal(capture_writer_close(w, NULL), ERR_OK);
	unlink(path);
	mem_free(path);
	seen_fini(&seen);
	seen_fini(&again);
}

/* More than a stream keeps, and the same ports twice. */
static void long_streams_and_ports_used_again(void **state)
{
	const struct capture_end client = {{127, 0, 0, 1}, false, 1000};
	const struct capture_end server = {{127, 0, 0, 1}, false, 2000};
	char *path = file_join(folder, "long.pcap");
	size_t len = CAPTURE_STREAM_MAX + 5000;
	uint8_t *bytes = mem_new(len);
	struct capture_tcp t = {0};
	struct capture_writer *w;
	struct seen seen = {0};

	assert_non_null(bytes);
	bytes[CAPTURE_STREAM_MAX - 1] = 9;
	assert_int_equal(capture_writer_new(&w, path, NULL), ERR_OK);
	capture_tcp_open(w, &t, 1, &client, &server);
	capture_tcp_data(w, &t, 2, true, span_of(bytes, len));
	capture_tcp_close(w, &t, 3);
	capture_tcp_open(w, &t, 4, &client, &server);
	capture_tcp_data(w, &t, 5, false, span_str("again"));
	assert_int_equal(capture_writer_close(w, NULL), ERR_OK);
	assert_int_equal(capture_read(path, see, &seen, NULL), ERR_OK);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.to_server[0].len, CAPTURE_STREAM_MAX);
	assert_true(span_eq(buf_span(&seen.to_server[0]), span_of(bytes, CAPTURE_STREAM_MAX)));
	assert_true(seen.c[0].cut && seen.c[0].closed && !seen.c[0].gaps);
	assert_true(span_eq(buf_span(&seen.to_client[1]), span_str("again")));
	assert_false(seen.c[1].cut || seen.c[1].closed);
	assert_int_equal(seen.c[1].client.port, 1000);
	unlink(path);
	mem_free(path);
	mem_free(bytes);
	seen_fini(&seen);
}

static void writer_failures_are_told(void **state)
{
	const struct capture_end end = {{127, 0, 0, 1}, false, 1};
	struct capture_writer *w;
	struct capture_tcp t = {0};
	struct fail why = {0};

	assert_int_equal(capture_writer_new(&w, "/nonexistent/x.pcap", &why), ERR_IO);
	assert_null(w);
	assert_non_null(strstr(why.text, "/nonexistent/x.pcap"));
	assert_int_equal(capture_writer_new(&w, "/dev/full", &why), ERR_IO);
	capture_tcp_open(NULL, &t, 1, &end, &end);
	capture_tcp_data(NULL, &t, 1, true, span_str("x"));
	capture_tcp_close(NULL, &t, 1);
	assert_int_equal(capture_writer_close(NULL, NULL), ERR_OK);
}

static void writing_without_memory(void **state)
{
	const struct capture_end end = {{127, 0, 0, 1}, false, 1};
	char *path = file_join(folder, "memory.pcap");
	struct capture_writer *w;
	struct capture_tcp t;
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; err; n++) {
		memset(&t, 0, sizeof(t));
		mem_fail_from(n);
		err = capture_writer_new(&w, path, NULL);
		if (!err) {
			capture_tcp_open(w, &t, 1, &end, &end);
			capture_tcp_data(w, &t, 1, true, span_of(folder, sizeof(folder)));
			err = capture_writer_close(w, NULL);
		}
		mem_fail_from(0);
		assert_true(err == ERR_NOMEM || err == ERR_OK);
	}
	assert_true(n > 3);
	unlink(path);
	mem_free(path);
}

static enum err see_hello(void *ctx, const struct capture_connection *c)
{
	struct tls_hello h;
	enum err err = tls_hello_read(&h, c->to_server, c->to_client, NULL);

	tls_hello_fini(&h);
	return err;
}

static void reading_without_memory(void **state)
{
	char *path = data_path("shuffled-vlan.pcap");
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; err; n++) {
		mem_fail_from(n);
		err = capture_read(path, see_hello, NULL, NULL);
		mem_fail_from(0);
		assert_true(err == ERR_NOMEM || err == ERR_OK);
	}
	assert_true(n > 10);
	mem_free(path);
}

static void assert_hello_fails(
	enum err err, struct span to_server, struct span to_client, const char *text)
{
	struct fail why = {0};
	struct tls_hello h;

	assert_int_equal(tls_hello_read(&h, to_server, to_client, &why), err);
	assert_non_null(strstr(why.text, text));
	tls_hello_fini(&h);
}

static void what_is_not_tls_is_named(void **state)
{
	static const uint8_t wrong_version[] = {22, 2, 0, 0, 1};
	static const uint8_t long_record[] = {22, 3, 1, 0xFF, 0xFF};
	static const uint8_t long_message[] = {22, 3, 1, 0, 4, 11, 1, 0, 1};
	static const uint8_t bad_list[] = {22, 3, 1, 0, 8, 11, 0, 0, 4, 0, 0, 9, 0};
	static const uint8_t short_hello[] = {22, 3, 1, 0, 6, 2, 0, 0, 2, 3, 3};
	const struct span none = {0};
	struct tls_hello h;

	assert_hello_fails(ERR_FORMAT, span_str("GET / HTTP/1.1"), none,
		"client, record at byte 0: type 71 is none of TLS");
	assert_hello_fails(ERR_FORMAT, none, span_of(wrong_version, 5),
		"server, record at byte 1: version 0x0200");
	assert_hello_fails(ERR_LIMIT, none, span_of(long_record, 5),
		"server, record at byte 3: 65535 bytes, at most 18432");
	assert_hello_fails(ERR_LIMIT, none, span_of(long_message, 9),
		"server, handshake at byte 0: message of 65537 bytes");
	assert_hello_fails(ERR_FORMAT, none, span_of(bad_list, 13),
		"server, Certificate at byte 4: list of 9 bytes, 1 follow");
	assert_hello_fails(ERR_SHORT, none, span_of(short_hello, 11),
		"server, ServerHello at byte 6: needs 32 bytes, 0 are left");
	assert_int_equal(tls_hello_read(&h, none, none, NULL), ERR_OK);
	assert_int_equal(h.version, 0);
	tls_hello_fini(&h);
}

/* A stream may end anywhere without being wrong. */
static void streams_cut_anywhere(void **state)
{
	struct tls_hello h;
	struct seen seen;
	size_t len;

	assert_int_equal(read_data(&seen, "tls10-mutual.pcap", NULL), ERR_OK);
	for (len = 0; len <= seen.to_client[0].len; len++) {
		uint8_t *copy = mem_new(len);

		memcpy(copy, seen.to_client[0].data, len);
		assert_int_equal(
			tls_hello_read(&h, buf_span(&seen.to_server[0]), span_of(copy, len), NULL),
			ERR_OK);
		tls_hello_fini(&h);
		mem_free(copy);
	}
	seen_fini(&seen);
}

static void names(void **state)
{
	assert_string_equal(tls_hello_version_name(0), "none");
	assert_string_equal(tls_hello_version_name(0x0300), "SSLv3");
	assert_string_equal(tls_hello_version_name(0x0304), "TLSv1.3");
	assert_string_equal(tls_hello_version_name(0x0305), "unknown version");
	assert_string_equal(tls_hello_alert_name(45), "certificate expired");
	assert_string_equal(tls_hello_alert_name(255), "unknown alert");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutual_tls10),
		cmocka_unit_test(full_then_resumed_tls12),
		cmocka_unit_test(refused_handshakes),
		cmocka_unit_test(tls13_over_ip6),
		cmocka_unit_test(order_and_repetition_do_not_matter),
		cmocka_unit_test(a_lost_segment_ends_its_stream),
		cmocka_unit_test(a_damaged_file_gives_what_stood_before),
		cmocka_unit_test(refuses_other_files),
		cmocka_unit_test(the_callback_can_stop),
		cmocka_unit_test(writes_what_others_would),
		cmocka_unit_test(records_a_tls_connection),
		cmocka_unit_test(long_streams_and_ports_used_again),
		cmocka_unit_test(writer_failures_are_told),
		cmocka_unit_test(writing_without_memory),
		cmocka_unit_test(reading_without_memory),
		cmocka_unit_test(what_is_not_tls_is_named),
		cmocka_unit_test(streams_cut_anywhere),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("wire/capture", tests, make_folder, remove_folder);
}
