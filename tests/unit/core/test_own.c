/* SPDX-License-Identifier: BSD-2-Clause
 * The node's own certificates: which exist, which are in force while one is being replaced, and
 * what the ITL says meanwhile. */
#include "lab.h"

#include "base/file.h"
#include "core/cluster/itl.h"
#include "core/cluster/own.h"
#include "core/cluster/services.h"
#include "core/list/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define STEPS_MAX 100u
#define DAY       86400

static void reopen(struct lab *lab)
{
	cluster_close(lab->c);
	if (cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why))
		fail_msg("%s", lab->why.text);
}

static struct cert *newest(struct lab *lab, enum own_cert which)
{
	struct cert *cert;

	assert_int_equal(own_newest(lab->c, which, &cert, &lab->why), 0);
	return cert;
}

/* The name of the key in force. */
static const char *in_force(struct lab *lab, enum own_cert which)
{
	static char name[STORE_NAME];
	struct cert *cert;

	if (own_in_force(lab->c, which, &cert, name, &lab->why))
		fail_msg("%s", lab->why.text);
	cert_free(cert);
	return name;
}

static void regenerate(struct lab *lab, enum own_cert which, struct own_change *change)
{
	if (own_regenerate(lab->c, which, change, &lab->why))
		fail_msg("%s", lab->why.text);
}

static enum err regenerating(struct lab *lab, enum own_cert which)
{
	struct own_change change;

	fail_clear(&lab->why);
	return own_regenerate(lab->c, which, &change, &lab->why);
}

/* As TFTP's restart does. */
static void serve(struct lab *lab)
{
	if (cluster_serve_lists(lab->c, &lab->why))
		fail_msg("%s", lab->why.text);
}

static void retire(struct lab *lab, enum own_cert which)
{
	assert_int_equal(own_retire_previous(lab->c, which, &lab->why), 0);
}

/* --- which there are --- */

static void five_with_the_profiles_of_their_kind(void **state)
{
	struct lab *lab = *state;
	int i;

	for (i = 0; i < OWN_COUNT; i++) {
		const char *name = own_name((enum own_cert)i);

		assert_true(lab_key_fits(lab->folder, name));
		assert_true(lab_says("Public-Key: (2048 bit)",
			"openssl x509 -in %s/keys/%s.pem -noout -text", lab->folder, name));
	}
	assert_true(lab_says("ITLRECOVERY_publisher",
		"openssl x509 -in %s/keys/ITLRecovery.pem -noout -subject", lab->folder));
	struct cert *cert = newest(lab, OWN_ITLRECOVERY);

	assert_int_equal(cert_not_after(cert) - cert_not_before(cert), 7300LL * DAY);
	cert_free(cert);
	assert_true(lab_says("CA:TRUE, pathlen:0", "openssl x509 -in %s/keys/CAPF.pem -noout -text",
		lab->folder));
	assert_true(lab_says("TLS Web Server Authentication",
		"openssl x509 -in %s/keys/TVS.pem -noout -text", lab->folder));
}

static void names_are_found_as_people_write_them(void **state)
{
	enum own_cert which;

	(void)state;
	assert_true(own_find("CallManager/CallManager.pem", &which));
	assert_int_equal(which, OWN_CALLMANAGER);
	assert_true(own_find("itlrecovery", &which));
	assert_int_equal(which, OWN_ITLRECOVERY);
	assert_true(own_find("tvs.pem", &which));
	assert_false(own_find("CallManager/CAPF.pem", &which));
	assert_false(own_find("CallManager-trust", &which));
	assert_false(own_find("", &which));
	assert_false(own_find("/", &which));
}

static void an_older_folder_gets_what_is_missing(void **state)
{
	struct lab *lab = *state;
	struct cert *before = newest(lab, OWN_CALLMANAGER), *after;

	assert_int_equal(
		lab_run("cd %s/keys && rm -r TVS.* ITLRecovery.* CTLProvider.* next previous",
			lab->folder),
		0);
	reopen(lab);
	assert_true(lab_key_fits(lab->folder, "TVS"));
	assert_true(lab_key_fits(lab->folder, "ITLRecovery"));
	assert_true(lab_key_fits(lab->folder, "CTLProvider"));
	after = newest(lab, OWN_CALLMANAGER);
	assert_true(span_eq(cert_der(before), cert_der(after)));
	cert_free(before);
	cert_free(after);
	/* The published list names this one: the folder opens, but nothing takes its place. */
	assert_int_equal(unlink(lab_path(lab, "keys/CallManager.key")), 0);
	reopen(lab);
	assert_int_equal(access(lab_path(lab, "keys/CallManager.key"), F_OK), -1);
	assert_int_equal(own_make_missing(lab->c, &lab->why), ERR_NOTNOW);
}

/* --- a regeneration --- */

static void the_previous_key_works_until_a_list_names_the_new_one(void **state)
{
	struct lab *lab = *state;
	struct own_change change;
	struct cert *newest;

	serve(lab);
	regenerate(lab, OWN_CALLMANAGER, &change);
	assert_int_equal(change.steps[0], OWN_STEP_CTL);
	assert_int_equal(change.steps[1], OWN_STEP_TFTP);
	assert_int_equal(change.steps[2], OWN_STEP_CALLMANAGER);
	assert_int_equal(change.steps[3], OWN_STEP_END);
	assert_true(lab_key_fits(lab->folder, "CallManager"));
	assert_true(lab_key_fits(lab->folder, "previous/CallManager"));
	assert_string_equal(in_force(lab, OWN_CALLMANAGER), "previous/CallManager");
	/* Phones know neither of two that change at once. */
	assert_int_equal(regenerating(lab, OWN_CALLMANAGER), ERR_NOTNOW);
	assert_int_equal(regenerating(lab, OWN_TVS), ERR_NOTNOW);
	assert_int_equal(regenerating(lab, OWN_ITLRECOVERY), ERR_NOTNOW);
	retire(lab, OWN_CALLMANAGER);
	assert_string_equal(in_force(lab, OWN_CALLMANAGER), "previous/CallManager");

	lab->clock = clock_fixed(LAB_NOW + 10);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	/* Published, but TFTP serves the list before: CallManager's restart comes too early. */
	assert_string_equal(in_force(lab, OWN_CALLMANAGER), "previous/CallManager");
	retire(lab, OWN_CALLMANAGER);
	assert_true(lab_key_fits(lab->folder, "previous/CallManager"));
	serve(lab);
	assert_string_equal(in_force(lab, OWN_CALLMANAGER), "CallManager");
	assert_int_equal(cluster_cert(lab->c, "CallManager", &newest, NULL), 0);
	assert_true(span_eq(cert_der(file_key_cert(cluster_file_key(lab->c))), cert_der(newest)));
	cert_free(newest);
	retire(lab, OWN_CALLMANAGER);
	assert_int_equal(access(lab_path(lab, "keys/previous/CallManager.pem"), F_OK), -1);
	assert_int_equal(access(lab_path(lab, "keys/previous/CallManager.key"), F_OK), -1);
	assert_int_equal(regenerating(lab, OWN_TVS), 0);
}

static void tvs_follows_the_itl(void **state)
{
	struct lab *lab = *state;
	struct own_change change;

	serve(lab);
	regenerate(lab, OWN_TVS, &change);
	assert_int_equal(change.steps[0], OWN_STEP_TFTP);
	assert_int_equal(change.steps[1], OWN_STEP_TVS);
	assert_string_equal(in_force(lab, OWN_TVS), "previous/TVS");
	assert_int_equal(regenerating(lab, OWN_CALLMANAGER), ERR_NOTNOW);
	lab->clock = clock_fixed(LAB_NOW + 10);
	serve(lab);
	assert_string_equal(in_force(lab, OWN_TVS), "TVS");
	retire(lab, OWN_TVS);
	assert_int_equal(regenerating(lab, OWN_CALLMANAGER), 0);
}

static void an_old_authority_stays_trusted(void **state)
{
	struct lab *lab = *state;
	struct own_change change;

	serve(lab);
	regenerate(lab, OWN_CAPF, &change);
	assert_int_equal(change.steps[2], OWN_STEP_CAPF);
	assert_int_equal(lab_run("ls %s/keys/trust/CAPF-trust/CAPF-*.pem >&2", lab->folder), 0);
	assert_string_equal(in_force(lab, OWN_CAPF), "previous/CAPF");
	lab->clock = clock_fixed(LAB_NOW + 10);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	assert_string_equal(in_force(lab, OWN_CAPF), "previous/CAPF");
	serve(lab);
	assert_string_equal(in_force(lab, OWN_CAPF), "CAPF");
}

static void where_nothing_is_published_there_is_nothing_to_wait_for(void **state)
{
	struct lab *lab = *state;
	struct own_change change;

	regenerate(lab, OWN_CALLMANAGER, &change);
	assert_string_equal(in_force(lab, OWN_CALLMANAGER), "CallManager");
	assert_int_equal(access(lab_path(lab, "keys/previous/CallManager.pem"), F_OK), -1);
	regenerate(lab, OWN_CTL_PROVIDER, &change);
	assert_int_equal(change.steps[0], OWN_STEP_PROVIDER);
}

static void publish_local(struct lab *lab, int64_t at)
{
	struct cluster_signing s = {0};

	lab->clock = clock_fixed(at);
	if (cluster_publish_ctl(lab->c, &s, &lab->why))
		fail_msg("%s", lab->why.text);
}

/* ITLRecovery lost and made anew by accident: CallManager is then all that phones can follow. */
static void the_last_anchor_is_not_replaced(void **state)
{
	struct lab *lab = *state;

	publish_local(lab, LAB_NOW);
	assert_int_equal(
		lab_run("cd %s/keys && openssl req -x509 -newkey rsa:2048 -nodes -days 7300 -subj "
			"'/O=Cadeado/OU=Cadeado/CN=ITLRECOVERY_publisher' -keyout ITLRecovery.key "
			"-out ITLRecovery.pem 2>openssl.log && chmod 600 ITLRecovery.key",
			lab->folder),
		0);
	assert_int_equal(regenerating(lab, OWN_CALLMANAGER), ERR_NOTNOW);
	assert_non_null(strstr(lab->why.text, "the only key"));
}

static void tokenless_lists_follow_a_new_callmanager_key(void **state)
{
	struct lab *lab = *state;
	struct own_change change;
	struct cluster_signing s = {0};

	publish_local(lab, LAB_NOW);
	regenerate(lab, OWN_CALLMANAGER, &change);
	/* The previous key, which phones know, signs the list that names the new one. */
	publish_local(lab, LAB_NOW + 10);
	assert_string_equal(in_force(lab, OWN_CALLMANAGER), "CallManager");
	retire(lab, OWN_CALLMANAGER);
	assert_int_equal(access(lab_path(lab, "keys/previous/CallManager.pem"), F_OK), -1);
	publish_local(lab, LAB_NOW + 20);
	/* Had it been lost, only the other key would do. */
	assert_int_equal(lab_run("cd %s/keys && cp CAPF.key CallManager.key", lab->folder), 0);
	assert_int_equal(lab_run("cd %s/keys && openssl req -x509 -key CallManager.key -days 99 "
				 "-subj '/CN=other' -out CallManager.pem",
				 lab->folder),
		0);
	reopen(lab);
	lab->clock = clock_fixed(LAB_NOW + 30);
	assert_int_equal(cluster_publish_ctl(lab->c, &s, &lab->why), ERR_TRUST);
	assert_non_null(strstr(lab->why.text, "utils ctl reset localkey"));
}

static void a_certificate_made_elsewhere_is_imported(void **state)
{
	struct lab *lab = *state;
	struct own_change change;
	struct buf pem, key;

	serve(lab);
	assert_int_equal(
		lab_run("cd %s && openssl req -x509 -newkey rsa:2048 -nodes -days 99999 -subj "
			"/CN=from-outside -keyout new.key -out new.pem 2>openssl.log && openssl req "
			"-x509 -newkey rsa:2048 -nodes -days 99999 -subj /CN=other -keyout "
			"other.key -out other.pem 2>openssl.log",
			lab->folder),
		0);
	/* openssl writes today's date; the lab's clock follows it. */
	lab->clock = clock_fixed(clock_seconds(clock_system()) + 60);
	pem = lab_read(lab_path(lab, "new.pem"));
	key = lab_read(lab_path(lab, "other.key"));
	assert_int_equal(own_import(lab->c, OWN_CALLMANAGER, buf_span(&pem), buf_span(&key),
				 &change, &lab->why),
		ERR_VERIFY);
	assert_int_equal(own_import(lab->c, OWN_CALLMANAGER, buf_span(&pem), (struct span){0},
				 &change, &lab->why),
		ERR_VERIFY);
	buf_fini(&key);
	key = lab_read(lab_path(lab, "new.key"));
	assert_int_equal(
		own_import(lab->c, OWN_CAPF, buf_span(&pem), buf_span(&key), &change, &lab->why),
		0); /* openssl's own are CA:TRUE */
	assert_int_equal(own_import(lab->c, OWN_CALLMANAGER, buf_span(&pem), buf_span(&key),
				 &change, &lab->why),
		0);
	assert_true(lab_key_fits(lab->folder, "CallManager"));
	assert_true(lab_key_fits(lab->folder, "previous/CallManager"));
	assert_true(lab_says("from-outside",
		"openssl x509 -in %s/keys/CallManager.pem -noout -subject", lab->folder));
	assert_string_equal(in_force(lab, OWN_CALLMANAGER), "previous/CallManager");
	buf_fini(&pem);
	buf_fini(&key);
}

static int regen_in_child(struct lab *lab, unsigned n, const char *how)
{
	struct own_change change;
	char fault[32];
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		struct cluster *c;

		if (cluster_open(&c, lab->folder, &lab->clock, NULL))
			_exit(9);
		snprintf(fault, sizeof(fault), "%u:%s", file_fault_count() + n, how);
		setenv("CADEADO_FAULT", fault, 1);
		_exit(own_regenerate(c, OWN_CALLMANAGER, &change, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 9);
	return WEXITSTATUS(status);
}

static void walk_regeneration(struct lab *lab, const char *how)
{
	struct cert *old = newest(lab, OWN_CALLMANAGER), *now, *force;
	char key[STORE_NAME];
	unsigned n;
	int out = 1, done = 0, undone = 0;

	assert_int_equal(lab_run("cp -a %s/keys %s/kept", lab->folder, lab->folder), 0);
	for (n = 1; out != 0 && n < STEPS_MAX; n++) {
		out = regen_in_child(lab, n, how);
		reopen(lab);
		assert_true(lab_key_fits(lab->folder, "CallManager"));
		now = newest(lab, OWN_CALLMANAGER);
		/* Whatever happened, what phones know is in force. */
		assert_int_equal(own_in_force(lab->c, OWN_CALLMANAGER, &force, key, &lab->why), 0);
		assert_true(span_eq(cert_der(old), cert_der(force)));
		assert_true(lab_key_fits(lab->folder, key));
		assert_int_equal(lab_run("ls %s/keys/next/ | grep -v '^\\.' >&2", lab->folder), 1);
		if (span_eq(cert_der(old), cert_der(now))) {
			assert_string_equal(key, "CallManager");
			undone++;
		} else {
			assert_string_equal(key, "previous/CallManager");
			done++;
		}
		cert_free(now);
		cert_free(force);
		assert_int_equal(lab_run("rm -rf %s/keys && cp -a %s/kept %s/keys", lab->folder,
					 lab->folder, lab->folder),
			0);
	}
	assert_int_equal(out, 0);
	assert_true(undone > 5 && done > 0);
	cert_free(old);
}

static void a_regeneration_survives_a_kill(void **state)
{
	walk_regeneration(*state, "kill");
}

static void a_regeneration_survives_a_full_disk(void **state)
{
	walk_regeneration(*state, "full");
}

/* --- the ITL --- */

static struct buf itl(struct lab *lab)
{
	struct buf out = {0};

	if (cluster_build_itl(lab->c, &out, &lab->why))
		fail_msg("%s", lab->why.text);
	return out;
}

/* What another program reads in it. */
static int itl_says(struct lab *lab, const struct buf *list, const char *text)
{
	lab_write(lab_path(lab, "list"), buf_span(list));
	return lab_says(text, "/usr/bin/python3 '%s' list %s 2>&1", lab_source("data/check_sgn.py"),
		lab_path(lab, "list"));
}

static void itl_is_read_by_another_program(void **state)
{
	struct lab *lab = *state;
	struct buf list = itl(lab);

	assert_true(itl_says(lab, &list, "filename ITLFile.tlv\n"));
	assert_true(itl_says(lab, &list, "record1 SAST CN=publisher;OU=Cadeado;O=Cadeado"));
	assert_true(itl_says(lab, &list, "record2 SAST CN=ITLRECOVERY_publisher;"));
	assert_true(itl_says(lab, &list, "record3 TFTP CN=publisher;"));
	assert_true(itl_says(lab, &list, "record4 TVS CN=publisher;"));
	assert_true(itl_says(lab, &list, "record5 CAPF CN=CAPF-"));
	assert_int_equal(
		lab_run("/usr/bin/python3 '%s' list %s 2>&1 | grep -c \"hash $(openssl x509 -in "
			"%s/keys/TVS.pem -outform DER | openssl dgst -sha1 -r | cut -c1-40)\" >&2",
			lab_source("data/check_sgn.py"), lab_path(lab, "list"), lab->folder),
		0);
	buf_fini(&list);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	list = itl(lab);
	assert_true(itl_says(lab, &list, "record3 CCM+TFTP CN=publisher;"));
	buf_fini(&list);
}

static void an_itl_that_says_nothing_new_is_the_same(void **state)
{
	struct lab *lab = *state;
	struct buf a, b;

	serve(lab);
	a = itl(lab);
	lab->clock = clock_fixed(LAB_NOW + 1000);
	b = itl(lab);
	assert_true(span_eq(buf_span(&a), buf_span(&b)));
	buf_fini(&a);
	buf_fini(&b);
}

static bool signed_by(const struct buf *list, const struct cert *cert)
{
	struct tlv_list l;

	return !tlv_parse(&l, buf_span(list), NULL) && !list_verify(&l, NULL) &&
	       span_eq(l.header.serial, cert_serial(cert));
}

static bool follows(const struct buf *held, const struct buf *offered)
{
	struct tlv_list a, b;

	return !tlv_parse(&a, buf_span(held), NULL) && !tlv_parse(&b, buf_span(offered), NULL) &&
	       !list_check_signer(b.file, &b.header, &a, LIST_MAY_SIGN_LISTS, NULL, NULL);
}

static void every_itl_is_signed_by_a_key_of_the_one_before(void **state)
{
	struct lab *lab = *state;
	struct own_change change;
	struct buf first, second, third;

	serve(lab);
	first = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	regenerate(lab, OWN_CALLMANAGER, &change);
	lab->clock = clock_fixed(LAB_NOW + 10);
	serve(lab);
	second = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_true(follows(&first, &second));
	retire(lab, OWN_CALLMANAGER);
	assert_int_equal(access(lab_path(lab, "keys/previous/CallManager.pem"), F_OK), -1);
	lab->clock = clock_fixed(LAB_NOW + 20);
	serve(lab);
	third = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_true(follows(&second, &third));
	struct cert *now = newest(lab, OWN_CALLMANAGER);

	assert_true(signed_by(&third, now));
	cert_free(now);
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&third);
}

static void a_setting_names_the_signer(void **state)
{
	struct lab *lab = *state;
	struct cert *recovery = newest(lab, OWN_ITLRECOVERY);
	struct buf list;

	assert_int_equal(lab_run("sed -i 's/^list_signer.*/list_signer = ITLRecovery/' %s",
				 lab_path(lab, "cadeado.conf")),
		0);
	reopen(lab);
	list = itl(lab);
	assert_true(signed_by(&list, recovery));
	buf_fini(&list);
	publish_local(lab, LAB_NOW);
	list = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
	assert_true(signed_by(&list, recovery));
	buf_fini(&list);
	cert_free(recovery);
}

static size_t records_of(const struct buf *list)
{
	struct tlv_list l;

	assert_int_equal(tlv_parse(&l, buf_span(list), NULL), 0);
	return l.count;
}

static void an_empty_itl_ends_by_itself(void **state)
{
	struct lab *lab = *state;
	int64_t until;
	struct buf list;

	assert_int_equal(cluster_set_rollback(lab->c, LAB_NOW, &lab->why), ERR_ARG);
	assert_int_equal(cluster_set_rollback(lab->c, LAB_NOW + 31 * DAY, &lab->why), ERR_ARG);
	assert_int_equal(cluster_set_rollback(lab->c, LAB_NOW + DAY, &lab->why), 0);
	serve(lab);
	list = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_int_equal(records_of(&list), 2);
	assert_true(itl_says(lab, &list, "record2 SAST CN=ITLRECOVERY_publisher;"));
	buf_fini(&list);
	/* Nobody restarts anything: the time alone ends it. */
	lab->clock = clock_fixed(LAB_NOW + DAY - 1);
	assert_int_equal(cluster_serve_now(lab->c, &lab->why), 0);
	list = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_int_equal(records_of(&list), 2);
	buf_fini(&list);
	lab->clock = clock_fixed(LAB_NOW + DAY);
	assert_int_equal(cluster_serve_now(lab->c, &lab->why), 0);
	list = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_int_equal(records_of(&list), 5);
	buf_fini(&list);
	assert_int_equal(cluster_rollback(lab->c, &until, &lab->why), 0);
	assert_int_equal(until, 0);
}

static void a_reset_itl_stays_until_it_is_ended(void **state)
{
	struct lab *lab = *state;
	struct cert *recovery = newest(lab, OWN_ITLRECOVERY);
	struct buf list;
	bool kept;

	serve(lab);
	lab->clock = clock_fixed(LAB_NOW + 10);
	assert_int_equal(cluster_reset_itl(lab->c, NULL, NULL, &lab->why), 0);
	serve(lab);
	list = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_true(signed_by(&list, recovery));
	assert_int_equal(cluster_itl_kept(lab->c, &kept, &lab->why), 0);
	assert_true(kept);
	assert_int_equal(cluster_itl_normal(lab->c, &lab->why), 0);
	serve(lab);
	buf_fini(&list);
	list = lab_read(lab_path(lab, "tftp/ITLFile.tlv"));
	assert_false(signed_by(&list, recovery));
	buf_fini(&list);
	cert_free(recovery);
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
#define MIXED(f) cmocka_unit_test_setup_teardown(f, lab_setup_mixed, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(five_with_the_profiles_of_their_kind),
		TEST(names_are_found_as_people_write_them),
		MIXED(an_older_folder_gets_what_is_missing),
		MIXED(the_previous_key_works_until_a_list_names_the_new_one),
		MIXED(tvs_follows_the_itl),
		MIXED(an_old_authority_stays_trusted),
		TEST(where_nothing_is_published_there_is_nothing_to_wait_for),
		TEST(the_last_anchor_is_not_replaced),
		TEST(tokenless_lists_follow_a_new_callmanager_key),
		TEST(a_certificate_made_elsewhere_is_imported),
		MIXED(a_regeneration_survives_a_kill),
		MIXED(a_regeneration_survives_a_full_disk),
		TEST(itl_is_read_by_another_program),
		TEST(an_itl_that_says_nothing_new_is_the_same),
		TEST(every_itl_is_signed_by_a_key_of_the_one_before),
		TEST(a_setting_names_the_signer),
		TEST(an_empty_itl_ends_by_itself),
		TEST(a_reset_itl_stays_until_it_is_ended),
	};

	return cmocka_run_group_tests_name("core/own", tests, lab_group_setup, lab_group_teardown);
}
