/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_TOKENS_PRIV_H
#define CORE_TOKENS_PRIV_H

/* Between the files of this folder. */
#include "core/tokens/tokens.h"
#include "crypto/p11.h"

/* A row of tokens.json. */
struct known {
	char label[TOKENS_LABEL_SIZE], serial[32];
	enum token_kind kind;
	char holder[TOKENS_TEXT], place[TOKENS_TEXT];
	int64_t last_seen, last_drill, retired;
	struct cert *cert; /* NULL when it is not known */
};

struct registry {
	struct known rows[TOKENS_MAX];
	size_t count;
};

/* A folder or file that is not there is an empty registry. ERR_FORMAT. */
enum err registry_read(struct registry *r, const char *folder, struct fail *why) MUST_USE;
void registry_fini(struct registry *r);
/* NULL for none. */
struct known *registry_find(struct registry *r, const char *label);
/* An empty row of this label. ERR_LIMIT. */
enum err registry_add(
	struct registry *r, const char *label, struct known **out, struct fail *why) MUST_USE;

/* Reads under the lock, calls `change`, writes when it returns ERR_OK. Makes the folder. */
enum err registry_change(const char *folder,
	enum err (*change)(void *ctx, struct registry *r, struct fail *why), void *ctx,
	struct fail *why) MUST_USE;

/* What one look found. */
struct found {
	struct token_entry entries[TOKENS_MAX];
	struct cert *certs[TOKENS_MAX]; /* of the entries, owned */
	size_t count;
};
void found_free(struct found *f);

struct tokens {
	char *folder, *path; /* path of the module, or NULL */
	const struct clock *clock;
	struct p11_module *module; /* or NULL */
	struct found *now;
};

enum err cert_copy(struct cert **out, const struct cert *cert, struct fail *why) MUST_USE;
bool cert_same(const struct cert *a, const struct cert *b);

#endif
