/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_CLUSTER_INTERNAL_H
#define CORE_CLUSTER_INTERNAL_H

#include "core/cluster/own.h"
#include "core/cluster/stage.h"
#include "wire/tlv/tlv.h"

#include <sys/stat.h>

struct cluster {
	char *folder;
	struct settings settings;
	struct stat settings_file; /* when they were read */
	const struct clock *clock;
	struct store *store;
	struct signer *signer;
	struct serving *serving; /* what TFTP serves; NULL before it was started */
	uint64_t snapshots;      /* how often that was taken anew */
	struct issuing *issuing; /* what CAPF issues with; the same */
	/* What provision remembers of tftp/, and of what all phones have in common. */
	struct folder *files;
	struct phone_context *phones;
};

void folder_free(struct folder *f);
void phone_context_free(struct phone_context *x);

/* phone_settings.c: those that end up in phones' configuration. ERR_FORMAT. */
enum err phone_settings_check(const struct settings *s, struct fail *why) MUST_USE;

/* A certificate and its key as they were when a service was started: their names on disk move on
 * with the next key. */
struct pinned {
	struct cert *cert;
	struct signer *signer;
};
void pinned_fini(struct pinned *p);
/* Those in force. The key's name there is own_name's. */
enum err pinned_take(
	struct cluster *c, enum own_cert which, struct pinned *out, struct fail *why) MUST_USE;

void serving_free(struct serving *s);
void issuing_free(struct issuing *i);

#define PARAM_MODE "ClusterSecurityMode"

/* Both attributes of every certificate that a node makes; the common name says the rest. */
#define CLUSTER_OU "Cadeado"
#define CLUSTER_O  "Cadeado"

/* Below keys/: the key before the newest, and the one that is being made. */
#define OWN_PREVIOUS "previous"
#define OWN_NEXT     "next"

/* Bytes of a key's name with its folder: what cluster_get_signer takes. */
#define KEY_NAME (STORE_NAME)

/* An exclusive lock on the folder for what must not happen twice at once; file_unlock it. */
int cluster_lock(const struct cluster *c, struct fail *why);

/* The keystore behind cluster_get_signer. */
struct keystore;
enum err own_keystore_new(struct keystore **out, const char *keys, struct fail *why) MUST_USE;

/* Both under the lock. own_complete makes every key and certificate that is missing, the key first,
 * so that a kill between the two is mended by the next run, and finishes or undoes a regeneration
 * that was cut off. What a published list names is not made again: ERR_NOTNOW. own_incomplete says
 * without the lock whether there is anything to do for a folder that is opened. */
enum err own_complete(struct cluster *c, struct fail *why) MUST_USE;
bool own_incomplete(const struct cluster *c);

/* Path of keys/<name><suffix>, where the name may begin with a folder; mem_free it. */
char *own_path(const struct cluster *c, const char *name, const char *suffix);

/* SubjectPublicKeyInfo of a key, appended. *found is false when there is no such key. */
enum err own_public_key(const struct cluster *c, const char *name, struct buf *spki, bool *found,
	struct fail *why) MUST_USE;

/* Makes a self-signed certificate for the key `key_name` by the profile of `which` and writes it to
 * keys/<key_name>.pem. */
enum err own_issue(struct cluster *c, enum own_cert which, const char *key_name, struct span spki,
	struct fail *why) MUST_USE;

/* A key of the profile's kind under that name; its SubjectPublicKeyInfo is appended. */
enum err own_generate_key(
	struct cluster *c, const char *key_name, struct buf *spki, struct fail *why) MUST_USE;

/* keys/previous/<name>.pem; *out is NULL when there is none. Caller frees. */
enum err own_previous(
	struct cluster *c, enum own_cert which, struct cert **out, struct fail *why) MUST_USE;

/* The units' names, and bytes of a name inside one with its NUL. */
#define TRUST_SAST        "Phone-SAST-trust"
#define TRUST_CALLMANAGER "CallManager-trust"
#define TRUST_CAPF        "CAPF-trust"
#define TRUST_TVS         "TVS-trust"
#define TRUST_NAME        96

/* As trust_each, for one unit: a damaged file in another is no concern of the caller's. */
typedef enum err trust_fn(void *ctx, const char *unit, const char *name, const struct cert *cert);
enum err trust_each_of(
	struct cluster *c, const char *unit, trust_fn *each, void *ctx, struct fail *why) MUST_USE;

/* Is this certificate in the unit, under whatever name? */
enum err trust_find(struct cluster *c, const char *unit, const struct cert *cert, bool *there,
	struct fail *why) MUST_USE;
/* The name under which trust_put keeps it. */
enum err trust_name(
	const char *name, const struct cert *cert, char out[TRUST_NAME], struct fail *why) MUST_USE;
/* ERR_EXISTS when a file of this name is there. */
enum err trust_name_free(
	const struct cluster *c, const char *unit, const char *name, struct fail *why) MUST_USE;

/* Which roles this certificate has in lists: LIST_ROLE bits, SAST not among them except for
 * ITLRecovery. */
uint32_t own_roles(enum own_cert which);

/* A published list read once. `there` is false when there is none; a damaged one is an error. */
struct published {
	struct buf file;
	struct tlv_list list;
	bool there;
};
enum err published_read(
	const struct cluster *c, bool itl, struct published *out, struct fail *why) MUST_USE;
void published_fini(struct published *p);

/* Does the list name this certificate, whole or by its hash, with one of these roles? */
bool list_names(const struct tlv_list *list, const struct cert *cert, uint32_t roles);

/* As stage_publish_here for a list that was made to follow `present`: ERR_EXISTS when another one
 * was published meanwhile. */
enum err stage_publish_after(struct cluster *c, struct span list, const char *by,
	const struct published *present, struct fail *why) MUST_USE;

#endif
