/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/internal.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define FOLDED "REVISION"

void store_moved(struct store *s)
{
	s->moved = true;
}

/* A word that was never there before rather than a number: a copy that was put back must not look
 * like something newer. */
enum err store_move_revision(struct store *s, struct fail *why)
{
	static atomic_uint count; /* two within a microsecond */
	char value[STORE_TEXT];

	snprintf(value, sizeof(value), "%llx-%lx-%x", (unsigned long long)clock_us(clock_system()),
		(unsigned long)getpid(), atomic_fetch_add(&count, 1));
	return query_run(s,
		"INSERT INTO param (name_folded, name, value) VALUES ('" FOLDED "', 'Revision',"
		" $value) ON CONFLICT (name_folded) DO UPDATE SET value = excluded.value",
		&QUERY_TEXT("value", value), 1, NULL, NULL, why);
}

enum err store_revision(struct store *s, char out[STORE_TEXT], struct fail *why)
{
	struct fail local = {0};
	enum err err = store_param_get(s, FOLDED, out, &local);

	if (err == ERR_NOTFOUND) {
		out[0] = '\0';
		return ERR_OK;
	}
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}
