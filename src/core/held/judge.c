/* SPDX-License-Identifier: BSD-2-Clause
 * What a phone makes of a list that was offered to it, as far as the server can know. */
#include "core/held/judge.h"

#include "base/str.h"
#include "core/list/check.h"

#include <stdio.h>

static const char *name_of(int64_t list)
{
	return list == STORE_CTL ? "CTL" : "ITL";
}

void held_slot_set(struct held_slot *slot, const char *digest)
{
	slot->is = *digest ? HELD_LIST : HELD_NONE;
	str_copy(slot->digest, sizeof(slot->digest), digest);
}

static enum err load(struct held_judge *j, const char *digest, struct buf *bytes,
	struct tlv_list *list, struct fail *why)
{
	enum err err = store_list_get(cluster_get_store(j->c), digest, bytes, why);

	return err ? err : tlv_parse(list, buf_span(bytes), why);
}

static bool checks_newer(const struct model *m)
{
	return m->sha512 && m->signer_max >= 4096;
}

/* Can the model check the signature, and is it good? What is asked of the first list. */
static bool stands_alone(const struct tlv_list *list, bool newer)
{
	const struct tlv_header *h = &list->header;

	if (!newer && (h->digest != TLV_SHA1 || 8 * tlv_modulus_bytes(h->modulus) > 2048))
		return false;
	return list_verify(list, NULL) == ERR_OK;
}

static enum err ask(struct held_judge *j, struct held_pair *p, struct fail *why)
{
	struct buf held_bytes = {0}, offered_bytes = {0}, because = {0};
	struct tlv_list held, offered;
	enum err err = load(j, p->offered, &offered_bytes, &offered, why), answer;

	if (!err && !p->held[0]) {
		p->accepted = stands_alone(&offered, p->newer);
	} else if (!err) {
		err = load(j, p->held, &held_bytes, &held, why);
		if (!err) {
			answer = list_accepts(&held, &offered,
				p->newer ? LIST_FOR_NEWER : LIST_FOR_79XX, &because);
			p->accepted = !answer;
			err = answer == ERR_NOMEM ? answer : ERR_OK;
		}
	}
	buf_fini(&held_bytes);
	buf_fini(&offered_bytes);
	buf_fini(&because);
	return err;
}

/* `held` "": a phone that holds none. A held list that is not kept accepts nothing that is known.
 */
static enum err accepts(struct held_judge *j, const char *held, const char *offered, bool newer,
	bool *yes, struct fail *why)
{
	struct held_pair *p;
	struct fail local = {0};
	enum err err;
	size_t i;

	for (i = 0; i < j->pairs_used; i++) {
		p = &j->pairs[i];
		if (p->newer == newer && strcmp(p->held, held) == 0 &&
			strcmp(p->offered, offered) == 0) {
			*yes = p->accepted;
			return ERR_OK;
		}
	}
	p = &j->pairs[j->pairs_next];
	memset(p, 0, sizeof(*p));
	p->newer = newer;
	str_copy(p->held, sizeof(p->held), held);
	str_copy(p->offered, sizeof(p->offered), offered);
	err = ask(j, p, &local);
	if (err == ERR_NOTFOUND)
		err = ERR_OK;
	*yes = p->accepted;
	if (err) {
		p->offered[0] = '\0';
		return fail_set(why, err, "%s", local.text[0] ? local.text : err_text(err));
	}
	j->pairs_next = (j->pairs_next + 1) % HELD_PAIRS;
	if (j->pairs_used < HELD_PAIRS)
		j->pairs_used++;
	return ERR_OK;
}

/* Would TVS, if the phone reached it, say that the list's signer may sign lists? */
static enum err vouched(struct held_judge *j, const char *digest, bool *yes, struct fail *why)
{
	struct buf bytes = {0};
	struct tlv_list list;
	struct trust_answer a = {0};
	struct fail local = {0};
	enum err err = load(j, digest, &bytes, &list, why);
	size_t i;

	*yes = false;
	/* A certificate of others that cannot be read is told elsewhere; the rest is known. */
	if (!err && trust_cache_fresh(j->trust, &local) == ERR_NOMEM)
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!err)
		trust_by_name(j->trust, list.header.signer_name, list.header.issuer_name,
			list.header.serial, clock_seconds(cluster_get_clock(j->c)), &a);
	for (i = 0; !err && a.valid && i < a.role_count; i++)
		*yes = *yes || a.roles[i] == TLV_ROLE_SAST;
	buf_fini(&bytes);
	return err;
}

static void first_list(char *evidence)
{
	str_copy(evidence, STORE_TEXT, "it held none before, and takes the first list unverified");
}

enum err held_judge(struct held_judge *j, const struct held_state *s, int64_t list,
	const char *digest, enum held_verdict *out, char *evidence, struct fail *why)
{
	const struct held_slot *slots = s->of;
	bool newer = checks_newer(s->model), yes = false;
	enum err err = ERR_OK;
	int64_t kind;

	*out = HELD_SAME;
	if (slots[list].is == HELD_LIST && strcmp(slots[list].digest, digest) == 0)
		return ERR_OK;
	*out = HELD_TAKEN;
	if (slots[STORE_CTL].is == HELD_NONE && slots[STORE_ITL].is == HELD_NONE) {
		err = accepts(j, "", digest, newer, &yes, why);
		if (yes)
			first_list(evidence);
		else
			*out = HELD_REFUSED;
		return err;
	}
	for (kind = STORE_CTL; !err && kind <= STORE_ITL; kind++) {
		if (slots[kind].is != HELD_LIST)
			continue;
		err = accepts(j, slots[kind].digest, digest, newer, &yes, why);
		if (!err && yes) {
			snprintf(evidence, STORE_TEXT, "its signer is in the %s that it held",
				name_of(kind));
			return ERR_OK;
		}
	}
	if (!err && slots[STORE_ITL].is != HELD_NONE)
		err = vouched(j, digest, &yes, why);
	/* What is not known may name the signer, or have no TVS. */
	*out = HELD_REFUSED;
	if (slots[STORE_CTL].is == HELD_UNKNOWN || slots[STORE_ITL].is == HELD_UNKNOWN) {
		*out = HELD_UNCERTAIN;
	} else if (yes) {
		*out = HELD_TAKEN;
		str_copy(evidence, STORE_TEXT,
			"TVS, which the ITL that it held names, vouches for its signer");
	}
	return err;
}

struct every {
	struct held_judge *judge;
	const char *digest;
	bool newer, yes;
	struct fail *why;
};

static enum err one_of_ours(void *ctx, const char *digest)
{
	struct every *x = ctx;
	bool yes = strcmp(digest, x->digest) == 0;
	enum err err = yes ? ERR_OK : accepts(x->judge, digest, x->digest, x->newer, &yes, x->why);

	x->yes = x->yes && yes;
	return err;
}

enum err held_judge_always(struct held_judge *j, const struct model *m, const char *digest,
	bool *yes, struct fail *why)
{
	struct every x = {
		.judge = j, .digest = digest, .newer = checks_newer(m), .yes = true, .why = why};
	struct store *s = cluster_get_store(j->c);
	bool itl = m->itl || !m->type;
	enum err err = accepts(j, "", digest, x.newer, &x.yes, why);

	*yes = false;
	if (err || !x.yes)
		return err;
	err = store_list_each(s, STORE_CTL, INT64_MAX, one_of_ours, &x, why);
	*yes = x.yes;
	if (err || !x.yes || !itl)
		return err;
	/* Who has an ITL asks TVS about what it does not know. */
	err = store_list_each(s, STORE_ITL, INT64_MAX, one_of_ours, &x, why);
	if (!err && !x.yes)
		err = vouched(j, digest, &x.yes, why);
	*yes = x.yes;
	return err;
}

enum err held_names(struct held_judge *j, const char *digest, const struct held_event *e, bool *yes,
	struct fail *why)
{
	const struct span want = span_of(e->cert, sizeof(e->cert));
	struct buf bytes = {0};
	struct tlv_list list;
	struct tlv_record r;
	struct tlv_iter it;
	struct fail local = {0};
	uint8_t cert[HELD_CERT];
	enum err err = load(j, digest, &bytes, &list, &local);

	*yes = false;
	/* One of an earlier time that is not kept. */
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (!err)
		tlv_iter_init(&it, &list);
	while (!err && !*yes && tlv_iter_next(&it, &r)) {
		if (r.role >= 32 || !(e->roles & LIST_ROLE(r.role)))
			continue;
		if (r.has & TLV_HAS(9)) {
			held_cert(r.certificate, cert);
			*yes = span_eq(span_of(cert, sizeof(cert)), want);
		} else {
			*yes = span_eq(r.cert_hash, want);
		}
	}
	buf_fini(&bytes);
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}
