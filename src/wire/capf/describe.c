/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/capf/describe.h"
#include "base/str.h"
#include "wire/capf/rows.h"

static void put_row(struct buf *dump, const struct capf_message *m, const struct capf_row *row)
{
	if (row->kind == CAPF_KIND_CERTIFICATE)
		buf_printf(dump, "%s.type = %u\n", row->name, m->certificate_type);
	buf_printf(dump, "%s = ", row->name);
	switch (row->kind) {
	case CAPF_KIND_U8:
	case CAPF_KIND_U16: buf_printf(dump, "%u", capf_get_number(m, row)); break;
	case CAPF_KIND_TEXT: str_printable(dump, capf_get_span(m, row)); break;
	case CAPF_KIND_SECRET:
		buf_printf(dump, "(%zu characters)", capf_get_span(m, row).len);
		break;
	case CAPF_KIND_BYTES:
	case CAPF_KIND_CERTIFICATE:
	default: str_hex(dump, capf_get_span(m, row), STR_LOWER); break;
	}
	buf_u8(dump, '\n');
}

enum err capf_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	struct capf_message m;
	enum err err = capf_decode(&m, in, why);
	size_t i;

	if (err)
		return err;
	buf_printf(dump, "TYPE = %s (%u)\n", capf_type_name(m.type), m.type);
	buf_printf(dump, "SESSION = %u\n", m.session);
	for (i = 0; i < CAPF_ELEMENTS_MAX && m.order[i]; i++)
		put_row(dump, &m, capf_row(m.order[i]));
	err = capf_encode(again, &m);
	if (!err)
		err = buf_check(dump);
	return err ? fail_set(why, err, "CAPF message: %s", err_text(err)) : ERR_OK;
}
