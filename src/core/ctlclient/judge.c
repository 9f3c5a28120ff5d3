/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/ctlclient/plan.h"

#include "base/str.h"

/* The signer's record in a list that phones hold, by name, serial and key. */
static size_t signer_record(const struct tlv_list *held, const struct tlv_header *h,
	const struct cert *signer, bool *other_key)
{
	struct tlv_record r;
	struct tlv_iter it;

	*other_key = false;
	tlv_iter_init(&it, held);
	while (tlv_iter_next(&it, &r)) {
		if (r.role != TLV_ROLE_SAST || !list_is_signer(h, &r))
			continue;
		if (span_eq(r.public_key, cert_list_key(signer)))
			return it.number;
		*other_key = true;
	}
	return 0;
}

static enum err foretell(const struct ctlclient_plan *p, const struct tlv_list *held,
	const struct tlv_list *next, struct buf *because)
{
	const struct cert *signer = p->sasts[p->signer].cert;
	bool other_key;
	size_t number = signer_record(held, &next->header, signer, &other_key);

	if (number)
		buf_printf(because, "its signer is SAST record %zu of that list: ", number);
	else
		buf_printf(because, "its signer is no SAST of that list%s: ",
			other_key ? " (one has its name, but another key)" : "");
	str_printable(because, span_str(cert_subject(signer)));
	return number ? ERR_OK : ERR_TRUST;
}

/* Has an earlier node the same list? */
static bool told_before(const struct ctlclient_cluster *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!c->nodes[k].reached && c->nodes[k].has_ctl &&
			memcmp(c->nodes[k].ctl, c->nodes[i].ctl, sizeof(c->nodes[i].ctl)) == 0)
			return true;
	return false;
}

static enum err judge_node(const struct ctlclient_plan *p, const struct ctlclient_node *n,
	const struct tlv_list *next, bool is_signed, struct buf *because)
{
	struct tlv_list held;
	struct buf reason = {0};
	struct fail why = {0};
	enum err err = tlv_parse(&held, buf_span(&n->list), &why);

	if (err) {
		buf_printf(because, "The CTL of %s cannot be read (%s).", n->name, why.text);
		return ERR_VERIFY;
	}
	err = is_signed ? list_accepts(&held, next, LIST_FOR_UNKNOWN, &reason)
			: foretell(p, &held, next, &reason);
	if (!buf_check(&reason)) {
		buf_printf(because, "%sA phone that holds the CTL of %s %s the new one, because ",
			because->len ? " " : "", n->name, err ? "rejects" : "accepts");
		buf_put(because, buf_span(&reason));
		buf_str(because, ".");
	}
	if (buf_check(&reason))
		err = ERR_NOMEM;
	buf_fini(&reason);
	return err;
}

enum err ctlclient_plan_judge(const struct ctlclient_plan *p, bool is_signed, struct buf *because)
{
	const struct ctlclient_cluster *c = p->cluster;
	struct tlv_list next;
	bool any = false;
	enum err err = tlv_parse(&next, buf_span(&p->file), NULL), worst = err;

	if (!err && is_signed)
		worst = list_verify(&next, NULL);
	for (size_t i = 0; i < c->count && !worst; i++) {
		if (c->nodes[i].reached || !c->nodes[i].has_ctl || told_before(c, i))
			continue;
		any = true;
		worst = judge_node(p, &c->nodes[i], &next, is_signed, because);
	}
	if (!worst && !any)
		buf_str(because,
			"This is the first CTL: phones that hold no list take it unverified, and "
			"phones that hold an ITL ask TVS for its signer.");
	return buf_check(because) ? ERR_NOMEM : worst;
}

enum err ctlclient_plan_diff(const struct ctlclient_plan *p, list_changed *changed, void *ctx)
{
	struct tlv_list next;
	enum err err;

	if (!p->has_present)
		return ERR_OK;
	err = tlv_parse(&next, buf_span(&p->file), NULL);
	return err ? err : list_diff(&p->present, &next, changed, ctx);
}

/* Does CAPF work with the key that the list names already? */
static bool knows_capf(const struct ctlclient_plan *p, const struct cert *capf)
{
	struct tlv_record r;
	struct tlv_iter it;

	/* A first key is in force already. */
	if (!p->has_present || !capf)
		return true;
	tlv_iter_init(&it, &p->present);
	while (tlv_iter_next(&it, &r))
		if (r.role == TLV_ROLE_CAPF && span_eq(r.certificate, cert_der(capf)))
			return true;
	return false;
}

size_t ctlclient_restarts(
	const struct ctlclient_plan *p, struct ctlclient_restart *out, size_t size)
{
	static const enum node_service order[] = {SERVICE_TFTP, SERVICE_CAPF, SERVICE_CALLMANAGER};
	size_t count = 0;

	for (size_t s = 0; s < sizeof(order) / sizeof(order[0]); s++)
		for (size_t i = 0; i < p->cluster->count; i++) {
			const struct ctlclient_node *n = &p->cluster->nodes[i];

			if (!n->activated[order[s]] ||
				(order[s] == SERVICE_CAPF &&
					knows_capf(p, n->certs[CTLCLIENT_CAPF])))
				continue;
			if (count < size)
				out[count] = (struct ctlclient_restart){n, order[s]};
			count++;
		}
	return count;
}
