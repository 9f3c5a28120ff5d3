/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tftp/sender.h"

#include "base/str.h"
#include "service/tftp/tftp.h"

#define BLKSIZE_ASKED_MAX 65464 /* RFC 2348 */
#define WINDOW_ASKED_MAX  65535 /* RFC 7440 */
#define MODE_SIZE         16

static uint16_t at_most(long asked, unsigned limit)
{
	return (uint16_t)(asked > (long)limit ? limit : (unsigned)asked);
}

enum err sender_init(struct sender *s, const struct tftp_packet *request)
{
	char mode[MODE_SIZE] = "";
	long blksize, timeout, window;

	*s = (struct sender){.blksize = TFTP_BLKSIZE_DEFAULT, .window = 1};
	if (request->mode.len > 0 && request->mode.len < sizeof(mode))
		memcpy(mode, request->mode.ptr, request->mode.len);
	s->netascii = str_ieq(mode, "netascii");
	if (!s->netascii && !str_ieq(mode, "octet"))
		return ERR_UNSUPPORTED;
	if (!request->options_count)
		return ERR_OK;
	blksize = tftp_option_number(request, "blksize", TFTP_BLKSIZE_MIN, BLKSIZE_ASKED_MAX);
	s->blksize_asked = blksize > 0;
	if (s->blksize_asked)
		s->blksize = at_most(blksize, TFTP_BLKSIZE_MAX);
	s->tsize_asked = tftp_option_number(request, "tsize", 0, INT32_MAX) >= 0;
	timeout = tftp_option_number(request, "timeout", 1, TFTP_TIMEOUT_MAX);
	s->timeout = timeout > 0 ? (uint8_t)timeout : 0;
	window = tftp_option_number(request, "windowsize", 1, WINDOW_ASKED_MAX);
	s->window_asked = window > 0;
	if (s->window_asked)
		s->window = at_most(window, TFTP_WINDOW_MAX);
	return ERR_OK;
}

void sender_no_window(struct sender *s)
{
	s->window = 1;
	s->window_asked = false;
}

void sender_start(struct sender *s, struct span content)
{
	bool options = s->blksize_asked || s->tsize_asked || s->timeout || s->window_asked;

	s->content = content;
	s->base = s->next = s->sent = options ? 0 : 1;
}

uint64_t sender_last(const struct sender *s)
{
	/* The first that is not full; it may be empty. */
	return s->content.len / s->blksize + 1;
}

size_t sender_bytes(const struct sender *s)
{
	uint64_t bytes = s->base ? (s->base - 1) * s->blksize : 0;

	return bytes < s->content.len ? (size_t)bytes : s->content.len;
}

bool sender_due(const struct sender *s)
{
	if (!s->base)
		return !s->next;
	return s->next < s->base + s->window && s->next <= sender_last(s);
}

static void put_option(struct buf *out, const char *name, uint64_t value)
{
	buf_strz(out, name);
	buf_printf(out, "%llu", (unsigned long long)value);
	buf_u8(out, 0);
}

static void put_oack(const struct sender *s, struct sender_out *out)
{
	struct buf packet = {0};

	buf_be16(&packet, TFTP_OACK);
	if (s->blksize_asked)
		put_option(&packet, "blksize", s->blksize);
	if (s->tsize_asked)
		put_option(&packet, "tsize", s->content.len);
	if (s->timeout)
		put_option(&packet, "timeout", s->timeout);
	if (s->window_asked)
		put_option(&packet, "windowsize", s->window);
	/* Without memory nothing goes out; the timer tries again. */
	if (buf_check(&packet) == ERR_OK && packet.len <= sizeof(out->head)) {
		memcpy(out->head, packet.data, packet.len);
		out->head_len = packet.len;
	}
	buf_fini(&packet);
}

static void put_data(const struct sender *s, struct sender_out *out)
{
	size_t start = (size_t)(s->next - 1) * s->blksize, left = s->content.len - start;

	out->head[0] = 0;
	out->head[1] = TFTP_DATA;
	out->head[2] = (uint8_t)(s->next >> 8);
	out->head[3] = (uint8_t)s->next;
	out->head_len = 4;
	if (left)
		out->body = span_of(s->content.ptr + start, left < s->blksize ? left : s->blksize);
}

void sender_take(struct sender *s, struct sender_out *out)
{
	out->head_len = 0;
	out->body = span_of(NULL, 0);
	out->again = s->next < s->sent;
	if (s->base)
		put_data(s, out);
	else
		put_oack(s, out);
	if (++s->next > s->sent)
		s->sent = s->next;
}

enum sender_step sender_acked(struct sender *s, uint16_t block)
{
	uint64_t under_way = s->next - s->base;
	uint16_t ahead = (uint16_t)(block - (uint16_t)s->base);

	if (ahead < under_way) {
		/* What was told before the content is no block of it. */
		if (s->base && s->base + ahead >= sender_last(s)) {
			s->base += ahead + 1u;
			return SENDER_DONE;
		}
		s->base += ahead + 1u;
		s->next = s->base;
		s->repeated_before = s->repeated;
		s->repeated = false;
		return SENDER_NEXT;
	}
	if (s->window > 1 && s->base && under_way && ahead == UINT16_MAX && !s->repeated &&
		!s->repeated_before) {
		s->repeated = true;
		s->next = s->base;
		return SENDER_NEXT;
	}
	return SENDER_IGNORE;
}

void sender_rewind(struct sender *s)
{
	s->next = s->base;
}

void sender_netascii(struct buf *out, struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '\n')
			buf_u8(out, '\r');
		buf_u8(out, c);
		if (c == '\r')
			buf_u8(out, 0);
	}
}
