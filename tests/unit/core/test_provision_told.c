/* SPDX-License-Identifier: BSD-2-Clause
 * What logs say of files that were served, and of names that were not. */
#include "lab.h"

#include "base/mem.h"
#include "core/cluster/services.h"
#include "core/device/device.h"
#include "core/provision/absent.h"
#include "core/provision/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void put(struct lab *lab, const char *profile)
{
	struct device_new d = {.name = LAB_SEP, .number = "1001", .profile = profile};

	if (device_put(lab->c, &d, &lab->why))
		fail_msg("%s", lab->why.text);
}

static void serve(struct lab *lab)
{
	if (cluster_serve_lists(lab->c, &lab->why))
		fail_msg("%s", lab->why.text);
}

/* --- absent --- */

static void tells(struct lab *lab, const char *asked, bool normal, const char *text)
{
	struct provision_file f;
	struct provision_absence a;
	enum err err;

	fail_clear(&lab->why);
	err = provision_get(lab->c, NULL, asked, &f, &lab->why);
	if (err != ERR_NOTFOUND && err != ERR_DENIED)
		fail_msg("%s: %s", asked, err ? lab->why.text : "is served");
	provision_file_fini(&f);
	provision_absent(lab->c, asked, err, &a);
	if (a.normal != normal || !strstr(a.text, text))
		fail_msg("%s: %s: %s", asked, a.normal ? "normal" : "fault", a.text);
}

static void in_non_secure_mode(void **state)
{
	struct lab *lab = *state;

	put(lab, "Non Secure");
	serve(lab);
	tells(lab, "CTL" LAB_SEP ".tlv", true, "no CTL in non-secure mode");
	tells(lab, "ctlfile.TLV", true, "no CTL in non-secure mode");
	tells(lab, LAB_SEP ".cnf.xml.enc.sgn", true, "TFTP Encrypted Config is off");
	tells(lab, "Portuguese_Brazil/mk-sccp.jar", true, "locale");
	tells(lab, "Portuguese_Brazil/mk-sccp.jar.sgn", true, "locale");
	tells(lab, "Brazil/g3-tones.xml", true, "tones");
	tells(lab, "OS79XX.TXT", true, "oldest phones");
	tells(lab, "ext_ITL" LAB_SEP ".tlv", true, "extended ITL");
	tells(lab, "SCCP41.9-4-2SR3-1S.loads", false, "firmware that is not in tftp/");
	tells(lab, "jar41sccp.9-4-2ES26.sbn", false, "firmware image");
	tells(lab, "XMLDefault.cnf.xml", false, "auto-registration is off");
	tells(lab, "ConfigFileCacheList.txt", false, "list of all phones");
	tells(lab, "something.else", false, "no file of that name");
	tells(lab, "../cadeado.conf", false, "not allowed");
}

static void in_mixed_mode(void **state)
{
	struct lab *lab = *state;

	struct provision_absence a;

	put(lab, "Encrypted");
	serve(lab);
	provision_absent(lab->c, "CTL" LAB_SEP ".tlv", ERR_NOTFOUND, &a);
	assert_false(a.normal);
	assert_non_null(strstr(a.text, "mixed mode, but TFTP serves no CTL"));
	tells(lab, LAB_SEP ".cnf.xml.enc.sgn", true, "certificate from CAPF first");
}

/* Every way in which a phone's name can be asked for. */
static void strangers(void **state)
{
	static const char *const names[] = {"CTL" LAB_NAME ".tlv", "ITL" LAB_NAME ".tlv",
		"ext_ITL" LAB_NAME ".tlv", LAB_NAME ".cnf.xml", LAB_NAME ".cnf.xml.sgn",
		LAB_NAME ".cnf.xml.enc.sgn", "sep0011215a1ae4.CNF.xml", "SIP0011215A1AE4.cnf",
		LAB_NAME "-anything", LAB_NAME, "x/" LAB_NAME ".xml"};
	struct lab *lab = *state;
	struct provision_absence a;
	size_t i;

	put(lab, "Non Secure");
	serve(lab);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		tells(lab, names[i], false, "cadeado device add " LAB_NAME);
		provision_absent(lab->c, names[i], ERR_NOTFOUND, &a);
		assert_true(a.unknown_device);
		assert_string_equal(a.device, LAB_NAME);
	}
	provision_absent(lab->c, "CTL" LAB_SEP ".tlv", ERR_NOTFOUND, &a);
	assert_false(a.unknown_device);
	assert_string_equal(a.device, LAB_SEP);
	provision_absent(lab->c, "SEP0011215A1AE.cnf.xml", ERR_NOTFOUND, &a);
	assert_false(a.unknown_device);
	assert_string_equal(a.device, "");
}

/* --- served --- */

static struct provision_note note_of(struct lab *lab, const char *asked)
{
	struct provision_file f;
	struct provision_note n;

	fail_clear(&lab->why);
	if (provision_get(lab->c, NULL, asked, &f, &lab->why))
		fail_msg("%s", lab->why.text);
	provision_note(&f, &n);
	lab_write(lab_path(lab, "noted"), buf_span(&f.content));
	provision_file_fini(&f);
	return n;
}

static void lists_by_the_md5_that_phones_show(void **state)
{
	struct lab *lab = *state;
	struct provision_note n;

	put(lab, "Encrypted");
	serve(lab);
	n = note_of(lab, "CTL" LAB_SEP ".tlv");
	assert_int_equal(n.list, STORE_CTL);
	assert_true(lab_says(n.version, "md5sum %s", lab_path(lab, "noted")));
	assert_int_equal(strlen(n.version), 32);
	assert_non_null(strstr(n.signature, lab->token[0]));
	assert_non_null(strstr(n.signature, ", SHA-1, 2026-09-21T"));
	n = note_of(lab, "ITLFile.tlv");
	assert_int_equal(n.list, STORE_ITL);
	assert_true(lab_says(n.version, "md5sum %s", lab_path(lab, "noted")));
}

static void configurations_by_their_stamp(void **state)
{
	struct lab *lab = *state;
	struct provision_note n;

	put(lab, "Non Secure");
	serve(lab);
	n = note_of(lab, LAB_SEP ".cnf.xml");
	assert_int_equal(n.list, 0);
	assert_true(lab_says(n.version, "grep versionStamp %s", lab_path(lab, "noted")));
	assert_int_equal(n.version[0], '{');
	assert_string_equal(n.signature, "none");
	n = note_of(lab, LAB_SEP ".cnf.xml.sgn");
	assert_int_equal(n.version[0], '{');
	assert_string_equal(n.signature, "CN=publisher, SHA-1, 2026-09-21T14:13:20Z");
	/* The reduced companion has none: then it is when it was signed. */
	put(lab, "Encrypted");
	n = note_of(lab, LAB_SEP ".cnf.xml.sgn");
	assert_string_equal(n.version, "2026-09-21T14:13:20Z");
}

static void what_others_signed_was_not_checked(void **state)
{
	struct lab *lab = *state;
	struct provision_note n;
	struct provision_file f;

	put(lab, "Non Secure");
	serve(lab);
	if (provision_get(lab->c, NULL, LAB_SEP ".cnf.xml.sgn", &f, &lab->why))
		fail_msg("%s", lab->why.text);
	lab_write(lab_path(lab, "tftp/ringlist.xml.sgn"), buf_span(&f.content));
	provision_file_fini(&f);
	n = note_of(lab, "RingList.xml.sgn");
	assert_string_equal(n.signature, "not checked, CN=publisher, SHA-1, 2026-09-21T14:13:20Z");
	assert_string_equal(n.version, "2026-09-21T14:13:20Z");
	/* No header, whatever the name says. */
	lab_write(lab_path(lab, "tftp/broken.loads"), span_str("\1\0\2\1"));
	n = note_of(lab, "broken.loads");
	assert_string_equal(n.signature, "none");
	assert_int_equal(
		lab_run("touch -d 2026-01-02T03:04:05Z %s", lab_path(lab, "tftp/broken.loads")), 0);
	n = note_of(lab, "broken.loads");
	assert_string_equal(n.version, "2026-01-02T03:04:05Z");
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
#define MIXED(f) cmocka_unit_test_setup_teardown(f, lab_setup_mixed, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_non_secure_mode),
		MIXED(in_mixed_mode),
		TEST(strangers),
		MIXED(lists_by_the_md5_that_phones_show),
		TEST(configurations_by_their_stamp),
		TEST(what_others_signed_was_not_checked),
	};

	return cmocka_run_group_tests_name(
		"core/provision_told", tests, lab_group_setup, lab_group_teardown);
}
