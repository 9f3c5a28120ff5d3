/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/ctlclient/plan.h"

#include "base/clock.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 512

static const struct {
	const char *word, *title;
} choices[CTLCLIENT_CHOICES] = {
	[CTLCLIENT_SET_MIXED] = {"mixed", "Set Cisco Unified CallManager Cluster to Mixed Mode"},
	[CTLCLIENT_SET_NON_SECURE] = {"non-secure",
		"Set Cisco Unified CallManager Cluster to Non-Secure Mode"},
	[CTLCLIENT_UPDATE] = {"update", "Update CTL File"},
};

const char *ctlclient_choice_word(enum ctlclient_choice choice)
{
	return choice < CTLCLIENT_CHOICES ? choices[choice].word : "";
}

const char *ctlclient_choice_title(enum ctlclient_choice choice)
{
	return choice < CTLCLIENT_CHOICES ? choices[choice].title : "";
}

bool ctlclient_choice_find(const char *word, enum ctlclient_choice *out)
{
	for (int i = 0; i < CTLCLIENT_CHOICES; i++)
		if (str_ieq(word, choices[i].word)) {
			*out = (enum ctlclient_choice)i;
			return true;
		}
	return false;
}

enum err ctlclient_may_choose(
	const struct ctlclient_cluster *c, enum ctlclient_choice choice, struct fail *why)
{
	const struct ctlclient_node *p = ctlclient_publisher(c);

	if (!p)
		return fail_set(why, ERR_NOTNOW, "the publisher has not been reached");
	/* Without a CTL phones do not know of the mode: it has to be set again. */
	if (choice == CTLCLIENT_SET_MIXED && p->mode == 1 && p->has_ctl)
		return fail_set(why, ERR_NOTNOW,
			"the cluster is in mixed mode already; what has changed since comes into "
			"the CTL file with Update CTL File");
	if (choice == CTLCLIENT_SET_NON_SECURE && p->mode != 1)
		return fail_set(why, ERR_NOTNOW,
			"the cluster is in non-secure mode already: that is the mode it begins "
			"with");
	if (choice == CTLCLIENT_UPDATE && !p->has_ctl)
		return fail_set(why, ERR_NOTNOW,
			"there is no CTL to update; Set Cisco Unified CallManager Cluster to Mixed "
			"Mode makes the first one");
	return ERR_OK;
}

struct looking {
	const struct ctlclient_cluster *c;
	const struct ctlclient_node *publisher; /* or NULL */
	int64_t now;
	ctlclient_found *found;
	void *ctx;
};

static void PRINTF_LIKE(5, 6) say(const struct looking *l, const struct ctlclient_node *n,
	const char *code, enum list_severity severity, const char *fmt, ...)
{
	char text[TEXT_MAX];
	struct ctlclient_finding f = {.code = code, .severity = severity, .node = n, .text = text};
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	l->found(l->ctx, &f);
}

static const char *miss_code(enum err err)
{
	switch (err) {
	case ERR_NOTFOUND: return "name";
	case ERR_TIMEOUT: return "silent";
	case ERR_CLOSED: return "unreachable";
	case ERR_DENIED:
	case ERR_LOCKED: return "account";
	case ERR_TLS: return "fingerprint";
	default: return "answer";
	}
}

static void check_clock(const struct looking *l, const struct ctlclient_node *n)
{
	int64_t off = n->time - n->asked;

	if (llabs(off) > CTLCLIENT_CLOCK_OFF)
		say(l, n, "clock", LIST_WARNING,
			"its clock is %" PRId64 " seconds %s this machine's; dates of certificates "
			"and lists are judged by both, so set them right",
			off < 0 ? -off : off, off < 0 ? "behind" : "ahead of");
}

static void check_cert(
	const struct looking *l, const struct ctlclient_node *n, enum ctlclient_cert which)
{
	const struct cert *cert = n->certs[which];
	const char *name = ctlclient_cert_name(which);
	char date[CLOCK_DATE_MAX];

	if (l->now < cert_not_before(cert)) {
		clock_print_iso(date, cert_not_before(cert));
		say(l, n, "not-yet-valid", LIST_FAULT,
			"its %s certificate is not valid before %s: a clock is wrong", name, date);
		return;
	}
	clock_print_iso(date, cert_not_after(cert));
	if (l->now > cert_not_after(cert))
		say(l, n, "expired", LIST_FAULT,
			"its %s certificate expired on %s; at its console: cadeado set cert regen "
			"%s, then restart the services that it names",
			name, date, name);
	else if (cert_not_after(cert) - l->now < LIST_SOON)
		say(l, n, "expires-soon", LIST_WARNING,
			"its %s certificate expires on %s; regenerate it and run Update CTL File "
			"before",
			name, date);
}

static bool serves_phones(const struct ctlclient_node *n)
{
	return n->activated[SERVICE_CALLMANAGER] || n->activated[SERVICE_TFTP];
}

static void check_services(const struct looking *l, const struct ctlclient_node *n)
{
	if (!serves_phones(n))
		say(l, n, "no-server", LIST_NOTE,
			"neither Cisco CallManager nor Cisco Tftp is activated: the CTL does not "
			"name it as a server");
	else if (!n->certs[CTLCLIENT_CALLMANAGER])
		say(l, n, "no-certificate", LIST_FAULT,
			"it hands out no CallManager certificate; at its console: cadeado cluster "
			"init");
	if (n->activated[SERVICE_CAPF] && !n->certs[CTLCLIENT_CAPF])
		say(l, n, "no-certificate", LIST_FAULT,
			"CAPF is activated, but it hands out no CAPF certificate; at its console: "
			"cadeado cluster init");
	if (n->activated[SERVICE_CAPF] && !n->publisher)
		say(l, n, "capf-elsewhere", LIST_WARNING,
			"CAPF is activated on a node that is not the publisher: phones are given "
			"the publisher's CAPF alone; at its console: cadeado utils service "
			"deactivate capf");
	for (int s = 0; s < SERVICE_COUNT; s++)
		if (n->activated[s] && !n->started[s])
			say(l, n, "not-started", LIST_NOTE, "%s is activated, but not started",
				service_title((enum node_service)s));
	if (!n->tvs_port || !n->started[SERVICE_TVS])
		say(l, n, "no-tvs", LIST_WARNING,
			"TVS does not run: phones that hold an ITL but no CTL can ask nobody here "
			"whether to trust the new CTL; at its console: cadeado utils service start "
			"tvs");
}

static void check_publication(const struct looking *l, const struct ctlclient_node *n)
{
	int64_t age = n->time - n->staged_at;

	if (!n->staged[0])
		return;
	if (age >= 0 && age < STAGE_LIFE)
		say(l, n, "staged", LIST_FAULT,
			"%s began to publish another CTL %" PRId64 " seconds ago; wait for it, or "
			"finish or roll it back with: cadeado utils ctl status",
			n->staged_by, age);
	else
		say(l, n, "staged", LIST_WARNING,
			"a publication that %s began was never finished and will give way; see: "
			"cadeado utils ctl status",
			n->staged_by);
}

static void check_ctl(const struct looking *l, const struct ctlclient_node *n)
{
	const struct ctlclient_node *p = l->publisher;
	struct tlv_list list;
	char date[CLOCK_DATE_MAX];

	if (n->ever && !n->has_ctl)
		say(l, n, "ctl-gone", LIST_FAULT,
			"it had a CTL and has none now, so it takes no other as the first; put the "
			"file back, or start over at its console: cadeado file delete tftp "
			"CTLFile.tlv");
	if (p && p != n && p->has_ctl && n->has_ctl && memcmp(n->ctl, p->ctl, sizeof(n->ctl)) != 0)
		say(l, n, "ctl-differs", LIST_WARNING,
			"its CTL is not the publisher's: the new one replaces both");
	if (p && p != n && !p->has_ctl && n->has_ctl)
		say(l, n, "ctl-differs", LIST_WARNING,
			"it has a CTL and the publisher has none: tokens that only that one names "
			"are not taken over; to keep them copy its tftp/CTLFile.tlv to the publisher "
			"first");
	if (p && p != n && p->has_ctl && !n->has_ctl && !n->ever)
		say(l, n, "ctl-new", LIST_NOTE, "it has no CTL yet and gets its first one");
	if (p && p != n && n->mode != p->mode)
		say(l, n, "mode-differs", LIST_WARNING, "it is in %s mode and the publisher is not",
			n->mode ? "mixed" : "non-secure");
	if (!n->has_ctl || tlv_parse(&list, buf_span(&n->list), NULL) ||
		!list.header.has_timestamp || (int64_t)list.header.timestamp <= l->now)
		return;
	clock_print_iso(date, list.header.timestamp);
	say(l, n, "clock-behind", LIST_FAULT,
		"its CTL was signed at %s, later than this machine's clock: a new list would be "
		"older; set the clock",
		date);
}

static void check_backup(const struct looking *l, const struct ctlclient_node *n)
{
	char date[CLOCK_DATE_MAX];

	if (!n->unsaved)
		return;
	if (!n->backup) {
		say(l, n, "no-backup", LIST_WARNING,
			"there is no backup of it, and phones that trust a lost key must be erased "
			"by hand; at its console: cadeado utils backup create");
		return;
	}
	clock_print_iso(date, n->backup);
	say(l, n, "old-backup", LIST_WARNING,
		"its newest backup is of %s, and %d of its keys are newer; at its console: cadeado "
		"utils backup create",
		date, n->unsaved);
}

static void check_node(const struct looking *l, const struct ctlclient_node *n)
{
	if (n->reached) {
		say(l, n, miss_code(n->reached), LIST_FAULT, "%s",
			n->why.text[0] ? n->why.text : "it has not been asked");
		return;
	}
	check_clock(l, n);
	check_services(l, n);
	if (serves_phones(n) && n->certs[CTLCLIENT_CALLMANAGER])
		check_cert(l, n, CTLCLIENT_CALLMANAGER);
	if (n->activated[SERVICE_CAPF] && n->certs[CTLCLIENT_CAPF])
		check_cert(l, n, CTLCLIENT_CAPF);
	check_backup(l, n);
	check_publication(l, n);
	check_ctl(l, n);
}

void ctlclient_check(const struct ctlclient_cluster *c, enum ctlclient_choice choice, int64_t now,
	ctlclient_found *found, void *ctx)
{
	const struct looking l = {.c = c,
		.publisher = ctlclient_publisher(c),
		.now = now,
		.found = found,
		.ctx = ctx};
	bool capf = false, servers = false, all = true, adding = false;

	for (size_t i = 0; i < c->count; i++) {
		const struct ctlclient_node *n = &c->nodes[i];

		check_node(&l, n);
		all = all && !n->reached;
		capf = capf || n->activated[SERVICE_CAPF];
		servers = servers || serves_phones(n);
		adding = adding || n->auto_registration;
	}
	if (!all)
		return;
	if (adding && choice == CTLCLIENT_SET_MIXED)
		say(&l, NULL, "auto-registration", LIST_WARNING,
			"Auto-registration is enabled on at least one CM node.");
	if (!l.publisher || !l.publisher->activated[SERVICE_CAPF])
		say(&l, NULL, "capf-nowhere", LIST_WARNING,
			"CAPF is activated %s, so phones will get no LSC; on the publisher: cadeado "
			"utils service activate capf, then run Update CTL File",
			capf ? "elsewhere, but not on the publisher" : "on no node");
	if (!servers)
		say(&l, NULL, "no-servers", LIST_FAULT,
			"Cisco CallManager and Cisco Tftp are activated on no node: the CTL would "
			"name no server");
	if (l.publisher && l.publisher->mode == 1 && !l.publisher->has_ctl)
		say(&l, NULL, "secure-without-ctl", LIST_WARNING,
			"No CTL File exists on the server but the Call Manager Cluster Security "
			"Mode is in Secure Mode. Phones cannot tell whom to trust until Set Cisco "
			"Unified CallManager Cluster to Mixed Mode has made one.");
	if (choice == CTLCLIENT_SET_NON_SECURE)
		say(&l, NULL, "non-secure", LIST_NOTE,
			"in non-secure mode phones keep a CTL whose server entries are empty; "
			"encrypted and authenticated profiles stop working");
}
