/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_CURL_CALLS_H
#define CLIENT_CURL_CALLS_H

/* libcurl is loaded when the first node is spoken to and not when a program starts. The rest of
 * the folder calls curl_… as ever. Its memory is ours and is wiped when it is given back: passwords
 * pass through it. */
#include "base/err.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_getinfo
#undef curl_easy_setopt

#define CURL_CALLS(X)                                                                              \
	X(easy_cleanup)                                                                            \
	X(easy_getinfo)                                                                            \
	X(easy_init)                                                                               \
	X(easy_perform)                                                                            \
	X(easy_reset)                                                                              \
	X(easy_setopt)                                                                             \
	X(easy_strerror)                                                                           \
	X(global_init_mem)                                                                         \
	X(slist_append)                                                                            \
	X(slist_free_all)

struct curl_calls {
#define X(name) __typeof__(curl_##name) *name;
	CURL_CALLS(X)
#undef X
};

/* To be called before the first of them, from one thread. ERR_UNSUPPORTED when there is no libcurl.
 */
enum err curl_calls_load(struct fail *why) MUST_USE;

/* Filled by curl_calls_load. */
extern struct curl_calls curl_calls;

#define curl_easy_cleanup    curl_calls.easy_cleanup
#define curl_easy_getinfo    curl_calls.easy_getinfo
#define curl_easy_init       curl_calls.easy_init
#define curl_easy_perform    curl_calls.easy_perform
#define curl_easy_reset      curl_calls.easy_reset
#define curl_easy_setopt     curl_calls.easy_setopt
#define curl_easy_strerror   curl_calls.easy_strerror
#define curl_global_init_mem curl_calls.global_init_mem
#define curl_slist_append    curl_calls.slist_append
#define curl_slist_free_all  curl_calls.slist_free_all

#endif
