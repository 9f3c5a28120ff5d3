/* SPDX-License-Identifier: BSD-2-Clause
 * What is odd about lists and signed files beyond their signature, and what phones and certificates
 * make of them. spec: docs/formats/trust-list.md#findings */
#ifndef CORE_LIST_CHECK_H
#define CORE_LIST_CHECK_H

#include "core/list/list.h"

#define LIST_LOAD_MAX  65536u       /* bytes of a list that phones load */
#define LIST_SOON      (30 * 86400) /* seconds before its end that a certificate is named */
#define LIST_CLOCK_OFF 86400        /* seconds that a signer's clock may be behind */

enum list_severity {
	LIST_NOTE,    /* good to know */
	LIST_WARNING, /* some phones, or later */
	LIST_FAULT,   /* something does not work, or strangers are trusted */
};

/* "note", "warning", "fault" */
const char *list_severity_name(enum list_severity severity);

struct list_finding {
	const char *code; /* for programs: "expired"; the table is in the spec */
	enum list_severity severity;
	size_t record;     /* number from 1; 0 for the header and the file */
	const char *place; /* "record 3, SERIALNUMBER at byte 2711"; valid during the call */
	const char *text;  /* likewise; names in it are as the file has them */
};
typedef void list_found(void *ctx, const struct list_finding *finding);

/* A certificate as it is in use, and the name of its file, which may tell its role. */
struct list_real {
	const struct cert *cert;
	const char *name;
};

struct list_check {
	enum list_kind kind;
	int64_t now;                  /* seconds since 1970-01-01 UTC */
	const struct list_real *real; /* NULL: records are not compared with certificates in use */
	size_t real_count;
};

/* Calls `found` for everything that is odd. Findings are no errors: ERR_NOMEM alone. */
enum err list_check(const struct tlv_list *list, const struct list_check *how, list_found *found,
	void *ctx) MUST_USE;

/* The same for a .sgn or .enc.sgn file. `name` is the file's own name without folders, or NULL;
 * `signer` the certificate whose key has signed it, or NULL. */
void list_check_signed(const struct tlv_header *h, const char *name, const struct cert *signer,
	list_found *found, void *ctx);

/* Was this file signed with the key of that certificate? As list_signed_by; names are not compared,
 * but ERR_TRUST instead of ERR_VERIFY when the header names another signer. */
enum err list_signed_by_cert(struct span file, const struct tlv_header *h, const struct cert *cert,
	struct fail *why) MUST_USE;

/* Would a phone that holds `held` take `offered`? `because` gets a clause that says why, or why
 * not, and what only some phones would do. Of an unknown family one is meant that checks every
 * signature that any does. spec: docs/formats/trust-list.md#acceptance ERR_TRUST, ERR_VERIFY,
 * ERR_UNSUPPORTED, ERR_LIMIT, ERR_FORMAT (no list's name, a key that cannot be read); ERR_NOMEM. */
enum err list_accepts(const struct tlv_list *held, const struct tlv_list *offered,
	enum list_family family, struct buf *because) MUST_USE;

#endif
