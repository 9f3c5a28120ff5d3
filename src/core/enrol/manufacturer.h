/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_ENROL_MANUFACTURER_H
#define CORE_ENROL_MANUFACTURER_H

#include "core/cluster/cluster.h"

/* Certificates that phones have from the factory (MICs), judged by the manufacturers' authorities:
 * the PEM and DER files of the folder that the setting mic_folder names ("manufacturer" in the
 * state folder). Each of them that is a CA may issue; nothing above it is looked for. They are for
 * enrolment alone: no phone registers with a MIC. spec: docs/formats/capf.md#manufacturers */
#define MANUFACTURERS_MAX 64u

/* What happens to a MIC, or an authority of one, that is not valid now (setting mic_expiry). */
enum mic_expiry {
	MIC_EXPIRY_REJECT,
	MIC_EXPIRY_WARN,  /* accepted; warned of in the log, recorded in the audit log */
	MIC_EXPIRY_ALLOW, /* accepted; noted */
};
/* "reject", "warn", "allow"; ERR_FORMAT. */
enum err mic_expiry_parse(const char *word, enum mic_expiry *out, struct fail *why) MUST_USE;

/* Was it issued by one of them? *issuer is the caller's; `expired` tells, "" for nothing, what is
 * not valid at this time: the policy is the caller's. ERR_TRUST, with how many authorities there
 * are. Reads the folder. */
enum err manufacturer_check(struct cluster *c, const struct cert *mic, struct cert **issuer,
	char expired[128], struct fail *why) MUST_USE;

#endif
