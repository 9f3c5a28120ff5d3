/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include "core/cluster/cluster.h"
#include "core/cluster/services.h"
#include "wire/json.h"

/* The one table of commands, in the words administrators know. It serves the one-shot command line,
 * the `admin:` shell and the daemon's admin socket. A handler takes typed arguments and fills a
 * reply; it never prints, prompts or exits. */

/* Version of what cadeado and cadeadod say to each other; changed with every incompatible change.
 */
#define COMMAND_PROTOCOL 1

enum command_exit { COMMAND_GOOD = 0, COMMAND_FAULT = 1, COMMAND_USAGE = 2 };

enum arg_kind {
	ARG_END,
	ARG_WORD,   /* positional */
	ARG_WORDS,  /* positional, one or more: all that are left; an array */
	ARG_TEXT,   /* --name VALUE */
	ARG_TEXTS,  /* --name VALUE, again and again: an array of texts */
	ARG_NUMBER, /* --name N, checked against low and high */
	ARG_FLAG,   /* --name */
	ARG_SECRET, /* --x-file FILE: a file whose first line is the secret, or --x-fd N: the next
		       line of an open descriptor; asked for on the terminal without both */
};

struct command_arg {
	enum arg_kind kind;
	const char *name;  /* key of the value in the arguments' object, and the option's name */
	const char *value; /* placeholder in help: "FILE" */
	bool needed;
	long low, high;
	const char *help;
};

struct command_ctx;
struct command_reply;
struct cluster_nodes;
struct enrol_step;

/* Names a moment in a daemon's memory: which steps were seen. With NUL. */
#define COMMAND_CURSOR 1536

/* Whom the certificate monitor tells; NULL: not so. */
struct monitor_target {
	const char *webhook;  /* URL that gets the JSON document by POST */
	const char *mail;     /* address that gets the text */
	const char *sendmail; /* path of the program that takes mail */
};

/* What only a running program knows; every member may be NULL. */
struct command_runtime {
	void *ctx;
	/* Registered stations and calls that are up. */
	enum err (*status)(void *ctx, struct json *into, struct fail *why);
	/* The state of this process' services, and changes to it; in the daemon's pool job. A
	 * restart that cannot succeed changes nothing; ERR_NOTNOW for a service that is not
	 * activated, and while the daemon stops. */
	enum err (*service_status)(
		void *ctx, enum node_service s, struct service_state *out, struct fail *why);
	enum err (*service_do)(
		void *ctx, enum node_service s, enum service_action what, struct fail *why);
	/* Whether a daemon works on this state folder, or might. */
	bool (*daemon_runs)(void *ctx, const char *state);
	/* A phone's record is gone: its registration ends. */
	enum err (*device_gone)(void *ctx, const char *device, struct fail *why);
	/* Which of these phones are registered, in registered[i]; `reset` sends them back to their
	 * start. */
	enum err (*stations)(void *ctx, const char (*devices)[16], size_t count, bool reset,
		bool *registered, struct fail *why);
	/* In a program that is not the daemon: has the one of this state folder run a command.
	 * ERR_NOTFOUND when none runs; else end *reply with command_reply_fini. */
	enum err (*ask_daemon)(const char *state, const char *words, const struct json *args,
		struct command_reply *reply, struct fail *why);
	/* The steps of certificate operations that this process keeps in memory, in order of time:
	 * those behind `cursor`, which then is that of the last one ("" for all). `lost`: so many
	 * are kept no more, or the cursor is of another process. In a pool job. */
	enum err (*enrol_steps)(void *ctx, char cursor[COMMAND_CURSOR],
		enum err (*each)(void *arg, const struct enrol_step *step), void *arg,
		int64_t *lost, struct fail *why);
	/* Evidence for the eight checks, gathered over the network and from phones' folders. */
	struct doctor_evidence *(*gather)(
		void *ctx, struct cluster *c, const char *phones, struct fail *why);
	/* All nodes of this publisher's cluster, asked over the network as the options of `args`
	 * say (account, fingerprints): refused when one of them could not take a list. What they
	 * said goes into `into` too, until nodes_end. */
	enum err (*nodes_ask)(void *ctx, struct command_ctx *cmd, const struct json *args,
		const struct cluster_signing *signing, struct json *into, struct cluster_nodes *out,
		struct fail *why);
	void (*nodes_end)(void *ctx, struct cluster_nodes *nodes);
	/* Tells others what the certificate monitor found. The error of the one that could not be
	 * told; the other has been all the same. */
	enum err (*notify)(void *ctx, const struct monitor_target *to, const struct json *data,
		struct span text, struct fail *why);
	/* Calls fn(arg, i) for every i below `count`, on all cores at once; returns when all are
	 * done. */
	void (*parallel)(void *ctx, size_t count, void (*fn)(void *arg, size_t i), void *arg);
};

struct command_ctx {
	const char *state; /* state folder */
	const struct clock *clock;
	struct cluster
		*cluster; /* opened on first use by command_cluster; closed by command_ctx_fini */
	const struct command_runtime *runtime;
	/* Who asks, for the audit log: the user at the other end of the admin socket; without
	 * uid_known, the one whose program this is. */
	bool uid_known;
	unsigned uid;
	/* Nobody will look at reply->data: a handler may leave out what takes long to find out. */
	bool text_only;
	/* A person has read what the row's preview says (handlers.h) and agreed. */
	bool previewed;
	/* Told how far long work has come, the last time with done == total. NULL: nobody looks. */
	void (*progress)(size_t done, size_t total);
	/* Asks a person for a secret without echo; appends it. NULL: nobody to ask. */
	enum err (*ask)(const char *prompt, struct buf *secret, struct fail *why);
};

struct command_reply {
	enum command_exit exit;
	struct json *data; /* what --json prints */
	struct buf text;   /* what a person reads */
	struct fail why;   /* set when exit is not good and there is more to say */
};

enum command_where {
	COMMAND_ANYWHERE, /* sent to the daemon when one runs on this folder */
	COMMAND_HERE,   /* always in the program that was started: tokens, files named by the caller
			 */
	COMMAND_DAEMON, /* only a running daemon can answer */
};

struct command {
	const char *words; /* "show ctl" */
	const struct command_arg *args;
	enum command_where where;
	bool changes; /* changes something: asked with `confirm` on a terminal unless --yes */
	const char *confirm; /* question, or NULL */
	const char *help;    /* one line */
	const char *manual;  /* a paragraph */
	void (*run)(struct command_ctx *ctx, const struct json *args, struct command_reply *reply);
};

/* The table; ends with a row whose words are NULL. */
extern const struct command commands[];

/* The command whose words are the first words of argv (each may be abbreviated as long as one
 * command fits, as at the original's prompt); *used: how many words. NULL: none or more than one,
 * told in *why with what could follow. */
const struct command *command_find(int argc, char *const argv[], int *used, struct fail *why);

/* The row whose words are exactly these; NULL for none, or for NULL. */
const struct command *command_named(const char *words);

/* Typed arguments from words; caller frees. A secret's value is its file's name. ERR_ARG with the
 * usage line. */
enum err command_parse(const struct command *cmd, int argc, char *const argv[], struct json **args,
	struct fail *why) MUST_USE;

/* "cadeado show ctl [FILE]" */
void command_usage(const struct command *cmd, struct buf *out);
/* Every command with its one line; the long text of one; the rows of the manual (mdoc). */
void command_help_all(struct buf *out);
/* The one line of each command that begins with these words, `but` (may be NULL) left out; returns
 * how many. */
size_t command_help_group(int argc, char *const argv[], const struct command *but, struct buf *out);
/* How many of a row's first words the typed ones are, or abbreviate. */
int command_words_fitting(const struct command *c, int argc, char *const argv[]);
void command_help(const struct command *cmd, struct buf *out);
void command_manual(struct buf *out);

/* Runs a row, and writes what it changed into the audit log of the cluster that it opened. The
 * reply is initialised here; free it with command_reply_fini. */
void command_run(const struct command *cmd, struct command_ctx *ctx, const struct json *args,
	struct command_reply *reply);
void command_reply_fini(struct command_reply *reply);

/* The cluster of ctx->state, opened once. NULL with *why. */
struct cluster *command_cluster(struct command_ctx *ctx, struct fail *why);
void command_ctx_fini(struct command_ctx *ctx);

/* For handlers: the first line of the file that the option ("pin-file") names, the next line of the
 * descriptor that its twin ("pin-fd") names, or what a person types. Ends in NUL. The caller wipes
 * *secret. From now on this process leaves no core file and shows its memory to nobody of the same
 * user. A descriptor is the caller's own: ERR_ARG in the daemon. */
enum err command_secret(struct command_ctx *ctx, const struct json *args, const char *option,
	const char *prompt, struct buf *secret, struct fail *why) MUST_USE;

/* A secret that is to hold from now on: whoever types it types it twice, for a slip would be
 * noticed when it is too late. */
enum err command_secret_new(struct command_ctx *ctx, const struct json *args, const char *option,
	const char *prompt, struct buf *secret, struct fail *why) MUST_USE;

/* Whether a person will be asked for it: neither a file nor a descriptor is named. */
bool command_secret_typed(const struct json *args, const char *option);

/* "pin-fd" of "pin-file"; false for an option that has no such twin. */
bool command_secret_fd(const char *option, char *out, size_t size);

/* For handlers: exit FAULT with this failure. */
void command_refuse(struct command_reply *reply, const struct fail *why);
/* When it was, in seconds since 1970, as clock_print_iso; "" for 0, which is never. */
void command_iso(char out[CLOCK_DATE_MAX], int64_t when);

#endif
