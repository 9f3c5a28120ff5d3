/* SPDX-License-Identifier: BSD-2-Clause
 * What services tell of phones: which names count, and what is handed over. */
#include "service/notes.h"

#include "core/list/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int woken;

static void wake(void *ctx)
{
	(void)ctx;
	woken++;
}

struct test {
	struct notes *notes;
	struct clock clock;
	struct net_addr peer;
};

static int setup(void **state)
{
	static struct test t;

	woken = 0;
	t.clock = clock_fixed(1790000000);
	*state = &t;
	return net_addr_parse(&t.peer, "2001:db8::7", 49530, NULL) ||
	       notes_new(&t.notes, &t.clock, wake, NULL);
}

static int teardown(void **state)
{
	struct test *t = *state;

	notes_free(t->notes);
	return 0;
}

#define BYTES(text) span_of(text, sizeof(text) - 1)

static void names_of_lists(void **state)
{
	static const struct {
		const char *asked, *device;
		int64_t list;
	} rows[] = {
		{"CTLSEP0011215A1AE3.tlv", "SEP0011215A1AE3", STORE_CTL},
		{"itlsep0011215a1ae3.TLV", "SEP0011215A1AE3", STORE_ITL},
		{"CTLFile.tlv", "", STORE_CTL},
		{"ITLFILE.tlv", "", STORE_ITL},
		{"CTLSEP0011215A1AE.tlv", NULL, 0},
		{"CTLSEP0011215A1AE3.tlv.sgn", NULL, 0},
		{"x/CTLFile.tlv", NULL, 0},
		{"SEP0011215A1AE3.cnf.xml", NULL, 0},
		{"ringlist.xml", NULL, 0},
		{"", NULL, 0},
	};
	struct test *t = *state;
	struct notes_batch b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char digest[HELD_DIGEST] = "";

		notes_sent(t->notes, rows[i].asked, BYTES("list"), digest, &t->peer);
		notes_take(t->notes, INT64_MAX, &b);
		assert_int_equal(b.count, rows[i].device != NULL);
		if (b.count) {
			assert_int_equal(b.events[0].what, HELD_OFFERED);
			assert_int_equal(b.events[0].list, rows[i].list);
			assert_string_equal(b.events[0].device, rows[i].device);
			assert_string_equal(b.events[0].host, "2001:db8::7");
			assert_int_equal(b.events[0].at_us, 1790000000 * INT64_C(1000000));
			/* md5sum of "list" */
			assert_string_equal(digest, "10ae9fc7d453b0dd525d0edf2ede7961");
			assert_string_equal(b.events[0].digest, digest);
		}
		notes_batch_fini(&b);
	}
}

static void names_of_configuration(void **state)
{
	static const struct {
		const char *asked;
		int what;
	} rows[] = {
		{"SEP0011215A1AE3.cnf.xml", HELD_ASKED_CLEAR},
		{"sep0011215a1ae3.CNF.xml.sgn", HELD_ASKED_SIGNED},
		{"SEP0011215A1AE3.cnf.xml.enc.sgn", -1},
		{"SEP0011215A1AE.cnf.xml", -1},
		{"XMLDefault.cnf.xml", -1},
		{"CTLSEP0011215A1AE3.tlv", -1},
	};
	struct test *t = *state;
	struct notes_batch b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		notes_asked(t->notes, rows[i].asked, &t->peer);
		notes_take(t->notes, INT64_MAX, &b);
		assert_int_equal(b.count, rows[i].what >= 0);
		if (b.count) {
			assert_int_equal(b.events[0].what, rows[i].what);
			assert_string_equal(b.events[0].device, "SEP0011215A1AE3");
		}
		notes_batch_fini(&b);
	}
}

/* Thousands of phones take one list: its bytes go along once. */
static void bytes_go_along_once(void **state)
{
	struct test *t = *state;
	struct notes_batch b;
	char first[HELD_DIGEST] = "", second[HELD_DIGEST] = "";

	notes_sent(t->notes, "CTLSEP00000000000A.tlv", BYTES("one"), first, &t->peer);
	notes_sent(t->notes, "CTLSEP00000000000B.tlv", BYTES("one"), first, &t->peer);
	notes_sent(t->notes, "CTLSEP00000000000C.tlv", BYTES("two"), second, &t->peer);
	assert_int_equal(woken, 1);
	notes_take(t->notes, INT64_MAX, &b);
	assert_int_equal(b.count, 3);
	assert_int_equal(b.contents_count, 2);
	assert_true(span_eq(b.events[0].content, BYTES("one")));
	assert_int_equal(b.events[1].content.len, 0);
	assert_true(span_eq(b.events[2].content, BYTES("two")));
	notes_batch_fini(&b);
	notes_sent(t->notes, "CTLSEP00000000000A.tlv", BYTES("one"), first, &t->peer);
	assert_int_equal(woken, 2);
	notes_take(t->notes, INT64_MAX, &b);
	assert_int_equal(b.contents_count, 0);
	notes_batch_fini(&b);
}

/* Another worker's note may be older than one that is here already. */
static void later_ones_stay(void **state)
{
	struct test *t = *state;
	int64_t first = 1790000000 * INT64_C(1000000);
	char one[HELD_DIGEST] = "", two[HELD_DIGEST] = "";
	struct notes_batch b;

	notes_sent(t->notes, "CTLFile.tlv", BYTES("one"), one, &t->peer);
	t->clock = clock_fixed(1790000001);
	notes_sent(t->notes, "ITLFile.tlv", BYTES("two"), two, &t->peer);
	notes_asked(t->notes, "SEP0011215A1AE3.cnf.xml.sgn", &t->peer);
	assert_int_equal(woken, 1);
	notes_take(t->notes, first, &b);
	assert_int_equal(b.count, 1);
	assert_true(span_eq(b.events[0].content, BYTES("one")));
	assert_int_equal(woken, 2);
	notes_batch_fini(&b);
	notes_take(t->notes, first, &b);
	assert_int_equal(b.count, 0);
	notes_batch_fini(&b);
	notes_take(t->notes, first + 1000000, &b);
	assert_int_equal(b.count, 2);
	assert_int_equal(b.contents_count, 1);
	assert_true(span_eq(b.events[0].content, BYTES("two")));
	notes_batch_fini(&b);
	notes_asked(t->notes, "SEP0011215A1AE3.cnf.xml.sgn", &t->peer);
	notes_take(t->notes, INT64_MAX, &b);
	assert_int_equal(b.count, 1);
	notes_batch_fini(&b);
}

static void what_phones_prove(void **state)
{
	struct test *t = *state;
	uint8_t cert[HELD_CERT];
	struct notes_batch b;

	held_cert(BYTES("certificate"), cert);
	notes_came(t->notes, "SEP00000000000A", &t->peer);
	notes_trusted(t->notes, "SEP00000000000B", cert, LIST_ROLE(TLV_ROLE_CAPF), &t->peer);
	notes_take(t->notes, INT64_MAX, &b);
	assert_int_equal(b.count, 2);
	assert_int_equal(b.events[0].what, HELD_CAME);
	assert_string_equal(b.events[0].device, "SEP00000000000A");
	assert_int_equal(b.events[1].what, HELD_TRUSTED);
	assert_memory_equal(b.events[1].cert, cert, sizeof(cert));
	assert_int_equal(b.events[1].roles, LIST_ROLE(TLV_ROLE_CAPF));
	notes_batch_fini(&b);
}

static void too_many_are_dropped(void **state)
{
	struct test *t = *state;
	struct notes_batch b;

	for (unsigned i = 0; i < NOTES_MOST + 10; i++)
		notes_asked(t->notes, "SEP0011215A1AE3.cnf.xml.sgn", &t->peer);
	notes_take(t->notes, INT64_MAX, &b);
	assert_int_equal(b.count, NOTES_MOST);
	notes_batch_fini(&b);
	notes_take(t->notes, INT64_MAX, &b);
	assert_int_equal(b.count, 0);
	notes_batch_fini(&b);
}

static void nobody_asks(void **state)
{
	struct test *t = *state;
	char digest[HELD_DIGEST] = "";

	notes_sent(NULL, "CTLFile.tlv", BYTES("x"), digest, &t->peer);
	notes_asked(NULL, "SEP0011215A1AE3.cnf.xml", &t->peer);
	notes_came(NULL, "SEP0011215A1AE3", &t->peer);
	notes_trusted(NULL, "SEP0011215A1AE3", NULL, 0, &t->peer);
	assert_int_equal(woken, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_of_lists),
		TEST(names_of_configuration),
		TEST(bytes_go_along_once),
		TEST(later_ones_stay),
		TEST(what_phones_prove),
		TEST(too_many_are_dropped),
		TEST(nobody_asks),
	};

	return cmocka_run_group_tests_name("service/notes", tests, NULL, NULL);
}
