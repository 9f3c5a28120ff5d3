/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"

#include <stdbool.h>

/* What must survive: rows, not decisions. One SQL text for every backend: parameters are `$name`,
 * types TEXT, BIGINT and bytes only, numbered migrations. A store is used by one thread at a time;
 * open one per thread. Row structs belong to this folder; core maps them. */
struct store;

/* "sqlite:<path>" (WAL) or "ram:" (SQLite in memory, for tests and dry runs). Runs the migrations.
 */
enum err store_open(struct store **out, const char *url, struct fail *why) MUST_USE;
void store_close(struct store *s);

/* A consistent copy of everything, as an SQLite file that is complete in itself: `path` must not
 * exist, or be empty. Others may read and write meanwhile. Not inside a transaction. */
enum err store_copy(struct store *s, const char *path, struct fail *why) MUST_USE;

/* Runs `fn` inside a transaction; run again from the start when the database was busy, so it must
 * only read and write the store. Its error rolls back and is returned. */
enum err store_transaction(struct store *s,
	enum err (*fn)(void *ctx, struct store *s, struct fail *why), void *ctx,
	struct fail *why) MUST_USE;

#define STORE_NAME 64 /* names, with NUL */
#define STORE_TEXT 128

/* Cluster-wide parameters, e.g. "ClusterSecurityMode" = "1". ERR_NOTFOUND. */
enum err store_param_get(
	struct store *s, const char *name, char out[STORE_TEXT], struct fail *why) MUST_USE;
enum err store_param_set(
	struct store *s, const char *name, const char *value, struct fail *why) MUST_USE;

struct store_node {
	char name[STORE_NAME];    /* "publisher" */
	char address[STORE_NAME]; /* as lists and configuration name it */
	int64_t port;             /* of its CTL Provider; 0: the one of the settings */
};
enum err store_node_put(struct store *s, const struct store_node *n, struct fail *why) MUST_USE;
enum err store_node_each(struct store *s, enum err (*each)(void *ctx, const struct store_node *n),
	void *ctx, struct fail *why) MUST_USE;
/* ERR_NOTFOUND. */
enum err store_node_get(
	struct store *s, const char *name, struct store_node *out, struct fail *why) MUST_USE;
enum err store_node_delete(struct store *s, const char *name, struct fail *why) MUST_USE;

/* An administrator's account, and what failed at its name. Tries at names that nobody has are
 * counted alike, in rows whose hash is "": store_account_each leaves them out. */
struct store_account {
	char name[STORE_NAME];            /* found in any case of its letters */
	char hash[STORE_TEXT];            /* as crypto/password.h writes it; "" nobody's */
	int64_t failures;                 /* in a row */
	int64_t wait_until;               /* no try is looked at before, seconds since 1970 */
	int64_t last_failure, last_login; /* seconds since 1970; 0 never */
};
enum err store_account_put(
	struct store *s, const struct store_account *a, struct fail *why) MUST_USE;
/* ERR_NOTFOUND. */
enum err store_account_get(
	struct store *s, const char *name, struct store_account *out, struct fail *why) MUST_USE;
enum err store_account_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_account *a), void *ctx,
	struct fail *why) MUST_USE;
/* ERR_NOTFOUND. */
enum err store_account_delete(struct store *s, const char *name, struct fail *why) MUST_USE;
/* Forgets the tries at names that nobody has, but for the newest `keep`. */
enum err store_account_forget_strangers(struct store *s, int64_t keep, struct fail *why) MUST_USE;

struct store_profile {
	char name[STORE_NAME];
	int64_t security_mode;    /* 1 non secure, 2 authenticated, 3 encrypted */
	int64_t encrypted_config; /* TFTP Encrypted Config */
	int64_t auth_mode;        /* as capfAuthMode: 1 string, 2 null string, 3 LSC, 4 MIC */
	int64_t key_bits;         /* RSA key size asked of the phone */
};
enum err store_profile_put(
	struct store *s, const struct store_profile *p, struct fail *why) MUST_USE;
enum err store_profile_get(
	struct store *s, const char *name, struct store_profile *out, struct fail *why) MUST_USE;
enum err store_profile_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_profile *p), void *ctx,
	struct fail *why) MUST_USE;

struct store_device {
	char name[16]; /* SEP<MAC>, upper case; the key */
	int64_t model; /* SCCP device type, e.g. 30018 */
	char description[STORE_TEXT];
	char number[25];  /* directory number of line 1; "" for none */
	char display[41]; /* display name of line 1 */
	char profile[STORE_NAME];
	int64_t operation; /* pending certificate operation: 0 none, 1 install/upgrade */
	char operation_status[STORE_TEXT]; /* one of the 34 texts */
	int64_t operation_by; /* "Operation Completes By", seconds since 1970; 0 none */
	int64_t version;      /* counts changes of the record: versionStamp */
	int64_t last_seen;    /* seconds since 1970; 0 never */
};
enum err store_device_put(struct store *s, const struct store_device *d, struct fail *why) MUST_USE;
/* The name is folded to upper case. ERR_NOTFOUND. */
enum err store_device_get(
	struct store *s, const char *name, struct store_device *out, struct fail *why) MUST_USE;
enum err store_device_by_number(
	struct store *s, const char *number, struct store_device *out, struct fail *why) MUST_USE;
enum err store_device_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx,
	struct fail *why) MUST_USE;
enum err store_device_delete(struct store *s, const char *name, struct fail *why) MUST_USE;

/* The LSC that a device confirmed; one per device, the newest. `der` is appended to *der. */
struct store_lsc {
	char device[16];
	int64_t not_after, installed; /* seconds since 1970 */
};
enum err store_lsc_put(
	struct store *s, const struct store_lsc *l, struct span der, struct fail *why) MUST_USE;
enum err store_lsc_get(struct store *s, const char *device, struct store_lsc *out, struct buf *der,
	struct fail *why) MUST_USE;

#endif
