/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cnfxml/describe.h"
#include "base/str.h"

static void text(struct buf *dump, const char *name, const char *value)
{
	buf_printf(dump, "%s = ", name);
	str_printable(dump, span_str(value));
	buf_str(dump, "\n");
}

static void servers(struct buf *dump, const char *name, const struct cnfxml_server *s, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		buf_printf(dump, "%s = ", name);
		str_printable(dump, span_str(s[i].name));
		buf_printf(dump, " %d", s[i].port);
		if (s[i].sip || s[i].sip_secure)
			buf_printf(dump, " sip %d %d", s[i].sip, s[i].sip_secure);
		buf_str(dump, "\n");
	}
}

enum err cnfxml_describe(
	struct span in, unsigned version, struct buf *dump, struct buf *again, struct fail *why)
{
	struct cnfxml c;
	enum err err = cnfxml_parse(&c, in, why);

	if (err)
		return err;
	text(dump, "fullConfig", c.full ? "true" : "false");
	text(dump, "deviceProtocol", c.protocol);
	buf_printf(dump, "ipAddressMode = %d\n", c.ip_address_mode);
	servers(dump, "callManager", c.managers, c.managers_count);
	servers(dump, "tvs", c.tvs, c.tvs_count);
	text(dump, "loadInformation", c.load);
	buf_printf(dump, "deviceSecurityMode = %d\n", c.security_mode);
	if (c.transport)
		buf_printf(dump, "transportLayerProtocol = %d\n", c.transport);
	text(dump, "versionStamp", c.version_stamp);
	buf_printf(dump, "capfAuthMode = %d\n", c.capf_auth_mode);
	servers(dump, "capf", c.capf, c.capf_count);
	text(dump, "certHash", c.cert_hash);
	text(dump, "encrConfig", c.encrypted ? "true" : "false");
	err = c.full ? cnfxml_write_full(again, &c, NULL) : cnfxml_write_reduced(again, &c);
	return err ? err : buf_check(dump);
}
