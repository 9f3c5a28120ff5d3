/* SPDX-License-Identifier: BSD-2-Clause
 * Rows of the enrolment service: the whole list runs once for each kind of store. */
#include "devices.h"

#include "store/bulk.h"
#include "store/capf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct span bytes_of(const char *text)
{
	return span_of(text, strlen(text));
}

static void a_phones_certificates_go_with_it(void **state)
{
	struct fixture *t = *state;
	struct store_phone_cert got, l = {.device = "SEP0011215A1AE3",
					     .kind = STORE_LSC,
					     .fingerprint = "aa",
					     .serial = "0102",
					     .not_before = 1,
					     .not_after = 1900000000,
					     .issuer = "CN=CAPF-1",
					     .issuer_fingerprint = "ff",
					     .issuer_not_after = 1900000001,
					     .recorded = 7,
					     .seen = 8,
					     .how = STORE_CERT_INSTALLED};
	struct store_phone_cert m = l;
	struct buf der = {0};

	assert_int_equal(store_phone_cert_put(t->s, &l, bytes_of("one"), NULL), ERR_NOTFOUND);
	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	m.kind = STORE_MIC;
	strcpy(m.fingerprint, "bb");
	assert_int_equal(store_phone_cert_put(t->s, &l, bytes_of("one"), NULL), 0);
	assert_int_equal(store_phone_cert_put(t->s, &m, bytes_of("mic"), NULL), 0);
	assert_int_equal(
		store_phone_cert_get(t->s, "sep0011215a1ae3", STORE_LSC, &got, &der, NULL), 0);
	assert_memory_equal(&got, &l, sizeof(l));
	assert_true(span_eq(buf_span(&der), bytes_of("one")));

	/* A change of the device keeps it, a newer one replaces it, the device's end is its end. */
	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	strcpy(l.fingerprint, "cc");
	assert_int_equal(store_phone_cert_put(t->s, &l, bytes_of("two"), NULL), 0);
	buf_clear(&der);
	assert_int_equal(store_phone_cert_get(t->s, phone.name, STORE_LSC, &got, &der, NULL), 0);
	assert_string_equal(got.fingerprint, "cc");
	assert_true(span_eq(buf_span(&der), bytes_of("two")));
	assert_int_equal(store_phone_cert_delete(t->s, phone.name, STORE_LSC, NULL), 0);
	assert_int_equal(store_phone_cert_delete(t->s, phone.name, STORE_LSC, NULL), 0);
	assert_int_equal(
		store_phone_cert_get(t->s, phone.name, STORE_LSC, &got, NULL, NULL), ERR_NOTFOUND);
	assert_int_equal(store_phone_cert_get(t->s, phone.name, STORE_MIC, &got, NULL, NULL), 0);
	assert_memory_equal(&got, &m, sizeof(m));
	assert_int_equal(store_device_delete(t->s, phone.name, NULL), 0);
	assert_int_equal(
		store_phone_cert_get(t->s, phone.name, STORE_MIC, &got, NULL, NULL), ERR_NOTFOUND);
	buf_fini(&der);
}

static enum err name_cert(void *ctx, const struct store_phone_cert *c, struct span der)
{
	buf_printf(
		ctx, "%c %s %.*s;", c->device[14], c->issuer, (int)der.len, (const char *)der.ptr);
	return ERR_OK;
}

static enum err name_issuer(
	void *ctx, const char *issuer_fingerprint, const char *issuer, int64_t phones)
{
	buf_printf(ctx, "%s %s %d;", issuer_fingerprint, issuer, (int)phones);
	return ERR_OK;
}

static void assert_text(struct buf *b, const char *expected)
{
	buf_u8(b, 0);
	assert_string_equal((char *)b->data, expected);
	buf_clear(b);
}

static void certificates_are_listed_and_counted_by_issuer(void **state)
{
	struct fixture *t = *state;
	struct store_phone_cert c = {.device = "SEP00000000000A",
		.kind = STORE_LSC,
		.issuer = "CN=CAPF-2",
		.issuer_fingerprint = "f2"};
	struct buf b = {0};

	five_devices(t);
	assert_int_equal(store_phone_cert_put(t->s, &c, bytes_of("a"), NULL), 0);
	c.kind = STORE_MIC;
	assert_int_equal(store_phone_cert_put(t->s, &c, bytes_of("m"), NULL), 0);
	assert_int_equal(store_phone_cert_each(t->s, STORE_LSC, name_cert, &b, NULL), 0);
	assert_text(&b, "A CN=CAPF-2 a;B CN=CAPF-1 x;C CN=CAPF-2 x;");
	assert_int_equal(store_phone_cert_each(t->s, STORE_MIC, name_cert, &b, NULL), 0);
	assert_text(&b, "A CN=CAPF-2 m;");
	c.kind = STORE_LSC;
	strcpy(c.device, "SEP00000000000D");
	assert_int_equal(store_phone_cert_put(t->s, &c, bytes_of("d"), NULL), 0);
	assert_int_equal(store_phone_cert_issuers(t->s, name_issuer, &b, NULL), 0);
	assert_text(&b, " CN=CAPF-1 1; CN=CAPF-2 1;f2 CN=CAPF-2 2;");
	buf_fini(&b);
}

static enum err name_issued(void *ctx, const struct store_issued *i, struct span der)
{
	buf_printf(ctx, "%c %s %s %d %d %.*s;", i->device[14], i->issuer_fingerprint, i->serial,
		(int)i->state, (int)i->changed, (int)der.len, (const char *)der.ptr);
	return ERR_OK;
}

static enum err add_two(void *ctx, struct store *s, struct fail *why)
{
	const struct store_issued *i = ctx;
	enum err err = store_issued_add(s, i, bytes_of("again"), why);

	assert_int_equal(err, ERR_EXISTS);
	fail_clear(why);
	return store_issued_add(s, i + 1, bytes_of("other"), why);
}

static void a_serial_number_is_given_out_once(void **state)
{
	struct fixture *t = *state;
	struct store_issued i[] = {
		{"f1", "0a", "SEP00000000000A", "d1", STORE_ISSUED, 10, 10, 99},
		{"f1", "0b", "SEP00000000000A", "d2", STORE_ISSUED, 20, 20, 99},
		{"f2", "0a", "SEP00000000000B", "d3", STORE_ISSUED, 5, 5, 99},
	};
	struct buf b = {0};

	assert_int_equal(store_issued_add(t->s, &i[0], bytes_of("one"), NULL), 0);
	assert_int_equal(store_issued_add(t->s, &i[0], bytes_of("two"), &t->why), ERR_EXISTS);
	assert_non_null(strstr(t->why.text, "0a"));
	/* A taken number does not spoil the transaction: the next one is good. */
	assert_int_equal(store_transaction(t->s, add_two, i, NULL), 0);
	/* Another authority may have the same. */
	assert_int_equal(store_issued_add(t->s, &i[2], bytes_of("three"), NULL), 0);
	assert_int_equal(store_issued_each(t->s, NULL, name_issued, &b, NULL), 0);
	assert_text(&b, "A f1 0a 1 10 one;A f1 0b 1 20 other;B f2 0a 1 5 three;");

	assert_int_equal(store_issued_set(t->s, "f1", "0b", STORE_ISSUED_INSTALLED, 30, NULL), 0);
	assert_int_equal(
		store_issued_set(t->s, "f1", "0c", STORE_ISSUED_INSTALLED, 30, NULL), ERR_NOTFOUND);
	assert_int_equal(store_issued_supersede(t->s, "sep00000000000a", "d2", 31, NULL), 0);
	assert_int_equal(store_issued_each(t->s, "sep00000000000a", name_issued, &b, NULL), 0);
	assert_text(&b, "A f1 0a 4 31 one;A f1 0b 2 30 other;");
	assert_int_equal(store_issued_delete(t->s, "f1", "0a", NULL), 0);
	assert_int_equal(store_issued_delete(t->s, "f1", "0a", NULL), ERR_NOTFOUND);
	assert_int_equal(store_issued_each(t->s, NULL, name_issued, &b, NULL), 0);
	assert_text(&b, "A f1 0b 2 30 other;B f2 0a 1 5 three;");
	buf_fini(&b);
}

static enum err name_authority(void *ctx, const struct store_issuer *i, struct span der)
{
	buf_printf(ctx, "%s %s %d %.*s;", i->fingerprint, i->subject, (int)i->retired, (int)der.len,
		(const char *)der.ptr);
	return ERR_OK;
}

static void issuers_come_back_whole(void **state)
{
	struct fixture *t = *state;
	struct store_issuer i = {"f2", "CN=CAPF-2", STORE_ISSUER_OWN, 1, 2, 30, 0}, got;
	struct store_issuer older = {"f9", "CN=CAPF-1", STORE_ISSUER_EST, 1, 2, 3, 29};
	struct buf b = {0};

	assert_int_equal(store_issuer_get(t->s, "f2", &got, NULL, NULL), ERR_NOTFOUND);
	assert_int_equal(store_issuer_put(t->s, &i, bytes_of("two"), NULL), 0);
	assert_int_equal(store_issuer_put(t->s, &older, bytes_of("one"), NULL), 0);
	assert_int_equal(store_issuer_get(t->s, "f2", &got, &b, NULL), 0);
	assert_memory_equal(&got, &i, sizeof(i));
	assert_text(&b, "two");
	i.retired = 40;
	assert_int_equal(store_issuer_put(t->s, &i, bytes_of("two"), NULL), 0);
	assert_int_equal(store_issuer_each(t->s, name_authority, &b, NULL), 0);
	assert_text(&b, "f9 CN=CAPF-1 29 one;f2 CN=CAPF-2 40 two;");
	assert_int_equal(store_issuer_delete(t->s, "f9", NULL), 0);
	assert_int_equal(store_issuer_delete(t->s, "f9", NULL), ERR_NOTFOUND);
	buf_fini(&b);
}

static enum err name_request(void *ctx, const struct store_request *q, struct span request)
{
	buf_printf(ctx, "%c %s %d %.*s;", q->device[14], q->key_fingerprint, (int)q->imported,
		(int)request.len, (const char *)request.ptr);
	return ERR_OK;
}

static void a_request_waits_with_its_device(void **state)
{
	struct fixture *t = *state;
	struct store_request q = {"SEP00000000000B", "k1", 10, 0, 0}, got;
	struct buf key = {0}, cert = {0}, b = {0};

	assert_int_equal(
		store_request_put(t->s, &q, bytes_of("k"), bytes_of("r"), (struct span){0}, NULL),
		ERR_NOTFOUND);
	five_devices(t);
	assert_int_equal(
		store_request_put(t->s, &q, bytes_of("k"), bytes_of("r"), (struct span){0}, NULL),
		0);
	assert_int_equal(
		store_request_get(t->s, "sep00000000000b", &got, &key, NULL, &cert, NULL), 0);
	assert_memory_equal(&got, &q, sizeof(q));
	assert_text(&key, "k");
	assert_int_equal(cert.len, 0);
	q.imported = 20;
	assert_int_equal(
		store_request_put(t->s, &q, bytes_of("k"), bytes_of("r"), bytes_of("c"), NULL), 0);
	assert_int_equal(store_request_get(t->s, q.device, &got, NULL, NULL, &cert, NULL), 0);
	assert_text(&cert, "c");
	assert_int_equal(store_request_each(t->s, name_request, &b, NULL), 0);
	assert_text(&b, "B k1 20 r;");
	assert_int_equal(store_device_delete(t->s, q.device, NULL), 0);
	assert_int_equal(
		store_request_get(t->s, q.device, &got, NULL, NULL, NULL, NULL), ERR_NOTFOUND);
	assert_int_equal(store_request_delete(t->s, q.device, NULL), 0);
	buf_fini(&key);
	buf_fini(&cert);
	buf_fini(&b);
}

static enum err name_step(void *ctx, const struct store_enrolment *e)
{
	buf_printf(ctx, "%c %d %d %s %d;", e->device[14], (int)e->step, (int)e->step_since,
		e->address, (int)e->failures);
	return ERR_OK;
}

static void enrolments_are_followed(void **state)
{
	struct fixture *t = *state;
	struct store_enrolment e[] = {
		{.device = "SEP00000000000C",
			.step = STORE_STEP_PENDING,
			.step_since = 5,
			.ordered = 5,
			.enrolled = 1,
			.string_made = 2,
			.failures = 3,
			.blocked_until = 4,
			.last_failure = 6,
			.last_session = 7,
			.address = "192.0.2.7",
			.note = "why"},
		{.device = "SEP0000000000FF", .step = STORE_STEP_PENDING},
		{.device = "SEP00000000000A", .step = STORE_STEP_DONE},
	};
	struct store_enrolment step = {.device = "sep00000000000c",
		.step = STORE_STEP_KEY_GENERATION,
		.step_since = 9,
		.address = "192.0.2.8"};
	struct store_enrolment got;
	struct buf b = {0};

	five_devices(t);
	assert_int_equal(store_enrolment_put_many(t->s, e, 3, NULL), 0);
	assert_int_equal(store_enrolment_get(t->s, "sep00000000000c", &got, NULL), 0);
	assert_memory_equal(&got, &e[0], sizeof(got));
	assert_int_equal(store_enrolment_get(t->s, "SEP0000000000FF", &got, NULL), 0);
	assert_int_equal(got.step, STORE_STEP_NONE);
	assert_string_equal(got.device, "SEP0000000000FF");
	assert_int_equal(store_enrolment_step_many(t->s, &step, 1, NULL), 0);
	strcpy(step.device, "SEP00000000000E");
	assert_int_equal(store_enrolment_step_many(t->s, &step, 1, NULL), 0);
	assert_int_equal(store_enrolment_each(t->s, true, name_step, &b, NULL), 0);
	assert_text(&b, "C 4 9 192.0.2.8 3;E 4 9 192.0.2.8 0;");
	assert_int_equal(store_enrolment_each(t->s, false, name_step, &b, NULL), 0);
	assert_text(&b, "A 7 0  0;C 4 9 192.0.2.8 3;E 4 9 192.0.2.8 0;");
	buf_fini(&b);
}

static void an_operation_ends_without_touching_the_rest(void **state)
{
	struct fixture *t = *state;
	struct store_device expected = phone, got;
	struct store_operation o = {
		.device = "SEP0011215A1AE3", .of = phone.operation, .status = "Upgrade Success"};

	assert_int_equal(store_operation_set(t->s, &o, NULL), ERR_NOTFOUND);
	assert_int_equal(store_device_put(t->s, &phone, NULL), 0);
	assert_int_equal(store_operation_set(t->s, &o, NULL), 0);
	expected.operation = 0;
	expected.operation_by = 0;
	expected.version++;
	memset(expected.operation_status, 0, sizeof(expected.operation_status));
	strcpy(expected.operation_status, "Upgrade Success");
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), 0);
	assert_same_device(&got, &expected);
	assert_true(phone.auth_string.len > 0);
	/* It was taken back already: of what ended does not matter. */
	o.of = 1;
	o.drop_string = true;
	o.operation = 2;
	o.by = 77;
	assert_int_equal(store_operation_set(t->s, &o, NULL), 0);
	expected.version++;
	expected.operation = 2;
	expected.operation_by = 77;
	memset(&expected.auth_string, 0, sizeof(expected.auth_string));
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), 0);
	assert_same_device(&got, &expected);

	/* Another one is pending. */
	o.of = 3;
	assert_int_equal(store_operation_set(t->s, &o, NULL), ERR_NOTFOUND);
	o.drop_string = false;
	assert_int_equal(store_operation_set(t->s, &o, NULL), ERR_NOTFOUND);

	/* The status alone, while that operation is pending. */
	o.keep = true;
	o.by = 1;
	memset(o.status, 0, sizeof(o.status));
	strcpy(o.status, "Delete Failed");
	assert_int_equal(store_operation_set(t->s, &o, NULL), 0);
	memset(expected.operation_status, 0, sizeof(expected.operation_status));
	strcpy(expected.operation_status, "Delete Failed");
	o.operation = 1;
	assert_int_equal(store_operation_set(t->s, &o, NULL), ERR_NOTFOUND);
	assert_int_equal(store_device_get(t->s, phone.name, &got, NULL), 0);
	assert_same_device(&got, &expected);
}

struct walked {
	struct store_bulk_phone of[4];
	size_t count;
};

static enum err take_phone(void *ctx, const struct store_bulk_phone *p)
{
	struct walked *w = ctx;

	w->of[w->count++] = *p;
	return ERR_OK;
}

static void a_bulk_operation_and_its_phones(void **state)
{
	struct fixture *t = *state;
	struct store_bulk got, b = {.number = 1,
				       .node = "publisher",
				       .what = "all",
				       .operation = 1,
				       .complete_by = 1900000000,
				       .auth = "By Null String",
				       .batch = 20,
				       .pause = 60,
				       .least = 80,
				       .reset = 1,
				       .state = STORE_BULK_RUNNING,
				       .reason = "",
				       .begun = 5,
				       .next_at = 6,
				       .total = 3,
				       .present = -1};
	struct store_bulk_phone p[] = {{.device = "SEP000000000003"}, {.device = "SEP000000000001"},
		{.device = "SEP000000000002", .state = STORE_BULK_PASSED, .note = "why"}};
	struct walked w = {.count = 0};

	assert_int_equal(store_bulk_last(t->s, &got, NULL), ERR_NOTFOUND);
	assert_int_equal(store_bulk_put(t->s, &b, NULL), 0);
	assert_int_equal(store_bulk_phone_put_many(t->s, 1, p, 3, NULL), 0);
	b.done = 1;
	strcpy(b.reason, "stopped by hand");
	assert_int_equal(store_bulk_put(t->s, &b, NULL), 0);
	assert_int_equal(store_bulk_last(t->s, &got, NULL), 0);
	assert_memory_equal(&got, &b, sizeof(b));
	p[0].state = STORE_BULK_TOLD;
	p[0].present = 1;
	assert_int_equal(store_bulk_phone_put_many(t->s, 1, p, 1, NULL), 0);
	assert_int_equal(store_bulk_phone_each(t->s, 1, -1, "", 9, take_phone, &w, NULL), 0);
	assert_int_equal(w.count, 3);
	assert_memory_equal(&w.of[0], &p[1], sizeof(p[1]));
	assert_memory_equal(&w.of[1], &p[2], sizeof(p[2]));
	assert_memory_equal(&w.of[2], &p[0], sizeof(p[0]));
	w.count = 0;
	assert_int_equal(
		store_bulk_phone_each(t->s, 1, -1, "SEP000000000001", 1, take_phone, &w, NULL), 0);
	assert_int_equal(w.count, 1);
	assert_string_equal(w.of[0].device, "SEP000000000002");
	w.count = 0;
	assert_int_equal(
		store_bulk_phone_each(t->s, 1, STORE_BULK_WAITS, "", 9, take_phone, &w, NULL), 0);
	assert_int_equal(w.count, 1);
	assert_string_equal(w.of[0].device, "SEP000000000001");
	/* Phones go with their bulk. */
	b.number = 2;
	assert_int_equal(store_bulk_put(t->s, &b, NULL), 0);
	assert_int_equal(store_bulk_forget_before(t->s, 2, NULL), 0);
	w.count = 0;
	assert_int_equal(store_bulk_phone_each(t->s, 1, -1, "", 9, take_phone, &w, NULL), 0);
	assert_int_equal(w.count, 0);
	assert_int_equal(store_bulk_last(t->s, &got, NULL), 0);
	assert_int_equal(got.number, 2);
}

#define TEST(f)                                                                                    \
	FIXTURE_ON(f, fixture_open, "sqlite"), FIXTURE_ON(f, fixture_open, "ram"),                 \
		FIXTURE_ON(f, fixture_open, "postgres")

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_phones_certificates_go_with_it),
		TEST(certificates_are_listed_and_counted_by_issuer),
		TEST(a_serial_number_is_given_out_once),
		TEST(issuers_come_back_whole),
		TEST(a_request_waits_with_its_device),
		TEST(enrolments_are_followed),
		TEST(an_operation_ends_without_touching_the_rest),
		TEST(a_bulk_operation_and_its_phones),
	};

	return cmocka_run_group_tests_name(
		"store/capf", tests, fixture_start_server, fixture_remove_server);
}
