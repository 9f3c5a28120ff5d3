/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/signer.h"
#include "base/mem.h"

#include <stdatomic.h>

struct signer {
	struct keystore *ks;
	struct executor *x;
	atomic_uint refs; /* the owner's and one for each job under way */
};

enum request { REQUEST_SIGN, REQUEST_DECRYPT, REQUEST_GENERATE };

struct job {
	struct signer *signer;
	enum request request;
	char *name;
	struct buf input; /* the pieces in a row, or what is to be decrypted */
	enum digest_alg alg;
	size_t want;
	enum key_type type;
	unsigned bits;
	signer_done *done;
	void *ctx;
	enum err err;
	struct fail why;
	struct buf result;
};

enum err signer_new(struct signer **out, struct keystore *take_ks, struct executor *x)
{
	struct signer *s = mem_new(sizeof(*s));

	if (!s) {
		take_ks->free(take_ks);
		return ERR_NOMEM;
	}
	s->ks = take_ks;
	s->x = x;
	atomic_init(&s->refs, 1);
	*out = s;
	return ERR_OK;
}

static void unref(struct signer *s)
{
	if (atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	s->ks->free(s->ks);
	mem_free(s);
}

void signer_free(struct signer *s)
{
	if (s)
		unref(s);
}

static void job_free(struct job *job)
{
	if (job->signer)
		unref(job->signer);
	mem_free(job->name);
	buf_wipe(&job->input);
	buf_wipe(&job->result);
	mem_free(job);
}

static struct job *job_new(struct signer *s, enum request request, const char *name,
	const struct span *pieces, size_t count, signer_done *done, void *ctx)
{
	struct job *job = mem_new(sizeof(*job));
	size_t i;

	if (!job)
		return NULL;
	job->request = request;
	job->done = done;
	job->ctx = ctx;
	job->name = mem_strdup(name);
	for (i = 0; i < count; i++)
		buf_put(&job->input, pieces[i]);
	if (!job->name || buf_check(&job->input)) {
		job_free(job);
		return NULL;
	}
	atomic_fetch_add(&s->refs, 1);
	job->signer = s;
	return job;
}

static void work(void *arg)
{
	struct job *job = arg;
	struct keystore *ks = job->signer->ks;
	struct span input = buf_span(&job->input);

	switch (job->request) {
	case REQUEST_SIGN:
		job->err = ks->sign(ks, job->name, job->alg, &input, 1, &job->result, &job->why);
		break;
	case REQUEST_DECRYPT:
		job->err = ks->decrypt(ks, job->name, input, job->want, &job->result, &job->why);
		break;
	case REQUEST_GENERATE:
		job->err =
			ks->generate(ks, job->name, job->type, job->bits, &job->result, &job->why);
		break;
	}
	if (job->err)
		fail_set(&job->why, job->err, "key %s: %s", job->name, err_text(job->err));
}

static void finish(void *arg)
{
	struct job *job = arg;
	struct span none = {0};

	job->done(job->ctx, job->err, &job->why, job->err ? none : buf_span(&job->result));
	job_free(job);
}

static enum err start(struct job *job)
{
	enum err err = executor_run(job->signer->x, work, finish, job);

	if (err)
		job_free(job);
	return err;
}

enum err signer_sign(struct signer *s, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, signer_done *done, void *ctx)
{
	struct job *job = job_new(s, REQUEST_SIGN, name, pieces, count, done, ctx);

	if (!job)
		return ERR_NOMEM;
	job->alg = alg;
	return start(job);
}

enum err signer_decrypt(struct signer *s, const char *name, struct span sealed, size_t want,
	signer_done *done, void *ctx)
{
	struct job *job = job_new(s, REQUEST_DECRYPT, name, &sealed, 1, done, ctx);

	if (!job)
		return ERR_NOMEM;
	job->want = want;
	return start(job);
}

enum err signer_generate(struct signer *s, const char *name, enum key_type type, unsigned bits,
	signer_done *done, void *ctx)
{
	struct job *job = job_new(s, REQUEST_GENERATE, name, NULL, 0, done, ctx);

	if (!job)
		return ERR_NOMEM;
	job->type = type;
	job->bits = bits;
	return start(job);
}

struct answer {
	enum err err;
	struct buf *out;
	struct fail *why;
};

static void keep_answer(void *ctx, enum err err, const struct fail *why, struct span result)
{
	struct answer *answer = ctx;

	answer->err = err;
	if (err) {
		fail_set(answer->why, err, "%s", why->text);
		return;
	}
	buf_put(answer->out, result);
	answer->err = buf_check(answer->out);
}

enum err signer_sign_now(struct signer *s, const char *name, enum digest_alg alg,
	const struct span *pieces, size_t count, struct buf *signature, struct fail *why)
{
	struct answer answer = {.err = ERR_NOTNOW, .out = signature, .why = why};
	enum err err;

	/* Elsewhere the answer would come after this frame is gone. */
	if (s->x != executor_inline())
		return fail_set(why, ERR_NOTNOW, "key %s: this signer cannot be waited for", name);
	err = signer_sign(s, name, alg, pieces, count, keep_answer, &answer);
	if (!err)
		err = answer.err;
	return err ? fail_set(why, err, "key %s: %s", name, err_text(err)) : ERR_OK;
}
