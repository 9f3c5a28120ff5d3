/* SPDX-License-Identifier: BSD-2-Clause
 * Devices: writing one and many, walking, finding: the whole list runs once for each kind of store.
 */
#include "devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void device_comes_back_whole(void **state)
{
	struct fixture *t = *state;
	struct store_device got, changed = phone;

	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	assert_int_equal(store_device_get(t->s, "sep0011215a1ae3", &got, NULL), 0);
	assert_same_device(&got, &phone);
	assert_int_equal(store_device_by_number(t->s, "1001", &got, NULL), 0);
	assert_same_device(&got, &phone);

	changed.version = 4;
	memset(changed.number, 0, sizeof(changed.number));
	assert_int_equal(store_device_put(t->s, &changed, NULL), 0);
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), 0);
	assert_same_device(&got, &changed);
	assert_int_equal(store_device_by_number(t->s, "1001", &got, NULL), ERR_NOTFOUND);
	assert_int_equal(store_device_by_number(t->s, "", &got, NULL), ERR_NOTFOUND);
}

static void device_text_is_never_taken_as_sql(void **state)
{
	struct fixture *t = *state;
	struct store_device d = phone, got;

	memset(d.description, 0, sizeof(d.description));
	strcpy(d.description, "'; DROP TABLE device; --");
	assert_int_equal(store_device_put(t->s, &d, NULL), 0);
	assert_int_equal(store_device_get(t->s, d.name, &got, NULL), 0);
	assert_same_device(&got, &d);
	assert_int_equal(store_device_by_number(t->s, "' OR '1'='1", &got, NULL), ERR_NOTFOUND);
}

static void one_number_is_one_phones(void **state)
{
	struct fixture *t = *state;
	struct store_device other = phone;

	strcpy(other.name, "SEP0011215A1AE4");
	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	assert_int_equal(store_device_put(t->s, &other, NULL), ERR_EXISTS);
	other.number[0] = '\0';
	assert_int_equal(store_device_put(t->s, &other, NULL), 0);
	strcpy(other.name, "SEP0011215A1AE5");
	assert_int_equal(store_device_put(t->s, &other, NULL), 0);
}

struct walked {
	int rows, stop_at;
};

static enum err walk_device(void *ctx, const struct store_device *d)
{
	struct walked *w = ctx;

	assert_true(memcmp(d->name, "SEP", 3) == 0);
	return ++w->rows == w->stop_at ? ERR_CLOSED : ERR_OK;
}

static void walk_ends_on_the_callers_error(void **state)
{
	struct fixture *t = *state;
	struct store_device d = phone;
	struct walked w = {0, 2};
	int i;

	d.number[0] = '\0';
	for (i = 0; i < 3; i++) {
		snprintf(d.name, sizeof(d.name), "SEP00112233445%d", i);
		assert_int_equal(store_device_put(t->s, &d, NULL), 0);
	}
	assert_int_equal(store_device_each(t->s, walk_device, &w, NULL), ERR_CLOSED);
	assert_int_equal(w.rows, 2);
	w = (struct walked){0, 0};
	assert_int_equal(store_device_each(t->s, walk_device, &w, NULL), 0);
	assert_int_equal(w.rows, 3);
}

static void device_texts_are_utf8(void **state)
{
	struct fixture *t = *state;
	struct store_device d = phone, got;
	static const char *const bad[] = {
		"\x80", "caf\xe9", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(d.description, bad[i]);
		fail_clear(&t->why);
		assert_int_equal(store_device_put(t->s, &d, &t->why), ERR_FORMAT);
		assert_non_null(strstr(t->why.text, "description"));
		/* Nothing has such a name; it is not an error to ask. */
		assert_int_equal(store_device_get(t->s, bad[i], &got, NULL), ERR_NOTFOUND);
	}
	memset(d.description, 0, sizeof(d.description));
	strcpy(d.description, "\xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf");
	assert_int_equal(store_device_put(t->s, &d, NULL), 0);
	assert_int_equal(store_device_get(t->s, d.name, &got, NULL), 0);
	assert_same_device(&got, &d);
}

#define STOP (MANY + 1) /* a walk over names ends with an error there */

struct order {
	char last[16];
	int rows;
};

static enum err in_order(void *ctx, const struct store_device *d)
{
	struct order *o = ctx;

	assert_true(strcmp(o->last, d->name) < 0);
	strcpy(o->last, d->name);
	o->rows++;
	return ERR_OK;
}

static enum err name_in_order(void *ctx, const char *name)
{
	struct order *o = ctx;

	assert_true(strcmp(o->last, name) < 0);
	assert_true(strlen(name) < sizeof(o->last));
	strcpy(o->last, name);
	return ++o->rows == STOP ? ERR_CLOSED : ERR_OK;
}

static void many_devices_are_put_at_once(void **state)
{
	struct fixture *t = *state;
	struct store_device *d = many_devices(), got;
	char number[25];
	struct order o = {0};

	assert_int_equal(store_device_put_many(t->s, d, MANY, NULL), 0);
	assert_int_equal(store_device_each(t->s, in_order, &o, NULL), 0);
	assert_int_equal(o.rows, MANY);
	o = (struct order){0};
	assert_int_equal(store_device_names(t->s, name_in_order, &o, NULL), 0);
	assert_int_equal(o.rows, MANY);
	o = (struct order){.rows = 1};
	assert_int_equal(store_device_names(t->s, name_in_order, &o, NULL), ERR_CLOSED);
	/* All numbers go round. */
	memcpy(number, d[0].number, sizeof(number));
	for (int i = 0; i + 1 < MANY; i++)
		memcpy(d[i].number, d[i + 1].number, sizeof(number));
	memcpy(d[MANY - 1].number, number, sizeof(number));
	assert_int_equal(store_device_put_many(t->s, d, MANY, NULL), 0);
	assert_int_equal(store_device_by_number(t->s, "20000", &got, NULL), 0);
	assert_same_device(&got, &d[MANY - 1]);
	assert_int_equal(store_device_put_many(t->s, d, 0, NULL), 0);
	test_free(d);
}

static void many_devices_are_put_all_or_none(void **state)
{
	struct fixture *t = *state;
	struct store_device *d = many_devices(), got;
	struct order o = {0};

	memcpy(d[1300].number, d[7].number, sizeof(d[7].number));
	assert_int_equal(store_device_put_many(t->s, d, MANY, &t->why), ERR_EXISTS);
	assert_string_equal(
		t->why.text, "SEP000000000514: directory number 20007 is another phone's");
	assert_int_equal(store_device_each(t->s, in_order, &o, NULL), 0);
	assert_int_equal(o.rows, 0);
	strcpy(d[1300].number, "30000");
	d[1400].owner[0] = (char)0xFF;
	fail_clear(&t->why);
	assert_int_equal(store_device_put_many(t->s, d, MANY, &t->why), ERR_FORMAT);
	assert_non_null(strstr(t->why.text, "SEP000000000578: owner"));
	assert_int_equal(store_device_get(t->s, d[0].name, &got, NULL), ERR_NOTFOUND);
	test_free(d);
}

static enum err delete_walked(void *ctx, const struct store_device *d)
{
	struct fixture *t = ctx;
	size_t len = strlen(d->name);

	/* Each a transaction of its own, with all that it takes to be safe: so not all of them. */
	return strcmp(d->name + len - 2, "00") ? ERR_OK : store_device_delete(t->s, d->name, NULL);
}

static void walk_may_change_what_it_walks_over(void **state)
{
	struct fixture *t = *state;
	struct store_device *d = many_devices();
	int64_t left = -1;

	assert_int_equal(store_device_put_many(t->s, d, MANY, NULL), 0);
	assert_int_equal(store_device_each(t->s, delete_walked, t, NULL), 0);
	assert_int_equal(store_device_count(t->s, &(struct store_filter){0}, &left, NULL), 0);
	assert_int_equal(left, MANY - 6);
	test_free(d);
}

static void devices_are_seen_forward_only(void **state)
{
	struct fixture *t = *state;
	static const char *const names[] = {"sep0011215a1ae3", "SEP00000000DEAD"};
	struct store_device got;

	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	assert_int_equal(store_device_seen(t->s, names, 2, phone.last_seen + 5, NULL), 0);
	assert_int_equal(store_device_seen(t->s, names, 2, phone.last_seen + 3, NULL), 0);
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), 0);
	assert_int_equal(got.last_seen, phone.last_seen + 5);
	assert_int_equal(got.version, phone.version);
}

static enum err name_device(void *ctx, const struct store_device *d)
{
	buf_printf(ctx, "%c", d->name[14]);
	return ERR_OK;
}

static void assert_found(struct fixture *t, struct store_filter f, const char *expected)
{
	struct buf b = {0};
	int64_t count = -1;

	fail_clear(&t->why);
	if (store_device_find(t->s, &f, name_device, &b, &t->why))
		fail_msg("%s: %s", expected, t->why.text);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, expected);
	if (!f.most) {
		assert_int_equal(store_device_count(t->s, &f, &count, &t->why), 0);
		assert_int_equal(count, strlen(expected));
	}
	buf_fini(&b);
}

static void one_condition(struct fixture *t, enum store_field field, enum store_match match,
	const char *text, int64_t number, const char *expected)
{
	struct store_term term = {.field = field, .match = match, .text = text, .number = number};

	assert_found(t, (struct store_filter){.terms = &term, .count = 1}, expected);
}

static void devices_are_found_by_texts(void **state)
{
	struct fixture *t = *state;

	five_devices(t);
	one_condition(t, STORE_FIELD_NAME, STORE_IS, "sep00000000000b", 0, "B");
	one_condition(t, STORE_FIELD_NAME, STORE_ENDS, "c", 0, "C");
	one_condition(t, STORE_FIELD_NAME, STORE_IS_NOT, "SEP00000000000B", 0, "ACDE");
	one_condition(t, STORE_FIELD_DESCRIPTION, STORE_BEGINS, "LOBBY", 0, "AB");
	one_condition(t, STORE_FIELD_DESCRIPTION, STORE_CONTAINS, "%", 0, "A");
	one_condition(t, STORE_FIELD_DESCRIPTION, STORE_CONTAINS, "_", 0, "B");
	one_condition(t, STORE_FIELD_DESCRIPTION, STORE_CONTAINS, "\\", 0, "D");
	one_condition(t, STORE_FIELD_DESCRIPTION, STORE_IS, "CAF\xc3\xa9", 0, "C");
	one_condition(t, STORE_FIELD_DESCRIPTION, STORE_EMPTY, NULL, 0, "E");
	one_condition(t, STORE_FIELD_DESCRIPTION, STORE_NOT_EMPTY, NULL, 0, "ABCD");
	one_condition(t, STORE_FIELD_NUMBER, STORE_BEGINS, "11", 0, "E");
	one_condition(t, STORE_FIELD_NUMBER, STORE_IS_NOT, "1001", 0, "BCDE");
	one_condition(t, STORE_FIELD_NUMBER, STORE_EMPTY, NULL, 0, "BC");
	one_condition(t, STORE_FIELD_PROFILE, STORE_CONTAINS, "ECU", 0, "BC");
	one_condition(t, STORE_FIELD_OWNER, STORE_IS, "ANA", 0, "B");
	one_condition(t, STORE_FIELD_OPERATION_STATUS, STORE_BEGINS, "upgrade", 0, "B");
	one_condition(t, STORE_FIELD_LSC_ISSUER, STORE_CONTAINS, "capf-2", 0, "C");
	one_condition(t, STORE_FIELD_LSC_ISSUER, STORE_EMPTY, NULL, 0, "ADE");
	one_condition(t, STORE_FIELD_AUTH_STRING, STORE_NOT_EMPTY, NULL, 0, "C");
	one_condition(t, STORE_FIELD_AUTH_STRING, STORE_EMPTY, NULL, 0, "ABDE");
	one_condition(t, STORE_FIELD_DESCRIPTION, STORE_CONTAINS, "' OR 1=1 --", 0, "");
}

static void devices_are_found_by_numbers(void **state)
{
	struct fixture *t = *state;

	five_devices(t);
	one_condition(t, STORE_FIELD_MODEL, STORE_IS, NULL, 115, "AB");
	one_condition(t, STORE_FIELD_MODEL, STORE_IS_NOT, NULL, 115, "CDE");
	one_condition(t, STORE_FIELD_PROTOCOL, STORE_IS, NULL, STORE_SIP, "DE");
	one_condition(t, STORE_FIELD_OPERATION, STORE_NOT_EMPTY, NULL, 0, "C");
	one_condition(t, STORE_FIELD_SECURITY_MODE, STORE_IS, NULL, 3, "BC");
	one_condition(t, STORE_FIELD_LAST_SEEN, STORE_BEFORE, NULL, 150, "ABDE");
	one_condition(t, STORE_FIELD_LAST_SEEN, STORE_AFTER, NULL, 100, "C");
	one_condition(t, STORE_FIELD_LAST_SEEN, STORE_EMPTY, NULL, 0, "ADE");
	one_condition(t, STORE_FIELD_LSC_EXPIRES, STORE_BEFORE, NULL, 2000, "B");
	one_condition(t, STORE_FIELD_LSC_EXPIRES, STORE_AFTER, NULL, 999, "BC");
	one_condition(t, STORE_FIELD_LSC_EXPIRES, STORE_EMPTY, NULL, 0, "ADE");
	one_condition(t, STORE_FIELD_LSC_ISSUER_EXPIRES, STORE_IS, NULL, 5000, "BC");
}

static void conditions_are_joined_and_paged(void **state)
{
	struct fixture *t = *state;
	struct store_term two[] = {{STORE_FIELD_MODEL, STORE_IS, NULL, 115},
		{STORE_FIELD_PROFILE, STORE_IS, "Secure", 0}};
	struct store_term wrong[] = {{STORE_FIELD_MODEL, STORE_CONTAINS, "1", 0},
		{STORE_FIELD_NAME, STORE_BEFORE, "1", 0},
		{STORE_FIELD_AUTH_STRING, STORE_IS, "1", 0},
		{(enum store_field)99, STORE_IS, "", 0},
		{STORE_FIELD_NAME, (enum store_match)99, "", 0}};
	struct store_term most[STORE_TERMS_MOST + 1];
	int64_t count;

	five_devices(t);
	assert_found(t, (struct store_filter){two, 2, false, NULL, 0}, "B");
	assert_found(t, (struct store_filter){two, 2, true, NULL, 0}, "ABC");
	assert_found(t, (struct store_filter){two, 2, true, "sep00000000000a", 0}, "BC");
	assert_found(t, (struct store_filter){two, 2, true, NULL, 2}, "AB");
	assert_found(t, (struct store_filter){NULL, 0, false, "SEP00000000000C", 0}, "DE");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(store_device_count(t->s,
					 &(struct store_filter){.terms = &wrong[i], .count = 1},
					 &count, NULL),
			ERR_ARG);
	for (size_t i = 0; i < STORE_TERMS_MOST + 1; i++)
		most[i] = two[i % 2];
	assert_found(t, (struct store_filter){.terms = most, .count = STORE_TERMS_MOST}, "B");
	assert_int_equal(
		store_device_count(t->s,
			&(struct store_filter){.terms = most, .count = STORE_TERMS_MOST + 1},
			&count, NULL),
		ERR_ARG);
}

static void more_statements_than_are_kept(void **state)
{
	struct fixture *t = *state;
	struct store_term terms[STORE_TERMS_MOST] = {{0}};

	five_devices(t);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 200; i++) {
			for (int k = 0; k < 8; k++)
				terms[k].match = i >> k & 1 ? STORE_NOT_EMPTY : STORE_CONTAINS;
			for (int k = 0; k < 8; k++)
				terms[k].text = "SEP";
			assert_found(t, (struct store_filter){.terms = terms, .count = 8}, "ABCDE");
		}
}

#define TEST(f)                                                                                    \
	FIXTURE_ON(f, fixture_open, "sqlite"), FIXTURE_ON(f, fixture_open, "ram"),                 \
		FIXTURE_ON(f, fixture_open, "postgres")

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(device_comes_back_whole),
		TEST(device_text_is_never_taken_as_sql),
		TEST(one_number_is_one_phones),
		TEST(walk_ends_on_the_callers_error),
		TEST(device_texts_are_utf8),
		TEST(many_devices_are_put_at_once),
		TEST(many_devices_are_put_all_or_none),
		TEST(walk_may_change_what_it_walks_over),
		TEST(devices_are_seen_forward_only),
		TEST(devices_are_found_by_texts),
		TEST(devices_are_found_by_numbers),
		TEST(conditions_are_joined_and_paged),
		TEST(more_statements_than_are_kept),
	};

	return cmocka_run_group_tests_name(
		"store/device", tests, fixture_start_server, fixture_remove_server);
}
