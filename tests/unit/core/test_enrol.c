/* SPDX-License-Identifier: BSD-2-Clause
 * Who may enrol, and what is on record afterwards. Keys and proofs are made by openssl. */
#include "phone.h"

#include "core/audit/audit.h"
#include "core/device/auth_string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STRING "13572468"

static struct span none;

/* ---- the record decides ---- */

static void record_decides_what_a_phone_may(void **state)
{
	struct lab *lab = *state;
	struct device_new other = {.name = LAB_NAME};
	struct enrol_order o = phone_begin(lab, (struct said){0});

	assert_int_equal(o.verdict, ENROL_GO);
	assert_int_equal(o.op, ENROL_INSTALL);
	assert_false(o.key.ec);
	assert_int_equal(o.key.bits, 2048);
	assert_int_equal(o.backup.bits, 0);
	assert_int_equal(
		phone_begin(lab, (struct said){.device = "sep0011215a1ae3"}).verdict, ENROL_GO);
	assert_int_equal(
		phone_begin(lab, (struct said){.device = LAB_NAME}).verdict, ENROL_UNKNOWN_DEVICE);
	assert_int_equal(phone_begin(lab, (struct said){.device = "CUCM\033"}).verdict,
		ENROL_UNKNOWN_DEVICE);
	assert_int_equal(device_put(lab->c, &other, NULL), 0);
	o = phone_begin(lab, (struct said){.device = LAB_NAME});
	assert_int_equal(o.verdict, ENROL_NOTHING_TO_DO);
	assert_null(o.alarm.action);
	/* In null-string mode a string is a wrong one; refusing it does not use the order up. */
	o = phone_begin(lab, (struct said){.password = span_str("1234")});
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_non_null(strstr(o.why.text, "By Null String"));
	assert_status(lab, "Upgrade Failed: Invalid Authentication String");
	assert_true(phone_device_of(lab).install_pending);
	assert_int_equal(phone_begin(lab, (struct said){0}).verdict, ENROL_GO);
}

static void every_operation_can_be_ordered(void **state)
{
	static const struct {
		const char *word;
		enum enrol_operation op;
	} rows[] = {{"Delete", ENROL_DELETE}, {"Troubleshoot", ENROL_TROUBLESHOOT},
		{"Install/Upgrade", ENROL_INSTALL}, {"No Pending Operation", ENROL_NONE}};
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct enrol_order o;

		phone_set(lab, LAB_SEP, "Certificate Operation", rows[i].word);
		o = phone_begin(lab, (struct said){0});
		assert_int_equal(o.op, rows[i].op);
		assert_int_equal(o.verdict, rows[i].op ? ENROL_GO : ENROL_NOTHING_TO_DO);
		assert_string_equal(enrol_operation_text(o.op), rows[i].word);
	}
}

static void late_request_ends_the_order(void **state)
{
	struct lab *lab = *state;
	struct enrol_order o;

	lab->clock = clock_fixed(LAB_NOW + 7 * 86400 + 1);
	o = phone_begin(lab, (struct said){0});
	assert_int_equal(o.verdict, ENROL_NOTHING_TO_DO);
	assert_string_equal(o.alarm.action, "capf outside its window");
	assert_status(lab, "Upgrade Failed: User Initiated Request Late/Timedout");
	lab->clock = clock_fixed(LAB_NOW);
	assert_int_equal(phone_begin(lab, (struct said){0}).verdict, ENROL_NOTHING_TO_DO);
	assert_status(lab, "Upgrade Failed: User Initiated Request Late/Timedout");
}

/* Whoever shows another's certificate says nothing about a phone that has no order. */
static void refusal_without_an_order_leaves_the_last_status(void **state)
{
	struct lab *lab = *state;
	struct enrol_write w = {.kind = ENROL_WRITE_END,
		.device = LAB_SEP,
		.op = ENROL_DELETE,
		.outcome = ENROL_SUCCESS};
	struct enrol_write *rows[] = {&w};
	struct store_enrolment e;
	struct enrol_order o;

	phone_set(lab, LAB_SEP, "Certificate Operation", "Delete");
	o = phone_begin(lab, (struct said){.shown = span_str("no certificate")});
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_int_equal(o.outcome, ENROL_BAD_CREDENTIALS);
	assert_status(lab, "Delete Failed: Invalid Credentials");
	enrol_write(lab->c, rows, 1);
	assert_status(lab, "Delete Success");
	phone_make_lsc(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", LAB_NAME);
	struct buf other = phone_file_of(lab, "lsc.der");
	o = phone_begin(lab, (struct said){.shown = buf_span(&other)});
	buf_fini(&other);
	assert_int_equal(o.verdict, ENROL_REFUSED);
	/* Both names are told. */
	assert_non_null(strstr(o.why.text, LAB_NAME));
	assert_status(lab, "Delete Success");
	assert_int_equal(store_enrolment_get(cluster_get_store(lab->c), LAB_SEP, &e, NULL), 0);
	assert_int_equal(e.step, STORE_STEP_DONE);
}

/* ---- strings ---- */

static void string_is_good_once(void **state)
{
	struct lab *lab = *state;
	struct enrol_write w = {.kind = ENROL_WRITE_END,
		.device = LAB_SEP,
		.op = ENROL_DELETE,
		.outcome = ENROL_SUCCESS};
	struct enrol_write *rows[] = {&w};
	struct enrol_order o;

	phone_set(lab, LAB_SEP, "Security Profile", "Non Secure");
	phone_mode(lab, "By Authentication String");
	phone_set(lab, LAB_SEP, "Certificate Operation", "Delete");
	o = phone_begin(lab, (struct said){.password = span_str(STRING)});
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_non_null(strstr(o.why.text, "no authentication string is set"));

	phone_set(lab, LAB_SEP, "Authentication String", STRING);
	assert_int_equal(phone_begin(lab, (struct said){0}).verdict, ENROL_REFUSED);
	assert_int_equal(phone_begin(lab, (struct said){.password = span_str(STRING "1")}).verdict,
		ENROL_REFUSED);
	assert_status(lab, "Delete Failed: Invalid Authentication String");
	/* Two sessions, should the first be lost; used up with the success. */
	assert_int_equal(
		phone_begin(lab, (struct said){.password = span_str(STRING)}).verdict, ENROL_GO);
	assert_int_equal(
		phone_begin(lab, (struct said){.password = span_str(STRING)}).verdict, ENROL_GO);
	enrol_write(lab->c, rows, 1);
	assert_int_equal(w.err, 0);
	assert_status(lab, "Delete Success");
	assert_int_equal(phone_device_of(lab).record.auth_string.len, 0);
	o = phone_begin(lab, (struct said){.password = span_str(STRING)});
	assert_int_equal(o.verdict, ENROL_NOTHING_TO_DO);
	assert_string_equal(o.alarm.action, "capf outside its window");
	phone_set(lab, LAB_SEP, "Certificate Operation", "Delete");
	assert_int_equal(phone_begin(lab, (struct said){.password = span_str(STRING)}).verdict,
		ENROL_REFUSED);
}

static void ten_wrong_strings_make_a_phone_wait(void **state)
{
	struct lab *lab = *state;
	struct enrol_order o;
	int i;

	phone_set(lab, LAB_SEP, "Security Profile", "Non Secure");
	phone_mode(lab, "By Authentication String");
	phone_set(lab, LAB_SEP, "Authentication String", STRING);
	for (i = 1; i <= ENROL_TRIES; i++) {
		o = phone_begin(lab, (struct said){.password = span_str("0000")});
		assert_int_equal(o.verdict, ENROL_REFUSED);
		assert_int_equal(o.outcome, ENROL_BAD_STRING);
		assert_int_equal(o.alarm.action != NULL, i == ENROL_TRIES);
	}
	/* Not even the right one now. */
	o = phone_begin(lab, (struct said){.password = span_str(STRING)});
	assert_int_equal(o.verdict, ENROL_REFUSED);
	assert_non_null(strstr(o.why.text, "no other is looked at before"));
	lab->clock = clock_fixed(LAB_NOW + ENROL_WAIT_SECONDS - 1);
	assert_int_equal(phone_begin(lab, (struct said){.password = span_str(STRING)}).verdict,
		ENROL_REFUSED);
	lab->clock = clock_fixed(LAB_NOW + ENROL_WAIT_SECONDS);
	assert_int_equal(
		phone_begin(lab, (struct said){.password = span_str(STRING)}).verdict, ENROL_GO);
	/* A good one ends the count. */
	for (i = 1; i < ENROL_TRIES; i++)
		(void)phone_begin(lab, (struct said){.password = span_str("0000")});
	assert_int_equal(
		phone_begin(lab, (struct said){.password = span_str(STRING)}).verdict, ENROL_GO);
	assert_int_equal(phone_begin(lab, (struct said){.password = span_str("0000")}).verdict,
		ENROL_REFUSED);
	assert_int_equal(
		phone_begin(lab, (struct said){.password = span_str(STRING)}).verdict, ENROL_GO);
}

static void strings_are_kept_hashed_and_sealed(void **state)
{
	struct lab *lab = *state;
	struct store_sealed a, b;
	char digits[AUTH_STRING_MOST + 1];
	bool good;
	int seen[10] = {0}, i, k;

	assert_int_equal(auth_string_seal(lab->c, LAB_SEP, STRING, &a, NULL), 0);
	assert_int_equal(auth_string_seal(lab->c, LAB_SEP, STRING, &b, NULL), 0);
	assert_memory_not_equal(a.bytes, b.bytes, a.len);
	assert_null(memmem(a.bytes, a.len, STRING, strlen(STRING)));
	assert_null(memmem(a.bytes, a.len, "argon2", 6));
	assert_int_equal(auth_string_check(lab->c, LAB_SEP, &a, span_str(STRING), &good, NULL), 0);
	assert_true(good);
	assert_int_equal(
		auth_string_check(lab->c, LAB_SEP, &a, span_str("13572469"), &good, NULL), 0);
	assert_false(good);
	/* Bound to its phone; without the key outside the store it is nothing. */
	assert_int_equal(
		auth_string_check(lab->c, LAB_NAME, &a, span_str(STRING), &good, NULL), ERR_VERIFY);
	assert_false(good);
	assert_int_equal(
		lab_run("head -c 32 /dev/zero > %s", lab_path(lab, "keys/phone-secrets")), 0);
	assert_int_equal(
		auth_string_check(lab->c, LAB_SEP, &a, span_str(STRING), &good, NULL), ERR_VERIFY);
	memset(&a, 0, sizeof(a));
	assert_int_equal(auth_string_check(lab->c, LAB_SEP, &a, none, &good, NULL), 0);
	assert_false(good);

	for (i = 0; i < 200; i++) {
		assert_int_equal(auth_string_draw(10, digits, NULL), 0);
		assert_true(auth_string_good(digits));
		for (k = 0; k < 10; k++)
			seen[digits[k] - '0']++;
	}
	for (i = 0; i < 10; i++) /* 200 on average; 100 is more than seven deviations away */
		assert_in_range(seen[i], 100, 300);
	assert_int_equal(auth_string_draw(3, digits, NULL), ERR_ARG);
	assert_int_equal(auth_string_draw(11, digits, NULL), ERR_ARG);
	assert_false(auth_string_good("123"));
	assert_false(auth_string_good("12345678901"));
	assert_false(auth_string_good("12a4"));
}

/* ---- keys ---- */

static void key_order_and_sizes_apply(void **state)
{
	static const struct {
		const char *model, *order, *rsa, *ec;
		unsigned version;
		enum enrol_verdict verdict;
		struct enrol_key key, backup;
	} rows[] = {
		{"Cisco 7961", "", "", "", 3, ENROL_GO, {false, 2048}, {false, 0}},
		{"Cisco 7961", "", "1024", "", 2, ENROL_GO, {false, 1024}, {false, 0}},
		{"Cisco 7961", "EC Preferred, RSA Backup", "", "384", 3, ENROL_GO, {false, 2048},
			{false, 0}},
		{"Cisco 8841", "RSA Only", "4096", "", 3, ENROL_GO, {false, 4096}, {false, 0}},
		{"Cisco 8841", "EC Only", "", "256", 3, ENROL_GO, {true, 256}, {false, 0}},
		{"Cisco 8841", "EC Preferred, RSA Backup", "3072", "521", 3, ENROL_GO, {true, 521},
			{false, 3072}},
		{"Cisco 8841", "EC Preferred, RSA Backup", "3072", "521", 2, ENROL_GO,
			{false, 3072}, {false, 0}},
		{"Cisco 8841", "EC Only", "", "384", 2, ENROL_REFUSED, {true, 384}, {false, 0}},
	};
	struct lab *lab = *state;
	struct enrol_order o;
	struct store_device d;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(store_device_get(cluster_get_store(lab->c), LAB_SEP, &d, NULL), 0);
		d.model = rows[i].model[6] == '7' ? 30018 : 683;
		assert_string_equal(rows[i].model, d.model == 683 ? "Cisco 8841" : "Cisco 7961");
		d.key_order = !*rows[i].order                          ? 0
			      : strcmp(rows[i].order, "RSA Only") == 0 ? 1
			      : strcmp(rows[i].order, "EC Only") == 0  ? 2
								       : 3;
		d.key_bits = atoi(rows[i].rsa);
		d.ec_bits = atoi(rows[i].ec);
		d.operation = 1;
		assert_int_equal(store_device_put(cluster_get_store(lab->c), &d, NULL), 0);
		o = phone_begin(lab, (struct said){.version = rows[i].version});
		assert_int_equal(o.verdict, rows[i].verdict);
		if (o.verdict == ENROL_REFUSED) {
			assert_status(
				lab, "Upgrade Failed: No Support for EC only in CAPF version 3");
			continue;
		}
		assert_int_equal(o.key.ec, rows[i].key.ec);
		assert_int_equal(o.key.bits, rows[i].key.bits);
		assert_int_equal(o.backup.ec, rows[i].backup.ec);
		assert_int_equal(o.backup.bits, rows[i].backup.bits);
	}
}

/* ---- what is on record ---- */

struct made {
	struct cert *lsc, *issuer;
};

static struct made make(struct lab *lab)
{
	struct enrol_key rsa = {false, 1024};
	struct made m;
	struct buf spki;

	phone_make_lsc(lab, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", LAB_SEP);
	spki = phone_file_of(lab, "phone.spki");
	if (enrol_make(lab->c, LAB_SEP, &rsa, buf_span(&spki), NULL, &m.lsc, &m.issuer, &lab->why))
		fail_msg("%s", lab->why.text);
	rsa.bits = 2048;
	assert_int_equal(enrol_make(lab->c, LAB_SEP, &rsa, buf_span(&spki), NULL,
				 &(struct cert *){NULL}, &(struct cert *){NULL}, NULL),
		ERR_FORMAT);
	buf_fini(&spki);
	return m;
}

static void made_fini(struct made *m)
{
	cert_free(m->lsc);
	cert_free(m->issuer);
}

static struct enrol_write issued_row(const struct made *m)
{
	return (struct enrol_write){.kind = ENROL_WRITE_ISSUED,
		.device = LAB_SEP,
		.address = "192.0.2.7",
		.op = ENROL_INSTALL,
		.lsc = m->lsc,
		.issuer = m->issuer};
}

static enum err count_state(void *ctx, const struct store_issued *i, struct span der)
{
	((int *)ctx)[i->state]++;
	return ERR_OK;
}

static void lsc_counts_when_the_phone_says_so(void **state)
{
	struct lab *lab = *state;
	struct made first = make(lab), second;
	struct enrol_write w = issued_row(&first);
	struct enrol_write *rows[] = {&w};
	struct store_phone_cert row;
	struct store_enrolment e;
	struct buf der = {0};
	int states[5] = {0};

	enrol_write(lab->c, rows, 1);
	assert_int_equal(w.err, 0);
	assert_null(w.alarm.action);
	assert_int_equal(phone_recorded(lab, STORE_LSC, &row, NULL), ERR_NOTFOUND);
	assert_true(phone_device_of(lab).install_pending);
	assert_status(lab, "Operation Pending");
	/* The same serial number again. */
	enrol_write(lab->c, rows, 1);
	assert_int_equal(w.err, ERR_EXISTS);

	w.kind = ENROL_WRITE_END;
	w.outcome = ENROL_SUCCESS;
	enrol_write(lab->c, rows, 1);
	assert_int_equal(w.err, 0);
	assert_int_equal(phone_recorded(lab, STORE_LSC, &row, &der), 0);
	assert_true(span_eq(buf_span(&der), cert_der(first.lsc)));
	assert_int_equal(row.how, STORE_CERT_INSTALLED);
	assert_string_equal(row.issuer, cert_subject(first.issuer));
	assert_int_equal(row.issuer_not_after, cert_not_after(first.issuer));
	assert_int_equal(phone_device_of(lab).operation, 0);
	assert_int_equal(phone_device_of(lab).operation_by, 0);
	assert_status(lab, "Upgrade Success");
	assert_int_equal(store_enrolment_get(cluster_get_store(lab->c), LAB_SEP, &e, NULL), 0);
	assert_int_equal(e.step, STORE_STEP_DONE);
	assert_int_equal(e.enrolled, LAB_NOW);
	assert_string_equal(e.address, "192.0.2.7");

	/* A second one, of a phone that did not prove the first, is an alarm. */
	phone_set(lab, LAB_SEP, "Certificate Operation", "Install/Upgrade");
	second = make(lab);
	w = issued_row(&second);
	w.by_lsc = true;
	enrol_write(lab->c, rows, 1);
	assert_null(w.alarm.action);
	made_fini(&second);
	second = make(lab);
	w = issued_row(&second);
	enrol_write(lab->c, rows, 1);
	assert_string_equal(w.alarm.action, "capf second enrolment");
	w.kind = ENROL_WRITE_END;
	w.outcome = ENROL_FAILED;
	w.note = "the phone refused the certificate";
	enrol_write(lab->c, rows, 1);
	assert_int_equal(w.err, 0);
	assert_status(lab, "Upgrade Failed");
	assert_int_equal(phone_device_of(lab).operation, 0);
	buf_clear(&der);
	assert_int_equal(phone_recorded(lab, STORE_LSC, &row, &der), 0);
	assert_true(span_eq(buf_span(&der), cert_der(first.lsc)));
	assert_int_equal(
		store_issued_each(cluster_get_store(lab->c), LAB_SEP, count_state, states, NULL),
		0);
	assert_int_equal(states[STORE_ISSUED], 1);
	assert_int_equal(states[STORE_ISSUED_INSTALLED], 1);
	assert_int_equal(states[STORE_ISSUED_REFUSED], 1);
	made_fini(&first);
	made_fini(&second);
	buf_fini(&der);
}

static void many_sessions_are_written_together(void **state)
{
	struct lab *lab = *state;
	struct device_new other = {.name = LAB_NAME, .install = true};
	struct made m = make(lab), again = {m.lsc, m.issuer};
	struct enrol_write a = issued_row(&m), b = issued_row(&again), c, d;
	struct enrol_write *rows[] = {&a, &b, &c, &d};
	struct device got;

	assert_int_equal(device_put(lab->c, &other, NULL), 0);
	c = d = (struct enrol_write){.kind = ENROL_WRITE_END,
		.op = ENROL_INSTALL,
		.outcome = ENROL_KEY_FAILED,
		.note = "small"};
	c.device = LAB_NAME;
	d.device = "SEP0000000000FF"; /* deleted meanwhile */
	enrol_write(lab->c, rows, 4);
	assert_int_equal(a.err, 0);
	assert_int_equal(b.err, ERR_EXISTS);
	assert_int_equal(c.err, 0);
	assert_int_equal(d.err, ERR_NOTFOUND);
	assert_int_equal(device_get(lab->c, LAB_NAME, &got, NULL), 0);
	assert_string_equal(got.operation_status, "Upgrade Failed: Key Generation Failed/Timeout");
	made_fini(&m);
}

static void lost_phones_keep_their_order(void **state)
{
	struct lab *lab = *state;
	struct enrol_write w = {.kind = ENROL_WRITE_END,
		.device = LAB_SEP,
		.op = ENROL_INSTALL,
		.outcome = ENROL_PHONE_LOST};
	struct enrol_write *rows[] = {&w};
	int64_t by = phone_device_of(lab).operation_by;

	enrol_write(lab->c, rows, 1);
	assert_int_equal(w.err, 0);
	assert_status(lab, "Upgrade Failed: Phone Communication Failure");
	assert_true(phone_device_of(lab).install_pending);
	assert_int_equal(phone_device_of(lab).operation_by, by);
	/* Taken back meanwhile: nothing is left of it. */
	phone_set(lab, LAB_SEP, "Certificate Operation", "No Pending Operation");
	enrol_write(lab->c, rows, 1);
	assert_int_equal(w.err, 0);
	assert_status(lab, "None");
	/* A timeout ends nothing either. */
	phone_set(lab, LAB_SEP, "Certificate Operation", "Install/Upgrade");
	w.outcome = ENROL_KEY_FAILED;
	w.keep = true;
	enrol_write(lab->c, rows, 1);
	assert_true(phone_device_of(lab).install_pending);
	assert_status(lab, "Upgrade Failed: Key Generation Failed/Timeout");
}

/* An order that is given while the phone carries out the last one is not lost with its end. */
static void order_given_meanwhile_stays(void **state)
{
	static const enum enrol_outcome ends[] = {ENROL_SUCCESS, ENROL_FAILED};
	struct lab *lab = *state;
	struct enrol_write w = {
		.kind = ENROL_WRITE_END, .device = LAB_SEP, .op = ENROL_TROUBLESHOOT};
	struct enrol_write *rows[] = {&w};
	size_t i;

	phone_set(lab, LAB_SEP, "Authentication String", STRING);
	for (i = 0; i < 2; i++) {
		phone_set(lab, LAB_SEP, "Certificate Operation", "Delete");
		w.outcome = ends[i];
		enrol_write(lab->c, rows, 1);
		assert_int_equal(w.err, 0);
		assert_int_equal(phone_device_of(lab).operation, ENROL_DELETE);
		assert_status(lab, "Operation Pending");
	}
	/* The string that the session used is used up all the same. */
	assert_int_equal(phone_device_of(lab).record.auth_string.len, 0);
	w.device = LAB_NAME;
	enrol_write(lab->c, rows, 1);
	assert_int_equal(w.err, ERR_NOTFOUND);
}

static void fetched_certificates_are_laid_beside_the_trace(void **state)
{
	struct lab *lab = *state;
	struct made m = make(lab);
	struct enrol_write w = {.kind = ENROL_WRITE_END,
		.device = LAB_SEP,
		.op = ENROL_TROUBLESHOOT,
		.outcome = ENROL_SUCCESS,
		.fetched_lsc = m.lsc};
	struct enrol_write *rows[] = {&w};
	struct store_phone_cert row;
	struct buf der;

	phone_set(lab, LAB_SEP, "Certificate Operation", "Troubleshoot");
	assert_int_equal(lab_run("mkdir -p %s", lab_path(lab, "activelog/cm/trace/capf/sdi")), 0);
	enrol_write(lab->c, rows, 1);
	assert_int_equal(w.err, 0);
	assert_int_equal(enrol_keep_fetched(lab->c, &w, &lab->why), 0);
	assert_status(lab, "Troubleshoot Success");
	assert_int_equal(phone_recorded(lab, STORE_LSC, &row, NULL), 0);
	assert_int_equal(row.how, STORE_CERT_FETCHED);
	assert_int_equal(phone_recorded(lab, STORE_MIC, &row, NULL), ERR_NOTFOUND);
	der = phone_file_of(lab, "activelog/cm/trace/capf/sdi/" LAB_SEP "-L1.cer");
	assert_true(span_eq(buf_span(&der), cert_der(m.lsc)));
	buf_fini(&der);
	made_fini(&m);
}

static enum err last_row(void *ctx, const struct audit_row *row)
{
	snprintf(ctx, 256, "%s %s %s: %s", row->who, row->from, row->action, row->result);
	return ERR_OK;
}

static void alarms_reach_the_audit_log(void **state)
{
	struct lab *lab = *state;
	struct enrol_alarm a = {"capf second enrolment", "text"}, nothing = {NULL, ""};
	char row[256] = "";
	int64_t rows;

	assert_int_equal(enrol_alarm_write(lab->c, LAB_SEP, "192.0.2.7", &a, &lab->why), 0);
	assert_int_equal(enrol_alarm_write(lab->c, LAB_SEP, "192.0.2.7", &nothing, &lab->why), 0);
	assert_int_equal(audit_each(lab->c, last_row, row, NULL), 0);
	assert_string_equal(row, LAB_SEP " 192.0.2.7 capf second enrolment: text");
	assert_int_equal(audit_verify(lab->c, &rows, NULL), 0);
}

static void alarms_are_raised_once_a_minute(void **state)
{
	static struct enrol_alarms alarms;
	const struct enrol_alarm one = {"capf outside its window", ""},
				 two = {"capf wrong strings", ""};
	char name[DEVICE_NAME_SIZE];
	unsigned i;

	assert_true(enrol_alarm_due(&alarms, LAB_SEP, &one, LAB_NOW));
	assert_false(enrol_alarm_due(&alarms, LAB_SEP, &one, LAB_NOW));
	assert_true(enrol_alarm_due(&alarms, LAB_SEP, &two, LAB_NOW));
	assert_true(enrol_alarm_due(&alarms, LAB_NAME, &one, LAB_NOW));
	assert_false(enrol_alarm_due(&alarms, LAB_SEP, &one, LAB_NOW + ENROL_ALARM_EVERY - 1));
	assert_true(enrol_alarm_due(&alarms, LAB_SEP, &one, LAB_NOW + ENROL_ALARM_EVERY));
	/* More devices than there is room for: none is passed over. */
	for (i = 0; i < 3 * ENROL_ALARMS; i++) {
		snprintf(name, sizeof(name), "SEP%012X", i);
		assert_true(enrol_alarm_due(&alarms, name, &one, LAB_NOW));
	}
}

static void keep_alive_has_its_limits(void **state)
{
	struct lab *lab = *state;
	int minutes;

	assert_int_equal(enrol_keep_alive(lab->c, &minutes, NULL), 0);
	assert_int_equal(minutes, 15);
	assert_int_equal(enrol_set_keep_alive(lab->c, 4, NULL), ERR_ARG);
	assert_int_equal(enrol_set_keep_alive(lab->c, 61, NULL), ERR_ARG);
	assert_int_equal(enrol_set_keep_alive(lab->c, 60, NULL), 0);
	assert_int_equal(enrol_keep_alive(lab->c, &minutes, NULL), 0);
	assert_int_equal(minutes, 60);
}

static void there_are_34_texts(void **state)
{
	struct enrol_status s, again;
	size_t n = 0;

	while (enrol_status_at(n, &s)) {
		assert_true(strlen(s.cause) > 20 && strlen(s.next) > 20);
		assert_true(enrol_status_find(s.text, &again));
		assert_int_equal(again.op, s.op);
		assert_int_equal(again.outcome, s.outcome);
		if (s.op)
			assert_string_equal(enrol_status_text(s.op, s.outcome), s.text);
		n++;
	}
	assert_int_equal(n, 34);
	assert_false(enrol_status_find("Upgrade", &s));
	assert_string_equal(
		enrol_status_text(ENROL_TROUBLESHOOT, ENROL_CA_LOST), "Troubleshoot Failed");
	assert_string_equal(enrol_status_text(ENROL_NONE, ENROL_SUCCESS), "None");
	assert_string_equal(enrol_status_text(ENROL_DELETE, ENROL_PENDING), "Operation Pending");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, phone_setup_ordered, lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(record_decides_what_a_phone_may),
		TEST(every_operation_can_be_ordered),
		TEST(late_request_ends_the_order),
		TEST(refusal_without_an_order_leaves_the_last_status),
		TEST(string_is_good_once),
		TEST(ten_wrong_strings_make_a_phone_wait),
		TEST(strings_are_kept_hashed_and_sealed),
		TEST(key_order_and_sizes_apply),
		TEST(lsc_counts_when_the_phone_says_so),
		TEST(many_sessions_are_written_together),
		TEST(lost_phones_keep_their_order),
		TEST(order_given_meanwhile_stays),
		TEST(fetched_certificates_are_laid_beside_the_trace),
		TEST(alarms_reach_the_audit_log),
		TEST(alarms_are_raised_once_a_minute),
		TEST(keep_alive_has_its_limits),
		TEST(there_are_34_texts),
	};

	return cmocka_run_group_tests_name(
		"core/enrol", tests, lab_group_setup, lab_group_teardown);
}
