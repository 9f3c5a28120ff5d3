/* SPDX-License-Identifier: BSD-2-Clause
 * May this list take the place of the present one? The rule of trust over bytes, and what a phone
 * does not look at but its owner would regret. */
#include "core/cluster/stage_int.h"

#include "base/mem.h"
#include "core/list/check.h"
#include "core/list/list.h"
#include "core/model/signing.h"
#include "core/tokens/tokens.h"

#define AHEAD_MAX 86400 /* seconds that a signer's clock may be ahead of ours */

static bool is_server(const struct tlv_record *r)
{
	return r->role == TLV_ROLE_CCM || r->role == TLV_ROLE_CCM_TFTP || r->role == TLV_ROLE_TFTP;
}

int stage_mode_of(const struct tlv_list *list)
{
	const uint32_t named = TLV_HAS(3) | TLV_HAS(7) | TLV_HAS(9) | TLV_HAS(11);
	bool emptied = false;
	struct tlv_record r;
	struct tlv_iter it;

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r)) {
		if (!is_server(&r))
			continue;
		if (r.has & named)
			return 1;
		emptied = true;
	}
	return emptied ? 0 : 1;
}

static enum err damaged(const char *reason, struct fail *why)
{
	return fail_set(why, ERR_NOTNOW,
		"tftp/CTLFile.tlv is damaged and does not tell whom phones trust: put it back from a "
		"backup, or start over and erase every phone: cadeado file delete tftp CTLFile.tlv "
		"(%.60s)",
		reason);
}

struct first_finding {
	struct fail *why;
	bool found;
};

static void keep_first(void *ctx, const struct fail *finding)
{
	struct first_finding *f = ctx;

	if (!f->found)
		fail_set(f->why, ERR_VERIFY, "a record contradicts its certificate: %s",
			finding->text);
	f->found = true;
}

static enum err enough_tokens(const struct tlv_list *list, struct fail *why)
{
	struct tlv_record r, first = {0};
	struct tlv_iter it;
	bool has = false;

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r)) {
		if (r.role != TLV_ROLE_SAST)
			continue;
		if (has && !span_eq(first.public_key, r.public_key))
			return ERR_OK;
		first = has ? first : r;
		has = true;
	}
	return fail_set(why, ERR_VERIFY,
		"the list names fewer than two tokens (SAST): were the only one lost, phones would "
		"take no new list");
}

/* A list that is whole, and says of itself what phones will compare. */
static enum err judge_alone(const struct tlv_list *list, struct fail *why)
{
	struct first_finding f = {.why = why};
	enum err err = list_verify(list, why);

	if (!err && list_check_records(list, LIST_CTL, keep_first, &f))
		err = f.found ? ERR_VERIFY : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	return err ? err : enough_tokens(list, why);
}

static void dates(char a[CLOCK_DATE_MAX], uint32_t x, char b[CLOCK_DATE_MAX], int64_t y)
{
	clock_print_iso(a, (int64_t)x);
	clock_print_iso(b, y);
}

static enum err judge_time(struct cluster *c, const struct tlv_list *list,
	const struct tlv_list *present, struct fail *why)
{
	char made[CLOCK_DATE_MAX], other[CLOCK_DATE_MAX];
	int64_t now = clock_seconds(c->clock);

	if (present && present->header.has_timestamp &&
		(!list->header.has_timestamp ||
			list->header.timestamp < present->header.timestamp)) {
		dates(made, list->header.timestamp, other, (int64_t)present->header.timestamp);
		return fail_set(why, ERR_EXPIRED,
			"the list is of %s, older than the present CTL of %s: set the clock of the "
			"machine that signs and make the list anew",
			made, other);
	}
	if (list->header.has_timestamp && (int64_t)list->header.timestamp > now + AHEAD_MAX) {
		dates(made, list->header.timestamp, other, now);
		return fail_set(why, ERR_EXPIRED,
			"the list is of %s, but here it is %s: no later list could follow it; set "
			"the clock of the machine that signs, or of this node",
			made, other);
	}
	return ERR_OK;
}

static enum err judge_signer(
	const struct stage_state *s, const struct tlv_list *list, struct fail *why)
{
	struct fail local = {0};

	if (!s->present.there) {
		if (!s->ever)
			return ERR_OK;
		return fail_set(why, ERR_TRUST,
			"this node held a CTL that is gone, and phones hold it still: put "
			"tftp/CTLFile.tlv back from a backup, or start over at this node's "
			"console: cadeado file delete tftp CTLFile.tlv");
	}
	if (s->damaged.code)
		return damaged(s->damaged.text, why);
	if (!list_check_signer(
		    list->file, &list->header, &s->present.list, LIST_MAY_SIGN_LISTS, NULL, NULL))
		return ERR_OK;
	/* A present list whose signature is spoilt but whose records still name the signer is
	 * repaired by the new one; otherwise it may have lost that record. */
	if (list_verify(&s->present.list, &local))
		return damaged(local.text, why);
	return fail_set(why, ERR_TRUST,
		"phones that hold the present CTL would refuse this one: its signer %.*s is not "
		"among the tokens (SAST) of that one; sign with one that is (cadeado show ctl)",
		(int)(list->header.signer_name.len < 80 ? list->header.signer_name.len : 80),
		(const char *)list->header.signer_name.ptr);
}

/* A token that was retired may be in the hands of whoever made that necessary. */
static enum err judge_token(struct cluster *c, const struct tlv_list *list, struct fail *why)
{
	char *folder = cluster_path(c, "tokens", NULL);
	struct tokens *tokens = NULL;
	struct tlv_record r;
	enum err err = folder ? tokens_open(&tokens, folder, NULL, c->clock, why)
			      : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	size_t i;

	if (!err)
		err = list_check_signer(
			list->file, &list->header, list, LIST_MAY_SIGN_LISTS, &r, why);
	for (i = 0; !err && i < tokens_count(tokens); i++) {
		const struct token_entry *e = tokens_at(tokens, i);

		if (e->retired && e->cert && span_eq(cert_list_key(e->cert), r.public_key))
			err = fail_set(why, ERR_TRUST,
				"the list is signed by token %s, which was retired: sign with "
				"another one (cadeado token list)",
				e->label);
	}
	tokens_close(tokens);
	mem_free(folder);
	return err;
}

enum err stage_judge(
	struct cluster *c, const struct stage_state *s, struct span bytes, struct fail *why)
{
	struct tlv_list list;
	struct fail local = {0};
	enum err err;

	if (bytes.len > LIST_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "the list has %zu bytes; phones take at most %u",
			bytes.len, LIST_SIZE_MAX);
	if (tlv_parse(&list, bytes, &local))
		return fail_set(why, ERR_VERIFY, "not a trust list: %s", local.text);
	err = judge_alone(&list, why);
	if (!err)
		err = judge_signer(s, &list, why);
	if (!err)
		err = judge_token(c, &list, why);
	/* The digest codes of a header are those of enum digest_alg. */
	if (!err)
		err = model_check_signing(c->store,
			8 * (unsigned)tlv_modulus_bytes(list.header.modulus),
			(enum digest_alg)list.header.digest, why);
	if (!err)
		err = judge_time(c, &list,
			s->present.there && !s->damaged.code ? &s->present.list : NULL, why);
	return err;
}
