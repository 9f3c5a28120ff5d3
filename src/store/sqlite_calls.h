/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_SQLITE_CALLS_H
#define STORE_SQLITE_CALLS_H

/* SQLite is loaded when the first store is opened and not when a program starts: to bind its 1600
 * symbols takes longer than to read, check and show a trust list, for which no store is needed.
 * The rest of the folder calls sqlite3_… as ever. */
#include "base/err.h"

#include <sqlite3.h>

#define SQLITE_CALLS(X)                                                                            \
	X(bind_blob)                                                                               \
	X(bind_int64)                                                                              \
	X(bind_parameter_index)                                                                    \
	X(bind_text)                                                                               \
	X(busy_timeout)                                                                            \
	X(clear_bindings)                                                                          \
	X(close_v2)                                                                                \
	X(column_blob)                                                                             \
	X(column_bytes)                                                                            \
	X(column_int64)                                                                            \
	X(column_text)                                                                             \
	X(errmsg)                                                                                  \
	X(errstr)                                                                                  \
	X(exec)                                                                                    \
	X(extended_errcode)                                                                        \
	X(finalize)                                                                                \
	X(get_autocommit)                                                                          \
	X(open_v2)                                                                                 \
	X(prepare_v2)                                                                              \
	X(reset)                                                                                   \
	X(sleep)                                                                                   \
	X(step)

struct sqlite_calls {
#define X(name) __typeof__(sqlite3_##name) *name;
	SQLITE_CALLS(X)
#undef X
};

/* To be called before the first of them, from any thread. ERR_STORE when there is no SQLite. */
enum err sqlite_calls_load(struct fail *why) MUST_USE;

/* Filled by sqlite_calls_load. */
extern struct sqlite_calls sqlite_calls;

#define sqlite3_bind_blob            sqlite_calls.bind_blob
#define sqlite3_bind_int64           sqlite_calls.bind_int64
#define sqlite3_bind_parameter_index sqlite_calls.bind_parameter_index
#define sqlite3_bind_text            sqlite_calls.bind_text
#define sqlite3_busy_timeout         sqlite_calls.busy_timeout
#define sqlite3_clear_bindings       sqlite_calls.clear_bindings
#define sqlite3_close_v2             sqlite_calls.close_v2
#define sqlite3_column_blob          sqlite_calls.column_blob
#define sqlite3_column_bytes         sqlite_calls.column_bytes
#define sqlite3_column_int64         sqlite_calls.column_int64
#define sqlite3_column_text          sqlite_calls.column_text
#define sqlite3_errmsg               sqlite_calls.errmsg
#define sqlite3_errstr               sqlite_calls.errstr
#define sqlite3_exec                 sqlite_calls.exec
#define sqlite3_extended_errcode     sqlite_calls.extended_errcode
#define sqlite3_finalize             sqlite_calls.finalize
#define sqlite3_get_autocommit       sqlite_calls.get_autocommit
#define sqlite3_open_v2              sqlite_calls.open_v2
#define sqlite3_prepare_v2           sqlite_calls.prepare_v2
#define sqlite3_reset                sqlite_calls.reset
#define sqlite3_sleep                sqlite_calls.sleep
#define sqlite3_step                 sqlite_calls.step

#endif
