/* SPDX-License-Identifier: BSD-2-Clause
 * SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING { SEQUENCE { n INTEGER, e INTEGER } } }
 * SEQUENCE { SEQUENCE { ecPublicKey, curve }, BIT STRING { 04 x y } } */
#include "core/enrol/public_key.h"

#include "wire/cursor.h"

#define DER_INTEGER    0x02
#define DER_BIT_STRING 0x03
#define DER_SEQUENCE   0x30

#define POINT_UNCOMPRESSED 4

static const uint8_t rsa_algorithm[] = {
	0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00};

/* The content of the next element, which must have this tag and the shortest form of length. */
static struct span element(struct cursor *c, uint8_t tag, const char *field)
{
	size_t where = cur_where(c), len;

	if (cur_u8(c, field) != tag)
		cur_fail_at(c, ERR_FORMAT, where, field, "tag 0x%02X is expected", tag);
	where = cur_where(c);
	len = cur_u8(c, field);
	if (len == 0x81) {
		len = cur_u8(c, field);
		if (len < 0x80)
			cur_fail_at(
				c, ERR_FORMAT, where, field, "length in a longer form than needed");
	} else if (len == 0x82) {
		len = cur_be16(c, field);
		if (len < 0x100)
			cur_fail_at(
				c, ERR_FORMAT, where, field, "length in a longer form than needed");
	} else if (len >= 0x80) {
		cur_fail_at(c, ERR_FORMAT, where, field, "length of this form is not allowed");
	}
	return cur_take(c, len, field);
}

static void check_end(struct cursor *c, const char *field)
{
	if (!cur_check(c) && cur_left(c))
		cur_fail(c, ERR_FORMAT, field, "%zu bytes too many", cur_left(c));
}

/* The magnitude of a positive INTEGER in its shortest form. */
static struct span positive(struct cursor *c, const char *field)
{
	size_t where = cur_where(c);
	struct span v = element(c, DER_INTEGER, field);

	if (cur_check(c))
		return span_of(NULL, 0);
	if (v.len > 1 && v.ptr[0] == 0 && (v.ptr[1] & 0x80)) {
		v = span_of(v.ptr + 1, v.len - 1);
	} else if (!v.len || (v.ptr[0] & 0x80) || v.ptr[0] == 0) {
		cur_fail_at(c, ERR_FORMAT, where, field, "not a positive number in DER");
		return span_of(NULL, 0);
	}
	return v;
}

static void check_numbers(struct cursor *c, unsigned bits)
{
	size_t where = cur_where(c);
	struct span n = positive(c, "modulus"), e;

	if (!cur_check(c) && (n.len != bits / 8 || !(n.ptr[0] & 0x80)))
		cur_fail_at(c, ERR_FORMAT, where, "modulus",
			"%u bits were asked for, this number has %zu bytes", bits, n.len);
	else if (!cur_check(c) && !(n.ptr[n.len - 1] & 1))
		cur_fail_at(c, ERR_FORMAT, where, "modulus", "even");
	where = cur_where(c);
	e = positive(c, "exponent");
	if (!cur_check(c) && (e.len > 4 || !(e.ptr[e.len - 1] & 1) || (e.len == 1 && e.ptr[0] < 3)))
		cur_fail_at(c, ERR_FORMAT, where, "exponent",
			"an odd number from 3 to 2^32 - 1 is expected");
	check_end(c, "key");
}

/* Steps into what `inner` borrows from the outer input. */
static void enter(
	struct cursor *in, const struct cursor *outer, struct span inner, const char *what)
{
	cur_init(in, inner, what, outer->why);
	in->err = outer->err;
	if (inner.ptr)
		in->origin = outer->origin + (size_t)(inner.ptr - outer->ptr);
}

/* ecPublicKey and the curve's name. */
static const uint8_t ec_p256[] = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
	0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
static const uint8_t ec_p384[] = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05,
	0x2B, 0x81, 0x04, 0x00, 0x22};
static const uint8_t ec_p521[] = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05,
	0x2B, 0x81, 0x04, 0x00, 0x23};

static struct span algorithm_of(const struct enrol_key *want)
{
	if (!want->ec)
		return span_of(rsa_algorithm, sizeof(rsa_algorithm));
	return want->bits == 256   ? span_of(ec_p256, sizeof(ec_p256))
	       : want->bits == 384 ? span_of(ec_p384, sizeof(ec_p384))
				   : span_of(ec_p521, sizeof(ec_p521));
}

static void check_point(struct cursor *c, unsigned bits)
{
	size_t where = cur_where(c), size = (bits + 7) / 8;

	if (cur_u8(c, "point") != POINT_UNCOMPRESSED)
		cur_fail_at(c, ERR_FORMAT, where, "point", "an uncompressed one is expected");
	(void)cur_take(c, 2 * size, "point");
	check_end(c, "point");
}

enum err public_key_check(struct span spki, const struct enrol_key *want, struct fail *why)
{
	struct cursor c, body, bit_string, key;
	struct span algorithm;

	cur_init(&c, spki, "public key", why);
	enter(&body, &c, element(&c, DER_SEQUENCE, "SubjectPublicKeyInfo"), "public key");
	check_end(&c, "SubjectPublicKeyInfo");
	if (cur_check(&c))
		return cur_check(&c);
	algorithm = element(&body, DER_SEQUENCE, "algorithm");
	if (!cur_check(&body) && !span_eq(algorithm, algorithm_of(want)))
		return cur_fail(&body, ERR_UNSUPPORTED, "algorithm", "%s-%u was asked for",
			want->ec ? "EC P" : "RSA", want->bits);
	enter(&bit_string, &body, element(&body, DER_BIT_STRING, "subjectPublicKey"), "public key");
	check_end(&body, "subjectPublicKey");
	if (cur_check(&body))
		return cur_check(&body);
	if (cur_u8(&bit_string, "unused bits") != 0)
		cur_fail(&bit_string, ERR_FORMAT, "unused bits", "none are expected");
	if (want->ec) {
		check_point(&bit_string, want->bits);
		return cur_check(&bit_string);
	}
	enter(&key, &bit_string, element(&bit_string, DER_SEQUENCE, "RSAPublicKey"), "public key");
	check_end(&bit_string, "RSAPublicKey");
	if (cur_check(&bit_string))
		return cur_check(&bit_string);
	check_numbers(&key, want->bits);
	return cur_check(&key);
}
