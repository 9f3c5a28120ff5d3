/* SPDX-License-Identifier: BSD-2-Clause
 * Encrypted configuration (.enc.sgn): AES-128-CBC, its key wrapped for one phone, signed.
 * cad_encrypted(3) */
#ifndef CADEADO_ENCRYPTED_H
#define CADEADO_ENCRYPTED_H

#include "cadeado/signed.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CAD_AES_KEY 16u /* bytes */

/* Unwraps a file's key for the library, which never sees a private key: RSAES-PKCS1-v1_5 of
 * `sealed` into CAD_AES_KEY bytes. A wrong padding should give random bytes and CAD_OK, so that
 * nobody can tell the two apart. Other numbers end the operation and are what its caller gets. */
typedef int cad_unwrap_fn(void *ctx, struct cad_span sealed, uint8_t key[CAD_AES_KEY]);

struct cad_encrypted;

/* Reads header and cipher's parameters. CAD_ERR_SHORT, CAD_ERR_FORMAT, CAD_ERR_UNSUPPORTED with the
 * byte. Nothing is verified yet. */
CAD_API int cad_encrypted_parse(struct cad_encrypted **out, const void *bytes, size_t len,
	struct cad_error *error) CAD_MUST_USE;
CAD_API void cad_encrypted_free(struct cad_encrypted *file);

CAD_API struct cad_header cad_encrypted_get_header(const struct cad_encrypted *file);

struct cad_cipher {
	struct cad_span iv; /* 16 bytes */
	unsigned padding;   /* bytes added to the plain text, 1 to 16 */
	unsigned key_bits;  /* modulus of the phone's RSA key */
	struct cad_span wrapped_key;
	struct cad_span ciphertext;
	unsigned content_digest;      /* enum cad_digest */
	struct cad_span content_hash; /* of the plain text */
};
CAD_API struct cad_cipher cad_encrypted_get_cipher(const struct cad_encrypted *file);

/* As cad_signed_verify_list and cad_signed_verify_cert. */
CAD_API int cad_encrypted_verify_list(const struct cad_encrypted *file, const struct cad_list *list,
	struct cad_error *error) CAD_MUST_USE;
CAD_API int cad_encrypted_verify_cert(const struct cad_encrypted *file,
	const struct cad_cert *signer, struct cad_error *error) CAD_MUST_USE;

/* The plain text, which may hold secrets: cad_bytes_free wipes it. CAD_ERR_VERIFY when the digest
 * in the file is not that of the plain text, as with a key that is not the phone's. */
CAD_API int cad_encrypted_decrypt(const struct cad_encrypted *file, cad_unwrap_fn *unwrap,
	void *ctx, struct cad_bytes *out, struct cad_error *error) CAD_MUST_USE;

/* Encrypts for the phone whose LSC (or MIC) is `phone` (RSA), and signs as cad_sign_file does;
 * `filename` ends in ".enc.sgn". Each call draws a new key and IV. */
CAD_API int cad_encrypt_file(struct cad_bytes *out, const void *plain, size_t len,
	const char *filename, const struct cad_cert *phone, const struct cad_signing *how,
	struct cad_error *error) CAD_MUST_USE;

/* The reduced companion of a whole configuration, which tells the phone for which certificate the
 * encrypted file was made: fullConfig (false), of the whole file ipAddressMode, loadInformation,
 * capfAuthMode and capfList byte by byte, certHash, encrConfig (true). It is not signed yet:
 * cad_sign_file does that, with a name that ends in ".cnf.xml.sgn". CAD_ERR_FORMAT (no XML in UTF-8
 * or ASCII, with a document type, no <device>, reduced already, one of the four twice),
 * CAD_ERR_LIMIT (over 256 KiB, 16 levels or 32 attributes). */
CAD_API int cad_reduce_file(struct cad_bytes *out, const void *plain, size_t len,
	const struct cad_cert *phone, struct cad_error *error) CAD_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
