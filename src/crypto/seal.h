/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/buf.h"

/* Authenticated encryption under a symmetric key: AES-256-GCM (NIST SP 800-38D). Output is the
 * cipher text, as long as the plain one, and a tag of SEAL_TAG bytes. */
#define SEAL_KEY   32u
#define SEAL_NONCE 12u
#define SEAL_TAG   16u

/* Appends. A key and a nonce together must never seal twice: draw one of them for each time. `head`
 * is authenticated, not sealed. */
enum err seal(const uint8_t key[SEAL_KEY], const uint8_t nonce[SEAL_NONCE], struct span head,
	struct span plain, struct buf *sealed) MUST_USE;

/* Appends. ERR_VERIFY, with nothing appended, for another key, nonce or head and for changed or cut
 * text. */
enum err unseal(const uint8_t key[SEAL_KEY], const uint8_t nonce[SEAL_NONCE], struct span head,
	struct span sealed, struct buf *plain) MUST_USE;

/* A stream of any size, with bounded memory: cut it into pieces of SEAL_PIECE bytes (the last one
 * may be shorter, and empty), seal each under its number and whether it is the last, write them one
 * after another. The reader takes SEAL_PIECE + SEAL_TAG bytes at a time; the piece at the end of
 * the file is the last. Pieces that are left out, exchanged, repeated or cut off at the end do not
 * unseal. The key must be drawn (or derived with a drawn salt) for this one stream; `head` is e.g.
 * the file's clear beginning and authenticated with every piece. ERR_LIMIT after 2^32 pieces. */
#define SEAL_PIECE 65536u
enum err seal_piece(const uint8_t key[SEAL_KEY], uint64_t number, bool last, struct span head,
	struct span plain, struct buf *sealed) MUST_USE;
enum err unseal_piece(const uint8_t key[SEAL_KEY], uint64_t number, bool last, struct span head,
	struct span sealed, struct buf *plain) MUST_USE;

#endif
