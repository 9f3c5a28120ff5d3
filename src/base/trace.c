/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/trace.h"

#include "base/file.h"
#include "base/log_priv.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE   0640
#define FOLDER_MODE 0755

/* Text of a line that is gathered, with its NUL. */
#define GATHERED_MAX 768

/* Digits of a file's number. */
#define DIGITS     8
#define NUMBER_MAX 99999999ul
#define NAME_SIZE  32

static const struct {
	const char *word, *folder, *prefix;
} shapes[TRACE_KINDS] = {
	[TRACE_TFTP] = {"ctftp", "cm/trace/ctftp/sdi", " |"},
	[TRACE_CAPF] = {"capf", "cm/trace/capf/sdi", " | debug "},
	[TRACE_SDI] = {"ccm", "cm/trace/ccm/sdi", " |"},
	[TRACE_TVS] = {"tvs", "cm/trace/tvs/sdi", " | debug "},
};

/* The file that is written to now. */
static struct {
	char *folder;
	int fd;
	unsigned long number;
} traces[TRACE_KINDS] = {{.fd = -1}, {.fd = -1}, {.fd = -1}, {.fd = -1}};

static FILE *trace_also;
static size_t size_max = TRACE_SIZE_DEFAULT;
static unsigned files_max = TRACE_FILES_DEFAULT;

const char *trace_word(enum trace_kind kind)
{
	return shapes[kind].word;
}

const char *trace_folder(enum trace_kind kind)
{
	return shapes[kind].folder;
}

/* --- files --- */

static void file_name(enum trace_kind kind, unsigned long number, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%s%0*lu.txt", shapes[kind].word, DIGITS, number);
}

/* 0 for a name that is none of ours. */
static unsigned long file_number(enum trace_kind kind, const char *name)
{
	size_t word = strlen(shapes[kind].word);
	char want[NAME_SIZE];
	long number;
	char digits[DIGITS + 1];

	if (strlen(name) < word + DIGITS)
		return 0;
	memcpy(digits, name + word, DIGITS);
	digits[DIGITS] = 0;
	if (str_number(digits, 1, (long)NUMBER_MAX, &number) != ERR_OK)
		return 0;
	file_name(kind, (unsigned long)number, want);
	return strcmp(name, want) == 0 ? (unsigned long)number : 0;
}

/* Calls `each` with the number of every file of this kind. */
static void each_file(enum trace_kind kind,
	void (*each)(enum trace_kind kind, DIR *dir, unsigned long number, void *ctx), void *ctx)
{
	DIR *dir = opendir(traces[kind].folder);
	struct dirent *entry;
	unsigned long number;

	while (dir && (entry = readdir(dir))) {
		number = file_number(kind, entry->d_name);
		if (number)
			each(kind, dir, number, ctx);
	}
	if (dir)
		closedir(dir);
}

static void find_newest(enum trace_kind kind, DIR *dir, unsigned long number, void *ctx)
{
	unsigned long *newest = ctx;

	(void)kind;
	(void)dir;
	if (number > *newest)
		*newest = number;
}

/* What is older than the newest `files_max` goes. */
static void remove_old(enum trace_kind kind, DIR *dir, unsigned long number, void *ctx)
{
	unsigned long newest = *(unsigned long *)ctx;
	char name[NAME_SIZE];

	file_name(kind, number, name);
	if (number + files_max <= newest)
		(void)unlinkat(dirfd(dir), name, 0);
}

/* A file that cannot be opened leaves the one before in use. */
static enum err open_file(enum trace_kind kind, unsigned long number, struct fail *why)
{
	char name[NAME_SIZE], reason[128];
	char *path;
	int fd;

	file_name(kind, number, name);
	path = file_join(traces[kind].folder, name);
	if (!path)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, FILE_MODE);
	if (fd < 0)
		fail_set(why, ERR_IO, "%s: cannot open: %s", path,
			strerror_r(errno, reason, sizeof(reason)));
	mem_free(path);
	if (fd < 0)
		return ERR_IO;
	if (traces[kind].fd >= 0)
		close(traces[kind].fd);
	traces[kind].fd = fd;
	traces[kind].number = number;
	each_file(kind, remove_old, &number);
	return ERR_OK;
}

/* The newest file goes on while it has room. */
static enum err open_kind(const char *folder, enum trace_kind kind, struct fail *why)
{
	unsigned long newest = 0;
	enum err err;

	traces[kind].folder = file_join(folder, shapes[kind].folder);
	if (!traces[kind].folder)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = file_mkdir(traces[kind].folder, FOLDER_MODE, why);
	if (err)
		return err;
	each_file(kind, find_newest, &newest);
	return open_file(kind, newest ? newest : 1, why);
}

static void close_all(void)
{
	int kind;

	for (kind = 0; kind < TRACE_KINDS; kind++) {
		if (traces[kind].fd >= 0)
			close(traces[kind].fd);
		traces[kind].fd = -1;
		mem_free(traces[kind].folder);
		traces[kind].folder = NULL;
	}
	trace_also = NULL;
}

/* A trace that cannot be written has nowhere to complain. */
static void write_all(int fd, struct span lines)
{
	ssize_t done;

	while (lines.len) {
		done = write(fd, lines.ptr, lines.len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		lines = span_of(lines.ptr + done, lines.len - (size_t)done);
	}
}

/* The file that these lines go to: the present one while it has room and has not been deleted.
 * Where the next one cannot be opened the present one goes on. */
static void choose_file(enum trace_kind kind, size_t len)
{
	unsigned long number = traces[kind].number;
	struct stat st;

	if (fstat(traces[kind].fd, &st) < 0)
		return;
	if (st.st_size && (size_t)st.st_size + len > size_max && number < NUMBER_MAX)
		number++;
	if (number != traces[kind].number || !st.st_nlink)
		(void)!open_file(kind, number, NULL);
}

static void put(enum trace_kind kind, struct span lines)
{
	if (traces[kind].fd < 0)
		return;
	choose_file(kind, lines.len);
	write_all(traces[kind].fd, lines);
	if (trace_also)
		log_put(trace_also, lines);
}

/* --- what others call --- */

enum err trace_open(const char *folder, FILE *also, struct fail *why)
{
	enum err err = ERR_OK;
	int kind;

	log_lock();
	close_all();
	for (kind = 0; kind < TRACE_KINDS && !err; kind++)
		err = open_kind(folder, (enum trace_kind)kind, why);
	if (err)
		close_all();
	else
		trace_also = also;
	log_unlock();
	return err;
}

void trace_limits(size_t size, unsigned files)
{
	int kind;

	log_lock();
	size_max = size;
	files_max = files ? files : 1;
	for (kind = 0; kind < TRACE_KINDS; kind++)
		if (traces[kind].fd >= 0)
			each_file((enum trace_kind)kind, remove_old, &traces[kind].number);
	log_unlock();
}

void trace_line(enum trace_kind kind, const char *fmt, ...)
{
	char now[CLOCK_DATE_MAX], head[LOG_HEAD_MAX];
	struct log_text line = {0};
	va_list args;

	log_lock();
	if (traces[kind].fd >= 0) {
		/* Read under the lock, so that times in a file do not go back. */
		clock_print_trace(now, clock_us(clock_system()));
		snprintf(head, sizeof(head), "%s%s", now, shapes[kind].prefix);
		va_start(args, fmt);
		put(kind, log_make(&line, head, fmt, args));
		va_end(args);
	}
	log_unlock();
	buf_fini(&line.buf);
}

void trace_gather(struct buf *lines, enum trace_kind kind, const char *fmt, ...)
{
	char now[CLOCK_DATE_MAX], text[GATHERED_MAX];
	va_list args;
	bool open;

	log_lock();
	open = traces[kind].fd >= 0;
	log_unlock();
	if (!open)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	clock_print_trace(now, clock_us(clock_system()));
	buf_str(lines, now);
	buf_str(lines, shapes[kind].prefix);
	str_printable(lines, span_str(text));
	buf_u8(lines, '\n');
}

void trace_put(enum trace_kind kind, struct buf *lines)
{
	if (lines->len) {
		log_lock();
		put(kind, buf_span(lines));
		log_unlock();
	}
	buf_clear(lines);
}

void trace_close(void)
{
	log_lock();
	close_all();
	log_unlock();
}
