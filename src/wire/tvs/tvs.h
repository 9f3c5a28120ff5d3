/* SPDX-License-Identifier: BSD-2-Clause
 * TVS, by which a phone asks whether it may trust a certificate; TCP 2445, inside TLS. Big-endian.
 *   header: 0x57 | version u8 | type u8 | unused u8 | session u32 | length u16, then elements
 * spec: docs/formats/tvs.md */
#ifndef WIRE_TVS_TVS_H
#define WIRE_TVS_TVS_H

#include "wire/elements.h"

#define TVS_HEADER   10u
#define TVS_BODY_MAX 16384u /* bytes of elements in one message */
#define TVS_VERSION  1

enum tvs_type {
	TVS_CERT_VERIFICATION_REQ = 1, /* DEVICE, CERTIFICATE */
	TVS_CERT_VERIFICATION_RES,     /* STATUS, and for a good one ROLES, TTL */
	TVS_QUERY_CERT_REQ,            /* DEVICE, SUBJECTNAME, ISSUERNAME, SERIALNUMBER */
	TVS_QUERY_CERT_RES,            /* STATUS, and for a known one CERTIFICATE, ROLES, TTL */
};

enum tvs_element {
	TVS_E_DEVICE = 1,
	TVS_E_CERTIFICATE,
	TVS_E_SUBJECTNAME,
	TVS_E_ISSUERNAME,
	TVS_E_SERIALNUMBER,
	TVS_E_STATUS = 7,
	TVS_E_ROLES,
	TVS_E_TTL,
};

enum tvs_status { TVS_VALID = 0, TVS_INVALID = 1 };

/* One message; `has` and `order` as wire/elements.h says. Spans borrow. */
struct tvs_message {
	uint8_t type;
	uint32_t session; /* chosen by the phone, echoed by the server */
	uint32_t has;
	uint8_t order[ELEMENTS_MAX];
	uint8_t status;
	uint32_t ttl;                /* seconds the phone may keep the answer */
	struct span device;          /* "CP-8861-SEP0011215A1AE3" */
	struct span certificate;     /* DER */
	struct span subject, issuer; /* as lists write names, without NUL */
	struct span serial;          /* raw bytes */
	struct span roles;           /* one byte each: TLV_ROLE_* */
};

/* How many bytes the first message of `in` has (header + elements); 0 when more bytes are needed to
 * tell or the message is not complete; ERR_PROTO in *err for a wrong first byte or version,
 * ERR_LIMIT when longer than TVS_BODY_MAX. For streams. */
size_t tvs_frame(struct span in, enum err *err, struct fail *why);

/* Decodes exactly one message. Unknown elements are skipped, unknown types kept as numbers, and the
 * unused byte is ignored. */
enum err tvs_decode(struct tvs_message *m, struct span in, struct fail *why) MUST_USE;

/* Appends the message: the elements of `order`, which must all be in `has`. */
enum err tvs_encode(struct buf *out, const struct tvs_message *m) MUST_USE;

/* "QUERY_CERT_REQ" for 3 and so on, as traces print it after "TVS_MSG_"; "UNKNOWN" otherwise. */
const char *tvs_type_name(unsigned type);

/* A row of wire/format.h. */
enum err tvs_describe(struct span in, unsigned version, struct buf *dump, struct buf *again,
	struct fail *why) MUST_USE;

#endif
