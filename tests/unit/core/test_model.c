/* SPDX-License-Identifier: BSD-2-Clause
 * Is the table of models sound, and are models found under the names that people use? */
#include "core/model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void rows_are_in_order_and_whole(void **state)
{
	const struct model *m;
	unsigned i;
	int before = 0;

	for (i = 0; (m = model_at(i)); i++) {
		assert_true(m->type > before);
		before = m->type;
		assert_ptr_equal(model_of(m->type), m);
		assert_ptr_equal(model_find(m->name), m);
		assert_int_equal(strncmp(m->name, "Cisco ", 6), 0);
		assert_true(m->protocols);
		assert_true(m->signer_max >= 2048);
		assert_non_null(m->erase);
		/* What opens encrypted files needs a key to open them with. */
		assert_true(!m->encrypted_config || m->rsa_max >= 2048);
	}
	assert_true(i > 30);
}

static void names_as_people_write_them(void **state)
{
	static const struct {
		const char *name;
		int type;
	} rows[] = {{"7961", 30018}, {"cisco 7961", 30018}, {"7961G", 30018}, {"7961g-ge", 308},
		{"30018", 30018}, {"7", 7}, {"7940", 8}, {"Cisco IP Communicator", 30016},
		{"8841", 683}};
	static const char *const strangers[] = {
		"", "Cisco", "Cisco ", "796", "79611", "-1", "9999999999", "4711", "7961X"};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_non_null(model_find(rows[i].name));
		assert_int_equal(model_find(rows[i].name)->type, rows[i].type);
	}
	for (i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		assert_null(model_find(strangers[i]));
}

static void unknown_models_are_given_little(void **state)
{
	const struct model *m = model_of(4711);

	assert_false(model_is_known(4711));
	assert_true(model_is_known(30018));
	assert_string_equal(m->name, "unknown model");
	assert_false(m->encrypted_config || m->sha512 || m->ec || m->mic || m->itl || m->http);
	assert_int_equal(m->rsa_max, 1024);
}

static void families_differ_where_it_matters(void **state)
{
	assert_false(model_of(7)->encrypted_config);
	assert_false(model_of(7)->itl);
	assert_true(model_of(30018)->encrypted_config);
	assert_false(model_of(30018)->sha512);
	assert_true(model_of(683)->sha512);
	assert_int_equal(model_of(683)->protocols, MODEL_SIP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_in_order_and_whole),
		cmocka_unit_test(names_as_people_write_them),
		cmocka_unit_test(unknown_models_are_given_little),
		cmocka_unit_test(families_differ_where_it_matters),
	};

	return cmocka_run_group_tests_name("core/model", tests, NULL, NULL);
}
