/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"

#include <stdbool.h>

/* What must survive: rows, not decisions. One SQL text for every backend: parameters are `$name`,
 * types TEXT, BIGINT and bytes only, numbered migrations. A store is used by one thread at a time;
 * open one per thread. Row structs belong to this folder; core maps them. */
struct store;

/* "sqlite:<path>" (WAL), "ram:" (SQLite in memory, for tests and dry runs) or
 * "postgresql://[user@]host/database" with libpq's parameters, but for a password: that comes from
 * ~/.pgpass, or the passfile that is named. Runs the migrations.
 *
 * ERR_BUSY: others kept it busy for seconds. ERR_AWAY: the database cannot be reached; nothing was
 * changed, unless the text says that this is not known. Each later call tries to connect again, at
 * growing intervals and never waiting long, so that whoever can do without the store goes on with
 * what he knows. */
enum err store_open(struct store **out, const char *url, struct fail *why) MUST_USE;
void store_close(struct store *s);

/* A consistent copy of everything, as an SQLite file that is complete in itself: `path` must not
 * exist, or be empty. Others may read and write meanwhile. Not inside a transaction.
 * ERR_UNSUPPORTED for PostgreSQL, which has means of its own. */
enum err store_copy(struct store *s, const char *path, struct fail *why) MUST_USE;

/* Runs `fn` inside a transaction; run again from the start when the database was busy or was lost
 * before the end, so it must only read and write the store. Its error rolls back and is returned.
 * After a statement that failed, nothing but a look-up that found nothing, no other one is run and
 * nothing is committed: on no database, because on some it could not be. */
enum err store_transaction(struct store *s,
	enum err (*fn)(void *ctx, struct store *s, struct fail *why), void *ctx,
	struct fail *why) MUST_USE;

#define STORE_NAME 64 /* names, with NUL */
#define STORE_TEXT 128

/* Says by being equal that nothing was committed in between from which files for phones are made:
 * profiles, devices, lines, LSCs, nodes and parameters. When a phone was seen, what it was offered,
 * accounts and what is kept for undoing do not count. "" before the first change. */
enum err store_revision(struct store *s, char out[STORE_TEXT], struct fail *why) MUST_USE;

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

/* Of profiles and devices. */
enum { STORE_SCCP, STORE_SIP };

struct store_profile {
	char name[STORE_NAME];    /* found in any case of its letters */
	int64_t security_mode;    /* 1 non secure, 2 authenticated, 3 encrypted */
	int64_t encrypted_config; /* TFTP Encrypted Config */
	int64_t auth_mode;        /* as capfAuthMode: 1 string, 2 null string, 3 LSC, 4 MIC */
	int64_t key_bits;         /* RSA key size asked of the phone */
	char description[STORE_TEXT];
	int64_t model;     /* SCCP device type; 0 any */
	int64_t protocol;  /* STORE_SCCP or STORE_SIP */
	int64_t key_order; /* 0 RSA only, 1 EC only, 2 EC preferred, RSA backup */
	int64_t ec_bits;   /* 256, 384, 521; 0 none */
	int64_t transport; /* as transportLayerProtocol: 1 TCP, 2 UDP, 3 TLS, 4 TCP+UDP; 0 none */
	int64_t nonce_validity; /* seconds */
	int64_t exclude_digest; /* digest credentials stay out of the configuration file */
	int64_t sip_port;
	int64_t predefined; /* 1: delivered with the system; core refuses to change it */
};
enum err store_profile_put(
	struct store *s, const struct store_profile *p, struct fail *why) MUST_USE;
enum err store_profile_get(
	struct store *s, const char *name, struct store_profile *out, struct fail *why) MUST_USE;
enum err store_profile_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_profile *p), void *ctx,
	struct fail *why) MUST_USE;
/* Its phones follow, in one transaction; their versions stay, for nothing that they read changes.
 * ERR_NOTFOUND; ERR_EXISTS when another profile has the new name. */
enum err store_profile_rename(
	struct store *s, const char *name, const char *to, struct fail *why) MUST_USE;
/* ERR_NOTFOUND; ERR_NOTNOW, with their count in the text, while phones use it. */
enum err store_profile_delete(struct store *s, const char *name, struct fail *why) MUST_USE;
/* How many phones use each profile that a phone names, in order of names. */
enum err store_profile_counts(struct store *s,
	enum err (*each)(void *ctx, const char *profile, int64_t devices), void *ctx,
	struct fail *why) MUST_USE;

#define STORE_SEALED_MOST 255

/* A secret as core sealed it: bytes without meaning here. None when `len` is 0. */
struct store_sealed {
	uint8_t len;
	uint8_t bytes[STORE_SEALED_MOST];
};

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
	int64_t protocol;     /* STORE_SCCP or STORE_SIP */
	char owner[STORE_NAME];
	int64_t web_access; /* 0 disabled, 1 enabled, 2 read only */
	int64_t ssh_access; /* 0 disabled, 1 enabled */
	char ssh_user[STORE_NAME];
	struct store_sealed ssh_password;
	/* CAPF information of this phone; 0 for as its profile says. */
	int64_t auth_mode, key_order, key_bits, ec_bits;
	struct store_sealed auth_string;
	char load_name[STORE_NAME];   /* firmware; "" as its model's default says */
	char digest_user[STORE_NAME]; /* SIP: who it is; "" the number of the line */
	struct store_sealed digest_password;
};
/* ERR_EXISTS when another phone has the number. */
enum err store_device_put(struct store *s, const struct store_device *d, struct fail *why) MUST_USE;
/* All or none, in one transaction. Numbers may move among the devices given. */
enum err store_device_put_many(
	struct store *s, const struct store_device *d, size_t count, struct fail *why) MUST_USE;
/* The name is folded to upper case. ERR_NOTFOUND. */
enum err store_device_get(
	struct store *s, const char *name, struct store_device *out, struct fail *why) MUST_USE;
/* The phone whose line, whichever, has the number. */
enum err store_device_by_number(
	struct store *s, const char *number, struct store_device *out, struct fail *why) MUST_USE;
/* In order of names. A walk reads in pages: `each` may read and write the store, and a device that
 * is changed meanwhile comes as it is when its page is read. */
enum err store_device_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx,
	struct fail *why) MUST_USE;
/* The names alone, in their order. `each` neither reads nor writes the store. */
enum err store_device_names(struct store *s, enum err (*each)(void *ctx, const char *name),
	void *ctx, struct fail *why) MUST_USE;
/* With its lines and its LSC. */
enum err store_device_delete(struct store *s, const char *name, struct fail *why) MUST_USE;
/* Changes last_seen alone, and only forward. A device that is not there is no error. */
enum err store_device_seen(struct store *s, const char *const *names, size_t count, int64_t when,
	struct fail *why) MUST_USE;

/* Conditions on devices. Texts are compared without regard to case (of ASCII letters). */
enum store_field {
	STORE_FIELD_NAME,
	STORE_FIELD_DESCRIPTION,
	STORE_FIELD_NUMBER, /* of any line */
	STORE_FIELD_PROFILE,
	STORE_FIELD_OWNER,
	STORE_FIELD_OPERATION_STATUS,
	STORE_FIELD_LSC_ISSUER,
	/* Empty or not is all that can be asked of it. */
	STORE_FIELD_AUTH_STRING,
	/* Numbers; empty is 0. */
	STORE_FIELD_MODEL,
	STORE_FIELD_PROTOCOL,
	STORE_FIELD_OPERATION,
	STORE_FIELD_SECURITY_MODE, /* of its profile */
	STORE_FIELD_LAST_SEEN,
	STORE_FIELD_LSC_EXPIRES, /* of a phone without LSC: empty, and neither before nor after */
	STORE_FIELD_LSC_ISSUER_EXPIRES,
};
enum store_match {
	STORE_IS,
	STORE_IS_NOT,
	STORE_CONTAINS, /* this, begins and ends: texts only */
	STORE_BEGINS,
	STORE_ENDS,
	STORE_BEFORE, /* this and after: numbers only */
	STORE_AFTER,
	STORE_EMPTY,
	STORE_NOT_EMPTY,
};
struct store_term {
	enum store_field field;
	enum store_match match;
	const char *text; /* borrowed; at most STORE_TEXT - 1 bytes */
	int64_t number;
};
#define STORE_TERMS_MOST 16
struct store_filter {
	const struct store_term *terms;
	size_t count;      /* none: every device */
	bool any;          /* one term is enough, instead of all */
	const char *after; /* the first name that comes is greater; NULL from the start */
	int64_t most;      /* devices that come; 0 all */
};
/* As store_device_each. ERR_ARG for a term that its field does not know. */
enum err store_device_find(struct store *s, const struct store_filter *f,
	enum err (*each)(void *ctx, const struct store_device *d), void *ctx,
	struct fail *why) MUST_USE;
/* `after` counts, `most` does not. */
enum err store_device_count(
	struct store *s, const struct store_filter *f, int64_t *count, struct fail *why) MUST_USE;

/* Lines of a device. Line 1 is also the device's `number` and `display`: one row. */
struct store_line {
	char device[16];
	int64_t index;   /* from 1 */
	char number[25]; /* never ""; one phone's line alone has it */
	char display[41];
	char label[41];
};
/* ERR_EXISTS when another line has the number, ERR_NOTFOUND without such a device. */
enum err store_line_put(struct store *s, const struct store_line *l, struct fail *why) MUST_USE;
/* In order of indexes. */
enum err store_line_each(struct store *s, const char *device,
	enum err (*each)(void *ctx, const struct store_line *l), void *ctx,
	struct fail *why) MUST_USE;
/* The greatest index of any phone's line. */
enum err store_line_most(struct store *s, int64_t *most, struct fail *why) MUST_USE;
/* ERR_NOTFOUND. */
enum err store_line_delete(
	struct store *s, const char *device, int64_t index, struct fail *why) MUST_USE;

/* Which trust lists a phone was offered, and which it is known to hold. It outlives the device, for
 * the list is in the phone. */
enum { STORE_CTL = 1, STORE_ITL = 2 };
enum {
	STORE_OFFERED = 1, /* a transfer of it was completed */
	STORE_HELD = 2,
	STORE_FOREIGN = 3, /* `list` 0, no digest: what it holds is another system's */
};
/* As a digest with STORE_OFFERED: lists of which nothing is known, before that was recorded. */
#define STORE_LIST_UNKNOWN "?"
struct store_held {
	char device[16];
	int64_t list;            /* STORE_CTL, STORE_ITL */
	int64_t known;           /* STORE_OFFERED … */
	char digest[STORE_TEXT]; /* of the list; "" with STORE_HELD: it holds none */
	int64_t since, last;     /* seconds since 1970: first and latest time that it was so seen */
	char evidence[STORE_TEXT];
};
/* All or none. A row that is there keeps its `since`. A phone holds one list of a kind: a new
 * STORE_HELD takes the place of the one before. Devices that are not there are passed over. */
enum err store_held_put_many(
	struct store *s, const struct store_held *h, size_t count, struct fail *why) MUST_USE;
/* Of one device, or of all when it is NULL; by device, list, known (held first), latest first. */
enum err store_held_each(struct store *s, const char *device,
	enum err (*each)(void *ctx, const struct store_held *h), void *ctx,
	struct fail *why) MUST_USE;
/* The rows of one kind of list and knowledge: when it is not so any more, or not known. */
enum err store_held_forget(struct store *s, const char *device, int64_t list, int64_t known,
	struct fail *why) MUST_USE;

/* The lists themselves, by digest; one that is kept stays as it is. */
enum err store_list_put(struct store *s, const char *digest, int64_t list, int64_t since,
	struct span content, struct fail *why) MUST_USE;
/* Appends it. ERR_NOTFOUND. */
enum err store_list_get(
	struct store *s, const char *digest, struct buf *content, struct fail *why) MUST_USE;
/* The digests of those of a kind that were put until then, oldest first. */
enum err store_list_each(struct store *s, int64_t list, int64_t until,
	enum err (*each)(void *ctx, const char *digest), void *ctx, struct fail *why) MUST_USE;

/* A change of many devices that can be taken back: what it was, how far it came, and the devices
 * as they were before. */
struct store_change {
	int64_t number;            /* made by core: greater than every one before */
	char order[1024];          /* query and change, in core's words */
	int64_t started, finished; /* seconds since 1970; 0 not finished */
	int64_t total, done;       /* devices */
	char after[16];            /* name of the last device that is done */
	int64_t undone;            /* when it was taken back; 0 it was not */
};
enum err store_change_put(struct store *s, const struct store_change *c, struct fail *why) MUST_USE;
/* The one with the greatest number. ERR_NOTFOUND. */
enum err store_change_last(struct store *s, struct store_change *out, struct fail *why) MUST_USE;
/* Forgets the changes with smaller numbers, and what they kept. */
enum err store_change_forget_before(struct store *s, int64_t number, struct fail *why) MUST_USE;
/* Keeps these rows as what the change found. The first that is kept of a device stays. */
enum err store_change_keep_many(struct store *s, int64_t number, const struct store_device *before,
	size_t count, struct fail *why) MUST_USE;
/* In order of names. */
enum err store_change_kept(struct store *s, int64_t number,
	enum err (*each)(void *ctx, const struct store_device *before), void *ctx,
	struct fail *why) MUST_USE;

#endif
