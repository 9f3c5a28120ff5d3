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
	int status;

	if (argc != 2)
		usage("show LIST");
	list = load_list(argv[1]);
	if (!list)
		return UNREADABLE;
	if (stat(argv[1], &st) < 0)
		st.st_mtime = 0;
	if (cad_list_show(list, st.st_mtime, &text, &e) != CAD_OK) {
		status = complain(argv[1], &e, UNREADABLE);
	} else {
		fwrite(text.ptr, 1, text.len, stdout);
		cad_bytes_free(&text);
		status = cad_list_verify(list, NULL) == CAD_OK ? GOOD : NOT;
	}
	cad_list_free(list);
	return status;
}
