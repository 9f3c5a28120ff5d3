/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/contents.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "service/jobs.h"

#include <stdio.h>
#include <string.h>

#define NAME_BUCKETS   16384u /* powers of two */
#define JOB_BUCKETS    1024u
#define SHARED_BUCKETS 64u

/* A name whose content is known. */
struct known {
	struct known *next; /* in its bucket */
	struct known *newer, *older;
	uint32_t hash;
	uint64_t epoch; /* of contents.epoch, when it was made */
	struct content *content;
	struct provision_sources *sources; /* NULL: none */
	char name[];
};

/* A name that is being looked up. The answer is good for every session that asked before the work
 * began; for those that came later only if nothing has changed since. */
struct job {
	struct job_link link;
	struct job *next; /* in its bucket; while it can be joined */
	struct contents *contents;
	struct cluster *cluster;
	uint32_t hash;
	int64_t began_us; /* its work; monotonic */
	struct contents_wait *waiting, **last;
	struct provision_file file;
	struct provision_absence absence; /* with ERR_NOTFOUND, ERR_DENIED */
	bool tagged;
	char tag[36]; /* content.tag */
	enum err err;
	struct fail why;
	char asked[];
};

struct contents {
	const struct service_env *env;
	struct provision_state state;
	uint64_t epoch; /* goes up when the state changes */
	struct known *names[NAME_BUCKETS];
	struct known *newest, *oldest; /* by use */
	unsigned count;
	size_t bytes;
	struct job *asking[JOB_BUCKETS];
	struct job_link *jobs;
	unsigned jobs_count;
	/* By the served name, not held: thousands of names for one list share its bytes. */
	struct content *shared[SHARED_BUCKETS];
	struct lingering lingering;
	bool tagged, stopped;
};

static uint32_t hash_of(const char *text)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619u;
	return h ^ h >> 16;
}

/* --- contents --- */

void content_drop(struct content *c)
{
	if (!c || --c->holders)
		return;
	if (*c->shared == c)
		*c->shared = NULL;
	buf_wipe(&c->bytes);
	mem_free(c);
}

static struct content *content_hold(struct content *c)
{
	c->holders++;
	return c;
}

/* When these very bytes were written: what is made of files, or found in the store, has no date. */
static int64_t date_of(const struct provision_file *f)
{
	const struct provision_mark *m;

	if (!f->sources.count)
		return 0;
	m = &f->sources.of[f->sources.count - 1].mark;
	return m->size == (int64_t)f->content.len ? m->modified_ns / 1000000000 : 0;
}

/* Takes the file's bytes, or the same bytes that are there already. */
static struct content *content_take(struct contents *all, struct job *j)
{
	struct provision_file *file = &j->file;
	int64_t modified = date_of(file);
	struct content **shared = &all->shared[hash_of(file->served) % SHARED_BUCKETS], *c;

	if (*shared && strcmp((*shared)->served, file->served) == 0 &&
		span_eq(buf_span(&(*shared)->bytes), buf_span(&file->content))) {
		(*shared)->modified = modified;
		return content_hold(*shared);
	}
	c = mem_new(sizeof(*c));
	if (!c)
		return NULL;
	c->holders = 1;
	str_copy(c->served, sizeof(c->served), file->served);
	str_copy(c->tag, sizeof(c->tag), j->tag);
	c->modified = modified;
	provision_note(file, &c->note);
	c->bytes = file->content;
	buf_init(&file->content);
	c->shared = shared;
	*shared = c;
	return c;
}

/* --- names --- */

static void unlink_use(struct contents *c, struct known *k)
{
	*(k->newer ? &k->newer->older : &c->newest) = k->older;
	*(k->older ? &k->older->newer : &c->oldest) = k->newer;
}

static void link_use(struct contents *c, struct known *k)
{
	k->newer = NULL;
	k->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = k;
	c->newest = k;
}

static void forget(struct contents *c, struct known *k)
{
	struct known **at = &c->names[k->hash % NAME_BUCKETS];

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	unlink_use(c, k);
	c->count--;
	if (!--k->content->names)
		c->bytes -= k->content->bytes.len;
	content_drop(k->content);
	if (k->sources)
		provision_sources_fini(k->sources);
	mem_free(k->sources);
	mem_free(k);
}

static struct known *find(struct contents *c, const char *asked, uint32_t hash)
{
	struct known *k = c->names[hash % NAME_BUCKETS];

	while (k && (k->hash != hash || strcmp(k->name, asked) != 0))
		k = k->next;
	return k;
}

static bool is_fresh(const struct contents *c, const struct known *k)
{
	return k->epoch == c->epoch && (!k->sources || provision_sources_same(k->sources));
}

/* The one used longest ago goes first. */
static void make_room(struct contents *c, const struct known *but)
{
	struct known *k, *newer;

	for (k = c->oldest; k && (c->bytes > CONTENTS_BYTES_MAX || c->count > CONTENTS_NAMES_MAX);
		k = newer) {
		newer = k->newer;
		if (k != but)
			forget(c, k);
	}
}

/* Without it the next request asks again: no memory is no error here. */
static void learn(struct contents *c, struct job *j, struct content *content)
{
	struct provision_file *f = &j->file;
	size_t len = strlen(j->asked) + 1;
	struct known *k;

	if (!f->sources.whole || !provision_state_same(&f->made_from, &c->state))
		return;
	k = find(c, j->asked, j->hash);
	if (k)
		forget(c, k);
	k = mem_new(sizeof(*k) + len);
	if (!k)
		return;
	if (f->sources.count) {
		k->sources = mem_new(sizeof(*k->sources));
		if (!k->sources) {
			mem_free(k);
			return;
		}
		*k->sources = f->sources;
		memset(&f->sources, 0, sizeof(f->sources));
	}
	memcpy(k->name, j->asked, len);
	k->hash = j->hash;
	k->epoch = c->epoch;
	k->content = content_hold(content);
	k->next = c->names[k->hash % NAME_BUCKETS];
	c->names[k->hash % NAME_BUCKETS] = k;
	link_use(c, k);
	c->count++;
	if (!content->names++)
		c->bytes += content->bytes.len;
	make_room(c, k);
}

void contents_look(struct contents *c)
{
	struct provision_state now;

	provision_state_now(cluster_get_folder(c->env->cluster), &now);
	if (!provision_state_same(&c->state, &now))
		c->epoch++;
	c->state = now;
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
	provision_file_fini(&j->file);
	mem_free(j);
}

static bool is_absent(enum err err)
{
	return err == ERR_NOTFOUND || err == ERR_DENIED;
}

/* What is left of a stopped one. */
static void end(struct lingering *l)
{
	struct contents *c = lingering_of(l, struct contents, lingering);

	while (c->jobs)
		job_free((struct job *)c->jobs);
	lingering_remove(l);
	mem_free(c);
}

static void job_work(void *arg)
{
	struct job *j = arg;
	char hex[2 * DIGEST_MAX + 1];

	j->began_us = clock_monotonic_us();
	j->err = provision_get(j->cluster, j->asked, &j->file, &j->why);
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
	struct job **at = &j->contents->asking[j->hash % JOB_BUCKETS];

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

static void job_done(void *arg)
{
	struct job *j = arg;
	struct contents *c = j->contents;
	struct content *content = NULL;
	bool good;

	if (c->stopped) {
		job_free(j);
		if (!c->jobs)
			end(&c->lingering);
		return;
	}
	close_job(j);
	contents_look(c);
	good = provision_state_same(&j->file.made_from, &c->state) &&
	       provision_sources_same(&j->file.sources);
	if (!j->err) {
		content = content_take(c, j);
		if (content)
			learn(c, j, content);
		else
			j->err = fail_set(&j->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	/* A session that is answered may end others, and ask anew. */
	while (j->waiting)
		answer(j, j->waiting, good, content);
	content_drop(content);
	job_free(j);
}

static enum err ask(struct contents *c, const char *asked, uint32_t hash, struct contents_wait *w)
{
	size_t len = strlen(asked) + 1;
	struct job *j = c->asking[hash % JOB_BUCKETS];
	enum err err;

	while (j && strcmp(j->asked, asked) != 0)
		j = j->next;
	if (j) {
		wait_for(j, w);
		return ERR_OK;
	}
	if (c->jobs_count == CONTENTS_JOBS_MAX)
		return ERR_LIMIT;
	j = mem_new(sizeof(*j) + len);
	if (!j)
		return ERR_NOMEM;
	j->contents = c;
	j->cluster = c->env->cluster;
	j->tagged = c->tagged;
	j->hash = hash;
	memcpy(j->asked, asked, len);
	j->last = &j->waiting;
	wait_for(j, w);
	j->next = c->asking[hash % JOB_BUCKETS];
	c->asking[hash % JOB_BUCKETS] = j;
	jobs_add(&c->jobs, &j->link);
	c->jobs_count++;
	err = executor_run(c->env->blocking, job_work, job_done, j);
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
	uint32_t hash = hash_of(asked);
	struct known *k = find(c, asked, hash);

	*out = NULL;
	if (k && is_fresh(c, k)) {
		unlink_use(c, k);
		link_use(c, k);
		*out = content_hold(k->content);
		return ERR_OK;
	}
	if (k)
		forget(c, k);
	return ask(c, asked, hash, w);
}

/* --- the whole --- */

enum err contents_new(struct contents **out, const struct service_env *env)
{
	struct contents *c = mem_new(sizeof(*c));

	if (!c)
		return ERR_NOMEM;
	c->env = env;
	*out = c;
	return ERR_OK;
}

void contents_tag(struct contents *c)
{
	c->tagged = true;
}

void contents_free(struct contents *c)
{
	if (!c)
		return;
	while (c->newest)
		forget(c, c->newest);
	c->stopped = true;
	if (c->env->blocking && c->jobs)
		lingering_add(c->env->lingering, &c->lingering, end);
	else
		end(&c->lingering);
}
