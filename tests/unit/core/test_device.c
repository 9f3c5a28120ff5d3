/* SPDX-License-Identifier: BSD-2-Clause */
#include "lab.h"

#include "core/device/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static struct device get(struct lab *lab, const char *name)
{
	struct device d;

	if (device_get(lab->c, name, &d, &lab->why))
		fail_msg("%s", lab->why.text);
	return d;
}

static enum err put(struct lab *lab, struct device_new d)
{
	fail_clear(&lab->why);
	return device_put(lab->c, &d, &lab->why);
}

static void new_phone_takes_the_defaults(void **state)
{
	struct lab *lab = *state;
	struct device d;

	assert_int_equal(
		put(lab, (struct device_new){.name = "sep0011215a1ae3", .number = "1001"}), 0);
	d = get(lab, LAB_SEP);
	assert_string_equal(d.name, LAB_SEP);
	assert_int_equal(d.model, 30018);
	assert_string_equal(d.description, "");
	assert_string_equal(d.number, "1001");
	assert_string_equal(d.display, "1001");
	assert_string_equal(d.profile, "Non Secure");
	assert_int_equal(d.profile_mode, 1);
	assert_int_equal(d.security_mode, 1);
	assert_false(d.encrypted_config);
	assert_false(d.install_pending);
	assert_string_equal(d.operation_status, "None");
	assert_int_equal(d.version, 1);
	assert_int_equal(d.last_seen, 0);
}

static void change_keeps_what_it_does_not_name(void **state)
{
	struct lab *lab = *state;
	struct device d;

	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP,
					  .model = 437,
					  .number = "1001",
					  .display = "Reception",
					  .profile = "encrypted"}),
		0);
	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP, .description = "Hall"}), 0);
	d = get(lab, LAB_SEP);
	assert_int_equal(d.model, 437);
	assert_string_equal(d.number, "1001");
	assert_string_equal(d.display, "Reception");
	assert_string_equal(d.profile, "Encrypted");
	assert_string_equal(d.description, "Hall");
	assert_int_equal(d.version, 2);
	/* The same again is no change. */
	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP, .description = "Hall"}), 0);
	assert_int_equal(get(lab, LAB_SEP).version, 2);
	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP, .number = "1002"}), 0);
	assert_string_equal(get(lab, LAB_SEP).display, "Reception");
}

static void bad_values_are_refused(void **state)
{
	static const struct {
		struct device_new d;
		enum err err;
		const char *text;
	} rows[] = {
		{{.name = "SEP001"}, ERR_FORMAT, "device name"},
		{{.name = NULL}, ERR_FORMAT, "device name"},
		{{.name = "SEP0011215A1AEG"}, ERR_FORMAT, "device name"},
		{{.name = LAB_SEP, .number = "10a"}, ERR_FORMAT, "directory number"},
		{{.name = LAB_SEP, .number = "1234567890123456789012345"}, ERR_FORMAT,
			"at most 24"},
		{{.name = LAB_SEP, .display = "a\nb"}, ERR_FORMAT, "Line Display 1"},
		{{.name = LAB_SEP, .display = "12345678901234567890123456789012345678901"},
			ERR_FORMAT, "at most 40"},
		{{.name = LAB_SEP, .description = "a\033[2J"}, ERR_FORMAT, "Description"},
		{{.name = LAB_SEP, .profile = "None such"}, ERR_NOTFOUND, "\"None such\""},
		{{.name = LAB_SEP, .model = -1}, ERR_FORMAT, "device type"},
	};
	struct lab *lab = *state;
	struct device d;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(put(lab, rows[i].d), rows[i].err);
		assert_non_null(strstr(lab->why.text, rows[i].text));
	}
	assert_int_equal(device_get(lab->c, LAB_SEP, &d, NULL), ERR_NOTFOUND);
}

static enum err set_field(struct lab *lab, const char *label, const char *text)
{
	const struct device_value value = {device_field_find(label), text};

	fail_clear(&lab->why);
	assert_non_null(value.field);
	return device_set(lab->c, LAB_SEP, DEVICE_UPDATE, &value, 1, &lab->why);
}

static void firmware_and_digest_are_taken_as_phones_can(void **state)
{
	static const char *const loads[] = {"../x", "a/b", ".x", "a b", "x\\y"};
	struct lab *lab = *state;
	size_t i;

	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP}), 0);
	assert_int_equal(set_field(lab, "load", "SCCP41.9-4-2SR3-1S.LOADS"), 0);
	assert_string_equal(get(lab, LAB_SEP).record.load_name, "SCCP41.9-4-2SR3-1S");
	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		assert_int_equal(set_field(lab, "load", loads[i]), ERR_FORMAT);
		assert_non_null(strstr(lab->why.text, "name of a firmware"));
	}
	assert_int_equal(set_field(lab, "load", ""), 0);
	assert_string_equal(get(lab, LAB_SEP).record.load_name, "");
	assert_int_equal(
		set_field(lab, "digest-user", "1234567890123456789012345678901"), ERR_FORMAT);
	assert_int_equal(set_field(lab, "Digest Credentials", "1234567890123456789012345678901"),
		ERR_FORMAT);
	assert_non_null(strstr(lab->why.text, "at most 30"));
	assert_null(strstr(lab->why.text, "123456"));
	assert_int_equal(set_field(lab, "Digest Credentials", "geheim"), 0);
	assert_true(get(lab, LAB_SEP).record.digest_password.len > 6);
}

static void number_belongs_to_one_phone(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP, .number = "1001"}), 0);
	assert_int_equal(
		put(lab, (struct device_new){.name = LAB_NAME, .number = "1001"}), ERR_EXISTS);
	assert_string_equal(lab->why.text, "directory number 1001 is that of " LAB_SEP);
	assert_int_equal(put(lab, (struct device_new){.name = LAB_NAME}), 0);
	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP, .number = "1001"}), 0);
}

static void mode_applies_only_with_mixed_mode_and_a_ctl(void **state)
{
	struct lab *lab = *state;
	struct device d;

	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP, .profile = "Encrypted"}), 0);
	d = get(lab, LAB_SEP);
	assert_int_equal(d.profile_mode, 3);
	assert_int_equal(d.security_mode, 1);
	assert_true(d.encrypted_config);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	assert_int_equal(get(lab, LAB_SEP).security_mode, 3);
	assert_int_equal(unlink(lab_path(lab, "tftp/CTLFile.tlv")), 0);
	assert_int_equal(get(lab, LAB_SEP).security_mode, 1);
}

static void order_has_seven_days(void **state)
{
	struct lab *lab = *state;
	struct device d;

	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP, .install = true}), 0);
	d = get(lab, LAB_SEP);
	assert_true(d.install_pending);
	assert_string_equal(d.operation_status, "Operation Pending");
	assert_int_equal(d.operation_by, LAB_NOW + 7 * 86400);
	lab->clock = clock_fixed(LAB_NOW + 7 * 86400);
	assert_true(get(lab, LAB_SEP).install_pending);
	lab->clock = clock_fixed(LAB_NOW + 7 * 86400 + 1);
	assert_false(get(lab, LAB_SEP).install_pending);
}

static void seen_is_no_change(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP}), 0);
	lab->clock = clock_fixed(LAB_NOW + 60);
	assert_int_equal(device_seen(lab->c, "sep0011215A1AE3", NULL), 0);
	assert_int_equal(get(lab, LAB_SEP).last_seen, LAB_NOW + 60);
	assert_int_equal(get(lab, LAB_SEP).version, 1);
	assert_int_equal(device_seen(lab->c, LAB_NAME, NULL), 0);
	assert_int_equal(device_seen(lab->c, "x", NULL), ERR_FORMAT);
}

static enum err print(void *ctx, const struct device *d)
{
	buf_printf(ctx, "%s %s %d;", d->name, d->profile, d->security_mode);
	return ERR_OK;
}

static void every_phone_is_walked(void **state)
{
	struct lab *lab = *state;
	struct buf b = {0};

	assert_int_equal(put(lab, (struct device_new){.name = LAB_NAME}), 0);
	assert_int_equal(put(lab, (struct device_new){.name = LAB_SEP, .profile = "Encrypted"}), 0);
	assert_int_equal(device_each(lab->c, print, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, LAB_SEP " Encrypted 3;" LAB_NAME " Non Secure 1;");
	buf_fini(&b);
	assert_int_equal(device_delete(lab->c, "sep0011215a1ae3", NULL), 0);
	assert_int_equal(device_delete(lab->c, LAB_SEP, &lab->why), ERR_NOTFOUND);
	assert_int_equal(device_delete(lab->c, "nothing", NULL), ERR_FORMAT);
}

static void modes_have_names(void **state)
{
	(void)state;
	assert_string_equal(device_mode_text(1), "Non Secure");
	assert_string_equal(device_mode_text(2), "Authenticated");
	assert_string_equal(device_mode_text(3), "Encrypted");
	assert_string_equal(device_mode_text(0), "Unknown");
	assert_string_equal(device_mode_text(4), "Unknown");
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
#define MIXED(f) cmocka_unit_test_setup_teardown(f, lab_setup_mixed, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_phone_takes_the_defaults),
		TEST(change_keeps_what_it_does_not_name),
		TEST(bad_values_are_refused),
		TEST(firmware_and_digest_are_taken_as_phones_can),
		TEST(number_belongs_to_one_phone),
		TEST(mode_applies_only_with_mixed_mode_and_a_ctl),
		TEST(order_has_seven_days),
		TEST(seen_is_no_change),
		MIXED(every_phone_is_walked),
		TEST(modes_have_names),
	};

	return cmocka_run_group_tests_name(
		"core/device", tests, lab_group_setup, lab_group_teardown);
}
