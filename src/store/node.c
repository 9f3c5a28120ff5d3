/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/query.h"

#define COLUMNS "name, address, port"

enum err store_node_put(struct store *s, const struct store_node *n, struct fail *why)
{
	char folded[STORE_NAME];
	const struct backend_arg args[] = {QUERY_TEXT("folded", folded),
		QUERY_TEXT("name", n->name), QUERY_TEXT("address", n->address),
		QUERY_NUMBER("port", n->port)};

	query_fold(folded, sizeof(folded), n->name);
	return query_change(s,
		"INSERT INTO node (name_folded, " COLUMNS ")"
		" VALUES ($folded, $name, $address, $port)"
		" ON CONFLICT (name_folded) DO UPDATE SET name = excluded.name,"
		" address = excluded.address, port = excluded.port",
		args, sizeof(args) / sizeof(args[0]), why);
}

static enum err read_node(void *ctx, struct query_row *r)
{
	struct store_node *n = ctx;

	memset(n, 0, sizeof(*n));
	query_row_text(r, 0, n->name, sizeof(n->name));
	query_row_text(r, 1, n->address, sizeof(n->address));
	n->port = query_row_number(r, 2);
	return r->err;
}

struct walk {
	enum err (*each)(void *ctx, const struct store_node *n);
	void *ctx;
};

static enum err read_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_node n;
	enum err err = read_node(&n, r);

	return err ? err : w->each(w->ctx, &n);
}

enum err store_node_each(struct store *s, enum err (*each)(void *ctx, const struct store_node *n),
	void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};

	return query_run(
		s, "SELECT " COLUMNS " FROM node ORDER BY name_folded", NULL, 0, read_row, &w, why);
}

static enum err unknown(const char *name, enum err err, struct fail *why)
{
	if (err == ERR_NOTFOUND)
		fail_set(why, err, "no node is called %.64s", name);
	return err;
}

enum err store_node_get(struct store *s, const char *name, struct store_node *out, struct fail *why)
{
	char folded[STORE_NAME];
	enum err err = ERR_NOTFOUND;

	if (strlen(name) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), name);
		err = query_one(s, "SELECT " COLUMNS " FROM node WHERE name_folded = $folded",
			&QUERY_TEXT("folded", folded), 1, read_node, out, why);
	}
	return unknown(name, err, why);
}

enum err store_node_delete(struct store *s, const char *name, struct fail *why)
{
	char folded[STORE_NAME];
	enum err err = ERR_NOTFOUND;

	if (strlen(name) < sizeof(folded)) {
		query_fold(folded, sizeof(folded), name);
		err = query_change_one(s,
			"DELETE FROM node WHERE name_folded = $folded RETURNING name_folded",
			&QUERY_TEXT("folded", folded), 1, why);
	}
	return unknown(name, err, why);
}
