/* SPDX-License-Identifier: BSD-2-Clause
 * What configurations say of a cluster's nodes. */
#include "lab.h"

#include "core/cluster/services.h"
#include "core/device/device.h"
#include "core/provision/provision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define OWN   "192.0.2.10"
#define OTHER "192.0.2.11"

static void add_node_and_phone(struct lab *lab)
{
	const struct store_node n = {.name = "second", .address = OTHER};
	const struct device_new d = {.name = LAB_SEP, .number = "1001", .profile = "Non Secure"};

	if (store_node_put(cluster_get_store(lab->c), &n, &lab->why) ||
		device_put(lab->c, &d, &lab->why) || cluster_serve_lists(lab->c, &lab->why))
		fail_msg("%s", lab->why.text);
}

/* How often the text between two marks of the phone's file has `what`. */
static unsigned count(struct lab *lab, const char *from, const char *to, const char *what)
{
	struct provision_file f;
	char text[8192];
	unsigned n = 0;

	if (provision_get(lab->c, NULL, LAB_SEP ".cnf.xml", &f, &lab->why))
		fail_msg("%s", lab->why.text);
	assert_true(f.content.len < sizeof(text));
	memcpy(text, f.content.data, f.content.len);
	text[f.content.len] = '\0';
	provision_file_fini(&f);
	const char *at = strstr(text, from), *end = at ? strstr(at, to) : NULL;

	assert_non_null(end);
	for (at = strstr(at, what); at && at < end; at = strstr(at + 1, what))
		n++;
	return n;
}

static void all_nodes_take_calls_and_answer_for_trust(void **state)
{
	struct lab *lab = *state;

	add_node_and_phone(lab);
	assert_int_equal(count(lab, "<callManagerGroup>", "</callManagerGroup>", OWN), 1);
	assert_int_equal(count(lab, "<callManagerGroup>", "</callManagerGroup>", OTHER), 1);
	assert_int_equal(count(lab, "<TVS>", "</TVS>", OWN), 1);
	assert_int_equal(count(lab, "<TVS>", "</TVS>", OTHER), 1);
}

static void only_the_publisher_is_capf(void **state)
{
	struct lab *lab = *state;

	add_node_and_phone(lab);
	assert_int_equal(count(lab, "<capfList>", "</capfList>", "<capf>"), 1);
	assert_int_equal(count(lab, "<capfList>", "</capfList>", OWN), 1);
	assert_int_equal(service_set_activated(lab->c, SERVICE_CAPF, false, &lab->why), 0);
	assert_int_equal(count(lab, "<capfList>", "</capfList>", "<capf>"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(all_nodes_take_calls_and_answer_for_trust),
		TEST(only_the_publisher_is_capf),
	};

	return cmocka_run_group_tests_name(
		"core/provision_nodes", tests, lab_group_setup, lab_group_teardown);
}
