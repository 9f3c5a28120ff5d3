/* SPDX-License-Identifier: BSD-2-Clause
 * Trust lists: CTLFile.tlv, ITLFile.tlv. cad_list(3) */
#ifndef CADEADO_LIST_H
#define CADEADO_LIST_H

#include "cadeado/cert.h"

#ifdef __cplusplus
extern "C" {
#endif

enum cad_list_kind { CAD_CTL, CAD_ITL };

/* Codes of tag 8 in a header and tag 12 in a record. */
enum cad_digest { CAD_SHA1 = 1, CAD_SHA256 = 2, CAD_SHA512 = 3 };

/* What a record's certificate is for. Other numbers are kept as they are. */
enum cad_role {
	CAD_ROLE_SAST = 0,
	CAD_ROLE_CCM = 1,
	CAD_ROLE_CCM_TFTP = 2,
	CAD_ROLE_TFTP = 3,
	CAD_ROLE_CAPF = 4,
	CAD_ROLE_APP_SERVER = 7,
	CAD_ROLE_TVS = 21
};

/* The header that lists, signed and encrypted files begin with. */
struct cad_header {
	unsigned major, minor;
	size_t length;           /* bytes; records or content follow */
	bool has_signer_version; /* tag 28, which certutils write */
	unsigned signer_major, signer_minor;
	struct cad_span signer_name, serial, issuer_name;
	unsigned digest;       /* enum cad_digest, or a code that is not known */
	unsigned algorithm;    /* 0: RSA */
	unsigned modulus_bits; /* 512, 1024, 2048, 4096; 0 for a code that is not known */
	struct cad_span signature;
	size_t signature_at; /* where the signature's tag stands */
	struct cad_span filename;
	bool has_timestamp;
	uint32_t timestamp; /* seconds since 1970-01-01 UTC */
	unsigned padding;   /* bytes */
};

#define CAD_HAS(tag) (UINT32_C(1) << (tag))

/* One record. Fields whose tag is not in `has` are empty. */
struct cad_record {
	size_t number; /* from 1 */
	size_t at;     /* where it begins in the file */
	size_t length;
	uint32_t has; /* CAD_HAS of the tags 1 to 12 that are there */
	struct cad_span dns, subject, issuer;
	unsigned role; /* enum cad_role, or another number */
	struct cad_span serial;
	struct cad_span public_key; /* PKCS #1 RSAPublicKey in DER, or an EC point */
	struct cad_span signature;
	struct cad_span certificate; /* DER */
	struct cad_span address;     /* 4 or 16 bytes, network order */
	struct cad_span cert_hash;
	unsigned hash_algorithm; /* enum cad_digest, or another number */
};

struct cad_list;

/* Reads a list and checks the whole of it. CAD_ERR_SHORT, CAD_ERR_FORMAT, CAD_ERR_LIMIT with the
 * byte. Nothing is verified yet. */
CAD_API int cad_list_parse(
	struct cad_list **out, const void *bytes, size_t len, struct cad_error *error) CAD_MUST_USE;
CAD_API void cad_list_free(struct cad_list *list);

/* By the name in the header, which some tools fill with that of one phone's file; when it says
 * neither, a list with a signer's version is an ITL. */
CAD_API enum cad_list_kind cad_list_get_kind(const struct cad_list *list);
CAD_API struct cad_header cad_list_get_header(const struct cad_list *list);
CAD_API size_t cad_list_count(const struct cad_list *list);

/* A walk over the records: `struct cad_iter it = {0}` (C++: `{}`) stands before the first. */
struct cad_iter {
	size_t pos, number;
};

/* False after the last; *record is then not touched. */
CAD_API bool cad_list_next(
	const struct cad_list *list, struct cad_iter *it, struct cad_record *record);

/* "CCM+TFTP"; NULL for a number that has no name. */
CAD_API const char *cad_role_name(unsigned role);

/* True when the record is the header's signer: same subject, issuer and serial number. */
CAD_API bool cad_list_is_signer(const struct cad_list *list, const struct cad_record *record);

/* Is the list signed by one of its own SAST records? It says nothing about whether anybody should
 * trust that one. CAD_ERR_VERIFY, CAD_ERR_TRUST (signer not in the list), CAD_ERR_UNSUPPORTED. */
CAD_API int cad_list_verify(const struct cad_list *list, struct cad_error *error) CAD_MUST_USE;

/* Would a phone that holds `held` take `offered` in its place? `because` (may be NULL) gets a
 * clause that says why, or why not. Errors as of cad_list_verify, CAD_ERR_LIMIT (over 64 KiB, which
 * phones fail to load), CAD_ERR_FORMAT (the header has the name of no list). */
CAD_API int cad_list_accepts(const struct cad_list *held, const struct cad_list *offered,
	struct cad_bytes *because, struct cad_error *error) CAD_MUST_USE;

enum cad_severity {
	CAD_NOTE,    /* good to know */
	CAD_WARNING, /* some phones, or later */
	CAD_FAULT    /* something does not work, or strangers are trusted */
};

/* Something odd about a list. All of it is borrowed and gone after the callback; names in its text
 * are as the file has them. */
struct cad_finding {
	const char *code; /* for programs: "expired" */
	enum cad_severity severity;
	size_t record;     /* its number from 1; 0 for header and file */
	const char *place; /* "record 3, SERIALNUMBER at byte 2711" */
	const char *text;
};
typedef void cad_found_fn(void *ctx, const struct cad_finding *finding);

/* A certificate as it is in use, and the name of its file. */
struct cad_real {
	const struct cad_cert *cert;
	const char *name;
};

/* Calls `found` for everything that is odd about a list beyond its signature: records that
 * contradict the certificates inside them, dates, known public signers, and, unless `real` is NULL,
 * what differs from the certificates in use. `now` is in seconds since 1970-01-01 UTC. Findings are
 * no errors: CAD_ERR_NOMEM alone. */
CAD_API int cad_list_check(const struct cad_list *list, int64_t now, const struct cad_real *real,
	size_t real_count, cad_found_fn *found, void *ctx, struct cad_error *error) CAD_MUST_USE;

/* The text that `show ctl` and `show itl` print, line for line. `modified` is the file's time in
 * seconds since 1970-01-01 UTC. */
CAD_API int cad_list_show(const struct cad_list *list, int64_t modified, struct cad_bytes *out,
	struct cad_error *error) CAD_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
