/* SPDX-License-Identifier: BSD-2-Clause
 * What each of a phone's messages does, and what follows when the job that it began is back. */
#include "service/capf/session.h"

#include "base/log.h"

#include <stdio.h>

#define KEY_TYPE_SINCE 3 /* client version from which KEY_GEN_REQ names the key type */
#define CERT_TYPE_LSC  1
#define CERT_TYPE_MIC  2
#define KEY_TYPE_RSA   0
#define KEY_TYPE_EC    1

static void add(struct capf_message *m, enum capf_element e)
{
	size_t n = 0;

	while (m->order[n])
		n++;
	m->order[n] = (uint8_t)e;
	m->has |= CAPF_HAS(e);
}

static void out_of_memory(struct session *s)
{
	session_complain(s, err_text(ERR_NOMEM));
	session_end(s, CAPF_REASON_FAILED);
}

/* --- authentication --- */

void on_auth_res(struct session *s, const struct capf_message *m)
{
	char asked[DEVICE_NAME_SIZE + 1] = "";
	struct job *j;

	if (m->device_name.len > 0 && m->device_name.len < sizeof(asked))
		memcpy(asked, m->device_name.ptr, m->device_name.len);
	if (str_device_name(s->device, asked) != ERR_OK) {
		str_copy(s->device, sizeof(s->device), "UNKNOWN");
		session_complain(s, "AUTH_RES, DEVICE_NAME: not a device name");
		session_end(s, CAPF_REASON_UNKNOWN_DEVICE);
		return;
	}
	s->version = m->version;
	j = job_new(s, JOB_BEGIN);
	if (j && capf_encode(&j->input, m) == ERR_OK)
		buf_put(&j->shown, stream_peer_cert(s->stream));
	if (!j || buf_check(&j->input) || buf_check(&j->shown)) {
		if (j)
			job_free(j);
		out_of_memory(s);
		return;
	}
	stream_timeout(s->stream, CAPF_JOB_US);
	stream_pause(s->stream, true);
	s->busy = true;
	job_start(j);
}

static void ask_for_key(struct session *s)
{
	struct capf_message m = {.type = CAPF_KEY_GEN_REQ};

	if (s->key.ec) {
		m.key_type = KEY_TYPE_EC;
		m.curve = s->key.bits == 256 ? 0 : s->key.bits == 384 ? 1 : 2;
		add(&m, CAPF_E_KEY_TYPE);
		add(&m, CAPF_E_CURVE);
	} else {
		m.key_size = (uint16_t)s->key.bits;
		m.key_type = KEY_TYPE_RSA;
		add(&m, CAPF_E_KEY_SIZE);
		if (s->version >= KEY_TYPE_SINCE)
			add(&m, CAPF_E_KEY_TYPE);
	}
	s->key_since_us = clock_monotonic_us();
	if (!session_send(s, &m))
		return;
	session_enter(s, SESSION_AWAIT_KEY_GEN_RES);
	session_step(s, STORE_STEP_KEY_GENERATION);
}

static void ask_for_deletion(struct session *s)
{
	struct capf_message m = {.type = CAPF_DELETE_CERT_REQ};

	if (!session_send(s, &m))
		return;
	session_enter(s, SESSION_AWAIT_DELETE_CERT_RES);
}

/* The LSC without saying so, as every server does; the MIC by its type. */
static void ask_for_cert(struct session *s)
{
	struct capf_message m = {.type = CAPF_FETCH_CERT_REQ};

	if (s->fetching_mic) {
		m.cert_type = CERT_TYPE_MIC;
		add(&m, CAPF_E_CERT_TYPE);
	}
	if (!session_send(s, &m))
		return;
	session_enter(s, SESSION_AWAIT_FETCH_CERT_RES);
}

static void begin_issuing(struct session *s, struct span spki)
{
	struct job *j = job_new(s, JOB_ISSUE);

	if (j)
		buf_put(&j->input, spki);
	if (!j || buf_check(&j->input)) {
		if (j)
			job_free(j);
		out_of_memory(s);
		return;
	}
	s->issuing = j;
	session_enter(s, SESSION_AWAIT_CA_RES);
	session_step(s, STORE_STEP_CA);
	job_start(j);
}

/* A key that another session has brought waits for a certificate: the phone makes no second one. */
static void begin_install(struct session *s, const struct job *j)
{
	if (j->order.waiting.len)
		begin_issuing(s, buf_span(&j->order.waiting));
	else
		ask_for_key(s);
}

static void go(struct session *s, const struct job *j)
{
	session_proven(s);
	s->op = j->order.op;
	s->key = j->order.key;
	s->backup = j->order.backup;
	s->by_lsc = j->order.by_lsc;
	s->keep_alive = j->keep_alive;
	if (j->order.why.code)
		session_complain(s, j->order.why.text);
	session_step(s, STORE_STEP_CONNECTED);
	switch (s->op) {
	case ENROL_INSTALL: begin_install(s, j); return;
	case ENROL_DELETE: ask_for_deletion(s); return;
	case ENROL_TROUBLESHOOT: ask_for_cert(s); return;
	case ENROL_NONE:
	case ENROL_OPERATIONS: break;
	}
	session_complain(s, "the record holds an operation that is not known");
	session_end(s, CAPF_REASON_FAILED);
}

void after_begin(struct session *s, const struct job *j)
{
	if (j->err != ERR_OK) {
		session_end(s, CAPF_REASON_FAILED);
		return;
	}
	switch (j->order.verdict) {
	case ENROL_UNKNOWN_DEVICE:
		session_complain(s, "unknown device");
		session_end(s, CAPF_REASON_UNKNOWN_DEVICE);
		return;
	case ENROL_NOTHING_TO_DO:
		if (j->order.why.code)
			session_complain(s, j->order.why.text);
		session_end(s, CAPF_REASON_NONE);
		return;
	case ENROL_REFUSED:
		session_complain(s, j->order.why.text);
		session_end(s, CAPF_REASON_FAILED);
		return;
	case ENROL_GO: go(s, j); return;
	}
}

/* --- install --- */

void on_in_progress(struct session *s, const struct capf_message *m)
{
	if (++s->in_progress > CAPF_IN_PROGRESS_MAX ||
		clock_monotonic_us() - s->key_since_us > CAPF_KEY_TOTAL_US) {
		session_complain(s, "the key takes too long");
		session_finish(s, ENROL_KEY_FAILED, CAPF_REASON_FAILED, true,
			"the phone asked for patience too often");
		return;
	}
	session_enter(s, SESSION_AWAIT_KEY_GEN_RES);
}

/* Which of the two a phone can make it tells by failing. */
static void no_key(struct session *s)
{
	if (s->backup.bits) {
		session_complain(s, "no EC key; an RSA key is asked for instead");
		s->key = s->backup;
		s->backup.bits = 0;
		ask_for_key(s);
	} else if (s->key.ec) {
		session_finish(s, ENROL_EC_ONLY, CAPF_REASON_FAILED, false,
			"the phone did not make the EC key");
	} else {
		session_finish(s, ENROL_KEY_FAILED, CAPF_REASON_FAILED, false,
			"the phone says that it cannot make the key");
	}
}

void on_key_gen_res(struct session *s, const struct capf_message *m)
{
	if (m->has & CAPF_HAS(CAPF_E_PUBLIC_KEY))
		begin_issuing(s, m->public_key);
	else
		no_key(s);
}

static void send_cert(struct session *s)
{
	struct capf_message m = {
		.type = CAPF_STORE_CERT_REQ,
		.cert_type = CERT_TYPE_LSC,
		.certificate_type = CERT_TYPE_LSC,
		.certificate = cert_der(s->lsc),
	};

	add(&m, CAPF_E_CERT_TYPE);
	add(&m, CAPF_E_CERTIFICATE);
	live_trace(s->service, "Generated the cert");
	if (!session_send(s, &m))
		return;
	session_enter(s, SESSION_AWAIT_STORE_CERT_RES);
	session_step(s, STORE_STEP_STORING);
}

void after_issue(struct session *s, struct job *j)
{
	switch (j->err) {
	case ERR_OK:
		s->lsc = j->lsc;
		s->issuer = j->issuer;
		j->lsc = j->issuer = NULL;
		send_cert(s);
		return;
	case ERR_FORMAT:
	case ERR_SHORT:
	case ERR_ARG:
	case ERR_UNSUPPORTED:
	case ERR_LIMIT:
		session_finish(s, ENROL_KEY_FAILED, CAPF_REASON_FAILED, false, j->why.text);
		return;
	case ERR_NOTNOW:
		if (j->ask.request.len && !j->ask.answered) {
			ask_start(s, j);
			return;
		}
		session_finish(s, ENROL_PENDING, CAPF_REASON_NONE, true, j->why.text);
		return;
	case ERR_DENIED:
		session_finish(s, ENROL_CA_REFUSED, CAPF_REASON_FAILED, false, j->why.text);
		return;
	default: session_finish(s, ENROL_CA_LOST, CAPF_REASON_FAILED, true, j->why.text); return;
	}
}

static bool says_good(const struct capf_message *m)
{
	return (m->has & CAPF_HAS(CAPF_E_REASON)) && m->reason == CAPF_REASON_SUCCESS;
}

static void say_no(struct session *s, const struct capf_message *m, const char *what)
{
	char note[96];

	if (m->has & CAPF_HAS(CAPF_E_REASON))
		snprintf(note, sizeof(note), "%s (reason %u)", what, m->reason);
	else
		snprintf(note, sizeof(note), "%s", what);
	session_finish(s, ENROL_FAILED, CAPF_REASON_FAILED, false, note);
}

void on_store_cert_res(struct session *s, const struct capf_message *m)
{
	if (says_good(m))
		session_finish(s, ENROL_SUCCESS, CAPF_REASON_SUCCESS, false, NULL);
	else
		say_no(s, m, "the phone refused the certificate");
}

/* --- delete, troubleshoot --- */

void on_delete_cert_res(struct session *s, const struct capf_message *m)
{
	if (says_good(m))
		session_finish(s, ENROL_SUCCESS, CAPF_REASON_SUCCESS, false, NULL);
	else
		say_no(s, m, "the phone did not delete its certificate");
}

/* What was brought must be this phone's, whoever issued it. */
static bool keep_fetched(struct session *s, const struct capf_message *m)
{
	struct cert **into = &s->fetched[s->fetching_mic];

	if (cert_from_der(into, m->certificate, NULL) == ERR_OK && proof_names(*into, s->device))
		return true;
	cert_free(*into);
	*into = NULL;
	return false;
}

void on_fetch_cert_res(struct session *s, const struct capf_message *m)
{
	bool brought = m->has & CAPF_HAS(CAPF_E_CERTIFICATE);

	if (brought && !keep_fetched(s, m)) {
		session_complain(s, "the certificate that it handed over is not its own");
		session_finish(s, s->fetching_mic ? ENROL_BAD_MIC : ENROL_BAD_LSC,
			CAPF_REASON_FAILED, false,
			"the phone handed over a certificate that is not its own");
	} else if (!s->fetching_mic) {
		s->fetching_mic = true;
		ask_for_cert(s);
	} else {
		session_finish(s, ENROL_SUCCESS, CAPF_REASON_NONE, false,
			s->fetched[0] || s->fetched[1] ? NULL : "the phone has no certificate");
	}
}
