/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/password.h"
#include "base/library.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#ifdef CADEADO_TEST_HOOKS
#include <stdlib.h>
#endif

#define MEMORY_KIB_MAX  1048576u
#define PASSES_MAX      64u
#define LANES_MAX       4u
#define LANE_MEMORY_MIN 8u /* KiB, RFC 9106 3.1 */

#define PREFIX    "$argon2id$v=19$"
#define SALT_TEXT 22u /* characters of base 64 without padding */
#define HASH_TEXT 43u

/* With test hooks, CADEADO_KDF=cheap is for tests that ask for other things than this cost. */
static struct kdf_cost cost_of_new(unsigned memory_kib, unsigned passes)
{
#ifdef CADEADO_TEST_HOOKS
	const char *wanted = getenv("CADEADO_KDF");

	if (wanted && strcmp(wanted, "cheap") == 0)
		return (struct kdf_cost){.memory_kib = 64, .passes = 1, .lanes = 1};
#endif
	return (struct kdf_cost){.memory_kib = memory_kib, .passes = passes, .lanes = 1};
}

struct kdf_cost kdf_cost_default(void)
{
	return cost_of_new(65536, 3);
}

/* Logins happen often and several at once; their guesses are counted and delayed as well. */
static struct kdf_cost login_cost(void)
{
	return cost_of_new(32768, 2);
}

struct kdf_cost kdf_cost_digits(void)
{
	return cost_of_new(8192, 1);
}

bool kdf_cost_good(const struct kdf_cost *cost)
{
	return cost->lanes >= 1 && cost->lanes <= LANES_MAX && cost->passes >= 1 &&
	       cost->passes <= PASSES_MAX && cost->memory_kib >= LANE_MEMORY_MIN * cost->lanes &&
	       cost->memory_kib <= MEMORY_KIB_MAX;
}

/* Loaded when a secret is first stretched. */
static struct {
	__typeof__(argon2id_ctx) *id_ctx;
} argon2;

static const struct library_call argon2_calls[] = {{"argon2id_ctx", 0}};
static struct library argon2_library = {
	.what = "Argon2",
	.file = "libargon2.so.1",
	.calls = argon2_calls,
	.count = 1,
	.table = &argon2,
	.err = ERR_UNSUPPORTED,
};

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

enum err password_key(struct span passphrase, const uint8_t salt[PASSWORD_SALT],
	const struct kdf_cost *cost, uint8_t key[PASSWORD_KEY])
{
	uint8_t own_salt[PASSWORD_SALT], own[PASSWORD_MAX];
	argon2_context ctx;
	enum err err;
	int result;

	if (passphrase.len > sizeof(own) || !kdf_cost_good(cost))
		return ERR_ARG;
	err = library_load(&argon2_library, NULL);
	if (err)
		return err;
	memcpy(own_salt, salt, sizeof(own_salt));
	if (passphrase.len)
		memcpy(own, passphrase.ptr, passphrase.len);
	ctx = (argon2_context){
		.out = key,
		.outlen = PASSWORD_KEY,
		.pwd = own,
		.pwdlen = (uint32_t)passphrase.len,
		.salt = own_salt,
		.saltlen = sizeof(own_salt),
		.t_cost = cost->passes,
		.m_cost = cost->memory_kib,
		.lanes = cost->lanes,
		.threads = cost->lanes,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = allocate,
		.free_cbk = release,
		.flags = ARGON2_FLAG_CLEAR_PASSWORD,
	};
	result = argon2.id_ctx(&ctx);
	mem_wipe(own, sizeof(own));
	if (result == ARGON2_OK)
		return ERR_OK;
	mem_wipe(key, PASSWORD_KEY);
	return result == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_NOMEM : ERR_CRYPTO;
}

static void put_base64(char *out, const uint8_t *bytes, size_t size, size_t characters)
{
	unsigned char padded[HASH_TEXT + 2];

	EVP_EncodeBlock(padded, bytes, (int)size);
	memcpy(out, padded, characters);
	out[characters] = '\0';
	mem_wipe(padded, sizeof(padded));
}

static enum err hash_text(struct span password, const uint8_t salt[PASSWORD_SALT],
	const struct kdf_cost *cost, char out[PASSWORD_TEXT], struct fail *why)
{
	char salt_text[SALT_TEXT + 1], hash[HASH_TEXT + 1];
	uint8_t key[PASSWORD_KEY];
	enum err err = password_key(password, salt, cost, key);

	if (err)
		return fail_set(why, err, "password: %s", err_text(err));
	put_base64(salt_text, salt, PASSWORD_SALT, SALT_TEXT);
	put_base64(hash, key, sizeof(key), HASH_TEXT);
	mem_wipe(key, sizeof(key));
	snprintf(out, PASSWORD_TEXT, PREFIX "m=%u,t=%u,p=%u$%s$%s", cost->memory_kib, cost->passes,
		cost->lanes, salt_text, hash);
	return ERR_OK;
}

enum err password_hash(struct span password, char out[PASSWORD_TEXT], struct fail *why)
{
	const struct kdf_cost cost = login_cost();

	return password_hash_at(password, &cost, out, why);
}

enum err password_hash_at(struct span password, const struct kdf_cost *cost,
	char out[PASSWORD_TEXT], struct fail *why)
{
	uint8_t salt[PASSWORD_SALT];
	enum err err = random_bytes(salt, sizeof(salt));

	if (err)
		return fail_set(why, err, "password: no random numbers");
	return hash_text(password, salt, cost, out, why);
}

static bool take_number(const char **at, const char *key, char end, unsigned *out)
{
	char digits[8];
	const char *stop;
	long number = 0;

	if (strncmp(*at, key, strlen(key)) != 0)
		return false;
	*at += strlen(key);
	stop = strchr(*at, end);
	if (!stop || stop == *at || (size_t)(stop - *at) >= sizeof(digits))
		return false;
	memcpy(digits, *at, (size_t)(stop - *at));
	digits[stop - *at] = '\0';
	if (str_number(digits, 1, MEMORY_KIB_MAX, &number))
		return false;
	*out = (unsigned)number;
	*at = stop + 1;
	return true;
}

static bool parse(const char *text, struct kdf_cost *cost, uint8_t salt[PASSWORD_SALT])
{
	unsigned char padded[SALT_TEXT + 2], bytes[PASSWORD_SALT + 2];
	const char *at = text + sizeof(PREFIX) - 1;

	if (strlen(text) >= PASSWORD_TEXT || strncmp(text, PREFIX, sizeof(PREFIX) - 1) != 0 ||
		!take_number(&at, "m=", ',', &cost->memory_kib) ||
		!take_number(&at, "t=", ',', &cost->passes) ||
		!take_number(&at, "p=", '$', &cost->lanes) || !kdf_cost_good(cost) ||
		strlen(at) != SALT_TEXT + 1 + HASH_TEXT || at[SALT_TEXT] != '$')
		return false;
	memcpy(padded, at, SALT_TEXT);
	memcpy(padded + SALT_TEXT, "==", 2);
	if (EVP_DecodeBlock(bytes, padded, sizeof(padded)) != sizeof(bytes))
		return false;
	memcpy(salt, bytes, PASSWORD_SALT);
	return true;
}

enum err password_verify(const char *text, struct span password, bool *good, struct fail *why)
{
	/* Nobody's: what an unknown user is compared with. */
	uint8_t salt[PASSWORD_SALT] = {0};
	struct kdf_cost cost = login_cost();
	char computed[PASSWORD_TEXT];
	size_t len;
	enum err err;

	*good = false;
	if (text && !parse(text, &cost, salt))
		return fail_set(why, ERR_FORMAT, "a stored password is damaged: set it anew");
	err = hash_text(password, salt, &cost, computed, why);
	if (err)
		return err;
	len = strlen(computed);
	*good = text && len == strlen(text) && CRYPTO_memcmp(computed, text, len) == 0;
	mem_wipe(computed, sizeof(computed));
	return ERR_OK;
}
