/* SPDX-License-Identifier: BSD-2-Clause
 * What those who look on can see: the trace, and in the store the step at which a phone is for
 * long. Most phones have gone through all steps before anybody could look. */
#include "service/capf/session.h"

#include "base/log.h"

static void put_lines(void *arg)
{
	struct capf *service = arg;

	service->trace_set = false;
	trace_put(TRACE_CAPF, &service->lines);
}

void live_trace(struct capf *service, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	trace_gather(&service->lines, TRACE_CAPF, "%s", text);
	if (service->stopped) {
		put_lines(service);
	} else if (!service->trace_set) {
		loop_timer_set(service->trace_timer, CAPF_TRACE_US);
		service->trace_set = true;
	}
}

/* --- steps --- */

static void put(struct capf *service, const char *device, const char *address,
	struct enrol_step *step, const char *note)
{
	step->at_us = clock_us(service->env->clock);
	str_copy(step->device, sizeof(step->device), device);
	str_copy(step->address, sizeof(step->address), address);
	/* A longer note is cut: its beginning tells most. */
	snprintf(step->note, sizeof(step->note), "%.*s", (int)sizeof(step->note) - 1,
		note ? note : "");
	steps_put(service->env->steps, step);
}

void live_tell(const struct session *s)
{
	struct enrol_step step = {.step = s->step, .op = s->op};

	put(s->service, s->device, s->address, &step, NULL);
}

void live_tell_end(
	const struct job *j, enum enrol_operation op, enum enrol_outcome outcome, const char *note)
{
	struct enrol_step step = {.step = STORE_STEP_DONE, .op = op, .outcome = outcome};

	put(j->service, j->device, j->address, &step, note);
}

static bool worth_telling(const struct session *s, int64_t now)
{
	return !s->step_told && s->step != STORE_STEP_NONE &&
	       now - s->step_since >= CAPF_STEP_US / 1000000;
}

static size_t collect(struct capf *service, int64_t now, struct store_enrolment *into, size_t room)
{
	struct session *s;
	uint32_t at = 0;
	size_t n = 0;

	while (n < room && (s = slots_next(service->sessions, &at))) {
		if (!worth_telling(s, now))
			continue;
		into[n].step = s->step;
		into[n].step_since = s->step_since;
		memcpy(into[n].device, s->device, sizeof(s->device));
		str_copy(into[n].address, sizeof(into[n].address), s->address);
		n++;
		s->step_told = true;
	}
	return n;
}

static bool more_to_tell(struct capf *service)
{
	const struct session *s;
	uint32_t at = 0;

	while ((s = slots_next(service->sessions, &at)))
		if (!s->step_told && s->step != STORE_STEP_NONE)
			return true;
	return false;
}

#define STEPS_AT_ONCE 256u

static void tell_steps(void *arg)
{
	struct capf *service = arg;
	struct store_enrolment *rows = mem_new(STEPS_AT_ONCE * sizeof(*rows));
	struct job *j = rows ? job_new(NULL, JOB_STEPS) : NULL;

	service->step_set = false;
	if (!j) {
		mem_free(rows);
		return;
	}
	j->service = service;
	j->cluster = service->env->cluster;
	j->steps = rows;
	j->steps_count = collect(service, clock_seconds(service->env->clock), rows, STEPS_AT_ONCE);
	if (j->steps_count)
		job_start(j);
	else
		job_free(j);
	if (more_to_tell(service))
		live_step(service);
}

void live_step(struct capf *service)
{
	if (service->step_set)
		return;
	loop_timer_set(service->step_timer, CAPF_STEP_US);
	service->step_set = true;
}

enum err live_start(struct capf *service)
{
	enum err err =
		loop_timer_new(&service->trace_timer, service->env->loop, put_lines, service);

	if (!err)
		err = loop_timer_new(&service->step_timer, service->env->loop, tell_steps, service);
	if (!err)
		err = loop_timer_new(
			&service->room_timer, service->env->loop, admit_again, service);
	return err ? err
		   : loop_timer_new(
			     &service->batch_timer, service->env->loop, job_gathered, service);
}

void live_stop(struct capf *service)
{
	put_lines(service);
	loop_timer_free(service->trace_timer);
	loop_timer_free(service->step_timer);
	loop_timer_free(service->batch_timer);
	loop_timer_free(service->room_timer);
	service->trace_timer = service->step_timer = NULL;
	service->batch_timer = service->room_timer = NULL;
	service->gathers = false;
	if (service->stopped)
		buf_fini(&service->lines);
}
