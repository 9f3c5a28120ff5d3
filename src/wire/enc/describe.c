/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/enc/describe.h"
#include "wire/tlv/describe.h"

enum err enc_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	struct enc_file f;
	enum err err = enc_parse(&f, in, why);

	if (err)
		return err;
	tlv_describe_header(dump, &f.header);
	tlv_describe_hex(dump, "IV", f.iv);
	buf_printf(dump, "CONTENTPADDING = %u\n", f.padding);
	buf_printf(dump, "KEYSIZE = %u\n", f.key_bits);
	tlv_describe_hex(dump, "KEY", f.wrapped_key);
	buf_printf(dump, "CONTENTDIGEST = %u\n", f.header.content_digest);
	tlv_describe_hex(dump, "CONTENTHASH", f.header.content_hash);
	tlv_describe_hex(dump, "ciphertext", f.ciphertext);
	/* A modulus code from a later version can be read but not written. */
	if (tlv_modulus_bytes(f.header.modulus)) {
		err = enc_write(again, &f.header, &f, why);
		if (!err)
			err = tlv_set_signature(again, f.header.signature, why);
		if (err)
			return err;
	}
	err = buf_check(dump);
	return err ? err : buf_check(again);
}
