/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "rig.h"

#include <stdio.h>
#include <string.h>

/* Our side is the server; the peers are openssl s_client and Python's ssl. */

struct site {
	struct rig r;
	struct rig_cert cert;
	struct tls *tls;
	struct host h;
	struct child c;
	enum err judgement;
	unsigned judged;
	struct span expected; /* the certificate to be judged */
};

static enum err judge(void *ctx, struct span der)
{
	struct site *s = ctx;

	s->judged++;
	if (s->expected.len && !span_eq(der, s->expected))
		return ERR_FORMAT;
	return s->judgement;
}

static void site_init(
	struct site *s, enum tls_profile profile, enum tls_peer_cert peer, bool max_tls12)
{
	struct fail why = {.code = ERR_OK};
	struct tls_config config = {.profile = profile, .server = true, .peer_cert = peer};

	memset(s, 0, sizeof(*s));
	rig_init(&s->r);
	rig_cert_load(&s->cert, "server");
	config.cert_der = rig_cert_der(&s->cert);
	config.native_key = s->cert.key;
	config.verify = judge;
	config.verify_ctx = s;
	config.max_tls12 = max_tls12;
	if (tls_new(&s->tls, &config, &why))
		fail_msg("%s", why.text);
	host_init(&s->h, &s->r, s->tls);
}

static void site_fini(struct site *s)
{
	child_fini(&s->c);
	host_fini(&s->h);
	tls_free(s->tls);
	rig_cert_free(&s->cert);
	rig_fini(&s->r);
}

#define PORT(s) ((unsigned)(s)->h.addr.port)

/* Four writes of these sizes, then the end. */
static const size_t sizes[] = {10, 16384, 1, 5000};

static void answer(struct seen *seen, enum stream_event ev)
{
	static uint8_t bytes[16384];
	size_t i;

	if (ev != STREAM_DATA || seen->in.len < 5)
		return;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(stream_write(seen->s, span_of(bytes, sizes[i])), ERR_OK);
	stream_finish(seen->s);
	seen->s = NULL;
}

static void prepare_answer(struct host *h, struct seen *seen)
{
	seen->then = answer;
}

/* One write is one record, whatever the version; the last is close_notify. The lengths follow from
 * RFC 7366 (CBC, then HMAC-SHA1: padded to 16, 20 more, and from TLS 1.1 an IV of 16), RFC 5288
 * (GCM: 24 more) and RFC 8446 5.2 (content type and tag: 17 more). */
static void one_write_is_one_record(void **state)
{
	static const struct {
		enum tls_profile profile;
		const char *version, *ciphers, *ready, *cipher, *tail;
	} rows[] = {
		{TLS_MODERN, "1.3", "ALL", "READY TLSv1.3 TLS_AES_256_GCM_SHA384\n", NULL,
			" 23:27 23:16401 23:18 23:5017 23:19\n"},
		{TLS_MODERN, "1.2", "AES256-SHA:AES128-SHA", "READY TLSv1.2 AES128-SHA\n",
			"AES128-SHA", "22:68 23:52 23:16436 23:52 23:5044 21:52\n"},
		{TLS_LEGACY, "1.1", "AES256-SHA:AES128-SHA:@SECLEVEL=0",
			"READY TLSv1.1 AES128-SHA\n", "AES128-SHA",
			"22:68 23:52 23:16436 23:52 23:5044 21:52\n"},
		{TLS_LEGACY, "1.0", "AES256-SHA:AES128-SHA:@SECLEVEL=0", "READY TLSv1 AES128-SHA\n",
			"AES128-SHA", "22:52 23:36 23:16420 23:36 23:5028 21:36\n"},
		{TLS_LEGACY, "1.0", "AES256-SHA:@SECLEVEL=0", "READY TLSv1 AES256-SHA\n",
			"AES256-SHA", "22:52 23:36 23:16420 23:36 23:5028 21:36\n"},
		{TLS_LEGACY, "1.2", "DEFAULT", "READY TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384\n", NULL,
			" 23:34 23:16408 23:25 23:5024 21:26\n"},
	};
	struct site s;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		site_init(&s, rows[i].profile, TLS_PEER_NONE, false);
		s.h.prepare = prepare_answer;
		child_start(&s.c, &s.r, "%s client --port %u --tls %s --ciphers %s --send 5",
			rig_peer(), PORT(&s), rows[i].version, rows[i].ciphers);
		child_wait(&s.c, &s.r);
		assert_true(child_said(&s.c, rows[i].ready));
		assert_true(child_said(&s.c, "GOT 21395\n"));
		assert_true(child_said(&s.c, rows[i].tail));
		assert_int_equal(s.h.seen[0].ready, 1);
		if (rows[i].cipher)
			assert_string_equal(s.h.seen[0].cipher, rows[i].cipher);
		site_fini(&s);
	}
}

static void tls12_may_be_the_most(void **state)
{
	struct site s;

	site_init(&s, TLS_MODERN, TLS_PEER_NONE, true);
	s.h.prepare = prepare_answer;
	child_start(
		&s.c, &s.r, "%s client --port %u --send 5 --ciphers DEFAULT", rig_peer(), PORT(&s));
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "READY TLSv1.2 ECDHE-RSA-AES"));
	assert_string_equal(s.h.seen[0].version, "TLSv1.2");
	site_fini(&s);
}

static void openssl_speaks_tls10_to_legacy(void **state)
{
	struct site s;

	site_init(&s, TLS_LEGACY, TLS_PEER_NONE, false);
	s.h.prepare = prepare_answer;
	child_start(&s.c, &s.r,
		"openssl s_client -connect 127.0.0.1:%u -tls1 -cipher DEFAULT@SECLEVEL=0 -ign_eof",
		PORT(&s));
	rig_until(&s.r, &s.h.seen[0].ready, 1);
	child_say(&s.c, "hello\n");
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "Protocol  : TLSv1\n"));
	assert_true(child_said(&s.c, "CN = server"));
	assert_string_equal(s.h.seen[0].version, "TLSv1");
	site_fini(&s);
}

/* The peer's words, and ours, when there is no handshake. */
static void refused_handshakes_are_named(void **state)
{
	static const struct {
		enum tls_profile profile;
		enum tls_peer_cert cert;
		const char *cmd, *theirs, *ours;
	} rows[] = {
		{TLS_MODERN, TLS_PEER_NONE, "--tls 1.0 --ciphers DEFAULT@SECLEVEL=0",
			"ALERT TLSV1_ALERT_PROTOCOL_VERSION\n",
			"TLS handshake: unsupported protocol"},
		{TLS_MODERN, TLS_PEER_NONE, "--tls 1.1 --ciphers DEFAULT@SECLEVEL=0",
			"ALERT TLSV1_ALERT_PROTOCOL_VERSION\n",
			"TLS handshake: unsupported protocol"},
		{TLS_MODERN, TLS_PEER_NONE, "--tls 1.2 --ciphers CAMELLIA128-SHA@SECLEVEL=0",
			"ALERT SSLV3_ALERT_HANDSHAKE_FAILURE\n", "TLS handshake: no shared cipher"},
		{TLS_LEGACY, TLS_PEER_NONE, "--tls 1.2 --ciphers eNULL@SECLEVEL=0",
			"ALERT SSLV3_ALERT_HANDSHAKE_FAILURE\n", "TLS handshake: no shared cipher"},
		{TLS_LEGACY, TLS_PEER_NONE, "--tls 1.2 --ciphers aNULL@SECLEVEL=0",
			"ALERT SSLV3_ALERT_HANDSHAKE_FAILURE\n", "TLS handshake: no shared cipher"},
		{TLS_MODERN, TLS_PEER_REQUIRED, "--tls 1.2",
			"ALERT SSLV3_ALERT_HANDSHAKE_FAILURE\n",
			"TLS handshake: peer did not return a certificate"},
		{TLS_MODERN, TLS_PEER_REQUIRED, "--tls 1.3",
			"ALERT TLSV13_ALERT_CERTIFICATE_REQUIRED\n",
			"TLS handshake: peer did not return a certificate"},
	};
	struct site s;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		site_init(&s, rows[i].profile, rows[i].cert, false);
		child_start(
			&s.c, &s.r, "%s client --port %u %s", rig_peer(), PORT(&s), rows[i].cmd);
		rig_until(&s.r, &s.h.seen[0].over, 1);
		child_wait(&s.c, &s.r);
		assert_true(child_said(&s.c, rows[i].theirs));
		assert_int_equal(s.h.seen[0].ready, 0);
		assert_int_equal(s.h.seen[0].error, 1);
		assert_int_equal(s.h.seen[0].code, ERR_TLS);
		assert_string_equal(s.h.seen[0].text, rows[i].ours);
		site_fini(&s);
	}
}

static void what_is_not_tls_is_named(void **state)
{
	struct site s;

	site_init(&s, TLS_MODERN, TLS_PEER_NONE, false);
	child_start(&s.c, &s.r,
		"/usr/bin/python3 -c 'import socket; "
		"s = socket.create_connection((\"127.0.0.1\", %u)); "
		"s.send(b\"GET / HTTP/1.1\\r\\n\\r\\n\"); s.recv(100)'",
		PORT(&s));
	rig_until(&s.r, &s.h.seen[0].over, 1);
	child_wait(&s.c, &s.r);
	assert_string_equal(s.h.seen[0].text, "TLS handshake: http request");
	site_fini(&s);
}

/* Each judgement ends the handshake with the alert that fits, in TLS 1.2 and 1.3. */
static void judgements_become_alerts(void **state)
{
	static const struct {
		enum err judgement;
		const char *alert;
	} rows[] = {
		{ERR_EXPIRED, "ALERT SSLV3_ALERT_CERTIFICATE_EXPIRED\n"},
		{ERR_TRUST, "ALERT TLSV1_ALERT_UNKNOWN_CA\n"},
		{ERR_NOTFOUND, "ALERT TLSV1_ALERT_UNKNOWN_CA\n"},
		{ERR_DENIED, "ALERT SSLV3_ALERT_BAD_CERTIFICATE\n"},
		{ERR_VERIFY, "ALERT TLSV1_ALERT_DECRYPT_ERROR\n"},
		{ERR_UNSUPPORTED, "ALERT SSLV3_ALERT_UNSUPPORTED_CERTIFICATE\n"},
		{ERR_STORE, "ALERT TLSV1_ALERT_INTERNAL_ERROR\n"},
	};
	static const char *const versions[] = {"1.2", "1.3"};
	char text[256];
	struct site s;
	size_t i, v;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (v = 0; v < 2; v++) {
			site_init(&s, TLS_MODERN, TLS_PEER_OPTIONAL, false);
			s.judgement = rows[i].judgement;
			child_start(&s.c, &s.r,
				"%s client --port %u --tls %s --cert %s/phone --send 5", rig_peer(),
				PORT(&s), versions[v], rig_folder);
			rig_until(&s.r, &s.h.seen[0].over, 1);
			child_wait(&s.c, &s.r);
			assert_true(child_said(&s.c, rows[i].alert));
			assert_int_equal(s.h.seen[0].ready, 0);
			assert_int_equal(s.h.seen[0].code, rows[i].judgement);
			snprintf(text, sizeof(text),
				"TLS handshake: peer's certificate refused: %s",
				err_text(rows[i].judgement));
			assert_string_equal(s.h.seen[0].text, text);
			site_fini(&s);
		}
}

static void set_own_ctx(struct host *h, struct seen *seen)
{
	prepare_answer(h, seen);
	stream_verify_ctx(seen->s, h->ctx);
}

/* Asked for, a certificate comes or does not; what comes is judged by the connection's own context.
 */
static void certificates_asked_for(void **state)
{
	static const struct {
		enum tls_peer_cert ask;
		const char *name;
		unsigned judged;
	} rows[] = {
		{TLS_PEER_NONE, "phone", 0},
		{TLS_PEER_OPTIONAL, "", 0},
		{TLS_PEER_OPTIONAL, "phone", 1},
		{TLS_PEER_REQUIRED, "phone", 1},
	};
	static const char *const versions[] = {"1.2", "1.3"};
	struct rig_cert phone;
	struct site s, own;
	char cert[128];
	size_t i, v;

	rig_cert_load(&phone, "phone");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (v = 0; v < 2; v++) {
			site_init(&s, TLS_MODERN, rows[i].ask, false);
			memset(&own, 0, sizeof(own));
			own.expected = rig_cert_der(&phone);
			s.judgement = ERR_DENIED; /* the context that must not be used */
			s.h.prepare = set_own_ctx;
			s.h.ctx = &own;
			cert[0] = '\0';
			if (rows[i].name[0])
				snprintf(cert, sizeof(cert), "--cert %s/%s", rig_folder,
					rows[i].name);
			child_start(&s.c, &s.r, "%s client --port %u --tls %s --send 5 %s",
				rig_peer(), PORT(&s), versions[v], cert);
			child_wait(&s.c, &s.r);
			assert_true(child_said(&s.c, "GOT 21395\n"));
			assert_int_equal(own.judged, rows[i].judged);
			assert_int_equal(s.judged, 0);
			assert_int_equal(
				s.h.seen[0].cert_len, rows[i].judged ? (size_t)phone.len : 0);
			site_fini(&s);
		}
	rig_cert_free(&phone);
}

/* RSA-1024 with SHA-1: not for the modern profile where one is required, whatever the judge would
 * say. Where none is, phones with such a certificate must not be worse off than those without. */
static void small_keys_only_with_legacy(void **state)
{
	struct site s;

	site_init(&s, TLS_MODERN, TLS_PEER_OPTIONAL, false);
	s.h.prepare = prepare_answer;
	child_start(&s.c, &s.r, "%s client --port %u --tls 1.2 --cert %s/small --send 5",
		rig_peer(), PORT(&s), rig_folder);
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "GOT 21395\n"));
	assert_int_equal(s.judged, 1);
	site_fini(&s);

	site_init(&s, TLS_MODERN, TLS_PEER_REQUIRED, false);
	child_start(&s.c, &s.r, "%s client --port %u --tls 1.2 --cert %s/small --send 5",
		rig_peer(), PORT(&s), rig_folder);
	rig_until(&s.r, &s.h.seen[0].over, 1);
	child_wait(&s.c, &s.r);
	assert_int_equal(s.judged, 0);
	assert_string_equal(s.h.seen[0].text,
		"TLS handshake: peer's certificate refused: its key is "
		"too small for this TLS profile");
	site_fini(&s);

	site_init(&s, TLS_LEGACY, TLS_PEER_OPTIONAL, false);
	s.h.prepare = prepare_answer;
	child_start(&s.c, &s.r, "%s client --port %u --tls 1.0 --cert %s/small --send 5",
		rig_peer(), PORT(&s), rig_folder);
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "GOT 21395\n"));
	assert_int_equal(s.judged, 1);
	site_fini(&s);
}

static void renegotiation_is_refused(void **state)
{
	struct site s;

	site_init(&s, TLS_MODERN, TLS_PEER_NONE, false);
	child_start(&s.c, &s.r, "openssl s_client -connect 127.0.0.1:%u -tls1_2", PORT(&s));
	rig_until(&s.r, &s.h.seen[0].ready, 1);
	child_say(&s.c, "R\n");
	rig_until(&s.r, &s.h.seen[0].over, 1);
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "RENEGOTIATING"));
	assert_true(child_said(&s.c, "no renegotiation"));
	assert_int_equal(s.h.seen[0].ready, 1);
	site_fini(&s);
}

static void a_slow_handshake_is_ended(void **state)
{
	struct site s;

	site_init(&s, TLS_MODERN, TLS_PEER_NONE, false);
	listener_handshake_limit(s.h.listener, 20000);
	child_start(&s.c, &s.r,
		"/usr/bin/python3 -c 'import socket; "
		"s = socket.create_connection((\"127.0.0.1\", %u)); "
		"s.send(b\"\\x16\\x03\\x01\"); print(\"END\", len(s.recv(100)))'",
		PORT(&s));
	rig_until(&s.r, &s.h.seen[0].over, 1);
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "END 0"));
	assert_int_equal(s.h.seen[0].error, 1);
	assert_int_equal(s.h.seen[0].code, ERR_TIMEOUT);
	assert_non_null(strstr(s.h.seen[0].text, "TLS handshake: 127.0.0.1:"));
	site_fini(&s);
}

/* How a peer can leave. */
static void ways_to_leave(void **state)
{
	static const struct {
		const char *how;
		bool closed;
		unsigned bytes;
	} rows[] = {
		{"--tls 1.2 --send 7 --polite", true, 7},
		{"--tls 1.3 --send 7 --polite", true, 7},
		{"--tls 1.2 --send 7 --abrupt", true, 7},
		{"--tls 1.3 --send 7 --abrupt", true, 7},
		{"--tls 1.2 --reset", false, 0},
	};
	struct seen *seen;
	struct site s;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		site_init(&s, TLS_MODERN, TLS_PEER_NONE, false);
		seen = &s.h.seen[0];
		child_start(
			&s.c, &s.r, "%s client --port %u %s", rig_peer(), PORT(&s), rows[i].how);
		rig_until(&s.r, &seen->over, 1);
		child_wait(&s.c, &s.r);
		assert_int_equal(seen->ready, 1);
		assert_int_equal(seen->in.len, rows[i].bytes);
		assert_int_equal(seen->closed, rows[i].closed);
		assert_int_equal(seen->error, !rows[i].closed);
		if (!rows[i].closed)
			assert_string_equal(seen->text, "TLS: Connection reset by peer");
		site_fini(&s);
	}
}

/* Many records that come in one piece: those inside the library do not wake the loop. */
static void input_inside_the_library(void **state)
{
	struct site s;

	site_init(&s, TLS_MODERN, TLS_PEER_NONE, false);
	child_start(
		&s.c, &s.r, "%s client --port %u --send 200000 --record 100", rig_peer(), PORT(&s));
	while (s.h.seen[0].in.len < 200000) {
		rig_until(&s.r, &s.h.seen[0].data, s.h.seen[0].data + 1);
		/* Each time, stop and go on. */
		stream_pause(s.h.seen[0].s, true);
		rig_for(&s.r, 100);
		stream_pause(s.h.seen[0].s, false);
	}
	assert_int_equal(s.h.seen[0].in.len, 200000);
	stream_close(s.h.seen[0].s);
	s.h.seen[0].s = NULL;
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "END"));
	site_fini(&s);
}

static void echo(struct seen *seen, enum stream_event ev)
{
	enum err err;

	if ((ev != STREAM_DATA && ev != STREAM_DRAINED) || !seen->in.len)
		return;
	err = stream_write(seen->s, buf_span(&seen->in));
	if (!err)
		buf_clear(&seen->in);
	stream_pause(seen->s, err == ERR_LIMIT);
}

static void prepare_echo(struct host *h, struct seen *seen)
{
	seen->then = echo;
}

static void much_data_through_tls(void **state)
{
	static const char *const versions[] = {"1.2", "1.3"};
	struct site s;
	size_t v;

	for (v = 0; v < 2; v++) {
		site_init(&s, TLS_MODERN, TLS_PEER_NONE, false);
		s.h.prepare = prepare_echo;
		/* The peer sends everything before it reads. */
		child_start(&s.c, &s.r,
			"%s client --port %u --tls %s --send 3000000 --until 3000000", rig_peer(),
			PORT(&s), versions[v]);
		child_wait(&s.c, &s.r);
		assert_true(child_said(&s.c, "GOT 3000000\n"));
		rig_until(&s.r, &s.h.seen[0].over, 1);
		site_fini(&s);
	}
}

struct tapped {
	struct buf sent, received;
};

static void on_tap(void *ctx, bool sent, struct span bytes)
{
	struct tapped *t = ctx;

	buf_put(sent ? &t->sent : &t->received, bytes);
}

static void prepare_tap(struct host *h, struct seen *seen)
{
	prepare_answer(h, seen);
	stream_tap(seen->s, on_tap, h->ctx);
}

static void assert_file_is(const char *name, const struct buf *b)
{
	static uint8_t bytes[100000];
	char path[128];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", rig_folder, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_true(len > 0);
	assert_true(span_eq(span_of(bytes, len), buf_span(b)));
}

static void tap_equals_what_the_peer_saw(void **state)
{
	struct tapped t = {.sent.len = 0};
	struct site s;

	site_init(&s, TLS_MODERN, TLS_PEER_NONE, false);
	s.h.prepare = prepare_tap;
	s.h.ctx = &t;
	child_start(&s.c, &s.r, "%s client --port %u --send 5 --raw %s", rig_peer(), PORT(&s),
		rig_folder);
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "GOT 21395\n"));
	assert_file_is("got", &t.sent);
	assert_file_is("sent", &t.received);
	buf_fini(&t.sent);
	buf_fini(&t.received);
	site_fini(&s);
}

/* A connection keeps the settings it began with; a new one may get others. */
static void settings_outlive_their_owner(void **state)
{
	struct site s;

	site_init(&s, TLS_MODERN, TLS_PEER_OPTIONAL, false);
	s.h.prepare = prepare_answer;
	tls_free(s.tls);
	s.tls = NULL;
	child_start(&s.c, &s.r, "%s client --port %u --cert %s/phone --send 5", rig_peer(),
		PORT(&s), rig_folder);
	rig_until(&s.r, &s.h.accepted, 1);
	listener_close(s.h.listener);
	s.h.listener = NULL;
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "GOT 21395\n"));
	assert_int_equal(s.judged, 1);
	site_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_write_is_one_record),
		cmocka_unit_test(tls12_may_be_the_most),
		cmocka_unit_test(openssl_speaks_tls10_to_legacy),
		cmocka_unit_test(refused_handshakes_are_named),
		cmocka_unit_test(what_is_not_tls_is_named),
		cmocka_unit_test(judgements_become_alerts),
		cmocka_unit_test(certificates_asked_for),
		cmocka_unit_test(small_keys_only_with_legacy),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(a_slow_handshake_is_ended),
		cmocka_unit_test(ways_to_leave),
		cmocka_unit_test(input_inside_the_library),
		cmocka_unit_test(much_data_through_tls),
		cmocka_unit_test(tap_equals_what_the_peer_saw),
		cmocka_unit_test(settings_outlive_their_owner),
	};

	return cmocka_run_group_tests_name(
		"net/tls_server", tests, rig_certs_setup, rig_certs_teardown);
}
