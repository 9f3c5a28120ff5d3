/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_LIB_H
#define LIB_LIB_H

/* Between the files of libcadeado: its types from and into those of the project. */
#include "base/buf.h"
#include "cadeado/cadeado.h"
#include "core/list/check.h"
#include "core/list/signed.h"

struct cad_list {
	struct buf file;
	struct tlv_list list;
};

struct cad_cert {
	struct cert *cert;
};

/* Ends a public function: *error (may be NULL) says what *why or the number says. */
int lib_end(enum err err, const struct fail *why, struct cad_error *error) MUST_USE;

void lib_error(struct cad_error *out, const struct fail *why);

/* The buffer's bytes become the caller's; the buffer is empty after it. */
enum err lib_take_bytes(struct cad_bytes *out, struct buf *take) MUST_USE;

struct cad_span lib_span(struct span s);
struct span lib_span_in(struct cad_span s);
struct cad_header lib_header(const struct tlv_header *h);

struct signed_as lib_signed_as(const struct cad_signing *how, const char *filename);

/* Asks the callback for the signature of the pieces and appends it. A number of the callback that
 * is no ERR_* comes back as it is. */
enum err lib_sign(const struct cad_signing *how, const struct span pieces[2], struct buf *signature,
	struct fail *why) MUST_USE;

/* Signs a prepared .sgn or .enc.sgn, checks the signature and hands the file out. */
enum err lib_sign_prepared(struct buf *file, const struct span pieces[2],
	const struct cad_signing *how, struct cad_bytes *out, struct fail *why) MUST_USE;

#endif
