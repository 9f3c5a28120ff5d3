/* SPDX-License-Identifier: BSD-2-Clause
 * Would a phone that holds one list take another? */
#include "common.h"

int main(int argc, char **argv)
{
	struct cad_list *held, *offered;
	struct cad_error e;
	int verdict;

	if (argc != 3)
		usage("trust HELD OFFERED");
	held = load_list(argv[1]);
	offered = load_list(argv[2]);
	verdict = cad_list_check_held(offered, held, &e);
	if (verdict == CAD_OK)
		printf("a phone that holds %s accepts %s\n", argv[1], argv[2]);
	else
		printf("a phone that holds %s rejects %s: %s\n", argv[1], argv[2], e.text);
	cad_list_free(held);
	cad_list_free(offered);
	return verdict == CAD_OK ? GOOD : NOT;
}
