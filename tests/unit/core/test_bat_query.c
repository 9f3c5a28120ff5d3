/* SPDX-License-Identifier: BSD-2-Clause
 * Are queries in the original's words understood, and others refused with what may stand there? */
#include "core/bat/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct bat_query q;

static void parse(const char *text)
{
	struct fail why = {0};

	if (bat_query_parse(&q, text, &why))
		fail_msg("%s: %s", text, why.text);
}

static void is_term(
	size_t i, enum store_field field, enum store_match match, const char *text, int64_t number)
{
	assert_true(i < q.count);
	assert_int_equal(q.terms[i].field, field);
	assert_int_equal(q.terms[i].match, match);
	assert_string_equal(q.terms[i].text, text);
	assert_int_equal(q.terms[i].number, number);
}

static void the_words_of_the_original(void **state)
{
	parse("Device Type is Cisco 7961");
	assert_int_equal(q.count, 1);
	is_term(0, STORE_FIELD_MODEL, STORE_IS, "Cisco 7961", 30018);
	parse("security profile CONTAINS Enc AND lsc expires Is Before 2026-12-01");
	assert_int_equal(q.count, 2);
	assert_false(q.any);
	is_term(0, STORE_FIELD_PROFILE, STORE_CONTAINS, "Enc", 0);
	is_term(1, STORE_FIELD_LSC_EXPIRES, STORE_BEFORE, "2026-12-01", 1796083200);
	parse("Certificate Operation Status begins with Upgrade Failed or Certificate Operation is "
	      "Install/Upgrade or Authentication String is empty");
	assert_int_equal(q.count, 3);
	assert_true(q.any);
	is_term(0, STORE_FIELD_OPERATION_STATUS, STORE_BEGINS, "Upgrade Failed", 0);
	is_term(1, STORE_FIELD_OPERATION, STORE_IS, "Install/Upgrade", 1);
	is_term(2, STORE_FIELD_AUTH_STRING, STORE_EMPTY, "", 0);
	parse("LSC Issuer Expires By is not empty");
	is_term(0, STORE_FIELD_LSC_ISSUER_EXPIRES, STORE_NOT_EMPTY, "", 0);
	parse(" all ");
	assert_int_equal(q.count, 0);
}

static void values_end_where_conditions_begin(void **state)
{
	parse("Description is Research and Development and Owner is ana");
	assert_int_equal(q.count, 2);
	is_term(0, STORE_FIELD_DESCRIPTION, STORE_IS, "Research and Development", 0);
	parse("Description is \"x and Owner is y\" and Owner is \"\"");
	assert_int_equal(q.count, 2);
	is_term(0, STORE_FIELD_DESCRIPTION, STORE_IS, "x and Owner is y", 0);
	is_term(1, STORE_FIELD_OWNER, STORE_IS, "", 0);
	parse("Owner is Fernand Owner is x");
	is_term(0, STORE_FIELD_OWNER, STORE_IS, "Fernand Owner is x", 0);
	parse("Owner is  ana  ");
	is_term(0, STORE_FIELD_OWNER, STORE_IS, "ana", 0);
}

static void a_day_is_between_its_neighbours(void **state)
{
	parse("LSC Expires is exactly 2026-12-01");
	assert_int_equal(q.count, 2);
	is_term(0, STORE_FIELD_LSC_EXPIRES, STORE_AFTER, "2026-12-01", 1796083200 - 1);
	is_term(1, STORE_FIELD_LSC_EXPIRES, STORE_BEFORE, "2026-12-01", 1796083200 + 86400);
}

static void mistakes_are_named(void **state)
{
	static const char *const rows[][2] = {
		{"", "a field is one of: Device Name"},
		{"Colour is red", "query, at \"Colour is red\": a field is one of"},
		{"Owner", "Owner is one of: is not empty"},
		{"Owner likes x", "query, at \"likes x\""},
		{"Owner is", "a value is missing"},
		{"Owner is and Owner is x", "a value is missing"},
		{"Owner is \"x", "a quote is not closed"},
		{"Owner is \"x\" y", "and, or, or the end"},
		{"Owner is x and", NULL},
		{"Owner is before 2026-12-01",
			"Owner is one of: is not empty, is empty, is exactly"},
		{"LSC Expires contains 2026",
			"LSC Expires is one of: is not empty, is empty, is before"},
		{"LSC Expires is before soon", "a date is such as"},
		{"Device Type is Cisco 9", "Device Type is a model"},
		{"Device Protocol is H323", "Device Protocol is one of: SCCP, SIP"},
		{"Authentication String is 1234", "Authentication String is one of: is not empty"},
		{"Owner is x and Owner is y or Owner is z", "\"and\" and \"or\" cannot"},
		{"Owner is x or LSC Expires is exactly 2026-12-01", "goes with \"and\" only"},
		{"Owner is x and Colour is y or Owner is y and Owner is z", "cannot stand in one"},
		{"all Owner is x", "a field is one of"},
	};
	char longest[BAT_QUERY_MOST + 1], value[200];
	struct fail why;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fail_clear(&why);
		if (!rows[i][1]) {
			/* A last word that begins no condition belongs to the value. */
			parse(rows[i][0]);
			is_term(0, STORE_FIELD_OWNER, STORE_IS, "x and", 0);
			continue;
		}
		assert_int_equal(bat_query_parse(&q, rows[i][0], &why), ERR_FORMAT);
		if (!strstr(why.text, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], why.text);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(bat_query_parse(&q, longest, NULL), ERR_FORMAT);
	memset(value, 'a', sizeof(value) - 1);
	memcpy(value, "Owner is ", 9);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(bat_query_parse(&q, value, NULL), ERR_FORMAT);
}

static void conditions_have_a_limit(void **state)
{
	char text[BAT_QUERY_MOST] = "Owner is a";
	struct fail why = {0};
	size_t i;

	for (i = 1; i < STORE_TERMS_MOST; i++)
		strcat(text, " and Owner is a");
	parse(text);
	assert_int_equal(q.count, STORE_TERMS_MOST);
	strcat(text, " and Owner is a");
	assert_int_equal(bat_query_parse(&q, text, &why), ERR_FORMAT);
	assert_string_equal(why.text, "query: at most 16 conditions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_of_the_original),
		cmocka_unit_test(values_end_where_conditions_begin),
		cmocka_unit_test(a_day_is_between_its_neighbours),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(conditions_have_a_limit),
	};

	return cmocka_run_group_tests_name("core/bat_query", tests, NULL, NULL);
}
