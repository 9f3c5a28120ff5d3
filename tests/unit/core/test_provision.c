/* SPDX-License-Identifier: BSD-2-Clause */
#include "served.h"

#include "base/mem.h"
#include "core/cluster/own.h"
#include "core/cluster/services.h"
#include "core/enrol/enrol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void put(struct lab *lab, const char *profile, bool install)
{
	struct device_new d = {
		.name = LAB_SEP, .number = "1001", .profile = profile, .install = install};

	if (device_put(lab->c, &d, &lab->why))
		fail_msg("%s", lab->why.text);
}

static void describe(struct lab *lab, const char *description)
{
	const struct device_new d = {.name = LAB_SEP, .description = description};

	if (device_put(lab->c, &d, &lab->why))
		fail_msg("%s", lab->why.text);
}

/* An order's end as CAPF records it. */
static void end_order(struct lab *lab, struct cert *lsc, struct cert *issuer)
{
	struct enrol_write issued = {.kind = ENROL_WRITE_ISSUED,
		.device = LAB_SEP,
		.op = ENROL_INSTALL,
		.lsc = lsc,
		.issuer = issuer};
	struct enrol_write end = issued;
	struct enrol_write *rows[] = {&issued, &end};

	end.kind = ENROL_WRITE_END;
	end.outcome = lsc ? ENROL_SUCCESS : ENROL_KEY_FAILED;
	enrol_write(lab->c, lsc ? rows : rows + 1, lsc ? 2 : 1);
	if (end.err)
		fail_msg("%s", end.why.text);
}

/* Gives the phone an LSC as CAPF does, order and end included; its key is phone.pem in the folder.
 */
static void enrol(struct lab *lab)
{
	struct cert *lsc, *issuer;
	struct buf spki, pem = {0};

	put(lab, "Encrypted", true);
	assert_int_equal(
		lab_run("cd %s && openssl genrsa -out phone.pem 2048 2>/dev/null && openssl "
			"pkey -in phone.pem -pubout -outform DER -out phone.spki",
			lab->folder),
		0);
	spki = lab_read(lab_path(lab, "phone.spki"));
	assert_int_equal(lsc_issue(lab->c, LAB_SEP, buf_span(&spki), &lsc, &issuer, &lab->why), 0);
	end_order(lab, lsc, issuer);
	cert_free(issuer);
	assert_int_equal(cert_to_pem(lsc, &pem), 0);
	lab_write(lab_path(lab, "lsc.pem"), buf_span(&pem));
	buf_fini(&pem);
	buf_fini(&spki);
	cert_free(lsc);
}

static void ctl_is_for_known_phones(void **state)
{
	struct lab *lab = *state;
	struct provision_file f;
	struct buf list = {0};

	assert_int_equal(cluster_ctl(lab->c, &list, NULL), 0);
	assert_int_equal(served_get(lab, "ctlfile.TLV", &f), 0);
	assert_string_equal(f.served, "CTLFile.tlv");
	assert_true(span_eq(buf_span(&f.content), buf_span(&list)));
	provision_file_fini(&f);

	assert_int_equal(served_refused(lab, "CTL" LAB_SEP ".tlv"), ERR_NOTFOUND);
	put(lab, "Non Secure", false);
	assert_int_equal(served_get(lab, "ctlSEP0011215a1ae3.tlv", &f), 0);
	assert_string_equal(f.served, "CTLFile.tlv");
	assert_true(span_eq(buf_span(&f.content), buf_span(&list)));
	provision_file_fini(&f);
	assert_int_equal(served_refused(lab, "CTL" LAB_NAME ".tlv"), ERR_NOTFOUND);
	buf_fini(&list);

	list = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_int_equal(served_get(lab, "itlSEP0011215a1ae3.tlv", &f), 0);
	assert_string_equal(f.served, "ITLFile.tlv");
	assert_true(span_eq(buf_span(&f.content), buf_span(&list)));
	provision_file_fini(&f);
	assert_int_equal(served_refused(lab, "ITLFile.tlv"), 0);
	assert_int_equal(served_refused(lab, "ITL" LAB_NAME ".tlv"), ERR_NOTFOUND);
	buf_fini(&list);
}

/* What is published afterwards waits for the next start of TFTP; the ITL keeps its date. */
static void lists_are_those_of_the_start(void **state)
{
	struct lab *lab = *state;
	struct buf first = lab_read(lab_path(lab, "tftp/CTLFile.tlv")), second, itl, again;
	struct provision_file f;

	served_anew(lab);
	itl = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_false(cluster_lists_wait(lab->c));
	lab->clock = clock_fixed(LAB_NOW + 100);
	assert_int_equal(lab_publish(lab, lab->token[1]), 0);
	second = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
	assert_true(cluster_lists_wait(lab->c));
	assert_int_equal(served_get(lab, "CTLFile.tlv", &f), 0);
	assert_true(span_eq(buf_span(&f.content), buf_span(&first)));
	provision_file_fini(&f);
	served_anew(lab);
	assert_false(cluster_lists_wait(lab->c));
	assert_int_equal(served_get(lab, "CTLFile.tlv", &f), 0);
	assert_true(span_eq(buf_span(&f.content), buf_span(&second)));
	provision_file_fini(&f);
	again = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_true(span_eq(buf_span(&itl), buf_span(&again)));
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&itl);
	buf_fini(&again);
}

/* The key that signed until then goes on, whatever its name on disk stands for by now. */
static void files_are_signed_with_the_key_of_the_start(void **state)
{
	struct lab *lab = *state;
	struct own_change change;

	put(lab, "Non Secure", false);
	served_anew(lab);
	assert_int_equal(lab_run("cp %s %s", lab_path(lab, "keys/CallManager.pem"),
				 lab_path(lab, "old.pem")),
		0);
	assert_int_equal(own_regenerate(lab->c, OWN_CALLMANAGER, &change, &lab->why), 0);
	assert_int_equal(lab_run("cp %s %s", lab_path(lab, "keys/CallManager.pem"),
				 lab_path(lab, "new.pem")),
		0);
	assert_true(served_judged_by(lab, SIGNED, "sgn", "old.pem"));
	assert_false(served_judged_by(lab, SIGNED, "sgn", "new.pem"));
	served_anew(lab);
	assert_true(served_judged_by(lab, SIGNED, "sgn", "old.pem"));
	lab->clock = clock_fixed(LAB_NOW + 100);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	assert_true(served_judged_by(lab, SIGNED, "sgn", "old.pem"));
	served_anew(lab);
	assert_true(served_judged_by(lab, SIGNED, "sgn", "new.pem"));
}

/* A list of the phone's own name comes before the common one, also for a phone that is unknown. */
static void phones_own_list_comes_first(void **state)
{
	struct lab *lab = *state;
	struct buf first = lab_read(lab_path(lab, "tftp/CTLFile.tlv")), second;
	struct provision_file f;

	assert_int_equal(lab_publish(lab, lab->token[1]), 0);
	second = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
	assert_false(span_eq(buf_span(&first), buf_span(&second)));
	put(lab, "Non Secure", false);
	lab_write(lab_path(lab, "tftp/CTL" LAB_SEP ".tlv"), buf_span(&first));
	lab_write(lab_path(lab, "tftp/CTL" LAB_NAME ".tlv"), buf_span(&first));
	assert_int_equal(served_get(lab, "CTLsep0011215a1ae3.TLV", &f), 0);
	assert_string_equal(f.served, "CTL" LAB_SEP ".tlv");
	assert_true(span_eq(buf_span(&f.content), buf_span(&first)));
	provision_file_fini(&f);
	assert_int_equal(served_get(lab, "CTL" LAB_NAME ".tlv", &f), 0);
	assert_true(span_eq(buf_span(&f.content), buf_span(&first)));
	provision_file_fini(&f);
	assert_int_equal(served_get(lab, "CTLFile.tlv", &f), 0);
	assert_true(span_eq(buf_span(&f.content), buf_span(&second)));
	provision_file_fini(&f);

	lab_write(lab_path(lab, "tftp/CTL" LAB_SEP ".tlv"), span_of(first.data, first.len - 1));
	assert_int_equal(served_refused(lab, "CTL" LAB_SEP ".tlv"), ERR_NOTNOW);
	assert_non_null(strstr(lab->why.text, "CTL" LAB_SEP ".tlv is damaged"));
	assert_non_null(strstr(lab->why.text, "remove it from tftp/"));
	assert_int_equal(unlink(lab_path(lab, "tftp/CTL" LAB_SEP ".tlv")), 0);
	assert_int_equal(served_get(lab, "CTL" LAB_SEP ".tlv", &f), 0);
	assert_string_equal(f.served, "CTLFile.tlv");
	provision_file_fini(&f);
	buf_fini(&first);
	buf_fini(&second);
}

static void spoilt_ctl_is_not_served(void **state)
{
	struct lab *lab = *state;
	struct buf b = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
	size_t at[] = {9, 20, 200, 1000, b.len - 1}, i;

	put(lab, "Non Secure", false);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		b.data[at[i]] ^= 0x04;
		lab_write(lab_path(lab, "tftp/CTLFile.tlv"), buf_span(&b));
		b.data[at[i]] ^= 0x04;
		served_anew(lab);
		assert_int_equal(served_refused(lab, "CTLFile.tlv"), ERR_NOTNOW);
		assert_non_null(strstr(lab->why.text, "utils ctl update CTLFile"));
		assert_int_equal(served_refused(lab, "CTL" LAB_SEP ".tlv"), ERR_NOTNOW);
	}
	lab_write(lab_path(lab, "tftp/CTLFile.tlv"), span_of(b.data, b.len - 1));
	served_anew(lab);
	assert_int_equal(served_refused(lab, "CTLFile.tlv"), ERR_NOTNOW);
	lab_write(lab_path(lab, "tftp/CTLFile.tlv"), buf_span(&b));
	served_anew(lab);
	assert_int_equal(served_refused(lab, "CTLFile.tlv"), 0);
	assert_int_equal(unlink(lab_path(lab, "tftp/CTLFile.tlv")), 0);
	served_anew(lab);
	assert_int_equal(served_refused(lab, "CTLFile.tlv"), ERR_NOTFOUND);
	buf_fini(&b);
}

static void clear_configuration_says_the_record(void **state)
{
	struct lab *lab = *state;
	const char *xml;

	assert_int_equal(served_refused(lab, PLAIN), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, SIGNED), ERR_NOTFOUND);
	put(lab, "Non Secure", false);
	xml = served_text(lab, "sep0011215A1AE3.CNF.XML");
	assert_non_null(strstr(xml, "<fullConfig>true</fullConfig>"));
	assert_non_null(strstr(xml, "<deviceProtocol>SCCP</deviceProtocol>"));
	assert_non_null(strstr(xml, "<ethernetPhonePort>2000</ethernetPhonePort>"));
	assert_non_null(strstr(xml, "<processNodeName>192.0.2.10</processNodeName>"));
	assert_non_null(strstr(xml, "<deviceSecurityMode>1</deviceSecurityMode>"));
	assert_non_null(strstr(xml, "<versionStamp>{1-"));
	assert_non_null(strstr(xml, "<capfAuthMode>0</capfAuthMode>"));
	assert_non_null(strstr(xml, "<phonePort>3804</phonePort>"));
	assert_non_null(strstr(xml, "<certHash></certHash>"));
	assert_non_null(strstr(xml, "<encrConfig>false</encrConfig>"));
	put(lab, "Non Secure", true);
	assert_non_null(strstr(served_text(lab, PLAIN), "<capfAuthMode>2</capfAuthMode>"));
	assert_int_equal(served_refused(lab, ENCRYPTED), ERR_NOTFOUND);
	assert_non_null(strstr(lab->why.text, "TFTP Encrypted Config is off"));
}

static void stamp_changes_with_what_the_file_says(void **state)
{
	struct lab *lab = *state;
	struct store_profile p = {
		.name = "Encrypted", .security_mode = 3, .auth_mode = 2, .key_bits = 2048};
	char first[8192];

	/* The record stays the same; mode 3 comes into force with the list. */
	assert_int_equal(store_profile_put(cluster_get_store(lab->c), &p, NULL), 0);
	put(lab, "Encrypted", false);
	strcpy(first, served_text(lab, PLAIN));
	assert_string_equal(first, served_text(lab, PLAIN));
	assert_non_null(strstr(first, "<deviceSecurityMode>1<"));
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	assert_string_equal(first, served_text(lab, PLAIN));
	served_anew(lab);
	const char *now = served_text(lab, PLAIN);
	assert_non_null(strstr(now, "<deviceSecurityMode>3<"));
	assert_memory_not_equal(strstr(first, "<versionStamp>"), strstr(now, "<versionStamp>"), 27);
}

static void signed_configuration_is_judged_by_another_program(void **state)
{
	struct lab *lab = *state;
	struct provision_file f;

	put(lab, "Non Secure", false);
	assert_true(served_judged(lab, "sep0011215a1ae3.cnf.xml.sgn", "sgn"));
	assert_true(served_has(lab, "facts", "version 1.0"));
	assert_true(served_has(lab, "facts", "digest 1"));
	assert_true(served_has(lab, "facts", "order 3,4,5,6,7,8,9,10,11,12,14,15"));
	assert_true(served_has(lab, "facts", "signer CN=publisher;OU=Cadeado;O=Cadeado"));
	assert_true(served_has(lab, "facts", "filename " SIGNED));
	assert_true(served_has(lab, "facts", "timestamp 1790000000"));
	assert_true(served_has(lab, "content", "  <fullConfig>true</fullConfig>"));
	assert_int_equal(served_get(lab, SIGNED, &f), 0);
	assert_string_equal(f.served, SIGNED);
	provision_file_fini(&f);
	/* The judge refuses when one byte of the content is another. */
	assert_int_equal(lab_run("cd %s && printf x >>judged && ! /usr/bin/python3 '%s' sgn judged "
				 "keys/CallManager.pem >content 2>facts",
				 lab->folder, lab_source("data/check_sgn.py")),
		0);
}

static void encryption_without_a_key_tells_the_way_to_capf(void **state)
{
	struct lab *lab = *state;

	put(lab, "Encrypted", true);
	assert_true(served_judged(lab, SIGNED, "sgn"));
	assert_true(served_has(lab, "content", "  <fullConfig>false</fullConfig>"));
	assert_true(served_has(lab, "content", "  <certHash></certHash>"));
	assert_true(served_has(lab, "content", "  <encrConfig>true</encrConfig>"));
	assert_true(served_has(lab, "content", "  <capfAuthMode>2</capfAuthMode>"));
	assert_true(
		served_has(lab, "content", "      <processNodeName>192.0.2.10</processNodeName>"));
	assert_int_equal(served_refused(lab, ENCRYPTED), ERR_NOTFOUND);
	assert_non_null(strstr(lab->why.text, "no RSA key"));
	assert_null(strstr(served_text(lab, PLAIN), "callManagerGroup"));
}

static void encrypted_configuration_is_judged_by_another_program(void **state)
{
	struct lab *lab = *state;
	struct buf first, second;

	enrol(lab);
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
	assert_true(served_has(lab, "facts", "version 2.0"));
	assert_true(served_has(lab, "facts",
		"order 3,4,5,6,7,8,9,10,11,12,14,15,16,17,18,19,20,21,22,23,24,25,26,27"));
	assert_true(served_has(lab, "facts", "filename " ENCRYPTED));
	assert_true(served_has(lab, "content", "  <fullConfig>true</fullConfig>"));
	assert_true(served_has(lab, "content", "  <deviceSecurityMode>3</deviceSecurityMode>"));
	assert_true(served_has(lab, "content", "  <encrConfig>true</encrConfig>"));
	assert_true(served_has(
		lab, "content", "              <ethernetPhonePort>2000</ethernetPhonePort>"));

	/* Nothing of the content in clear; the same file until something changes, then another key
	 * and initial vector for what is the same text but for the stamp. */
	first = lab_read(lab_path(lab, "judged"));
	assert_null(memmem(first.data, first.len, "deviceSecurityMode", 18));
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
	second = lab_read(lab_path(lab, "judged"));
	assert_true(span_eq(buf_span(&first), buf_span(&second)));
	buf_fini(&second);
	describe(lab, "another");
	assert_true(served_judged(lab, ENCRYPTED, "enc"));
	second = lab_read(lab_path(lab, "judged"));
	assert_int_equal(first.len, second.len);
	assert_memory_not_equal(first.data + first.len - 64, second.data + second.len - 64, 64);
	buf_fini(&first);
	buf_fini(&second);
}

static void reduced_companion_names_the_key(void **state)
{
	struct lab *lab = *state;

	enrol(lab);
	assert_true(served_judged(lab, SIGNED, "sgn"));
	assert_int_equal(
		lab_run("cd %s && grep -q \"<certHash>$(openssl x509 -in lsc.pem -outform DER | "
			"md5sum | cut -c1-32)</certHash>\" content",
			lab->folder),
		0);
	assert_true(served_has(lab, "content", "  <fullConfig>false</fullConfig>"));
	assert_true(served_has(lab, "content", "  <encrConfig>true</encrConfig>"));
	assert_int_equal(lab_run("grep -q -e deviceSecurityMode -e callManager %s",
				 lab_path(lab, "content")),
		1);
	assert_non_null(strstr(served_text(lab, PLAIN), "<fullConfig>false</fullConfig>"));
}

/* A phone that has an LSC finds no configuration for it while another one is ordered: so it turns
 * to CAPF. */
static void order_of_another_lsc_reaches_the_phone(void **state)
{
	struct lab *lab = *state;

	enrol(lab);
	assert_int_equal(served_refused(lab, ENCRYPTED), 0);
	assert_null(strstr(served_text(lab, PLAIN), "<certHash></certHash>"));
	put(lab, "Encrypted", true);
	assert_int_equal(served_refused(lab, ENCRYPTED), ERR_NOTFOUND);
	assert_non_null(strstr(lab->why.text, "turn to CAPF first"));
	assert_non_null(strstr(served_text(lab, PLAIN), "<certHash></certHash>"));
	assert_non_null(strstr(served_text(lab, PLAIN), "<capfAuthMode>2</capfAuthMode>"));
	end_order(lab, NULL, NULL);
	assert_int_equal(served_refused(lab, ENCRYPTED), 0);
	assert_null(strstr(served_text(lab, PLAIN), "<certHash></certHash>"));
}

static void operators_configuration_does_not_leak(void **state)
{
	static const char *const names[] = {PLAIN, SIGNED, ENCRYPTED, "sep0011215a1ae4.cnf.xml",
		LAB_SEP ".cnf.xml~", LAB_SEP ".cnf.xml.bak", "old/" PLAIN, "SEPBACKUP.cnf.xml",
		"ConfigFileCacheList.txt", "link.txt"};
	static const char secret[] = "<sshPassword>secret</sshPassword>";
	struct lab *lab = *state;
	struct provision_file f;
	char name[96];
	size_t i;

	put(lab, "Encrypted", true);
	assert_int_equal(mkdir(lab_path(lab, "tftp/old"), 0755), 0);
	for (i = 0; i + 1 < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "tftp/%s", names[i]);
		lab_write(lab_path(lab, name), span_str(secret));
	}
	assert_int_equal(symlink(PLAIN, lab_path(lab, "tftp/link.txt")), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		enum err err = served_get(lab, names[i], &f);

		if (err)
			assert_int_equal(err, ERR_NOTFOUND);
		else
			assert_null(memmem(f.content.data, f.content.len, "secret", 6));
		provision_file_fini(&f);
	}
	assert_int_equal(served_refused(lab, ENCRYPTED), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, LAB_NAME ".cnf.xml"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "link.txt"), ERR_NOTFOUND);
}

static void files_of_the_folder_are_served(void **state)
{
	struct lab *lab = *state;
	struct provision_file f;

	assert_int_equal(mkdir(lab_path(lab, "tftp/Portuguese_Brazil"), 0755), 0);
	lab_write(lab_path(lab, "tftp/Portuguese_Brazil/mk-sccp.jar"), span_str("jar"));
	lab_write(lab_path(lab, "tftp/RingList.xml"), span_str("upper"));
	lab_write(lab_path(lab, "tftp/Ringlist.xml"), span_str("lower"));
	lab_write(lab_path(lab, "tftp/empty"), span_str(""));

	assert_int_equal(served_get(lab, "portuguese_brazil/MK-SCCP.jar", &f), 0);
	assert_string_equal(f.served, "Portuguese_Brazil/mk-sccp.jar");
	assert_true(span_eq(buf_span(&f.content), span_str("jar")));
	provision_file_fini(&f);
	assert_string_equal(served_text(lab, "Ringlist.xml"), "lower");
	assert_string_equal(served_text(lab, "RingList.xml"), "upper");
	assert_string_equal(served_text(lab, "ringlist.xml"), "upper");
	assert_int_equal(served_get(lab, "empty", &f), 0);
	assert_int_equal(f.content.len, 0);
	provision_file_fini(&f);
	assert_int_equal(served_refused(lab, "Portuguese_Brazil"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "none"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "none/none"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "empty/none"), ERR_NOTFOUND);
}

static void names_out_of_the_folder_are_refused(void **state)
{
	static const char *const names[] = {"", "..", "../cadeado.db", "/etc/passwd",
		"a/../../keys", "a\\b", "a\nb", "a\177", "\303\251", "a/", "a//b", "./CTLFile.tlv",
		".hidden", "a/.hidden", ".CTLFile.tlv.abcdef",
		"1234567890123456789012345678901234567890123456789012345678901234"};
	struct lab *lab = *state;
	size_t i;

	lab_write(lab_path(lab, "tftp/.hidden"), span_str("x"));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(served_refused(lab, names[i]), ERR_DENIED);
	/* No byte of a peer moves a terminal's cursor. */
	assert_int_equal(served_refused(lab, "\033[2J"), ERR_DENIED);
	assert_null(strchr(lab->why.text, '\033'));
}

static void links_do_not_lead_out_of_the_folder(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(symlink("../keys/CAPF.key", lab_path(lab, "tftp/key")), 0);
	assert_int_equal(symlink("../keys", lab_path(lab, "tftp/keys")), 0);
	assert_int_equal(symlink("/etc/passwd", lab_path(lab, "tftp/passwd")), 0);
	assert_int_equal(symlink("loop", lab_path(lab, "tftp/loop")), 0);
	assert_int_equal(symlink("real", lab_path(lab, "tftp/inside")), 0);
	lab_write(lab_path(lab, "tftp/real"), span_str("real"));
	assert_int_equal(mkfifo(lab_path(lab, "tftp/pipe"), 0644), 0);
	assert_int_equal(served_refused(lab, "key"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "keys/CAPF.key"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "passwd"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "loop"), ERR_NOTFOUND);
	assert_int_equal(served_refused(lab, "pipe"), ERR_NOTFOUND);
	assert_string_equal(served_text(lab, "inside"), "real");
}

/* With every n-th allocation failing in turn: an error and nothing half-made, then the file. */
static void every_allocation_can_fail(void **state)
{
	static const char *const names[] = {
		"CTL" LAB_SEP ".tlv", PLAIN, SIGNED, ENCRYPTED, "RingList.xml"};
	struct lab *lab = *state;

	enrol(lab);
	served_anew(lab);
	lab_write(lab_path(lab, "tftp/RingList.xml"), span_str("ring"));
	served_without_memory(lab, names, sizeof(names) / sizeof(names[0]));
}

/* The snapshot before stays whole. */
static void every_allocation_of_a_snapshot_can_fail(void **state)
{
	struct lab *lab = *state;
	struct buf list = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
	enum err err = ERR_NOMEM;
	size_t n;

	served_anew(lab);
	for (n = 1; err; n++) {
		assert_true(n < 20000);
		fail_clear(&lab->why);
		mem_fail_from(n);
		err = cluster_serve_lists(lab->c, &lab->why);
		mem_fail_from(0);
		assert_true(span_eq(cluster_served_ctl(lab->c), buf_span(&list)));
		assert_non_null(file_key_cert(cluster_file_key(lab->c)));
	}
	buf_fini(&list);
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
#define MIXED(f) cmocka_unit_test_setup_teardown(f, lab_setup_mixed, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MIXED(ctl_is_for_known_phones),
		MIXED(phones_own_list_comes_first),
		MIXED(lists_are_those_of_the_start),
		MIXED(files_are_signed_with_the_key_of_the_start),
		MIXED(every_allocation_of_a_snapshot_can_fail),
		MIXED(spoilt_ctl_is_not_served),
		TEST(clear_configuration_says_the_record),
		TEST(stamp_changes_with_what_the_file_says),
		TEST(signed_configuration_is_judged_by_another_program),
		TEST(encryption_without_a_key_tells_the_way_to_capf),
		MIXED(encrypted_configuration_is_judged_by_another_program),
		MIXED(reduced_companion_names_the_key),
		MIXED(order_of_another_lsc_reaches_the_phone),
		TEST(operators_configuration_does_not_leak),
		TEST(files_of_the_folder_are_served),
		TEST(names_out_of_the_folder_are_refused),
		TEST(links_do_not_lead_out_of_the_folder),
		MIXED(every_allocation_can_fail),
	};

	return cmocka_run_group_tests_name(
		"core/provision", tests, lab_group_setup, lab_group_teardown);
}
