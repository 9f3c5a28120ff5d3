/* SPDX-License-Identifier: BSD-2-Clause
 * Checks 1 to 5: certificates, and the CTL from the server's disk to the phone. */
#include "core/doctor/judging.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/list/list.h"

#include <stdio.h>

#define SOON_SECONDS  (30 * 86400) /* "expires soon" */
#define CLOCK_SECONDS 86400        /* what a signing machine's clock may be off */

static void hex_text(struct span bytes, char *out, size_t size)
{
	struct buf hex = {0};

	str_hex(&hex, bytes, STR_COLON);
	buf_u8(&hex, 0);
	(void)str_copy(out, size, buf_check(&hex) == ERR_OK ? (const char *)hex.data : "");
	buf_fini(&hex);
}

static void one_certificate(struct judging *j, const char *name, const struct doctor_bytes *file)
{
	struct doctor_check *c = &j->r->checks[CHECK_CERTIFICATES];
	struct fail why = {0};
	struct cert *cert = NULL;
	char serial[96], from[CLOCK_DATE_MAX], to[CLOCK_DATE_MAX];

	if (!file->there || cert_from_pem(&cert, buf_span(&file->bytes), &why) != ERR_OK) {
		doctor_say(c, DOCTOR_FAULT, "%s.pem cannot be read: %s", name,
			file->there ? why.text : file->missing);
		return;
	}
	hex_text(cert_serial(cert), serial, sizeof serial);
	clock_print_iso(from, cert_not_before(cert));
	clock_print_iso(to, cert_not_after(cert));
	doctor_say(c, DOCTOR_GOOD, "%s.pem: %s, serial %s, valid %s to %s", name,
		cert_subject(cert), serial, from, to);
	if (!cert_valid_at(cert, j->e->now)) {
		doctor_say(c, DOCTOR_FAULT, "%s.pem %s", name,
			j->e->now > cert_not_after(cert) ? "has expired" : "is not valid yet");
		doctor_remedy(
			c, "make the certificate anew, then: cadeado utils ctl update CTLFile");
	} else if (cert_not_after(cert) - j->e->now < SOON_SECONDS) {
		doctor_say(c, DOCTOR_GOOD, "%s.pem expires within 30 days", name);
	}
	cert_free(cert);
}

void doctor_check_certificates(struct judging *j)
{
	one_certificate(j, "CallManager", &j->e->callmanager);
	one_certificate(j, "CAPF", &j->e->capf);
}

bool doctor_list_names(
	const struct tlv_list *list, struct span der, const unsigned *roles, size_t count)
{
	struct tlv_iter it;
	struct tlv_record rec;
	uint8_t hash[DIGEST_MAX];

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &rec)) {
		bool role = false;

		for (size_t i = 0; i < count; i++)
			role |= rec.role == roles[i];
		if (!role)
			continue;
		if ((rec.has & TLV_HAS(9)) && span_eq(rec.certificate, der))
			return true;
		if ((rec.has & TLV_HAS(11)) &&
			span_eq(rec.cert_hash,
				span_of(hash, digest_one((enum digest_alg)rec.hash_algorithm, der,
						      hash))))
			return true;
	}
	return false;
}

struct cert *doctor_list_cert(const struct tlv_list *list, unsigned role)
{
	struct tlv_iter it;
	struct tlv_record rec;
	struct cert *cert = NULL;

	tlv_iter_init(&it, list);
	while (!cert && tlv_iter_next(&it, &rec))
		if (rec.role == role && (rec.has & TLV_HAS(9)) &&
			cert_from_der(&cert, rec.certificate, NULL) != ERR_OK)
			cert = NULL;
	return cert;
}

static void file_in_list(struct judging *j, const char *name, const struct doctor_bytes *file,
	const unsigned *roles, size_t count, const char *role_text)
{
	struct doctor_check *c = &j->r->checks[CHECK_CONTENT];
	struct cert *cert = NULL;

	if (!file->there || cert_from_pem(&cert, buf_span(&file->bytes), NULL) != ERR_OK) {
		doctor_say(c, DOCTOR_CANNOT_TELL, "%s.pem cannot be read (check 1)", name);
		return;
	}
	if (doctor_list_names(&j->list, cert_der(cert), roles, count)) {
		doctor_say(c, DOCTOR_GOOD, "%s.pem stands in the list as %s", name, role_text);
	} else {
		doctor_say(c, DOCTOR_FAULT, "%s.pem does not stand in the list as %s", name,
			role_text);
		doctor_remedy(c, "cadeado utils ctl update CTLFile --token LABEL");
	}
	if ((int64_t)j->list.header.timestamp + CLOCK_SECONDS < cert_not_before(cert)) {
		doctor_say(c, DOCTOR_FAULT, "the list is older than %s.pem", name);
		doctor_remedy(c, "cadeado utils ctl update CTLFile --token LABEL");
	}
	cert_free(cert);
}

static size_t count_role(const struct tlv_list *list, unsigned role)
{
	struct tlv_iter it;
	struct tlv_record rec;
	size_t n = 0;

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &rec))
		n += rec.role == role;
	return n;
}

void doctor_check_content(struct judging *j)
{
	static const unsigned manager[] = {TLV_ROLE_CCM_TFTP}, capf[] = {TLV_ROLE_CAPF};
	struct doctor_check *c = &j->r->checks[CHECK_CONTENT];
	const struct doctor_bytes *file = &j->e->ctl;
	struct fail why = {0};
	char md5[2 * DIGEST_MAX + 1], date[CLOCK_DATE_MAX];

	if (!file->there) {
		doctor_say(c, DOCTOR_FAULT, "no CTLFile.tlv on disk: %s", file->missing);
		doctor_remedy(c, "cadeado utils ctl set-cluster mixed-mode --token LABEL");
		return;
	}
	if (tlv_parse(&j->list, buf_span(&file->bytes), &why) != ERR_OK ||
		list_verify(&j->list, &why) != ERR_OK) {
		doctor_say(c, DOCTOR_FAULT, "Verification of the CTL File Failed: %s", why.text);
		doctor_remedy(
			c, "cadeado utils ctl update CTLFile --token LABEL (signs a sound list)");
		return;
	}
	j->list_good = true;
	digest_hex(DIGEST_MD5, buf_span(&file->bytes), md5);
	clock_print_iso(date, j->list.header.timestamp);
	doctor_say(c, DOCTOR_GOOD, "CTLFile.tlv: %zu bytes, MD5 %s, %zu records, signed %s by %.*s",
		file->bytes.len, md5, j->list.count, date, (int)j->list.header.signer_name.len,
		(const char *)j->list.header.signer_name.ptr);
	file_in_list(j, "CallManager", &j->e->callmanager, manager, 1, "CCM+TFTP");
	file_in_list(j, "CAPF", &j->e->capf, capf, 1, "CAPF");
	if (count_role(&j->list, TLV_ROLE_SAST) < 2)
		doctor_say(c, DOCTOR_FAULT, "the list names fewer than two tokens");
	if (j->e->mode != 1) {
		doctor_say(c, DOCTOR_FAULT,
			"a CTL is published but the cluster is in non-secure mode");
		doctor_remedy(c, "cadeado utils ctl set-cluster mixed-mode --token LABEL");
	}
}

static enum doctor_verdict served_as(
	struct judging *j, const char *name, const struct doctor_bytes *served)
{
	struct doctor_check *c = &j->r->checks[CHECK_SERVED];
	const struct buf *disk = &j->e->ctl.bytes;
	char md5[2 * DIGEST_MAX + 1];

	if (!served->there) {
		doctor_remedy(c, "look at the trace ctftp.log; is cadeadod running?");
		return doctor_say(c, DOCTOR_FAULT, "%s was not served: %s", name, served->missing);
	}
	digest_hex(DIGEST_MD5, buf_span(&served->bytes), md5);
	if (span_eq(buf_span(&served->bytes), buf_span(disk)))
		return doctor_say(c, DOCTOR_GOOD, "%s over TFTP: %zu bytes, MD5 %s, as on disk",
			name, served->bytes.len, md5);
	doctor_remedy(
		c, "find out who answers on the TFTP port, and what lies in the served folder");
	return doctor_say(c, DOCTOR_FAULT, "%s over TFTP: %zu bytes, MD5 %s; on disk are %zu bytes",
		name, served->bytes.len, md5, disk->len);
}

void doctor_check_served(struct judging *j)
{
	struct doctor_check *c = &j->r->checks[CHECK_SERVED];
	size_t i = 0;

	if (!j->list_good) {
		doctor_say(c, DOCTOR_CANNOT_TELL,
			"there is no sound list on disk to compare with (check 2)");
		for (i = 0; i < j->phones; i++)
			j->phone[i][CHECK_SERVED] = DOCTOR_CANNOT_TELL;
		return;
	}
	enum doctor_verdict generic = served_as(j, "CTLFile.tlv", &j->e->served);

	for (const struct doctor_phone *p = j->e->phones; p; p = p->next, i++) {
		char name[40];

		snprintf(name, sizeof name, "CTL%s.tlv", p->name);
		j->phone[i][CHECK_SERVED] = served_as(j, name, &p->served);
		if (generic != DOCTOR_GOOD && j->phone[i][CHECK_SERVED] == DOCTOR_GOOD)
			j->phone[i][CHECK_SERVED] = generic;
	}
}

static enum doctor_verdict accepted_by(struct judging *j, const struct doctor_phone *p)
{
	struct doctor_check *c = &j->r->checks[CHECK_ACCEPTED];
	struct tlv_list held;

	if (!p->folder) {
		doctor_remedy(c, "start the phone, or name the folder of its files with --phones");
		return doctor_say(
			c, DOCTOR_CANNOT_TELL, "%s: nothing of this phone is at hand", p->name);
	}
	if (strstr(p->list_status, "Failed")) {
		doctor_remedy(c,
			"erase the list on the phone by hand, or sign with a token that it knows");
		return doctor_say(
			c, DOCTOR_FAULT, "%s refused the list: \"%s\"", p->name, p->list_status);
	}
	if (!p->ctl.there)
		return doctor_say(c, DOCTOR_FAULT, "%s holds no CTL: %s", p->name, p->ctl.missing);
	if (tlv_parse(&held, buf_span(&p->ctl.bytes), NULL) == ERR_OK &&
		list_verify(&held, NULL) == ERR_OK &&
		list_check_signer(j->list.file, &j->list.header, &held, LIST_MAY_SIGN_LISTS, NULL,
			NULL) != ERR_OK) {
		doctor_remedy(c,
			"erase the list on the phone by hand, or sign with a token that it knows");
		return doctor_say(c, DOCTOR_FAULT,
			"%s holds a list signed by %.*s that does not know our signer", p->name,
			(int)held.header.signer_name.len,
			(const char *)held.header.signer_name.ptr);
	}
	if (!p->list_status[0])
		return doctor_say(
			c, DOCTOR_CANNOT_TELL, "%s shows no message about a trust list", p->name);
	return doctor_say(c, DOCTOR_GOOD, "%s: \"%s\"", p->name, p->list_status);
}

void doctor_check_accepted(struct judging *j)
{
	static const enum doctor_number on = CHECK_SERVED;
	size_t i = 0;

	if (j->phones == 0) {
		doctor_remedy(
			&j->r->checks[CHECK_ACCEPTED], "cadeado device add SEP<MAC> --number N");
		for (int n = CHECK_ACCEPTED; n < DOCTOR_CHECKS; n++)
			doctor_say(&j->r->checks[n], DOCTOR_CANNOT_TELL,
				"no phone is known to the cluster");
	}
	for (const struct doctor_phone *p = j->e->phones; p; p = p->next, i++)
		if (doctor_grounds(j, i, p, CHECK_ACCEPTED, &on, 1))
			j->phone[i][CHECK_ACCEPTED] = accepted_by(j, p);
}

static enum doctor_verdict copy_of(struct judging *j, const struct doctor_phone *p)
{
	struct doctor_check *c = &j->r->checks[CHECK_COPY];
	const struct buf *ours = &p->served.bytes, *theirs = &p->ctl.bytes;
	char here[2 * DIGEST_MAX + 1], there[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_MD5, buf_span(ours), here);
	digest_hex(DIGEST_MD5, buf_span(theirs), there);
	if (span_eq(buf_span(ours), buf_span(theirs)))
		return doctor_say(c, DOCTOR_GOOD, "%s: %zu bytes, MD5 %s, equal to the server's",
			p->name, theirs->len, there);
	doctor_remedy(c, "reset the phone so that it fetches the list again");
	return doctor_say(c, DOCTOR_FAULT,
		"%s holds %zu bytes, MD5 %s; the server has %zu bytes, MD5 %s", p->name,
		theirs->len, there, ours->len, here);
}

void doctor_check_copy(struct judging *j)
{
	static const enum doctor_number on = CHECK_ACCEPTED;
	size_t i = 0;

	for (const struct doctor_phone *p = j->e->phones; p; p = p->next, i++)
		if (doctor_grounds(j, i, p, CHECK_COPY, &on, 1))
			j->phone[i][CHECK_COPY] = copy_of(j, p);
}
