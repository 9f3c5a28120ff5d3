/* SPDX-License-Identifier: BSD-2-Clause
 * Takes the signed header off. Nothing is verified: see verify.c. */
#include "common.h"

int main(int argc, char **argv)
{
	struct cad_signed *file;
	struct cad_bytes bytes;
	struct cad_span content;
	struct cad_error e;
	int status;

	if (argc != 3)
		usage("strip FILE.sgn OUT");
	bytes = read_file(argv[1]);
	if (!bytes.ptr)
		return UNREADABLE;
	if (cad_signed_parse(&file, bytes.ptr, bytes.len, &e) != CAD_OK) {
		status = complain(argv[1], &e, UNREADABLE);
	} else {
		content = cad_signed_content(file);
		status = write_file(argv[2], content.ptr, content.len);
		cad_signed_free(file);
	}
	free(bytes.ptr);
	return status;
}
