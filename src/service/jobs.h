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

#endif
