/* SPDX-License-Identifier: BSD-2-Clause
 * One store for each case, of the kind that its initial state names: "sqlite", "ram", "postgres".
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "postgres_server.h"
#include "store/store.h"

struct fixture {
	const char *scheme;
	char folder[64], path[96], url[160];
	struct store *s; /* open with fixture_open alone */
	struct fail why;
};

/* The server that all cases of a program use. */
extern struct postgres_server fixture_server;
int fixture_start_server(void **state);
int fixture_remove_server(void **state);

int fixture_setup(void **state);
/* As fixture_setup, with the store open. */
int fixture_open(void **state);
int fixture_teardown(void **state);

/* A connection; the test ends when there is none. */
struct store *fixture_opened(struct fixture *t);
/* Runs one statement of the database's own kind. */
void fixture_run(struct store *s, const char *sql);
/* Empties the server's database. */
void fixture_clear_server(void);

/* A row of a table of tests, for each kind of store. */
#define FIXTURE_ON(f, setup, scheme)                                                               \
	{                                                                                          \
#f " (" scheme ")", f, setup, fixture_teardown, (void *)(scheme)                   \
	}

#endif
