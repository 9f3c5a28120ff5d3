/* SPDX-License-Identifier: BSD-2-Clause
 * What the vectors of tests/vectors/cnfxml do not reach: writing, and limits. */
#include "base/mem.h"
#include "base/str.h"
#include "wire/cnfxml/cnfxml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static struct cnfxml example(void)
{
	return (struct cnfxml){
		.full = true,
		.protocol = "SCCP",
		.managers = {{.name = "192.0.2.10", .port = 2000},
			{.name = "cucm2.example.net", .port = 2000}},
		.managers_count = 2,
		.load = "SCCP41.9-4-2SR3-1S",
		.security_mode = 3,
		.version_stamp = "{1-00000001}",
		.capf_auth_mode = 2,
		.capf = {{.name = "192.0.2.10", .port = 3804}},
		.capf_count = 1,
		.cert_hash = "0123456789abcdef0123456789abcdef",
		.encrypted = true,
	};
}

/* The elements that a 7961 on SCCP needs, in the order of the example.
 * spec: docs/formats/phone-configuration.md#full */
static void the_whole_file(void **state)
{
	static const char *const order[] = {
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n",
		"<fullConfig>true</fullConfig>",
		"<deviceProtocol>SCCP</deviceProtocol>",
		"<ipAddressMode>0</ipAddressMode>",
		"<devicePool>",
		"<dateTimeSetting>",
		"<dateTemplate>D/M/Y</dateTemplate>",
		"<timeZone>GMT Standard/Daylight Time</timeZone>",
		"</dateTimeSetting>",
		"<callManagerGroup>",
		"<member priority=\"0\">",
		"<ethernetPhonePort>2000</ethernetPhonePort>",
		"<processNodeName>192.0.2.10</processNodeName>",
		"<member priority=\"1\">",
		"<processNodeName>cucm2.example.net</processNodeName>",
		"</devicePool>",
		"<loadInformation>SCCP41.9-4-2SR3-1S</loadInformation>",
		"<userLocale>",
		"<networkLocale>United_States</networkLocale>",
		"<deviceSecurityMode>3</deviceSecurityMode>",
		"<versionStamp>{1-00000001}</versionStamp>",
		"<capfAuthMode>2</capfAuthMode>",
		"<capfList>",
		"<phonePort>3804</phonePort>",
		"<processNodeName>192.0.2.10</processNodeName>",
		"<certHash>0123456789abcdef0123456789abcdef</certHash>",
		"<encrConfig>true</encrConfig>",
		"</device>\n",
	};
	struct cnfxml c = example();
	struct buf out = {0};
	const char *at;
	size_t i;

	assert_int_equal(cnfxml_write_full(&out, &c, NULL), ERR_OK);
	buf_u8(&out, '\0');
	for (at = (char *)out.data, i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		at = strstr(at, order[i]);
		if (!at)
			fail_msg("%s is not in its place in\n%s", order[i], (char *)out.data);
		at += strlen(order[i]);
	}
	assert_int_equal(*at, '\0');
	buf_fini(&out);
}

static void hard_text_comes_back(void **state)
{
	struct cnfxml c = example(), read;
	struct buf out = {0};

	str_copy(c.version_stamp, sizeof(c.version_stamp), "<a & \"b\" 'c'>\t\n ]]> \xC3\xA9.");
	assert_int_equal(cnfxml_write_full(&out, &c, NULL), ERR_OK);
	assert_int_equal(cnfxml_parse(&read, buf_span(&out), NULL), ERR_OK);
	assert_string_equal(read.version_stamp, c.version_stamp);
	assert_int_equal(read.managers_count, 2);
	assert_string_equal(read.managers[1].name, "cucm2.example.net");
	assert_string_equal(read.cert_hash, c.cert_hash);
	assert_true(read.full && read.encrypted);
	buf_clear(&out);
	str_copy(c.load, sizeof(c.load), "\x1B[2J");
	assert_int_equal(cnfxml_write_reduced(&out, &c), ERR_FORMAT);
	buf_fini(&out);
}

static void size_limit(void **state)
{
	struct fail why = {0};
	struct buf xml = {0};
	struct cnfxml c;

	buf_str(&xml, "<device>");
	buf_fill(&xml, ' ', CNFXML_SIZE_MAX - xml.len - 9);
	buf_str(&xml, "</device>");
	assert_int_equal(cnfxml_parse(&c, buf_span(&xml), &why), ERR_OK);
	buf_u8(&xml, '\n');
	assert_int_equal(cnfxml_parse(&c, buf_span(&xml), &why), ERR_LIMIT);
	buf_fini(&xml);
}

/* An unknown element may have a name and a text of any length. */
static void what_is_not_read_has_no_limit(void **state)
{
	struct buf xml = {0};
	struct cnfxml c;

	buf_str(&xml, "<device><x");
	buf_fill(&xml, 'x', 5000);
	buf_str(&xml, "><deviceSecurityMode>9</deviceSecurityMode>");
	buf_fill(&xml, 'y', 5000);
	buf_str(&xml, "</x");
	buf_fill(&xml, 'x', 5000);
	buf_str(&xml, "><deviceSecurityMode>2</deviceSecurityMode></device>");
	assert_int_equal(cnfxml_parse(&c, buf_span(&xml), NULL), ERR_OK);
	assert_int_equal(c.security_mode, 2);
	buf_fini(&xml);
}

/* Elements are copied in their own order, byte by byte, and nothing else is. */
static void the_companion_of_another_s_file(void **state)
{
	static const char whole[] =
		"<?xml version=\"1.0\"?>\n<device xsi:type=\"axl:XIPPhone\">\n"
		"<fullConfig>true</fullConfig><phonePassword>secret</phonePassword>\n"
		"<capfList ><capf><phonePort>3804</phonePort><processNodeName>\xC3\xA9&amp;"
		"</processNodeName></capf></capfList>\n<x><loadInformation>no</loadInformation></x>"
		"<loadInformation model='7961'/><certHash>old</certHash>"
		"<ipAddressMode>0</ipAddressMode><encrConfig>false</encrConfig></device>\n";
	static const char reduced[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n"
		"  <fullConfig>false</fullConfig>\n"
		"  <capfList ><capf><phonePort>3804</phonePort><processNodeName>\xC3\xA9&amp;"
		"</processNodeName></capf></capfList>\n"
		"  <loadInformation model='7961'/>\n"
		"  <ipAddressMode>0</ipAddressMode>\n"
		"  <certHash>0123456789abcdef0123456789abcdef</certHash>\n"
		"  <encrConfig>true</encrConfig>\n</device>\n";
	static const char *const bad[] = {"", "<phone/>", "<device>", "<device></device><x/>",
		"<!DOCTYPE device><device/>", "<device><fullConfig> FALSE </fullConfig></device>",
		("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
		 "<device><loadInformation>\xE9</loadInformation></device>"),
		("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
		 "<device><loadInformation>\xC3\xA9</loadInformation></device>"),
		"<device><x></y></device>", "<device/>text", "text<device/>", "<device x=1/>",
		"<device x='1' x='2'/>", "<device x='<'/>", "<device x='1'y='2'/>", "<device x/>",
		"<device>&other;</device>", "<device>&#0;</device>", "<device>&#xD800;</device>",
		"<device>&#x110000;</device>", "<device>&#;</device>", "<device>&amp</device>",
		"<device>&</device>", "<device>]]></device>", "<device>\x01</device>",
		"<device>\xC0\x80</device>", "<device>\xED\xA0\x80</device>", "<device>\xE2\x82",
		"<device>\xF4\x90\x80\x80</device>", "<device>\xEF\xBF\xBF</device>",
		"<device><!-- -- --></device>", "<device><!-- </device>",
		"<device><![CDATA[</device>", "<![CDATA[x]]><device/>", "<device><?xml ?></device>",
		" <?xml version='1.0'?><device/>", "<device><?x </device>", "<device/><device/>",
		"<device", "<device x='", "<", "</", "&", "<?xml version='1.0' encoding='UTF-8'",
		"<device></device", "</device>", "<1/>", "<device><capfList/><capfList/></device>",
		"<device><fullConfig>false</fullConfig></device>"};
	static const char *const good[] = {"\xEF\xBB\xBF<device/>", "<device\n/>",
		"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\r\n<device></device >\n",
		"<?xml version='1.0' encoding='ISO-8859-1'?><device/>",
		"<?x?><device/><!-- end -->",
		"<device a = '\"&gt;>' b=\"'&#9;&#xe9;\"><![CDATA[<&]] ]>]]>]] > &apos;</device>",
		"<device><a:b.c-1_\t/><?x <?>?></device>", "<device>\xF0\x9F\x93\x9E</device>"};
	const char *hash = "0123456789abcdef0123456789abcdef";
	struct buf out = {0};
	size_t i;

	assert_int_equal(cnfxml_reduce(&out, span_str(whole), hash, NULL), ERR_OK);
	assert_int_equal(out.len, strlen(reduced));
	assert_memory_equal(out.data, reduced, out.len);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		buf_clear(&out);
		if (cnfxml_reduce(&out, span_str(good[i]), hash, NULL) != ERR_OK)
			fail_msg("%s", good[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_clear(&out);
		if (cnfxml_reduce(&out, span_str(bad[i]), hash, NULL) != ERR_FORMAT)
			fail_msg("%s", bad[i]);
	}
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_file),
		cmocka_unit_test(hard_text_comes_back),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(what_is_not_read_has_no_limit),
		cmocka_unit_test(the_companion_of_another_s_file),
	};

	return cmocka_run_group_tests_name("wire/cnfxml", tests, NULL, NULL);
}
