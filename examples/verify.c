/* SPDX-License-Identifier: BSD-2-Clause
 * Verifies a trust list by itself, or a signed file with a list that a phone holds. */
#include "common.h"

#include <string.h>
#include <time.h>

static void print_finding(void *ctx, const struct cad_finding *finding)
{
	printf("%s: %s: ", (const char *)ctx, finding->place);
	print_text(finding->text, strlen(finding->text));
	putchar('\n');
}

static int verify_list(char *path)
{
	struct cad_list *list = load_list(path);
	int status = GOOD;
	struct cad_error e;

	if (!list)
		return UNREADABLE;
	if (cad_list_verify(list, &e) != CAD_OK)
		status = complain(path, &e, NOT);
	/* What else is odd is another question than the signature. */
	else if (cad_list_check(list, time(NULL), NULL, 0, print_finding, path, &e) != CAD_OK)
		status = complain(path, &e, UNREADABLE);
	cad_list_free(list);
	return status;
}

static int verify_file(const char *path, const char *held)
{
	struct cad_bytes bytes = read_file(path);
	struct cad_list *list = load_list(held);
	struct cad_signed *file = NULL;
	int status = GOOD;
	struct cad_error e;

	if (!bytes.ptr || !list)
		status = UNREADABLE;
	else if (cad_signed_parse(&file, bytes.ptr, bytes.len, &e) != CAD_OK)
		status = complain(path, &e, UNREADABLE);
	else if (cad_signed_verify_list(file, list, &e) != CAD_OK)
		status = complain(path, &e, NOT);
	free(bytes.ptr);
	cad_signed_free(file);
	cad_list_free(list);
	return status;
}

int main(int argc, char **argv)
{
	int status;

	if (argc != 2 && argc != 3)
		usage("verify LIST | verify FILE.sgn LIST");
	status = argc == 2 ? verify_list(argv[1]) : verify_file(argv[1], argv[2]);
	if (status == GOOD)
		printf("%s: verified\n", argv[1]);
	return status;
}
