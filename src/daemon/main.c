/* SPDX-License-Identifier: BSD-2-Clause
 * cadeadod: the server. Options, wiring and signals; everything else is in the services. */
#include "daemon/node.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/cluster/cluster.h"
#include "net/loop.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

static void usage(FILE *out)
{
	fputs("usage: cadeadod [--state DIR] [--traces] [--debug]\n"
	      "\n"
	      "Serves the cluster of a state folder (./lab, or $CADEADO_STATE) until it is told to "
	      "stop.\n"
	      "\n"
	      "  --state DIR   state folder, made by: cadeado --state DIR cluster init\n"
	      "  --traces      print the traces too, not only to DIR/activelog/cm/trace/\n"
	      "  --debug       log more\n"
	      "  --version     print the version\n"
	      "  --help        this text\n",
		out);
}

static void stop(void *loop)
{
	loop_stop(loop);
}

static enum err serve(const char *state, bool traces, struct fail *why)
{
	struct loop *loop = NULL;
	struct node *node = NULL;
	struct buf text = {0};
	char *folder = file_join(state, ACTIVELOG_FOLDER);
	enum err err = folder ? trace_open(folder, traces ? stdout : NULL, why) : ERR_NOMEM;

	if (err == ERR_OK)
		err = loop_new(&loop);
	if (err == ERR_OK)
		err = loop_on_signal(loop, SIGINT, stop, loop);
	if (err == ERR_OK)
		err = loop_on_signal(loop, SIGTERM, stop, loop);
	if (err == ERR_OK)
		err = node_start(&node, state, why);
	if (err == ERR_OK) {
		node_describe(node, &text);
		buf_u8(&text, 0);
		log_line(LOG_INFO, "ready: %s", (const char *)text.data);
		loop_run(loop);
		log_line(LOG_INFO, "stopping");
	}
	node_stop(node);
	loop_free(loop);
	trace_close();
	buf_fini(&text);
	mem_free(folder);
	if (err != ERR_OK)
		fail_set(why, err, "%s", err_text(err));
	return err;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{"state", required_argument, NULL, 's'},
		{"traces", no_argument, NULL, 't'},
		{"debug", no_argument, NULL, 'd'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *state = getenv("CADEADO_STATE");
	struct fail why = {0};
	bool traces = false;
	enum log_level level = LOG_INFO;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 's': state = optarg; break;
		case 't': traces = true; break;
		case 'd': level = LOG_DEBUG; break;
		case 'v': puts("cadeadod " CADEADO_VERSION); return 0;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	/* Keys are in memory: they must not end in a core file. */
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	signal(SIGPIPE, SIG_IGN);
	log_to(stderr, level);
	if (serve(state ? state : "lab", traces, &why) == ERR_OK)
		return 0;
	log_line(LOG_ERROR, "%s", why.text);
	return 1;
}
