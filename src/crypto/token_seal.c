/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "crypto/ossl.h"
#include "crypto/token_priv.h"

#include <argon2.h>

/* So that a hostile token file cannot take all memory or time of the machine. */
#define MEMORY_KIB_MAX  1048576u
#define PASSES_MAX      64u
#define LANES_MAX       4u
#define LANE_MEMORY_MIN 8u /* KiB, RFC 9106 3.1 */

struct token_kdf token_kdf_default(void)
{
	return (struct token_kdf){.memory_kib = 65536, .passes = 3, .lanes = 1};
}

bool token_kdf_good(const struct token_kdf *kdf)
{
	return kdf->lanes >= 1 && kdf->lanes <= LANES_MAX && kdf->passes >= 1 &&
	       kdf->passes <= PASSES_MAX && kdf->memory_kib >= LANE_MEMORY_MIN * kdf->lanes &&
	       kdf->memory_kib <= MEMORY_KIB_MAX;
}

static int allocate(uint8_t **memory, size_t size)
{
	*memory = mem_new(size);
	return *memory ? ARGON2_OK : ARGON2_MEMORY_ALLOCATION_ERROR;
}

/* Argon2 has wiped it already. */
static void release(uint8_t *memory, size_t size)
{
	mem_free(memory);
}

enum err token_derive(const struct token_file *t, const char *pin, uint8_t key[TOKEN_KEY_SIZE])
{
	uint8_t salt[TOKEN_SALT_SIZE], password[TOKEN_PIN_MAX];
	size_t len = strlen(pin);
	argon2_context ctx;
	int result;

	if (len > sizeof(password))
		return ERR_ARG;
	memcpy(salt, t->salt, sizeof(salt));
	memcpy(password, pin, len);
	ctx = (argon2_context){
		.out = key,
		.outlen = TOKEN_KEY_SIZE,
		.pwd = password,
		.pwdlen = (uint32_t)len,
		.salt = salt,
		.saltlen = sizeof(salt),
		.t_cost = t->kdf.passes,
		.m_cost = t->kdf.memory_kib,
		.lanes = t->kdf.lanes,
		.threads = t->kdf.lanes,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = allocate,
		.free_cbk = release,
		.flags = ARGON2_FLAG_CLEAR_PASSWORD,
	};
	result = argon2id_ctx(&ctx);
	mem_wipe(password, sizeof(password));
	if (result == ARGON2_OK)
		return ERR_OK;
	mem_wipe(key, TOKEN_KEY_SIZE);
	return result == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_NOMEM : ERR_CRYPTO;
}

enum err token_seal(struct token_file *t, const uint8_t key[TOKEN_KEY_SIZE], struct span plain)
{
	uint8_t *at = buf_grow(&t->sealed, plain.len + TOKEN_TAG_SIZE);
	EVP_CIPHER_CTX *ctx;
	int len = 0, last = 0;
	bool good;

	if (!at)
		return buf_check(&t->sealed);
	ctx = EVP_CIPHER_CTX_new();
	good = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, t->nonce) == 1 &&
	       EVP_EncryptUpdate(ctx, NULL, &len, t->head.data, (int)t->head.len) == 1 &&
	       EVP_EncryptUpdate(ctx, at, &len, plain.ptr, (int)plain.len) == 1 &&
	       EVP_EncryptFinal_ex(ctx, at + len, &last) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TOKEN_TAG_SIZE, at + plain.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return good ? ERR_OK : ERR_CRYPTO;
}

enum err token_unseal(
	const struct token_file *t, const uint8_t key[TOKEN_KEY_SIZE], struct buf *plain)
{
	size_t size = t->sealed.len - TOKEN_TAG_SIZE;
	uint8_t tag[TOKEN_TAG_SIZE], *at = buf_grow(plain, size);
	EVP_CIPHER_CTX *ctx;
	int len = 0, last = 0;
	bool ready, good;

	if (!at)
		return buf_check(plain);
	memcpy(tag, t->sealed.data + size, sizeof(tag));
	ctx = EVP_CIPHER_CTX_new();
	ready = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, t->nonce) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &len, t->head.data, (int)t->head.len) == 1 &&
		EVP_DecryptUpdate(ctx, at, &len, t->sealed.data, (int)size) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TOKEN_TAG_SIZE, tag) == 1;
	good = ready && EVP_DecryptFinal_ex(ctx, at + len, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	if (good)
		return ERR_OK;
	mem_wipe(at, size);
	plain->len -= size;
	return ready ? ERR_PIN : ERR_CRYPTO;
}
