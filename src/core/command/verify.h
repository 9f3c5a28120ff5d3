/* SPDX-License-Identifier: BSD-2-Clause
 * `cadeado verify`: files judged one by one, on any thread, and the reply made of them after. */
#ifndef CORE_COMMAND_VERIFY_H
#define CORE_COMMAND_VERIFY_H

#include "core/command/command.h"
#include "core/list/check.h"

#define VERIFY_KEPT 1000u /* findings of one file that are kept; the others are counted */

/* What files are judged by; read only while they are. */
struct verify_how {
	int64_t now;
	const char *with_path, *holding_path; /* NULL when not given */
	struct buf with_file, holding_file;
	struct tlv_list with, holding; /* what is in them … */
	struct cert *with_cert;        /* … or, instead of a list, this */
	struct list_real *real;        /* certificates of --certs; NULL without */
	size_t real_count;
	enum list_family family; /* of the phones that hold it */
	bool strict;
	bool folder; /* a folder was named: signed files that nothing can judge are left out */
};

enum verify_state {
	VERIFY_GOOD,
	VERIFY_BAD,        /* not verified, or not accepted by the holder */
	VERIFY_UNREADABLE, /* or out of memory: see why.code */
	VERIFY_LEFT_OUT,   /* a signed file in a folder, without --with */
};

struct verify_finding {
	const char *code;
	enum list_severity severity;
	size_t record;
	char *place, *text;
};

struct verify_file {
	char *path;
	enum verify_state state;
	const char *kind; /* "CTL", "ITL", "signed", "encrypted" */
	struct fail why;  /* why it is not verified; empty for a good signature */
	bool held;        /* --holding was applied: accepted, with the clause that says why */
	bool accepted;
	struct buf because;
	struct verify_finding *findings;
	size_t kept, count; /* of findings */
	size_t serious;     /* findings above a note */
};

/* Judges f->path. Safe on several threads, for different files. */
void verify_one(const struct verify_how *how, struct verify_file *f);
void verify_file_fini(struct verify_file *f);

/* The reply: named files one by one, of a folder's the bad ones. With text_only the data for
 * programs are left out. */
void verify_reply(const struct verify_how *how, const struct verify_file *files, size_t count,
	bool text_only, struct command_reply *reply);

/* The files that a command names: themselves, or all below a folder that look like lists or signed
 * files, in the order of their names. *files is the caller's, also after an error. */
enum err verify_collect(const struct json *names, struct verify_file **files, size_t *count,
	bool *folder, struct fail *why) MUST_USE;

#endif
