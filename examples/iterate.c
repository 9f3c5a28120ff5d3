/* SPDX-License-Identifier: BSD-2-Clause
 * One line for each record of a trust list: place, role, serial number, name. */
#include "common.h"

int main(int argc, char **argv)
{
	struct cad_record r;
	struct cad_iter it = {0};
	struct cad_list *list;
	const char *role;
	size_t i;

	if (argc != 2)
		usage("iterate LIST");
	list = load_list(argv[1]);
	if (!list)
		return UNREADABLE;
	while (cad_list_next(list, &it, &r)) {
		role = cad_role_name(r.role);
		printf("%zu\tbyte %zu\t", r.number, r.at);
		if (role)
			printf("%s\t", role);
		else
			printf("role %u\t", r.role);
		for (i = 0; i < r.serial.len; i++)
			printf("%02x", r.serial.ptr[i]);
		putchar('\t');
		print_text(r.subject.ptr, r.subject.len);
		puts(cad_list_is_signer(list, &r) ? "\tsigner" : "");
	}
	cad_list_free(list);
	return GOOD;
}
