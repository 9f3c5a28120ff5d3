/* SPDX-License-Identifier: BSD-2-Clause
 * Files that are signed and encrypted already: used as long as nothing has changed that they were
 * made from, and not longer. */
#include "served.h"

#include "base/mem.h"
#include "core/cluster/own.h"
#include "core/cluster/services.h"
#include "core/provision/prepared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define OTHER_SIGNED    LAB_NAME ".cnf.xml.sgn"
#define OTHER_ENCRYPTED LAB_NAME ".cnf.xml.enc.sgn"

/* Two phones, each with a profile of its own, encrypted for the same key. */
static void two_phones(struct lab *lab)
{
	struct store_profile p;

	assert_int_equal(store_profile_get(cluster_get_store(lab->c), "Encrypted", &p, NULL), 0);
	strcpy(p.name, "Other");
	assert_int_equal(store_profile_put(cluster_get_store(lab->c), &p, NULL), 0);
	served_phone(lab, LAB_SEP, "Encrypted");
	served_phone(lab, LAB_NAME, "Other");
	served_enrol(lab, LAB_SEP);
	served_enrol(lab, LAB_NAME);
}

/* All four files as they were, to be compared with those of later. */
struct files {
	struct buf own_signed, own_encrypted, other_signed, other_encrypted;
};

static void take(struct lab *lab, struct files *f)
{
	/* A second later, so that what is made anew is another one. */
	lab->clock = clock_fixed(clock_seconds(&lab->clock) + 1);
	f->own_signed = served_bytes(lab, SIGNED);
	f->own_encrypted = served_bytes(lab, ENCRYPTED);
	f->other_signed = served_bytes(lab, OTHER_SIGNED);
	f->other_encrypted = served_bytes(lab, OTHER_ENCRYPTED);
}

static void give_back(struct files *f)
{
	buf_fini(&f->own_signed);
	buf_fini(&f->own_encrypted);
	buf_fini(&f->other_signed);
	buf_fini(&f->other_encrypted);
}

/* Which phones' files are others than before, "own", "other", "both", "none"; they become those
 * that are compared with next. */
static const char *changed(struct lab *lab, struct files *before)
{
	struct files now;
	bool own, other;

	take(lab, &now);
	own = !span_eq(buf_span(&before->own_signed), buf_span(&now.own_signed));
	other = !span_eq(buf_span(&before->other_signed), buf_span(&now.other_signed));
	/* Both files of a phone are made together. */
	assert_int_equal(
		own, !span_eq(buf_span(&before->own_encrypted), buf_span(&now.own_encrypted)));
	assert_int_equal(other,
		!span_eq(buf_span(&before->other_encrypted), buf_span(&now.other_encrypted)));
	give_back(before);
	*before = now;
	return own && other ? "both" : own ? "own" : other ? "other" : "none";
}

static void change_profile(struct lab *lab, const char *name, int64_t auth)
{
	struct store_profile p;

	assert_int_equal(store_profile_get(cluster_get_store(lab->c), name, &p, NULL), 0);
	p.auth_mode = auth;
	assert_int_equal(store_profile_put(cluster_get_store(lab->c), &p, NULL), 0);
}

static void changes_touch_what_they_are_about(void **state)
{
	struct lab *lab = *state;
	const struct store_node node = {.name = "second", .address = "192.0.2.11"};
	const char *const seen[] = {LAB_SEP};
	struct files f;

	two_phones(lab);
	take(lab, &f);
	assert_string_equal(changed(lab, &f), "none");
	served_field(lab, "description", "Hall");
	assert_string_equal(changed(lab, &f), "own");
	served_field(lab, "Secure Shell Password", "geheim");
	assert_string_equal(changed(lab, &f), "own");
	/* The very same secret again is sealed anew, which nobody can tell from another one. */
	served_field(lab, "Secure Shell Password", "geheim");
	assert_string_equal(changed(lab, &f), "own");
	change_profile(lab, "Other", 1);
	assert_string_equal(changed(lab, &f), "other");
	change_profile(lab, "Encrypted", 4);
	assert_string_equal(changed(lab, &f), "own");
	served_enrol(lab, LAB_SEP);
	assert_string_equal(changed(lab, &f), "own");
	/* What the file says nothing of changes nothing. */
	assert_int_equal(
		store_device_seen(cluster_get_store(lab->c), seen, 1, LAB_NOW + 900, NULL), 0);
	assert_string_equal(changed(lab, &f), "none");
	assert_int_equal(store_param_set(cluster_get_store(lab->c), "Load 437 SCCP", "x", NULL), 0);
	assert_string_equal(changed(lab, &f), "none");
	/* A node that the list does not name is nobody that a secured phone may turn to, but it is
	 * asked about certificates. */
	assert_int_equal(store_node_put(cluster_get_store(lab->c), &node, NULL), 0);
	assert_string_equal(changed(lab, &f), "both");
	give_back(&f);
}

static void settings_and_firmware_touch_whom_they_concern(void **state)
{
	struct lab *lab = *state;
	struct files f;

	two_phones(lab);
	served_field(lab, "load", "SCCP41.9-4-2SR3-1S");
	take(lab, &f);
	lab_write(lab_path(lab, "tftp/SCCP41.9-4-2SR3-1S.loads"), span_str("x"));
	assert_string_equal(changed(lab, &f), "own");
	lab_write(lab_path(lab, "tftp/other.loads"), span_str("x"));
	assert_string_equal(changed(lab, &f), "none");
	served_setting(lab, "date_template", "M/D/Y");
	assert_string_equal(changed(lab, &f), "both");
	give_back(&f);
}

/* A new list, and a new key, come in force with TFTP's next start; what was prepared for the one
 * before stays beside. */
static void lists_and_keys(void **state)
{
	struct lab *lab = *state;
	struct own_change change;
	struct files f, first;

	two_phones(lab);
	served_anew(lab);
	take(lab, &f);
	take(lab, &first);
	/* A list that says the same of servers. */
	assert_int_equal(lab_publish(lab, lab->token[1]), 0);
	assert_string_equal(changed(lab, &f), "none");
	served_anew(lab);
	assert_string_equal(changed(lab, &f), "none");
	assert_int_equal(own_regenerate(lab->c, OWN_CALLMANAGER, &change, &lab->why), 0);
	assert_string_equal(changed(lab, &f), "none");
	lab->clock = clock_fixed(clock_seconds(&lab->clock) + 1);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	assert_string_equal(changed(lab, &f), "none");
	served_anew(lab);
	assert_string_equal(changed(lab, &f), "both");
	assert_true(served_judged(lab, SIGNED, "sgn"));
	assert_int_equal(lab_run("test $(ls %s | wc -l) = 2", lab_path(lab, "prepared")), 0);
	give_back(&f);
	give_back(&first);
}

static void mode_of_the_cluster(void **state)
{
	struct lab *lab = *state;
	struct files f;

	two_phones(lab);
	served_anew(lab);
	take(lab, &f);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	assert_string_equal(changed(lab, &f), "none");
	served_anew(lab);
	assert_string_equal(changed(lab, &f), "both");
	give_back(&f);
}

/* Every byte that is damaged, and every length to which it is cut: made again. */
static void damaged_files_are_as_none(void **state)
{
	struct lab *lab = *state;
	struct prepared p;
	struct buf good, signed_file, got = {0};
	size_t i;

	two_phones(lab);
	signed_file = served_bytes(lab, SIGNED);
	assert_int_equal(prepared_init(&p, lab->c, LAB_SEP), 0);
	good = lab_read(p.path);
	memcpy(p.print, good.data + 8, PREPARED_PRINT);
	assert_true(prepared_is_there(&p));
	assert_int_equal(prepared_read(&p, false, false, &got), 0);
	assert_true(span_eq(buf_span(&got), buf_span(&signed_file)));
	buf_clear(&got);
	for (i = 0; i < good.len; i += i < 100 ? 1 : 97) {
		good.data[i] ^= 0x10;
		lab_write(p.path, buf_span(&good));
		good.data[i] ^= 0x10;
		assert_false(prepared_is_there(&p));
		assert_int_equal(prepared_read(&p, true, false, &got), ERR_NOTFOUND);
		lab_write(p.path, span_of(good.data, i));
		assert_int_equal(prepared_read(&p, false, false, &got), ERR_NOTFOUND);
		assert_int_equal(prepared_read(&p, false, true, &got), ERR_NOTFOUND);
	}
	lab->clock = clock_fixed(LAB_NOW + 100);
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
	assert_true(prepared_is_there(&p));
	prepared_fini(&p);
	buf_fini(&good);
	buf_fini(&got);
	buf_fini(&signed_file);
}

/* Where nothing can be kept, phones are served all the same. */
static void a_folder_that_cannot_be_written(void **state)
{
	struct lab *lab = *state;

	two_phones(lab);
	lab_write(lab_path(lab, "prepared"), span_str("no folder"));
	assert_true(served_judged(lab, SIGNED, "sgn"));
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
}

static void nobody_else_reads_them(void **state)
{
	struct lab *lab = *state;

	two_phones(lab);
	served_field(lab, "Secure Shell Password", "geheim");
	assert_true(served_judged(lab, SIGNED, "sgn"));
	assert_int_equal(
		lab_run("cd %s && test \"$(stat -c %%a prepared/*/" LAB_SEP ")\" = 600 && "
			"test \"$(stat -c %%a prepared/*)\" = 700 && ! grep -rq geheim prepared",
			lab->folder),
		0);
}

static bool known(void *ctx, const char *device)
{
	return strcmp(device, ctx) == 0;
}

static void what_nobody_needs_is_removed(void **state)
{
	struct lab *lab = *state;
	size_t gone;

	two_phones(lab);
	assert_int_equal(served_refused(lab, SIGNED), 0);
	assert_int_equal(served_refused(lab, OTHER_SIGNED), 0);
	assert_int_equal(lab_run("cd %s/prepared && mkdir aa-mixed bb-open && touch aa-mixed/x && "
				 "touch -d @1000 bb-open",
				 lab->folder),
		0);
	assert_int_equal(prepared_purge(lab->c, known, (void *)LAB_SEP, &gone, &lab->why), 0);
	assert_int_equal(gone, 1);
	assert_int_equal(lab_run("cd %s/prepared && test -d aa-mixed && test ! -e bb-open && "
				 "test \"$(ls *-mixed/SEP*)\" = \"$(ls *-mixed/" LAB_SEP ")\"",
				 lab->folder),
		0);
}

#define MIXED(f) cmocka_unit_test_setup_teardown(f, lab_setup_mixed, lab_teardown)
#define TEST(f)  cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MIXED(changes_touch_what_they_are_about),
		MIXED(settings_and_firmware_touch_whom_they_concern),
		MIXED(lists_and_keys),
		TEST(mode_of_the_cluster),
		MIXED(damaged_files_are_as_none),
		MIXED(a_folder_that_cannot_be_written),
		MIXED(nobody_else_reads_them),
		MIXED(what_nobody_needs_is_removed),
	};

	return cmocka_run_group_tests_name(
		"core/prepared", tests, lab_group_setup, lab_group_teardown);
}
