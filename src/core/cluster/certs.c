/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/issue.h"
#include "crypto/keystore.h"

#include <stdio.h>
#include <unistd.h>

#define NODE_KEY_BITS  2048u
#define DAY            (24 * 60 * 60)
#define NODE_CERT_DAYS (5 * 365)

static char *pem_path(const struct cluster *c, const char *name)
{
	char file[STORE_NAME + sizeof(".pem")];

	snprintf(file, sizeof(file), "%.*s.pem", STORE_NAME, name);
	return cluster_path(c, "keys", file);
}

enum err cluster_cert(
	const struct cluster *c, const char *name, struct cert **out, struct fail *why)
{
	char *path = pem_path(c, name);
	enum err err;

	*out = NULL;
	if (!path)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (access(path, F_OK) != 0)
		err = fail_set(why, ERR_NOTFOUND, "%s: there is no such certificate", path);
	else
		err = cert_load(out, path, why);
	mem_free(path);
	return err;
}

struct generated {
	enum err err;
	struct buf *spki;
	struct fail *why;
};

static void keep_generated(void *ctx, enum err err, const struct fail *why, struct span spki)
{
	struct generated *g = ctx;

	if (err) {
		g->err = fail_set(g->why, err, "%s", why->text);
		return;
	}
	buf_put(g->spki, spki);
	g->err = buf_check(g->spki);
}

/* The public half of keys/<name>.key; *found is false when there is none. */
static enum err public_key(
	const struct cluster *c, const char *name, struct buf *spki, bool *found, struct fail *why)
{
	char *folder = cluster_path(c, "keys", NULL);
	struct key *key = NULL;
	struct fail local = {0};
	enum err err;

	*found = false;
	if (!folder)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = keystore_file_tls_key(&key, folder, name, &local);
	mem_free(folder);
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (!err)
		err = key_public_der(key, spki);
	key_free(key);
	if (err)
		return fail_set(why, err, "%s", local.code ? local.text : err_text(err));
	*found = true;
	return ERR_OK;
}

/* Already published keys are trusted by phones: another one in their place would lock them out. */
static enum err refuse_when_published(
	const struct cluster *c, const char *what, const char *name, struct fail *why)
{
	char *ctl = cluster_path(c, "tftp", "CTLFile.tlv");
	bool published = !ctl || access(ctl, F_OK) == 0;

	mem_free(ctl);
	if (!published)
		return ERR_OK;
	return fail_set(why, ERR_NOTNOW,
		"%s/keys: the %s of %s is missing or does not fit though a CTL is published; put "
		"it "
		"back from a copy, or remove tftp/CTLFile.tlv and expect to erase the trust list "
		"of every phone",
		c->folder, what, name);
}

static enum err issue(
	struct cluster *c, const char *name, const struct issue_request *r, struct fail *why)
{
	char *path = pem_path(c, name);
	struct cert *cert = NULL;
	struct buf pem = {0};
	enum err err = path ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	if (!err)
		err = issue_now(&cert, r, c->signer, name, why);
	if (!err)
		err = cert_to_pem(cert, &pem);
	if (!err)
		err = file_replace(path, buf_span(&pem), 0644, FILE_SYNC, why);
	cert_free(cert);
	buf_fini(&pem);
	mem_free(path);
	return err;
}

static enum err ensure_key(struct cluster *c, const char *name, struct buf *spki, struct fail *why)
{
	struct generated g = {.spki = spki, .why = why};
	bool found;
	enum err err = public_key(c, name, spki, &found, why);

	if (err || found)
		return err;
	err = refuse_when_published(c, "key", name, why);
	if (!err)
		err = signer_generate(c->signer, name, KEY_RSA, NODE_KEY_BITS, keep_generated, &g);
	return err ? err : g.err;
}

static enum err ensure_cert(struct cluster *c, const char *name, enum issue_kind kind,
	const char *common_name, struct fail *why)
{
	int64_t now = clock_seconds(c->clock);
	struct issue_request r = {.kind = kind,
		.subject = {.cn = common_name, .ou = CLUSTER_OU, .o = CLUSTER_O},
		.digest = DIGEST_SHA256,
		.not_before = now,
		.not_after = now + (int64_t)NODE_CERT_DAYS * DAY,
		.issuer_is_rsa = true};
	struct buf spki = {0};
	struct cert *cert = NULL;
	enum err err = ensure_key(c, name, &spki, why);
	bool fits;

	if (err)
		goto out;
	err = cluster_cert(c, name, &cert, NULL);
	fits = !err && span_eq(cert_spki(cert), buf_span(&spki));
	if (fits)
		goto out;
	err = refuse_when_published(c, "certificate", name, why);
	r.spki = buf_span(&spki);
	if (!err)
		err = issue(c, name, &r, why);
out:
	cert_free(cert);
	buf_fini(&spki);
	return err;
}

enum err cluster_make_certs(struct cluster *c, struct fail *why)
{
	char capf[sizeof("CAPF-01234567")];
	uint8_t random[4];
	enum err err = random_bytes(random, sizeof(random));

	if (err)
		return fail_set(why, err, "%s", err_text(err));
	snprintf(capf, sizeof(capf), "CAPF-%02x%02x%02x%02x", random[0], random[1], random[2],
		random[3]);
	err = ensure_cert(c, "CallManager", ISSUE_CALLMANAGER, c->settings.node, why);
	return err ? err : ensure_cert(c, "CAPF", ISSUE_CAPF, capf, why);
}
