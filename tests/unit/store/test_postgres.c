/* SPDX-License-Identifier: BSD-2-Clause
 * What only a database behind a connection has: a connection that breaks, a server that dies. */
#include "fixture.h"

#include "store/query.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static void password_in_the_url_is_refused_and_not_shown(void **state)
{
	static const char *const urls[] = {"postgresql://cadeado:sesame@localhost/cadeado",
		"postgresql:///cadeado?user=cadeado&password=sesame",
		"postgresql://cadeado:sesame@localhost/cadeado?nonsense=1",
		"postgres://cadeado:sesame@localhost/cadeado"};
	struct fixture *t = *state;
	struct store *s;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		fail_clear(&t->why);
		assert_int_equal(store_open(&s, urls[i], &t->why), ERR_ARG);
		assert_null(s);
		assert_null(strstr(t->why.text, "sesame"));
	}
	fail_clear(&t->why);
	assert_int_equal(store_open(&s, urls[0], &t->why), ERR_ARG);
	assert_non_null(strstr(t->why.text, "passfile="));
}

static void server_that_is_not_there_is_away(void **state)
{
	struct fixture *t = *state;
	char url[128];
	struct store *s;

	snprintf(url, sizeof(url), "postgresql:///cadeado?host=%s", t->folder);
	assert_int_equal(store_open(&s, url, &t->why), ERR_AWAY);
	assert_non_null(strstr(t->why.text, "cannot be reached"));
}

static int64_t count_of(struct store *s)
{
	char value[STORE_TEXT];

	assert_int_equal(store_param_get(s, "count", value, NULL), 0);
	return strtoll(value, NULL, 10);
}

static enum err increment(void *ctx, struct store *s, struct fail *why)
{
	char value[STORE_TEXT];
	enum err err = store_param_get(s, "count", value, why);

	if (err)
		return err;
	snprintf(value, sizeof(value), "%lld", strtoll(value, NULL, 10) + 1);
	err = store_param_set(s, "left", value, why);
	if (!err)
		err = store_param_set(s, "count", value, why);
	return err ? err : store_param_set(s, "right", value, why);
}

/* Counts on for ever and says a byte about each try: done, away, not known, or another error. */
static void write_for_ever(const struct fixture *t, int out)
{
	struct store *s;
	struct fail why;
	char said;
	enum err err;

	if (store_open(&s, t->url, NULL))
		_exit(1);
	for (;;) {
		memset(&why, 0, sizeof(why));
		err = store_transaction(s, increment, NULL, &why);
		said = !err                            ? 'd'
		       : strstr(why.text, "not known") ? 'u'
		       : err == ERR_AWAY               ? 'a'
						       : 'x';
		if (said == 'x')
			fprintf(stderr, "%s: %s\n", err_name(err), why.text);
		if (write(out, &said, 1) != 1)
			_exit(0);
		if (said == 'a')
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

struct writer {
	pid_t pid;
	int in;
	int done, unknown, away, wrong;
};

static void hear(struct writer *w)
{
	char said;

	assert_int_equal(read(w->in, &said, 1), 1);
	w->done += said == 'd';
	w->unknown += said == 'u';
	w->away += said == 'a';
	w->wrong += said == 'x';
}

static void start_writer(struct writer *w, const struct fixture *t)
{
	int pipes[2];

	memset(w, 0, sizeof(*w));
	assert_int_equal(pipe(pipes), 0);
	w->pid = fork();
	if (w->pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		close(pipes[0]);
		write_for_ever(t, pipes[1]);
	}
	close(pipes[1]);
	w->in = pipes[0];
}

static void end_writer(struct writer *w)
{
	char said;
	int status;

	/* What it did before it is stopped is heard to the end. */
	kill(w->pid, SIGSTOP);
	waitpid(w->pid, &status, WUNTRACED);
	kill(w->pid, SIGKILL);
	waitpid(w->pid, &status, 0);
	while (read(w->in, &said, 1) == 1) {
		w->done += said == 'd';
		w->unknown += said == 'u';
	}
	close(w->in);
}

static void hear_done(struct writer *w, int more)
{
	for (more += w->done; w->done < more;)
		hear(w);
}

static void hear_away(struct writer *w)
{
	for (int before = w->away; w->away < before + 3;)
		hear(w);
}

static void check_counts(struct fixture *t, const struct writer *w)
{
	struct store *s = fixture_opened(t);
	char left[STORE_TEXT], right[STORE_TEXT];
	int64_t count = count_of(s);

	assert_int_equal(w->wrong, 0);
	/* The last one may have been done without being said. */
	assert_in_range(count, w->done, w->done + w->unknown + 1);
	assert_int_equal(store_param_get(s, "left", left, NULL), 0);
	assert_int_equal(store_param_get(s, "right", right, NULL), 0);
	assert_string_equal(left, right);
	assert_int_equal(strtoll(left, NULL, 10), count);
	store_close(s);
}

static void set_count(struct fixture *t)
{
	struct store *s = fixture_opened(t);

	assert_int_equal(store_param_set(s, "count", "0", NULL), 0);
	store_close(s);
}

static void server_is_stopped_and_started_under_writes(void **state)
{
	struct fixture *t = *state;
	struct writer w;

	set_count(t);
	start_writer(&w, t);
	for (int i = 0; i < 3; i++) {
		hear_done(&w, 50);
		postgres_stop(&fixture_server);
		hear_away(&w);
		postgres_start(&fixture_server);
	}
	hear_done(&w, 50);
	end_writer(&w);
	check_counts(t, &w);
}

static void server_killed_in_mid_write_comes_back_whole(void **state)
{
	struct fixture *t = *state;
	struct writer w;

	set_count(t);
	start_writer(&w, t);
	for (int i = 0; i < 3; i++) {
		hear_done(&w, 20 + 7 * i);
		postgres_kill(&fixture_server);
		hear_away(&w);
		postgres_start(&fixture_server);
	}
	hear_done(&w, 50);
	end_writer(&w);
	check_counts(t, &w);
}

static void while_it_is_away_every_call_says_so(void **state)
{
	struct fixture *t = *state;
	struct store *s = fixture_opened(t);
	struct store_device d = {.name = "SEP0011215A1AE3"};
	char value[STORE_TEXT];

	assert_int_equal(store_param_set(s, "a", "1", NULL), 0);
	postgres_stop(&fixture_server);
	for (int i = 0; i < 100; i++) {
		fail_clear(&t->why);
		assert_int_equal(store_param_get(s, "a", value, &t->why), ERR_AWAY);
		assert_non_null(strstr(t->why.text, "PostgreSQL cannot be reached: "));
		assert_int_equal(store_device_put(s, &d, NULL), ERR_AWAY);
		assert_int_equal(store_device_get(s, d.name, &d, NULL), ERR_AWAY);
	}
	postgres_start(&fixture_server);
	while (store_param_get(s, "a", value, NULL) == ERR_AWAY)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	assert_string_equal(value, "1");
	assert_int_equal(store_device_put(s, &d, NULL), 0);
	store_close(s);
}

/* Nothing comes and nothing breaks: the first call gives up after a while, the others do not wait
 * for a connection that is not made. */
static void silent_server_is_given_up(void **state)
{
	struct fixture *t = *state;
	struct store *s = fixture_opened(t);
	char value[STORE_TEXT];

	assert_int_equal(store_param_set(s, "a", "1", NULL), 0);
	postgres_pause(&fixture_server);
	for (int i = 0; i < 5; i++) {
		fail_clear(&t->why);
		assert_int_equal(store_param_get(s, "a", value, &t->why), ERR_AWAY);
		assert_non_null(strstr(t->why.text, "no answer"));
	}
	postgres_resume(&fixture_server);
	while (store_param_get(s, "a", value, NULL) == ERR_AWAY)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	assert_string_equal(value, "1");
	store_close(s);
}

static void restart_between_two_calls_is_not_noticed(void **state)
{
	struct fixture *t = *state;
	struct store *s = fixture_opened(t);
	struct store_device d = {.name = "SEP0011215A1AE3"};

	assert_int_equal(store_device_put(s, &d, NULL), 0);
	postgres_stop(&fixture_server);
	postgres_start(&fixture_server);
	assert_int_equal(store_device_get(s, d.name, &d, &t->why), 0);
	postgres_stop(&fixture_server);
	postgres_start(&fixture_server);
	d.version = 9;
	assert_int_equal(store_device_put(s, &d, &t->why), 0);
	assert_int_equal(store_device_get(s, d.name, &d, NULL), 0);
	assert_int_equal(d.version, 9);
	store_close(s);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int sig)
{
	alarms++;
}

/* A signal in the middle of waiting is no lost connection. */
static void signals_do_not_break_the_connection(void **state)
{
	struct fixture *t = *state;
	const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	struct sigaction sa = {.sa_handler = count_alarm}, before;
	struct store *s = fixture_opened(t);

	assert_int_equal(store_param_set(s, "count", "0", NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &sa, &before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (int i = 0; i < 200 || alarms < 50; i++)
		if (store_transaction(s, increment, NULL, &t->why))
			fail_msg("%s", t->why.text);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	store_close(s);
}

/* Between the store and the server; cuts the connection at the second COMMIT: the first one is of
 * the opening. */
struct proxy {
	char folder[64];
	pid_t pid;
	bool forward; /* the COMMIT still reaches the server */
	int *commits; /* seen so far; shared with its process */
};

static int server_socket(const struct postgres_server *server)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/.s.PGSQL.5432", server->folder);
	return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ? fd : -1;
}

/* False at the end of the connection. */
static bool pass(int from, int to, const struct proxy *p, bool *cut)
{
	char bytes[65536];
	ssize_t len = read(from, bytes, sizeof(bytes));

	if (len <= 0)
		return false;
	if (p && memmem(bytes, (size_t)len, "COMMIT", 6))
		*cut = ++*p->commits == 2;
	return (*cut && !p->forward) || write(to, bytes, (size_t)len) == len;
}

static void serve_proxy(const struct proxy *p, int listener)
{
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	bool cut, open;
	char bytes[65536];

	for (;;) {
		fds[0].fd = accept(listener, NULL, NULL);
		fds[1].fd = server_socket(&fixture_server);
		cut = false;
		for (open = fds[0].fd >= 0 && fds[1].fd >= 0; open && !cut;) {
			if (poll(fds, 2, -1) < 0)
				_exit(1);
			if (fds[0].revents)
				open = pass(fds[0].fd, fds[1].fd, p, &cut);
			else
				open = pass(fds[1].fd, fds[0].fd, NULL, &cut);
		}
		/* When the server answers it has done it; nobody hears it. */
		if (cut && p->forward && read(fds[1].fd, bytes, sizeof(bytes)) <= 0)
			_exit(2);
		close(fds[0].fd);
		close(fds[1].fd);
	}
}

static void start_proxy(struct proxy *p, const struct fixture *t)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	p->commits = mmap(NULL, sizeof(*p->commits), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p->commits, MAP_FAILED);
	snprintf(p->folder, sizeof(p->folder), "%s", t->folder);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/.s.PGSQL.5432", p->folder);
	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	assert_int_equal(listen(fd, 5), 0);
	p->pid = fork();
	if (p->pid == 0)
		serve_proxy(p, fd);
	close(fd);
}

static void commit_that_is_cut(struct fixture *t, bool forward)
{
	struct proxy p = {.forward = forward};
	struct store *direct, *s;
	char url[160];
	int status;

	set_count(t);
	start_proxy(&p, t);
	snprintf(url, sizeof(url), "postgresql:///postgres?host=%s&user=cadeado&sslmode=disable",
		p.folder);
	if (store_open(&s, url, &t->why))
		fail_msg("%s", t->why.text);
	assert_int_equal(*p.commits, 1);
	assert_int_equal(store_transaction(s, increment, NULL, &t->why), 0);
	store_close(s);
	/* Cut at the second; done again when that had not reached the server. */
	assert_int_equal(*p.commits, forward ? 2 : 3);
	direct = fixture_opened(t);
	assert_int_equal(count_of(direct), 1);
	store_close(direct);
	kill(p.pid, SIGKILL);
	waitpid(p.pid, &status, 0);
	munmap(p.commits, sizeof(*p.commits));
}

static void commit_whose_answer_is_lost_counts_once(void **state)
{
	commit_that_is_cut(*state, true);
}

static void commit_that_is_lost_is_done_again(void **state)
{
	commit_that_is_cut(*state, false);
}

static void copy_is_left_to_postgresql(void **state)
{
	struct fixture *t = *state;
	struct store *s = fixture_opened(t);

	assert_int_equal(store_copy(s, t->path, &t->why), ERR_UNSUPPORTED);
	assert_non_null(strstr(t->why.text, "pg_dump"));
	assert_int_equal(access(t->path, F_OK), -1);
	store_close(s);
}

#define TEST(f) FIXTURE_ON(f, fixture_setup, "postgres")

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(password_in_the_url_is_refused_and_not_shown),
		TEST(server_that_is_not_there_is_away),
		TEST(server_is_stopped_and_started_under_writes),
		TEST(server_killed_in_mid_write_comes_back_whole),
		TEST(while_it_is_away_every_call_says_so),
		TEST(silent_server_is_given_up),
		TEST(restart_between_two_calls_is_not_noticed),
		TEST(signals_do_not_break_the_connection),
		TEST(commit_whose_answer_is_lost_counts_once),
		TEST(commit_that_is_lost_is_done_again),
		TEST(copy_is_left_to_postgresql),
	};

	return cmocka_run_group_tests_name(
		"store/postgres", tests, fixture_start_server, fixture_remove_server);
}
