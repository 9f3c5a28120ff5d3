/* SPDX-License-Identifier: BSD-2-Clause
 * Prints a trust list as the platform's `show ctl` does. */
#include "common.h"

#include <sys/stat.h>

int main(int argc, char **argv)
{
	struct cad_bytes text;
	struct cad_list *list;
	struct cad_error e;
	struct stat st;
	int verdict;

	if (argc != 2)
		usage("show LIST");
	list = load_list(argv[1]);
	if (stat(argv[1], &st) < 0)
		st.st_mtime = 0;
	if (cad_list_show(list, st.st_mtime, &text, &e) != CAD_OK)
		fail(argv[1], &e, UNREADABLE);
	fwrite(text.ptr, 1, text.len, stdout);
	cad_bytes_free(&text);
	verdict = cad_list_verify(list, NULL);
	cad_list_free(list);
	return verdict == CAD_OK ? GOOD : NOT;
}
