/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/list/server.h"

#include "base/str.h"

static uint16_t server_role(const struct list_server *s)
{
	if (s->callmanager)
		return s->tftp ? TLV_ROLE_CCM_TFTP : TLV_ROLE_CCM;
	return TLV_ROLE_TFTP;
}

size_t list_server_entries(const struct list_server *s, bool emptied,
	struct list_entry out[LIST_SERVER_ENTRIES], uint8_t ip[16])
{
	struct list_entry e = {.dns = s->address};
	size_t count = 0, len = 0;

	if (!str_address(s->address, ip, &len))
		e.address = span_of(ip, len);
	if (s->callmanager || s->tftp) {
		e.role = server_role(s);
		e.cert = emptied ? NULL : s->cert;
		out[count++] = e;
	}
	if (s->capf) {
		e.role = TLV_ROLE_CAPF;
		e.cert = s->capf;
		out[count++] = e;
	}
	return count;
}
