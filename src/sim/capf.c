/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/capf_priv.h"

#include "base/mem.h"

#include <stdio.h>

#define NOBODY_S_TYPE 99

static const char *const state_names[STATES] = {"AWAIT_AUTH_REQ", "AWAIT_COMMAND", "KEY_GEN_BUSY",
	"AWAIT_STORE_CERT_REQ", "AWAIT_END_SESSION", "SILENT"};

const char *sim_lsc_step_text(enum sim_lsc_step step)
{
	static const char *const texts[] = {
		[SIM_LSC_IDLE] = "",
		[SIM_LSC_CONNECTING] = "Connecting",
		[SIM_LSC_AUTHENTICATING] = "Authenticating",
		[SIM_LSC_GENERATING] = "Generating Key",
		[SIM_LSC_INSTALLING] = "Installing",
		[SIM_LSC_DELETING] = "Deleting",
		[SIM_LSC_READING] = "Reading",
	};

	return texts[step];
}

static void close_connection(struct sim_capf *s)
{
	if (s->stream) {
		stream_tap(s->stream, NULL, NULL);
		stream_finish(s->stream);
	}
	s->stream = NULL;
	sim_capture_close(s->capture);
	s->capture = NULL;
	tls_free(s->tls);
	s->tls = NULL;
	if (s->timer)
		loop_timer_stop(s->timer);
	sim_keygen_forget(s->generating);
	s->generating = NULL;
}

static void destroy(struct sim_capf *s)
{
	close_connection(s);
	loop_timer_free(s->timer);
	key_free(s->key);
	buf_wipe(&s->string);
	mem_free(s);
}

void sim_capf_free(struct sim_capf *s)
{
	if (!s)
		return;
	s->dead = true;
	if (s->depth == 0)
		destroy(s);
	else
		close_connection(s);
}

void sim_capf_enter(struct sim_capf *s)
{
	s->depth++;
}

void sim_capf_leave(struct sim_capf *s)
{
	if (--s->depth == 0 && s->dead)
		destroy(s);
}

/* CAPF has its public half: the certificate may be ready when the phone comes again. */
static void keep_key(struct sim_capf *s)
{
	struct fail why = {0};

	if (s->state == AWAIT_STORE_CERT_REQ && s->key &&
		sim_flash_keep_key(s->spec.flash, s->key, &why) != ERR_OK && !s->result.why.code)
		s->result.why = why;
}

static void over(struct sim_capf *s)
{
	close_connection(s);
	keep_key(s);
	if (!s->dead && s->owner.over)
		s->owner.over(s->ctx, &s->result);
}

void sim_capf_failed(struct sim_capf *s, enum err code, const char *text)
{
	(void)fail_set(&s->result.why, code, "%s", text);
	over(s);
}

void sim_capf_progress(struct sim_capf *s, enum sim_lsc_step step)
{
	if (s->owner.progress)
		s->owner.progress(s->ctx, step);
}

bool sim_capf_faulty(const struct sim_capf *s, enum sim_fault fault)
{
	return sim_fault_set(&s->spec.faults, fault);
}

/* ---- sending ---- */

static enum err write_pieces(struct sim_capf *s, struct span bytes)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < bytes.len && err == ERR_OK; i++)
		err = stream_write(s->stream, span_of(bytes.ptr + i, 1));
	return err;
}

/* An answer may be spoilt. */
static enum err write_answer(struct sim_capf *s, struct buf *out)
{
	const struct sim_faults *f = &s->spec.faults;
	struct span bytes = buf_span(out);

	if (sim_fault_at(f, SIM_FAULT_UNKNOWN_TYPE, s->asked))
		out->data[1] = NOBODY_S_TYPE;
	if (sim_fault_at(f, SIM_FAULT_GARBAGE, s->asked))
		memset(out->data, 'A', out->len);
	if (sim_fault_at(f, SIM_FAULT_HALF_ANSWER, s->asked)) {
		bytes.len /= 2;
		s->state = SILENT;
	}
	return sim_capf_faulty(s, SIM_FAULT_PIECES) ? write_pieces(s, bytes)
						    : stream_write(s->stream, bytes);
}

/* False when the session is over. */
bool sim_capf_send(struct sim_capf *s, struct capf_message *m)
{
	struct buf out = {0};
	enum err err;

	m->session = s->session + (sim_capf_faulty(s, SIM_FAULT_WRONG_SESSION) ? 1 : 0);
	err = capf_encode(&out, m);
	if (err == ERR_OK)
		err = m->type == CAPF_REQ_IN_PROGRESS ? stream_write(s->stream, buf_span(&out))
						      : write_answer(s, &out);
	buf_wipe(&out);
	if (err) {
		sim_capf_failed(s, err, "a message cannot be sent");
		return false;
	}
	if (s->owner.message)
		s->owner.message(s->ctx, true, m);
	if (!s->stream)
		return false;
	stream_timeout(s->stream, s->state == SILENT ? 0 : s->spec.talk_us);
	return true;
}

void sim_capf_send_reason(struct sim_capf *s, uint8_t type, uint8_t reason)
{
	struct capf_message m = {.type = type,
		.has = CAPF_HAS(CAPF_E_REASON),
		.order = {CAPF_E_REASON},
		.reason = reason};

	(void)sim_capf_send(s, &m);
}

/* ---- what the server wants of the phone ---- */

static void on_store_cert_req(struct sim_capf *s, const struct capf_message *m)
{
	struct fail *why = &s->result.why;
	bool kept = !s->key;
	struct key *key = kept ? sim_flash_kept_key(s->spec.flash) : s->key;
	bool lsc = !(m->has & CAPF_HAS(CAPF_E_CERT_TYPE)) || m->cert_type == CERT_TYPE_LSC;

	s->key = NULL;
	if (sim_capf_faulty(s, SIM_FAULT_REFUSE_CERTIFICATE)) {
		(void)fail_set(why, ERR_DENIED, "told to refuse the certificate");
	} else if (!lsc || !(m->has & CAPF_HAS(CAPF_E_CERTIFICATE)) ||
		   m->certificate.len > SIM_CERT_MAX) {
		(void)fail_set(why, ERR_FORMAT, "STORE_CERT_REQ holds no LSC");
	} else if (!key && span_eq(m->certificate, buf_span(&s->spec.flash->lsc))) {
		s->result.did |= SIM_CAPF_INSTALLED; /* before the server heard of it */
	} else if (!key) {
		(void)fail_set(why, ERR_NOTFOUND, "STORE_CERT_REQ though the phone made no key");
	} else {
		if (sim_flash_take_lsc(s->spec.flash, key, m->certificate, why) == ERR_OK)
			s->result.did |= SIM_CAPF_INSTALLED;
		key = NULL;
	}
	key_free(key);
	if (kept && (s->result.did & SIM_CAPF_INSTALLED) &&
		sim_flash_drop_kept(s->spec.flash, why) != ERR_OK)
		s->result.did |= SIM_CAPF_KEPT;
	if (sim_capf_faulty(s, SIM_FAULT_LOSE_ANSWER)) {
		sim_capf_failed(s, ERR_CLOSED, "told to be gone before it answers");
		return;
	}
	if (why->code)
		s->result.did |= SIM_CAPF_KEPT;
	s->state = AWAIT_END_SESSION;
	sim_capf_send_reason(
		s, CAPF_STORE_CERT_RES, why->code ? CAPF_REASON_FAILED : CAPF_REASON_SUCCESS);
}

/* The LSC; the MIC where the server asks for that. It may ask for one after the other. */
static void on_fetch_cert_req(struct sim_capf *s, const struct capf_message *m)
{
	const struct sim_flash *flash = s->spec.flash;
	bool mic = (m->has & CAPF_HAS(CAPF_E_CERT_TYPE)) && m->cert_type == CERT_TYPE_MIC;
	struct capf_message answer = {.type = CAPF_FETCH_CERT_RES,
		.has = CAPF_HAS(CAPF_E_REASON) | CAPF_HAS(CAPF_E_CERTIFICATE),
		.order = {CAPF_E_REASON, CAPF_E_CERTIFICATE},
		.reason = CAPF_REASON_SUCCESS,
		.certificate_type = mic ? CERT_TYPE_MIC : CERT_TYPE_LSC,
		.certificate = buf_span(mic ? &flash->mic : &flash->lsc)};

	sim_capf_progress(s, SIM_LSC_READING);
	if (!answer.certificate.len || sim_capf_faulty(s, SIM_FAULT_REFUSE_FETCH)) {
		s->result.did |= SIM_CAPF_SHOWED_NONE;
		sim_capf_send_reason(s, CAPF_FETCH_CERT_RES, CAPF_REASON_FAILED);
		return;
	}
	s->result.did |= mic ? SIM_CAPF_SHOWED_MIC : SIM_CAPF_SHOWED_LSC;
	(void)sim_capf_send(s, &answer);
}

static void on_delete_cert_req(struct sim_capf *s, const struct capf_message *m)
{
	struct fail *why = &s->result.why;

	sim_capf_progress(s, SIM_LSC_DELETING);
	if (sim_capf_faulty(s, SIM_FAULT_REFUSE_DELETE))
		(void)fail_set(why, ERR_DENIED, "told not to delete the LSC");
	else if (sim_flash_drop_lsc(s->spec.flash, why) == ERR_OK)
		s->result.did |= SIM_CAPF_DELETED;
	if (why->code)
		s->result.did |= SIM_CAPF_KEPT;
	s->state = AWAIT_END_SESSION;
	sim_capf_send_reason(
		s, CAPF_DELETE_CERT_RES, why->code ? CAPF_REASON_FAILED : CAPF_REASON_SUCCESS);
}

static void on_end_session(struct sim_capf *s, const struct capf_message *m)
{
	s->result.reason = m->reason;
	if (m->reason != CAPF_REASON_NONE && m->reason != CAPF_REASON_SUCCESS)
		(void)fail_set(&s->result.why, ERR_DENIED,
			"the server ended the session with reason %u%s", m->reason,
			m->reason == CAPF_REASON_UNKNOWN_DEVICE ? " (unknown device)" : "");
	over(s);
}

static void on_retry_later(struct sim_capf *s, const struct capf_message *m)
{
	sim_capf_failed(s, ERR_NOTNOW, "the server asks to come later");
}

/* ---- receiving ---- */

#define IN(state) (1u << (state))
#define AFTER_AUTH                                                                                 \
	(IN(AWAIT_COMMAND) | IN(KEY_GEN_BUSY) | IN(AWAIT_STORE_CERT_REQ) | IN(AWAIT_END_SESSION))

/* Which message means something in which states; any other ends the session. */
static const struct row {
	uint8_t type;
	unsigned states;
	void (*act)(struct sim_capf *s, const struct capf_message *m);
} rows[] = {
	{CAPF_AUTH_REQ, IN(AWAIT_AUTH_REQ), sim_capf_on_auth_req},
	{CAPF_KEY_GEN_REQ, IN(AWAIT_COMMAND), sim_capf_on_key_gen_req},
	/* Also at once, for a key that was made in another session. */
	{CAPF_STORE_CERT_REQ, IN(AWAIT_COMMAND) | IN(AWAIT_STORE_CERT_REQ), on_store_cert_req},
	{CAPF_FETCH_CERT_REQ, IN(AWAIT_COMMAND), on_fetch_cert_req},
	{CAPF_DELETE_CERT_REQ, IN(AWAIT_COMMAND), on_delete_cert_req},
	{CAPF_RETRY_LATER, IN(AWAIT_AUTH_REQ) | AFTER_AUTH, on_retry_later},
	{CAPF_END_SESSION, IN(AWAIT_AUTH_REQ) | AFTER_AUTH, on_end_session},
};

static void obey(struct sim_capf *s, const struct capf_message *m)
{
	char text[96];

	s->asked = m->type;
	if (sim_fault_at(&s->spec.faults, SIM_FAULT_HANG_UP, m->type)) {
		sim_capf_failed(s, ERR_CLOSED, "told to hang up");
		return;
	}
	if (sim_fault_at(&s->spec.faults, SIM_FAULT_NO_ANSWER, m->type)) {
		s->state = SILENT;
		stream_timeout(s->stream, 0);
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type == m->type && (rows[i].states & IN(s->state))) {
			rows[i].act(s, m);
			return;
		}
	}
	(void)snprintf(text, sizeof(text), "unexpected CAPF_MSG_%s in state %s",
		capf_type_name(m->type), state_names[s->state]);
	sim_capf_failed(s, ERR_PROTO, text);
}

static void on_message(struct sim_capf *s, const struct capf_message *m)
{
	if (s->owner.message)
		s->owner.message(s->ctx, false, m);
	if (!s->stream || s->state == SILENT)
		return;
	if (s->state != AWAIT_AUTH_REQ && m->session != s->session)
		sim_capf_failed(s, ERR_PROTO, "the server changed the session number");
	else
		obey(s, m);
}

/* Takes one message off the input; false when there is none, or the session is over. */
static bool take_message(struct sim_capf *s)
{
	struct capf_message m;
	struct fail why = {0};
	struct buf copy = {0};
	enum err err = ERR_OK;
	size_t len = capf_frame(stream_input(s->stream), &err, &why);

	if (err == ERR_OK && len == 0)
		return false;
	/* The session may end while the message is obeyed, and the stream's input with it. */
	if (err == ERR_OK) {
		buf_put(&copy, span_of(stream_input(s->stream).ptr, len));
		stream_consume(s->stream, len);
		err = buf_check(&copy);
	}
	if (err == ERR_OK)
		err = capf_decode(&m, buf_span(&copy), &why);
	if (err)
		sim_capf_failed(s, err, why.text[0] ? why.text : err_text(err));
	else
		on_message(s, &m);
	buf_fini(&copy);
	return s->stream != NULL;
}

/* ---- the connection ---- */

static void ready(struct sim_capf *s)
{
	if (s->owner.ready)
		s->owner.ready(s->ctx, s->stream);
	if (s->stream)
		stream_timeout(s->stream, s->spec.talk_us);
}

static void broken(struct sim_capf *s)
{
	struct fail why = s->verify.code ? s->verify : *stream_failure(s->stream);

	s->result.server_refused = s->verify.code != ERR_OK;
	sim_capf_failed(s, why.code, why.text);
}

static void on_stream(void *ctx, struct stream *stream, enum stream_event ev)
{
	struct sim_capf *s = ctx;

	sim_capf_enter(s);
	switch (ev) {
	case STREAM_READY: ready(s); break;
	case STREAM_DATA:
		while (take_message(s))
			continue;
		break;
	case STREAM_DRAINED: break;
	case STREAM_CLOSED:
		sim_capf_failed(s, ERR_CLOSED, "the server closed the connection");
		break;
	case STREAM_TIMEOUT: sim_capf_failed(s, ERR_TIMEOUT, "the server does not answer"); break;
	case STREAM_ERROR: broken(s); break;
	}
	sim_capf_leave(s);
}

static enum err verify_server(void *ctx, struct span der)
{
	struct sim_capf *s = ctx;

	return s->owner.verify(s->ctx, der, &s->verify);
}

static enum err connect_to(struct sim_capf *s, const struct net_addr *server, struct fail *why)
{
	const struct sim_capf_spec *spec = &s->spec;
	struct sim_identity id = sim_flash_identity(spec->flash, spec->auth == SIM_AUTH_MIC);
	struct tls_config tls = {.profile = spec->profile,
		.verify = verify_server,
		.verify_ctx = s,
		.max_tls12 = true};
	enum err err;

	if (id.der.len && !spec->anonymous) {
		tls.cert_der = id.der;
		tls.native_key = key_get_native(id.key);
	}
	err = tls_new(&s->tls, &tls, why);
	if (err == ERR_OK)
		err = stream_connect(&s->stream, spec->loop, server, s->tls, on_stream, s, why);
	if (err == ERR_OK && spec->capture_dir)
		s->capture =
			sim_capture_open(spec->capture_dir, "capf.cap", spec->clock, s->stream);
	return err;
}

enum err sim_capf_start(struct sim_capf **out, const struct sim_capf_spec *spec,
	const struct net_addr *server, const struct sim_capf_owner *owner, void *ctx,
	struct fail *why)
{
	struct sim_capf *s = mem_new(sizeof(*s));
	enum err err = s ? ERR_OK : ERR_NOMEM;

	*out = NULL;
	if (s) {
		*s = (struct sim_capf){
			.spec = *spec, .owner = *owner, .ctx = ctx, .result = {.reason = -1}};
		s->spec.string = (struct span){0};
		buf_put(&s->string, spec->string);
		err = spec->string.len > SIM_STRING_MAX ? ERR_LIMIT : buf_check(&s->string);
	}
	if (err == ERR_OK)
		err = loop_timer_new(&s->timer, spec->loop, sim_capf_on_timer, s);
	if (err == ERR_OK)
		err = connect_to(s, server, why);
	if (err) {
		sim_capf_free(s);
		return fail_set(why, err, "%s", err_text(err));
	}
	*out = s;
	sim_capf_progress(s, SIM_LSC_CONNECTING);
	return ERR_OK;
}
