/* SPDX-License-Identifier: BSD-2-Clause
 * Check 6, the phone's side of it: the certificates that it showed to CAPF. */
#include "core/doctor/judging.h"

#include "base/clock.h"
#include "core/enrol/proof.h"

const struct buf *doctor_lsc(const struct doctor_phone *p)
{
	if (p->lsc.there)
		return &p->lsc.bytes;
	/* Whose whole flash is at hand has none; from another the file was not exported. */
	return p->lsc_record.there && !p->state ? &p->lsc_record.bytes : NULL;
}

static enum doctor_verdict captured(struct doctor_check *c, const struct doctor_phone *p)
{
	struct cert *cert = NULL;
	char serial[DOCTOR_SERIAL_MAX];
	enum doctor_verdict v = DOCTOR_GOOD;

	if (!p->capf.client_der.len)
		return v;
	if (cert_from_der(&cert, buf_span(&p->capf.client_der), NULL) != ERR_OK)
		return doctor_say(c, DOCTOR_FAULT,
			"%s showed CAPF a certificate that cannot be read", p->name);
	doctor_serial(cert, serial);
	if (proof_names(cert, p->name)) {
		doctor_say(
			c, v, "%s showed CAPF %s, serial %s", p->name, cert_subject(cert), serial);
	} else {
		v = doctor_say(c, DOCTOR_FAULT, "%s showed CAPF the certificate of %s", p->name,
			cert_common_name(cert));
		doctor_remedy(c, "erase the phone's LSC, or the phone answers to another's name");
	}
	cert_free(cert);
	return v;
}

static void say_record(struct doctor_check *c, const struct doctor_phone *p, const char *what,
	const struct doctor_recorded *r, const struct cert *cert)
{
	char since[CLOCK_DATE_MAX], seen[CLOCK_DATE_MAX], serial[DOCTOR_SERIAL_MAX];

	clock_print_iso(since, r->since);
	clock_print_iso(seen, r->seen);
	doctor_serial(cert, serial);
	doctor_say(c, DOCTOR_GOOD, "%s: CAPF has its %s on record, serial %s: %s %s, last seen %s",
		p->name, what, serial, r->how, since, seen);
}

static enum doctor_verdict recorded(struct doctor_check *c, const struct doctor_phone *p,
	const char *what, const struct doctor_recorded *r, const struct buf *held)
{
	struct cert *on_record = NULL, *on_phone = NULL;
	char serial[DOCTOR_SERIAL_MAX];
	enum doctor_verdict v = DOCTOR_GOOD;

	if (!r->there || doctor_cert(&on_record, &r->bytes, NULL) != ERR_OK)
		return v;
	if (held && doctor_cert(&on_phone, held, NULL) == ERR_OK &&
		!span_eq(cert_der(on_phone), cert_der(on_record))) {
		doctor_serial(on_record, serial);
		v = doctor_say(c, DOCTOR_FAULT,
			"%s holds another LSC than the one that CAPF has on record (serial %s): "
			"configurations are encrypted for that one",
			p->name, serial);
		doctor_remedy(c,
			"cadeado device update %s --operation Troubleshoot, then reset the phone",
			p->name);
	} else {
		say_record(c, p, what, r, on_record);
	}
	cert_free(on_record);
	cert_free(on_phone);
	return v;
}

enum doctor_verdict doctor_shown(struct doctor_check *c, const struct doctor_phone *p)
{
	enum doctor_verdict v = captured(c, p);
	enum doctor_verdict lsc =
		recorded(c, p, "LSC", &p->lsc_record, p->lsc.there ? &p->lsc.bytes : NULL);

	(void)recorded(c, p, "MIC", &p->mic_record, NULL);
	return v == DOCTOR_GOOD ? lsc : v;
}
