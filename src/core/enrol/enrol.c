/* SPDX-License-Identifier: BSD-2-Clause
 * Who may enrol. */
#include "core/enrol/enrol.h"

#include "base/str.h"
#include "core/cluster/services.h"
#include "core/device/auth_string.h"
#include "core/capf/phone_cert.h"
#include "core/model/model.h"
#include "core/profile/profile.h"

#include <stdio.h>

#define EC_SINCE 3 /* client version that can be asked for a type of key */

#define PARAM_KEEP_ALIVE "CAPFKeepAlive"

/* Both pieces of a record that decide, as they were read once. */
struct begin {
	struct cluster *c;
	struct store *s;
	int64_t now;
	char name[DEVICE_NAME_SIZE];
	const char *address;
	struct store_device row;
	struct store_profile profile;
	struct store_enrolment progress;
	bool blocked; /* by too many tries before this one */
	struct proof proof;
	struct enrol_order *out;
};

void enrol_keys(const struct store_device *d, const struct store_profile *p, struct enrol_key *key,
	struct enrol_key *backup)
{
	const struct model *m = model_of((int)d->model);
	/* A phone's own order begins at 1, 0 being its profile's. */
	int64_t order = d->key_order ? d->key_order - 1 : p->key_order;
	int64_t rsa = d->key_bits ? d->key_bits : p->key_bits;
	int64_t ec = d->ec_bits ? d->ec_bits : p->ec_bits;

	if (m->rsa_max && rsa > (int64_t)m->rsa_max)
		rsa = m->rsa_max;
	*key = (struct enrol_key){false, (unsigned)rsa};
	*backup = (struct enrol_key){false, 0};
	if (order == PROFILE_RSA_ONLY || (order == PROFILE_EC_PREFERRED && !m->ec))
		return;
	if (order == PROFILE_EC_PREFERRED)
		*backup = *key;
	*key = (struct enrol_key){true, ec ? (unsigned)ec : 384};
}

enum err enrol_keep_alive(struct cluster *c, int *minutes, struct fail *why)
{
	char text[STORE_TEXT];
	struct fail local = {0};
	long value = ENROL_KEEP_ALIVE_DEFAULT;
	enum err err = store_param_get(cluster_get_store(c), PARAM_KEEP_ALIVE, text, &local);

	if (!err && str_number(text, ENROL_KEEP_ALIVE_LEAST, ENROL_KEEP_ALIVE_MOST, &value))
		value = ENROL_KEEP_ALIVE_DEFAULT;
	*minutes = (int)value;
	return err && err != ERR_NOTFOUND ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

enum err enrol_set_keep_alive(struct cluster *c, int minutes, struct fail *why)
{
	char text[16];

	if (minutes < ENROL_KEEP_ALIVE_LEAST || minutes > ENROL_KEEP_ALIVE_MOST)
		return fail_set(why, ERR_ARG, "the keep-alive time is %d to %d minutes",
			ENROL_KEEP_ALIVE_LEAST, ENROL_KEEP_ALIVE_MOST);
	snprintf(text, sizeof(text), "%d", minutes);
	return store_param_set(cluster_get_store(c), PARAM_KEEP_ALIVE, text, why);
}

/* --- what is written at once --- */

/* A session that got no further than its authentication. */
static enum err write_refusal(struct begin *b, enum enrol_outcome outcome, struct fail *why)
{
	struct enrol_write w = {.kind = ENROL_WRITE_END,
		.device = b->name,
		.address = b->address,
		.op = b->out->op,
		.outcome = outcome,
		.note = b->out->why.code ? b->out->why.text : NULL};
	struct enrol_write *rows[] = {&w};

	enrol_write(b->c, rows, 1);
	return w.err ? fail_set(why, w.err, "%s", w.why.text) : ERR_OK;
}

static enum err refuse(struct begin *b, enum enrol_outcome outcome, struct fail *why)
{
	b->out->verdict = ENROL_REFUSED;
	/* Without an order there is nothing that could have failed. */
	if (!b->out->op)
		return ERR_OK;
	b->out->outcome = outcome;
	fail_set(&b->out->why, ERR_DENIED, "%s", enrol_status_text(b->out->op, outcome));
	return write_refusal(b, outcome, why);
}

static void raise_alarm(struct begin *b, const char *action, const char *text)
{
	b->out->alarm.action = action;
	snprintf(b->out->alarm.text, sizeof(b->out->alarm.text), "%.*s",
		(int)sizeof(b->out->alarm.text) - 1, text);
}

/* A certificate whose key the phone has shown to hold: configurations can be encrypted for it. */
static enum err record(struct begin *b, int kind, const struct cert *c, const struct cert *issuer,
	enum store_cert_how how, struct fail *why)
{
	struct store_phone_cert row;

	phone_cert_fill(&row, b->name, kind, c, issuer, b->now);
	row.how = how;
	return phone_cert_record(b->s, &row, cert_der(c), why);
}

/* --- the certificate of the handshake --- */

static enum err look_at_shown(struct begin *b, struct span shown, bool *fits, struct fail *why)
{
	struct cert *c = NULL, *issuer = NULL;
	struct lsc_issuers *issuers = NULL;
	char expired[128];
	enum err err;

	*fits = true;
	if (!shown.len)
		return ERR_OK;
	if (cert_from_der(&c, shown, NULL) != ERR_OK || !proof_names(c, b->name)) {
		*fits = false;
		fail_set(&b->out->why, ERR_TRUST,
			"the certificate shown is not this device's: %.80s",
			c ? cert_common_name(c) : "it cannot be read");
		cert_free(c);
		return ERR_OK;
	}
	/* Of an authority that nobody here knows it says nothing, but it does no harm either. */
	err = lsc_issuers_load(&issuers, b->c, why);
	if (err == ERR_OK && lsc_issuers_find(issuers, c, &issuer, NULL) == ERR_OK)
		err = record(b, STORE_LSC, c, issuer, STORE_CERT_SHOWN, why);
	else if (err == ERR_OK && manufacturer_check(b->c, c, &issuer, expired, NULL) == ERR_OK)
		err = record(b, STORE_MIC, c, issuer, STORE_CERT_SHOWN, why);
	lsc_issuers_free(issuers);
	cert_free(c);
	cert_free(issuer);
	return err;
}

/* --- authentication strings --- */

/* A try counts as failed until it has succeeded, so that neither many at once nor a kill gives more
 * of them. */
static enum err take_try(void *ctx, struct store *s, struct fail *why)
{
	struct begin *b = ctx;
	struct store_enrolment *e = &b->progress;
	enum err err = store_enrolment_get(s, b->name, e, why);

	b->blocked = e->blocked_until > b->now;
	if (err || b->blocked)
		return err;
	e->last_failure = b->now;
	if (++e->failures >= ENROL_TRIES) {
		e->failures = 0;
		e->blocked_until = b->now + ENROL_WAIT_SECONDS;
	}
	return store_enrolment_put_many(s, e, 1, why);
}

static enum err give_try_back(void *ctx, struct store *s, struct fail *why)
{
	struct begin *b = ctx;
	struct store_enrolment *e = &b->progress;
	enum err err = store_enrolment_get(s, b->name, e, why);

	e->failures = 0;
	e->blocked_until = 0;
	return err ? err : store_enrolment_put_many(s, e, 1, why);
}

static enum err check_string(struct begin *b, struct span digits, bool *good, struct fail *why)
{
	char until[CLOCK_DATE_MAX];
	enum err err;

	*good = false;
	if (!b->row.auth_string.len) {
		fail_set(&b->out->why, ERR_DENIED,
			"no authentication string is set for it, or it was used");
		return ERR_OK;
	}
	err = store_transaction(b->s, take_try, b, why);
	if (!err && b->blocked) {
		clock_print_iso(until, b->progress.blocked_until);
		fail_set(&b->out->why, ERR_LOCKED,
			"%d wrong authentication strings: no other is looked at before %s",
			ENROL_TRIES, until);
		return ERR_OK;
	}
	if (!err)
		err = auth_string_check(b->c, b->name, &b->row.auth_string, digits, good, why);
	if (!err && *good)
		return store_transaction(b->s, give_try_back, b, why);
	if (!err && b->progress.blocked_until > b->now)
		raise_alarm(b, "capf wrong strings",
			"ten wrong authentication strings; the phone has to wait ten minutes");
	if (!err)
		fail_set(&b->out->why, ERR_DENIED, "wrong authentication string");
	return err;
}

/* --- the decision --- */

static int mode_of(const struct begin *b)
{
	return (int)(b->row.auth_mode ? b->row.auth_mode : b->profile.auth_mode);
}

/* By the server's record alone; what the phone says of it does not count. */
static enum err authenticate(
	struct begin *b, const struct capf_message *m, bool *good, struct fail *why)
{
	enum enrol_outcome bad = ENROL_BAD_STRING;
	enum err err = ERR_OK;

	*good = false;
	switch (mode_of(b)) {
	case PROFILE_AUTH_STRING: err = check_string(b, m->password, good, why); break;
	case PROFILE_AUTH_NULL:
		*good = !m->password.len;
		if (!*good)
			fail_set(&b->out->why, ERR_DENIED,
				"the phone sent an authentication string though its mode is By "
				"Null String");
		break;
	default:
		*good = b->proof.outcome == ENROL_SUCCESS;
		bad = b->proof.outcome;
		b->out->by_lsc = b->proof.kind == STORE_LSC;
		if (!*good)
			b->out->why = b->proof.why;
		break;
	}
	return err || *good ? err : refuse(b, bad, why);
}

/* A key that was made before serves when it is of a kind that would be asked for now. */
static enum err take_waiting(struct begin *b, struct fail *why)
{
	struct enrol_order *out = b->out;
	enum err err = lsc_waiting(b->c, b->name, &out->waiting, why);
	struct span spki = buf_span(&out->waiting);

	if (err || !spki.len || public_key_check(spki, &out->key, NULL) == ERR_OK)
		return err;
	if (out->backup.bits && public_key_check(spki, &out->backup, NULL) == ERR_OK)
		out->key = out->backup;
	else
		buf_fini(&out->waiting);
	return ERR_OK;
}

/* What the phone is to do, now that it may. */
static enum err order(struct begin *b, unsigned version, struct fail *why)
{
	struct enrol_order *out = b->out;

	out->verdict = ENROL_GO;
	if (out->op != ENROL_INSTALL)
		return ERR_OK;
	enrol_keys(&b->row, &b->profile, &out->key, &out->backup);
	if (!out->key.ec || (version >= EC_SINCE && model_of((int)b->row.model)->ec))
		return take_waiting(b, why);
	if (!out->backup.bits && version >= EC_SINCE && !model_is_known((int)b->row.model))
		return take_waiting(b, why); /* who knows what it can */
	if (!out->backup.bits)
		return refuse(b, ENROL_EC_ONLY, why);
	out->key = out->backup;
	out->backup.bits = 0;
	return take_waiting(b, why);
}

static enum err nothing_to_do(struct begin *b, const struct capf_message *m)
{
	b->out->verdict = ENROL_NOTHING_TO_DO;
	if (m->password.len)
		raise_alarm(b, "capf outside its window",
			"an authentication string was sent though no operation is pending");
	return ERR_OK;
}

static enum err too_late(struct begin *b, struct fail *why)
{
	char by[CLOCK_DATE_MAX];

	clock_print_iso(by, b->row.operation_by);
	b->out->verdict = ENROL_NOTHING_TO_DO;
	b->out->outcome = ENROL_LATE;
	fail_set(&b->out->why, ERR_EXPIRED, "it was to be completed by %s", by);
	raise_alarm(b, "capf outside its window", b->out->why.text);
	return write_refusal(b, ENROL_LATE, why);
}

/* Never silently: it is told in any case, and recorded where the policy says so. */
static enum err accept_expired(struct begin *b, struct fail *why)
{
	enum mic_expiry policy;
	enum err err = mic_expiry_parse(cluster_get_settings(b->c)->mic_expiry, &policy, why);

	fail_set(&b->out->why, ERR_EXPIRED, "%s; accepted (setting mic_expiry)", b->proof.expired);
	if (!err && policy == MIC_EXPIRY_WARN)
		raise_alarm(b, "capf expired MIC", b->proof.expired);
	return err;
}

static enum err decide(
	struct begin *b, const struct capf_message *m, struct span shown, struct fail *why)
{
	bool fits, good;
	enum err err;

	if (b->out->op && b->row.operation_by && b->now > b->row.operation_by)
		return too_late(b, why);
	err = look_at_shown(b, shown, &fits, why);
	if (err)
		return err;
	if (!fits)
		return refuse(b, ENROL_BAD_CREDENTIALS, why);
	if (b->proof.outcome == ENROL_SUCCESS) {
		err = record(
			b, b->proof.kind, b->proof.cert, b->proof.issuer, STORE_CERT_PROVEN, why);
		b->out->recorded = !err;
		if (!err && b->proof.expired[0])
			err = accept_expired(b, why);
	}
	if (err)
		return err;
	if (!b->out->op)
		return nothing_to_do(b, m);
	err = authenticate(b, m, &good, why);
	return err || !good ? err : order(b, m->version, why);
}

static enum err read_records(void *ctx, struct store *s, struct fail *why)
{
	struct begin *b = ctx;
	enum err err = store_device_get(s, b->name, &b->row, why);

	if (!err)
		err = store_profile_get(s, b->row.profile, &b->profile, why);
	return err ? err : store_enrolment_get(s, b->name, &b->progress, why);
}

enum err enrol_begin(struct cluster *c, const struct capf_message *m, struct span shown,
	const char *address, struct enrol_order *out, struct fail *why)
{
	struct begin b = {.c = c,
		.s = cluster_get_store(c),
		.now = clock_seconds(cluster_get_clock(c)),
		.address = address,
		.out = out};
	char asked[DEVICE_NAME_SIZE + 1] = "";
	struct fail local = {0};
	enum err err;

	memset(out, 0, sizeof(*out));
	if (m->device_name.len && m->device_name.len < sizeof(asked))
		memcpy(asked, m->device_name.ptr, m->device_name.len);
	if (str_device_name(b.name, asked) != ERR_OK)
		return ERR_OK;
	err = store_transaction(b.s, read_records, &b, &local);
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (err)
		return fail_set(why, err, "%s", local.text);
	out->op = (enum enrol_operation)b.row.operation;
	/* A certificate is looked at where one is asked for, and where one can be recorded. */
	err = proof_check(c, b.name, m, &b.proof, why);
	if (!err)
		err = decide(&b, m, shown, why);
	proof_fini(&b.proof);
	return err;
}
