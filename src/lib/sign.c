/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/lib.h"

struct signed_as lib_signed_as(const struct cad_signing *how, const char *filename)
{
	return (struct signed_as){filename, how->signer->cert, (enum digest_alg)how->digest,
		how->timestamp, how->style == CAD_STYLE_COMPAT};
}

enum err lib_sign(const struct cad_signing *how, const struct span pieces[2], struct buf *signature,
	struct fail *why)
{
	struct cad_span given[2] = {lib_span(pieces[0]), lib_span(pieces[1])};
	size_t size = cert_key_bits(how->signer->cert) / 8;
	uint8_t *at = buf_grow(signature, size);
	int status;

	if (!at)
		return ERR_NOMEM;
	memset(at, 0, size);
	status = how->sign(how->ctx, how->digest, given, 2, at, size);
	if (status == CAD_OK)
		return ERR_OK;
	return fail_set(why, (enum err)status, "the caller did not sign (%d)", status);
}

enum err lib_sign_prepared(struct buf *file, const struct span pieces[2],
	const struct cad_signing *how, struct cad_bytes *out, struct fail *why)
{
	struct buf signature = {0};
	enum err err;

	err = lib_sign(how, pieces, &signature, why);
	if (!err)
		err = signed_finish(file, how->signer->cert, buf_span(&signature), why);
	if (!err)
		err = lib_take_bytes(out, file);
	buf_fini(&signature);
	return err;
}
