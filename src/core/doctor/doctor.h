/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_DOCTOR_H
#define CORE_DOCTOR_H

#include "crypto/cert.h"
#include "wire/json.h"

/* The eight checks of the administration guide, judged from evidence that others gathered: nothing
 * here opens a file or a socket. What depends on a check that is not good cannot be told.
 * spec: docs/doctor.md */
#define DOCTOR_CHECKS 8

enum doctor_verdict { DOCTOR_GOOD, DOCTOR_FAULT, DOCTOR_CANNOT_TELL };

/* A file or answer that was asked for: its bytes, or why there are none. */
struct doctor_bytes {
	bool there;
	struct buf bytes;
	char missing[160]; /* why not, in words */
};

/* A TLS handshake as it went over the wire. */
struct doctor_handshake {
	bool seen;      /* a capture (or probe) of it exists */
	bool completed; /* application data followed */
	char version[16], cipher[64];
	char refusal[96]; /* alert in words, "" for none */
	struct buf server_der, client_der;
	char missing[160];
};

/* A certificate of a phone as CAPF recorded it: when it was installed, proven, fetched, or shown in
 * a handshake. */
struct doctor_recorded {
	bool there;
	const char *how; /* in words; static */
	int64_t since, seen;
	struct buf bytes;
};

/* What one phone shows: its folder, or what was exported from a real one. */
struct doctor_phone {
	struct doctor_phone *next;
	char name[16];
	bool folder;                /* anything of it was found */
	int profile_mode;           /* what its record asks for: 1, 2, 3 */
	bool has_line;              /* its record names a directory number */
	bool install_ordered;       /* its record asks for a new LSC */
	struct doctor_bytes served; /* CTLSEP<MAC>.tlv as TFTP answers */
	struct doctor_bytes ctl;    /* the copy on the phone */
	char list_status[80];       /* its last status message about a trust list, with the time */
	char status_missing[160];   /* why its messages cannot be read, "" when they can */
	struct doctor_bytes lsc;    /* PEM or DER */
	struct doctor_recorded lsc_record, mic_record;
	struct doctor_handshake capf, signalling;
	enum { DOCTOR_LIST_UNKNOWN, DOCTOR_NOT_LISTED, DOCTOR_LISTED } listed; /* as a station */
	struct json *state;      /* phone.json; NULL when missing */
	char state_missing[160]; /* why */
};

struct doctor_evidence {
	int64_t now;                           /* seconds since 1970 */
	int mode;                              /* cluster security mode, 0 or 1 */
	char address[64];                      /* of the node, "" when unknown */
	struct doctor_bytes callmanager, capf; /* the node's certificate files */
	struct doctor_bytes ctl;               /* the list on disk */
	struct doctor_bytes served;            /* CTLFile.tlv as TFTP answers */
	/* What restarts of the running services would bring in force; "" nothing, or unknown. */
	char tftp_waits[128], callmanager_waits[128], capf_waits[128];
	struct doctor_handshake capf_probe;  /* what port 3804 shows now */
	struct doctor_handshake sccps_probe; /* what port 2443 shows now */
	struct doctor_phone *phones;         /* those whose profile asks for security */
};

struct doctor_check {
	const char *title;
	enum doctor_verdict verdict;
	struct buf evidence; /* lines, each ending in a newline */
	char remedy[256];    /* next command, "" for none */
};

struct doctor_report {
	struct doctor_check checks[DOCTOR_CHECKS];
	bool good; /* all eight */
};

struct doctor_evidence *doctor_evidence_new(void);
void doctor_evidence_free(struct doctor_evidence *e);
/* Adds an empty phone at the end; NULL when out of memory. */
struct doctor_phone *doctor_evidence_phone(struct doctor_evidence *e, const char *name);

/* Judges. ERR_NOMEM; free the report in every case. */
enum err doctor_judge(const struct doctor_evidence *e, struct doctor_report *r) MUST_USE;
void doctor_report_fini(struct doctor_report *r);

/* "good", "fault", "cannot tell" */
const char *doctor_verdict_text(enum doctor_verdict v);
void doctor_report_text(const struct doctor_report *r, struct buf *out);
struct json *doctor_report_json(const struct doctor_report *r);

#endif
