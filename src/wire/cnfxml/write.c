/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cnfxml/cnfxml.h"

/* Escaped; what XML cannot carry at all sets the buffer's ERR_FORMAT. */
static void put_text(struct buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': buf_str(out, "&amp;"); break;
		case '<': buf_str(out, "&lt;"); break;
		case '>': buf_str(out, "&gt;"); break;
		case '"': buf_str(out, "&quot;"); break;
		case '\'': buf_str(out, "&apos;"); break;
		case '\t': buf_str(out, "&#9;"); break;
		case '\n': buf_str(out, "&#10;"); break;
		case '\r': buf_str(out, "&#13;"); break;
		default:
			if ((unsigned char)*text < 0x20 && !out->err)
				out->err = ERR_FORMAT;
			buf_u8(out, (uint8_t)*text);
		}
	}
}

static void put_element(struct buf *out, const char *indent, const char *name, const char *text)
{
	buf_printf(out, "%s<%s>", indent, name);
	put_text(out, text);
	buf_printf(out, "</%s>\n", name);
}

static void put_number(struct buf *out, const char *indent, const char *name, int v)
{
	buf_printf(out, "%s<%s>%d</%s>\n", indent, name, v, name);
}

static void put_bool(struct buf *out, const char *name, bool v)
{
	put_element(out, "  ", name, v ? "true" : "false");
}

static void put_start(struct buf *out)
{
	buf_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n");
}

static void put_managers(struct buf *out, const struct cnfxml *c)
{
	size_t i;

	buf_str(out, "    <callManagerGroup>\n      <members>\n");
	for (i = 0; i < c->managers_count; i++) {
		buf_printf(out,
			"        <member priority=\"%zu\">\n          <callManager>\n            "
			"<ports>\n",
			i);
		put_number(out, "              ", "ethernetPhonePort", c->managers[i].port);
		buf_str(out, "            </ports>\n");
		put_element(out, "            ", "processNodeName", c->managers[i].name);
		buf_str(out, "          </callManager>\n        </member>\n");
	}
	buf_str(out, "      </members>\n    </callManagerGroup>\n");
}

static void put_tvs(struct buf *out, const struct cnfxml *c)
{
	size_t i;

	if (!c->tvs_count)
		return;
	buf_str(out, "  <TVS>\n    <members>\n");
	for (i = 0; i < c->tvs_count; i++) {
		buf_printf(out, "      <member priority=\"%zu\">\n", i);
		put_number(out, "        ", "port", c->tvs[i].port);
		put_element(out, "        ", "address", c->tvs[i].name);
		buf_str(out, "      </member>\n");
	}
	buf_str(out, "    </members>\n  </TVS>\n");
}

static void put_capf(struct buf *out, const struct cnfxml *c)
{
	size_t i;

	put_number(out, "  ", "capfAuthMode", c->capf_auth_mode);
	buf_str(out, "  <capfList>\n");
	for (i = 0; i < c->capf_count; i++) {
		buf_str(out, "    <capf>\n");
		put_number(out, "      ", "phonePort", c->capf[i].port);
		put_element(out, "      ", "processNodeName", c->capf[i].name);
		buf_str(out, "    </capf>\n");
	}
	buf_str(out, "  </capfList>\n");
}

static void put_access(struct buf *out, const struct cnfxml *c)
{
	if (c->ssh_user[0])
		put_element(out, "  ", "sshUserId", c->ssh_user);
	if (c->ssh_password[0])
		put_element(out, "  ", "sshPassword", c->ssh_password);
	buf_str(out, "  <vendorConfig>\n");
	put_number(out, "    ", "webAccess", c->web_access);
	put_number(out, "    ", "sshAccess", !c->ssh_access);
	buf_str(out, "  </vendorConfig>\n");
}

static void put_end(struct buf *out, const struct cnfxml *c)
{
	put_element(out, "  ", "certHash", c->cert_hash);
	put_bool(out, "encrConfig", c->encrypted);
	buf_str(out, "</device>\n");
}

/* What a phone needs to start besides what struct cnfxml says: how to print dates, and a language
 * it has built in. spec: docs/formats/phone-configuration.md#full */
enum err cnfxml_write_full(struct buf *out, const struct cnfxml *c)
{
	put_start(out);
	put_bool(out, "fullConfig", true);
	put_element(out, "  ", "deviceProtocol", c->protocol);
	put_number(out, "  ", "ipAddressMode", c->ip_address_mode);
	buf_str(out, "  <devicePool>\n    <dateTimeSetting>\n"
		     "      <dateTemplate>D/M/Y</dateTemplate>\n"
		     "      <timeZone>GMT Standard/Daylight Time</timeZone>\n"
		     "    </dateTimeSetting>\n");
	put_managers(out, c);
	buf_str(out, "  </devicePool>\n");
	put_tvs(out, c);
	put_access(out, c);
	put_element(out, "  ", "loadInformation", c->load);
	buf_str(out, "  <userLocale>\n    <name>English_United_States</name>\n"
		     "    <langCode>en</langCode>\n  </userLocale>\n"
		     "  <networkLocale>United_States</networkLocale>\n");
	put_number(out, "  ", "deviceSecurityMode", c->security_mode);
	put_element(out, "  ", "versionStamp", c->version_stamp);
	put_capf(out, c);
	put_end(out, c);
	return buf_check(out);
}

enum err cnfxml_write_reduced(struct buf *out, const struct cnfxml *c)
{
	put_start(out);
	put_bool(out, "fullConfig", false);
	put_number(out, "  ", "ipAddressMode", c->ip_address_mode);
	put_element(out, "  ", "loadInformation", c->load);
	put_capf(out, c);
	put_end(out, c);
	return buf_check(out);
}

enum err cnfxml_write_default(struct buf *out, const struct cnfxml *c)
{
	buf_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Default>\n");
	put_managers(out, c);
	put_tvs(out, c);
	buf_str(out, "</Default>\n");
	return buf_check(out);
}
