/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TEST_SERVICE_RIG_H
#define TEST_SERVICE_RIG_H

#include "core/device/device.h"
#include "service/jobs.h"
#include "service/notes.h"
#include "service/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define RIG_DEVICE "SEP0011215A1AE3"

/* A service on a loop of the test's, over a real cluster; its jobs run when the test says so. */
struct rig {
	struct executor executor; /* first: the service gets its address */
	void (*work)(void *job);  /* the one job that waits; NULL: none */
	void (*done)(void *job);
	void *job;
	bool worked;
	struct service_env env;
	struct lingering *lingering;
	struct lsc_issuers *issuers;
	struct settings settings;
	int claim; /* socket that makes the base of the ports ours */
	struct loop *loop;
	struct loop_timer *tick;
	int64_t give_up;
	bool (*until)(void *ctx);
	void *until_ctx;
	char folder[64];
	struct cluster *cluster;
	struct cert *capf, *callmanager;
	struct key *capf_key, *callmanager_key;
	const struct service *service;
	void *instance;
	struct notes *notes; /* what the service noted */
	int woken;
};

/* Makes the cluster with one phone, "Non Secure" or "Encrypted", enrolment ordered. */
void rig_init(struct rig *r, const char *profile);
void rig_fini(struct rig *r);
/* Starts the service on free ports. */
void rig_start(struct rig *r, const struct service *service);
void rig_stop(struct rig *r);
/* As at the end of a process: the executor is gone, the waiting job will never be answered. */
void rig_stop_without_executor(struct rig *r);
/* The same after rig_stop: of a stopped service whose job was dropped nothing is left. */
void rig_drop_job(struct rig *r);
/* Runs the loop until `until` says so. Fails the test when that takes a minute. */
void rig_until(struct rig *r, bool (*until)(void *ctx), void *ctx);
void rig_until_job(struct rig *r); /* until a job waits */
/* Runs the loop until nothing more happens at once. */
void rig_settle(struct rig *r);
void rig_work(struct rig *r); /* the job's blocking half */
void rig_done(struct rig *r); /* its answer */

/* What was noted since the last call, a word each: "offered", "clear", "signed", "came", "trusted".
 */
void rig_expect_notes(struct rig *r, const char *expected);

struct device rig_device(struct rig *r);

#endif
