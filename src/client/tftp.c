/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/tftp.h"

#include "base/mem.h"
#include "base/str.h"
#include "net/dgram.h"
#include "wire/tftp/tftp.h"

#include <stdio.h>

#define RESEND_US 1000000ll

struct get {
	struct loop *loop;
	struct loop_timer *timer;
	struct dgram *socket;
	struct net_addr server; /* after the first answer: the transfer's own port */
	bool bound;
	struct buf sent; /* the last packet, sent again when nothing comes */
	struct buf *out;
	size_t limit, start; /* out->len when this began */
	int64_t timeout_us, waited_us;
	long blksize, tsize; /* tsize: -1 when the server did not say */
	uint32_t blocks;     /* received in order */
	enum err err;
	struct fail *why;
};

static void finish(struct get *g, enum err err)
{
	g->err = err;
	loop_stop(g->loop);
}

static void put_sent(struct get *g, const struct tftp_packet *p)
{
	enum err err;

	buf_clear(&g->sent);
	err = tftp_encode(&g->sent, p);
	if (err == ERR_OK)
		err = dgram_send(g->socket, &g->server, buf_span(&g->sent));
	if (err != ERR_OK)
		finish(g, fail_set(g->why, err, "TFTP: packet not sent: %s", err_text(err)));
	g->waited_us = 0;
	loop_timer_set(g->timer, RESEND_US < g->timeout_us ? RESEND_US : g->timeout_us);
}

static void put_ack(struct get *g)
{
	const struct tftp_packet ack = {.opcode = TFTP_ACK, .block = (uint16_t)g->blocks};

	put_sent(g, &ack);
}

/* So that the server does not go on sending. The answer does not matter any more. */
static void put_error(struct get *g, const struct net_addr *to, enum tftp_error code)
{
	const struct tftp_packet p = {
		.opcode = TFTP_ERROR, .error = (uint16_t)code, .text = span_str("stopped")};
	struct buf packet = {0};

	if (tftp_encode(&packet, &p) == ERR_OK &&
		dgram_send(g->socket, to, buf_span(&packet)) != ERR_OK)
		g->waited_us = 0;
	buf_fini(&packet);
}

static void stop(struct get *g, enum err err, const char *what)
{
	put_error(g, &g->server, TFTP_E_UNDEFINED);
	finish(g, fail_set(g->why, err, "TFTP: %s", what));
}

static void on_oack(struct get *g, const struct tftp_packet *p)
{
	if (g->blocks) {
		put_ack(g);
		return;
	}
	g->blksize = tftp_option_number(p, "blksize", TFTP_BLKSIZE_MIN, TFTP_BLKSIZE_MAX);
	if (g->blksize < 0)
		g->blksize = TFTP_BLKSIZE_DEFAULT;
	g->tsize = tftp_option_number(p, "tsize", 0, INT32_MAX);
	if (g->tsize >= 0 && (size_t)g->tsize > g->limit)
		stop(g, ERR_LIMIT, "the file is larger than the limit");
	else
		put_ack(g);
}

static void on_data(struct get *g, const struct tftp_packet *p)
{
	if (p->block == (uint16_t)g->blocks && g->blocks) {
		put_ack(g); /* of a block that came before: the ACK was lost */
		return;
	}
	if (p->block != (uint16_t)(g->blocks + 1))
		return;
	if (p->data.len > (size_t)g->blksize) {
		stop(g, ERR_PROTO, "DATA, data at byte 4: longer than the block size");
		return;
	}
	if (g->out->len - g->start + p->data.len > g->limit) {
		stop(g, ERR_LIMIT, "the file is larger than the limit");
		return;
	}
	buf_put(g->out, p->data);
	g->blocks++;
	put_ack(g);
	if (buf_check(g->out) != ERR_OK)
		stop(g, ERR_NOMEM, err_text(ERR_NOMEM));
	else if (p->data.len == (size_t)g->blksize)
		return;
	else if (g->tsize >= 0 && g->out->len - g->start != (size_t)g->tsize)
		stop(g, ERR_PROTO, "the file has another length than the server said");
	else
		finish(g, ERR_OK);
}

static void on_error(struct get *g, const struct tftp_packet *p)
{
	struct buf text = {0};
	enum err err = ERR_PROTO;

	if (p->error == TFTP_E_NOTFOUND)
		err = ERR_NOTFOUND;
	else if (p->error == TFTP_E_ACCESS)
		err = ERR_DENIED;
	str_printable(&text, p->text);
	finish(g, fail_set(g->why, err, "TFTP: the server says: error %u %.*s", p->error,
			  (int)text.len, (const char *)text.data));
	buf_fini(&text);
}

static void on_packet(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
	struct get *g = ctx;
	struct tftp_packet p;
	struct fail why = {0};

	if (g->err != ERR_TIMEOUT)
		return; /* it is over; this was on its way */
	if (!net_addr_same_host(from, &g->server) || (g->bound && from->port != g->server.port)) {
		put_error(g, from, TFTP_E_TID);
		return;
	}
	if (tftp_decode(&p, packet, &why) != ERR_OK) {
		stop(g, ERR_PROTO, why.text);
		return;
	}
	g->bound = true;
	g->server = *from;
	switch (p.opcode) {
	case TFTP_OACK: on_oack(g, &p); return;
	case TFTP_DATA: on_data(g, &p); return;
	case TFTP_ERROR: on_error(g, &p); return;
	case TFTP_RRQ:
	case TFTP_WRQ:
	case TFTP_ACK:
		stop(g, ERR_PROTO, "the server sent a packet that only clients send");
		return;
	}
}

static void on_timer(void *arg)
{
	struct get *g = arg;

	g->waited_us += RESEND_US;
	if (g->waited_us >= g->timeout_us) {
		finish(g, fail_set(g->why, ERR_TIMEOUT, "TFTP: no answer"));
		return;
	}
	if (dgram_send(g->socket, &g->server, buf_span(&g->sent)) != ERR_OK)
		finish(g, fail_set(g->why, ERR_IO, "TFTP: packet not sent"));
	else
		loop_timer_set(g->timer, RESEND_US);
}

static void ask(struct get *g, const char *name)
{
	char blksize[24];
	struct tftp_packet p = {
		.opcode = TFTP_RRQ,
		.name = span_str(name),
		.mode = span_str("octet"),
		.options = {{span_str("blksize"), {0}}, {span_str("tsize"), span_str("0")}},
		.options_count = 2,
	};

	snprintf(blksize, sizeof(blksize), "%u", TFTP_BLKSIZE_MAX);
	p.options[0].value = span_str(blksize);
	put_sent(g, &p);
}

enum err client_tftp_get(const char *address, int port, const char *name, size_t limit,
	int64_t timeout_us, struct buf *out, struct fail *why)
{
	struct get g = {
		.out = out,
		.limit = limit,
		.start = out->len,
		.timeout_us = timeout_us,
		.blksize = TFTP_BLKSIZE_DEFAULT,
		.tsize = -1,
		.err = ERR_TIMEOUT,
		.why = why,
	};
	struct net_addr any = {0};
	enum err err = net_addr_parse(&g.server, address, port, why);

	if (err != ERR_OK)
		return err;
	any.is6 = g.server.is6;
	err = loop_new(&g.loop);
	if (err == ERR_OK)
		err = loop_timer_new(&g.timer, g.loop, on_timer, &g);
	if (err != ERR_OK)
		fail_set(why, err, "TFTP: %s", err_text(err));
	else
		err = dgram_open(&g.socket, g.loop, &any, false, on_packet, &g, why);
	if (err == ERR_OK) {
		ask(&g, name);
		loop_run(g.loop);
		err = g.err;
	}
	dgram_close(g.socket);
	loop_timer_free(g.timer);
	loop_free(g.loop);
	buf_fini(&g.sent);
	return err;
}
