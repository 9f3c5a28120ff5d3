/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/sccp/describe.h"

#include "base/mem.h"
#include "wire/sccp/sccp.h"

enum err sccp_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	struct sccp_message m;
	enum err err = sccp_decode(&m, in, version, why);

	if (err)
		goto out;
	sccp_print(dump, &m, version);
	if (m.known)
		err = sccp_encode(again, &m, version);
	else
		buf_put(again, in);
	if (!err)
		err = buf_check(again);
	if (!err)
		err = buf_check(dump);
out:
	mem_wipe(&m, sizeof m);
	return err;
}
