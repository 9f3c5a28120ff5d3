/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/postgres.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdio.h>

/* More than the widest row has. */
#define PARAMS_MOST 48

/* Types as every PostgreSQL numbers them: include/server/catalog/pg_type_d.h. */
#define OID_BYTEA 17
#define OID_INT8  20
#define OID_TEXT  25

/* The values are sent and come in binary form: text and bytes as they are, numbers in eight bytes
 * with the most significant first. */
struct pg_statement {
	char *sql; /* with $1, $2, … */
	char name[24];
	struct span names[PARAMS_MOST]; /* of the parameters, in `given` */
	char *given;                    /* the text as it was given */
	int count;
	Oid types[PARAMS_MOST];
	const char *values[PARAMS_MOST];
	int lengths[PARAMS_MOST], formats[PARAMS_MOST];
	uint8_t numbers[PARAMS_MOST][8];
	uint64_t generation; /* of the connection that knows it */
	PGresult *res;
	int row;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static int index_of(const struct pg_statement *st, struct span name)
{
	int i;

	for (i = 0; i < st->count; i++)
		if (span_eq(st->names[i], name))
			return i;
	return -1;
}

/* Every $name becomes its number; the texts of this folder have no $ in a quoted string. */
static enum err number_params(struct pg_statement *st, struct fail *why)
{
	const char *p = st->given, *dollar, *end;
	struct buf out = {0};
	struct span name;
	enum err err;
	int i;

	for (; (dollar = strchr(p, '$')); p = end) {
		for (end = dollar + 1; is_word(*end); end++)
			;
		name = span_of(dollar + 1, (size_t)(end - dollar - 1));
		i = index_of(st, name);
		if (i < 0 && st->count == PARAMS_MOST) {
			buf_fini(&out);
			return fail_set(why, ERR_LIMIT, "store: more than %d values", PARAMS_MOST);
		}
		if (i < 0) {
			i = st->count++;
			st->names[i] = name;
		}
		buf_put(&out, span_of(p, (size_t)(dollar - p)));
		buf_printf(&out, "$%d", i + 1);
	}
	buf_strz(&out, p);
	err = buf_check(&out);
	if (!err) {
		st->sql = mem_strdup((const char *)out.data);
		err = st->sql ? ERR_OK : ERR_NOMEM;
	}
	buf_fini(&out);
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}

static void statement_free(struct pg_statement *st)
{
	PQclear(st->res);
	mem_free(st->sql);
	mem_free(st->given);
	mem_free(st);
}

/* The server hears of it when it is run first, with the types of its values. */
enum err pg_prepare(void *conn, const char *sql, void **stmt, struct fail *why)
{
	struct pg *p = conn;
	struct pg_statement *st = mem_new(sizeof(*st));
	enum err err;

	if (!st)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	snprintf(st->name, sizeof(st->name), "s%llu", (unsigned long long)++p->statements);
	st->given = mem_strdup(sql);
	err = st->given ? number_params(st, why)
			: fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (err) {
		statement_free(st);
		return err;
	}
	*stmt = st;
	return ERR_OK;
}

enum err pg_bind(void *conn, void *stmt, const struct backend_arg *arg, struct fail *why)
{
	struct pg_statement *st = stmt;
	int i = index_of(st, span_of(arg->name, strlen(arg->name))), k;
	uint64_t n;

	if (i < 0)
		return fail_set(why, ERR_ARG, "store: the statement has no $%s", arg->name);
	st->formats[i] = 1;
	switch (arg->type) {
	case BACKEND_TEXT:
		st->types[i] = OID_TEXT;
		st->values[i] = arg->text;
		st->lengths[i] = (int)strlen(arg->text);
		break;
	case BACKEND_NUMBER:
		for (n = (uint64_t)arg->number, k = 7; k >= 0; k--, n >>= 8)
			st->numbers[i][k] = (uint8_t)n;
		st->types[i] = OID_INT8;
		st->values[i] = (const char *)st->numbers[i];
		st->lengths[i] = 8;
		break;
	case BACKEND_BYTES:
		if (arg->bytes.len > INT32_MAX / 2)
			return fail_set(
				why, ERR_LIMIT, "store: %zu bytes in one value", arg->bytes.len);
		/* No pointer would be NULL. */
		st->types[i] = OID_BYTEA;
		st->values[i] = arg->bytes.len ? (const char *)arg->bytes.ptr : "";
		st->lengths[i] = (int)arg->bytes.len;
		break;
	}
	return ERR_OK;
}

/* A transaction is over when its connection is; a statement alone may use a new one. */
static enum err ready(struct pg *p, struct pg_statement *st, struct fail *why)
{
	enum err err = ERR_OK;

	if (p->state != PG_UP)
		err = pg_ensure(p, PG_PATIENCE_MS, why);
	if (err || st->generation == p->generation)
		return err;
	if (!PQsendPrepare(p->conn, st->name, st->sql, st->count, st->types))
		return pg_lost(p, PQerrorMessage(p->conn), why);
	err = pg_results(p, NULL, why);
	if (!err)
		st->generation = p->generation;
	return err;
}

static enum err send_statement(struct pg *p, struct pg_statement *st, struct fail *why)
{
	if (PQsendQueryPrepared(
		    p->conn, st->name, st->count, st->values, st->lengths, st->formats, 1))
		return ERR_OK;
	return pg_lost(p, PQerrorMessage(p->conn), why);
}

static enum err execute(struct pg *p, struct pg_statement *st, struct fail *why)
{
	enum err err = ready(p, st, why);

	if (!err)
		err = send_statement(p, st, why);
	return err ? err : pg_results(p, &st->res, why);
}

enum err pg_step(void *conn, void *stmt, bool *row, struct fail *why)
{
	struct pg_statement *st = stmt;
	struct pg *p = conn;
	/* As in pg_begin: what broke while nobody used it is not the caller's trouble. Statements
	 * may be run twice: they say what shall be, not what shall be added. */
	bool once_more = p->state == PG_UP && !p->in_transaction;
	struct fail local = {0};
	enum err err = ERR_OK;

	*row = false;
	if (!st->res) {
		st->row = -1;
		err = execute(p, st, &local);
		if (err == ERR_AWAY && once_more) {
			fail_clear(&local);
			err = execute(p, st, &local);
		}
	}
	if (err)
		return fail_set(why, err, "%s", local.text);
	*row = ++st->row < PQntuples(st->res);
	return ERR_OK;
}

/* Reads the answers to what was queued. The first failure is kept for pg_flush. */
static enum err drain(struct pg *p, struct fail *why)
{
	struct fail local;
	PGresult *res;
	bool end = false;
	enum err err = ERR_OK, said;

	if (!PQpipelineSync(p->conn))
		err = pg_lost(p, PQerrorMessage(p->conn), why);
	while (!err && !end) {
		err = pg_next(p, &res, why);
		if (err || !res)
			continue;
		end = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
		if (!end && !p->queue_err) {
			memset(&local, 0, sizeof(local));
			said = pg_judge(p, res, &local);
			if (said) {
				p->queue_err = said;
				if (why && !why->code)
					*why = local;
			} else {
				p->answered++;
			}
		}
		PQclear(res);
	}
	p->queued = 0;
	if (!err && p->queue_err == ERR_AWAY)
		err = pg_lost(p, p->last, why);
	if (err)
		p->queue_err = err;
	return p->queue_err;
}

enum err pg_queue(void *conn, void *stmt, struct fail *why)
{
	struct pg *p = conn;
	enum err err = ERR_OK;

	if (!p->pipeline) {
		p->queue_err = ERR_OK;
		p->queued = 0;
		p->answered = 0;
		err = ready(p, stmt, why);
		if (!err && !PQenterPipelineMode(p->conn))
			err = pg_lost(p, PQerrorMessage(p->conn), why);
		p->pipeline = !err;
	}
	if (!err)
		err = send_statement(p, stmt, why);
	if (!err && ++p->queued >= PG_QUEUE)
		err = drain(p, why);
	if (err && !p->queue_err)
		p->queue_err = err;
	return err;
}

enum err pg_flush(void *conn, size_t *failed, struct fail *why)
{
	struct pg *p = conn;
	enum err err = p->queue_err;

	if (p->pipeline && p->queued)
		err = drain(p, why);
	if (err)
		*failed = p->answered;
	if (p->pipeline && !PQexitPipelineMode(p->conn) && !err)
		err = pg_lost(p, PQerrorMessage(p->conn), why);
	p->pipeline = false;
	p->queue_err = ERR_OK;
	return err;
}

const char *pg_text(void *stmt, int column)
{
	const struct pg_statement *st = stmt;

	return PQgetvalue(st->res, st->row, column);
}

int64_t pg_number(void *stmt, int column)
{
	const struct pg_statement *st = stmt;
	struct span bytes = pg_bytes(stmt, column);
	uint64_t n = 0;
	size_t i;

	/* A smaller number, such as a constant of the statement, has four bytes. */
	if (PQftype(st->res, column) != OID_INT8)
		for (i = 0; i < 4 && bytes.len == 4 && bytes.ptr[0] & 0x80; i++)
			n = n << 8 | 0xFF;
	for (i = 0; i < bytes.len && i < 8; i++)
		n = n << 8 | bytes.ptr[i];
	return (int64_t)n;
}

struct span pg_bytes(void *stmt, int column)
{
	const struct pg_statement *st = stmt;

	return span_of(PQgetvalue(st->res, st->row, column),
		(size_t)PQgetlength(st->res, st->row, column));
}

void pg_reset(void *stmt)
{
	struct pg_statement *st = stmt;

	PQclear(st->res);
	st->res = NULL;
	memset(st->values, 0, sizeof(st->values));
}

void pg_finish(void *conn, void *stmt)
{
	struct pg_statement *st = stmt;
	struct pg *p = conn;
	char sql[40];

	if (p->state == PG_UP && !p->pipeline && st->generation == p->generation) {
		snprintf(sql, sizeof(sql), "DEALLOCATE %s", st->name);
		/* In a transaction that failed it is refused, and goes with the connection. */
		if (pg_exec(p, sql, NULL, NULL))
			st->generation = 0;
	}
	statement_free(st);
}
