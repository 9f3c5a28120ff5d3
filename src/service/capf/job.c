/* SPDX-License-Identifier: BSD-2-Clause
 * Jobs that come while others run are done together, and what they write is one transaction: it is
 * waiting for the disk that would take most of the time. */
#include "service/capf/session.h"

#include "base/log.h"

void job_free(struct job *j)
{
	struct capf *service = j->service;
	struct job **at = &service->first;

	if (j->link.link)
		jobs_remove(&j->link);
	/* Where the executor is gone, jobs go that were never taken out of the queue. */
	while (*at && *at != j)
		at = &(*at)->next;
	if (*at)
		*at = j->next;
	buf_wipe(&j->input);
	buf_fini(&j->shown);
	buf_fini(&j->order.waiting);
	lsc_ask_fini(&j->ask);
	cert_free(j->lsc);
	cert_free(j->issuer);
	cert_free(j->fetched[0]);
	cert_free(j->fetched[1]);
	mem_free(j->steps);
	mem_free(j);
}

struct job *job_new(const struct session *s, enum job_kind kind)
{
	struct job *j = mem_new(sizeof(*j));

	if (!j)
		return NULL;
	j->kind = kind;
	if (!s)
		return j;
	j->service = s->service;
	j->ref = s->ref;
	j->cluster = s->service->env->cluster;
	j->number = s->number;
	memcpy(j->device, s->device, sizeof(j->device));
	memcpy(j->address, s->address, sizeof(j->address));
	j->key = s->key;
	j->write = (struct enrol_write){
		.kind = kind == JOB_ISSUE ? ENROL_WRITE_ISSUED : ENROL_WRITE_END,
		.device = j->device,
		.address = j->address,
		.op = s->op,
		.by_lsc = s->by_lsc,
	};
	return j;
}

/* --- in the pool --- */

static enum err write_alarm(struct job *j, struct enrol_alarm *a)
{
	if (!a->action)
		return ERR_OK;
	if (enrol_alarm_due(&j->service->alarms, j->device, a,
		    clock_seconds(cluster_get_clock(j->cluster))))
		return enrol_alarm_write(j->cluster, j->device, j->address, a, &j->why);
	a->action = NULL;
	return ERR_OK;
}

static void work_begin(struct job *j)
{
	struct capf_message m;

	j->err = capf_decode(&m, buf_span(&j->input), &j->why);
	if (j->err == ERR_OK)
		j->err = enrol_begin(
			j->cluster, &m, buf_span(&j->shown), j->address, &j->order, &j->why);
	if (j->err == ERR_OK)
		j->err = enrol_keep_alive(j->cluster, &j->keep_alive, &j->why);
	if (j->err == ERR_OK)
		j->err = write_alarm(j, &j->order.alarm);
}

static void work_issue(struct job *j)
{
	cert_free(j->lsc);
	cert_free(j->issuer);
	j->lsc = j->issuer = NULL;
	j->err = enrol_make(j->cluster, j->device, &j->key, buf_span(&j->input), &j->ask, &j->lsc,
		&j->issuer, &j->why);
	j->write.lsc = j->lsc;
	j->write.issuer = j->issuer;
}

static void prepare_end(struct job *j)
{
	j->write.lsc = j->lsc;
	j->write.issuer = j->issuer;
	j->write.fetched_lsc = j->fetched[0];
	j->write.fetched_mic = j->fetched[1];
	j->write.note = j->note[0] ? j->note : NULL;
}

static void settle(struct job *j)
{
	int tries;

	for (tries = 0; j->write.err == ERR_EXISTS && tries < 3; tries++) {
		struct enrol_write *row = &j->write;

		work_issue(j);
		if (j->err != ERR_OK)
			return;
		enrol_write(j->cluster, &row, 1);
	}
	j->err = j->write.err;
	if (j->err != ERR_OK)
		fail_set(&j->why, j->err, "%s", j->write.why.text);
	else
		j->err = write_alarm(j, &j->write.alarm);
	/* A certificate that phones and troubleshooting brought is also laid beside the trace. */
	if (j->err == ERR_OK && j->kind == JOB_END)
		j->err = enrol_keep_fetched(j->cluster, &j->write, &j->why);
}

static void work(void *arg)
{
	struct job *first = arg, *j;
	struct enrol_write *rows[CAPF_BATCH];
	size_t n = 0;

	for (j = first; j; j = j->next) {
		switch (j->kind) {
		case JOB_BEGIN: work_begin(j); break;
		case JOB_ISSUE: work_issue(j); break;
		case JOB_END: prepare_end(j); break;
		case JOB_STEPS:
			j->err = store_enrolment_step_many(
				cluster_get_store(j->cluster), j->steps, j->steps_count, &j->why);
			break;
		}
		if ((j->kind == JOB_ISSUE && j->err == ERR_OK) || j->kind == JOB_END)
			rows[n++] = &j->write;
	}
	if (n)
		enrol_write(first->cluster, rows, n);
	for (j = first; j; j = j->next)
		if ((j->kind == JOB_ISSUE && j->err == ERR_OK) || j->kind == JOB_END)
			settle(j);
}

/* --- back on the loop --- */

/* What has happened in the store is told whether or not the phone is still there. */
static void tell(const struct job *j)
{
	static const char *const done[] = {[ENROL_INSTALL] = "Certificate upgrade successful",
		[ENROL_DELETE] = "Certificate delete successful",
		[ENROL_TROUBLESHOOT] = "Certificate fetch successful"};
	const struct enrol_alarm *a = j->kind == JOB_BEGIN ? &j->order.alarm : &j->write.alarm;

	if (j->err == ERR_NOTNOW && j->kind == JOB_ISSUE)
		return; /* it waits for its authority, which is how its session ends */
	if (j->err != ERR_OK) {
		log_line(LOG_ERROR, "capf: %u:%s: %s", j->number, j->device, j->why.text);
		return;
	}
	if (a->action)
		log_line(LOG_WARN, "capf: %u:%s: %s: %s", j->number, j->device, a->action, a->text);
	if (j->kind == JOB_BEGIN && j->order.outcome)
		live_tell_end(j, j->order.op, j->order.outcome, j->order.why.text);
	if (j->kind != JOB_END)
		return;
	live_tell_end(j, j->write.op, j->write.outcome, j->note);
	if (j->write.outcome == ENROL_SUCCESS)
		live_trace(j->service, "%u:%s:%s", j->number, j->device, done[j->write.op]);
	else
		log_line(LOG_WARN, "capf: %u:%s: %s%s%s", j->number, j->device,
			enrol_status_text(j->write.op, j->write.outcome), j->note[0] ? ": " : "",
			j->note);
}

/* The phone went while this job ran, which may have begun something: how it ended is recorded. */
static void record_stranded(struct job *j)
{
	bool begun = j->kind == JOB_ISSUE ||
		     (j->kind == JOB_BEGIN && j->err == ERR_OK && j->order.verdict == ENROL_GO);
	struct job *end = begun && !j->stranded ? job_new(NULL, JOB_END) : NULL;

	if (!end)
		return;
	end->service = j->service;
	end->cluster = j->cluster;
	end->number = j->number;
	end->stranded = true;
	memcpy(end->device, j->device, sizeof(end->device));
	memcpy(end->address, j->address, sizeof(end->address));
	end->write = (struct enrol_write){.kind = ENROL_WRITE_END,
		.device = end->device,
		.address = end->address,
		.op = j->kind == JOB_BEGIN ? j->order.op : j->write.op,
		.outcome = ENROL_PHONE_LOST};
	str_copy(end->note, sizeof(end->note), "the phone went away");
	job_start(end);
}

static void run_batch(struct capf *service);

static void done(void *arg)
{
	struct job *j = arg, *next;
	struct capf *service = j->service;

	/* What is begun here waits, so that it is done together. */
	for (; j; j = next) {
		struct session *s = service->stopped || j->stranded || j->kind == JOB_STEPS
					    ? NULL
					    : slots_get(service->sessions, j->ref);

		next = j->next;
		j->next = NULL;
		if (j->kind != JOB_STEPS || j->err != ERR_OK)
			tell(j);
		if (s)
			session_job_done(s, j);
		else if (!service->stopped && j->kind != JOB_STEPS)
			record_stranded(j);
		job_free(j);
	}
	service->batch_runs = false;
	if (service->first)
		run_batch(service);
	if (!service->jobs && service->stopped)
		capf_free(service);
}

/* Takes the first jobs of the queue. What cannot be run is answered at once. */
static void run_batch(struct capf *service)
{
	struct job *first = service->first, *end = first, *j;
	size_t n;
	enum err err;

	for (n = 1; n < CAPF_BATCH && end->next; n++)
		end = end->next;
	service->first = end->next;
	if (!service->first)
		service->last = NULL;
	end->next = NULL;
	service->batch_runs = true;
	err = executor_run(service->env->blocking, work, done, first);
	if (err == ERR_OK)
		return;
	for (j = first; j; j = j->next)
		j->err = fail_set(&j->why, err, "%s", err_text(err));
	done(first);
}

void job_start(struct job *j)
{
	struct capf *service = j->service;

	jobs_add(&service->jobs, &j->link);
	if (service->last)
		service->last->next = j;
	else
		service->first = j;
	service->last = j;
	if (service->batch_runs || service->gathers)
		return;
	if (service->stopped || slots_used(service->sessions) < 2) {
		run_batch(service);
		return;
	}
	service->gathers = true;
	loop_timer_set(service->batch_timer, CAPF_GATHER_US);
}

void job_gathered(void *arg)
{
	struct capf *service = arg;

	service->gathers = false;
	if (service->first && !service->batch_runs)
		run_batch(service);
}
