/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/sgn/describe.h"
#include "wire/tlv/describe.h"

enum err sgn_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	struct sgn_file f;
	enum err err = sgn_parse(&f, in, why);

	if (err)
		return err;
	tlv_describe_header(dump, &f.header);
	tlv_describe_hex(dump, "content", f.content);
	/* A modulus code from a later version can be read but not written. */
	if (tlv_modulus_bytes(f.header.modulus)) {
		err = sgn_write(again, &f.header, f.content, why);
		if (!err)
			err = tlv_set_signature(again, f.header.signature, why);
		if (err)
			return err;
	}
	err = buf_check(dump);
	return err ? err : buf_check(again);
}
