/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tlv/item.h"
#include "wire/tlv/tlv.h"

#include <stdio.h>

#define RECORD_START 5u /* the RECORDLENGTH item itself */

/* The DNSNAME of some lists has a second NUL at its end; a name is never compared with it. */
static struct span read_dns(struct cursor *c, struct tlv_item *it)
{
	while (it->value.len > 1 && it->value.ptr[it->value.len - 1] == '\0' &&
		it->value.ptr[it->value.len - 2] == '\0')
		it->value.len--;
	return tlv_item_text(c, it);
}

static void read_item(struct tlv_record *r, struct cursor *c, struct tlv_item *it)
{
	switch (it->tag) {
	case 2:
		r->dns_length = (uint16_t)it->value.len;
		r->dns = read_dns(c, it);
		break;
	case 3: r->subject = tlv_item_text(c, it); break;
	case 4:
		r->role = tlv_item_be16(c, it);
		r->role_last = r->has & TLV_HAS(6);
		break;
	case 5: r->issuer = tlv_item_text(c, it); break;
	case 6: r->serial = tlv_item_bytes(c, it); break;
	case 7: r->public_key = tlv_item_bytes(c, it); break;
	case 8: r->signature = tlv_item_bytes(c, it); break;
	case 9: r->certificate = tlv_item_bytes(c, it); break;
	case 10:
		r->address = tlv_item_bytes(c, it);
		if (!cur_check(c) && r->address.len != 4 && r->address.len != 16)
			tlv_item_fail(
				c, it, ERR_FORMAT, "length %zu, must be 4 or 16", r->address.len);
		break;
	case 11: r->cert_hash = tlv_item_bytes(c, it); break;
	case 12: r->hash_algorithm = tlv_item_u8(c, it); break;
	default: break; /* unknown: skipped */
	}
}

/* Reads the record at c; its cursor's name is "record <number>". */
static void read_record(struct tlv_record *r, struct cursor *c)
{
	struct tlv_item it = {0};
	struct cursor inner;

	*r = (struct tlv_record){.at = cur_where(c)};
	if (!tlv_item_tag(c, &it, tlv_record_tag_name))
		return;
	if (it.tag != 1) {
		cur_fail_at(
			c, ERR_FORMAT, it.at, tlv_record_tag_name(1), "found %s instead", it.name);
		return;
	}
	if (cur_be16(c, it.name) != 2 && !cur_check(c))
		tlv_item_fail(c, &it, ERR_FORMAT, "length must be 2");
	r->length = cur_be16(c, it.name);
	if (cur_check(c))
		return;
	if (r->length < RECORD_START) {
		tlv_item_fail(c, &it, ERR_FORMAT, "%u bytes cannot hold a record", r->length);
		return;
	}
	if (r->length - RECORD_START > cur_left(c)) {
		tlv_item_fail(c, &it, ERR_SHORT, "%u bytes run past the end of the file (%zu)",
			r->length, c->origin + c->len);
		return;
	}
	r->has = TLV_HAS(1);
	cur_sub(c, &inner, r->length - RECORD_START, c->what);
	while (tlv_item_tag(&inner, &it, tlv_record_tag_name)) {
		tlv_item_value(&inner, &it, "the record");
		if (tlv_record_tag_name(it.tag))
			tlv_item_once(&inner, &it, &r->has);
		if (!cur_check(&inner))
			read_item(r, &inner, &it);
	}
	/* Without it the record would pass for role 0, one that may sign trust lists. */
	if (!(r->has & TLV_HAS(4)))
		cur_fail_at(&inner, ERR_FORMAT, r->at, tlv_record_tag_name(4), "is missing");
	if (r->has & TLV_HAS(11) && r->hash_algorithm == TLV_SHA1 && r->cert_hash.len != 20)
		cur_fail_at(&inner, ERR_FORMAT, r->at, tlv_record_tag_name(11),
			"length %zu, but SHA-1 gives 20", r->cert_hash.len);
	c->err = inner.err;
}

static enum err check_name(const struct tlv_list *list, struct fail *why)
{
	struct span name = list->header.filename;
	size_t i;

	for (i = 0; i < name.len; i++)
		if (name.ptr[i] < 0x20 || name.ptr[i] == 0x7F || name.ptr[i] == '/' ||
			name.ptr[i] == '\\')
			break;
	if (i == name.len && !span_eq(name, span_str(".")) && !span_eq(name, span_str("..")))
		return ERR_OK;
	return fail_at(why, ERR_FORMAT, (size_t)(name.ptr - list->file.ptr),
		"header, FILENAME at byte %zu: not a plain file name",
		(size_t)(name.ptr - list->file.ptr));
}

/* Reads a bad record once more to say what is wrong with it: nearly all records are good, and to
 * number each beforehand would take longer than to read it. */
static enum err tell_record(struct span file, size_t at, size_t number, struct fail *why)
{
	struct tlv_record record;
	struct cursor c;
	char what[32];

	snprintf(what, sizeof(what), "record %zu", number);
	cur_init(&c, file, what, why);
	c.pos = at;
	read_record(&record, &c);
	return cur_check(&c);
}

enum err tlv_parse(struct tlv_list *list, struct span file, struct fail *why)
{
	struct tlv_record record;
	struct cursor c;
	enum err err;
	size_t at;

	*list = (struct tlv_list){.file = file};
	if (file.len > TLV_FILE_MAX)
		return fail_set(why, ERR_LIMIT, "trust list of %zu bytes, at most %u are read",
			file.len, TLV_FILE_MAX);
	err = tlv_parse_header(&list->header, file, why);
	if (err)
		return err;
	if (list->header.major != 1)
		return fail_at(why, ERR_UNSUPPORTED, 0,
			"header, VERSION at byte 0: %u.%u, a trust list has 1.x",
			list->header.major, list->header.minor);
	if (list->header.filename.ptr) {
		err = check_name(list, why);
		if (err)
			return err;
	}
	cur_init(&c, file, NULL, NULL);
	c.pos = list->header.length;
	while (cur_left(&c)) {
		at = c.pos;
		if (list->count == TLV_RECORDS_MAX)
			return fail_at(why, ERR_LIMIT, at,
				"record %zu, %s at byte %zu: more than %u records", list->count + 1,
				tlv_record_tag_name(1), at, TLV_RECORDS_MAX);
		read_record(&record, &c);
		if (cur_check(&c))
			return tell_record(file, at, list->count + 1, why);
		list->count++;
	}
	return ERR_OK;
}

void tlv_iter_init(struct tlv_iter *it, const struct tlv_list *list)
{
	*it = (struct tlv_iter){.file = list->file, .pos = list->header.length};
}

bool tlv_iter_next(struct tlv_iter *it, struct tlv_record *record)
{
	struct cursor c;

	cur_init(&c, it->file, NULL, NULL);
	c.pos = it->pos;
	if (cur_left(&c) == 0)
		return false;
	read_record(record, &c);
	it->pos = c.pos;
	it->number++;
	return !cur_check(&c);
}
