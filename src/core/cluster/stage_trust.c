/* SPDX-License-Identifier: BSD-2-Clause
 * What a publication brings into Phone-SAST-trust, and takes out again. */
#include "core/cluster/stage_int.h"

#include "core/list/list.h"

#include <stdio.h>

enum err stage_trust_forget(struct cluster *c, const struct publication *p, struct fail *why)
{
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < p->trust_count && !err; i++) {
		err = trust_remove(c, TRUST_SAST, p->trust[i], why);
		if (err == ERR_NOTFOUND) {
			fail_clear(why);
			err = ERR_OK;
		}
	}
	return err;
}

enum err stage_each_sast(
	struct cluster *c, struct span bytes, stage_sast *each, void *ctx, struct fail *why)
{
	struct tlv_list list;
	struct tlv_record r;
	struct tlv_iter it;
	struct cert *cert;
	enum err err = tlv_parse(&list, bytes, why);

	if (err)
		return err;
	tlv_iter_init(&it, &list);
	while (!err && tlv_iter_next(&it, &r)) {
		if (r.role != TLV_ROLE_SAST || !(r.has & TLV_HAS(9)))
			continue;
		cert = NULL;
		err = cert_from_der(&cert, r.certificate, why);
		if (!err)
			err = each(c, ctx, cert, why);
		cert_free(cert);
	}
	return err;
}

/* Another certificate has the name already: to whoever publishes, a fault of the list. */
static enum err of_the_list(enum err err, struct fail *why)
{
	if (err != ERR_EXISTS)
		return err;
	if (why)
		why->code = ERR_VERIFY;
	return ERR_VERIFY;
}

/* Which names the list's tokens will have in the unit, of those that are not there yet. */
enum err stage_trust_plan(struct cluster *c, void *ctx, const struct cert *cert, struct fail *why)
{
	struct publication *p = ctx;
	bool known;
	size_t i;
	enum err err = trust_find(c, TRUST_SAST, cert, &known, why);

	if (err || known)
		return err;
	if (p->trust_count == STAGE_SASTS)
		return fail_set(why, ERR_LIMIT, "the list names more than %u tokens", STAGE_SASTS);
	err = trust_name("", cert, p->trust[p->trust_count], why);
	for (i = 0; i < p->trust_count && !err; i++)
		if (strcmp(p->trust[i], p->trust[p->trust_count]) == 0)
			return ERR_OK;
	/* What is undone later must be this publication's own. */
	if (!err)
		err = of_the_list(
			trust_name_free(c, TRUST_SAST, p->trust[p->trust_count], why), why);
	p->trust_count += !err;
	return err;
}

enum err stage_trust_bring(struct cluster *c, void *ctx, const struct cert *cert, struct fail *why)
{
	(void)ctx;
	return of_the_list(trust_put(c, TRUST_SAST, "", cert, why), why);
}

enum err stage_trust_bring_again(
	struct cluster *c, void *ctx, const struct cert *cert, struct fail *why)
{
	enum err err = trust_put(c, TRUST_SAST, "", cert, why);

	(void)ctx;
	if (err == ERR_EXISTS) {
		fail_clear(why);
		err = ERR_OK;
	}
	return err;
}

enum err stage_trust_keep(struct cluster *c, void *ctx, const struct cert *cert, struct fail *why)
{
	struct stage_keeping *k = ctx;
	char name[TRUST_NAME];
	size_t i;
	enum err err = trust_name("", cert, name, why);

	(void)c;
	for (i = 0; i < k->out->trust_count && !err; i++)
		if (strcmp(k->out->trust[i], name) == 0)
			return ERR_OK;
	for (i = 0; i < k->from->trust_count && !err; i++)
		if (strcmp(k->from->trust[i], name) == 0 && k->out->trust_count < STAGE_SASTS)
			snprintf(k->out->trust[k->out->trust_count++], TRUST_NAME, "%s", name);
	return err;
}
