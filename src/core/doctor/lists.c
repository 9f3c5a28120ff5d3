/* SPDX-License-Identifier: BSD-2-Clause
 * Checks 1 to 5: certificates, and the CTL from the server's disk to the phone. */
#include "core/doctor/judging.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/list/list.h"

#include <stdio.h>

#define SOON_SECONDS  (30 * 86400) /* "expires soon" */
#define CLOCK_SECONDS 86400        /* what a signing machine's clock may be off */

#define SIGN_AGAIN "cadeado utils ctl update CTLFile --token LABEL, then reset the phones"

void doctor_serial(const struct cert *c, char out[DOCTOR_SERIAL_MAX])
{
	struct buf hex = {0};

	str_hex(&hex, cert_serial(c), STR_COLON);
	buf_u8(&hex, 0);
	(void)str_copy(
		out, DOCTOR_SERIAL_MAX, buf_check(&hex) == ERR_OK ? (const char *)hex.data : "");
	buf_fini(&hex);
}

enum err doctor_cert(struct cert **out, const struct buf *bytes, struct fail *why)
{
	if (bytes->len && bytes->data[0] == 0x30) /* a DER SEQUENCE; PEM is text */
		return cert_from_der(out, buf_span(bytes), why);
	return cert_from_pem(out, buf_span(bytes), why);
}

static void one_certificate(struct judging *j, const char *name, const struct doctor_bytes *file)
{
	struct doctor_check *c = &j->r->checks[CHECK_CERTIFICATES];
	struct fail why = {0};
	struct cert *cert = NULL;
	char serial[DOCTOR_SERIAL_MAX], from[CLOCK_DATE_MAX], to[CLOCK_DATE_MAX];

	if (!file->there || doctor_cert(&cert, &file->bytes, &why) != ERR_OK) {
		doctor_remedy(c, "put keys/%s.pem back from a copy", name);
		doctor_say(c, DOCTOR_FAULT, "%s.pem cannot be read: %s", name,
			file->there ? why.text : file->missing);
		return;
	}
	doctor_serial(cert, serial);
	clock_print_iso(from, cert_not_before(cert));
	clock_print_iso(to, cert_not_after(cert));
	doctor_say(c, DOCTOR_GOOD, "%s.pem: %s, serial %s, valid %s to %s", name,
		cert_subject(cert), serial, from, to);
	clock_print_iso(from, j->e->now);
	if (j->e->now < cert_not_before(cert)) {
		doctor_say(c, DOCTOR_FAULT, "%s.pem is not valid yet: this machine's clock says %s",
			name, from);
		doctor_remedy(c, "set this machine's clock, and restart cadeadod");
	} else if (!cert_valid_at(cert, j->e->now)) {
		doctor_say(c, DOCTOR_FAULT, "%s.pem has expired: this machine's clock says %s",
			name, from);
		doctor_remedy(c,
			"if the clock is right: put a new certificate for keys/%s.key into "
			"keys/%s.pem, restart cadeadod, then: " SIGN_AGAIN,
			name, name);
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
	struct cert *cert = NULL, *named;
	char ours[DOCTOR_SERIAL_MAX], theirs[DOCTOR_SERIAL_MAX] = "none";

	if (!file->there || doctor_cert(&cert, &file->bytes, NULL) != ERR_OK) {
		doctor_say(c, DOCTOR_CANNOT_TELL, "%s.pem cannot be read (check 1)", name);
		return;
	}
	doctor_serial(cert, ours);
	if (doctor_list_names(&j->list, cert_der(cert), roles, count)) {
		doctor_say(c, DOCTOR_GOOD, "%s.pem stands in the list as %s, serial %s", name,
			role_text, ours);
	} else {
		named = doctor_list_cert(&j->list, roles[0]);
		if (named)
			doctor_serial(named, theirs);
		cert_free(named);
		doctor_say(c, DOCTOR_FAULT,
			"%s.pem does not stand in the list as %s: its serial is %s, the list names "
			"%s",
			name, role_text, ours, theirs);
		doctor_remedy(c, SIGN_AGAIN);
	}
	if ((int64_t)j->list.header.timestamp + CLOCK_SECONDS < cert_not_before(cert)) {
		doctor_say(c, DOCTOR_FAULT, "the list is older than %s.pem", name);
		doctor_remedy(c, SIGN_AGAIN);
	}
	cert_free(cert);
}

/* The name by which phones shall reach the node. */
static void address_in_list(struct judging *j)
{
	struct doctor_check *c = &j->r->checks[CHECK_CONTENT];
	struct span other = {0};
	struct tlv_iter it;
	struct tlv_record rec;

	tlv_iter_init(&it, &j->list);
	while (tlv_iter_next(&it, &rec)) {
		if (rec.role != TLV_ROLE_CCM_TFTP || !(rec.has & TLV_HAS(2)))
			continue;
		if (span_eq(rec.dns, span_str(j->e->address)))
			return;
		other = rec.dns;
	}
	if (!other.len || !j->e->address[0])
		return;
	doctor_say(c, DOCTOR_FAULT, "the list names the node %.*s, but its address is %s",
		(int)other.len, (const char *)other.ptr, j->e->address);
	doctor_remedy(c, SIGN_AGAIN);
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
		doctor_remedy(c, SIGN_AGAIN);
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
	address_in_list(j);
	if (count_role(&j->list, TLV_ROLE_SAST) < 2) {
		doctor_say(c, DOCTOR_FAULT, "the list names fewer than two tokens");
		doctor_remedy(c, "cadeado token create, then: " SIGN_AGAIN);
	}
	if ((int64_t)j->list.header.timestamp > j->e->now + CLOCK_SECONDS) {
		clock_print_iso(date, j->e->now);
		doctor_say(c, DOCTOR_FAULT,
			"the list was signed in the future: this machine's clock says %s", date);
		doctor_remedy(c, "set this machine's clock; if that of the signing machine was "
				 "wrong: " SIGN_AGAIN);
	}
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
	char md5[2 * DIGEST_MAX + 1], disk_md5[2 * DIGEST_MAX + 1];
	bool own = served != &j->e->served; /* the name of one phone */

	if (!served->there) {
		if (own && j->e->served.there)
			doctor_remedy(c,
				"look at the trace of Cisco Tftp (cadeado logs); if tftp/%s is there, remove it",
				name);
		else
			doctor_remedy(c,
				"is cadeadod running? If so, is Cisco Tftp started (cadeado utils service "
				"list)? Else look at the trace of Cisco Tftp (cadeado logs)");
		return doctor_say(c, DOCTOR_FAULT, "%s was not served: %s", name, served->missing);
	}
	digest_hex(DIGEST_MD5, buf_span(&served->bytes), md5);
	if (span_eq(buf_span(&served->bytes), buf_span(disk)))
		return doctor_say(c, DOCTOR_GOOD, "%s over TFTP: %zu bytes, MD5 %s, as on disk",
			name, served->bytes.len, md5);
	digest_hex(DIGEST_MD5, buf_span(disk), disk_md5);
	if (j->e->tftp_waits[0] &&
		(!own || span_eq(buf_span(&served->bytes), buf_span(&j->e->served.bytes)))) {
		doctor_remedy(c, "cadeado utils service restart Cisco Tftp");
		return doctor_say(c, DOCTOR_FAULT,
			"%s over TFTP: %zu bytes, MD5 %s, the list that TFTP was started with; "
			"another one is published since (%zu bytes, MD5 %s): TFTP must be "
			"restarted",
			name, served->bytes.len, md5, disk->len, disk_md5);
	}
	if (own && j->e->served.there && span_eq(buf_span(&j->e->served.bytes), buf_span(disk)))
		doctor_remedy(c, "remove tftp/%s, which is served in place of CTLFile.tlv", name);
	else
		doctor_remedy(c, "find out who answers on the TFTP port: ss -ulnp, and the trace "
				 "of Cisco Tftp (cadeado logs)");
	return doctor_say(c, DOCTOR_FAULT,
		"%s over TFTP: %zu bytes, MD5 %s; CTLFile.tlv on disk: %zu bytes, MD5 %s", name,
		served->bytes.len, md5, disk->len, disk_md5);
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

#define LET_GO "erase the list on the phone by hand, or sign with a token that it knows"

/* A copy that can be read and whose tokens are not ours: the phone will go on refusing. */
static bool foreign(const struct judging *j, const struct doctor_phone *p, struct tlv_list *held)
{
	return tlv_parse(held, buf_span(&p->ctl.bytes), NULL) == ERR_OK &&
	       list_verify(held, NULL) == ERR_OK &&
	       list_check_signer(j->list.file, &j->list.header, held, LIST_MAY_SIGN_LISTS, NULL,
		       NULL) != ERR_OK;
}

static enum doctor_verdict holds_none(struct doctor_check *c, const struct doctor_phone *p)
{
	/* Of a real phone, whose files are exported one by one, an absent file tells nothing. */
	if (!p->state && !p->list_status[0])
		return doctor_say(c, DOCTOR_CANNOT_TELL, "%s: its list is not at hand: %s", p->name,
			p->ctl.missing);
	doctor_remedy(c, "reset the phone: one without a list takes the first it is offered");
	return doctor_say(c, DOCTOR_FAULT, "%s holds no CTL: %s%s%s", p->name, p->ctl.missing,
		p->list_status[0] ? "; " : "", p->list_status);
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
	/* A phone says nothing when it is offered the list that it holds: an older message stays
	 * the last. */
	if (p->ctl.there && span_eq(buf_span(&p->ctl.bytes), j->list.file)) {
		if (!p->list_status[0])
			return doctor_say(c, DOCTOR_GOOD,
				"%s holds the list; no message about it is kept", p->name);
		return doctor_say(c, DOCTOR_GOOD, "%s holds the list; its last message: \"%s\"",
			p->name, p->list_status);
	}
	if (strstr(p->list_status, "Failed")) {
		doctor_remedy(c, LET_GO);
		return doctor_say(
			c, DOCTOR_FAULT, "%s refused the list: \"%s\"", p->name, p->list_status);
	}
	if (!p->ctl.there)
		return holds_none(c, p);
	if (foreign(j, p, &held)) {
		doctor_remedy(c, LET_GO);
		return doctor_say(c, DOCTOR_FAULT,
			"%s holds a list signed by %.*s that does not know our signer", p->name,
			(int)held.header.signer_name.len,
			(const char *)held.header.signer_name.ptr);
	}
	if (strstr(p->list_status, "Updated"))
		return doctor_say(c, DOCTOR_GOOD, "%s: \"%s\"", p->name, p->list_status);
	doctor_remedy(c, "reset the phone, and export its status messages to status.log");
	return doctor_say(c, DOCTOR_CANNOT_TELL,
		"%s holds another list and shows no message that it took one%s%s", p->name,
		p->status_missing[0] ? ": "
		: p->list_status[0]  ? ", but: "
				     : "",
		p->status_missing[0] ? p->status_missing : p->list_status);
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
