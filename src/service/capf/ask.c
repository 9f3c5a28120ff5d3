/* SPDX-License-Identifier: BSD-2-Clause
 * An authority elsewhere is asked beside the pool of everything else, which must not wait for it.
 */
#include "service/capf/session.h"

static void work(void *arg)
{
	struct job *j = arg;
	const struct service_authority *a = j->service->env->authority;
	struct lsc_ask *ask = &j->ask;

	ask->err = a->enroll(
		a->ctx, buf_span(&ask->request), &ask->answer, &ask->retry_after, &ask->why);
}

/* The answer is recorded whether or not the phone is still there: its authority has issued. */
static void done(void *arg)
{
	struct job *j = arg;
	struct capf *service = j->service;

	jobs_remove(&j->link);
	j->link.link = NULL;
	j->ask.answered = true;
	if (!service->stopped) {
		job_start(j);
		return;
	}
	job_free(j);
	if (!service->jobs)
		capf_free(service);
}

void ask_start(struct session *s, struct job *issue)
{
	const struct service_env *env = s->service->env;
	struct job *j = job_new(s, JOB_ISSUE);
	enum err err = ERR_UNSUPPORTED;

	if (!j) {
		session_finish(s, ENROL_CA_LOST, CAPF_REASON_FAILED, true, err_text(ERR_NOMEM));
		return;
	}
	j->input = issue->input;
	j->ask = issue->ask;
	memset(&issue->input, 0, sizeof(issue->input));
	memset(&issue->ask, 0, sizeof(issue->ask));
	s->issuing = j;
	session_enter(s, SESSION_AWAIT_CA_RES);
	jobs_add(&s->service->jobs, &j->link);
	if (env->authority && env->outside)
		err = executor_run(env->outside, work, done, j);
	if (err == ERR_OK)
		return;
	j->ask.err = fail_set(&j->ask.why, err, "the authority cannot be asked: %s", err_text(err));
	done(j);
}
