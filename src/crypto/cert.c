/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"
#include "base/mem.h"
#include "crypto/cert_priv.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* A PEM file may hold a chain and the text that tools print before it. */
#define CERT_FILE_MAX (16 * CERT_SIZE_MAX)

enum err cert_from_der(struct cert **out, struct span der, struct fail *why)
{
	struct cert *c;
	enum err err;

	if (der.len > CERT_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "certificate: longer than %u bytes", CERT_SIZE_MAX);
	c = mem_new(sizeof(*c));
	if (!c)
		return fail_set(why, ERR_NOMEM, "certificate: %s", err_text(ERR_NOMEM));
	buf_put(&c->der, der);
	err = buf_check(&c->der);
	if (err)
		goto fail;
	err = cert_read(c, why);
	if (err)
		goto fail;
	*out = c;
	return ERR_OK;
fail:
	cert_free(c);
	return fail_set(why, err, "certificate: %s", err_text(err));
}

enum err cert_from_pem(struct cert **out, struct span pem, struct fail *why)
{
	unsigned char *der = NULL;
	X509 *x509 = NULL;
	enum err err;
	BIO *bio;
	int len;

	if (pem.len > CERT_FILE_MAX)
		return fail_set(
			why, ERR_LIMIT, "certificate: text longer than %u bytes", CERT_FILE_MAX);
	bio = BIO_new_mem_buf(pem.len ? (const void *)pem.ptr : "", (int)pem.len);
	if (bio)
		x509 = PEM_read_bio_X509(bio, NULL, ossl_no_password, NULL);
	len = x509 ? i2d_X509(x509, &der) : -1;
	if (len > 0)
		err = cert_from_der(out, span_of(der, (size_t)len), why);
	else
		err = ossl_fail(why, ERR_FORMAT, "no certificate in this PEM text");
	OPENSSL_free(der);
	X509_free(x509);
	BIO_free(bio);
	return err;
}

enum err cert_load(struct cert **out, const char *path, struct fail *why)
{
	static const char mark[] = "-----BEGIN ";
	struct fail inner = {0};
	struct buf content = {0};
	enum err err = file_read(path, CERT_FILE_MAX, &content, why);
	struct span bytes = buf_span(&content);

	if (err)
		goto out;
	if (bytes.len && memmem(bytes.ptr, bytes.len, mark, sizeof(mark) - 1))
		err = cert_from_pem(out, bytes, &inner);
	else
		err = cert_from_der(out, bytes, &inner);
	if (err)
		fail_set(why, err, "%s: %s", path, inner.text);
out:
	buf_fini(&content);
	return err;
}

enum err cert_to_pem(const struct cert *c, struct buf *out)
{
	const X509 *x509 = cert_get_x509(c);
	BIO *bio = BIO_new(BIO_s_mem());
	enum err err = ERR_CRYPTO;
	char *text;
	long len;

	if (bio && x509 && PEM_write_bio_X509(bio, x509) == 1) {
		len = BIO_get_mem_data(bio, &text);
		buf_put(out, span_of(text, (size_t)len));
		err = buf_check(out);
	} else {
		ERR_clear_error();
	}
	BIO_free(bio);
	return err;
}

void cert_free(struct cert *c)
{
	if (!c)
		return;
	X509_free(c->x509);
	mem_free(c->subject);
	mem_free(c->issuer);
	mem_free(c->common_name);
	buf_fini(&c->der);
	buf_fini(&c->serial);
	buf_fini(&c->list_key);
	buf_fini(&c->spki);
	buf_fini(&c->signature);
	mem_free(c);
}

X509 *cert_get_x509(const struct cert *given)
{
	/* Whoever comes first fills it in; nothing that callers see of the certificate changes. */
	struct cert *c = (struct cert *)(uintptr_t)given;
	X509 *made, *there = atomic_load(&c->x509);
	const unsigned char *at = c->der.data;

	if (there)
		return there;
	made = d2i_X509(NULL, &at, (long)c->der.len);
	if (!made || atomic_compare_exchange_strong(&c->x509, &there, made))
		return made;
	X509_free(made);
	return there;
}

struct span cert_der(const struct cert *c)
{
	return buf_span(&c->der);
}

const char *cert_subject(const struct cert *c)
{
	return c->subject;
}

const char *cert_issuer(const struct cert *c)
{
	return c->issuer;
}

const char *cert_common_name(const struct cert *c)
{
	return c->common_name;
}

enum err cert_names_rfc4514(
	const struct cert *c, struct buf *subject, struct buf *issuer, struct fail *why)
{
	X509 *x509 = cert_get_x509(c);
	enum err err = x509 ? ERR_OK : ERR_NOMEM;

	if (!err)
		err = name_print_rfc4514(X509_get_subject_name(x509), subject, why);
	if (!err)
		err = name_print_rfc4514(X509_get_issuer_name(x509), issuer, why);
	return err ? fail_set(why, err, "certificate: %s", err_text(err)) : ERR_OK;
}

struct span cert_serial(const struct cert *c)
{
	return buf_span(&c->serial);
}

static struct span without_zeros(struct span s)
{
	while (s.len && s.ptr[0] == 0)
		s = span_of(s.ptr + 1, s.len - 1);
	return s;
}

bool cert_serial_same(struct span a, struct span b, bool or_reversed)
{
	size_t i;

	a = without_zeros(a);
	if (span_eq(a, without_zeros(b)))
		return true;
	if (!or_reversed)
		return false;
	while (b.len && b.ptr[b.len - 1] == 0)
		b.len--;
	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++)
		if (a.ptr[i] != b.ptr[b.len - 1 - i])
			return false;
	return true;
}

int64_t cert_not_before(const struct cert *c)
{
	return c->not_before;
}

int64_t cert_not_after(const struct cert *c)
{
	return c->not_after;
}

bool cert_valid_at(const struct cert *c, int64_t seconds)
{
	return seconds >= c->not_before && seconds <= c->not_after;
}

struct span cert_list_key(const struct cert *c)
{
	return buf_span(&c->list_key);
}

struct span cert_signature(const struct cert *c)
{
	return buf_span(&c->signature);
}

struct span cert_spki(const struct cert *c)
{
	return buf_span(&c->spki);
}

unsigned cert_key_bits(const struct cert *c)
{
	return c->key_bits;
}

bool cert_key_is_rsa(const struct cert *c)
{
	return c->key_is_rsa;
}

bool cert_is_ca(const struct cert *c)
{
	X509 *x509 = cert_get_x509(c);
	uint32_t flags = x509 ? X509_get_extension_flags(x509) : EXFLAG_INVALID;

	/* Looking at extensions leaves errors behind even when it succeeds. */
	ERR_clear_error();
	return (flags & (EXFLAG_CA | EXFLAG_INVALID)) == EXFLAG_CA;
}

bool cert_fits_client(const struct cert *c)
{
	X509 *x509 = cert_get_x509(c);
	bool fits = x509 && X509_check_purpose(x509, X509_PURPOSE_SSL_CLIENT, 0) == 1;

	ERR_clear_error();
	return fits;
}

void cert_md5_hex(const struct cert *c, char out[33])
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_MD5, buf_span(&c->der), hex);
	memcpy(out, hex, 33);
}
