/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/query.h"

enum err store_node_put(struct store *s, const struct store_node *n, struct fail *why)
{
	char folded[STORE_NAME];
	const struct backend_arg args[] = {QUERY_TEXT("folded", folded),
		QUERY_TEXT("name", n->name), QUERY_TEXT("address", n->address)};

	query_fold(folded, sizeof(folded), n->name);
	return query_run(s,
		"INSERT INTO node (name_folded, name, address) VALUES ($folded, $name, $address)"
		" ON CONFLICT (name_folded) DO UPDATE SET name = excluded.name,"
		" address = excluded.address",
		args, sizeof(args) / sizeof(args[0]), NULL, NULL, why);
}

struct walk {
	enum err (*each)(void *ctx, const struct store_node *n);
	void *ctx;
};

static enum err read_row(void *ctx, struct query_row *r)
{
	const struct walk *w = ctx;
	struct store_node n = {0};

	query_row_text(r, 0, n.name, sizeof(n.name));
	query_row_text(r, 1, n.address, sizeof(n.address));
	return r->err ? r->err : w->each(w->ctx, &n);
}

enum err store_node_each(struct store *s, enum err (*each)(void *ctx, const struct store_node *n),
	void *ctx, struct fail *why)
{
	struct walk w = {.each = each, .ctx = ctx};

	return query_run(s, "SELECT name, address FROM node ORDER BY name_folded", NULL, 0,
		read_row, &w, why);
}
