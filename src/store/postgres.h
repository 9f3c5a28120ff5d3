/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include "store/backend.h"
#include "store/postgres_calls.h"

/* One connection to PostgreSQL that is made again when it is lost; for the postgres_… files alone.
 *
 * Nothing here waits long: not for the network, not for the server, not for others' locks. */

/* What one call waits at most while the connection is being made; later calls go on with it. */
#define PG_PATIENCE_MS 300
/* An attempt to connect that takes longer is given up; also the wait of the first one. */
#define PG_CONNECT_MS 5000
/* Pauses between attempts, from the second on: doubled each time. */
#define PG_PAUSE_LEAST_MS 100
#define PG_PAUSE_MOST_MS  5000
/* Silence of the server for as long is a lost connection. Longer than PG_LOCK_MS. */
#define PG_ANSWER_MS 10000
/* Waiting for what other connections hold; then "busy". */
#define PG_LOCK_MS 5000
/* A transaction of ours that says nothing for as long is ended by the server. */
#define PG_IDLE_MS 60000
/* How long we ask whether a transaction was completed whose end we did not hear. */
#define PG_RESOLVE_MS 3000
/* Statements that are sent before their answers are read. */
#define PG_QUEUE 256

enum pg_state { PG_DOWN, PG_CONNECTING, PG_UP };

struct pg {
	char *url;
	PGconn *conn;
	enum pg_state state;
	PostgresPollingStatusType poll;
	int64_t started_ms, next_ms, pause_ms; /* of attempts to connect */
	uint64_t generation;                   /* counts connections */
	uint64_t statements;                   /* names for prepared ones */
	bool in_transaction, pipeline;
	size_t queued, answered; /* of the pipeline */
	enum err queue_err;
	char last[160]; /* why the connection is not there */
};

/* Makes the connection if it is not there, for at most `patience_ms`. ERR_AWAY. */
enum err pg_ensure(struct pg *p, int64_t patience_ms, struct fail *why) MUST_USE;
/* The connection is over. Returns ERR_AWAY. */
enum err pg_lost(struct pg *p, const char *what, struct fail *why) MUST_USE;

/* Reads all results of what was sent; the last good one is *out (NULL allowed), to be cleared by
 * the caller. */
enum err pg_results(struct pg *p, PGresult **out, struct fail *why) MUST_USE;
/* Sends what is waiting and reads the next result, NULL at the end of a statement's. */
enum err pg_next(struct pg *p, PGresult **out, struct fail *why) MUST_USE;
/* Text of one or more statements without values. */
enum err pg_exec(struct pg *p, const char *sql, PGresult **out, struct fail *why) MUST_USE;
/* What a result says; it stays the caller's. */
enum err pg_judge(struct pg *p, const PGresult *res, struct fail *why) MUST_USE;

/* Transactions: postgres_transaction.c. */
enum err pg_begin(void *conn, bool write, struct fail *why) MUST_USE;
enum err pg_commit(void *conn, struct fail *why) MUST_USE;
void pg_rollback(void *conn);

/* Statements: postgres_statement.c. */
enum err pg_prepare(void *conn, const char *sql, void **stmt, struct fail *why) MUST_USE;
enum err pg_bind(void *conn, void *stmt, const struct backend_arg *arg, struct fail *why) MUST_USE;
enum err pg_step(void *conn, void *stmt, bool *row, struct fail *why) MUST_USE;
enum err pg_queue(void *conn, void *stmt, struct fail *why) MUST_USE;
enum err pg_flush(void *conn, size_t *failed, struct fail *why) MUST_USE;
const char *pg_text(void *stmt, int column);
int64_t pg_number(void *stmt, int column);
struct span pg_bytes(void *stmt, int column);
void pg_reset(void *stmt);
void pg_finish(void *conn, void *stmt);

#endif
