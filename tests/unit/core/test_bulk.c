/* SPDX-License-Identifier: BSD-2-Clause */
#include "lab.h"

#include "core/capf/bulk.h"
#include "core/device/device.h"
#include "core/enrol/status.h"
#include "store/capf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define PHONES 7

/* Phones that are registered, and how often each was reset. */
struct stations {
	bool there[PHONES];
	int resets[PHONES];
	enum err err;
};

static int number_of(const char *device)
{
	return device[14] - '0';
}

static enum err ask(void *ctx, const char (*devices)[16], size_t count, bool reset,
	bool *registered, struct fail *why)
{
	struct stations *s = ctx;

	if (s->err && reset)
		return fail_set(why, s->err, "the daemon is stopping");
	for (size_t i = 0; i < count; i++) {
		int n = number_of(devices[i]);

		registered[i] = s->there[n];
		s->resets[n] += reset && s->there[n];
	}
	return ERR_OK;
}

static void name_of(int i, char out[16])
{
	snprintf(out, 16, "SEP00000000000%d", i);
}

static void add_phones(struct lab *lab)
{
	char name[16];
	struct device_new d = {.name = name};

	for (int i = 0; i < PHONES; i++) {
		name_of(i, name);
		assert_int_equal(device_put(lab->c, &d, &lab->why), ERR_OK);
	}
}

static struct store_bulk begin(struct lab *lab, const struct bulk_order *o)
{
	struct bat_choice phones;
	struct store_bulk b;

	assert_int_equal(bat_choose(lab->c, "all", &phones, &lab->why), ERR_OK);
	if (bulk_begin(lab->c, o, &phones, &b, &lab->why))
		fail_msg("%s", lab->why.text);
	bat_choice_fini(&phones);
	return b;
}

static const struct bulk_order by_three = {.what = "all",
	.operation = "Install/Upgrade",
	.auth = "By Null String",
	.batch = 3,
	.pause = 60,
	.least = 80,
	.reset = true};

static void step(struct lab *lab, struct stations *s)
{
	const struct bulk_io io = {.ctx = s, .stations = ask};
	char told[256];

	if (bulk_step(lab->c, &io, told, &lab->why))
		fail_msg("%s", lab->why.text);
}

static struct bulk_counts look(struct lab *lab, struct store_bulk *b)
{
	struct bulk_counts n;

	assert_int_equal(bulk_look(lab->c, b, &n, NULL, NULL, &lab->why), ERR_OK);
	return n;
}

static void finish_phone(struct lab *lab, int i, const char *status)
{
	struct store_operation o = {.of = ENROL_INSTALL};

	name_of(i, o.device);
	snprintf(o.status, sizeof(o.status), "%s", status);
	assert_int_equal(store_operation_set(cluster_get_store(lab->c), &o, &lab->why), ERR_OK);
}

static void test_batch_by_batch(void **state)
{
	struct lab *lab = *state;
	struct stations s = {.there = {true, true, true, true, true}};
	struct store_bulk b;
	struct bulk_counts n;
	struct device d;

	add_phones(lab);
	begin(lab, &by_three);
	step(lab, &s);
	n = look(lab, &b);
	assert_int_equal(n.pending, 3);
	assert_int_equal(n.waits, 4);
	assert_int_equal(b.present, 5);
	assert_int_equal(s.resets[0] + s.resets[1] + s.resets[2], 3);
	assert_int_equal(device_get(lab->c, "SEP000000000000", &d, &lab->why), ERR_OK);
	assert_string_equal(d.operation_status, "Operation Pending");
	assert_int_equal(d.operation_by, LAB_NOW + 7 * 86400);
	assert_int_equal(d.auth_mode, 2);
	/* Not before its time. */
	lab->clock.fixed_us = (LAB_NOW + 59) * 1000000ll;
	step(lab, &s);
	assert_int_equal(look(lab, &b).waits, 4);
	finish_phone(lab, 0, "Upgrade Success");
	finish_phone(lab, 1, "Upgrade Failed: Key Generation Failed/Timeout");
	lab->clock.fixed_us = (LAB_NOW + 60) * 1000000ll;
	step(lab, &s);
	n = look(lab, &b);
	assert_int_equal(n.good, 1);
	assert_int_equal(n.failed, 1);
	assert_int_equal(n.pending, 4);
	assert_int_equal(n.waits, 1);
	lab->clock.fixed_us = (LAB_NOW + 120) * 1000000ll;
	step(lab, &s);
	n = look(lab, &b);
	assert_int_equal(b.state, STORE_BULK_FINISHED);
	assert_int_equal(n.waits, 0);
	for (int i = 0; i < PHONES; i++)
		assert_int_equal(s.resets[i], i < 5);
}

static void test_stops_when_phones_do_not_come_back(void **state)
{
	struct lab *lab = *state;
	struct stations s = {.there = {true, true, true, true, true}};
	struct store_enrolment at_capf[] = {
		{.step = STORE_STEP_KEY_GENERATION, .step_since = LAB_NOW - 3600},
		{.step = STORE_STEP_CA, .step_since = LAB_NOW - 3600},
		{.step = STORE_STEP_KEY_GENERATION, .step_since = LAB_NOW - 86400}};
	struct store_bulk b;

	add_phones(lab);
	begin(lab, &by_three);
	step(lab, &s);
	/* One makes its key, which is no loss; two are gone: one had its request signed elsewhere
	 * and left, of the other nothing was heard for a day. */
	s.there[0] = s.there[1] = s.there[2] = false;
	for (int i = 0; i < 3; i++)
		name_of(i, at_capf[i].device);
	assert_int_equal(
		store_enrolment_step_many(cluster_get_store(lab->c), at_capf, 3, &lab->why),
		ERR_OK);
	lab->clock.fixed_us = (LAB_NOW + 60) * 1000000ll;
	step(lab, &s);
	assert_int_equal(look(lab, &b).waits, 4);
	assert_int_equal(b.state, STORE_BULK_STOPPED);
	assert_string_equal(
		b.reason, "3 of the 5 phones that were registered are there, less than 80 %");
	step(lab, &s);
	assert_int_equal(look(lab, &b).waits, 4);
	/* Whoever goes on has seen it. */
	assert_int_equal(bulk_resume(lab->c, &b, &lab->why), ERR_OK);
	step(lab, &s);
	assert_int_equal(look(lab, &b).waits, 1);
	assert_int_equal(b.present, 2);
}

static void test_an_interruption_forgets_nobody(void **state)
{
	struct lab *lab = *state;
	struct stations s = {.there = {true, true, true}, .err = ERR_NOTNOW};
	const struct bulk_io io = {.ctx = &s, .stations = ask};
	char told[256];

	add_phones(lab);
	begin(lab, &by_three);
	/* Ordered, and then the daemon stopped before it had reset them. */
	assert_int_equal(bulk_step(lab->c, &io, told, &lab->why), ERR_NOTNOW);
	s.err = ERR_OK;
	fail_clear(&lab->why);
	lab->clock.fixed_us = (LAB_NOW + 60) * 1000000ll;
	step(lab, &s);
	for (int i = 0; i < PHONES; i++)
		assert_int_equal(s.resets[i], i < 3);
}

static void test_stop_and_take_back(void **state)
{
	struct lab *lab = *state;
	struct stations s = {0};
	struct store_bulk b;
	struct bulk_counts n;
	struct device d;
	size_t taken_back;

	add_phones(lab);
	begin(lab, &by_three);
	step(lab, &s);
	assert_int_equal(bulk_stop(lab->c, &b, &lab->why), ERR_OK);
	lab->clock.fixed_us = (LAB_NOW + 60) * 1000000ll;
	step(lab, &s);
	assert_int_equal(look(lab, &b).waits, 4);
	finish_phone(lab, 0, "Upgrade Success");
	/* Somebody gave another order meanwhile. */
	assert_int_equal(
		device_put(lab->c, &(struct device_new){.name = "SEP000000000001", .install = true},
			&lab->why),
		ERR_OK);
	assert_int_equal(bulk_undo(lab->c, &b, &taken_back, &lab->why), ERR_OK);
	assert_int_equal(taken_back, 1);
	n = look(lab, &b);
	assert_int_equal(n.good, 1);
	assert_int_equal(n.back, 5);
	assert_int_equal(device_get(lab->c, "SEP000000000002", &d, &lab->why), ERR_OK);
	assert_int_equal(d.operation, 0);
	assert_string_equal(d.operation_status, "None");
	assert_int_equal(device_get(lab->c, "SEP000000000001", &d, &lab->why), ERR_OK);
	assert_true(d.install_pending);
	assert_int_equal(bulk_undo(lab->c, &b, &taken_back, &lab->why), ERR_NOTNOW);
	fail_clear(&lab->why);
	/* Only now another one can begin. */
	assert_int_equal(begin(lab, &by_three).number, 2);
}

static void test_ends_at_its_time(void **state)
{
	struct lab *lab = *state;
	struct stations s = {0};
	struct bulk_order o = by_three;
	struct store_bulk b;
	struct bat_choice phones;
	struct bulk_plan p;

	add_phones(lab);
	assert_int_equal(bat_choose(lab->c, "all", &phones, &lab->why), ERR_OK);
	o.by = "2020-01-01";
	assert_int_equal(bulk_plan(lab->c, &o, &phones, &p, &lab->why), ERR_ARG);
	fail_clear(&lab->why);
	/* Three batches need two pauses. */
	o.by = "2026-09-21T14:15:00Z";
	assert_int_equal(bulk_plan(lab->c, &o, &phones, &p, &lab->why), ERR_ARG);
	assert_non_null(strstr(lab->why.text, "3 batches"));
	fail_clear(&lab->why);
	o.operation = "Upgrade";
	assert_int_equal(bulk_plan(lab->c, &o, &phones, &p, &lab->why), ERR_FORMAT);
	fail_clear(&lab->why);
	bat_choice_fini(&phones);
	begin(lab, &by_three);
	step(lab, &s);
	lab->clock.fixed_us = (LAB_NOW + 7 * 86400) * 1000000ll;
	step(lab, &s);
	assert_int_equal(look(lab, &b).waits, 4);
	assert_int_equal(b.state, STORE_BULK_STOPPED);
	assert_string_equal(b.reason, "Operation Completes By is reached");
	assert_int_equal(bulk_resume(lab->c, &b, &lab->why), ERR_NOTNOW);
}

static void test_phones_that_cannot_are_passed_over(void **state)
{
	struct lab *lab = *state;
	struct stations s = {0};
	struct store_bulk b;
	struct bulk_counts n;
	struct bulk_order o = by_three;

	add_phones(lab);
	assert_int_equal(
		device_put(lab->c,
			&(struct device_new){.name = "SEP000000000001", .profile = "Encrypted"},
			&lab->why),
		ERR_OK);
	/* An encrypted phone without LSC would wait for a string that it cannot be asked for. */
	o.auth = "By Authentication String";
	begin(lab, &o);
	assert_int_equal(device_delete(lab->c, "SEP000000000002", &lab->why), ERR_OK);
	step(lab, &s);
	n = look(lab, &b);
	assert_int_equal(n.passed, 2);
	assert_int_equal(n.pending, 1);
	assert_int_equal(b.done, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_batch_by_batch, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(
			test_stops_when_phones_do_not_come_back, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(
			test_an_interruption_forgets_nobody, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_stop_and_take_back, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_ends_at_its_time, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(
			test_phones_that_cannot_are_passed_over, lab_setup, lab_teardown),
	};

	return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
