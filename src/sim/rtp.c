/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/rtp.h"

#include "wire/cursor.h"

#define RTP_VERSION  2u
#define ULAW_BIAS    0x84
#define ULAW_CLIP    32635
#define TONE_PERIOD  8u   /* samples of 1 kHz at 8 kHz */
#define TONE_SILENCE 1000 /* mean square below which nothing is heard */

enum err rtp_decode(struct rtp_packet *p, struct span in, struct fail *why)
{
	struct cursor c;
	uint8_t first, second;
	size_t left, pad = 0;

	*p = (struct rtp_packet){0};
	cur_init(&c, in, "RTP packet", why);
	first = cur_u8(&c, "version");
	second = cur_u8(&c, "payload type");
	p->sequence = cur_be16(&c, "sequence");
	p->timestamp = cur_be32(&c, "timestamp");
	p->ssrc = cur_be32(&c, "SSRC");
	if (cur_check(&c) == ERR_OK && first >> 6 != RTP_VERSION)
		return cur_fail_at(&c, ERR_FORMAT, 0, "version", "is %u, not 2", first >> 6);
	p->marker = second >> 7;
	p->type = second & 0x7f;
	cur_skip(&c, (first & 0x0fu) * 4u, "CSRC");
	if (first & 0x10) {
		cur_skip(&c, 2, "extension");
		cur_skip(&c, cur_be16(&c, "extension length") * 4u, "extension");
	}
	left = cur_left(&c);
	if ((first & 0x20) && left) {
		pad = in.ptr[in.len - 1];
		if (pad == 0 || pad > left)
			return cur_fail(&c, ERR_FORMAT, "padding", "%zu of %zu bytes", pad, left);
	}
	p->payload = cur_take(&c, left - pad, "payload");
	return cur_check(&c);
}

void rtp_encode(struct buf *out, const struct rtp_packet *p)
{
	buf_u8(out, RTP_VERSION << 6);
	buf_u8(out, (uint8_t)((p->marker ? 0x80 : 0) | (p->type & 0x7f)));
	buf_be16(out, p->sequence);
	buf_be32(out, p->timestamp);
	buf_be32(out, p->ssrc);
	buf_put(out, p->payload);
}

/* ITU-T G.711: sign, three bits of segment, four of position, all inverted. */
uint8_t ulaw_encode(int16_t sample)
{
	int value = sample, sign = 0, segment = 7;

	if (value < 0) {
		value = -value;
		sign = 0x80;
	}
	if (value > ULAW_CLIP)
		value = ULAW_CLIP;
	value += ULAW_BIAS;
	for (int bit = 0x4000; segment > 0 && !(value & bit); bit >>= 1)
		segment--;
	return (uint8_t) ~(sign | segment << 4 | (value >> (segment + 3) & 0x0f));
}

int16_t ulaw_decode(uint8_t byte)
{
	int code = ~byte & 0xff;
	int value = (((code & 0x0f) << 3) + ULAW_BIAS) << (code >> 4 & 7);

	value -= ULAW_BIAS;
	return (int16_t)(code & 0x80 ? -value : value);
}

void tone_frame(uint32_t at, uint8_t frame[RTP_FRAME])
{
	/* 8031 times the sine of 0, 45, … 315 degrees: the level of G.711's own test tone. */
	static const int16_t wave[TONE_PERIOD] = {0, 5679, 8031, 5679, 0, -5679, -8031, -5679};

	for (uint32_t i = 0; i < RTP_FRAME; i++)
		frame[i] = ulaw_encode(wave[(at + i) % TONE_PERIOD]);
}

bool tone_heard(struct span payload)
{
	/* Correlation with one period of cosine and sine, scaled by 1024. */
	static const int16_t cosine[TONE_PERIOD] = {1024, 724, 0, -724, -1024, -724, 0, 724};
	double in = 0, quadrature = 0, energy = 0, samples = (double)payload.len;

	if (payload.len < TONE_PERIOD)
		return false;
	for (size_t i = 0; i < payload.len; i++) {
		double s = ulaw_decode(payload.ptr[i]);

		in += s * cosine[i % TONE_PERIOD] / 1024;
		quadrature += s * cosine[(i + 6) % TONE_PERIOD] / 1024;
		energy += s * s;
	}
	if (energy / samples < TONE_SILENCE)
		return false;
	return 2 * (in * in + quadrature * quadrature) / samples > 0.8 * energy;
}
