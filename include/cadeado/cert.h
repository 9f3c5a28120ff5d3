/* SPDX-License-Identifier: BSD-2-Clause
 * Certificates as trust lists know them. cad_cert(3) */
#ifndef CADEADO_CERT_H
#define CADEADO_CERT_H

#include "cadeado/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cad_cert;

/* Reads one certificate from DER, or the first one of a PEM text. CAD_ERR_FORMAT,
 * CAD_ERR_UNSUPPORTED (key neither RSA nor on P-256, P-384, P-521), CAD_ERR_LIMIT. */
CAD_API int cad_cert_parse(
	struct cad_cert **out, const void *bytes, size_t len, struct cad_error *error) CAD_MUST_USE;
CAD_API void cad_cert_free(struct cad_cert *cert);

CAD_API struct cad_span cad_cert_der(const struct cad_cert *cert);

/* Names as lists hold them: "CN=...;OU=...;O=...;L=...;ST=...;C=...", NUL-terminated. */
CAD_API const char *cad_cert_subject(const struct cad_cert *cert);
CAD_API const char *cad_cert_issuer(const struct cad_cert *cert);

/* Big-endian, without leading zeros. */
CAD_API struct cad_span cad_cert_serial(const struct cad_cert *cert);

/* Seconds since 1970-01-01 UTC. */
CAD_API int64_t cad_cert_not_before(const struct cad_cert *cert);
CAD_API int64_t cad_cert_not_after(const struct cad_cert *cert);

CAD_API unsigned cad_cert_key_bits(const struct cad_cert *cert);
CAD_API bool cad_cert_key_is_rsa(const struct cad_cert *cert);

/* The element certHash of a phone's configuration: MD5 of the DER, lower-case hex. */
CAD_API void cad_cert_hash(const struct cad_cert *cert, char out[33]);

#ifdef __cplusplus
}
#endif

#endif
