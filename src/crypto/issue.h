/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_ISSUE_H
#define CRYPTO_ISSUE_H

#include "crypto/cert.h"
#include "crypto/signer.h"

/* Making certificates in two steps, so that any signer can sit between them: the part to be signed,
 * then the whole from that part and a signature. spec: docs/formats/capf.md#certificates */
enum issue_kind {
	ISSUE_SAST,        /* token: self-signed, digitalSignature */
	ISSUE_CALLMANAGER, /* node: self-signed; TLS server and client, file signer */
	ISSUE_CAPF,        /* authority: self-signed, CA:TRUE pathlen 0, also TLS server */
	ISSUE_LSC,         /* phone: signed by CAPF; CA:FALSE, digitalSignature + keyEncipherment */
};

struct issue_name { /* NULL members are left out */
	const char *cn, *ou, *o, *l, *st, *c;
};

struct issue_request {
	enum issue_kind kind;
	struct issue_name subject;
	/* Of the subject the common name alone; C, ST, L, O and OU are the issuer's. */
	bool like_issuer;
	const struct cert *issuer; /* NULL: self-signed; else its subject is copied byte by byte */
	struct span spki;          /* public key of the subject */
	enum digest_alg digest;    /* of the signature: SHA-1 or SHA-256 */
	int64_t not_before, not_after; /* seconds; never beyond the issuer's end (cut) */
	const char *san_uri;           /* or NULL */
	bool issuer_is_rsa;            /* algorithm of the signing key */
};

/* Appends the DER TBSCertificate with a random positive serial of 16 bytes. */
enum err issue_tbs(const struct issue_request *r, struct buf *tbs, struct fail *why) MUST_USE;

/* The certificate from a TBS and its signature. */
enum err issue_assemble(struct cert **out, const struct issue_request *r, struct span tbs,
	struct span signature, struct fail *why) MUST_USE;

/* Both steps with a signer on an inline executor; `key_name` is the issuer's key. */
enum err issue_now(struct cert **out, const struct issue_request *r, struct signer *s,
	const char *key_name, struct fail *why) MUST_USE;

#endif
