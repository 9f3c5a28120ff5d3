/* SPDX-License-Identifier: BSD-2-Clause
 * The rule of trust as a phone applies it, over bytes, with checks of its own (OpenSSL).
 * spec: docs/formats/trust-list.md */
#ifndef SIM_TRUST_H
#define SIM_TRUST_H

#include "wire/tlv/tlv.h"

/* The lists that the phone holds, as bytes; empty spans where it has none. */
struct sim_held {
	struct span ctl, itl;
};

/* What this phone can check: the digests its model knows, and whether it judges dates. */
struct sim_judge {
	unsigned digests; /* bits 1 << enum tlv_digest */
	bool dates;
	int64_t now; /* seconds since 1970-01-01 UTC; used when `dates` */
};

enum sim_verdict {
	SIM_LIST_NEW,        /* accepted: takes the place of the held list */
	SIM_LIST_SAME,       /* the very bytes that are held */
	SIM_LIST_UNREADABLE, /* "Trust List Update Failed" */
	SIM_LIST_UNVERIFIED, /* "Trust List Verification Failed": bad signature, or a stranger's */
};

/* The digests that an SCCP device type can check (docs/formats/trust-list.md#models). */
unsigned sim_model_digests(int model);

/* Judges an offered list. `filename` is the name its header must hold, "CTLFile.tlv" or
 * "ITLFile.tlv". Holding neither list, the phone takes the first whose signature its own SAST
 * record bears out; otherwise the signer must be a SAST of the held CTL (for an ITL also a TFTP or
 * CCM+TFTP record of that), else a SAST of the held ITL. *why tells a refusal: ERR_TRUST for a
 * stranger, ERR_VERIFY for a signature, ERR_EXPIRED, ERR_UNSUPPORTED. */
enum sim_verdict sim_trust_list(const struct sim_judge *judge, const struct sim_held *held,
	struct span offered, const char *filename, struct fail *why);

/* Judges a signed file (.sgn, .enc.sgn): its header must hold the name that was asked for, its
 * signer must be a TFTP or CCM+TFTP record of a held list. */
enum err sim_trust_file(const struct sim_judge *judge, const struct sim_held *held,
	const struct tlv_header *header, struct span file, const char *asked,
	struct fail *why) MUST_USE;

enum sim_server { SIM_SERVER_CAPF, SIM_SERVER_CCM, SIM_SERVER_TVS };

/* Judges a TLS server by its certificate's DER: it must be the certificate (or have the hash) of a
 * record with the server's role (CAPF; CCM or CCM+TFTP; TVS, of the ITL alone) in a held list. */
enum err sim_trust_server(const struct sim_judge *judge, const struct sim_held *held,
	enum sim_server server, struct span der, struct fail *why) MUST_USE;

/* --- what a TVS has vouched for: `der` is the certificate that it answered for --- */

/* True when the held ITL names a TVS: only then can the phone ask one. */
bool sim_trust_has_tvs(const struct sim_held *held);

/* Bits 1 << role that a TVS must give to the signer of a list, of a file, to a server. */
unsigned sim_trust_roles_list(void);
unsigned sim_trust_roles_file(void);
unsigned sim_trust_roles_server(enum sim_server server);

/* Was the list or file signed with the key of this certificate, whose serial its header names? */
enum err sim_trust_vouched(const struct sim_judge *judge, const struct tlv_header *header,
	struct span file, struct span der, struct fail *why) MUST_USE;

/* Does a held list name anybody who may sign files? Neither emptied entries nor an empty ITL do:
 * then the phone asks for files that are not signed. */
bool sim_trust_file_signer(const struct sim_held *held);

/* The IPv4 address of the record whose DNSNAME is `name`; false when the lists do not know it. */
bool sim_trust_address(const struct sim_held *held, const char *name, uint8_t address[4]);

#endif
