/* SPDX-License-Identifier: BSD-2-Clause
 * What phones were offered and hold. Lists of this cluster are signed by its tokens; that of the
 * guide is another system's. */
#include "lab.h"

#include "base/mem.h"
#include "core/cluster/own.h"
#include "core/device/device.h"
#include "core/held/held.h"
#include "core/list/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define HERE  "192.0.2.7"
#define THERE "192.0.2.8"

/* Made once: signing takes time. The CTLs of this cluster, its ITL, and another system's CTL. */
static struct buf ctl0, ctl1, itl, guide;
static uint8_t callmanager[HELD_CERT];

struct test {
	struct lab *lab;
	struct held_book *book;
	int64_t now_us;
	struct buf told;
};

static int group_setup(void **state)
{
	struct cert *own = NULL;
	struct fail why = {0};
	struct lab *lab;
	void *one = NULL;

	if (lab_group_setup(state) || lab_setup_mixed(&one))
		return -1;
	lab = one;
	if (cluster_ctl(lab->c, &ctl0, &why) || cluster_build_itl(lab->c, &itl, &why) ||
		own_newest(lab->c, OWN_CALLMANAGER, &own, &why))
		return -1;
	held_cert(cert_der(own), callmanager);
	cert_free(own);
	lab->clock = clock_fixed(LAB_NOW + 10);
	if (lab_publish(lab, lab->token[1]) || cluster_ctl(lab->c, &ctl1, &why))
		return -1;
	guide = lab_read(lab_source("data/lists/CTLFile.tlv"));
	return lab_teardown(&one);
}

static int group_teardown(void **state)
{
	buf_fini(&ctl0);
	buf_fini(&ctl1);
	buf_fini(&itl);
	buf_fini(&guide);
	return lab_group_teardown(state);
}

static int begin(void **state, int (*lab_begins)(void **state))
{
	static struct test t;
	void *lab = NULL;

	memset(&t, 0, sizeof(t));
	if (lab_begins(&lab))
		return -1;
	t.lab = lab;
	t.now_us = LAB_NOW * INT64_C(1000000);
	*state = &t;
	return held_book_new(&t.book, t.lab->c);
}

static int setup(void **state)
{
	return begin(state, lab_setup);
}

/* TVS vouches for the tokens: a CTL that they signed was published here. */
static int setup_published(void **state)
{
	return begin(state, lab_setup_mixed);
}

static int teardown(void **state)
{
	struct test *t = *state;
	void *lab = t->lab;

	held_book_free(t->book);
	buf_fini(&t->told);
	return lab_teardown(&lab);
}

static void add(struct test *t, const char *device, int model)
{
	const struct device_new d = {.name = device, .model = model};

	assert_int_equal(device_put(t->lab->c, &d, &t->lab->why), 0);
}

static void tell(void *ctx, const char *text)
{
	struct test *t = ctx;

	buf_printf(&t->told, "%s\n", text);
}

static void happen(struct test *t, struct held_event *e)
{
	e->at_us = t->now_us;
	t->now_us += 1000000;
	if (held_take(t->book, e, 1, tell, t, &t->lab->why))
		fail_msg("%s", t->lab->why.text);
}

static void does(struct test *t, enum held_what what, const char *device, const char *host)
{
	struct held_event e = {.what = what};

	snprintf(e.device, sizeof(e.device), "%s", device);
	snprintf(e.host, sizeof(e.host), "%s", host);
	if (what == HELD_TRUSTED) {
		memcpy(e.cert, callmanager, sizeof(e.cert));
		e.roles = LIST_ROLE(TLV_ROLE_CCM_TFTP);
	}
	happen(t, &e);
}

static void gets(struct test *t, const char *device, const char *host, int64_t list,
	const struct buf *content)
{
	struct held_event e = {.what = HELD_OFFERED, .list = list, .content = buf_span(content)};

	snprintf(e.device, sizeof(e.device), "%s", device);
	snprintf(e.host, sizeof(e.host), "%s", host);
	held_digest(e.content, e.digest);
	happen(t, &e);
}

static const char *name_of(const char *digest)
{
	static const struct {
		const struct buf *list;
		const char *name;
	} lists[] = {{&ctl0, "ctl0"}, {&ctl1, "ctl1"}, {&itl, "itl"}, {&guide, "guide"}};
	char md5[HELD_DIGEST];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		held_digest(buf_span(lists[i].list), md5);
		if (strcmp(md5, digest) == 0)
			return lists[i].name;
	}
	return *digest ? digest : "none";
}

static enum err one_row(void *ctx, const struct store_held *h)
{
	static const char *const known[] = {"", "offered", "held", "foreign"};

	buf_printf(ctx, "%s ", known[h->known]);
	if (h->known != STORE_FOREIGN)
		buf_printf(ctx, "%s ", name_of(h->digest));
	return ERR_OK;
}

static void assert_rows(struct test *t, const char *device, const char *expected)
{
	struct buf b = {0};

	assert_int_equal(
		store_held_each(cluster_get_store(t->lab->c), device, one_row, &b, NULL), 0);
	buf_u8(&b, 0);
	assert_string_equal((char *)b.data, expected);
	buf_fini(&b);
}

static enum err keep_evidence(void *ctx, const struct store_held *h)
{
	if (h->known == STORE_HELD && h->list == STORE_CTL)
		buf_strz(ctx, h->evidence);
	return ERR_OK;
}

static void assert_ctl_because(struct test *t, const char *device, const char *words)
{
	struct buf b = {0};

	assert_int_equal(
		store_held_each(cluster_get_store(t->lab->c), device, keep_evidence, &b, NULL), 0);
	assert_true(b.len > 0);
	if (!strstr((char *)b.data, words))
		fail_msg("%s", (char *)b.data);
	buf_fini(&b);
}

static void offered_is_not_held(void **state)
{
	struct test *t = *state;

	add(t, LAB_SEP, 0);
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	gets(t, LAB_SEP, HERE, STORE_ITL, &itl);
	assert_rows(t, LAB_SEP, "offered ctl0 offered itl ");
	/* It came, but proved nothing, and nothing was known of what it held. */
	does(t, HELD_CAME, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "offered ctl0 offered itl ");
	/* A stranger leaves no row. */
	gets(t, LAB_NAME, HERE, STORE_CTL, &ctl0);
	does(t, HELD_TRUSTED, LAB_NAME, HERE);
	assert_rows(t, LAB_NAME, "");
}

static void trust_in_our_key_tells(void **state)
{
	struct test *t = *state;
	struct store_device d;

	add(t, LAB_SEP, 0);
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	gets(t, LAB_SEP, HERE, STORE_ITL, &itl);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held ctl0 offered ctl0 held itl offered itl ");
	assert_ctl_because(t, LAB_SEP, "trusts a key of this system");
	assert_int_equal(store_device_get(cluster_get_store(t->lab->c), LAB_SEP, &d, NULL), 0);
	assert_int_equal(d.last_seen, LAB_NOW + 2);
	/* The next list is signed by the other token, which the held one names. */
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl1);
	assert_rows(t, LAB_SEP, "held ctl0 offered ctl1 offered ctl0 held itl offered itl ");
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held ctl1 offered ctl1 offered ctl0 held itl offered itl ");
	assert_ctl_because(t, LAB_SEP, "its signer is in the CTL that it held");
}

static void what_tvs_does_not_vouch_for_is_not_known(void **state)
{
	struct test *t = *state;

	/* With an ITL of ours that it took before it was added it would refuse this CTL. */
	add(t, LAB_SEP, 0);
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	gets(t, LAB_SEP, HERE, STORE_ITL, &itl);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "offered ctl0 held itl offered itl ");
}

static void who_asks_in_its_name_tells_nothing(void **state)
{
	struct test *t = *state;

	add(t, LAB_SEP, 0);
	/* An administrator compares the file with the phone's. */
	gets(t, LAB_SEP, THERE, STORE_CTL, &ctl0);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "offered ctl0 ");
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held ctl0 offered ctl0 ");
	gets(t, LAB_SEP, THERE, STORE_CTL, &ctl1);
	does(t, HELD_ASKED_CLEAR, LAB_SEP, THERE);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held ctl0 offered ctl1 offered ctl0 ");
}

static void a_list_that_it_refuses_changes_nothing(void **state)
{
	struct test *t = *state;

	add(t, LAB_SEP, 7); /* no ITL, no TVS */
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held ctl0 offered ctl0 ");
	gets(t, LAB_SEP, HERE, STORE_CTL, &guide);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held ctl0 offered guide offered ctl0 ");
}

static void unknown_once_another_list_may_have_been_taken(void **state)
{
	struct test *t = *state;

	/* Its ITL is not known, and may name the signer of what it was offered. */
	add(t, LAB_SEP, 0);
	assert_int_equal(held_put_read(t->lab->c, LAB_SEP, STORE_CTL,
				 "0123456789ABCDEF0123456789abcdef", &t->lab->why),
		0);
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	does(t, HELD_CAME, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "offered ctl0 ");
}

static void the_first_list_is_taken_unverified(void **state)
{
	struct test *t = *state;

	add(t, LAB_SEP, 0);
	does(t, HELD_ASKED_CLEAR, LAB_SEP, HERE);
	does(t, HELD_CAME, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held none held none ");
	gets(t, LAB_SEP, HERE, STORE_CTL, &guide);
	gets(t, LAB_SEP, HERE, STORE_ITL, &itl);
	does(t, HELD_CAME, LAB_SEP, HERE);
	/* It takes whatever comes first, and nothing that this does not name. */
	assert_rows(t, LAB_SEP, "held guide offered guide held none offered itl ");
	assert_ctl_because(t, LAB_SEP, "held none before");
}

static void a_phone_that_refuses_the_first_list_holds_none(void **state)
{
	struct test *t = *state;

	add(t, LAB_SEP, 0);
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	does(t, HELD_ASKED_CLEAR, LAB_SEP, HERE);
	does(t, HELD_CAME, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held none offered ctl0 held none ");
}

static void what_came_before_the_records_is_not_guessed(void **state)
{
	struct test *t = *state;
	const struct store_held before = {
		.device = LAB_SEP, .list = STORE_CTL, .known = STORE_OFFERED, .digest = "?"};

	add(t, LAB_SEP, 0);
	assert_int_equal(store_held_put_many(cluster_get_store(t->lab->c), &before, 1, NULL), 0);
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "offered ctl0 offered ? ");
}

static void trust_that_the_held_list_does_not_explain(void **state)
{
	struct test *t = *state;
	char md5[HELD_DIGEST];

	add(t, LAB_SEP, 7);
	gets(t, "", THERE, STORE_CTL, &guide);
	held_digest(buf_span(&guide), md5);
	assert_int_equal(held_put_read(t->lab->c, LAB_SEP, STORE_CTL, md5, &t->lab->why), 0);
	does(t, HELD_CAME, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held guide ");
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	does(t, HELD_CAME, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held guide offered ctl0 ");
	/* The guide's list does not name our key: it was erased, and took ours. */
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held ctl0 offered ctl0 ");
	assert_ctl_because(t, LAB_SEP, "does not name");
}

static void it_is_written_down_once_an_hour(void **state)
{
	struct test *t = *state;
	struct store *s = cluster_get_store(t->lab->c);
	char digest[HELD_DIGEST];

	add(t, LAB_SEP, 0);
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	held_digest(buf_span(&ctl0), digest);
	assert_int_equal(store_held_forget(s, LAB_SEP, STORE_CTL, STORE_OFFERED, NULL), 0);
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	assert_rows(t, LAB_SEP, "held ctl0 ");
	t->now_us += 3600 * INT64_C(1000000);
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	assert_rows(t, LAB_SEP, "held ctl0 offered ctl0 ");
}

static void assert_told(struct test *t, int times, const char *words)
{
	const char *p;
	int count = 0;

	buf_u8(&t->told, 0);
	for (p = (const char *)t->told.data; (p = strstr(p, "holds another system's trust list"));
		p++)
		count++;
	assert_int_equal(count, times);
	if (words && !strstr((const char *)t->told.data, words))
		fail_msg("%s", (const char *)t->told.data);
	t->told.len--;
}

static void another_systems_list_is_named_once(void **state)
{
	struct test *t = *state;

	add(t, LAB_SEP, 0);
	does(t, HELD_ASKED_SIGNED, LAB_SEP, HERE);
	assert_told(t, 1, LAB_SEP " (" HERE ") holds another system's trust list");
	assert_told(t, 1, "**#, Erase; more with: cadeado explain erase 7961");
	assert_rows(t, LAB_SEP, "foreign ");
	does(t, HELD_ASKED_SIGNED, LAB_SEP, HERE);
	held_book_free(t->book);
	assert_int_equal(held_book_new(&t->book, t->lab->c), 0);
	does(t, HELD_ASKED_SIGNED, LAB_SEP, HERE);
	assert_told(t, 1, NULL);
	/* Erased by hand: it is one of ours. */
	gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
	does(t, HELD_TRUSTED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "held ctl0 offered ctl0 ");
	does(t, HELD_ASKED_SIGNED, LAB_SEP, HERE);
	assert_told(t, 1, NULL);
}

static void a_new_phone_is_not_taken_for_a_strangers(void **state)
{
	struct test *t = *state;
	int i;

	add(t, LAB_SEP, 0);
	for (i = 0; i < 2; i++) {
		gets(t, LAB_SEP, HERE, STORE_CTL, &ctl0);
		does(t, HELD_ASKED_SIGNED, LAB_SEP, HERE);
	}
	assert_told(t, 0, NULL);
	does(t, HELD_CAME, LAB_SEP, HERE);
	for (i = 0; i < 2; i++)
		does(t, HELD_ASKED_SIGNED, LAB_SEP, HERE);
	assert_told(t, 0, NULL);
	/* One that was given our lists, and never does what it is told. */
	add(t, LAB_NAME, 437);
	for (i = 0; i < 5; i++) {
		gets(t, LAB_NAME, THERE, STORE_CTL, &ctl0);
		does(t, HELD_ASKED_SIGNED, LAB_NAME, THERE);
	}
	assert_told(t, 1, LAB_NAME " (" THERE ")");
	assert_told(t, 1, "explain erase 7975");
}

static void strangers_with_a_list_are_named(void **state)
{
	struct test *t = *state;
	char name[16];
	int i;

	does(t, HELD_ASKED_SIGNED, LAB_NAME, THERE);
	does(t, HELD_ASKED_SIGNED, LAB_NAME, THERE);
	assert_told(t, 1, "is no device here");
	/* This one may have taken the list that is everybody's. */
	gets(t, "", HERE, STORE_ITL, &itl);
	does(t, HELD_ASKED_SIGNED, LAB_SEP, HERE);
	assert_told(t, 1, NULL);
	buf_clear(&t->told);
	{
		struct held_event many[100];

		for (i = 0; i < 100; i++) {
			memset(&many[i], 0, sizeof(many[i]));
			many[i].what = HELD_ASKED_SIGNED;
			many[i].at_us = t->now_us;
			snprintf(name, sizeof(name), "SEP%012X", i);
			memcpy(many[i].device, name, sizeof(name));
			snprintf(many[i].host, sizeof(many[i].host), "%s", THERE);
		}
		assert_int_equal(held_take(t->book, many, 100, tell, t, NULL), 0);
	}
	assert_told(t, 8, NULL);
}

static void what_was_read_on_the_phone(void **state)
{
	struct test *t = *state;
	struct cluster *c = t->lab->c;
	char md5[HELD_DIGEST];

	assert_int_equal(held_put_read(c, LAB_SEP, STORE_CTL, "none", &t->lab->why), ERR_NOTFOUND);
	add(t, LAB_SEP, 0);
	assert_int_equal(held_put_read(c, LAB_SEP, STORE_CTL, "12ab", &t->lab->why), ERR_FORMAT);
	assert_int_equal(held_put_read(c, LAB_SEP, STORE_CTL, "none", NULL), 0);
	held_digest(buf_span(&itl), md5);
	assert_int_equal(held_put_read(c, LAB_SEP, STORE_ITL, md5, NULL), 0);
	assert_rows(t, LAB_SEP, "held none held itl ");
	assert_int_equal(held_put_read(c, LAB_SEP, STORE_ITL, "Unknown", NULL), 0);
	assert_rows(t, LAB_SEP, "held none ");
	does(t, HELD_ASKED_SIGNED, LAB_SEP, HERE);
	assert_rows(t, LAB_SEP, "foreign held none ");
	assert_int_equal(held_put_read(c, LAB_SEP, STORE_CTL, "none", NULL), 0);
	assert_rows(t, LAB_SEP, "held none ");
}

static void memory_that_runs_out_loses_no_truth(void **state)
{
	struct test *t = *state;
	struct held_event e = {.what = HELD_OFFERED,
		.device = LAB_SEP,
		.host = HERE,
		.list = STORE_CTL,
		.at_us = LAB_NOW * INT64_C(1000000),
		.content = buf_span(&ctl0)};
	struct fail why = {0};
	enum err err = ERR_NOMEM;

	add(t, LAB_SEP, 0);
	held_digest(e.content, e.digest);
	for (size_t n = 1; err; n++) {
		memset(&why, 0, sizeof(why));
		mem_fail_from(n);
		err = held_take(t->book, &e, 1, tell, t, &why);
		mem_fail_from(0);
		assert_true(!err || err == ERR_NOMEM || why.text[0]);
	}
	assert_rows(t, LAB_SEP, "offered ctl0 ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(offered_is_not_held),
		cmocka_unit_test_setup_teardown(trust_in_our_key_tells, setup_published, teardown),
		TEST(what_tvs_does_not_vouch_for_is_not_known),
		TEST(who_asks_in_its_name_tells_nothing),
		TEST(a_list_that_it_refuses_changes_nothing),
		TEST(unknown_once_another_list_may_have_been_taken),
		TEST(the_first_list_is_taken_unverified),
		TEST(a_phone_that_refuses_the_first_list_holds_none),
		TEST(what_came_before_the_records_is_not_guessed),
		TEST(trust_that_the_held_list_does_not_explain),
		TEST(it_is_written_down_once_an_hour),
		TEST(another_systems_list_is_named_once),
		TEST(a_new_phone_is_not_taken_for_a_strangers),
		TEST(strangers_with_a_list_are_named),
		TEST(what_was_read_on_the_phone),
		TEST(memory_that_runs_out_loses_no_truth),
	};

	return cmocka_run_group_tests_name("core/held", tests, group_setup, group_teardown);
}
