/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/enrol/step.h"

#include "base/mem.h"

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

static enum err note_one(struct store *s, const char *device, int64_t now,
	struct store_enrolment *step, bool *noted, struct fail *why)
{
	struct store_device d;
	enum err err = store_device_get(s, device, &d, why);

	if (!err)
		err = store_enrolment_get(s, device, step, why);
	*noted = !err && d.operation;
	step->step = STORE_STEP_RESET_SENT;
	step->step_since = now;
	return err;
}

/* Before they are told: whoever is quick is already at CAPF when they have been. */
static enum err note(struct cluster *c, const char (*devices)[16], size_t count,
	const bool *registered, struct fail *why)
{
	struct store_enrolment *steps = mem_new(count * sizeof(*steps));
	int64_t now = clock_seconds(cluster_get_clock(c));
	size_t i, n = 0;
	enum err err = steps ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	bool noted;

	for (i = 0; !err && i < count; i++) {
		if (!registered[i])
			continue;
		err = note_one(cluster_get_store(c), devices[i], now, &steps[n], &noted, why);
		n += noted;
	}
	if (!err && n)
		err = store_enrolment_step_many(cluster_get_store(c), steps, n, why);
	mem_free(steps);
	return err;
}

enum err enrol_reset(struct cluster *c,
	enum err (*stations)(void *ctx, const char (*devices)[16], size_t count, bool reset,
		bool *registered, struct fail *why),
	void *ctx, const char (*devices)[16], size_t count, bool *registered, struct fail *why)
{
	size_t i, some = 0;
	enum err err = stations(ctx, devices, count, false, registered, why);

	for (i = 0; !err && i < count; i++)
		some += registered[i];
	if (err || !some)
		return err;
	err = note(c, devices, count, registered, why);
	return err ? err : stations(ctx, devices, count, true, registered, why);
}
