/* SPDX-License-Identifier: BSD-2-Clause
 *   RRQ, WRQ: opcode u16 | name NUL | mode NUL | (option NUL | value NUL)...
 *   DATA:     3 | block u16 | data          ACK: 4 | block u16
 *   ERROR:    5 | code u16 | text NUL       OACK: 6 | (option NUL | value NUL)... */
#include "wire/tftp/tftp.h"
#include "base/str.h"
#include "wire/cursor.h"

#define DATA_MAX      65464u /* RFC 2348: the largest block */
#define MODE_MAX      16u    /* "netascii" is the longest mode there is */
#define TEXT_MAX      512u   /* bytes of an ERROR's message */
#define OPTION_DIGITS 18u    /* a number of so many digits fits a long */

static bool same_text(struct span a, struct span b)
{
	size_t i;

	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++) {
		uint8_t x = a.ptr[i], y = b.ptr[i];

		x = x >= 'A' && x <= 'Z' ? (uint8_t)(x + 'a' - 'A') : x;
		y = y >= 'A' && y <= 'Z' ? (uint8_t)(y + 'a' - 'A') : y;
		if (x != y)
			return false;
	}
	return true;
}

static struct span read_text(struct cursor *c, size_t limit, const char *field)
{
	size_t left = cur_left(c), where = cur_where(c);
	const uint8_t *start = c->ptr + c->pos;
	const uint8_t *nul = left ? memchr(start, 0, left) : NULL;
	struct span text;

	if (!nul) {
		cur_fail(c, ERR_SHORT, field, "does not end in a NUL");
		return (struct span){0};
	}
	text = cur_take(c, (size_t)(nul - start), field);
	cur_skip(c, 1, field);
	if (text.len > limit)
		cur_fail_at(c, ERR_LIMIT, where, field, "%zu bytes, at most %zu", text.len, limit);
	return text;
}

static void read_options(struct tftp_packet *p, struct cursor *c)
{
	struct tftp_option o;
	size_t i, where;

	while (cur_left(c)) {
		where = cur_where(c);
		o.name = read_text(c, TFTP_REQUEST_MAX, "option");
		o.value = read_text(c, TFTP_REQUEST_MAX, "option value");
		if (!o.name.len)
			cur_fail_at(c, ERR_FORMAT, where, "option", "has no name");
		if (p->options_count == TFTP_OPTIONS_MAX)
			cur_fail_at(c, ERR_LIMIT, where, "option", "more than %u options",
				TFTP_OPTIONS_MAX);
		/* RFC 2347: an option may only be specified once. */
		for (i = 0; i < p->options_count; i++)
			if (same_text(o.name, p->options[i].name))
				cur_fail_at(c, ERR_FORMAT, where, "option", "appears twice");
		if (!cur_check(c))
			p->options[p->options_count++] = o;
	}
}

static void read_request(struct tftp_packet *p, struct cursor *c)
{
	p->name = read_text(c, TFTP_NAME_MAX, "file name");
	p->mode = read_text(c, MODE_MAX, "mode");
	read_options(p, c);
}

static void read_error(struct tftp_packet *p, struct cursor *c)
{
	p->error = cur_be16(c, "code");
	/* Some programs leave the NUL away. */
	if (cur_left(c) && c->ptr[c->len - 1] != 0)
		p->text = cur_take(c, cur_left(c), "message");
	else if (cur_left(c))
		p->text = read_text(c, TEXT_MAX, "message");
	if (p->text.len > TEXT_MAX)
		cur_fail_at(
			c, ERR_LIMIT, 4, "message", "%zu bytes, at most %u", p->text.len, TEXT_MAX);
	if (p->text.len && memchr(p->text.ptr, 0, p->text.len))
		cur_fail_at(c, ERR_FORMAT, 4, "message", "NUL inside");
}

enum err tftp_decode(struct tftp_packet *p, struct span in, struct fail *why)
{
	static const char *const names[] = {"", "RRQ", "WRQ", "DATA", "ACK", "ERROR", "OACK"};
	struct cursor c;
	uint16_t opcode;

	memset(p, 0, sizeof(*p));
	cur_init(&c, in, "packet", why);
	opcode = cur_be16(&c, "opcode");
	if (cur_check(&c))
		return cur_check(&c);
	if (opcode < TFTP_RRQ || opcode > TFTP_OACK)
		return cur_fail_at(&c, ERR_FORMAT, 0, "opcode", "%u is none of TFTP's", opcode);
	c.what = names[opcode];
	p->opcode = (enum tftp_opcode)opcode;
	if (opcode != TFTP_DATA && opcode != TFTP_ERROR && in.len > TFTP_REQUEST_MAX)
		return cur_fail_at(&c, ERR_LIMIT, 0, "packet", "%zu bytes, at most %u", in.len,
			TFTP_REQUEST_MAX);
	switch (p->opcode) {
	case TFTP_RRQ:
	case TFTP_WRQ: read_request(p, &c); break;
	case TFTP_DATA:
		p->block = cur_be16(&c, "block");
		if (cur_left(&c) > DATA_MAX)
			cur_fail(&c, ERR_LIMIT, "data", "%zu bytes, at most %u", cur_left(&c),
				DATA_MAX);
		p->data = cur_take(&c, cur_left(&c), "data");
		break;
	case TFTP_ACK: p->block = cur_be16(&c, "block"); break;
	case TFTP_ERROR: read_error(p, &c); break;
	case TFTP_OACK:
	default: read_options(p, &c); break;
	}
	if (cur_left(&c))
		cur_fail(&c, ERR_FORMAT, "end", "%zu bytes too many", cur_left(&c));
	return cur_check(&c);
}

static enum err put_text(struct buf *out, struct span text, size_t limit)
{
	if (text.len && memchr(text.ptr, 0, text.len))
		return ERR_ARG;
	if (text.len > limit)
		return ERR_LIMIT;
	buf_put(out, text);
	buf_u8(out, 0);
	return ERR_OK;
}

static enum err put_options(struct buf *out, const struct tftp_packet *p)
{
	enum err err = p->options_count > TFTP_OPTIONS_MAX ? ERR_ARG : ERR_OK;
	size_t i;

	for (i = 0; i < p->options_count && !err; i++) {
		err = p->options[i].name.len ? put_text(out, p->options[i].name, TFTP_REQUEST_MAX)
					     : ERR_ARG;
		if (!err)
			err = put_text(out, p->options[i].value, TFTP_REQUEST_MAX);
	}
	return err;
}

enum err tftp_encode(struct buf *out, const struct tftp_packet *p)
{
	size_t start = out->len, limit = TFTP_REQUEST_MAX;
	enum err err = ERR_OK;

	buf_be16(out, (uint16_t)p->opcode);
	switch (p->opcode) {
	case TFTP_RRQ:
	case TFTP_WRQ:
		err = put_text(out, p->name, TFTP_NAME_MAX);
		if (!err)
			err = put_text(out, p->mode, MODE_MAX);
		if (!err)
			err = put_options(out, p);
		break;
	case TFTP_DATA:
		buf_be16(out, p->block);
		buf_put(out, p->data);
		limit = 4 + DATA_MAX;
		break;
	case TFTP_ACK: buf_be16(out, p->block); break;
	case TFTP_ERROR:
		buf_be16(out, p->error);
		err = put_text(out, p->text, TEXT_MAX);
		limit = 4 + TEXT_MAX + 1;
		break;
	case TFTP_OACK: err = put_options(out, p); break;
	default: err = ERR_ARG; break;
	}
	if (!err)
		err = buf_check(out);
	if (!err && out->len - start > limit)
		err = ERR_LIMIT;
	if (err && out->len > start)
		out->len = start;
	return err;
}

long tftp_option_number(const struct tftp_packet *p, const char *name, long low, long high)
{
	char digits[OPTION_DIGITS + 1];
	struct span value = {0};
	long number;
	size_t i;

	for (i = 0; i < p->options_count; i++)
		if (same_text(p->options[i].name, span_str(name)))
			value = p->options[i].value;
	if (!value.len || value.len > OPTION_DIGITS || value.ptr[0] == '-')
		return -1;
	memcpy(digits, value.ptr, value.len);
	digits[value.len] = '\0';
	return str_number(digits, low, high, &number) ? -1 : number;
}
