/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/guesses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SECOND 1000000ll
#define NOW    (1000 * SECOND)

static struct guesses *make(long names, long seconds, const char *exempt)
{
	struct settings s;
	struct guesses *g;

	settings_defaults(&s);
	s.guess_names = names;
	s.guess_seconds = seconds;
	snprintf(s.guess_exempt, sizeof(s.guess_exempt), "%s", exempt);
	assert_int_equal(guesses_new(&g, &s, NULL), ERR_OK);
	return g;
}

static struct net_addr host(const char *text)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(&a, text, 4711, NULL), ERR_OK);
	return a;
}

static int64_t ask(struct guesses *g, const char *from, unsigned phone, bool wait, int64_t at)
{
	struct net_addr a = host(from);
	char device[16];

	snprintf(device, sizeof(device), "SEP%012X", phone);
	return guesses_ask(g, &a, device, wait, at);
}

static void a_phone_asks_as_often_as_it_likes(void **state)
{
	struct guesses *g = make(2, 60, "none");
	struct guesses_found found;
	int i;

	for (i = 0; i < 100; i++)
		assert_int_equal(ask(g, "192.0.2.1", (unsigned)i % 2, false, NOW), 0);
	assert_false(guesses_take(g, &found));
	guesses_free(g);
}

static void beyond_the_limit_one_answer_a_second(void **state)
{
	struct guesses *g = make(3, 60, "none");
	struct guesses_found found;
	unsigned i, answered = 0;

	for (i = 0; i < 3; i++)
		assert_int_equal(ask(g, "192.0.2.1", i, false, NOW), 0);
	/* Fifty a second, for ten seconds; the second hundred of another port. */
	for (i = 3; i < 503; i++)
		answered += ask(g, "192.0.2.1", i, false, NOW + (i - 3) * SECOND / 50) == 0;
	assert_int_equal(answered, 10);
	/* Others are not concerned. */
	assert_int_equal(ask(g, "192.0.2.2", 1, false, NOW + 10 * SECOND), 0);
	assert_true(guesses_take(g, &found));
	assert_string_equal(found.source, "192.0.2.1");
	assert_string_equal(found.device, "SEP0000000001F6");
	assert_int_equal(found.names, 3);
	assert_int_equal(found.seconds, 60);
	assert_false(guesses_take(g, &found));
	guesses_free(g);
}

static void answers_that_are_put_off_queue_up(void **state)
{
	struct guesses *g = make(1, 60, "none");
	unsigned i;

	assert_int_equal(ask(g, "192.0.2.1", 0, true, NOW), 0);
	for (i = 1; i < 50; i++)
		assert_int_equal(ask(g, "192.0.2.1", i, true, NOW), (i - 1) * SECOND);
	/* Over the other protocol too. */
	assert_true(ask(g, "192.0.2.1", 50, false, NOW) > 0);
	for (; i < 100; i++)
		assert_true(ask(g, "192.0.2.1", i, true, NOW) <= GUESSES_WAIT_MAX_US);
	guesses_free(g);
}

/* The span slides: who asks for one name too many in any span is beyond the limit, and within it
 * again when he is not. */
static void the_span_slides(void **state)
{
	struct guesses *g = make(2, 10, "none");
	struct guesses_found found;

	assert_int_equal(ask(g, "192.0.2.1", 1, false, NOW), 0);
	assert_int_equal(ask(g, "192.0.2.1", 2, false, NOW + 9 * SECOND), 0);
	assert_int_equal(ask(g, "192.0.2.1", 3, false, NOW + 11 * SECOND), 0);
	assert_false(guesses_take(g, &found));
	assert_int_equal(
		ask(g, "192.0.2.1", 4, false, NOW + 12 * SECOND), 0); /* the first answer */
	assert_true(guesses_take(g, &found));
	assert_true(ask(g, "192.0.2.1", 4, false, NOW + 12 * SECOND) > 0);
	assert_int_equal(ask(g, "192.0.2.1", 4, false, NOW + 21 * SECOND), 0);
	assert_int_equal(ask(g, "192.0.2.1", 4, false, NOW + 21 * SECOND), 0);
	guesses_free(g);
}

static void told_again_after_a_pause(void **state)
{
	struct guesses *g = make(1, 10, "none");
	struct guesses_found found;
	int64_t at = NOW;
	unsigned i;

	for (i = 0; i < 100; i++, at += SECOND)
		(void)ask(g, "192.0.2.1", i, false, at);
	assert_true(guesses_take(g, &found));
	for (; i < 200; i++, at += SECOND)
		(void)ask(g, "192.0.2.1", i, false, at);
	assert_false(guesses_take(g, &found));
	at += GUESSES_QUIET_US + SECOND;
	for (; i < 203; i++)
		(void)ask(g, "192.0.2.1", i, false, at);
	assert_true(guesses_take(g, &found));
	assert_false(guesses_take(g, &found));
	guesses_free(g);
}

static void listed_networks_are_exempt(void **state)
{
	struct guesses *g = make(1, 60, "192.0.2.0/25, 2001:db8:1::/48 ::1");
	unsigned i;

	for (i = 0; i < 50; i++) {
		assert_int_equal(ask(g, "192.0.2.127", i, false, NOW), 0);
		assert_int_equal(ask(g, "2001:db8:1:ffff::9", i, false, NOW), 0);
		assert_int_equal(ask(g, "::1", i, false, NOW), 0);
	}
	(void)ask(g, "192.0.2.128", 1, false, NOW);
	(void)ask(g, "192.0.2.128", 2, false, NOW);
	assert_true(ask(g, "192.0.2.128", 3, false, NOW) > 0);
	guesses_free(g);
}

/* A host has a whole network of IPv6 addresses. */
static void ipv6_by_its_network(void **state)
{
	struct guesses *g = make(2, 60, "none");
	struct guesses_found found;

	assert_int_equal(ask(g, "2001:db8::1", 1, false, NOW), 0);
	assert_int_equal(ask(g, "2001:db8::2", 2, false, NOW), 0);
	assert_int_equal(ask(g, "2001:db8::3", 3, false, NOW), 0);
	assert_true(ask(g, "2001:db8::4", 4, false, NOW) > 0);
	assert_int_equal(ask(g, "2001:db8:0:1::4", 4, false, NOW), 0);
	assert_true(guesses_take(g, &found));
	assert_string_equal(found.source, "2001:db8::/64");
	guesses_free(g);
}

static void the_table_is_bounded(void **state)
{
	struct guesses *g = make(1, 60, "none");
	struct guesses_found found;
	char from[32];
	unsigned i, n = 0;

	for (i = 0; i < 3 * GUESSES_SOURCES_MAX; i++) {
		snprintf(from, sizeof(from), "10.0.%u.%u", i / 256, i % 256);
		(void)ask(g, from, 1, false, NOW);
		(void)ask(g, from, 2, false, NOW);
	}
	while (guesses_take(g, &found))
		n++;
	assert_int_equal(n, GUESSES_SOURCES_MAX);
	/* Whoever asks on stays in it. */
	(void)ask(g, "192.0.2.1", 1, false, NOW);
	(void)ask(g, "192.0.2.1", 2, false, NOW);
	for (i = 0; i < 3 * GUESSES_SOURCES_MAX; i++) {
		snprintf(from, sizeof(from), "10.1.%u.%u", i / 256, i % 256);
		(void)ask(g, from, 1, false, NOW);
		assert_true(ask(g, "192.0.2.1", i + 3, false, NOW) > 0);
	}
	guesses_free(g);
}

static void settings_that_are_refused(void **state)
{
	static const char *const bad[] = {"192.0.2.1/33", "192.0.2.1/24", "host", "1.2.3.4/",
		"1.2.3.4/x", "2001:db8::/129", "::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9"};
	struct settings s;
	struct guesses *g;
	size_t i;

	settings_defaults(&s);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fail why = {0};

		snprintf(s.guess_exempt, sizeof(s.guess_exempt), "%s", bad[i]);
		assert_int_not_equal(guesses_new(&g, &s, &why), ERR_OK);
		assert_non_null(strstr(why.text, "setting guess_exempt: "));
		assert_null(g);
	}
	assert_int_equal(guesses_ask(NULL, NULL, "SEP000000000001", false, NOW), 0);
}

struct together {
	struct guesses *g;
	unsigned first, answered;
};

static void *many(void *arg)
{
	struct together *t = arg;
	unsigned i;

	for (i = 0; i < 5000; i++)
		t->answered += ask(t->g, "192.0.2.1", t->first + i, false, NOW) == 0;
	return NULL;
}

static void workers_count_together(void **state)
{
	struct together t[4];
	pthread_t threads[4];
	unsigned i, answered = 0;
	struct guesses *g = make(20, 60, "none");

	for (i = 0; i < 4; i++) {
		t[i] = (struct together){.g = g, .first = i * 5000};
		assert_int_equal(pthread_create(&threads[i], NULL, many, &t[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		answered += t[i].answered;
	}
	assert_int_equal(answered, 21);
	guesses_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phone_asks_as_often_as_it_likes),
		cmocka_unit_test(beyond_the_limit_one_answer_a_second),
		cmocka_unit_test(answers_that_are_put_off_queue_up),
		cmocka_unit_test(the_span_slides),
		cmocka_unit_test(told_again_after_a_pause),
		cmocka_unit_test(listed_networks_are_exempt),
		cmocka_unit_test(ipv6_by_its_network),
		cmocka_unit_test(the_table_is_bounded),
		cmocka_unit_test(settings_that_are_refused),
		cmocka_unit_test(workers_count_together),
	};

	return cmocka_run_group_tests_name("service/guesses", tests, NULL, NULL);
}
