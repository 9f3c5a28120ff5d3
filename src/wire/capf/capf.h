/* SPDX-License-Identifier: BSD-2-Clause
 * CAPF, the enrolment protocol on TCP 3804 (inside TLS). Big-endian.
 *   header: 0x55 | type u8 | session u32 | length u16, then elements: tag u8 | length u16 | value
 * spec: docs/formats/capf.md */
#ifndef WIRE_CAPF_CAPF_H
#define WIRE_CAPF_CAPF_H

#include "wire/elements.h"

#define CAPF_HEADER   8u
#define CAPF_BODY_MAX 16384u /* bytes of elements in one message */

enum capf_type {
	CAPF_AUTH_REQ = 1,
	CAPF_AUTH_RES,
	CAPF_KEY_GEN_REQ,
	CAPF_KEY_GEN_RES,
	CAPF_STORE_CERT_REQ = 9,
	CAPF_STORE_CERT_RES,
	CAPF_FETCH_CERT_REQ,
	CAPF_FETCH_CERT_RES,
	CAPF_DELETE_CERT_REQ,
	CAPF_DELETE_CERT_RES,
	CAPF_END_SESSION,
	CAPF_RETRY_LATER,
	CAPF_REQ_IN_PROGRESS,
};

enum capf_element {
	CAPF_E_REASON = 1,
	CAPF_E_REASON_INFO,
	CAPF_E_CERT_TYPE,
	CAPF_E_CERTIFICATE,
	CAPF_E_CERT_ID,
	CAPF_E_SIGNED_DATA,
	CAPF_E_VERSION,
	CAPF_E_AUTH_TYPE,
	CAPF_E_PUBLIC_KEY,
	CAPF_E_KEY_SIZE,
	CAPF_E_PASSWORD,
	CAPF_E_RETRY_DELAY,
	CAPF_E_DEVICE_NAME,
	CAPF_E_SUDI_DATA = 16,
	CAPF_E_KEY_TYPE,
	CAPF_E_CURVE,
	CAPF_E_DIGEST_TYPE,
	CAPF_E_SHA2_SIGNED_DATA,
};

enum capf_reason {
	CAPF_REASON_NONE = 0,
	CAPF_REASON_SUCCESS = 1,
	CAPF_REASON_FAILED = 7,
	CAPF_REASON_UNKNOWN_DEVICE = 9
};

#define CAPF_HAS(element) ELEMENT_BIT(element)

/* One message; `has` and `order` as wire/elements.h says. Spans borrow. */
struct capf_message {
	uint8_t type;
	uint32_t session;
	uint32_t has;
	uint8_t order[ELEMENTS_MAX];
	uint8_t reason, cert_type, version, auth_type, key_type, curve, digest_type;
	uint16_t key_size;
	uint8_t certificate_type; /* inner type byte of CERTIFICATE: 1 LSC, 2 MIC */
	struct span certificate;  /* DER */
	struct span password;     /* without NUL */
	struct span device_name;  /* without NUL */
	struct span public_key;   /* SubjectPublicKeyInfo DER */
	struct span signed_data, sha2_signed_data, sudi_data, reason_info, retry_delay, cert_id;
};

/* How many bytes the first message of `in` has (header + elements); 0 when more bytes are needed to
 * tell or the message is not complete; ERR_PROTO in *err for a wrong first byte, ERR_LIMIT when
 * longer than CAPF_BODY_MAX. For streams. */
size_t capf_frame(struct span in, enum err *err, struct fail *why);

/* Decodes exactly one message. Unknown elements are skipped, unknown types kept as numbers. */
enum err capf_decode(struct capf_message *m, struct span in, struct fail *why) MUST_USE;

/* Appends the message: the elements of `order`, which must all be in `has`. */
enum err capf_encode(struct buf *out, const struct capf_message *m) MUST_USE;

extern const struct element_format capf_format;

/* "AUTH_REQ" for 1 and so on, as traces print it after "CAPF_MSG_"; "UNKNOWN" otherwise. */
const char *capf_type_name(unsigned type);
const char *capf_element_name(unsigned element);

#endif
