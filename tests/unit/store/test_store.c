/* SPDX-License-Identifier: BSD-2-Clause
 * Rows and transactions: the whole list runs once for each kind of store. */
#include "devices.h"

#include "base/mem.h"
#include "store/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void param_is_kept_and_replaced(void **state)
{
	struct fixture *t = *state;
	char value[STORE_TEXT];

	assert_int_equal(
		store_param_get(t->s, "ClusterSecurityMode", value, &t->why), ERR_NOTFOUND);
	assert_non_null(strstr(t->why.text, "ClusterSecurityMode"));
	assert_int_equal(store_param_set(t->s, "ClusterSecurityMode", "0", NULL), 0);
	assert_int_equal(store_param_set(t->s, "ClusterSecurityMode", "1", NULL), 0);
	assert_int_equal(store_param_get(t->s, "clustersecuritymode", value, NULL), 0);
	assert_string_equal(value, "1");
}

static void param_too_long_is_refused(void **state)
{
	struct fixture *t = *state;
	char name[STORE_NAME + 1], value[STORE_TEXT + 1];

	memset(name, 'n', STORE_NAME);
	name[STORE_NAME] = '\0';
	memset(value, 'v', STORE_TEXT);
	value[STORE_TEXT] = '\0';
	assert_int_equal(store_param_set(t->s, name, "1", NULL), ERR_LIMIT);
	assert_int_equal(store_param_set(t->s, "a", value, NULL), ERR_LIMIT);
	name[STORE_NAME - 1] = '\0';
	value[STORE_TEXT - 1] = '\0';
	assert_int_equal(store_param_set(t->s, name, value, NULL), 0);
	/* One letter more is another name, not this one cut. */
	name[STORE_NAME - 1] = 'n';
	assert_int_equal(store_param_get(t->s, name, value, NULL), ERR_NOTFOUND);
}

static enum err count_node(void *ctx, const struct store_node *n)
{
	struct buf *b = ctx;

	buf_printf(b, "%s=%s:%d;", n->name, n->address, (int)n->port);
	return ERR_OK;
}

static void nodes_come_in_order_of_names(void **state)
{
	struct fixture *t = *state;
	struct buf b = {0};

	assert_int_equal(
		store_node_put(t->s, &(struct store_node){"sub", "192.0.2.11", 12444}, NULL), 0);
	assert_int_equal(
		store_node_put(t->s, &(struct store_node){"publisher", "192.0.2.9", 1}, NULL), 0);
	assert_int_equal(
		store_node_put(t->s, &(struct store_node){"Publisher", "192.0.2.10", 0}, NULL), 0);
	assert_int_equal(store_node_each(t->s, count_node, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, "Publisher=192.0.2.10:0;sub=192.0.2.11:12444;");
	buf_fini(&b);
}

static void node_is_found_and_deleted_by_any_case(void **state)
{
	struct fixture *t = *state;
	struct store_node n;

	assert_int_equal(
		store_node_put(t->s, &(struct store_node){"Sub", "192.0.2.11", 7}, NULL), 0);
	assert_int_equal(store_node_get(t->s, "sUB", &n, NULL), 0);
	assert_string_equal(n.name, "Sub");
	assert_string_equal(n.address, "192.0.2.11");
	assert_int_equal(n.port, 7);
	assert_int_equal(store_node_delete(t->s, "suB", NULL), 0);
	assert_int_equal(store_node_delete(t->s, "suB", &t->why), ERR_NOTFOUND);
	assert_non_null(strstr(t->why.text, "suB"));
	assert_int_equal(store_node_get(t->s, "Sub", &n, NULL), ERR_NOTFOUND);
}

static enum err name_account(void *ctx, const struct store_account *a)
{
	buf_printf(ctx, "%s;", a->name);
	return ERR_OK;
}

static void account_is_kept_changed_and_deleted(void **state)
{
	struct fixture *t = *state;
	struct store_account a = {"Admin", "$argon2id$x", 3, 1790000001, 1790000000, 1780000000};
	struct store_account got;

	assert_int_equal(store_account_get(t->s, "admin", &got, &t->why), ERR_NOTFOUND);
	assert_non_null(strstr(t->why.text, "admin"));
	assert_int_equal(store_account_put(t->s, &a, NULL), 0);
	assert_int_equal(store_account_get(t->s, "ADMIN", &got, NULL), 0);
	assert_memory_equal(&got, &a, sizeof(a));
	a.failures = 0;
	a.wait_until = 0;
	assert_int_equal(store_account_put(t->s, &a, NULL), 0);
	assert_int_equal(store_account_get(t->s, "Admin", &got, NULL), 0);
	assert_memory_equal(&got, &a, sizeof(a));
	assert_int_equal(store_account_delete(t->s, "aDMIN", NULL), 0);
	assert_int_equal(store_account_delete(t->s, "aDMIN", NULL), ERR_NOTFOUND);
}

static void strangers_are_no_accounts_and_forgotten_oldest_first(void **state)
{
	struct fixture *t = *state;
	struct store_account a = {"admin", "$argon2id$x", 0, 0, 1, 0}, got;
	struct buf b = {0};
	int i;

	assert_int_equal(store_account_put(t->s, &a, NULL), 0);
	a.hash[0] = '\0';
	for (i = 0; i < 5; i++) {
		snprintf(a.name, sizeof(a.name), "nobody%d", i);
		a.last_failure = 100 - i;
		assert_int_equal(store_account_put(t->s, &a, NULL), 0);
	}
	assert_int_equal(store_account_delete(t->s, "nobody4", NULL), ERR_NOTFOUND);
	assert_int_equal(store_account_forget_strangers(t->s, 2, NULL), 0);
	assert_int_equal(store_account_each(t->s, name_account, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, "admin;");
	buf_fini(&b);
	assert_int_equal(store_account_get(t->s, "nobody0", &got, NULL), 0);
	assert_int_equal(store_account_get(t->s, "nobody1", &got, NULL), 0);
	assert_int_equal(store_account_get(t->s, "nobody2", &got, NULL), ERR_NOTFOUND);
	assert_int_equal(store_account_get(t->s, "nobody4", &got, NULL), ERR_NOTFOUND);
}

static const struct store_profile encrypted = {
	.name = "Encrypted",
	.security_mode = 3,
	.encrypted_config = 1,
	.auth_mode = 2,
	.key_bits = 2048,
	.description = "A\xc3\xa7ores",
	.model = 30018,
	.protocol = STORE_SIP,
	.key_order = 2,
	.ec_bits = 384,
	.transport = 3,
	.nonce_validity = 600,
	.exclude_digest = 1,
	.sip_port = 5061,
	.predefined = 1,
};

static enum err name_profile(void *ctx, const struct store_profile *p)
{
	buf_printf(ctx, "%s;", p->name);
	return ERR_OK;
}

static void profiles_are_found_by_any_case(void **state)
{
	struct fixture *t = *state;
	struct store_profile p = encrypted, got;
	struct buf b = {0};

	assert_int_equal(store_profile_put(t->s, &p, NULL), 0);
	assert_int_equal(
		store_profile_put(t->s,
			&(struct store_profile){.name = "Non Secure", .security_mode = 1}, NULL),
		0);
	assert_int_equal(store_profile_get(t->s, "ENCRYPTED", &got, NULL), 0);
	assert_string_equal(got.name, "Encrypted");
	assert_memory_equal(&got, &encrypted, sizeof(got));
	assert_int_equal(store_profile_get(t->s, "Other", &got, &t->why), ERR_NOTFOUND);
	assert_string_equal(t->why.text, "there is no phone security profile \"Other\"");
	assert_int_equal(store_profile_each(t->s, name_profile, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, "Encrypted;Non Secure;");
	buf_fini(&b);
}

static void names_are_in_order_of_bytes(void **state)
{
	struct fixture *t = *state;
	struct buf b = {0};

	/* A language would put these otherwise: accents and signs do not count in it. */
	assert_int_equal(store_profile_put(t->s, &(struct store_profile){.name = "a b"}, NULL), 0);
	assert_int_equal(store_profile_put(t->s, &(struct store_profile){.name = "a-a"}, NULL), 0);
	assert_int_equal(store_profile_put(t->s, &(struct store_profile){.name = "aa"}, NULL), 0);
	assert_int_equal(store_profile_put(t->s, &(struct store_profile){.name = "_"}, NULL), 0);
	assert_int_equal(store_profile_each(t->s, name_profile, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, "a b;a-a;aa;_;");
	buf_fini(&b);
}

static enum err count_profile(void *ctx, const char *profile, int64_t devices)
{
	buf_printf(ctx, "%s %d;", profile, (int)devices);
	return ERR_OK;
}

static void profile_is_renamed_with_its_phones(void **state)
{
	struct fixture *t = *state;
	struct store_profile p = encrypted, got;
	struct store_device d = phone, after;
	struct buf b = {0};

	assert_int_equal(store_profile_put(t->s, &p, NULL), 0);
	assert_int_equal(
		store_profile_put(t->s, &(struct store_profile){.name = "Other"}, NULL), 0);
	assert_int_equal(store_device_put(t->s, &d, NULL), 0);
	assert_int_equal(store_profile_rename(t->s, "encrypted", "OTHER", &t->why), ERR_EXISTS);
	assert_int_equal(store_profile_rename(t->s, "None", "New", NULL), ERR_NOTFOUND);
	assert_int_equal(store_profile_rename(t->s, "encrypted", "Caf\xe9", NULL), ERR_NOTFOUND);
	assert_int_equal(store_profile_rename(t->s, "encrypted", "Lobby", NULL), 0);
	assert_int_equal(store_profile_get(t->s, "Encrypted", &got, NULL), ERR_NOTFOUND);
	assert_int_equal(store_profile_get(t->s, "lobby", &got, NULL), 0);
	assert_int_equal(got.ec_bits, 384);
	assert_int_equal(store_device_get(t->s, d.name, &after, NULL), 0);
	assert_string_equal(after.profile, "Lobby");
	assert_int_equal(after.version, d.version);
	/* Only the case of its letters. */
	assert_int_equal(store_profile_rename(t->s, "Lobby", "LOBBY", NULL), 0);
	assert_int_equal(store_profile_counts(t->s, count_profile, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, "LOBBY 1;");
	buf_fini(&b);
}

static void profile_in_use_is_not_deleted(void **state)
{
	struct fixture *t = *state;
	struct store_profile got;

	assert_int_equal(store_profile_put(t->s, &encrypted, NULL), 0);
	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	assert_int_equal(store_profile_delete(t->s, "ENCRYPTED", &t->why), ERR_NOTNOW);
	assert_non_null(strstr(t->why.text, "1 phones use"));
	assert_int_equal(store_device_delete(t->s, phone.name, NULL), 0);
	assert_int_equal(store_profile_delete(t->s, "ENCRYPTED", NULL), 0);
	assert_int_equal(store_profile_get(t->s, "Encrypted", &got, NULL), ERR_NOTFOUND);
	assert_int_equal(store_profile_delete(t->s, "Encrypted", NULL), ERR_NOTFOUND);
}

static enum err overlook(void *ctx, struct store *s, struct fail *why)
{
	struct store_device other = phone;
	enum err err = store_device_put(s, &phone, why);

	strcpy(other.name, "SEP0011215A1AE4");
	/* The number is taken; on some databases nothing of the transaction can be saved then, and
	 * nothing more be asked. */
	if (!err)
		*(enum err *)ctx = store_device_put(s, &other, NULL);
	if (!err && store_device_get(s, phone.name, &other, NULL) != ERR_EXISTS)
		err = ERR_NOTNOW;
	return err;
}

static void failed_statement_ends_the_transaction(void **state)
{
	struct fixture *t = *state;
	struct store_device got;
	enum err seen = ERR_OK;

	assert_int_equal(store_transaction(t->s, overlook, &seen, NULL), ERR_EXISTS);
	assert_int_equal(seen, ERR_EXISTS);
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), ERR_NOTFOUND);
	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
}

static enum err put_then_fail(void *ctx, struct store *s, struct fail *why)
{
	enum err *answer = ctx, err;

	err = store_device_put(s, &phone, why);
	if (!err)
		err = store_param_set(s, "a", "2", why);
	return err ? err : *answer;
}

static void transaction_is_all_or_nothing(void **state)
{
	struct fixture *t = *state;
	enum err answer = ERR_DENIED;
	struct store_device got;
	char value[STORE_TEXT];

	assert_int_equal(store_param_set(t->s, "a", "1", NULL), 0);
	assert_int_equal(store_transaction(t->s, put_then_fail, &answer, NULL), ERR_DENIED);
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), ERR_NOTFOUND);
	assert_int_equal(store_param_get(t->s, "a", value, NULL), 0);
	assert_string_equal(value, "1");

	answer = ERR_OK;
	assert_int_equal(store_transaction(t->s, put_then_fail, &answer, NULL), 0);
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), 0);
	assert_int_equal(store_param_get(t->s, "a", value, NULL), 0);
	assert_string_equal(value, "2");
}

static enum err nested(void *ctx, struct store *s, struct fail *why)
{
	return store_transaction(s, put_then_fail, ctx, why);
}

static void transaction_in_a_transaction_is_refused(void **state)
{
	struct fixture *t = *state;
	enum err answer = ERR_OK;

	assert_int_equal(store_transaction(t->s, nested, &answer, &t->why), ERR_NOTNOW);
	assert_int_equal(store_transaction(t->s, put_then_fail, &answer, NULL), 0);
}

static void unknown_url_is_refused(void **state)
{
	struct fixture *t = *state;
	struct store *s;

	assert_int_equal(store_open(&s, "mysql:x", &t->why), ERR_ARG);
	assert_non_null(strstr(t->why.text, "sqlite:<path>"));
	assert_null(s);
	assert_int_equal(store_open(&s, "sqlite:", NULL), ERR_ARG);
	assert_int_equal(store_open(&s, "ram:x", NULL), ERR_ARG);
	assert_int_equal(store_open(&s, "", NULL), ERR_ARG);
}

static void every_allocation_can_fail(void **state)
{
	struct fixture *t = *state;
	struct store *s = NULL;
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; n < 1000; n++) {
		mem_fail_from(n);
		err = store_open(&s, t->url, NULL);
		mem_fail_from(0);
		if (!err)
			break;
		assert_int_equal(err, ERR_NOMEM);
		assert_null(s);
	}
	assert_int_equal(err, 0);
	store_close(s);
}

#define TEST(f)                                                                                    \
	FIXTURE_ON(f, fixture_open, "sqlite"), FIXTURE_ON(f, fixture_open, "ram"),                 \
		FIXTURE_ON(f, fixture_open, "postgres")

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(param_is_kept_and_replaced),
		TEST(param_too_long_is_refused),
		TEST(nodes_come_in_order_of_names),
		TEST(node_is_found_and_deleted_by_any_case),
		TEST(account_is_kept_changed_and_deleted),
		TEST(strangers_are_no_accounts_and_forgotten_oldest_first),
		TEST(profiles_are_found_by_any_case),
		TEST(names_are_in_order_of_bytes),
		TEST(profile_is_renamed_with_its_phones),
		TEST(profile_in_use_is_not_deleted),
		TEST(failed_statement_ends_the_transaction),
		TEST(transaction_is_all_or_nothing),
		TEST(transaction_in_a_transaction_is_refused),
		TEST(unknown_url_is_refused),
		TEST(every_allocation_can_fail),
	};

	return cmocka_run_group_tests_name(
		"store/store", tests, fixture_start_server, fixture_remove_server);
}
