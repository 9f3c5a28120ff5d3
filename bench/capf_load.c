/* SPDX-License-Identifier: BSD-2-Clause
 * capf_load [OPTIONS] PORT COUNT AT-ONCE FIRST: that many phones get a certificate from the CAPF
 * server on 127.0.0.1, each from an address of its own in 127.0.0.0/8, with keys that were made
 * before. FIRST is the first device name; the others follow. What comes must be a certificate for
 * the phone's key. One line of JSON says how it went.
 *   --silent N   beside them that many connections that say nothing; half of them after TLS
 *   --hold N     only that many connections after TLS, held until standard input ends
 *   --modern     all ciphers of TLS 1.2, in place of the two that phones offer */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEYS        4
#define SPKI        294
#define ROOM        4096
#define FIRST_PHONE 0x7F010001u /* 127.1.0.1 */
#define SILENT_BASE 0x7F640001u /* 127.100.0.1 */
#define LIMIT_US    60000000ll
/* Before the phones come: servers let a thousand silent ones go in a second. */
#define SETTLE_US(silent) (200000ll + 1000ll * (silent))

enum { AUTH_REQ = 1, KEY_GEN_REQ = 3, STORE_CERT_REQ = 9, END_SESSION = 15 };

struct phone {
	int fd;
	SSL *ssl; /* NULL: not connected */
	bool shaken, silent;
	unsigned index;
	int64_t began_us;
	size_t len;
	uint8_t in[ROOM];
};

static struct {
	uint16_t port;
	unsigned count, at_once, silent, hold, started, done, failed, shaken;
	uint64_t first;
	SSL_CTX *ctx;
	uint8_t keys[KEYS][SPKI];
	struct phone *phones;
	int epoll;
	uint32_t *latencies;
	char why[128];
} g;

static void die(const char *what)
{
	fprintf(stderr, "capf_load: %s: %s\n", what, errno ? strerror(errno) : "");
	ERR_print_errors_fp(stderr);
	exit(2);
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static void make_keys(void)
{
	for (unsigned i = 0; i < KEYS; i++) {
		EVP_PKEY *key = EVP_RSA_gen(2048);
		uint8_t *at = g.keys[i];

		if (!key || i2d_PUBKEY(key, NULL) != SPKI || i2d_PUBKEY(key, &at) != SPKI)
			die("key");
		EVP_PKEY_free(key);
	}
}

/* --- one phone --- */

static void begin(struct phone *p);

static void over(struct phone *p, const char *why)
{
	if (why) {
		g.failed++;
		if (!g.why[0])
			snprintf(g.why, sizeof(g.why), "%s (phone %u)", why, p->index);
	} else {
		g.latencies[g.done++] = (uint32_t)(now_us() - p->began_us);
	}
	SSL_free(p->ssl);
	p->ssl = NULL;
	close(p->fd);
	if (g.started < g.count)
		begin(p);
}

static void begin(struct phone *p)
{
	struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = p};
	int on = 1;

	p->index = p->silent ? p->index : g.started++;
	from.sin_addr.s_addr = htonl((p->silent ? SILENT_BASE : FIRST_PHONE) + p->index);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(g.port);
	p->len = 0;
	p->shaken = false;
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (p->fd < 0 || setsockopt(p->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) ||
		bind(p->fd, (struct sockaddr *)&from, sizeof(from)))
		die("socket");
	if (connect(p->fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		die("connect");
	p->began_us = now_us();
	p->ssl = SSL_new(g.ctx);
	if (!p->ssl || !SSL_set_fd(p->ssl, p->fd))
		die("TLS");
	SSL_set_connect_state(p->ssl);
	if (epoll_ctl(g.epoll, EPOLL_CTL_ADD, p->fd, &e))
		die("epoll");
}

static bool send_message(struct phone *p, uint8_t type, const uint8_t *body, size_t len)
{
	uint8_t out[512] = {0x55, type};

	memcpy(out + 2, p->in + 2, 4); /* the session, as it came */
	out[6] = (uint8_t)(len >> 8);
	out[7] = (uint8_t)len;
	memcpy(out + 8, body, len);
	return SSL_write(p->ssl, out, (int)(8 + len)) == (int)(8 + len);
}

static bool send_auth(struct phone *p)
{
	uint8_t body[32] = {7, 0, 1, 3, 13, 0, 16};

	snprintf((char *)body + 7, 16, "SEP%012llX", (unsigned long long)(g.first + p->index));
	memcpy(body + 23, "\1\0\1\1", 4);
	return send_message(p, 2, body, 27);
}

static bool send_key(struct phone *p)
{
	uint8_t body[3 + SPKI] = {9, SPKI >> 8, SPKI & 255};

	memcpy(body + 3, g.keys[p->index % KEYS], SPKI);
	return send_message(p, 17, NULL, 0) && send_message(p, 4, body, sizeof(body));
}

/* False when the phone is over. */
static bool obey(struct phone *p, size_t len)
{
	switch (p->in[1]) {
	case AUTH_REQ:
		if (send_auth(p))
			return true;
		break;
	case KEY_GEN_REQ:
		if (send_key(p))
			return true;
		break;
	case STORE_CERT_REQ:
		if (!memmem(p->in, len, g.keys[p->index % KEYS], SPKI)) {
			over(p, "a certificate for another key");
			return false;
		}
		if (send_message(p, 10, (const uint8_t *)"\1\0\1\1", 4))
			return true;
		break;
	case END_SESSION: over(p, p->in[11] == 1 ? NULL : "the server ended it"); return false;
	default: over(p, "a message that was not expected"); return false;
	}
	over(p, "a message could not be sent");
	return false;
}

static bool take_messages(struct phone *p)
{
	while (p->len >= 8) {
		size_t len = 8 + ((size_t)p->in[6] << 8 | p->in[7]);

		if (p->in[0] != 0x55 || len > ROOM) {
			over(p, "not CAPF");
			return false;
		}
		if (p->len < len)
			return true;
		if (!obey(p, len))
			return false;
		memmove(p->in, p->in + len, p->len - len);
		p->len -= len;
	}
	return true;
}

static void on_phone(struct phone *p)
{
	int n = 1;

	if (!p->shaken && p->silent && p->index % 2)
		return; /* not even TLS */
	if (!p->shaken) {
		n = SSL_do_handshake(p->ssl);
		if (n == 1) {
			p->shaken = true;
			g.shaken++;
		}
	}
	while (p->shaken && !p->silent && n > 0) {
		n = SSL_read(p->ssl, p->in + p->len, (int)(ROOM - p->len));
		if (n > 0) {
			p->len += (size_t)n;
			if (!take_messages(p))
				return;
		}
	}
	if (n > 0)
		return;
	n = SSL_get_error(p->ssl, n);
	if (n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE)
		return;
	ERR_clear_error();
	if (p->silent) {
		close(p->fd); /* the server may do that */
		SSL_free(p->ssl);
		p->ssl = NULL;
		return;
	}
	over(p, p->shaken ? "the connection was closed" : "the handshake failed");
}

/* --- all of them --- */

static int by_size(const void *a, const void *b)
{
	return *(const uint32_t *)a < *(const uint32_t *)b
		       ? -1
		       : *(const uint32_t *)a > *(const uint32_t *)b;
}

static void expire(void)
{
	int64_t before = now_us() - LIMIT_US;

	for (unsigned i = 0; i < g.at_once; i++)
		if (g.phones[i].ssl && g.phones[i].began_us < before)
			over(&g.phones[i], "no answer in a minute");
}

static void poll_once(void)
{
	struct epoll_event events[256];
	int n = epoll_wait(g.epoll, events, 256, 100);

	for (int i = 0; i < n; i++) {
		struct phone *p = events[i].data.ptr;

		if (p->ssl)
			on_phone(p);
	}
	if (n == 0)
		expire();
}

static void hold(void)
{
	char byte;

	while (g.shaken < g.hold)
		poll_once();
	printf("{\"held\": %u}\n", g.shaken);
	fflush(stdout);
	if (read(0, &byte, 1) < 0)
		die("standard input");
}

static void prepare(void)
{
	struct rlimit files;
	unsigned all = g.at_once + g.silent;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	g.phones = calloc(all + 1, sizeof(*g.phones));
	g.latencies = calloc(g.count + 1, sizeof(*g.latencies));
	g.epoll = epoll_create1(0);
	if (!g.phones || !g.latencies || g.epoll < 0)
		die("start");
	for (unsigned i = 0; i < g.silent; i++) {
		g.phones[g.at_once + i].silent = true;
		g.phones[g.at_once + i].index = i;
		begin(&g.phones[g.at_once + i]);
	}
	if (g.silent && !g.hold) /* they were there first */
		for (int64_t until = now_us() + SETTLE_US(g.silent); now_us() < until;)
			poll_once();
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static void options(int argc, char **argv, const char **ciphers)
{
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--modern") == 0)
			*ciphers = "ECDHE+AESGCM";
		else if (strcmp(argv[at], "--silent") == 0 && at + 1 < argc)
			g.silent = number(argv[++at]);
		else if (strcmp(argv[at], "--hold") == 0 && at + 1 < argc)
			g.hold = number(argv[++at]);
		else
			die(argv[at]);
	}
	if (argc - at != 4)
		die("usage: capf_load [--silent N] [--hold N] [--modern] PORT COUNT AT-ONCE FIRST");
	g.port = (uint16_t)number(argv[at]);
	g.count = number(argv[at + 1]);
	g.at_once = number(argv[at + 2]);
	if (g.at_once > g.count)
		g.at_once = g.count;
	g.first = strtoull(argv[at + 3] + 3, NULL, 16);
	if (g.hold)
		g.silent = 2 * g.hold; /* each second one has TLS */
}

int main(int argc, char **argv)
{
	const char *ciphers = "AES256-SHA:AES128-SHA";
	int64_t start;

	signal(SIGPIPE, SIG_IGN);
	options(argc, argv, &ciphers);
	g.ctx = SSL_CTX_new(TLS_client_method());
	if (!g.ctx || !SSL_CTX_set_max_proto_version(g.ctx, TLS1_2_VERSION) ||
		!SSL_CTX_set_cipher_list(g.ctx, ciphers))
		die("TLS");
	SSL_CTX_set_mode(g.ctx, SSL_MODE_RELEASE_BUFFERS);
	if (g.hold) {
		prepare();
		hold();
		return 0;
	}
	make_keys();
	prepare();
	start = now_us();
	for (unsigned i = 0; i < g.at_once; i++)
		begin(&g.phones[i]);
	while (g.done + g.failed < g.count)
		poll_once();
	start = now_us() - start;
	qsort(g.latencies, g.done, sizeof(*g.latencies), by_size);
	printf("{\"done\": %u, \"failed\": %u, \"why\": \"%s\", \"seconds\": %.6f, \"median_ms\": %.3f, "
	       "\"p99_ms\": %.3f}\n",
		g.done, g.failed, g.why, (double)start / 1e6,
		g.done ? g.latencies[g.done / 2] / 1e3 : 0.0,
		g.done ? g.latencies[(size_t)g.done * 99 / 100] / 1e3 : 0.0);
	return 0;
}
