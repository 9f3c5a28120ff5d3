/* SPDX-License-Identifier: BSD-2-Clause
 * cadeado file tail and cadeado logs: the last lines of files, and what is written to them from
 * now on, in whichever files follow them. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trace.h"
#include "core/cluster/services.h"
#include "core/command/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS      (200 * 1000000l) /* between two looks */
#define LINES_SHOWN  10
#define CHUNK        65536u
#define FILE_MAX     (1024u * 1024 * 1024)
#define LINE_MAX_LEN 65536u /* of a line that never ends; then it counts as one */
#define DAY_MS       (24 * 3600 * 1000ll)

/* A line that is to be shown; `at` puts lines of several traces in order. */
struct shown {
	const char *from; /* word of the trace, or name of the file */
	char *text;
	int64_t at;    /* milliseconds since 1970, local; 0 not known */
	size_t number; /* in the order of reading */
};

struct shown_lines {
	struct shown *of;
	size_t count, room;
	enum err err;
};

/* A file that is followed. */
struct trail {
	struct trail *next;
	char *name, *path;
	int64_t offset;   /* read so far */
	int64_t at;       /* time of day of its last line */
	struct buf begun; /* of a line whose end is not there yet */
	bool seen;
};

/* What one pattern fits. */
struct watch {
	struct file_words words;
	const char *word; /* of the trace; NULL: lines are told by the file's name */
	struct trail *trails;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* --- lines --- */

/* Time of day in milliseconds; -1 for a line that begins with none. */
static int64_t time_of_day(struct span line)
{
	char text[13] = "";
	int h, m, s, ms;

	if (line.len < 12)
		return -1;
	memcpy(text, line.ptr, 12);
	if (sscanf(text, "%2d:%2d:%2d.%3d", &h, &m, &s, &ms) != 4)
		return -1;
	return ((h * 60ll + m) * 60 + s) * 1000 + ms;
}

static int64_t local_ms(int64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm tm;

	localtime_r(&at, &tm);
	return (seconds + tm.tm_gmtoff) * 1000;
}

static void keep(struct shown_lines *all, const char *from, struct span line, int64_t at)
{
	struct buf text = {0};
	struct shown *more;
	size_t room;

	if (all->count == all->room) {
		room = all->room ? 2 * all->room : 64;
		more = mem_new(room * sizeof(*more));
		if (!more) {
			all->err = ERR_NOMEM;
			return;
		}
		if (all->count)
			memcpy(more, all->of, all->count * sizeof(*more));
		mem_free(all->of);
		all->of = more;
		all->room = room;
	}
	str_printable(&text, line);
	buf_u8(&text, 0);
	if (buf_check(&text) != ERR_OK)
		all->err = ERR_NOMEM;
	else
		all->of[all->count] =
			(struct shown){from, mem_strdup((const char *)text.data), at, all->count};
	buf_fini(&text);
	if (all->err == ERR_OK && all->of[all->count].text)
		all->count++;
	else
		all->err = ERR_NOMEM;
}

static int in_order(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	if (x->at && y->at && x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void print_one(const struct cli *cli, const struct shown *s, bool of_traces,
	const char **heading, bool many)
{
	struct buf out = {0};
	struct json *row;

	if (cli->json) {
		row = json_object_new();
		json_set_str(row, of_traces ? "trace" : "name", s->from);
		json_set_str(row, "line", s->text);
		if (json_write(&out, row, false) == ERR_OK)
			printf("%.*s\n", (int)out.len, (const char *)out.data);
		json_free(row);
		buf_fini(&out);
	} else if (of_traces) {
		printf("%-5s %s\n", s->from, s->text);
	} else {
		if (many && (!*heading || strcmp(*heading, s->from) != 0))
			printf("== %s\n", s->from);
		*heading = s->from;
		printf("%s\n", s->text);
	}
}

static void lines_fini(struct shown_lines *all)
{
	for (size_t i = 0; i < all->count; i++)
		mem_free(all->of[i].text);
	mem_free(all->of);
	*all = (struct shown_lines){0};
}

/* --- what is there already --- */

/* The last lines of a file, the latest first; how many. Times go down from that of the file's last
 * change: a line that is later in its day than the one after it is of the day before. */
static size_t last_lines(struct span content, const char *from, int64_t modified, bool in_time,
	size_t most, struct shown_lines *all)
{
	int64_t last = local_ms(modified), day = last - last % DAY_MS, before = last % DAY_MS;
	size_t count = 0, end = content.len, begin;

	/* The file may have been written to once more than its last line shows. */
	before += 1000;
	while (end && count < most) {
		struct span line;
		int64_t tod;

		begin = end - (content.ptr[end - 1] == '\n');
		end = begin;
		while (begin && content.ptr[begin - 1] != '\n')
			begin--;
		line = span_of(content.ptr + begin, end - begin);
		tod = time_of_day(line);
		if (tod >= 0 && tod > before)
			day -= DAY_MS;
		if (tod >= 0)
			before = tod;
		keep(all, from, line, in_time ? day + before : 0);
		count++;
		end = begin;
	}
	return count;
}

/* The number of reading says nothing of lines that were read backwards. */
static void turn_round(struct shown_lines *all, size_t first)
{
	for (size_t i = first; i < all->count; i++)
		all->of[i].number = first + (all->count - 1 - i);
}

static struct trail *trail_new(struct watch *w, const struct place_entry *e, int64_t offset)
{
	struct trail *t = mem_new(sizeof(*t));

	if (!t)
		return NULL;
	t->name = mem_strdup(e->name);
	t->path = mem_strdup(e->path);
	t->offset = offset;
	t->seen = true;
	if (!t->name || !t->path) {
		mem_free(t->name);
		mem_free(t->path);
		mem_free(t);
		return NULL;
	}
	t->next = w->trails;
	w->trails = t;
	return t;
}

static void trail_free(struct trail *t)
{
	mem_free(t->name);
	mem_free(t->path);
	buf_fini(&t->begun);
	mem_free(t);
}

/* Shows the end of the files and sets the trails behind it: of the one written last, or of several
 * as far back as there are lines wanted. */
static enum err begin(const struct cli *cli, struct watch *w, size_t most, struct shown_lines *all,
	struct fail *why)
{
	size_t first = all->count, left = most, i, whole;
	struct place_entries found;
	enum err err = place_find(cli->state, w->words.place, w->words.pattern, &found, why);

	if (err != ERR_OK)
		return err;
	place_files_only(&found, false);
	for (i = found.count; i-- > 0 && err == ERR_OK;) {
		const struct place_entry *e = &found.of[i];
		struct buf content = {0};
		struct trail *t = NULL;

		err = file_read(e->path, FILE_MAX, &content, why);
		/* A line that is being written is shown when it is whole. */
		for (whole = content.len; whole && content.data[whole - 1] != '\n';)
			whole--;
		if (err == ERR_OK)
			t = trail_new(w, e, (int64_t)whole);
		if (t && left)
			left -= last_lines(span_of(content.data, whole),
				w->word ? w->word : t->name, e->modified, w->word != NULL, left,
				all);
		if (err == ERR_OK && !t)
			err = fail_set(why, ERR_NOMEM, "out of memory");
		/* Rotated away meanwhile. */
		if (err == ERR_NOTFOUND)
			err = ERR_OK;
		if (w->words.recent)
			left = 0;
		buf_fini(&content);
	}
	turn_round(all, first);
	place_entries_fini(&found);
	return err;
}

/* --- what comes --- */

static void take_lines(struct watch *w, struct trail *t, struct span bytes, struct shown_lines *all)
{
	const char *from = w->word ? w->word : t->name;
	const uint8_t *end;
	size_t len;

	while (bytes.len) {
		end = memchr(bytes.ptr, '\n', bytes.len);
		len = end ? (size_t)(end - bytes.ptr) : bytes.len;
		buf_put(&t->begun, span_of(bytes.ptr, len));
		if (end || t->begun.len > LINE_MAX_LEN) {
			int64_t tod = time_of_day(buf_span(&t->begun));

			if (tod >= 0)
				t->at = tod + 1;
			keep(all, from, buf_span(&t->begun), w->word ? t->at : 0);
			buf_clear(&t->begun);
		}
		len += end != NULL;
		bytes = span_of(bytes.ptr + len, bytes.len - len);
	}
}

static void read_on(struct watch *w, struct trail *t, struct shown_lines *all)
{
	int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint8_t chunk[CHUNK];
	ssize_t got;

	if (fd < 0)
		return;
	while ((got = pread(fd, chunk, sizeof(chunk), (off_t)t->offset)) > 0) {
		take_lines(w, t, span_of(chunk, (size_t)got), all);
		t->offset += got;
	}
	close(fd);
}

static struct trail *trail_of(struct watch *w, const char *name)
{
	struct trail *t = w->trails;

	while (t && strcmp(t->name, name) != 0)
		t = t->next;
	return t;
}

static void forget_gone(struct watch *w)
{
	struct trail **at = &w->trails, *t;

	while ((t = *at)) {
		if (t->seen) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		trail_free(t);
	}
}

static enum err look(
	const struct cli *cli, struct watch *w, struct shown_lines *all, struct fail *why)
{
	struct place_entries found;
	enum err err = place_find(cli->state, w->words.place, w->words.pattern, &found, why);
	struct trail *t;
	size_t i;

	if (err != ERR_OK)
		return err;
	place_files_only(&found, false);
	for (t = w->trails; t; t = t->next)
		t->seen = false;
	for (i = 0; i < found.count && err == ERR_OK; i++) {
		t = trail_of(w, found.of[i].name);
		if (!t && !(t = trail_new(w, &found.of[i], 0)))
			err = fail_set(why, ERR_NOMEM, "out of memory");
		if (err != ERR_OK)
			break;
		t->seen = true;
		/* Emptied, or another file by now. */
		if (found.of[i].size < t->offset) {
			t->offset = 0;
			buf_clear(&t->begun);
		}
		if (found.of[i].size > t->offset)
			read_on(w, t, all);
	}
	/* Lines that are shown borrow the names of trails that are gone only until then. */
	place_entries_fini(&found);
	return err;
}

/* --- the commands --- */

struct order {
	struct watch watches[TRACE_KINDS];
	size_t count, lines;
	bool of_traces, follow;
};

static void print_all(const struct cli *cli, const struct order *o, struct shown_lines *all,
	size_t most, const char **heading)
{
	size_t i = all->count > most ? all->count - most : 0;

	if (all->count)
		qsort(all->of, all->count, sizeof(*all->of), in_order);
	for (; i < all->count; i++)
		print_one(cli, &all->of[i], o->of_traces, heading, !o->watches[0].words.recent);
	fflush(stdout);
	*heading = NULL;
	lines_fini(all);
}

static enum err run(const struct cli *cli, struct order *o, struct fail *why)
{
	static const struct timespec pause = {.tv_nsec = LOOK_NS};
	struct shown_lines all = {0};
	const char *heading = NULL;
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < o->count && err == ERR_OK; i++)
		err = begin(cli, &o->watches[i], o->lines, &all, why);
	if (err == ERR_OK && !o->of_traces && !o->watches[0].trails)
		err = fail_set(why, ERR_NOTFOUND,
			"no file there fits \"%.100s\"; look with: cadeado file list",
			o->watches[0].words.pattern);
	if (err == ERR_OK)
		print_all(cli, o, &all, o->lines, &heading);
	while (err == ERR_OK && o->follow && !ended) {
		(void)nanosleep(&pause, NULL);
		for (i = 0; i < o->count && err == ERR_OK; i++)
			err = look(cli, &o->watches[i], &all, why);
		if (all.err != ERR_OK)
			err = fail_set(why, all.err, "%s", err_text(all.err));
		print_all(cli, o, &all, SIZE_MAX, &heading);
		for (i = 0; i < o->count; i++)
			forget_gone(&o->watches[i]);
	}
	lines_fini(&all);
	return err;
}

static int order_run(const struct cli *cli, struct order *o, struct fail *why)
{
	struct sigaction act = {.sa_handler = on_signal}, was;
	enum err err;
	size_t i;

	/* Ctrl-C ends the looking, not the shell. */
	ended = 0;
	sigemptyset(&act.sa_mask);
	(void)sigaction(SIGINT, &act, &was);
	err = run(cli, o, why);
	(void)sigaction(SIGINT, &was, NULL);
	for (i = 0; i < o->count; i++) {
		for (struct trail *t = o->watches[i].trails; t; t = t->next)
			t->seen = false;
		forget_gone(&o->watches[i]);
	}
	if (err == ERR_OK)
		return COMMAND_GOOD;
	fprintf(stderr, "cadeado: %s\n", why->text);
	return err == ERR_ARG ? COMMAND_USAGE : COMMAND_FAULT;
}

static size_t lines_wanted(const struct json *args)
{
	return (size_t)json_get_int(args, "lines", LINES_SHOWN);
}

int file_tail_run(const struct cli *cli, const struct json *args)
{
	struct order o = {
		.count = 1, .lines = lines_wanted(args), .follow = !json_get_bool(args, "once")};
	struct fail why = {0};

	if (file_words_read(args, &o.watches[0].words, &why) != ERR_OK) {
		fprintf(stderr, "cadeado: %s\n", why.text);
		return COMMAND_USAGE;
	}
	return order_run(cli, &o, &why);
}

/* "ctftp", or the service's word or title. */
static bool find_trace(const char *text, enum trace_kind *out)
{
	static const enum node_service services[TRACE_KINDS] = {
		[TRACE_TFTP] = SERVICE_TFTP,
		[TRACE_CAPF] = SERVICE_CAPF,
		[TRACE_SDI] = SERVICE_CALLMANAGER,
		[TRACE_TVS] = SERVICE_TVS,
	};
	enum node_service service;
	int kind;

	for (kind = 0; kind < TRACE_KINDS; kind++) {
		*out = (enum trace_kind)kind;
		if (str_ieq(text, trace_word(*out)) ||
			(service_find(text, &service) && service == services[kind]))
			return true;
	}
	return false;
}

int logs_run(const struct cli *cli, const struct json *args)
{
	const struct json *words = json_get(args, "traces");
	struct order o = {.of_traces = true,
		.lines = lines_wanted(args),
		.follow = json_get_bool(args, "follow")};
	bool wanted[TRACE_KINDS] = {false};
	struct fail why = {0};
	enum trace_kind kind;
	size_t i;

	for (i = 0; i < json_count(words); i++) {
		const char *word = json_str(json_at(words, i));

		if (!word || !find_trace(word, &kind)) {
			fprintf(stderr,
				"cadeado: there is no trace \"%.60s\"; there are ctftp, capf, ccm "
				"and tvs\n",
				word ? word : "");
			return COMMAND_USAGE;
		}
		wanted[kind] = true;
	}
	for (int k = 0; k < TRACE_KINDS; k++) {
		kind = (enum trace_kind)k;
		if (json_count(words) && !wanted[kind])
			continue;
		o.watches[o.count++] = (struct watch){
			.words = {.place = PLACE_ACTIVELOG, .pattern = trace_folder(kind)},
			.word = trace_word(kind),
		};
	}
	return order_run(cli, &o, &why);
}
