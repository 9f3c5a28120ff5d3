/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/ctlclient/publish.h"

#include "base/str.h"

const char *publish_phase_word(enum publish_phase phase)
{
	static const char *const words[] = {"stage", "vouch", "ready", "activate", "abort"};

	return phase <= PUBLISH_ABORT ? words[phase] : "";
}

const char *publish_standing_word(enum publish_standing standing)
{
	static const char *const words[] = {"unchanged", "activated", "staged", "unknown"};

	return standing <= PUBLISH_UNKNOWN ? words[standing] : "";
}

struct run {
	const char *id;
	const struct publish_ops *ops;
	struct publish_node *nodes;
	size_t count;
};

static void tell(
	struct run *r, size_t i, enum publish_phase phase, enum err err, const struct fail *why)
{
	struct publish_node *n = &r->nodes[i];

	/* What came of putting things back does not hide why they had to be. */
	if (err && !n->err) {
		n->phase = phase;
		n->err = err;
		n->why = *why;
	}
	if (r->ops->told)
		r->ops->told(r->ops->ctx, i, phase, err, why);
}

/* What a node has that gave no answer, or one that leaves it open. */
static enum publish_standing look(struct run *r, size_t i)
{
	char staged[STAGE_ID] = "", last[STAGE_ID] = "";
	struct fail why = {0};

	if (r->ops->look(r->ops->ctx, i, staged, last, &why))
		return PUBLISH_UNKNOWN;
	if (strcmp(last, r->id) == 0)
		return PUBLISH_NEW;
	return strcmp(staged, r->id) == 0 ? PUBLISH_WAITING : PUBLISH_OLD;
}

/* In one order and up to the first that cannot: of two publishers at once one gets all nodes. */
static bool stage_all(struct run *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct fail why = {0};
		enum err err = r->ops->stage(r->ops->ctx, i, &why);

		r->nodes[i].standing = err && !r->ops->unsure(err) ? PUBLISH_OLD : PUBLISH_WAITING;
		tell(r, i, PUBLISH_STAGE, err, &why);
		if (err)
			return false;
	}
	return true;
}

static bool vouch_all(struct run *r)
{
	bool good = true;

	for (size_t i = 0; i < r->count && r->ops->vouch; i++) {
		struct fail why = {0};
		enum err err = r->ops->vouch(r->ops->ctx, i, &why);

		good = good && !err;
		tell(r, i, PUBLISH_VOUCH, err, &why);
	}
	return good;
}

/* A node may have died while others staged or a person thought: better found out before the first
 * activation than after. */
static bool ready_all(struct run *r)
{
	bool good = true;

	for (size_t i = 0; i < r->count; i++) {
		char staged[STAGE_ID] = "", last[STAGE_ID] = "";
		struct fail why = {0};
		enum err err = r->ops->look(r->ops->ctx, i, staged, last, &why);

		if (!err && strcmp(staged, r->id) != 0 && strcmp(last, r->id) != 0)
			err = fail_set(&why, ERR_NOTNOW,
				"it has forgotten what was staged; another publication took its "
				"place");
		good = good && !err;
		tell(r, i, PUBLISH_READY, err, &why);
	}
	return good;
}

static void abort_all(struct run *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct fail why = {0};
		enum err err;

		if (r->nodes[i].standing != PUBLISH_WAITING)
			continue;
		err = r->ops->abort(r->ops->ctx, i, &why);
		/* It has not been activated: one that does not hear of it gives way later. */
		if (!err)
			r->nodes[i].standing = PUBLISH_OLD;
		tell(r, i, PUBLISH_ABORT, err, &why);
	}
}

/* False when the first node that was asked refused, and nothing has changed anywhere. */
static bool activate_all(struct run *r)
{
	bool changed = false;

	for (size_t i = 0; i < r->count; i++) {
		struct publish_node *n = &r->nodes[i];
		struct fail why = {0};
		enum err err = r->ops->activate(r->ops->ctx, i, &why);

		if (!err)
			n->standing = PUBLISH_NEW;
		else if (r->ops->unsure(err))
			n->standing = look(r, i);
		if (n->standing == PUBLISH_NEW)
			err = ERR_OK;
		tell(r, i, PUBLISH_ACTIVATE, err, &why);
		changed = changed || n->standing == PUBLISH_NEW || n->standing == PUBLISH_UNKNOWN;
		if (err && !changed)
			return false;
	}
	return true;
}

enum publish_outcome publish_run(
	const char *id, const struct publish_ops *ops, struct publish_node *nodes, size_t count)
{
	struct run r = {.id = id, .ops = ops, .nodes = nodes, .count = count};
	size_t fresh = 0;

	memset(nodes, 0, count * sizeof(*nodes));
	if (!stage_all(&r) || !vouch_all(&r) || !ready_all(&r) || !activate_all(&r)) {
		abort_all(&r);
		return PUBLISH_NOTHING;
	}
	for (size_t i = 0; i < count; i++)
		fresh += nodes[i].standing == PUBLISH_NEW;
	return fresh == count ? PUBLISH_DONE : PUBLISH_PARTLY;
}

static bool activated_somewhere(const struct ctlclient_cluster *c, const char *id)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->nodes[i].reached && strcmp(c->nodes[i].last, id) == 0)
			return true;
	return false;
}

static bool same_everywhere(const struct ctlclient_cluster *c)
{
	const struct ctlclient_node *first = NULL;

	for (size_t i = 0; i < c->count; i++) {
		const struct ctlclient_node *n = &c->nodes[i];

		if (n->reached)
			continue;
		if (!first)
			first = n;
		else if (n->has_ctl != first->has_ctl ||
			 memcmp(n->ctl, first->ctl, sizeof(n->ctl)) != 0)
			return false;
	}
	return true;
}

enum publish_remedy publish_examine(const struct ctlclient_cluster *c, char id[STAGE_ID])
{
	const char *waiting = NULL;
	bool silent = false;

	id[0] = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct ctlclient_node *n = &c->nodes[i];

		silent = silent || n->reached;
		if (n->reached || !n->staged[0])
			continue;
		/* One that some node has activated comes first: phones may hold it. */
		if (!waiting || activated_somewhere(c, n->staged))
			waiting = n->staged;
	}
	if (!waiting)
		return same_everywhere(c) ? PUBLISH_ALL_WELL : PUBLISH_AGAIN;
	(void)str_copy(id, STAGE_ID, waiting);
	if (activated_somewhere(c, waiting))
		return PUBLISH_FINISH;
	return silent ? PUBLISH_CANNOT_TELL : PUBLISH_ROLL_BACK;
}

bool publish_mend(const struct ctlclient_cluster *c, enum publish_remedy remedy, const char *id,
	const struct publish_ops *ops, struct publish_node *nodes)
{
	bool finish = remedy == PUBLISH_FINISH, good = true;
	struct run r = {.id = id, .ops = ops, .nodes = nodes, .count = c->count};

	if (remedy != PUBLISH_FINISH && remedy != PUBLISH_ROLL_BACK)
		return false;
	memset(nodes, 0, c->count * sizeof(*nodes));
	for (size_t i = 0; i < c->count; i++) {
		const struct ctlclient_node *n = &c->nodes[i];
		struct fail why = {0};
		enum err err;

		nodes[i].standing = n->reached                 ? PUBLISH_UNKNOWN
				    : strcmp(n->last, id) == 0 ? PUBLISH_NEW
							       : PUBLISH_OLD;
		if (n->reached || strcmp(n->staged, id) != 0)
			continue;
		err = finish ? ops->activate(ops->ctx, i, &why) : ops->abort(ops->ctx, i, &why);
		nodes[i].standing = err ? PUBLISH_WAITING : finish ? PUBLISH_NEW : PUBLISH_OLD;
		good = good && !err;
		tell(&r, i, finish ? PUBLISH_ACTIVATE : PUBLISH_ABORT, err, &why);
	}
	return good;
}
