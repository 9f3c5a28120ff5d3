/* SPDX-License-Identifier: BSD-2-Clause
 * Files that belong to no phone: the operator's, where rules put them, signed and stripped ones,
 * and what is made where he has none. */
#include "served.h"

#include "base/mem.h"
#include "core/provision/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void put(struct lab *lab, const char *name, const char *content)
{
	char path[160];

	snprintf(path, sizeof(path), "tftp/%s", name);
	lab_write(lab_path(lab, path), span_str(content));
}

static void folder(struct lab *lab, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "tftp/%s", name);
	assert_int_equal(lab_run("mkdir -p %s", lab_path(lab, path)), 0);
}

static void map(struct lab *lab, const char *rules)
{
	lab_write(lab_path(lab, "tftp.map"), span_str(rules));
}

static bool is(struct lab *lab, const char *asked, const char *served, const char *content)
{
	struct provision_file f;
	bool same;

	if (served_get(lab, asked, &f))
		fail_msg("%s", lab->why.text);
	same = strcmp(f.served, served) == 0 && span_eq(buf_span(&f.content), span_str(content));
	if (!same)
		fprintf(stderr, "%s is %s: %.*s\n", asked, f.served, (int)f.content.len,
			(const char *)f.content.data);
	provision_file_fini(&f);
	return same;
}

static void rules_lead_to_sub_folders(void **state)
{
	struct lab *lab = *state;

	folder(lab, "firmware");
	folder(lab, "Languages/Portuguese_Brazil");
	folder(lab, "wallpapers/320x212x16");
	put(lab, "firmware/SCCP41.loads", "loads");
	put(lab, "firmware/Both.loads", "below");
	put(lab, "Both.loads", "here");
	put(lab, "Languages/Portuguese_Brazil/mk-sccp.jar", "jar");
	put(lab, "wallpapers/320x212x16/List.xml", "list");
	assert_int_equal(served_refused(lab, "SCCP41.loads"), ERR_NOTFOUND);
	map(lab, "# comment\n\n  *.LOADS\tfirmware \r\n*/*-sccp.jar languages\n"
		 "Desktops/* wallpapers/*\n*.loads nowhere");
	assert_true(is(lab, "sccp41.LOADS", "SCCP41.loads", "loads"));
	assert_true(is(lab, "both.loads", "Both.loads", "here"));
	assert_true(
		is(lab, "portuguese_brazil/MK-SCCP.jar", "Portuguese_Brazil/mk-sccp.jar", "jar"));
	assert_true(
		is(lab, "Desktops/320x212x16/list.xml", "Desktops/320x212x16/list.xml", "list"));
	/* The asked place goes on to count. */
	assert_true(is(lab, "firmware/sccp41.loads", "firmware/SCCP41.loads", "loads"));
	assert_int_equal(served_refused(lab, "none.loads"), ERR_NOTFOUND);
	/* A rule that is taken away, or a file that is removed, is noticed. */
	map(lab, "");
	assert_int_equal(served_refused(lab, "SCCP41.loads"), ERR_NOTFOUND);
	map(lab, "SCCP??.* firmware\n");
	assert_true(is(lab, "SCCP41.loads", "SCCP41.loads", "loads"));
	assert_int_equal(unlink(lab_path(lab, "tftp/firmware/SCCP41.loads")), 0);
	assert_int_equal(served_refused(lab, "SCCP41.loads"), ERR_NOTFOUND);
}

/* Rules lead nowhere else, and move neither lists nor configurations. */
static void rules_stay_in_the_folder(void **state)
{
	struct lab *lab = *state;

	served_phone(lab, LAB_SEP, "Encrypted");
	folder(lab, "old");
	put(lab, "old/" PLAIN, "<sshPassword>geheim</sshPassword>");
	put(lab, "old/CTL" LAB_NAME ".tlv", "geheim");
	put(lab, "old/ConfigFileCacheList.txt", "geheim");
	put(lab, "old/x.raw", "tone");
	assert_int_equal(symlink("../../keys/CAPF.key", lab_path(lab, "tftp/old/key")), 0);
	map(lab, "* old\n");
	assert_true(is(lab, "x.raw", "x.raw", "tone"));
	assert_int_equal(served_refused(lab, "key"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "ConfigFileCacheList.txt"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "CTL" LAB_NAME ".tlv"), ERR_NOTFOUND);
	assert_false(served_says(lab, PLAIN, "geheim"));
	assert_int_equal(served_refused(lab, LAB_NAME ".cnf.xml"), ERR_NOTFOUND);
	map(lab, "*.any old/*.cnf.xml\n");
	assert_int_equal(served_refused(lab, LAB_SEP ".any"), ERR_NOTFOUND);
}

static void bad_rules_are_named_with_their_line(void **state)
{
	static const char *const bad[] = {"*.raw", "*.raw rings too", "*.raw ../rings",
		"*.raw /rings", "*.raw .rings", "*.raw a//b", "*.raw a\\b", "*.raw a/*/*",
		"*.* x/*", "a?* x/*", "plain x/*",
		("*.raw "
		 "1234567890123456789012345678901234567890123456789012345678901234")};
	struct lab *lab = *state;
	char rules[256];
	size_t i;

	put(lab, "here.raw", "tone");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(rules, sizeof(rules), "# rules\n*.sbn firmware\n%s\n", bad[i]);
		map(lab, rules);
		assert_int_equal(served_refused(lab, "none.raw"), ERR_NOTNOW);
		assert_non_null(strstr(lab->why.text, "tftp.map, line 3: "));
		assert_true(is(lab, "here.raw", "here.raw", "tone"));
	}
	map(lab, "*.raw rings\n");
	assert_int_equal(served_refused(lab, "none.raw"), ERR_NOTFOUND);
	lab_write(lab_path(lab, "tftp.map"), span_of("*.raw\0x rings\n", 14));
	assert_int_equal(served_refused(lab, "none.raw"), ERR_NOTNOW);
}

static void too_many_rules(void **state)
{
	struct lab *lab = *state;
	struct buf rules = {0};
	unsigned i;

	for (i = 0; i < FOLDER_RULES_MAX; i++)
		buf_printf(&rules, "x%u y\n", i);
	lab_write(lab_path(lab, "tftp.map"), buf_span(&rules));
	assert_int_equal(served_refused(lab, "none"), ERR_NOTFOUND);
	buf_str(&rules, "x y\n");
	lab_write(lab_path(lab, "tftp.map"), buf_span(&rules));
	assert_int_equal(served_refused(lab, "none"), ERR_NOTNOW);
	assert_non_null(strstr(lab->why.text, "line 257: too many rules"));
	buf_fini(&rules);
}

/* A phone that holds a list asks for everything but firmware with ".sgn". */
static void files_are_signed_when_asked(void **state)
{
	struct lab *lab = *state;

	folder(lab, "New_Zealand");
	put(lab, "New_Zealand/g3-tones.xml", "<tones/>");
	assert_true(served_judged(lab, "new_zealand/G3-tones.xml.SGN", "sgn"));
	assert_true(served_has(lab, "content", "<tones/>"));
	/* The very name that was asked for: phones compare it. */
	assert_true(served_has(lab, "facts", "filename new_zealand/G3-tones.xml.SGN"));
	assert_true(served_has(lab, "facts", "digest 1"));
	put(lab, "New_Zealand/g3-tones.xml", "<other/>");
	assert_true(served_judged(lab, "New_Zealand/g3-tones.xml.sgn", "sgn"));
	assert_true(served_has(lab, "content", "<other/>"));
	assert_int_equal(served_refused(lab, "none.xml.sgn"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "New_Zealand/g3-tones.xml.sgn.sgn"), ERR_NOTFOUND);
	folder(lab, "rings");
	put(lab, "rings/a.raw", "tone");
	map(lab, "*.raw rings\n");
	assert_true(served_judged(lab, "a.raw.sgn", "sgn"));
	assert_true(served_has(lab, "facts", "filename a.raw.sgn"));
}

/* What its maker has signed is his, and firmware is never ours to sign. */
static void vendors_files_are_not_signed_again(void **state)
{
	static const char *const firmware[] = {"term41.default.loads", "apps41.sbn", "x.zz",
		"P00308.bin", "SCCP6945.bin1", "CP7905.zup", "BE.SBN"};
	struct lab *lab = *state;
	struct buf made, got;
	char name[64];
	size_t i;

	put(lab, "x.xml", "<x/>");
	made = served_bytes(lab, "x.xml.sgn");
	lab_write(lab_path(lab, "tftp/vendor.xml"), buf_span(&made));
	got = served_bytes(lab, "vendor.xml.sgn");
	assert_true(span_eq(buf_span(&made), buf_span(&got)));
	buf_fini(&got);
	for (i = 0; i < sizeof(firmware) / sizeof(firmware[0]); i++) {
		put(lab, firmware[i], "firmware");
		assert_true(is(lab, firmware[i], firmware[i], "firmware"));
		snprintf(name, sizeof(name), "%s.sgn", firmware[i]);
		assert_int_equal(served_refused(lab, name), ERR_NOTFOUND);
	}
	/* Signed firmware as its maker names it comes as it is. */
	lab_write(lab_path(lab, "tftp/SCCP69xx.zz.sgn"), buf_span(&made));
	got = served_bytes(lab, "sccp69XX.zz.sgn");
	assert_true(span_eq(buf_span(&made), buf_span(&got)));
	buf_fini(&got);
	buf_fini(&made);
}

/* A phone without a list asks for the plain name of what lies there signed. */
static void signed_files_are_stripped(void **state)
{
	struct lab *lab = *state;
	struct buf made;

	put(lab, "x.xml", "<x/>");
	made = served_bytes(lab, "x.xml.sgn");
	lab_write(lab_path(lab, "tftp/Only.xml.sgn"), buf_span(&made));
	assert_true(is(lab, "only.XML", "only.XML", "<x/>"));
	/* The plain file comes first; a damaged signed one is no file. */
	put(lab, "Only.xml", "<plain/>");
	assert_true(is(lab, "only.xml", "Only.xml", "<plain/>"));
	assert_int_equal(unlink(lab_path(lab, "tftp/Only.xml")), 0);
	lab_write(lab_path(lab, "tftp/Only.xml.sgn"), span_of(made.data, 40));
	assert_int_equal(served_refused(lab, "Only.xml"), ERR_NOTNOW);
	assert_non_null(strstr(lab->why.text, "Only.xml.sgn"));
	put(lab, "Text.xml.sgn", "no header");
	assert_int_equal(served_refused(lab, "Text.xml"), ERR_NOTNOW);
	buf_fini(&made);
}

static void ring_lists_name_what_is_there(void **state)
{
	static const char *const names[] = {
		"Ringlist.xml", "RingList.xml", "ringlist.XML", "DistinctiveRinglist.xml"};
	struct lab *lab = *state;
	char name[64];
	size_t i;
	int n;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(served_refused(lab, names[i]), ERR_NOTFOUND);
	folder(lab, "rings");
	map(lab, "*.raw rings\n*.rwb rings\n");
	put(lab, "Old_Phone.pcm", "1");
	put(lab, "a&b.raw", "2");
	put(lab, "rings/Zebra.raw", "3");
	put(lab, "rings/Zebra.rwb", "3");
	put(lab, "a_name_longer_than_25_chars.raw", "4");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(served_valid_name(lab, names[i], "ringlist"));
		assert_true(served_says(lab, names[i],
			"<DisplayName>Old Phone</DisplayName>\n    <FileName>Old_Phone.pcm<"));
		assert_true(served_says(lab, names[i], "<FileName>a&amp;b.raw<"));
		assert_true(served_says(lab, names[i], "<FileName>Zebra.raw<"));
		assert_false(served_says(lab, names[i], "longer"));
		assert_false(served_says(lab, names[i], "rwb"));
	}
	assert_true(served_valid_name(lab, "Ringlist-wb.xml", "ringlist"));
	assert_true(served_says(lab, "Ringlist-wb.xml", "<FileName>Zebra.rwb<"));
	assert_true(served_judged(lab, "Ringlist.xml.sgn", "sgn"));
	assert_true(served_valid(lab, "content", "ringlist"));
	for (n = 0; n < 60; n++) {
		snprintf(name, sizeof(name), "rings/tone%02d.raw", n);
		put(lab, name, "x");
	}
	struct provision_file list = {0};

	assert_int_equal(served_get(lab, "Ringlist.xml", &list), 0);
	provision_file_fini(&list);
	assert_true(served_valid_name(lab, "Ringlist.xml", "ringlist"));
	assert_int_equal(
		lab_run("test $(grep -c FileName %s) = 50", lab_path(lab, "served.xml")), 0);
	/* The operator's own comes first. */
	put(lab, "RINGLIST.xml", "own");
	assert_true(is(lab, "Ringlist.xml", "RINGLIST.xml", "own"));
}

static void dial_plan_and_soft_keys_are_there(void **state)
{
	struct lab *lab = *state;

	assert_true(served_valid_name(lab, "dialplan.xml", "dialplan"));
	assert_true(served_valid_name(lab, "SKDefault.xml", "softkeys"));
	assert_true(served_judged(lab, "SKDefault.xml.sgn", "sgn"));
	assert_true(served_valid(lab, "content", "softkeys"));
	/* Every key that is shown is one of those that are explained. */
	assert_int_equal(
		lab_run("cd %s && sed -n 's/.*<softKeyDef keyID=\"\\(.*\\)\">/\\1/p' content "
			"| sort >defined && sed -n 's/.*<softKey keyID=\"\\(.*\\)\".*/\\1/p' "
			"content | sort -u >used && test -z \"$(comm -13 defined used)\"",
			lab->folder),
		0);
	put(lab, "dialplan.xml", "own");
	assert_true(is(lab, "dialplan.xml", "dialplan.xml", "own"));
}

/* With every n-th allocation failing in turn: an error and nothing half-made, then the file. */
static void every_allocation_can_fail(void **state)
{
	static const char *const names[] = {
		"a.raw", "a.raw.sgn", "Ringlist.xml", "SKDefault.xml.sgn", "only.xml"};
	struct lab *lab = *state;
	struct buf made;

	served_anew(lab);
	folder(lab, "rings");
	map(lab, "*.raw rings\n");
	put(lab, "rings/a.raw", "tone");
	made = served_bytes(lab, "a.raw.sgn");
	lab_write(lab_path(lab, "tftp/only.xml.sgn"), buf_span(&made));
	buf_fini(&made);
	served_without_memory(lab, names, sizeof(names) / sizeof(names[0]));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rules_lead_to_sub_folders),
		TEST(rules_stay_in_the_folder),
		TEST(bad_rules_are_named_with_their_line),
		TEST(too_many_rules),
		TEST(files_are_signed_when_asked),
		TEST(vendors_files_are_not_signed_again),
		TEST(signed_files_are_stripped),
		TEST(ring_lists_name_what_is_there),
		TEST(dial_plan_and_soft_keys_are_there),
		TEST(every_allocation_can_fail),
	};

	return cmocka_run_group_tests_name(
		"core/provision_files", tests, lab_group_setup, lab_group_teardown);
}
