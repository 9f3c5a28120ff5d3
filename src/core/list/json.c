/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/list.h"
#include "base/clock.h"
#include "base/str.h"
#include "core/list/signed.h"

#include <stdio.h>

static void set_text(struct json *o, const char *key, struct span text)
{
	json_set_take(o, key, json_span_new(text));
}

/* Memory that runs out leaves NULL in the document, which json_write refuses. */
static void set_hex(struct json *o, const char *key, struct span bytes, enum str_hex how)
{
	struct buf hex = {0};

	str_hex(&hex, bytes, how);
	json_set_take(o, key, buf_check(&hex) ? NULL : json_span_new(buf_span(&hex)));
	buf_fini(&hex);
}

static void set_digest(struct json *o, const char *key, enum digest_alg alg, struct span bytes)
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(alg, bytes, hex);
	json_set_str(o, key, hex);
}

static void set_date(struct json *o, const char *key, int64_t seconds)
{
	char date[CLOCK_DATE_MAX];

	clock_print_iso(date, seconds);
	json_set_str(o, key, date);
}

static struct json *header_json(const struct tlv_header *h)
{
	struct json *o = json_object_new();

	json_set_int(o, "length", h->length);
	set_text(o, "signerName", h->signer_name);
	set_hex(o, "serialNumber", h->serial, STR_COLON);
	set_text(o, "caName", h->issuer_name);
	json_set_int(o, "digestAlgorithm", h->digest);
	json_set_int(o, "signatureAlgorithm", h->algorithm);
	json_set_int(o, "signatureModulus", h->modulus);
	set_hex(o, "signature", h->signature, STR_LOWER);
	if (h->has_signer_version) {
		json_set_int(o, "signerVersionMajor", h->signer_major);
		json_set_int(o, "signerVersionMinor", h->signer_minor);
	}
	if (h->filename.ptr)
		set_text(o, "fileName", h->filename);
	if (h->has_timestamp)
		set_date(o, "timestamp", h->timestamp);
	return o;
}

/* Dotted decimal, or 32 hex digits for the sixteen bytes of IPv6. */
static void set_address(struct json *o, struct span a)
{
	char text[16];

	if (a.len != 4) {
		set_hex(o, "ipAddress", a, STR_LOWER);
		return;
	}
	snprintf(text, sizeof(text), "%u.%u.%u.%u", a.ptr[0], a.ptr[1], a.ptr[2], a.ptr[3]);
	json_set_str(o, "ipAddress", text);
}

static struct json *record_json(const struct tlv_list *list, const struct tlv_record *r)
{
	struct json *o = json_object_new();

	json_set_int(o, "offset", (int64_t)r->at);
	json_set_int(o, "length", r->length);
	json_set_int(o, "functionCode", r->role);
	if (tlv_role_name(r->role))
		json_set_str(o, "function", tlv_role_name(r->role));
	if (r->has & TLV_HAS(2))
		set_text(o, "dnsName", r->dns);
	if (r->has & TLV_HAS(3))
		set_text(o, "subjectName", r->subject);
	if (r->has & TLV_HAS(5))
		set_text(o, "issuerName", r->issuer);
	if (r->has & TLV_HAS(6))
		set_hex(o, "serialNumber", r->serial, STR_COLON);
	if (r->has & TLV_HAS(7))
		json_set_int(o, "publicKeyLength", (int64_t)r->public_key.len);
	if (r->has & TLV_HAS(8))
		json_set_int(o, "signatureLength", (int64_t)r->signature.len);
	if (r->has & TLV_HAS(9)) {
		json_set_int(o, "certificateLength", (int64_t)r->certificate.len);
		set_digest(o, "certificateSha1", DIGEST_SHA1, r->certificate);
	}
	if (r->has & TLV_HAS(10))
		set_address(o, r->address);
	if (r->has & TLV_HAS(11))
		set_hex(o, "certHash", r->cert_hash, STR_LOWER);
	if (r->has & TLV_HAS(12))
		json_set_int(o, "hashAlgorithm", r->hash_algorithm);
	if (r->role == TLV_ROLE_SAST)
		json_set_bool(o, "usedToSign", list_is_signer(&list->header, r));
	return o;
}

static void add_finding(void *ctx, const struct fail *finding)
{
	json_append_take(ctx, json_string_new(finding->text));
}

/* What every kind of file has. */
static struct json *file_json(
	const char *kind, struct span file, const struct tlv_header *h, int64_t modified)
{
	struct json *o = json_object_new();

	json_set_str(o, "kind", kind);
	json_set_int(o, "length", (int64_t)file.len);
	set_digest(o, "md5", DIGEST_MD5, file);
	set_digest(o, "sha1", DIGEST_SHA1, file);
	set_date(o, "lastModified", modified);
	json_set_int(o, "versionMajor", h->major);
	json_set_int(o, "versionMinor", h->minor);
	json_set_take(o, "header", header_json(h));
	return o;
}

struct json *list_to_json(const struct tlv_list *list, enum list_kind kind, int64_t modified,
	const struct fail *verdict)
{
	struct json *o =
		file_json(kind == LIST_CTL ? "CTL" : "ITL", list->file, &list->header, modified);
	struct json *records = json_array_new(), *findings = json_array_new();
	struct tlv_record r;
	struct tlv_iter it;
	enum err err;

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r))
		json_append_take(records, record_json(list, &r));
	json_set_take(o, "records", records);
	json_set_bool(o, "verified", !verdict->code);
	if (verdict->code) {
		json_set_str(o, "error", err_name(verdict->code));
		json_set_str(o, "reason", verdict->text);
	}
	err = list_check_records(list, kind, add_finding, findings);
	json_set_take(o, "findings", err == ERR_NOMEM ? (json_free(findings), NULL) : findings);
	return o;
}

struct json *signed_to_json(const struct sgn_file *f, int64_t modified)
{
	struct json *o = file_json("signed", f->file, &f->header, modified);

	json_set_int(o, "contentLength", (int64_t)f->content.len);
	return o;
}

struct json *signed_encrypted_to_json(const struct enc_file *f, int64_t modified)
{
	struct json *o = file_json("encrypted", f->file, &f->header, modified);

	json_set_int(o, "contentLength", (int64_t)f->ciphertext.len);
	set_hex(o, "iv", f->iv, STR_LOWER);
	json_set_int(o, "padding", f->padding);
	json_set_int(o, "keyBits", f->key_bits);
	json_set_int(o, "contentDigestAlgorithm", f->header.content_digest);
	set_hex(o, "contentDigest", f->header.content_hash, STR_LOWER);
	return o;
}
