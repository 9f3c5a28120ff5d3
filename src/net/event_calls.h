/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_EVENT_CALLS_H
#define NET_EVENT_CALLS_H

/* libevent is loaded with the first loop: commands that read one file never need it. The folder
 * calls event_… as ever. */
#include "base/err.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>

/* In front, what stands before each name in the library. */
#define EVENT_CALLS(X)                                                                             \
	X(event_, add)                                                                             \
	X(event_, assign)                                                                          \
	X(event_, base_dispatch)                                                                   \
	X(event_, base_free)                                                                       \
	X(event_, base_loopbreak)                                                                  \
	X(event_, base_new_with_config)                                                            \
	X(event_, config_free)                                                                     \
	X(event_, config_new)                                                                      \
	X(event_, config_set_flag)                                                                 \
	X(event_, del)                                                                             \
	X(event_, pending)                                                                         \
	X(event_, set_log_callback)                                                                \
	X(evthread_, use_pthreads)

struct event_calls {
#define X(front, name) __typeof__(front##name) *name;
	EVENT_CALLS(X)
#undef X
};

/* To be called before the first of them, from any thread. ERR_UNSUPPORTED when it is not there. */
enum err event_calls_load(struct fail *why) MUST_USE;

/* Filled by event_calls_load. */
extern struct event_calls event_calls;

#define event_add                  event_calls.add
#define event_assign               event_calls.assign
#define event_base_dispatch        event_calls.base_dispatch
#define event_base_free            event_calls.base_free
#define event_base_loopbreak       event_calls.base_loopbreak
#define event_base_new_with_config event_calls.base_new_with_config
#define event_config_free          event_calls.config_free
#define event_config_new           event_calls.config_new
#define event_config_set_flag      event_calls.config_set_flag
#define event_del                  event_calls.del
#define event_pending              event_calls.pending
#define event_set_log_callback     event_calls.set_log_callback
#define evthread_use_pthreads      event_calls.use_pthreads

#endif
