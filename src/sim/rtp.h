/* SPDX-License-Identifier: BSD-2-Clause
 * RTP packets (RFC 3550) and G.711 mu-law audio: what a phone sends and hears.
 *   V=2 P X CC | M PT | sequence u16 | timestamp u32 | SSRC u32 | CSRC… | extension | payload */
#ifndef SIM_RTP_H
#define SIM_RTP_H

#include "base/buf.h"

#include <stdbool.h>

#define RTP_HEADER     12u
#define RTP_PT_PCMU    0u
#define RTP_FRAME      160u /* samples (and mu-law bytes) in 20 ms at 8 kHz */
#define RTP_FRAME_US   20000
#define RTP_PACKET_MAX 2048u /* bytes of a packet that is looked at */

struct rtp_packet {
	bool marker;
	uint8_t type; /* payload type */
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	struct span payload; /* borrowed */
};

/* ERR_SHORT, ERR_FORMAT. */
enum err rtp_decode(struct rtp_packet *p, struct span in, struct fail *why) MUST_USE;
/* Without CSRC, extension and padding. */
void rtp_encode(struct buf *out, const struct rtp_packet *p);

uint8_t ulaw_encode(int16_t sample);
int16_t ulaw_decode(uint8_t byte);

/* One frame of the 1 kHz tone, beginning at sample number `at`. */
void tone_frame(uint32_t at, uint8_t frame[RTP_FRAME]);
/* True when a mu-law payload is mostly (80 % of its energy) a 1 kHz tone and not silence. */
bool tone_heard(struct span payload);

#endif
