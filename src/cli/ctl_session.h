/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_CTL_SESSION_H
#define CLI_CTL_SESSION_H

#include "cli/cli.h"
#include "cli/dialogue.h"
#include "client/ctlprovider.h"
#include "core/ctlclient/plan.h"
#include "core/ctlclient/publish.h"

/* What the CTL client and `utils ctl status` share: options, recognised nodes, an account, and what
 * the nodes said. */

/* Exit statuses of both; the table is in the manual. */
enum ctl_exit {
	CTL_GOOD = 0,
	CTL_REFUSED = 1, /* by a rule, or by the person */
	CTL_USAGE = 2,
	CTL_UNREACHABLE = 3,
	CTL_ACCOUNT = 4,
	CTL_TOKEN = 5,
	CTL_TRUST = 6, /* phones would not accept the list */
	CTL_PARTLY = 7,
	CTL_STRANGER = 8, /* a node's fingerprint is not known, or another than before */
};

struct ctl_link {
	char host[CLIENT_CTL_HOST];
	int port;
	bool recognised; /* in this run */
	struct client_ctl_face face;
	struct client_ctl *ctl;
};

#define CTL_OWN_MAX 2 /* the newest, and the one before it */

struct ctl_session {
	struct dialogue d;
	const struct json *args;
	struct json *report; /* what --json prints */
	char *known;         /* file of fingerprints */
	int64_t timeout_us;
	char user[DIALOGUE_LINE];
	struct buf password;
	/* Fingerprints of this machine's own node, which is links[0] then; none: it may be any. */
	uint8_t own[CTL_OWN_MAX][CLIENT_CTL_FINGERPRINT];
	size_t own_count;
	struct ctlclient_cluster cluster;
	struct ctl_link links[CTLCLIENT_NODES_MAX]; /* of cluster.nodes */
	struct fail why;                            /* when a step's exit is not good */
};

/* CTL_GOOD, or what to exit with; s->why then tells. */
enum ctl_exit ctl_session_init(
	struct ctl_session *s, const struct cli *cli, const struct json *args);
void ctl_session_fini(struct ctl_session *s);

/* Server, port, fingerprint, user and password; then every node is asked. Nodes that cannot be
 * reached are kept with their reason: CTL_GOOD means that the first one, a publisher, answered.
 * `server` and `port` are what to suggest when no option says. */
enum ctl_exit ctl_session_open(struct ctl_session *s, const char *server, int port);
/* The same where it is known which server to ask. */
enum ctl_exit ctl_session_open_at(struct ctl_session *s, const char *host, int port);
/* Asks every node again. */
enum ctl_exit ctl_session_refresh(struct ctl_session *s);

/* s->why from a failure, and the exit that stands for it. */
enum ctl_exit ctl_session_fail(struct ctl_session *s, const struct fail *why);
enum ctl_exit ctl_exit_of(enum err err);

/* A person is offered to finish, or roll back, a publication that was interrupted. Whether they do
 * or not, the checks below look at what there is then. */
void ctl_session_settle(struct ctl_session *s);

/* What should be known before anything is signed is said and goes into the report. A fault forbids
 * to go on. */
enum ctl_exit ctl_session_check(struct ctl_session *s, enum ctlclient_choice choice);
void ctl_session_say_finding(const struct ctl_session *s, const struct ctlclient_finding *f);
/* Hands the signed list to every node, or to none; says and reports what each answered. */
enum ctl_exit ctl_session_publish(struct ctl_session *s, struct span list);

/* publish_ops over the links, without `vouch`; what stands behind the id is for publishing alone.
 */
struct ctl_delivery {
	struct ctl_session *session;
	const char *id;
	struct span list;
	const struct publish_ops *ops; /* that those with a way out are built on */
	bool activating;               /* too late for it */
};
struct publish_ops ctl_delivery_ops(struct ctl_delivery *d);

/* Puts the nodes and, at the end, exit and reason into the report, and prints it with --json; a
 * reason goes to standard error otherwise. Returns the exit status. */
void ctl_session_report_nodes(struct ctl_session *s);
int ctl_session_end(struct ctl_session *s, enum ctl_exit exit);

#endif
