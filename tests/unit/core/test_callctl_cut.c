/* SPDX-License-Identifier: BSD-2-Clause
 * Does a call end cleanly wherever it is cut, and are limits kept? */
#include "callctl_lab.h"

#include <stdlib.h>

/* The steps of a call, from nothing to both media streams up. */
static void step(struct lab *lab, unsigned n)
{
	switch (n) {
	case 0: off_hook(lab, A); break;
	case 1: press(lab, A, "1"); break;
	case 2: press(lab, A, "002"); break;
	case 3: off_hook(lab, B); break;
	case 4: ack(lab, B, 0); break;
	case 5: ack(lab, A, 0); break;
	default: break;
	}
}
#define STEPS 6u

enum cut { CUT_ON_HOOK, CUT_END_KEY, CUT_GONE, CUTS };

static void cut_call(struct lab *lab, unsigned who, enum cut cut)
{
	switch (cut) {
	case CUT_ON_HOOK: on_hook(lab, who); break;
	case CUT_END_KEY: soft_key(lab, who, SCCP_KEY_END_CALL); break;
	case CUT_GONE: remove_station(lab, who); break;
	case CUTS: break;
	}
}

static void check_idle(const struct lab *lab)
{
	unsigned who;

	assert_int_equal(callctl_calls_count(lab->c), 0);
	for (who = A; who <= B; who++) {
		const struct phone *p = &lab->phones[who];

		if (!p->station)
			continue;
		assert_false(callctl_station_in_call(p->station));
		assert_true(p->state == 0 || p->state == SCCP_STATE_ON_HOOK);
		assert_int_equal(p->opened, p->closed);
		assert_int_equal(p->opened, p->stopped);
	}
}

static void cut_at(unsigned steps, unsigned who, enum cut cut)
{
	struct lab lab;
	unsigned n;

	lab_init(&lab);
	add_station(&lab, A, 17, CALLCTL_ENCRYPTED, true);
	add_station(&lab, B, 20, CALLCTL_ENCRYPTED, true);
	for (n = 0; n < steps; n++)
		step(&lab, n);
	cut_call(&lab, who, cut);
	/* While B rings its refusal or loss leaves A with a tone, and putting down a handset says
	 * nothing; before that B has no part in it. A then hangs up. */
	if (who == B && steps > 0 && steps < 4)
		on_hook(&lab, A);
	check_idle(&lab);

	/* Nothing is left of it: the next call goes through. */
	if (!lab.phones[who].station)
		add_station(&lab, who, 17, CALLCTL_ENCRYPTED, true);
	lab.phones[A].started = lab.phones[B].started = 0;
	connect_a_and_b(&lab);
	assert_int_equal(lab.phones[A].security, 3);
	lab_fini(&lab);
}

static void either_side_may_leave_at_every_step(void **state)
{
	unsigned steps, who, cut;

	for (steps = 0; steps <= STEPS; steps++)
		for (who = A; who <= B; who++)
			for (cut = 0; cut < CUTS; cut++)
				cut_at(steps, who, (enum cut)cut);
}

static void everything_may_be_freed_at_every_step(void **state)
{
	struct lab lab;
	unsigned steps, n;

	for (steps = 0; steps <= STEPS; steps++) {
		lab_init(&lab);
		add_station(&lab, A, 17, CALLCTL_ENCRYPTED, true);
		add_station(&lab, B, 17, CALLCTL_ENCRYPTED, true);
		for (n = 0; n < steps; n++)
			step(&lab, n);
		lab_fini(&lab);
	}
}

static void refusing_leaves_the_caller_with_a_tone(void **state)
{
	struct lab lab;

	lab_init(&lab);
	add_station(&lab, A, 17, CALLCTL_NON_SECURE, false);
	add_station(&lab, B, 17, CALLCTL_NON_SECURE, false);
	enbloc(&lab, A, "1002");
	/* Putting the handset down is no refusal. */
	on_hook(&lab, B);
	assert_int_equal(lab.phones[B].state, SCCP_STATE_RING_IN);
	soft_key(&lab, B, SCCP_KEY_END_CALL);
	assert_int_equal(lab.phones[B].state, SCCP_STATE_ON_HOOK);
	assert_int_equal(lab.phones[A].state, SCCP_STATE_BUSY);
	on_hook(&lab, A);

	enbloc(&lab, A, "1002");
	remove_station(&lab, B);
	assert_int_equal(lab.phones[A].state, SCCP_STATE_LINE_IN_USE);
	lab_fini(&lab);
}

static void lines_are_buttons(void **state)
{
	struct sccp_message m = {
		.id = SCCP_STIMULUS, .stimulus = {.stimulus = SCCP_STIMULUS_LINE, .instance = 2}};
	struct lab lab;

	lab_init(&lab);
	add_station(&lab, A, 11, CALLCTL_NON_SECURE, false);
	add_station(&lab, B, 11, CALLCTL_NON_SECURE, false);
	tell(&lab, A, &m);
	press(&lab, A, "2002");
	buf_u8(&lab.log, 0);
	assert_non_null(strstr((char *)lab.log.data, "B CallInfo 2001>2002 type 1 security 0\n"));
	/* B's second line rings: its first button does not answer it, its second does. */
	m.stimulus.instance = 1;
	tell(&lab, B, &m);
	assert_int_equal(lab.phones[B].state, SCCP_STATE_RING_IN);
	m.stimulus.instance = 2;
	tell(&lab, B, &m);
	assert_int_equal(lab.phones[B].state, SCCP_STATE_CONNECTED);
	on_hook(&lab, B);
	m.stimulus.instance = 3;
	tell(&lab, B, &m);
	assert_int_equal(callctl_calls_count(lab.c), 0);
	lab_fini(&lab);
}

struct seen {
	unsigned count;
	struct callctl_call_info last;
};

static void see(void *ctx, const struct callctl_call_info *info)
{
	struct seen *seen = ctx;

	seen->count++;
	seen->last = *info;
}

static void status_tells_what_is_up(void **state)
{
	struct seen seen = {0};
	struct lab lab;

	lab_init(&lab);
	add_station(&lab, A, 17, CALLCTL_ENCRYPTED, true);
	add_station(&lab, B, 17, CALLCTL_ENCRYPTED, true);
	callctl_calls_visit(lab.c, see, &seen);
	assert_int_equal(seen.count, 0);
	off_hook(&lab, A);
	callctl_calls_visit(lab.c, see, &seen);
	assert_string_equal(seen.last.state, "dialling");
	assert_string_equal(seen.last.callee_device, "");
	press(&lab, A, "1002");
	off_hook(&lab, B);
	ack(&lab, A, 0);
	callctl_calls_visit(lab.c, see, &seen);
	assert_string_equal(seen.last.state, "connected");
	assert_false(seen.last.media);
	ack(&lab, B, 0);
	seen.count = 0;
	callctl_calls_visit(lab.c, see, &seen);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.last.caller_device, devices[A]);
	assert_string_equal(seen.last.callee_device, devices[B]);
	assert_string_equal(seen.last.caller_number, "1001");
	assert_string_equal(seen.last.callee_number, "1002");
	assert_int_equal(seen.last.security, 3);
	assert_int_equal(seen.last.codec, SCCP_CODEC_ULAW_64K);
	assert_true(seen.last.srtp);
	assert_true(seen.last.media);
	lab_fini(&lab);
}

static void limits_are_told(void **state)
{
	struct callctl_line lines[CALLCTL_LINES_MAX + 1] = {0};
	struct callctl_station_config config = {
		.id = C, .device = devices[C], .version = 17, .mode = 4, .lines = lines};
	struct callctl_station *s;
	struct fail why = {0};
	struct lab lab;

	lab_init(&lab);
	assert_int_equal(callctl_station_add(&s, lab.c, &config, &why), ERR_ARG);
	config.mode = 0;
	assert_int_equal(callctl_station_add(&s, lab.c, &config, NULL), ERR_ARG);
	config.mode = CALLCTL_NON_SECURE;
	config.lines_count = CALLCTL_LINES_MAX + 1;
	fail_clear(&why);
	assert_int_equal(callctl_station_add(&s, lab.c, &config, &why), ERR_LIMIT);
	assert_string_equal(why.text, "SEP00000000000C: 17 lines, at most 16");
	add_station(&lab, A, 17, CALLCTL_NON_SECURE, false);
	add_station(&lab, B, 17, CALLCTL_NON_SECURE, false);
	add_station(&lab, C, 17, CALLCTL_NON_SECURE, false);
	config.lines_count = 0;
	fail_clear(&why);
	assert_int_equal(callctl_station_add(&s, lab.c, &config, &why), ERR_LIMIT);
	assert_null(s);
	/* A phone without lines can neither call nor be called. */
	remove_station(&lab, C);
	assert_int_equal(callctl_station_add(&s, lab.c, &config, NULL), ERR_OK);
	lab.phones[C] = (struct phone){.station = s, .version = 17};
	off_hook(&lab, C);
	assert_int_equal(callctl_calls_count(lab.c), 0);
	lab_fini(&lab);
}

static void lack_of_memory_leaves_no_half_call(void **state)
{
	struct callctl_line line = {.number = "1003"};
	struct callctl_station_config config = {.id = C,
		.device = devices[C],
		.version = 17,
		.mode = CALLCTL_NON_SECURE,
		.lines = &line,
		.lines_count = 1};
	struct callctl_io io = {0};
	struct callctl_station *s;
	struct callctl *c;
	struct lab lab;

	mem_fail_from(1);
	assert_int_equal(callctl_new(&c, &io, 1), ERR_NOMEM);
	mem_fail_from(0);
	lab_init(&lab);
	mem_fail_from(1);
	assert_int_equal(callctl_station_add(&s, lab.c, &config, NULL), ERR_NOMEM);
	mem_fail_from(2);
	assert_int_equal(callctl_station_add(&s, lab.c, &config, NULL), ERR_NOMEM);
	mem_fail_from(0);
	add_station(&lab, A, 17, CALLCTL_NON_SECURE, false);
	mem_fail_from(1);
	off_hook(&lab, A);
	mem_fail_from(0);
	assert_int_equal(callctl_calls_count(lab.c), 0);
	assert_false(callctl_station_in_call(lab.phones[A].station));
	lab_fini(&lab);
}

/* Messages in any order, from a fixed sequence of numbers: no crash, and hanging up ends it all. */
static void any_order_of_messages_is_survived(void **state)
{
	struct lab lab;
	unsigned round, i, who;

	srand(7961);
	for (round = 0; round < 300; round++) {
		lab_init(&lab);
		for (who = 0; who < STATIONS; who++)
			add_station(&lab, who, who == 2 ? 11 : 17, 1 + who, who > 0);
		for (i = 0; i < 60; i++) {
			who = (unsigned)rand() % STATIONS;
			switch (rand() % 11) {
			case 0: off_hook(&lab, who); break;
			case 1: on_hook(&lab, who); break;
			case 2: press(&lab, who, "1"); break;
			case 3: enbloc(&lab, who, who == A ? "1002" : "1001"); break;
			case 4: soft_key(&lab, who, (uint32_t)rand() % 12); break;
			case 5:
			case 6: ack(&lab, who, 0); break;
			case 7: ack(&lab, who, (uint32_t)rand() % 2); break;
			case 8:
				lab.now += rand() % 20000;
				callctl_tick(lab.c, lab.now);
				break;
			case 9:
				if (rand() % 4 == 0) {
					remove_station(&lab, who);
					add_station(&lab, who, 20, 3, true);
				}
				break;
			default: press(&lab, who, "00#"); break;
			}
		}
		for (who = 0; who < STATIONS; who++)
			soft_key(&lab, who, SCCP_KEY_END_CALL);
		for (who = 0; who < STATIONS; who++)
			on_hook(&lab, who);
		check_idle(&lab);
		lab_fini(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(either_side_may_leave_at_every_step),
		cmocka_unit_test(everything_may_be_freed_at_every_step),
		cmocka_unit_test(refusing_leaves_the_caller_with_a_tone),
		cmocka_unit_test(lines_are_buttons),
		cmocka_unit_test(status_tells_what_is_up),
		cmocka_unit_test(limits_are_told),
		cmocka_unit_test(lack_of_memory_leaves_no_half_call),
		cmocka_unit_test(any_order_of_messages_is_survived),
	};

	return cmocka_run_group_tests_name("core/callctl_cut", tests, NULL, NULL);
}
