/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/tftp.h"

#include "base/mem.h"
#include "net/dgram.h"
#include "wire/tftp/tftp.h"

struct sim_fetch {
	struct dgram *socket;
	struct loop_timer *timer;
	struct net_addr
		server; /* port 69 first, the server's transfer port from its first answer */
	bool answered;
	uint16_t expected; /* number of the block that comes next */
	int tries;
	struct buf last, content; /* the packet to send again; what came so far */
	sim_fetch_fn *done;
	void *ctx;
};

void sim_fetch_free(struct sim_fetch *f)
{
	if (!f)
		return;
	loop_timer_free(f->timer);
	if (f->socket)
		dgram_close(f->socket);
	buf_fini(&f->last);
	buf_wipe(&f->content);
	mem_free(f);
}

static void finish(struct sim_fetch *f, enum err err, const struct fail *why)
{
	f->done(f->ctx, err, err ? span_of(NULL, 0) : buf_span(&f->content), why);
	sim_fetch_free(f);
}

static void send_last(struct sim_fetch *f)
{
	f->tries++;
	loop_timer_set(f->timer, SIM_FETCH_US);
	if (dgram_send(f->socket, &f->server, buf_span(&f->last)))
		return; /* lost as on the wire: the timer sends it again */
}

static void on_timer(void *arg)
{
	struct sim_fetch *f = arg;
	struct fail why = {0};

	if (f->tries < SIM_FETCH_TRIES) {
		send_last(f);
		return;
	}
	(void)fail_set(&why, ERR_TIMEOUT, "no answer from the TFTP server");
	finish(f, ERR_TIMEOUT, &why);
}

static void on_error(struct sim_fetch *f, const struct tftp_packet *p)
{
	struct fail why = {0};
	enum err err = ERR_PROTO;

	if (p->error == TFTP_E_NOTFOUND)
		err = ERR_NOTFOUND;
	else if (p->error == TFTP_E_ACCESS)
		err = ERR_DENIED;
	(void)fail_set(&why, err, "the TFTP server answers error %u: %.*s", p->error,
		(int)p->text.len, (const char *)p->text.ptr);
	finish(f, err, &why);
}

static void on_data(struct sim_fetch *f, const struct tftp_packet *p)
{
	struct tftp_packet ack = {.opcode = TFTP_ACK, .block = p->block};
	struct fail why = {0};
	bool last = p->data.len < TFTP_BLKSIZE_DEFAULT;

	if (p->block == (uint16_t)(f->expected - 1) && f->expected != 1) {
		/* Our acknowledgement was lost; only the timer repeats it (RFC 1123, 4.2.3.1). */
		return;
	}
	if (p->block != f->expected)
		return;
	buf_put(&f->content, p->data);
	if (f->content.len > SIM_FETCH_MAX)
		(void)fail_set(&why, ERR_LIMIT, "the file is larger than %u bytes", SIM_FETCH_MAX);
	else if (buf_check(&f->content))
		(void)fail_set(&why, ERR_NOMEM, "out of memory");
	buf_clear(&f->last);
	if (why.code == ERR_OK && tftp_encode(&f->last, &ack))
		(void)fail_set(&why, ERR_NOMEM, "out of memory");
	if (why.code) {
		finish(f, why.code, &why);
		return;
	}
	f->expected++;
	f->tries = 0;
	send_last(f);
	if (last)
		finish(f, ERR_OK, &why);
}

static void refuse_stranger(struct sim_fetch *f, const struct net_addr *from)
{
	struct tftp_packet p = {
		.opcode = TFTP_ERROR, .error = TFTP_E_TID, .text = span_str("unknown transfer")};
	struct buf out = {0};
	bool sent = tftp_encode(&out, &p) == ERR_OK &&
		    dgram_send(f->socket, from, buf_span(&out)) == ERR_OK;

	(void)sent; /* a stranger that is not told times out by itself */
	buf_fini(&out);
}

static void on_packet(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
	struct sim_fetch *f = ctx;
	struct tftp_packet p;

	if (!net_addr_same_host(from, &f->server))
		return;
	if (f->answered && from->port != f->server.port) {
		refuse_stranger(f, from);
		return;
	}
	if (tftp_decode(&p, packet, NULL))
		return;
	if (p.opcode != TFTP_DATA && p.opcode != TFTP_ERROR)
		return;
	f->answered = true;
	f->server.port = from->port;
	if (p.opcode == TFTP_ERROR)
		on_error(f, &p);
	else
		on_data(f, &p);
}

enum err sim_fetch_start(struct sim_fetch **out, struct loop *l, const struct net_addr *server,
	const char *name, sim_fetch_fn *done, void *ctx, struct fail *why)
{
	struct tftp_packet request = {.opcode = TFTP_RRQ, .mode = span_str("octet")};
	struct sim_fetch *f = mem_new(sizeof(*f));
	struct net_addr any = {.is6 = server->is6};
	enum err err = ERR_NOMEM;

	if (!f)
		return fail_set(why, ERR_NOMEM, "out of memory");
	f->server = *server;
	f->expected = 1;
	f->done = done;
	f->ctx = ctx;
	request.name = span_str(name);
	err = tftp_encode(&f->last, &request);
	if (err == ERR_OK)
		err = loop_timer_new(&f->timer, l, on_timer, f);
	if (err == ERR_OK)
		err = dgram_open(&f->socket, l, &any, false, on_packet, f, why);
	if (err) {
		sim_fetch_free(f);
		return fail_set(why, err, "the transfer cannot begin: %s", err_text(err));
	}
	send_last(f);
	*out = f;
	return ERR_OK;
}
