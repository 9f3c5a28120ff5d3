/* SPDX-License-Identifier: BSD-2-Clause
 * Records beside the certificates that are in use. */
#include "core/list/check_priv.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

#define SERVER_ROLES (LIST_ROLE(TLV_ROLE_CCM) | LIST_MAY_SIGN_FILES)

/* Names that the original gives to its certificates' files. */
static const struct {
	const char *word;
	uint32_t roles; /* of records that may hold it */
} hints[] = {
	{"CallManager", SERVER_ROLES | LIST_MAY_SIGN_LISTS},
	{"ITLRecovery", LIST_MAY_SIGN_LISTS},
	{"CAPF", LIST_ROLE(TLV_ROLE_CAPF)},
	{"TVS", LIST_ROLE(TLV_ROLE_TVS)},
	{"tomcat", LIST_ROLE(TLV_ROLE_APP_SERVER)},
};

enum claim {
	CLAIM_NONE,
	CLAIM_SUBJECT, /* a record has its subject */
	CLAIM_EXACT,   /* a record has its subject and serial */
};

struct comparison {
	struct finder *f;
	enum claim *claims; /* of each certificate */
};

/* The roles that the name of a certificate's file tells; 0 when it tells none. */
static uint32_t hinted(const char *name)
{
	size_t i;

	for (i = 0; name && i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcasestr(name, hints[i].word))
			return hints[i].roles;
	return 0;
}

static bool may_have_role(const struct list_real *real, uint16_t role)
{
	uint32_t roles = hinted(real->name);

	return !roles || role > 31 || roles & LIST_ROLE(role);
}

static bool same_subject(const struct tlv_record *r, const struct cert *c)
{
	return cert_name_same(r->subject, span_str(cert_subject(c)));
}

/* Tokens print their serial backwards. */
static bool same_serial(const struct tlv_record *r, const struct cert *c)
{
	return cert_serial_same(cert_serial(c), r->serial, true);
}

static bool same_key(const struct tlv_record *r, const struct cert *c)
{
	return r->has & TLV_HAS(7) && span_eq(r->public_key, cert_list_key(c));
}

/* The certificate with the record's subject and serial; of several one with its key. */
static const struct list_real *find_exact(const struct list_check *how, const struct tlv_record *r)
{
	const struct list_real *found = NULL;
	size_t i;

	for (i = 0; i < how->real_count; i++) {
		const struct list_real *real = &how->real[i];

		if (!same_serial(r, real->cert) || !same_subject(r, real->cert))
			continue;
		if (!found || (!same_key(r, found->cert) && same_key(r, real->cert)))
			found = real;
	}
	return found;
}

/* A certificate that has taken the place of the record's: same subject, no other record's own, of
 * the role if its name tells one; the newest of several. */
static const struct list_real *find_successor(
	const struct comparison *c, const struct tlv_record *r)
{
	const struct list_check *how = c->f->how;
	const struct list_real *found = NULL;
	size_t i;

	for (i = 0; i < how->real_count; i++) {
		const struct list_real *real = &how->real[i];

		if (c->claims[i] == CLAIM_EXACT || !may_have_role(real, r->role) ||
			!same_subject(r, real->cert))
			continue;
		if (!found || (!hinted(found->name) && hinted(real->name)) ||
			(!hinted(found->name) == !hinted(real->name) &&
				cert_not_before(real->cert) > cert_not_before(found->cert)))
			found = real;
	}
	return found;
}

/* The record's serial and key, or its serial and issuer, under another name. */
static const struct list_real *find_renamed(
	const struct list_check *how, const struct tlv_record *r)
{
	size_t i;

	for (i = 0; i < how->real_count; i++) {
		const struct cert *c = how->real[i].cert;

		if (same_serial(r, c) &&
			(same_key(r, c) || cert_name_same(r->issuer, span_str(cert_issuer(c)))))
			return &how->real[i];
	}
	return NULL;
}

/* Serials are short; longer ones are cut. */
static void serial_text(struct span serial, char out[64])
{
	struct buf hex = {0};

	str_hex(&hex, span_of(serial.ptr, serial.len < 20 ? serial.len : 20), STR_COLON);
	buf_u8(&hex, '\0');
	str_copy(out, 64, buf_check(&hex) ? "" : (char *)hex.data);
	buf_fini(&hex);
}

static void say_serial(
	struct finder *f, size_t number, const struct tlv_record *r, const struct list_real *real)
{
	char listed[64], used[64];

	serial_text(r->serial, listed);
	serial_text(cert_serial(real->cert), used);
	finder_say(f, "different-serial", LIST_FAULT, number, 6, r->serial,
		"is %s, but %s has %s%s", listed, real->name, used,
		r->has & TLV_HAS(7) && !same_key(r, real->cert) ? " and another key" : "");
}

/* Same subject and serial: is the rest the same, too? */
static void compare_exact(
	struct finder *f, size_t number, const struct tlv_record *r, const struct list_real *real)
{
	uint8_t hash[DIGEST_MAX];
	struct cert *own = NULL;
	char used[CLOCK_DATE_MAX], used_end[CLOCK_DATE_MAX];
	size_t len;

	if (r->has & TLV_HAS(5) && !cert_name_same(r->issuer, span_str(cert_issuer(real->cert))))
		finder_say(f, "different-issuer", LIST_FAULT, number, 5, r->issuer,
			"differs from the issuer of %s", real->name);
	if (r->has & TLV_HAS(7) && !same_key(r, real->cert))
		finder_say(f, "different-key", LIST_FAULT, number, 7, r->public_key,
			"is not the key of %s, whose subject and serial it has", real->name);
	if (r->has & TLV_HAS(11)) {
		len = digest_one(
			r->has & TLV_HAS(12) ? (enum digest_alg)r->hash_algorithm : DIGEST_SHA1,
			cert_der(real->cert), hash);
		if (len && !span_eq(r->cert_hash, span_of(hash, len)))
			finder_say(f, "different-certificate", LIST_FAULT, number, 11, r->cert_hash,
				"is not the hash of %s", real->name);
	}
	if (!(r->has & TLV_HAS(9)) || span_eq(r->certificate, cert_der(real->cert)))
		return;
	if (cert_from_der(&own, r->certificate, NULL))
		return; /* list_check_records has said it */
	clock_print_iso(used, cert_not_before(real->cert));
	clock_print_iso(used_end, cert_not_after(real->cert));
	if (cert_not_before(own) != cert_not_before(real->cert) ||
		cert_not_after(own) != cert_not_after(real->cert))
		finder_say(f, "different-dates", LIST_FAULT, number, 9, r->certificate,
			"has other dates than %s, which is valid from %s to %s", real->name, used,
			used_end);
	else
		finder_say(f, "different-certificate", LIST_FAULT, number, 9, r->certificate,
			"is not %s, whose subject, serial and dates it has", real->name);
	cert_free(own);
}

static void compare_record(struct comparison *c, size_t number, const struct tlv_record *r)
{
	const struct list_check *how = c->f->how;
	const struct list_real *real = find_exact(how, r);

	if (real) {
		compare_exact(c->f, number, r, real);
		/* A record with its certificate has been looked at already. */
		if (!(r->has & TLV_HAS(9)))
			finder_dates(c->f, number, r, real->cert);
		if (!(r->has & TLV_HAS(9)) || !span_eq(r->certificate, cert_der(real->cert)))
			finder_age(c->f, number, r, real->cert, real->name);
		return;
	}
	real = find_successor(c, r);
	if (real) {
		say_serial(c->f, number, r, real);
		finder_age(c->f, number, r, real->cert, real->name);
	} else if ((real = find_renamed(how, r)) != NULL) {
		finder_say(c->f, "different-subject", LIST_FAULT, number, 3, r->subject,
			"is not the subject of %s, whose serial it has", real->name);
	} else {
		finder_say(c->f, "missing", LIST_WARNING, number, 3, r->subject,
			"no certificate given has this subject or serial");
		return;
	}
	if (c->claims[real - how->real] == CLAIM_NONE)
		c->claims[real - how->real] = CLAIM_SUBJECT;
}

/* Two files may hold the same certificate. */
static bool is_copy(const struct comparison *c, size_t n)
{
	const struct list_real *real = c->f->how->real;
	size_t i;

	for (i = 0; i < c->f->how->real_count; i++)
		if (c->claims[i] != CLAIM_NONE &&
			span_eq(cert_der(real[i].cert), cert_der(real[n].cert)))
			return true;
	return false;
}

/* Certificates that no record knows. Whoever's certificate is not in the list is a stranger to
 * phones, but a folder may hold others' certificates as well. */
static void say_unlisted(const struct comparison *c)
{
	const struct list_check *how = c->f->how;
	static const struct span none;
	size_t i;

	for (i = 0; i < how->real_count; i++) {
		uint32_t roles = hinted(how->real[i].name);
		/* TVS is never in a CTL. */
		bool expected = roles & (SERVER_ROLES | LIST_ROLE(TLV_ROLE_CAPF)) ||
				(roles & LIST_ROLE(TLV_ROLE_TVS) && how->kind == LIST_ITL);

		if (c->claims[i] != CLAIM_NONE || is_copy(c, i))
			continue;
		if (roles & LIST_ROLE(TLV_ROLE_TVS) && how->kind == LIST_CTL)
			continue;
		finder_say(c->f, "not-in-list", expected ? LIST_WARNING : LIST_NOTE, 0, 0, none,
			"no record holds the certificate %s", how->real[i].name);
	}
}

void finder_compare(struct finder *f)
{
	struct comparison c = {.f = f};
	const uint32_t named = TLV_HAS(3) | TLV_HAS(6);
	struct tlv_record r;
	struct tlv_iter it;

	c.claims = mem_new((f->how->real_count + 1) * sizeof(*c.claims));
	if (!c.claims) {
		f->err = ERR_NOMEM;
		return;
	}
	tlv_iter_init(&it, f->list);
	while (tlv_iter_next(&it, &r)) {
		const struct list_real *real =
			(r.has & named) == named ? find_exact(f->how, &r) : NULL;

		if (real)
			c.claims[real - f->how->real] = CLAIM_EXACT;
	}
	/* Server entries that a return to non-secure mode has emptied have no names. */
	tlv_iter_init(&it, f->list);
	while (tlv_iter_next(&it, &r))
		if ((r.has & named) == named)
			compare_record(&c, it.number, &r);
	say_unlisted(&c);
	mem_free(c.claims);
}
