/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_CTLPROVIDER_H
#define CLIENT_CTLPROVIDER_H

#include "crypto/cert.h"
#include "wire/json.h"

/* What the CTL client says to one node, over HTTPS. Every call blocks, for at most the time that
 * was given. spec: docs/formats/ctl-provider.md */
#define CLIENT_CTL_PORT        2444
#define CLIENT_CTL_ANSWER_MAX  (1024u * 1024) /* bytes of an answer that are read at all */
#define CLIENT_CTL_FINGERPRINT 32u            /* SHA-256 of the certificate's DER */
#define CLIENT_CTL_HOST        256

struct client_ctl_server {
	const char *host; /* name or address */
	int port;
	int64_t timeout_us; /* for one request, connecting and shaking hands included */
};

/* What a node shows before anybody trusts it: nothing is sent to it. */
struct client_ctl_face {
	uint8_t fingerprint[CLIENT_CTL_FINGERPRINT];
	char pin[64];     /* libcurl's form of the public key's SHA-256 */
	char address[64]; /* that the name stands for */
};

/* ERR_NOTFOUND when the name cannot be resolved, ERR_CLOSED when nobody listens or the connection
 * is cut, ERR_TIMEOUT, ERR_PROTO when it is no node, and in the requests below ERR_TLS when it
 * shows another key than it did here. */
enum err client_ctl_probe(
	const struct client_ctl_server *s, struct client_ctl_face *out, struct fail *why) MUST_USE;

/* A conversation with the node that shows this key and no other. Name and password are copied and
 * wiped by client_ctl_free. */
struct client_ctl;
enum err client_ctl_new(struct client_ctl **out, const struct client_ctl_server *s,
	const struct client_ctl_face *face, const char *user, const char *password,
	struct fail *why) MUST_USE;
void client_ctl_free(struct client_ctl *c);

/* The requests. Besides what client_ctl_probe says: ERR_DENIED for the account, ERR_LOCKED when it
 * has to wait (client_ctl_wait), ERR_TRUST, ERR_NOTFOUND, ERR_BUSY (another publication waits),
 * ERR_EXISTS (the CTL is not the one that was seen), ERR_LIMIT, ERR_VERIFY (the list cannot be
 * used), ERR_IO (the node could not), ERR_PROTO (no sense in the answer); *why holds the node's
 * sentence. After ERR_TIMEOUT and ERR_CLOSED the node may have done it all the same:
 * client_ctl_unsure. */
enum err client_ctl_node(struct client_ctl *c, struct json **out, struct fail *why) MUST_USE;
enum err client_ctl_list(struct client_ctl *c, struct buf *out, struct fail *why) MUST_USE;
/* `present` is the SHA-256 of the CTL that was seen; NULL: there was none. */
enum err client_ctl_stage(struct client_ctl *c, const char *id, struct span list,
	const uint8_t *present, struct fail *why) MUST_USE;
enum err client_ctl_activate(struct client_ctl *c, const char *id, struct fail *why) MUST_USE;
enum err client_ctl_abort(struct client_ctl *c, const char *id, struct fail *why) MUST_USE;

/* True when a request that failed so may have had its effect. */
bool client_ctl_unsure(enum err err);
/* Seconds that the last answer wants to be waited; 0 none. */
long client_ctl_wait(const struct client_ctl *c);

/* Colons between pairs of upper-case hex digits; and back, colons or not. ERR_FORMAT. */
#define CLIENT_CTL_FINGERPRINT_TEXT 96
void client_ctl_fingerprint_print(
	const uint8_t fingerprint[CLIENT_CTL_FINGERPRINT], char out[CLIENT_CTL_FINGERPRINT_TEXT]);
enum err client_ctl_fingerprint_parse(
	const char *text, uint8_t out[CLIENT_CTL_FINGERPRINT]) MUST_USE;

#endif
