/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "rig.h"

#include <stdio.h>
#include <string.h>

/* Our side is the client; the peers are openssl s_server, Python's ssl, and our own server where
 * the question is what the two of them agree on. */

struct site {
	struct rig r;
	struct rig_cert server, phone;
	struct tls *tls;
	struct seen client;
	struct child c;
	enum err judgement;
	unsigned judged, right;
};

static enum err judge(void *ctx, struct span der)
{
	struct site *s = ctx;

	s->judged++;
	s->right += span_eq(der, rig_cert_der(&s->server));
	return s->judgement;
}

static struct tls *client_tls(struct site *s, enum tls_profile profile, bool with_cert)
{
	struct tls_config config = {.profile = profile, .verify = judge, .verify_ctx = s};
	struct fail why = {.code = ERR_OK};
	struct tls *t;

	if (with_cert) {
		config.cert_der = rig_cert_der(&s->phone);
		config.native_key = s->phone.key;
	}
	if (tls_new(&t, &config, &why))
		fail_msg("%s", why.text);
	return t;
}

static void site_init(struct site *s, enum tls_profile profile, bool with_cert)
{
	memset(s, 0, sizeof(*s));
	rig_init(&s->r);
	rig_cert_load(&s->server, "server");
	rig_cert_load(&s->phone, "phone");
	s->tls = client_tls(s, profile, with_cert);
	seen_init(&s->client);
}

static void go(struct site *s, uint16_t port)
{
	struct net_addr to = rig_loopback(port);

	assert_int_equal(
		stream_connect(&s->client.s, s->r.loop, &to, s->tls, seen_event, &s->client, NULL),
		ERR_OK);
}

static void go_to_child(struct site *s)
{
	rig_until(&s->r, &s->c.has_port, 1);
	go(s, (uint16_t)s->c.port);
}

static void site_fini(struct site *s)
{
	seen_fini(&s->client);
	tls_free(s->tls);
	rig_cert_free(&s->server);
	rig_cert_free(&s->phone);
	rig_fini(&s->r);
}

static void profiles_against_other_servers(void **state)
{
	static const struct {
		enum tls_profile profile;
		const char *server, *version, *cipher;
	} rows[] = {
		{TLS_MODERN, "", "TLSv1.3", "TLS_AES_256_GCM_SHA384"},
		{TLS_MODERN, "--tls 1.2", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"},
		{TLS_MODERN, "--tls 1.2 --ciphers AES256-SHA:@SECLEVEL=0", "TLSv1.2", "AES256-SHA"},
		{TLS_LEGACY, "--tls 1.0", "TLSv1", NULL},
		{TLS_LEGACY, "--tls 1.0 --ciphers AES128-SHA:@SECLEVEL=0", "TLSv1", "AES128-SHA"},
		{TLS_LEGACY, "", "TLSv1.3", NULL},
		/* A phone asks for AES256-SHA first; who prefers its own order is another matter.
		 */
		{TLS_PHONE, "", "TLSv1.2", NULL},
		{TLS_PHONE, "--ciphers AES128-SHA:@SECLEVEL=0", "TLSv1.2", "AES128-SHA"},
	};
	struct site s;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		site_init(&s, rows[i].profile, false);
		child_start(&s.c, &s.r, "%s server --cert %s/server --echo %s", rig_peer(),
			rig_folder, rows[i].server);
		go_to_child(&s);
		rig_until(&s.r, &s.client.ready, 1);
		assert_string_equal(s.client.version, rows[i].version);
		if (rows[i].cipher)
			assert_string_equal(s.client.cipher, rows[i].cipher);
		assert_int_equal(s.judged, 1);
		assert_int_equal(s.right, 1);
		assert_int_equal(s.client.cert_len, s.server.len);
		assert_int_equal(stream_write(s.client.s, span_str("hello")), ERR_OK);
		while (s.client.in.len < 5)
			rig_until(&s.r, &s.client.data, s.client.data + 1);
		assert_true(span_eq(buf_span(&s.client.in), span_str("hello")));
		stream_finish(s.client.s);
		s.client.s = NULL;
		child_wait(&s.c, &s.r);
		assert_true(child_said(&s.c, "GOT 5\n"));
		child_fini(&s.c);
		site_fini(&s);
	}
}

/* What a phone offers, as another library reads it. */
static void a_phone_offers_two_ciphers(void **state)
{
	struct site s;

	site_init(&s, TLS_PHONE, false);
	child_start(&s.c, &s.r,
		"openssl s_server -accept 127.0.0.1:0 -naccept 1 -cert %s/server.pem -key "
		"%s/server.key "
		"-cipher ALL:@SECLEVEL=0",
		rig_folder, rig_folder);
	go_to_child(&s);
	rig_until(&s.r, &s.client.ready, 1);
	assert_string_equal(s.client.version, "TLSv1.2");
	assert_string_equal(s.client.cipher, "AES256-SHA");
	stream_finish(s.client.s);
	s.client.s = NULL;
	child_wait(&s.c, &s.r);
	assert_true(child_said(&s.c, "Shared ciphers:AES256-SHA:AES128-SHA\n"));
	child_fini(&s.c);
	site_fini(&s);
}

static enum err accept_all(void *ctx, struct span der)
{
	return ERR_OK;
}

/* The platform's traces show Cipher=AES128-SHA for such phones. */
static void phone_and_our_servers_agree_on_aes128_sha(void **state)
{
	static const enum tls_profile profiles[] = {TLS_MODERN, TLS_LEGACY};
	struct tls_config config = {.server = true, .peer_cert = TLS_PEER_REQUIRED};
	struct tls *server;
	struct site s;
	struct host h;
	size_t i;

	for (i = 0; i < 2; i++) {
		site_init(&s, TLS_PHONE, true);
		config.profile = profiles[i];
		config.cert_der = rig_cert_der(&s.server);
		config.native_key = s.server.key;
		config.verify = accept_all;
		assert_int_equal(tls_new(&server, &config, NULL), ERR_OK);
		host_init(&h, &s.r, server);
		go(&s, h.addr.port);
		rig_until(&s.r, &s.client.ready, 1);
		rig_until(&s.r, &h.seen[0].ready, 1);
		assert_string_equal(s.client.cipher, "AES128-SHA");
		assert_string_equal(h.seen[0].cipher, "AES128-SHA");
		assert_string_equal(h.seen[0].version, "TLSv1.2");
		assert_int_equal(h.seen[0].cert_len, s.phone.len);
		assert_true(span_eq(stream_peer_cert(h.seen[0].s), rig_cert_der(&s.phone)));
		host_fini(&h);
		tls_free(server);
		site_fini(&s);
	}
}

static void a_server_asks_for_our_certificate(void **state)
{
	static const char *const versions[] = {"1.2", "1.3"};
	struct site s;
	size_t v;
	int with;

	for (v = 0; v < 2; v++)
		for (with = 0; with < 2; with++) {
			site_init(&s, TLS_MODERN, with);
			child_start(&s.c, &s.r,
				"%s server --cert %s/server --ask --ca %s/phone.pem --tls %s",
				rig_peer(), rig_folder, rig_folder, versions[v]);
			go_to_child(&s);
			if (with) {
				rig_until(&s.r, &s.client.ready, 1);
				stream_finish(s.client.s);
				s.client.s = NULL;
			} else {
				/* In TLS 1.3 this comes after READY. */
				rig_until(&s.r, &s.client.error, 1);
				assert_non_null(strstr(s.client.text, "peer sent alert "));
				assert_int_equal(s.client.code, ERR_TLS);
			}
			child_wait(&s.c, &s.r);
			assert_true(child_said(
				&s.c, with ? "READY TLSv1" : "ERROR PEER_DID_NOT_RETURN"));
			child_fini(&s.c);
			site_fini(&s);
		}
}

static void a_peers_alert_is_named(void **state)
{
	struct site s;

	site_init(&s, TLS_MODERN, true);
	/* The peer knows another authority. */
	child_start(&s.c, &s.r, "%s server --cert %s/server --ask --ca %s/small.pem --tls 1.2",
		rig_peer(), rig_folder, rig_folder);
	go_to_child(&s);
	rig_until(&s.r, &s.client.over, 1);
	assert_string_equal(s.client.text, "TLS handshake: peer sent alert unknown CA");
	child_wait(&s.c, &s.r);
	child_fini(&s.c);
	site_fini(&s);
}

static void our_alerts_reach_a_server(void **state)
{
	static const struct {
		enum err judgement;
		const char *alert;
	} rows[] = {
		{ERR_TRUST, "ALERT TLSV1_ALERT_UNKNOWN_CA\n"},
		{ERR_EXPIRED, "ALERT SSLV3_ALERT_CERTIFICATE_EXPIRED\n"},
		{ERR_DENIED, "ALERT SSLV3_ALERT_BAD_CERTIFICATE\n"},
	};
	static const char *const versions[] = {"1.2", "1.3"};
	struct site s;
	size_t i, v;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (v = 0; v < 2; v++) {
			site_init(&s, TLS_MODERN, false);
			s.judgement = rows[i].judgement;
			child_start(&s.c, &s.r, "%s server --cert %s/server --tls %s", rig_peer(),
				rig_folder, versions[v]);
			go_to_child(&s);
			rig_until(&s.r, &s.client.over, 1);
			assert_int_equal(s.client.ready, 0);
			assert_int_equal(s.client.code, rows[i].judgement);
			child_wait(&s.c, &s.r);
			assert_true(child_said(&s.c, rows[i].alert));
			child_fini(&s.c);
			site_fini(&s);
		}
}

static void a_modern_client_is_not_talked_down(void **state)
{
	static const char *const servers[] = {"server --tls 1.1", "small --tls 1.2"};
	struct site s;
	size_t i;

	for (i = 0; i < 2; i++) {
		site_init(&s, TLS_MODERN, false);
		child_start(
			&s.c, &s.r, "%s server --cert %s/%s", rig_peer(), rig_folder, servers[i]);
		go_to_child(&s);
		rig_until(&s.r, &s.client.over, 1);
		assert_int_equal(s.client.ready, 0);
		assert_int_equal(s.client.error, 1);
		assert_non_null(strstr(s.client.text, i ? "key is too small" : "TLS handshake: "));
		child_wait(&s.c, &s.r);
		child_fini(&s.c);
		site_fini(&s);
	}
}

static void a_peer_that_is_not_tls(void **state)
{
	struct site s;
	struct host h;

	site_init(&s, TLS_MODERN, false);
	host_init(&h, &s.r, NULL);
	go(&s, h.addr.port);
	rig_until(&s.r, &h.seen[0].data, 1);
	assert_int_equal(stream_write(h.seen[0].s, span_str("220 hello\r\n")), ERR_OK);
	rig_until(&s.r, &s.client.over, 1);
	assert_string_equal(s.client.text, "TLS handshake: wrong version number");
	host_fini(&h);
	seen_fini(&s.client);

	seen_init(&s.client);
	host_init(&h, &s.r, NULL);
	go(&s, h.addr.port);
	rig_until(&s.r, &h.seen[0].data, 1);
	stream_close(h.seen[0].s);
	h.seen[0].s = NULL;
	rig_until(&s.r, &s.client.over, 1);
	assert_string_equal(s.client.text, "TLS handshake: peer closed the connection");
	assert_int_equal(s.client.code, ERR_CLOSED);
	host_fini(&h);
	site_fini(&s);
}

static void settings_that_cannot_be(void **state)
{
	struct tls_config config = {.profile = TLS_MODERN, .server = true};
	struct rig_cert server, phone, small;
	uint8_t cut[64];
	struct fail why;
	struct tls *t;

	rig_cert_load(&server, "server");
	rig_cert_load(&phone, "phone");
	rig_cert_load(&small, "small");
	assert_int_equal(tls_new(&t, &config, NULL), ERR_ARG); /* no certificate */
	config.cert_der = rig_cert_der(&server);
	assert_int_equal(tls_new(&t, &config, NULL), ERR_ARG); /* no key */
	config.native_key = phone.key;
	fail_clear(&why);
	assert_int_equal(tls_new(&t, &config, &why), ERR_TLS);
	assert_non_null(strstr(why.text, "key values mismatch"));
	config.native_key = server.key;
	config.peer_cert = TLS_PEER_OPTIONAL;
	assert_int_equal(tls_new(&t, &config, NULL), ERR_ARG); /* no judge */
	config.peer_cert = TLS_PEER_NONE;
	config.profile = TLS_PHONE;
	assert_int_equal(tls_new(&t, &config, NULL), ERR_ARG);
	config.profile = TLS_MODERN;
	memcpy(cut, server.der, sizeof(cut));
	config.cert_der = span_of(cut, sizeof(cut));
	assert_int_equal(tls_new(&t, &config, NULL), ERR_FORMAT);
	config.cert_der = rig_cert_der(&small);
	config.native_key = small.key;
	fail_clear(&why);
	assert_int_equal(tls_new(&t, &config, &why), ERR_TLS);
	assert_string_equal(why.text, "own certificate: ee key too small");
	config.profile = TLS_LEGACY;
	assert_int_equal(tls_new(&t, &config, NULL), ERR_OK);
	tls_free(t);
	mem_fail_from(1);
	assert_int_equal(tls_new(&t, &config, NULL), ERR_NOMEM);
	mem_fail_from(0);
	memset(&config, 0, sizeof(config));
	assert_int_equal(tls_new(&t, &config, NULL), ERR_ARG); /* a client without judge */
	tls_free(NULL);
	rig_cert_free(&server);
	rig_cert_free(&phone);
	rig_cert_free(&small);
}

static void names_and_texts(void **state)
{
	enum tls_profile p;

	assert_int_equal(tls_profile_parse(&p, "modern"), ERR_OK);
	assert_int_equal(p, TLS_MODERN);
	assert_int_equal(tls_profile_parse(&p, "legacy"), ERR_OK);
	assert_int_equal(p, TLS_LEGACY);
	assert_int_equal(tls_profile_parse(&p, "phone"), ERR_ARG);
	assert_int_equal(tls_profile_parse(&p, ""), ERR_ARG);
	assert_non_null(strstr(tls_library_text(), "OpenSSL 3."));
	assert_non_null(strstr(tls_library_text(), "TLS 1.0, 1.1, 1.2, 1.3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profiles_against_other_servers),
		cmocka_unit_test(a_phone_offers_two_ciphers),
		cmocka_unit_test(phone_and_our_servers_agree_on_aes128_sha),
		cmocka_unit_test(a_server_asks_for_our_certificate),
		cmocka_unit_test(a_peers_alert_is_named),
		cmocka_unit_test(our_alerts_reach_a_server),
		cmocka_unit_test(a_modern_client_is_not_talked_down),
		cmocka_unit_test(a_peer_that_is_not_tls),
		cmocka_unit_test(settings_that_cannot_be),
		cmocka_unit_test(names_and_texts),
	};

	return cmocka_run_group_tests_name(
		"net/tls_client", tests, rig_certs_setup, rig_certs_teardown);
}
