/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/tls.h"

#include "base/str.h"
#include "net/stream.h"

struct probe {
	struct loop *loop;
	struct client_tls_seen *out;
	bool over;
	enum err err;
	struct fail *why;
};

/* Nothing is judged here; the stream keeps the certificate. */
static enum err accept_any(void *ctx, struct span peer_der)
{
	return ERR_OK;
}

static enum err take_seen(struct probe *p, struct stream *s)
{
	buf_put(&p->out->cert_der, stream_peer_cert(s));
	str_copy(p->out->cipher, sizeof(p->out->cipher), stream_cipher(s));
	str_copy(p->out->version, sizeof(p->out->version), stream_version(s));
	return buf_check(&p->out->cert_der);
}

static void on_event(void *ctx, struct stream *s, enum stream_event ev)
{
	struct probe *p = ctx;
	const struct fail *failure = stream_failure(s);

	if (p->over)
		return; /* a server that speaks first: the loop is stopping */
	p->over = true;
	p->err = ERR_OK;
	if (ev == STREAM_READY) {
		p->out->completed = true;
		p->err = take_seen(p, s);
	} else if (ev == STREAM_TIMEOUT) {
		p->err = fail_set(p->why, ERR_TIMEOUT, "TLS handshake: timed out");
	} else if (stream_peer_cert(s).len) {
		str_copy(p->out->refusal, sizeof(p->out->refusal), failure->text);
		p->err = take_seen(p, s);
	} else if (failure->code == ERR_OK) {
		p->err = fail_set(p->why, ERR_CLOSED, "TLS handshake: the server closed");
	} else {
		/* No TLS there at all is as good as nothing. */
		p->err = failure->code == ERR_TLS ? ERR_IO : failure->code;
		fail_set(p->why, p->err, "%s", failure->text);
	}
	loop_stop(p->loop);
}

enum err client_tls_probe(const char *address, int port, int64_t timeout_us,
	struct client_tls_seen *out, struct fail *why)
{
	/* As phones do: in TLS 1.3 a server's refusal would come after the handshake. */
	const struct tls_config config = {
		.profile = TLS_LEGACY, .verify = accept_any, .max_tls12 = true};
	struct probe p = {.out = out, .err = ERR_CLOSED, .why = why};
	struct stream *s = NULL;
	struct tls *tls = NULL;
	struct net_addr addr;
	enum err err;

	*out = (struct client_tls_seen){0};
	err = net_addr_parse(&addr, address, port, why);
	if (err != ERR_OK)
		return err;
	err = loop_new(&p.loop);
	if (err != ERR_OK)
		return fail_set(why, err, "%s", err_text(err));
	err = tls_new(&tls, &config, why);
	if (err == ERR_OK)
		err = stream_connect(&s, p.loop, &addr, tls, on_event, &p, why);
	if (err == ERR_OK) {
		stream_timeout(s, timeout_us);
		loop_run(p.loop);
		err = p.err;
	}
	stream_close(s);
	tls_free(tls);
	loop_free(p.loop);
	if (err != ERR_OK)
		client_tls_seen_fini(out);
	return err;
}

void client_tls_seen_fini(struct client_tls_seen *s)
{
	buf_fini(&s->cert_der);
}
