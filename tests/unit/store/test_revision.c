/* SPDX-License-Identifier: BSD-2-Clause
 * What moves the revision and what does not: on each kind of store. */
#include "devices.h"
#include "store/capf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct store_profile profile = {.name = "Encrypted",
	.security_mode = 3,
	.encrypted_config = 1,
	.auth_mode = 2,
	.key_bits = 2048};

/* True when it is another one than at the last call. */
static bool moved(struct fixture *t)
{
	static char before[STORE_TEXT];
	char now[STORE_TEXT];
	bool other;

	assert_int_equal(store_revision(t->s, now, &t->why), 0);
	other = strcmp(now, before) != 0;
	strcpy(before, now);
	return other;
}

static void what_files_are_made_from_moves_it(void **state)
{
	struct fixture *t = *state;
	const struct store_node node = {"publisher", "192.0.2.10", 0};
	const struct store_line line = {"SEP0011215A1AE3", 2, "1099", "Second", "2nd"};
	struct store_phone_cert lsc = {.device = "SEP0011215A1AE3", .kind = STORE_LSC, .seen = 1};
	const struct store_operation order = {
		.device = "SEP0011215A1AE3", .operation = 1, .of = phone.operation};
	char revision[STORE_TEXT];

	assert_int_equal(store_revision(t->s, revision, NULL), 0);
	assert_string_equal(revision, "");
	moved(t);
	assert_int_equal(store_param_set(t->s, "ClusterSecurityMode", "1", NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_node_put(t->s, &node, NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_profile_put(t->s, &profile, NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_line_put(t->s, &line, NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_phone_cert_put(t->s, &lsc, span_str("der"), NULL), 0);
	assert_true(moved(t));
	lsc.seen = 2;
	assert_int_equal(store_phone_cert_put(t->s, &lsc, span_str("der"), NULL), 0);
	assert_false(moved(t));
	assert_int_equal(store_phone_cert_put(t->s, &lsc, span_str("another"), NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_phone_cert_delete(t->s, lsc.device, STORE_LSC, NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_operation_set(t->s, &order, NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_profile_rename(t->s, "Encrypted", "Other", NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_line_delete(t->s, line.device, 2, NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_device_delete(t->s, phone.name, NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_node_delete(t->s, "publisher", NULL), 0);
	assert_true(moved(t));
}

static void what_happens_every_second_does_not(void **state)
{
	struct fixture *t = *state;
	const char *const names[] = {phone.name};
	struct store_account account = {"admin", "$argon2id$x", 1, 2, 3, 4};
	struct store_change change = {.number = 1, .order = "x", .total = 1};
	struct store_held held = {.list = STORE_CTL, .known = STORE_OFFERED, .digest = "d"};

	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	moved(t);
	strcpy(held.device, phone.name);
	assert_int_equal(store_device_seen(t->s, names, 1, phone.last_seen + 5, NULL), 0);
	assert_int_equal(store_held_put_many(t->s, &held, 1, NULL), 0);
	assert_int_equal(store_account_put(t->s, &account, NULL), 0);
	assert_int_equal(store_change_put(t->s, &change, NULL), 0);
	assert_int_equal(store_change_keep_many(t->s, 1, &phone, 1, NULL), 0);
	assert_int_equal(store_node_delete(t->s, "nobody", NULL), ERR_NOTFOUND);
	assert_int_equal(store_device_delete(t->s, "SEP000000000000", NULL), ERR_NOTFOUND);
	assert_false(moved(t));
}

static enum err change_and_fail(void *ctx, struct store *s, struct fail *why)
{
	enum err err = store_param_set(s, "a", "1", why);

	return err ? err : *(enum err *)ctx;
}

static void it_belongs_to_the_transaction(void **state)
{
	struct fixture *t = *state;
	struct store *other = NULL;
	enum err answer = ERR_DENIED;
	char mine[STORE_TEXT], theirs[STORE_TEXT];

	moved(t);
	assert_int_equal(store_transaction(t->s, change_and_fail, &answer, NULL), ERR_DENIED);
	assert_false(moved(t));
	answer = ERR_OK;
	assert_int_equal(store_transaction(t->s, change_and_fail, &answer, NULL), 0);
	assert_true(moved(t));
	if (strcmp(t->scheme, "ram") == 0)
		return;
	/* What another connection does is seen, and two never agree on a revision. */
	other = fixture_opened(t);
	assert_int_equal(store_param_set(other, "a", "2", NULL), 0);
	assert_true(moved(t));
	assert_int_equal(store_revision(other, theirs, NULL), 0);
	assert_int_equal(store_param_set(t->s, "a", "3", NULL), 0);
	assert_int_equal(store_revision(t->s, mine, NULL), 0);
	assert_string_not_equal(mine, theirs);
	store_close(other);
}

#define TEST(f)                                                                                    \
	FIXTURE_ON(f, fixture_open, "sqlite"), FIXTURE_ON(f, fixture_open, "ram"),                 \
		FIXTURE_ON(f, fixture_open, "postgres")

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_files_are_made_from_moves_it),
		TEST(what_happens_every_second_does_not),
		TEST(it_belongs_to_the_transaction),
	};

	return cmocka_run_group_tests_name(
		"store/revision", tests, fixture_start_server, fixture_remove_server);
}
