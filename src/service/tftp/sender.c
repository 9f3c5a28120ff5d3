/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tftp/sender.h"

#include "base/str.h"
#include "service/tftp/tftp.h"

#include <stdio.h>

#define BLKSIZE_ASKED_MAX 65464 /* RFC 2348 */
#define MODE_SIZE         16

enum err sender_init(struct sender *s, const struct tftp_packet *request)
{
	char mode[MODE_SIZE] = "";
	long blksize, timeout;

	*s = (struct sender){.blksize = TFTP_BLKSIZE_DEFAULT};
	if (request->mode.len > 0 && request->mode.len < sizeof(mode))
		memcpy(mode, request->mode.ptr, request->mode.len);
	s->netascii = str_ieq(mode, "netascii");
	if (!s->netascii && !str_ieq(mode, "octet"))
		return ERR_UNSUPPORTED;
	blksize = tftp_option_number(request, "blksize", TFTP_BLKSIZE_MIN, BLKSIZE_ASKED_MAX);
	if (blksize > 0) {
		s->blksize_asked = true;
		s->blksize =
			blksize > (long)TFTP_BLKSIZE_MAX ? TFTP_BLKSIZE_MAX : (unsigned)blksize;
	}
	s->tsize_asked = tftp_option_number(request, "tsize", 0, INT32_MAX) >= 0;
	timeout = tftp_option_number(request, "timeout", 1, TFTP_TIMEOUT_MAX);
	s->timeout = timeout > 0 ? (unsigned)timeout : 0;
	return ERR_OK;
}

void sender_start(struct sender *s, struct span content)
{
	s->content = content;
	s->block = s->blksize_asked || s->tsize_asked || s->timeout ? 0 : 1;
}

static enum err put_oack(const struct sender *s, struct buf *out)
{
	struct tftp_packet p = {.opcode = TFTP_OACK};
	char blksize[24], tsize[24], timeout[24];

	snprintf(blksize, sizeof(blksize), "%u", s->blksize);
	snprintf(tsize, sizeof(tsize), "%zu", s->content.len);
	snprintf(timeout, sizeof(timeout), "%u", s->timeout);
	if (s->blksize_asked)
		p.options[p.options_count++] =
			(struct tftp_option){span_str("blksize"), span_str(blksize)};
	if (s->tsize_asked)
		p.options[p.options_count++] =
			(struct tftp_option){span_str("tsize"), span_str(tsize)};
	if (s->timeout)
		p.options[p.options_count++] =
			(struct tftp_option){span_str("timeout"), span_str(timeout)};
	return tftp_encode(out, &p);
}

enum err sender_packet(const struct sender *s, struct buf *out)
{
	struct tftp_packet p = {.opcode = TFTP_DATA, .block = (uint16_t)s->block};
	uint64_t start, left;

	if (s->block == 0)
		return put_oack(s, out);
	start = (s->block - 1) * s->blksize;
	left = s->content.len - start;
	if (left)
		p.data = span_of(
			s->content.ptr + start, (size_t)(left < s->blksize ? left : s->blksize));
	return tftp_encode(out, &p);
}

enum sender_step sender_acked(struct sender *s, uint16_t block)
{
	if (block != (uint16_t)s->block)
		return SENDER_IGNORE;
	/* The last block is the first that is not full; it may be empty. */
	if (s->block && s->block * s->blksize > s->content.len)
		return SENDER_DONE;
	s->block++;
	return SENDER_NEXT;
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
