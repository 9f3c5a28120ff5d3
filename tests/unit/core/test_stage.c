/* SPDX-License-Identifier: BSD-2-Clause
 * A CTL on its way: who may publish what, and what a node that dies or runs out of disk holds
 * afterwards. */
#include "lab.h"
#include "lists.h"

#include "base/file.h"
#include "core/cluster/own.h"
#include "core/cluster/stage.h"
#include "core/device/device.h"
#include "core/list/list.h"
#include "core/tokens/tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define ID_A      "0123456789abcdef0123456789abcdef"
#define ID_B      "fedcba9876543210fedcba9876543210"
#define STEPS_MAX 100u

/* Lists that this cluster's tokens sign elsewhere: made in copies of the folder. */
static struct buf made(struct lab *lab, const char *token, int64_t at, bool non_secure)
{
	char folder[160];
	struct clock clock = clock_fixed(at);
	struct cluster_signing s = {.token = token, .pin = LAB_PIN, .non_secure = non_secure};
	struct cluster *c;
	struct buf list = {0};
	struct fail why = {0};

	snprintf(folder, sizeof(folder), "%s-made", lab->folder);
	assert_int_equal(lab_run("rm -rf %s && cp -a %s %s", folder, lab->folder, folder), 0);
	assert_int_equal(cluster_open(&c, folder, &clock, &why), 0);
	if (at < LAB_NOW)
		assert_int_equal(stage_forget(c, &why), 0);
	if (cluster_publish_ctl(c, &s, &why))
		fail_msg("%s", why.text);
	assert_int_equal(cluster_ctl(c, &list, &why), 0);
	cluster_close(c);
	assert_int_equal(lab_run("rm -rf %s", folder), 0);
	return list;
}

static enum err put(struct lab *lab, const char *id, const struct buf *list)
{
	struct stage_status now;
	struct stage_request r = {.id = id, .by = "admin", .list = buf_span(list)};

	assert_int_equal(stage_status(lab->c, &now, &lab->why), 0);
	r.has_present = now.has_ctl;
	memcpy(r.present, now.ctl, sizeof(r.present));
	fail_clear(&lab->why);
	return stage_put(lab->c, &r, &lab->why);
}

static bool published_is(struct lab *lab, const struct buf *list)
{
	struct buf now = {0};
	bool same = !cluster_ctl(lab->c, &now, NULL) && span_eq(buf_span(&now), buf_span(list));

	buf_fini(&now);
	return same;
}

static int mode_of(struct lab *lab)
{
	int mode;

	assert_int_equal(cluster_mode(lab->c, &mode, NULL), 0);
	return mode;
}

static enum err count_one(void *ctx, const char *unit, const char *name, const struct cert *cert)
{
	(void)name;
	(void)cert;
	*(int *)ctx += strcmp(unit, "Phone-SAST-trust") == 0;
	return ERR_OK;
}

static int trusted(struct lab *lab)
{
	int count = 0;

	assert_int_equal(trust_each(lab->c, count_one, &count, &lab->why), 0);
	return count;
}

static void two_phases(void **state)
{
	struct lab *lab = *state;
	struct buf next = made(lab, lab->token[1], LAB_NOW + 10, true);
	struct stage_status s;

	lab->clock = clock_fixed(LAB_NOW + 20);
	assert_int_equal(put(lab, ID_A, &next), 0);
	assert_int_equal(stage_status(lab->c, &s, &lab->why), 0);
	assert_string_equal(s.staged, ID_A);
	assert_string_equal(s.staged_by, "admin");
	assert_int_equal(s.staged_at, LAB_NOW + 20);
	assert_int_equal(s.mode, 1);
	assert_false(published_is(lab, &next));
	assert_int_equal(put(lab, ID_A, &next), 0);
	assert_int_equal(stage_activate(lab->c, ID_B, "admin", &lab->why), ERR_NOTFOUND);
	assert_int_equal(stage_activate(lab->c, ID_A, "admin", &lab->why), 0);
	assert_int_equal(stage_activate(lab->c, ID_A, "admin", &lab->why), 0);
	assert_int_equal(put(lab, ID_A, &next), 0);
	assert_true(published_is(lab, &next));
	assert_int_equal(stage_status(lab->c, &s, &lab->why), 0);
	assert_string_equal(s.staged, "");
	assert_string_equal(s.last, ID_A);
	/* The list is one for non-secure mode, and nobody was asked for anything else. */
	assert_int_equal(s.mode, 0);
	assert_int_equal(stage_abort(lab->c, ID_A, "admin", &lab->why), ERR_NOTNOW);
	buf_fini(&next);
}

static void tokens_are_vouched_for_as_soon_as_they_are_staged(void **state)
{
	struct lab *lab = *state;
	struct buf next;
	int before = trusted(lab);

	assert_int_equal(lab_run("rm -rf %s/keys/trust/*", lab->folder), 0);
	next = made(lab, lab->token[1], LAB_NOW + 10, false);
	assert_int_equal(put(lab, ID_A, &next), 0);
	assert_int_equal(trusted(lab), 2);
	assert_int_equal(stage_abort(lab->c, ID_A, "admin", &lab->why), 0);
	assert_int_equal(stage_abort(lab->c, ID_A, "admin", &lab->why), 0);
	assert_int_equal(trusted(lab), 0);
	assert_int_equal(before, 2);
	assert_int_equal(stage_activate(lab->c, ID_A, "admin", &lab->why), ERR_NOTFOUND);
	buf_fini(&next);
}

static void a_removed_token_is_vouched_for_no_longer(void **state)
{
	struct lab *lab = *state;
	struct tokens *t;

	assert_int_equal(tokens_open(&t, lab_path(lab, "tokens"), NULL, &lab->clock, &lab->why), 0);
	assert_int_equal(tokens_create_file(t, NULL, LAB_PIN, NULL, &lab->why), 0);
	lab->clock = clock_fixed(LAB_NOW + 1);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	assert_int_equal(trusted(lab), 3);
	assert_int_equal(tokens_retire(t, lab->token[1], false, &lab->why), 0);
	tokens_close(t);
	lab->clock = clock_fixed(LAB_NOW + 2);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	assert_int_equal(trusted(lab), 2);
	assert_int_equal(lab_publish(lab, lab->token[1]), ERR_DENIED);
}

static void a_list_by_a_retired_token_is_refused(void **state)
{
	struct lab *lab = *state;
	struct buf next = made(lab, lab->token[1], LAB_NOW + 10, false);
	struct tokens *t;

	assert_int_equal(tokens_open(&t, lab_path(lab, "tokens"), NULL, &lab->clock, &lab->why), 0);
	assert_int_equal(tokens_retire(t, lab->token[1], true, &lab->why), 0);
	tokens_close(t);
	assert_int_equal(put(lab, ID_A, &next), ERR_TRUST);
	assert_non_null(strstr(lab->why.text, "retired"));
	buf_fini(&next);
}

static void a_stranger_s_list_is_refused(void **state)
{
	struct lab *lab = *state;
	struct buf own = made(lab, lab->token[1], LAB_NOW + 10, false), strange;
	char folder[sizeof(lab->folder)];

	/* The same node with other tokens. */
	snprintf(folder, sizeof(folder), "%.100s-strange", lab->folder);
	assert_int_equal(lab_run("cp -a %s %s && rm %s/tokens/*", lab->folder, folder, folder), 0);
	struct lab other = *lab;
	struct tokens *t;
	const struct token_entry *e;
	char label[64];

	snprintf(other.folder, sizeof(other.folder), "%s", folder);
	assert_int_equal(cluster_open(&other.c, folder, &other.clock, &other.why), 0);
	assert_int_equal(
		tokens_open(&t, lab_path(&other, "tokens"), NULL, &other.clock, &other.why), 0);
	assert_int_equal(tokens_create_file(t, NULL, LAB_PIN, NULL, &other.why), 0);
	assert_int_equal(tokens_create_file(t, NULL, LAB_PIN, &e, &other.why), 0);
	snprintf(label, sizeof(label), "%s", e->label);
	tokens_close(t);
	assert_int_equal(stage_forget(other.c, &other.why), 0);
	assert_int_equal(lab_publish(&other, label), 0);
	strange = lab_read(lab_path(&other, "tftp/CTLFile.tlv"));
	cluster_close(other.c);
	assert_int_equal(lab_run("rm -rf %s", folder), 0);

	assert_int_equal(put(lab, ID_A, &strange), ERR_TRUST);
	/* Not even where the present one was taken away: phones hold it. */
	assert_int_equal(unlink(lab_path(lab, "tftp/CTLFile.tlv")), 0);
	assert_int_equal(put(lab, ID_A, &strange), ERR_TRUST);
	assert_non_null(strstr(lab->why.text, "file delete tftp CTLFile.tlv"));
	assert_int_equal(put(lab, ID_A, &own), ERR_TRUST);
	assert_int_equal(stage_forget(lab->c, &lab->why), 0);
	assert_int_equal(put(lab, ID_A, &strange), 0);
	buf_fini(&own);
	buf_fini(&strange);
}

static void what_cannot_be_a_list_is_refused(void **state)
{
	struct lab *lab = *state;
	struct buf next = made(lab, lab->token[1], LAB_NOW + 10, false);

	next.data[next.len - 30] ^= 1;
	assert_int_equal(put(lab, ID_A, &next), ERR_VERIFY);
	next.len = 7;
	assert_int_equal(put(lab, ID_A, &next), ERR_VERIFY);
	assert_int_equal(put(lab, "../../../../etc/passwd", &next), ERR_ARG);
	buf_fini(&next);
}

static void add_phone(struct lab *lab, const char *name, const char *model)
{
	const struct device_value v = {device_field_find("device-type"), model};

	if (device_set(lab->c, name, DEVICE_ADD, &v, 1, &lab->why))
		fail_msg("%s", lab->why.text);
}

/* Phones that cannot check a signature refuse every later list, too: nothing but erasing helps. */
static void a_signature_that_phones_cannot_check_is_refused(void **state)
{
	struct lab *lab = *state;
	struct list_entry entries[] = {{.role = TLV_ROLE_CCM_TFTP, .cert = callmanager},
		{.role = TLV_ROLE_SAST, .cert = token1}, {.role = TLV_ROLE_SAST, .cert = token2}};
	struct list_request r = {.kind = LIST_CTL,
		.entries = entries,
		.count = 3,
		.signer = token1,
		.digest = DIGEST_SHA512,
		.timestamp = LAB_NOW,
		.now = MADE};
	struct buf list = {0}, signature = {0};
	struct span pieces[2];

	assert_int_equal(list_build(&list, &r, pieces, &lab->why), 0);
	assert_int_equal(key_sign(token1_key, r.digest, pieces, 2, &signature), 0);
	assert_int_equal(list_finish(&list, buf_span(&signature), &lab->why), 0);
	add_phone(lab, LAB_NAME, "Cisco 8841");
	add_phone(lab, LAB_SEP, "Cisco 7961");
	assert_int_equal(put(lab, ID_A, &list), ERR_TRUST);
	assert_non_null(strstr(lab->why.text,
		"SHA-512 would lock 1 phones out, for they cannot check it: the first is " LAB_SEP));
	/* Without that phone it may be. */
	assert_int_equal(device_delete(lab->c, LAB_SEP, &lab->why), 0);
	assert_int_equal(put(lab, ID_A, &list), 0);
	/* Added meanwhile, it is not forgotten. */
	add_phone(lab, LAB_SEP, "Cisco 7961");
	assert_int_equal(stage_activate(lab->c, ID_A, "admin", &lab->why), ERR_TRUST);
	buf_fini(&list);
	buf_fini(&signature);
}

static void two_administrators_do_not_overtake_each_other(void **state)
{
	struct lab *lab = *state;
	struct buf a = made(lab, lab->token[0], LAB_NOW + 10, false),
		   b = made(lab, lab->token[1], LAB_NOW + 11, false);
	struct stage_request late = {.id = ID_B, .by = "second", .list = buf_span(&b)};
	struct stage_status s;

	assert_int_equal(stage_status(lab->c, &s, &lab->why), 0);
	late.has_present = true;
	memcpy(late.present, s.ctl, sizeof(s.ctl));
	assert_int_equal(put(lab, ID_A, &a), 0);
	assert_int_equal(stage_put(lab->c, &late, &lab->why), ERR_NOTNOW);
	assert_non_null(strstr(lab->why.text, "admin"));
	assert_non_null(strstr(lab->why.text, ID_A));
	assert_int_equal(put(lab, ID_A, &b), ERR_NOTNOW);
	assert_int_equal(stage_activate(lab->c, ID_A, "admin", &lab->why), 0);
	assert_int_equal(stage_put(lab->c, &late, &lab->why), ERR_EXISTS);
	assert_true(published_is(lab, &a));
	buf_fini(&a);
	buf_fini(&b);
}

static void a_forgotten_publication_gives_way(void **state)
{
	struct lab *lab = *state;
	struct buf a = made(lab, lab->token[0], LAB_NOW + 10, false),
		   b = made(lab, lab->token[1], LAB_NOW + 11, false);

	assert_int_equal(put(lab, ID_A, &a), 0);
	lab->clock = clock_fixed(LAB_NOW + STAGE_LIFE - 1);
	assert_int_equal(put(lab, ID_B, &b), ERR_NOTNOW);
	lab->clock = clock_fixed(LAB_NOW + STAGE_LIFE);
	assert_int_equal(put(lab, ID_B, &b), 0);
	assert_int_equal(stage_activate(lab->c, ID_A, "admin", &lab->why), ERR_NOTFOUND);
	assert_int_equal(stage_activate(lab->c, ID_B, "second", &lab->why), 0);
	buf_fini(&a);
	buf_fini(&b);
}

static void a_clock_set_back_publishes_nothing(void **state)
{
	struct lab *lab = *state;
	struct buf ahead = made(lab, lab->token[0], LAB_NOW + 3 * 86400, false);

	assert_int_equal(put(lab, ID_A, &ahead), ERR_EXPIRED);
	assert_non_null(strstr(lab->why.text, "clock"));
	lab->clock = clock_fixed(LAB_NOW + 100);
	assert_int_equal(lab_publish(lab, lab->token[0]), 0);
	lab->clock = clock_fixed(LAB_NOW + 50);
	assert_int_equal(lab_publish(lab, lab->token[0]), ERR_EXPIRED);
	assert_non_null(strstr(lab->why.text, "set the clock"));
	buf_fini(&ahead);
}

/* --- faults --- */

static const char *walk_how;
static struct buf walk_list;

static int in_child(
	struct lab *lab, unsigned n, enum err (*what)(struct lab *lab, struct cluster *c))
{
	char fault[32];
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		struct cluster *c;

		/* A store is not carried over a fork. */
		if (cluster_open(&c, lab->folder, &lab->clock, NULL))
			_exit(9);
		snprintf(fault, sizeof(fault), "%u:%s", file_fault_count() + n, walk_how);
		setenv("CADEADO_FAULT", fault, 1);
		_exit(what(lab, c) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 9);
	return WEXITSTATUS(status);
}

static enum err put_in_child(struct lab *lab, struct cluster *c)
{
	struct stage_request r = {.id = ID_A, .by = "admin", .list = buf_span(&walk_list)};
	struct stage_status now;
	enum err err = stage_status(c, &now, NULL);

	(void)lab;
	r.has_present = now.has_ctl;
	memcpy(r.present, now.ctl, sizeof(r.present));
	return err ? err : stage_put(c, &r, NULL);
}

static enum err activate_in_child(struct lab *lab, struct cluster *c)
{
	(void)lab;
	return stage_activate(c, ID_A, "admin", NULL);
}

static void walk_put(struct lab *lab, const char *how)
{
	struct buf old = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
	struct stage_status s;
	unsigned n;
	int out = 1;

	walk_how = how;
	walk_list = made(lab, lab->token[1], LAB_NOW + 10, true);
	assert_int_equal(lab_run("rm -rf %s/keys/trust/*", lab->folder), 0);
	for (n = 1; out != 0 && n < STEPS_MAX; n++) {
		out = in_child(lab, n, put_in_child);
		if (out == 1) {
			/* Refused: nothing is left of it. */
			assert_int_equal(access(lab_path(lab, "ctl/staged.tlv"), F_OK), -1);
			assert_int_equal(trusted(lab), 0);
		}
		assert_int_equal(stage_recover(lab->c, &lab->why), 0);
		assert_int_equal(stage_status(lab->c, &s, &lab->why), 0);
		assert_true(!*s.staged || strcmp(s.staged, ID_A) == 0);
		assert_int_equal(trusted(lab), *s.staged ? 2 : 0);
		assert_true(published_is(lab, &old));
		assert_int_equal(s.mode, 1);
		assert_int_equal(put(lab, ID_A, &walk_list), 0);
		assert_int_equal(stage_abort(lab->c, ID_A, "admin", &lab->why), 0);
		assert_int_equal(trusted(lab), 0);
	}
	assert_int_equal(out, 0);
	assert_true(n > 10);
	buf_fini(&walk_list);
	buf_fini(&old);
}

static void staging_survives_a_kill(void **state)
{
	walk_put(*state, "kill");
}

static void staging_survives_a_full_disk(void **state)
{
	walk_put(*state, "full");
}

static void staging_survives_a_short_write(void **state)
{
	walk_put(*state, "short");
}

/* Between a list for mixed mode and one for non-secure mode: list and mode go together. */
static void walk_activate(struct lab *lab, const char *how)
{
	struct buf old = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
	struct stage_status s;
	unsigned n, old_seen = 0, new_seen = 0;
	int out = 1;
	bool is_new;

	walk_how = how;
	walk_list = made(lab, lab->token[1], LAB_NOW + 10, true);
	for (n = 1; out != 0 && n < STEPS_MAX; n++) {
		assert_int_equal(put(lab, ID_A, &walk_list), 0);
		out = in_child(lab, n, activate_in_child);
		is_new = published_is(lab, &walk_list);
		assert_true(is_new || published_is(lab, &old));
		if (out == 1) {
			assert_false(is_new);
			assert_int_equal(mode_of(lab), 1);
		}
		assert_int_equal(stage_recover(lab->c, &lab->why), 0);
		assert_int_equal(mode_of(lab), !is_new);
		assert_int_equal(stage_status(lab->c, &s, &lab->why), 0);
		assert_string_equal(is_new ? s.last : s.staged, ID_A);
		assert_string_equal(is_new ? s.staged : "", "");
		is_new ? new_seen++ : old_seen++;
		/* Whoever comes next finishes it. */
		assert_int_equal(stage_activate(lab->c, ID_A, "admin", &lab->why), 0);
		assert_true(published_is(lab, &walk_list));
		assert_int_equal(mode_of(lab), 0);
		/* And back, for the next step. */
		assert_int_equal(stage_forget(lab->c, &lab->why), 0);
		assert_int_equal(stage_publish_here(lab->c, buf_span(&old), "admin", &lab->why), 0);
		assert_int_equal(mode_of(lab), 1);
	}
	assert_int_equal(out, 0);
	assert_true(old_seen > 3);
	if (strcmp(how, "kill") == 0)
		assert_true(new_seen > 3);
	buf_fini(&walk_list);
	buf_fini(&old);
}

/* What is published already can be staged and rolled back like any other list, and whoever dies
 * while it is activated leaves a publication that is either waiting or active. */
static void the_published_list_is_staged_again(void **state)
{
	struct lab *lab = *state;
	struct stage_status s;
	unsigned n;
	int out = 1, sasts = trusted(lab);

	walk_how = "kill";
	walk_list = lab_read(lab_path(lab, "tftp/CTLFile.tlv"));
	for (n = 1; out != 0 && n < STEPS_MAX; n++) {
		assert_int_equal(put(lab, ID_A, &walk_list), 0);
		assert_int_equal(stage_recover(lab->c, &lab->why), 0);
		assert_int_equal(stage_status(lab->c, &s, &lab->why), 0);
		assert_string_equal(s.staged, ID_A);
		assert_string_not_equal(s.last, ID_A);
		assert_int_equal(stage_abort(lab->c, ID_A, "admin", &lab->why), 0);
		assert_int_equal(stage_status(lab->c, &s, &lab->why), 0);
		assert_string_equal(s.staged, "");
		assert_int_equal(put(lab, ID_A, &walk_list), 0);
		out = in_child(lab, n, activate_in_child);
		assert_int_equal(stage_recover(lab->c, &lab->why), 0);
		assert_int_equal(stage_status(lab->c, &s, &lab->why), 0);
		assert_true(!*s.staged == (strcmp(s.last, ID_A) == 0));
		assert_int_equal(stage_activate(lab->c, ID_A, "admin", &lab->why), 0);
		assert_int_equal(stage_abort(lab->c, ID_A, "admin", &lab->why), ERR_NOTNOW);
		assert_true(published_is(lab, &walk_list));
		assert_int_equal(trusted(lab), sasts);
		/* Another id was the last one, for the next step. */
		assert_int_equal(put(lab, ID_B, &walk_list), 0);
		assert_int_equal(stage_activate(lab->c, ID_B, "admin", &lab->why), 0);
	}
	assert_int_equal(out, 0);
	assert_true(n > 5);
	buf_fini(&walk_list);
}

static void activation_survives_a_kill(void **state)
{
	walk_activate(*state, "kill");
}

static void activation_survives_a_full_disk(void **state)
{
	walk_activate(*state, "full");
}

static void activation_survives_a_short_write(void **state)
{
	walk_activate(*state, "short");
}

static int set_up(void **state)
{
	return lists_setup(state) || lab_group_setup(state);
}

static int tear_down(void **state)
{
	return lab_group_teardown(state) || lists_teardown(state);
}

#define MIXED(f) cmocka_unit_test_setup_teardown(f, lab_setup_mixed, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MIXED(two_phases),
		MIXED(tokens_are_vouched_for_as_soon_as_they_are_staged),
		MIXED(a_removed_token_is_vouched_for_no_longer),
		MIXED(a_list_by_a_retired_token_is_refused),
		MIXED(a_stranger_s_list_is_refused),
		MIXED(what_cannot_be_a_list_is_refused),
		cmocka_unit_test_setup_teardown(
			a_signature_that_phones_cannot_check_is_refused, lab_setup, lab_teardown),
		MIXED(two_administrators_do_not_overtake_each_other),
		MIXED(a_forgotten_publication_gives_way),
		MIXED(a_clock_set_back_publishes_nothing),
		MIXED(staging_survives_a_kill),
		MIXED(staging_survives_a_full_disk),
		MIXED(staging_survives_a_short_write),
		MIXED(the_published_list_is_staged_again),
		MIXED(activation_survives_a_kill),
		MIXED(activation_survives_a_full_disk),
		MIXED(activation_survives_a_short_write),
	};

	return cmocka_run_group_tests_name("core/stage", tests, set_up, tear_down);
}
