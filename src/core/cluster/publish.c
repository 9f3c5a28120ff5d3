/* SPDX-License-Identifier: BSD-2-Clause
 * The publisher publishes a CTL: with a token, or with a key of its own (tokenless). */
#include "core/cluster/lists.h"

#include "base/mem.h"
#include "core/cluster/nodes.h"
#include "core/tokens/tokens.h"

#include <stdio.h>

#define UPDATE "cadeado utils ctl update CTLFile"

struct publication_work {
	struct cluster *c;
	struct cluster_signing *s;
	char *folder; /* of the tokens */
	struct tokens *tokens;
	struct published present;
	bool present_whole; /* there, and its signature is good */
	struct cert_set sasts;
	const struct cert *signer; /* in sasts */
	struct local_signer local;
	struct buf file;
	struct span pieces[2];
};

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static void work_fini(struct publication_work *w)
{
	tokens_close(w->tokens);
	mem_free(w->folder);
	published_fini(&w->present);
	cert_set_fini(&w->sasts);
	local_signer_fini(&w->local);
	buf_fini(&w->file);
}

/* --- who may sign lists --- */

static enum err take_copy(
	struct publication_work *w, const struct cert *cert, size_t *at, struct fail *why)
{
	struct cert *copy;
	enum err err = cert_from_der(&copy, cert_der(cert), why);

	return err ? err : cert_set_take(&w->sasts, copy, at, why);
}

/* The signer's record comes first, as the CTL client writes it. */
static enum err find_token(struct publication_work *w, struct fail *why)
{
	const struct token_entry *e;
	size_t at;
	enum err err = tokens_find(w->tokens, w->s->token, &e, why);

	if (err)
		return err;
	if (e->retired)
		return fail_set(why, ERR_DENIED,
			"token %s is retired and signs no list any more; see: cadeado token list",
			e->label);
	if (!e->cert || !e->known)
		return fail_set(why, ERR_NOTNOW,
			"the cluster does not know token %s; add it first: cadeado token add",
			e->label);
	err = take_copy(w, e->cert, &at, why);
	if (!err)
		w->signer = w->sasts.certs[at];
	return err;
}

static enum err collect_tokens(struct publication_work *w, struct fail *why)
{
	size_t i, usable = tokens_usable(w->tokens);
	enum err err = ERR_OK;

	if (usable < TOKENS_NEEDED)
		return fail_set(why, ERR_NOTNOW,
			"there %s, and when it is lost no list can be signed any more; make a "
			"second one with: cadeado token create",
			usable ? "is only one token" : "are not two tokens");
	for (i = 0; i < tokens_count(w->tokens) && !err; i++) {
		const struct token_entry *e = tokens_at(w->tokens, i);

		if (e->known && !e->retired && e->cert)
			err = take_copy(w, e->cert, NULL, why);
	}
	return err;
}

static enum err collect_local(struct publication_work *w, struct fail *why)
{
	static const enum own_cert keys[] = {OWN_CALLMANAGER, OWN_ITLRECOVERY};
	struct cert *cert;
	size_t i;
	enum err err = ERR_OK;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]) && !err; i++) {
		err = own_newest(w->c, keys[i], &cert, why);
		if (!err)
			err = cert_set_take(&w->sasts, cert, NULL, why);
	}
	return err;
}

/* --- would phones follow? --- */

/* A record names the key even where its certificate is spoilt. */
static bool names_key(const struct tlv_list *list, const struct cert *cert)
{
	struct tlv_record r;
	struct tlv_iter it;

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r))
		if (r.role == TLV_ROLE_SAST && span_eq(r.public_key, cert_list_key(cert)))
			return true;
	return false;
}

/* Asked before a PIN is tried. What is wrong with a damaged list stage.h says. */
static enum err check_token(const struct publication_work *w, struct fail *why)
{
	if (!w->present_whole || names_key(&w->present.list, w->signer))
		return ERR_OK;
	return fail_set(why, ERR_TRUST,
		"The Security Token you have inserted does not exist in the CTL File: phones would "
		"refuse a CTL signed by %.40s. Sign with one that is in it (cadeado show ctl); from "
		"tokenless mode begin with: " UPDATE " --with-tokens",
		w->s->token);
}

static enum err find_local(struct publication_work *w, struct fail *why)
{
	const struct tlv_list *present = w->present_whole ? &w->present.list : NULL;
	enum own_cert usual = list_signer(w->c), other = list_other_signer(w->c);
	enum own_cert wanted = w->s->other_key ? other : usual;
	struct local_signer second = {0};
	struct fail local = {0};
	enum err err = local_signer_find(w->c, wanted, present, &w->local, &local);
	bool other_known;

	if (err != ERR_TRUST)
		return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
	other_known = local_signer_find(w->c, w->s->other_key ? usual : other, present, &second,
			      NULL) == ERR_OK;
	local_signer_fini(&second);
	if (!other_known)
		return fail_set(why, ERR_TRUST,
			"phones would refuse a CTL signed by a key of this node: the present one "
			"names none as SAST. Sign with a token of it (--token LABEL), or to leave "
			"tokens first: " UPDATE " --token LABEL --with-local-key, then reset every "
			"phone, then do this again");
	return fail_set(why, ERR_TRUST,
		"phones that hold the present CTL know another %s key and would refuse this one; "
		"sign with the key that they know: cadeado utils ctl %s",
		own_name(wanted), w->s->other_key ? "update CTLFile" : "reset localkey");
}

/* --- nodes --- */

static enum err refuse_subscriber(struct cluster *c, struct fail *why)
{
	char publisher[CLUSTER_ADDRESS];

	/* A list that cannot be read names nobody. */
	if (cluster_publisher_address(c, publisher, NULL))
		publisher[0] = '\0';
	return fail_set(why, ERR_NOTNOW,
		"%s is not the publisher, and only that one publishes: run this %s%s",
		c->settings.node,
		publisher[0] ? "at the console of " : "at the publisher's console", publisher);
}

static enum err check_nodes(struct publication_work *w, struct fail *why)
{
	size_t others;
	enum err err = cluster_other_nodes(w->c, &others, why);

	if (!err && !w->c->settings.publisher)
		return refuse_subscriber(w->c, why);
	if (!err && others && !w->s->nodes)
		err = fail_set(why, ERR_NOTNOW,
			"the cluster has %zu other node%s, which would keep the old CTL; publish "
			"on all of them at once: cadeado ctl-client",
			others, others == 1 ? "" : "s");
	return err;
}

static enum err deliver(struct publication_work *w, struct fail *why)
{
	const struct cluster_nodes *nodes = w->s->nodes;
	enum err err;

	if (!nodes)
		return stage_publish_after(w->c, buf_span(&w->file),
			w->s->by ? w->s->by : "console", &w->present, why);
	err = nodes->publish(nodes->ctx, buf_span(&w->file), why);
	if (!err) {
		err = cluster_trust_nodes(w->c, nodes, why);
		if (err)
			fail_prefix(why, "every node has the new CTL, but this one's trust units "
					 "do not have all their certificates");
	}
	return err;
}

/* --- the two ways --- */

static enum err sign_by_token(struct publication_work *w, struct fail *why)
{
	struct cluster_signing *s = w->s;
	struct buf signature = {0};
	enum err err = tokens_sign(w->tokens, s->token, s->pin ? s->pin : "", LIST_DIGEST,
		w->pieces, 2, &signature, &s->attempts_left, why);

	if (!err)
		err = list_finish(&w->file, buf_span(&signature), why);
	buf_fini(&signature);
	return err;
}

static enum err with_token(struct publication_work *w, struct fail *why)
{
	struct ctl_request r = {.sasts = &w->sasts,
		.style = LIST_STYLE_VENDOR,
		.emptied = w->s->non_secure,
		.nodes = w->s->nodes};
	enum err err = find_token(w, why);

	if (!err)
		err = collect_tokens(w, why);
	if (!err && w->s->with_local_key)
		err = collect_local(w, why);
	if (!err)
		err = check_token(w, why);
	r.signer = w->signer;
	if (!err)
		err = ctl_prepare(w->c, &r, &w->file, w->pieces, why);
	if (!err)
		err = sign_by_token(w, why);
	if (!err)
		snprintf(w->s->signer, sizeof(w->s->signer), "%s", w->s->token);
	return err;
}

static enum err without_token(struct publication_work *w, struct fail *why)
{
	struct ctl_request r = {.sasts = &w->sasts,
		.style = LIST_STYLE_SIGNATURES,
		.emptied = w->s->non_secure,
		.nodes = w->s->nodes};
	enum err err = find_local(w, why);

	if (!err)
		err = take_copy(w, w->local.cert, NULL, why);
	if (!err)
		err = collect_local(w, why);
	if (!err && w->s->with_tokens)
		err = collect_tokens(w, why);
	r.signer = w->local.cert;
	if (!err)
		err = ctl_prepare(w->c, &r, &w->file, w->pieces, why);
	if (!err)
		err = local_sign(w->c, &w->local, &w->file, w->pieces, why);
	if (!err)
		snprintf(w->s->signer, sizeof(w->s->signer), "%s", own_name(w->local.which));
	return err;
}

/* A list that cannot be read, and one that says nothing reliable, are judged when this one is
 * staged: the remedy does not depend on who signs. */
static enum err read_present(struct publication_work *w, struct fail *why)
{
	struct fail local = {0};
	enum err err = published_read(w->c, false, &w->present, &local);

	if (err && !w->present.there)
		return fail_set(why, err, "%s", local.text);
	w->present_whole = !err && w->present.there && !list_verify(&w->present.list, NULL);
	return ERR_OK;
}

enum err cluster_publish_ctl(struct cluster *c, struct cluster_signing *s, struct fail *why)
{
	struct publication_work w = {.c = c, .s = s, .folder = cluster_path(c, "tokens", NULL)};
	enum err err = w.folder ? ERR_OK : no_memory(why);

	s->tokens = 0;
	s->bytes = 0;
	s->attempts_left = -1;
	s->signer[0] = '\0';
	if (!err)
		err = check_nodes(&w, why);
	if (!err)
		err = read_present(&w, why);
	if (!err && (s->token || s->with_tokens))
		err = tokens_open(&w.tokens, w.folder, s->module, c->clock, why);
	if (!err)
		err = s->token ? with_token(&w, why) : without_token(&w, why);
	if (!err)
		err = deliver(&w, why);
	if (!err) {
		s->tokens = w.sasts.count;
		s->bytes = w.file.len;
	}
	work_fini(&w);
	return err;
}
