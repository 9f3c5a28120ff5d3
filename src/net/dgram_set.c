/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/dgram_set.h"
#include "base/mem.h"
#include "net/loop_priv.h"
#include "net/shared_port.h"
#include "net/sock.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* Packets handled before the doors are looked at again: less than a quarter of a millisecond, in
 * which a quick sender cannot fill one buffer of Debian's default size (208 KiB hold some 270 small
 * packets). */
#define PACKETS_PER_LOOK 32u
/* Packets taken from one door before the loop goes on, so that a flood leaves time for others. */
#define PACKETS_PER_DOOR 1024u
#define BACKLOG_FIRST    (64u * 1024)

static const struct timeval at_once;

/* Room for the address that a packet was sent to. */
#define CONTROL_SIZE CMSG_SPACE(sizeof(struct in6_pktinfo))

/* Of IPv4 or IPv6, without the rest of a sockaddr_storage. */
union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct one {
	struct dgram_set *set;
	struct event ev;
	int fd;
	unsigned index;
	struct net_addr addr;
	bool door, unbound; /* unbound: to no address */
	bool closed;        /* by its owner */
	struct one *dead;   /* the next of those that are to be closed */
	uint32_t lost;      /* as the kernel counted last; it wraps */
};

struct dgram_set {
	struct loop *loop;
	const struct dgram_set_calls *calls;
	void *ctx;
	struct one *sockets[DGRAM_SET_SOCKETS]; /* NULL: closed */
	unsigned count;
	struct one *dead;
	uint64_t lost;
	unsigned handled; /* since the doors were looked at */
	struct event more;

	/* Packets from the doors: records from `first` on, each padded. */
	uint8_t *backlog;
	size_t first, end, cap;

	struct {
		struct mmsghdr headers[DGRAM_SET_BATCH];
		struct iovec parts[DGRAM_SET_BATCH];
		union address from[DGRAM_SET_BATCH];
		union {
			size_t align;
			uint8_t bytes[CONTROL_SIZE];
		} control[DGRAM_SET_BATCH];
		uint8_t packets[DGRAM_SET_BATCH][DGRAM_SET_PACKET];
		struct dgram_in in[DGRAM_SET_BATCH];
	} r;
	struct {
		unsigned socket, count;
		struct mmsghdr headers[DGRAM_SET_BATCH];
		struct iovec parts[DGRAM_SET_BATCH];
		union address to[DGRAM_SET_BATCH];
		union {
			size_t align;
			uint8_t bytes[CONTROL_SIZE];
		} control[DGRAM_SET_BATCH];
		/* Copied: for the kernel two parts cost more than this. */
		uint8_t packets[DGRAM_SET_BATCH][DGRAM_SET_OUT];
	} w;
};

/* A packet in the backlog; its bytes follow. */
struct record {
	struct net_addr from, to;
	unsigned socket;
	uint32_t len;
};

static size_t record_size(size_t len)
{
	return sizeof(struct record) + ((len + 7) & ~(size_t)7);
}

/* --- addresses --- */

static socklen_t put_address(union address *out, const struct net_addr *a)
{
	memset(out, 0, sizeof(*out));
	if (a->is6) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(a->port);
		memcpy(&out->v6.sin6_addr, a->bytes, 16);
		return sizeof(out->v6);
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons(a->port);
	memcpy(&out->v4.sin_addr, a->bytes, 4);
	return sizeof(out->v4);
}

static void take_address(struct net_addr *out, const union address *from)
{
	memset(out, 0, sizeof(*out));
	if (from->any.sa_family == AF_INET6) {
		out->is6 = true;
		out->port = ntohs(from->v6.sin6_port);
		memcpy(out->bytes, &from->v6.sin6_addr, 16);
	} else {
		out->port = ntohs(from->v4.sin_port);
		memcpy(out->bytes, &from->v4.sin_addr, 4);
	}
}

static bool is_unbound(const struct net_addr *a)
{
	static const uint8_t none[16];

	return memcmp(a->bytes, none, a->is6 ? 16 : 4) == 0;
}

/* --- reading --- */

static void take_control(struct msghdr *m, struct net_addr *to)
{
	struct in_pktinfo v4;
	struct in6_pktinfo v6;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			memcpy(to->bytes, &v4.ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			memcpy(to->bytes, &v6.ipi6_addr, 16);
			to->is6 = true;
		}
	}
}

/* One call; 0 when nothing is there. */
static unsigned receive(struct one *o)
{
	struct dgram_set *s = o->set;
	unsigned i;
	int got;

	for (i = 0; i < DGRAM_SET_BATCH; i++) {
		struct msghdr *m = &s->r.headers[i].msg_hdr;

		m->msg_namelen = sizeof(s->r.from[i]);
		m->msg_controllen = o->unbound ? sizeof(s->r.control[i]) : 0;
	}
	got = recvmmsg(o->fd, s->r.headers, DGRAM_SET_BATCH, MSG_DONTWAIT, NULL);
	for (i = 0; got > 0 && i < (unsigned)got; i++) {
		struct dgram_in *in = &s->r.in[i];

		in->socket = o->index;
		take_address(&in->from, &s->r.from[i]);
		memset(&in->to, 0, sizeof(in->to));
		if (o->unbound)
			take_control(&s->r.headers[i].msg_hdr, &in->to);
		in->packet = span_of(s->r.packets[i], s->r.headers[i].msg_len);
	}
	return got > 0 ? (unsigned)got : 0;
}

/* Room for a record at the end, or NULL: then the kernel keeps what comes, and drops what it has no
 * room for. */
static struct record *room(struct dgram_set *s, size_t size)
{
	size_t cap = s->cap ? s->cap : BACKLOG_FIRST;
	uint8_t *larger;

	if (s->end + size > s->cap && s->first) {
		memmove(s->backlog, s->backlog + s->first, s->end - s->first);
		s->end -= s->first;
		s->first = 0;
	}
	while (s->end + size > cap)
		cap *= 2;
	if (cap > DGRAM_SET_BACKLOG)
		return NULL;
	if (cap > s->cap) {
		larger = mem_resize(s->backlog, cap);
		if (!larger)
			return NULL;
		s->backlog = larger;
		s->cap = cap;
	}
	s->end += size;
	return (struct record *)(void *)(s->backlog + s->end - size);
}

static bool keep(struct dgram_set *s, const struct dgram_in *in)
{
	struct record *rec = room(s, record_size(in->packet.len));

	if (!rec)
		return false;
	rec->from = in->from;
	rec->to = in->to;
	rec->socket = in->socket;
	rec->len = (uint32_t)in->packet.len;
	if (in->packet.len)
		memcpy(rec + 1, in->packet.ptr, in->packet.len);
	return true;
}

static void read_door(struct one *o)
{
	struct dgram_set *s = o->set;
	unsigned got, i, taken = 0;

	do {
		if (s->end - s->first + DGRAM_SET_BATCH * record_size(DGRAM_SET_PACKET) >
			DGRAM_SET_BACKLOG)
			return;
		got = receive(o);
		for (i = 0; i < got; i++)
			if (!keep(s, &s->r.in[i]))
				s->lost++;
		taken += got;
	} while (got == DGRAM_SET_BATCH && taken < PACKETS_PER_DOOR);
}

static void look_at_doors(struct dgram_set *s)
{
	unsigned i;

	s->handled = 0;
	for (i = 0; i < s->count; i++)
		if (s->sockets[i] && s->sockets[i]->door)
			read_door(s->sockets[i]);
	if (s->first < s->end)
		event_add(&s->more, &at_once);
}

static void handed_over(struct dgram_set *s, unsigned count)
{
	s->calls->packets(s->ctx, s->r.in, count);
	dgram_set_flush(s);
	s->handled += count;
	if (s->handled >= PACKETS_PER_LOOK)
		look_at_doors(s);
}

static void serve_backlog(struct dgram_set *s)
{
	unsigned count = 0;
	size_t at = s->first;

	while (at < s->end && count < PACKETS_PER_LOOK) {
		const struct record *rec = (const void *)(s->backlog + at);

		s->r.in[count++] = (struct dgram_in){
			.socket = rec->socket,
			.from = rec->from,
			.to = rec->to,
			.packet = span_of(rec + 1, rec->len),
		};
		at += record_size(rec->len);
	}
	if (count) {
		/* Moved on before the doors are read, which may move what is left. */
		s->first = at;
		handed_over(s, count);
	}
	if (s->first < s->end) {
		event_add(&s->more, &at_once);
		return;
	}
	s->first = s->end = 0;
	if (s->cap > BACKLOG_FIRST) {
		mem_free(s->backlog);
		s->backlog = NULL;
		s->cap = 0;
	}
}

static void on_more(evutil_socket_t fd, short what, void *arg)
{
	serve_backlog(arg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct one *o = arg;
	unsigned got;

	if (o->door) {
		/* Served when all doors that have something were read. */
		read_door(o);
		event_add(&o->set->more, &at_once);
		return;
	}
	got = receive(o);
	if (got)
		handed_over(o->set, got);
}

/* --- writing --- */

static void close_one(struct one *o)
{
	if (o->door)
		shared_port_close(&o->addr, o->fd);
	else
		close(o->fd);
	mem_free(o);
}

static void close_dead(struct dgram_set *s)
{
	struct one *o;

	while ((o = s->dead)) {
		s->dead = o->dead;
		s->sockets[o->index] = NULL;
		close_one(o);
	}
}

void dgram_set_flush(struct dgram_set *s)
{
	const int fd = s->w.count ? s->sockets[s->w.socket]->fd : -1;
	struct net_addr to;
	unsigned at = 0;
	int sent;

	while (at < s->w.count) {
		sent = sendmmsg(fd, s->w.headers + at, s->w.count - at, MSG_NOSIGNAL);
		if (sent > 0) {
			at += (unsigned)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
			take_address(&to, &s->w.to[at]);
			s->calls->unsent(s->ctx, &to);
		}
		at++;
	}
	s->w.count = 0;
	close_dead(s);
}

/* The answer leaves from the address that was asked. */
static void put_control(struct msghdr *m, const struct net_addr *from)
{
	struct in6_pktinfo v6 = {.ipi6_ifindex = 0};
	struct in_pktinfo v4 = {.ipi_ifindex = 0};
	size_t len = from->is6 ? sizeof(v6) : sizeof(v4);
	struct cmsghdr *c;

	m->msg_controllen = CMSG_SPACE(len);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = from->is6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = from->is6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(len);
	if (from->is6) {
		memcpy(&v6.ipi6_addr, from->bytes, 16);
		memcpy(CMSG_DATA(c), &v6, len);
	} else {
		memcpy(&v4.ipi_spec_dst, from->bytes, 4);
		memcpy(CMSG_DATA(c), &v4, len);
	}
}

void dgram_set_send(struct dgram_set *s, const struct dgram_out *out)
{
	const struct one *o = s->sockets[out->socket];
	struct msghdr *m;
	unsigned i;

	if (!o || o->closed || out->head.len + out->body.len > DGRAM_SET_OUT)
		return;
	if (s->w.count == DGRAM_SET_BATCH || (s->w.count && s->w.socket != out->socket))
		dgram_set_flush(s);
	s->w.socket = out->socket;
	i = s->w.count++;
	if (out->head.len)
		memcpy(s->w.packets[i], out->head.ptr, out->head.len);
	if (out->body.len)
		memcpy(s->w.packets[i] + out->head.len, out->body.ptr, out->body.len);
	s->w.parts[i].iov_len = out->head.len + out->body.len;
	m = &s->w.headers[i].msg_hdr;
	m->msg_namelen = put_address(&s->w.to[i], out->to);
	m->msg_control = s->w.control[i].bytes;
	m->msg_controllen = 0;
	if (o->unbound && out->from && !is_unbound(out->from))
		put_control(m, out->from);
	else
		m->msg_control = NULL;
}

/* --- the set --- */

static void prepare_batches(struct dgram_set *s)
{
	unsigned i;

	for (i = 0; i < DGRAM_SET_BATCH; i++) {
		s->r.parts[i] = (struct iovec){s->r.packets[i], DGRAM_SET_PACKET};
		s->r.headers[i].msg_hdr = (struct msghdr){
			.msg_name = &s->r.from[i],
			.msg_iov = &s->r.parts[i],
			.msg_iovlen = 1,
			.msg_control = s->r.control[i].bytes,
		};
		s->w.parts[i].iov_base = s->w.packets[i];
		s->w.headers[i].msg_hdr = (struct msghdr){
			.msg_name = &s->w.to[i],
			.msg_iov = &s->w.parts[i],
			.msg_iovlen = 1,
		};
	}
}

enum err dgram_set_new(
	struct dgram_set **out, struct loop *l, const struct dgram_set_calls *calls, void *ctx)
{
	struct dgram_set *s = mem_new(sizeof(*s));

	if (!s)
		return ERR_NOMEM;
	s->loop = l;
	s->calls = calls;
	s->ctx = ctx;
	prepare_batches(s);
	evtimer_assign(&s->more, loop_get_base(l), on_more, s);
	*out = s;
	return ERR_OK;
}

void dgram_set_free(struct dgram_set *s)
{
	unsigned i;

	if (!s)
		return;
	event_del(&s->more);
	close_dead(s);
	for (i = 0; i < s->count; i++) {
		if (!s->sockets[i])
			continue;
		event_del(&s->sockets[i]->ev);
		close_one(s->sockets[i]);
	}
	mem_free(s->backlog);
	mem_free(s);
}

/* Where the packets were sent to: the answer has to come from there. */
static bool ask_for_address(const struct one *o, bool is6)
{
	const int one = 1;

	return setsockopt(o->fd, is6 ? IPPROTO_IPV6 : IPPROTO_IP,
		       is6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &one, sizeof(one)) == 0;
}

static unsigned free_index(const struct dgram_set *s)
{
	unsigned i;

	for (i = 0; i < s->count && s->sockets[i]; i++)
		;
	return i;
}

enum err dgram_set_open(struct dgram_set *s, const struct net_addr *addr, bool door,
	unsigned *socket, struct fail *why)
{
	unsigned index = free_index(s);
	struct one *o = index < DGRAM_SET_SOCKETS ? mem_new(sizeof(*o)) : NULL;
	enum err err = index < DGRAM_SET_SOCKETS ? ERR_NOMEM : ERR_LIMIT;

	if (!o)
		return fail_set(why, err, "%s", err_text(err));
	o->fd = door ? shared_port_open(addr, why) : sock_bind(addr, true, false, why);
	if (o->fd < 0) {
		err = (enum err)o->fd;
		mem_free(o);
		return err;
	}
	o->set = s;
	o->index = index;
	o->door = door;
	o->addr = *addr;
	o->unbound = is_unbound(addr);
	if (o->unbound && !ask_for_address(o, addr->is6)) {
		err = fail_set(why, ERR_IO, "a UDP socket cannot be set up: %s", strerror(errno));
		goto no_event;
	}
	event_assign(&o->ev, loop_get_base(s->loop), o->fd, EV_READ | EV_PERSIST, on_readable, o);
	if (event_add(&o->ev, NULL) != 0) {
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		goto no_event;
	}
	s->sockets[index] = o;
	if (index == s->count)
		s->count++;
	*socket = index;
	return ERR_OK;
no_event:
	close_one(o);
	return err;
}

void dgram_set_close(struct dgram_set *s, unsigned socket)
{
	struct one *o = s->sockets[socket];

	if (!o || o->closed)
		return;
	event_del(&o->ev);
	o->closed = true;
	o->dead = s->dead;
	s->dead = o;
}

int dgram_set_number(const struct dgram_set *s, unsigned socket)
{
	return s->sockets[socket]->fd;
}

uint64_t dgram_set_lost(struct dgram_set *s)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len;
	unsigned i;

	for (i = 0; i < s->count; i++) {
		struct one *o = s->sockets[i];

		len = sizeof(info);
		if (!o || getsockopt(o->fd, SOL_SOCKET, SO_MEMINFO, info, &len) != 0 ||
			len < (SK_MEMINFO_DROPS + 1) * sizeof(info[0]))
			continue;
		s->lost += (uint32_t)(info[SK_MEMINFO_DROPS] - o->lost);
		o->lost = info[SK_MEMINFO_DROPS];
	}
	return s->lost;
}
