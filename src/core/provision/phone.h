/* SPDX-License-Identifier: BSD-2-Clause
 * What a phone's configuration says, from its record. */
#ifndef CORE_PROVISION_PHONE_H
#define CORE_PROVISION_PHONE_H

#include "core/device/device.h"
#include "core/device/line.h"
#include "core/provision/fresh.h"
#include "wire/cnfxml/cnfxml.h"

/* What is the same for many phones, read once: nodes, settings, profiles. Good as long as the
 * store's revision and the snapshot that TFTP serves are what they were. */
struct phone_context {
	struct cluster *c;
	char revision[STORE_TEXT];
	uint64_t snapshot;
	bool secured;
	/* Servers as the served lists name them: of phones with a secure mode, and of others. */
	struct cnfxml_server secure[CNFXML_MEMBERS_MAX], open[CNFXML_MEMBERS_MAX];
	size_t secure_count, open_count;
	struct cnfxml_server tvs[CNFXML_MEMBERS_MAX], capf[CNFXML_MEMBERS_MAX];
	size_t tvs_count, capf_count;
	char ntp_text[SETTINGS_TEXT_SIZE];
	const char *ntp[CNFXML_NTP_MAX];
	size_t ntp_count;
	struct store_profile *profiles;
	size_t profiles_count;
};

/* Reads it, or leaves what is there as it is when that is still good; *x is made on first use and
 * freed with phone_context_free. */
enum err phone_context_get(struct phone_context **x, struct cluster *c, const char *revision,
	struct fail *why) MUST_USE;
void phone_context_free(struct phone_context *x);

/* A phone's description and the texts that it borrows. */
struct phone_text {
	struct cnfxml xml;
	struct cnfxml_phone rest;
	struct cnfxml_line lines[DEVICE_LINES_MOST];
	struct {
		char number[25], display[41], label[41];
	} texts[DEVICE_LINES_MOST];
	char phone_label[16], user_version[32], network_version[32];
	struct buf ssh_password, digest_password; /* secrets; empty when they are not to be told */
	const struct store_profile *profile;
};

/* The phone as the rest of the system sees it. */
enum err phone_join(const struct phone_context *x, const struct store_device *row,
	struct device *out, struct fail *why) MUST_USE;
/* `cert_hash` is what xml.cert_hash will say; `secrets` for the file that only the phone can read.
 * What the answer depends on besides the store is added to *sources. End it with phone_text_fini.
 */
enum err phone_describe(struct phone_context *x, const struct device *d, const char *cert_hash,
	bool secrets, struct phone_text *out, struct provision_sources *sources,
	struct fail *why) MUST_USE;
void phone_text_fini(struct phone_text *t);

/* The firmware that this model is to have when its phones do not say, and only if it is in the
 * folder: "" otherwise. */
enum err phone_default_load(struct cluster *c, int model, int protocol, char out[STORE_NAME],
	struct provision_sources *sources, struct fail *why) MUST_USE;

#endif
