/* SPDX-License-Identifier: BSD-2-Clause */
#include "lab.h"

#include "core/cluster/stage.h"
#include "crypto/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void assert_mode(const char *path, unsigned mode)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
}

/* The certificate's key is that of the key file, in the eyes of openssl. */
static void folder_holds_what_a_node_needs(void **state)
{
	struct lab *lab = *state;
	const char *subject = "-noout -subject -nameopt RFC2253";

	assert_mode(lab_path(lab, "keys"), 0700);
	assert_mode(lab_path(lab, "tokens"), 0700);
	assert_mode(lab_path(lab, "keys/CAPF.key"), 0600);
	assert_mode(lab_path(lab, "keys/CallManager.key"), 0600);
	assert_mode(lab_path(lab, "cadeado.db"), 0600);
	assert_true(lab_key_fits(lab->folder, "CallManager"));
	assert_true(lab_key_fits(lab->folder, "CAPF"));
	assert_true(lab_says("subject=CN=publisher,OU=Cadeado,O=Cadeado\n",
		"openssl x509 -in %s %s", lab_path(lab, "keys/CallManager.pem"), subject));
	assert_true(lab_says("subject=CN=CAPF-", "openssl x509 -in %s %s",
		lab_path(lab, "keys/CAPF.pem"), subject));
	assert_true(lab_says("CA:TRUE, pathlen:0", "openssl x509 -in %s -noout -text",
		lab_path(lab, "keys/CAPF.pem")));
	assert_true(lab_says("notAfter=Sep 20 ", "openssl x509 -in %s -noout -enddate",
		lab_path(lab, "keys/CAPF.pem")));
	assert_true(lab_says("OK", "openssl verify -attime %d -check_ss_sig -CAfile %s %s", LAB_NOW,
		lab_path(lab, "keys/CAPF.pem"), lab_path(lab, "keys/CAPF.pem")));
	assert_true(lab_says("OK", "openssl verify -attime %d -check_ss_sig -CAfile %s %s", LAB_NOW,
		lab_path(lab, "keys/CallManager.pem"), lab_path(lab, "keys/CallManager.pem")));
}

static enum err print_node(void *ctx, const struct store_node *n)
{
	buf_printf(ctx, "%s %s\n", n->name, n->address);
	return ERR_OK;
}

static enum err print_profile(void *ctx, const struct store_profile *p)
{
	buf_printf(ctx, "%s %d %d %d %d\n", p->name, (int)p->security_mode,
		(int)p->encrypted_config, (int)p->auth_mode, (int)p->key_bits);
	return ERR_OK;
}

static void store_begins_with_node_profiles_and_mode(void **state)
{
	struct lab *lab = *state;
	struct store *s = cluster_get_store(lab->c);
	struct buf b = {0};
	int mode = 7;

	assert_int_equal(store_node_each(s, print_node, &b, NULL), 0);
	assert_int_equal(store_profile_each(s, print_profile, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data,
		"publisher 192.0.2.10\nEncrypted 3 1 2 2048\nNon Secure 1 0 2 2048\n"
		"Non Secure SIP 1 0 2 2048\n");
	buf_fini(&b);
	assert_int_equal(cluster_mode(lab->c, &mode, NULL), 0);
	assert_int_equal(mode, 0);
	assert_int_equal(cluster_ctl(lab->c, &b, &lab->why), ERR_NOTFOUND);
	assert_non_null(strstr(lab->why.text, "set-cluster mixed-mode"));
}

static void create_again_changes_nothing(void **state)
{
	struct lab *lab = *state;
	struct settings s;
	struct buf before, after;

	settings_defaults(&s);
	snprintf(s.node, sizeof(s.node), "other");
	assert_int_equal(lab_run("cp -a %s %s.copy", lab->folder, lab->folder), 0);
	before = lab_read(lab_path(lab, "keys/CAPF.pem"));
	assert_int_equal(cluster_create(lab->folder, &s, &lab->clock, &lab->why), 0);
	after = lab_read(lab_path(lab, "keys/CAPF.pem"));
	assert_true(span_eq(buf_span(&before), buf_span(&after)));
	assert_int_equal(lab_run("diff -r %s/keys %s.copy/keys", lab->folder, lab->folder), 0);
	assert_int_equal(
		lab_run("cmp %s/cadeado.conf %s.copy/cadeado.conf", lab->folder, lab->folder), 0);
	assert_int_equal(lab_run("rm -rf %s.copy", lab->folder), 0);
	buf_fini(&before);
	buf_fini(&after);
}

static void open_says_how_to_make_one(void **state)
{
	struct lab *lab = *state;
	struct cluster *c;

	assert_int_equal(
		cluster_open(&c, lab_path(lab, "nowhere"), &lab->clock, &lab->why), ERR_NOTFOUND);
	assert_null(c);
	assert_non_null(strstr(lab->why.text, "cadeado cluster init"));
	fail_clear(&lab->why);
	assert_int_equal(unlink(lab_path(lab, "cadeado.db")), 0);
	assert_int_equal(cluster_open(&c, lab->folder, &lab->clock, &lab->why), ERR_NOTFOUND);
	assert_non_null(strstr(lab->why.text, "cadeado.db is missing"));
}

static void edited_address_is_followed(void **state)
{
	struct lab *lab = *state;
	struct buf b = {0};

	cluster_close(lab->c);
	lab->c = NULL;
	assert_int_equal(
		lab_run("sed -i 's/192.0.2.10/192.0.2.99/' %s", lab_path(lab, "cadeado.conf")), 0);
	assert_int_equal(cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why), 0);
	assert_int_equal(store_node_each(cluster_get_store(lab->c), print_node, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, "publisher 192.0.2.99\n");
	buf_fini(&b);
}

static void bad_names_are_refused(void **state)
{
	struct lab *lab = *state;
	struct settings s;

	settings_defaults(&s);
	snprintf(s.node, sizeof(s.node), "pub;OU=x");
	assert_int_equal(
		cluster_create(lab_path(lab, "new"), &s, &lab->clock, &lab->why), ERR_FORMAT);
	assert_non_null(strstr(lab->why.text, "setting node"));
	settings_defaults(&s);
	snprintf(s.address, sizeof(s.address), "a b");
	fail_clear(&lab->why);
	assert_int_equal(
		cluster_create(lab_path(lab, "new"), &s, &lab->clock, &lab->why), ERR_FORMAT);
	assert_non_null(strstr(lab->why.text, "setting address"));
}

static void store_is_where_the_setting_says(void **state)
{
	static const char *const bad[] = {"mysql:x", "sqlite:", "ram:", "postgresql:x", ""};
	struct lab *lab = *state;
	struct settings s;
	struct cluster *c;

	settings_defaults(&s);
	assert_string_equal(s.store, "sqlite:cadeado.db");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(s.store, sizeof(s.store), "%s", bad[i]);
		fail_clear(&lab->why);
		assert_int_equal(cluster_check_settings(&s, &lab->why), ERR_FORMAT);
		assert_non_null(strstr(lab->why.text, "setting store"));
	}
	assert_int_equal(lab_run("cd %s && mv cadeado.db phones.db && sed -i "
				 "'s/^store.*/store = sqlite:phones.db/' cadeado.conf",
				 lab->folder),
		0);
	assert_int_equal(cluster_open(&c, lab->folder, &lab->clock, &lab->why), 0);
	cluster_close(c);
	/* A database's password is refused before anything is connected, and is not repeated. */
	assert_int_equal(lab_run("sed -i 's/^store.*/store = postgresql:\\/\\/me:sesame@x\\/y/' %s",
				 lab_path(lab, "cadeado.conf")),
		0);
	fail_clear(&lab->why);
	assert_int_equal(cluster_open(&c, lab->folder, &lab->clock, &lab->why), ERR_ARG);
	assert_non_null(strstr(lab->why.text, "must not hold the password"));
	assert_null(strstr(lab->why.text, "sesame"));
	assert_int_equal(lab_run("sed -i 's/^store.*/store = sqlite:gone.db/' %s",
				 lab_path(lab, "cadeado.conf")),
		0);
	fail_clear(&lab->why);
	assert_int_equal(cluster_open(&c, lab->folder, &lab->clock, &lab->why), ERR_NOTFOUND);
	assert_non_null(strstr(lab->why.text, "gone.db is missing"));
}

static void certificate_of_another_key_is_made_again(void **state)
{
	struct lab *lab = *state;
	struct settings s;

	settings_defaults(&s);
	assert_int_equal(lab_run("cp %s %s", lab_path(lab, "keys/CallManager.pem"),
				 lab_path(lab, "keys/CAPF.pem")),
		0);
	assert_false(lab_key_fits(lab->folder, "CAPF"));
	assert_int_equal(cluster_create(lab->folder, &s, &lab->clock, &lab->why), 0);
	assert_true(lab_key_fits(lab->folder, "CAPF"));
	assert_true(lab_says("CN = CAPF-", "openssl x509 -in %s -noout -subject",
		lab_path(lab, "keys/CAPF.pem")));
}

static void published_keys_are_not_made_again(void **state)
{
	struct lab *lab = *state;
	struct settings s;

	settings_defaults(&s);
	assert_int_equal(unlink(lab_path(lab, "keys/CAPF.key")), 0);
	assert_int_equal(cluster_create(lab->folder, &s, &lab->clock, &lab->why), ERR_NOTNOW);
	assert_non_null(strstr(lab->why.text, "the key of CAPF"));
	assert_int_equal(access(lab_path(lab, "keys/CAPF.key"), F_OK), -1);
	fail_clear(&lab->why);
	assert_int_equal(unlink(lab_path(lab, "keys/CallManager.pem")), 0);
	assert_int_equal(cluster_create(lab->folder, &s, &lab->clock, &lab->why), ERR_NOTNOW);
	assert_non_null(strstr(lab->why.text, "the certificate of CallManager"));
}

/* --- publishing --- */

static void ctl_is_read_by_another_program(void **state)
{
	struct lab *lab = *state;
	struct cluster_signing s = {.token = lab->token[1], .pin = LAB_PIN};
	struct buf file = {0};
	int mode;

	assert_int_equal(cluster_publish_ctl(lab->c, &s, &lab->why), 0);
	assert_int_equal(s.tokens, 2);
	assert_int_equal(s.attempts_left, TOKEN_TRIES);
	assert_int_equal(cluster_mode(lab->c, &mode, NULL), 0);
	assert_int_equal(mode, 1);
	assert_int_equal(cluster_ctl(lab->c, &file, NULL), 0);
	assert_int_equal(s.bytes, file.len);
	buf_fini(&file);
	assert_int_equal(
		lab_run("/usr/bin/python3 '%s' list %s 2>%s", lab_source("data/check_sgn.py"),
			lab_path(lab, "tftp/CTLFile.tlv"), lab_path(lab, "facts")),
		0);
	file = lab_read(lab_path(lab, "facts"));
	buf_u8(&file, 0);
	const char *facts = (const char *)file.data;
	char want[256];

	assert_non_null(strstr(facts, "version 1.2\n"));
	assert_non_null(strstr(facts, "order 3,4,5,6,7,8,9,10,11,12,14,15\n"));
	assert_non_null(strstr(facts, "digest 1\n"));
	assert_non_null(strstr(facts, "filename CTLFile.tlv\n"));
	assert_non_null(strstr(facts, "timestamp 1790000000\n"));
	snprintf(want, sizeof(want), "record1 SAST CN=%s;", lab->token[1]);
	assert_non_null(strstr(facts, want));
	assert_non_null(strstr(facts, " - 0.0.0.0 signer\nrecord2 SAST "));
	assert_non_null(
		strstr(facts, "record3 CCM+TFTP CN=publisher;OU=Cadeado;O=Cadeado 192.0.2.10 "
			      "192.0.2.10\nrecord4 CAPF CN=CAPF-"));
	assert_null(strstr(facts, "record5"));
	buf_fini(&file);
}

static void host_name_has_no_address(void **state)
{
	struct lab *lab = *state;

	cluster_close(lab->c);
	lab->c = NULL;
	assert_int_equal(lab_run("sed -i 's/192.0.2.10/192.0.2.10.example/' %s",
				 lab_path(lab, "cadeado.conf")),
		0);
	assert_int_equal(cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why), 0);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	assert_true(lab_says(" 192.0.2.10.example 0.0.0.0", "/usr/bin/python3 '%s' list %s 2>&1",
		lab_source("data/check_sgn.py"), lab_path(lab, "tftp/CTLFile.tlv")));
}

static void assert_nothing_published(struct lab *lab)
{
	int mode;

	assert_int_equal(access(lab_path(lab, "tftp/CTLFile.tlv"), F_OK), -1);
	assert_int_equal(cluster_mode(lab->c, &mode, NULL), 0);
	assert_int_equal(mode, 0);
}

static void wrong_pin_changes_nothing(void **state)
{
	struct lab *lab = *state;
	struct cluster_signing s = {.token = lab->token[0], .pin = "00000000"};

	assert_int_equal(cluster_publish_ctl(lab->c, &s, &lab->why), ERR_PIN);
	assert_int_equal(s.attempts_left, TOKEN_TRIES - 1);
	assert_nothing_published(lab);
}

static void one_token_is_not_enough(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(lab_run("rm %s/tokens/%s.*", lab->folder, lab->token[1]), 0);
	assert_int_equal(lab_publish(lab, lab->token[0]), ERR_NOTNOW);
	assert_non_null(strstr(lab->why.text, "cadeado token create"));
	assert_int_equal(lab_publish(lab, lab->token[1]), ERR_NOTFOUND);
	assert_nothing_published(lab);
}

static void expired_certificate_is_not_published(void **state)
{
	struct lab *lab = *state;

	lab->clock = clock_fixed(LAB_NOW + (int64_t)6 * 365 * 86400);
	assert_int_equal(lab_publish(lab, lab->token[0]), ERR_EXPIRED);
	assert_non_null(strstr(lab->why.text, "publisher"));
	assert_nothing_published(lab);
}

static void stranger_cannot_follow(void **state)
{
	struct lab *lab = *state;
	struct token_info info[2];
	struct buf before = lab_read(lab_path(lab, "tftp/CTLFile.tlv")), after;
	int i;

	assert_int_equal(lab_run("rm %s/tokens/*", lab->folder), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(token_create(lab_path(lab, "tokens"), NULL, LAB_PIN, 1024, LAB_NOW,
					 3650, &info[i], NULL),
			0);
	assert_int_equal(lab_publish(lab, info[0].label), ERR_TRUST);
	assert_non_null(strstr(lab->why.text, "would refuse"));
	after = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
	assert_true(span_eq(buf_span(&before), buf_span(&after)));
	buf_fini(&before);
	buf_fini(&after);
	for (i = 0; i < 2; i++)
		token_info_fini(&info[i]);
}

static void second_token_and_a_third_follow(void **state)
{
	struct lab *lab = *state;
	struct token_info info;

	assert_int_equal(token_create(lab_path(lab, "tokens"), NULL, LAB_PIN, 1024, LAB_NOW, 3650,
				 &info, NULL),
		0);
	/* The third is no SAST of what phones hold; once the second has named it, it is. */
	assert_int_equal(lab_publish(lab, info.label), ERR_TRUST);
	assert_int_equal(lab_publish(lab, lab->token[1]), 0);
	assert_int_equal(lab_publish(lab, info.label), 0);
	token_info_fini(&info);
}

static void spoil(struct lab *lab, long offset_from_end)
{
	struct buf b = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));

	b.data[b.len - (size_t)offset_from_end] ^= 0x01;
	lab_write(lab_path(lab, "tftp/CTLFile.tlv"), buf_span(&b));
	buf_fini(&b);
}

static void spoilt_ctl_is_repaired_by_a_new_one(void **state)
{
	struct lab *lab = *state;

	spoil(lab, 30); /* inside the last certificate */
	assert_int_equal(
		lab_run("/usr/bin/python3 '%s' list %s 2>/dev/null",
			lab_source("data/check_sgn.py"), lab_path(lab, "tftp/CTLFile.tlv")),
		1);
	assert_int_equal(lab_publish(lab, lab->token[1]), 0);
	assert_int_equal(
		lab_run("/usr/bin/python3 '%s' list %s 2>/dev/null",
			lab_source("data/check_sgn.py"), lab_path(lab, "tftp/CTLFile.tlv")),
		0);
}

static void unreadable_ctl_is_left_to_the_operator(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(lab_run("truncate -s -7 %s", lab_path(lab, "tftp/CTLFile.tlv")), 0);
	assert_int_equal(lab_publish(lab, lab->token[0]), ERR_NOTNOW);
	assert_non_null(strstr(lab->why.text, "cadeado file delete tftp CTLFile.tlv"));
	assert_int_equal(lab_run("truncate -s 0 %s", lab_path(lab, "tftp/CTLFile.tlv")), 0);
	assert_int_equal(lab_publish(lab, lab->token[0]), ERR_NOTNOW);
	/* A file that somebody took away makes no list the first. */
	assert_int_equal(unlink(lab_path(lab, "tftp/CTLFile.tlv")), 0);
	assert_int_equal(lab_publish(lab, lab->token[0]), ERR_TRUST);
	assert_int_equal(stage_forget(lab->c, &lab->why), 0);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
#define MIXED(f) cmocka_unit_test_setup_teardown(f, lab_setup_mixed, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(folder_holds_what_a_node_needs),
		TEST(store_begins_with_node_profiles_and_mode),
		TEST(create_again_changes_nothing),
		TEST(open_says_how_to_make_one),
		TEST(edited_address_is_followed),
		TEST(bad_names_are_refused),
		TEST(store_is_where_the_setting_says),
		TEST(certificate_of_another_key_is_made_again),
		MIXED(published_keys_are_not_made_again),
		TEST(ctl_is_read_by_another_program),
		TEST(host_name_has_no_address),
		TEST(wrong_pin_changes_nothing),
		TEST(one_token_is_not_enough),
		TEST(expired_certificate_is_not_published),
		MIXED(stranger_cannot_follow),
		MIXED(second_token_and_a_third_follow),
		MIXED(spoilt_ctl_is_repaired_by_a_new_one),
		MIXED(unreadable_ctl_is_left_to_the_operator),
	};

	return cmocka_run_group_tests_name(
		"core/cluster", tests, lab_group_setup, lab_group_teardown);
}
