/* SPDX-License-Identifier: BSD-2-Clause
 * Do calls go as docs/formats/sccp.md#calls says, message by message, with the right keys and icon?
 */
#include "callctl_lab.h"

#define IDLE(who)                                                                                  \
	who " SetRinger 1\n" who " StopTone\n" who " ClearPromptStatus\n" who " CallState 2\n" who \
	    " SelectSoftKeys 0\n" who " SetSpeakerMode 2\n" who " SetLamp 1\n" who                 \
	    " DisplayPromptStatus \\x80\\x13\n"
#define CLOSED(who) who " CloseReceiveChannel\n" who " StopMediaTransmission\n" IDLE(who)

static void walk_a_call(unsigned version_a, unsigned version_b)
{
	static const uint8_t nobody[sizeof(struct sccp_encryption)];
	struct lab lab;

	lab_init(&lab);
	add_station(&lab, A, version_a, CALLCTL_ENCRYPTED, true);
	add_station(&lab, B, version_b, CALLCTL_ENCRYPTED, true);
	expect(&lab, "");

	off_hook(&lab, A);
	expect(&lab, "A SetRinger 1\n"
		     "A SetLamp 2\n"
		     "A CallState 1\n"
		     "A SelectSoftKeys 4\n"
		     "A DisplayPromptStatus \\x80 \n"
		     "A ActivateCallPlane\n"
		     "A StartTone 0x21\n");
	press(&lab, A, "1");
	expect(&lab, "A StopTone\n"
		     "A SelectSoftKeys 6\n");
	press(&lab, A, "00");
	expect(&lab, "");
	press(&lab, A, "2");
	expect(&lab, "A StopTone\n"
		     "A CallInfo 1001>1002 type 2 security 0\n"
		     "A DialedNumber 1002\n"
		     "A CallState 12\n"
		     "B CallState 4\n"
		     "B SelectSoftKeys 3\n"
		     "B DisplayPromptStatus \\x80\\x171001\n"
		     "B DisplayPriNotify \\x80\\x171001\n"
		     "B CallInfo 1001>1002 type 1 security 0\n"
		     "B SetLamp 5\n"
		     "B SetRinger 2\n"
		     "A CallState 3\n"
		     "A StartTone 0x24\n"
		     "A DisplayPromptStatus \\x80\\x16\n"
		     "A SelectSoftKeys 8\n");
	off_hook(&lab, B);
	expect(&lab, "B SetRinger 1\n"
		     "B SetLamp 2\n"
		     "B CallState 1\n"
		     "B ActivateCallPlane\n"
		     "B StopTone\n"
		     "B OpenReceiveChannel codec 4 alg 1\n"
		     "B CallState 5\n"
		     "B CallInfo 1001>1002 type 1 security 3\n"
		     "B SelectSoftKeys 1\n"
		     "B DisplayPromptStatus \\x80\\x18\n"
		     "A StopTone\n"
		     "A CallState 5\n"
		     "A CallInfo 1001>1002 type 2 security 3\n"
		     "A SelectSoftKeys 1\n"
		     "A DisplayPromptStatus \\x80\\x18\n"
		     "A OpenReceiveChannel codec 4 alg 1\n");
	/* An acknowledgement for another stream is passed over. */
	lab.phones[A].party++;
	ack(&lab, A, 0);
	ack(&lab, A, 1);
	expect(&lab, "");
	lab.phones[A].party--;
	/* Each is told to send only when the other has told where it receives. */
	ack(&lab, A, 0);
	expect(&lab, "B StartMediaTransmission to 192.0.2.10:20000 alg 1\n");
	ack(&lab, B, 0);
	expect(&lab, "A StartMediaTransmission to 192.0.2.11:20001 alg 1\n");

	/* One set a direction, and each end has both. */
	assert_memory_equal(&lab.phones[A].send, &lab.phones[B].receive, sizeof nobody);
	assert_memory_equal(&lab.phones[B].send, &lab.phones[A].receive, sizeof nobody);
	assert_memory_not_equal(lab.phones[A].send.key, lab.phones[B].send.key, SCCP_KEY_SIZE);
	assert_memory_not_equal(lab.phones[A].send.salt, lab.phones[B].send.salt, SCCP_SALT_SIZE);
	assert_int_equal(lab.phones[A].send.key_length, 16);
	assert_int_equal(lab.phones[A].send.salt_length, 14);
	assert_int_equal(lab.phones[A].send.salt[14], 0);
	assert_int_not_equal(lab.phones[A].reference, lab.phones[B].reference);
	assert_int_not_equal(lab.phones[A].party, lab.phones[B].party);

	/* A late acknowledgement changes nothing. */
	ack(&lab, B, 0);
	ack(&lab, B, 1);
	expect(&lab, "");
	assert_int_equal(callctl_next_tick(lab.c), -1);

	on_hook(&lab, B);
	expect(&lab, CLOSED("A") CLOSED("B"));
	assert_int_equal(callctl_calls_count(lab.c), 0);
	on_hook(&lab, A);
	expect(&lab, "");
	lab_fini(&lab);
}

static void a_whole_call_in_every_layout(void **state)
{
	static const unsigned versions[] = {11, 17, 20};
	size_t a, b;

	for (a = 0; a < 3; a++)
		for (b = 0; b < 3; b++)
			walk_a_call(versions[a], versions[b]);
}

static void the_icon_is_the_lowest_of_both(void **state)
{
	static const struct {
		unsigned mode_a, mode_b;
		bool tls_a, tls_b;
		unsigned security;
	} table[] = {
		{3, 3, true, true, 3},
		{3, 2, true, true, 2},
		{2, 3, true, true, 2},
		{2, 2, true, true, 2},
		{3, 1, true, false, 1},
		{2, 1, true, false, 1},
		{1, 3, false, true, 1},
		{1, 2, false, true, 1},
		{1, 1, false, false, 1},
		{1, 1, true, true, 1},
		/* Without TLS a mode promises what nobody keeps. */
		{3, 3, true, false, 1},
		{3, 3, false, true, 1},
		{3, 3, false, false, 1},
		{2, 2, false, true, 1},
	};
	static const struct sccp_encryption none;
	struct lab lab;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		assert_int_equal(callctl_security(table[i].mode_a, table[i].tls_a, table[i].mode_b,
					 table[i].tls_b),
			table[i].security);
		lab_init(&lab);
		add_station(&lab, A, 17, table[i].mode_a, table[i].tls_a);
		add_station(&lab, B, 11, table[i].mode_b, table[i].tls_b);
		enbloc(&lab, A, "1002");
		assert_int_equal(lab.phones[A].security, 0);
		assert_int_equal(lab.phones[B].security, 0);
		off_hook(&lab, B);
		ack(&lab, A, 0);
		ack(&lab, B, 0);
		assert_int_equal(lab.phones[A].security, table[i].security);
		assert_int_equal(lab.phones[B].security, table[i].security);
		/* Keys if and only if the lock is shown. */
		if (table[i].security == SCCP_SECURITY_ENCRYPTED) {
			assert_int_equal(lab.phones[A].send.algorithm, 1);
			assert_int_equal(lab.drawn, 4);
		} else {
			assert_memory_equal(&lab.phones[A].send, &none, sizeof none);
			assert_memory_equal(&lab.phones[A].receive, &none, sizeof none);
			assert_memory_equal(&lab.phones[B].send, &none, sizeof none);
			assert_memory_equal(&lab.phones[B].receive, &none, sizeof none);
			assert_int_equal(lab.drawn, 0);
		}
		lab_fini(&lab);
	}
}

static void the_status_is_computed_anew_for_each_pair(void **state)
{
	struct lab lab;
	struct sccp_encryption first;

	lab_init(&lab);
	add_station(&lab, A, 17, CALLCTL_ENCRYPTED, true);
	add_station(&lab, B, 17, CALLCTL_ENCRYPTED, true);
	add_station(&lab, C, 17, CALLCTL_AUTHENTICATED, true);
	connect_a_and_b(&lab);
	assert_int_equal(lab.phones[A].security, 3);
	first = lab.phones[A].send;
	on_hook(&lab, A);

	enbloc(&lab, A, "1003");
	assert_int_equal(lab.phones[A].security, 0);
	off_hook(&lab, C);
	assert_int_equal(lab.phones[A].security, 2);
	assert_int_equal(lab.phones[A].receive.algorithm, 0);
	on_hook(&lab, C);

	/* B comes back without TLS: what it was does not count. */
	remove_station(&lab, B);
	add_station(&lab, B, 17, CALLCTL_ENCRYPTED, false);
	enbloc(&lab, A, "1002");
	off_hook(&lab, B);
	assert_int_equal(lab.phones[A].security, 1);
	assert_int_equal(lab.phones[B].receive.algorithm, 0);
	on_hook(&lab, A);

	/* Never the same keys again. */
	remove_station(&lab, B);
	add_station(&lab, B, 17, CALLCTL_ENCRYPTED, true);
	lab.phones[A].started = 0;
	connect_a_and_b(&lab);
	assert_int_equal(lab.phones[A].security, 3);
	assert_memory_not_equal(lab.phones[A].send.key, first.key, SCCP_KEY_SIZE);
	lab_fini(&lab);
}

static void no_lock_without_random_bytes(void **state)
{
	struct lab lab;

	lab_init(&lab);
	lab.random_err = ERR_CRYPTO;
	add_station(&lab, A, 17, CALLCTL_ENCRYPTED, true);
	add_station(&lab, B, 17, CALLCTL_ENCRYPTED, true);
	enbloc(&lab, A, "1002");
	off_hook(&lab, B);
	assert_int_equal(callctl_calls_count(lab.c), 0);
	assert_int_equal(lab.phones[A].opened + lab.phones[B].opened, 0);
	assert_int_equal(lab.phones[A].security, 0);
	assert_int_equal(lab.phones[A].state, SCCP_STATE_ON_HOOK);
	lab_fini(&lab);
}

static void busy_and_unknown_numbers_are_heard(void **state)
{
	struct lab lab;

	lab_init(&lab);
	add_station(&lab, A, 17, CALLCTL_NON_SECURE, false);
	add_station(&lab, B, 17, CALLCTL_NON_SECURE, false);
	add_station(&lab, C, 11, CALLCTL_NON_SECURE, false);
	connect_a_and_b(&lab);
	buf_clear(&lab.log);

	soft_key(&lab, C, SCCP_KEY_NEW_CALL);
	buf_clear(&lab.log);
	press(&lab, C, "1002");
	expect(&lab, "C StopTone\n"
		     "C SelectSoftKeys 6\n"
		     "C StopTone\n"
		     "C CallInfo 1003>1002 type 2 security 0\n"
		     "C DialedNumber 1002\n"
		     "C CallState 12\n"
		     "C StopTone\n"
		     "C CallState 6\n"
		     "C StartTone 0x23\n"
		     "C DisplayPromptStatus \\x80\\x19\n"
		     "C SelectSoftKeys 8\n");
	soft_key(&lab, C, SCCP_KEY_END_CALL);
	expect(&lab, IDLE("C"));

	enbloc(&lab, C, "4711");
	assert_int_equal(lab.phones[C].state, SCCP_STATE_INVALID_NUMBER);
	buf_u8(&lab.log, 0);
	assert_non_null(strstr((char *)lab.log.data, "C StartTone 0x25\n"));
	on_hook(&lab, C);
	/* One's own other line is busy too. */
	enbloc(&lab, C, "2003");
	assert_int_equal(lab.phones[C].state, SCCP_STATE_BUSY);
	on_hook(&lab, C);
	/* What no keypad has is no number, and reaches no trace. */
	enbloc(&lab, C, "10\n02");
	assert_int_equal(lab.phones[C].state, SCCP_STATE_INVALID_NUMBER);
	on_hook(&lab, C);
	buf_u8(&lab.traces, 0);
	assert_null(strstr((char *)lab.traces.data, "10\n02"));
	assert_int_equal(callctl_calls_count(lab.c), 1);
	lab_fini(&lab);
}

static void dialling_ends_by_match_pound_or_time(void **state)
{
	struct lab lab;

	lab_init(&lab);
	add_station(&lab, A, 17, CALLCTL_NON_SECURE, false);
	add_station(&lab, B, 17, CALLCTL_NON_SECURE, false);

	off_hook(&lab, A);
	assert_int_equal(callctl_next_tick(lab.c), lab.now + CALLCTL_DIAL_MS);
	press(&lab, A, "99#");
	assert_int_equal(lab.phones[A].state, SCCP_STATE_INVALID_NUMBER);
	on_hook(&lab, A);

	off_hook(&lab, A);
	press(&lab, A, "100");
	lab.now += CALLCTL_DIAL_MS - 1;
	callctl_tick(lab.c, lab.now);
	assert_int_equal(lab.phones[A].state, SCCP_STATE_OFF_HOOK);
	/* A key press starts the time anew. */
	soft_key(&lab, A, SCCP_KEY_BACKSPACE);
	lab.now += CALLCTL_DIAL_MS - 1;
	callctl_tick(lab.c, lab.now);
	assert_int_equal(lab.phones[A].state, SCCP_STATE_OFF_HOOK);
	press(&lab, A, "02");
	assert_int_equal(lab.phones[A].state, SCCP_STATE_RING_OUT);
	on_hook(&lab, A);

	off_hook(&lab, A);
	press(&lab, A, "10");
	lab.now += CALLCTL_DIAL_MS;
	callctl_tick(lab.c, lab.now);
	assert_int_equal(lab.phones[A].state, SCCP_STATE_INVALID_NUMBER);
	lab.now += CALLCTL_FAILED_MS;
	callctl_tick(lab.c, lab.now);
	assert_int_equal(callctl_calls_count(lab.c), 0);

	off_hook(&lab, A);
	lab.now += CALLCTL_DIAL_MS;
	callctl_tick(lab.c, lab.now);
	assert_int_equal(lab.phones[A].state, SCCP_STATE_INVALID_NUMBER);
	on_hook(&lab, A);

	/* More digits than a number has are dialled as they are. */
	off_hook(&lab, A);
	press(&lab, A, "999999999999999999999999999");
	assert_int_equal(lab.phones[A].state, SCCP_STATE_INVALID_NUMBER);
	lab_fini(&lab);
}

static void what_takes_too_long_ends(void **state)
{
	struct lab lab;

	lab_init(&lab);
	add_station(&lab, A, 17, CALLCTL_NON_SECURE, false);
	add_station(&lab, B, 17, CALLCTL_NON_SECURE, false);
	enbloc(&lab, A, "1002");
	lab.now += CALLCTL_RING_MS;
	callctl_tick(lab.c, lab.now);
	assert_int_equal(lab.phones[A].state, SCCP_STATE_BUSY);
	assert_int_equal(lab.phones[B].state, SCCP_STATE_ON_HOOK);
	on_hook(&lab, A);

	/* One acknowledgement that does not come ends the call. */
	enbloc(&lab, A, "1002");
	off_hook(&lab, B);
	ack(&lab, A, 0);
	lab.now += CALLCTL_MEDIA_MS;
	callctl_tick(lab.c, lab.now);
	assert_int_equal(callctl_calls_count(lab.c), 0);
	assert_int_equal(lab.phones[B].closed, 1);
	assert_int_equal(lab.phones[A].stopped, 1);
	assert_int_equal(callctl_next_tick(lab.c), -1);
	lab_fini(&lab);
}

static void media_that_fails_ends_the_call(void **state)
{
	struct sccp_message m = {.id = SCCP_START_MEDIA_ACK};
	struct lab lab;

	lab_init(&lab);
	add_station(&lab, A, 17, CALLCTL_ENCRYPTED, true);
	add_station(&lab, B, 11, CALLCTL_ENCRYPTED, true);
	enbloc(&lab, A, "1002");
	off_hook(&lab, B);
	ack(&lab, B, SCCP_MEDIA_NO_CHANNELS);
	assert_int_equal(callctl_calls_count(lab.c), 0);
	assert_int_equal(lab.phones[A].started, 0);

	connect_a_and_b(&lab);
	m.start_media_ack.party = lab.phones[A].party;
	tell(&lab, A, &m);
	assert_int_equal(callctl_calls_count(lab.c), 1);
	/* A phone that leaves the party zero is known by its call; another call's ack is passed
	 * over. */
	m.start_media_ack = (struct sccp_start_media_ack){.call = 4711, .status = 1};
	tell(&lab, A, &m);
	assert_int_equal(callctl_calls_count(lab.c), 1);
	m.start_media_ack.call = lab.phones[A].reference;
	tell(&lab, A, &m);
	assert_int_equal(callctl_calls_count(lab.c), 0);

	lab.phones[A].started = lab.phones[B].started = 0;
	connect_a_and_b(&lab);
	m = (struct sccp_message){
		.id = SCCP_MEDIA_FAILURE, .media_failure = {.party = lab.phones[B].party}};
	tell(&lab, B, &m);
	assert_int_equal(callctl_calls_count(lab.c), 0);

	/* An IPv6 address cannot be told to a phone whose messages have no place for it. */
	enbloc(&lab, A, "1002");
	off_hook(&lab, B);
	m = (struct sccp_message){.id = SCCP_OPEN_RECEIVE_CHANNEL_ACK,
		.open_receive_channel_ack = {.address = {.type = FIELD_ADDRESS_IPV6},
			.port = 20000,
			.party = lab.phones[A].party}};
	tell(&lab, A, &m);
	assert_int_equal(callctl_calls_count(lab.c), 0);
	lab_fini(&lab);
}

static void codecs_must_meet(void **state)
{
	struct lab lab;

	lab_init(&lab);
	add_station(&lab, A, 17, CALLCTL_ENCRYPTED, true);
	add_station(&lab, B, 17, CALLCTL_ENCRYPTED, true);
	announce(&lab, B, SCCP_CODEC_G729A, SCCP_CODEC_RFC2833);
	enbloc(&lab, A, "1002");
	assert_int_equal(lab.phones[B].state, 0);
	assert_int_equal(lab.phones[A].state, SCCP_STATE_LINE_IN_USE);
	on_hook(&lab, A);

	/* They no longer meet when it is answered. */
	announce(&lab, B, SCCP_CODEC_ALAW_64K, SCCP_CODEC_G729A);
	enbloc(&lab, A, "1002");
	assert_int_equal(lab.phones[B].state, SCCP_STATE_RING_IN);
	announce(&lab, B, SCCP_CODEC_G729A, SCCP_CODEC_G729A);
	off_hook(&lab, B);
	assert_int_equal(callctl_calls_count(lab.c), 0);
	assert_int_equal(lab.phones[A].security, 0);

	announce(&lab, B, SCCP_CODEC_ALAW_64K, SCCP_CODEC_G729A);
	enbloc(&lab, A, "1002");
	off_hook(&lab, B);
	buf_u8(&lab.log, 0);
	assert_non_null(strstr((char *)lab.log.data, "B OpenReceiveChannel codec 2 alg 1\n"));
	assert_non_null(strstr((char *)lab.log.data, "A OpenReceiveChannel codec 2 alg 1\n"));
	lab_fini(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_call_in_every_layout),
		cmocka_unit_test(the_icon_is_the_lowest_of_both),
		cmocka_unit_test(the_status_is_computed_anew_for_each_pair),
		cmocka_unit_test(no_lock_without_random_bytes),
		cmocka_unit_test(busy_and_unknown_numbers_are_heard),
		cmocka_unit_test(dialling_ends_by_match_pound_or_time),
		cmocka_unit_test(what_takes_too_long_ends),
		cmocka_unit_test(media_that_fails_ends_the_call),
		cmocka_unit_test(codecs_must_meet),
	};

	return cmocka_run_group_tests_name("core/callctl", tests, NULL, NULL);
}
