/* SPDX-License-Identifier: BSD-2-Clause
 * Takes the signed header off. Nothing is verified: see verify.c. */
#include "common.h"

int main(int argc, char **argv)
{
	struct cad_signed *file;
	struct cad_bytes bytes;
	struct cad_span content;
	struct cad_error e;

	if (argc != 3)
		usage("strip FILE.sgn OUT");
	bytes = read_file(argv[1]);
	if (cad_signed_parse(&file, bytes.ptr, bytes.len, &e) != CAD_OK)
		fail(argv[1], &e, UNREADABLE);
	free(bytes.ptr);
	content = cad_signed_content(file);
	write_file(argv[2], content.ptr, content.len);
	cad_signed_free(file);
	return GOOD;
}
