/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/ctl_client.h"

#include "base/str.h"

#include <stdio.h>

static const char *yes_no(const struct ctlclient_node *n, enum node_service s)
{
	return n->activated[s] ? "yes" : "-";
}

static void show_cert(const struct wizard *w, const struct cert *cert, const char *name)
{
	struct buf serial = {0};
	char until[CLOCK_DATE_MAX];

	if (!cert)
		return;
	str_hex(&serial, cert_serial(cert), STR_LOWER);
	buf_u8(&serial, 0);
	clock_print_iso(until, cert_not_after(cert));
	say(&w->s.d, "    %-12s CN=%s\n    %12s serial %s, until %.10s\n", name,
		cert_common_name(cert), "", buf_check(&serial) ? "?" : (const char *)serial.data,
		until);
	buf_fini(&serial);
}

static void show_activated(const struct wizard *w)
{
	const struct ctlclient_cluster *c = &w->s.cluster;

	say(&w->s.d, "  %-16s %-16s %-13s %-5s %-5s %s\n", "Node", "Address", "CTL Provider",
		"CAPF", "TFTP", "CallManager");
	for (size_t i = 0; i < c->count; i++) {
		const struct ctlclient_node *n = &c->nodes[i];

		if (n->reached)
			say(&w->s.d, "  %-16s %-16s does not answer\n", n->name, n->address);
		else
			say(&w->s.d, "  %-16s %-16s %-13s %-5s %-5s %s\n", n->name, n->address,
				yes_no(n, SERVICE_CTL_PROVIDER), yes_no(n, SERVICE_CAPF),
				yes_no(n, SERVICE_TFTP), yes_no(n, SERVICE_CALLMANAGER));
	}
}

/* What the list of services shows already; the checks before the signature say it again. */
static void tell_capf(void *ctx, const struct ctlclient_finding *f)
{
	const struct wizard *w = ctx;

	if (strncmp(f->code, "capf-", 5) == 0)
		ctl_session_say_finding(&w->s, f);
}

void wizard_show_nodes(struct wizard *w)
{
	const struct ctlclient_cluster *c = &w->s.cluster;

	say_heading(&w->s.d, "Servers, with the services that are activated there");
	show_activated(w);
	ctlclient_check(c, w->choice, clock_seconds(clock_system()), tell_capf, w);
	say_heading(&w->s.d, "Certificates that the CTL file will name");
	for (size_t i = 0; i < c->count; i++) {
		const struct ctlclient_node *n = &c->nodes[i];

		if (n->reached)
			continue;
		say(&w->s.d, "  %s%s\n", n->name, n->publisher ? " (publisher)" : "");
		if (n->activated[SERVICE_CALLMANAGER] || n->activated[SERVICE_TFTP])
			show_cert(w, n->certs[CTLCLIENT_CALLMANAGER],
				!n->activated[SERVICE_CALLMANAGER] ? "TFTP"
				: n->activated[SERVICE_TFTP]       ? "CCM+TFTP"
								   : "CCM");
		if (n->activated[SERVICE_CAPF])
			show_cert(w, n->certs[CTLCLIENT_CAPF], "CAPF");
	}
}

static const char *standing(const struct ctlclient_plan *p, size_t i)
{
	const struct ctlclient_sast *s = &p->sasts[i];

	if (s->removed)
		return "will be left out";
	if (i == p->signer)
		return s->held ? "signs; in the present CTL file" : "signs";
	if (s->system)
		return "a node's own key; in the present CTL file";
	return s->held ? "in the present CTL file" : "added";
}

void wizard_show_tokens(const struct wizard *w)
{
	const struct ctlclient_plan *p = &w->plan;

	say_heading(&w->s.d, "Security tokens of the CTL file");
	for (size_t i = 0; i < p->sast_count; i++)
		say(&w->s.d, "  %zu  %-24s %s\n", i + 1, p->sasts[i].label, standing(p, i));
	if (ctlclient_plan_tokens(p) < CTLCLIENT_TOKENS_MIN)
		say(&w->s.d, "  Two are needed at least: use Add Tokens.\n");
}

static enum ctl_exit check_once(struct wizard *w)
{
	const struct ctlclient_node *p = ctlclient_publisher(&w->s.cluster);
	bool had = p && p->has_ctl;
	uint8_t before[32] = {0};
	enum ctl_exit exit;

	if (had)
		memcpy(before, p->ctl, sizeof(before));
	exit = ctl_session_refresh(&w->s);
	p = ctlclient_publisher(&w->s.cluster);
	if (!exit && (!p || p->has_ctl != had || (had && memcmp(before, p->ctl, sizeof(before)))))
		exit = wizard_refuse(w, CTL_REFUSED, ERR_NOTNOW,
			"the CTL file has been changed meanwhile; begin again");
	return exit ? exit : ctl_session_check(&w->s, w->choice);
}

enum ctl_exit wizard_check(struct wizard *w)
{
	struct dialogue d = w->s.d;
	enum ctl_exit exit;

	d.yes = false; /* or it would check for ever */
	for (;;) {
		say_heading(&w->s.d,
			"Checks: names, port, clocks, certificates and services of every node");
		exit = check_once(w);
		if (!exit || !d.asks || w->s.d.yes)
			return exit;
		say(&d, "\nThis forbids to go on.\n");
		if (!dialogue_agrees(&d, "Check again?"))
			return exit;
	}
}

struct comparing {
	struct wizard *w;
	struct json *changes;
	size_t count, record;
};

#define SHORT_VALUE 26u /* characters: two fit into a line */

static void say_field(const struct dialogue *d, const struct list_change *c)
{
	bool both = strlen(c->before) <= SHORT_VALUE && strlen(c->after) <= SHORT_VALUE;

	if (!*c->after)
		say(d, "             %s: emptied\n", c->field);
	else if (!*c->before || !both)
		say(d, "             %s: another one\n", c->field);
	else
		say(d, "             %s: %s -> %s\n", c->field, c->before, c->after);
}

static void tell_difference(void *ctx, const struct list_change *c)
{
	struct comparing *x = ctx;
	struct json *o = json_object_new();
	const struct dialogue *d = &x->w->s.d;

	x->count++;
	switch (c->what) {
	case LIST_DIFF_ADDED: say(d, "  new      %s\n", c->record); break;
	case LIST_DIFF_REMOVED: say(d, "  removed  %s\n", c->record); break;
	case LIST_DIFF_CHANGED:
		if (x->record != c->old_record)
			say(d, "  changed  %s\n", c->record);
		x->record = c->old_record;
		say_field(d, c);
		break;
	default:
		say(d, "  %-8s %s: %s -> %s\n", list_difference_name(c->what), c->field, c->before,
			c->after);
	}
	json_set_str(o, "what", list_difference_name(c->what));
	if (*c->record)
		json_set_str(o, "record", c->record);
	if (*c->field)
		json_set_str(o, "field", c->field);
	json_set_str(o, "before", c->before);
	json_set_str(o, "after", c->after);
	json_append_take(x->changes, o);
}

enum ctl_exit wizard_compare(struct wizard *w)
{
	struct comparing x = {.w = w, .changes = json_array_new()};
	struct buf because = {0};
	struct fail why = {0};
	enum err err = ctlclient_plan_build(&w->plan, clock_seconds(clock_system()), &why);

	if (!err) {
		say_heading(&w->s.d, "The new CTL file and the present one");
		err = ctlclient_plan_diff(&w->plan, tell_difference, &x);
	}
	if (!err && w->plan.has_present && !x.count)
		say(&w->s.d, "  Both say the same.\n");
	json_set_take(w->s.report, "changes", x.changes);
	if (err) {
		fail_set(&why, err, "%s", err_text(err));
		return wizard_refuse(w, CTL_REFUSED, why.code, why.text);
	}
	err = ctlclient_plan_judge(&w->plan, false, &because);
	buf_u8(&because, 0);
	if (buf_check(&because))
		return wizard_refuse(w, CTL_REFUSED, ERR_NOMEM, err_text(ERR_NOMEM));
	if (w->plan.has_present)
		say(&w->s.d, "\n");
	say_wrapped(&w->s.d, 2, "  ", (const char *)because.data);
	json_set_bool(w->s.report, "accepts", !err);
	json_set_str(w->s.report, "because", (const char *)because.data);
	if (err) {
		fail_set(&why, err, "%s", (const char *)because.data);
		buf_fini(&because);
		return wizard_refuse(w, CTL_TRUST, err, why.text);
	}
	buf_fini(&because);
	return CTL_GOOD;
}
