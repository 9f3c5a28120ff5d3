/* SPDX-License-Identifier: BSD-2-Clause
 * Between capf.c (connection, table of messages), capf_auth.c and capf_key.c. */
#ifndef SIM_CAPF_PRIV_H
#define SIM_CAPF_PRIV_H

#include "sim/capf.h"
#include "sim/capture.h"

#define CERT_TYPE_LSC 1
#define CERT_TYPE_MIC 2

enum state {
	AWAIT_AUTH_REQ,
	AWAIT_COMMAND,
	KEY_GEN_BUSY, /* our own work: the server can only end the session */
	AWAIT_STORE_CERT_REQ,
	AWAIT_END_SESSION,
	SILENT, /* a fault: nothing is answered any more */
	STATES,
};

struct sim_capf {
	struct sim_capf_spec spec;
	struct sim_capf_owner owner;
	void *ctx;
	struct buf string;
	struct tls *tls;
	struct stream *stream; /* NULL when the session is over */
	struct sim_capture *capture;
	struct loop_timer *timer; /* of a key generation */
	struct fail verify;       /* why the server's certificate was refused */
	enum state state;
	uint32_t session;
	uint8_t asked; /* the server's message that is obeyed */
	struct key *key;
	struct fail key_failure;
	bool key_made;                 /* `key` or `key_failure` is there */
	struct sim_keygen *generating; /* what we wait for; NULL when nothing */
	int64_t key_not_before;        /* monotonic us: a slow phone has its key then */
	int64_t progress_at;           /* the next REQ_IN_PROGRESS, monotonic us; INT64_MAX: none */
	struct sim_capf_result result;
	int depth; /* of our callbacks on the stack */
	bool dead; /* freed by its owner meanwhile */
};

/* Around everything that the loop calls: what the owner frees meanwhile goes at the outermost end.
 */
void sim_capf_enter(struct sim_capf *s);
void sim_capf_leave(struct sim_capf *s);

/* The session is over, and what was not told before is told. */
void sim_capf_failed(struct sim_capf *s, enum err code, const char *text);
void sim_capf_progress(struct sim_capf *s, enum sim_lsc_step step);
bool sim_capf_faulty(const struct sim_capf *s, enum sim_fault fault);
/* False when the session is over. */
bool sim_capf_send(struct sim_capf *s, struct capf_message *m);
void sim_capf_send_reason(struct sim_capf *s, uint8_t type, uint8_t reason);

/* AUTH_REQ, KEY_GEN_REQ */
void sim_capf_on_auth_req(struct sim_capf *s, const struct capf_message *m);
void sim_capf_on_key_gen_req(struct sim_capf *s, const struct capf_message *m);
/* The timer of a key generation. */
void sim_capf_on_timer(void *arg);

#endif
