/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_JOBS_H
#define SERVICE_JOBS_H

#include <stddef.h>

/* The jobs of a service that have not come back, so that those dropped at the end can be freed.
 * First member of the service's own job. */
struct job_link {
	struct job_link *next, **link;
};

static inline void jobs_add(struct job_link **list, struct job_link *j)
{
	j->next = *list;
	j->link = list;
	if (j->next)
		j->next->link = &j->next;
	*list = j;
}

static inline void jobs_remove(struct job_link *j)
{
	*j->link = j->next;
	if (j->next)
		j->next->link = j->link;
}

/* An instance that was stopped while jobs of it were on their way, on its worker's list: the last
 * job that comes back frees it. Those whose jobs were dropped at the end are ended then: `end`
 * frees the jobs and the instance. Member of the instance. */
struct lingering {
	struct lingering *next, **link; /* link is NULL while it is on no list */
	void (*end)(struct lingering *l);
};

static inline void lingering_add(
	struct lingering **list, struct lingering *l, void (*end)(struct lingering *l))
{
	l->end = end;
	l->next = *list;
	l->link = list;
	if (l->next)
		l->next->link = &l->next;
	*list = l;
}

/* No error when it is on no list. */
static inline void lingering_remove(struct lingering *l)
{
	if (!l->link)
		return;
	*l->link = l->next;
	if (l->next)
		l->next->link = l->link;
	l->link = NULL;
}

/* When the executor is gone. */
static inline void lingering_end(struct lingering **list)
{
	while (*list)
		(*list)->end(*list);
}

/* The structure of which `l` is the member. */
#define lingering_of(l, type, member) ((type *)(void *)((char *)(l)-offsetof(type, member)))

#endif
