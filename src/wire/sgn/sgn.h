/* SPDX-License-Identifier: BSD-2-Clause
 * Signed files (.sgn): a tlv header, then the content unchanged. spec: docs/formats/signed-file.md
 */
#ifndef WIRE_SGN_SGN_H
#define WIRE_SGN_SGN_H

#include "wire/tlv/tlv.h"

struct sgn_file {
	struct span file;
	struct tlv_header header;
	struct span content; /* borrowed */
};

enum err sgn_parse(struct sgn_file *f, struct span file, struct fail *why) MUST_USE;

/* Header (version 1.0, or 1.1 where h says so) and content, signature zeroed: sign the two pieces
 * of tlv_signed_pieces, then tlv_set_signature. h gives signer, serial, issuer, digest, modulus,
 * filename and timestamp. */
enum err sgn_write(struct buf *out, const struct tlv_header *h, struct span content,
	struct fail *why) MUST_USE;

#endif
