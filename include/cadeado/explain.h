/* SPDX-License-Identifier: BSD-2-Clause
 * What files say, in words: every byte of one, what changed between two lists. cad_explain(3) */
#ifndef CADEADO_EXPLAIN_H
#define CADEADO_EXPLAIN_H

#include "cadeado/list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One field of a list, signed or encrypted file. Its texts are borrowed, printable, and gone after
 * the callback. */
struct cad_field {
	size_t at, size; /* of a container tag and length only: its items are fields of their own */
	size_t record;   /* number from 1; 0 outside records */
	const char *name;  /* "record 3 > SERIALNUMBER" */
	const char *value; /* in words */
};
typedef void cad_explained_fn(void *ctx, const struct cad_field *field);

/* Calls `each` for the fields of any file, which follow one another without a gap and end with it.
 * A broken file has its last field where it breaks: CAD_ERR_SHORT, CAD_ERR_FORMAT, CAD_ERR_LIMIT,
 * CAD_ERR_UNSUPPORTED with the byte, as of cad_list_parse and so on. */
CAD_API int cad_explain(const void *bytes, size_t len, cad_explained_fn *each, void *ctx,
	struct cad_error *error) CAD_MUST_USE;

enum cad_difference {
	CAD_DIFF_HEADER,  /* version, digest, timestamp, name and so on */
	CAD_DIFF_SIGNER,  /* who signed */
	CAD_DIFF_ADDED,   /* a record that only the new list has */
	CAD_DIFF_REMOVED, /* one that only the old list has */
	CAD_DIFF_CHANGED  /* one field of a record that both have */
};

/* One difference. Its texts are borrowed, printable, and gone after the callback. */
struct cad_change {
	enum cad_difference what;
	size_t old_record, new_record; /* numbers from 1; 0 where there is none */
	const char *record; /* "CCM+TFTP (2) CN=node 192.0.2.10"; "" for header and signer */
	const char *field;  /* "serial number"; "" for a record as a whole */
	const char *before, *after;
};
typedef void cad_changed_fn(void *ctx, const struct cad_change *change);

/* Calls `changed` for every difference between two lists; the order of records does not count.
 * CAD_ERR_NOMEM alone. Whether a phone would take the new one says cad_list_accepts. */
CAD_API int cad_list_diff(const struct cad_list *before, const struct cad_list *after,
	cad_changed_fn *changed, void *ctx, struct cad_error *error) CAD_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
