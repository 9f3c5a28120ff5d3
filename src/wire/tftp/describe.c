/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tftp/describe.h"
#include "base/str.h"
#include "wire/tftp/tftp.h"

static void put_line(struct buf *dump, const char *name, struct span text)
{
	buf_printf(dump, "%s = ", name);
	str_printable(dump, text);
	buf_u8(dump, '\n');
}

static void put_options(struct buf *dump, const struct tftp_packet *p)
{
	size_t i;

	for (i = 0; i < p->options_count; i++) {
		buf_str(dump, "OPTION ");
		str_printable(dump, p->options[i].name);
		put_line(dump, "", p->options[i].value);
	}
}

enum err tftp_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	static const char *const names[] = {"", "RRQ", "WRQ", "DATA", "ACK", "ERROR", "OACK"};
	struct tftp_packet p;
	enum err err = tftp_decode(&p, in, why);

	if (err)
		return err;
	buf_printf(dump, "OPCODE = %s\n", names[p.opcode]);
	switch (p.opcode) {
	case TFTP_RRQ:
	case TFTP_WRQ:
		put_line(dump, "NAME", p.name);
		put_line(dump, "MODE", p.mode);
		put_options(dump, &p);
		break;
	case TFTP_DATA:
		buf_printf(dump, "BLOCK = %u\nDATA = ", p.block);
		str_hex(dump, p.data, STR_LOWER);
		buf_u8(dump, '\n');
		break;
	case TFTP_ACK: buf_printf(dump, "BLOCK = %u\n", p.block); break;
	case TFTP_ERROR:
		buf_printf(dump, "ERROR = %u\n", p.error);
		put_line(dump, "TEXT", p.text);
		break;
	case TFTP_OACK:
	default: put_options(dump, &p); break;
	}
	err = tftp_encode(again, &p);
	if (!err)
		err = buf_check(dump);
	return err ? fail_set(why, err, "TFTP packet: %s", err_text(err)) : ERR_OK;
}
