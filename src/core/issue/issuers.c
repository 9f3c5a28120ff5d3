/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/issue/lsc.h"

#include "base/mem.h"
#include "core/cluster/own.h"

#define ISSUERS_MAX 32u /* authorities whose LSCs are accepted */

struct lsc_issuers {
	struct cert *certs[ISSUERS_MAX];
	size_t count;
};

struct collecting {
	struct lsc_issuers *to;
	struct fail *why;
};

static enum err add(struct lsc_issuers *to, const struct cert *cert, struct fail *why)
{
	size_t i;
	enum err err;

	for (i = 0; i < to->count; i++)
		if (span_eq(cert_der(to->certs[i]), cert_der(cert)))
			return ERR_OK;
	if (to->count == ISSUERS_MAX)
		return fail_set(why, ERR_LIMIT,
			"more than %u authorities in CallManager-trust and CAPF-trust",
			ISSUERS_MAX);
	err = cert_from_der(&to->certs[to->count], cert_der(cert), why);
	if (!err)
		to->count++;
	return err;
}

/* Only an authority can have issued anything. */
static enum err add_trusted(void *ctx, const char *unit, const char *name, const struct cert *cert)
{
	struct collecting *x = ctx;

	(void)name;
	if ((strcmp(unit, "CallManager-trust") != 0 && strcmp(unit, "CAPF-trust") != 0) ||
		!cert_is_ca(cert))
		return ERR_OK;
	return add(x->to, cert, x->why);
}

enum err lsc_issuers_load(struct lsc_issuers **out, struct cluster *c, struct fail *why)
{
	struct lsc_issuers *to = mem_new(sizeof(*to));
	struct collecting x = {.to = to, .why = why};
	char key[STORE_NAME];
	struct cert *cert = NULL;
	enum err err = to ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	if (!err)
		err = own_in_force(c, OWN_CAPF, &cert, key, why);
	if (!err)
		err = add(to, cert, why);
	cert_free(cert);
	cert = NULL;
	if (!err)
		err = own_newest(c, OWN_CAPF, &cert, why);
	if (!err)
		err = add(to, cert, why);
	cert_free(cert);
	if (!err)
		err = trust_each(c, add_trusted, &x, why);
	if (err) {
		lsc_issuers_free(to);
		to = NULL;
	}
	*out = to;
	return err;
}

void lsc_issuers_free(struct lsc_issuers *issuers)
{
	if (!issuers)
		return;
	while (issuers->count)
		cert_free(issuers->certs[--issuers->count]);
	mem_free(issuers);
}

enum err lsc_issuers_find(const struct lsc_issuers *issuers, const struct cert *c,
	struct cert **issuer, struct fail *why)
{
	size_t i;

	for (i = 0; i < issuers->count; i++)
		if (cert_check_signed_by(c, issuers->certs[i], NULL) == ERR_OK)
			return cert_from_der(issuer, cert_der(issuers->certs[i]), why);
	return fail_set(why, ERR_TRUST, "%.80s was not issued by an authority of this cluster",
		cert_subject(c));
}

enum err lsc_check_issued(const struct lsc_issuers *issuers, int64_t now, struct span der,
	char device[16], struct fail *why)
{
	struct fail first = {0}, local = {0};
	enum err err = ERR_TRUST;
	size_t i;

	for (i = 0; i < issuers->count; i++) {
		fail_clear(&local);
		err = lsc_check(issuers->certs[i], now, der, device, &local);
		if (!err)
			return ERR_OK;
		/* An expired one of a known authority is told as that. */
		if (i == 0 || (first.code == ERR_TRUST && err != ERR_TRUST))
			first = local;
	}
	return fail_set(why, first.code ? first.code : err, "%s", first.text);
}
