/* SPDX-License-Identifier: BSD-2-Clause
 * What changed from one list to another. Exit status 1 when anything did. */
#include "common.h"

static void print(void *ctx, const struct cad_change *c)
{
	static const char *const what[] = {"header", "signer", "added", "removed", "changed"};
	int *differs = (int *)ctx;

	printf("%s\t%s\t%s\t%s\t%s\n", what[c->what], c->record, c->field, c->before, c->after);
	*differs = 1;
}

int main(int argc, char **argv)
{
	struct cad_list *before, *after;
	struct cad_error e;
	int differs = 0, status;

	if (argc != 3)
		usage("diff OLD NEW");
	before = load_list(argv[1]);
	after = load_list(argv[2]);
	if (!before || !after)
		status = UNREADABLE;
	else if (cad_list_diff(before, after, print, &differs, &e) != CAD_OK)
		status = complain(argv[2], &e, UNREADABLE);
	else
		status = differs ? NOT : GOOD;
	cad_list_free(before);
	cad_list_free(after);
	return status;
}
