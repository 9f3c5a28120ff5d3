/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/format.h"

const struct wire_format wire_formats[] = {
        {"capf", capf_describe},
        {"tftp", tftp_describe},
        {0},
};

const struct wire_format *wire_format_find(const char *name)
{
	const struct wire_format *f;

	for (f = wire_formats; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}
