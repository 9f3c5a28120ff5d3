/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tftp/transfer.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

#define COMPLAINT_SIZE 512

/* The file that a request asks for, made off the loop. */
struct job {
	struct job_link link;
	struct tftp *service;
	struct slot_ref ref;
	struct cluster *cluster;
	char asked[TFTP_NAME_MAX + 1];
	struct provision_file file;
	enum err err;
	struct fail why;
};

void tftp_refuse(struct tftp *service, struct dgram *from, const struct net_addr *to,
	enum tftp_error code, const char *text)
{
	struct tftp_packet p = {
		.opcode = TFTP_ERROR, .error = (uint16_t)code, .text = span_str(text)};

	buf_clear(&service->packet);
	/* A refusal that cannot be sent is a lost packet: the client asks again. */
	if (tftp_encode(&service->packet, &p) == ERR_OK &&
		dgram_send(from, to, buf_span(&service->packet)) != ERR_OK)
		tftp_complain(service, to, "the refusal could not be sent");
}

void tftp_complain(struct tftp *service, const struct net_addr *peer, const char *fmt, ...)
{
	char from[NET_ADDR_MAX], what[COMPLAINT_SIZE];
	va_list args;

	if (!complaints_allow(&service->complaints, "tftp"))
		return;
	net_addr_print_port(peer, from);
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	log_line(LOG_WARN, "tftp: %s: %s", from, what);
}

static void instance_free(struct tftp *s)
{
	slots_free(s->transfers);
	buf_fini(&s->packet);
	mem_free(s);
}

static void job_free(struct job *j)
{
	jobs_remove(&j->link);
	provision_file_fini(&j->file);
	mem_free(j);
}

static void job_work(void *arg)
{
	struct job *j = arg;

	j->err = provision_get(j->cluster, j->asked, &j->file, &j->why);
}

static void refused(struct transfer *t, const struct job *j)
{
	enum tftp_error code = TFTP_E_UNDEFINED;
	/* Nothing about the reason: a stranger learns no more from one name than from another. */
	const char *text = "Server error";

	if (j->err == ERR_NOTFOUND) {
		code = TFTP_E_NOTFOUND;
		text = "File not found";
	} else if (j->err == ERR_DENIED) {
		code = TFTP_E_ACCESS;
		text = "Access violation";
	} else {
		tftp_complain(t->service, &t->peer, "%s: %s", t->asked, j->why.text);
	}
	trace_line(TRACE_TFTP, "INFO: TFTPEngine::sendNAK[%s], File[%s], Error(%d)", t->context,
		t->asked, code);
	transfer_refuse(t, code, text);
}

static void job_done(void *arg)
{
	struct job *j = arg;
	struct tftp *s = j->service;
	struct transfer *t = s->stopped ? NULL : slots_get(s->transfers, j->ref);

	if (t && j->err == ERR_OK)
		transfer_file(t, &j->file);
	else if (t)
		refused(t, j);
	job_free(j);
	if (!s->jobs && s->stopped)
		instance_free(s);
}

static void ask_for_file(struct transfer *t)
{
	struct tftp *s = t->service;
	struct job *j = mem_new(sizeof(*j));

	if (j) {
		j->service = s;
		j->ref = t->ref;
		j->cluster = s->env->cluster;
		memcpy(j->asked, t->asked, sizeof(j->asked));
		jobs_add(&s->jobs, &j->link);
		if (executor_run(s->env->blocking, job_work, job_done, j) == ERR_OK)
			return;
		job_free(j);
	}
	tftp_complain(s, &t->peer, "%s: out of memory", t->asked);
	transfer_refuse(t, TFTP_E_UNDEFINED, "Server is out of memory");
}

/* True when this request may begin: it is not a repeated one, and its source is within its share.
 * When all places are taken, the oldest transfer whose file was never acknowledged gives its up;
 * one that waits for its file does not, because its job cannot be taken back: forged requests would
 * heap up jobs without end. */
static bool admit(struct tftp *s, const struct net_addr *from)
{
	struct transfer *t, *oldest = NULL;
	unsigned of_source = 0;
	uint32_t at = 0;

	while ((t = slots_next(s->transfers, &at))) {
		if (!net_addr_same_host(&t->peer, from)) {
			;
		} else if (t->peer.port == from->port) {
			return false;
		} else if (++of_source == TFTP_TRANSFERS_PER_SOURCE) {
			tftp_complain(
				s, from, "too many transfers from this address, not answered");
			return false;
		}
		if (t->state == TRANSFER_AWAIT_FIRST_ACK &&
			(!oldest || t->started < oldest->started))
			oldest = t;
	}
	if (slots_used(s->transfers) < service_sessions(s->env, TFTP_TRANSFERS_MAX))
		return true;
	tftp_complain(s, from, "too many transfers are under way");
	if (!oldest)
		return false;
	transfer_free(oldest);
	return true;
}

static void read_request(struct tftp *s, const struct net_addr *from, const struct tftp_packet *p)
{
	uint32_t before = slots_used(s->transfers);
	struct sender sender;
	struct fail why = {0};
	struct transfer *t;

	if (sender_init(&sender, p) != ERR_OK) {
		tftp_complain(s, from, "RRQ, mode: neither octet nor netascii, refused");
		tftp_refuse(s, s->listener, from, TFTP_E_ILLEGAL, "Only modes octet and netascii");
		return;
	}
	if (!tftp_name_ok(p->name)) {
		tftp_complain(s, from, "RRQ, file name: not allowed, refused");
		tftp_refuse(s, s->listener, from, TFTP_E_ACCESS, "Access violation");
		return;
	}
	if (!admit(s, from))
		return;
	s->requests++;
	if (transfer_new(&t, s, from, &sender, p->name, &why) != ERR_OK) {
		tftp_complain(s, from, "%s", why.text);
		tftp_refuse(s, s->listener, from, TFTP_E_UNDEFINED, "Server is busy");
		return;
	}
	trace_line(TRACE_TFTP,
		"TFTPEngine::isReadRequest[%s], [%s] opcode(1), Mode(%s), Serving Count(%u)",
		t->context, t->asked, sender.netascii ? "netascii" : "octet", before);
	ask_for_file(t);
}

static void on_packet(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
	struct tftp *s = ctx;
	struct fail why = {0};
	struct tftp_packet p;
	enum err err = tftp_decode(&p, packet, &why);

	if (err != ERR_OK) {
		tftp_complain(s, from, "%s", why.text);
		/* Only what looks like a request is answered, so that two servers never talk. */
		if (packet.len >= 2 && packet.ptr[0] == 0 &&
			(packet.ptr[1] == TFTP_RRQ || packet.ptr[1] == TFTP_WRQ))
			tftp_refuse(s, d, from, TFTP_E_ILLEGAL, "Illegal TFTP operation");
	} else if (p.opcode == TFTP_RRQ) {
		read_request(s, from, &p);
	} else if (p.opcode == TFTP_WRQ) {
		tftp_complain(s, from, "write request refused");
		tftp_refuse(s, d, from, TFTP_E_ACCESS, "Access violation");
	}
}

static void stop(void *instance)
{
	struct tftp *s = instance;
	struct transfer *t;
	uint32_t at = 0;

	dgram_close(s->listener);
	s->listener = NULL;
	while ((t = slots_next(s->transfers, &at)))
		transfer_free(t);
	s->stopped = true;
	while (!s->env->blocking && s->jobs)
		job_free((struct job *)s->jobs);
	if (!s->jobs)
		instance_free(s);
}

static enum err start(void **instance, const struct service_env *env, struct fail *why)
{
	struct tftp *s = mem_new(sizeof(*s));
	const struct settings *set = env->settings;
	struct net_addr listen;
	enum err err;

	*instance = NULL;
	if (!s || slots_new(&s->transfers, service_sessions(env, TFTP_TRANSFERS_MAX)) != ERR_OK) {
		mem_free(s);
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	s->env = env;
	err = net_addr_parse(&listen, set->address, settings_port(set, set->tftp_port), why);
	if (err == ERR_OK) {
		s->address = listen;
		s->address.port = 0;
		err = dgram_open(&s->listener, env->loop, &listen, true, on_packet, s, why);
	}
	if (err != ERR_OK) {
		fail_prefix(why, "TFTP");
		instance_free(s);
		return err;
	}
	*instance = s;
	return ERR_OK;
}

const struct service service_tftp = {
	.name = "tftp",
	.every_worker = true,
	.own = OWN_COUNT,
	.start = start,
	.stop = stop,
};
