/* SPDX-License-Identifier: BSD-2-Clause
 * The phone's flash memory: what it holds in its folder from one start to the next.
 *   CTLFile.tlv, ITLFile.tlv, LSC.pem, lsc.key (0600), SEP<MAC>.cnf.xml (0600, in the clear),
 *   lsc.key.kept (0600): a key whose certificate has not come yet
 *   MIC.pem, mic.key (0600): those come from the factory, and nothing erases them */
#ifndef SIM_FLASH_H
#define SIM_FLASH_H

#include "crypto/key.h"
#include "sim/trust.h"

#define SIM_CERT_MAX 16384u /* bytes of a certificate that is taken */

enum sim_list { SIM_CTL, SIM_ITL, SIM_LISTS };

struct sim_flash {
	char *dir;
	char config_name[32]; /* SEP0011215A1AE3.cnf.xml */
	struct buf lists[SIM_LISTS];
	struct buf config; /* as accepted last; empty when none */
	struct key *key;   /* of the LSC; NULL when none */
	struct buf lsc;    /* DER; empty when none */
	struct key *mic_key;
	struct buf mic; /* DER; empty when none */
};

/* A certificate and its key, borrowed; `der` is empty when there is none. */
struct sim_identity {
	struct span der;
	const struct key *key;
	bool mic;
};

/* Reads what there is. A list or an LSC that cannot be used is as good as none: flash wears out.
 * ERR_IO and the like only when the folder cannot be used. */
enum err sim_flash_open(
	struct sim_flash *f, const char *dir, const char *device, struct fail *why) MUST_USE;
void sim_flash_fini(struct sim_flash *f);

/* Erases lists, LSC and configuration, as a factory reset does. */
enum err sim_flash_erase(struct sim_flash *f, struct fail *why) MUST_USE;

struct sim_held sim_flash_get_held(const struct sim_flash *f);
const char *sim_list_name(enum sim_list which); /* "CTLFile.tlv" */

enum err sim_flash_put_list(
	struct sim_flash *f, enum sim_list which, struct span list, struct fail *why) MUST_USE;
enum err sim_flash_put_config(struct sim_flash *f, struct span xml, struct fail *why) MUST_USE;
/* Installs key and certificate together: whenever the power goes, the flash holds the old pair or
 * the new one. Takes the key, also when it fails. ERR_CRYPTO when the certificate is not for the
 * key. */
enum err sim_flash_take_lsc(
	struct sim_flash *f, struct key *key, struct span der, struct fail *why) MUST_USE;
/* A key that CAPF has seen and sent no certificate for: it may come in another session. */
enum err sim_flash_keep_key(
	const struct sim_flash *f, const struct key *key, struct fail *why) MUST_USE;
/* NULL when none is kept; the caller's. */
struct key *sim_flash_kept_key(const struct sim_flash *f);
enum err sim_flash_drop_kept(const struct sim_flash *f, struct fail *why) MUST_USE;
/* The LSC's key and certificate are forgotten. */
enum err sim_flash_drop_lsc(struct sim_flash *f, struct fail *why) MUST_USE;
/* The same for the lists. */
enum err sim_flash_drop_lists(struct sim_flash *f, struct fail *why) MUST_USE;

/* Gives the phone a manufacturer's certificate out of `folder`: <device>.pem and <device>.key, else
 * MIC.pem and mic.key. ERR_NOTFOUND, ERR_DENIED (a key that others can read), ERR_CRYPTO (they do
 * not fit). */
enum err sim_flash_take_mic(
	struct sim_flash *f, const char *folder, const char *device, struct fail *why) MUST_USE;

/* The certificate that the phone shows: its LSC, else its MIC; the other way round with
 * `mic_first`. */
struct sim_identity sim_flash_identity(const struct sim_flash *f, bool mic_first);

/* Appends the DER of a certificate in PEM; nothing when it cannot be read. */
void sim_pem_to_der(struct span pem, struct buf *der);

/* True when the certificate carries the key's public half. */
bool sim_cert_fits(struct span der, const struct key *key);

#endif
