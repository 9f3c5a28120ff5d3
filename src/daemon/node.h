/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_NODE_H
#define DAEMON_NODE_H

#include "base/err.h"

/* One running node: the cluster of a state folder, its workers and the services on them. */
struct node;

/* Loads certificates and keys, opens every listener and starts the workers. `folder` and the clock
 * live longer than the node. ERR_INUSE names the port and its owner. */
enum err node_start(struct node **out, const char *folder, struct fail *why) MUST_USE;

/* Appends "TFTP 127.0.0.1:6969, CAPF …": what is listened on, for the line that says ready. */
struct buf;
void node_describe(const struct node *n, struct buf *out);

/* Closes everything in order and waits for the threads. */
void node_stop(struct node *n);

#endif
