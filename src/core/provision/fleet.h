/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_PROVISION_FLEET_H
#define CORE_PROVISION_FLEET_H

#include "core/cluster/cluster.h"

/* The signed and encrypted files of all phones, made ahead (prepared.h) for what the next start of
 * TFTP puts in force. */
struct fleet {
	struct cluster *c;
	/* Calls fn(arg, i) for every i below `count`, on all cores at once, and returns when all
	 * are done. */
	void (*parallel)(void *ctx, size_t count, void (*fn)(void *arg, size_t i), void *arg);
	void *parallel_ctx;
	void (*progress)(size_t done, size_t total); /* NULL: nobody looks */
	/* Out. */
	size_t phones;  /* whose files are there now */
	size_t made;    /* of these: now */
	size_t failed;  /* whose files could not be made; `first` tells why, of the first */
	size_t removed; /* of phones that are no more */
	struct fail first;
};

/* An error of the store, or of the disk, ends it; a single phone's does not. */
enum err fleet_prepare(struct fleet *f, struct fail *why) MUST_USE;

#endif
