/* SPDX-License-Identifier: BSD-2-Clause
 * What became of it. */
#include "core/enrol/enrol.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trace.h"
#include "core/audit/audit.h"
#include "core/capf/phone_cert.h"

#include <stdio.h>

struct writing {
	struct cluster *c;
	int64_t now;
	struct enrol_write *const *rows;
	size_t count;
};

enum err enrol_make(struct cluster *c, const char *device, const struct enrol_key *want,
	struct span spki, struct lsc_ask *ask, struct cert **out, struct cert **issuer,
	struct fail *why)
{
	enum err err = public_key_check(spki, want, why);

	*out = NULL;
	*issuer = NULL;
	return err ? err : lsc_make(c, device, spki, ask, out, issuer, why);
}

/* Another authority's certificate is on record since it came, and the phone may get it again. */
static bool came_before(const struct writing *x, struct store *s, const struct enrol_write *w)
{
	struct store_request row;
	struct buf cert = {0};
	bool same = lsc_signed_elsewhere(x->c) &&
		    store_request_get(s, w->device, &row, NULL, NULL, &cert, NULL) == ERR_OK &&
		    span_eq(buf_span(&cert), cert_der(w->lsc));

	buf_fini(&cert);
	return same;
}

static enum err holds_lsc(struct store *s, const char *device, bool *yes, struct fail *why)
{
	struct store_phone_cert row;
	struct fail local = {0};
	enum err err = store_phone_cert_get(s, device, STORE_LSC, &row, NULL, &local);

	*yes = !err;
	return err && err != ERR_NOTFOUND ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

static enum err write_issued(
	const struct writing *x, struct enrol_write *w, struct store *s, struct fail *why)
{
	struct store_issued row = {.state = STORE_ISSUED,
		.issued = x->now,
		.changed = x->now,
		.not_after = cert_not_after(w->lsc)};
	bool again;
	enum err err = holds_lsc(s, w->device, &again, why);

	if (err)
		return err;
	/* Whoever comes with the LSC itself renews it; anybody else might be somebody else. */
	w->alarm.action = again && !w->by_lsc ? "capf second enrolment" : NULL;
	snprintf(w->alarm.text, sizeof(w->alarm.text),
		"a certificate was issued though one is recorded, which the phone did not prove");
	cert_fingerprint(w->issuer, row.issuer_fingerprint);
	cert_fingerprint(w->lsc, row.fingerprint);
	cert_serial_text(w->lsc, row.serial);
	str_copy(row.device, sizeof(row.device), w->device);
	return came_before(x, s, w) ? ERR_OK : store_issued_add(s, &row, cert_der(w->lsc), why);
}

static enum err write_installed(
	const struct writing *x, const struct enrol_write *w, struct store *s, struct fail *why)
{
	struct store_phone_cert row;
	enum err err;

	phone_cert_fill(&row, w->device, STORE_LSC, w->lsc, w->issuer, x->now);
	row.how = STORE_CERT_INSTALLED;
	err = phone_cert_record(s, &row, cert_der(w->lsc), why);
	if (!err)
		err = store_issued_set(
			s, row.issuer_fingerprint, row.serial, STORE_ISSUED_INSTALLED, x->now, why);
	return err ? err : store_issued_supersede(s, w->device, row.fingerprint, x->now, why);
}

static enum err write_refused(
	const struct writing *x, const struct enrol_write *w, struct store *s, struct fail *why)
{
	char issuer[STORE_FINGERPRINT], serial[STORE_SERIAL];

	cert_fingerprint(w->issuer, issuer);
	cert_serial_text(w->lsc, serial);
	return store_issued_set(s, issuer, serial, STORE_ISSUED_REFUSED, x->now, why);
}

static enum err write_deleted(
	const struct writing *x, const struct enrol_write *w, struct store *s, struct fail *why)
{
	enum err err = store_phone_cert_delete(s, w->device, STORE_LSC, why);

	return err ? err : store_issued_supersede(s, w->device, "", x->now, why);
}

static enum err write_fetched(const struct writing *x, const struct enrol_write *w, int kind,
	const struct cert *c, struct store *s, struct fail *why)
{
	struct store_phone_cert row;

	if (!c)
		return ERR_OK;
	phone_cert_fill(&row, w->device, kind, c, NULL, x->now);
	row.how = STORE_CERT_FETCHED;
	return phone_cert_record(s, &row, cert_der(c), why);
}

/* The certificates first: without one that belongs to it no status says success. */
static enum err write_certs(
	const struct writing *x, const struct enrol_write *w, struct store *s, struct fail *why)
{
	enum err err;

	if (w->lsc && w->outcome == ENROL_SUCCESS)
		return write_installed(x, w, s, why);
	if (w->lsc && w->outcome == ENROL_FAILED)
		return write_refused(x, w, s, why);
	if (w->outcome != ENROL_SUCCESS)
		return ERR_OK;
	if (w->op == ENROL_DELETE)
		return write_deleted(x, w, s, why);
	err = write_fetched(x, w, STORE_LSC, w->fetched_lsc, s, why);
	return err ? err : write_fetched(x, w, STORE_MIC, w->fetched_mic, s, why);
}

static bool stays(const struct enrol_write *w)
{
	return w->keep || enrol_outcome_stays(w->outcome);
}

/* An order that was given while the phone was at the last one stays as it is; but a string that was
 * used is used up. */
static enum err leave_order(struct store *s, const struct store_operation *o, struct fail *why)
{
	struct store_device row;
	enum err err = store_device_get(s, o->device, &row, why);

	if (err || !o->drop_string || !row.auth_string.len)
		return err;
	memset(&row.auth_string, 0, sizeof(row.auth_string));
	row.version++;
	return store_device_put(s, &row, why);
}

static enum err write_status(
	const struct writing *x, const struct enrol_write *w, struct store *s, struct fail *why)
{
	struct store_operation o = {.keep = stays(w), .drop_string = w->outcome == ENROL_SUCCESS};
	struct fail local = {0};
	enum err err;

	o.of = (int64_t)w->op;
	str_copy(o.device, sizeof(o.device), w->device);
	str_copy(o.status, sizeof(o.status), enrol_status_text(w->op, w->outcome));
	o.operation = o.keep ? (int64_t)w->op : 0;
	err = store_operation_set(s, &o, &local);
	/* The order was taken back, or another given, while the phone was at it. */
	if (err == ERR_NOTFOUND)
		return o.keep ? ERR_OK : leave_order(s, &o, why);
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

static enum err write_end(
	const struct writing *x, struct enrol_write *w, struct store *s, struct fail *why)
{
	struct store_enrolment e;
	enum err err = write_certs(x, w, s, why);

	w->alarm.action = NULL;
	if (!err)
		err = write_status(x, w, s, why);
	if (!err)
		err = store_enrolment_get(s, w->device, &e, why);
	if (err)
		return err;
	/* With the order goes the key that was made for it. */
	if (w->op == ENROL_INSTALL && !stays(w) && lsc_signed_elsewhere(x->c))
		err = store_request_delete(s, w->device, why);
	if (err)
		return err;
	e.step = !stays(w)                     ? STORE_STEP_DONE
		 : w->outcome == ENROL_PENDING ? STORE_STEP_CA
					       : STORE_STEP_PENDING;
	e.step_since = x->now;
	e.last_session = x->now;
	if (w->outcome == ENROL_SUCCESS && w->op == ENROL_INSTALL)
		e.enrolled = x->now;
	snprintf(e.address, sizeof(e.address), "%s", w->address ? w->address : "");
	/* A longer note is cut: its beginning tells most. */
	snprintf(e.note, sizeof(e.note), "%.*s", (int)sizeof(e.note) - 1, w->note ? w->note : "");
	return store_enrolment_put_many(s, &e, 1, why);
}

static enum err write_row(
	const struct writing *x, struct enrol_write *w, struct store *s, struct fail *why)
{
	return w->kind == ENROL_WRITE_ISSUED ? write_issued(x, w, s, why) : write_end(x, w, s, why);
}

static enum err write_all(void *ctx, struct store *s, struct fail *why)
{
	const struct writing *x = ctx;
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; !err && i < x->count; i++) {
		struct enrol_write *w = x->rows[i];
		struct fail local = {0};

		w->err = write_row(x, w, s, &local);
		w->why = local;
		/* A serial number that is taken spoils nothing. */
		if (w->err && w->err != ERR_EXISTS)
			err = fail_set(why, w->err, "%s", local.text);
	}
	return err;
}

void enrol_write(struct cluster *c, struct enrol_write *const *rows, size_t count)
{
	struct writing x = {
		.c = c, .now = clock_seconds(cluster_get_clock(c)), .rows = rows, .count = count};
	struct fail why = {0};
	enum err err;
	size_t i;

	if (!count || !store_transaction(cluster_get_store(c), write_all, &x, &why))
		return;
	for (i = 0; i < count; i++) {
		x.rows = rows + i;
		x.count = 1;
		fail_clear(&why);
		err = store_transaction(cluster_get_store(c), write_all, &x, &why);
		if (err) {
			rows[i]->err = err;
			rows[i]->why = why;
		}
	}
}

static enum err keep_one(struct cluster *c, const char *device, const char *suffix,
	const struct cert *cert, struct fail *why)
{
	char name[64];
	char *folder, *path;
	enum err err;

	if (!cert)
		return ERR_OK;
	snprintf(name, sizeof(name), "%s%s", device, suffix);
	folder = cluster_path(c, ACTIVELOG_FOLDER, trace_folder(TRACE_CAPF));
	path = folder ? file_join(folder, name) : NULL;
	err = path ? file_replace(path, cert_der(cert), 0644, FILE_NOSYNC, why)
		   : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	mem_free(folder);
	mem_free(path);
	return err;
}

enum err enrol_keep_fetched(struct cluster *c, const struct enrol_write *w, struct fail *why)
{
	enum err err = keep_one(c, w->device, "-L1.cer", w->fetched_lsc, why);

	return err ? err : keep_one(c, w->device, "-M1.cer", w->fetched_mic, why);
}

bool enrol_alarm_due(
	struct enrol_alarms *alarms, const char *device, const struct enrol_alarm *a, int64_t now)
{
	size_t i;

	for (i = 0; i < ENROL_ALARMS; i++)
		if (alarms->of[i].action && strcmp(alarms->of[i].action, a->action) == 0 &&
			strcmp(alarms->of[i].device, device) == 0 &&
			now - alarms->of[i].at < ENROL_ALARM_EVERY && now >= alarms->of[i].at)
			return false;
	i = alarms->next++ % ENROL_ALARMS;
	str_copy(alarms->of[i].device, sizeof(alarms->of[i].device), device);
	alarms->of[i].action = a->action;
	alarms->of[i].at = now;
	return true;
}

enum err enrol_alarm_write(struct cluster *c, const char *device, const char *address,
	const struct enrol_alarm *a, struct fail *why)
{
	const struct audit_entry e = {.who = device,
		.from = address,
		.action = a->action,
		.object = device,
		.result = a->text};

	return a->action ? audit_append(c, &e, why) : ERR_OK;
}
