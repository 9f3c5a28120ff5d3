/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/key.h"
#include "base/file.h"
#include "base/mem.h"
#include "crypto/ossl.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#define RSA_BITS_MIN 512u
#define RSA_BITS_MAX 4096u
/* PEM of the largest key with text before it. */
#define KEY_FILE_MAX 32768u
/* RSAES-PKCS1-v1_5: 00 02, eight bytes at least, 00. */
#define PKCS1_OVERHEAD 11u

struct key {
	EVP_PKEY *pkey;
	enum key_type type;
};

/* Takes the library's object, also when it fails. */
static enum err wrap(struct key **out, EVP_PKEY *pkey, struct fail *why)
{
	struct key *k;
	int id = EVP_PKEY_get_base_id(pkey);

	if (id != EVP_PKEY_RSA && id != EVP_PKEY_EC) {
		EVP_PKEY_free(pkey);
		return fail_set(why, ERR_UNSUPPORTED, "private key: neither RSA nor EC");
	}
	k = mem_new(sizeof(*k));
	if (!k) {
		EVP_PKEY_free(pkey);
		return fail_set(why, ERR_NOMEM, "private key: %s", err_text(ERR_NOMEM));
	}
	k->pkey = pkey;
	k->type = id == EVP_PKEY_RSA ? KEY_RSA : KEY_EC;
	*out = k;
	return ERR_OK;
}

static const char *curve_name(unsigned bits)
{
	switch (bits) {
	case 256: return "P-256";
	case 384: return "P-384";
	case 521: return "P-521";
	default: return NULL;
	}
}

enum err key_generate(struct key **out, enum key_type type, unsigned bits, struct fail *why)
{
	const char *curve = curve_name(bits);
	EVP_PKEY *pkey;

	if (type == KEY_EC && !curve)
		return fail_set(why, ERR_ARG, "private key: EC has 256, 384 or 521 bits");
	if (type == KEY_RSA && (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX))
		return fail_set(why, ERR_ARG, "private key: RSA has %u to %u bits", RSA_BITS_MIN,
			RSA_BITS_MAX);
	pkey = type == KEY_EC ? EVP_EC_gen(curve) : ossl_quick_rsa(bits);
	if (!pkey && type == KEY_RSA)
		pkey = EVP_RSA_gen(bits);
	if (!pkey)
		return ossl_fail(why, ERR_CRYPTO, "private key: cannot be made");
	return wrap(out, pkey, why);
}

void key_free(struct key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	mem_free(k);
}

enum err key_to_der(const struct key *k, struct buf *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->pkey);
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
	enum err err = ERR_CRYPTO;
	uint8_t *at;

	if (len > 0) {
		at = buf_grow(out, (size_t)len);
		err = buf_check(out);
		if (!err && i2d_PKCS8_PRIV_KEY_INFO(info, &at) != len) {
			out->len -= (size_t)len;
			err = ERR_CRYPTO;
		}
	}
	PKCS8_PRIV_KEY_INFO_free(info);
	ERR_clear_error();
	return err;
}

enum err key_from_der(struct key **out, struct span der, struct fail *why)
{
	const unsigned char *at = der.ptr;
	PKCS8_PRIV_KEY_INFO *info = NULL;
	EVP_PKEY *pkey = NULL;

	if (der.len && der.len <= KEY_FILE_MAX)
		info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
	if (info && at == der.ptr + der.len)
		pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (!pkey)
		return ossl_fail(why, ERR_FORMAT, "private key: cannot be read");
	return wrap(out, pkey, why);
}

enum err key_to_pem(const struct key *k, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum err err = ERR_CRYPTO;
	char *text;
	long len;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL) == 1) {
		len = BIO_get_mem_data(bio, &text);
		buf_put(out, span_of(text, (size_t)len));
		err = buf_check(out);
	} else {
		ERR_clear_error();
	}
	BIO_free(bio);
	return err;
}

enum err key_save_pem(const struct key *k, const char *path, struct fail *why)
{
	struct buf pem = {0};
	enum err err = key_to_pem(k, &pem);

	if (err)
		fail_set(why, err, "%s: %s", path, err_text(err));
	else
		err = file_replace(path, buf_span(&pem), 0600, FILE_SYNC, why);
	buf_wipe(&pem);
	return err;
}

enum err key_load_pem(struct key **out, const char *path, struct fail *why)
{
	struct buf pem = {0};
	struct fail inner = {0};
	EVP_PKEY *pkey = NULL;
	BIO *bio = NULL;
	struct stat st;
	enum err err;

	if (stat(path, &st) < 0)
		return fail_set(why, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s: %s", path,
			errno == ENOENT ? "there is no such private key"
					: "the private key cannot be looked at");
	if (st.st_mode & 077)
		return fail_set(why, ERR_DENIED,
			"%s: a private key that others may use (mode %04o); if nobody has copied "
			"it: chmod 600 %s",
			path, (unsigned)st.st_mode & 07777, path);
	err = file_read(path, KEY_FILE_MAX, &pem, why);
	if (err)
		goto out;
	bio = BIO_new_mem_buf(pem.len ? (const void *)pem.data : "", (int)pem.len);
	if (bio)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, ossl_no_password, NULL);
	if (pkey)
		err = wrap(out, pkey, &inner);
	else
		err = ossl_fail(&inner, ERR_FORMAT, "no private key in PEM without password");
	if (err)
		fail_set(why, err, "%s: %s", path, inner.text);
out:
	BIO_free(bio);
	buf_wipe(&pem);
	return err;
}

enum key_type key_get_type(const struct key *k)
{
	return k->type;
}

unsigned key_get_bits(const struct key *k)
{
	return (unsigned)EVP_PKEY_get_bits(k->pkey);
}

enum err key_public_der(const struct key *k, struct buf *out)
{
	int len = i2d_PUBKEY(k->pkey, NULL);
	uint8_t *at;

	if (len <= 0) {
		ERR_clear_error();
		return ERR_CRYPTO;
	}
	at = buf_grow(out, (size_t)len);
	if (!at)
		return buf_check(out);
	if (i2d_PUBKEY(k->pkey, &at) == len)
		return ERR_OK;
	out->len -= (size_t)len;
	ERR_clear_error();
	return ERR_CRYPTO;
}

enum err key_sign(const struct key *k, enum digest_alg alg, const struct span *pieces, size_t count,
	struct buf *signature)
{
	const EVP_MD *md = ossl_digest(alg);
	size_t i, room = (size_t)EVP_PKEY_get_size(k->pkey), len = room;
	EVP_MD_CTX *ctx;
	uint8_t *at;
	bool good;

	if (!md)
		return ERR_UNSUPPORTED;
	at = buf_grow(signature, room);
	if (!at)
		return buf_check(signature);
	ctx = EVP_MD_CTX_new();
	good = ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, k->pkey) == 1;
	for (i = 0; i < count && good; i++)
		good = EVP_DigestSignUpdate(ctx, pieces[i].ptr, pieces[i].len) == 1;
	if (good)
		good = EVP_DigestSignFinal(ctx, at, &len) == 1;
	EVP_MD_CTX_free(ctx);
	signature->len -= good ? room - len : room;
	if (good)
		return ERR_OK;
	ERR_clear_error();
	return ERR_CRYPTO;
}

/* The whole padded block. Its only failure is a number above the modulus, which is public. */
static bool rsa_raw_decrypt(EVP_PKEY *pkey, struct span sealed, uint8_t *block)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	size_t len = sealed.len;
	bool good = ctx && EVP_PKEY_decrypt_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
		    EVP_PKEY_decrypt(ctx, block, &len, sealed.ptr, sealed.len) == 1 &&
		    len == sealed.len;

	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

/* 0xFF for a zero byte, else 0, without a branch. */
static uint8_t zero_mask(uint8_t v)
{
	return (uint8_t)(((uint32_t)v - 1) >> 24);
}

enum err key_decrypt(const struct key *k, struct span sealed, size_t want, struct buf *plain)
{
	size_t i, size = (size_t)EVP_PKEY_get_size(k->pkey);
	uint8_t *out, *block, bad, mask;
	enum err err;

	if (k->type != KEY_RSA)
		return ERR_UNSUPPORTED;
	if (sealed.len != size)
		return ERR_FORMAT;
	if (!want || size < PKCS1_OVERHEAD || want > size - PKCS1_OVERHEAD)
		return ERR_ARG;
	block = mem_new(size);
	if (!block)
		return ERR_NOMEM;
	out = buf_grow(plain, want);
	err = buf_check(plain);
	if (!err) {
		err = random_bytes(out, want);
		if (err)
			plain->len -= want;
	}
	if (err)
		goto out;
	bad = rsa_raw_decrypt(k->pkey, sealed, block) ? 0 : 0xFF;
	/* Every byte is looked at whatever the ones before it were: time must not tell which
	 * part of the padding was wrong. */
	bad |= block[0] | (uint8_t)(block[1] ^ 2) | block[size - want - 1];
	for (i = 2; i < size - want - 1; i++)
		bad |= zero_mask(block[i]);
	mask = zero_mask(bad);
	for (i = 0; i < want; i++)
		out[i] = (uint8_t)((block[size - want + i] & mask) | (out[i] & (uint8_t)~mask));
out:
	mem_wipe(block, size);
	mem_free(block);
	return err;
}

void *key_get_native(const struct key *k)
{
	return k->pkey;
}
