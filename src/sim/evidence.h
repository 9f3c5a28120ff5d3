/* SPDX-License-Identifier: BSD-2-Clause
 * What the phone leaves for others to judge: phone.json and the captures of its last connections.
 * What each member means: docs/how-to/run-a-simulated-phone.md */
#ifndef SIM_EVIDENCE_H
#define SIM_EVIDENCE_H

#include "base/clock.h"
#include "sim/flash.h"

#include <stdbool.h>

#define SIM_TEXT 64

enum sim_icon { SIM_ICON_NONE, SIM_ICON_SHIELD, SIM_ICON_LOCK };

/* One call as its display and its media show it. */
struct sim_call_facts {
	const char *state; /* "idle", "off hook", "ring out", "ring in", "connected", "ended", … */
	char peer[SIM_TEXT]; /* number of the other party */
	enum sim_icon icon;
	int algorithm; /* of the media keys; 0 when media is clear */
	uint64_t sent, received, authenticated, rejected, clear;
	bool audio_ok;
};

/* Everything phone.json says. Text members are filled in by whoever learns them. */
struct sim_evidence {
	const struct clock *clock;
	char *path; /* phone.json */
	char device[SIM_TEXT], number[SIM_TEXT], state[SIM_TEXT];
	bool registered, tls;
	char server[SIM_TEXT];
	int port;
	int security_mode; /* deviceSecurityMode of its configuration, 0 when unknown */
	char cipher[SIM_TEXT], tls_version[SIM_TEXT], server_cert_sha1[41];
	char config_name[SIM_TEXT]; /* last configuration file accepted */
	bool config_encrypted;
	char refused[256];    /* the last refusal in words */
	const char *lsc_step; /* what is being done about the LSC; "" or NULL: nothing */
	struct sim_call_facts call, last_call;
	int64_t last_call_ended; /* seconds since 1970 */
	bool failed;             /* the file could not be written; said once */
};

enum err sim_evidence_init(struct sim_evidence *e, const struct clock *clock, const char *dir,
	const char *device, struct fail *why) MUST_USE;
void sim_evidence_fini(struct sim_evidence *e);

/* Rewrites phone.json whole. A full disk is said once on stderr and does not stop the phone. */
void sim_evidence_write(struct sim_evidence *e, const struct sim_flash *flash);

/* As the phone shows it: what is being done about its LSC, else "Installed", "Not Installed". */
const char *sim_evidence_lsc(const struct sim_evidence *e, const struct sim_flash *flash);

/* A call is over: it becomes the last one. */
void sim_evidence_call_ended(struct sim_evidence *e);

const char *sim_icon_name(enum sim_icon icon); /* "none", "shield", "lock" */
const char *sim_algorithm_name(int algorithm); /* "AES_CM_128_HMAC_SHA1_32"; "none" for 0 */

#endif
