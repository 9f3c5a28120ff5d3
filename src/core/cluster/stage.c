/* SPDX-License-Identifier: BSD-2-Clause
 * The order of the steps is the whole point: tftp/CTLFile.tlv is replaced at once, and what is left
 * in ctl/ by a node that died before or after tells stage_recover which of the two it was. */
#include "core/cluster/stage_int.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/list/list.h"

#include <stdio.h>

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static bool id_good(const char *id)
{
	return strlen(id) == STAGE_ID - 1 && strspn(id, "0123456789abcdef") == STAGE_ID - 1;
}

/* Activated last, and still what is published. */
static bool is_active(const struct stage_state *s, const char *id)
{
	return s->has_last && strcmp(s->last.id, id) == 0 && s->present.there &&
	       memcmp(s->present_sum, s->last.list, SHA256_SIZE) == 0;
}

/* --- undoing and finishing --- */

/* Both files in ctl/ go; what the publication brought into the unit stays. */
static enum err remove_staged(struct cluster *c, struct fail *why)
{
	enum err err = stage_remove(c, STAGED_LIST, why);

	return err ? err : stage_remove(c, STAGED_FILE, why);
}

static enum err drop_staged(struct cluster *c, const struct publication *p, struct fail *why)
{
	enum err err = stage_trust_forget(c, p, why);

	return err ? err : remove_staged(c, why);
}

static enum err set_mode(struct cluster *c, const struct tlv_list *list, struct fail *why)
{
	int mode, want = stage_mode_of(list);
	enum err err = cluster_mode(c, &mode, why);

	if (err || mode == want)
		return err;
	return store_param_set(c->store, PARAM_MODE, want ? "1" : "0", why);
}

/* Tokens that came with the publication before and are in the new list no more are vouched for no
 * longer; what stays is remembered with the new one. */
static enum err settle_trust(struct cluster *c, struct stage_state *s, struct fail *why)
{
	struct publication before = s->last, merged = s->staged, gone = {0};
	struct stage_keeping k = {.out = &merged, .from = &before};
	size_t i, j;
	enum err err = ERR_OK;

	if (s->has_last && before.trust_count) {
		err = stage_each_sast(c, buf_span(&s->staged_list), stage_trust_keep, &k, why);
		for (i = 0; i < before.trust_count && !err; i++) {
			bool kept = false;

			for (j = 0; j < merged.trust_count; j++)
				kept = kept || strcmp(merged.trust[j], before.trust[i]) == 0;
			if (!kept)
				snprintf(gone.trust[gone.trust_count++], TRUST_NAME, "%s",
					before.trust[i]);
		}
	}
	if (!err)
		err = stage_trust_forget(c, &gone, why);
	return err ? err : stage_write_last(c, &merged, why);
}

/* What follows once tftp/CTLFile.tlv is the staged list. */
static enum err finish_activation(struct cluster *c, struct stage_state *s, struct fail *why)
{
	struct tlv_list list;
	enum err err = tlv_parse(&list, buf_span(&s->staged_list), why);

	if (!err)
		err = set_mode(c, &list, why);
	if (!err)
		err = stage_write_ever(c, why);
	return err ? err : settle_trust(c, s, why);
}

static enum err look_again(struct cluster *c, struct stage_state *s, struct fail *why)
{
	struct publication *half = mem_new(sizeof(*half));
	bool has_half;
	enum err err;

	stage_fini(s);
	err = half ? stage_load(c, s, half, &has_half, why) : no_memory(why);
	mem_free(half);
	return err;
}

/* Is what is staged the published list, so that only what follows is missing? One that was
 * published when it was staged still waits for its activation. */
static bool is_in_place(const struct stage_state *s)
{
	return s->has_staged && s->present.there &&
	       memcmp(s->present_sum, s->staged.list, SHA256_SIZE) == 0 &&
	       (!s->staged.same || is_active(s, s->staged.id));
}

/* Loads the state and brings together what a dead process left apart. */
static enum err load(struct cluster *c, struct stage_state *s, struct fail *why)
{
	struct publication *half = mem_new(sizeof(*half));
	bool has_half = false, recovered = false;
	enum err err = half ? stage_load(c, s, half, &has_half, why) : no_memory(why);

	if (!err && s->present.there)
		err = stage_write_ever(c, why);
	if (!err && has_half)
		err = is_active(s, half->id) ? remove_staged(c, why) : drop_staged(c, half, why);
	if (!err && is_in_place(s)) {
		err = finish_activation(c, s, why);
		if (!err)
			err = remove_staged(c, why);
		recovered = true;
	} else if (!err && s->has_staged && s->staged.here) {
		/* Its call held the lock that we hold now: it is no more. */
		err = drop_staged(c, &s->staged, why);
		recovered = true;
	} else if (!err && s->has_staged) {
		err = stage_each_sast(
			c, buf_span(&s->staged_list), stage_trust_bring_again, NULL, why);
	}
	if (!err && s->present.there && !s->damaged.code)
		err = set_mode(c, &s->present.list, why);
	if (!err && recovered)
		err = look_again(c, s, why);
	mem_free(half);
	return err;
}

/* --- status --- */

static enum err status(
	struct cluster *c, struct stage_status *out, struct stage_state *s, struct fail *why)
{
	struct publication *half = mem_new(sizeof(*half));
	bool has_half;
	enum err err = half ? stage_load(c, s, half, &has_half, why) : no_memory(why);

	mem_free(half);
	if (err)
		return err;
	out->has_ctl = s->present.there;
	if (out->has_ctl)
		memcpy(out->ctl, s->present_sum, sizeof(out->ctl));
	out->ever = s->ever;
	if (is_active(s, s->last.id))
		snprintf(out->last, sizeof(out->last), "%s", s->last.id);
	if (s->has_staged) {
		snprintf(out->staged, sizeof(out->staged), "%s", s->staged.id);
		snprintf(out->staged_by, sizeof(out->staged_by), "%s", s->staged.by);
		out->staged_at = s->staged.at;
	}
	return cluster_mode(c, &out->mode, why);
}

typedef enum err stage_work(struct cluster *c, struct stage_state *s, void *ctx, struct fail *why);

/* The state is some kilobytes: not for the stack of a pool's thread. */
static enum err locked(struct cluster *c, stage_work *work, void *ctx, struct fail *why)
{
	struct stage_state *s = mem_new(sizeof(*s));
	int lock = s ? cluster_lock(c, why) : no_memory(why);
	enum err err = lock < 0 ? (enum err)lock : work(c, s, ctx, why);

	if (s)
		stage_fini(s);
	file_unlock(lock);
	mem_free(s);
	return err;
}

static enum err status_work(struct cluster *c, struct stage_state *s, void *ctx, struct fail *why)
{
	return status(c, ctx, s, why);
}

enum err stage_status(struct cluster *c, struct stage_status *out, struct fail *why)
{
	memset(out, 0, sizeof(*out));
	return locked(c, status_work, out, why);
}

/* --- staging --- */

static enum err waits(const struct cluster *c, const struct stage_state *s,
	const struct stage_request *r, const uint8_t sum[SHA256_SIZE], bool *same, struct fail *why)
{
	int64_t age = clock_seconds(c->clock) - s->staged.at;
	char at[CLOCK_DATE_MAX];

	*same = false;
	if (!s->has_staged)
		return ERR_OK;
	clock_print_iso(at, s->staged.at);
	if (strcmp(s->staged.id, r->id) == 0) {
		*same = memcmp(s->staged.list, sum, SHA256_SIZE) == 0;
		return *same ? ERR_OK
			     : fail_set(why, ERR_NOTNOW,
				       "publication %s has another list here, staged by %s at %s",
				       r->id, s->staged.by, at);
	}
	/* A clock that was set back must not keep everybody out. */
	if (age >= STAGE_LIFE || age < -STAGE_LIFE)
		return ERR_OK;
	return fail_set(why, ERR_NOTNOW,
		"another publication waits: %s, staged by %s at %s; it is finished or rolled back "
		"with cadeado utils ctl status, and gives way %d minutes after that time",
		s->staged.id, s->staged.by, at, STAGE_LIFE / 60);
}

static enum err same_present(
	const struct stage_state *s, const struct stage_request *r, struct fail *why)
{
	if (r->has_present == s->present.there &&
		(!r->has_present || memcmp(r->present, s->present_sum, SHA256_SIZE) == 0))
		return ERR_OK;
	return fail_set(why, ERR_EXISTS,
		"the present CTL is not the one that this list was made to follow: somebody "
		"published or deleted one meanwhile; look at it (cadeado show ctl) and begin again");
}

static enum err put(struct cluster *c, struct stage_state *s, const struct stage_request *r,
	bool here, struct fail *why)
{
	struct fail local = {0};
	struct publication *p;
	uint8_t sum[SHA256_SIZE];
	bool same = false;
	enum err err = stage_sum(r->list, sum, why);

	if (!err && is_active(s, r->id) && memcmp(s->present_sum, sum, SHA256_SIZE) == 0)
		return ERR_OK;
	if (!err)
		err = waits(c, s, r, sum, &same, why);
	if (err || same)
		return err;
	err = same_present(s, r, why);
	if (!err)
		err = stage_judge(c, s, r->list, why);
	if (!err && s->has_staged)
		err = drop_staged(c, &s->staged, why);
	if (err)
		return err;
	p = mem_new(sizeof(*p));
	if (!p)
		return no_memory(why);
	snprintf(p->id, sizeof(p->id), "%s", r->id);
	snprintf(p->by, sizeof(p->by), "%s", r->by);
	p->at = clock_seconds(c->clock);
	p->here = here;
	p->same = s->present.there && memcmp(s->present_sum, sum, SHA256_SIZE) == 0;
	memcpy(p->list, sum, SHA256_SIZE);
	err = stage_each_sast(c, r->list, stage_trust_plan, p, why);
	if (!err)
		err = stage_write_staged(c, p, r->list, why);
	if (!err)
		err = stage_each_sast(c, r->list, stage_trust_bring, NULL, why);
	if (err && drop_staged(c, p, &local))
		fail_prefix(why, "half of the list is still in ctl/");
	mem_free(p);
	return err;
}

static enum err check_request(const struct stage_request *r, struct fail *why)
{
	if (!id_good(r->id))
		return fail_set(
			why, ERR_ARG, "a publication's name has %d hex digits", STAGE_ID - 1);
	return ERR_OK;
}

static enum err put_work(struct cluster *c, struct stage_state *s, void *ctx, struct fail *why)
{
	enum err err = load(c, s, why);

	return err ? err : put(c, s, ctx, false, why);
}

enum err stage_put(struct cluster *c, const struct stage_request *r, struct fail *why)
{
	struct stage_request copy = *r;
	enum err err = check_request(r, why);

	return err ? err : locked(c, put_work, &copy, why);
}

/* --- activating --- */

/* After the new list was put in place something else failed: the old one again. */
static void put_back(struct cluster *c, const char *path, const struct stage_state *s, int mode,
	struct fail *why)
{
	struct fail local = {0};
	enum err err;

	if (s->present.there) {
		err = file_replace(path, buf_span(&s->present.file), 0644, FILE_SYNC, &local);
	} else {
		err = file_remove(path, &local);
		if (!err)
			err = stage_remove(c, EVER_FILE, &local);
	}
	if (!err)
		err = s->has_last ? stage_write_last(c, &s->last, &local)
				  : stage_remove(c, LAST_FILE, &local);
	if (!err)
		err = store_param_set(c->store, PARAM_MODE, mode ? "1" : "0", &local);
	if (err)
		fail_prefix(why, "the new CTL stays in place");
}

static enum err activate(struct cluster *c, struct stage_state *s, const char *id, struct fail *why)
{
	char *path = cluster_path(c, "tftp", list_file_name(LIST_CTL));
	struct fail local = {0};
	int mode = 0;
	enum err err = path ? ERR_OK : no_memory(why);

	if (err || is_active(s, id))
		goto out;
	if (!s->has_staged || strcmp(s->staged.id, id) != 0) {
		err = fail_set(why, ERR_NOTFOUND, "no list is staged as publication %.40s", id);
		goto out;
	}
	err = cluster_mode(c, &mode, why);
	if (!err)
		err = stage_judge(c, s, buf_span(&s->staged_list), why);
	if (err)
		goto out;
	err = file_replace(path, buf_span(&s->staged_list), 0644, FILE_SYNC, why);
	if (!err)
		err = finish_activation(c, s, why);
	if (err)
		put_back(c, path, s, mode, why);
	/* It is done: what cannot be tidied up now is by whoever looks next. */
	else if (!remove_staged(c, &local))
		s->has_staged = false;
out:
	mem_free(path);
	return err;
}

static enum err activate_work(struct cluster *c, struct stage_state *s, void *ctx, struct fail *why)
{
	enum err err = load(c, s, why);

	return err ? err : activate(c, s, ctx, why);
}

enum err stage_activate(struct cluster *c, const char *id, const char *by, struct fail *why)
{
	char copy[STAGE_ID];

	(void)by;
	if (!id_good(id))
		return fail_set(why, ERR_NOTFOUND, "no list is staged as publication %.40s", id);
	memcpy(copy, id, sizeof(copy));
	return locked(c, activate_work, copy, why);
}

/* --- aborting, recovering, forgetting --- */

static enum err abort_work(struct cluster *c, struct stage_state *s, void *ctx, struct fail *why)
{
	const char *id = ctx;
	enum err err = load(c, s, why);

	if (err)
		return err;
	if (is_active(s, id))
		return fail_set(why, ERR_NOTNOW,
			"publication %.40s is active already: finish it on the other nodes", id);
	if (!s->has_staged || strcmp(s->staged.id, id) != 0)
		return ERR_OK;
	return drop_staged(c, &s->staged, why);
}

enum err stage_abort(struct cluster *c, const char *id, const char *by, struct fail *why)
{
	char copy[STAGE_ID];

	(void)by;
	if (!id_good(id))
		return ERR_OK;
	memcpy(copy, id, sizeof(copy));
	return locked(c, abort_work, copy, why);
}

static enum err recover_work(struct cluster *c, struct stage_state *s, void *ctx, struct fail *why)
{
	(void)ctx;
	return load(c, s, why);
}

enum err stage_recover(struct cluster *c, struct fail *why)
{
	return locked(c, recover_work, NULL, why);
}

static enum err forget_work(struct cluster *c, struct stage_state *s, void *ctx, struct fail *why)
{
	char *path = cluster_path(c, "tftp", list_file_name(LIST_CTL));
	struct publication *half = mem_new(sizeof(*half));
	bool has_half = false;
	enum err err = path && half ? stage_load(c, s, half, &has_half, why) : no_memory(why);

	(void)ctx;
	if (!err)
		err = drop_staged(c, has_half ? half : &s->staged, why);
	if (!err && s->has_last)
		err = stage_trust_forget(c, &s->last, why);
	/* "ever" goes last: until then nothing counts as first. */
	if (!err)
		err = file_remove(path, why);
	if (!err)
		err = stage_remove(c, LAST_FILE, why);
	if (!err)
		err = stage_remove(c, EVER_FILE, why);
	mem_free(half);
	mem_free(path);
	return err;
}

enum err stage_forget(struct cluster *c, struct fail *why)
{
	return locked(c, forget_work, NULL, why);
}

/* --- one node --- */

struct publish_here {
	struct stage_request r;
	bool seen; /* r says what the publisher saw */
};

static enum err publish_work(struct cluster *c, struct stage_state *s, void *ctx, struct fail *why)
{
	struct publish_here *p = ctx;
	struct fail local = {0};
	enum err err = load(c, s, why);

	if (err)
		return err;
	if (!p->seen) {
		p->r.has_present = s->present.there;
		memcpy(p->r.present, s->present_sum, SHA256_SIZE);
	}
	err = put(c, s, &p->r, true, why);
	if (err)
		return err;
	err = look_again(c, s, why);
	if (!err)
		err = activate(c, s, p->r.id, why);
	if (err && s->has_staged && drop_staged(c, &s->staged, &local))
		fail_prefix(why, "the list is still staged");
	return err;
}

static enum err publish(struct cluster *c, struct publish_here *p, struct fail *why)
{
	uint8_t random[(STAGE_ID - 1) / 2];
	char id[STAGE_ID];
	size_t i;
	enum err err = random_bytes(random, sizeof(random));

	if (err)
		return fail_set(why, err, "%s", err_text(err));
	for (i = 0; i < sizeof(random); i++)
		snprintf(id + 2 * i, 3, "%02x", random[i]);
	p->r.id = id;
	return locked(c, publish_work, p, why);
}

enum err stage_publish_here(struct cluster *c, struct span list, const char *by, struct fail *why)
{
	struct publish_here p = {.r = {.by = by, .list = list}};

	return publish(c, &p, why);
}

enum err stage_publish_after(struct cluster *c, struct span list, const char *by,
	const struct published *present, struct fail *why)
{
	struct publish_here p = {
		.r = {.by = by, .list = list, .has_present = present->there}, .seen = true};
	enum err err =
		present->there ? stage_sum(buf_span(&present->file), p.r.present, why) : ERR_OK;

	return err ? err : publish(c, &p, why);
}
