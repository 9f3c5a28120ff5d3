/* SPDX-License-Identifier: BSD-2-Clause
 *   record:    type u8 | version u16 | length u16 | fragment
 *   handshake: type u8 | length u24 | body; may be spread over records, or share one
 * spec: RFC 5246, sections 6.2 and 7 */
#include "wire/capture/tls_hello.h"
#include "wire/cursor.h"

#include <stdio.h>

#define RECORD_CCS         20u
#define RECORD_ALERT       21u
#define RECORD_HANDSHAKE   22u
#define RECORD_APPLICATION 23u
#define RECORD_HEARTBEAT   24u

#define HANDSHAKE_HEADER              4u
#define HANDSHAKE_CLIENT_HELLO        1u
#define HANDSHAKE_SERVER_HELLO        2u
#define HANDSHAKE_CERTIFICATE         11u
#define HANDSHAKE_CERTIFICATE_REQUEST 13u

#define RANDOM_SIZE            32u
#define EXT_SUPPORTED_VERSIONS 43u
#define TLS_1_2                0x0303u
#define TLS_1_3                0x0304u

/* Numbers of IANA, names of OpenSSL. */
static const struct {
	uint16_t number;
	const char *name;
} suites[] = {
	{0x0001, "NULL-MD5"},
	{0x0002, "NULL-SHA"},
	{0x0004, "RC4-MD5"},
	{0x0005, "RC4-SHA"},
	{0x000A, "DES-CBC3-SHA"},
	{0x002F, "AES128-SHA"},
	{0x0033, "DHE-RSA-AES128-SHA"},
	{0x0035, "AES256-SHA"},
	{0x0039, "DHE-RSA-AES256-SHA"},
	{0x003B, "NULL-SHA256"},
	{0x003C, "AES128-SHA256"},
	{0x003D, "AES256-SHA256"},
	{0x0041, "CAMELLIA128-SHA"},
	{0x0067, "DHE-RSA-AES128-SHA256"},
	{0x006B, "DHE-RSA-AES256-SHA256"},
	{0x0084, "CAMELLIA256-SHA"},
	{0x009C, "AES128-GCM-SHA256"},
	{0x009D, "AES256-GCM-SHA384"},
	{0x009E, "DHE-RSA-AES128-GCM-SHA256"},
	{0x009F, "DHE-RSA-AES256-GCM-SHA384"},
	{0x1301, "TLS_AES_128_GCM_SHA256"},
	{0x1302, "TLS_AES_256_GCM_SHA384"},
	{0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
	{0xC009, "ECDHE-ECDSA-AES128-SHA"},
	{0xC00A, "ECDHE-ECDSA-AES256-SHA"},
	{0xC010, "ECDHE-RSA-NULL-SHA"},
	{0xC013, "ECDHE-RSA-AES128-SHA"},
	{0xC014, "ECDHE-RSA-AES256-SHA"},
	{0xC023, "ECDHE-ECDSA-AES128-SHA256"},
	{0xC024, "ECDHE-ECDSA-AES256-SHA384"},
	{0xC027, "ECDHE-RSA-AES128-SHA256"},
	{0xC028, "ECDHE-RSA-AES256-SHA384"},
	{0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256"},
	{0xC02C, "ECDHE-ECDSA-AES256-GCM-SHA384"},
	{0xC02F, "ECDHE-RSA-AES128-GCM-SHA256"},
	{0xC030, "ECDHE-RSA-AES256-GCM-SHA384"},
	{0xC09C, "AES128-CCM"},
	{0xC09D, "AES256-CCM"},
	{0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305"},
	{0xCCA9, "ECDHE-ECDSA-CHACHA20-POLY1305"},
	{0xCCAA, "DHE-RSA-CHACHA20-POLY1305"},
};

static const struct {
	uint8_t number;
	const char *name;
} alerts[] = {
	{0, "close notify"},
	{10, "unexpected message"},
	{20, "bad record MAC"},
	{21, "decryption failed"},
	{22, "record overflow"},
	{30, "decompression failure"},
	{40, "handshake failure"},
	{41, "no certificate"},
	{42, "bad certificate"},
	{43, "unsupported certificate"},
	{44, "certificate revoked"},
	{45, "certificate expired"},
	{46, "certificate unknown"},
	{47, "illegal parameter"},
	{48, "unknown CA"},
	{49, "access denied"},
	{50, "decode error"},
	{51, "decrypt error"},
	{70, "protocol version"},
	{71, "insufficient security"},
	{80, "internal error"},
	{86, "inappropriate fallback"},
	{90, "user canceled"},
	{100, "no renegotiation"},
	{110, "unsupported extension"},
	{112, "unrecognized name"},
	{116, "certificate required"},
};

/* One direction. */
struct side {
	bool client;
	struct cursor stream;
	struct buf handshake; /* bodies of the handshake records, before ChangeCipherSpec */
	struct span session;
	bool application;
};

const char *tls_hello_version_name(uint16_t version)
{
	static const char *const names[] = {"SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};

	if (!version)
		return "none";
	if (version < 0x0300 || version > TLS_1_3)
		return "unknown version";
	return names[version & 0xFF];
}

const char *tls_hello_alert_name(uint8_t description)
{
	size_t i;

	for (i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (alerts[i].number == description)
			return alerts[i].name;
	return "unknown alert";
}

static void set_cipher(struct tls_hello *h, uint16_t number)
{
	size_t i;

	h->cipher = number;
	snprintf(h->cipher_name, sizeof(h->cipher_name), "0x%04X", number);
	for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].number == number)
			snprintf(h->cipher_name, sizeof(h->cipher_name), "%s", suites[i].name);
}

static size_t read_u24(struct cursor *c, const char *field)
{
	size_t high = cur_u8(c, field);

	return high << 16 | cur_be16(c, field);
}

/* The highest version of a list; numbers outside TLS are there to keep readers tolerant. */
static uint16_t highest(struct cursor *c)
{
	uint16_t best = 0, version;

	while (cur_left(c)) {
		version = cur_be16(c, "supported_versions");
		if (version >> 8 == 3 && version > best)
			best = version;
	}
	return best;
}

/* The extensions at the end of a hello, of which only supported_versions (RFC 8446) matters. */
static void read_extensions(struct cursor *c, bool client, uint16_t *version)
{
	struct cursor all, one, list;
	uint16_t type, found;

	if (!cur_left(c))
		return;
	cur_sub(c, &all, cur_be16(c, "extensions"), "extensions");
	while (cur_left(&all)) {
		type = cur_be16(&all, "extension");
		cur_sub(&all, &one, cur_be16(&all, "extension"), "extension");
		if (cur_check(&all) || type != EXT_SUPPORTED_VERSIONS)
			continue;
		list = one;
		if (client)
			cur_sub(&one, &list, cur_u8(&one, "supported_versions"), "extension");
		found = highest(&list);
		if (found > *version)
			*version = found;
		all.err = cur_check(&one) ? cur_check(&one) : cur_check(&list);
	}
	if (cur_check(&all))
		c->err = cur_check(&all);
}

static void read_client_hello(struct tls_hello *h, struct side *s, struct cursor *c)
{
	h->client_version = cur_be16(c, "ClientHello");
	cur_skip(c, RANDOM_SIZE, "ClientHello");
	s->session = cur_take(c, cur_u8(c, "ClientHello"), "ClientHello, session");
	cur_skip(c, cur_be16(c, "ClientHello"), "ClientHello, cipher suites");
	cur_skip(c, cur_u8(c, "ClientHello"), "ClientHello, compression");
	read_extensions(c, true, &h->client_version);
}

static void read_server_hello(struct tls_hello *h, struct side *s, struct cursor *c)
{
	h->version = cur_be16(c, "ServerHello");
	cur_skip(c, RANDOM_SIZE, "ServerHello");
	s->session = cur_take(c, cur_u8(c, "ServerHello"), "ServerHello, session");
	set_cipher(h, cur_be16(c, "ServerHello, cipher suite"));
	cur_skip(c, 1, "ServerHello, compression");
	read_extensions(c, false, &h->version);
}

/* The first certificate of the list is the sender's own. */
static void read_certificate(struct buf *out, struct cursor *c)
{
	size_t where = cur_where(c), total = read_u24(c, "Certificate");
	struct span der;

	if (out->len) {
		cur_fail_at(c, ERR_FORMAT, where, "Certificate", "appears twice");
		return;
	}
	if (total != cur_left(c)) {
		cur_fail_at(c, ERR_FORMAT, where, "Certificate", "list of %zu bytes, %zu follow",
			total, cur_left(c));
		return;
	}
	if (!total)
		return;
	der = cur_take(c, read_u24(c, "Certificate"), "Certificate");
	buf_put(out, der);
	if (buf_check(out))
		cur_fail(c, buf_check(out), "Certificate", "%s", err_text(buf_check(out)));
}

static void read_message(struct tls_hello *h, struct side *s, uint8_t type, struct cursor *body)
{
	if (s->client && type == HANDSHAKE_CLIENT_HELLO)
		read_client_hello(h, s, body);
	else if (!s->client && type == HANDSHAKE_SERVER_HELLO)
		read_server_hello(h, s, body);
	else if (type == HANDSHAKE_CERTIFICATE)
		read_certificate(s->client ? &h->client_certificate : &h->server_certificate, body);
	else if (!s->client && type == HANDSHAKE_CERTIFICATE_REQUEST)
		h->asked_for_certificate = true;
}

/* The messages of one side; the last may be incomplete. */
static enum err read_messages(struct tls_hello *h, struct side *s, struct fail *why)
{
	struct cursor c, body, start;
	uint8_t type;
	size_t len;

	cur_init(&c, buf_span(&s->handshake), s->client ? "client" : "server", why);
	while (cur_left(&c) >= HANDSHAKE_HEADER) {
		start = c;
		type = cur_u8(&c, "handshake");
		len = read_u24(&c, "handshake");
		if (len > TLS_HELLO_HANDSHAKE_MAX)
			return cur_fail_at(&c, ERR_LIMIT, cur_where(&start), "handshake",
				"message of %zu bytes, at most %u", len, TLS_HELLO_HANDSHAKE_MAX);
		if (len > cur_left(&c))
			break;
		cur_sub(&c, &body, len, c.what);
		read_message(h, s, type, &body);
		if (cur_check(&body))
			return cur_check(&body);
	}
	return cur_check(&c);
}

static void take_record(struct tls_hello *h, struct side *s, uint8_t type, struct span fragment)
{
	bool *secured = &h->secured[s->client ? 0 : 1];

	if (type == RECORD_CCS)
		*secured = true;
	else if (type == RECORD_APPLICATION)
		s->application |= *secured;
	else if (type == RECORD_ALERT && !*secured && fragment.len == 2 &&
		 h->alerts_count < TLS_HELLO_ALERTS_MAX)
		h->alerts[h->alerts_count++] = (struct tls_hello_alert){
			.from_client = s->client,
			.level = fragment.ptr[0],
			.description = fragment.ptr[1],
		};
	else if (type == RECORD_HANDSHAKE && !*secured)
		buf_put(&s->handshake, fragment);
}

/* The records of one side; the last may be incomplete. */
static enum err read_records(struct tls_hello *h, struct side *s)
{
	struct cursor *c = &s->stream;
	struct cursor start;
	struct span fragment;
	uint16_t version, len;
	uint8_t type;

	while (cur_left(c)) {
		start = *c;
		type = cur_u8(c, "record");
		if (type < RECORD_CCS || type > RECORD_HEARTBEAT)
			return cur_fail_at(c, ERR_FORMAT, cur_where(&start), "record",
				"type %u is none of TLS", type);
		if (cur_left(c) < 4)
			break;
		version = cur_be16(c, "record");
		len = cur_be16(c, "record");
		if (version >> 8 != 3)
			return cur_fail_at(c, ERR_FORMAT, cur_where(&start) + 1, "record",
				"version 0x%04X is none of TLS", version);
		if (len > TLS_HELLO_RECORD_MAX)
			return cur_fail_at(c, ERR_LIMIT, cur_where(&start) + 3, "record",
				"%u bytes, at most %u", len, TLS_HELLO_RECORD_MAX);
		if (len > cur_left(c))
			break;
		fragment = cur_take(c, len, "record");
		take_record(h, s, type, fragment);
		if (s->handshake.len > TLS_HELLO_HANDSHAKE_MAX)
			return cur_fail_at(c, ERR_LIMIT, cur_where(&start), "handshake",
				"more than %u bytes", TLS_HELLO_HANDSHAKE_MAX);
	}
	if (buf_check(&s->handshake))
		return cur_fail(c, buf_check(&s->handshake), "handshake", "%s",
			err_text(buf_check(&s->handshake)));
	return cur_check(c);
}

enum err tls_hello_read(
	struct tls_hello *h, struct span to_server, struct span to_client, struct fail *why)
{
	struct side client = {.client = true}, server = {.client = false};
	enum err err;

	memset(h, 0, sizeof(*h));
	cur_init(&client.stream, to_server, "client", why);
	cur_init(&server.stream, to_client, "server", why);
	err = read_records(h, &client);
	if (!err)
		err = read_messages(h, &client, why);
	if (!err)
		err = read_records(h, &server);
	if (!err)
		err = read_messages(h, &server, why);
	if (!err && h->version && h->version <= TLS_1_2) {
		h->resumed = server.session.len && span_eq(server.session, client.session);
		h->completed = h->secured[0] && h->secured[1] &&
			       (client.application || server.application);
	}
	buf_fini(&client.handshake);
	buf_fini(&server.handshake);
	return err;
}

void tls_hello_fini(struct tls_hello *h)
{
	buf_fini(&h->server_certificate);
	buf_fini(&h->client_certificate);
}
