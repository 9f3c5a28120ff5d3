/* SPDX-License-Identifier: BSD-2-Clause
 * Lists and certificates of tests/data/lists; see its README.md for who made them. */
#ifndef TESTS_CORE_LISTS_H
#define TESTS_CORE_LISTS_H

#include "base/file.h"
#include "base/mem.h"
#include "core/list/list.h"
#include "core/list/signed.h"
#include "crypto/key.h"

#define MADE 1314811683 /* Wed Aug 31 13:28:03 EDT 2011 */

/* The guide's CTL; certutils' ITLs and signed file. */
extern struct buf guide, itl, itl512, ring;
/* The guide's certificates, and two whose keys cannot sign a list. */
extern struct cert *token1, *token2, *callmanager, *capf, *rsa3072, *ec256;
extern struct key *token1_key;

int lists_setup(void **state);
int lists_teardown(void **state);

void lists_load(const char *name, struct buf *out);
struct tlv_list lists_parse(const struct buf *file);
struct buf lists_copy(const struct buf *b);

/* What `show` prints of it. */
enum err lists_show(const struct tlv_list *list, enum list_kind kind, int64_t modified,
	struct buf *out) MUST_USE;

struct findings {
	unsigned count;
	struct fail last;
};

/* For list_check_records, which lists_check calls. */
void findings_add(void *ctx, const struct fail *finding);
struct findings lists_check(const struct buf *file, enum list_kind kind);

#endif
