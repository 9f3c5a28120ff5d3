/* SPDX-License-Identifier: BSD-2-Clause
 * Every byte of a list, signed or encrypted file by name. */
#include "common.h"

static void print(void *ctx, const struct cad_field *f)
{
	(void)ctx;
	printf("%zu\t%zu\t%s\t%s\n", f->at, f->size, f->name, f->value);
}

int main(int argc, char **argv)
{
	struct cad_bytes file;
	struct cad_error e;
	int code;

	if (argc != 2)
		usage("explain FILE");
	file = read_file(argv[1]);
	if (!file.ptr)
		return UNREADABLE;
	code = cad_explain(file.ptr, file.len, print, NULL, &e);
	free(file.ptr);
	return code == CAD_OK ? GOOD : complain(argv[1], &e, UNREADABLE);
}
