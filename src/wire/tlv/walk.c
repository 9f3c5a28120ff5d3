/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tlv/walk.h"

#define ITEM_START  3u  /* tag and length */
#define START_SIZE  10u /* version and header length */
#define RECORD_SIZE 5u  /* the RECORDLENGTH item */
#define PADDING     13u

void tlv_walk_init(struct tlv_walk *w, struct span file, enum tlv_file kind)
{
	*w = (struct tlv_walk){.file = file, .kind = kind, .header_end = START_SIZE};
}

static unsigned be16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/* What the parsers step over is none, even with a container's tag. */
static bool is_container(const struct tlv_walk *w, unsigned tag)
{
	switch (tag) {
	case 3:
	case 7:
	case 9: return true;
	case 16: return w->kind == TLV_FILE_ENCRYPTED && !w->depth;
	case 17:
	case 21: return w->depth && w->parents[0] == 16;
	default: return false;
	}
}

static bool rest(struct tlv_walk *w, struct tlv_field *f, enum tlv_part part)
{
	*f = (struct tlv_field){.part = part, .at = w->pos, .size = w->file.len - w->pos};
	f->value = span_of(w->file.ptr + w->pos, f->size);
	w->pos = w->file.len;
	return true;
}

/* The item at pos when it lies wholly before `limit`. */
static bool item(struct tlv_walk *w, struct tlv_field *f, size_t limit)
{
	const uint8_t *p = w->file.ptr + w->pos;
	size_t room = limit - w->pos, len;

	if (room < ITEM_START || room - ITEM_START < (len = be16(p + 1)))
		return false;
	f->at = w->pos;
	f->size = ITEM_START + len;
	f->tag = p[0];
	f->value = span_of(p + ITEM_START, len);
	return true;
}

static void padding(struct tlv_walk *w, struct tlv_field *f, size_t limit)
{
	f->at = w->pos;
	f->tag = PADDING;
	while (w->pos < limit && w->file.ptr[w->pos] == PADDING)
		w->pos++;
	f->size = w->pos - f->at;
}

/* Versions and lengths come first; a header that lies about its length ends the structure. */
static bool start_ok(struct tlv_walk *w, const struct tlv_field *f)
{
	if (w->has_length)
		return true;
	if (f->tag != (f->at ? 2u : 1u) || f->value.len != 2)
		return false;
	if (f->tag == 2) {
		w->has_length = true;
		w->header_end = be16(f->value.ptr);
	}
	return true;
}

static bool header_next(struct tlv_walk *w, struct tlv_field *f)
{
	size_t limit;

	while (w->depth && w->pos == w->ends[w->depth - 1])
		w->depth--;
	limit = w->depth ? w->ends[w->depth - 1] : w->header_end;
	if (limit > w->file.len)
		limit = w->file.len;
	*f = (struct tlv_field){.part = TLV_PART_HEADER, .depth = w->depth};
	memcpy(f->parents, w->parents, sizeof(f->parents));
	if (w->has_length && w->file.ptr[w->pos] == PADDING) {
		padding(w, f, limit);
		f->name = tlv_header_tag_name(f->tag);
		return true;
	}
	if (!item(w, f, limit) || !start_ok(w, f))
		return rest(w, f, TLV_PART_REST);
	f->name = tlv_header_tag_name(f->tag);
	if (is_container(w, f->tag) && w->depth < TLV_DEPTH_MAX) {
		f->container = true;
		w->ends[w->depth] = f->at + f->size;
		w->parents[w->depth++] = f->tag;
		f->size = ITEM_START;
	}
	w->pos = f->at + f->size;
	return true;
}

static bool record_next(struct tlv_walk *w, struct tlv_field *f)
{
	bool first = w->pos >= w->record_end;
	size_t left = w->file.len - w->pos, length;

	*f = (struct tlv_field){.part = TLV_PART_RECORD};
	if (!item(w, f, first ? w->file.len : w->record_end))
		return rest(w, f, TLV_PART_REST);
	if (first) {
		if (f->tag != 1 || f->value.len != 2)
			return rest(w, f, TLV_PART_REST);
		length = be16(f->value.ptr);
		if (length < RECORD_SIZE || length > left)
			return rest(w, f, TLV_PART_REST);
		w->record++;
		w->record_end = w->pos + length;
	}
	f->name = tlv_record_tag_name(f->tag);
	f->record = w->record;
	w->pos += f->size;
	return true;
}

bool tlv_walk_next(struct tlv_walk *w, struct tlv_field *f)
{
	if (w->pos >= w->file.len)
		return false;
	if (w->pos < w->header_end)
		return header_next(w, f);
	if (w->pos > w->header_end && !w->record)
		return rest(w, f, TLV_PART_REST); /* a header length below its own place */
	if (w->kind != TLV_FILE_LIST)
		return rest(w, f, TLV_PART_CONTENT);
	return record_next(w, f);
}

static bool ends_with(struct span name, const char *end)
{
	size_t len = strlen(end);

	return name.len >= len && memcmp(name.ptr + name.len - len, end, len) == 0;
}

enum tlv_file tlv_file_kind(struct span file)
{
	static const uint8_t record_start[] = {1, 0, 2};
	struct span name = {0}, content = {0};
	unsigned major = 1, minor = 0;
	struct tlv_field f;
	struct tlv_walk w;

	tlv_walk_init(&w, file, TLV_FILE_SIGNED);
	while (tlv_walk_next(&w, &f)) {
		if (f.part == TLV_PART_CONTENT)
			content = f.value;
		if (f.part != TLV_PART_HEADER)
			break;
		if (f.tag == 1 && f.at == 0) {
			major = f.value.ptr[0];
			minor = f.value.ptr[1];
		} else if (f.tag == 14 && f.value.len) {
			name = span_of(f.value.ptr, f.value.len - 1);
		}
	}
	if (major == 2)
		return TLV_FILE_ENCRYPTED;
	if (ends_with(name, ".tlv"))
		return TLV_FILE_LIST;
	if (ends_with(name, ".sgn"))
		return TLV_FILE_SIGNED;
	if (content.len >= sizeof(record_start))
		return memcmp(content.ptr, record_start, sizeof(record_start)) == 0
			       ? TLV_FILE_LIST
			       : TLV_FILE_SIGNED;
	return minor >= 2 ? TLV_FILE_LIST : TLV_FILE_SIGNED;
}
