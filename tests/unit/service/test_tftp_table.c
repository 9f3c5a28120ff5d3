/* SPDX-License-Identifier: BSD-2-Clause
 * The table of transfers with a clock of the test's own. */
#include "service/tftp/table.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define SECOND 1000000ll
#define COUNT  5000u

static struct table table;
static struct table_entry entries[COUNT];

static struct net_addr peer(unsigned host, uint16_t port)
{
	struct net_addr a = {.port = port};

	a.bytes[0] = 127;
	a.bytes[1] = (uint8_t)(host >> 16);
	a.bytes[2] = (uint8_t)(host >> 8);
	a.bytes[3] = (uint8_t)host;
	return a;
}

static void add(unsigned i, unsigned host, uint16_t port, int64_t due_us)
{
	struct net_addr a = peer(host, port);

	memset(&entries[i], 0, sizeof(entries[i]));
	assert_int_equal(table_add(&table, &entries[i], &a, due_us), ERR_OK);
}

static void remove_all(void)
{
	struct table_entry *e;
	size_t at = 0;

	while ((e = table_any(&table, &at)))
		table_remove(&table, e);
	assert_int_equal(table.count, 0);
	assert_null(table.oldest);
	assert_null(table.newest);
}

static void test_found_by_address_and_port(void **state)
{
	struct net_addr other = peer(7, 1000), six = peer(7, 1000);
	unsigned i;

	table_init(&table, 1, 0);
	for (i = 0; i < COUNT; i++)
		add(i, i / 2, (uint16_t)(2000 + i % 2), SECOND);
	for (i = 0; i < COUNT; i++) {
		struct net_addr a = peer(i / 2, (uint16_t)(2000 + i % 2));

		assert_ptr_equal(table_find(&table, &a), &entries[i]);
		assert_int_equal(table_of_source(&table, &a), 2);
	}
	assert_null(table_find(&table, &other));
	assert_int_equal(table_of_source(&table, &other), 2);
	six.is6 = true;
	assert_int_equal(table_of_source(&table, &six), 0);
	table_remove(&table, &entries[14]);
	assert_int_equal(table_of_source(&table, &other), 1);
	remove_all();
	assert_int_equal(table_of_source(&table, &other), 0);
}

static void test_due_in_time(void **state)
{
	const int64_t start = 123456789;
	struct table_entry *e;
	int64_t now;
	unsigned i, taken = 0;

	table_init(&table, 2, start);
	/* From now to beyond one round of the wheel. */
	for (i = 0; i < COUNT; i++)
		add(i, i, 69, start + (int64_t)i * 10000);
	for (now = start; now < start + 60 * SECOND; now += 70000) {
		while ((e = table_take_due(&table, now))) {
			assert_true(e->due_us <= now);
			/* A tick late, and what the test's own steps add. */
			assert_true(now - e->due_us <= 2 * TABLE_TICK_US + 70000);
			table_remove(&table, e);
			taken++;
		}
	}
	assert_int_equal(taken, COUNT);
	assert_int_equal(table.count, 0);
}

static void test_put_off_and_brought_forward(void **state)
{
	table_init(&table, 3, 0);
	add(0, 1, 1, SECOND);
	add(1, 2, 1, 20 * SECOND);
	table_set_due(&table, &entries[0], 3 * SECOND);
	assert_null(table_take_due(&table, 2 * SECOND));
	assert_null(table_take_due(&table, 3 * SECOND - 1));
	assert_ptr_equal(table_take_due(&table, 3 * SECOND + 2 * TABLE_TICK_US), &entries[0]);
	table_set_due(&table, &entries[0], 30 * SECOND);
	table_set_due(&table, &entries[1], 4 * SECOND);
	assert_ptr_equal(table_take_due(&table, 4 * SECOND + 2 * TABLE_TICK_US), &entries[1]);
	table_set_due(&table, &entries[1], 100 * SECOND);
	/* After a sleep much longer than a round. */
	assert_ptr_equal(table_take_due(&table, 99 * SECOND), &entries[0]);
	table_remove(&table, &entries[0]);
	assert_null(table_take_due(&table, 99 * SECOND));
	assert_ptr_equal(table_take_due(&table, 1000 * SECOND), &entries[1]);
	remove_all();
}

static void test_unproven_in_order(void **state)
{
	unsigned i;

	table_init(&table, 4, 0);
	for (i = 0; i < 4; i++)
		add(i, i, 1, SECOND);
	assert_ptr_equal(table.oldest, &entries[0]);
	table_proven(&table, &entries[0]);
	table_proven(&table, &entries[0]);
	table_proven(&table, &entries[2]);
	assert_ptr_equal(table.oldest, &entries[1]);
	assert_ptr_equal(table.oldest->newer, &entries[3]);
	table_remove(&table, &entries[3]);
	assert_ptr_equal(table.newest, &entries[1]);
	table_remove(&table, &entries[1]);
	assert_null(table.oldest);
	remove_all();
}

static void test_no_memory(void **state)
{
	struct net_addr a = peer(1, 1);

	table_init(&table, 5, 0);
	memset(&entries[0], 0, sizeof(entries[0]));
	mem_fail_from(1);
	assert_int_equal(table_add(&table, &entries[0], &a, 0), ERR_NOMEM);
	mem_fail_from(0);
	assert_null(table_find(&table, &a));
	assert_int_equal(table.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_by_address_and_port),
		cmocka_unit_test(test_due_in_time),
		cmocka_unit_test(test_put_off_and_brought_forward),
		cmocka_unit_test(test_unproven_in_order),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("service/tftp_table", tests, NULL, NULL);
}
