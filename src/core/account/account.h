/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include "core/cluster/cluster.h"

/* Administrators' accounts for what comes over the network (CTL Provider; later the page).
 * Passwords as Argon2id (crypto/password.h); after ACCOUNT_FREE failures in a row each further try
 * has to wait, doubling from one second to a minute; after ACCOUNT_LOCK the account is locked for
 * half an hour. An unknown name costs the same time and gives the same answer as a wrong password.
 * Every failure and success is audited. */
#define ACCOUNT_FREE         3
#define ACCOUNT_LOCK         10
#define ACCOUNT_PASSWORD_MIN 8
#define ACCOUNT_PASSWORD_MAX 128

struct account {
	char name[STORE_NAME];
	int64_t failures, locked_until, last_login; /* seconds since 1970; 0 none */
};
enum err account_set(
	struct cluster *c, const char *name, const char *password, struct fail *why) MUST_USE;
enum err account_delete(struct cluster *c, const char *name, struct fail *why) MUST_USE;
enum err account_unlock(struct cluster *c, const char *name, struct fail *why) MUST_USE;
enum err account_each(struct cluster *c, enum err (*each)(void *ctx, const struct account *a),
	void *ctx, struct fail *why) MUST_USE;
/* ERR_DENIED for a wrong password or unknown name, ERR_LOCKED with *wait (seconds) while it must
 * wait. Blocks for the hash (about 50 ms): in a pool. */
enum err account_login(struct cluster *c, const char *name, struct span password, const char *from,
	int64_t *wait, struct fail *why) MUST_USE;

#endif
