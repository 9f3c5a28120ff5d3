/* SPDX-License-Identifier: BSD-2-Clause
 * One session at a CAPF server, the phone's side: connection, messages, what they do to the phone's
 * flash. Who opens it decides whether the server is trusted and what comes after.
 * spec: docs/formats/capf.md */
#ifndef SIM_CAPF_H
#define SIM_CAPF_H

#include "base/clock.h"
#include "net/stream.h"
#include "sim/fault.h"
#include "sim/flash.h"
#include "sim/keygen.h"
#include "wire/capf/capf.h"

#define SIM_CAPF_VERSION  3                /* of the protocol, in AUTH_RES */
#define SIM_CAPF_TALK_US  (60 * 1000000ll) /* wait for the server's next message */
#define SIM_CAPF_PROGRESS 60               /* seconds from one REQ_IN_PROGRESS to the next */
#define SIM_STRING_MAX    15               /* digits of an authentication string */

/* How the phone says who it is; the numbers are those of capfAuthMode. */
enum sim_auth { SIM_AUTH_NONE, SIM_AUTH_STRING, SIM_AUTH_NULL, SIM_AUTH_LSC, SIM_AUTH_MIC };

/* What a phone shows behind "LSC" while a session goes on. */
enum sim_lsc_step {
	SIM_LSC_IDLE,
	SIM_LSC_CONNECTING,
	SIM_LSC_AUTHENTICATING,
	SIM_LSC_GENERATING,
	SIM_LSC_INSTALLING,
	SIM_LSC_DELETING,
	SIM_LSC_READING,
};
const char *sim_lsc_step_text(enum sim_lsc_step step); /* "Generating Key"; "" for IDLE */

/* What the session did; bits of sim_capf_result.did. */
enum {
	SIM_CAPF_INSTALLED = 1,
	SIM_CAPF_DELETED = 2,
	SIM_CAPF_SHOWED_LSC = 4,
	SIM_CAPF_SHOWED_MIC = 8,
	SIM_CAPF_SHOWED_NONE = 16, /* it was asked for one that it does not have */
	SIM_CAPF_KEPT = 32,        /* the phone itself refused what was asked */
};

struct sim_capf_result {
	unsigned did;
	int reason;          /* of END_SESSION; -1 when none came */
	bool server_refused; /* the certificate that it showed */
	struct fail why;     /* empty when the server ended the session with reason 0 or 1 */
};

/* What its owner hears; all but `verify` may be NULL. */
struct sim_capf_owner {
	/* Judges the server's certificate. */
	enum err (*verify)(void *ctx, struct span der, struct fail *why);
	void (*ready)(void *ctx, const struct stream *s); /* the handshake is done */
	void (*message)(void *ctx, bool sent, const struct capf_message *m);
	void (*progress)(void *ctx, enum sim_lsc_step step);
	/* Comes last, once, never inside sim_capf_start. */
	void (*over)(void *ctx, const struct sim_capf_result *r);
};

/* All of it is borrowed and outlives the session, except `string`, which is copied. */
struct sim_capf_spec {
	struct loop *loop;
	struct executor *executor; /* of a pool: makes keys */
	struct sim_keygens *keygens;
	const struct clock *clock;
	struct sim_flash *flash;
	const char *capture_dir; /* gets capf.cap; NULL: no capture */
	const char *device;
	enum sim_auth auth;
	struct span string; /* the digits, for SIM_AUTH_STRING */
	int version;        /* 2 or 3 */
	bool sudi;          /* prove the MIC by SUDI_DATA as well */
	bool anonymous;     /* show no certificate in the TLS handshake */
	enum tls_profile profile;
	int64_t talk_us;
	int64_t progress_us;       /* from one REQ_IN_PROGRESS to the next; 0: only the first */
	const struct key *new_key; /* instead of making one; NULL: made when asked for */
	struct sim_faults faults;
};

struct sim_capf;

/* An error here means that nothing was begun and the owner hears nothing more. */
enum err sim_capf_start(struct sim_capf **out, const struct sim_capf_spec *spec,
	const struct net_addr *server, const struct sim_capf_owner *owner, void *ctx,
	struct fail *why) MUST_USE;
/* Ends it without a word; NULL allowed; also inside the owner's functions. */
void sim_capf_free(struct sim_capf *s);

#endif
