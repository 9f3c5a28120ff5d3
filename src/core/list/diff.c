/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/diff.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/list/explain.h"
#include "crypto/digest.h"

struct side {
	const struct tlv_list *list;
	struct tlv_record *records;
	size_t *match;  /* number of the same record on the other side, 0 for none */
	uint32_t *keys; /* equal where the records may be the same in this pass */
};

struct differ {
	struct side before, after;
	list_changed *changed;
	void *ctx;
	struct buf record, old_text, new_text;
	struct list_change change; /* without its texts */
	bool told;                 /* something about this record */
	enum err err;
};

const char *list_difference_name(enum list_difference what)
{
	static const char *const names[] = {"header", "signer", "added", "removed", "changed"};

	return names[what];
}

static const char *text_of(struct differ *d, struct buf *b)
{
	buf_u8(b, '\0');
	if (buf_check(b))
		d->err = ERR_NOMEM;
	return d->err ? "" : (const char *)b->data;
}

/* Tells what is in old_text and new_text, and empties them. */
static void tell(struct differ *d, enum list_difference what, const char *field)
{
	d->change.what = what;
	d->change.field = field;
	d->change.before = text_of(d, &d->old_text);
	d->change.after = text_of(d, &d->new_text);
	d->change.record = text_of(d, &d->record);
	if (!d->err)
		d->changed(d->ctx, &d->change);
	if (d->record.len)
		d->record.len--; /* the NUL: it is told again */
	d->told = true;
	buf_clear(&d->old_text);
	buf_clear(&d->new_text);
}

static void tell_number(
	struct differ *d, enum list_difference what, const char *field, unsigned a, unsigned b)
{
	if (a == b)
		return;
	buf_printf(&d->old_text, "%u", a);
	buf_printf(&d->new_text, "%u", b);
	tell(d, what, field);
}

static void tell_text(struct differ *d, enum list_difference what, const char *field, struct span a,
	struct span b)
{
	if (span_eq(a, b))
		return;
	str_printable(&d->old_text, a);
	str_printable(&d->new_text, b);
	tell(d, what, field);
}

static void tell_hex(struct differ *d, enum list_difference what, const char *field, struct span a,
	struct span b)
{
	if (span_eq(a, b))
		return;
	str_hex(&d->old_text, a, STR_COLON);
	str_hex(&d->new_text, b, STR_COLON);
	tell(d, what, field);
}

static void put_date(struct buf *out, bool there, int64_t seconds)
{
	char date[CLOCK_DATE_MAX];

	if (!there)
		return;
	clock_print_iso(date, seconds);
	buf_str(out, date);
}

static void put_digest(struct buf *out, bool there, unsigned code)
{
	const char *word = digest_word(code);

	if (!there)
		return;
	if (word)
		buf_str(out, word);
	else
		buf_printf(out, "unknown code %u", code);
}

static void diff_headers(struct differ *d)
{
	const struct tlv_header *a = &d->before.list->header, *b = &d->after.list->header;

	if (a->major != b->major || a->minor != b->minor) {
		buf_printf(&d->old_text, "%u.%u", a->major, a->minor);
		buf_printf(&d->new_text, "%u.%u", b->major, b->minor);
		tell(d, LIST_DIFF_HEADER, "version");
	}
	tell_text(d, LIST_DIFF_HEADER, "file name", a->filename, b->filename);
	if (a->has_timestamp != b->has_timestamp || a->timestamp != b->timestamp) {
		put_date(&d->old_text, a->has_timestamp, a->timestamp);
		put_date(&d->new_text, b->has_timestamp, b->timestamp);
		tell(d, LIST_DIFF_HEADER, "timestamp");
	}
	if (a->digest != b->digest) {
		put_digest(&d->old_text, true, a->digest);
		put_digest(&d->new_text, true, b->digest);
		tell(d, LIST_DIFF_HEADER, "digest");
	}
	tell_number(d, LIST_DIFF_HEADER, "bytes of signature", (unsigned)a->signature.len,
		(unsigned)b->signature.len);
	if (a->has_signer_version != b->has_signer_version || a->signer_major != b->signer_major ||
		a->signer_minor != b->signer_minor) {
		if (a->has_signer_version)
			buf_printf(&d->old_text, "%u.%u", a->signer_major, a->signer_minor);
		if (b->has_signer_version)
			buf_printf(&d->new_text, "%u.%u", b->signer_major, b->signer_minor);
		tell(d, LIST_DIFF_HEADER, "signer version");
	}
	tell_text(d, LIST_DIFF_SIGNER, "name", a->signer_name, b->signer_name);
	tell_text(d, LIST_DIFF_SIGNER, "issuer", a->issuer_name, b->issuer_name);
	tell_hex(d, LIST_DIFF_SIGNER, "serial number", a->serial, b->serial);
}

static void put_record(struct buf *out, const struct tlv_record *r)
{
	buf_clear(out);
	list_put_role(out, r->role);
	buf_str(out, " ");
	str_printable(out, r->subject.len ? r->subject : r->dns);
	if (r->address.len) {
		buf_str(out, " ");
		list_put_address(out, r->address);
	}
}

static void put_key(struct buf *out, struct span key)
{
	char hex[2 * DIGEST_MAX + 1];
	bool rsa;
	unsigned bits = list_key_bits(key, &rsa);

	if (!key.len)
		return;
	digest_hex(DIGEST_SHA1, key, hex);
	buf_printf(out, "%s %u bits, SHA-1 %s", rsa ? "RSA" : "EC", bits, hex);
}

static void put_certificate(struct differ *d, struct buf *out, struct span der)
{
	char hex[2 * DIGEST_MAX + 1];
	struct cert *cert = NULL;
	enum err err;

	if (!der.len)
		return;
	digest_hex(DIGEST_SHA1, der, hex);
	buf_printf(out, "SHA-1 %s", hex);
	err = cert_from_der(&cert, der, NULL);
	if (err == ERR_NOMEM)
		d->err = err;
	if (err)
		return;
	buf_str(out, ", valid from ");
	put_date(out, true, cert_not_before(cert));
	buf_str(out, " to ");
	put_date(out, true, cert_not_after(cert));
	cert_free(cert);
}

static struct span record_bytes(const struct side *s, const struct tlv_record *r)
{
	return span_of(s->list->file.ptr + r->at, r->length);
}

static void diff_records(struct differ *d, const struct tlv_record *a, const struct tlv_record *b)
{
	const enum list_difference what = LIST_DIFF_CHANGED;

	if (span_eq(record_bytes(&d->before, a), record_bytes(&d->after, b)))
		return;
	put_record(&d->record, a);
	d->told = false;
	if (a->role != b->role) {
		list_put_role(&d->old_text, a->role);
		list_put_role(&d->new_text, b->role);
		tell(d, what, "role");
	}
	if (!span_eq(a->address, b->address)) {
		list_put_address(&d->old_text, a->address);
		list_put_address(&d->new_text, b->address);
		tell(d, what, "address");
	}
	tell_text(d, what, "host name", a->dns, b->dns);
	tell_text(d, what, "subject", a->subject, b->subject);
	tell_text(d, what, "issuer", a->issuer, b->issuer);
	tell_hex(d, what, "serial number", a->serial, b->serial);
	if (!span_eq(a->public_key, b->public_key)) {
		put_key(&d->old_text, a->public_key);
		put_key(&d->new_text, b->public_key);
		tell(d, what, "public key");
	}
	if (!span_eq(a->certificate, b->certificate)) {
		put_certificate(d, &d->old_text, a->certificate);
		put_certificate(d, &d->new_text, b->certificate);
		tell(d, what, "certificate");
	}
	tell_hex(d, what, "certificate's signature", a->signature, b->signature);
	tell_hex(d, what, "certificate hash", a->cert_hash, b->cert_hash);
	if (a->hash_algorithm != b->hash_algorithm) {
		put_digest(&d->old_text, a->has & TLV_HAS(12), a->hash_algorithm);
		put_digest(&d->new_text, b->has & TLV_HAS(12), b->hash_algorithm);
		tell(d, what, "hash algorithm");
	}
	if (!d->told)
		tell_number(d, what, "bytes of the record", a->length, b->length);
	if (!d->told) {
		buf_str(&d->old_text, "other bytes");
		buf_str(&d->new_text, "other bytes");
		tell(d, what, "encoding");
	}
}

static bool same(const struct tlv_record *a, const struct tlv_record *b, unsigned pass)
{
	bool role = a->role == b->role, subject = span_eq(a->subject, b->subject);
	bool address = span_eq(a->address, b->address), serial = span_eq(a->serial, b->serial);

	switch (pass) {
	case 0: return role && subject && address && serial;
	case 1: return role && subject && address;
	case 2: return subject && address && serial;
	case 3: return role && subject && serial;
	/* One certificate, whose name another tool writes in another way. */
	case 4: return role && serial && a->public_key.len && span_eq(a->public_key, b->public_key);
	/* A server under another name is still that server; a token of another name is another
	 * token. */
	default: return role && address && a->role != TLV_ROLE_SAST && span_eq(a->dns, b->dns);
	}
}

#define PASSES 6u /* of same(): the surest first */

static uint32_t hash(uint32_t key, struct span bytes)
{
	size_t i;

	for (i = 0; i < bytes.len; i++)
		key = (key ^ bytes.ptr[i]) * 16777619u;
	return key * 16777619u;
}

/* Of what same() compares in this pass: of many records nearly all differ in it, and each would be
 * held against each. */
static void make_keys(struct side *s, unsigned pass)
{
	size_t i;

	for (i = 0; i < s->list->count; i++) {
		const struct tlv_record *r = &s->records[i];
		uint32_t key = pass == 2 ? 0 : r->role;

		if (pass < 4)
			key = hash(key, r->subject);
		else
			key = hash(key, pass == 4 ? r->public_key : r->dns);
		if (pass < 3 || pass == 5)
			key = hash(key, r->address);
		if (pass != 1 && pass != 5)
			key = hash(key, r->serial);
		s->keys[i] = key;
	}
}

static void match(struct differ *d, unsigned pass)
{
	struct side *a = &d->before, *b = &d->after;
	size_t first = 0, i, k;

	make_keys(a, pass);
	make_keys(b, pass);
	for (i = 0; i < a->list->count; i++) {
		if (a->match[i])
			continue;
		while (first < b->list->count && b->match[first])
			first++;
		for (k = first; k < b->list->count; k++)
			if (a->keys[i] == b->keys[k] && !b->match[k] &&
				same(&a->records[i], &b->records[k], pass))
				break;
		if (k < b->list->count) {
			a->match[i] = k + 1;
			b->match[k] = i + 1;
		}
	}
}

static bool side_init(struct side *s, const struct tlv_list *list)
{
	struct tlv_iter it;
	size_t i = 0;

	s->list = list;
	s->records = mem_new((list->count + 1) * sizeof(*s->records));
	s->match = mem_new((list->count + 1) * sizeof(*s->match));
	s->keys = mem_new((list->count + 1) * sizeof(*s->keys));
	if (!s->records || !s->match || !s->keys)
		return false;
	tlv_iter_init(&it, list);
	while (i < list->count && tlv_iter_next(&it, &s->records[i]))
		i++;
	return true;
}

static void one_sided(
	struct differ *d, enum list_difference what, const struct tlv_record *r, size_t a, size_t b)
{
	d->change.old_record = a;
	d->change.new_record = b;
	put_record(&d->record, r);
	if (r->serial.len)
		str_hex(what == LIST_DIFF_ADDED ? &d->new_text : &d->old_text, r->serial,
			STR_COLON);
	tell(d, what, "");
}

enum err list_diff(const struct tlv_list *before, const struct tlv_list *after,
	list_changed *changed, void *ctx)
{
	struct differ d = {.changed = changed, .ctx = ctx};
	unsigned pass;
	size_t i;

	if (!side_init(&d.before, before) || !side_init(&d.after, after))
		d.err = ERR_NOMEM;
	if (!d.err)
		diff_headers(&d);
	for (pass = 0; !d.err && pass < PASSES; pass++)
		match(&d, pass);
	for (i = 0; !d.err && i < before->count; i++) {
		d.change.old_record = i + 1;
		d.change.new_record = d.before.match[i];
		if (d.before.match[i])
			diff_records(
				&d, &d.before.records[i], &d.after.records[d.before.match[i] - 1]);
		else
			one_sided(&d, LIST_DIFF_REMOVED, &d.before.records[i], i + 1, 0);
	}
	for (i = 0; !d.err && i < after->count; i++)
		if (!d.after.match[i])
			one_sided(&d, LIST_DIFF_ADDED, &d.after.records[i], 0, i + 1);
	mem_free(d.before.records);
	mem_free(d.before.match);
	mem_free(d.before.keys);
	mem_free(d.after.records);
	mem_free(d.after.match);
	mem_free(d.after.keys);
	buf_fini(&d.record);
	buf_fini(&d.old_text);
	buf_fini(&d.new_text);
	return d.err;
}
