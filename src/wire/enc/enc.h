/* SPDX-License-Identifier: BSD-2-Clause
 * Encrypted configuration (.enc.sgn): a tlv header 2.0 with tags 16 {17 {18 19 20} 21 {22 23 24
 * 25}}, 26, 27, then AES-128-CBC ciphertext. spec: docs/formats/encrypted-file.md */
#ifndef WIRE_ENC_ENC_H
#define WIRE_ENC_ENC_H

#include "wire/tlv/tlv.h"

#define ENC_BLOCK 16u

struct enc_file {
	struct span file;
	struct tlv_header header;
	struct span iv;          /* 16 bytes */
	uint16_t padding;        /* 1 to 16 bytes of 0x0D were added to the plain text */
	uint16_t key_bits;       /* modulus of the phone's RSA key */
	struct span wrapped_key; /* RSAES-PKCS1-v1_5 of the AES key */
	struct span ciphertext;  /* a positive multiple of 16 */
};

enum err enc_parse(struct enc_file *f, struct span file, struct fail *why) MUST_USE;

/* Pads plain text as the format asks (always 1 to 16 bytes of 0x0D); returns the count. */
uint16_t enc_pad(struct buf *plain);

/* Header (version 2.0) and ciphertext, signature zeroed. h as for sgn_write plus content_digest and
 * content_hash (over the plain text before padding); f gives iv, padding, key_bits, wrapped_key and
 * ciphertext. */
enum err enc_write(struct buf *out, const struct tlv_header *h, const struct enc_file *f,
	struct fail *why) MUST_USE;

#endif
