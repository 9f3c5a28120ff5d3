/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: tlv_parse, tlv_iter_next, tlv_signed_pieces, tlv_describe (the writers). */
#include "target.h"
#include "wire/tlv/describe.h"
#include "wire/tlv/tlv.h"

/* What a list says, without what only says how it was written: lengths, places, padding, the order
 * of items. */
static void put_meaning(struct buf *out, struct span in)
{
	struct tlv_header h;
	struct tlv_record r;
	struct tlv_list list;
	struct tlv_iter it;

	if (tlv_parse(&list, in, NULL))
		fuzz_fail("what was written cannot be read");
	h = list.header;
	h.length = h.signer_id_length = h.signature_info_length = h.algorithm_info_length = 0;
	h.padding = 0;
	tlv_describe_header(out, &h);
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &r)) {
		buf_printf(out, "%zu %x %u %u %u\n", it.number, (unsigned)r.has, r.role,
			r.hash_algorithm, r.dns_length);
		tlv_describe_hex(out, "dns", r.dns);
		tlv_describe_hex(out, "subject", r.subject);
		tlv_describe_hex(out, "issuer", r.issuer);
		tlv_describe_hex(out, "serial", r.serial);
		tlv_describe_hex(out, "key", r.public_key);
		tlv_describe_hex(out, "signature", r.signature);
		tlv_describe_hex(out, "certificate", r.certificate);
		tlv_describe_hex(out, "address", r.address);
		tlv_describe_hex(out, "hash", r.cert_hash);
	}
}

/* Read, written and read again a list says the same, and written once more it is the same bytes.
 * Not at once: a list may come with its containers left out, unknown tags, its items in any order
 * or more padding than it needs. */
static void check_again(struct span in, const struct tlv_header *h)
{
	struct buf dump = {0}, again = {0}, again2 = {0}, says = {0}, says2 = {0};
	struct fail why = {0};

	/* A modulus code from a later version is read but not written; a header that lacked its
	 * containers may grow beyond what its length field can say. */
	if (tlv_modulus_bytes(h->modulus) &&
		tlv_describe(in, 0, &dump, &again, &why) != ERR_LIMIT) {
		put_meaning(&says, in);
		put_meaning(&says2, buf_span(&again));
		if (!span_eq(buf_span(&says), buf_span(&says2)))
			fuzz_fail("written again, it says something else");
		fail_clear(&why);
		if (tlv_describe(buf_span(&again), 0, &dump, &again2, &why))
			fuzz_fail(why.text);
		if (!span_eq(buf_span(&again), buf_span(&again2)))
			fuzz_fail("encoding is not stable");
	}
	buf_fini(&dump);
	buf_fini(&again);
	buf_fini(&again2);
	buf_fini(&says);
	buf_fini(&says2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), pieces[2];
	struct tlv_record record;
	struct fail why = {0};
	struct tlv_list list;
	struct tlv_iter it;
	size_t sum;

	if (tlv_parse(&list, in, &why)) {
		if (!why.code || !why.text[0])
			fuzz_fail("refused without a text");
		return 0;
	}
	sum = list.header.length;
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &record)) {
		if (record.at != sum)
			fuzz_fail("a record does not begin where the one before ends");
		sum += record.length;
	}
	tlv_signed_pieces(in, &list.header, pieces);
	if (sum != size || it.number != list.count)
		fuzz_fail("the file is more than its header and records");
	if (pieces[0].len + pieces[1].len + 3 + list.header.signature.len != size)
		fuzz_fail("the signed pieces leave out more than the signature");
	check_again(in, &list.header);
	return 0;
}
