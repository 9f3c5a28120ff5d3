/* SPDX-License-Identifier: BSD-2-Clause
 * Every byte of a list or signed file by name, with its meaning in words. */
#ifndef CORE_LIST_EXPLAIN_H
#define CORE_LIST_EXPLAIN_H

#include "wire/tlv/walk.h"

struct list_field {
	size_t at, size; /* of a container tag and length only: its items are fields of their own */
	size_t record;   /* number from 1; 0 outside records */
	const char *name;  /* "record 3 > SERIALNUMBER"; valid during the call, as is the value */
	const char *value; /* in words; a peer's bytes are made printable */
};
typedef void list_explained(void *ctx, const struct list_field *field);

/* Calls `each` for the fields of the file, which follow one another without a gap and end with it.
 * What tlv_parse, sgn_parse or enc_parse makes of the file is returned: a broken one has
 * "unreadable" as its last field where lengths no longer fit; a field that is whole but not as it
 * must be says so after its value, and others follow. ERR_NOMEM. */
enum err list_explain(struct span file, enum tlv_file kind, list_explained *each, void *ctx,
	struct fail *why) MUST_USE;

/* "list", "signed", "encrypted" */
const char *list_file_kind_name(enum tlv_file kind);

/* Bits of a public key as records hold it, 0 when it cannot be told; *rsa says which kind. */
unsigned list_key_bits(struct span list_key, bool *rsa);

/* "192.0.2.10", or eight groups of hexadecimal for 16 bytes. */
void list_put_address(struct buf *out, struct span address);

/* "CCM+TFTP (2)", or the number alone. */
void list_put_role(struct buf *out, unsigned role);

#endif
