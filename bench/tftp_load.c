/* SPDX-License-Identifier: BSD-2-Clause
 * tftp_load [OPTIONS] ADDRESS PORT NAME=FILE…: thousands of virtual phones fetch files over TFTP,
 * each from an address of its own in 127.0.0.0/8, and compare every block with FILE. A "%s" in NAME
 * is the phone's device name, counted from FIRST; where FILE is empty nothing is compared. One line
 * of JSON says how it went.
 *
 * It is written to cost little, so that the server is what is measured: up to 64 phones share a
 * socket and its port (fewer where they ask for windows), and are told apart by the address that
 * the server sends to. A phone changes its port with every file. No packet is lost for want of room
 * here: 64 answers fit the default receive buffer. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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

#define PER_SOCKET  64u
#define BATCH       64u
#define FILES_MAX   8u
#define BLOCK_MAX   1468u
#define TRIES_MAX   6u
#define RETRY_US    1000000ll /* doubles with each try */
#define SLOW_US     300000ll  /* before a slow phone acknowledges */
#define TICK_US     10000ll
#define PHONES_MAX  60000u
#define FIRST_PHONE 0x7F010001u /* 127.1.0.1 */

struct file {
	const char *name;
	uint8_t *bytes;
	size_t len;
	bool unknown; /* any bytes are right */
};

enum kind { ORDINARY, SLOW, VANISHING };

struct phone {
	enum kind kind;
	bool busy, bound;
	unsigned file, socket, tries, round;
	uint64_t block; /* that comes next */
	uint16_t server_port;
	int64_t began_us, due_us;
	int64_t ack_us; /* of a slow phone: when it acknowledges */
};

struct socket_out {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_in to[BATCH];
	union {
		size_t align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control[BATCH];
	uint8_t packets[BATCH][256];
	unsigned count;
};

static struct {
	struct sockaddr_in server;
	struct file files[FILES_MAX];
	unsigned files_count, phones_count, slow_count, sockets_count, rounds;
	unsigned blksize, window; /* 0: the option is not sent */
	unsigned seconds;         /* then the rest has failed */
	unsigned first;           /* of the device names */
	struct phone *phones;
	int *sockets;
	struct socket_out *outs;
	int epoll;
	unsigned ordinary_left;
	uint64_t done, failed, wrong, retransmissions, bytes;
	uint32_t *latencies; /* microseconds */
	size_t latencies_count, latencies_room;
} g;

static void die(const char *what)
{
	fprintf(stderr, "tftp_load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

/* --- sending --- */

static void flush(unsigned socket)
{
	struct socket_out *o = &g.outs[socket];
	unsigned at = 0;

	while (at < o->count) {
		int sent = sendmmsg(g.sockets[socket], o->headers + at, o->count - at, 0);

		if (sent > 0)
			at += (unsigned)sent;
		else if (errno != EINTR)
			at++; /* lost, as on the wire */
	}
	o->count = 0;
}

static void put(unsigned index, const uint8_t *packet, size_t len)
{
	const struct phone *p = &g.phones[index];
	struct socket_out *o = &g.outs[p->socket];
	struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(FIRST_PHONE + index)};
	struct cmsghdr *c;
	unsigned i;

	if (o->count == BATCH)
		flush(p->socket);
	i = o->count++;
	memcpy(o->packets[i], packet, len);
	o->parts[i] = (struct iovec){o->packets[i], len};
	o->to[i] = g.server;
	if (p->bound)
		o->to[i].sin_port = p->server_port;
	o->headers[i].msg_hdr = (struct msghdr){
		.msg_name = &o->to[i],
		.msg_namelen = sizeof(o->to[i]),
		.msg_iov = &o->parts[i],
		.msg_iovlen = 1,
		.msg_control = o->control[i].bytes,
		.msg_controllen = sizeof(o->control[i].bytes),
	};
	c = CMSG_FIRSTHDR(&o->headers[i].msg_hdr);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
}

static size_t put_text(uint8_t *at, const char *text)
{
	size_t len = strlen(text) + 1;

	memcpy(at, text, len);
	return len;
}

static size_t put_option(uint8_t *at, const char *name, unsigned value)
{
	char digits[16];
	size_t len = put_text(at, name);

	snprintf(digits, sizeof(digits), "%u", value);
	return len + put_text(at + len, digits);
}

static void ask(unsigned index)
{
	const char *name = g.files[g.phones[index].file].name, *at = strstr(name, "%s");
	uint8_t packet[256] = {0, 1};
	char asked[192];
	size_t len = 2;

	if (at)
		snprintf(asked, sizeof(asked), "%.*sSEP0011%08X%s", (int)(at - name), name,
			g.first + index, at + 2);
	len += put_text(packet + len, at ? asked : name);
	len += put_text(packet + len, "octet");
	if (g.blksize)
		len += put_option(packet + len, "blksize", g.blksize);
	if (g.window)
		len += put_option(packet + len, "windowsize", g.window);
	put(index, packet, len);
}

static void acknowledge(unsigned index)
{
	uint16_t block = (uint16_t)(g.phones[index].block - 1);
	uint8_t packet[4] = {0, 4, (uint8_t)(block >> 8), (uint8_t)block};

	put(index, packet, sizeof(packet));
}

static void send_last(unsigned index, int64_t now)
{
	struct phone *p = &g.phones[index];

	if (p->bound)
		acknowledge(index);
	else
		ask(index);
	p->due_us = now + (RETRY_US << p->tries);
	p->tries++;
}

static void begin(unsigned index, int64_t now)
{
	struct phone *p = &g.phones[index];

	p->busy = true;
	p->bound = false;
	p->block = 1;
	p->tries = 0;
	p->ack_us = 0;
	p->began_us = now;
	p->socket = (p->socket + 1) % g.sockets_count;
	send_last(index, now);
}

/* --- receiving --- */

static void next_file(unsigned index, bool good, int64_t now)
{
	struct phone *p = &g.phones[index];

	if (p->kind == ORDINARY) {
		if (good && g.latencies_count < g.latencies_room)
			g.latencies[g.latencies_count++] = (uint32_t)(now - p->began_us);
		g.done += good;
		g.failed += !good;
	}
	p->file++;
	if (p->file == g.files_count) {
		p->file = 0;
		p->round++;
	}
	if (p->kind == ORDINARY && p->round == g.rounds) {
		p->busy = false;
		g.ordinary_left--;
		return;
	}
	begin(index, now);
}

static unsigned block_size(void)
{
	return g.blksize ? g.blksize : 512;
}

/* True when the block is the one that comes next, with the bytes that it should have. */
static void on_data(unsigned index, const uint8_t *packet, size_t len, int64_t now)
{
	struct phone *p = &g.phones[index];
	const struct file *f = &g.files[p->file];
	size_t start = (size_t)(p->block - 1) * block_size(), want = f->len - start;
	bool last;

	if ((uint16_t)(packet[2] << 8 | packet[3]) != (uint16_t)p->block)
		return;
	if (want > block_size())
		want = block_size();
	if (f->unknown)
		want = len - 4;
	last = want < block_size();
	if (len - 4 != want || (!f->unknown && memcmp(packet + 4, f->bytes + start, want) != 0)) {
		g.wrong++;
		next_file(index, false, now);
		return;
	}
	g.bytes += want;
	p->block++;
	p->tries = 0;
	if (p->kind == SLOW && !last) {
		p->ack_us = now + SLOW_US;
		p->due_us = p->ack_us + RETRY_US;
		return;
	}
	if (last || !g.window || (p->block - 1) % g.window == 0)
		send_last(index, now);
	else
		p->due_us = now + RETRY_US;
	if (last)
		next_file(index, true, now);
}

static void on_packet(unsigned index, unsigned socket, const struct sockaddr_in *from,
	const uint8_t *packet, size_t len, int64_t now)
{
	struct phone *p = &g.phones[index];

	if (!p->busy || p->socket != socket || len < 4)
		return;
	if (p->bound && p->server_port != from->sin_port)
		return;
	p->server_port = from->sin_port;
	p->bound = true;
	if (p->kind == VANISHING) {
		p->busy = false;
		return;
	}
	if (packet[1] == 3) {
		on_data(index, packet, len, now);
	} else if (packet[1] == 6 && p->block == 1) {
		p->tries = 0;
		send_last(index, now);
	} else if (packet[1] == 5) {
		next_file(index, false, now);
	}
}

static void read_socket(unsigned socket)
{
	static uint8_t packets[BATCH][4 + BLOCK_MAX];
	static union {
		size_t align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control[BATCH];
	static struct sockaddr_in from[BATCH];
	static struct iovec parts[BATCH];
	static struct mmsghdr headers[BATCH];
	struct in_pktinfo info;
	struct cmsghdr *c;
	int64_t now;
	uint32_t index;
	int got, i;

	for (i = 0; i < (int)BATCH; i++) {
		parts[i] = (struct iovec){packets[i], sizeof(packets[i])};
		headers[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &parts[i],
			.msg_iovlen = 1,
			.msg_control = control[i].bytes,
			.msg_controllen = sizeof(control[i].bytes),
		};
	}
	got = recvmmsg(g.sockets[socket], headers, BATCH, MSG_DONTWAIT, NULL);
	now = now_us();
	for (i = 0; i < got; i++) {
		c = CMSG_FIRSTHDR(&headers[i].msg_hdr);
		if (!c || c->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		index = ntohl(info.ipi_addr.s_addr) - FIRST_PHONE;
		if (index < g.phones_count + g.slow_count)
			on_packet(index, socket, &from[i], packets[i], headers[i].msg_len, now);
	}
}

static void tick(int64_t now)
{
	unsigned i;

	for (i = 0; i < g.phones_count + g.slow_count; i++) {
		struct phone *p = &g.phones[i];

		if (!p->busy)
			continue;
		if (p->ack_us && p->ack_us <= now) {
			p->ack_us = 0;
			send_last(i, now);
		} else if (p->due_us > now) {
			;
		} else if (p->tries == TRIES_MAX) {
			next_file(i, false, now);
		} else {
			g.retransmissions += p->kind == ORDINARY;
			send_last(i, now);
		}
	}
	for (i = 0; i < g.sockets_count; i++)
		flush(i);
}

/* --- setting up --- */

static void read_file(const char *word)
{
	struct file *f = &g.files[g.files_count];
	const char *path = strchr(word, '=');
	FILE *in = path ? fopen(path[1] ? path + 1 : "/dev/null", "rb") : NULL;

	if (!in || g.files_count == FILES_MAX)
		die(word);
	f->name = strndup(word, (size_t)(path - word));
	f->unknown = !path[1];
	fseek(in, 0, SEEK_END);
	f->len = (size_t)ftell(in);
	rewind(in);
	f->bytes = malloc(f->len + 1);
	if (!f->name || strlen(f->name) > 128 || !f->bytes ||
		fread(f->bytes, 1, f->len, in) != f->len)
		die(word);
	fclose(in);
	g.files_count++;
}

static void open_sockets(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	struct rlimit limit;
	const int one = 1;
	unsigned i, per_socket;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	per_socket = g.window > 1 ? PER_SOCKET / g.window + 1 : PER_SOCKET;
	g.sockets_count = (g.phones_count + g.slow_count) / per_socket + 1;
	if (g.sockets_count < 2)
		g.sockets_count = 2;
	g.sockets = calloc(g.sockets_count, sizeof(*g.sockets));
	g.outs = calloc(g.sockets_count, sizeof(*g.outs));
	g.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!g.sockets || !g.outs || g.epoll < 0)
		die("sockets");
	for (i = 0; i < g.sockets_count; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};

		g.sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (g.sockets[i] < 0 ||
			setsockopt(g.sockets[i], IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) != 0 ||
			bind(g.sockets[i], (struct sockaddr *)&any, sizeof(any)) != 0 ||
			epoll_ctl(g.epoll, EPOLL_CTL_ADD, g.sockets[i], &e) != 0)
			die("socket");
	}
}

static void make_phones(void)
{
	unsigned i, count = g.phones_count + g.slow_count;

	g.phones = calloc(count, sizeof(*g.phones));
	g.latencies_room = (size_t)g.phones_count * g.rounds * g.files_count;
	g.latencies = calloc(g.latencies_room + 1, sizeof(*g.latencies));
	if (!g.phones || !g.latencies)
		die("phones");
	for (i = 0; i < count; i++) {
		g.phones[i].socket = i % g.sockets_count;
		if (i >= g.phones_count)
			g.phones[i].kind = i % 2 ? SLOW : VANISHING;
	}
	g.ordinary_left = g.phones_count;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(unsigned percent)
{
	size_t at = g.latencies_count * percent / 100;

	if (!g.latencies_count)
		return 0;
	return g.latencies[at < g.latencies_count ? at : g.latencies_count - 1] / 1e3;
}

static double own_processor(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void run(void)
{
	struct epoll_event events[256];
	int64_t next_tick = now_us() + TICK_US, give_up = now_us() + g.seconds * 1000000ll, now;
	unsigned i;
	int ready, k;

	/* The slow ones first: they are under way when the others begin. */
	for (i = g.phones_count + g.slow_count; i-- > 0;)
		begin(i, now_us());
	for (i = 0; i < g.sockets_count; i++)
		flush(i);
	while (g.ordinary_left && now_us() < give_up) {
		ready = epoll_wait(g.epoll, events, 256, 10);
		for (k = 0; k < ready; k++)
			read_socket(events[k].data.u32);
		for (i = 0; i < g.sockets_count; i++)
			flush(i);
		now = now_us();
		if (now >= next_tick) {
			tick(now);
			next_tick = now + TICK_US;
		}
	}
	g.failed = (uint64_t)g.phones_count * g.rounds * g.files_count - g.done;
}

int main(int argc, char **argv)
{
	double processor, seconds;
	int64_t began;
	int c;

	g.rounds = 1;
	g.phones_count = 1;
	g.seconds = 60;
	while ((c = getopt(argc, argv, "p:f:r:s:b:w:t:")) != -1) {
		unsigned value = (unsigned)strtoul(optarg ? optarg : "", NULL, 10);

		switch (c) {
		case 'p': g.phones_count = value; break;
		case 'f': g.first = value; break;
		case 'r': g.rounds = value; break;
		case 's': g.slow_count = value; break;
		case 'b': g.blksize = value; break;
		case 'w': g.window = value; break;
		case 't': g.seconds = value; break;
		default: return 2;
		}
	}
	if (argc - optind < 3 || !g.phones_count || g.blksize > BLOCK_MAX ||
		g.phones_count + g.slow_count > PHONES_MAX) {
		fputs("usage: tftp_load [-p PHONES] [-f FIRST] [-r ROUNDS] [-s SLOW] [-b BLKSIZE] [-w WINDOW] "
		      "[-t SECONDS] ADDRESS PORT NAME=FILE...\n",
			stderr);
		return 2;
	}
	g.server.sin_family = AF_INET;
	g.server.sin_port = htons((uint16_t)atoi(argv[optind + 1]));
	if (inet_pton(AF_INET, argv[optind], &g.server.sin_addr) != 1)
		die(argv[optind]);
	for (c = optind + 2; c < argc; c++)
		read_file(argv[c]);
	open_sockets();
	make_phones();
	processor = own_processor();
	began = now_us();
	run();
	seconds = (double)(now_us() - began) / 1e6;
	qsort(g.latencies, g.latencies_count, sizeof(*g.latencies), by_value);
	printf("{\"files\": %llu, \"failed\": %llu, \"wrong\": %llu, \"retransmissions\": %llu, "
	       "\"bytes\": %llu, \"seconds\": %.4f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, "
	       "\"max_ms\": %.2f, \"processor\": %.3f}\n",
		(unsigned long long)g.done, (unsigned long long)g.failed,
		(unsigned long long)g.wrong, (unsigned long long)g.retransmissions,
		(unsigned long long)g.bytes, seconds, percentile(50), percentile(99),
		percentile(100), own_processor() - processor);
	return 0;
}
