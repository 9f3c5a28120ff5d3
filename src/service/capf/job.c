/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/capf/session.h"

#include "base/log.h"
#include "base/mem.h"

void job_free(struct job *j)
{
	jobs_remove(&j->link);
	buf_wipe(&j->input);
	cert_free(j->lsc);
	mem_free(j);
}

static void work(void *arg)
{
	struct job *j = arg;

	switch (j->kind) {
	case JOB_AUTHORISE:
		j->err = lsc_authorise(j->cluster, j->device, buf_span(&j->input), &j->order,
			&j->key_bits, &j->why);
		return;
	case JOB_ISSUE:
		j->err = lsc_issue(j->cluster, j->device, buf_span(&j->input), &j->lsc, &j->why);
		return;
	case JOB_INSTALLED: j->err = lsc_installed(j->cluster, j->device, j->lsc, &j->why); return;
	case JOB_FAILED: j->err = lsc_failed(j->cluster, j->device, j->status, &j->why); return;
	}
}

/* What has happened in the store is told whether or not the phone is still there. */
static void tell(const struct job *j)
{
	if (j->err == ERR_OK && j->kind == JOB_INSTALLED)
		trace_line(
			TRACE_CAPF, "%u:%s:Certificate upgrade successful", j->number, j->device);
	else if (j->err == ERR_OK && j->kind == JOB_FAILED)
		log_line(LOG_WARN, "capf: %u:%s: %s", j->number, j->device, j->status);
	else if (j->err != ERR_OK)
		log_line(LOG_ERROR, "capf: %u:%s: %s", j->number, j->device, j->why.text);
}

static void done(void *arg)
{
	struct job *j = arg;
	struct capf *service = j->service;
	struct session *s = service->stopped ? NULL : slots_get(service->sessions, j->ref);

	tell(j);
	if (s)
		session_job_done(s, j);
	job_free(j);
	if (!service->jobs && service->stopped)
		capf_free(service);
}

enum err job_start(struct session *s, enum job_kind kind, struct span input, struct cert *take_lsc,
	const char *status)
{
	struct job *j = mem_new(sizeof(*j));
	enum err err;

	if (!j) {
		cert_free(take_lsc);
		return ERR_NOMEM;
	}
	jobs_add(&s->service->jobs, &j->link);
	j->kind = kind;
	j->service = s->service;
	j->ref = s->ref;
	j->cluster = s->service->env->cluster;
	j->number = s->number;
	memcpy(j->device, s->device, sizeof(j->device));
	j->status = status;
	j->lsc = take_lsc;
	buf_put(&j->input, input);
	err = buf_check(&j->input);
	if (err == ERR_OK) {
		err = executor_run(s->service->env->blocking, work, done, j);
		if (err == ERR_OK)
			return ERR_OK;
	}
	job_free(j);
	return err;
}
