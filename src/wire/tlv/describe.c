/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tlv/describe.h"
#include "base/str.h"

void tlv_describe_text(struct buf *dump, const char *name, struct span text)
{
	buf_printf(dump, "%s = ", name);
	str_printable(dump, text);
	buf_str(dump, "\n");
}

void tlv_describe_hex(struct buf *dump, const char *name, struct span bytes)
{
	buf_printf(dump, "%s = ", name);
	str_hex(dump, bytes, STR_LOWER);
	buf_str(dump, "\n");
}

static void number(struct buf *dump, const char *name, unsigned v)
{
	buf_printf(dump, "%s = %u\n", name, v);
}

void tlv_describe_header(struct buf *dump, const struct tlv_header *h)
{
	buf_printf(dump, "VERSION = %u.%u\n", h->major, h->minor);
	number(dump, "HEADERLENGTH", h->length);
	if (h->has_signer_version)
		buf_printf(dump, "SIGNERVERSION = %u.%u\n", h->signer_major, h->signer_minor);
	number(dump, "SIGNERID", h->signer_id_length);
	tlv_describe_text(dump, "SIGNERNAME", h->signer_name);
	tlv_describe_hex(dump, "SERIALNUMBER", h->serial);
	tlv_describe_text(dump, "CANAME", h->issuer_name);
	number(dump, "SIGNATUREINFO", h->signature_info_length);
	number(dump, "DIGESTALGORTITHM", h->digest);
	number(dump, "SIGNATUREALGOINFO", h->algorithm_info_length);
	number(dump, "SIGNATUREALGORTITHM", h->algorithm);
	number(dump, "SIGNATUREMODULUS", h->modulus);
	tlv_describe_hex(dump, "SIGNATURE", h->signature);
	if (h->filename.ptr)
		tlv_describe_text(dump, "FILENAME", h->filename);
	if (h->has_timestamp)
		buf_printf(dump, "TIMESTAMP = %lu\n", (unsigned long)h->timestamp);
	number(dump, "PADDING", h->padding);
}

static void describe_record(struct buf *dump, const struct tlv_record *r, size_t number_)
{
	buf_printf(dump, "record = %zu\n", number_);
	number(dump, "RECORDLENGTH", r->length);
	if (r->has & TLV_HAS(2))
		tlv_describe_text(dump, "DNSNAME", r->dns);
	if (r->has & TLV_HAS(3))
		tlv_describe_text(dump, "SUBJECTNAME", r->subject);
	if (tlv_role_name(r->role))
		buf_printf(dump, "FUNCTION = %s\n", tlv_role_name(r->role));
	else
		number(dump, "FUNCTION", r->role);
	if (r->has & TLV_HAS(5))
		tlv_describe_text(dump, "ISSUERNAME", r->issuer);
	if (r->has & TLV_HAS(6))
		tlv_describe_hex(dump, "SERIALNUMBER", r->serial);
	if (r->has & TLV_HAS(7))
		tlv_describe_hex(dump, "PUBLICKEY", r->public_key);
	if (r->has & TLV_HAS(8))
		tlv_describe_hex(dump, "SIGNATURE", r->signature);
	if (r->has & TLV_HAS(9))
		tlv_describe_hex(dump, "CERTIFICATE", r->certificate);
	if (r->has & TLV_HAS(10))
		tlv_describe_hex(dump, "IPADDRESS", r->address);
	if (r->has & TLV_HAS(11))
		tlv_describe_hex(dump, "CERTHASH", r->cert_hash);
	if (r->has & TLV_HAS(12))
		number(dump, "HASH ALGORITHM", r->hash_algorithm);
}

enum err tlv_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	struct tlv_list list;
	struct tlv_record record;
	struct tlv_iter it;
	enum err err = tlv_parse(&list, in, why);

	if (err)
		return err;
	tlv_describe_header(dump, &list.header);
	/* Codes from later versions can be read but not written. */
	if (tlv_modulus_bytes(list.header.modulus)) {
		err = tlv_write_header(again, &list.header, (struct span){0}, why);
		if (!err)
			err = tlv_set_signature(again, list.header.signature, why);
		if (err)
			return err;
	}
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &record)) {
		describe_record(dump, &record, it.number);
		err = tlv_write_record(again, &record, why);
		if (err)
			return err;
	}
	err = buf_check(dump);
	return err ? err : buf_check(again);
}
