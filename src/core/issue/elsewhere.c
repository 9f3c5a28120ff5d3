/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/issue/elsewhere.h"

#include "base/str.h"
#include "core/capf/phone_cert.h"
#include "core/cluster/services.h"
#include "crypto/bundle.h"
#include "crypto/request.h"

/* Bytes of an LSC that fit into CAPF's element. */
#define LSC_SIZE_MAX 8186u

enum err lsc_authority_parse(const char *word, enum lsc_authority *out, struct fail *why)
{
	static const char *const words[] = {"own", "offline", "est"};
	int i;

	for (i = 0; i < 3; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum lsc_authority)i;
			return ERR_OK;
		}
	return fail_set(why, ERR_FORMAT, "setting capf_ca: own, offline or est");
}

bool lsc_signed_elsewhere(const struct cluster *c)
{
	enum lsc_authority kind;

	return lsc_authority_parse(cluster_get_settings(c)->capf_ca, &kind, NULL) == ERR_OK &&
	       kind != LSC_OWN;
}

void lsc_ask_fini(struct lsc_ask *ask)
{
	buf_fini(&ask->request);
	buf_fini(&ask->answer);
	memset(ask, 0, sizeof(*ask));
}

static enum err authority_of(struct cluster *c, enum lsc_authority *out, struct fail *why)
{
	return lsc_authority_parse(cluster_get_settings(c)->capf_ca, out, why);
}

/* --- the row that waits --- */

struct waiting {
	struct store_request row;
	struct buf spki, request, cert;
};

static void waiting_fini(struct waiting *w)
{
	buf_fini(&w->spki);
	buf_fini(&w->request);
	buf_fini(&w->cert);
}

/* ERR_NOTFOUND when none waits. */
static enum err waiting_get(
	struct store *s, const char *device, struct waiting *w, struct fail *why)
{
	memset(w, 0, sizeof(*w));
	return store_request_get(s, device, &w->row, &w->spki, &w->request, &w->cert, why);
}

static enum err waiting_put(struct store *s, const struct waiting *w, struct fail *why)
{
	return store_request_put(
		s, &w->row, buf_span(&w->spki), buf_span(&w->request), buf_span(&w->cert), why);
}

static void key_fingerprint(struct span spki, char out[STORE_FINGERPRINT])
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_SHA256, spki, hex);
	str_copy(out, STORE_FINGERPRINT, hex);
}

enum err lsc_waiting(struct cluster *c, const char *device, struct buf *spki, struct fail *why)
{
	enum lsc_authority authority;
	struct fail local = {0};
	struct waiting w = {0};
	enum err err = authority_of(c, &authority, why);

	if (err || authority == LSC_OWN)
		return err;
	err = waiting_get(cluster_get_store(c), device, &w, &local);
	if (!err) {
		buf_put(spki, buf_span(&w.spki));
		err = buf_check(spki);
	}
	waiting_fini(&w);
	return !err || err == ERR_NOTFOUND ? ERR_OK : fail_set(why, err, "%s", local.text);
}

/* --- what an authority is handed --- */

static enum err make_request(struct cluster *c, const char *device, struct span spki,
	bool phone_key, struct buf *out, struct fail *why)
{
	struct issue_request r = {.kind = ISSUE_LSC,
		.subject = {.cn = device},
		.like_issuer = true,
		.spki = spki,
		.digest = DIGEST_SHA256};
	const struct cert *capf = NULL;
	struct signer *signer = NULL;
	const char *key_name = NULL;
	enum err err = cluster_issuer(c, &capf, &signer, &key_name, why);

	if (err)
		return err;
	r.issuer = capf;
	r.issuer_is_rsa = cert_key_is_rsa(capf);
	return request_now(out, &r, phone_key ? spki : cert_spki(capf), signer, key_name, why);
}

static void put_pem(struct buf *out, const char *label, struct span der)
{
	buf_printf(out, "-----BEGIN %s-----\n", label);
	str_base64_lines(out, der, "\n");
	buf_printf(out, "-----END %s-----\n", label);
}

enum err lsc_request_export(struct cluster *c, const char *device, bool phone_key,
	struct buf *request, struct buf *key, struct fail *why)
{
	struct waiting w = {0};
	struct buf der = {0};
	enum err err = waiting_get(cluster_get_store(c), device, &w, why);

	if (!err)
		err = make_request(c, w.row.device, buf_span(&w.spki), phone_key, &der, why);
	if (!err) {
		put_pem(request, "CERTIFICATE REQUEST", buf_span(&der));
		put_pem(key, "PUBLIC KEY", buf_span(&w.spki));
		err = buf_check(request) ? buf_check(request) : buf_check(key);
	}
	buf_fini(&der);
	waiting_fini(&w);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}

struct one {
	struct cluster *c;
	const char *device;
	const struct cert *cert, *issuer;
};

static enum err note_exported(void *ctx, struct store *s, struct fail *why)
{
	const struct one *x = ctx;
	struct waiting w = {0};
	enum err err = waiting_get(s, x->device, &w, why);

	w.row.exported = clock_seconds(cluster_get_clock(x->c));
	if (!err)
		err = waiting_put(s, &w, why);
	waiting_fini(&w);
	return err;
}

enum err lsc_request_exported(struct cluster *c, const char *device, struct fail *why)
{
	struct one x = {.c = c, .device = device};

	return store_transaction(cluster_get_store(c), note_exported, &x, why);
}

/* --- what comes back --- */

/* A certificate that the phone can use, and that is trusted when it registers with it. */
static enum err judge(struct cluster *c, const char *device, struct span spki,
	const struct cert *cert, struct cert **issuer, struct fail *why)
{
	struct lsc_issuers *issuers = NULL;
	int64_t now = clock_seconds(cluster_get_clock(c));
	char name[DEVICE_NAME_SIZE] = "";
	enum err err;

	*issuer = NULL;
	if (!span_eq(cert_spki(cert), spki))
		return fail_set(why, ERR_VERIFY, "%.80s holds another key than the phone's",
			cert_subject(cert));
	if (str_device_name(name, cert_common_name(cert)) || strcmp(name, device) != 0)
		return fail_set(why, ERR_VERIFY,
			"%.80s holds the key of %s, but its common name is another",
			cert_subject(cert), device);
	if (cert_is_ca(cert))
		return fail_set(why, ERR_VERIFY, "%.80s is an authority's certificate, no phone's",
			cert_subject(cert));
	if (!cert_fits_client(cert))
		return fail_set(why, ERR_VERIFY,
			"%.80s may not be shown by a TLS client: key usage must allow "
			"digitalSignature, extended key usage clientAuth",
			cert_subject(cert));
	if (cert_der(cert).len > LSC_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "%.80s has more than %u bytes", cert_subject(cert),
			LSC_SIZE_MAX);
	err = lsc_issuers_load(&issuers, c, why);
	if (!err && lsc_issuers_find(issuers, cert, issuer, NULL))
		err = fail_set(why, ERR_TRUST,
			"%.60s was issued by %.60s, which is not trusted here: cadeado set cert "
			"import trust CAPF-trust FILE",
			cert_common_name(cert), cert_issuer(cert));
	if (!err && (!cert_valid_at(cert, now) || !cert_valid_at(*issuer, now)))
		err = fail_set(why, ERR_EXPIRED, "%.80s, or its issuer, is not valid now",
			cert_subject(cert));
	lsc_issuers_free(issuers);
	if (err) {
		cert_free(*issuer);
		*issuer = NULL;
	}
	return err;
}

/* Given out from now on: no other may have its serial number. */
static enum err add_issued(const struct one *x, struct store *s, struct fail *why)
{
	struct store_issued row = {.state = STORE_ISSUED,
				    .issued = clock_seconds(cluster_get_clock(x->c)),
				    .not_after = cert_not_after(x->cert)},
			    before;
	struct fail local = {0};
	enum err err;

	row.changed = row.issued;
	cert_fingerprint(x->issuer, row.issuer_fingerprint);
	cert_fingerprint(x->cert, row.fingerprint);
	cert_serial_text(x->cert, row.serial);
	str_copy(row.device, sizeof(row.device), x->device);
	err = store_issued_get(s, row.issuer_fingerprint, row.serial, &before, &local);
	if (err == ERR_NOTFOUND)
		return store_issued_add(s, &row, cert_der(x->cert), why);
	if (err)
		return fail_set(why, err, "%s", local.text);
	if (strcmp(before.fingerprint, row.fingerprint) == 0)
		return ERR_OK;
	return fail_set(why, ERR_EXISTS,
		"%.60s: its issuer has given out serial number %s before, to %s",
		cert_common_name(x->cert), row.serial, before.device);
}

static enum err keep(void *ctx, struct store *s, struct fail *why)
{
	const struct one *x = ctx;
	struct waiting w = {0};
	enum err err = waiting_get(s, x->device, &w, why);

	if (!err && !span_eq(buf_span(&w.spki), cert_spki(x->cert)))
		err = fail_set(why, ERR_NOTFOUND,
			"%s has made another key meanwhile: its new request has to be signed",
			x->device);
	if (!err)
		err = add_issued(x, s, why);
	if (!err) {
		buf_clear(&w.cert);
		buf_put(&w.cert, cert_der(x->cert));
		w.row.imported = clock_seconds(cluster_get_clock(x->c));
		err = buf_check(&w.cert);
	}
	if (!err)
		err = waiting_put(s, &w, why);
	waiting_fini(&w);
	return err;
}

static enum err take(struct cluster *c, const char *device, struct span spki,
	const struct cert *cert, struct cert **issuer, struct fail *why)
{
	struct one x = {.c = c, .device = device, .cert = cert};
	enum err err = judge(c, device, spki, cert, issuer, why);

	x.issuer = *issuer;
	if (!err)
		err = store_transaction(cluster_get_store(c), keep, &x, why);
	if (err) {
		cert_free(*issuer);
		*issuer = NULL;
	}
	return err;
}

struct finding {
	char fingerprint[STORE_FINGERPRINT];
	char device[DEVICE_NAME_SIZE];
};

static enum err find_row(void *ctx, const struct store_request *q, struct span request)
{
	struct finding *f = ctx;

	(void)request;
	if (strcmp(q->key_fingerprint, f->fingerprint) == 0)
		str_copy(f->device, sizeof(f->device), q->device);
	return ERR_OK;
}

/* Whoever signed the request as it stands has certified the wrong key. */
static enum err unknown_key(struct cluster *c, const struct cert *cert, struct fail *why)
{
	const struct cert *capf = NULL;
	struct signer *signer;
	const char *key_name;

	if (cluster_issuer(c, &capf, &signer, &key_name, NULL) == ERR_OK &&
		span_eq(cert_spki(capf), cert_spki(cert)))
		return fail_set(why, ERR_VERIFY,
			"%.60s holds CAPF's key and not the phone's: sign with openssl x509 -req "
			"-force_pubkey SEP<MAC>.pub",
			cert_subject(cert));
	return fail_set(why, ERR_NOTFOUND, "%.80s: no phone's request with this key waits",
		cert_subject(cert));
}

enum err lsc_import(
	struct cluster *c, const struct cert *cert, char device[DEVICE_NAME_SIZE], struct fail *why)
{
	struct finding f = {.device = ""};
	struct cert *issuer = NULL;
	enum err err;

	key_fingerprint(cert_spki(cert), f.fingerprint);
	err = store_request_each(cluster_get_store(c), find_row, &f, why);
	str_copy(device, DEVICE_NAME_SIZE, f.device);
	if (!err && !f.device[0])
		err = unknown_key(c, cert, why);
	if (!err)
		err = take(c, f.device, cert_spki(cert), cert, &issuer, why);
	cert_free(issuer);
	return err;
}

/* --- for a phone that has made its key --- */

/* What came back before; one that is good no more is forgotten. *there: *out is it. */
static enum err take_kept(struct cluster *c, struct waiting *w, struct cert **out,
	struct cert **issuer, struct fail *why)
{
	enum err err = cert_from_der(out, buf_span(&w->cert), why);

	if (!err)
		err = judge(c, w->row.device, buf_span(&w->spki), *out, issuer, why);
	if (!err)
		return ERR_OK;
	cert_free(*out);
	*out = NULL;
	buf_clear(&w->cert);
	w->row.imported = w->row.exported = 0;
	return waiting_put(cluster_get_store(c), w, why) ? why->code : ERR_NOTFOUND;
}

/* Of the certificates in the answer the one that holds the phone's key. */
static enum err take_answer(struct cluster *c, struct waiting *w, struct lsc_ask *ask,
	struct cert **out, struct cert **issuer, struct fail *why)
{
	struct span spki = buf_span(&w->spki);
	struct bundle b;
	struct fail local = {0};
	enum err err;
	size_t i;

	if (ask->err == ERR_NOTNOW) {
		w->row.exported = clock_seconds(cluster_get_clock(c)) + ask->retry_after;
		err = waiting_put(cluster_get_store(c), w, why);
		if (err)
			return err;
	}
	if (ask->err)
		return fail_set(
			why, ask->err, "%s", ask->why.code ? ask->why.text : err_text(ask->err));
	err = bundle_read(&b, buf_span(&ask->answer), &local);
	for (i = 0; !err && i < b.count; i++)
		if (span_eq(cert_spki(b.certs[i]), spki))
			break;
	if (!err && i == b.count)
		err = fail_set(&local, ERR_VERIFY, "%.60s holds another key than the phone's",
			cert_subject(b.certs[0]));
	if (!err)
		err = take(c, w->row.device, spki, b.certs[i], issuer, &local);
	if (!err)
		err = cert_from_der(out, cert_der(b.certs[i]), &local);
	bundle_fini(&b);
	/* Our own trouble is no fault of the authority's. */
	if (err == ERR_STORE || err == ERR_AWAY || err == ERR_BUSY || err == ERR_NOMEM)
		return fail_set(why, err, "%s", local.text);
	return err ? fail_set(why, ERR_DENIED, "the authority's answer: %s", local.text) : ERR_OK;
}

/* The row for this key; a phone that has made another one since begins anew. */
static enum err waiting_for(struct cluster *c, const char *device, struct span spki,
	enum lsc_authority authority, struct waiting *w, struct fail *why)
{
	struct store *s = cluster_get_store(c);
	struct fail local = {0};
	enum err err = waiting_get(s, device, w, &local);
	bool same = !err && span_eq(buf_span(&w->spki), spki);

	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	if (same && (authority != LSC_EST || w->request.len))
		return ERR_OK;
	if (!same) {
		waiting_fini(w);
		memset(w, 0, sizeof(*w));
		str_copy(w->row.device, sizeof(w->row.device), device);
		key_fingerprint(spki, w->row.key_fingerprint);
		w->row.made = clock_seconds(cluster_get_clock(c));
		buf_put(&w->spki, spki);
	}
	/* An authority that is asked twice wants to be asked the same. */
	err = authority == LSC_EST ? make_request(c, device, spki, true, &w->request, why)
				   : buf_check(&w->spki);
	return err ? err : waiting_put(s, w, why);
}

/* ERR_NOTNOW, and what is to be asked where an authority answers at once. */
static enum err wait_on(struct cluster *c, const struct waiting *w, enum lsc_authority authority,
	struct lsc_ask *ask, struct fail *why)
{
	char after[CLOCK_DATE_MAX];

	fail_clear(why);
	if (authority == LSC_OFFLINE)
		return fail_set(why, ERR_NOTNOW,
			"its request waits for the authority: cadeado utils capf csr export");
	if (w->row.exported > clock_seconds(cluster_get_clock(c))) {
		clock_print_iso(after, w->row.exported);
		return fail_set(why, ERR_NOTNOW,
			"the authority has its request, and wants to be asked after %s", after);
	}
	buf_put(&ask->request, buf_span(&w->request));
	return buf_check(&ask->request) ? fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM))
					: fail_set(why, ERR_NOTNOW, "the authority is asked");
}

enum err lsc_make(struct cluster *c, const char *device, struct span spki, struct lsc_ask *ask,
	struct cert **out, struct cert **issuer, struct fail *why)
{
	enum lsc_authority authority;
	struct waiting w = {0};
	enum err err = authority_of(c, &authority, why);

	*out = *issuer = NULL;
	if (err || authority == LSC_OWN)
		return err ? err : lsc_issue(c, device, spki, out, issuer, why);
	err = waiting_for(c, device, spki, authority, &w, why);
	if (!err && w.cert.len)
		err = take_kept(c, &w, out, issuer, why);
	else if (!err)
		err = ERR_NOTFOUND;
	if (err == ERR_NOTFOUND && authority == LSC_EST && ask->answered)
		err = take_answer(c, &w, ask, out, issuer, why);
	else if (err == ERR_NOTFOUND)
		err = wait_on(c, &w, authority, ask, why);
	waiting_fini(&w);
	return err;
}
