/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/node_priv.h"

#include "base/executor.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/audit/audit.h"
#include "core/list/list.h"

#include <unistd.h>

#define WATCH_US         (5 * 1000000ll)
#define GUESSES_TOLD_MAX 8u /* at one look: an attacker with many addresses must not fill logs */

/* Addresses that go through names of phones: told to whoever reads logs, and kept for whoever asks
 * later. */
static void tell_guesses(struct node *n)
{
	struct guesses_found found;
	unsigned told;

	for (told = 0; told < GUESSES_TOLD_MAX && guesses_take(n->guesses, &found); told++) {
		struct audit_entry e = {.who = "unknown",
			.from = found.source,
			.action = "tftp guess",
			.object = found.device,
			.result = "answered once a second"};
		struct fail why = {0};

		log_line(LOG_WARN,
			"tftp: %s asked for more than %u phones that are not known within %u s, "
			"last for %s; about these it is answered once a second from now on "
			"(settings guess_names, guess_seconds, guess_exempt)",
			found.source, found.names, found.seconds, found.device);
		if (audit_append(n->cluster, &e, &why) != ERR_OK)
			log_line(LOG_WARN, "%s", why.text);
	}
}

static void look(void *arg)
{
	struct watch *w = arg;
	struct cluster *c = w->node->cluster;
	char *path = cluster_path(c, "tftp", list_file_name(LIST_CTL));
	int mode;

	tell_guesses(w->node);
	fail_clear(&w->why);
	w->err = cluster_mode(c, &mode, &w->why);
	w->missing = !w->err && mode == 1 && path && access(path, F_OK) != 0;
	mem_free(path);
}

static void looked(void *arg)
{
	struct watch *w = arg;

	if (w->err != ERR_OK)
		log_line(LOG_WARN, "%s", w->why.text);
	else if (w->missing && !w->told)
		log_line(LOG_WARN,
			"the cluster is in mixed mode, but tftp/CTLFile.tlv is gone: TFTP serves "
			"the list that it was started with until it is restarted, then none; put "
			"the file back, or sign a list: cadeado utils ctl update CTLFile");
	w->told = w->missing;
	loop_timer_set(w->timer, WATCH_US);
}

static void on_timer(void *arg)
{
	struct watch *w = arg;

	if (executor_run(w->node->each[0].blocking, look, looked, w) != ERR_OK)
		loop_timer_set(w->timer, WATCH_US);
}

enum err node_watch_start(struct node *n, struct loop *l)
{
	struct watch *w = &n->watch;
	enum err err = loop_timer_new(&w->timer, l, on_timer, w);

	w->node = n;
	if (err == ERR_OK)
		loop_timer_set(w->timer, 0);
	return err;
}

void node_watch_stop(struct node *n)
{
	loop_timer_free(n->watch.timer);
	n->watch.timer = NULL;
}
