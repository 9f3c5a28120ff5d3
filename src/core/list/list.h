/* SPDX-License-Identifier: BSD-2-Clause
 * Trust lists and signed files judged, shown and built: the wire formats with cryptography, without
 * store or network. spec: docs/formats/trust-list.md */
#ifndef CORE_LIST_LIST_H
#define CORE_LIST_LIST_H

#include "crypto/cert.h"
#include "wire/json.h"
#include "wire/tlv/tlv.h"

#define LIST_SIZE_MAX 65536u /* bytes of a list we build: more than any phone is known to take */

enum list_kind { LIST_CTL, LIST_ITL };

/* "CTLFile.tlv" or "ITLFile.tlv": the name that the header carries, whatever the served name is. */
const char *list_file_name(enum list_kind kind);

/* By the header's file name, which some tools fill with the name of one phone's file; when that
 * says nothing a signer's version is in ITLs alone. */
enum list_kind list_kind_of(const struct tlv_header *h);

/* --- judging --- */

/* True when the record is the header's signer: same subject, issuer and serial. */
bool list_is_signer(const struct tlv_header *h, const struct tlv_record *r);

/* Was this file signed with the key of that record? `file` is the whole file that *h was read from
 * (a list, a .sgn or an .enc.sgn). Names are not compared. ERR_UNSUPPORTED for an unknown digest,
 * signature algorithm or modulus code, ERR_FORMAT for a record without PUBLICKEY, ERR_VERIFY. */
enum err list_signed_by(struct span file, const struct tlv_header *h, const struct tlv_record *r,
	struct fail *why) MUST_USE;

/* Was this file signed by a record of `list` that has one of these roles (LIST_ROLE bits)? A record
 * must carry the header's names and serial. ERR_TRUST when none does, else as list_signed_by;
 * *signer (may be NULL) borrows from the list. */
#define LIST_ROLE(role)     (UINT32_C(1) << (role))
#define LIST_MAY_SIGN_LISTS LIST_ROLE(TLV_ROLE_SAST)
#define LIST_MAY_SIGN_FILES (LIST_ROLE(TLV_ROLE_TFTP) | LIST_ROLE(TLV_ROLE_CCM_TFTP))
enum err list_check_signer(struct span file, const struct tlv_header *h,
	const struct tlv_list *list, uint32_t roles, struct tlv_record *signer,
	struct fail *why) MUST_USE;

/* Is the list whole and signed by one of its own SAST records? Says nothing about whether anybody
 * should trust that one. */
enum err list_verify(const struct tlv_list *list, struct fail *why) MUST_USE;

/* Do the records say the same as the certificates inside them, and does the header name the file
 * that `kind` has? Calls `found` for each contradiction, with its place. ERR_FORMAT when there was
 * one, ERR_NOMEM. */
enum err list_check_records(const struct tlv_list *list, enum list_kind kind,
	void (*found)(void *ctx, const struct fail *finding), void *ctx) MUST_USE;

/* --- showing --- */

/* What `show ctl` and `show itl` print, line for line; `modified` is the file's time in seconds
 * since 1970, `verdict` what list_verify has said (code ERR_OK: nothing). spec:
 * docs/formats/trust-list.md#show */
enum err list_show(const struct tlv_list *list, enum list_kind kind, int64_t modified,
	const struct fail *verdict, struct buf *out) MUST_USE;
/* The same for a file that cannot be read as a list (`why` says the reason), and for none at all.
 */
enum err list_show_broken(struct span file, enum list_kind kind, int64_t modified,
	const struct fail *why, struct buf *out) MUST_USE;
enum err list_show_absent(enum list_kind kind, struct buf *out) MUST_USE;

/* The same facts for programs. Caller frees; json_write tells when memory ran out. */
struct json *list_to_json(const struct tlv_list *list, enum list_kind kind, int64_t modified,
	const struct fail *verdict);

/* --- building --- */

/* Which tags and in which order. spec: docs/formats/trust-list.md#records */
enum list_style {
	LIST_STYLE_VENDOR, /* CTL as tokens sign it; ITL with tag 8, and hashes for TVS and CAPF */
	LIST_STYLE_SIGNATURES, /* CTL with tag 8 too, as tokenless ones; an ITL is LIST_STYLE_VENDOR
				*/
	LIST_STYLE_COMPAT,     /* certutils' order and names; tags 1 3 5 6 4 7 8 9 alone */
};

/* Which phones the list is for. */
enum list_family {
	LIST_FOR_UNKNOWN, /* nothing is refused */
	LIST_FOR_79XX,
	LIST_FOR_ALL, /* the 79xx among them */
	LIST_FOR_NEWER,
};

struct list_entry {
	uint16_t role;
	/* Borrowed. NULL: a server's entry of a CTL, emptied for non-secure mode (role, name and
	 * address alone). */
	const struct cert *cert;
	const char *dns;     /* host name or dotted address; NULL or "" for tokens */
	struct span address; /* 4 or 16 bytes; empty is written as 0.0.0.0, as for tokens */
};

struct list_request {
	enum list_kind kind;
	const struct list_entry *entries; /* any order; written SAST, servers, TVS, CAPF, others */
	size_t count;
	const struct cert *signer; /* also the certificate of a SAST entry */
	enum digest_alg digest;
	uint32_t timestamp; /* header tag 15 */
	int64_t now;        /* every certificate must be valid now */
	enum list_style style;
	bool has_signer_version; /* header tag 28: see struct tlv_header */
	uint8_t signer_major, signer_minor;
	bool one_token; /* a CTL with one SAST is wanted all the same */
	enum list_family family;
};

/* Can these phones check such a signature? ERR_UNSUPPORTED with what they can. */
enum err list_check_family(enum list_family family, enum digest_alg digest,
	const struct cert *signer, struct fail *why) MUST_USE;

/* Writes the list without its signature into `file` (empty) and sets the pieces that must be
 * signed, which borrow from it. Refuses what would lock phones out or no reader could read: ERR_ARG
 * for fewer than two different SASTs in a CTL or none in an ITL, ERR_TRUST for a signer that is no
 * SAST of the list, ERR_EXPIRED, ERR_UNSUPPORTED for a signer's key that is not RSA with 512, 1024,
 * 2048 or 4096 bits or that the family cannot check, ERR_EXISTS for the same certificate with the
 * same role and address twice, ERR_LIMIT above LIST_SIZE_MAX. */
enum err list_build(struct buf *file, const struct list_request *r, struct span pieces[2],
	struct fail *why) MUST_USE;

/* Puts the signature in and verifies the whole: ERR_VERIFY when it is not the signer's. */
enum err list_finish(struct buf *file, struct span signature, struct fail *why) MUST_USE;

#endif
