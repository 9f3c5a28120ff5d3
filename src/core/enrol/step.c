/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/enrol/step.h"

static const char *const texts[] = {[STORE_STEP_NONE] = "none",
	[STORE_STEP_PENDING] = "pending",
	[STORE_STEP_RESET_SENT] = "reset sent",
	[STORE_STEP_CONNECTED] = "connected",
	[STORE_STEP_KEY_GENERATION] = "key generation",
	[STORE_STEP_CA] = "waits for the authority",
	[STORE_STEP_STORING] = "storing the certificate",
	[STORE_STEP_DONE] = "done"};

const char *enrol_step_text(int64_t step)
{
	return step > STORE_STEP_NONE && step <= STORE_STEP_DONE ? texts[step] : texts[0];
}
