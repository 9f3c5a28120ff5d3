/* SPDX-License-Identifier: BSD-2-Clause
 * Checks 6 to 8: the phone's conversations with CAPF, with the call manager and with each other. */
#include "core/doctor/judging.h"

#include "base/clock.h"
#include "base/str.h"

static const unsigned capf_roles[] = {TLV_ROLE_CAPF};
static const unsigned manager_roles[] = {TLV_ROLE_CCM, TLV_ROLE_CCM_TFTP};

/* The certificate that a port shows now must be one that the list names for the role. */
static enum doctor_verdict probe_named(struct judging *j, struct doctor_check *c, const char *what,
	const struct doctor_handshake *h, const unsigned *roles, size_t count)
{
	struct cert *cert = NULL;
	enum doctor_verdict v;

	if (!h->seen)
		return doctor_say(c, DOCTOR_FAULT, "%s does not shake hands: %s", what, h->missing);
	if (cert_from_der(&cert, buf_span(&h->server_der), NULL) != ERR_OK)
		return doctor_say(c, DOCTOR_FAULT, "%s shows no readable certificate", what);
	if (doctor_list_names(&j->list, cert_der(cert), roles, count)) {
		v = doctor_say(c, DOCTOR_GOOD, "%s shows %s, which the list names", what,
			cert_subject(cert));
	} else {
		doctor_remedy(c, "restart the service with the right certificate, or: cadeado "
				 "utils ctl update CTLFile");
		v = doctor_say(c, DOCTOR_FAULT, "%s shows %s with a key that is not in the list",
			what, cert_subject(cert));
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
	if (!doctor_list_names(&j->list, buf_span(&h->server_der), roles, count))
		return doctor_say(c, DOCTOR_FAULT,
			"%s met a certificate of %s that is not in the list", p->name, what);
	if (!h->completed)
		return doctor_say(c, DOCTOR_FAULT,
			"%s: the handshake with %s was not completed%s%s", p->name, what,
			h->refusal[0] ? ": alert " : "", h->refusal);
	return doctor_say(c, DOCTOR_GOOD, "%s: handshake with %s completed, %s, %s", p->name, what,
		h->version, h->cipher);
}

/* An LSC: signed by the CAPF of the list, for this device, valid today. */
static enum doctor_verdict lsc_judged(
	struct judging *j, struct doctor_check *c, const struct doctor_phone *p)
{
	struct cert *lsc = NULL, *capf = NULL;
	enum doctor_verdict v = DOCTOR_GOOD;
	struct fail why = {0};
	char until[CLOCK_DATE_MAX];

	if (!p->lsc.there || cert_from_pem(&lsc, buf_span(&p->lsc.bytes), &why) != ERR_OK) {
		doctor_remedy(c,
			"order one: cadeado device add SEP<MAC> --install, then reset the phone");
		return doctor_say(c, DOCTOR_FAULT, "%s has no LSC: %s", p->name,
			p->lsc.there ? why.text : p->lsc.missing);
	}
	capf = doctor_list_cert(&j->list, TLV_ROLE_CAPF);
	clock_print_iso(until, cert_not_after(lsc));
	if (!capf || cert_check_signed_by(lsc, capf, &why) != ERR_OK)
		v = doctor_say(c, DOCTOR_FAULT,
			"%s: its LSC was not issued by the CAPF of the list: %s", p->name,
			capf ? why.text : "the list names none");
	else if (!strstr(cert_common_name(lsc), p->name))
		v = doctor_say(
			c, DOCTOR_FAULT, "%s holds the LSC of %s", p->name, cert_common_name(lsc));
	else if (!cert_valid_at(lsc, j->e->now))
		v = doctor_say(c, DOCTOR_FAULT, "%s: its LSC is not valid today (until %s)",
			p->name, until);
	else
		doctor_say(c, DOCTOR_GOOD, "%s: LSC issued by %s, valid until %s", p->name,
			cert_issuer(lsc), until);
	if (v == DOCTOR_FAULT)
		doctor_remedy(c, "order a new one: cadeado device add SEP<MAC> --install, then "
				 "reset the phone");
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

void doctor_check_capf(struct judging *j)
{
	static const enum doctor_number on[] = {CHECK_ACCEPTED};
	struct doctor_check *c = &j->r->checks[CHECK_CAPF];
	size_t i = 0;
	enum doctor_verdict live = DOCTOR_CANNOT_TELL;
	bool probed = false;

	for (const struct doctor_phone *p = j->e->phones; p; p = p->next, i++) {
		if (!doctor_grounds(j, i, p, CHECK_CAPF, on, 1))
			continue;
		if (!probed)
			live = probe_named(j, c, "CAPF", &j->e->capf_probe, capf_roles, 1);
		probed = true;
		enum doctor_verdict seen = captured(j, c, p, "CAPF", &p->capf, capf_roles, 1);

		j->phone[i][CHECK_CAPF] = worse(live, worse(seen, lsc_judged(j, c, p)));
	}
}

static enum doctor_verdict registered(
	struct judging *j, struct doctor_check *c, const struct doctor_phone *p)
{
	const struct doctor_handshake *h = &p->signalling;
	const char *transport = json_get_str(p->state, "transport");
	int mode = (int)json_get_int(p->state, "security_mode", 0);
	struct cert *lsc = NULL;
	enum doctor_verdict v;

	if (!json_get_bool(p->state, "registered")) {
		doctor_remedy(c, "look at the trace sdi.log and at the phone's console.log");
		return doctor_say(c, DOCTOR_FAULT, "%s is not registered%s%s", p->name,
			h->refusal[0] ? ": alert " : "", h->refusal);
	}
	if (p->listed == DOCTOR_NOT_LISTED) {
		doctor_remedy(c, "look at the trace sdi.log; is the phone running?");
		return doctor_say(c, DOCTOR_FAULT,
			"%s says that it is registered, but the call manager does not list it",
			p->name);
	}
	if (!transport || strcmp(transport, "tls") != 0) {
		doctor_remedy(
			c, "give it a profile with Device Security Mode Encrypted, then reset it");
		return doctor_say(c, DOCTOR_FAULT, "%s is registered over TCP %d, not over TLS",
			p->name, (int)json_get_int(p->state, "port", 0));
	}
	v = captured(j, c, p, "the call manager", h, manager_roles, 2);
	if (v != DOCTOR_GOOD)
		return v;
	if (cert_from_pem(&lsc, buf_span(&p->lsc.bytes), NULL) != ERR_OK ||
		!span_eq(cert_der(lsc), buf_span(&h->client_der)))
		v = doctor_say(
			c, DOCTOR_FAULT, "%s showed another certificate than its LSC", p->name);
	else if (strstr(h->cipher, "NULL"))
		v = doctor_say(
			c, DOCTOR_FAULT, "%s signals in clear: cipher %s", p->name, h->cipher);
	else if (mode != p->profile_mode)
		v = doctor_say(c, DOCTOR_FAULT,
			"%s runs in security mode %d, its profile asks for %d", p->name, mode,
			p->profile_mode);
	else if (mode != 3)
		v = doctor_say(c, DOCTOR_FAULT, "%s runs in security mode %d; 3 is encrypted",
			p->name, mode);
	else
		doctor_say(c, DOCTOR_GOOD,
			"%s: registered over TLS with its LSC, Cipher=%s, Security Mode=%d",
			p->name, h->cipher, mode);
	cert_free(lsc);
	return v;
}

void doctor_check_registration(struct judging *j)
{
	static const enum doctor_number on[] = {CHECK_ACCEPTED, CHECK_CAPF};
	struct doctor_check *c = &j->r->checks[CHECK_REGISTRATION];
	enum doctor_verdict live = DOCTOR_CANNOT_TELL;
	bool probed = false;
	size_t i = 0;

	for (const struct doctor_phone *p = j->e->phones; p; p = p->next, i++) {
		if (!doctor_grounds(j, i, p, CHECK_REGISTRATION, on, 2))
			continue;
		if (!probed)
			live = probe_named(
				j, c, "the call manager", &j->e->sccps_probe, manager_roles, 2);
		probed = true;
		j->phone[i][CHECK_REGISTRATION] = worse(live, registered(j, c, p));
	}
}

static const struct json *call_of(const struct doctor_phone *p)
{
	const struct json *now = json_get(p->state, "call"),
			  *last = json_get(p->state, "last_call");

	return json_get_int(now, "received", 0) > 0 || !last ? now : last;
}

static enum doctor_verdict call_judged(struct doctor_check *c, const struct doctor_phone *p)
{
	const struct json *call = call_of(p);
	const char *icon = json_get_str(call, "icon"), *peer = json_get_str(call, "peer");
	int64_t sent = json_get_int(call, "sent", 0), received = json_get_int(call, "received", 0);
	int64_t good = json_get_int(call, "authenticated", 0);
	int64_t bad = json_get_int(call, "rejected", 0), clear = json_get_int(call, "clear", 0);

	if (!icon || (strcmp(json_get_str(call, "state") ? json_get_str(call, "state") : "",
			      "idle") == 0 &&
			     sent == 0 && received == 0)) {
		doctor_remedy(c, "make a call between two phones and run the doctor again");
		return doctor_say(c, DOCTOR_CANNOT_TELL, "%s: no call was seen", p->name);
	}
	if (strcmp(icon, "lock") != 0)
		return doctor_say(c, DOCTOR_FAULT, "%s: call with %s shows %s%s, not the lock",
			p->name, peer ? peer : "?", strcmp(icon, "none") == 0 ? "no icon" : "the ",
			strcmp(icon, "none") == 0 ? "" : icon);
	if (bad > 0 || clear > 0 || good != received || good == 0 || sent == 0 ||
		!json_get_bool(call, "audio_ok"))
		return doctor_say(c, DOCTOR_FAULT,
			"%s: call with %s shows the lock, but of %lld packets received %lld were "
			"authentic, "
			"%lld rejected and %lld in clear; %lld sent",
			p->name, peer ? peer : "?", (long long)received, (long long)good,
			(long long)bad, (long long)clear, (long long)sent);
	return doctor_say(c, DOCTOR_GOOD,
		"%s: call with %s shows the lock; %s, %lld packets sent, %lld received and "
		"authentic",
		p->name, peer ? peer : "?",
		json_get_str(call, "algorithm") ? json_get_str(call, "algorithm") : "SRTP",
		(long long)sent, (long long)received);
}

void doctor_check_call(struct judging *j)
{
	static const enum doctor_number on[] = {CHECK_REGISTRATION};
	size_t i = 0;

	for (const struct doctor_phone *p = j->e->phones; p; p = p->next, i++)
		if (doctor_grounds(j, i, p, CHECK_CALL, on, 1))
			j->phone[i][CHECK_CALL] = call_judged(&j->r->checks[CHECK_CALL], p);
}
