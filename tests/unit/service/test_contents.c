/* SPDX-License-Identifier: BSD-2-Clause
 * What is kept of the files that names stand for, and when it is asked for anew. */
#include "rig.h"

#include "base/file.h"
#include "base/mem.h"
#include "service/contents.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLAIN   RIG_DEVICE ".cnf.xml"
#define OTHER   "SEP0011215A1AE4"
#define JOBS    128
#define SETTLED 60000 /* microseconds, after which the time of a file's change counts */

struct job_of {
	void (*work)(void *job);
	void (*done)(void *job);
	void *job;
};

/* Keeps jobs in their order until the test runs them. */
struct lab {
	struct executor executor; /* first */
	struct job_of jobs[JOBS];
	unsigned count;
	struct rig rig;
	struct contents *c;
	struct clock clock;
};

static enum err keep(
	struct executor *x, void (*work)(void *job), void (*done)(void *job), void *job)
{
	struct lab *l = (struct lab *)x;

	if (l->count == JOBS)
		return ERR_LIMIT;
	l->jobs[l->count++] = (struct job_of){work, done, job};
	return ERR_OK;
}

/* The oldest job's work and answer. */
static void run(struct lab *l)
{
	struct job_of j = l->jobs[0];

	assert_true(l->count > 0);
	memmove(l->jobs, l->jobs + 1, --l->count * sizeof(j));
	j.work(j.job);
	j.done(j.job);
}

struct asker {
	struct contents_wait wait;
	struct content *content;
	enum err err;
	unsigned answers;
};

static void on_answer(
	struct contents_wait *w, enum err err, struct content *content, const struct fail *why)
{
	struct asker *a = (struct asker *)w;

	a->answers++;
	a->err = err;
	a->content = content;
}

static void ask(struct lab *l, struct asker *a, const char *name)
{
	enum err err;

	memset(a, 0, sizeof(*a));
	a->wait.done = on_answer;
	contents_look(l->c);
	err = contents_get(l->c, name, &a->content, &a->wait);
	if (!err)
		return;
	assert_int_equal(err, ERR_NOTFOUND);
	a->err = err;
	a->answers++;
}

static void drop(struct asker *a)
{
	content_drop(a->content);
	a->content = NULL;
}

/* Asks until it is known without a job: the first request makes the node's ITL, too. */
static void learn(struct lab *l, const char *name)
{
	struct asker a;
	bool known = false;
	int i;

	for (i = 0; i < 3 && !known; i++) {
		usleep(SETTLED);
		ask(l, &a, name);
		known = !l->count;
		while (l->count)
			run(l);
		assert_non_null(a.content);
		drop(&a);
	}
	assert_true(known);
}

static bool says(const struct asker *a, const char *text)
{
	return a->content &&
	       memmem(a->content->bytes.data, a->content->bytes.len, text, strlen(text));
}

static void change(struct lab *l, const char *name, const char *number)
{
	const struct device_new d = {.name = name, .number = number, .profile = "Non Secure"};
	struct fail why = {0};

	assert_int_equal(device_put(l->rig.cluster, &d, &why), ERR_OK);
}

static int setup(void **state)
{
	static struct lab l;

	memset(&l, 0, sizeof(l));
	rig_init(&l.rig, "Non Secure");
	l.executor.run = keep;
	l.rig.env.blocking = &l.executor;
	assert_int_equal(contents_new(&l.c, &l.rig.env), ERR_OK);
	*state = &l;
	return 0;
}

static int teardown(void **state)
{
	struct lab *l = *state;

	contents_free(l->c);
	while (l->count)
		run(l);
	rig_fini(&l->rig);
	return 0;
}

/* A phone that was seen, or offered something, changes no file: one question for all that wait. */
static void commits_that_change_no_file_cost_one_question(void **state)
{
	struct lab *l = *state;
	struct asker first, second, third;
	struct content *before;

	change(l, OTHER, "1002");
	learn(l, PLAIN);
	learn(l, OTHER ".cnf.xml");
	ask(l, &first, PLAIN);
	before = first.content;
	drop(&first);
	assert_int_equal(device_seen(l->rig.cluster, RIG_DEVICE, NULL), ERR_OK);
	ask(l, &first, PLAIN);
	ask(l, &second, OTHER ".cnf.xml");
	ask(l, &third, PLAIN);
	assert_int_equal(l->count, 1);
	assert_int_equal(first.answers + second.answers + third.answers, 0);
	run(l);
	assert_int_equal(l->count, 0);
	assert_int_equal(first.answers + second.answers + third.answers, 3);
	assert_ptr_equal(first.content, before);
	assert_ptr_equal(third.content, before);
	drop(&first);
	drop(&second);
	drop(&third);
	/* Whoever asks next is answered at once, when the commit is old enough. */
	usleep(SETTLED);
	ask(l, &first, PLAIN);
	if (l->count)
		run(l);
	drop(&first);
	ask(l, &first, PLAIN);
	assert_int_equal(l->count, 0);
	assert_ptr_equal(first.content, before);
	drop(&first);
}

static void change_is_in_the_next_answer(void **state)
{
	struct lab *l = *state;
	struct asker a;

	learn(l, PLAIN);
	change(l, RIG_DEVICE, "1077");
	ask(l, &a, PLAIN);
	run(l);
	assert_int_equal(a.answers, 0);
	run(l);
	assert_true(says(&a, "<versionStamp>{2-"));
	drop(&a);
}

/* Even when it comes between the question and its answer. */
static void change_while_it_is_asked(void **state)
{
	struct lab *l = *state;
	struct asker early, late;
	struct job_of check;

	learn(l, PLAIN);
	assert_int_equal(device_seen(l->rig.cluster, RIG_DEVICE, NULL), ERR_OK);
	ask(l, &early, PLAIN);
	check = l->jobs[--l->count];
	check.work(check.job);
	change(l, RIG_DEVICE, "1077");
	ask(l, &late, PLAIN);
	check.done(check.job);
	assert_true(says(&early, "<versionStamp>{1-"));
	while (l->count)
		run(l);
	assert_true(says(&late, "<versionStamp>{2-"));
	drop(&early);
	drop(&late);
}

/* An order that lapses changes what the file says, and nobody commits anything. */
static void time_changes_answers(void **state)
{
	struct lab *l = *state;
	const struct device d = rig_device(&l->rig);
	struct asker a;

	l->clock = clock_fixed(d.operation_by);
	l->rig.env.clock = &l->clock;
	learn(l, PLAIN);
	l->clock = clock_fixed(d.operation_by + 1);
	ask(l, &a, PLAIN);
	assert_null(a.content);
	assert_int_equal(l->count, 1);
	run(l);
	assert_non_null(a.content);
	drop(&a);
}

static void it_ends_while_a_question_is_out(void **state)
{
	struct lab *l = *state;
	struct asker a;

	learn(l, PLAIN);
	assert_int_equal(device_seen(l->rig.cluster, RIG_DEVICE, NULL), ERR_OK);
	ask(l, &a, PLAIN);
	contents_cancel(&a.wait);
	contents_free(l->c);
	l->c = NULL;
	run(l);
	assert_int_equal(a.answers, 0);
}

static void it_ends_and_nothing_comes_back(void **state)
{
	struct lab *l = *state;
	struct asker a, b;

	learn(l, PLAIN);
	assert_int_equal(device_seen(l->rig.cluster, RIG_DEVICE, NULL), ERR_OK);
	ask(l, &a, PLAIN);
	ask(l, &b, "none");
	assert_int_equal(l->count, 2);
	contents_cancel(&a.wait);
	contents_cancel(&b.wait);
	l->count = 0;
	l->rig.env.blocking = NULL;
	contents_free(l->c);
	l->c = NULL;
}

/* Where jobs cannot be started, everybody is told. */
static void no_room_for_jobs(void **state)
{
	struct lab *l = *state;
	struct asker a;

	learn(l, PLAIN);
	assert_int_equal(device_seen(l->rig.cluster, RIG_DEVICE, NULL), ERR_OK);
	l->count = JOBS;
	ask(l, &a, PLAIN);
	assert_int_equal(a.answers, 1);
	assert_int_equal(a.err, ERR_LIMIT);
	assert_null(a.content);
	l->count = 0;
}

/* Each spelling of a signed file is a file of its own; sessions that never end hold them. */
static void large_files_in_many_spellings(void **state)
{
	enum { LARGE = 60 << 20, FIT = CONTENTS_HELD_MAX / LARGE };
	static const char *const spelled[FIT + 1] = {
		"Big.jar.sgn", "bIg.jar.sgn", "biG.jar.sgn", "BIg.jar.sgn", "bIG.jar.sgn"};
	struct lab *l = *state;
	struct asker large[FIT + 1], small;
	char *path = cluster_path(l->rig.cluster, "tftp", "big.jar");
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), LARGE), 0);
	fclose(f);
	mem_free(path);
	for (int i = 0; i <= FIT; i++) {
		ask(l, &large[i], spelled[i]);
		while (l->count)
			run(l);
		assert_int_equal(large[i].answers, 1);
		assert_int_equal(large[i].err, i < FIT ? ERR_OK : ERR_LIMIT);
	}
	ask(l, &small, PLAIN);
	while (l->count)
		run(l);
	assert_int_equal(small.err, ERR_OK);
	drop(&small);
	drop(&large[0]);
	ask(l, &large[FIT], spelled[FIT]);
	while (l->count)
		run(l);
	assert_int_equal(large[FIT].err, ERR_OK);
	for (int i = 1; i <= FIT; i++)
		drop(&large[i]);
}

/* --- many that ask for what is not there --- */

#define STRANGERS 300u

struct crowd {
	struct asker askers[STRANGERS];
	char names[STRANGERS][32];
};

static void ask_all(struct lab *l, struct crowd *w, const char *suffix)
{
	for (unsigned i = 0; i < STRANGERS; i++) {
		snprintf(w->names[i], sizeof(w->names[i]), "SEP0022%08X%s", i, suffix);
		ask(l, &w->askers[i], w->names[i]);
	}
}

/* Jobs on their way to the executor are few, whatever is asked for; a known phone passes by all
 * that wait, and those are told without a job each as soon as it is known which phones there are.
 */
static void strangers_delay_no_phone(void **state)
{
	static struct crowd w;
	struct lab *l = *state;
	struct asker a, stranger;
	unsigned i, told = 0, jobs = 0;

	change(l, OTHER, "1002");
	learn(l, PLAIN);
	ask_all(l, &w, ".cnf.xml");
	/* Those that were pressing, the first of those that wait, and the question. */
	assert_int_equal(l->count, CONTENTS_PRESSED + CONTENTS_LATER_JOBS + 1);
	for (; l->count; jobs++)
		run(l);
	assert_true(jobs < STRANGERS / 2);
	for (i = 0; i < STRANGERS; i++) {
		assert_int_equal(w.askers[i].answers, 1);
		assert_int_equal(w.askers[i].err, ERR_NOTFOUND);
		told += w.askers[i].content == NULL;
	}
	assert_int_equal(told, STRANGERS);
	/* From then on no job at all, and the same is said as by one. */
	memset(&stranger, 0, sizeof(stranger));
	stranger.wait.done = on_answer;
	contents_look(l->c);
	assert_int_equal(
		contents_get(l->c, "ctlsep002300000001.TLV", &stranger.content, &stranger.wait),
		ERR_NOTFOUND);
	assert_non_null(stranger.wait.absence);
	assert_true(stranger.wait.absence->unknown_device);
	assert_string_equal(stranger.wait.absence->device, "SEP002300000001");
	assert_non_null(strstr(stranger.wait.absence->text, "cadeado device add SEP002300000001"));
	assert_int_equal(stranger.answers + l->count, 0);
	/* Names that say nothing of a phone fill the queue; the phone's is next all the same. */
	for (i = 0; i < STRANGERS; i++) {
		snprintf(w.names[i], sizeof(w.names[i]), "file%u", i);
		ask(l, &w.askers[i], w.names[i]);
	}
	assert_int_equal(l->count, CONTENTS_PRESSED + CONTENTS_LATER_JOBS);
	ask(l, &a, OTHER ".cnf.xml");
	assert_int_equal(l->count, CONTENTS_PRESSED + CONTENTS_LATER_JOBS + 1);
	for (i = 0; i < CONTENTS_PRESSED + CONTENTS_LATER_JOBS + 1; i++)
		run(l);
	assert_non_null(a.content);
	drop(&a);
	while (l->count)
		run(l);
	for (i = 0; i < STRANGERS; i++)
		assert_int_equal(w.askers[i].err, ERR_NOTFOUND);
}

/* Also when they come one after another: then it is read once which phones there are. */
static void strangers_in_a_row(void **state)
{
	char name[32];
	struct lab *l = *state;
	struct asker a;
	unsigned i, jobs = 0;

	learn(l, PLAIN);
	for (i = 0; i < STRANGERS; i++) {
		snprintf(name, sizeof(name), "SEP0022%08X.cnf.xml", i);
		ask(l, &a, name);
		for (; l->count; jobs++)
			run(l);
		assert_int_equal(a.answers, 1);
		assert_int_equal(a.err, ERR_NOTFOUND);
	}
	assert_int_equal(jobs, CONTENTS_PRESSED + 1);
}

/* A phone that is added is no stranger from the next request on, whoever asked before. */
static void a_stranger_is_added(void **state)
{
	static struct crowd w;
	struct lab *l = *state;
	struct asker before, after, still;

	learn(l, PLAIN);
	ask_all(l, &w, ".cnf.xml.sgn");
	while (l->count)
		run(l);
	/* When something else was written, one question is for all that wait. */
	assert_int_equal(device_seen(l->rig.cluster, RIG_DEVICE, NULL), ERR_OK);
	ask_all(l, &w, ".cnf.xml");
	assert_int_equal(l->count, CONTENTS_PRESSED + 1);
	while (l->count)
		run(l);
	for (unsigned i = 0; i < STRANGERS; i++)
		assert_int_equal(w.askers[i].err, ERR_NOTFOUND);
	ask(l, &before, OTHER ".cnf.xml");
	ask(l, &still, "SEP002300000001.cnf.xml");
	while (l->count)
		run(l);
	assert_int_equal(before.err, ERR_NOTFOUND);
	assert_int_equal(still.err, ERR_NOTFOUND);
	change(l, OTHER, "1002");
	ask(l, &after, OTHER ".cnf.xml");
	ask(l, &still, "SEP002300000001.cnf.xml");
	while (l->count)
		run(l);
	assert_non_null(after.content);
	assert_int_equal(still.err, ERR_NOTFOUND);
	drop(&after);
}

/* One phone's own list in tftp/ is served whether the phone is known or not. */
static void a_list_of_its_own(void **state)
{
	static struct crowd w;
	static const uint8_t none[] = "no list";
	struct lab *l = *state;
	struct asker a;
	char *path = cluster_path(l->rig.cluster, "tftp", "CTLSEP002200000007.tlv");
	struct fail why = {0};

	learn(l, PLAIN);
	ask_all(l, &w, ".cnf.xml");
	while (l->count)
		run(l);
	assert_int_equal(
		file_replace(path, span_of(none, sizeof(none)), 0644, FILE_NOSYNC, &why), ERR_OK);
	mem_free(path);
	ask(l, &a, "CTLSEP002200000007.tlv");
	assert_true(l->count > 0);
	while (l->count)
		run(l);
	/* Damaged, and not: not there. */
	assert_int_equal(a.err, ERR_NOTNOW);
	usleep(SETTLED);
	ask_all(l, &w, ".cnf.xml");
	while (l->count)
		run(l);
	ask(l, &a, "CTLSEP002200000007.tlv");
	assert_int_equal(l->count, 1);
	run(l);
	assert_int_equal(a.err, ERR_NOTNOW);
}

static void it_ends_while_many_wait(void **state)
{
	static struct crowd w;
	struct lab *l = *state;

	ask_all(l, &w, ".cnf.xml");
	for (unsigned i = 0; i < STRANGERS; i++)
		contents_cancel(&w.askers[i].wait);
	contents_free(l->c);
	l->c = NULL;
	while (l->count)
		run(l);
	for (unsigned i = 0; i < STRANGERS; i++)
		assert_int_equal(w.askers[i].answers, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commits_that_change_no_file_cost_one_question),
		TEST(change_is_in_the_next_answer),
		TEST(change_while_it_is_asked),
		TEST(time_changes_answers),
		TEST(it_ends_while_a_question_is_out),
		TEST(it_ends_and_nothing_comes_back),
		TEST(no_room_for_jobs),
		TEST(large_files_in_many_spellings),
		TEST(strangers_delay_no_phone),
		TEST(strangers_in_a_row),
		TEST(a_stranger_is_added),
		TEST(a_list_of_its_own),
		TEST(it_ends_while_many_wait),
	};

	return cmocka_run_group_tests_name("service/contents", tests, NULL, NULL);
}
