/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_TOKENS_H
#define CORE_TOKENS_H

#include "base/clock.h"
#include "crypto/cert.h"

/* One door to the keys that sign trust lists, whatever holds them: file tokens of a folder,
 * PKCS #11 tokens of one module, and foreign tokens of which only the certificate is here. Needs no
 * daemon, no store and no state folder, so that the CTL client can use it anywhere.
 *
 * What is known of a token beside its key (holder, place, last seen, last drill, retired, and the
 * certificate of those that are not at hand) is kept in <folder>/tokens.json, written under a lock
 * and replaced at once. A module is loaded only when the caller names it by path: never because a
 * file or the system's configuration names it. Nothing here logs in to a token that the caller does
 * not name. Calls block (hardware, Argon2id): not on an event loop. One thread at a time.
 * spec: docs/formats/tokens.md */
struct tokens;

#define TOKENS_MAX        64u /* tokens of a folder and a module together */
#define TOKENS_TEXT       128 /* holder and place, with NUL */
#define TOKENS_BITS       2048u
#define TOKENS_DAYS       3650u
#define TOKENS_LABEL_SIZE 64
#define TOKENS_NEEDED     2u /* a cluster with one token is lost with it */

enum token_kind {
	TOKEN_KIND_FILE,    /* sealed in the folder */
	TOKEN_KIND_P11,     /* hardware, or what looks like it */
	TOKEN_KIND_FOREIGN, /* kept elsewhere: lists name it, it cannot sign here */
};
/* "file", "pkcs11", "foreign" */
const char *token_kind_word(enum token_kind kind);

struct token_entry {
	char label[TOKENS_LABEL_SIZE]; /* what commands call it */
	char serial[32];               /* printed on the token */
	enum token_kind kind;
	bool known;   /* in the folder's registry, or a file token of the folder: lists name it */
	bool present; /* can sign now: its file is there, or it is in its slot */
	char holder[TOKENS_TEXT], place[TOKENS_TEXT]; /* "" when nobody said */
	int64_t last_seen, last_drill, retired;       /* seconds since 1970; 0 never */
	int attempts_left; /* file tokens; -1 for others, whose hardware tells no number */
	bool damaged;      /* a file token whose file cannot be read */
	bool few_tries, last_try, locked; /* PKCS #11 flags; `locked` of file tokens too */
	bool no_pin;                      /* of a PKCS #11 token: its user has none yet */
	unsigned set_back; /* times that a file token's files were older than its count of changes
			    */
	char state[192];   /* the above in words: "14 attempts left", "last try before it locks" */
	const struct cert *cert; /* NULL: its certificate is not known (add it) */
};

/* `folder` may be missing: it is made when something is to be remembered. `module` is the path of a
 * PKCS #11 module or NULL. `clock` is borrowed. ERR_FORMAT for a damaged registry; ERR_NOTFOUND,
 * ERR_UNSUPPORTED for the module. */
enum err tokens_open(struct tokens **out, const char *folder, const char *module,
	const struct clock *clock, struct fail *why) MUST_USE;
void tokens_close(struct tokens *t);

/* What was there at the last look (tokens_open, tokens_look, tokens_poll, or any change below), in
 * the order of labels. Entries are the tokens' and good until the next look. */
size_t tokens_count(const struct tokens *t);
const struct token_entry *tokens_at(const struct tokens *t, size_t i);
/* ERR_NOTFOUND says which labels there are. */
enum err tokens_find(const struct tokens *t, const char *label, const struct token_entry **out,
	struct fail *why) MUST_USE;

/* How many tokens lists can name: known, not retired, with a certificate. */
size_t tokens_usable(const struct tokens *t);

/* For those who open a token by themselves: ERR_DENIED when the folder's registry says that it is
 * retired. A folder without a registry, and a token that it does not know, are no error. */
enum err tokens_may_sign(const char *folder, const char *label, struct fail *why) MUST_USE;

/* Looks again. No PIN is needed. */
enum err tokens_look(struct tokens *t, struct fail *why) MUST_USE;

/* Looks again and tells what was inserted or removed since the last look (`e` of a removed token is
 * good during the call). Ask once or twice a second while a person is told to insert a token; a
 * look costs no login. Stops on the callback's error. */
enum err tokens_poll(struct tokens *t,
	enum err (*each)(void *ctx, const struct token_entry *e, bool inserted), void *ctx,
	struct fail *why) MUST_USE;

/* Signs the pieces and checks the signature with the token's certificate. *attempts_left (may be
 * NULL) is -1 where the hardware tells no number. ERR_PIN and ERR_LOCKED say how many tries are
 * left or, of hardware, that few are; ERR_DENIED for a retired token; ERR_NOTFOUND for one that was
 * removed, also while it signed: then nothing is appended and the caller may try again. */
enum err tokens_sign(struct tokens *t, const char *label, const char *pin, enum digest_alg digest,
	const struct span *pieces, size_t count, struct buf *signature, int *attempts_left,
	struct fail *why) MUST_USE;

/* --- making and keeping; *out (may be NULL) is the entry after the next look --- */

/* What a person says of a token. NULL: leave as it is. */
struct token_details {
	const char *serial; /* printed on it; letters and digits */
	const char *holder, *place;
};

/* A file token. `serial` NULL draws one. */
enum err tokens_create_file(struct tokens *t, const struct token_details *d, const char *pin,
	const struct token_entry **out, struct fail *why) MUST_USE;

/* A key pair (RSA, TOKENS_BITS, not extractable) and its certificate on an initialised token of the
 * module. ERR_EXISTS when it holds a certificate already. `serial` NULL takes the one that the
 * token says. */
enum err tokens_create_p11(struct tokens *t, const char *label, const struct token_details *d,
	const char *pin, const struct token_entry **out, struct fail *why) MUST_USE;

/* Makes a token known: one of the module by its label (`cert` NULL, or which of several
 * certificates on it), else a foreign one by its certificate (`label` NULL: the common name). A
 * known one gets the new details. ERR_EXISTS when the label is another certificate's. */
enum err tokens_add(struct tokens *t, const char *label, const struct cert *cert,
	const struct token_details *d, const struct token_entry **out, struct fail *why) MUST_USE;

/* As tokens_sign on errors. A file token is sealed anew under the new PIN, at once: a kill leaves
 * one of the two PINs. */
enum err tokens_set_pin(struct tokens *t, const char *label, const char *pin, const char *new_pin,
	int *attempts_left, struct fail *why) MUST_USE;

/* Signs something that is no list, checks it and records when. */
enum err tokens_drill(struct tokens *t, const char *label, const char *pin, int *attempts_left,
	struct fail *why) MUST_USE;

/* From now on it signs nothing and lists leave it out. ERR_NOTNOW when fewer than TOKENS_NEEDED
 * usable ones would remain, unless `anyway`. */
enum err tokens_retire(struct tokens *t, const char *label, bool anyway, struct fail *why) MUST_USE;

#endif
