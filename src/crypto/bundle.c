/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/bundle.h"
#include "crypto/ossl.h"

#include <openssl/pkcs7.h>

#define BEGIN "-----BEGIN "
#define END   "-----END "

void bundle_fini(struct bundle *b)
{
	while (b->count)
		cert_free(b->certs[--b->count]);
}

static enum err add(struct bundle *b, struct span der, struct fail *why)
{
	enum err err;

	if (b->count == BUNDLE_CERTS)
		return fail_set(why, ERR_LIMIT, "more than %u certificates", BUNDLE_CERTS);
	err = cert_from_der(&b->certs[b->count], der, why);
	if (!err)
		b->count++;
	return err;
}

static enum err add_x509(struct bundle *b, X509 *x, struct fail *why)
{
	struct buf der = {0};
	int len = i2d_X509(x, NULL);
	uint8_t *at = len > 0 ? buf_grow(&der, (size_t)len) : NULL;
	enum err err;

	if (!at || i2d_X509(x, &at) != len)
		err = ossl_fail(why, at ? ERR_CRYPTO : ERR_NOMEM, "certificate");
	else
		err = add(b, buf_span(&der), why);
	buf_fini(&der);
	return err;
}

static enum err add_pkcs7(struct bundle *b, struct span der, struct fail *why)
{
	const unsigned char *at = der.ptr;
	PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)der.len);
	STACK_OF(X509) *certs = NULL;
	enum err err = ERR_OK;
	int i;

	if (!p7)
		return ossl_fail(why, ERR_FORMAT, "PKCS #7: cannot be read");
	if (at != der.ptr + der.len)
		err = fail_set(why, ERR_FORMAT, "PKCS #7: bytes after its end");
	else if (!PKCS7_type_is_signed(p7) || !p7->d.sign)
		err = fail_set(why, ERR_FORMAT, "PKCS #7: not of the kind that holds certificates");
	else
		certs = p7->d.sign->cert;
	if (!err && sk_X509_num(certs) < 1)
		err = fail_set(why, ERR_FORMAT, "PKCS #7: holds no certificate");
	for (i = 0; !err && i < sk_X509_num(certs); i++)
		err = add_x509(b, sk_X509_value(certs, i), why);
	PKCS7_free(p7);
	return err;
}

/* --- PEM --- */

static const char *find(struct span text, const char *word)
{
	return text.len ? memmem(text.ptr, text.len, word, strlen(word)) : NULL;
}

static struct span after(struct span text, const char *at)
{
	const char *end = (const char *)text.ptr + text.len;

	return span_of((const uint8_t *)at, (size_t)(end - at));
}

static bool labelled(struct span at, const char *label)
{
	size_t len = strlen(label);

	return at.len >= len && memcmp(at.ptr, label, len) == 0;
}

/* One block, whose label begins at *text; leaves *text behind it. */
static enum err add_block(struct bundle *b, struct span *text, struct fail *why)
{
	bool cert = labelled(*text, "CERTIFICATE-----") || labelled(*text, "X509 CERTIFICATE-----");
	bool pkcs7 = labelled(*text, "PKCS7-----") || labelled(*text, "CMS-----");
	const char *body = find(*text, "-----"), *end;
	struct span inner;
	struct buf der = {0};
	enum err err = ERR_OK;

	if (!body || !(end = find(after(*text, body + 5), END)))
		return fail_set(why, ERR_FORMAT, "PEM: a block has no end");
	inner = after(*text, body + 5);
	inner.len = (size_t)(end - (body + 5));
	*text = after(*text, end + sizeof(END) - 1);
	if (!cert && !pkcs7)
		return ERR_OK;
	err = bundle_base64(&der, inner, why);
	if (!err)
		err = cert ? add(b, buf_span(&der), why) : add_pkcs7(b, buf_span(&der), why);
	buf_fini(&der);
	return err;
}

static enum err read_pem(struct bundle *b, struct span text, struct fail *why)
{
	const char *at;
	enum err err = ERR_OK;

	while (!err && (at = find(text, BEGIN))) {
		text = after(text, at + sizeof(BEGIN) - 1);
		err = add_block(b, &text, why);
	}
	if (!err && !b->count)
		err = fail_set(why, ERR_FORMAT, "PEM: no certificate in it");
	return err;
}

enum err bundle_read(struct bundle *b, struct span file, struct fail *why)
{
	struct fail one = {0};
	enum err err;

	memset(b, 0, sizeof(*b));
	if (file.len > BUNDLE_SIZE_MAX)
		return fail_set(
			why, ERR_LIMIT, "certificates: longer than %u bytes", BUNDLE_SIZE_MAX);
	if (find(file, BEGIN))
		err = read_pem(b, file, why);
	else if (add(b, file, &one) == ERR_OK)
		err = ERR_OK;
	else
		err = add_pkcs7(b, file, NULL)
			      ? fail_set(why, ERR_FORMAT,
					"neither a certificate nor a certs-only PKCS #7, in PEM or "
					"DER")
			      : ERR_OK;
	if (err)
		bundle_fini(b);
	return err;
}

/* --- base 64 --- */

static int figure(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum err bundle_base64(struct buf *out, struct span text, struct fail *why)
{
	uint32_t group = 0;
	size_t i, figures = 0, padding = 0;
	int v;

	if (text.len > BUNDLE_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "base 64: longer than %u bytes", BUNDLE_SIZE_MAX);
	for (i = 0; i < text.len; i++) {
		if (blank(text.ptr[i]))
			continue;
		if (text.ptr[i] == '=' && figures % 4 >= 2 && padding < 2) {
			padding++;
			continue;
		}
		v = padding ? -1 : figure(text.ptr[i]);
		if (v < 0)
			return fail_set(why, ERR_FORMAT, "base 64: byte %zu is none of it", i);
		group = group << 6 | (uint32_t)v;
		if (++figures % 4)
			continue;
		buf_u8(out, (uint8_t)(group >> 16));
		buf_u8(out, (uint8_t)(group >> 8));
		buf_u8(out, (uint8_t)group);
	}
	if (figures % 4 == 1 || (padding && (figures + padding) % 4) || (figures % 4 && !padding))
		return fail_set(why, ERR_FORMAT, "base 64: ends in the middle");
	if (figures % 4 == 2)
		buf_u8(out, (uint8_t)(group >> 4));
	if (figures % 4 == 3) {
		buf_u8(out, (uint8_t)(group >> 10));
		buf_u8(out, (uint8_t)(group >> 2));
	}
	return buf_check(out);
}
