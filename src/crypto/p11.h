/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_P11_H
#define CRYPTO_P11_H

#include "crypto/issue.h"

/* PKCS #11 tokens without their keys: what is in the slots, what it says of itself, making a key,
 * changing a PIN. Signing is keystore_p11_open (crypto/keystore.h). A module is a shared object
 * named by its path and loaded through p11-kit, which itself is loaded by the first call; the
 * system's list of modules is not looked at. No call logs in to a token that it is not given. */
struct p11_module;

/* ERR_NOTFOUND without such a file, ERR_UNSUPPORTED without p11-kit or when it is no module. */
enum err p11_open(struct p11_module **out, const char *path, struct fail *why) MUST_USE;
void p11_close(struct p11_module *m);

#define P11_LABEL  33u /* 32 bytes and NUL, the blanks at the end cut off */
#define P11_SERIAL 17u
#define P11_CERTS  32u /* certificates of a token that are looked at */

struct p11_token {
	/* Printable; of a text that is not, each byte that is not ASCII is a '?'. */
	char label[P11_LABEL], serial[P11_SERIAL];
	/* What the token's flags say; a number of tries it does not tell. */
	bool few_tries;                      /* a wrong PIN was given since the last right one */
	bool last_try;                       /* one more wrong PIN and it locks */
	bool locked;                         /* its owner's program unlocks it, if anything does */
	bool no_pin;                         /* its user has no PIN yet */
	const struct cert *certs[P11_CERTS]; /* readable without a PIN, RSA only */
	size_t cert_count;
};

/* Every initialised token that is in a slot now; they and their certificates are borrowed for the
 * call. A token that goes away meanwhile is left out. Stops on the callback's error. */
enum err p11_each(struct p11_module *m, enum err (*each)(void *ctx, const struct p11_token *token),
	void *ctx, struct fail *why) MUST_USE;

/* Makes an RSA key pair that never leaves the token, and a self-signed certificate CN=`common_name`
 * beside it: a SAST's, or by `profile`, whose key, algorithm and times are filled in. ERR_EXISTS
 * when the token holds a certificate; a failure takes the key away again. Caller frees *out. PIN
 * errors as keystore_p11_open. */
struct p11_create {
	const char *token, *pin;
	const char *common_name;
	unsigned bits, days;
	int64_t now;
	const struct issue_request *profile; /* NULL: of a SAST */
};
enum err p11_create(struct p11_module *m, const struct p11_create *r, struct cert **out,
	struct fail *why) MUST_USE;

/* PIN errors as keystore_p11_open; ERR_ARG for a new PIN that the token does not take. */
enum err p11_set_pin(struct p11_module *m, const char *token, const char *pin, const char *new_pin,
	struct fail *why) MUST_USE;

#endif
