/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_CAPF_H
#define STORE_CAPF_H

#include "store/store.h"

/* Rows of the enrolment service, beside the device's own (operation, its status and end, mode,
 * authentication string, key order and sizes). Times are seconds since 1970, 0 for never. */

#define STORE_FINGERPRINT                                                                          \
	72               /* SHA-256 of the DER in lower-case hex, with NUL: structs have no gaps */
#define STORE_SERIAL  48 /* serial number in lower-case hex, with NUL: at most 20 bytes */
#define STORE_ADDRESS 64

/* How far the pending operation of a phone has come. */
enum store_step {
	STORE_STEP_NONE,
	STORE_STEP_PENDING,    /* ordered; the phone has to call */
	STORE_STEP_RESET_SENT, /* a registered phone was told to reset, and calls then */
	STORE_STEP_CONNECTED,
	STORE_STEP_KEY_GENERATION,
	STORE_STEP_CA,      /* waits for an authority that is not CAPF itself */
	STORE_STEP_STORING, /* the certificate was sent, its receipt is not confirmed */
	STORE_STEP_DONE,    /* the operation's status says how it ended */
};

struct store_enrolment {
	char device[16];
	int64_t step, step_since; /* enum store_step */
	int64_t ordered;          /* when the operation was set */
	int64_t enrolled;         /* when a certificate was last installed */
	int64_t string_made;      /* when the authentication string was given */
	int64_t failures;         /* wrong proofs in a row */
	int64_t blocked_until;    /* no proof is looked at before */
	int64_t last_failure;
	int64_t last_session;        /* end of the last session */
	char address[STORE_ADDRESS]; /* of the phone in it */
	char note[STORE_TEXT];       /* what the status does not say: why it failed */
};
/* A phone of which nothing is recorded has zeros; one that is not there, too. */
enum err store_enrolment_get(struct store *s, const char *device, struct store_enrolment *out,
	struct fail *why) MUST_USE;
/* All or none. Phones that are not there are passed over. */
enum err store_enrolment_put_many(
	struct store *s, const struct store_enrolment *e, size_t count, struct fail *why) MUST_USE;
/* Changes step, step_since and address alone. Phones that are not there are passed over. */
enum err store_enrolment_step_many(
	struct store *s, const struct store_enrolment *e, size_t count, struct fail *why) MUST_USE;
/* In order of devices; `busy` leaves out those of STORE_STEP_NONE and STORE_STEP_DONE. */
enum err store_enrolment_each(struct store *s, bool busy,
	enum err (*each)(void *ctx, const struct store_enrolment *e), void *ctx,
	struct fail *why) MUST_USE;

/* Sets what ends or begins an operation, without reading the rest of the record. ERR_NOTFOUND. */
struct store_operation {
	char device[16];
	int64_t operation; /* 0 none, 1 install/upgrade, 2 delete, 3 troubleshoot */
	/* That ended. Where another one is pending now nothing changes (ERR_NOTFOUND). */
	int64_t of;
	char status[STORE_TEXT];
	int64_t by;
	bool drop_string; /* the authentication string is used up */
	/* The order stays as it is, its status alone changes, and only while this operation is
	 * pending (else ERR_NOTFOUND). Otherwise `version` is counted on. */
	bool keep;
};
enum err store_operation_set(
	struct store *s, const struct store_operation *o, struct fail *why) MUST_USE;

/* A phone's own certificates as the system knows them; one of each kind, the newest. */
enum { STORE_LSC = 1, STORE_MIC = 2 };
enum store_cert_how {
	STORE_CERT_INSTALLED = 1, /* the phone said that it holds it */
	STORE_CERT_PROVEN,        /* it proved its key in an enrolment */
	STORE_CERT_FETCHED,       /* the phone handed it over */
	STORE_CERT_SHOWN,         /* it was the client certificate of a TLS handshake */
};
struct store_phone_cert {
	char device[16];
	int64_t kind;                               /* STORE_LSC, STORE_MIC */
	char fingerprint[STORE_FINGERPRINT];        /* "" in rows of before it was kept */
	char serial[STORE_SERIAL];                  /* the same */
	int64_t not_before, not_after;              /* not_before 0: not kept then */
	char issuer[STORE_TEXT];                    /* subject of who issued it */
	char issuer_fingerprint[STORE_FINGERPRINT]; /* "" not known */
	int64_t issuer_not_after;                   /* 0 not known */
	int64_t recorded;                           /* first seen; for an LSC: installed */
	int64_t seen;                               /* last shown or proven */
	int64_t how;                                /* enum store_cert_how */
};
/* ERR_NOTFOUND without such a device. */
enum err store_phone_cert_put(struct store *s, const struct store_phone_cert *c, struct span der,
	struct fail *why) MUST_USE;
/* `der` is appended to *der; NULL: not asked for. ERR_NOTFOUND. */
enum err store_phone_cert_get(struct store *s, const char *device, int64_t kind,
	struct store_phone_cert *out, struct buf *der, struct fail *why) MUST_USE;
/* In order of devices. */
enum err store_phone_cert_each(struct store *s, int64_t kind,
	enum err (*each)(void *ctx, const struct store_phone_cert *c, struct span der), void *ctx,
	struct fail *why) MUST_USE;
/* No error when there is none. */
enum err store_phone_cert_delete(
	struct store *s, const char *device, int64_t kind, struct fail *why) MUST_USE;
/* How many phones hold an LSC of each issuer. */
enum err store_phone_cert_issuers(struct store *s,
	enum err (*each)(
		void *ctx, const char *issuer_fingerprint, const char *issuer, int64_t phones),
	void *ctx, struct fail *why) MUST_USE;

/* Every certificate that was given out: written before the phone gets it. An issuer's serial number
 * is there once. Rows outlive the device's record. */
enum store_issued_state {
	STORE_ISSUED = 1,       /* sent to the phone; it has not answered */
	STORE_ISSUED_INSTALLED, /* the phone said so */
	STORE_ISSUED_REFUSED,   /* the phone said no */
	STORE_ISSUED_STALE,     /* a later one took its place, or it was deleted in the phone */
};
struct store_issued {
	char issuer_fingerprint[STORE_FINGERPRINT]; /* with serial the key */
	char serial[STORE_SERIAL];
	char device[16];
	char fingerprint[STORE_FINGERPRINT];
	int64_t state; /* enum store_issued_state */
	int64_t issued, changed, not_after;
};
/* ERR_EXISTS when the issuer has given out this serial number before. */
enum err store_issued_add(
	struct store *s, const struct store_issued *i, struct span der, struct fail *why) MUST_USE;
/* ERR_NOTFOUND. */
enum err store_issued_get(struct store *s, const char *issuer_fingerprint, const char *serial,
	struct store_issued *out, struct fail *why) MUST_USE;
/* ERR_NOTFOUND. */
enum err store_issued_set(struct store *s, const char *issuer_fingerprint, const char *serial,
	int64_t state, int64_t when, struct fail *why) MUST_USE;
/* Of one device, or of all when it is NULL: by device, oldest first. */
enum err store_issued_each(struct store *s, const char *device,
	enum err (*each)(void *ctx, const struct store_issued *i, struct span der), void *ctx,
	struct fail *why) MUST_USE;
/* Of one device: all but the one with this fingerprint that are STORE_ISSUED or _INSTALLED become
 * STORE_ISSUED_STALE. */
enum err store_issued_supersede(struct store *s, const char *device, const char *fingerprint,
	int64_t when, struct fail *why) MUST_USE;
/* ERR_NOTFOUND. Only for certificates that can no longer do harm: expired ones. */
enum err store_issued_delete(struct store *s, const char *issuer_fingerprint, const char *serial,
	struct fail *why) MUST_USE;

/* The authorities whose LSCs the system knows. */
enum store_issuer_source { STORE_ISSUER_OWN = 1, STORE_ISSUER_OFFLINE, STORE_ISSUER_EST };
struct store_issuer {
	char fingerprint[STORE_FINGERPRINT];
	char subject[STORE_TEXT];
	int64_t source; /* enum store_issuer_source */
	int64_t not_before, not_after;
	int64_t added, retired; /* retired: issues no more since; 0 it does, or may */
};
enum err store_issuer_put(
	struct store *s, const struct store_issuer *i, struct span der, struct fail *why) MUST_USE;
/* ERR_NOTFOUND. `der` as above. */
enum err store_issuer_get(struct store *s, const char *fingerprint, struct store_issuer *out,
	struct buf *der, struct fail *why) MUST_USE;
/* Oldest first. */
enum err store_issuer_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_issuer *i, struct span der), void *ctx,
	struct fail *why) MUST_USE;
/* ERR_NOTFOUND. */
enum err store_issuer_delete(struct store *s, const char *fingerprint, struct fail *why) MUST_USE;

/* A key of a phone that waits for a certificate of an authority elsewhere; one a phone. Goes with
 * its device. */
struct store_request {
	char device[16];
	char key_fingerprint[STORE_FINGERPRINT]; /* SHA-256 of the SubjectPublicKeyInfo */
	int64_t made, imported;
	int64_t exported; /* handed to an authority; to one that wants time: until then */
};
/* `key` is the SubjectPublicKeyInfo, `request` what the authority is handed, `cert` what came back
 * (DER; empty until then). ERR_NOTFOUND without such a device. */
enum err store_request_put(struct store *s, const struct store_request *q, struct span key,
	struct span request, struct span cert, struct fail *why) MUST_USE;
/* Appended; each NULL: not asked for. ERR_NOTFOUND. */
enum err store_request_get(struct store *s, const char *device, struct store_request *out,
	struct buf *key, struct buf *request, struct buf *cert, struct fail *why) MUST_USE;
/* In order of devices. */
enum err store_request_each(struct store *s,
	enum err (*each)(void *ctx, const struct store_request *q, struct span request), void *ctx,
	struct fail *why) MUST_USE;
/* No error when there is none. */
enum err store_request_delete(struct store *s, const char *device, struct fail *why) MUST_USE;

#endif
