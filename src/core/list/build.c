/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/list.h"
#include "core/list/signed.h"

#define OLD_BITS_MAX 2048u /* of a signer's key that 79xx phones can use */
#define HASH_SIZE    20u   /* SHA-1, the one that every phone knows */

/* Emptied entries (no certificate) are never the same one. */
static bool same_cert(const struct cert *a, const struct cert *b)
{
	return a && b && span_eq(cert_der(a), cert_der(b));
}

/* Order of the records: SAST, servers, TVS, CAPF, others. */
#define RANK_SERVER 1u
static unsigned rank(uint16_t role)
{
	switch (role) {
	case TLV_ROLE_SAST: return 0;
	case TLV_ROLE_CCM:
	case TLV_ROLE_CCM_TFTP:
	case TLV_ROLE_TFTP: return RANK_SERVER;
	case TLV_ROLE_TVS: return 2;
	case TLV_ROLE_CAPF: return 3;
	default: return 4;
	}
}

#define RANKS 5u

static struct span address_of(const struct list_entry *e)
{
	static const uint8_t none[4];

	return e->address.len ? e->address : span_of(none, sizeof(none));
}

/* One certificate, role and address; where records have neither address nor name they would be the
 * same byte for byte. */
static bool same_record(
	enum list_style style, const struct list_entry *a, const struct list_entry *b)
{
	return a->role == b->role && same_cert(a->cert, b->cert) &&
	       (style == LIST_STYLE_COMPAT || span_eq(address_of(a), address_of(b)));
}

static enum err check_entry(const struct list_request *r, size_t i, struct fail *why)
{
	const struct list_entry *e = &r->entries[i];
	const char *name = e->cert ? cert_common_name(e->cert) : "";
	size_t j;

	if (!e->cert && (rank(e->role) != RANK_SERVER || r->kind != LIST_CTL ||
				r->style == LIST_STYLE_COMPAT))
		return fail_set(why, ERR_ARG, "only a server's entry of a CTL can be emptied");
	if (!e->cert)
		return ERR_OK;
	if (!cert_valid_at(e->cert, r->now))
		return fail_set(why, ERR_EXPIRED, "the certificate of %s %s", name,
			r->now < cert_not_before(e->cert) ? "is not valid yet" : "has expired");
	for (j = 0; j < i; j++)
		if (same_record(r->style, &r->entries[j], e))
			return fail_set(why, ERR_EXISTS,
				"the certificate of %s is there twice with the same role and "
				"address%s",
				name,
				r->style == LIST_STYLE_COMPAT
					? ", which records in certutils' order do not have"
					: "");
	return ERR_OK;
}

static enum err check_sasts(const struct list_request *r, struct fail *why)
{
	const struct cert *first = NULL;
	bool two = r->kind == LIST_ITL || r->one_token, signer = false;
	size_t i;

	for (i = 0; i < r->count; i++) {
		const struct list_entry *e = &r->entries[i];

		if (e->role != TLV_ROLE_SAST || !e->cert)
			continue;
		two = two || (first && !same_cert(first, e->cert));
		first = first ? first : e->cert;
		signer = signer || same_cert(r->signer, e->cert);
	}
	if (!first)
		return fail_set(why, ERR_ARG,
			"a trust list needs at least %s security token%s (SAST)",
			r->kind == LIST_CTL ? "2" : "1", r->kind == LIST_CTL ? "s" : "");
	if (!two)
		return fail_set(why, ERR_ARG,
			"a CTL needs at least 2 security tokens (SAST): were the only one lost, "
			"phones would take no new list");
	if (!signer)
		return fail_set(why, ERR_TRUST,
			"the signer %s is not among the security tokens of the list",
			cert_common_name(r->signer));
	return ERR_OK;
}

static uint32_t tags_of(const struct list_request *r, const struct list_entry *e)
{
	const uint32_t all = TLV_HAS(3) | TLV_HAS(4) | TLV_HAS(5) | TLV_HAS(6) | TLV_HAS(7);

	if (!e->cert)
		return TLV_HAS(2) | TLV_HAS(4) | TLV_HAS(10);
	if (r->style == LIST_STYLE_COMPAT)
		return all | TLV_HAS(8) | TLV_HAS(9);
	if (r->kind == LIST_CTL)
		return all | TLV_HAS(2) | TLV_HAS(9) | TLV_HAS(10) |
		       (r->style == LIST_STYLE_SIGNATURES ? TLV_HAS(8) : 0);
	if (e->role == TLV_ROLE_TVS || e->role == TLV_ROLE_CAPF)
		return all | TLV_HAS(2) | TLV_HAS(8) | TLV_HAS(11) | TLV_HAS(12);
	return all | TLV_HAS(2) | TLV_HAS(8) | TLV_HAS(9);
}

static enum err put_entry(struct buf *file, const struct list_request *r,
	const struct list_entry *e, struct signed_names *names, struct fail *why)
{
	uint8_t hash[DIGEST_MAX];
	enum err err;
	struct tlv_record record = {
		.has = tags_of(r, e),
		.dns = span_str(e->dns),
		.role = e->role,
		.role_last = r->style == LIST_STYLE_COMPAT,
		.address = address_of(e),
		.cert_hash = span_of(hash, HASH_SIZE),
		.hash_algorithm = TLV_SHA1,
	};

	if (e->cert) {
		record.subject = span_str(cert_subject(e->cert));
		record.issuer = span_str(cert_issuer(e->cert));
		record.serial = cert_serial(e->cert);
		record.public_key = cert_list_key(e->cert);
		record.signature = cert_signature(e->cert);
		record.certificate = cert_der(e->cert);
	}
	if (r->style == LIST_STYLE_COMPAT) {
		buf_clear(&names->subject);
		buf_clear(&names->issuer);
		err = cert_names_rfc4514(e->cert, &names->subject, &names->issuer, why);
		if (err)
			return err;
		record.subject = buf_span(&names->subject);
		record.issuer = buf_span(&names->issuer);
	}
	if (record.has & TLV_HAS(11) &&
		digest_one(DIGEST_SHA1, cert_der(e->cert), hash) != HASH_SIZE)
		return fail_set(why, ERR_CRYPTO, "SHA-1: %s", err_text(ERR_CRYPTO));
	return tlv_write_record(file, &record, why);
}

static enum err put_list(struct buf *file, const struct list_request *r, struct fail *why)
{
	const struct signed_as as = {list_file_name(r->kind), r->signer, r->digest, r->timestamp,
		r->style == LIST_STYLE_COMPAT};
	struct signed_names names = {0};
	struct tlv_header h;
	unsigned part;
	enum err err;
	size_t i;

	err = signed_header(&h, &as, &names, why);
	if (!err) {
		h.has_signer_version = r->has_signer_version;
		h.signer_major = r->signer_major;
		h.signer_minor = r->signer_minor;
		err = tlv_write_header(file, &h, (struct span){0}, why);
	}
	for (part = 0; part < RANKS && !err; part++)
		for (i = 0; i < r->count && !err; i++)
			if (rank(r->entries[i].role) == part)
				err = put_entry(file, r, &r->entries[i], &names, why);
	signed_names_fini(&names);
	if (!err && file->len > LIST_SIZE_MAX)
		err = fail_set(why, ERR_LIMIT,
			"the trust list would have %zu bytes; phones take at most %u", file->len,
			LIST_SIZE_MAX);
	return err;
}

/* spec: docs/formats/trust-list.md#models */
enum err list_check_family(enum list_family family, enum digest_alg digest,
	const struct cert *signer, struct fail *why)
{
	if (family == LIST_FOR_UNKNOWN)
		return ERR_OK;
	if (digest == DIGEST_SHA256)
		return fail_set(
			why, ERR_UNSUPPORTED, "no phones are known to check SHA-256 signatures");
	if (family == LIST_FOR_NEWER)
		return ERR_OK;
	if (digest == DIGEST_SHA512)
		return fail_set(why, ERR_UNSUPPORTED,
			"79xx phones check SHA-1 signatures alone, not SHA-512");
	if (cert_key_bits(signer) > OLD_BITS_MAX)
		return fail_set(why, ERR_UNSUPPORTED,
			"79xx phones cannot check the signature of a key of %u bits; theirs have at "
			"most %u",
			cert_key_bits(signer), OLD_BITS_MAX);
	return ERR_OK;
}

enum err list_build(
	struct buf *file, const struct list_request *r, struct span pieces[2], struct fail *why)
{
	struct tlv_list list;
	enum err err;
	size_t i;

	err = check_sasts(r, why);
	if (!err)
		err = list_check_family(r->family, r->digest, r->signer, why);
	for (i = 0; i < r->count && !err; i++)
		err = check_entry(r, i, why);
	if (!err)
		err = put_list(file, r, why);
	if (!err)
		err = tlv_parse(&list, buf_span(file), why);
	if (!err)
		tlv_signed_pieces(buf_span(file), &list.header, pieces);
	return err;
}

enum err list_finish(struct buf *file, struct span signature, struct fail *why)
{
	struct tlv_list list;
	enum err err = tlv_set_signature(file, signature, why);

	if (!err)
		err = tlv_parse(&list, buf_span(file), why);
	return err ? err : list_verify(&list, why);
}
