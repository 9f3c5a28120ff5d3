/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tftp/transfer.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "service/notes.h"

#include <stdio.h>

/* The number that traces show as the connection object: never an address of ours. */
#define CONTEXT_BASE 0x9000000u

/* When a packet did not go because the kernel had no room, it is not the client that is slow. */
#define UNSENT_RETRY_US (10 * 1000ll)

void transfer_context(const struct transfer *t, char out[TRANSFER_CONTEXT_MAX])
{
	char host[NET_ADDR_MAX];

	net_addr_print(&t->entry.peer, host);
	snprintf(out, TRANSFER_CONTEXT_MAX, "0x%x~%u~%s~%u",
		CONTEXT_BASE + (t->service->env->worker << 16) + (t->number & 0xFFFF), t->number,
		host, t->entry.peer.port);
}

/* One line in the shape that administrators know, with what more there is to say behind it. */
static void trace_end(struct transfer *t, const char *what, const char *reason)
{
	const struct tftp *s = t->service;
	const struct content *c = t->content;
	char context[TRANSFER_CONTEXT_MAX];

	transfer_context(t, context);
	trace_gather(&t->service->lines, TRACE_TFTP,
		"TID[%08x] TFTPEngine::processMessage[%s], %s[%s] Socket[%d], Asked[%s] "
		"Bytes[%zu] Blocks[%u] Retransmissions[%u] Version[%s] Signature[%s]%s",
		s->env->worker + 1, context, what, c ? c->served : t->asked,
		dgram_set_number(s->sockets, t->socket), t->asked, sender_bytes(&t->sender),
		t->blocks, t->retransmissions, c ? c->note.version : "", c ? c->note.signature : "",
		reason);
}

void transfer_unanswered(struct transfer *t, const char *reason)
{
	trace_end(t, "Not answered", reason);
	transfer_free(t);
}

/* --- sending --- */

static int64_t patience(const struct transfer *t)
{
	if (t->sender.timeout)
		return t->sender.timeout * 1000000ll;
	return TFTP_RETRY_US << (t->sendings ? t->sendings - 1 : 0);
}

static void send_due(struct transfer *t)
{
	struct tftp *s = t->service;
	struct sender_out packet;
	struct dgram_out out = {
		.socket = t->socket,
		.to = &t->entry.peer,
		.from = &t->local,
	};

	while (sender_due(&t->sender)) {
		sender_take(&t->sender, &packet);
		if (!packet.head_len)
			continue;
		out.head = span_of(packet.head, packet.head_len);
		out.body = packet.body;
		dgram_set_send(s->sockets, &out);
		t->blocks += t->sender.base != 0;
		t->retransmissions += packet.again;
	}
	t->sendings++;
	table_set_due(&s->transfers, &t->entry, s->now_us + patience(t));
}

/* May what nobody has acknowledged be sent once more? */
static bool may_repeat(const struct transfer *t)
{
	if (t->state != TRANSFER_AWAIT_ACK)
		return t->sendings < TFTP_TRIES_UNPROVEN;
	if (t->sendings >= TFTP_TRIES_MAX)
		return false;
	return t->own_port || t->again < TFTP_AGAIN_FIRST + t->sender.base / TFTP_AGAIN_BLOCKS;
}

void transfer_due(struct transfer *t)
{

	if (t->state == TRANSFER_AWAIT_FILE) {
		table_set_due(
			&t->service->transfers, &t->entry, t->service->now_us + TFTP_RETRY_US);
		return;
	}
	if (may_repeat(t)) {
		t->again += t->state == TRANSFER_AWAIT_ACK;
		sender_rewind(&t->sender);
		send_due(t);
		return;
	}
	tftp_complain(t->service, &t->entry.peer,
		"%s: given up at block %llu, no answer after %u sendings", t->asked,
		(unsigned long long)t->sender.base, t->sendings);
	trace_end(t, "Not transferred", ", no answer");
	transfer_free(t);
}

void transfer_unsent(struct transfer *t)
{
	if (t->unsent == UINT8_MAX || !t->sendings)
		return;
	t->unsent++;
	t->sendings--;
	table_set_due(&t->service->transfers, &t->entry, t->service->now_us + UNSENT_RETRY_US);
}

bool transfer_all_sent(const struct transfer *t)
{
	return t->state == TRANSFER_AWAIT_ACK && t->sender.next > sender_last(&t->sender);
}

/* --- packets of the client --- */

/* The last block was acknowledged: the client has it all. */
static void note_sent(const struct transfer *t)
{
	struct content *c = t->content;

	notes_sent(t->service->env->notes, t->asked, buf_span(&c->bytes), c->md5, &t->entry.peer);
}

static void acked(struct transfer *t, uint16_t block)
{
	uint64_t base = t->sender.base;
	enum sender_step step = sender_acked(&t->sender, block);

	if (step == SENDER_IGNORE)
		return;
	if (t->state == TRANSFER_AWAIT_FIRST_ACK) {
		t->state = TRANSFER_AWAIT_ACK;
		table_proven(&t->service->transfers, &t->entry);
	}
	if (t->sender.base != base)
		t->sendings = 0;
	if (step == SENDER_NEXT) {
		send_due(t);
		return;
	}
	trace_end(t, "Transferred", "");
	note_sent(t);
	transfer_free(t);
}

static void peer_gave_up(struct transfer *t, const struct tftp_packet *p)
{
	char reason[64];

	/* Also the ordinary end of a client that only wanted the size. */
	snprintf(reason, sizeof(reason), ", ended by the client with error %u", p->error);
	trace_end(t, "Not transferred", reason);
	transfer_free(t);
}

void transfer_packet(struct transfer *t, const struct tftp_packet *p)
{
	if (t->state == TRANSFER_AWAIT_FILE)
		return;
	if (p && p->opcode == TFTP_ACK) {
		acked(t, p->block);
	} else if (p && p->opcode == TFTP_ERROR) {
		peer_gave_up(t, p);
	} else {
		if (p)
			tftp_complain(t->service, &t->entry.peer,
				"packet, opcode at byte 0: %u in a read transfer", p->opcode);
		trace_end(t, "Not transferred", ", illegal packet");
		transfer_refuse(t, TFTP_E_ILLEGAL, "Illegal TFTP operation");
	}
}

void transfer_replaced(struct transfer *t)
{
	trace_end(t, transfer_all_sent(t) ? "Transferred" : "Not transferred",
		", the client asks for a file again");
	transfer_free(t);
}

/* --- begin and end --- */

/* In the form that the mode asks for. */
static enum err put_content(struct transfer *t)
{
	struct tftp *s = t->service;
	struct span content = buf_span(&t->content->bytes);

	if (!t->sender.netascii) {
		sender_start(&t->sender, content);
		return ERR_OK;
	}
	if (s->bytes + 2 * content.len > TFTP_BYTES_MAX)
		return ERR_LIMIT;
	sender_netascii(&t->own, content);
	if (buf_check(&t->own) != ERR_OK)
		return ERR_NOMEM;
	s->bytes += t->own.len;
	sender_start(&t->sender, buf_span(&t->own));
	return ERR_OK;
}

void transfer_begin(struct transfer *t)
{
	enum err err = put_content(t);

	if (err) {
		tftp_complain(t->service, &t->entry.peer, "%s: %s", t->asked, err_text(err));
		transfer_refuse(t, TFTP_E_UNDEFINED, "Server is busy");
		return;
	}
	t->state = TRANSFER_AWAIT_FIRST_ACK;
	send_due(t);
}

/* A refusal that is lost is asked for again by the client. */
void transfer_refuse(struct transfer *t, enum tftp_error code, const char *text)
{
	struct dgram_in in = {.socket = t->socket, .from = t->entry.peer, .to = t->local};

	tftp_refuse(t->service, &in, code, text);
	transfer_free(t);
}

enum err transfer_new(struct transfer **out, struct tftp *service, const struct dgram_in *in,
	const struct sender *sender, struct span asked)
{
	struct transfer *t = mem_new(sizeof(*t) + asked.len + 1);
	struct place *place = service->place_of[in->socket];
	enum err err;

	if (!t)
		return ERR_NOMEM;
	t->service = service;
	t->sender = *sender;
	t->local = in->to;
	t->number = ++service->requests;
	t->own_port = sender->window > 1 && tftp_own_port(service, place, &t->socket);
	if (!t->own_port) {
		if (sender->window > 1)
			sender_no_window(&t->sender);
		t->socket = (uint16_t)tftp_carrier(service, place);
	}
	/* The empty name is one that is not there, too. */
	if (asked.len)
		memcpy(t->asked, asked.ptr, asked.len);
	err = table_add(&service->transfers, &t->entry, &in->from, service->now_us + TFTP_RETRY_US);
	if (err) {
		if (t->own_port)
			tftp_own_port_close(service, t->socket);
		mem_free(t);
		return err;
	}
	service->carried[t->socket]++;
	*out = t;
	return ERR_OK;
}

void transfer_free(struct transfer *t)
{
	struct tftp *s = t->service;

	contents_cancel(&t->wait);
	table_remove(&s->transfers, &t->entry);
	s->carried[t->socket]--;
	if (t->own_port)
		tftp_own_port_close(s, t->socket);
	s->bytes -= t->own.len;
	buf_wipe(&t->own);
	content_drop(t->content);
	mem_free(t);
}
