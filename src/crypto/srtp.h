/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_SRTP_H
#define CRYPTO_SRTP_H

#include "base/buf.h"

#include <stdbool.h>

/* SRTP over libsrtp2; numbers as in the SCCP encryption block (docs/formats/sccp.md#encryption). */
enum srtp_algorithm { SRTP_NONE = 0, SRTP_AES128_SHA1_32 = 1, SRTP_AES128_SHA1_80 = 2 };
#define SRTP_KEY      16u
#define SRTP_SALT     14u
#define SRTP_OVERHEAD 16u /* most bytes that protecting adds */

struct srtp_stream; /* one direction */

enum err srtp_stream_new(struct srtp_stream **out, enum srtp_algorithm alg,
	const uint8_t key[SRTP_KEY], const uint8_t salt[SRTP_SALT], bool sending,
	struct fail *why) MUST_USE;
void srtp_stream_free(struct srtp_stream *s);

/* In place: *len grows or shrinks; the packet's memory has SRTP_OVERHEAD bytes of room. Unprotect:
 * ERR_VERIFY for a bad tag or a replay. */
enum err srtp_protect_packet(struct srtp_stream *s, uint8_t *packet, size_t *len) MUST_USE;
enum err srtp_unprotect_packet(struct srtp_stream *s, uint8_t *packet, size_t *len) MUST_USE;

#endif
