/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "net/stream.h"
#include "net/tls_priv.h"

/* Inside this folder only: a connected socket with or without TLS, without waiting and without
 * events. */
struct link {
	int fd;
	SSL *ssl; /* NULL on plain TCP */
	struct tls_peer peer;
	bool open;    /* the handshake is over */
	bool spoilt;  /* libssl must not be asked for anything any more */
	bool alerted; /* an alert of ours is on its way to the peer */
	bool last;    /* what is written now may wait for link_end */
	stream_tap_fn *tap;
	void *tap_ctx;
};

enum link_result { LINK_DONE, LINK_WANT_READ, LINK_WANT_WRITE, LINK_END, LINK_FAILED };

/* Takes `fd`, also when it fails. ERR_NOMEM. */
enum err link_init(struct link *k, int fd, struct tls *tls) MUST_USE;
/* Says goodbye if it can without waiting, and closes. */
void link_fini(struct link *k);

enum link_result link_handshake(struct link *k, struct fail *why) MUST_USE;
enum link_result link_read(
	struct link *k, uint8_t *out, size_t size, size_t *len, struct fail *why) MUST_USE;
/* At most one TLS record. */
enum link_result link_write(
	struct link *k, struct span bytes, size_t *len, struct fail *why) MUST_USE;
/* Nothing has come that was not read. */
bool link_is_quiet(const struct link *k);
/* Tells the peer that nothing follows. */
enum link_result link_end(struct link *k) MUST_USE;
/* Whether a read that gave something took all that is inside libssl; never without TLS. */
bool link_drained(const struct link *k);
/* Throws away what has come; LINK_END when the peer is through, else LINK_WANT_READ. */
enum link_result link_discard(struct link *k, uint8_t *scratch, size_t size) MUST_USE;

#endif
