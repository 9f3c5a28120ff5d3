/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_CAPF_SESSION_H
#define SERVICE_CAPF_SESSION_H

#include "base/str.h"
#include "core/issue/lsc.h"
#include "net/stream.h"
#include "service/capf/capf.h"
#include "service/complaints.h"
#include "service/jobs.h"
#include "service/notes.h"
#include "service/slots.h"
#include "wire/capf/capf.h"

/* One worker's part of the service. */
struct capf {
	const struct service_env *env;
	struct listener *listener;
	struct slots *sessions;
	uint32_t connections;         /* numbers sessions, from 1 */
	struct complaints complaints; /* about peers that are not authorised */
	struct job_link *jobs;        /* not back yet; the last one frees a stopped instance */
	struct lingering lingering;
	uint8_t cert[HELD_CERT]; /* held_cert of the one that TLS shows */
	bool stopped;
};

/* Named as traces name them; *_BUSY: a job of ours runs, no input is read. */
enum session_state {
	SESSION_IDLE, /* TLS handshake */
	SESSION_AWAIT_AUTH_RES,
	SESSION_AWAIT_AUTH_RES_BUSY,
	SESSION_AWAIT_KEY_GEN_RES,
	SESSION_AWAIT_KEY_GEN_RES_BUSY,
	SESSION_AWAIT_STORE_CERT_RES,
	SESSION_AWAIT_STORE_CERT_RES_BUSY,
};

/* One connection. */
struct session {
	struct capf *service;
	struct slot_ref ref;
	struct stream *stream;
	enum session_state state;
	uint32_t number;               /* also the protocol's session id */
	char device[DEVICE_NAME_SIZE]; /* "UNKNOWN" until AUTH_RES names it */
	uint8_t version;               /* of the client */
	unsigned in_progress;          /* REQ_IN_PROGRESS so far */
	bool authorised;               /* by the job that looks at its record */
	struct cert *lsc;              /* issued, not confirmed */
};

/* Takes a new connection; closes it when there is no room. */
void session_accept(struct capf *service, struct stream *stream);
void session_free(struct session *s);

enum job_kind { JOB_AUTHORISE, JOB_ISSUE, JOB_INSTALLED, JOB_FAILED };

/* CAPF's decisions, made off the loop. */
struct job {
	struct job_link link;
	enum job_kind kind;
	struct capf *service;
	struct slot_ref ref;
	struct cluster *cluster;
	uint32_t number;
	char device[DEVICE_NAME_SIZE];
	struct buf input;   /* password or public key; wiped */
	const char *status; /* JOB_FAILED */
	struct cert *lsc;   /* JOB_ISSUE: the result; JOB_INSTALLED: what was installed */
	enum lsc_order order;
	unsigned key_bits;
	enum err err;
	struct fail why;
};

/* Begins a job of this session, whose input is copied and whose `take_lsc` is taken. ERR_NOMEM. */
enum err job_start(struct session *s, enum job_kind kind, struct span input, struct cert *take_lsc,
	const char *status) MUST_USE;
void job_free(struct job *j);
/* The session's part of a job that is back. */
void session_job_done(struct session *s, struct job *j);

/* Frees the instance; no session and no job is left. */
void capf_free(struct capf *service);

#endif
