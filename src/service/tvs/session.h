/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_TVS_SESSION_H
#define SERVICE_TVS_SESSION_H

#include "core/trust/trust.h"
#include "net/stream.h"
#include "service/jobs.h"
#include "service/slots.h"
#include "service/tvs/tvs.h"
#include "wire/tvs/tvs.h"

/* One worker's part of the service. */
struct tvs {
	const struct service_env *env;
	struct listener *listener;
	struct slots *sessions;
	struct trust_cache *cache; /* touched in pool jobs only */
	uint32_t connections;      /* numbers sessions, from 1 */
	struct job_link *jobs;     /* not back yet; the last one frees a stopped instance */
	struct lingering lingering;
	bool stopped;
};

/* Named as traces name them; *_BUSY: a job of ours runs, no input is read. */
enum session_state {
	SESSION_IDLE, /* TLS handshake */
	SESSION_AWAIT_REQ,
	SESSION_AWAIT_REQ_BUSY,
};

/* One connection. */
struct session {
	struct tvs *service;
	struct slot_ref ref;
	struct stream *stream;
	enum session_state state;
	uint32_t number;
	unsigned requests;
	bool closed; /* the phone has closed its side: the last answer still goes out */
};

/* Takes a new connection; closes it when there is no room. */
void tvs_session_accept(struct tvs *service, struct stream *stream);
void tvs_session_free(struct session *s);

/* One look-up, made off the loop: files may have to be read. */
struct job {
	struct job_link link;
	struct tvs *service;
	struct slot_ref ref;
	struct buf request; /* one message, which `asked` borrows from */
	struct tvs_message asked;
	struct buf reply;
	char device[64];   /* printable */
	char subject[128]; /* of what was asked for, printable */
	char source[128];  /* why it was answered so */
	bool valid;
	uint8_t roles[32];
	size_t role_count;
	enum err err;
	struct fail why;
};

/* Begins the look-up for one whole message, which is copied. What is wrong with the message is
 * told before anything is begun. */
enum err tvs_job_start(struct session *s, struct span message, struct fail *why) MUST_USE;
void tvs_job_free(struct job *j);
/* The session's part of a job that is back. */
void tvs_session_job_done(struct session *s, struct job *j);

/* Frees the instance; no session and no job is left. */
void tvs_free(struct tvs *service);

#endif
