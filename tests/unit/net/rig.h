/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TEST_NET_RIG_H
#define TEST_NET_RIG_H

#include "base/buf.h"
#include "net/stream.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* A loop that a test drives, streams that remember what they saw, and peers in other processes. */
struct rig {
	struct loop *loop;
	struct loop_timer *tick;
	const unsigned *count;
	unsigned wanted;
	int64_t give_up;
};

void rig_init(struct rig *r);
void rig_fini(struct rig *r);
/* Runs the loop until *count >= wanted. Fails the test when that takes a minute. */
void rig_until(struct rig *r, const unsigned *count, unsigned wanted);
/* Runs the loop for a while, for things that must not happen. */
void rig_for(struct rig *r, int64_t us);

struct net_addr rig_loopback(uint16_t port);

/* What one stream saw. Reads and consumes all; closes on CLOSED, TIMEOUT and ERROR. */
struct seen {
	struct stream *s; /* NULL once closed */
	unsigned ready, data, drained, closed, timeout, error, over;
	struct buf in;
	enum err code;
	char text[256], cipher[64], version[16];
	size_t cert_len;
	/* Called after the event was counted; may close. */
	void (*then)(struct seen *seen, enum stream_event ev);
	void *ctx;
};
void seen_init(struct seen *seen);
void seen_fini(struct seen *seen);
stream_fn seen_event;

/* A listener whose first connections go into seen[0], seen[1], … */
struct host {
	struct listener *listener;
	struct net_addr addr;
	unsigned accepted;
	struct seen seen[4];
	void (*prepare)(struct host *h, struct seen *seen);
	void *ctx;
};
void host_init(struct host *h, struct rig *r, struct tls *tls);
void host_fini(struct host *h);

/* A command of the shell, whose output (both kinds) comes line by line. */
struct child {
	struct loop *loop;
	pthread_t thread;
	int in, out;
	int pid;
	unsigned lines, done;
	struct buf text; /* NUL at the end */
	unsigned port;   /* from a line "PORT n" or "ACCEPT 127.0.0.1:n" */
	unsigned has_port;
};
void child_start(struct child *c, struct rig *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void child_say(struct child *c, const char *line);
void child_wait(struct child *c, struct rig *r); /* ends its input, waits for its end */
bool child_said(const struct child *c, const char *what);
void child_fini(struct child *c);
/* "python3 peer.py" */
const char *rig_peer(void);

/* A temporary folder with certificates made by the openssl command: server, phone, small (RSA-1024,
 * SHA-1), each NAME.pem and NAME.key. */
extern char rig_folder[64];
int rig_certs_setup(void **state);
int rig_certs_teardown(void **state);
struct rig_cert {
	uint8_t *der;
	int len;
	void *key;
};
void rig_cert_load(struct rig_cert *c, const char *name);
void rig_cert_free(struct rig_cert *c);
struct span rig_cert_der(const struct rig_cert *c);

#endif
