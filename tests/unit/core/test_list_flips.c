/* SPDX-License-Identifier: BSD-2-Clause
 * Every bit of a signed list in turn: the changed list is refused, or it trusts what it trusted. */
#include "lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void put_value(struct buf *out, struct span value)
{
	buf_be32(out, (uint32_t)value.len);
	buf_put(out, value);
}

/* Who signed, and for each record whose key it is, for what, and where it may be used. */
static void put_trusted(struct buf *out, const struct tlv_list *list)
{
	const struct tlv_header *h = &list->header;
	struct tlv_record r, signer = {0};
	struct fail why = {0};
	struct tlv_iter it;

	buf_clear(out);
	assert_int_equal(
		list_check_signer(list->file, h, list, LIST_MAY_SIGN_LISTS, &signer, &why), ERR_OK);
	put_value(out, signer.public_key);
	put_value(out, h->signer_name);
	put_value(out, h->issuer_name);
	put_value(out, h->serial);
	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r)) {
		buf_be16(out, r.role);
		put_value(out, r.public_key);
		put_value(out, r.subject);
		put_value(out, r.issuer);
		put_value(out, r.serial);
		put_value(out, r.certificate);
		put_value(out, r.cert_hash);
		put_value(out, r.dns);
		put_value(out, r.address);
	}
	assert_int_equal(buf_check(out), ERR_OK);
}

static void flip_every_bit(struct buf *file)
{
	struct tlv_list list = lists_parse(file);
	struct buf trusted = {0}, now = {0};
	size_t bit, refused = 0;
	struct fail why;

	put_trusted(&trusted, &list);
	for (bit = 0; bit < file->len * 8; bit++) {
		file->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		fail_clear(&why);
		if (tlv_parse(&list, buf_span(file), &why) || list_verify(&list, &why)) {
			if (!why.text[0])
				fail_msg("byte %zu, bit %zu: refused without a text", bit / 8,
					bit % 8);
			refused++;
		} else {
			put_trusted(&now, &list);
			if (!span_eq(buf_span(&trusted), buf_span(&now)))
				fail_msg("byte %zu, bit %zu: trusts something else", bit / 8,
					bit % 8);
		}
		file->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* The signature covers all but itself, and no other signature fits. */
	assert_int_equal(refused, file->len * 8);
	buf_fini(&trusted);
	buf_fini(&now);
}

static void no_bit_of_a_list_of_tokens(void **state)
{
	struct buf file = lists_copy(&guide);

	flip_every_bit(&file);
	buf_fini(&file);
}

static void no_bit_of_a_signed_file(void **state)
{
	struct tlv_list node = lists_parse(&itl);
	struct buf file = lists_copy(&ring);
	struct fail why;
	struct sgn_file f;
	size_t bit;

	for (bit = 0; bit < file.len * 8; bit++) {
		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		fail_clear(&why);
		if (!sgn_parse(&f, buf_span(&file), &why) &&
			!signed_verify(buf_span(&file), &f.header, &node, &why))
			fail_msg("byte %zu, bit %zu", bit / 8, bit % 8);
		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_fini(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_bit_of_a_list_of_tokens),
		cmocka_unit_test(no_bit_of_a_signed_file),
	};

	return cmocka_run_group_tests_name("core/list_flips", tests, lists_setup, lists_teardown);
}
