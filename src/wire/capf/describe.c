/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/capf/describe.h"
#include "wire/capf/capf.h"

enum err capf_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	struct capf_message m;
	enum err err = capf_decode(&m, in, why);

	if (err)
		return err;
	buf_printf(dump, "TYPE = %s (%u)\n", capf_type_name(m.type), m.type);
	buf_printf(dump, "SESSION = %u\n", m.session);
	elements_print(dump, &capf_format, &m);
	err = capf_encode(again, &m);
	if (!err)
		err = buf_check(dump);
	return err ? fail_set(why, err, "CAPF message: %s", err_text(err)) : ERR_OK;
}
