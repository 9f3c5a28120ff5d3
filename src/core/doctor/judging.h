/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_DOCTOR_JUDGING_H
#define CORE_DOCTOR_JUDGING_H

#include "core/doctor/doctor.h"
#include "wire/tlv/tlv.h"

/* Between the files of this folder. */

enum doctor_number { /* the guide's order; index into the report */
	CHECK_CERTIFICATES,
	CHECK_CONTENT,
	CHECK_SERVED,
	CHECK_ACCEPTED,
	CHECK_COPY,
	CHECK_CAPF,
	CHECK_REGISTRATION,
	CHECK_CALL,
};

struct judging {
	const struct doctor_evidence *e;
	struct doctor_report *r;
	bool list_good;       /* the list on disk can be read and its signature is good */
	struct tlv_list list; /* valid when list_good */
	size_t phones;
	/* verdict of each phone in each check, so that one phone's fault does not hide another's
	 * state */
	enum doctor_verdict (*phone)[DOCTOR_CHECKS];
};

/* Adds one line of evidence and worsens the check's verdict to `v`; returns `v`. */
enum doctor_verdict doctor_say(struct doctor_check *c, enum doctor_verdict v, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* What to do next; the first one of a check stays. */
void doctor_remedy(struct doctor_check *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A certificate as files and phones hold it: PEM or DER. */
enum err doctor_cert(struct cert **out, const struct buf *bytes, struct fail *why) MUST_USE;

/* "01:02:AB" */
#define DOCTOR_SERIAL_MAX 96
void doctor_serial(const struct cert *c, char out[DOCTOR_SERIAL_MAX]);

/* True when a record of one of the roles holds exactly this certificate (by bytes or by hash). */
bool doctor_list_names(
	const struct tlv_list *list, struct span der, const unsigned *roles, size_t count);

/* The certificate of the first record with this role; NULL when there is none. Caller frees. */
struct cert *doctor_list_cert(const struct tlv_list *list, unsigned role);

/* Are the checks that check `now` builds upon good for this phone? If not, says so and that `now`
 * cannot be told. */
bool doctor_grounds(struct judging *j, size_t i, const struct doctor_phone *p,
	enum doctor_number now, const enum doctor_number *on, size_t count);

/* Check 6: whom the phone says that it is, in the handshakes with CAPF that were captured or
 * recorded. DOCTOR_GOOD where nothing is known. */
enum doctor_verdict doctor_shown(struct doctor_check *c, const struct doctor_phone *p);
/* Its LSC: the file; CAPF's record of it where none was exported. NULL: there is none. */
const struct buf *doctor_lsc(const struct doctor_phone *p);

void doctor_check_certificates(struct judging *j);
void doctor_check_content(struct judging *j);
void doctor_check_served(struct judging *j);
void doctor_check_accepted(struct judging *j);
void doctor_check_copy(struct judging *j);
void doctor_check_capf(struct judging *j);
void doctor_check_registration(struct judging *j);
void doctor_check_call(struct judging *j);

#endif
