/* SPDX-License-Identifier: BSD-2-Clause
 * Publishing in two phases on nodes that refuse, die and come back: every step of every node is
 * broken in turn, and in pairs. */
#include "core/ctlclient/publish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#define NODES 3
#define STEPS 5 /* operations of a node that can be broken: the phases */

static const char id[] = "00112233445566778899aabbccddeeff";
static const char other[] = "ffffffffffffffffffffffffffffffff";

enum fault {
	FAULT_NONE,
	FAULT_REFUSES,   /* answers no, does nothing */
	FAULT_DIES,      /* before it does anything, and stays away */
	FAULT_DIES_DONE, /* after it has done it, and stays away */
	FAULT_CUT,       /* does nothing, the answer is lost, the node lives on */
	FAULT_CUT_DONE,  /* does it, the answer is lost, the node lives on */
	FAULTS
};

struct fake {
	enum fault faults[STEPS];
	bool dead, staged, active, vouched;
	unsigned told[STEPS];
};

static struct fake fakes[NODES];

/* What a broken step does: true when the step is to be done. */
static bool step(struct fake *f, enum publish_phase phase, enum err *err, struct fail *why)
{
	enum fault fault = f->faults[phase];

	*err = ERR_OK;
	if (f->dead) {
		*err = fail_set(why, ERR_CLOSED, "dead");
		return false;
	}
	f->faults[phase] = FAULT_NONE;
	switch (fault) {
	case FAULT_NONE: return true;
	case FAULT_REFUSES: *err = fail_set(why, ERR_IO, "refused"); return false;
	case FAULT_DIES:
	case FAULT_DIES_DONE: f->dead = true; break;
	default: break;
	}
	*err = fail_set(why, ERR_TIMEOUT, "no answer");
	return fault == FAULT_DIES_DONE || fault == FAULT_CUT_DONE;
}

static enum err fake_stage(void *ctx, size_t i, struct fail *why)
{
	enum err err;

	if (step(&fakes[i], PUBLISH_STAGE, &err, why))
		fakes[i].staged = true;
	return err;
}

static enum err fake_vouch(void *ctx, size_t i, struct fail *why)
{
	enum err err;

	assert_true(fakes[i].staged || fakes[i].dead);
	if (step(&fakes[i], PUBLISH_VOUCH, &err, why))
		fakes[i].vouched = true;
	return err;
}

static enum err fake_activate(void *ctx, size_t i, struct fail *why)
{
	enum err err;

	if (!step(&fakes[i], PUBLISH_ACTIVATE, &err, why))
		return err;
	assert_true(fakes[i].staged);
	fakes[i].active = true;
	fakes[i].staged = false;
	return err;
}

static enum err fake_abort(void *ctx, size_t i, struct fail *why)
{
	enum err err;

	if (!step(&fakes[i], PUBLISH_ABORT, &err, why))
		return err;
	assert_false(fakes[i].active);
	fakes[i].staged = false;
	return err;
}

static enum err fake_look(
	void *ctx, size_t i, char staged[STAGE_ID], char last[STAGE_ID], struct fail *why)
{
	enum err err;

	if (!step(&fakes[i], PUBLISH_READY, &err, why))
		return err;
	snprintf(staged, STAGE_ID, "%s", fakes[i].staged ? id : "");
	snprintf(last, STAGE_ID, "%s", fakes[i].active ? id : other);
	return err;
}

static bool fake_unsure(enum err err)
{
	return err == ERR_TIMEOUT || err == ERR_CLOSED;
}

static void fake_told(
	void *ctx, size_t i, enum publish_phase phase, enum err err, const struct fail *why)
{
	assert_true(err == ERR_OK || why->text[0]);
	fakes[i].told[phase]++;
}

static const struct publish_ops ops = {.stage = fake_stage,
	.vouch = fake_vouch,
	.activate = fake_activate,
	.abort = fake_abort,
	.look = fake_look,
	.unsure = fake_unsure,
	.told = fake_told};

/* What must hold whatever happened. */
static void check(enum publish_outcome outcome, const struct publish_node *nodes)
{
	size_t active = 0, sure = 0;

	for (size_t i = 0; i < NODES; i++) {
		active += fakes[i].active;
		sure += nodes[i].standing == PUBLISH_NEW;
		/* What is said of a node is so. */
		if (nodes[i].standing == PUBLISH_NEW)
			assert_true(fakes[i].active);
		if (nodes[i].standing == PUBLISH_OLD || nodes[i].standing == PUBLISH_WAITING)
			assert_false(fakes[i].active);
	}
	if (outcome == PUBLISH_DONE)
		assert_int_equal(active, NODES);
	if (outcome == PUBLISH_NOTHING)
		assert_int_equal(active, 0);
	if (outcome == PUBLISH_PARTLY)
		assert_true(sure < NODES);
	/* One that lives forgets what was staged when nothing is to be changed; a lost or refused
	 * DELETE leaves it to give way by itself. */
	for (size_t i = 0; i < NODES && outcome == PUBLISH_NOTHING; i++)
		if (!fakes[i].dead && !nodes[i].err)
			assert_false(fakes[i].staged);
	/* A node is not activated before all have staged and are vouched for. */
	for (size_t i = 0; i < NODES && active; i++)
		assert_true(fakes[i].vouched && (fakes[i].staged || fakes[i].active));
}

/* The nodes as they say they are when all have come back. */
static void come_back(struct ctlclient_cluster *c, struct ctlclient_node nodes[NODES])
{
	*c = (struct ctlclient_cluster){nodes, NODES};
	for (size_t i = 0; i < NODES; i++) {
		fakes[i].dead = false;
		memset(fakes[i].faults, 0, sizeof(fakes[i].faults));
		nodes[i] = (struct ctlclient_node){.has_ctl = true};
		nodes[i].ctl[0] = fakes[i].active;
		snprintf(nodes[i].staged, STAGE_ID, "%s", fakes[i].staged ? id : "");
		snprintf(nodes[i].last, STAGE_ID, "%s", fakes[i].active ? id : other);
	}
}

/* Afterwards every node has the same list, and nothing waits. */
static void mend_and_check(void)
{
	struct ctlclient_node said[NODES];
	struct ctlclient_cluster c;
	struct publish_node nodes[NODES];
	char which[STAGE_ID];
	enum publish_remedy remedy;

	come_back(&c, said);
	remedy = publish_examine(&c, which);
	if (remedy != PUBLISH_ALL_WELL) {
		assert_true(remedy == PUBLISH_FINISH || remedy == PUBLISH_ROLL_BACK);
		assert_string_equal(which, id);
		assert_true(publish_mend(&c, remedy, which, &ops, nodes));
		come_back(&c, said);
		assert_int_equal(publish_examine(&c, which), PUBLISH_ALL_WELL);
	}
	for (size_t i = 1; i < NODES; i++)
		assert_true(fakes[i].active == fakes[0].active);
}

static enum publish_outcome run(void)
{
	struct publish_node nodes[NODES];
	enum publish_outcome outcome = publish_run(id, &ops, nodes, NODES);

	check(outcome, nodes);
	return outcome;
}

static void all_nodes_take_it(void **state)
{
	memset(fakes, 0, sizeof(fakes));
	assert_int_equal(run(), PUBLISH_DONE);
	for (size_t i = 0; i < NODES; i++) {
		assert_int_equal(fakes[i].told[PUBLISH_STAGE], 1);
		assert_int_equal(fakes[i].told[PUBLISH_ACTIVATE], 1);
		assert_int_equal(fakes[i].told[PUBLISH_ABORT], 0);
	}
	mend_and_check();
}

static void every_pair_of_faults_ends_well(void **state)
{
	const unsigned places = NODES * STEPS * FAULTS;
	unsigned outcomes[PUBLISH_PARTLY + 1] = {0};

	for (unsigned a = 0; a < places; a++)
		for (unsigned b = a; b < places; b++) {
			memset(fakes, 0, sizeof(fakes));
			fakes[a / FAULTS / STEPS].faults[a / FAULTS % STEPS] =
				(enum fault)(a % FAULTS);
			fakes[b / FAULTS / STEPS].faults[b / FAULTS % STEPS] =
				(enum fault)(b % FAULTS);
			outcomes[run()]++;
			mend_and_check();
		}
	assert_true(
		outcomes[PUBLISH_DONE] && outcomes[PUBLISH_NOTHING] && outcomes[PUBLISH_PARTLY]);
}

static void a_refusal_changes_nothing_anywhere(void **state)
{
	static const enum publish_phase before[] = {PUBLISH_STAGE, PUBLISH_VOUCH, PUBLISH_READY};

	for (size_t p = 0; p < sizeof(before) / sizeof(before[0]); p++)
		for (size_t i = 0; i < NODES; i++) {
			memset(fakes, 0, sizeof(fakes));
			fakes[i].faults[before[p]] = FAULT_REFUSES;
			assert_int_equal(run(), PUBLISH_NOTHING);
			for (size_t k = 0; k < NODES; k++)
				assert_false(fakes[k].staged);
		}
	memset(fakes, 0, sizeof(fakes));
	fakes[0].faults[PUBLISH_ACTIVATE] = FAULT_REFUSES;
	assert_int_equal(run(), PUBLISH_NOTHING);
	/* Once a node has it, the others are to get it. */
	memset(fakes, 0, sizeof(fakes));
	fakes[1].faults[PUBLISH_ACTIVATE] = FAULT_REFUSES;
	assert_int_equal(run(), PUBLISH_PARTLY);
	assert_true(fakes[2].active);
	mend_and_check();
}

/* Of two publishers at once one gets all nodes: the other does not try the second node when the
 * first was taken. */
static void staging_stops_at_the_first_refusal(void **state)
{
	memset(fakes, 0, sizeof(fakes));
	fakes[0].faults[PUBLISH_STAGE] = FAULT_REFUSES;
	assert_int_equal(run(), PUBLISH_NOTHING);
	for (size_t i = 1; i < NODES; i++) {
		assert_int_equal(fakes[i].told[PUBLISH_STAGE], 0);
		assert_int_equal(fakes[i].told[PUBLISH_ABORT], 0);
	}
}

static void a_lost_answer_is_found_out(void **state)
{
	memset(fakes, 0, sizeof(fakes));
	fakes[2].faults[PUBLISH_ACTIVATE] = FAULT_CUT_DONE;
	assert_int_equal(run(), PUBLISH_DONE);
	memset(fakes, 0, sizeof(fakes));
	fakes[0].faults[PUBLISH_ACTIVATE] = FAULT_CUT;
	assert_int_equal(run(), PUBLISH_NOTHING);
}

static void a_silent_node_is_not_rolled_back_over(void **state)
{
	struct ctlclient_node said[NODES];
	struct ctlclient_cluster c;
	char which[STAGE_ID];

	memset(fakes, 0, sizeof(fakes));
	fakes[0].staged = fakes[1].staged = true;
	come_back(&c, said);
	assert_int_equal(publish_examine(&c, which), PUBLISH_ROLL_BACK);
	said[2].reached = ERR_TIMEOUT;
	assert_int_equal(publish_examine(&c, which), PUBLISH_CANNOT_TELL);
	assert_string_equal(which, id);
	assert_false(publish_mend(&c, PUBLISH_CANNOT_TELL, which, &ops, NULL));
	/* To finish is right whatever the silent one has. */
	snprintf(said[1].last, STAGE_ID, "%s", id);
	said[1].staged[0] = 0;
	assert_int_equal(publish_examine(&c, which), PUBLISH_FINISH);
}

static void lists_that_differ_are_told(void **state)
{
	struct ctlclient_node said[NODES];
	struct ctlclient_cluster c;
	char which[STAGE_ID];

	memset(fakes, 0, sizeof(fakes));
	come_back(&c, said);
	assert_int_equal(publish_examine(&c, which), PUBLISH_ALL_WELL);
	said[1].ctl[5] = 1;
	assert_int_equal(publish_examine(&c, which), PUBLISH_AGAIN);
	assert_string_equal(which, "");
	said[1].ctl[5] = 0;
	said[2].has_ctl = false;
	assert_int_equal(publish_examine(&c, which), PUBLISH_AGAIN);
}

/* Two that were interrupted at different nodes: the one that some phone may hold comes first. */
static void the_activated_one_of_two_is_finished(void **state)
{
	struct ctlclient_node said[NODES];
	struct ctlclient_cluster c;
	char which[STAGE_ID];

	memset(fakes, 0, sizeof(fakes));
	come_back(&c, said);
	snprintf(said[0].staged, STAGE_ID, "%s", "11111111111111111111111111111111");
	snprintf(said[1].staged, STAGE_ID, "%s", id);
	snprintf(said[2].last, STAGE_ID, "%s", id);
	assert_int_equal(publish_examine(&c, which), PUBLISH_FINISH);
	assert_string_equal(which, id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_nodes_take_it),
		cmocka_unit_test(every_pair_of_faults_ends_well),
		cmocka_unit_test(a_refusal_changes_nothing_anywhere),
		cmocka_unit_test(staging_stops_at_the_first_refusal),
		cmocka_unit_test(a_lost_answer_is_found_out),
		cmocka_unit_test(a_silent_node_is_not_rolled_back_over),
		cmocka_unit_test(lists_that_differ_are_told),
		cmocka_unit_test(the_activated_one_of_two_is_finished),
	};

	return cmocka_run_group_tests_name("core/ctlclient_publish", tests, NULL, NULL);
}
