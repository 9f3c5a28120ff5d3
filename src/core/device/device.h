/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "core/device/fields.h"

/* A phone as the rest of the system sees it: its record joined with its profile and the cluster's
 * mode. */
struct device {
	char name[16];
	int model; /* SCCP device type */
	char description[STORE_TEXT];
	char number[25], display[41], profile[STORE_NAME];
	int security_mode; /* what applies now: 1 in a non-secure cluster or without a CTL */
	int profile_mode;  /* what the profile says: 1, 2, 3 */
	bool encrypted_config, exclude_digest;
	int auth_mode;        /* capfAuthMode, of the phone or its profile */
	int key_bits;         /* the same, and not more than the model can */
	int operation;        /* certificate operation that is pending and not too late; 0 none */
	bool install_pending; /* it is Install/Upgrade */
	char operation_status[STORE_TEXT];
	int64_t operation_by, version, last_seen;
	struct store_device record; /* all of it, as it is kept */
};

/* Values for a phone. NULL members (and model 0, install false) take the default shown when it is
 * new, and leave the record as it is when it is known. */
struct device_new {
	const char *name;        /* needed */
	int model;               /* 0: 30018 (7961) */
	const char *description; /* "" */
	const char *number;      /* "" */
	const char *display;     /* the number */
	const char *profile;     /* "Non Secure" */
	bool install;            /* order Install/Upgrade, to be completed within seven days */
};

/* Adds or changes a phone. ERR_FORMAT for a bad name or number, ERR_NOTFOUND for the profile,
 * ERR_EXISTS when the number is another phone's; ERR_UNSUPPORTED and ERR_NOTNOW when the phone
 * would be stranded (profile_check_phone). */
enum err device_put(struct cluster *c, const struct device_new *d, struct fail *why) MUST_USE;

/* The same with any fields, in the order given. */
struct device_value {
	const struct device_field *field;
	const char *text;
};
enum device_change { DEVICE_ADD, DEVICE_UPDATE }; /* UPDATE: ERR_NOTFOUND for an unknown phone */
enum err device_set(struct cluster *c, const char *name, enum device_change how,
	const struct device_value *values, size_t count, struct fail *why) MUST_USE;
/* Applies values to a record without looking at rules or other phones. */
enum err device_apply(struct cluster *c, struct store_device *row,
	const struct device_value *values, size_t count, struct fail *why) MUST_USE;

/* The two of a phone's records as one, at the time `now`; `secure` is cluster_secured's answer. */
void device_join(const struct store_device *row, const struct store_profile *profile, bool secure,
	int64_t now, struct device *out);
enum err device_get(
	struct cluster *c, const char *name, struct device *out, struct fail *why) MUST_USE;
enum err device_each(struct cluster *c, enum err (*each)(void *ctx, const struct device *d),
	void *ctx, struct fail *why) MUST_USE;
enum err device_delete(struct cluster *c, const char *name, struct fail *why) MUST_USE;
enum err device_seen(struct cluster *c, const char *name, struct fail *why) MUST_USE;

/* May phones that nobody has added register now? By the settings auto_registration...: never in
 * mixed mode, unless they say so. */
enum err device_auto_allowed(struct cluster *c, bool *yes, struct fail *why) MUST_USE;
/* Adds a phone that asked to register, with a Non Secure profile and the next free number of the
 * range; one that is known by now stays as it is. ERR_NOTFOUND when that is not allowed, ERR_LIMIT
 * when no number is left. */
enum err device_auto_register(struct cluster *c, const char *name, int model, struct device *out,
	struct fail *why) MUST_USE;

/* "Non Secure", "Authenticated", "Encrypted" for 1, 2, 3; "Unknown" otherwise. */
const char *device_mode_text(int mode);

#endif
