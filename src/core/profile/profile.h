/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROFILE_H
#define CORE_PROFILE_H

#include "core/cluster/cluster.h"
#include "core/model/model.h"

/* Phone security profiles with the fields and the rules of the original.
 * spec: docs/formats/profiles.md */
#define PROFILE_NAME_MAX 50 /* characters; of the description too */

enum profile_auth {
	PROFILE_AUTH_STRING = 1,
	PROFILE_AUTH_NULL,
	PROFILE_AUTH_LSC, /* existing certificate, precedence to LSC */
	PROFILE_AUTH_MIC
};
enum profile_key_order { PROFILE_RSA_ONLY, PROFILE_EC_ONLY, PROFILE_EC_PREFERRED };

struct profile {
	char name[STORE_NAME];
	char description[STORE_TEXT];
	int model;    /* SCCP device type; 0 any */
	int protocol; /* STORE_SCCP, STORE_SIP */
	int mode;     /* Device Security Mode 1, 2, 3 */
	int auth;     /* enum profile_auth */
	int key_order, rsa_bits, ec_bits;
	int transport;      /* 1 TCP, 2 UDP, 3 TLS, 4 TCP+UDP; SIP only, else 0 */
	int nonce_validity; /* seconds */
	int sip_port;
	bool encrypted_config, exclude_digest, predefined;
};

/* One row a field: what people call it, how commands name it, what it may be. */
struct profile_field {
	const char *key;    /* of JSON, and of profile_set: "deviceSecurityMode" */
	const char *option; /* of commands: "mode" */
	const char *label;  /* "Device Security Mode" */
};
const struct profile_field *profile_field_at(size_t index); /* NULL after the last */

/* What a new profile has: SCCP, any model, Non Secure, By Null String, RSA Only, 2048. */
void profile_defaults(struct profile *p, const char *name);
/* From the words of the original ("Encrypted", "By Null String", "2048", "true"), without regard to
 * case. ERR_FORMAT names the field and what it may be; ERR_NOTFOUND for another key. */
enum err profile_set(
	struct profile *p, const char *key, const char *text, struct fail *why) MUST_USE;
/* Appends the field in the same words. */
void profile_text(const struct profile *p, const struct profile_field *field, struct buf *out);

/* Rules that hold for the profile alone: names, sizes, what its model can do. ERR_FORMAT,
 * ERR_UNSUPPORTED. */
enum err profile_check(const struct profile *p, struct fail *why) MUST_USE;

/* Would this phone be stranded? ERR_UNSUPPORTED for what its model cannot, ERR_NOTNOW for an order
 * of steps in which it would never register again: each with the way out. */
struct profile_phone {
	const char *name;
	const struct model *model;
	int protocol;
	bool has_lsc;
	int auth; /* of the phone itself; 0: as the profile says */
};
enum err profile_check_phone(
	const struct profile *p, const struct profile_phone *phone, struct fail *why) MUST_USE;

/* Adds or changes a profile: ERR_DENIED for a predefined one, ERR_NOTNOW when a phone that uses it
 * would be stranded (the first one is named, with how many). */
enum err profile_put(struct cluster *c, const struct profile *p, struct fail *why) MUST_USE;
/* ERR_NOTFOUND. */
enum err profile_get(
	struct cluster *c, const char *name, struct profile *out, struct fail *why) MUST_USE;
enum err profile_each(struct cluster *c, enum err (*each)(void *ctx, const struct profile *p),
	void *ctx, struct fail *why) MUST_USE;
/* Its phones follow. ERR_DENIED for a predefined one, ERR_EXISTS, ERR_NOTFOUND. */
enum err profile_rename(
	struct cluster *c, const char *name, const char *to, struct fail *why) MUST_USE;
/* ERR_DENIED for a predefined one, ERR_NOTNOW while phones use it. */
enum err profile_delete(struct cluster *c, const char *name, struct fail *why) MUST_USE;
/* Phones that use it: the original's Dependency Records. */
enum err profile_users(
	struct cluster *c, const char *name, int64_t *count, struct fail *why) MUST_USE;

#endif
