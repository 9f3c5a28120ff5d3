/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/media.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "net/dgram.h"
#include "sim/rtp.h"

#define HEARD_MIN 25u /* packets of tone: half a second */
#define LATE_MAX  5   /* packets sent at once to catch up with the clock */
#define FIRST_SEQUENCE                                                                             \
	0x7fffu /* bits of a random first one: far from the roll-over (RFC 3711, 3.3.1) */

struct sim_media {
	struct dgram *socket;
	struct loop_timer *timer;
	bool receiving;
	struct srtp_stream *in, *out; /* NULL: clear */
	struct net_addr remote;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	int64_t due; /* monotonic time of the next packet */
	uint64_t played, heard;
	struct sim_media_counts counts;
};

static void play(struct sim_media *m, struct span payload)
{
	m->played++;
	if (tone_heard(payload))
		m->heard++;
}

/* Under keys a packet that is complete RTP of our codec was not protected at all. */
static bool looks_clear(struct span packet)
{
	struct rtp_packet p;

	return rtp_decode(&p, packet, NULL) == ERR_OK && p.type == RTP_PT_PCMU &&
	       p.payload.len == RTP_FRAME;
}

static void on_packet(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
	struct sim_media *m = ctx;
	uint8_t copy[RTP_PACKET_MAX + SRTP_OVERHEAD];
	size_t len = packet.len;
	struct rtp_packet p;

	if (!m->receiving || packet.len > RTP_PACKET_MAX || rtp_decode(&p, packet, NULL))
		return;
	m->counts.received++;
	if (!m->in) {
		m->counts.clear++;
		play(m, p.payload);
		return;
	}
	memcpy(copy, packet.ptr, len);
	if (srtp_unprotect_packet(m->in, copy, &len)) {
		if (looks_clear(packet))
			m->counts.clear++;
		else
			m->counts.rejected++;
		return;
	}
	m->counts.authenticated++;
	if (rtp_decode(&p, span_of(copy, len), NULL) == ERR_OK && p.ssrc != m->ssrc)
		play(m, p.payload);
}

static void send_one(struct sim_media *m)
{
	uint8_t frame[RTP_FRAME];
	struct rtp_packet p = {.type = RTP_PT_PCMU,
		.marker = m->counts.sent == 0,
		.sequence = m->sequence++,
		.timestamp = m->timestamp,
		.ssrc = m->ssrc};
	struct buf out = {0};
	size_t len;

	tone_frame(m->timestamp, frame);
	m->timestamp += RTP_FRAME;
	p.payload = span_of(frame, sizeof(frame));
	rtp_encode(&out, &p);
	len = out.len;
	buf_fill(&out, 0, SRTP_OVERHEAD);
	if (buf_check(&out) == ERR_OK &&
		(!m->out || srtp_protect_packet(m->out, out.data, &len) == ERR_OK) &&
		dgram_send(m->socket, &m->remote, span_of(out.data, len)) == ERR_OK)
		m->counts.sent++;
	buf_fini(&out);
}

static void on_timer(void *arg)
{
	struct sim_media *m = arg;
	int64_t now = clock_monotonic_us();

	for (int i = 0; i < LATE_MAX && m->due <= now; i++) {
		send_one(m);
		m->due += RTP_FRAME_US;
	}
	if (m->due <= now)
		m->due = now + RTP_FRAME_US;
	loop_timer_set(m->timer, m->due - now);
}

enum err sim_media_new(
	struct sim_media **out, struct loop *l, const struct net_addr *local, struct fail *why)
{
	struct sim_media *m = mem_new(sizeof(*m));
	struct net_addr any_port = *local;
	enum err err;

	if (!m)
		return fail_set(why, ERR_NOMEM, "out of memory");
	any_port.port = 0;
	err = random_bytes(&m->ssrc, sizeof(m->ssrc));
	if (err == ERR_OK)
		err = random_bytes(&m->sequence, sizeof(m->sequence));
	if (err == ERR_OK)
		err = random_bytes(&m->timestamp, sizeof(m->timestamp));
	if (err == ERR_OK)
		err = loop_timer_new(&m->timer, l, on_timer, m);
	if (err == ERR_OK)
		err = dgram_open(&m->socket, l, &any_port, false, on_packet, m, why);
	if (err) {
		sim_media_free(m);
		return fail_set(why, err, "no port for audio: %s", err_text(err));
	}
	m->sequence &= FIRST_SEQUENCE;
	*out = m;
	return ERR_OK;
}

void sim_media_free(struct sim_media *m)
{
	if (!m)
		return;
	sim_media_stop_sending(m);
	sim_media_stop_receiving(m);
	loop_timer_free(m->timer);
	if (m->socket)
		dgram_close(m->socket);
	mem_free(m);
}

uint16_t sim_media_get_port(const struct sim_media *m)
{
	struct net_addr local;

	dgram_local(m->socket, &local);
	return local.port;
}

static enum err keyed(
	struct srtp_stream **out, const struct sim_keys *keys, bool sending, struct fail *why)
{
	*out = NULL;
	if (keys->algorithm == SRTP_NONE)
		return ERR_OK;
	return srtp_stream_new(out, keys->algorithm, keys->key, keys->salt, sending, why);
}

enum err sim_media_receive(struct sim_media *m, const struct sim_keys *keys, struct fail *why)
{
	enum err err;

	sim_media_stop_receiving(m);
	err = keyed(&m->in, keys, false, why);
	m->receiving = err == ERR_OK;
	return err;
}

enum err sim_media_send(struct sim_media *m, const struct net_addr *remote,
	const struct sim_keys *keys, struct fail *why)
{
	enum err err;

	sim_media_stop_sending(m);
	err = keyed(&m->out, keys, true, why);
	if (err)
		return err;
	m->remote = *remote;
	m->due = clock_monotonic_us();
	loop_timer_set(m->timer, 0);
	return ERR_OK;
}

void sim_media_stop_receiving(struct sim_media *m)
{
	m->receiving = false;
	if (m->in)
		srtp_stream_free(m->in);
	m->in = NULL;
}

void sim_media_stop_sending(struct sim_media *m)
{
	if (m->timer)
		loop_timer_stop(m->timer);
	if (m->out)
		srtp_stream_free(m->out);
	m->out = NULL;
}

struct sim_media_counts sim_media_get_counts(const struct sim_media *m)
{
	struct sim_media_counts c = m->counts;

	c.audio_ok = m->heard >= HEARD_MIN && m->heard * 10 >= m->played * 9;
	return c;
}
