/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/list/list.h"
#include "crypto/issue.h"
#include "crypto/keystore.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#define KEY_BITS  2048u
#define DAY       (24 * 60 * 60)
#define YEARS(n)  ((n)*365)
#define SERVERS   (LIST_ROLE(TLV_ROLE_CCM) | LIST_ROLE(TLV_ROLE_CCM_TFTP) | LIST_ROLE(TLV_ROLE_TFTP))
#define PEM       ".pem"
#define KEY       ".key"
#define CN_MAX    64 /* characters of a common name, RFC 5280 */
#define RECOVERY  "ITLRECOVERY_"
#define NODE_PART (CN_MAX - (int)sizeof(RECOVERY) + 1)

/* Names and periods are the original's; the common name is the node's unless said otherwise. */
static const struct profile {
	const char *name;
	enum issue_kind kind;
	int days;
	uint32_t roles;
} profiles[OWN_COUNT] = {
	[OWN_CALLMANAGER] = {"CallManager", ISSUE_CALLMANAGER, YEARS(5), SERVERS},
	[OWN_CAPF] = {"CAPF", ISSUE_CAPF, YEARS(5), LIST_ROLE(TLV_ROLE_CAPF)},
	[OWN_TVS] = {"TVS", ISSUE_CALLMANAGER, YEARS(5), LIST_ROLE(TLV_ROLE_TVS)},
	[OWN_ITLRECOVERY] = {"ITLRecovery", ISSUE_SAST, YEARS(20), LIST_ROLE(TLV_ROLE_SAST)},
	[OWN_CTL_PROVIDER] = {"CTLProvider", ISSUE_CALLMANAGER, YEARS(5), 0},
};

const char *own_name(enum own_cert which)
{
	return profiles[which].name;
}

uint32_t own_roles(enum own_cert which)
{
	return profiles[which].roles;
}

bool own_find(const char *name, enum own_cert *which)
{
	const char *slash = strchr(name, '/'), *first = name;
	size_t i, len = slash ? (size_t)(slash - name) : strlen(name), file;

	/* "CallManager/CallManager.pem": the unit and its file, as the original writes it. */
	if (slash)
		name = slash + 1;
	file = strlen(name);
	if (file > sizeof(PEM) - 1 && str_ieq(name + file - (sizeof(PEM) - 1), PEM))
		file -= sizeof(PEM) - 1;
	for (i = 0; i < OWN_COUNT; i++) {
		const char *own = profiles[i].name;

		if (strlen(own) != file || strncasecmp(own, name, file) != 0)
			continue;
		if (slash && (len != file || strncasecmp(own, first, len) != 0))
			continue;
		*which = (enum own_cert)i;
		return true;
	}
	return false;
}

char *own_path(const struct cluster *c, const char *name, const char *suffix)
{
	char file[STORE_NAME + sizeof(OWN_PREVIOUS) + sizeof(PEM)];

	snprintf(file, sizeof(file), "%.*s%s", (int)(STORE_NAME + sizeof(OWN_PREVIOUS)), name,
		suffix);
	return cluster_path(c, "keys", file);
}

enum err cluster_cert(
	const struct cluster *c, const char *name, struct cert **out, struct fail *why)
{
	char *path = own_path(c, name, PEM);
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

enum err own_public_key(
	const struct cluster *c, const char *name, struct buf *spki, bool *found, struct fail *why)
{
	char *path = own_path(c, name, KEY);
	struct key *key = NULL;
	struct fail local = {0};
	enum err err;

	*found = false;
	if (!path)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = key_load_pem(&key, path, &local);
	mem_free(path);
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

enum err own_generate_key(
	struct cluster *c, const char *key_name, struct buf *spki, struct fail *why)
{
	struct generated g = {.spki = spki, .why = why};
	enum err err = signer_generate(c->signer, key_name, KEY_RSA, KEY_BITS, keep_generated, &g);

	return err ? fail_set(why, err, "%s: %s", key_name, err_text(err)) : g.err;
}

/* Nothing tells two authorities of one cluster apart but the name, hence the random part. */
static enum err common_name(
	const struct cluster *c, enum own_cert which, char cn[CN_MAX + 1], struct fail *why)
{
	uint8_t random[4];
	enum err err;

	switch (which) {
	case OWN_CAPF:
		err = random_bytes(random, sizeof(random));
		if (err)
			return fail_set(why, err, "%s", err_text(err));
		snprintf(cn, CN_MAX + 1, "CAPF-%02x%02x%02x%02x", random[0], random[1], random[2],
			random[3]);
		return ERR_OK;
	case OWN_ITLRECOVERY:
		snprintf(cn, CN_MAX + 1, RECOVERY "%.*s", NODE_PART, c->settings.node);
		return ERR_OK;
	default: snprintf(cn, CN_MAX + 1, "%.*s", CN_MAX, c->settings.node); return ERR_OK;
	}
}

enum err own_issue(struct cluster *c, enum own_cert which, const char *key_name, struct span spki,
	struct fail *why)
{
	int64_t now = clock_seconds(c->clock);
	char cn[CN_MAX + 1];
	struct issue_request r = {.kind = profiles[which].kind,
		.subject = {.cn = cn, .ou = CLUSTER_OU, .o = CLUSTER_O},
		.digest = DIGEST_SHA256,
		.spki = spki,
		.not_before = now,
		.not_after = now + (int64_t)profiles[which].days * DAY,
		.issuer_is_rsa = true};
	char *path = own_path(c, key_name, PEM);
	struct cert *cert = NULL;
	struct buf pem = {0};
	enum err err = path ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	if (!err)
		err = common_name(c, which, cn, why);
	if (!err)
		err = issue_now(&cert, &r, c->signer, key_name, why);
	if (!err)
		err = cert_to_pem(cert, &pem);
	if (!err)
		err = file_replace(path, buf_span(&pem), 0644, FILE_SYNC, why);
	cert_free(cert);
	buf_fini(&pem);
	mem_free(path);
	return err;
}
