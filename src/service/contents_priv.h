/* SPDX-License-Identifier: BSD-2-Clause
 * What the files contents*.c share. */
#ifndef SERVICE_CONTENTS_PRIV_H
#define SERVICE_CONTENTS_PRIV_H

#include "core/provision/phones.h"
#include "service/contents.h"
#include "service/jobs.h"

#define CONTENTS_NAME_BUCKETS   16384u /* powers of two */
#define CONTENTS_JOB_BUCKETS    1024u
#define CONTENTS_SHARED_BUCKETS 64u

/* A name whose content is known. */
struct known {
	struct known *next; /* in its bucket */
	struct known *newer, *older;
	uint32_t hash;
	uint64_t epoch; /* of contents.epoch, when it was made */
	uint64_t look;  /* of contents.looks, when its sources were found unchanged */
	int64_t until;  /* provision_file.until */
	struct content *content;
	struct provision_sources *sources; /* NULL: none */
	char name[];
};

/* A name that is being looked up, or whose known content waits for the revision. The answer is good
 * for every session that asked before the work began; for those that came later only if nothing has
 * changed since. */
struct job {
	struct job_link link;
	struct job *next;   /* in its bucket; while it can be joined */
	struct job *unsure; /* the next that waits for the revision, or for its turn */
	struct contents *contents;
	struct cluster *cluster;
	uint32_t hash;
	int64_t asked_us; /* first; monotonic, as the next */
	int64_t began_us; /* its work */
	struct contents_wait *waiting, **last;
	struct provision_file file;
	struct provision_absence absence; /* with ERR_NOTFOUND, ERR_DENIED */
	bool tagged, later;               /* later: it had to wait for its turn */
	char tag[36];                     /* content.tag */
	enum err err;
	struct fail why;
	char asked[];
};

/* Asks for the revision, for all that wait; there is one at a time. */
struct check {
	bool runs;
	int64_t began_us;
	struct cluster *cluster;
	struct provision_state state;
	char revision[STORE_TEXT];
	enum err err;
	struct fail why;
};

/* Reads which phones there are. */
struct reading {
	bool runs;
	struct cluster *cluster;
	struct provision_phones *phones;
	struct provision_state state;
	char revision[STORE_TEXT];
	enum err err;
	struct fail why;
};

struct contents {
	const struct service_env *env;
	struct provision_place place;
	struct provision_state state; /* at the last look */
	uint64_t looks;
	char revision[STORE_TEXT]; /* the last that was heard of */
	bool sure;                 /* it is still that one */
	uint64_t epoch;            /* goes up with what makes every answer another */
	struct check check;
	struct job *unsure, **unsure_last; /* in the order in which they came */
	/* Those whose turn has not come, and how many of them, and of all, have been given to the
	 * executor. */
	struct job *later, **later_last;
	unsigned later_count, later_running, running;
	bool turning;
	unsigned strangers;              /* that cost a job each, since the phones were read */
	struct provision_phones *phones; /* NULL: not read yet */
	uint64_t phones_epoch;           /* of `epoch`, as long as they are right */
	int64_t phones_us;               /* when it was last begun to read them; monotonic */
	struct reading reading;
	struct provision_absence absence; /* of the last name that was known not to be there */
	struct known *names[CONTENTS_NAME_BUCKETS];
	struct known *newest, *oldest; /* by use */
	unsigned count;
	size_t bytes, held; /* of the names' contents; of all that somebody holds */
	struct job *asking[CONTENTS_JOB_BUCKETS];
	struct job_link *jobs;
	unsigned jobs_count;
	/* By the served name, not held: thousands of names for one list share its bytes. */
	struct content *shared[CONTENTS_SHARED_BUCKETS];
	struct lingering lingering;
	bool tagged, stopped;
};

/* --- contents.c --- */

/* Gives it to the executor. */
enum err contents_run(struct job *j) MUST_USE;
/* One that cannot be looked up ends here. */
void contents_run_or_refuse(struct job *j);
/* Puts it with those that wait for the revision. */
void contents_unsure(struct contents *c, struct job *j);
/* After a look: `state` was taken before this revision was read. */
void contents_take_revision(
	struct contents *c, const char *revision, const struct provision_state *state);
/* Ends it: its phone is none of ours. `good`: also for those that asked after `began_us`. */
void contents_refuse_stranger(struct job *j, int64_t began_us, bool good);
/* Whoever was the last to come back after the end takes it away. */
void contents_came_back(struct contents *c);

/* --- contents_turns.c --- */

/* All phones are known, this one is none of them, and nothing has changed since the last revision
 * that was heard of; `out` says it. */
bool turns_stranger(const struct contents *c, const char *asked, struct provision_absence *out);
/* There is so much to do that names have to wait for their turn. */
bool turns_wait(const struct contents *c);
void turns_add(struct contents *c, struct job *j);
/* Another one's turn, when one has come back. */
void turns_next(struct contents *c);
/* A job found that its phone is none of ours: after CONTENTS_PRESSED of them it is read which there
 * are. */
void turns_stranger_came(struct contents *c);

/* --- contents_names.c --- */

uint32_t contents_hash(const char *text);
struct content *content_hold(struct content *c);
/* Takes the file's bytes, or the same bytes that are there already; held. ERR_NOMEM; ERR_LIMIT. */
enum err content_take(struct contents *c, struct job *j, struct content **out) MUST_USE;

struct known *known_find(struct contents *c, const char *asked, uint32_t hash);
bool known_is_fresh(const struct contents *c, struct known *k);
void known_used(struct contents *c, struct known *k);
void known_forget(struct contents *c, struct known *k);
/* Keeps what the job found, if it may be kept. */
void known_learn(struct contents *c, struct job *j, struct content *content);

#endif
