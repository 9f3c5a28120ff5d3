/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/postgres.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdio.h>
#include <time.h>

#define ASK_EVERY_MS 50

static enum err begin_once(struct pg *p, bool write, struct fail *why)
{
	enum err err = pg_ensure(p, PG_PATIENCE_MS, why);

	if (err)
		return err;
	/* The lock is what SQLite's right to write is: whoever lost once waits for those that are
	 * under way, keeps the others out, and does not lose again. */
	err = pg_exec(p,
		write ? "BEGIN ISOLATION LEVEL SERIALIZABLE;"
			" LOCK TABLE schema_version IN EXCLUSIVE MODE"
		      : "BEGIN ISOLATION LEVEL SERIALIZABLE;"
			" LOCK TABLE schema_version IN ROW SHARE MODE",
		NULL, why);
	p->in_transaction = !err;
	if (err && err != ERR_AWAY)
		pg_rollback(p);
	return err;
}

/* That a connection broke while nobody used it is found out here: once is no reason to fail. */
enum err pg_begin(void *conn, bool write, struct fail *why)
{
	struct pg *p = conn;
	bool was_up = p->state == PG_UP;
	struct fail local = {0};
	enum err err = begin_once(p, write, &local);

	if (err == ERR_AWAY && was_up) {
		fail_clear(&local);
		err = begin_once(p, write, &local);
	}
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

void pg_rollback(void *conn)
{
	struct pg *p = conn;
	enum err err;

	p->in_transaction = false;
	if (p->state != PG_UP)
		return;
	err = pg_exec(p, "ROLLBACK", NULL, NULL);
	if (err && err != ERR_AWAY)
		err = pg_lost(p, "a transaction could not be ended", NULL);
}

static void pause_ms(int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

/* The transaction's number, empty when it wrote nothing. */
static enum err own_number(struct pg *p, char out[24], struct fail *why)
{
	PGresult *res = NULL;
	enum err err = pg_exec(p, "SELECT pg_current_xact_id_if_assigned()", &res, why);

	out[0] = '\0';
	if (!err && !str_copy(out, 24, PQgetvalue(res, 0, 0)))
		err = fail_set(why, ERR_STORE, "store: the number of a transaction is too long");
	PQclear(res);
	return err;
}

/* The connection broke before the answer to COMMIT came: whether it was done only the server
 * knows. */
static enum err ask_for_end(struct pg *p, const char *number, struct fail *why)
{
	int64_t end = clock_monotonic_us() / 1000 + PG_RESOLVE_MS;
	char sql[80], said[16];
	struct fail local;
	PGresult *res;
	enum err err;

	snprintf(sql, sizeof(sql), "SELECT pg_xact_status('%s'::xid8)", number);
	do {
		memset(&local, 0, sizeof(local));
		res = NULL;
		said[0] = '\0';
		err = pg_ensure(p, PG_PATIENCE_MS, &local);
		if (!err)
			err = pg_exec(p, sql, &res, &local);
		if (!err)
			str_copy(said, sizeof(said), PQgetvalue(res, 0, 0));
		PQclear(res);
		if (strcmp(said, "committed") == 0)
			return ERR_OK;
		if (strcmp(said, "aborted") == 0)
			return fail_set(why, ERR_BUSY, "store: the transaction was not completed");
		pause_ms(ASK_EVERY_MS);
	} while (clock_monotonic_us() / 1000 < end);
	return fail_set(why, ERR_AWAY,
		"PostgreSQL was lost while a transaction ended, and whether it was completed is "
		"not known: %s",
		p->last);
}

enum err pg_commit(void *conn, struct fail *why)
{
	struct pg *p = conn;
	PGresult *res = NULL;
	struct fail local = {0};
	char number[24];
	enum err err;

	err = p->in_transaction ? own_number(p, number, &local) : ERR_AWAY;
	/* Lost before the end was asked for: nothing of it was done. */
	if (err)
		return fail_set(why, err == ERR_AWAY ? ERR_BUSY : err, "store: %s",
			err == ERR_AWAY ? p->last : local.text);
	p->in_transaction = false;
	err = pg_exec(p, "COMMIT", &res, &local);
	/* COMMIT of a transaction in which a statement failed answers ROLLBACK, and no error. */
	if (!err && strcmp(PQcmdStatus(res), "COMMIT") != 0)
		err = fail_set(&local, ERR_STORE, "store: the transaction was rolled back");
	PQclear(res);
	if (err == ERR_AWAY && number[0])
		return ask_for_end(p, number, why);
	/* It wrote nothing, so it may be run again. */
	if (err == ERR_AWAY)
		err = ERR_BUSY;
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}
