/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_CONTENTS_H
#define SERVICE_CONTENTS_H

#include "core/provision/absent.h"
#include "core/provision/note.h"
#include "service/service.h"

/* What file names stand for, kept in memory by one instance of a service (one worker): sessions
 * share the bytes, and a name that is known needs neither the pool nor the store. What is out of
 * date by core/provision/fresh.h is never given. */
struct contents;

#define CONTENTS_BYTES_MAX (8u * 1024 * 1024) /* of the names' contents, but for the newest */
#define CONTENTS_NAMES_MAX 32768u
/* Of all contents that anybody holds: no more large ones are taken then. Each spelling of X.sgn is
 * signed as it was asked for, and forged requests hold what they asked for until they time out. */
#define CONTENTS_HELD_MAX (256u * 1024 * 1024)
#define CONTENTS_LARGE    (64u * 1024) /* the longest list or configuration is less */
#define CONTENTS_JOBS_MAX 16384u       /* names that are being looked up */
/* With so many of them on their way, only phones that are known go on at once: who asks for what is
 * not there under thousands of names delays nobody. The others wait, so many at most, and are
 * looked up so many at a time. */
#define CONTENTS_PRESSED    64u
#define CONTENTS_LATER_MAX  8192u
#define CONTENTS_LATER_JOBS 16u
#define CONTENTS_PHONES_US                                                                         \
	1000000ll /* which phones there are is read once in that time at most                      \
		   */

/* A file's bytes; used on the loop's thread only. */
struct content {
	unsigned holders, names;    /* names: by which it is known */
	struct content **shared;    /* where the next name with the same bytes finds it */
	size_t *held;               /* bytes of all contents together */
	char served[64];            /* provision_file.served */
	char tag[36];               /* after contents_tag: a strong entity tag; else "" */
	int64_t modified;           /* of a file in tftp/, seconds since 1970; else 0 */
	struct provision_note note; /* for traces */
	char md5[33];               /* for service/notes.h, which makes it; "" before that */
	struct buf bytes;
};
void content_drop(struct content *c); /* NULL allowed; the last holder frees */

/* A session that waits for a content; a member of the session's own struct. All zero when it does
 * not wait. */
struct contents_wait {
	/* With a content, which is then held for the session, or with an error. */
	void (*done)(struct contents_wait *w, enum err err, struct content *content,
		const struct fail *why);
	/* While `done` runs, or after ERR_NOTFOUND of contents_get: of a name that is not served.
	 * NULL otherwise. */
	const struct provision_absence *absence;
	struct contents_wait *next, **link, ***last;
	int64_t asked_us;
};

/* `env` is borrowed. ERR_NOMEM. */
enum err contents_new(struct contents **out, const struct service_env *env) MUST_USE;
/* Sessions have dropped what they hold; what waits is not answered any more. Jobs end by themselves
 * (service.h, `stop`). NULL allowed. */
void contents_free(struct contents *c);

/* Makes the entity tags of all contents from now on: a digest in the same pool job. */
void contents_tag(struct contents *c);

/* Looks whether anything changed: after requests were read, before they are answered. */
void contents_look(struct contents *c);

/* The content of `asked`, held for the caller, when it is known; else *out is NULL and w->done is
 * called later. It is not called after an error: ERR_NOTFOUND when it is known that there is none,
 * ERR_LIMIT, ERR_NOMEM. */
enum err contents_get(struct contents *c, const char *asked, struct content **out,
	struct contents_wait *w) MUST_USE;
void contents_cancel(struct contents_wait *w); /* also when it does not wait */

#endif
