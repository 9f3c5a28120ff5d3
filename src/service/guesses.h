/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_GUESSES_H
#define SERVICE_GUESSES_H

#include "base/settings.h"
#include "net/addr.h"

/* Sources that ask for phones which nobody has added: attackers go through the addresses beside one
 * that they know. Who asked for more such phones than the setting guess_names within guess_seconds
 * is answered about these once a second, whatever the protocol and the worker; what exists is
 * answered as ever. IPv6 sources count by their /64. One table for the process; thread-safe. */
#define GUESSES_SOURCES_MAX  1024u /* the one that asked longest ago gives way */
#define GUESSES_NETWORKS_MAX 8u
#define GUESSES_ANSWER_US    1000000ll        /* between two answers to one source */
#define GUESSES_WAIT_MAX_US  (60 * 1000000ll) /* nobody's answer is put off longer */
#define GUESSES_QUIET_US     (60 * 1000000ll) /* after which its next excess is told anew */

struct guesses;

/* ERR_FORMAT names the setting. */
enum err guesses_new(
	struct guesses **out, const struct settings *settings, struct fail *why) MUST_USE;
void guesses_free(struct guesses *g); /* NULL allowed */

/* `from` asked for `device`, which is not known: microseconds until it may be told so, 0 for now.
 * With `wait` that time is reserved for this answer; else the caller drops what cannot be answered
 * now. NULL g: always 0. */
int64_t guesses_ask(struct guesses *g, const struct net_addr *from, const char *device, bool wait,
	int64_t now_us);

/* Sources that went beyond the limit since the last call, each once. False: none is left. */
struct guesses_found {
	char source[NET_ADDR_MAX];
	char device[16];         /* asked for last */
	unsigned names, seconds; /* more than so many in so long */
};
bool guesses_take(struct guesses *g, struct guesses_found *out);

#endif
