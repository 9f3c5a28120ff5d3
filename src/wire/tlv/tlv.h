/* SPDX-License-Identifier: BSD-2-Clause
 * Trust lists (CTLFile.tlv, ITLFile.tlv) and the signed header they share with .sgn files.
 * Big-endian; tag u8, length u16, value; header tags and record tags are two number spaces.
 *   header:  1 version | 2 header length | [28] | 3 {4 5 6} | 7 {8 9 {10 11}} | 12 | 14 | 15 | 13…
 *   record:  1 record length | 2 3 4 5 6 7 8 9 10 11 12, absent ones left out
 * spec: docs/formats/trust-list.md */
#ifndef WIRE_TLV_TLV_H
#define WIRE_TLV_TLV_H

#include "base/buf.h"

#include <stdbool.h>

#define TLV_FILE_MAX    (16u * 1024 * 1024) /* bytes of a list that is read at all */
#define TLV_RECORDS_MAX 10000u              /* records per list */
#define TLV_HEADER_MAX  65535u              /* bytes of a header */

enum tlv_role {
	TLV_ROLE_SAST = 0,
	TLV_ROLE_CCM = 1,
	TLV_ROLE_CCM_TFTP = 2,
	TLV_ROLE_TFTP = 3,
	TLV_ROLE_CAPF = 4,
	TLV_ROLE_APP_SERVER = 7,
	TLV_ROLE_TVS = 21,
};

enum tlv_digest { TLV_SHA1 = 1, TLV_SHA256 = 2, TLV_SHA512 = 3 };

/* The signed header of a list, a .sgn or an .enc.sgn file. Spans borrow from the input. Strings are
 * without their NUL; absent ones have a NULL ptr. */
struct tlv_header {
	uint8_t major, minor;
	uint16_t length;         /* whole header in bytes; records or content start here */
	bool has_signer_version; /* tag 28 */
	uint8_t signer_major, signer_minor;
	struct span signer_name, serial, issuer_name;
	uint16_t signer_id_length;      /* value length of tag 3 */
	uint16_t signature_info_length; /* value length of tag 7 */
	uint16_t algorithm_info_length; /* value length of tag 9 */
	uint8_t digest;                 /* enum tlv_digest, or an unknown code */
	uint8_t algorithm;              /* 0 = RSA */
	uint8_t modulus;                /* 0..3 = 512, 1024, 2048, 4096 bit */
	struct span signature;
	size_t signature_at, signature_end; /* the complete tag-12 TLV: not hashed */
	struct span filename;
	bool has_timestamp;
	uint32_t timestamp;       /* seconds since 1970-01-01 UTC */
	uint8_t padding;          /* number of 0x0D bytes */
	bool serial_last;         /* 4, 6, 5 inside tag 3: certutils' order */
	struct span encryption;   /* value of tag 16: see enc.h */
	uint8_t content_digest;   /* tag 26, 0 when absent */
	struct span content_hash; /* tag 27 */
};

#define TLV_HAS(tag) (1u << (tag))

struct tlv_record {
	size_t at;                        /* where the record begins in the file */
	uint16_t length;                  /* whole record in bytes */
	uint32_t has;                     /* TLV_HAS bits of the tags that are present */
	struct span dns, subject, issuer; /* without NUL */
	uint16_t dns_length;              /* of tag 2 in the file: some have a second NUL */
	uint16_t role;                    /* enum tlv_role, or an unknown number */
	bool role_last;                   /* 3, 5, 6, 4: certutils' order */
	struct span serial;
	struct span public_key; /* PKCS #1 RSAPublicKey DER, or an uncompressed EC point */
	struct span signature;
	struct span certificate; /* DER */
	struct span address;     /* 4 or 16 bytes, network order */
	struct span cert_hash;
	uint8_t hash_algorithm;
};

/* A parsed list borrows from the file's bytes and allocates nothing: records are walked. */
struct tlv_list {
	struct span file;
	struct tlv_header header;
	size_t count; /* records; all were checked when parsed */
};

struct tlv_iter {
	struct span file;
	size_t pos, number;
};

/* Parses and checks the whole file. ERR_SHORT, ERR_FORMAT, ERR_LIMIT with a place like
 * "record 3, SERIALNUMBER at byte 2711: length 300 runs past the record". */
enum err tlv_parse(struct tlv_list *list, struct span file, struct fail *why) MUST_USE;

/* Parses only a header (a .sgn or .enc.sgn file has content after it). */
enum err tlv_parse_header(struct tlv_header *h, struct span file, struct fail *why) MUST_USE;

void tlv_iter_init(struct tlv_iter *it, const struct tlv_list *list);
/* False at the end. */
bool tlv_iter_next(struct tlv_iter *it, struct tlv_record *record);

/* What is hashed and signed: everything but the complete tag-12 TLV, in two pieces. */
void tlv_signed_pieces(struct span file, const struct tlv_header *h, struct span pieces[2]);

/* Bytes of a signature for a modulus code (64, 128, 256, 512), 0 for an unknown code; and back:
 * the code for a key of `bits`, or -1 (3072 cannot be coded). */
size_t tlv_modulus_bytes(uint8_t code);
int tlv_modulus_code(unsigned bits);

/* The name that `show ctl` prints for a header or record tag ("SIGNERID", "DNSNAME"), NULL when
 * unknown; for a role ("CCM+TFTP"), NULL when unknown. Original spellings. */
const char *tlv_header_tag_name(unsigned tag);
const char *tlv_record_tag_name(unsigned tag);
const char *tlv_role_name(unsigned role);

/* Writes a header in the vendor's order with `signature` zeroed and of the modulus' size, lengths
 * final; *h is read for its values (length, *_length, positions and padding are computed).
 * `extra` (tags 16, 26, 27, complete) goes before the padding; may be empty. Output is appended to
 * `out`, which must be empty: positions count from its start. */
enum err tlv_write_header(
	struct buf *out, const struct tlv_header *h, struct span extra, struct fail *why) MUST_USE;

/* Writes one record: tag 1, then those in r->has in ascending order, but 4 after 6 with role_last.
 * Strings get their NUL, DNSNAME as many as dns_length has room for. */
enum err tlv_write_record(struct buf *out, const struct tlv_record *r, struct fail *why) MUST_USE;

/* Puts the signature into a file written with tlv_write_header. ERR_ARG if its size is wrong. */
enum err tlv_set_signature(struct buf *file, struct span signature, struct fail *why) MUST_USE;

#endif
