/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ENROL_H
#define CORE_ENROL_H

#include "core/enrol/proof.h"
#include "core/enrol/public_key.h"
#include "core/issue/elsewhere.h"
#include "store/capf.h"

/* CAPF's decisions, without the protocol: who may enrol, and what became of it. All block: call
 * them from a pool. spec: docs/formats/capf.md */

#define ENROL_TRIES        10  /* wrong strings in a row, after which the phone waits */
#define ENROL_WAIT_SECONDS 600 /* so long */

/* Something that an administrator should hear of; goes to the audit log. Empty action: nothing. */
struct enrol_alarm {
	const char *action;
	char text[160];
};

enum enrol_verdict {
	ENROL_UNKNOWN_DEVICE,
	ENROL_NOTHING_TO_DO, /* none is pending, or no more */
	ENROL_REFUSED,       /* the status of the operation tells why, and `why` more of it */
	ENROL_GO,
};

struct enrol_order {
	enum enrol_verdict verdict;
	enum enrol_operation op;      /* pending; also when refused */
	struct enrol_key key, backup; /* ENROL_INSTALL; backup.bits 0: none */
	/* The phone has made its key before, in another session: it waits for a certificate that
	 * another authority signs. The caller's to free. */
	struct buf waiting;
	bool by_lsc;   /* the phone proved its LSC */
	bool recorded; /* a certificate that was proven is on record since now */
	enum enrol_outcome
		outcome; /* of a refused order, and of one that came too late; else none */
	struct enrol_alarm alarm;
	struct fail why; /* also for what is accepted and yet to be told */
};

/* A phone answered AUTH_RES. Everything that this changes is committed before it returns: a refused
 * phone's status and tries, an operation that is over, a certificate that it proved. `shown` is the
 * certificate of its TLS handshake, empty for none. The error is our own trouble; the order stays
 * as it is then. */
enum err enrol_begin(struct cluster *c, const struct capf_message *auth_res, struct span shown,
	const char *address, struct enrol_order *out, struct fail *why) MUST_USE;

/* What a session writes, one row each; many sessions' are one transaction. */
enum enrol_write_kind {
	ENROL_WRITE_ISSUED, /* before the phone gets the certificate */
	ENROL_WRITE_END,    /* before the phone is told that the session is over */
};
struct enrol_write {
	enum enrol_write_kind kind;
	const char *device, *address;
	enum enrol_operation op;
	enum enrol_outcome outcome;                   /* WRITE_END */
	const struct cert *lsc, *issuer;              /* issued or installed; else NULL */
	const struct cert *fetched_lsc, *fetched_mic; /* what troubleshooting brought; or NULL */
	bool by_lsc;
	bool keep;        /* the order stays, even where this outcome ends it */
	const char *note; /* or NULL */
	/* out */
	struct enrol_alarm alarm;
	enum err err;
	struct fail why;
};
/* Writes all of them in one transaction; when that fails each in one of its own, so that none
 * suffers from another. A certificate whose serial number was given out before is ERR_EXISTS in its
 * row: make another one. */
void enrol_write(struct cluster *c, struct enrol_write *const *rows, size_t count);

/* Lays what troubleshooting brought beside the trace of CAPF, where the original has it:
 * SEP<MAC>-L1.cer (LSC) and SEP<MAC>-M1.cer (MIC), DER. */
enum err enrol_keep_fetched(
	struct cluster *c, const struct enrol_write *w, struct fail *why) MUST_USE;

/* Which alarms were raised of late: whoever can reach the port raises some as often as he likes,
 * and each is a line that is synced. One thread at a time; begins with zeros. */
#define ENROL_ALARMS      256u
#define ENROL_ALARM_EVERY 60 /* seconds, for one of a kind and device */
struct enrol_alarms {
	struct {
		char device[DEVICE_NAME_SIZE];
		const char *action;
		int64_t at;
	} of[ENROL_ALARMS];
	unsigned next;
};
/* False for one that was raised within that time. */
bool enrol_alarm_due(
	struct enrol_alarms *alarms, const char *device, const struct enrol_alarm *a, int64_t now);

/* Records alarms; what cannot be written is told in *why. Whether one is due is the caller's
 * matter. */
enum err enrol_alarm_write(struct cluster *c, const char *device, const char *address,
	const struct enrol_alarm *a, struct fail *why) MUST_USE;

/* Makes a phone's LSC: checks the key, has it signed. As lsc_make; ERR_FORMAT, ERR_SHORT and
 * ERR_UNSUPPORTED for a key other than the one asked for. */
enum err enrol_make(struct cluster *c, const char *device, const struct enrol_key *want,
	struct span spki, struct lsc_ask *ask, struct cert **out, struct cert **issuer,
	struct fail *why) MUST_USE;

/* The key sizes that apply to a phone: its own, else its profile's, never more than its model can.
 */
void enrol_keys(const struct store_device *d, const struct store_profile *p, struct enrol_key *key,
	struct enrol_key *backup);

/* Minutes for which a phone that makes its key may be silent; kept for the whole cluster
 * (utils capf set keep_alive). */
#define ENROL_KEEP_ALIVE_LEAST   5
#define ENROL_KEEP_ALIVE_MOST    60
#define ENROL_KEEP_ALIVE_DEFAULT 15
enum err enrol_keep_alive(struct cluster *c, int *minutes, struct fail *why) MUST_USE;
enum err enrol_set_keep_alive(struct cluster *c, int minutes, struct fail *why) MUST_USE;

#endif
