/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/tvs.h"

#include "base/mem.h"
#include "crypto/digest.h"
#include "net/stream.h"
#include "wire/tvs/tvs.h"

#include <stdio.h>

#define ANSWER_US (15 * 1000000ll)
#define TTL_MIN   60u /* seconds: an answer outlives the connection that it was asked for */

struct sim_tvs {
	struct sim_phone *phone;
	sim_tvs_done *done;
	void *ctx;
	struct tls *tls;
	struct stream *stream;
	struct fail verify; /* why the server's certificate was refused */
	struct buf request;
	struct buf asked; /* the certificate asked about; empty for a query by name */
	uint32_t session;
	size_t server; /* of the configuration's, being asked */
};

static void try_server(struct sim_tvs *t);

bool sim_tvs_usable(const struct sim_phone *p)
{
	struct sim_held held = sim_flash_get_held(&p->flash);

	return p->tvs_count > 0 && sim_trust_has_tvs(&held);
}

static void hang_up(struct sim_tvs *t)
{
	if (t->stream)
		stream_close(t->stream);
	t->stream = NULL;
	tls_free(t->tls);
	t->tls = NULL;
}

void sim_tvs_stop(struct sim_phone *p)
{
	struct sim_tvs *t = p->tvs_asking;

	if (!t)
		return;
	hang_up(t);
	buf_fini(&t->request);
	buf_fini(&t->asked);
	mem_free(t);
	p->tvs_asking = NULL;
}

void sim_tvs_forget(struct sim_phone *p)
{
	memset(p->vouched, 0, sizeof(p->vouched));
}

static void remember(struct sim_phone *p, struct span der, unsigned roles, uint32_t ttl)
{
	struct sim_vouched *v = &p->vouched[p->vouched_next++ % SIM_VOUCHED_MAX];
	uint8_t digest[DIGEST_MAX];

	*v = (struct sim_vouched){
		.roles = roles, .until = clock_seconds(p->clock) + (ttl < TTL_MIN ? TTL_MIN : ttl)};
	if (digest_one(DIGEST_SHA256, der, digest) == 0)
		v->roles = 0;
	else
		memcpy(v->digest, digest, sizeof(v->digest));
}

bool sim_tvs_knows(const struct sim_phone *p, enum sim_server server, struct span der)
{
	uint8_t digest[DIGEST_MAX];
	size_t i;

	if (digest_one(DIGEST_SHA256, der, digest) == 0)
		return false;
	for (i = 0; i < SIM_VOUCHED_MAX; i++)
		if ((p->vouched[i].roles & sim_trust_roles_server(server)) &&
			p->vouched[i].until > clock_seconds(p->clock) &&
			memcmp(p->vouched[i].digest, digest, sizeof(p->vouched[i].digest)) == 0)
			return true;
	return false;
}

/* Ends the question; `done` may ask the next one. `reply` keeps the certificate alive. */
static void answer(
	struct sim_tvs *t, unsigned roles, struct span cert, struct buf *reply, struct fail why)
{
	struct sim_phone *p = t->phone;
	sim_tvs_done *done = t->done;
	void *ctx = t->ctx;
	struct buf asked = t->asked;

	t->asked = (struct buf){0};
	sim_tvs_stop(p);
	done(ctx, roles, cert.len ? cert : buf_span(&asked), &why);
	buf_fini(&asked);
	if (reply)
		buf_fini(reply);
}

static void refuse(struct sim_tvs *t, enum err err, const char *text)
{
	struct fail why = {0};

	(void)fail_set(&why, err, "%s", text);
	answer(t, 0, (struct span){0}, NULL, why);
}

/* This TVS cannot be asked: the next one of the configuration. */
static void next_server(struct sim_tvs *t, const char *text)
{
	sim_console_error(&t->phone->console, "TVS", "%s", text);
	hang_up(t);
	t->server++;
	try_server(t);
}

static unsigned role_bits(struct span roles)
{
	unsigned bits = 0;
	size_t i;

	for (i = 0; i < roles.len; i++)
		if (roles.ptr[i] < 32)
			bits |= 1u << roles.ptr[i];
	return bits;
}

static void obey(struct sim_tvs *t, const struct tvs_message *m, struct buf *reply)
{
	struct sim_phone *p = t->phone;
	unsigned roles = m->status == TVS_VALID ? role_bits(m->roles) : 0;
	struct fail why = {0};

	sim_console_note(&p->console, "TVS", "received TVS_MSG_%s, status %u, %zu roles",
		tvs_type_name(m->type), m->status, m->roles.len);
	if (roles && t->asked.len)
		remember(p, buf_span(&t->asked), roles, m->ttl);
	if (!roles)
		(void)fail_set(&why, ERR_TRUST, "TVS does not vouch for it");
	answer(t, roles, m->certificate, reply, why);
}

static void take_answer(struct sim_tvs *t, struct stream *s)
{
	struct tvs_message m = {0};
	struct fail why = {0};
	struct buf copy = {0};
	enum err err;
	size_t len = tvs_frame(stream_input(s), &err, &why);

	if (!err && !len)
		return;
	if (!err) {
		/* The stream is closed before the certificate inside is used. */
		buf_put(&copy, span_of(stream_input(s).ptr, len));
		err = buf_check(&copy);
	}
	if (!err)
		err = tvs_decode(&m, buf_span(&copy), &why);
	if (!err &&
		(m.session != t->session || !(m.has & ELEMENT_BIT(TVS_E_STATUS)) ||
			m.type != (t->asked.len ? TVS_CERT_VERIFICATION_RES : TVS_QUERY_CERT_RES)))
		err = fail_set(&why, ERR_PROTO, "the answer is to another question");
	if (err) {
		buf_fini(&copy);
		next_server(t, why.code ? why.text : err_text(err));
		return;
	}
	obey(t, &m, &copy);
}

static void on_stream(void *ctx, struct stream *s, enum stream_event ev)
{
	struct sim_tvs *t = ctx;

	switch (ev) {
	case STREAM_READY:
		if (stream_write(s, buf_span(&t->request)) != ERR_OK) {
			next_server(t, "the question cannot be sent");
			return;
		}
		stream_timeout(s, ANSWER_US);
		return;
	case STREAM_DATA: take_answer(t, s); return;
	case STREAM_DRAINED: return;
	case STREAM_CLOSED: next_server(t, "the server closed the connection"); return;
	case STREAM_TIMEOUT: next_server(t, "the server does not answer"); return;
	case STREAM_ERROR:
		next_server(t, t->verify.code ? t->verify.text : stream_failure(s)->text);
		return;
	}
}

static enum err verify_server(void *ctx, struct span der)
{
	struct sim_tvs *t = ctx;
	struct sim_judge judge = sim_phone_judge(t->phone);
	struct sim_held held = sim_flash_get_held(&t->phone->flash);

	return sim_trust_server(&judge, &held, SIM_SERVER_TVS, der, &t->verify);
}

static void try_server(struct sim_tvs *t)
{
	struct sim_phone *p = t->phone;
	const struct cnfxml_server *server = &p->tvs[t->server];
	struct tls_config tls = {
		.profile = TLS_PHONE, .verify = verify_server, .verify_ctx = t, .max_tls12 = true};
	struct fail why = {0};
	struct net_addr addr;
	char text[NET_ADDR_MAX];
	enum err err;

	if (t->server >= p->tvs_count) {
		refuse(t, ERR_TIMEOUT, "no TVS can be asked");
		return;
	}
	fail_clear(&t->verify);
	err = sim_phone_server(
		p, server->name, sim_phone_port(p, server->port, SIM_PORT_TVS), &addr, &why);
	if (!err)
		err = tls_new(&t->tls, &tls, &why);
	if (!err)
		err = stream_connect(&t->stream, p->loop, &addr, t->tls, on_stream, t, &why);
	if (err) {
		next_server(t, why.code ? why.text : err_text(err));
		return;
	}
	net_addr_print_port(&addr, text);
	sim_console_note(&p->console, "TVS", "asking %s", text);
}

/* Names itself as newer phones do. */
static void begin(struct sim_phone *p, struct tvs_message *m, struct span asked, sim_tvs_done *done,
	void *ctx)
{
	char device[64];
	struct sim_tvs *t;
	struct fail why = {0};
	enum err err;

	sim_tvs_stop(p);
	t = mem_new(sizeof(*t));
	if (!t) {
		(void)fail_set(&why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		done(ctx, 0, (struct span){0}, &why);
		return;
	}
	p->tvs_asking = t;
	t->phone = p;
	t->done = done;
	t->ctx = ctx;
	t->session = ++p->tvs_questions;
	(void)snprintf(device, sizeof(device), "CP-0000-%s", p->opt.device);
	m->session = t->session;
	m->device = span_str(device);
	buf_put(&t->asked, asked);
	err = tvs_encode(&t->request, m);
	if (!err)
		err = buf_check(&t->asked);
	if (err) {
		refuse(t, err, "TVS cannot be asked about it");
		return;
	}
	try_server(t);
}

void sim_tvs_query(
	struct sim_phone *p, const struct tlv_header *signer, sim_tvs_done *done, void *ctx)
{
	struct tvs_message m = {.type = TVS_QUERY_CERT_REQ,
		.has = ELEMENT_BIT(TVS_E_DEVICE) | ELEMENT_BIT(TVS_E_SUBJECTNAME) |
		       ELEMENT_BIT(TVS_E_ISSUERNAME) | ELEMENT_BIT(TVS_E_SERIALNUMBER),
		.order = {TVS_E_DEVICE, TVS_E_SUBJECTNAME, TVS_E_ISSUERNAME, TVS_E_SERIALNUMBER},
		.subject = signer->signer_name,
		.issuer = signer->issuer_name,
		.serial = signer->serial};

	begin(p, &m, (struct span){0}, done, ctx);
}

void sim_tvs_verify(struct sim_phone *p, struct span der, sim_tvs_done *done, void *ctx)
{
	struct tvs_message m = {.type = TVS_CERT_VERIFICATION_REQ,
		.has = ELEMENT_BIT(TVS_E_DEVICE) | ELEMENT_BIT(TVS_E_CERTIFICATE),
		.order = {TVS_E_DEVICE, TVS_E_CERTIFICATE},
		.certificate = der};

	begin(p, &m, der, done, ctx);
}
