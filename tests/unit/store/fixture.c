/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "store/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct postgres_server fixture_server;

int fixture_start_server(void **state)
{
	postgres_make(&fixture_server);
	postgres_start(&fixture_server);
	return 0;
}

int fixture_remove_server(void **state)
{
	postgres_remove(&fixture_server);
	return 0;
}

void fixture_run(struct store *s, const char *sql)
{
	struct fail why = {0};

	if (query_run(s, sql, NULL, 0, NULL, NULL, &why))
		fail_msg("%s: %s", sql, why.text);
}

void fixture_clear_server(void)
{
	struct store s = {.backend = &backend_postgres};
	struct fail why = {0};
	char url[160];

	postgres_url(&fixture_server, url, sizeof(url));
	if (s.backend->open(&s.conn, url, "", &why))
		fail_msg("%s", why.text);
	fixture_run(&s, "DROP SCHEMA public CASCADE");
	fixture_run(&s, "CREATE SCHEMA public");
	statement_drop_all(&s);
	s.backend->close(s.conn);
}

int fixture_setup(void **state)
{
	struct fixture *t = test_calloc(1, sizeof(*t));

	t->scheme = *state;
	snprintf(t->folder, sizeof(t->folder), "/tmp/cadeado-store-XXXXXX");
	if (!mkdtemp(t->folder))
		return -1;
	snprintf(t->path, sizeof(t->path), "%s/cadeado.db", t->folder);
	if (strcmp(t->scheme, "postgres") == 0) {
		fixture_clear_server();
		postgres_url(&fixture_server, t->url, sizeof(t->url));
	} else if (strcmp(t->scheme, "ram") == 0) {
		snprintf(t->url, sizeof(t->url), "ram:");
	} else {
		snprintf(t->url, sizeof(t->url), "sqlite:%s", t->path);
	}
	*state = t;
	return 0;
}

struct store *fixture_opened(struct fixture *t)
{
	struct store *s;

	if (store_open(&s, t->url, &t->why))
		fail_msg("%s", t->why.text);
	return s;
}

int fixture_open(void **state)
{
	struct fixture *t;

	if (fixture_setup(state))
		return -1;
	t = *state;
	t->s = fixture_opened(t);
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *t = *state;
	char command[128];
	int gone;

	store_close(t->s);
	snprintf(command, sizeof(command), "rm -rf %s", t->folder);
	gone = system(command);
	test_free(t);
	return gone;
}
