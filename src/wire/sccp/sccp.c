/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/sccp/sccp.h"

#include <inttypes.h>

#define SCCP_LENGTH_FROM  8u /* the header's length counts from here */
#define SCCP_LENGTH_LEAST 4u /* the message id alone */
#define SCCP_ALIGN        4u

/* spec: docs/formats/sccp.md#enbloc */
#define ENBLOC_LINE_SINCE   18u
#define ENBLOC_LINE_ALIGNED 28u
#define ENBLOC_LINE_MAX     0xFFFFFFu

struct sccp_row {
	uint32_t id;
	const char *name;
	const struct field *(*fields)(void); /* NULL for an empty body */
	bool zero_version;
};

/* clang-format off */
#define SCCP_ROWS
#define ROW(field, knd, ...) \
	{.name = #field, .kind = (knd), .until = FIELD_VERSION_ANY, .at = offsetof(self, field), \
		__VA_ARGS__},
#define NOFIELD(knd, ...) {.kind = (knd), .until = FIELD_VERSION_ANY, __VA_ARGS__},
#define ELEMENT(field)   .stride = sizeof(((self *)0)->field[0])
#define TYPE(name) \
	static const struct field *fields_##name(void) \
	{ \
		typedef struct sccp_##name self; \
		static const struct field table[] = {
#define MESSAGE(id, NAME, name, text, zero) TYPE(name)
#define END(name) \
			{.kind = FIELD_END}, \
		}; \
		return table; \
	}
#define U8(field)                    ROW(field, FIELD_U8, .size = 1)
#define U16(field)                   ROW(field, FIELD_U16, .size = 2)
#define U32(field)                   ROW(field, FIELD_U32, .size = 4)
#define I32(field)                   ROW(field, FIELD_I32, .size = 4)
#define U32_FROM(version, field)     ROW(field, FIELD_U32, .size = 4, .since = (version))
#define I32_FROM(version, field)     ROW(field, FIELD_I32, .size = 4, .since = (version))
#define U16S(field, n)               ROW(field, FIELD_U16S, .size = 2, .max = (n))
#define IPV4(field)                  ROW(field, FIELD_IPV4, .size = 4)
#define ADDRESS_FROM(version, field) \
	ROW(field, FIELD_ADDRESS, .since = (version), .wide_from = SCCP_VERSION_ADDRESS)
#define ADDRESS(field)               ADDRESS_FROM(0, field)
#define TEXT(field, n)               ROW(field, FIELD_TEXT, .size = (n))
#define TEXT_GREW(field, n, version, more) \
	{.name = #field, .kind = FIELD_TEXT, .at = offsetof(self, field), .size = (n), \
		.until = (version) - 1}, \
	ROW(field, FIELD_TEXT, .size = (more), .since = (version))
#define STRZ(field, n)               ROW(field, FIELD_STRZ, .size = (n))
#define STRZ_FROM(version, field, n) ROW(field, FIELD_STRZ, .size = (n), .since = (version))
#define BYTES(field, n)              ROW(field, FIELD_BYTES, .size = (n))
#define SECRET(field, n)             ROW(field, FIELD_BYTES, .size = (n), .flags = FIELD_SECRET)
#define BLOCK(field, type)           ROW(field, FIELD_BLOCK, .sub = fields_##type)
#define TIMES(field, type, n) \
	ROW(field, FIELD_TIMES, .max = (n), ELEMENT(field), .sub = fields_##type)
#define ARRAY(field, type, most, count, least) \
	ROW(field, FIELD_ARRAY, .max = (most), .always = (least), ELEMENT(field), \
		.count_at = offsetof(self, count), .sub = fields_##type)
#define PAD(n)                       NOFIELD(FIELD_PAD, .name = "padding", .size = (n))
#define PAD_FROM(version, n) \
	NOFIELD(FIELD_PAD, .name = "padding", .size = (n), .since = (version))
#define NEEDED()                     {.kind = FIELD_NEEDED, .until = FIELD_VERSION_ANY},
#include "wire/sccp/messages.def"
/* clang-format on */

static const struct sccp_row rows[] = {
#define MESSAGE(id, NAME, name, text, zero) {id, text, fields_##name, zero},
#define EMPTY(id, NAME, text, zero)         {id, text, NULL, zero},
#define SAME(id, NAME, name, text)          {id, text, fields_##name, false},
#include "wire/sccp/messages.def"
};

static const struct sccp_row *find(uint32_t id)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

static struct fields_how how_of(unsigned version)
{
	return (struct fields_how){.version = version, .lenient = true};
}

const char *sccp_message_name(uint32_t id)
{
	const struct sccp_row *row = find(id);

	return row ? row->name : NULL;
}

bool sccp_message_at(size_t i, uint32_t *id)
{
	if (i >= sizeof rows / sizeof rows[0])
		return false;
	*id = rows[i].id;
	return true;
}

unsigned sccp_negotiate(unsigned phone_version)
{
	/* 21 is left out: its media messages are read differently by different programs. */
	static const unsigned ours[] = {22, 20, 17, 11, 5, 3};
	size_t i;

	for (i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (ours[i] <= phone_version)
			return ours[i];
	return 3;
}

size_t sccp_frame(struct span in, enum err *err, struct fail *why)
{
	struct cursor c;
	uint32_t length;
	size_t total;

	*err = ERR_OK;
	if (in.len < sizeof length)
		return 0;
	cur_init(&c, in, "header", why);
	length = cur_le32(&c, "length");
	if (length < SCCP_LENGTH_LEAST) {
		*err = cur_fail_at(&c, ERR_PROTO, 0, "length", "%" PRIu32 ", at least %u", length,
			SCCP_LENGTH_LEAST);
		return 0;
	}
	if (length > SCCP_TOTAL_MAX - SCCP_LENGTH_FROM) {
		*err = cur_fail_at(&c, ERR_LIMIT, 0, "length", "%" PRIu32 ", at most %u", length,
			SCCP_TOTAL_MAX - SCCP_LENGTH_FROM);
		return 0;
	}
	total = length + SCCP_LENGTH_FROM;
	return in.len < total ? 0 : total;
}

/* Some phones align the word after the 25-byte number, others do not; the one that is not zero
 * counts. A line that needs the fourth byte would read differently in either form: no phone has it.
 * spec: docs/formats/sccp.md#enbloc */
static void mend_enbloc(struct sccp_message *m, struct span body, unsigned version)
{
	struct cursor c;
	uint32_t line = 0;

	if (version < ENBLOC_LINE_SINCE)
		return;
	cur_init(&c, body, NULL, NULL);
	if (body.len >= ENBLOC_LINE_ALIGNED + sizeof line) {
		cur_skip(&c, ENBLOC_LINE_ALIGNED, "line");
		line = cur_le32(&c, "line");
	}
	if (line)
		m->enbloc_call.line = line;
	if (m->enbloc_call.line > ENBLOC_LINE_MAX)
		m->enbloc_call.line = 0;
}

enum err sccp_decode(struct sccp_message *m, struct span in, unsigned version, struct fail *why)
{
	struct fields_how how = how_of(version);
	const struct sccp_row *row;
	struct cursor c;
	uint32_t length;
	struct span body;
	enum err err;

	memset(m, 0, sizeof *m);
	cur_init(&c, in, "header", why);
	length = cur_le32(&c, "length");
	m->header_version = cur_le32(&c, "version");
	m->id = cur_le32(&c, "message id");
	err = cur_check(&c);
	if (err)
		return err;
	if (in.len > SCCP_TOTAL_MAX)
		return cur_fail_at(&c, ERR_LIMIT, 0, "length", "message of %zu bytes, at most %u",
			in.len, SCCP_TOTAL_MAX);
	if (length != in.len - SCCP_LENGTH_FROM)
		return cur_fail_at(&c, ERR_PROTO, 0, "length", "%" PRIu32 ", but %zu bytes follow",
			length, in.len - SCCP_LENGTH_FROM);
	body = span_of(in.ptr + SCCP_HEADER, in.len - SCCP_HEADER);
	row = find(m->id);
	if (!row) {
		m->unknown = body;
		return ERR_OK;
	}
	m->known = true;
	if (!row->fields)
		return ERR_OK;
	c.what = row->name;
	err = fields_read(row->fields(), &m->unknown, &c, &how);
	if (!err && m->id == SCCP_ENBLOC_CALL)
		mend_enbloc(m, body, version);
	return err;
}

static enum err encode_body(
	struct buf *out, const struct sccp_message *m, const struct sccp_row *row, unsigned version)
{
	struct fields_how how = how_of(version);

	return row->fields ? fields_write(out, row->fields(), &m->unknown, &how) : ERR_OK;
}

enum err sccp_encode(struct buf *out, const struct sccp_message *m, unsigned version)
{
	const struct sccp_row *row = find(m->id);
	bool zero = version < SCCP_VERSION_HEADER || (row && row->zero_version);
	struct buf body = {0};
	enum err err;

	if (!row)
		return ERR_ARG;
	/* Its own buffer, because the length stands in front of it; wiped, it may hold keys. */
	err = encode_body(&body, m, row, version);
	if (err)
		goto out;
	buf_fill(&body, 0, (SCCP_ALIGN - body.len % SCCP_ALIGN) % SCCP_ALIGN);
	err = buf_check(&body);
	if (err)
		goto out;
	buf_le32(out, (uint32_t)(body.len + SCCP_HEADER - SCCP_LENGTH_FROM));
	buf_le32(out, zero ? 0 : version);
	buf_le32(out, m->id);
	buf_put(out, buf_span(&body));
	err = buf_check(out);
out:
	buf_wipe(&body);
	return err;
}

void sccp_print(struct buf *out, const struct sccp_message *m, unsigned version)
{
	const struct sccp_row *row = find(m->id);
	struct fields_how how = how_of(version);

	buf_printf(out, "message = 0x%04" PRIX32 " %s\n", m->id, row ? row->name : "unknown");
	if (!row)
		buf_printf(out, "body = <%zu bytes>\n", m->unknown.len);
	else if (row->fields)
		fields_print(out, row->fields(), &m->unknown, &how);
}
