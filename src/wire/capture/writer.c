/* SPDX-License-Identifier: BSD-2-Clause
 * Makes the packets that a connection's bytes could have travelled in. */
#include "wire/capture/capture.h"
#include "wire/capture/pcap_lib.h"
#include "base/mem.h"

#define SNAPLEN     65535
#define FILE_HEADER 24u
#define PACKET_HEAD 16u /* before each packet in the file */

#define PROTOCOL_TCP  6u
#define HOP_LIMIT     64u
#define DONT_FRAGMENT 0x4000u
#define IP4_HEADER    20u
#define TCP_HEADER    20u
#define WINDOW        65535u
#define ACK_EVERY     32u /* segments: fewer bytes than the window */

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u

struct capture_writer {
	struct pcap_lib lib;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	size_t written;
	uint16_t ip_id;
	uint32_t connections;
	struct buf packet;
	enum err err;
};

static void writer_free(struct capture_writer *w)
{
	if (w->dumper)
		w->lib.dump_close(w->dumper);
	if (w->pcap)
		w->lib.close(w->pcap);
	pcap_lib_unload(&w->lib);
	buf_fini(&w->packet);
	mem_free(w);
}

enum err capture_writer_new(struct capture_writer **out, const char *path, struct fail *why)
{
	struct capture_writer *w = mem_new(sizeof(*w));
	enum err err;

	*out = NULL;
	if (!w)
		return fail_set(why, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
	err = pcap_lib_load(&w->lib, why);
	if (err)
		goto fail;
	w->pcap = w->lib.open_dead(DLT_RAW, SNAPLEN);
	if (!w->pcap) {
		err = fail_set(why, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
		goto fail;
	}
	w->dumper = w->lib.dump_open(w->pcap, path);
	if (!w->dumper) {
		err = fail_set(why, ERR_IO, "%s", w->lib.geterr(w->pcap));
		goto fail;
	}
	w->written = FILE_HEADER;
	if (w->lib.dump_flush(w->dumper)) {
		err = fail_set(why, ERR_IO, "%s: cannot be written", path);
		goto fail;
	}
	*out = w;
	return ERR_OK;
fail:
	writer_free(w);
	return err;
}

enum err capture_writer_close(struct capture_writer *w, struct fail *why)
{
	enum err err;

	if (!w)
		return ERR_OK;
	err = w->err;
	if (!err && w->lib.dump_flush(w->dumper))
		err = ERR_IO;
	writer_free(w);
	return err ? fail_set(why, err, "packet capture: %s", err_text(err)) : ERR_OK;
}

/* RFC 1071, over an even offset. */
static uint32_t sum16(uint32_t sum, const uint8_t *ptr, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? ptr[i] : (uint32_t)ptr[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_ip(
	struct buf *p, const struct capture_tcp *t, unsigned from, uint16_t id, size_t len)
{
	const struct capture_end *src = &t->ends[from], *dst = &t->ends[!from];

	if (src->is6) {
		buf_be32(p, 0x60000000);
		buf_be16(p, (uint16_t)len);
		buf_u8(p, PROTOCOL_TCP);
		buf_u8(p, HOP_LIMIT);
		buf_put(p, span_of(src->addr, 16));
		buf_put(p, span_of(dst->addr, 16));
		return;
	}
	buf_be16(p, 0x4500);
	buf_be16(p, (uint16_t)(IP4_HEADER + len));
	buf_be16(p, id);
	buf_be16(p, DONT_FRAGMENT);
	buf_u8(p, HOP_LIMIT);
	buf_u8(p, PROTOCOL_TCP);
	buf_be16(p, 0);
	buf_put(p, span_of(src->addr, 4));
	buf_put(p, span_of(dst->addr, 4));
	if (!buf_check(p))
		buf_set_be16(p, 10, fold(sum16(0, p->data, IP4_HEADER)));
}

static uint16_t tcp_checksum(const struct capture_tcp *t, const uint8_t *tcp, size_t len)
{
	size_t addr = t->ends[0].is6 ? 16 : 4;
	uint32_t sum = PROTOCOL_TCP + (uint32_t)len;

	sum = sum16(sum, t->ends[0].addr, addr);
	sum = sum16(sum, t->ends[1].addr, addr);
	return fold(sum16(sum, tcp, len));
}

static void put_packet(struct capture_writer *w, struct capture_tcp *t, int64_t time_us,
	unsigned from, unsigned flags, struct span bytes)
{
	struct buf *p = &w->packet;
	struct pcap_pkthdr head = {0};
	size_t tcp;

	if (w->err)
		return;
	buf_clear(p);
	put_ip(p, t, from, w->ip_id++, TCP_HEADER + bytes.len);
	tcp = p->len;
	buf_be16(p, t->ends[from].port);
	buf_be16(p, t->ends[!from].port);
	buf_be32(p, t->next[from]);
	buf_be32(p, flags & TCP_ACK ? t->next[!from] : 0);
	buf_be16(p, (uint16_t)(TCP_HEADER / 4 << 12 | flags));
	buf_be16(p, WINDOW);
	buf_be32(p, 0);
	buf_put(p, bytes);
	if (!buf_check(p))
		buf_set_be16(p, tcp + 16, tcp_checksum(t, p->data + tcp, p->len - tcp));
	w->err = buf_check(p);
	if (!w->err && w->written + PACKET_HEAD + p->len > CAPTURE_FILE_MAX)
		w->err = ERR_LIMIT;
	if (w->err)
		return;
	head.ts.tv_sec = time_us / 1000000;
	head.ts.tv_usec = time_us % 1000000;
	head.caplen = head.len = (bpf_u_int32)p->len;
	w->lib.dump((u_char *)w->dumper, &head, p->data);
	w->written += PACKET_HEAD + p->len;
	t->next[from] += (uint32_t)bytes.len + !!(flags & (TCP_SYN | TCP_FIN));
}

static void flush(struct capture_writer *w)
{
	if (!w->err && w->lib.dump_flush(w->dumper))
		w->err = ERR_IO;
}

void capture_tcp_open(struct capture_writer *w, struct capture_tcp *t, int64_t time_us,
	const struct capture_end *client, const struct capture_end *server)
{
	const struct span none = {0};

	if (!w)
		return;
	t->ends[0] = *client;
	t->ends[1] = *server;
	t->open = true;
	/* Differs per connection: the same ports may be used again in one file. */
	t->next[0] = ++w->connections << 16;
	t->next[1] = t->next[0] + 0x8000;
	put_packet(w, t, time_us, 0, TCP_SYN, none);
	put_packet(w, t, time_us, 1, TCP_SYN | TCP_ACK, none);
	put_packet(w, t, time_us, 0, TCP_ACK, none);
	flush(w);
}

void capture_tcp_data(struct capture_writer *w, struct capture_tcp *t, int64_t time_us,
	bool from_client, struct span bytes)
{
	const struct span none = {0};
	unsigned from = from_client ? 0 : 1, count = 0;
	size_t at, len;

	if (!w || !t->open || !bytes.len)
		return;
	for (at = 0; at < bytes.len; at += len) {
		bool last;

		len = bytes.len - at < CAPTURE_SEGMENT ? bytes.len - at : CAPTURE_SEGMENT;
		last = at + len == bytes.len;
		put_packet(w, t, time_us, from, TCP_ACK | (last ? TCP_PSH : 0),
			span_of(bytes.ptr + at, len));
		if (last || ++count % ACK_EVERY == 0)
			put_packet(w, t, time_us, !from, TCP_ACK, none);
	}
	flush(w);
}

void capture_tcp_close(struct capture_writer *w, struct capture_tcp *t, int64_t time_us)
{
	const struct span none = {0};

	if (!w || !t->open)
		return;
	t->open = false;
	put_packet(w, t, time_us, 0, TCP_FIN | TCP_ACK, none);
	put_packet(w, t, time_us, 1, TCP_FIN | TCP_ACK, none);
	put_packet(w, t, time_us, 0, TCP_ACK, none);
	flush(w);
}
