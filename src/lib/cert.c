/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "lib/lib.h"

int cad_cert_parse(struct cad_cert **out, const void *bytes, size_t len, struct cad_error *error)
{
	static const char mark[] = "-----BEGIN ";
	struct span text = span_of(bytes, len);
	struct cad_cert *c = mem_new(sizeof(*c));
	struct fail why = {0};
	enum err err;

	if (!c)
		return lib_end(ERR_NOMEM, NULL, error);
	if (len && memmem(bytes, len, mark, sizeof(mark) - 1))
		err = cert_from_pem(&c->cert, text, &why);
	else
		err = cert_from_der(&c->cert, text, &why);
	if (err)
		mem_free(c);
	else
		*out = c;
	return lib_end(err, &why, error);
}

void cad_cert_free(struct cad_cert *cert)
{
	if (!cert)
		return;
	cert_free(cert->cert);
	mem_free(cert);
}

struct cad_span cad_cert_der(const struct cad_cert *cert)
{
	return lib_span(cert_der(cert->cert));
}

const char *cad_cert_subject(const struct cad_cert *cert)
{
	return cert_subject(cert->cert);
}

const char *cad_cert_issuer(const struct cad_cert *cert)
{
	return cert_issuer(cert->cert);
}

struct cad_span cad_cert_serial(const struct cad_cert *cert)
{
	return lib_span(cert_serial(cert->cert));
}

int64_t cad_cert_not_before(const struct cad_cert *cert)
{
	return cert_not_before(cert->cert);
}

int64_t cad_cert_not_after(const struct cad_cert *cert)
{
	return cert_not_after(cert->cert);
}

unsigned cad_cert_key_bits(const struct cad_cert *cert)
{
	return cert_key_bits(cert->cert);
}

bool cad_cert_key_is_rsa(const struct cad_cert *cert)
{
	return cert_key_is_rsa(cert->cert);
}

void cad_cert_hash(const struct cad_cert *cert, char out[33])
{
	cert_md5_hex(cert->cert, out);
}
