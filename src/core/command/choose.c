/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/choose.h"

#include "base/file.h"

enum err command_choose(
	struct cluster *c, const struct json *args, struct bat_choice *out, struct fail *why)
{
	const char *phones = json_get_str(args, "phones"), *path = json_get_str(args, "csv");
	struct buf csv = {0};
	enum err err;

	memset(out, 0, sizeof(*out));
	if (!phones == !path)
		return fail_set(why, ERR_ARG, "say which phones: SEP<MAC>, a query, or --csv FILE");
	if (phones)
		return bat_choose(c, phones, out, why);
	err = file_read(path, BAT_CHOICE_BYTES, &csv, why);
	if (!err) {
		err = bat_choose_csv(c, buf_span(&csv), out, why);
		if (err)
			fail_prefix(why, "%s", path);
	}
	buf_fini(&csv);
	return err;
}
