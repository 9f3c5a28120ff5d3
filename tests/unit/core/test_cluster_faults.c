/* SPDX-License-Identifier: BSD-2-Clause
 * Making a state folder and publishing a CTL, with each step of file writing failing in turn. */
#include "lab.h"

#include "base/file.h"
#include "core/cluster/stage.h"
#include "core/list/list.h"
#include "crypto/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum outcome { OUT_DONE, OUT_ERROR, OUT_KILLED };

#define EXIT_REFUSED 3
#define STEPS_MAX    200u

static int child_status(void (*what)(struct lab *lab), struct lab *lab, const char *fault)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (fault)
			setenv("CADEADO_FAULT", fault, 1);
		what(lab);
		_exit(EXIT_REFUSED + 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Runs `what` in a child with the n-th step from now failing in that way. */
static enum outcome in_child(
	void (*what)(struct lab *lab), struct lab *lab, unsigned n, const char *how)
{
	char fault[32];
	int status;

	/* The child goes on counting where this process stands. */
	snprintf(fault, sizeof(fault), "%u:%s", file_fault_count() + n, how);
	status = child_status(what, lab, fault);
	switch (status) {
	case 0: return OUT_DONE;
	case 137: return OUT_KILLED;
	case EXIT_REFUSED: return OUT_ERROR;
	default: fail_msg("child ended with status %d", status); return OUT_ERROR;
	}
}

static void create_in_child(struct lab *lab)
{
	struct settings s;

	settings_defaults(&s);
	_exit(cluster_create(lab_path(lab, "walk"), &s, &lab->clock, NULL) ? EXIT_REFUSED : 0);
}

/* Saves most of the time that making keys takes: what was not begun yet comes from a finished
 * folder. */
static void lend_key(struct lab *lab, const char *name)
{
	assert_int_equal(lab_run("cd %s; mkdir -m 700 -p walk/keys; test -e walk/keys/%s.key || "
				 "cp keys/%s.key keys/%s.pem walk/keys",
				 lab->folder, name, name, name),
		0);
}

static void lend_other_keys(struct lab *lab)
{
	static const char *const names[] = {"TVS", "ITLRecovery", "CTLProvider"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		lend_key(lab, names[i]);
}

static void complete(struct lab *lab, unsigned n)
{
	const char *walk = lab_path(lab, "walk");
	struct settings s;
	struct cluster *c;

	settings_defaults(&s);
	if (cluster_create(walk, &s, &lab->clock, &lab->why))
		fail_msg("step %u: %s", n, lab->why.text);
	assert_true(lab_key_fits(walk, "CallManager"));
	assert_true(lab_key_fits(walk, "CAPF"));
	assert_int_equal(cluster_open(&c, walk, &lab->clock, NULL), 0);
	cluster_close(c);
	assert_int_equal(lab_run("rm -rf %s", walk), 0);
}

static void create_survives_a_kill_up_to_the_first_key(void **state)
{
	struct lab *lab = *state;
	bool has_key = false;
	unsigned n;

	for (n = 1; !has_key && n < STEPS_MAX; n++) {
		assert_int_equal(in_child(create_in_child, lab, n, "kill"), OUT_KILLED);
		has_key = access(lab_path(lab, "walk/keys/CallManager.key"), F_OK) == 0;
		if (n % 8)
			lend_key(lab, "CallManager");
		lend_key(lab, "CAPF");
		lend_other_keys(lab);
		complete(lab, n);
	}
	assert_true(has_key);
	assert_true(n > 15);
}

static void create_survives_a_kill_while_a_certificate_is_made(void **state)
{
	struct lab *lab = *state;
	enum outcome out = OUT_KILLED;
	unsigned n, key_left_alone = 0;

	for (n = 1; out != OUT_DONE && n < STEPS_MAX; n++) {
		assert_int_equal(
			lab_run("cd %s; mkdir walk; cp -a cadeado.* tokens tftp walk", lab->folder),
			0);
		lend_key(lab, "CallManager");
		lend_other_keys(lab);
		out = in_child(create_in_child, lab, n, "kill");
		assert_int_not_equal(out, OUT_ERROR);
		key_left_alone += access(lab_path(lab, "walk/keys/CAPF.key"), F_OK) == 0 &&
				  access(lab_path(lab, "walk/keys/CAPF.pem"), F_OK) != 0;
		complete(lab, n);
	}
	assert_int_equal(out, OUT_DONE);
	assert_true(key_left_alone > 4);
}

static const char *walk_token;

static enum err publish_anew(struct lab *lab)
{
	struct cluster_signing s = {.token = walk_token, .pin = LAB_PIN};
	struct cluster *c;
	enum err err;

	/* A store is not carried over a fork. */
	if (cluster_open(&c, lab->folder, &lab->clock, NULL))
		_exit(EXIT_REFUSED + 2);
	err = cluster_publish_ctl(c, &s, NULL);
	cluster_close(c);
	return err;
}

static void publish_in_child(struct lab *lab)
{
	_exit(publish_anew(lab) ? EXIT_REFUSED : 0);
}

/* How many steps the token's counter takes, opening the folder included. */
static void count_in_child(struct lab *lab)
{
	unsigned before = file_fault_count();
	struct keystore *ks;
	struct cluster *c;

	if (cluster_open(&c, lab->folder, &lab->clock, NULL) ||
		token_open(&ks, lab_path(lab, "tokens"), walk_token, LAB_PIN, NULL, NULL))
		_exit(0);
	_exit((int)(file_fault_count() - before));
}

static bool ctl_is_whole(struct lab *lab)
{
	struct buf b = {0};
	struct tlv_list list;
	bool whole;

	assert_int_equal(cluster_ctl(lab->c, &b, NULL), 0);
	whole = !tlv_parse(&list, buf_span(&b), NULL) && !list_verify(&list, NULL);
	buf_fini(&b);
	return whole;
}

static void assert_cluster_mode(struct lab *lab, int want)
{
	int mode;

	assert_int_equal(cluster_mode(lab->c, &mode, NULL), 0);
	assert_int_equal(mode, want);
}

/* From the `first` step on: the CTL is old or new, whole, and the next publication works. */
static void walk_publish(struct lab *lab, unsigned first, const char *how)
{
	enum outcome out = OUT_KILLED;
	unsigned n;

	for (n = first; out != OUT_DONE && n < STEPS_MAX; n++) {
		struct buf old = lab_read(lab_path(lab, "tftp/CTLFile.tlv")), now;
		bool same;

		walk_token = lab->token[n % 2];
		/* No list is the one before it. */
		lab->clock = clock_fixed(LAB_NOW + n);
		out = in_child(publish_in_child, lab, n, how);
		now = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
		same = span_eq(buf_span(&old), buf_span(&now));
		buf_fini(&old);
		buf_fini(&now);
		assert_true(ctl_is_whole(lab));
		assert_cluster_mode(lab, 1);
		if (out == OUT_ERROR)
			assert_true(same);
		if (out == OUT_DONE)
			assert_false(same);
		if (out != OUT_DONE && (n % 4 == 0 || !same) && lab_publish(lab, walk_token))
			fail_msg("after step %u: %s", n, lab->why.text);
	}
	assert_int_equal(out, OUT_DONE);
	assert_true(n - first > 6);
}

/* The steps before these write the token's counter; the tests of tokens walk them in each way. */
static unsigned first_ctl_step(struct lab *lab)
{
	int steps;

	walk_token = lab->token[0];
	steps = child_status(count_in_child, lab, NULL);
	assert_true(steps > 3);
	return (unsigned)steps + 1;
}

static void publish_survives_a_kill_at_any_step(void **state)
{
	walk_publish(*state, 1, "kill");
}

static void publish_survives_a_full_disk(void **state)
{
	walk_publish(*state, first_ctl_step(*state), "full");
}

static void publish_survives_a_short_write(void **state)
{
	walk_publish(*state, first_ctl_step(*state), "short");
}

static void first_publication_is_all_or_nothing(void **state)
{
	struct lab *lab = *state;
	enum outcome out = OUT_ERROR;
	unsigned n;

	n = first_ctl_step(lab);
	assert_int_equal(access(lab_path(lab, "tftp/CTLFile.tlv"), F_OK), -1);
	assert_int_equal(
		store_param_set(cluster_get_store(lab->c), "ClusterSecurityMode", "0", NULL), 0);
	for (; out != OUT_DONE && n < STEPS_MAX; n++) {
		out = in_child(publish_in_child, lab, n, "full");
		assert_int_not_equal(out, OUT_KILLED);
		if (out == OUT_ERROR) {
			assert_int_equal(access(lab_path(lab, "tftp/CTLFile.tlv"), F_OK), -1);
			assert_cluster_mode(lab, 0);
		}
	}
	assert_int_equal(out, OUT_DONE);
	assert_true(ctl_is_whole(lab));
	assert_cluster_mode(lab, 1);
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)
#define MIXED(f) cmocka_unit_test_setup_teardown(f, lab_setup_mixed, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(create_survives_a_kill_up_to_the_first_key),
		TEST(create_survives_a_kill_while_a_certificate_is_made),
		MIXED(publish_survives_a_kill_at_any_step),
		MIXED(publish_survives_a_full_disk),
		MIXED(publish_survives_a_short_write),
		TEST(first_publication_is_all_or_nothing),
	};

	return cmocka_run_group_tests_name(
		"core/cluster_faults", tests, lab_group_setup, lab_group_teardown);
}
