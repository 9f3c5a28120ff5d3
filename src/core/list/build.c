/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/list.h"
#include "core/list/signed.h"

#define SASTS_MIN                                                                                  \
	2u /* one token may be lost, and no phone would take a list signed by a new one            \
	    */

static bool same_cert(const struct cert *a, const struct cert *b)
{
	return span_eq(cert_der(a), cert_der(b));
}

/* Order of the records: SAST, servers, CAPF, others. */
static unsigned rank(uint16_t role)
{
	switch (role) {
	case TLV_ROLE_SAST: return 0;
	case TLV_ROLE_CCM:
	case TLV_ROLE_CCM_TFTP:
	case TLV_ROLE_TFTP: return 1;
	case TLV_ROLE_CAPF: return 2;
	default: return 3;
	}
}

#define RANKS 4u

static struct span address_of(const struct list_entry *e)
{
	static const uint8_t none[4];

	return e->address.len ? e->address : span_of(none, sizeof(none));
}

static enum err check_entry(const struct list_request *r, size_t i, struct fail *why)
{
	const struct list_entry *e = &r->entries[i];
	const char *name = cert_common_name(e->cert);
	size_t j;

	if (!cert_valid_at(e->cert, r->now))
		return fail_set(why, ERR_EXPIRED, "the certificate of %s %s", name,
			r->now < cert_not_before(e->cert) ? "is not valid yet" : "has expired");
	for (j = 0; j < i; j++)
		if (r->entries[j].role == e->role && same_cert(r->entries[j].cert, e->cert) &&
			span_eq(address_of(&r->entries[j]), address_of(e)))
			return fail_set(why, ERR_EXISTS,
				"the certificate of %s is there twice with the same role and "
				"address",
				name);
	return ERR_OK;
}

static enum err check_sasts(const struct list_request *r, struct fail *why)
{
	const struct cert *first = NULL;
	bool two = false, signer = false;
	size_t i;

	for (i = 0; i < r->count; i++) {
		const struct list_entry *e = &r->entries[i];

		if (e->role != TLV_ROLE_SAST)
			continue;
		two = two || (first && !same_cert(first, e->cert));
		first = first ? first : e->cert;
		signer = signer || same_cert(r->signer, e->cert);
	}
	if (!two)
		return fail_set(why, ERR_ARG,
			"a trust list needs at least %u security tokens: were the only one lost, "
			"phones would take no new list",
			SASTS_MIN);
	if (!signer)
		return fail_set(why, ERR_TRUST,
			"the signer %s is not among the security tokens of the list",
			cert_common_name(r->signer));
	return ERR_OK;
}

/* Tags 1 2 3 4 5 6 7 9 10, as lists signed by tokens have them.
 * spec: docs/formats/trust-list.md#records */
static enum err put_entry(struct buf *file, const struct list_entry *e, struct fail *why)
{
	struct tlv_record r = {
		.has = TLV_HAS(2) | TLV_HAS(3) | TLV_HAS(4) | TLV_HAS(5) | TLV_HAS(6) | TLV_HAS(7) |
		       TLV_HAS(9) | TLV_HAS(10),
		.dns = span_str(e->dns),
		.subject = span_str(cert_subject(e->cert)),
		.issuer = span_str(cert_issuer(e->cert)),
		.role = e->role,
		.serial = cert_serial(e->cert),
		.public_key = cert_list_key(e->cert),
		.certificate = cert_der(e->cert),
		.address = address_of(e),
	};

	return tlv_write_record(file, &r, why);
}

static enum err put_list(struct buf *file, const struct list_request *r, struct fail *why)
{
	struct tlv_header h;
	unsigned part;
	enum err err;
	size_t i;

	err = signed_header(&h, r->signer, r->digest, list_file_name(r->kind), r->timestamp, why);
	if (!err)
		err = tlv_write_header(file, &h, (struct span){0}, why);
	for (part = 0; part < RANKS && !err; part++)
		for (i = 0; i < r->count && !err; i++)
			if (rank(r->entries[i].role) == part)
				err = put_entry(file, &r->entries[i], why);
	if (!err && file->len > LIST_SIZE_MAX)
		err = fail_set(why, ERR_LIMIT,
			"the trust list would have %zu bytes; phones take at most %u", file->len,
			LIST_SIZE_MAX);
	return err;
}

enum err list_build(
	struct buf *file, const struct list_request *r, struct span pieces[2], struct fail *why)
{
	struct tlv_list list;
	enum err err;
	size_t i;

	err = check_sasts(r, why);
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
