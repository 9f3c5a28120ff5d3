/* SPDX-License-Identifier: BSD-2-Clause
 * New trust lists. cad_builder(3) */
#ifndef CADEADO_BUILD_H
#define CADEADO_BUILD_H

#include "cadeado/signed.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cad_builder;

CAD_API int cad_builder_new(
	struct cad_builder **out, enum cad_list_kind kind, struct cad_error *error) CAD_MUST_USE;
CAD_API void cad_builder_free(struct cad_builder *builder);

/* Adds a record. Written are SASTs first, then servers, TVS, CAPF, others, each in the order of
 * adding. `dns` is a host name or dotted address, NULL for security tokens; `address` has 4 or 16
 * bytes, network order, or none. */
CAD_API int cad_builder_add(struct cad_builder *builder, unsigned role, const struct cad_cert *cert,
	const char *dns, struct cad_span address, struct cad_error *error) CAD_MUST_USE;

/* Which tags and in which order; the `style` of a struct cad_signing is not looked at. */
CAD_API void cad_builder_set_style(struct cad_builder *builder, enum cad_style style);

/* Writes tag 28 into the header; each number has 8 bits. Without this there is none. */
CAD_API void cad_builder_set_signer_version(
	struct cad_builder *builder, unsigned major, unsigned minor);

/* Which phones it is for: a signature that these cannot check is refused. */
enum cad_phones { CAD_PHONES_UNKNOWN, CAD_PHONES_79XX, CAD_PHONES_ALL, CAD_PHONES_NEWER };
CAD_API void cad_builder_set_phones(struct cad_builder *builder, enum cad_phones phones);

/* A CTL with one SAST is wanted all the same. Were its key lost, phones would take no new list. */
CAD_API void cad_builder_allow_one_token(struct cad_builder *builder);

/* Signs and hands out the list; the builder may be used again. `now` is when every certificate must
 * be valid, in seconds since 1970-01-01 UTC. A list that could not work is refused before it is
 * signed: CAD_ERR_ARG (fewer than two different SASTs in a CTL), CAD_ERR_TRUST (signer is no SAST
 * of the list), CAD_ERR_EXPIRED, CAD_ERR_UNSUPPORTED (a key or digest that no header can say, or
 * that the phones cannot check), CAD_ERR_EXISTS (a certificate twice with the same role and
 * address), CAD_ERR_LIMIT (over 64 KiB). CAD_ERR_VERIFY when `sign` gave what is not a signature by
 * the signer's key. */
CAD_API int cad_builder_finish(const struct cad_builder *builder, const struct cad_signing *how,
	int64_t now, struct cad_bytes *out, struct cad_error *error) CAD_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
