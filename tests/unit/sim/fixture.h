/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TEST_SIM_FIXTURE_H
#define TEST_SIM_FIXTURE_H

/* What the programs of this folder share; clang-format must not sort: cmocka wants these first. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* A file of tests/data, e.g. "phone/ctl-a.tlv"; the caller frees it with buf_fini. */
static inline struct buf fixture_read(const char *name)
{
	char path[4096];
	const char *tests = getenv("CADEADO_TESTS");
	struct buf b = {0};
	struct fail why = {0};

	assert_non_null(tests);
	(void)snprintf(path, sizeof(path), "%s/data/%s", tests, name);
	if (file_read(path, 1 << 20, &b, &why))
		fail_msg("%s", why.text);
	return b;
}

#endif
