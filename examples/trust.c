/* SPDX-License-Identifier: BSD-2-Clause
 * Would a phone that holds one list take another? */
#include "common.h"

int main(int argc, char **argv)
{
	struct cad_list *held, *offered;
	struct cad_bytes because;
	struct cad_error e;
	int verdict, status = UNREADABLE;

	if (argc != 3)
		usage("trust HELD OFFERED");
	held = load_list(argv[1]);
	offered = load_list(argv[2]);
	if (!held || !offered)
		goto end;
	verdict = cad_list_accepts(held, offered, &because, &e);
	if (verdict == CAD_ERR_NOMEM) {
		complain(argv[2], &e, UNREADABLE);
		goto end;
	}
	printf("a phone that holds %s %s %s, because %s\n", argv[1],
		verdict == CAD_OK ? "accepts" : "rejects", argv[2], (char *)because.ptr);
	cad_bytes_free(&because);
	status = verdict == CAD_OK ? GOOD : NOT;
end:
	cad_list_free(held);
	cad_list_free(offered);
	return status;
}
