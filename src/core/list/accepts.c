/* SPDX-License-Identifier: BSD-2-Clause
 * Would a phone take one list in place of another? */
#include "core/list/check.h"

#include "base/str.h"
#include "core/list/explain.h"

#define OLD_MODULUS 2u /* code of 2048 bits: the longest that every family checks */
#define OLD_BITS    2048u

/* What the held list knows of the offered one's signer; numbers of records, 0 for none. */
struct signer {
	size_t token;       /* a SAST whose key has signed it; see may_sign … */
	unsigned as;        /* … its role */
	struct span name;   /* that one's subject */
	bool other_bytes;   /* which is written in another way */
	size_t failed;      /* a SAST of the same names and serial that does not prove it … */
	enum err why;       /* … because ERR_VERIFY, or ERR_TRUST for a record against itself */
	struct fail reason; /* and in words */
	size_t other_role;  /* the signer, but no SAST … */
	unsigned role;      /* … only this */
	size_t namesake;    /* a SAST of the same name */
	size_t tvs;
};

static bool for_79xx(enum list_family family)
{
	return family == LIST_FOR_79XX || family == LIST_FOR_ALL;
}

/* spec: docs/formats/trust-list.md#models */
static enum err check_kind(const struct tlv_header *h, enum list_family family, struct buf *because)
{
	if (h->digest < TLV_SHA1 || h->digest > TLV_SHA512 || h->algorithm != 0 ||
		!tlv_modulus_bytes(h->modulus))
		return ERR_OK; /* list_signed_by says it better */
	if (for_79xx(family) && h->digest != TLV_SHA1)
		buf_printf(because, "79xx phones check SHA-1 signatures alone, not SHA-%s",
			h->digest == TLV_SHA256 ? "256" : "512");
	else if (for_79xx(family) && h->modulus > OLD_MODULUS)
		buf_printf(because,
			"79xx phones cannot check the signature of a key of %zu bits; theirs have "
			"at most %u",
			8 * tlv_modulus_bytes(h->modulus), OLD_BITS);
	else if (family == LIST_FOR_NEWER && h->digest == TLV_SHA256)
		buf_str(because, "no family of phones is known to check SHA-256 signatures");
	else
		return ERR_OK;
	return ERR_UNSUPPORTED;
}

/* A record whose key is not that of the certificate in it proves nothing: phones may use either. */
static enum err check_key(const struct tlv_record *r)
{
	struct cert *cert = NULL;
	enum err err = ERR_OK;

	if (!(r->has & TLV_HAS(9)))
		return ERR_OK;
	err = cert_from_der(&cert, r->certificate, NULL);
	if (err)
		return err == ERR_NOMEM ? err : ERR_TRUST;
	if (!span_eq(r->public_key, cert_list_key(cert)))
		err = ERR_TRUST;
	cert_free(cert);
	return err;
}

static bool is_list(const struct tlv_list *list, enum list_kind kind)
{
	return span_eq(list->header.filename, span_str(list_file_name(kind)));
}

/* A SAST signs every list; the server that signs files also signs the ITL for phones that hold a
 * CTL. spec: docs/formats/trust-list.md#acceptance */
static bool may_sign(const struct tlv_record *r, bool itl_for_ctl)
{
	return r->role == TLV_ROLE_SAST ||
	       (itl_for_ctl && (r->role == TLV_ROLE_TFTP || r->role == TLV_ROLE_CCM_TFTP));
}

static enum err try_token(
	struct signer *s, const struct tlv_list *offered, const struct tlv_record *r, size_t number)
{
	const struct tlv_header *h = &offered->header;
	struct fail reason = {0};
	enum err err = list_signed_by(offered->file, h, r, &reason);

	if (!err)
		err = check_key(r);
	if (err == ERR_NOMEM)
		return err;
	if (!err) {
		s->token = number;
		s->as = r->role;
		s->name = r->subject;
		s->other_bytes = !span_eq(r->subject, h->signer_name) ||
				 !span_eq(r->issuer, h->issuer_name) ||
				 !span_eq(r->serial, h->serial);
	} else if (!s->failed) {
		s->failed = number;
		s->why = err;
		s->reason = reason;
	}
	return ERR_OK;
}

static enum err find_signer(
	struct signer *s, const struct tlv_list *held, const struct tlv_list *offered)
{
	const struct tlv_header *h = &offered->header;
	bool itl_for_ctl = is_list(held, LIST_CTL) && is_list(offered, LIST_ITL);
	struct tlv_record r;
	struct tlv_iter it;
	enum err err = ERR_OK;

	tlv_iter_init(&it, held);
	while (!err && !s->token && tlv_iter_next(&it, &r)) {
		bool same = list_is_signer(h, &r);

		if (same && may_sign(&r, itl_for_ctl)) {
			err = try_token(s, offered, &r, it.number);
		} else if (same && !s->other_role) {
			s->other_role = it.number;
			s->role = r.role;
		} else if (r.role == TLV_ROLE_SAST && !s->namesake && r.subject.len &&
			   cert_name_same(r.subject, h->signer_name)) {
			s->namesake = it.number;
		} else if (r.role == TLV_ROLE_TVS && !s->tvs) {
			s->tvs = it.number;
		}
	}
	return err;
}

/* What else should be known of a list that is taken. */
static void put_reserves(const struct signer *s, const struct tlv_list *held,
	const struct tlv_list *offered, enum list_family family, struct buf *out)
{
	const struct tlv_header *h = &offered->header;
	bool unknown = family == LIST_FOR_UNKNOWN;

	if (s->other_bytes)
		buf_str(out, "; its name is written in another way there, and a phone may not find "
			     "it");
	if (unknown && h->digest == TLV_SHA256)
		buf_str(out, "; no family of phones is known to check SHA-256 signatures");
	else if (unknown && h->digest == TLV_SHA512)
		buf_str(out, "; 79xx phones reject it: they do not check SHA-512");
	if (unknown && h->modulus > OLD_MODULUS)
		buf_printf(out,
			"; 79xx phones reject it: they check keys of at most %u bits, not %zu",
			OLD_BITS, 8 * tlv_modulus_bytes(h->modulus));
	if (is_list(held, LIST_CTL) && is_list(offered, LIST_ITL))
		buf_str(out, "; an ITL does not replace a CTL: the phone then holds both");
	if (is_list(held, LIST_ITL) && is_list(offered, LIST_CTL))
		buf_str(out, "; a CTL does not replace an ITL: the phone then holds both");
}

/* A SAST of the held list has the signer's names, but does not prove that it signed; the list is
 * whole when a SAST of its own does. */
static void put_failed(const struct signer *s, bool whole, struct buf *out)
{
	if (s->why == ERR_TRUST)
		buf_printf(out,
			"its signer's SAST record %zu of that list contradicts the certificate in "
			"it",
			s->failed);
	else if (s->why != ERR_VERIFY)
		buf_printf(out, "no phone can check its signature: %s", s->reason.text);
	else if (whole)
		buf_printf(out,
			"its signer has the name and serial number of SAST record %zu of that "
			"list, but another key: %s",
			s->failed, s->reason.text);
	else
		buf_printf(out,
			"its signer is SAST record %zu of that list, but the file was damaged or "
			"changed after signing: %s",
			s->failed, s->reason.text);
}

static void put_stranger(const struct signer *s, const struct tlv_list *held,
	const struct tlv_list *offered, bool whole, struct buf *out)
{
	buf_str(out, "its signer is no SAST of that list: ");
	str_printable(out, offered->header.signer_name);
	if (s->other_role) {
		buf_printf(out, " (it is in record %zu, as ", s->other_role);
		list_put_role(out, s->role);
		buf_str(out, " alone)");
	} else if (s->namesake) {
		buf_printf(out, " (SAST record %zu has that name, but another serial number)",
			s->namesake);
	}
	if (s->tvs && is_list(held, LIST_ITL) && whole)
		buf_printf(out, "; only a TVS of that list (record %zu) can still vouch for it",
			s->tvs);
}

enum err list_accepts(const struct tlv_list *held, const struct tlv_list *offered,
	enum list_family family, struct buf *because)
{
	const struct tlv_header *h = &offered->header;
	struct signer s = {0};
	enum err err = ERR_OK;

	if (span_eq(held->file, offered->file)) {
		buf_str(because, "it is the very list that the phone holds");
		return buf_check(because);
	}
	if (!is_list(offered, LIST_CTL) && !is_list(offered, LIST_ITL)) {
		buf_str(because, h->filename.len ? "its header has the name of no list: "
						 : "its header has no file name");
		str_printable(because, h->filename);
		err = ERR_FORMAT;
	} else if (offered->file.len > LIST_LOAD_MAX) {
		buf_printf(because, "it has %zu bytes, and phones load at most %u",
			offered->file.len, LIST_LOAD_MAX);
		err = ERR_LIMIT;
	} else {
		err = check_kind(h, family, because);
	}
	if (err)
		return buf_check(because) ? ERR_NOMEM : err;
	err = find_signer(&s, held, offered);
	if (err)
		return err;
	if (s.token) {
		if (s.as == TLV_ROLE_SAST) {
			buf_printf(
				because, "its signer is SAST record %zu of that list: ", s.token);
		} else {
			buf_printf(because, "its signer is record %zu of that list, as ", s.token);
			list_put_role(because, s.as);
			buf_str(because, ", which signs ITLs: ");
		}
		str_printable(because, s.name);
		put_reserves(&s, held, offered, family, because);
		return buf_check(because);
	}
	err = list_verify(offered, NULL);
	if (err == ERR_NOMEM)
		return err;
	if (s.failed)
		put_failed(&s, !err, because);
	else
		put_stranger(&s, held, offered, !err, because);
	err = s.failed ? s.why : ERR_TRUST;
	return buf_check(because) ? ERR_NOMEM : err;
}
