/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/capture/flows.h"
#include "base/mem.h"
#include "wire/cursor.h"

#include <pcap/dlt.h>

#define BUCKETS       4096u
#define FIRST_FLOWS   16u
#define VLAN_TAGS_MAX 2u
/* A segment further ahead than this belongs to no stream that is kept. */
#define AHEAD_MAX (16 * 1024 * 1024)

#define ETHER_IP4   0x0800u
#define ETHER_IP6   0x86DDu
#define ETHER_VLAN  0x8100u
#define ETHER_QINQ  0x88A8u
#define IP_FRAGMENT 0x3FFFu /* more fragments, or an offset */
#define IP_TCP      6u

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_ACK 0x10u

#ifndef DLT_LINUX_SLL2
#define DLT_LINUX_SLL2 276
#endif

/* A segment that came before an earlier one. */
struct pending {
	struct pending *next;
	uint32_t seq;
	size_t len;
	uint8_t bytes[];
};

struct stream {
	struct buf bytes;
	bool known; /* `next` is valid */
	uint32_t next;
	bool cut;
	struct pending *pending;
	size_t pending_count;
};

struct flow {
	struct capture_end ends[2]; /* client, server */
	struct stream streams[2];   /* sent by the client, by the server */
	int64_t first_us, last_us;
	uint32_t isn;
	bool syn, syn_ack, closed, lost;
	uint32_t next_in_bucket; /* index + 1; 0 ends */
};

struct capture_flows {
	struct flow *flows;
	size_t count, cap;
	uint32_t buckets[BUCKETS];
	size_t bytes; /* kept in all streams */
};

struct segment {
	struct capture_end src, dst;
	uint32_t seq;
	uint8_t flags;
	struct span payload;
};

struct capture_flows *capture_flows_new(void)
{
	return mem_new(sizeof(struct capture_flows));
}

static void stream_fini(struct stream *s)
{
	struct pending *p;

	while ((p = s->pending)) {
		s->pending = p->next;
		mem_free(p);
	}
	buf_fini(&s->bytes);
}

void capture_flows_free(struct capture_flows *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < f->count; i++) {
		stream_fini(&f->flows[i].streams[0]);
		stream_fini(&f->flows[i].streams[1]);
	}
	mem_free(f->flows);
	mem_free(f);
}

bool capture_flows_link(int link)
{
	return link == DLT_RAW || link == DLT_EN10MB || link == DLT_LINUX_SLL ||
	       link == DLT_LINUX_SLL2;
}

/* The link header; false when no IP packet follows. */
static bool read_link(struct cursor *c, int link)
{
	unsigned type, tags;

	switch (link) {
	case DLT_RAW: return true;
	case DLT_EN10MB:
		cur_skip(c, 12, "addresses");
		type = cur_be16(c, "type");
		for (tags = 0; tags < VLAN_TAGS_MAX && (type == ETHER_VLAN || type == ETHER_QINQ);
			tags++) {
			cur_skip(c, 2, "tag");
			type = cur_be16(c, "type");
		}
		break;
	case DLT_LINUX_SLL:
		cur_skip(c, 14, "link header");
		type = cur_be16(c, "type");
		break;
	case DLT_LINUX_SLL2:
		type = cur_be16(c, "type");
		cur_skip(c, 18, "link header");
		break;
	default: return false;
	}
	return type == ETHER_IP4 || type == ETHER_IP6;
}

/* Sets *inner over what the IP header says follows it, without padding of the link; a length of 0
 * is what a host sees that leaves cutting to its network card. */
static bool read_ip(struct cursor *c, struct segment *s, struct cursor *inner)
{
	uint8_t first = cur_u8(c, "version"), protocol;
	size_t length, header, fragment = 0;

	s->src.is6 = s->dst.is6 = first >> 4 == 6;
	if (s->src.is6) {
		cur_skip(c, 3, "flow");
		length = cur_be16(c, "length");
		protocol = cur_u8(c, "next header");
		cur_skip(c, 1, "hop limit");
		header = 0;
	} else {
		cur_skip(c, 1, "service");
		length = cur_be16(c, "length");
		cur_skip(c, 2, "identification");
		fragment = cur_be16(c, "fragment") & IP_FRAGMENT;
		cur_skip(c, 1, "time to live");
		protocol = cur_u8(c, "protocol");
		cur_skip(c, 2, "checksum");
		header = 4 * (size_t)(first & 0x0F);
	}
	if (cur_check(c) || (first >> 4 != 4 && first >> 4 != 6) || protocol != IP_TCP || fragment)
		return false;
	if (s->src.is6) {
		struct span src = cur_take(c, 16, "source"), dst = cur_take(c, 16, "destination");

		if (cur_check(c))
			return false;
		memcpy(s->src.addr, src.ptr, 16);
		memcpy(s->dst.addr, dst.ptr, 16);
	} else {
		struct span src = cur_take(c, 4, "source"), dst = cur_take(c, 4, "destination");

		if (cur_check(c) || header < 20 || (length && length < header))
			return false;
		memcpy(s->src.addr, src.ptr, 4);
		memcpy(s->dst.addr, dst.ptr, 4);
		cur_skip(c, header - 20, "options");
		length = length ? length - header : 0;
	}
	if (!length || length > cur_left(c))
		length = cur_left(c);
	cur_sub(c, inner, length, "TCP");
	return cur_check(c) == ERR_OK;
}

static bool read_tcp(struct cursor *c, struct segment *s)
{
	size_t header;

	s->src.port = cur_be16(c, "source");
	s->dst.port = cur_be16(c, "destination");
	s->seq = cur_be32(c, "sequence number");
	cur_skip(c, 4, "acknowledgement");
	header = 4 * (size_t)(cur_u8(c, "offset") >> 4);
	s->flags = cur_u8(c, "flags");
	cur_skip(c, 6, "window, checksum, urgent");
	if (cur_check(c) || header < 20)
		return false;
	cur_skip(c, header - 20, "options");
	s->payload = cur_take(c, cur_left(c), "payload");
	return cur_check(c) == ERR_OK;
}

static bool end_same(const struct capture_end *a, const struct capture_end *b)
{
	return a->port == b->port && a->is6 == b->is6 &&
	       memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static uint32_t end_hash(const struct capture_end *e)
{
	uint32_t h = 2166136261u ^ e->port;
	size_t i;

	for (i = 0; i < sizeof(e->addr); i++)
		h = (h ^ e->addr[i]) * 16777619u;
	return h;
}

/* The same for both directions. */
static uint32_t *bucket_of(struct capture_flows *f, const struct segment *s)
{
	return &f->buckets[(end_hash(&s->src) + end_hash(&s->dst)) % BUCKETS];
}

/* The newest connection between the two ends: ports may be used again. */
static struct flow *find(struct capture_flows *f, const struct segment *s, unsigned *from)
{
	uint32_t i;

	for (i = *bucket_of(f, s); i; i = f->flows[i - 1].next_in_bucket) {
		struct flow *flow = &f->flows[i - 1];

		for (*from = 0; *from < 2; (*from)++)
			if (end_same(&flow->ends[*from], &s->src) &&
				end_same(&flow->ends[!*from], &s->dst))
				return flow;
	}
	return NULL;
}

static enum err add(struct capture_flows *f, const struct segment *s, int64_t time_us,
	struct flow **out, unsigned *from, struct fail *why)
{
	size_t cap = f->cap ? 2 * f->cap : FIRST_FLOWS;
	uint32_t *bucket = bucket_of(f, s);
	struct flow *flow;

	if (f->count == CAPTURE_CONNECTIONS_MAX)
		return fail_set(why, ERR_LIMIT, "packet capture: more than %u connections",
			CAPTURE_CONNECTIONS_MAX);
	if (f->count == f->cap) {
		flow = mem_resize(f->flows, cap * sizeof(*flow));
		if (!flow)
			return fail_set(why, ERR_NOMEM, "packet capture: %s", err_text(ERR_NOMEM));
		f->flows = flow;
		f->cap = cap;
	}
	flow = &f->flows[f->count++];
	memset(flow, 0, sizeof(*flow));
	if (s->flags & TCP_SYN)
		*from = s->flags & TCP_ACK ? 1 : 0;
	else
		*from = s->src.port < s->dst.port ? 1 : 0;
	flow->ends[*from] = s->src;
	flow->ends[!*from] = s->dst;
	flow->first_us = time_us;
	flow->next_in_bucket = *bucket;
	*bucket = (uint32_t)f->count;
	*out = flow;
	return ERR_OK;
}

/* Appends what is new of bytes that begin at or before the next one. */
static enum err append(struct capture_flows *f, struct stream *s, uint32_t seq, struct span bytes)
{
	size_t old = s->next - seq, room = CAPTURE_STREAM_MAX - s->bytes.len;

	if (old >= bytes.len)
		return ERR_OK;
	bytes = span_of(bytes.ptr + old, bytes.len - old);
	s->next += (uint32_t)bytes.len;
	if (bytes.len > room) {
		s->cut = true;
		bytes.len = room;
	}
	f->bytes += bytes.len;
	buf_put(&s->bytes, bytes);
	return buf_check(&s->bytes);
}

static enum err keep(
	struct capture_flows *f, struct stream *s, uint32_t seq, struct span bytes, bool *lost)
{
	struct pending *p;

	if (s->pending_count == CAPTURE_PENDING_MAX) {
		*lost = true;
		return ERR_OK;
	}
	p = mem_new(sizeof(*p) + bytes.len);
	if (!p)
		return ERR_NOMEM;
	p->seq = seq;
	p->len = bytes.len;
	memcpy(p->bytes, bytes.ptr, bytes.len);
	p->next = s->pending;
	s->pending = p;
	s->pending_count++;
	f->bytes += bytes.len;
	return ERR_OK;
}

/* Takes what waited and now fits, until nothing does. */
static enum err take_pending(struct capture_flows *f, struct stream *s)
{
	struct pending **at = &s->pending, *p;
	enum err err = ERR_OK;

	while (!err && (p = *at)) {
		if ((int32_t)(p->seq - s->next) > 0) {
			at = &p->next;
			continue;
		}
		err = append(f, s, p->seq, span_of(p->bytes, p->len));
		*at = p->next;
		s->pending_count--;
		f->bytes -= p->len;
		mem_free(p);
		at = &s->pending;
	}
	return err;
}

static enum err take_payload(
	struct capture_flows *f, struct flow *flow, struct stream *s, const struct segment *seg)
{
	uint32_t seq = seg->seq + !!(seg->flags & TCP_SYN);
	int32_t ahead;
	enum err err;

	if (!s->known) {
		s->known = true;
		s->next = seq;
	}
	ahead = (int32_t)(seq - s->next);
	if (!seg->payload.len || ahead < -AHEAD_MAX || ahead > AHEAD_MAX)
		return ERR_OK;
	if (ahead > 0)
		return keep(f, s, seq, seg->payload, &flow->lost);
	err = append(f, s, seq, seg->payload);
	return err ? err : take_pending(f, s);
}

enum err capture_flows_packet(
	struct capture_flows *f, int link, int64_t time_us, struct span packet, struct fail *why)
{
	struct cursor c, inner;
	struct segment s = {0};
	struct flow *flow;
	unsigned from;
	enum err err;

	cur_init(&c, packet, "packet", NULL);
	if (!read_link(&c, link) || !read_ip(&c, &s, &inner) || !read_tcp(&inner, &s))
		return ERR_OK;
	flow = find(f, &s, &from);
	if (!flow ||
		((s.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && flow->syn && flow->isn != s.seq)) {
		err = add(f, &s, time_us, &flow, &from, why);
		if (err)
			return err;
	}
	flow->last_us = time_us;
	if ((s.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		flow->syn = true;
		flow->isn = s.seq;
	}
	flow->syn_ack |= (s.flags & TCP_SYN) && (s.flags & TCP_ACK);
	flow->closed |= (s.flags & (TCP_FIN | TCP_RST)) != 0;
	err = s.flags & TCP_RST ? ERR_OK : take_payload(f, flow, &flow->streams[from], &s);
	if (!err && f->bytes > CAPTURE_BYTES_MAX)
		return fail_set(why, ERR_LIMIT, "packet capture: more than %u bytes in connections",
			CAPTURE_BYTES_MAX);
	return err ? fail_set(why, err, "packet capture: %s", err_text(err)) : ERR_OK;
}

enum err capture_flows_each(struct capture_flows *f, capture_fn fn, void *ctx)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < f->count && !err; i++) {
		struct flow *flow = &f->flows[i];
		struct stream *s = flow->streams;
		struct capture_connection c = {
			.client = flow->ends[0],
			.server = flow->ends[1],
			.first_us = flow->first_us,
			.last_us = flow->last_us,
			.to_server = buf_span(&s[0].bytes),
			.to_client = buf_span(&s[1].bytes),
			.from_start = flow->syn && flow->syn_ack,
			.closed = flow->closed,
			.gaps = flow->lost || s[0].pending || s[1].pending,
			.cut = s[0].cut || s[1].cut,
		};

		err = fn(ctx, &c);
	}
	return err;
}
