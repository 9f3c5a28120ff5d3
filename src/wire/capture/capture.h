/* SPDX-License-Identifier: BSD-2-Clause
 * Packet captures (pcap files), written from a connection's bytes and read back as connections.
 * libpcap is loaded when the first file is opened, so that programs that need none do not load it.
 * spec: docs/formats/capture.md */
#ifndef WIRE_CAPTURE_CAPTURE_H
#define WIRE_CAPTURE_CAPTURE_H

#include "base/buf.h"

#include <stdbool.h>

#define CAPTURE_FILE_MAX        (256u * 1024 * 1024) /* bytes that are written to one file */
#define CAPTURE_SEGMENT         1400u                /* bytes of payload in a written packet */
#define CAPTURE_CONNECTIONS_MAX 16384u               /* TCP connections read from one file */
#define CAPTURE_STREAM_MAX      (1024u * 1024)       /* bytes kept of each direction */
#define CAPTURE_BYTES_MAX       (256u * 1024 * 1024) /* bytes kept in all */
#define CAPTURE_PENDING_MAX     256u                 /* segments waiting for an earlier one */

struct capture_end {
	uint8_t addr[16]; /* network order; 4 used for IPv4 */
	bool is6;
	uint16_t port;
};

struct capture_writer;

/* Replaces the file at `path`: link type RAW, IPv4 and IPv6 packets with valid checksums. ERR_IO;
 * ERR_UNSUPPORTED when libpcap cannot be loaded. */
enum err capture_writer_new(
	struct capture_writer **out, const char *path, struct fail *why) MUST_USE;
/* Frees the writer; the first failure since _new (ERR_IO, ERR_LIMIT, ERR_NOMEM). NULL is allowed.
 */
enum err capture_writer_close(struct capture_writer *w, struct fail *why) MUST_USE;

/* One TCP connection that is being recorded; the caller's, zeroed before capture_tcp_open. */
struct capture_tcp {
	struct capture_end ends[2]; /* client, server: both of the same family */
	uint32_t next[2];           /* sequence number of the next byte each of them sends */
	bool open;
};

/* What was sent and received on a connection: open, then data in the order it went over the wire,
 * then close; times in microseconds since 1970. Whole packets are in the file when these return.
 * They never fail: the writer keeps its first error for _close. With a NULL writer they do nothing.
 */
void capture_tcp_open(struct capture_writer *w, struct capture_tcp *t, int64_t time_us,
	const struct capture_end *client, const struct capture_end *server);
void capture_tcp_data(struct capture_writer *w, struct capture_tcp *t, int64_t time_us,
	bool from_client, struct span bytes);
void capture_tcp_close(struct capture_writer *w, struct capture_tcp *t, int64_t time_us);

/* A connection read from a capture. Who sent the first SYN is the client; where no SYN was
 * recorded, the end with the higher port. */
struct capture_connection {
	struct capture_end client, server;
	int64_t first_us, last_us;
	struct span to_server, to_client; /* borrowed until the callback returns */
	bool from_start;                  /* both SYN were seen */
	bool closed;                      /* FIN or RST was seen */
	bool gaps; /* bytes are missing: a stream ends before its first gap */
	bool cut;  /* more than CAPTURE_STREAM_MAX in a direction */
};

/* Anything but ERR_OK ends the walk and is what capture_read returns. */
typedef enum err (*capture_fn)(void *ctx, const struct capture_connection *c);

/* Hands out every TCP connection of a pcap or pcapng file in the order of their first packets. Link
 * types RAW, EN10MB (with VLAN tags), LINUX_SLL and LINUX_SLL2; IP fragments and what is not TCP
 * are left out. ERR_NOTFOUND, ERR_IO, ERR_FORMAT (not a capture, or damaged: what stood before the
 * damage was handed out), ERR_UNSUPPORTED (link type; no libpcap), ERR_LIMIT. */
enum err capture_read(const char *path, capture_fn fn, void *ctx, struct fail *why) MUST_USE;

#endif
