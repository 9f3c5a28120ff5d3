/* SPDX-License-Identifier: BSD-2-Clause
 * Signed files (.sgn): a header, then the content unchanged. cad_signed(3) */
#ifndef CADEADO_SIGNED_H
#define CADEADO_SIGNED_H

#include "cadeado/list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Signs for the library, which never sees a private key: RSASSA-PKCS1-v1_5 with `digest` over the
 * pieces as if they were one. Writes all `size` bytes of the signature. A number other than CAD_OK
 * ends the operation and is what its caller gets. */
typedef int cad_sign_fn(void *ctx, enum cad_digest digest, const struct cad_span *pieces,
	size_t count, uint8_t *signature, size_t size);

struct cad_signed;

/* Reads the header. CAD_ERR_SHORT, CAD_ERR_FORMAT with the byte. Nothing is verified yet. */
CAD_API int cad_signed_parse(struct cad_signed **out, const void *bytes, size_t len,
	struct cad_error *error) CAD_MUST_USE;
CAD_API void cad_signed_free(struct cad_signed *file);

CAD_API struct cad_header cad_signed_get_header(const struct cad_signed *file);

/* What was signed, without the header. */
CAD_API struct cad_span cad_signed_content(const struct cad_signed *file);

/* Would a phone that holds `list` take the file: did a record with the role TFTP or CCM+TFTP sign
 * it? CAD_ERR_TRUST (no such signer in the list), CAD_ERR_VERIFY, CAD_ERR_UNSUPPORTED. */
CAD_API int cad_signed_verify_list(const struct cad_signed *file, const struct cad_list *list,
	struct cad_error *error) CAD_MUST_USE;

/* The same for one certificate. */
CAD_API int cad_signed_verify_cert(const struct cad_signed *file, const struct cad_cert *signer,
	struct cad_error *error) CAD_MUST_USE;

/* How lists and headers are written. A phone may look a signer up by the very bytes of its names:
 * what follows a list of certutils is written as that one. */
enum cad_style {
	CAD_STYLE_VENDOR,     /* CTLs as tokens sign them; ITLs with hashes for TVS and CAPF */
	CAD_STYLE_SIGNATURES, /* CTLs with tag 8 too, as tokenless ones; else CAD_STYLE_VENDOR */
	CAD_STYLE_COMPAT      /* certutils' order, tags and writing of names */
};

/* What a header says of its signer. */
struct cad_signing {
	const struct cad_cert *signer; /* RSA with 512, 1024, 2048 or 4096 bits */
	enum cad_digest digest;
	uint32_t timestamp; /* seconds since 1970-01-01 UTC */
	cad_sign_fn *sign;
	void *ctx; /* for `sign` */
	enum cad_style style;
};

/* Signs `content`; `filename` is the name that phones ask for, with ".sgn". The signature is
 * checked before the file is handed out: CAD_ERR_VERIFY when it is not one by the signer's key. */
CAD_API int cad_sign_file(struct cad_bytes *out, const void *content, size_t len,
	const char *filename, const struct cad_signing *how, struct cad_error *error) CAD_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
