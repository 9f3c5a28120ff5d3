/* SPDX-License-Identifier: BSD-2-Clause
 * The audio of one call: RTP or SRTP, G.711 mu-law in packets of 20 ms, a 1 kHz tone each way. */
#ifndef SIM_MEDIA_H
#define SIM_MEDIA_H

#include "crypto/srtp.h"
#include "net/addr.h"
#include "net/loop.h"

struct sim_media;

/* Keys of one direction as signalling gives them; algorithm SRTP_NONE: clear RTP. Wipe after use.
 */
struct sim_keys {
	enum srtp_algorithm algorithm;
	uint8_t key[SRTP_KEY], salt[SRTP_SALT];
};

/* received: RTP packets that came. authenticated: of these, under SRTP keys and good. clear: came
 * without protection (with keys for the stream they are not played). rejected: SRTP that did not
 * authenticate, or came twice. audio_ok: at least half a second was heard and nine of ten packets
 * were the peer's tone. */
struct sim_media_counts {
	uint64_t sent, received, authenticated, rejected, clear;
	bool audio_ok;
};

/* Opens a UDP port on the local address. ERR_INUSE, ERR_IO. */
enum err sim_media_new(struct sim_media **out, struct loop *l, const struct net_addr *local,
	struct fail *why) MUST_USE;
void sim_media_free(struct sim_media *m);
uint16_t sim_media_get_port(const struct sim_media *m);

/* Begins (anew) to listen, or to send to `remote`. */
enum err sim_media_receive(
	struct sim_media *m, const struct sim_keys *keys, struct fail *why) MUST_USE;
enum err sim_media_send(struct sim_media *m, const struct net_addr *remote,
	const struct sim_keys *keys, struct fail *why) MUST_USE;
void sim_media_stop_receiving(struct sim_media *m);
void sim_media_stop_sending(struct sim_media *m);

/* The counts of all streams of this call so far. */
struct sim_media_counts sim_media_get_counts(const struct sim_media *m);

#endif
