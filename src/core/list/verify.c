/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/check_priv.h"
#include "base/str.h"

#include <strings.h>

#define NAME_SHOWN 120u /* bytes of a name in an error */

const char *list_file_name(enum list_kind kind)
{
	return kind == LIST_CTL ? "CTLFile.tlv" : "ITLFile.tlv";
}

static bool begins(struct span name, const char *word)
{
	return name.len >= strlen(word) &&
	       strncasecmp((const char *)name.ptr, word, strlen(word)) == 0;
}

enum list_kind list_kind_of(const struct tlv_header *h)
{
	if (begins(h->filename, "ITL") || begins(h->filename, "ext_ITL"))
		return LIST_ITL;
	return h->has_signer_version && !begins(h->filename, "CTL") ? LIST_ITL : LIST_CTL;
}

bool list_is_signer(const struct tlv_header *h, const struct tlv_record *r)
{
	const uint32_t named = TLV_HAS(3) | TLV_HAS(5) | TLV_HAS(6);

	return (r->has & named) == named && cert_serial_same(r->serial, h->serial, false) &&
	       cert_name_same(r->subject, h->signer_name) &&
	       cert_name_same(r->issuer, h->issuer_name);
}

enum err list_signed_by(
	struct span file, const struct tlv_header *h, const struct tlv_record *r, struct fail *why)
{
	struct span pieces[2];
	enum err err;

	if (h->digest < TLV_SHA1 || h->digest > TLV_SHA512)
		return fail_set(why, ERR_UNSUPPORTED, "header, %s: unknown code %u",
			tlv_header_tag_name(8), h->digest);
	if (h->algorithm != 0)
		return fail_set(why, ERR_UNSUPPORTED, "header, %s: unknown code %u",
			tlv_header_tag_name(10), h->algorithm);
	if (!tlv_modulus_bytes(h->modulus))
		return fail_set(why, ERR_UNSUPPORTED, "header, %s: unknown code %u",
			tlv_header_tag_name(11), h->modulus);
	if (!(r->has & TLV_HAS(7)))
		return fail_at(why, ERR_FORMAT, r->at,
			"the signer's record at byte %zu has no PUBLICKEY", r->at);
	tlv_signed_pieces(file, h, pieces);
	/* The digest codes of a header are those of enum digest_alg. */
	err = list_key_check_signature(
		r->public_key, (enum digest_alg)h->digest, pieces, 2, h->signature);
	if (err == ERR_VERIFY)
		return fail_at(why, err, h->signature_at,
			"the signature at byte %zu is not one by the signer's key",
			h->signature_at);
	if (err)
		return fail_set(why, err, "the signature cannot be checked: %s", err_text(err));
	return ERR_OK;
}

static enum err no_signer(const struct tlv_header *h, uint32_t roles, struct fail *why)
{
	struct buf name = {0};
	enum err err = ERR_TRUST;

	str_printable(
		&name, span_of(h->signer_name.ptr,
			       h->signer_name.len < NAME_SHOWN ? h->signer_name.len : NAME_SHOWN));
	buf_u8(&name, '\0');
	if (buf_check(&name))
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	else
		err = fail_set(why, err, "the signer is not in the list%s: %s",
			roles == LIST_MAY_SIGN_LISTS ? " as SAST" : " with the role TFTP",
			(char *)name.data);
	buf_fini(&name);
	return err;
}

enum err list_check_signer(struct span file, const struct tlv_header *h,
	const struct tlv_list *list, uint32_t roles, struct tlv_record *signer, struct fail *why)
{
	struct fail first = {0};
	struct tlv_record r;
	struct tlv_iter it;
	bool found = false;

	/* Two records of the signer may differ in their key (a renewed certificate keeps neither
	 * name nor serial, but nothing forbids it): any that fits is good. */
	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r)) {
		if (r.role > 31 || !(roles & LIST_ROLE(r.role)) || !list_is_signer(h, &r))
			continue;
		found = true;
		if (list_signed_by(file, h, &r, &first))
			continue;
		if (signer)
			*signer = r;
		return ERR_OK;
	}
	if (!found)
		return no_signer(h, roles, why);
	return first.offset == SIZE_MAX ? fail_set(why, first.code, "%s", first.text)
					: fail_at(why, first.code, first.offset, "%s", first.text);
}

enum err list_verify(const struct tlv_list *list, struct fail *why)
{
	return list_check_signer(list->file, &list->header, list, LIST_MAY_SIGN_LISTS, NULL, why);
}

/* Where a record says something about its certificate. */
struct check {
	const struct tlv_list *list;
	struct tlv_record *r;
	size_t number;
	void (*found)(void *ctx, const struct fail *finding);
	void (*each)(void *ctx, size_t number, const struct tlv_record *r, const struct cert *cert);
	void *ctx;
	enum err err;
};

static void report(struct check *c, unsigned tag, struct span value, const char *text)
{
	size_t at = value.ptr ? (size_t)(value.ptr - c->list->file.ptr) - 3 : c->r->at;
	struct fail finding = {0};

	c->err = fail_at(&finding, ERR_FORMAT, at, "record %zu, %s at byte %zu: %s", c->number,
		tlv_record_tag_name(tag), at, text);
	c->found(c->ctx, &finding);
}

static void check_record(struct check *c)
{
	static const char differs[] = "differs from the certificate in the record";
	struct tlv_record *r = c->r;
	uint8_t hash[DIGEST_MAX];
	struct cert *cert = NULL;
	struct fail why = {0};
	size_t len;
	enum err err;

	err = cert_from_der(&cert, r->certificate, &why);
	if (err == ERR_NOMEM) {
		c->err = err;
		return;
	}
	if (err) {
		report(c, 9, r->certificate, "is no X.509 certificate");
		if (c->each)
			c->each(c->ctx, c->number, r, NULL);
		return;
	}
	if (r->has & TLV_HAS(3) && !cert_name_same(r->subject, span_str(cert_subject(cert))))
		report(c, 3, r->subject, differs);
	if (r->has & TLV_HAS(5) && !cert_name_same(r->issuer, span_str(cert_issuer(cert))))
		report(c, 5, r->issuer, differs);
	/* Tokens print their serial backwards. */
	if (r->has & TLV_HAS(6) && !cert_serial_same(cert_serial(cert), r->serial, true))
		report(c, 6, r->serial, differs);
	if (r->has & TLV_HAS(7) && !span_eq(r->public_key, cert_list_key(cert)))
		report(c, 7, r->public_key, differs);
	if (r->has & TLV_HAS(8) && !span_eq(r->signature, cert_signature(cert)))
		report(c, 8, r->signature, differs);
	len = digest_one((enum digest_alg)r->hash_algorithm, r->certificate, hash);
	if (r->has & TLV_HAS(11) && len && !span_eq(r->cert_hash, span_of(hash, len)))
		report(c, 11, r->cert_hash, differs);
	if (c->each)
		c->each(c->ctx, c->number, r, cert);
	cert_free(cert);
}

enum err list_walk_records(const struct tlv_list *list, enum list_kind kind,
	void (*found)(void *ctx, const struct fail *finding),
	void (*each)(void *ctx, size_t number, const struct tlv_record *r, const struct cert *cert),
	void *ctx)
{
	struct tlv_record r;
	struct check c = {.list = list, .r = &r, .found = found, .each = each, .ctx = ctx};
	struct span name = list->header.filename;
	struct fail finding = {0};
	struct tlv_iter it;

	if (!span_eq(name, span_str(list_file_name(kind)))) {
		c.err = fail_at(&finding, ERR_FORMAT,
			name.ptr ? (size_t)(name.ptr - list->file.ptr) - 3 : 0,
			"header, FILENAME: is not %s", list_file_name(kind));
		found(ctx, &finding);
	}
	tlv_iter_init(&it, list);
	while (c.err != ERR_NOMEM && tlv_iter_next(&it, &r)) {
		c.number = it.number;
		if (r.has & TLV_HAS(9))
			check_record(&c);
		else if (each)
			each(ctx, c.number, &r, NULL);
	}
	return c.err;
}

enum err list_check_records(const struct tlv_list *list, enum list_kind kind,
	void (*found)(void *ctx, const struct fail *finding), void *ctx)
{
	return list_walk_records(list, kind, found, NULL, ctx);
}
