/* SPDX-License-Identifier: BSD-2-Clause
 * What belongs to a device: lines, lists that it holds, what a change found: the whole list
 * runs once for each kind of store. */
#include "devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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

static enum err name_line(void *ctx, const struct store_line *l)
{
	buf_printf(ctx, "%d %s %s %s;", (int)l->index, l->number, l->display, l->label);
	return ERR_OK;
}

static void assert_lines(struct fixture *t, const char *device, const char *expected)
{
	struct buf b = {0};

	assert_int_equal(store_line_each(t->s, device, name_line, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, expected);
	buf_fini(&b);
}

static void lines_are_kept_beside_the_first(void **state)
{
	struct fixture *t = *state;
	struct store_line l = {"sep0011215a1ae3", 2, "1002", "Two", "2nd"};
	struct store_device other = phone, got;

	assert_int_equal(store_line_put(t->s, &l, NULL), ERR_NOTFOUND);
	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	assert_int_equal(store_line_put(t->s, &l, NULL), 0);
	strcpy(l.number, "1001");
	assert_int_equal(store_line_put(t->s, &l, &t->why), ERR_EXISTS);
	l.index = 0;
	assert_int_equal(store_line_put(t->s, &l, NULL), ERR_ARG);
	assert_int_equal(store_device_by_number(t->s, "1002", &got, NULL), 0);
	assert_same_device(&got, &phone);
	/* A second line's number is nobody's first. */
	strcpy(other.name, "SEP0011215A1AE4");
	strcpy(other.number, "1002");
	assert_int_equal(store_device_put(t->s, &other, NULL), ERR_EXISTS);
	assert_int_equal(store_device_get(t->s, other.name, &got, NULL), ERR_NOTFOUND);
	/* Line 1 is the device's own. */
	l = (struct store_line){"SEP0011215A1AE3", 1, "1009", "One", "1st"};
	assert_int_equal(store_line_put(t->s, &l, NULL), 0);
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), 0);
	assert_string_equal(got.number, "1009");
	assert_string_equal(got.display, "One");
	assert_lines(t, "SEP0011215A1AE3", "1 1009 One 1st;2 1002 Two 2nd;");
	strcpy(got.number, "1010");
	assert_int_equal(store_device_put(t->s, &got, NULL), 0);
	assert_lines(t, "SEP0011215A1AE3", "1 1010 One 1st;2 1002 Two 2nd;");
	assert_int_equal(store_line_delete(t->s, "sep0011215a1ae3", 1, NULL), 0);
	assert_int_equal(store_line_delete(t->s, "SEP0011215A1AE3", 1, NULL), ERR_NOTFOUND);
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), 0);
	assert_string_equal(got.number, "");
	assert_int_equal(store_device_delete(t->s, phone.name, NULL), 0);
	assert_lines(t, "SEP0011215A1AE3", "");
	assert_int_equal(store_device_by_number(t->s, "1002", &got, NULL), ERR_NOTFOUND);
}

static enum err name_held(void *ctx, const struct store_held *h)
{
	buf_printf(ctx, "%c%d%d %s %d-%d %s;", h->device[14], (int)h->list, (int)h->known,
		h->digest, (int)h->since, (int)h->last, h->evidence);
	return ERR_OK;
}

static void assert_held(struct fixture *t, const char *device, const char *expected)
{
	struct buf b = {0};

	assert_int_equal(store_held_each(t->s, device, name_held, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, expected);
	buf_fini(&b);
}

static void what_is_offered_and_held_is_kept(void **state)
{
	struct fixture *t = *state;
	struct store_held h[] = {
		{"sep00000000000a", STORE_CTL, STORE_OFFERED, "d1", 10, 10, "ctftp"},
		{"SEP00000000000A", STORE_CTL, STORE_OFFERED, "d2", 20, 20, "ctftp"},
		{"SEP00000000000A", STORE_CTL, STORE_OFFERED, "d1", 30, 30, "again"},
		{"SEP00000000000A", STORE_CTL, STORE_HELD, "d1", 15, 15, "tls"},
		{"SEP00000000000A", STORE_ITL, STORE_HELD, "", 15, 15, "it had none"},
		{"SEP0000000000FF", STORE_CTL, STORE_OFFERED, "d1", 10, 10, "nobody"},
		{"SEP00000000000B", STORE_CTL, STORE_HELD, "d0", 11, 11, "first list"},
	};
	struct store_held newer = {"SEP00000000000A", STORE_CTL, STORE_HELD, "d2", 40, 40, "tls"};
	struct store_held older = {"SEP00000000000A", STORE_CTL, STORE_HELD, "d9", 39, 39, "late"};

	five_devices(t);
	assert_int_equal(store_held_put_many(t->s, h, sizeof(h) / sizeof(h[0]), NULL), 0);
	assert_held(t, "sep00000000000a",
		"A12 d1 15-15 tls;A11 d1 10-30 again;A11 d2 20-20 ctftp;"
		"A22  15-15 it had none;");
	assert_int_equal(store_held_put_many(t->s, &newer, 1, NULL), 0);
	assert_int_equal(store_held_put_many(t->s, &older, 1, NULL), 0);
	newer.since = newer.last = 50;
	assert_int_equal(store_held_put_many(t->s, &newer, 1, NULL), 0);
	assert_held(t, NULL,
		"A12 d2 40-50 tls;A11 d1 10-30 again;A11 d2 20-20 ctftp;"
		"A22  15-15 it had none;B12 d0 11-11 first list;");
	assert_int_equal(
		store_held_forget(t->s, "sep00000000000a", STORE_CTL, STORE_HELD, NULL), 0);
	assert_held(t, "SEP00000000000A",
		"A11 d1 10-30 again;A11 d2 20-20 ctftp;A22  15-15 it had none;");
	/* The list stays in the phone when its record goes; nothing new is recorded of a stranger.
	 */
	assert_int_equal(store_device_delete(t->s, "SEP00000000000B", NULL), 0);
	h[6].last = 90;
	assert_int_equal(store_held_put_many(t->s, &h[6], 1, NULL), 0);
	assert_held(t, "SEP00000000000B", "B12 d0 11-11 first list;");
}

static enum err name_digest(void *ctx, const char *digest)
{
	buf_printf(ctx, "%s ", digest);
	return ERR_OK;
}

static void lists_are_kept_by_their_digests(void **state)
{
	struct fixture *t = *state;
	static const uint8_t first[] = {1, 2, 0, 3}, other[] = {9};
	struct buf got = {0};

	assert_int_equal(store_list_get(t->s, "d1", &got, &t->why), ERR_NOTFOUND);
	assert_non_null(strstr(t->why.text, "d1"));
	assert_int_equal(
		store_list_put(t->s, "d1", STORE_CTL, 5, span_of(first, sizeof(first)), NULL), 0);
	assert_int_equal(
		store_list_put(t->s, "d1", STORE_CTL, 6, span_of(other, sizeof(other)), NULL), 0);
	assert_int_equal(store_list_get(t->s, "d1", &got, NULL), 0);
	assert_true(span_eq(buf_span(&got), span_of(first, sizeof(first))));
	assert_int_equal(
		store_list_put(t->s, "d0", STORE_CTL, 5, span_of(other, sizeof(other)), NULL), 0);
	assert_int_equal(
		store_list_put(t->s, "d3", STORE_CTL, 8, span_of(other, sizeof(other)), NULL), 0);
	assert_int_equal(
		store_list_put(t->s, "i1", STORE_ITL, 5, span_of(other, sizeof(other)), NULL), 0);
	buf_clear(&got);
	assert_int_equal(store_list_each(t->s, STORE_CTL, 7, name_digest, &got, NULL), 0);
	buf_u8(&got, 0);
	assert_string_equal((char *)got.data, "d0 d1 ");
	buf_fini(&got);
}

static enum err same_as_phone(void *ctx, const struct store_device *d)
{
	++*(int *)ctx;
	assert_same_device(d, &phone);
	return ERR_OK;
}

static void change_keeps_what_it_found(void **state)
{
	struct fixture *t = *state;
	struct store_change c = {.number = 1,
		.order = "Device Type is Cisco 7961: profile = Lobby",
		.started = 5,
		.total = 9,
		.done = 3,
		.after = "SEP0011215A1AE3"};
	struct store_change got;
	struct store_device changed = phone;
	int count = 0;

	assert_int_equal(store_change_last(t->s, &got, NULL), ERR_NOTFOUND);
	assert_int_equal(store_change_put(t->s, &c, NULL), 0);
	c.number = 2;
	assert_int_equal(store_change_put(t->s, &c, NULL), 0);
	c.finished = 6;
	assert_int_equal(store_change_put(t->s, &c, NULL), 0);
	assert_int_equal(store_change_last(t->s, &got, NULL), 0);
	assert_memory_equal(&got, &c, sizeof(c));
	assert_int_equal(store_change_keep_many(t->s, 3, &phone, 1, NULL), ERR_NOTFOUND);
	assert_int_equal(store_change_keep_many(t->s, 1, &phone, 1, NULL), 0);
	/* What a change does a second time is not what it found. */
	changed.version++;
	assert_int_equal(store_change_keep_many(t->s, 1, &changed, 1, NULL), 0);
	assert_int_equal(store_change_kept(t->s, 1, same_as_phone, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store_change_forget_before(t->s, 2, NULL), 0);
	assert_int_equal(store_change_kept(t->s, 1, same_as_phone, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store_change_last(t->s, &got, NULL), 0);
	assert_int_equal(got.number, 2);
}

static void many_are_kept_of_a_change(void **state)
{
	struct fixture *t = *state;
	struct store_device *d = many_devices();
	struct order o = {0};

	assert_int_equal(store_change_put(t->s, &(struct store_change){.number = 7}, NULL), 0);
	assert_int_equal(store_change_keep_many(t->s, 7, d, MANY, NULL), 0);
	assert_int_equal(store_change_kept(t->s, 7, in_order, &o, NULL), 0);
	assert_int_equal(o.rows, MANY);
	test_free(d);
}

#define TEST(f)                                                                                    \
	FIXTURE_ON(f, fixture_open, "sqlite"), FIXTURE_ON(f, fixture_open, "ram"),                 \
		FIXTURE_ON(f, fixture_open, "postgres")

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_kept_beside_the_first),
		TEST(what_is_offered_and_held_is_kept),
		TEST(lists_are_kept_by_their_digests),
		TEST(change_keeps_what_it_found),
		TEST(many_are_kept_of_a_change),
	};

	return cmocka_run_group_tests_name(
		"store/held", tests, fixture_start_server, fixture_remove_server);
}
