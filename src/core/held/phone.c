/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/held/phone.h"

#include "base/str.h"
#include "core/list/list.h"

#define SECOND_US 1000000

static enum err learn(void *ctx, const struct store_held *h)
{
	struct held_phone *p = ctx;

	switch (h->known) {
	case STORE_FOREIGN: p->foreign = true; break;
	case STORE_HELD:
		if (h->list != STORE_CTL && h->list != STORE_ITL)
			break;
		held_slot_set(&p->state.of[h->list], h->digest);
		str_copy(p->evidence[h->list], STORE_TEXT, h->evidence);
		p->last[h->list] = h->last;
		break;
	default:
		if (!p->offered || h->since < p->first_offered)
			p->first_offered = h->since;
		p->offered = true;
		p->past_unknown |= strcmp(h->digest, STORE_LIST_UNKNOWN) == 0;
		break;
	}
	return ERR_OK;
}

enum err held_phone_load(
	struct held_phone *p, struct held_judge *j, const char *device, struct fail *why)
{
	struct store *s = cluster_get_store(j->c);
	struct store_device d;
	enum err err;

	memset(p, 0, sizeof(*p));
	p->judge = j;
	p->device = device;
	err = store_device_get(s, device, &d, why);
	if (!err)
		err = store_held_each(s, device, learn, p, why);
	if (err)
		return err;
	p->seen = d.last_seen;
	p->state.model = model_of((int)d.model);
	if (model_is_known((int)d.model) && !p->state.model->itl)
		p->state.of[STORE_ITL].is = HELD_NONE;
	return ERR_OK;
}

bool held_phone_knows(const struct held_phone *p)
{
	return p->state.of[STORE_CTL].is == HELD_LIST || p->state.of[STORE_ITL].is == HELD_LIST;
}

enum err held_phone_put(struct held_phone *p, int64_t list, int64_t known, const char *digest,
	int64_t at_us, const char *evidence, struct fail *why)
{
	struct store_held h = {.list = list,
		.known = known,
		.since = at_us / SECOND_US,
		.last = at_us / SECOND_US};

	str_copy(h.device, sizeof(h.device), p->device);
	str_copy(h.digest, sizeof(h.digest), digest);
	str_copy(h.evidence, sizeof(h.evidence), evidence);
	return store_held_put_many(cluster_get_store(p->judge->c), &h, 1, why);
}

static enum err forget(struct held_phone *p, int64_t list, int64_t known, struct fail *why)
{
	return store_held_forget(cluster_get_store(p->judge->c), p->device, list, known, why);
}

enum err held_phone_obeys(struct held_phone *p, struct fail *why)
{
	return p->foreign ? forget(p, 0, STORE_FOREIGN, why) : ERR_OK;
}

/* --- what follows --- */

/* It asked as phones do that hold none. */
static void holds_none(struct held_phone *p)
{
	int64_t list;

	for (list = STORE_CTL; list <= STORE_ITL; list++) {
		held_slot_set(&p->state.of[list], "");
		str_copy(p->evidence[list], STORE_TEXT,
			"it asked for its configuration as phones without a list do");
	}
}

/* A list reached it. */
static enum err reached(
	struct held_phone *p, int64_t list, const char *digest, bool trusted, struct fail *why)
{
	char evidence[STORE_TEXT] = "";
	enum held_verdict v;
	bool yes = false;
	enum err err = held_judge(p->judge, &p->state, list, digest, &v, evidence, why);

	/* A phone that trusts a key of ours holds a list of ours, whichever. */
	if (!err && v == HELD_UNCERTAIN && trusted && !p->past_unknown) {
		err = held_judge_always(p->judge, p->state.model, digest, &yes, why);
		if (yes) {
			v = HELD_TAKEN;
			str_copy(evidence, sizeof(evidence),
				"it trusts a key of this system, and each of its lists accepts this one");
		}
	}
	if (err || v == HELD_SAME || v == HELD_REFUSED)
		return err;
	if (v == HELD_TAKEN)
		held_slot_set(&p->state.of[list], digest);
	else
		p->state.of[list].is = HELD_UNKNOWN;
	str_copy(p->evidence[list], STORE_TEXT, evidence);
	return ERR_OK;
}

/* Without TVS the lists alone explain its trust. When the CTL that it was known to hold does not,
 * it was erased since. */
static enum err check_trust(
	struct held_phone *p, const struct start *s, const struct held_event *e, struct fail *why)
{
	struct held_slot *ctl = &p->state.of[STORE_CTL];
	const char *digest = s ? s->of[STORE_CTL].digest : "";
	bool held = true, offered = false;
	enum err err = ERR_OK;

	if (ctl->is != HELD_LIST || p->state.of[STORE_ITL].is != HELD_NONE)
		return ERR_OK;
	err = held_names(p->judge, ctl->digest, e, &held, why);
	if (!err && !held && *digest)
		err = held_names(p->judge, digest, e, &offered, why);
	if (err || held)
		return err;
	ctl->is = HELD_UNKNOWN;
	if (offered) {
		held_slot_set(ctl, digest);
		str_copy(p->evidence[STORE_CTL], STORE_TEXT,
			"it trusts a key that the list it held before does not name");
	}
	return ERR_OK;
}

static enum err write_down(
	struct held_phone *p, const struct held_state *before, int64_t at_us, struct fail *why)
{
	enum err err = ERR_OK;
	int64_t list;

	for (list = STORE_CTL; !err && list <= STORE_ITL; list++) {
		const struct held_slot *now = &p->state.of[list];

		if (now->is != HELD_UNKNOWN && p->evidence[list][0])
			err = held_phone_put(p, list, STORE_HELD,
				now->is == HELD_LIST ? now->digest : "", at_us, p->evidence[list],
				why);
		else if (now->is == HELD_UNKNOWN && before->of[list].is != HELD_UNKNOWN)
			err = forget(p, list, STORE_HELD, why);
	}
	return err;
}

enum err held_phone_conclude(
	struct held_phone *p, const struct start *s, const struct held_event *e, struct fail *why)
{
	const struct held_state before = p->state;
	bool trusted = e->what == HELD_TRUSTED;
	enum err err = ERR_OK;
	int64_t list;

	if (s && s->clear_us && s->clear_us <= e->at_us)
		holds_none(p);
	/* In one start the CTL comes first. */
	for (list = STORE_CTL; !err && s && list <= STORE_ITL; list++)
		if (s->of[list].digest[0] && s->of[list].at_us <= e->at_us &&
			s->of[list].at_us > s->clear_us)
			err = reached(p, list, s->of[list].digest, trusted, why);
	if (!err && trusted)
		err = check_trust(p, s, e, why);
	return err ? err : write_down(p, &before, e->at_us, why);
}
