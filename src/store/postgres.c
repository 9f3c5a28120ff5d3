/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/postgres.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

/* pg_current_xact_id and libpq's pipelines, which need nothing of the server, set it. */
#define SERVER_LEAST 130000

static int64_t now_ms(void)
{
	return clock_monotonic_us() / 1000;
}

/* What libpq says first; hints follow in further lines. */
static void one_line(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
}

static enum err away(struct pg *p, struct fail *why)
{
	return fail_set(why, ERR_AWAY, "PostgreSQL cannot be reached: %s", p->last);
}

static void down(struct pg *p, const char *what)
{
	if (what != p->last)
		one_line(p->last, sizeof(p->last), what);
	PQfinish(p->conn);
	p->conn = NULL;
	p->state = PG_DOWN;
	p->in_transaction = false;
	p->pipeline = false;
}

enum err pg_lost(struct pg *p, const char *what, struct fail *why)
{
	down(p, what);
	p->pause_ms = 0;
	p->next_ms = 0;
	return away(p, why);
}

/* Waits until the socket can be read, or written if that is wanted. False at `end`. */
static bool wait_for(struct pg *p, bool write, int64_t end_ms)
{
	struct pollfd fd = {.fd = PQsocket(p->conn), .events = POLLIN};
	int64_t left;
	int ready;

	if (write)
		fd.events |= POLLOUT;
	do {
		left = end_ms - now_ms();
		ready = left > 0 && fd.fd >= 0 ? poll(&fd, 1, (int)left) : 0;
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

static void ignore_notice(void *ctx, const char *text)
{
}

static void failed_attempt(struct pg *p, const char *what)
{
	down(p, what);
	p->pause_ms = p->pause_ms ? 2 * p->pause_ms : PG_PAUSE_LEAST_MS;
	if (p->pause_ms > PG_PAUSE_MOST_MS)
		p->pause_ms = PG_PAUSE_MOST_MS;
	p->next_ms = now_ms() + p->pause_ms;
}

static void start_attempt(struct pg *p)
{
	/* What the url says comes later and counts. */
	static const char *const names[] = {
		"application_name", "client_encoding", "target_session_attrs", "dbname", NULL};
	const char *values[] = {"cadeado", "UTF8", "read-write", p->url, NULL};

	p->conn = PQconnectStartParams(names, values, 1);
	p->started_ms = now_ms();
	if (!p->conn || PQstatus(p->conn) == CONNECTION_BAD) {
		failed_attempt(p, p->conn ? PQerrorMessage(p->conn) : err_text(ERR_NOMEM));
		return;
	}
	PQsetNoticeProcessor(p->conn, ignore_notice, NULL);
	p->state = PG_CONNECTING;
	p->poll = PGRES_POLLING_WRITING;
}

static enum err start_session(struct pg *p, struct fail *why)
{
	char sql[256];
	enum err err;

	if (PQserverVersion(p->conn) < SERVER_LEAST)
		return fail_set(why, ERR_UNSUPPORTED, "PostgreSQL 13 or newer is needed, not %d",
			PQserverVersion(p->conn) / 10000);
	if (PQsetnonblocking(p->conn, 1))
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	snprintf(sql, sizeof(sql),
		"SET client_min_messages = warning; SET standard_conforming_strings = on;"
		" SET lock_timeout = %d; SET idle_in_transaction_session_timeout = %d",
		PG_LOCK_MS, PG_IDLE_MS);
	p->state = PG_UP;
	p->generation++;
	err = pg_exec(p, sql, NULL, why);
	if (!err)
		p->pause_ms = 0;
	return err;
}

/* One step of an attempt that is under way. */
static enum err go_on(struct pg *p, int64_t deadline, struct fail *why)
{
	int64_t end = p->started_ms + PG_CONNECT_MS;

	if (end > deadline)
		end = deadline;
	if (!wait_for(p, p->poll == PGRES_POLLING_WRITING, end)) {
		if (now_ms() >= p->started_ms + PG_CONNECT_MS)
			failed_attempt(p, "no answer");
		return ERR_OK;
	}
	p->poll = PQconnectPoll(p->conn);
	if (p->poll == PGRES_POLLING_FAILED)
		failed_attempt(p, PQerrorMessage(p->conn));
	return p->poll == PGRES_POLLING_OK ? start_session(p, why) : ERR_OK;
}

enum err pg_ensure(struct pg *p, int64_t patience_ms, struct fail *why)
{
	int64_t deadline = now_ms() + patience_ms;
	enum err err = ERR_OK;

	while (!err && p->state != PG_UP) {
		if (p->state == PG_DOWN) {
			if (now_ms() < p->next_ms)
				return away(p, why);
			start_attempt(p);
		} else if (now_ms() >= deadline) {
			one_line(p->last, sizeof(p->last), "no answer yet");
			return away(p, why);
		} else {
			err = go_on(p, deadline, why);
		}
	}
	return err;
}

static enum err of_state(const char *state)
{
	/* SQLSTATE: PostgreSQL's manual, appendix A. A row with two letters is a class. */
	static const struct {
		const char *state;
		enum err err;
	} table[] = {
		{"40001", ERR_BUSY},     /* serialization failure */
		{"40P01", ERR_BUSY},     /* deadlock */
		{"55P03", ERR_BUSY},     /* lock not available */
		{"23505", ERR_EXISTS},   /* unique violation */
		{"23503", ERR_NOTFOUND}, /* foreign key violation */
		{"22021", ERR_FORMAT},   /* character not in repertoire */
		{"42501", ERR_DENIED},   /* insufficient privilege */
		{"53100", ERR_IO},       /* disk full */
		{"53200", ERR_NOMEM},    /* out of memory */
		{"25006", ERR_AWAY},     /* read only: it is no longer the primary server */
		{"25P03", ERR_AWAY},     /* idle in transaction for too long */
		{"53300", ERR_AWAY},     /* too many connections */
		{"58", ERR_IO},          /* system error */
		{"08", ERR_AWAY},        /* connection exception */
		{"57P", ERR_AWAY},       /* shut down, crashed, starting, dropped, idle */
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strncmp(state, table[i].state, strlen(table[i].state)) == 0)
			return table[i].err;
	return ERR_STORE;
}

enum err pg_judge(struct pg *p, const PGresult *res, struct fail *why)
{
	const char *state, *text, *detail;
	char line[200];
	enum err err;

	switch (PQresultStatus(res)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY: return ERR_OK;
	default: break;
	}
	state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	/* Without a state it is libpq that speaks, of a connection that broke. */
	err = state ? of_state(state) : ERR_AWAY;
	one_line(line, sizeof(line), text ? text : PQerrorMessage(p->conn));
	if (err == ERR_AWAY) {
		one_line(p->last, sizeof(p->last), line);
		return away(p, why);
	}
	return fail_set(why, err, "store: %s%s%s", line, detail ? ": " : "", detail ? detail : "");
}

enum err pg_next(struct pg *p, PGresult **out, struct fail *why)
{
	int64_t deadline = now_ms() + PG_ANSWER_MS;
	int left;

	*out = NULL;
	for (;;) {
		left = PQflush(p->conn);
		if (left < 0)
			return pg_lost(p, PQerrorMessage(p->conn), why);
		if (!left && !PQisBusy(p->conn))
			break;
		if (!wait_for(p, left > 0, deadline))
			return pg_lost(p, "no answer", why);
		/* What the server said before the connection broke is still read. */
		if (!PQconsumeInput(p->conn) && PQisBusy(p->conn))
			return pg_lost(p, PQerrorMessage(p->conn), why);
	}
	*out = PQgetResult(p->conn);
	return ERR_OK;
}

enum err pg_results(struct pg *p, PGresult **out, struct fail *why)
{
	PGresult *res, *good = NULL;
	enum err err = ERR_OK, first = ERR_OK;

	for (;;) {
		err = pg_next(p, &res, why);
		if (err || !res)
			break;
		if (!first)
			first = pg_judge(p, res, why);
		PQclear(good);
		good = res;
	}
	if (!err && first == ERR_AWAY)
		err = pg_lost(p, p->last, why);
	if (!err)
		err = first;
	if (err || !out)
		PQclear(good);
	else
		*out = good;
	return err;
}

enum err pg_exec(struct pg *p, const char *sql, PGresult **out, struct fail *why)
{
	if (!PQsendQuery(p->conn, sql))
		return pg_lost(p, PQerrorMessage(p->conn), why);
	return pg_results(p, out, why);
}

/* A password would be seen wherever settings are. */
static enum err check_url(const char *url, struct fail *why)
{
	PQconninfoOption *options, *o;
	char *message = NULL;
	enum err err = ERR_OK;

	options = PQconninfoParse(url, &message);
	if (!options) {
		PQfreemem(message);
		return fail_set(why, ERR_ARG,
			"this is not the address of a PostgreSQL database; it is written "
			"postgresql://user@host/database, or postgresql:///database for a socket");
	}
	for (o = options; o->keyword; o++)
		if (strcmp(o->keyword, "password") == 0 && o->val)
			err = fail_set(why, ERR_ARG,
				"the address of the database must not hold the password; put it "
				"into a file ~/.pgpass (mode 0600), or name another one with "
				"passfile=");
	PQconninfoFree(options);
	return err;
}

static enum err pg_copy(void *conn, const char *path, struct fail *why)
{
	return fail_set(
		why, ERR_UNSUPPORTED, "a store on PostgreSQL is not copied; save it with pg_dump");
}

static void pg_close(void *conn)
{
	struct pg *p = conn;

	PQfinish(p->conn);
	mem_free(p->url);
	mem_free(p);
}

/* Two that open a new database at once would both make this first table. */
static enum err make_lock_table(struct pg *p, struct fail *why)
{
	return pg_exec(p,
		"BEGIN; SELECT pg_advisory_xact_lock(3804697069728);"
		" CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL PRIMARY KEY);"
		" COMMIT",
		NULL, why);
}

static enum err pg_open(void **conn, const char *url, const char *place, struct fail *why)
{
	struct pg *p;
	enum err err = postgres_calls_load(why);

	if (!err)
		err = check_url(url, why);
	if (err)
		return err;
	p = mem_new(sizeof(*p));
	if (p)
		p->url = mem_strdup(url);
	if (!p || !p->url) {
		mem_free(p);
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	err = pg_ensure(p, PG_CONNECT_MS, why);
	if (!err)
		err = make_lock_table(p, why);
	if (err) {
		pg_close(p);
		return err;
	}
	*conn = p;
	return ERR_OK;
}

/* Names are compared byte by byte, as SQLite does, whatever language the database is set to. */
const struct backend backend_postgres = {
	.scheme = "postgresql",
	.words = {.text = "TEXT COLLATE \"C\"",
		.bigint = "BIGINT",
		.bytes = "BYTEA",
		.strict = "",
		.empty = "''"},
	.open = pg_open,
	.close = pg_close,
	.begin = pg_begin,
	.commit = pg_commit,
	.rollback = pg_rollback,
	.copy = pg_copy,
	.prepare = pg_prepare,
	.bind = pg_bind,
	.step = pg_step,
	.text = pg_text,
	.number = pg_number,
	.bytes = pg_bytes,
	.reset = pg_reset,
	.finish = pg_finish,
	.queue = pg_queue,
	.flush = pg_flush,
};
