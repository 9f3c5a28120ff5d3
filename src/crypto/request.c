/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/request.h"
#include "crypto/issue_priv.h"

#define DER_SET        0x31
#define DER_ATTRIBUTES 0xA0

/* extensionRequest, RFC 2985 5.4.2: 1.2.840.113549.1.9.14 */
static const uint8_t extension_request[] = {
	0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x0E};
static const uint8_t version_1[] = {0x02, 0x01, 0x00};

/* attributes [0] SET OF { extensionRequest, SET { Extensions } } */
static enum err put_attributes(const struct issue_request *r, struct buf *out)
{
	struct buf extensions = {0}, values = {0}, attribute = {0};
	enum err err = issue_extensions(r, NULL, &extensions);

	if (!err) {
		issue_der_wrap(&values, DER_SET, &extensions);
		buf_put(&attribute, span_of(extension_request, sizeof(extension_request)));
		buf_put(&attribute, buf_span(&values));
		buf_clear(&extensions);
		issue_der_wrap(&extensions, DER_SEQUENCE, &attribute);
		issue_der_wrap(out, DER_ATTRIBUTES, &extensions);
		err = buf_check(&values) ? buf_check(&values) : buf_check(&attribute);
	}
	if (!err)
		err = buf_check(&extensions);
	buf_fini(&extensions);
	buf_fini(&values);
	buf_fini(&attribute);
	return err ? err : buf_check(out);
}

static enum err put_info(
	const struct issue_request *r, struct span held, struct buf *out, struct fail *why)
{
	struct buf body = {0};
	enum err err;

	buf_put(&body, span_of(version_1, sizeof(version_1)));
	err = issue_subject(r, &body, why);
	buf_put(&body, held);
	if (!err)
		err = put_attributes(r, &body);
	if (!err && body.len > CERT_SIZE_MAX)
		err = fail_set(why, ERR_LIMIT, "request: longer than %u bytes", CERT_SIZE_MAX);
	if (!err)
		issue_der_wrap(out, DER_SEQUENCE, &body);
	buf_fini(&body);
	return err ? err : buf_check(out);
}

enum err request_now(struct buf *out, const struct issue_request *r, struct span held,
	struct signer *s, const char *key_name, struct fail *why)
{
	struct buf body = {0}, signature = {0};
	struct span info;
	enum err err = issue_check(r, why);

	if (!err)
		err = put_info(r, held, &body, why);
	info = buf_span(&body);
	if (!err)
		err = signer_sign_now(s, key_name, r->digest, &info, 1, &signature, why);
	if (!err) {
		buf_put(&body, issue_algorithm(r));
		issue_der_head(&body, DER_BIT_STRING, signature.len + 1);
		buf_u8(&body, 0); /* no unused bits */
		buf_put(&body, buf_span(&signature));
		issue_der_wrap(out, DER_SEQUENCE, &body);
		err = buf_check(&body) ? buf_check(&body) : buf_check(out);
	}
	buf_fini(&body);
	buf_fini(&signature);
	return err ? ossl_fail(why, err, "request: cannot be made") : ERR_OK;
}
