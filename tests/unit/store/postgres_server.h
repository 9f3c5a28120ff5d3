/* SPDX-License-Identifier: BSD-2-Clause
 * A PostgreSQL server of the tests' own: in a folder of its own, reached through a socket there and
 * nowhere else, not run by root. */
#ifndef TESTS_POSTGRES_SERVER_H
#define TESTS_POSTGRES_SERVER_H

#include <stddef.h>
#include <sys/types.h>

struct postgres_server {
	char folder[64];
	pid_t pid; /* 0 while it does not run */
};

/* Makes the folder and the database in it. These end the test when they fail. */
void postgres_make(struct postgres_server *s);
/* Returns when it takes connections. */
void postgres_start(struct postgres_server *s);
/* In order, clients are thrown out. */
void postgres_stop(struct postgres_server *s);
/* SIGKILL to all of its processes at once. */
void postgres_kill(struct postgres_server *s);
/* It is there and says nothing, until it goes on. */
void postgres_pause(struct postgres_server *s);
void postgres_resume(struct postgres_server *s);
void postgres_remove(struct postgres_server *s);

/* The url of its database, with a socket. */
void postgres_url(const struct postgres_server *s, char *out, size_t size);

#endif
