/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/format.h"
#include "wire/tlv/describe.h"
#include "wire/sgn/describe.h"
#include "wire/enc/describe.h"
#include "wire/capf/describe.h"
#include "wire/sccp/describe.h"
#include "wire/tftp/describe.h"
#include "wire/http/describe.h"
#include "wire/cnfxml/describe.h"
#include "wire/tvs/tvs.h"

const struct wire_format wire_formats[] = {
	{"tlv", tlv_describe},
	{"sgn", sgn_describe},
	{"enc", enc_describe},
	{"capf", capf_describe},
	{"tvs", tvs_describe},
	{"sccp", sccp_describe},
	{"tftp", tftp_describe},
	{"http", http_describe},
	{"cnfxml", cnfxml_describe},
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
