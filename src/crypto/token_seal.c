/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "crypto/token_priv.h"

enum err token_derive(const struct token_file *t, const char *pin, uint8_t key[TOKEN_KEY_SIZE])
{
	struct span bytes = span_str(pin);

	return bytes.len > TOKEN_PIN_MAX ? ERR_ARG : password_key(bytes, t->salt, &t->kdf, key);
}

enum err token_seal(struct token_file *t, const uint8_t key[TOKEN_KEY_SIZE], struct span plain)
{
	buf_clear(&t->sealed);
	return seal(key, t->nonce, buf_span(&t->head), plain, &t->sealed);
}

enum err token_unseal(
	const struct token_file *t, const uint8_t key[TOKEN_KEY_SIZE], struct buf *plain)
{
	enum err err = unseal(key, t->nonce, buf_span(&t->head), buf_span(&t->sealed), plain);

	return err == ERR_VERIFY ? ERR_PIN : err;
}
