/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "crypto/digest.h"

#include <stdbool.h>

/* A certificate, immutable after loading; its spans live as long as it does. */
struct cert;

#define CERT_SIZE_MAX 16384u /* bytes of DER */

enum err cert_from_der(struct cert **out, struct span der, struct fail *why) MUST_USE;
/* First certificate of a PEM text. */
enum err cert_from_pem(struct cert **out, struct span pem, struct fail *why) MUST_USE;
/* PEM or DER file. */
enum err cert_load(struct cert **out, const char *path, struct fail *why) MUST_USE;
enum err cert_to_pem(const struct cert *c, struct buf *out) MUST_USE;
void cert_free(struct cert *c);

struct span cert_der(const struct cert *c);

/* Names as phones and `show ctl` print them: "CN=…;OU=…;O=…;L=…;ST=…;C=…" in this order whatever
 * the DER's, absent attributes left out, `;` and `\` escaped with a backslash; other attributes
 * follow in DER order. spec: docs/formats/trust-list.md#names */
const char *cert_subject(const struct cert *c);
const char *cert_issuer(const struct cert *c);
/* The common name alone, "" when there is none. */
const char *cert_common_name(const struct cert *c);

/* Both names as certutils writes them into lists and headers: the attributes in the certificate's
 * order, each as in RFC 4514, with commas between them. Appends. ERR_NOMEM. */
enum err cert_names_rfc4514(
	const struct cert *c, struct buf *subject, struct buf *issuer, struct fail *why) MUST_USE;

/* True when the names hold the same attributes: order, case of the keys, quotes and padding blanks
 * do not count, nor whether a key is a word or its number; a value cut after an opening quote is a
 * prefix. Works on printed names. */
bool cert_name_same(struct span a, struct span b);

/* Serial as a minimal big-endian magnitude (no leading 00). */
struct span cert_serial(const struct cert *c);
/* Compares ignoring leading zeros; also true for a byte-reversed `b` when `or_reversed`. */
bool cert_serial_same(struct span a, struct span b, bool or_reversed);

int64_t cert_not_before(const struct cert *c); /* seconds since 1970-01-01 UTC */
int64_t cert_not_after(const struct cert *c);
bool cert_valid_at(const struct cert *c, int64_t seconds);

/* Public key as a trust-list record holds it (tag 7): PKCS #1 RSAPublicKey DER, or the EC point. */
struct span cert_list_key(const struct cert *c);
struct span cert_signature(const struct cert *c); /* the signature bits */
struct span cert_spki(const struct cert *c);      /* SubjectPublicKeyInfo DER */
unsigned cert_key_bits(const struct cert *c);
bool cert_key_is_rsa(const struct cert *c);
bool cert_is_ca(const struct cert *c);
/* Do its key usages, where it has any, allow it to be shown by a client of TLS? */
bool cert_fits_client(const struct cert *c);

/* Lower-case hex MD5 of the DER: `certHash` of the reduced configuration. */
void cert_md5_hex(const struct cert *c, char out[33]);

/* ERR_OK when `c` was signed by `issuer`'s key and names it as issuer; ERR_VERIFY otherwise. Dates
 * are not looked at. */
enum err cert_check_signed_by(
	const struct cert *c, const struct cert *issuer, struct fail *why) MUST_USE;

/* Checks a PKCS #1 v1.5 (or ECDSA) signature over the pieces with a key given as a certificate or
 * as tag 7 of a record. ERR_VERIFY. */
enum err cert_check_signature(const struct cert *c, enum digest_alg alg, const struct span *pieces,
	size_t count, struct span signature) MUST_USE;
enum err list_key_check_signature(struct span list_key, enum digest_alg alg,
	const struct span *pieces, size_t count, struct span signature) MUST_USE;

/* The same over the bare digest: for RSA the PKCS #1 type 1 block holds no DigestInfo, and all of
 * its padding is checked; for EC it is ECDSA as ever. ERR_VERIFY. */
enum err cert_check_bare_signature(const struct cert *c, enum digest_alg alg,
	const struct span *pieces, size_t count, struct span signature) MUST_USE;

/* RSAES-PKCS1-v1_5 for the certificate's RSA key; ERR_UNSUPPORTED for EC. */
enum err cert_encrypt_to(
	const struct cert *c, struct span plain, struct buf *sealed, struct fail *why) MUST_USE;

/* AES-128-CBC without padding: lengths are multiples of 16. */
enum err aes128_cbc(bool encrypt, const uint8_t key[16], const uint8_t iv[16], struct span in,
	struct buf *out) MUST_USE;

#endif
