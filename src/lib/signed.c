/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "lib/lib.h"

struct cad_signed {
	struct buf file;
	struct sgn_file sgn;
};

int cad_signed_parse(
	struct cad_signed **out, const void *bytes, size_t len, struct cad_error *error)
{
	struct cad_signed *f = mem_new(sizeof(*f));
	struct fail why = {0};
	enum err err;

	if (!f)
		return lib_end(ERR_NOMEM, NULL, error);
	buf_put(&f->file, span_of(bytes, len));
	err = buf_check(&f->file);
	if (!err)
		err = sgn_parse(&f->sgn, buf_span(&f->file), &why);
	if (err)
		cad_signed_free(f);
	else
		*out = f;
	return lib_end(err, &why, error);
}

void cad_signed_free(struct cad_signed *file)
{
	if (!file)
		return;
	buf_fini(&file->file);
	mem_free(file);
}

struct cad_header cad_signed_get_header(const struct cad_signed *file)
{
	return lib_header(&file->sgn.header);
}

struct cad_span cad_signed_content(const struct cad_signed *file)
{
	return lib_span(file->sgn.content);
}

int cad_signed_verify_list(
	const struct cad_signed *file, const struct cad_list *list, struct cad_error *error)
{
	struct fail why = {0};
	enum err err = signed_verify(file->sgn.file, &file->sgn.header, &list->list, &why);

	return lib_end(err, &why, error);
}

int cad_signed_verify_cert(
	const struct cad_signed *file, const struct cad_cert *signer, struct cad_error *error)
{
	struct fail why = {0};
	enum err err = list_signed_by_cert(file->sgn.file, &file->sgn.header, signer->cert, &why);

	return lib_end(err, &why, error);
}

int cad_sign_file(struct cad_bytes *out, const void *content, size_t len, const char *filename,
	const struct cad_signing *how, struct cad_error *error)
{
	const struct signed_as as = lib_signed_as(how, filename);
	struct span pieces[2];
	struct fail why = {0};
	struct buf file = {0};
	enum err err = signed_prepare(&file, span_of(content, len), &as, pieces, &why);

	if (!err)
		err = lib_sign_prepared(&file, pieces, how, out, &why);
	buf_fini(&file);
	return lib_end(err, &why, error);
}
