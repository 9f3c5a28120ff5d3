/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "net/stream_priv.h"

#include <string.h>

/* Reads and writes of one wake-up, so that one peer cannot keep the loop from the others. */
#define READ_ROUNDS  4
#define WRITE_ROUNDS 16

#define READ_SIZE 16384u

/* Input memory that an idle stream keeps. */
#define INPUT_KEPT 4096u

size_t stream_unread(const struct stream *s)
{
	return s->in.len - s->in_pos;
}

void stream_shake(struct stream *s)
{
	enum link_result r = link_handshake(&s->link, &s->why);

	s->want_out = r == LINK_WANT_WRITE;
	if (r == LINK_WANT_READ || r == LINK_WANT_WRITE)
		return;
	if (r != LINK_DONE) {
		if (!s->why.code)
			fail_set(&s->why, ERR_CLOSED, "TLS handshake: peer closed the connection");
		stream_failed(s);
		return;
	}
	evtimer_del(&s->deadline_ev);
	s->state = STREAM_OPEN;
	stream_emit(s, STREAM_READY);
	/* The first message may have come with the last of the handshake: then it is inside libssl
	 * and the socket will not tell. */
	s->more = true;
	stream_again(s);
}

/* Drops consumed bytes; an idle stream keeps no memory for input. */
static void tidy_input(struct stream *s)
{
	if (stream_unread(s) == 0) {
		if (s->in.cap > INPUT_KEPT)
			buf_wipe(&s->in);
		else
			buf_clear(&s->in);
	} else {
		buf_drop(&s->in, s->in_pos);
	}
	s->in_pos = 0;
}

static bool may_read(const struct stream *s)
{
	return s->state == STREAM_OPEN && !s->over && !s->paused && !s->eof && !s->broken &&
	       stream_unread(s) < STREAM_INPUT_MAX;
}

/* Appends to the input what one read gives. */
static enum link_result read_once(struct stream *s)
{
	uint8_t *scratch = loop_get_scratch(s->loop);
	size_t room = STREAM_INPUT_MAX - stream_unread(s), len;
	enum link_result r;

	if (room > READ_SIZE)
		room = READ_SIZE;
	r = link_read(&s->link, scratch, room, &len, &s->why);
	if (r != LINK_DONE)
		return r;
	buf_put(&s->in, span_of(scratch, len));
	mem_wipe(scratch, len);
	if (buf_check(&s->in)) {
		fail_set(&s->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		return LINK_FAILED;
	}
	/* Without TLS that was all: what comes later, also the end, wakes the loop. */
	return s->link.ssl || len == room ? LINK_DONE : LINK_WANT_READ;
}

void stream_pump(struct stream *s)
{
	enum link_result r = LINK_DONE;
	size_t before;
	int round;

	if (!may_read(s))
		goto tell_end;
	tidy_input(s);
	before = s->in.len;
	s->want_out = false;
	for (round = 0; round < READ_ROUNDS && r == LINK_DONE && may_read(s); round++) {
		r = read_once(s);
		/* What is still in the socket it will tell. */
		if (r == LINK_DONE && link_drained(&s->link))
			r = LINK_WANT_READ;
	}
	s->want_out = r == LINK_WANT_WRITE;
	s->more = r == LINK_DONE;
	s->eof = r == LINK_END;
	if (s->in.len > before)
		stream_emit(s, STREAM_DATA);
	if (s->state == STREAM_DEAD)
		return;
	if (stream_unread(s) == 0)
		tidy_input(s);
	if (r == LINK_FAILED && s->state == STREAM_OPEN) {
		stream_failed(s);
		return;
	}
	/* libssl may hold more, of which the socket knows nothing. */
	if (s->more && s->link.ssl && may_read(s))
		stream_again(s);
tell_end:
	if (s->eof && !s->paused && s->state == STREAM_OPEN)
		stream_emit(s, STREAM_CLOSED);
}

void stream_drop_output(struct stream *s)
{
	struct stream_chunk *c;

	while ((c = s->out)) {
		s->out = c->next;
		mem_wipe(c->data, c->len);
		mem_free(c);
	}
	s->out_last = &s->out;
	s->out_len = 0;
}

/* Sends of the first chunk what goes in one call; false when the rest must wait. */
static bool write_once(struct stream *s)
{
	struct stream_chunk *c = s->out;
	enum link_result r;
	size_t len;

	r = link_write(&s->link, span_of(c->data + c->pos, c->len - c->pos), &len, &s->why);
	s->want_in = r == LINK_WANT_READ;
	if (r == LINK_FAILED) {
		s->broken = true;
		stream_drop_output(s);
		return false;
	}
	if (r != LINK_DONE)
		return false;
	c->pos += len;
	s->out_len -= len;
	if (c->pos < c->len)
		return true;
	s->out = c->next;
	if (!s->out)
		s->out_last = &s->out;
	mem_wipe(c->data, c->len);
	mem_free(c);
	return true;
}

void stream_flush(struct stream *s)
{
	int round;

	for (round = 0; round < WRITE_ROUNDS && s->out; round++)
		if (!write_once(s))
			break;
	if (s->state != STREAM_OPEN)
		return;
	if (s->broken && !s->over) {
		stream_failed(s);
	} else if (!s->out && s->out_due) {
		s->out_due = false;
		stream_emit(s, STREAM_DRAINED);
	}
}

void stream_end_step(struct stream *s)
{
	enum link_result r;

	if (s->state == STREAM_ENDING) {
		stream_flush(s);
		s->want_out = s->out != NULL;
		if (s->out)
			return;
		r = s->broken ? LINK_FAILED : link_end(&s->link);
		s->want_out = r == LINK_WANT_WRITE;
		if (s->want_out)
			return;
		if (r != LINK_DONE || s->eof) {
			stream_destroy(s);
			return;
		}
		/* Closing while the peer still sends would reset the connection, and take from the
		 * peer what it has not read yet. */
		s->state = STREAM_LINGER;
	}
	if (link_discard(&s->link, loop_get_scratch(s->loop), LOOP_SCRATCH) == LINK_END)
		stream_destroy(s);
}
