/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ENROL_STATUS_H
#define CORE_ENROL_STATUS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Certificate Operation and its status, in the words of the original: 34 texts, each with its cause
 * and what to do next. spec: docs/formats/capf.md#status */
enum enrol_operation {
	ENROL_NONE,
	ENROL_INSTALL,      /* Install/Upgrade */
	ENROL_DELETE,       /* Delete */
	ENROL_TROUBLESHOOT, /* Troubleshoot: fetch LSC and MIC */
	ENROL_OPERATIONS
};

/* How a session, or the whole operation, ended. */
enum enrol_outcome {
	ENROL_NOTHING, /* no operation was ever ordered: "None" */
	ENROL_PENDING, /* "Operation Pending" */
	ENROL_SUCCESS,
	ENROL_FAILED, /* for a reason that has no text of its own */
	ENROL_BAD_LSC,
	ENROL_BAD_STRING,
	ENROL_BAD_MIC,
	ENROL_BAD_CREDENTIALS,
	ENROL_PHONE_LOST,
	ENROL_KEY_FAILED,
	ENROL_CA_LOST,
	ENROL_CA_REFUSED,
	ENROL_LATE,
	ENROL_EC_ONLY, /* the phone cannot make the EC key that alone was asked for */
	ENROL_OUTCOMES
};

/* "Install/Upgrade"; "No Pending Operation". */
const char *enrol_operation_text(enum enrol_operation op);

/* "Upgrade Failed: Invalid MIC". A combination that has no text gives that of ENROL_FAILED. */
const char *enrol_status_text(enum enrol_operation op, enum enrol_outcome outcome);

/* Whether the order stays after this end, so that the phone may come again until it is too late. */
bool enrol_outcome_stays(enum enrol_outcome outcome);

struct enrol_status {
	enum enrol_operation op; /* ENROL_NONE for the two that name none */
	enum enrol_outcome outcome;
	const char *text;
	const char *cause; /* sentences */
	const char *next;  /* commands and keys; "SEP<MAC>" stands for the phone */
};
/* One of the 34, in the order of the original's list; false after the last. */
bool enrol_status_at(size_t index, struct enrol_status *out);
/* By its text, without regard to case. False: it is none of them. */
bool enrol_status_find(const char *text, struct enrol_status *out);

#endif
