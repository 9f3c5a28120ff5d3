/* SPDX-License-Identifier: BSD-2-Clause
 * cadeado device capf watch: certificate operations, step by step. The daemon keeps the steps in
 * its memory and is asked for the new ones again and again; now and then everything is read anew,
 * for orders that others give meanwhile. */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/admin.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS     (250 * 1000000l) /* between two questions about new steps */
#define ALL_EVERY   20               /* of which one is about everything, */
#define PHONES_MORE 50 /* one question later for so many phones: it takes the daemon time */
#define ROWS        24 /* of a terminal that does not say */
#define COLUMNS     80
#define MARGIN      4 /* rows that are not for phones */

struct phone {
	char name[16];
	char step[64], note[128], address[64];
	int64_t since; /* seconds since 1970; 0 not known */
	bool active;   /* it is at CAPF now, or was told to come */
	bool ended, good, seen;
};

struct watch {
	const struct cli *cli;
	const char *chosen; /* NULL: all whose operation goes on */
	bool follow, screen;
	struct phone *phones;
	size_t count, room;
	char cursor[COMMAND_CURSOR];
	int drawn; /* rows on the terminal that are ours */
	bool changed, away;
	time_t drawn_at;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* Where it stands among the others, or would. */
static size_t place_of(const struct watch *w, const char *name)
{
	size_t low = 0, high = w->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(w->phones[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct phone *phone_of(struct watch *w, const char *name)
{
	size_t at = place_of(w, name);

	return at < w->count && strcmp(w->phones[at].name, name) == 0 ? &w->phones[at] : NULL;
}

static struct phone *phone_add(struct watch *w, const char *name)
{
	size_t room = w->room ? 2 * w->room : 64, at;
	struct phone *phones;

	if (w->count == w->room) {
		phones = mem_resize(w->phones, room * sizeof(*phones));
		if (!phones)
			return NULL;
		w->phones = phones;
		w->room = room;
	}
	at = place_of(w, name);
	memmove(w->phones + at + 1, w->phones + at, (w->count++ - at) * sizeof(*w->phones));
	memset(&w->phones[at], 0, sizeof(*w->phones));
	str_copy(w->phones[at].name, sizeof(w->phones[at].name), name);
	return &w->phones[at];
}

/* --- lines, for pipes and programs --- */

static void put_printable(const char *text)
{
	struct buf out = {0};

	str_printable(&out, span_str(text));
	printf("%.*s", (int)out.len, out.len ? (const char *)out.data : "");
	buf_fini(&out);
}

static void print_line(const struct watch *w, const struct phone *p, const struct json *row)
{
	struct buf out = {0};
	char at[CLOCK_DATE_MAX] = "-";

	if (w->screen)
		return;
	if (w->cli->json) {
		if (json_write(&out, row, false) == ERR_OK)
			printf("%.*s\n", (int)out.len, (const char *)out.data);
		buf_fini(&out);
	} else {
		if (p->since)
			clock_print_iso(at, p->since);
		printf("%-20s %s %s%s%s", at, p->name, p->step, p->address[0] ? " " : "",
			p->address);
		if (p->note[0]) {
			printf(": ");
			put_printable(p->note);
		}
		printf("\n");
	}
	fflush(stdout);
}

/* --- a table, for a terminal --- */

static int rank(const struct phone *p)
{
	return p->active ? 0 : p->ended ? p->good ? 3 : 1 : 2;
}

static int by_interest(const void *a, const void *b)
{
	const struct phone *const *x = a, *const *y = b;
	int order = rank(*x) - rank(*y);

	return order ? order : strcmp((*x)->name, (*y)->name);
}

static void duration(int64_t since, char out[24])
{
	long long s = (long long)(clock_seconds(clock_system()) - since);

	if (!since || s < 0)
		out[0] = '\0';
	else if (s < 120)
		snprintf(out, 24, " for %lld s", s);
	else if (s < 7200)
		snprintf(out, 24, " for %lld min", s / 60);
	else
		snprintf(out, 24, " for %lld h", s / 3600);
}

static void draw_one(const struct phone *p, int columns)
{
	struct buf line = {0}, shown = {0};
	char length[24] = "";

	if (p->active)
		duration(p->since, length);
	buf_printf(&line, "%s  %s%s%s%s%s%s", p->name, p->step, length, p->address[0] ? "  " : "",
		p->address, p->note[0] ? ": " : "", p->note);
	str_printable(&shown, buf_span(&line));
	printf("%.*s\n", shown.len < (size_t)columns ? (int)shown.len : columns,
		(const char *)shown.data);
	buf_fini(&line);
	buf_fini(&shown);
}

static void draw(struct watch *w)
{
	struct winsize size = {.ws_row = 0};
	const struct phone **order;
	size_t counts[4] = {0}, i, most;

	if (!w->screen)
		return;
	order = w->count ? mem_new(w->count * sizeof(*order)) : NULL;
	if (w->count && !order)
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 2 * MARGIN)
		size = (struct winsize){.ws_row = ROWS, .ws_col = COLUMNS};
	most = (size_t)(size.ws_row - MARGIN);
	for (i = 0; i < w->count; i++) {
		order[i] = &w->phones[i];
		counts[rank(order[i])]++;
	}
	if (w->count)
		qsort(order, w->count, sizeof(*order), by_interest);
	if (w->drawn)
		printf("\033[%dA", w->drawn);
	printf("\r\033[J%zu phones: %zu at CAPF or on the way, %zu pending, %zu done, %zu failed%s\n",
		w->count, counts[0], counts[2], counts[3], counts[1],
		w->away ? " (the daemon is away)" : "");
	w->drawn = 1;
	for (i = 0; i < w->count && i < most; i++, w->drawn++)
		draw_one(order[i], size.ws_col ? size.ws_col - 1 : COLUMNS);
	if (w->count > most) {
		printf("... and %zu more\n", w->count - most);
		w->drawn++;
	}
	fflush(stdout);
	w->drawn_at = time(NULL);
	w->changed = false;
	mem_free(order);
}

/* --- answers --- */

static int64_t time_of(const struct json *row, const char *key)
{
	const char *text = json_get_str(row, key);
	int64_t when = 0;

	return text && *text && clock_parse(text, &when) == ERR_OK ? when : 0;
}

static void copy(char *to, size_t size, const struct json *row, const char *key)
{
	const char *text = json_get_str(row, key);

	snprintf(to, size, "%.*s", (int)size - 1, text ? text : "");
}

/* A step that the daemon saw. */
static void take_step(struct watch *w, const struct json *row)
{
	const char *name = json_get_str(row, "name");
	struct phone *p = name ? phone_of(w, name) : NULL;

	if (name && !p && !w->chosen)
		p = phone_add(w, name);
	if (!p)
		return;
	copy(p->step, sizeof(p->step), row, "step");
	copy(p->note, sizeof(p->note), row, "note");
	copy(p->address, sizeof(p->address), row, "address");
	p->since = time_of(row, "at");
	p->ended = json_get_bool(row, "ended");
	p->good = json_get_bool(row, "good");
	p->active = !p->ended && !json_get_str(row, "status");
	print_line(w, p, row);
	w->changed = true;
}

static bool is_good(const char *status)
{
	size_t len = strlen(status), tail = strlen("Success");

	return len > tail && strcmp(status + len - tail, "Success") == 0;
}

/* A phone as the store has it. What is pending shows its last failure, if there was one. */
static void take_row(struct watch *w, const struct json *row)
{
	const char *name = json_get_str(row, "name"), *step = json_get_str(row, "step"),
		   *operation = json_get_str(row, "operation"),
		   *status = json_get_str(row, "status");
	struct phone *p = name ? phone_of(w, name) : NULL;
	bool over = operation && strcmp(operation, "No Pending Operation") == 0, pending;
	char before[sizeof(p->step)];

	if (!name || !step || !status || (!p && over && w->chosen))
		return;
	if (!p && !(p = phone_add(w, name)))
		return;
	p->seen = true;
	if (over ? p->ended : p->ended && time_of(row, "since") <= p->since)
		return;
	str_copy(before, sizeof(before), p->step);
	pending = strcmp(step, "pending") == 0;
	over = over || json_get_bool(row, "tooLate");
	snprintf(p->step, sizeof(p->step), "%.40s",
		over || (pending && strcmp(status, "Operation Pending") != 0) ? status : step);
	if (json_get_bool(row, "tooLate"))
		str_copy(p->step, sizeof(p->step), "its time is over");
	copy(p->note, sizeof(p->note), row, "note");
	copy(p->address, sizeof(p->address), row, "address");
	p->since = time_of(row, "since");
	p->ended = over;
	p->good = over && is_good(status);
	p->active = !over && !pending;
	if (strcmp(before, p->step) != 0) {
		print_line(w, p, row);
		w->changed = true;
	}
}

/* --- questions --- */

static enum err ask(struct watch *w, const char *phones, const char *after,
	struct command_reply *reply, struct fail *why)
{
	struct json *args = json_object_new();
	const char *cursor;
	enum err err;

	if (phones)
		json_set_str(args, "phones", phones);
	if (after)
		json_set_str(args, "after", after);
	err = client_admin_run(w->cli->state, command_named("device capf show"), args,
		CLIENT_ADMIN_US, reply, why);
	json_free(args);
	if (!err && reply->exit != COMMAND_GOOD)
		err = fail_set(why, ERR_NOTNOW, "%s", reply->why.text);
	cursor = err ? NULL : json_get_str(reply->data, "cursor");
	if (cursor && (after || !phones || phones == w->chosen))
		str_copy(w->cursor, sizeof(w->cursor), cursor);
	return err;
}

static enum err take_rows(struct watch *w, const char *phones, struct fail *why)
{
	struct command_reply reply;
	const struct json *rows;
	enum err err = ask(w, phones, NULL, &reply, why);
	size_t i;

	rows = err ? NULL : json_get(reply.data, "operations");
	for (i = 0; i < json_count(rows); i++)
		take_row(w, json_at(rows, i));
	command_reply_fini(&reply);
	return err;
}

/* Those that are not among the ones whose operation goes on have ended, unseen. */
static enum err look_at_all(struct watch *w, struct fail *why)
{
	size_t i;
	char name[sizeof(w->phones->name)];
	enum err err;

	for (i = 0; i < w->count; i++)
		w->phones[i].seen = false;
	err = take_rows(w, w->chosen, why);
	/* None is added here any more. */
	for (i = 0; !err && i < w->count && !ended; i++) {
		if (w->phones[i].seen || w->phones[i].ended)
			continue;
		str_copy(name, sizeof(name), w->phones[i].name);
		err = take_rows(w, name, why);
		if (err == ERR_NOTNOW) { /* deleted meanwhile */
			fail_clear(why);
			err = ERR_OK;
			str_copy(w->phones[i].step, sizeof(w->phones[i].step), "deleted");
			w->phones[i].ended = w->changed = true;
			w->phones[i].active = false;
		}
	}
	return err;
}

static enum err look_at_steps(struct watch *w, bool *all, struct fail *why)
{
	struct command_reply reply;
	const struct json *rows;
	enum err err = ask(w, NULL, w->cursor, &reply, why);
	size_t i;

	rows = err ? NULL : json_get(reply.data, "steps");
	for (i = 0; i < json_count(rows); i++)
		take_step(w, json_at(rows, i));
	*all = *all || (!err && json_get_int(reply.data, "lost", 0) > 0);
	command_reply_fini(&reply);
	return err;
}

static bool over(const struct watch *w)
{
	size_t i;

	for (i = 0; i < w->count && w->phones[i].ended; i++)
		;
	return i == w->count && !w->follow;
}

/* A daemon that is restarted comes back. */
static enum err look(struct watch *w, bool all, struct fail *why)
{
	enum err err = ERR_OK;

	if (!w->away)
		err = look_at_steps(w, &all, why);
	if (!err && (all || w->away))
		err = look_at_all(w, why);
	if (err == ERR_NOTFOUND || err == ERR_CLOSED) {
		if (!w->away && !w->screen)
			fprintf(stderr, "cadeado: the daemon is away\n");
		w->changed = w->changed || !w->away;
		w->away = true;
		fail_clear(why);
		return ERR_OK;
	}
	w->changed = w->changed || w->away;
	w->away = w->away && err;
	return err;
}

static enum err run(struct watch *w, struct fail *why)
{
	static const struct timespec pause = {.tv_nsec = LOOK_NS};
	unsigned turn;
	enum err err = take_rows(w, w->chosen, why);

	if (err == ERR_NOTFOUND) {
		fail_clear(why);
		return fail_set(why, err,
			"no daemon runs on %s, and only it sees phones: cadeadod --state %s",
			w->cli->state, w->cli->state);
	}
	if (!err && !w->count && !w->cli->json)
		printf("No certificate operation goes on.\n");
	draw(w);
	for (turn = 1; !err && !over(w) && !ended; turn++) {
		(void)nanosleep(&pause, NULL);
		err = look(w, turn % (ALL_EVERY + w->count / PHONES_MORE) == 0, why);
		if (w->changed || time(NULL) != w->drawn_at)
			draw(w);
	}
	return err;
}

int capf_watch_run(const struct cli *cli, const struct json *args)
{
	struct sigaction act = {.sa_handler = on_signal}, was;
	struct watch w = {.cli = cli,
		.chosen = json_get_str(args, "phones"),
		.follow = json_get_bool(args, "follow"),
		.screen = !cli->json && isatty(STDOUT_FILENO)};
	struct fail why = {0};
	int exit = COMMAND_GOOD;
	enum err err;
	size_t i;

	/* Ctrl-C ends the looking, not the shell. */
	ended = 0;
	sigemptyset(&act.sa_mask);
	(void)sigaction(SIGINT, &act, &was);
	err = run(&w, &why);
	(void)sigaction(SIGINT, &was, NULL);
	for (i = 0; i < w.count; i++)
		if (w.phones[i].ended ? !w.phones[i].good : !w.follow)
			exit = COMMAND_FAULT;
	mem_free(w.phones);
	if (err == ERR_OK)
		return exit;
	fprintf(stderr, "cadeado: %s\n", why.text);
	return COMMAND_FAULT;
}
