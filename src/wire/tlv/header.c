/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tlv/item.h"
#include "wire/tlv/tlv.h"

#define START_SIZE  10u  /* version and header length, which every reader needs first */
#define PADDING_MAX 255u /* lone 0x0D bytes; three are enough to align, phones count none */

struct reader {
	struct tlv_header *h;
	uint32_t seen;
};

/* The container that a tag belongs into; 0 for those that stand in the header itself. */
static unsigned home(unsigned tag)
{
	switch (tag) {
	case 4:
	case 5:
	case 6: return 3;
	case 8:
	case 9: return 7;
	case 10:
	case 11: return 9;
	default: return 0;
	}
}

/* Children may stand in their container or, as flattening readers see them, in any around it. An
 * unknown tag may stand anywhere.
 * spec: docs/formats/trust-list.md#field-order */
static bool may_stand(unsigned tag, unsigned container)
{
	unsigned h = home(tag);

	if (!tlv_header_tag_name(tag))
		return true;
	while (h && h != container)
		h = home(h);
	return h == container;
}

static void read_level(struct reader *r, struct cursor *c, unsigned container);

static uint16_t read_container(struct reader *r, struct cursor *c, const struct tlv_item *it)
{
	struct cursor inner;

	if (cur_check(c))
		return 0;
	cur_init(&inner, it->value, "header", c->why);
	inner.origin = cur_where(c) - it->value.len;
	read_level(r, &inner, it->tag);
	/* The text is in *why already. */
	c->err = inner.err;
	return (uint16_t)it->value.len;
}

static void read_item(struct reader *r, struct cursor *c, const struct tlv_item *it)
{
	struct tlv_header *h = r->h;

	switch (it->tag) {
	case 3: h->signer_id_length = read_container(r, c, it); break;
	case 4: h->signer_name = tlv_item_text(c, it); break;
	case 5:
		h->serial = tlv_item_bytes(c, it);
		h->serial_last = r->seen & TLV_HAS(6);
		break;
	case 6: h->issuer_name = tlv_item_text(c, it); break;
	case 7: h->signature_info_length = read_container(r, c, it); break;
	case 8: h->digest = tlv_item_u8(c, it); break;
	case 9: h->algorithm_info_length = read_container(r, c, it); break;
	case 10: h->algorithm = tlv_item_u8(c, it); break;
	case 11: h->modulus = tlv_item_u8(c, it); break;
	case 12:
		h->signature = tlv_item_bytes(c, it);
		h->signature_at = it->at;
		h->signature_end = cur_where(c);
		break;
	case 14: h->filename = tlv_item_text(c, it); break;
	case 15:
		h->has_timestamp = true;
		h->timestamp = tlv_item_be32(c, it);
		break;
	case 16: h->encryption = tlv_item_bytes(c, it); break;
	case 26: h->content_digest = tlv_item_u8(c, it); break;
	case 27: h->content_hash = tlv_item_bytes(c, it); break;
	case 28:
		tlv_item_size(c, it, 2);
		if (cur_check(c))
			return;
		h->has_signer_version = true;
		h->signer_major = it->value.ptr[0];
		h->signer_minor = it->value.ptr[1];
		break;
	default: break; /* unknown: skipped */
	}
}

static void read_level(struct reader *r, struct cursor *c, unsigned container)
{
	const char *inside = container ? tlv_header_tag_name(container) : "the header";
	struct tlv_item it;

	while (tlv_item_tag(c, &it, tlv_header_tag_name)) {
		if (!may_stand(it.tag, container)) {
			tlv_item_fail(c, &it, ERR_FORMAT, "does not belong into %s", inside);
			return;
		}
		if (it.tag == 13) {
			if (r->h->padding == PADDING_MAX)
				tlv_item_fail(c, &it, ERR_LIMIT, "more than %u bytes", PADDING_MAX);
			r->h->padding++;
			continue;
		}
		tlv_item_value(c, &it, inside);
		if (tlv_header_tag_name(it.tag))
			tlv_item_once(c, &it, &r->seen);
		if (cur_check(c))
			return;
		read_item(r, c, &it);
	}
}

/* Tags 1 and 2 come first and in this order; yields the header's length. */
static void read_start(struct reader *r, struct cursor *c)
{
	struct tlv_item it = {0};
	unsigned tag;

	for (tag = 1; tag <= 2; tag++) {
		if (!tlv_item_tag(c, &it, tlv_header_tag_name)) {
			cur_fail(c, ERR_SHORT, tlv_header_tag_name(tag), "the file ends here");
			return;
		}
		if (it.tag != tag) {
			cur_fail_at(c, ERR_FORMAT, it.at, tlv_header_tag_name(tag),
				"found %s instead", it.name);
			return;
		}
		if (cur_be16(c, it.name) != 2 && !cur_check(c))
			tlv_item_fail(c, &it, ERR_FORMAT, "length must be 2");
		it.value = cur_take(c, 2, it.name);
		if (cur_check(c))
			return;
		if (tag == 1) {
			r->h->major = it.value.ptr[0];
			r->h->minor = it.value.ptr[1];
		} else {
			r->h->length = tlv_item_be16(c, &it);
		}
		r->seen |= TLV_HAS(tag);
	}
	if (r->h->length < START_SIZE)
		tlv_item_fail(c, &it, ERR_FORMAT, "%u bytes cannot hold a header", r->h->length);
	else if (r->h->length - START_SIZE > cur_left(c))
		tlv_item_fail(c, &it, ERR_SHORT, "%u bytes run past the end of the file (%zu)",
			r->h->length, c->len);
}

static void check_complete(struct reader *r, struct cursor *c)
{
	static const unsigned needed[] = {4, 5, 6, 8, 10, 11, 12};
	const struct tlv_header *h = r->h;
	size_t i, size;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(r->seen & TLV_HAS(needed[i])))
			cur_fail(c, ERR_FORMAT, tlv_header_tag_name(needed[i]), "is missing");
	size = tlv_modulus_bytes(h->modulus);
	if (size && h->signature.len != size)
		cur_fail_at(c, ERR_FORMAT, h->signature_at, tlv_header_tag_name(12),
			"length %zu, but a key of modulus code %u gives %zu", h->signature.len,
			h->modulus, size);
}

enum err tlv_parse_header(struct tlv_header *h, struct span file, struct fail *why)
{
	struct reader r = {.h = h};
	struct cursor c, inner;

	*h = (struct tlv_header){0};
	cur_init(&c, file, "header", why);
	read_start(&r, &c);
	if (cur_check(&c))
		return cur_check(&c);
	cur_sub(&c, &inner, h->length - START_SIZE, "header");
	read_level(&r, &inner, 0);
	if (!cur_check(&inner))
		check_complete(&r, &inner);
	return cur_check(&inner);
}

void tlv_signed_pieces(struct span file, const struct tlv_header *h, struct span pieces[2])
{
	pieces[0] = span_of(file.ptr, h->signature_at);
	pieces[1] = span_of(file.ptr + h->signature_end, file.len - h->signature_end);
}
