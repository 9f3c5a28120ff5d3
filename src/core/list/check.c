/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/check_priv.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdio.h>

#define TOKENS_MIN  2u
#define NAME_SHOWN  120 /* bytes of a name in an error */
#define OLD_MODULUS 2u  /* code of 2048 bits: the longest that every family checks */

static const struct {
	const char *sha1, *where;
} known[] = {
#define KNOWN_SIGNER(sha1, where) {sha1, where},
#include "core/list/known.def"
#undef KNOWN_SIGNER
};

const char *list_severity_name(enum list_severity severity)
{
	return severity == LIST_FAULT ? "fault" : severity == LIST_WARNING ? "warning" : "note";
}

void finder_say(struct finder *f, const char *code, enum list_severity severity, size_t number,
	unsigned tag, struct span value, const char *fmt, ...)
{
	char place[LIST_PLACE_MAX], text[LIST_TEXT_MAX];
	struct list_finding finding = {code, severity, number, place, text};
	const char *name = number ? tlv_record_tag_name(tag) : tlv_header_tag_name(tag);
	size_t at = value.ptr ? (size_t)(value.ptr - f->list->file.ptr) : 0;
	va_list args;

	if (!number && !tag)
		snprintf(place, sizeof(place), "file");
	else if (!number)
		snprintf(place, sizeof(place), "header, %s", name);
	else if (!tag)
		snprintf(place, sizeof(place), "record %zu at byte %zu", number, at);
	else
		snprintf(place, sizeof(place), "record %zu, %s at byte %zu", number, name, at - 3);
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	f->found(f->ctx, &finding);
}

/* A finding of list_check_records: its text is "place: what". */
static void contradiction(void *ctx, const struct fail *fail)
{
	struct finder *f = ctx;
	const char *colon = strstr(fail->text, ": ");
	char place[LIST_PLACE_MAX];
	struct list_finding finding = {"contradiction", LIST_FAULT, 0, place, fail->text};

	snprintf(place, sizeof(place), "%.*s", colon ? (int)(colon - fail->text) : 0, fail->text);
	if (colon)
		finding.text = colon + 2;
	if (strncmp(place, "header", 6) == 0)
		finding.code = "file-name";
	else if (sscanf(place, "record %zu", &finding.record) != 1)
		finding.record = 0;
	f->found(f->ctx, &finding);
}

void finder_dates(
	struct finder *f, size_t number, const struct tlv_record *r, const struct cert *cert)
{
	int64_t now = f->how->now, ends = cert_not_after(cert);
	unsigned tag = r->has & TLV_HAS(9) ? 9 : 0;
	struct span at = tag ? r->certificate : span_of(f->list->file.ptr + r->at, 0);
	char date[CLOCK_DATE_MAX];

	if (cert_not_before(cert) > now) {
		clock_print_iso(date, cert_not_before(cert));
		finder_say(f, "not-yet-valid", LIST_WARNING, number, tag, at,
			"the certificate is not valid before %s", date);
	} else if (ends < now) {
		clock_print_iso(date, ends);
		finder_say(f, "expired", LIST_FAULT, number, tag, at,
			"the certificate expired on %s", date);
	} else if (ends - now <= LIST_SOON) {
		clock_print_iso(date, ends);
		finder_say(f, "expires-soon", LIST_WARNING, number, tag, at,
			"the certificate expires soon, on %s", date);
	}
}

void finder_age(struct finder *f, size_t number, const struct tlv_record *r,
	const struct cert *cert, const char *name)
{
	int64_t signed_at = f->list->header.timestamp;
	char made[CLOCK_DATE_MAX], begins[CLOCK_DATE_MAX];

	if (!f->list->header.has_timestamp || signed_at + LIST_CLOCK_OFF >= cert_not_before(cert))
		return;
	clock_print_iso(made, signed_at);
	clock_print_iso(begins, cert_not_before(cert));
	finder_say(f, "older-than-certificate", LIST_WARNING, number, 0,
		span_of(f->list->file.ptr + r->at, 0),
		"the list was signed on %s, before the certificate%s%s, which is valid from %s",
		made, name ? " in " : "", name ? name : "", begins);
}

static void check_known(struct finder *f, size_t number, const struct tlv_record *r)
{
	char hex[2 * DIGEST_MAX + 1] = "";
	bool whole = r->has & TLV_HAS(9);
	struct buf hash = {0};
	size_t i;

	if (whole) {
		digest_hex(DIGEST_SHA1, r->certificate, hex);
	} else if (r->has & TLV_HAS(11)) {
		str_hex(&hash, r->cert_hash, STR_LOWER);
		buf_u8(&hash, '\0');
		if (buf_check(&hash))
			f->err = ERR_NOMEM;
		else
			str_copy(hex, sizeof(hex), (char *)hash.data);
		buf_fini(&hash);
	}
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(hex, known[i].sha1) == 0)
			finder_say(f, "known-signer", LIST_FAULT, number, whole ? 9 : 11,
				whole ? r->certificate : r->cert_hash,
				"this signer's list is published (%s): strangers hold its key and "
				"can sign for your phones",
				known[i].where);
}

/* A SAST counts once, whatever the number of its records; counting ends at two. */
static void count_token(struct finder *f, const struct tlv_record *r)
{
	const struct tlv_record *first = &f->first_token;

	if (!f->tokens)
		f->first_token = *r;
	if (!f->tokens || !span_eq(first->subject, r->subject) ||
		!span_eq(first->issuer, r->issuer) || !span_eq(first->serial, r->serial))
		f->tokens++;
}

static void check_record(
	void *ctx, size_t number, const struct tlv_record *r, const struct cert *cert)
{
	struct finder *f = ctx;

	if (r->role == TLV_ROLE_SAST) {
		if (f->tokens < TOKENS_MIN)
			count_token(f, r);
		check_known(f, number, r);
		if (!(r->has & TLV_HAS(9)))
			finder_say(f, "hash-only-token", LIST_FAULT, number, 0,
				span_of(f->list->file.ptr + r->at, 0),
				"a SAST without its certificate: there are readers that check "
				"lists by the certificate alone");
	}
	if (!cert)
		return;
	finder_dates(f, number, r, cert);
	finder_age(f, number, r, cert, NULL);
}

/* Signatures that not every family of phones can check.
 * spec: docs/formats/trust-list.md#models */
static void check_signature_kind(struct finder *f, const struct tlv_header *h)
{
	static const struct span none;

	if (h->digest == TLV_SHA256)
		finder_say(f, "digest", LIST_WARNING, 0, 8, none,
			"SHA-256: no family of phones is known to check it");
	else if (h->digest == TLV_SHA512)
		finder_say(f, "digest", LIST_WARNING, 0, 8, none,
			"SHA-512: phones of the 79xx families check SHA-1 alone and reject it");
	if (h->modulus > OLD_MODULUS && tlv_modulus_bytes(h->modulus))
		finder_say(f, "modulus", LIST_WARNING, 0, 11, none,
			"a key of %zu bits: phones of the 79xx families check at most 2048",
			8 * tlv_modulus_bytes(h->modulus));
}

enum err list_check(
	const struct tlv_list *list, const struct list_check *how, list_found *found, void *ctx)
{
	struct finder f = {.list = list, .how = how, .found = found, .ctx = ctx};
	static const struct span none;

	if (list->file.len > LIST_LOAD_MAX)
		finder_say(&f, "too-large", LIST_FAULT, 0, 0, none,
			"%zu bytes: phones fail to load a list of more than %u", list->file.len,
			LIST_LOAD_MAX);
	check_signature_kind(&f, &list->header);
	if (list_walk_records(list, how->kind, contradiction, check_record, &f) == ERR_NOMEM)
		return ERR_NOMEM;
	if (how->kind == LIST_CTL && f.tokens < TOKENS_MIN)
		finder_say(&f, "few-tokens", LIST_WARNING, 0, 0, none,
			"%s: were the signer's key lost, phones would take no new list",
			f.tokens ? "one SAST alone" : "no SAST");
	if (!f.err && how->real)
		finder_compare(&f);
	return f.err;
}

static bool names_cert(const struct tlv_header *h, const struct cert *cert)
{
	return cert_serial_same(cert_serial(cert), h->serial, true) &&
	       cert_name_same(span_str(cert_subject(cert)), h->signer_name) &&
	       cert_name_same(span_str(cert_issuer(cert)), h->issuer_name);
}

void list_check_signed(const struct tlv_header *h, const char *name, const struct cert *signer,
	list_found *found, void *ctx)
{
	struct finder f = {.found = found, .ctx = ctx};
	const char *slash = NULL;
	struct span base = h->filename;
	static const struct span none;
	size_t i;

	/* Phones ask for some files with a folder before the name. */
	for (i = 0; i < base.len; i++)
		if (base.ptr[i] == '/')
			slash = (const char *)base.ptr + i + 1;
	if (slash)
		base = span_of(slash, base.len - (size_t)(slash - (const char *)base.ptr));
	if (name && !span_eq(base, span_str(name)))
		finder_say(&f, "file-name", LIST_WARNING, 0, 14, none,
			"is %.*s: a phone that asks for %s will not take it", (int)base.len,
			(const char *)base.ptr, name);
	if (signer && !names_cert(h, signer))
		finder_say(&f, "signer-name", LIST_WARNING, 0, 4, none,
			"names another signer than the certificate: phones look it up by subject, "
			"issuer and serial");
	check_signature_kind(&f, h);
}

enum err list_signed_by_cert(
	struct span file, const struct tlv_header *h, const struct cert *cert, struct fail *why)
{
	struct tlv_record r = {.has = TLV_HAS(7), .public_key = cert_list_key(cert)};
	struct fail first = {0};
	enum err err = list_signed_by(file, h, &r, &first);

	if (err == ERR_VERIFY && !names_cert(h, cert))
		return fail_set(why, ERR_TRUST, "the signer is not the certificate's: %.*s",
			h->signer_name.len < NAME_SHOWN ? (int)h->signer_name.len : NAME_SHOWN,
			h->signer_name.ptr ? (const char *)h->signer_name.ptr : "");
	return err ? fail_at(why, err, first.offset, "%s", first.text) : ERR_OK;
}
