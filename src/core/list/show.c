/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/list.h"
#include "base/clock.h"
#include "base/str.h"
#include "core/list/signed.h"
#include "crypto/digest.h"

#define NUL           1u /* lengths count it */
#define SIGNATURE_ROW 8u /* bytes in one line */

static const char *kind_name(enum list_kind kind)
{
	return kind == LIST_CTL ? "CTL" : "ITL";
}

static void put_checksums(struct buf *out, struct span file, const char *kind)
{
	char md5[2 * DIGEST_MAX + 1], sha1[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_MD5, file, md5);
	digest_hex(DIGEST_SHA1, file, sha1);
	buf_printf(
		out, "The checksum value of the %s file:\n%s(MD5)\n%s(SHA1)\n\n", kind, md5, sha1);
}

static void put_top(struct buf *out, struct span file, const char *kind, int64_t modified)
{
	char date[CLOCK_DATE_MAX];

	put_checksums(out, file, kind);
	clock_print_date(date, modified);
	buf_printf(out, "Length of %s file: %zu\nThe %s File was last modified on %s\n\n", kind,
		file.len, kind, date);
}

static void put_columns(struct buf *out)
{
	buf_str(out, "BYTEPOS\tTAG\t\tLENGTH\tVALUE\n-------\t---\t\t------\t-----\n");
}

/* The length of a container prints as 2 and its size as the value.
 * spec: docs/formats/trust-list.md#show */
static void row_container(struct buf *out, unsigned tag, const char *name, unsigned size)
{
	buf_printf(out, "%u\t%s\t2\t%u\n", tag, name, size);
}

static void row_length(struct buf *out, unsigned tag, const char *name, size_t length)
{
	buf_printf(out, "%u\t%s\t%zu\n", tag, name, length);
}

static void row_text(
	struct buf *out, unsigned tag, const char *name, struct span text, size_t length)
{
	buf_printf(out, "%u\t%s\t%zu\t", tag, name, length);
	str_printable(out, text);
	buf_str(out, "\n");
}

static void row_hex(
	struct buf *out, unsigned tag, const char *name, struct span bytes, enum str_hex how)
{
	buf_printf(out, "%u\t%s\t%zu\t", tag, name, bytes.len);
	str_hex(out, bytes, how);
	buf_str(out, "\n");
}

static void put_signature(struct buf *out, struct span signature)
{
	size_t i;

	for (i = 0; i < signature.len; i++) {
		buf_str(out, i % SIGNATURE_ROW ? "  " : "\t\t");
		str_hex(out, span_of(signature.ptr + i, 1), STR_LOWER);
		if (i % SIGNATURE_ROW == SIGNATURE_ROW - 1 || i + 1 == signature.len)
			buf_str(out, "\n");
	}
}

static void put_header(struct buf *out, const struct tlv_header *h, const char *kind)
{
	buf_printf(out, "\tParse %s File\n\t----------------\n\n", kind);
	buf_printf(out, "Version:\t%u.%u\nHeaderLength:\t%u (BYTES)\n\n", h->major, h->minor,
		h->length);
	put_columns(out);
	row_container(out, 3, tlv_header_tag_name(3), h->signer_id_length);
	row_text(out, 4, tlv_header_tag_name(4), h->signer_name, h->signer_name.len + NUL);
	row_hex(out, 5, tlv_header_tag_name(5), h->serial, STR_COLON);
	row_text(out, 6, tlv_header_tag_name(6), h->issuer_name, h->issuer_name.len + NUL);
	row_container(out, 7, tlv_header_tag_name(7), h->signature_info_length);
	row_length(out, 8, tlv_header_tag_name(8), 1);
	row_container(out, 9, tlv_header_tag_name(9), h->algorithm_info_length);
	row_length(out, 10, tlv_header_tag_name(10), 1);
	row_length(out, 11, tlv_header_tag_name(11), 1);
	row_length(out, 12, tlv_header_tag_name(12), h->signature.len);
	put_signature(out, h->signature);
	if (h->filename.ptr)
		row_length(out, 14, tlv_header_tag_name(14), h->filename.len + 1);
	if (h->has_timestamp)
		row_length(out, 15, tlv_header_tag_name(15), 4);
	buf_str(out, "\n");
}

static void row_certificate(struct buf *out, struct span der)
{
	uint8_t hash[DIGEST_MAX];
	size_t len = digest_one(DIGEST_SHA1, der, hash);

	buf_printf(out, "9\t%s\t%zu\t", tlv_record_tag_name(9), der.len);
	str_hex(out, span_of(hash, len), STR_BLANK);
	buf_str(out, " (SHA1 Hash HEX)\n");
}

static void put_role(struct buf *out, uint16_t role)
{
	buf_printf(out, "4\t%s\t2\t", tlv_record_tag_name(4));
	if (tlv_role_name(role))
		buf_printf(out, "%s\n", tlv_role_name(role));
	else
		buf_printf(out, "%u\n", role);
}

static void put_record(struct buf *out, const struct tlv_list *list, const struct tlv_record *r,
	size_t number, enum list_kind kind)
{
	buf_printf(out, "\t%s Record #:%zu\n\t\t----\n", kind_name(kind), number);
	put_columns(out);
	row_container(out, 1, tlv_record_tag_name(1), r->length);
	if (r->has & TLV_HAS(2))
		row_text(out, 2, tlv_record_tag_name(2), r->dns, r->dns_length);
	if (r->has & TLV_HAS(3))
		row_text(out, 3, tlv_record_tag_name(3), r->subject, r->subject.len + NUL);
	put_role(out, r->role);
	if (r->has & TLV_HAS(5))
		row_text(out, 5, tlv_record_tag_name(5), r->issuer, r->issuer.len + NUL);
	if (r->has & TLV_HAS(6))
		row_hex(out, 6, tlv_record_tag_name(6), r->serial, STR_COLON);
	if (r->has & TLV_HAS(7))
		row_length(out, 7, tlv_record_tag_name(7), r->public_key.len);
	if (r->has & TLV_HAS(8))
		row_length(out, 8, tlv_record_tag_name(8), r->signature.len);
	if (r->has & TLV_HAS(9))
		row_certificate(out, r->certificate);
	if (r->has & TLV_HAS(10))
		row_length(out, 10, tlv_record_tag_name(10), r->address.len);
	if (r->has & TLV_HAS(11))
		row_hex(out, 11, tlv_record_tag_name(11), r->cert_hash, STR_BLANK);
	if (r->has & TLV_HAS(12) && digest_word(r->hash_algorithm))
		buf_printf(out, "12\t%s\t1\t%s\n", tlv_record_tag_name(12),
			digest_word(r->hash_algorithm));
	else if (r->has & TLV_HAS(12))
		buf_printf(out, "12\t%s\t1\t%u\n", tlv_record_tag_name(12), r->hash_algorithm);
	if (r->role == TLV_ROLE_SAST)
		buf_printf(out, "This etoken was %sused to sign the %s file.\n",
			list_is_signer(&list->header, r) ? "" : "not ", kind_name(kind));
	buf_str(out, "\n");
}

enum err list_show(const struct tlv_list *list, enum list_kind kind, int64_t modified,
	const struct fail *verdict, struct buf *out)
{
	struct tlv_record r;
	struct tlv_iter it;

	put_top(out, list->file, kind_name(kind), modified);
	put_header(out, &list->header, kind_name(kind));
	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r))
		put_record(out, list, &r, it.number, kind);
	if (!verdict->code)
		buf_printf(out, "The %s file was verified successfully.\n", kind_name(kind));
	else
		buf_printf(out, "Verification of the %s File Failed\n%s\n", kind_name(kind),
			verdict->text);
	return buf_check(out);
}

enum err list_show_broken(struct span file, enum list_kind kind, int64_t modified,
	const struct fail *why, struct buf *out)
{
	put_top(out, file, kind_name(kind), modified);
	buf_printf(out, "Error parsing the %s File.\n%s\n", kind_name(kind), why->text);
	return buf_check(out);
}

enum err list_show_absent(enum list_kind kind, struct buf *out)
{
	buf_printf(out, "Length of %s file: 0\n", kind_name(kind));
	if (kind == LIST_CTL)
		buf_str(out, "CTL File not found. Please run CTLClient plugin or run the CLI - "
			     "utils ctl.. to generate the CTL file.\n");
	else
		buf_str(out, "ITL File not found.\n");
	buf_printf(out, "Error parsing the %s File.\n", kind_name(kind));
	return buf_check(out);
}

/* What the rows of the vendor's layout give only the length of. */
static void put_values(struct buf *out, const struct tlv_header *h)
{
	char date[CLOCK_DATE_MAX];

	if (h->filename.ptr) {
		buf_str(out, "File name: ");
		str_printable(out, h->filename);
		buf_str(out, "\n");
	}
	if (h->has_timestamp) {
		clock_print_iso(date, h->timestamp);
		buf_printf(out, "Signed at: %s\n", date);
	}
	if (digest_word(h->digest))
		buf_printf(out, "Digest: %s\n", digest_word(h->digest));
	else
		buf_printf(out, "Digest: unknown code %u\n", h->digest);
}

static void put_encryption(struct buf *out, const struct enc_file *f)
{
	const struct tlv_header *h = &f->header;

	buf_str(out, "IV: ");
	str_hex(out, f->iv, STR_LOWER);
	buf_printf(out, "\nPadding: %u bytes\nKey size: %u bits\nContent digest: ", f->padding,
		f->key_bits);
	if (digest_word(h->content_digest))
		buf_printf(out, "%s ", digest_word(h->content_digest));
	else
		buf_printf(out, "unknown code %u ", h->content_digest);
	str_hex(out, h->content_hash, STR_LOWER);
	buf_str(out, "\n");
}

enum err signed_show(const struct sgn_file *f, int64_t modified, struct buf *out)
{
	put_top(out, f->file, "SGN", modified);
	put_header(out, &f->header, "SGN");
	put_values(out, &f->header);
	buf_printf(out, "Content: %zu bytes\n", f->content.len);
	return buf_check(out);
}

enum err signed_show_encrypted(const struct enc_file *f, int64_t modified, struct buf *out)
{
	put_top(out, f->file, "ENC.SGN", modified);
	put_header(out, &f->header, "ENC.SGN");
	put_values(out, &f->header);
	buf_printf(out, "Content: %zu bytes\n", f->ciphertext.len);
	put_encryption(out, f);
	return buf_check(out);
}
