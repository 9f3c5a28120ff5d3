/* SPDX-License-Identifier: BSD-2-Clause
 * The phone's file transfers: plain TFTP reads (RFC 1350, octet, blocks of 512 bytes, no options).
 */
#ifndef SIM_TFTP_H
#define SIM_TFTP_H

#include "base/buf.h"
#include "net/addr.h"
#include "net/loop.h"

#define SIM_FETCH_MAX   (17u * 1024 * 1024) /* bytes of a file that is taken */
#define SIM_FETCH_TRIES 5                   /* packets sent without an answer before giving up */
#define SIM_FETCH_US    1000000ll           /* wait for an answer */

/* One transfer. `done` is called once, never inside sim_fetch_start: ERR_OK with the content,
 * ERR_NOTFOUND (error 1), ERR_DENIED (error 2), ERR_PROTO (other errors), ERR_TIMEOUT, ERR_LIMIT.
 * The transfer is over then and frees itself after the call; `content` lives until it returns. */
struct sim_fetch;
typedef void sim_fetch_fn(void *ctx, enum err err, struct span content, const struct fail *why);

enum err sim_fetch_start(struct sim_fetch **out, struct loop *l, const struct net_addr *server,
	const char *name, sim_fetch_fn *done, void *ctx, struct fail *why) MUST_USE;
/* Ends a transfer without calling `done`; NULL allowed. */
void sim_fetch_free(struct sim_fetch *f);

#endif
