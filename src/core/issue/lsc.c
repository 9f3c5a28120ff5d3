/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/issue/lsc.h"

#include "base/str.h"
#include "core/cluster/services.h"
#include "crypto/issue.h"

#define DAY (24 * 60 * 60)

enum err lsc_issue(struct cluster *c, const char *device, struct span spki, struct cert **out,
	struct cert **issuer, struct fail *why)
{
	const struct settings *set = cluster_get_settings(c);
	int64_t now = clock_seconds(cluster_get_clock(c));
	struct issue_request r = {.kind = ISSUE_LSC,
		.subject = {.cn = device},
		.like_issuer = true,
		.spki = spki,
		.digest = strcmp(set->lsc_digest, "SHA-1") == 0 ? DIGEST_SHA1 : DIGEST_SHA256,
		.not_before = now,
		.not_after = now + (int64_t)set->lsc_days * DAY};
	const struct cert *capf = NULL;
	struct signer *signer = NULL;
	const char *key_name = NULL;
	enum err err = cluster_issuer(c, &capf, &signer, &key_name, why);

	*out = NULL;
	*issuer = NULL;
	if (!err && !cert_valid_at(capf, now))
		err = fail_set(why, ERR_EXPIRED,
			"the CAPF certificate is not valid now: nothing it signs would be");
	r.issuer = capf;
	if (!err) {
		r.issuer_is_rsa = cert_key_is_rsa(capf);
		err = issue_now(out, &r, signer, key_name, why);
	}
	if (!err)
		err = cert_from_der(issuer, cert_der(capf), why);
	if (err) {
		cert_free(*out);
		*out = NULL;
	}
	return err;
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
