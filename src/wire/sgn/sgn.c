/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/sgn/sgn.h"

enum err sgn_parse(struct sgn_file *f, struct span file, struct fail *why)
{
	enum err err;

	*f = (struct sgn_file){.file = file};
	err = tlv_parse_header(&f->header, file, why);
	if (err)
		return err;
	if (f->header.major != 1)
		return fail_at(why, ERR_UNSUPPORTED, 0,
			"header, VERSION at byte 0: %u.%u, a signed file has 1.x", f->header.major,
			f->header.minor);
	f->content = span_of(file.ptr + f->header.length, file.len - f->header.length);
	return ERR_OK;
}

enum err sgn_write(
	struct buf *out, const struct tlv_header *h, struct span content, struct fail *why)
{
	struct tlv_header header = *h;
	enum err err;

	header.major = 1;
	header.minor = h->minor == 1; /* the vendor's own files are 1.1, all others 1.0 */
	header.has_signer_version = false;
	err = tlv_write_header(out, &header, (struct span){0}, why);
	if (err)
		return err;
	buf_put(out, content);
	err = buf_check(out);
	return err ? fail_set(why, err, "signed file: %s", err_text(err)) : ERR_OK;
}
