/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cnfxml/cnfxml.h"

#include "wire/cnfxml/put.h"

/* What a phone needs to start besides what struct cnfxml says: how to print dates, and a language
 * it has built in. spec: docs/formats/phone-configuration.md#full */
static const struct cnfxml_phone plain = {
	.date_template = "D/M/Y",
	.time_zone = "GMT Standard/Daylight Time",
	.user_locale = {"English_United_States", "en", ""},
	.network_locale = {"United_States", "", ""},
	.dial_template = "",
	.soft_keys = "",
	.ssh_user = "",
	.ssh_password = "",
};

/* Memory for the whole file at once. */
#define ROOM 4096u

static void put_start(struct buf *out)
{
	if (buf_grow(out, ROOM))
		out->len -= ROOM;
	buf_str(out, CNFXML_DECLARATION "<device>\n");
}

static void put_ports(struct buf *out, const char *protocol, const struct cnfxml_server *s)
{
	if (strcmp(protocol, "SIP") != 0) {
		xml_number(out, 14, "ethernetPhonePort", s->port);
		return;
	}
	if (s->sip)
		xml_number(out, 14, "sipPort", s->sip);
	if (s->sip_secure)
		xml_number(out, 14, "securedSipPort", s->sip_secure);
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
		put_ports(out, c->protocol, &c->managers[i]);
		buf_str(out, "            </ports>\n");
		xml_text(out, 12, "processNodeName", c->managers[i].name);
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
		xml_number(out, 8, "port", c->tvs[i].port);
		xml_text(out, 8, "address", c->tvs[i].name);
		buf_str(out, "      </member>\n");
	}
	buf_str(out, "    </members>\n  </TVS>\n");
}

static void put_capf(struct buf *out, const struct cnfxml *c)
{
	size_t i;

	xml_number(out, 2, "capfAuthMode", c->capf_auth_mode);
	buf_str(out, "  <capfList>\n");
	for (i = 0; i < c->capf_count; i++) {
		buf_str(out, "    <capf>\n");
		xml_number(out, 6, "phonePort", c->capf[i].port);
		xml_text(out, 6, "processNodeName", c->capf[i].name);
		buf_str(out, "    </capf>\n");
	}
	buf_str(out, "  </capfList>\n");
}

static void put_times(struct buf *out, const struct cnfxml_phone *p)
{
	size_t i;

	buf_str(out, "    <dateTimeSetting>\n");
	xml_text(out, 6, "dateTemplate", p->date_template);
	xml_text(out, 6, "timeZone", p->time_zone);
	if (p->ntp_count) {
		buf_str(out, "      <ntps>\n");
		for (i = 0; i < p->ntp_count; i++) {
			buf_str(out, "        <ntp>\n");
			xml_text(out, 10, "name", p->ntp[i]);
			buf_str(out, "          <ntpMode>Unicast</ntpMode>\n        </ntp>\n");
		}
		buf_str(out, "      </ntps>\n");
	}
	buf_str(out, "    </dateTimeSetting>\n");
}

static void put_access(struct buf *out, const struct cnfxml_phone *p)
{
	if (p->ssh_user[0])
		xml_text(out, 2, "sshUserId", p->ssh_user);
	if (p->ssh_password[0])
		xml_text(out, 2, "sshPassword", p->ssh_password);
	buf_str(out, "  <vendorConfig>\n");
	xml_number(out, 4, "webAccess", p->web_access);
	if (!p->early)
		xml_number(out, 4, "sshAccess", !p->ssh_access);
	buf_str(out, "  </vendorConfig>\n");
}

static void put_line(
	struct buf *out, const struct cnfxml *c, const struct cnfxml_line *line, size_t i)
{
	const struct cnfxml_server *s = &c->managers[0];
	int port = !c->managers_count ? 0 : c->transport == CNFXML_TLS ? s->sip_secure : s->sip;

	buf_printf(out, "      <line button=\"%zu\" lineIndex=\"%zu\">\n", i + 1, i + 1);
	xml_number(out, 8, "featureID", CNFXML_FEATURE_LINE);
	xml_text(out, 8, "featureLabel", line->label);
	buf_str(out, "        <proxy>USECALLMANAGER</proxy>\n");
	if (port)
		xml_number(out, 8, "port", port);
	xml_text(out, 8, "name", line->number);
	xml_text(out, 8, "displayName", line->display);
	if (line->auth_name[0])
		xml_text(out, 8, "authName", line->auth_name);
	if (line->auth_password[0])
		xml_text(out, 8, "authPassword", line->auth_password);
	buf_str(out, "      </line>\n");
}

static void put_sip(struct buf *out, const struct cnfxml *c, const struct cnfxml_phone *p)
{
	size_t i;

	buf_str(out, "  <sipProfile>\n    <sipProxies>\n      "
		     "<registerWithProxy>true</registerWithProxy>\n    </sipProxies>\n");
	xml_text(out, 4, "phoneLabel", p->phone_label ? p->phone_label : "");
	buf_str(out, "    <sipLines>\n");
	for (i = 0; i < p->lines_count; i++)
		put_line(out, c, &p->lines[i], i);
	buf_str(out, "    </sipLines>\n");
	if (p->sip_port)
		xml_number(out, 4, "voipControlPort", p->sip_port);
	if (p->dial_template[0])
		xml_text(out, 4, "dialTemplate", p->dial_template);
	if (p->soft_keys[0])
		xml_text(out, 4, "softKeyFile", p->soft_keys);
	buf_str(out, "  </sipProfile>\n");
}

static void put_locales(struct buf *out, const struct cnfxml_phone *p)
{
	const struct cnfxml_locale *u = &p->user_locale, *n = &p->network_locale;

	buf_str(out, "  <userLocale>\n");
	xml_text(out, 4, "name", u->name);
	buf_str(out, "    <uid>1</uid>\n");
	xml_text(out, 4, "langCode", u->language);
	if (u->version[0])
		xml_text(out, 4, "version", u->version);
	buf_str(out, "    <winCharSet>utf-8</winCharSet>\n  </userLocale>\n");
	xml_text(out, 2, "networkLocale", n->name);
	if (!n->version[0])
		return;
	buf_str(out, "  <networkLocaleInfo>\n");
	xml_text(out, 4, "name", n->name);
	buf_str(out, "    <uid>1</uid>\n");
	xml_text(out, 4, "version", n->version);
	buf_str(out, "  </networkLocaleInfo>\n");
}

static void put_end(struct buf *out, const struct cnfxml *c)
{
	xml_text(out, 2, "certHash", c->cert_hash);
	xml_bool(out, 2, "encrConfig", c->encrypted);
}

enum err cnfxml_write_full(struct buf *out, const struct cnfxml *c, const struct cnfxml_phone *p)
{
	bool sip = strcmp(c->protocol, "SIP") == 0;

	p = p ? p : &plain;
	put_start(out);
	xml_bool(out, 2, "fullConfig", true);
	xml_text(out, 2, "deviceProtocol", c->protocol);
	if (!p->early)
		xml_number(out, 2, "ipAddressMode", c->ip_address_mode);
	buf_str(out, "  <devicePool>\n");
	put_times(out, p);
	put_managers(out, c);
	buf_str(out, "  </devicePool>\n");
	put_tvs(out, c);
	put_access(out, p);
	if (sip)
		put_sip(out, c, p);
	xml_text(out, 2, "loadInformation", c->load);
	put_locales(out, p);
	xml_number(out, 2, "deviceSecurityMode", c->security_mode);
	if (sip && c->transport) {
		xml_number(out, 2, "transportLayerProtocol", c->transport);
		xml_number(out, 2, "TLSResumptionTimer", CNFXML_TLS_RESUMPTION);
	}
	xml_text(out, 2, "versionStamp", c->version_stamp);
	put_capf(out, c);
	if (!p->early)
		put_end(out, c);
	buf_str(out, "</device>\n");
	return buf_check(out);
}

enum err cnfxml_write_reduced(struct buf *out, const struct cnfxml *c)
{
	put_start(out);
	xml_bool(out, 2, "fullConfig", false);
	xml_number(out, 2, "ipAddressMode", c->ip_address_mode);
	xml_text(out, 2, "loadInformation", c->load);
	put_capf(out, c);
	put_end(out, c);
	buf_str(out, "</device>\n");
	return buf_check(out);
}

enum err cnfxml_write_default(
	struct buf *out, const struct cnfxml *c, const struct cnfxml_load *loads, size_t count)
{
	size_t i;

	buf_str(out, CNFXML_DECLARATION "<Default>\n");
	put_managers(out, c);
	put_tvs(out, c);
	for (i = 0; i < count; i++) {
		buf_printf(out, "  <loadInformation%d model=\"", loads[i].type);
		xml_escaped(out, loads[i].model);
		buf_str(out, "\">");
		xml_escaped(out, loads[i].load);
		buf_printf(out, "</loadInformation%d>\n", loads[i].type);
	}
	buf_str(out, "</Default>\n");
	return buf_check(out);
}
