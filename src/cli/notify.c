/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/cli.h"

#include "client/notify.h"

#define PATIENCE_S 20

enum err cli_notify(void *ctx, const struct monitor_target *to, const struct json *data,
	struct span text, struct fail *why)
{
	struct buf json = {0};
	struct fail second = {0};
	enum err err = json_write(&json, data, false), mailed = ERR_OK;

	(void)ctx;
	if (err)
		(void)fail_set(why, err, "%s", err_text(err));
	else if (to->webhook)
		err = client_webhook(
			to->webhook, buf_span(&json), (int64_t)PATIENCE_S * 1000000, why);
	if (to->mail)
		mailed = client_sendmail(to->sendmail, to->mail, "Cadeado: certificates end", text,
			err ? &second : why);
	buf_fini(&json);
	return err ? err : mailed;
}
