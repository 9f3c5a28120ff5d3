/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/issue/lsc.h"

#include "base/str.h"
#include "core/capf/phone_cert.h"
#include "core/cluster/services.h"
#include "core/issue/rsa_key.h"
#include "crypto/issue.h"

#define LSC_DAYS 1825 /* five years, the longest that administrators know */
#define DAY      (24 * 60 * 60)

/* As in the node's certificates: a phone's name differs from its issuer's in the common name only.
 */
#define LSC_OU "Cadeado"
#define LSC_O  "Cadeado"

#define AUTH_NULL_STRING 2

#define STATUS_SUCCESS "Upgrade Success"
#define STATUS_LATE    "Upgrade Failed: User Initiated Request Late/Timedout"

struct ending {
	char name[DEVICE_NAME_SIZE];
	const char *status;
	const struct cert *lsc; /* NULL: none was installed */
	int64_t now;
};

/* The operation is over: what became of it, and the certificate if there is a new one. */
static enum err end_operation(void *ctx, struct store *s, struct fail *why)
{
	const struct ending *e = ctx;
	struct store_phone_cert l;
	struct store_device row;
	enum err err = store_device_get(s, e->name, &row, why);

	if (err)
		return err;
	row.operation = 0;
	row.operation_by = 0;
	row.version++;
	if (!str_copy(row.operation_status, sizeof(row.operation_status), e->status))
		return fail_set(why, ERR_LIMIT, "operation status: too long");
	err = store_device_put(s, &row, why);
	if (err || !e->lsc)
		return err;
	phone_cert_fill(&l, e->name, STORE_LSC, e->lsc, NULL, e->now);
	l.how = STORE_CERT_INSTALLED;
	return phone_cert_record(s, &l, cert_der(e->lsc), why);
}

static enum err finish(struct cluster *c, const char *device, const char *status,
	const struct cert *lsc, struct fail *why)
{
	struct ending e = {
		.status = status, .lsc = lsc, .now = clock_seconds(cluster_get_clock(c))};

	if (str_device_name(e.name, device))
		return fail_set(why, ERR_FORMAT, "%.32s is no device name", device);
	return store_transaction(cluster_get_store(c), end_operation, &e, why);
}

enum err lsc_authorise(struct cluster *c, const char *device, struct span password,
	enum lsc_order *order, unsigned *key_bits, struct fail *why)
{
	int64_t now = clock_seconds(cluster_get_clock(c));
	char name[DEVICE_NAME_SIZE];
	struct store_device row;
	struct device d;
	enum err err;

	*order = LSC_UNKNOWN_DEVICE;
	*key_bits = 0;
	if (str_device_name(name, device))
		return ERR_OK;
	err = store_device_get(cluster_get_store(c), name, &row, NULL);
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (!err)
		err = device_get(c, name, &d, why);
	if (err)
		return fail_set(why, err, "%s: %s", name, err_text(err));
	*order = LSC_NONE_PENDING;
	if (row.operation && row.operation_by && now > row.operation_by)
		return finish(c, name, STATUS_LATE, NULL, why);
	if (!d.install_pending)
		return ERR_OK;
	*order = LSC_BAD_AUTH;
	if (d.auth_mode != AUTH_NULL_STRING) {
		fail_set(why, ERR_UNSUPPORTED,
			"%s: profile \"%s\" asks for a proof that this version cannot check; use "
			"By "
			"Null String",
			name, d.profile);
		return ERR_OK;
	}
	if (password.len) {
		fail_set(why, ERR_DENIED,
			"%s: sent an authentication string though its profile says By Null String",
			name);
		return ERR_OK;
	}
	*order = LSC_INSTALL;
	*key_bits = (unsigned)d.key_bits;
	return ERR_OK;
}

enum err lsc_issue(struct cluster *c, const char *device, struct span spki, struct cert **out,
	struct fail *why)
{
	int64_t now = clock_seconds(cluster_get_clock(c));
	struct issue_request r = {.kind = ISSUE_LSC,
		.subject = {.ou = LSC_OU, .o = LSC_O},
		.spki = spki,
		.digest = DIGEST_SHA256,
		.not_before = now,
		.not_after = now + (int64_t)LSC_DAYS * DAY};
	const struct cert *capf = NULL;
	struct signer *signer = NULL;
	const char *key_name = NULL;
	struct device d;
	enum err err = device_get(c, device, &d, why);

	*out = NULL;
	if (err)
		return err;
	if (!d.install_pending)
		return fail_set(why, ERR_NOTNOW, "%s: no certificate operation is pending", d.name);
	err = rsa_key_check(spki, (unsigned)d.key_bits, why);
	if (err)
		return err;
	err = cluster_issuer(c, &capf, &signer, &key_name, why);
	if (!err && !cert_valid_at(capf, now))
		err = fail_set(why, ERR_EXPIRED,
			"the CAPF certificate is not valid now: nothing it signs would be");
	r.subject.cn = d.name;
	r.issuer = capf;
	if (!err) {
		r.issuer_is_rsa = cert_key_is_rsa(capf);
		err = issue_now(out, &r, signer, key_name, why);
	}
	return err;
}

enum err lsc_installed(
	struct cluster *c, const char *device, const struct cert *lsc, struct fail *why)
{
	char name[DEVICE_NAME_SIZE];

	if (str_device_name(name, cert_common_name(lsc)) || !str_ieq(name, device))
		return fail_set(why, ERR_ARG, "the certificate of %.32s is not %.32s's",
			cert_common_name(lsc), device);
	return finish(c, device, STATUS_SUCCESS, lsc, why);
}

enum err lsc_failed(struct cluster *c, const char *device, const char *status, struct fail *why)
{
	return finish(c, device, status, NULL, why);
}

enum err lsc_check(
	const struct cert *capf, int64_t now, struct span der, char device[16], struct fail *why)
{
	struct cert *lsc = NULL;
	struct fail local = {0};
	enum err err = cert_from_der(&lsc, der, &local);

	device[0] = '\0';
	if (err)
		return fail_set(why, err, "the phone's certificate: %s", local.text);
	if (cert_check_signed_by(lsc, capf, NULL))
		err = fail_set(why, ERR_TRUST, "%.80s was not issued by %.80s", cert_subject(lsc),
			cert_subject(capf));
	else if (cert_is_ca(lsc))
		err = fail_set(
			why, ERR_TRUST, "%.80s is an authority, not a phone", cert_subject(lsc));
	else if (str_device_name(device, cert_common_name(lsc)))
		err = fail_set(why, ERR_TRUST, "%.80s does not name a device", cert_subject(lsc));
	else if (!cert_valid_at(lsc, now))
		err = fail_set(why, ERR_EXPIRED, "the LSC of %s is %s", device,
			now < cert_not_before(lsc) ? "not valid yet" : "expired");
	else if (!cert_valid_at(capf, now))
		err = fail_set(
			why, ERR_EXPIRED, "the CAPF certificate that issued it is not valid");
	cert_free(lsc);
	return err;
}
