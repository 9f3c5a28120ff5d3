/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include "core/cluster/cluster.h"

/* Administrators' accounts for what comes over the network (CTL Provider; later the page).
 * Passwords as Argon2id (crypto/password.h); after ACCOUNT_FREE failures in a row each further try
 * has to wait, doubling from one second to a minute; after ACCOUNT_LOCK the account is locked for
 * half an hour, and again after each further failure. A try counts as failed until it has
 * succeeded, so that neither many at once nor a kill gives more of them. An unknown name costs the
 * same time, waits alike and gives the same answer as a wrong password. */
#define ACCOUNT_FREE         3
#define ACCOUNT_LOCK         10
#define ACCOUNT_WAIT_MAX     60   /* seconds */
#define ACCOUNT_LOCK_SECONDS 1800 /* half an hour */
#define ACCOUNT_PASSWORD_MIN 8
#define ACCOUNT_PASSWORD_MAX 128
#define ACCOUNT_STRANGERS    1000 /* unknown names whose tries are remembered */

struct account {
	char name[STORE_NAME];
	int64_t failures; /* in a row */
	/* Seconds since 1970; 0 none. */
	int64_t wait_until, locked_until, last_failure, last_login;
};

/* 1 to 63 letters, digits, '.', '-', '_' and '@'; they compare without regard to case. */
bool account_name_good(const char *name);

/* ERR_ARG for a name or password that cannot be, ERR_EXISTS. */
enum err account_add(
	struct cluster *c, const char *name, struct span password, struct fail *why) MUST_USE;
/* Also ends waiting and lock. ERR_NOTFOUND. */
enum err account_set_password(
	struct cluster *c, const char *name, struct span password, struct fail *why) MUST_USE;
/* ERR_NOTFOUND. */
enum err account_delete(struct cluster *c, const char *name, struct fail *why) MUST_USE;
enum err account_unlock(struct cluster *c, const char *name, struct fail *why) MUST_USE;
enum err account_each(struct cluster *c, enum err (*each)(void *ctx, const struct account *a),
	void *ctx, struct fail *why) MUST_USE;

/* ERR_DENIED for a wrong password or unknown name, ERR_LOCKED with *wait (seconds) while it must
 * wait. Every try that was judged is audited, `from` being the address; no login is good that
 * could not be. Blocks for the hash (about 50 ms): in a pool. */
enum err account_login(struct cluster *c, const char *name, struct span password, const char *from,
	int64_t *wait, struct fail *why) MUST_USE;

#endif
