/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/tvs.h"

#include "net/stream.h"
#include "wire/tvs/tvs.h"

#define DEVICE     "cadeado"
#define SESSION_ID 1

struct asking {
	struct loop *loop;
	struct span tvs_cert, cert;
	struct client_tvs_answer *out;
	bool over;
	enum err err;
	struct fail *why;
};

static enum err right_server(void *ctx, struct span peer_der)
{
	const struct asking *a = ctx;

	return span_eq(peer_der, a->tvs_cert) ? ERR_OK : ERR_TRUST;
}

static enum err ask(struct asking *a, struct stream *s)
{
	struct tvs_message m = {.type = TVS_CERT_VERIFICATION_REQ,
		.session = SESSION_ID,
		.has = ELEMENT_BIT(TVS_E_DEVICE) | ELEMENT_BIT(TVS_E_CERTIFICATE),
		.order = {TVS_E_DEVICE, TVS_E_CERTIFICATE},
		.device = span_str(DEVICE),
		.certificate = a->cert};
	struct buf request = {0};
	enum err err = tvs_encode(&request, &m);

	if (!err)
		err = stream_write(s, buf_span(&request));
	buf_fini(&request);
	return err ? fail_set(a->why, err, "TVS: the question cannot be sent: %s", err_text(err))
		   : ERR_OK;
}

/* ERR_NOTNOW: not there yet. */
static enum err read_answer(struct asking *a, struct stream *s)
{
	struct tvs_message m;
	struct fail why = {0};
	enum err err;
	size_t len = tvs_frame(stream_input(s), &err, &why);

	if (!err && !len)
		return ERR_NOTNOW;
	if (!err)
		err = tvs_decode(&m, span_of(stream_input(s).ptr, len), &why);
	if (!err && (m.type != TVS_CERT_VERIFICATION_RES || m.session != SESSION_ID ||
			    !(m.has & ELEMENT_BIT(TVS_E_STATUS))))
		err = fail_set(&why, ERR_PROTO, "the answer is to another question");
	if (err)
		return fail_set(a->why, err, "TVS: %s", why.text);
	a->out->valid = m.status == TVS_VALID;
	a->out->role_count =
		m.roles.len < sizeof(a->out->roles) ? m.roles.len : sizeof(a->out->roles);
	if (a->out->role_count)
		memcpy(a->out->roles, m.roles.ptr, a->out->role_count);
	a->out->ttl = m.ttl;
	return ERR_OK;
}

static enum err failed(const struct asking *a, struct stream *s, enum stream_event ev)
{
	const struct fail *failure = stream_failure(s);

	if (ev == STREAM_TIMEOUT)
		return fail_set(a->why, ERR_TIMEOUT, "TVS: no answer in time");
	if (ev == STREAM_CLOSED || !failure->code)
		return fail_set(a->why, ERR_CLOSED, "TVS: the server closed the connection");
	if (failure->code == ERR_TRUST)
		return fail_set(a->why, ERR_TRUST,
			"TVS: the server does not show the TVS certificate that its node told");
	return fail_set(a->why, failure->code, "TVS: %s", failure->text);
}

static void on_event(void *ctx, struct stream *s, enum stream_event ev)
{
	struct asking *a = ctx;

	if (a->over || ev == STREAM_DRAINED)
		return;
	if (ev == STREAM_READY)
		a->err = ask(a, s);
	else if (ev == STREAM_DATA)
		a->err = read_answer(a, s);
	else
		a->err = failed(a, s, ev);
	if ((ev == STREAM_READY && !a->err) || a->err == ERR_NOTNOW)
		return;
	a->over = true;
	loop_stop(a->loop);
}

enum err client_tvs_verify(const char *address, int port, int64_t timeout_us, struct span tvs_cert,
	struct span cert, struct client_tvs_answer *out, struct fail *why)
{
	const struct tls_config config = {.profile = TLS_LEGACY, .verify = right_server};
	struct asking a = {
		.tvs_cert = tvs_cert, .cert = cert, .out = out, .err = ERR_CLOSED, .why = why};
	struct stream *s = NULL;
	struct tls *tls = NULL;
	struct net_addr addr;
	enum err err;

	*out = (struct client_tvs_answer){0};
	err = net_addr_parse(&addr, address, port, why);
	if (err)
		return err;
	err = loop_new(&a.loop);
	if (err)
		return fail_set(why, err, "%s", err_text(err));
	err = tls_new(&tls, &config, why);
	if (!err)
		err = stream_connect(&s, a.loop, &addr, tls, on_event, &a, why);
	if (!err) {
		stream_verify_ctx(s, &a);
		stream_timeout(s, timeout_us);
		loop_run(a.loop);
		err = a.err;
	}
	stream_close(s);
	tls_free(tls);
	loop_free(a.loop);
	return err;
}
