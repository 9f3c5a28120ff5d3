/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/ctlclient/plan.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/list/server.h"

#define CTL_DIGEST  DIGEST_SHA1 /* all that 79xx phones can check */
#define ENTRIES_MAX (CTLCLIENT_SASTS_MAX + LIST_SERVER_ENTRIES * CTLCLIENT_NODES_MAX)

static bool same_cert(const struct cert *a, const struct cert *b)
{
	return a && b && span_eq(cert_der(a), cert_der(b));
}

/* Some node's key of today: CallManager's or the ITLRecovery. */
static bool is_nodes_own(const struct ctlclient_cluster *c, const struct cert *cert)
{
	for (size_t i = 0; i < c->count; i++)
		if (same_cert(c->nodes[i].certs[CTLCLIENT_CALLMANAGER], cert) ||
			same_cert(c->nodes[i].certs[CTLCLIENT_ITLRECOVERY], cert))
			return true;
	return false;
}

/* One of yesterday: the list that names it as a SAST names it as a server too. */
static bool was_nodes_own(const struct tlv_list *list, struct span der)
{
	struct tlv_record r;
	struct tlv_iter it;

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r))
		if (r.role != TLV_ROLE_SAST && span_eq(r.certificate, der))
			return true;
	return false;
}

static enum err append(struct ctlclient_plan *p, struct cert *take_cert, struct fail *why)
{
	if (p->sast_count == CTLCLIENT_SASTS_MAX) {
		cert_free(take_cert);
		return fail_set(why, ERR_LIMIT, "more than %u tokens", CTLCLIENT_SASTS_MAX);
	}
	p->sasts[p->sast_count++] = (struct ctlclient_sast){.cert = take_cert};
	return ERR_OK;
}

static enum err take_held(
	struct ctlclient_plan *p, const struct tlv_record *r, size_t number, struct fail *why)
{
	struct ctlclient_sast *s;
	struct cert *cert = NULL;
	struct fail reason = {0};
	enum err err = cert_from_der(&cert, r->certificate, &reason);

	if (err)
		return fail_set(why, err == ERR_NOMEM ? err : ERR_VERIFY,
			"record %zu of the present CTL, a token, has no certificate that can be "
			"read (%.80s): it cannot be taken over",
			number, reason.text);
	for (size_t i = 0; i < p->sast_count; i++)
		if (same_cert(p->sasts[i].cert, cert)) {
			cert_free(cert);
			return ERR_OK;
		}
	err = append(p, cert, why);
	if (err)
		return err;
	s = &p->sasts[p->sast_count - 1];
	s->held = true;
	s->system = is_nodes_own(p->cluster, cert);
	/* A node's key that was replaced since signs nothing any more. */
	s->removed = !s->system && was_nodes_own(&p->present, r->certificate);
	s->system = s->system || s->removed;
	(void)str_copy(s->label, sizeof(s->label), cert_common_name(cert));
	return ERR_OK;
}

static enum err take_over(struct ctlclient_plan *p, struct fail *why)
{
	struct fail reason = {0};
	struct tlv_record r;
	struct tlv_iter it;
	enum err err = tlv_parse(&p->present, buf_span(&p->present_file), &reason);

	if (!err)
		err = list_verify(&p->present, &reason);
	if (err)
		return fail_set(why, err == ERR_NOMEM ? err : ERR_VERIFY,
			"the present CTL does not tell whom phones trust (%.120s); put the right "
			"file back on the publisher first",
			reason.text);
	p->has_present = true;
	tlv_iter_init(&it, &p->present);
	while (!err && tlv_iter_next(&it, &r))
		if (r.role == TLV_ROLE_SAST)
			err = take_held(p, &r, it.number, why);
	return err;
}

enum err ctlclient_plan_init(struct ctlclient_plan *p, const struct ctlclient_cluster *c,
	enum ctlclient_choice choice, struct fail *why)
{
	const struct ctlclient_node *publisher = ctlclient_publisher(c);
	enum err err = ERR_OK;

	*p = (struct ctlclient_plan){.cluster = c, .choice = choice, .signer = CTLCLIENT_SASTS_MAX};
	if (!publisher)
		return fail_set(why, ERR_NOTNOW, "the publisher has not been reached");
	if (publisher->has_ctl) {
		buf_put(&p->present_file, buf_span(&publisher->list));
		err = buf_check(&p->present_file);
		err = err ? fail_set(why, err, "%s", err_text(err)) : take_over(p, why);
	}
	if (err)
		ctlclient_plan_fini(p);
	return err;
}

void ctlclient_plan_fini(struct ctlclient_plan *p)
{
	for (size_t i = 0; i < p->sast_count; i++)
		cert_free(p->sasts[i].cert);
	buf_fini(&p->present_file);
	buf_fini(&p->file);
	*p = (struct ctlclient_plan){0};
}

static size_t find(const struct ctlclient_plan *p, const struct cert *cert)
{
	for (size_t i = 0; i < p->sast_count; i++)
		if (same_cert(p->sasts[i].cert, cert))
			return i;
	return CTLCLIENT_SASTS_MAX;
}

static enum err put(
	struct ctlclient_plan *p, const struct cert *cert, const char *label, struct fail *why)
{
	struct cert *copy = NULL;
	enum err err = cert_from_der(&copy, cert_der(cert), why);

	if (!err)
		err = append(p, copy, why);
	if (!err)
		(void)str_copy(p->sasts[p->sast_count - 1].label, sizeof(p->sasts[0].label), label);
	return err;
}

enum err ctlclient_plan_signer(
	struct ctlclient_plan *p, const struct cert *cert, const char *label, struct fail *why)
{
	size_t i = find(p, cert);
	enum err err = ERR_OK;

	if (p->has_present && (i == CTLCLIENT_SASTS_MAX || !p->sasts[i].held))
		return fail_set(why, ERR_TRUST,
			"The Security Token you have inserted does not exist in the CTL File");
	if (i == CTLCLIENT_SASTS_MAX) {
		err = put(p, cert, label, why);
		i = p->sast_count - 1;
	}
	if (err)
		return err;
	p->sasts[i].removed = false;
	(void)str_copy(p->sasts[i].label, sizeof(p->sasts[i].label), label);
	p->signer = i;
	return ERR_OK;
}

enum err ctlclient_plan_add(
	struct ctlclient_plan *p, const struct cert *cert, const char *label, struct fail *why)
{
	size_t i = find(p, cert);

	if (i == CTLCLIENT_SASTS_MAX)
		return put(p, cert, label, why);
	if (!p->sasts[i].removed)
		return fail_set(why, ERR_EXISTS, "the token %s is in the list already", label);
	p->sasts[i].removed = false;
	return ERR_OK;
}

enum err ctlclient_plan_remove(struct ctlclient_plan *p, size_t sast, struct fail *why)
{
	if (sast >= p->sast_count)
		return fail_set(why, ERR_NOTFOUND, "there is no such token in the list");
	if (sast == p->signer)
		return fail_set(why, ERR_NOTNOW,
			"the token %s signs this list and cannot be left out of it; sign with "
			"another one",
			p->sasts[sast].label);
	p->sasts[sast].removed = true;
	return ERR_OK;
}

size_t ctlclient_plan_tokens(const struct ctlclient_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->sast_count; i++)
		n += !p->sasts[i].removed && !p->sasts[i].system;
	return n;
}

enum err ctlclient_plan_enough(const struct ctlclient_plan *p, struct fail *why)
{
	size_t n = ctlclient_plan_tokens(p);

	if (n >= CTLCLIENT_TOKENS_MIN)
		return ERR_OK;
	return fail_set(why, ERR_NOTNOW,
		"%s: at least two security tokens are needed, for when the only one is lost or "
		"locked nobody can sign a list that phones accept, and every phone must be erased "
		"by hand; add another with Add Tokens",
		n ? "only one security token is in the list" : "no security token is in the list");
}

struct list_server ctlclient_node_server(const struct ctlclient_node *n)
{
	return (struct list_server){.address = n->address,
		.callmanager = n->activated[SERVICE_CALLMANAGER],
		.tftp = n->activated[SERVICE_TFTP],
		.cert = n->certs[CTLCLIENT_CALLMANAGER],
		.capf = n->activated[SERVICE_CAPF] ? n->certs[CTLCLIENT_CAPF] : NULL};
}

struct entries {
	struct list_entry e[ENTRIES_MAX];
	size_t count;
	uint8_t ip[CTLCLIENT_NODES_MAX][16];
};

static void put_tokens(struct entries *x, const struct ctlclient_plan *p)
{
	const struct ctlclient_sast *s = &p->sasts[p->signer];

	x->e[x->count++] = (struct list_entry){.role = TLV_ROLE_SAST, .cert = s->cert, .dns = ""};
	for (size_t i = 0; i < p->sast_count; i++)
		if (i != p->signer && !p->sasts[i].removed)
			x->e[x->count++] = (struct list_entry){
				.role = TLV_ROLE_SAST, .cert = p->sasts[i].cert, .dns = ""};
}

/* Non-secure mode is not left by an update. */
static bool empties(const struct ctlclient_plan *p)
{
	const struct ctlclient_node *publisher = ctlclient_publisher(p->cluster);

	return p->choice == CTLCLIENT_SET_NON_SECURE ||
	       (p->choice == CTLCLIENT_UPDATE && publisher && publisher->mode != 1);
}

static void put_node(struct entries *x, const struct ctlclient_plan *p, size_t i)
{
	const struct list_server s = ctlclient_node_server(&p->cluster->nodes[i]);

	x->count += list_server_entries(&s, empties(p), x->e + x->count, x->ip[i]);
}

enum err ctlclient_plan_build(struct ctlclient_plan *p, int64_t now, struct fail *why)
{
	struct entries *x;
	struct list_request r = {
		.kind = LIST_CTL, .digest = CTL_DIGEST, .timestamp = (uint32_t)now, .now = now};
	enum err err = ctlclient_plan_enough(p, why);

	if (err)
		return err;
	if (p->signer >= p->sast_count)
		return fail_set(why, ERR_NOTNOW, "no token has been chosen that signs");
	x = mem_new(sizeof(*x));
	if (!x)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	put_tokens(x, p);
	for (size_t i = 0; i < p->cluster->count; i++)
		put_node(x, p, i);
	r.entries = x->e;
	r.count = x->count;
	r.signer = p->sasts[p->signer].cert;
	buf_fini(&p->file);
	err = list_build(&p->file, &r, p->pieces, why);
	mem_free(x);
	return err;
}
