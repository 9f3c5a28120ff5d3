/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/contents_priv.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"

#include <stdio.h>
#include <string.h>

/* --- is what is known still so? --- */

void contents_look(struct contents *c)
{
	struct provision_state now;

	provision_state_now(&c->place, &now);
	if (!provision_state_same_folder(&c->state, &now))
		c->epoch++;
	if (!provision_state_same_store(&c->state, &now))
		c->sure = false;
	c->state = now;
	c->looks++;
}

void contents_take_revision(
	struct contents *c, const char *revision, const struct provision_state *state)
{
	if (strcmp(revision, c->revision) != 0) {
		str_copy(c->revision, sizeof(c->revision), revision);
		c->epoch++;
	}
	c->sure = provision_state_same_store(state, &c->state);
}

/* --- jobs --- */

static void wait_for(struct job *j, struct contents_wait *w)
{
	w->asked_us = clock_monotonic_us();
	w->next = NULL;
	w->link = j->last;
	*j->last = w;
	j->last = &w->next;
	w->last = &j->last;
}

void contents_cancel(struct contents_wait *w)
{
	if (!w->link)
		return;
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	else
		*w->last = w->link;
	w->link = NULL;
}

static void job_free(struct job *j)
{
	jobs_remove(&j->link);
	j->contents->jobs_count--;
	j->contents->later_running -= j->later;
	provision_file_fini(&j->file);
	mem_free(j);
}

/* What is left of a stopped one. */
static void end(struct lingering *l)
{
	struct contents *c = lingering_of(l, struct contents, lingering);

	while (c->jobs)
		job_free((struct job *)c->jobs);
	lingering_remove(l);
	provision_phones_free(c->reading.phones);
	provision_phones_free(c->phones);
	provision_place_fini(&c->place);
	mem_free(c);
}

static bool has_work(const struct contents *c)
{
	return c->jobs || c->check.runs || c->reading.runs;
}

void contents_came_back(struct contents *c)
{
	if (!has_work(c))
		end(&c->lingering);
}

static bool is_absent(enum err err)
{
	return err == ERR_NOTFOUND || err == ERR_DENIED;
}

static void job_work(void *arg)
{
	struct job *j = arg;
	char hex[2 * DIGEST_MAX + 1];

	j->began_us = clock_monotonic_us();
	j->err = provision_get(j->cluster, &j->contents->place, j->asked, &j->file, &j->why);
	if (is_absent(j->err))
		provision_absent(j->cluster, j->asked, j->err, &j->absence);
	if (j->err || !j->tagged)
		return;
	/* 128 bits of SHA-256: nobody finds two files with one tag. */
	digest_hex(DIGEST_SHA256, buf_span(&j->file.content), hex);
	snprintf(j->tag, sizeof(j->tag), "\"%.32s\"", hex);
}

/* Nobody joins it any more. */
static void close_job(struct job *j)
{
	struct job **at = &j->contents->asking[j->hash % CONTENTS_JOB_BUCKETS];

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
}

/* Gives one session its answer, or asks again for one that came too late for this one. */
static void answer(struct job *j, struct contents_wait *w, bool good, struct content *content)
{
	struct contents *c = j->contents;
	struct content *other = NULL;
	enum err err;

	contents_cancel(w);
	if (good || w->asked_us <= j->began_us) {
		w->absence = is_absent(j->err) ? &j->absence : NULL;
		w->done(w, j->err, content ? content_hold(content) : NULL, &j->why);
		return;
	}
	w->absence = NULL;
	err = contents_get(c, j->asked, &other, w);
	if (err || other)
		w->done(w, err, other, &j->why);
}

/* Ends a job with what it found: a content, which is held for it, or its error. A session that is
 * answered may end others, and ask anew. */
static void answer_all(struct job *j, bool good, struct content *content)
{
	while (j->waiting)
		answer(j, j->waiting, good, content);
	content_drop(content);
	job_free(j);
}

static void job_done(void *arg)
{
	struct job *j = arg;
	struct provision_file *f = &j->file;
	struct contents *c = j->contents;
	struct content *content = NULL;
	bool good = false;

	c->running--;
	if (c->stopped) {
		job_free(j);
		contents_came_back(c);
		return;
	}
	close_job(j);
	contents_look(c);
	if (f->revision[0] != '?') {
		contents_take_revision(c, f->revision, &f->made_from);
		good = c->sure && provision_state_same_folder(&f->made_from, &c->state) &&
		       provision_sources_same(&f->sources);
	}
	if (!j->err) {
		j->err = content_take(c, j, &content);
		if (j->err)
			fail_set(&j->why, j->err, "%.64s: %s", j->asked, err_text(j->err));
		else
			known_learn(c, j, content);
	}
	if (j->absence.unknown_device)
		turns_stranger_came(c);
	answer_all(j, good, content);
	turns_next(c);
}

enum err contents_run(struct job *j)
{
	struct contents *c = j->contents;
	enum err err;

	c->running++;
	err = executor_run(c->env->blocking, job_work, job_done, j);
	if (err)
		c->running--;
	return err;
}

void contents_refuse_stranger(struct job *j, int64_t began_us, bool good)
{
	j->began_us = began_us;
	j->err = fail_set(&j->why, ERR_NOTFOUND, "%.64s: not found", j->asked);
	close_job(j);
	answer_all(j, good, NULL);
}

void contents_run_or_refuse(struct job *j)
{
	enum err err = contents_run(j);

	if (!err)
		return;
	j->err = fail_set(&j->why, err, "%s", err_text(err));
	close_job(j);
	answer_all(j, true, NULL);
}

/* --- names that are known, if nothing was committed --- */

static void check_work(void *arg)
{
	struct contents *c = arg;
	struct check *k = &c->check;

	k->began_us = clock_monotonic_us();
	k->err = provision_revision(k->cluster, &c->place, &k->state, k->revision, &k->why);
}

static void check_start(struct contents *c);

/* What is known goes out when it is still that, and also while nobody can say: phones are served
 * while the database is away. */
static void settle(struct contents *c, struct job *j, enum err err)
{
	struct known *k = err && err != ERR_AWAY ? NULL : known_find(c, j->asked, j->hash);

	if (!err && !k && turns_stranger(c, j->asked, &j->absence)) {
		contents_refuse_stranger(j, c->check.began_us, c->sure);
		return;
	}
	if (!k || !known_is_fresh(c, k)) {
		contents_run_or_refuse(j);
		return;
	}
	known_used(c, k);
	j->began_us = c->check.began_us;
	close_job(j);
	answer_all(j, err || c->sure, content_hold(k->content));
}

static void check_done(void *arg)
{
	struct contents *c = arg;
	struct check *k = &c->check;
	struct job *j, *late = NULL, **last = &late;

	k->runs = false;
	if (c->stopped) {
		contents_came_back(c);
		return;
	}
	contents_look(c);
	if (!k->err)
		contents_take_revision(c, k->revision, &k->state);
	/* Those that came while it was asked wait for the next time. */
	while ((j = c->unsure) && j->asked_us <= k->began_us) {
		c->unsure = j->unsure;
		*last = j;
		last = &j->unsure;
	}
	*last = NULL;
	if (!c->unsure)
		c->unsure_last = &c->unsure;
	while ((j = late)) {
		late = j->unsure;
		settle(c, j, k->err);
	}
	check_start(c);
}

static void check_start(struct contents *c)
{
	struct job *j;

	if (c->check.runs || !c->unsure)
		return;
	memset(&c->check, 0, sizeof(c->check));
	c->check.cluster = c->env->cluster;
	c->check.runs = executor_run(c->env->blocking, check_work, check_done, c) == ERR_OK;
	while (!c->check.runs && (j = c->unsure)) {
		c->unsure = j->unsure;
		if (!c->unsure)
			c->unsure_last = &c->unsure;
		contents_run_or_refuse(j);
	}
}

void contents_unsure(struct contents *c, struct job *j)
{
	*c->unsure_last = j;
	c->unsure_last = &j->unsure;
	check_start(c);
}

/* --- asking --- */

static struct job *job_new(struct contents *c, const char *asked, uint32_t hash)
{
	size_t len = strlen(asked) + 1;
	struct job *j = mem_new(sizeof(*j) + len);

	if (!j)
		return NULL;
	j->contents = c;
	j->cluster = c->env->cluster;
	j->tagged = c->tagged;
	j->hash = hash;
	j->asked_us = clock_monotonic_us();
	memcpy(j->asked, asked, len);
	j->last = &j->waiting;
	j->next = c->asking[hash % CONTENTS_JOB_BUCKETS];
	c->asking[hash % CONTENTS_JOB_BUCKETS] = j;
	jobs_add(&c->jobs, &j->link);
	c->jobs_count++;
	return j;
}

static enum err ask(struct contents *c, const char *asked, uint32_t hash, bool is_known,
	struct contents_wait *w)
{
	struct job *j = c->asking[hash % CONTENTS_JOB_BUCKETS];
	enum err err = ERR_OK;

	while (j && strcmp(j->asked, asked) != 0)
		j = j->next;
	if (j) {
		wait_for(j, w);
		return ERR_OK;
	}
	if (c->jobs_count == CONTENTS_JOBS_MAX || c->later_count >= CONTENTS_LATER_MAX)
		return ERR_LIMIT;
	j = job_new(c, asked, hash);
	if (!j)
		return ERR_NOMEM;
	wait_for(j, w);
	if (is_known) {
		contents_unsure(c, j);
		return ERR_OK;
	}
	if (turns_wait(c)) {
		turns_add(c, j);
		return ERR_OK;
	}
	err = contents_run(j);
	if (err) {
		close_job(j);
		contents_cancel(w);
		job_free(j);
	}
	return err;
}

enum err contents_get(
	struct contents *c, const char *asked, struct content **out, struct contents_wait *w)
{
	uint32_t hash = contents_hash(asked);
	struct known *k = known_find(c, asked, hash);

	*out = NULL;
	if (k && !known_is_fresh(c, k)) {
		known_forget(c, k);
		k = NULL;
	}
	if (!k && c->sure && turns_stranger(c, asked, &c->absence)) {
		w->absence = &c->absence;
		return ERR_NOTFOUND;
	}
	if (!k || !c->sure)
		return ask(c, asked, hash, k != NULL, w);
	known_used(c, k);
	*out = content_hold(k->content);
	return ERR_OK;
}

/* --- the whole --- */

enum err contents_new(struct contents **out, const struct service_env *env)
{
	struct contents *c = mem_new(sizeof(*c));

	if (!c)
		return ERR_NOMEM;
	c->env = env;
	c->unsure_last = &c->unsure;
	c->later_last = &c->later;
	str_copy(c->revision, sizeof(c->revision), "?");
	if (provision_place_init(&c->place, env->cluster)) {
		mem_free(c);
		return ERR_NOMEM;
	}
	*out = c;
	return ERR_OK;
}

void contents_tag(struct contents *c)
{
	c->tagged = true;
}

void contents_free(struct contents *c)
{
	struct job *j;

	if (!c)
		return;
	while (c->newest)
		known_forget(c, c->newest);
	c->stopped = true;
	/* These were not given to the executor yet. */
	while ((j = c->unsure ? c->unsure : c->later)) {
		*(c->unsure ? &c->unsure : &c->later) = j->unsure;
		job_free(j);
	}
	if (c->env->blocking && has_work(c))
		lingering_add(c->env->lingering, &c->lingering, end);
	else
		end(&c->lingering);
}
