/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

/* A shared library that is loaded when it is first needed and not when a program starts: to find
 * and bind libraries takes longer than to read, check and show a trust list, for which few are
 * needed. Each owner keeps a table of the calls that it makes. */
#include "base/err.h"

#include <stdatomic.h>
#include <stddef.h>

struct library_call {
	const char *name;
	size_t at; /* of the function's pointer, in the owner's table */
};

struct library {
	const char *what; /* for the error: "store: SQLite" */
	const char *file; /* "libsqlite3.so.0"; symbols of what it needs itself are found, too */
	const struct library_call *calls;
	size_t count;
	void *table;
	enum err err; /* when there is no such library */
	atomic_int state;
};

/* To be called before the first of the calls, from any thread; costs next to nothing once it is
 * loaded. It stays until the end of the process. */
enum err library_load(struct library *l, struct fail *why) MUST_USE;

#endif
