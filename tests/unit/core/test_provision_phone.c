/* SPDX-License-Identifier: BSD-2-Clause
 * What phones of each family are told: by the families' grammars, with xmllint, and by the record.
 */
#include "served.h"

#include "core/cluster/services.h"
#include "core/device/line.h"
#include "core/model/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void add_line(struct lab *lab, int index, const char *number, const char *label)
{
	const struct device_line_values v = {.number = number, .label = label};

	if (device_line_put(lab->c, LAB_SEP, index, &v, &lab->why))
		fail_msg("%s", lab->why.text);
}

/* Model, protocol and profile, which must go together. */
static void make_sip(struct lab *lab, const char *model)
{
	const struct device_value both[] = {{device_field_find("device-type"), model},
		{device_field_find("protocol"), "SIP"}, {device_field_find("profile"), "SIP"}};

	if (device_set(lab->c, LAB_SEP, DEVICE_UPDATE, both, 3, &lab->why))
		fail_msg("%s", lab->why.text);
}

static void phone_on_sccp(void **state)
{
	struct lab *lab = *state;

	served_phone(lab, LAB_SEP, "Non Secure");
	served_field(lab, "number", "1001");
	assert_true(served_valid_name(lab, PLAIN, "sccp"));
	assert_true(served_says(lab, PLAIN, "<TVS>"));
	served_field(lab, "web-access", "Read Only");
	served_field(lab, "description", "<&\"'> \xc3\xa7");
	assert_true(served_valid_name(lab, PLAIN, "sccp"));
	assert_true(served_says(lab, PLAIN, "<webAccess>2</webAccess>"));
}

/* Neither what they cannot do nor what they do not know. */
static void phones_without_a_certificate_from_the_factory(void **state)
{
	struct lab *lab = *state;
	static const char *const models[] = {"Cisco 7960", "Cisco 7940", "Cisco 7912"};
	size_t i;

	served_phone(lab, LAB_SEP, "Non Secure");
	for (i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		served_field(lab, "device-type", models[i]);
		assert_true(served_valid_name(lab, PLAIN, "sccp-early"));
		assert_false(served_says(lab, PLAIN, "TVS"));
	}
	/* Of a model that nobody knows it is not known that it cannot. */
	served_field(lab, "device-type", "99998");
	assert_true(served_valid_name(lab, PLAIN, "sccp"));
	assert_true(served_says(lab, PLAIN, "<TVS>"));
}

static void phones_on_sip(void **state)
{
	static const char *const models[] = {"Cisco 7961", "Cisco 8841", "Cisco 9971"};
	struct lab *lab = *state;
	size_t i;

	served_sip_profile(lab, 1, false);
	served_phone(lab, LAB_SEP, "Non Secure");
	served_field(lab, "number", "1234567890123456");
	for (i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		make_sip(lab, models[i]);
		assert_true(served_valid_name(lab, PLAIN, "sip"));
	}
	assert_true(served_says(lab, PLAIN, "<transportLayerProtocol>1<"));
	assert_true(served_says(lab, PLAIN, "<phoneLabel>567890123456<"));
	assert_true(served_says(lab, PLAIN, "<voipControlPort>5070<"));
	assert_true(served_says(lab, PLAIN, "<sipPort>5060<"));
	assert_false(served_says(lab, PLAIN, "ethernetPhonePort"));
	add_line(lab, 2, "1002", "a label that phones would have to cut \xc3\xa7");
	add_line(lab, 4, "1004", NULL);
	assert_true(served_valid_name(lab, PLAIN, "sip"));
	assert_true(served_says(lab, PLAIN, "<line button=\"2\" lineIndex=\"2\">"));
	assert_true(served_says(lab, PLAIN, "<featureLabel>a label that phones would have<"));
	assert_true(served_says(lab, PLAIN, "<name>1004</name>"));
	assert_false(served_says(lab, PLAIN, "authName"));
}

/* TLS is told together with the mode that needs it, and not before. */
static void secure_sip_comes_with_the_list(void **state)
{
	struct lab *lab = *state;

	served_sip_profile(lab, 3, false);
	served_phone(lab, LAB_SEP, "Non Secure");
	served_field(lab, "number", "1001");
	make_sip(lab, "Cisco 8841");
	assert_true(served_says(lab, PLAIN, "<deviceSecurityMode>1<"));
	assert_true(served_says(lab, PLAIN, "<transportLayerProtocol>1<"));
	assert_true(served_says(lab, PLAIN, "<port>5060<"));
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	served_anew(lab);
	assert_true(served_valid_name(lab, PLAIN, "sip"));
	assert_true(served_says(lab, PLAIN, "<deviceSecurityMode>3<"));
	assert_true(served_says(lab, PLAIN, "<transportLayerProtocol>3<"));
	assert_true(served_says(lab, PLAIN, "<port>5061<"));
}

static void secrets_are_in_the_encrypted_file_alone(void **state)
{
	struct lab *lab = *state;

	served_sip_profile(lab, 3, true);
	served_phone(lab, LAB_SEP, "Non Secure");
	served_field(lab, "number", "1001");
	served_field(lab, "ssh-user", "operator");
	served_field(lab, "Secure Shell Password", "geheim&<1>");
	make_sip(lab, "Cisco 8841");
	served_field(lab, "Digest Credentials", "ganz geheim");
	assert_true(served_valid_name(lab, PLAIN, "reduced"));
	served_enrol(lab, LAB_SEP);
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
	assert_true(served_valid(lab, "content", "sip"));
	assert_true(
		served_has(lab, "content", "  <sshPassword>geheim&amp;&lt;1&gt;</sshPassword>"));
	assert_true(served_has(lab, "content", "        <authName>1001</authName>"));
	assert_true(served_has(lab, "content", "        <authPassword>ganz geheim</authPassword>"));
	assert_true(served_valid_name(lab, PLAIN, "reduced"));
	assert_true(served_judged(lab, SIGNED, "sgn"));
	assert_true(served_valid(lab, "content", "reduced"));
	/* SHA-512, for this model checks it. */
	assert_true(served_has(lab, "facts", "digest 3"));
	served_field(lab, "digest-user", "reception");
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
	assert_true(served_has(lab, "content", "        <authName>reception</authName>"));
	/* Without encryption nobody is told. */
	served_sip_profile(lab, 3, false);
	assert_false(served_says(lab, PLAIN, "operator"));
	assert_false(served_says(lab, PLAIN, "geheim"));
	assert_false(served_says(lab, PLAIN, "authName"));
}

static struct span line_of(const struct buf *text, const char *begin)
{
	const uint8_t *at = memmem(text->data, text->len, begin, strlen(begin)), *end;

	assert_non_null(at);
	end = memchr(at, '\n', text->len - (size_t)(at - text->data));
	assert_non_null(end);
	return span_of(at, (size_t)(end - at));
}

static void exclude_digest(struct lab *lab, int yes)
{
	struct store_profile p;

	assert_int_equal(store_profile_get(cluster_get_store(lab->c), "SIP", &p, NULL), 0);
	p.exclude_digest = yes;
	assert_int_equal(store_profile_put(cluster_get_store(lab->c), &p, NULL), 0);
}

/* What is prepared says otherwise, though nothing changed that the clear files say. */
static void digest_is_excluded_and_included_again(void **state)
{
	struct lab *lab = *state;
	struct buf with, without;

	served_sip_profile(lab, 3, true);
	served_phone(lab, LAB_SEP, "Non Secure");
	served_field(lab, "number", "1001");
	make_sip(lab, "Cisco 8841");
	served_field(lab, "Digest Credentials", "geheim");
	served_enrol(lab, LAB_SEP);
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
	assert_true(served_has(lab, "content", "        <authPassword>geheim</authPassword>"));
	with = lab_read(lab_path(lab, "content"));
	exclude_digest(lab, 1);
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
	without = lab_read(lab_path(lab, "content"));
	assert_null(memmem(without.data, without.len, "geheim", strlen("geheim")));
	/* The phone has to notice. */
	assert_false(
		span_eq(line_of(&with, "<versionStamp>"), line_of(&without, "<versionStamp>")));
	exclude_digest(lab, 0);
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
	assert_true(served_has(lab, "content", "        <authPassword>geheim</authPassword>"));
	buf_fini(&with);
	buf_fini(&without);
}

/* A model that reads no encrypted file could not register otherwise; the profile may forbid it. */
static void digest_of_a_model_that_reads_no_other_file(void **state)
{
	struct lab *lab = *state;

	served_sip_profile(lab, 1, false);
	served_phone(lab, LAB_SEP, "Non Secure");
	served_field(lab, "number", "1001");
	make_sip(lab, "Cisco 7960");
	served_field(lab, "Digest Credentials", "geheim");
	served_field(lab, "Secure Shell Password", "sesam");
	assert_true(served_says(lab, PLAIN, "<authPassword>geheim<"));
	assert_false(served_says(lab, PLAIN, "sesam"));
	exclude_digest(lab, 1);
	assert_false(served_says(lab, PLAIN, "geheim"));
}

static void firmware_is_told_when_it_is_there(void **state)
{
	struct lab *lab = *state;
	struct store *s = cluster_get_store(lab->c);

	served_phone(lab, LAB_SEP, "Non Secure");
	served_field(lab, "load", "SCCP41.9-4-2SR3-1S");
	assert_true(served_says(lab, PLAIN, "<loadInformation></loadInformation>"));
	lab_write(lab_path(lab, "tftp/sccp41.9-4-2sr3-1s.LOADS"), span_str("x"));
	assert_true(served_says(lab, PLAIN, "<loadInformation>SCCP41.9-4-2SR3-1S<"));
	/* The model's default, for phones that name none. */
	assert_int_equal(model_load_set(s, 30018, STORE_SCCP, "default.loads", &lab->why), 0);
	assert_true(served_says(lab, PLAIN, "<loadInformation>SCCP41.9-4-2SR3-1S<"));
	served_field(lab, "load", "");
	assert_true(served_says(lab, PLAIN, "<loadInformation></loadInformation>"));
	assert_int_equal(lab_run("mkdir -p %s", lab_path(lab, "tftp/firmware")), 0);
	lab_write(lab_path(lab, "tftp/firmware/default.loads"), span_str("x"));
	assert_true(served_says(lab, PLAIN, "<loadInformation></loadInformation>"));
	lab_write(lab_path(lab, "tftp.map"), span_str("*.loads firmware\n"));
	assert_true(served_says(lab, PLAIN, "<loadInformation>default<"));
	/* A slip in the rules takes no phone's configuration away. */
	lab_write(lab_path(lab, "tftp.map"), span_str("*.loads\n"));
	assert_true(served_says(lab, PLAIN, "<loadInformation></loadInformation>"));
	assert_int_equal(model_load_set(s, 30018, STORE_SCCP, "../x", &lab->why), ERR_FORMAT);
}

static void settings_are_told(void **state)
{
	struct lab *lab = *state;

	served_phone(lab, LAB_SEP, "Non Secure");
	served_setting(lab, "date_template", "M-D-YYA");
	served_setting(lab, "time_zone", "E. South America Standard/Daylight Time");
	served_setting(lab, "ntp_servers", "192.0.2.5 ntp.example.net");
	served_setting(lab, "user_locale", "Portuguese_Brazil");
	served_setting(lab, "user_language", "pt_BR");
	served_setting(lab, "network_locale", "Brazil");
	assert_int_equal(lab_run("mkdir -p %s", lab_path(lab, "tftp/Portuguese_Brazil")), 0);
	assert_int_equal(
		lab_run("touch -d @1700000000 %s", lab_path(lab, "tftp/Portuguese_Brazil")), 0);
	assert_true(served_valid_name(lab, PLAIN, "sccp"));
	assert_true(served_says(lab, PLAIN, "<dateTemplate>M-D-YYA<"));
	assert_true(served_says(lab, PLAIN, "<name>ntp.example.net</name>"));
	assert_true(served_says(lab, PLAIN,
		"<name>Portuguese_Brazil</name>\n    <uid>1</uid>\n    <langCode>pt_BR</langCode>\n"
		"    <version>1.0.1700000000</version>"));
	assert_true(served_says(lab, PLAIN, "<networkLocale>Brazil<"));
	assert_int_equal(
		lab_run("touch -d @1700000001 %s", lab_path(lab, "tftp/Portuguese_Brazil")), 0);
	assert_true(served_says(lab, PLAIN, "<version>1.0.1700000001<"));
}

static void settings_that_phones_would_not_understand_are_refused(void **state)
{
	static const char *const bad[][2] = {{"date_template", "Y/M/D"}, {"date_template", "D/M-Y"},
		{"date_template", "D/M/YYYY"}, {"time_zone", "Europe/Berlin"},
		{"ntp_servers", "1 2 3 4 5 6"}, {"ntp_servers", "a;b"}, {"user_locale", "../x"},
		{"user_language", "portuguese"}, {"network_locale", "a b"}};
	struct lab *lab = *state;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct settings s = *cluster_get_settings(lab->c);
		char *at = strcmp(bad[i][0], "date_template") == 0   ? s.date_template
			   : strcmp(bad[i][0], "time_zone") == 0     ? s.time_zone
			   : strcmp(bad[i][0], "ntp_servers") == 0   ? s.ntp_servers
			   : strcmp(bad[i][0], "user_locale") == 0   ? s.user_locale
			   : strcmp(bad[i][0], "user_language") == 0 ? s.user_language
								     : s.network_locale;

		strcpy(at, bad[i][1]);
		fail_clear(&lab->why);
		assert_int_equal(cluster_check_settings(&s, &lab->why), ERR_FORMAT);
		assert_non_null(strstr(lab->why.text, bad[i][0]));
	}
}

/* A secured phone looks for its server in the list, by the name that the list has. */
static void servers_have_the_names_of_the_list(void **state)
{
	struct lab *lab = *state;
	const struct store_node other = {.name = "second", .address = "192.0.2.11"};
	struct store_profile p;

	assert_int_equal(store_profile_get(cluster_get_store(lab->c), "Encrypted", &p, NULL), 0);
	p.encrypted_config = 0;
	assert_int_equal(store_profile_put(cluster_get_store(lab->c), &p, NULL), 0);
	served_phone(lab, LAB_SEP, "Encrypted");
	served_phone(lab, LAB_NAME, "Non Secure");
	/* A node that no list names by now: good for phones that need no list. */
	assert_int_equal(store_node_put(cluster_get_store(lab->c), &other, NULL), 0);
	assert_true(served_says(lab, LAB_NAME ".cnf.xml",
		"<processNodeName>192.0.2.11</processNodeName>\n          </callManager>"));
	assert_true(served_says(lab, PLAIN,
		"<processNodeName>192.0.2.10</processNodeName>\n          </callManager>"));
	assert_false(served_says(lab, PLAIN,
		"<processNodeName>192.0.2.11</processNodeName>\n          </callManager>"));
	/* The node has another address, but phones still hold the list with the one before. */
	served_setting(lab, "address", "192.0.2.99");
	assert_true(served_says(lab, LAB_NAME ".cnf.xml", "<processNodeName>192.0.2.99<"));
	assert_true(served_says(lab, PLAIN,
		"<processNodeName>192.0.2.10</processNodeName>\n          </callManager>"));
}

static void default_file(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(served_refused(lab, "XMLDefault.cnf.xml"), ERR_NOTFOUND);
	served_setting(lab, "auto_registration", "yes");
	assert_true(served_valid_name(lab, "XMLDefault.cnf.xml", "default"));
	lab_write(lab_path(lab, "tftp/SCCP41.9-4-2SR3-1S.loads"), span_str("x"));
	assert_int_equal(model_load_set(cluster_get_store(lab->c), 30018, STORE_SCCP,
				 "SCCP41.9-4-2SR3-1S", &lab->why),
		0);
	assert_int_equal(model_load_set(cluster_get_store(lab->c), 437, STORE_SCCP,
				 "SCCP75.9-4-2SR3-1S", &lab->why),
		0);
	assert_true(served_valid_name(lab, "XMLDefault.cnf.xml", "default"));
	assert_true(served_says(lab, "XMLDefault.cnf.xml",
		"<loadInformation30018 model=\"Cisco 7961\">SCCP41.9-4-2SR3-1S<"));
	assert_false(served_says(lab, "XMLDefault.cnf.xml", "loadInformation437"));
	assert_true(served_judged(lab, "XMLDefault.cnf.xml.sgn", "sgn"));
	assert_true(served_valid(lab, "content", "default"));
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
#define MIXED(f) cmocka_unit_test_setup_teardown(f, lab_setup_mixed, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(phone_on_sccp),
		TEST(phones_without_a_certificate_from_the_factory),
		TEST(phones_on_sip),
		TEST(secure_sip_comes_with_the_list),
		MIXED(secrets_are_in_the_encrypted_file_alone),
		TEST(digest_is_excluded_and_included_again),
		TEST(digest_of_a_model_that_reads_no_other_file),
		TEST(firmware_is_told_when_it_is_there),
		TEST(settings_are_told),
		TEST(settings_that_phones_would_not_understand_are_refused),
		MIXED(servers_have_the_names_of_the_list),
		TEST(default_file),
	};

	return cmocka_run_group_tests_name(
		"core/provision_phone", tests, lab_group_setup, lab_group_teardown);
}
