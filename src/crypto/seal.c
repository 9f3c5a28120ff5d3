/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/seal.h"
#include "base/mem.h"
#include "crypto/ossl.h"

#include <limits.h>

static bool fits(struct span head, struct span text)
{
	return head.len <= INT_MAX && text.len <= INT_MAX - SEAL_TAG;
}

enum err seal(const uint8_t key[SEAL_KEY], const uint8_t nonce[SEAL_NONCE], struct span head,
	struct span plain, struct buf *sealed)
{
	EVP_CIPHER_CTX *ctx;
	int len = 0, last = 0;
	uint8_t *at;
	bool good;

	if (!fits(head, plain))
		return ERR_LIMIT;
	at = buf_grow(sealed, plain.len + SEAL_TAG);
	if (!at)
		return buf_check(sealed);
	ctx = EVP_CIPHER_CTX_new();
	good = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	       (!head.len || EVP_EncryptUpdate(ctx, NULL, &len, head.ptr, (int)head.len) == 1) &&
	       (!plain.len || EVP_EncryptUpdate(ctx, at, &len, plain.ptr, (int)plain.len) == 1) &&
	       EVP_EncryptFinal_ex(ctx, at + plain.len, &last) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG, at + plain.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	if (good)
		return ERR_OK;
	mem_wipe(at, plain.len + SEAL_TAG);
	sealed->len -= plain.len + SEAL_TAG;
	return ERR_CRYPTO;
}

enum err unseal(const uint8_t key[SEAL_KEY], const uint8_t nonce[SEAL_NONCE], struct span head,
	struct span sealed, struct buf *plain)
{
	uint8_t tag[SEAL_TAG], *at;
	EVP_CIPHER_CTX *ctx;
	int len = 0, last = 0;
	bool ready, good;
	size_t size;

	if (sealed.len < SEAL_TAG)
		return ERR_VERIFY;
	size = sealed.len - SEAL_TAG;
	if (!fits(head, sealed))
		return ERR_LIMIT;
	/* One more than none, so that there is a place to point at. */
	at = buf_grow(plain, size + 1);
	if (!at)
		return buf_check(plain);
	plain->len--;
	memcpy(tag, sealed.ptr + size, sizeof(tag));
	ctx = EVP_CIPHER_CTX_new();
	ready = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
		(!head.len || EVP_DecryptUpdate(ctx, NULL, &len, head.ptr, (int)head.len) == 1) &&
		(!size || EVP_DecryptUpdate(ctx, at, &len, sealed.ptr, (int)size) == 1) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG, tag) == 1;
	good = ready && EVP_DecryptFinal_ex(ctx, at + size, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	if (good)
		return ERR_OK;
	mem_wipe(at, size);
	plain->len -= size;
	return ready ? ERR_VERIFY : ERR_CRYPTO;
}

/* Seven zeros, the number, and 1 for the last piece: so no two pieces of a stream share a nonce,
 * and none can stand in another's place. */
static enum err piece_nonce(uint8_t nonce[SEAL_NONCE], uint64_t number, bool last)
{
	size_t i;

	if (number > UINT32_MAX)
		return ERR_LIMIT;
	memset(nonce, 0, SEAL_NONCE);
	for (i = 0; i < 4; i++)
		nonce[7 + i] = (uint8_t)(number >> (24 - 8 * i));
	nonce[11] = last;
	return ERR_OK;
}

enum err seal_piece(const uint8_t key[SEAL_KEY], uint64_t number, bool last, struct span head,
	struct span plain, struct buf *sealed)
{
	uint8_t nonce[SEAL_NONCE];
	enum err err = piece_nonce(nonce, number, last);

	return err ? err : seal(key, nonce, head, plain, sealed);
}

enum err unseal_piece(const uint8_t key[SEAL_KEY], uint64_t number, bool last, struct span head,
	struct span sealed, struct buf *plain)
{
	uint8_t nonce[SEAL_NONCE];
	enum err err = piece_nonce(nonce, number, last);

	return err ? err : unseal(key, nonce, head, sealed, plain);
}
