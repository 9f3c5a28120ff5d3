/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tftp/transfer.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

/* The number that traces show as the connection object: never an address of ours. */
#define CONTEXT_BASE 0x9000000u

static int64_t patience(const struct transfer *t)
{
	if (t->sender.timeout)
		return t->sender.timeout * 1000000ll;
	return TFTP_RETRY_US << (t->sendings - 1);
}

static void send_due(struct transfer *t)
{
	struct buf *packet = &t->service->packet;
	enum err err;

	buf_clear(packet);
	err = sender_packet(&t->sender, packet);
	if (!err)
		err = dgram_send(t->socket, &t->peer, buf_span(packet));
	if (err) {
		tftp_complain(t->service, &t->peer, "%s: block %llu not sent: %s", t->asked,
			(unsigned long long)t->sender.block, err_text(err));
		transfer_free(t);
		return;
	}
	t->sendings++;
	loop_timer_set(t->timer, patience(t));
}

static void on_timer(void *arg)
{
	struct transfer *t = arg;
	bool proven = t->state == TRANSFER_AWAIT_ACK;

	if (t->sendings < (proven ? TFTP_TRIES_MAX : TFTP_TRIES_UNPROVEN)) {
		send_due(t);
		return;
	}
	tftp_complain(t->service, &t->peer,
		"%s: given up at block %llu, no answer after %u sendings", t->asked,
		(unsigned long long)t->sender.block, t->sendings);
	transfer_free(t);
}

static void acked(struct transfer *t, uint16_t block)
{
	enum sender_step step = sender_acked(&t->sender, block);

	if (step == SENDER_IGNORE)
		return;
	t->state = TRANSFER_AWAIT_ACK;
	t->sendings = 0;
	if (step == SENDER_NEXT) {
		send_due(t);
		return;
	}
	trace_line(TRACE_TFTP,
		"TID[%08x] TFTPEngine::processMessage[%s], Transferred[%s] Socket[%d]",
		t->service->env->worker + 1, t->context, t->served, dgram_number(t->socket));
	transfer_free(t);
}

static void peer_gave_up(struct transfer *t, const struct tftp_packet *p)
{
	struct buf text = {0};

	str_printable(&text, p->text);
	/* Also the ordinary end of a client that only wanted the size. */
	log_line(LOG_DEBUG, "tftp: %s: %s: the client ends with error %u %.*s", t->context,
		t->asked, p->error, (int)text.len, (const char *)text.data);
	buf_fini(&text);
	transfer_free(t);
}

static void on_packet(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
	struct transfer *t = ctx;
	struct fail why = {0};
	struct tftp_packet p;
	enum err err = tftp_decode(&p, packet, &why);

	if (!net_addr_same(from, &t->peer)) {
		/* An ERROR is never answered with an ERROR. */
		if (err || p.opcode != TFTP_ERROR)
			tftp_refuse(t->service, d, from, TFTP_E_TID, "Unknown transfer ID");
		return;
	}
	if (t->state == TRANSFER_AWAIT_FILE)
		return;
	if (!err && p.opcode == TFTP_ACK) {
		acked(t, p.block);
	} else if (!err && p.opcode == TFTP_ERROR) {
		peer_gave_up(t, &p);
	} else {
		if (!err)
			fail_set(&why, ERR_PROTO, "packet, opcode at byte 0: %u in a read transfer",
				p.opcode);
		tftp_complain(t->service, from, "%s", why.text);
		transfer_refuse(t, TFTP_E_ILLEGAL, "Illegal TFTP operation");
	}
}

enum err transfer_new(struct transfer **out, struct tftp *service, const struct net_addr *peer,
	const struct sender *sender, struct span asked, struct fail *why)
{
	struct transfer *t = mem_new(sizeof(*t));
	char host[NET_ADDR_MAX];
	enum err err;

	if (!t)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	t->service = service;
	t->peer = *peer;
	t->sender = *sender;
	t->started = service->requests;
	memcpy(t->asked, asked.ptr, asked.len);
	err = slots_take(service->transfers, t, &t->ref);
	if (err) {
		mem_free(t);
		return fail_set(why, err, "%s", err_text(err));
	}
	net_addr_print(peer, host);
	snprintf(t->context, sizeof(t->context), "0x%x~%u~%s~%u",
		CONTEXT_BASE + (service->env->worker << 16) + t->ref.slot, service->requests, host,
		peer->port);
	err = loop_timer_new(&t->timer, service->env->loop, on_timer, t);
	if (err)
		fail_set(why, err, "%s", err_text(err));
	else
		err = dgram_open(&t->socket, service->env->loop, &service->address, false,
			on_packet, t, why);
	if (err) {
		transfer_free(t);
		return err;
	}
	*out = t;
	return ERR_OK;
}

void transfer_free(struct transfer *t)
{
	slots_drop(t->service->transfers, t->ref);
	loop_timer_free(t->timer);
	dgram_close(t->socket);
	t->service->bytes -= t->content.len;
	buf_fini(&t->content);
	mem_free(t);
}

void transfer_refuse(struct transfer *t, enum tftp_error code, const char *text)
{
	tftp_refuse(t->service, t->socket, &t->peer, code, text);
	transfer_free(t);
}

/* Moves the content over, in the form that the mode asks for. */
static enum err take_content(struct transfer *t, struct buf *content)
{
	enum err err = ERR_OK;

	if (t->sender.netascii) {
		sender_netascii(&t->content, buf_span(content));
		err = buf_check(&t->content);
		if (err)
			buf_fini(&t->content);
	} else {
		t->content = *content;
		buf_init(content);
	}
	t->service->bytes += t->content.len;
	return err;
}

void transfer_file(struct transfer *t, struct provision_file *take_file)
{
	str_copy(t->served, sizeof(t->served), take_file->served);
	if (t->service->bytes + 2 * take_file->content.len > TFTP_BYTES_MAX) {
		tftp_complain(t->service, &t->peer,
			"%s: too many large files are under way, refused", t->asked);
		transfer_refuse(t, TFTP_E_UNDEFINED, "Server is busy");
		return;
	}
	if (take_content(t, &take_file->content) != ERR_OK) {
		tftp_complain(t->service, &t->peer, "%s: out of memory", t->asked);
		transfer_refuse(t, TFTP_E_UNDEFINED, "Server is out of memory");
		return;
	}
	sender_start(&t->sender, buf_span(&t->content));
	t->state = TRANSFER_AWAIT_FIRST_ACK;
	send_due(t);
}
