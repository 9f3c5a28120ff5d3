/* SPDX-License-Identifier: BSD-2-Clause
 * Checks 6 to 8: the phone's conversations with CAPF, with the call manager and with each other. */
#include "core/doctor/judging.h"

#include "base/clock.h"
#include "base/str.h"

#define CALL_COUNTS_SECONDS 86400 /* how long a call that has ended is evidence */

static const unsigned capf_roles[] = {TLV_ROLE_CAPF};
static const unsigned manager_roles[] = {TLV_ROLE_CCM, TLV_ROLE_CCM_TFTP};

#define ENROL "cadeado device add %s --install, then reset the phone"

/* A listener that shows a certificate now, and who may. */
struct probe {
	const char *what, *service; /* in words; and as the commands name it */
	const char *waits;          /* what its restart would bring in force */
	const struct doctor_handshake *h;
	const struct buf *file;
	const unsigned *roles;
	size_t count;
};

/* Whether the certificate that a port shows is also the one in keys/ tells what went wrong. */
static void probe_remedy(struct doctor_check *c, const struct probe *p, const struct cert *shown)
{
	struct cert *own = NULL;

	if (p->waits[0])
		doctor_remedy(c, "cadeado utils service restart %s", p->service);
	else if (doctor_cert(&own, p->file, NULL) == ERR_OK &&
		 span_eq(cert_der(own), cert_der(shown)))
		doctor_remedy(c, "cadeado utils ctl update CTLFile --token LABEL, then restart "
				 "Cisco Tftp and Cisco CallManager");
	else
		doctor_remedy(c,
			"restart cadeadod if its certificate was replaced; else another program "
			"has the port of %s: ss -ltnp",
			p->what);
	cert_free(own);
}

/* The certificate that a port shows now must be one that the list names for the role. */
static enum doctor_verdict probe_named(
	struct judging *j, struct doctor_check *c, const struct probe *p)
{
	struct cert *cert = NULL;
	char serial[DOCTOR_SERIAL_MAX];
	enum doctor_verdict v;

	if (!p->h->seen) {
		doctor_remedy(c,
			"is %s started (cadeado utils service list), and is the port its own? "
			"ss -ltnp",
			p->service);
		return doctor_say(
			c, DOCTOR_FAULT, "%s does not shake hands: %s", p->what, p->h->missing);
	}
	if (cert_from_der(&cert, buf_span(&p->h->server_der), NULL) != ERR_OK) {
		doctor_remedy(c, "find out who has the port of %s: ss -ltnp", p->what);
		return doctor_say(c, DOCTOR_FAULT, "%s shows no readable certificate", p->what);
	}
	doctor_serial(cert, serial);
	if (doctor_list_names(&j->list, cert_der(cert), p->roles, p->count)) {
		v = doctor_say(c, DOCTOR_GOOD, "%s shows %s, serial %s, which the list names",
			p->what, cert_subject(cert), serial);
	} else {
		probe_remedy(c, p, cert);
		v = doctor_say(c, DOCTOR_FAULT,
			"%s shows %s, serial %s, with a key that is not in the list%s", p->what,
			cert_subject(cert), serial,
			p->waits[0] ? ": it has not been restarted since the list was published"
				    : "");
	}
	cert_free(cert);
	return v;
}

/* What a phone's own capture shows of the server. */
static enum doctor_verdict captured(struct judging *j, struct doctor_check *c,
	const struct doctor_phone *p, const char *what, const struct doctor_handshake *h,
	const unsigned *roles, size_t count)
{
	if (!h->seen)
		return doctor_say(c, DOCTOR_CANNOT_TELL,
			"%s: no capture of its handshake with %s: %s", p->name, what, h->missing);
	if (h->server_der.len &&
		!doctor_list_names(&j->list, buf_span(&h->server_der), roles, count)) {
		doctor_remedy(c, "reset the phone, so that it meets the certificate of today");
		return doctor_say(c, DOCTOR_FAULT,
			"%s met a certificate of %s that is not in the list%s%s", p->name, what,
			h->refusal[0] ? ": alert " : "", h->refusal);
	}
	if (!h->completed && (h->refusal[0] || h->server_der.len)) {
		doctor_remedy(c, "look at the server's trace of that time, then reset the phone");
		return doctor_say(c, DOCTOR_FAULT,
			"%s: the handshake with %s was not completed%s%s", p->name, what,
			h->refusal[0] ? ": alert " : "", h->refusal);
	}
	if (!h->server_der.len) {
		doctor_remedy(c, "reset the phone while its traffic is captured");
		return doctor_say(c, DOCTOR_CANNOT_TELL,
			"%s: the capture of its handshake with %s (%s) shows no certificate",
			p->name, what, h->version);
	}
	return doctor_say(c, DOCTOR_GOOD, "%s: handshake with %s completed, %s, %s", p->name, what,
		h->version, h->cipher);
}

static enum doctor_verdict lsc_dates(
	struct judging *j, struct doctor_check *c, const struct doctor_phone *p, struct cert *lsc)
{
	char from[CLOCK_DATE_MAX], until[CLOCK_DATE_MAX], now[CLOCK_DATE_MAX];

	clock_print_iso(from, cert_not_before(lsc));
	clock_print_iso(until, cert_not_after(lsc));
	clock_print_iso(now, j->e->now);
	if (cert_valid_at(lsc, j->e->now))
		return doctor_say(c, DOCTOR_GOOD, "%s: LSC issued by %s, valid until %s", p->name,
			cert_issuer(lsc), until);
	if (j->e->now < cert_not_before(lsc))
		doctor_remedy(c, "set this machine's clock");
	else
		doctor_remedy(c, "if this machine's clock is right: " ENROL, p->name);
	return doctor_say(c, DOCTOR_FAULT,
		"%s: its LSC is not valid today (%s to %s; this machine's clock says %s)", p->name,
		from, until, now);
}

/* An LSC: signed by the CAPF of the list, for this device, valid today. */
static enum doctor_verdict lsc_judged(
	struct judging *j, struct doctor_check *c, const struct doctor_phone *p)
{
	struct cert *lsc = NULL, *capf = NULL;
	const struct buf *bytes = doctor_lsc(p);
	enum doctor_verdict v = DOCTOR_FAULT;
	struct fail why = {0};

	if (!bytes) {
		doctor_remedy(c, ENROL, p->name);
		return doctor_say(c, DOCTOR_FAULT, "%s has no LSC: %s", p->name, p->lsc.missing);
	}
	if (doctor_cert(&lsc, bytes, &why) != ERR_OK) {
		doctor_remedy(c, ENROL, p->name);
		return doctor_say(
			c, DOCTOR_FAULT, "%s: its LSC cannot be read: %s", p->name, why.text);
	}
	capf = doctor_list_cert(&j->list, TLV_ROLE_CAPF);
	if (!capf || cert_check_signed_by(lsc, capf, &why) != ERR_OK)
		doctor_say(c, v, "%s: its LSC was not issued by the CAPF of the list: %s", p->name,
			capf ? why.text : "the list names none");
	else if (!strstr(cert_common_name(lsc), p->name))
		doctor_say(c, v, "%s holds the LSC of %s", p->name, cert_common_name(lsc));
	else
		v = lsc_dates(j, c, p, lsc);
	if (v == DOCTOR_FAULT)
		doctor_remedy(c, ENROL, p->name);
	cert_free(lsc);
	cert_free(capf);
	return v;
}

static enum doctor_verdict worse(enum doctor_verdict a, enum doctor_verdict b)
{
	if (a == DOCTOR_FAULT || b == DOCTOR_FAULT)
		return DOCTOR_FAULT;
	return a == DOCTOR_CANNOT_TELL ? a : b;
}

static enum doctor_verdict enrolled(
	struct judging *j, struct doctor_check *c, const struct doctor_phone *p)
{
	enum doctor_verdict seen;

	if (p->profile_mode < 2 && !p->install_ordered && !doctor_lsc(p) && !p->capf.seen)
		return doctor_say(c, DOCTOR_GOOD,
			"%s has no LSC, and its profile, Non Secure, asks for none", p->name);
	seen = captured(j, c, p, "CAPF", &p->capf, capf_roles, 1);
	if (seen == DOCTOR_CANNOT_TELL)
		doctor_remedy(c, "capture how it asks for a new LSC: " ENROL, p->name);
	return worse(worse(seen, doctor_shown(c, p)), lsc_judged(j, c, p));
}

void doctor_check_capf(struct judging *j)
{
	static const enum doctor_number on[] = {CHECK_ACCEPTED};
	const struct probe probe = {.what = "CAPF",
		.service = "capf",
		.waits = j->e->capf_waits,
		.h = &j->e->capf_probe,
		.file = &j->e->capf.bytes,
		.roles = capf_roles,
		.count = 1};
	struct doctor_check *c = &j->r->checks[CHECK_CAPF];
	size_t i = 0;
	enum doctor_verdict live = DOCTOR_CANNOT_TELL;
	bool probed = false;

	for (const struct doctor_phone *p = j->e->phones; p; p = p->next, i++) {
		if (!doctor_grounds(j, i, p, CHECK_CAPF, on, 1))
			continue;
		if (!probed)
			live = probe_named(j, c, &probe);
		probed = true;
		j->phone[i][CHECK_CAPF] = worse(live, enrolled(j, c, p));
	}
}

/* Why a phone keeps away from TLS, as far as its record and the cluster tell. */
static void plain_remedy(
	const struct judging *j, struct doctor_check *c, const struct doctor_phone *p)
{
	if (j->e->mode != 1)
		doctor_remedy(c, "cadeado utils ctl set-cluster mixed-mode --token LABEL, then "
				 "reset the phones");
	else if (p->profile_mode != 3)
		doctor_remedy(c,
			"cadeado device add %s --profile Encrypted --install, then reset the phone",
			p->name);
	else
		doctor_remedy(c,
			"its profile asks for Encrypted: reset the phone so that it fetches its "
			"configuration, and see that nothing forces it to plain signalling");
}

static enum doctor_verdict not_registered(
	const struct judging *j, struct doctor_check *c, const struct doctor_phone *p)
{
	const struct doctor_handshake *h = &p->signalling;
	const char *transport = json_get_str(p->state, "transport");
	const char *state = json_get_str(p->state, "state");
	const char *refused = json_get_str(p->state, "refused");

	if (transport && strcmp(transport, "tcp") == 0) {
		plain_remedy(j, c, p);
		return doctor_say(c, DOCTOR_FAULT,
			"%s is not registered: it asks over TCP %d, not over TLS; its profile asks "
			"for mode %d",
			p->name, (int)json_get_int(p->state, "port", 0), p->profile_mode);
	}
	doctor_remedy(c,
		"look at the trace of Cisco CallManager (cadeado logs) and at the phone's console.log");
	return doctor_say(c, DOCTOR_FAULT, "%s is not registered (%s)%s%s%s%s", p->name,
		state && *state ? state : "no state", h->refusal[0] ? "; alert " : "", h->refusal,
		refused && *refused ? "; it refused " : "", refused ? refused : "");
}

static enum doctor_verdict over_tls(struct judging *j, struct doctor_check *c,
	const struct doctor_phone *p, const struct cert *lsc)
{
	const struct doctor_handshake *h = &p->signalling;
	int mode = (int)json_get_int(p->state, "security_mode", 0);

	if (!h->client_der.len)
		return doctor_say(c, DOCTOR_FAULT, "%s showed no certificate", p->name);
	if (!lsc || !span_eq(cert_der(lsc), buf_span(&h->client_der))) {
		doctor_remedy(c, "reset the phone, so that it shows its LSC of today");
		return doctor_say(
			c, DOCTOR_FAULT, "%s showed another certificate than its LSC", p->name);
	}
	if (strstr(h->cipher, "NULL")) {
		plain_remedy(j, c, p);
		return doctor_say(
			c, DOCTOR_FAULT, "%s signals in clear: cipher %s", p->name, h->cipher);
	}
	if (mode != 3 || p->profile_mode != 3) {
		plain_remedy(j, c, p);
		return doctor_say(c, DOCTOR_FAULT,
			"%s runs in security mode %d, its profile asks for %d; 3 is encrypted",
			p->name, mode, p->profile_mode);
	}
	return doctor_say(c, DOCTOR_GOOD,
		"%s: registered over TLS with its LSC, Cipher=%s, Security Mode=%d", p->name,
		h->cipher, mode);
}

static enum doctor_verdict registered(
	struct judging *j, struct doctor_check *c, const struct doctor_phone *p)
{
	const char *transport = json_get_str(p->state, "transport");
	struct cert *lsc = NULL;
	enum doctor_verdict v;

	if (p->state && !json_get_bool(p->state, "registered"))
		return not_registered(j, c, p);
	if (p->listed == DOCTOR_NOT_LISTED) {
		doctor_remedy(c,
			"look at the trace of Cisco CallManager (cadeado logs); is the phone running?");
		return doctor_say(c, DOCTOR_FAULT,
			p->state ? "%s says that it is registered, but the call manager does not "
				   "list it"
				 : "%s is not registered: the call manager does not list it",
			p->name);
	}
	if (!p->state) {
		doctor_remedy(c, "reset the phone, so that it writes phone.json again");
		return doctor_say(c, DOCTOR_CANNOT_TELL,
			"%s: what it says of its registration is missing: %s", p->name,
			p->state_missing);
	}
	if (!transport || strcmp(transport, "tls") != 0) {
		plain_remedy(j, c, p);
		return doctor_say(c, DOCTOR_FAULT,
			"%s is registered over TCP %d, not over TLS; its profile asks for mode %d",
			p->name, (int)json_get_int(p->state, "port", 0), p->profile_mode);
	}
	v = captured(j, c, p, "the call manager", &p->signalling, manager_roles, 2);
	if (v == DOCTOR_CANNOT_TELL)
		doctor_remedy(c, "reset the phone while its traffic is captured");
	if (v != DOCTOR_GOOD)
		return v;
	if (doctor_cert(&lsc, &p->lsc.bytes, NULL) != ERR_OK)
		lsc = NULL;
	v = over_tls(j, c, p, lsc);
	cert_free(lsc);
	return v;
}

void doctor_check_registration(struct judging *j)
{
	static const enum doctor_number on[] = {CHECK_ACCEPTED, CHECK_CAPF};
	const struct probe probe = {.what = "the call manager",
		.service = "Cisco CallManager",
		.waits = j->e->callmanager_waits,
		.h = &j->e->sccps_probe,
		.file = &j->e->callmanager.bytes,
		.roles = manager_roles,
		.count = 2};
	struct doctor_check *c = &j->r->checks[CHECK_REGISTRATION];
	enum doctor_verdict live = DOCTOR_CANNOT_TELL;
	bool probed = false;
	size_t i = 0;

	for (const struct doctor_phone *p = j->e->phones; p; p = p->next, i++) {
		if (!doctor_grounds(j, i, p, CHECK_REGISTRATION, on, 2))
			continue;
		if (!probed)
			live = probe_named(j, c, &probe);
		probed = true;
		j->phone[i][CHECK_REGISTRATION] = worse(live, registered(j, c, p));
	}
}

/* The call that is up, else the last one; NULL when neither was ever connected. */
static const struct json *call_of(const struct doctor_phone *p)
{
	static const char *const members[] = {"call", "last_call"};

	for (size_t i = 0; i < 2; i++) {
		const struct json *call = json_get(p->state, members[i]);
		const char *state = json_get_str(call, "state");

		if ((state && strcmp(state, "connected") == 0) || json_get_int(call, "sent", 0) ||
			json_get_int(call, "received", 0))
			return call;
	}
	return NULL;
}

/* Text of a member that a phone may leave out. */
static const char *text_of(const struct json *call, const char *name, const char *otherwise)
{
	const char *text = json_get_str(call, name);

	return text && *text ? text : otherwise;
}

static bool long_ago(const struct judging *j, const struct json *call)
{
	const char *ended = json_get_str(call, "ended");
	int64_t when;

	return ended && clock_parse(ended, &when) == ERR_OK &&
	       j->e->now - when > CALL_COUNTS_SECONDS;
}

static enum doctor_verdict no_call(struct doctor_check *c, const struct doctor_phone *p)
{
	if (!p->has_line) {
		doctor_remedy(
			c, "cadeado device add %s --number N, reset it and make a call", p->name);
		return doctor_say(c, DOCTOR_CANNOT_TELL,
			"%s: no call was seen; it has no directory number", p->name);
	}
	doctor_remedy(c, "make a call between two phones and run the doctor again");
	return doctor_say(c, DOCTOR_CANNOT_TELL, "%s: no call was seen", p->name);
}

static enum doctor_verdict call_judged(
	struct judging *j, struct doctor_check *c, const struct doctor_phone *p)
{
	const struct json *call = call_of(p);
	const char *peer = text_of(call, "peer", "?"), *icon = text_of(call, "icon", "none");
	const char *ended = text_of(call, "ended", "");
	long long sent = json_get_int(call, "sent", 0),
		  received = json_get_int(call, "received", 0);
	long long good = json_get_int(call, "authenticated", 0);
	long long bad = json_get_int(call, "rejected", 0), clear = json_get_int(call, "clear", 0);

	if (!call)
		return no_call(c, p);
	if (long_ago(j, call)) {
		doctor_remedy(c, "make a call between two phones and run the doctor again");
		return doctor_say(c, DOCTOR_CANNOT_TELL,
			"%s: its last call ended long ago, %s: it tells nothing of today", p->name,
			ended);
	}
	if (strcmp(icon, "lock") != 0) {
		doctor_remedy(c, "give both phones the profile Encrypted and see that both are "
				 "registered over TLS: cadeado show stations");
		return doctor_say(c, DOCTOR_FAULT, "%s: call with %s shows %s%s, not the lock",
			p->name, peer, strcmp(icon, "none") == 0 ? "no icon" : "the ",
			strcmp(icon, "none") == 0 ? "" : icon);
	}
	if (bad || clear || good != received || !good || !sent ||
		!json_get_bool(call, "audio_ok")) {
		if (bad || clear || good != received)
			doctor_remedy(c, "one end has no keys or others: see which phone sends in "
					 "clear, and both phones' console.log");
		else
			doctor_remedy(c, "see whether RTP passes between the phones: addresses, "
					 "firewall, console.log of both");
		return doctor_say(c, DOCTOR_FAULT,
			"%s: call with %s shows the lock, but of %lld packets received %lld were "
			"authentic, %lld rejected and %lld in clear; %lld sent",
			p->name, peer, received, good, bad, clear, sent);
	}
	return doctor_say(c, DOCTOR_GOOD,
		"%s: call with %s shows the lock; %s, %lld packets sent, %lld received and "
		"authentic%s%s",
		p->name, peer, text_of(call, "algorithm", "SRTP"), sent, received,
		*ended ? "; ended " : "", ended);
}

void doctor_check_call(struct judging *j)
{
	static const enum doctor_number on[] = {CHECK_REGISTRATION};
	size_t i = 0;

	for (const struct doctor_phone *p = j->e->phones; p; p = p->next, i++)
		if (doctor_grounds(j, i, p, CHECK_CALL, on, 1))
			j->phone[i][CHECK_CALL] = call_judged(j, &j->r->checks[CHECK_CALL], p);
}
