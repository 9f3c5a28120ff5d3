/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "core/command/command.h"

/* What one invocation of cadeado was told before its command's words. */
struct cli {
	const char *state;
	bool json, yes;
	bool once; /* this process runs one command and ends */
};

/* Finds, parses, confirms and runs one command and prints its reply. Returns the exit status. */
int cli_run(const struct cli *cli, int argc, char *const argv[]);

/* The `admin:` shell: lines from the terminal until exit or the end of input. */
int shell_run(const struct cli *cli);

/* Asks for a secret on the terminal without echo; appends it. ERR_NOTFOUND without a terminal. */
enum err terminal_ask_secret(const char *prompt, struct buf *secret, struct fail *why) MUST_USE;

/* A question that wants y; false on anything else. */
bool terminal_confirm(const char *question);

/* struct command_runtime.notify: over libcurl, and through the machine's sendmail. */
enum err cli_notify(void *ctx, const struct monitor_target *to, const struct json *data,
	struct span text, struct fail *why) MUST_USE;

/* struct command_runtime.parallel, over a pool of threads. */
void cli_parallel(void *ctx, size_t count, void (*fn)(void *arg, size_t i), void *arg);

/* struct command_ctx.progress: one line that is written over, on a terminal only. */
void cli_progress(size_t done, size_t total);

/* The commands that talk with a person step by step, or take every answer from options. Return the
 * exit status; the table of those is in the manual. */
int capf_watch_run(const struct cli *cli, const struct json *args);
int ctl_client_run(const struct cli *cli, const struct json *args);
int ctl_status_run(const struct cli *cli, const struct json *args);
int file_tail_run(const struct cli *cli, const struct json *args);
int logs_run(const struct cli *cli, const struct json *args);
int setup_run(const struct cli *cli, const struct json *args);

/* struct command_runtime.nodes_ask and nodes_end, over TCP 2444. */
enum err cli_nodes_ask(void *ctx, struct command_ctx *cmd, const struct json *args,
	const struct cluster_signing *signing, struct json *into, struct cluster_nodes *out,
	struct fail *why) MUST_USE;
void cli_nodes_end(void *ctx, struct cluster_nodes *nodes);

/* The runtime of this program: evidence for the doctor, the other nodes for a publisher. */
extern const struct command_runtime cli_runtime;

#endif
