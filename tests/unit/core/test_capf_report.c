/* SPDX-License-Identifier: BSD-2-Clause */
#include "lab.h"

#include "core/capf/phone_cert.h"
#include "core/capf/report.h"
#include "core/cluster/own.h"
#include "core/device/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* An authority of openssl's with one LSC that it signed: other.pem and lsc.pem in the folder. */
static void make_other(struct lab *lab)
{
	assert_int_equal(
		lab_run("cd %s && openssl req -x509 -newkey rsa:1024 -nodes -keyout o.key -subj "
			"/CN=CAPF-01234567/O=Other -days 900 -out other.pem 2>/dev/null && openssl "
			"req -newkey rsa:1024 -nodes -keyout l.key -subj /CN=" LAB_NAME
			" -out l.csr 2>/dev/null && openssl x509 -req -in l.csr -CA other.pem "
			"-CAkey o.key -days 800 -set_serial 0x0102030405 -out lsc.pem 2>/dev/null",
			lab->folder),
		0);
}

static void add_phone(struct lab *lab, const char *name, const char *number)
{
	struct device_new d = {.name = name, .number = number};

	if (device_put(lab->c, &d, &lab->why))
		fail_msg("%s", lab->why.text);
}

static void record(
	struct lab *lab, const char *name, const struct cert *lsc, const struct cert *issuer)
{
	struct store_phone_cert row;

	phone_cert_fill(&row, name, STORE_LSC, lsc, issuer, LAB_NOW);
	row.how = STORE_CERT_INSTALLED;
	if (phone_cert_record(cluster_get_store(lab->c), &row, cert_der(lsc), &lab->why))
		fail_msg("%s", lab->why.text);
}

/* Two phones; the second holds an LSC of the other authority. */
static void two_phones(struct lab *lab, struct cert **other, struct cert **lsc)
{
	make_other(lab);
	add_phone(lab, LAB_SEP, "1001");
	add_phone(lab, LAB_NAME, "1002");
	assert_int_equal(cert_load(other, lab_path(lab, "other.pem"), &lab->why), 0);
	assert_int_equal(cert_load(lsc, lab_path(lab, "lsc.pem"), &lab->why), 0);
	record(lab, LAB_NAME, *lsc, *other);
}

static enum err count_lsc(void *ctx, const struct report_row *row)
{
	int *seen = ctx;

	if (strcmp(row->device->name, LAB_NAME) == 0) {
		assert_non_null(row->lsc);
		assert_string_equal(row->lsc->serial, "0102030405");
		seen[1]++;
	} else {
		assert_string_equal(row->device->name, LAB_SEP);
		assert_null(row->lsc);
		seen[0]++;
	}
	return ERR_OK;
}

static void every_phone_has_its_own_lsc(void **state)
{
	struct lab *lab = *state;
	struct store_filter all = {0};
	struct cert *other, *lsc;
	int seen[2] = {0};

	two_phones(lab, &other, &lsc);
	assert_int_equal(report_each(lab->c, &all, count_lsc, seen, &lab->why), 0);
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 1);
	cert_free(other);
	cert_free(lsc);
}

struct wanted {
	const char *subject, *place;
	int64_t phones;
	int found;
};

static enum err look(void *ctx, const struct report_issuer *i)
{
	struct wanted *w = ctx;

	if (!strstr(i->subject, w->subject))
		return ERR_OK;
	assert_string_equal(i->place, w->place);
	assert_int_equal(i->phones, w->phones);
	w->found++;
	return ERR_OK;
}

static void issuer_is(struct lab *lab, const char *subject, const char *place, int64_t phones)
{
	struct wanted w = {subject, place, phones, 0};

	assert_int_equal(report_issuers(lab->c, look, &w, &lab->why), 0);
	assert_int_equal(w.found, 1);
}

static void phones_are_counted_by_issuer(void **state)
{
	struct lab *lab = *state;
	struct cert *other, *lsc, *own;

	two_phones(lab, &other, &lsc);
	issuer_is(lab, "CAPF-01234567", "", 1);
	assert_int_equal(trust_put(lab->c, "CAPF-trust", "other", other, &lab->why), 0);
	issuer_is(lab, "CAPF-01234567", "CAPF-trust/other", 1);
	assert_int_equal(own_newest(lab->c, OWN_CAPF, &own, &lab->why), 0);
	issuer_is(lab, cert_common_name(own), "CAPF", 0);
	cert_free(own);
	cert_free(other);
	cert_free(lsc);
}

static void an_issuer_in_use_stays(void **state)
{
	struct lab *lab = *state;
	struct cert *other, *lsc;

	two_phones(lab, &other, &lsc);
	assert_int_equal(trust_put(lab->c, "CAPF-trust", "other", other, &lab->why), 0);
	assert_int_equal(report_may_remove(lab->c, "CAPF-trust", "other", &lab->why), ERR_NOTNOW);
	assert_non_null(
		strstr(lab->why.text, "1 phones still hold an LSC issued by CAPF-01234567"));
	fail_clear(&lab->why);
	/* The same authority is trusted elsewhere, too: nobody needs this place. */
	assert_int_equal(trust_put(lab->c, "CallManager-trust", "too", other, &lab->why), 0);
	assert_int_equal(report_may_remove(lab->c, "CAPF-trust", "other", &lab->why), 0);
	assert_int_equal(trust_remove(lab->c, "CallManager-trust", "too", &lab->why), 0);
	/* Its last phone is gone. */
	assert_int_equal(device_delete(lab->c, LAB_NAME, &lab->why), 0);
	assert_int_equal(report_may_remove(lab->c, "CAPF-trust", "other", &lab->why), 0);
	cert_free(other);
	cert_free(lsc);
}

static void give_out(
	struct lab *lab, const char *device, const char *serial, int64_t state, int64_t not_after)
{
	struct store_issued row = {.issuer_fingerprint = "aa",
		.state = STORE_ISSUED,
		.issued = LAB_NOW - 100,
		.changed = LAB_NOW,
		.not_after = not_after};

	snprintf(row.serial, sizeof(row.serial), "%s", serial);
	snprintf(row.device, sizeof(row.device), "%s", device);
	snprintf(row.fingerprint, sizeof(row.fingerprint), "f%s", serial);
	if (store_issued_add(cluster_get_store(lab->c), &row, span_str("der"), &lab->why) ||
		store_issued_set(
			cluster_get_store(lab->c), "aa", serial, state, LAB_NOW, &lab->why))
		fail_msg("%s", lab->why.text);
}

static enum err note(void *ctx, const struct report_stale *s)
{
	buf_printf(ctx, "%s%s ", s->issued->serial, s->expired ? "!" : "");
	return ERR_OK;
}

static void stale_are(struct lab *lab, const char *text)
{
	struct buf seen = {0};

	assert_int_equal(report_stale_each(lab->c, note, &seen, &lab->why), 0);
	buf_u8(&seen, 0);
	assert_string_equal((const char *)seen.data, text);
	buf_fini(&seen);
}

static void only_expired_ones_are_forgotten(void **state)
{
	struct lab *lab = *state;
	int64_t deleted, kept;

	add_phone(lab, LAB_SEP, "1001");
	give_out(lab, LAB_SEP, "01", STORE_ISSUED_STALE, LAB_NOW - 1);
	give_out(lab, LAB_SEP, "02", STORE_ISSUED_STALE, LAB_NOW + 1000);
	give_out(lab, LAB_SEP, "03", STORE_ISSUED_INSTALLED, LAB_NOW - 1);
	give_out(lab, LAB_SEP, "04", STORE_ISSUED_REFUSED, LAB_NOW + 1000);
	give_out(lab, LAB_NAME, "05", STORE_ISSUED_INSTALLED, LAB_NOW - 1); /* no such phone */
	stale_are(lab, "01! 02 04 05! ");
	assert_int_equal(report_stale_delete(lab->c, &deleted, &kept, &lab->why), 0);
	assert_int_equal(deleted, 2);
	assert_int_equal(kept, 2);
	stale_are(lab, "02 04 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_phone_has_its_own_lsc, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(
			phones_are_counted_by_issuer, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(an_issuer_in_use_stays, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(
			only_expired_ones_are_forgotten, lab_setup, lab_teardown),
	};

	return cmocka_run_group_tests(tests, lab_group_setup, lab_group_teardown);
}
