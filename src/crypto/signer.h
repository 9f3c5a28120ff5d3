/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_SIGNER_H
#define CRYPTO_SIGNER_H

#include "base/executor.h"
#include "crypto/digest.h"
#include "crypto/key.h"

/* The door in front of every private key of tokens, lists, files and LSCs. Requests name a key and
 * are answered later on the caller's loop (through its executor), so that the key's holder may
 * become another process or a piece of hardware. One signer fronts one keystore backend. */
struct signer;

/* What a keystore backend gives; calls block and may come from several threads. */
struct keystore {
	const char *kind; /* "file", "token", "null" */
	enum err (*sign)(struct keystore *ks, const char *name, enum digest_alg alg,
		const struct span *pieces, size_t count, struct buf *signature, struct fail *why);
	enum err (*decrypt)(struct keystore *ks, const char *name, struct span sealed, size_t want,
		struct buf *plain, struct fail *why);
	/* Makes and keeps a key; appends its SubjectPublicKeyInfo. */
	enum err (*generate)(struct keystore *ks, const char *name, enum key_type type,
		unsigned bits, struct buf *spki, struct fail *why);
	void (*free)(struct keystore *ks);
};

/* Takes the keystore. `x` is borrowed and must outlive the signer. */
enum err signer_new(struct signer **out, struct keystore *take_ks, struct executor *x) MUST_USE;
void signer_free(struct signer *s);

/* The answer; `result` (signature, plain text or public key) is the signer's and is gone after the
 * callback. */
typedef void signer_done(void *ctx, enum err err, const struct fail *why, struct span result);

/* The pieces are copied. An error returned here means that `done` is not called. */
enum err signer_sign(struct signer *s, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, signer_done *done, void *ctx) MUST_USE;
enum err signer_decrypt(struct signer *s, const char *name, struct span sealed, size_t want,
	signer_done *done, void *ctx) MUST_USE;
enum err signer_generate(struct signer *s, const char *name, enum key_type type, unsigned bits,
	signer_done *done, void *ctx) MUST_USE;

/* For callers on an inline executor (command line): asks and waits. */
enum err signer_sign_now(struct signer *s, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, struct buf *signature, struct fail *why) MUST_USE;

#endif
