/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/list/list.h"
#include "crypto/token.h"

#define CTL_DIGEST DIGEST_SHA1 /* all that 79xx phones can check */
#define TOKENS_MAX 32u         /* tokens of one folder that a list names */

struct publication {
	struct token_info tokens[TOKENS_MAX];
	size_t count;
	struct cert *callmanager, *capf;
	uint8_t ip[16];
	size_t ip_len; /* 0 when the settings say a host name: a list names it without an address */
	bool published;
	struct buf present; /* what is published now */
	struct buf file;    /* what shall be */
};

static void publication_fini(struct publication *p)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		token_info_fini(&p->tokens[i]);
	cert_free(p->callmanager);
	cert_free(p->capf);
	buf_fini(&p->present);
	buf_fini(&p->file);
}

struct collecting {
	struct publication *p;
	const char *folder, *signer;
	struct fail *why;
};

static enum err collect_token(void *ctx, const struct token_info *info)
{
	struct collecting *x = ctx;
	struct publication *p = x->p;
	struct token_info read, first;
	enum err err;

	if (p->count == TOKENS_MAX)
		return fail_set(
			x->why, ERR_LIMIT, "%s: more than %u tokens", x->folder, TOKENS_MAX);
	err = token_read(x->folder, info->label, &read, x->why);
	if (err)
		return err;
	p->tokens[p->count++] = read;
	if (strcmp(read.label, x->signer) == 0) {
		first = p->tokens[0];
		p->tokens[0] = read;
		p->tokens[p->count - 1] = first;
	}
	return ERR_OK;
}

/* Every token of the folder, the signing one first. */
static enum err collect_tokens(
	struct publication *p, const char *folder, const char *signer, struct fail *why)
{
	struct collecting x = {.p = p, .folder = folder, .signer = signer, .why = why};
	enum err err = token_each(folder, collect_token, &x, why);

	if (err)
		return err;
	if (!p->count || strcmp(p->tokens[0].label, signer) != 0)
		return fail_set(why, ERR_NOTFOUND,
			"there is no token %.64s in %s; see: cadeado token list", signer, folder);
	if (p->count < 2)
		return fail_set(why, ERR_NOTNOW,
			"there is only one token, and when it is lost no list can be signed any "
			"more; make a second one with: cadeado token create");
	return ERR_OK;
}

static enum err build(
	struct cluster *c, struct publication *p, struct span pieces[2], struct fail *why)
{
	const char *dns = c->settings.address;
	struct span address = span_of(p->ip, p->ip_len);
	struct list_entry entries[TOKENS_MAX + 2];
	struct list_request r = {.kind = LIST_CTL,
		.entries = entries,
		.signer = p->tokens[0].cert,
		.digest = CTL_DIGEST,
		.now = clock_seconds(c->clock)};
	size_t i;

	for (i = 0; i < p->count; i++)
		entries[i] = (struct list_entry){
			.role = TLV_ROLE_SAST, .cert = p->tokens[i].cert, .dns = ""};
	entries[i++] = (struct list_entry){
		.role = TLV_ROLE_CCM_TFTP, .cert = p->callmanager, .dns = dns, .address = address};
	entries[i++] = (struct list_entry){
		.role = TLV_ROLE_CAPF, .cert = p->capf, .dns = dns, .address = address};
	r.count = i;
	r.timestamp = (uint32_t)r.now;
	return list_build(&p->file, &r, pieces, why);
}

static enum err sign(struct publication *p, const char *folder, struct cluster_signing *s,
	const struct span pieces[2], struct fail *why)
{
	struct keystore *ks = NULL;
	struct signer *signer = NULL;
	struct buf signature = {0};
	enum err err;

	err = token_open(&ks, folder, s->token, s->pin ? s->pin : "", &s->attempts_left, why);
	if (err)
		return err;
	err = signer_new(&signer, ks, executor_inline());
	if (!err)
		err = signer_sign_now(signer, s->token, CTL_DIGEST, pieces, 2, &signature, why);
	signer_free(signer);
	if (!err)
		err = list_finish(&p->file, buf_span(&signature), why);
	buf_fini(&signature);
	return err;
}

static enum err damaged(const struct cluster *c, const char *reason, struct fail *why)
{
	return fail_set(why, ERR_NOTNOW,
		"%s/tftp/CTLFile.tlv is damaged (%.80s) and does not tell whom phones trust; put "
		"it "
		"back from a copy, or remove the file and erase every phone's trust list",
		c->folder, reason);
}

/* Would a phone that holds the present list accept the new one? A present list whose signature is
 * spoilt but whose records still name the signer is repaired by the new one. */
static enum err check_as_a_phone(
	const struct cluster *c, const struct publication *p, struct fail *why)
{
	struct tlv_list present, next;
	struct fail local = {0};
	enum err err = tlv_parse(&next, buf_span(&p->file), why);

	if (!err)
		err = list_verify(&next, why);
	if (err || !p->published)
		return err;
	if (tlv_parse(&present, buf_span(&p->present), &local))
		return damaged(c, local.text, why);
	err = list_check_signer(next.file, &next.header, &present, LIST_MAY_SIGN_LISTS, NULL, NULL);
	if (!err)
		return ERR_OK;
	if (list_verify(&present, &local))
		return damaged(c, local.text, why);
	return fail_set(why, ERR_TRUST,
		"phones that hold the present CTL would refuse this one: %.64s is not among its "
		"tokens; sign with one that is (cadeado show ctl)",
		p->tokens[0].label);
}

static void put_back(const char *path, const struct publication *p, struct fail *why)
{
	struct fail local = {0};
	enum err err;

	if (p->published)
		err = file_replace(path, buf_span(&p->present), 0644, FILE_SYNC, &local);
	else
		err = file_remove(path, &local);
	if (err)
		fail_prefix(why, "the new CTL stays in place");
}

static enum err publish(struct cluster *c, struct publication *p, struct fail *why)
{
	char *path = cluster_path(c, "tftp", list_file_name(LIST_CTL));
	enum err err;

	if (!path)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = file_replace(path, buf_span(&p->file), 0644, FILE_SYNC, why);
	if (!err)
		err = store_param_set(c->store, PARAM_MODE, "1", why);
	if (err)
		put_back(path, p, why);
	mem_free(path);
	return err;
}

static enum err run(struct cluster *c, struct cluster_signing *s, struct publication *p,
	const char *folder, struct fail *why)
{
	struct span pieces[2];
	struct fail local = {0};
	enum err err = collect_tokens(p, folder, s->token, why);

	if (err)
		return err;
	err = cluster_ctl(c, &p->present, &local);
	p->published = !err;
	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	err = cluster_cert(c, "CallManager", &p->callmanager, why);
	if (!err)
		err = cluster_cert(c, "CAPF", &p->capf, why);
	if (str_address(c->settings.address, p->ip, &p->ip_len))
		p->ip_len = 0;
	if (!err)
		err = build(c, p, pieces, why);
	if (!err)
		err = sign(p, folder, s, pieces, why);
	if (!err)
		err = check_as_a_phone(c, p, why);
	if (!err)
		err = publish(c, p, why);
	return err;
}

enum err cluster_publish_ctl(struct cluster *c, struct cluster_signing *s, struct fail *why)
{
	struct publication p = {0};
	char *folder = cluster_path(c, "tokens", NULL);
	int lock = -1;
	enum err err = ERR_OK;

	s->tokens = 0;
	s->bytes = 0;
	s->attempts_left = -1;
	if (!folder)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	lock = cluster_lock(c, why);
	if (lock < 0)
		err = (enum err)lock;
	if (!err)
		err = run(c, s, &p, folder, why);
	if (!err) {
		s->tokens = p.count;
		s->bytes = p.file.len;
	}
	file_unlock(lock);
	publication_fini(&p);
	mem_free(folder);
	return err;
}
