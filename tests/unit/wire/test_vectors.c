/* SPDX-License-Identifier: BSD-2-Clause
 * Runs tests/vectors/<format>/<file>.txt, one test a file; syntax: tests/vectors/README.md */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "wire/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define FILES_MAX   512u
#define VECTOR_SIZE (1024u * 1024)
#define BINARY_SIZE (64u * 1024)
/* Every shortened form is tried up to here; of longer inputs a few hundred, spread evenly. */
#define CUTS_MAX 300u

struct vector_file {
	const struct wire_format *format;
	char *folder, *path, *name; /* name: <format>/<file> */
};

static struct vector_file files[FILES_MAX];
static size_t files_count;

/* One file being run. */
struct run {
	const struct vector_file *file;
	unsigned line, version;
	struct buf input, dump, again;
	enum err err;
	struct fail why;
	bool have_source, decoded, judged, encoding;
};

#define run_fail(r, ...)                                                                           \
	do {                                                                                       \
		print_error("%s:%u: ", (r)->file->path, (r)->line);                                \
		print_error(__VA_ARGS__);                                                          \
		print_error("\n");                                                                 \
		fail();                                                                            \
	} while (0)

static enum err describe(
	struct run *r, struct span in, struct buf *dump, struct buf *again, struct fail *why)
{
	enum err err = r->file->format->describe(in, r->version, dump, again, why);

	if (!err)
		err = buf_check(dump);
	return err ? err : buf_check(again);
}

/* BYTES of the README into `out`. */
static void read_bytes(struct run *r, const char *text, struct buf *out)
{
	struct buf hex = {0};
	struct fail why = {0};
	char *path;

	buf_clear(out);
	if (*text == '@') {
		path = file_join(r->file->folder, text + 1);
		assert_non_null(path);
		if (file_read(path, BINARY_SIZE, out, &why))
			run_fail(r, "%s", why.text);
		mem_free(path);
		return;
	}
	while (*text) {
		if (*text == '"') {
			const char *end = strchr(text + 1, '"');

			if (!end)
				run_fail(r, "no closing quote");
			str_hex(&hex, span_of(text + 1, (size_t)(end - text - 1)), STR_LOWER);
			text = end + 1;
		} else {
			buf_u8(&hex, (uint8_t)*text++);
		}
	}
	buf_u8(&hex, 0);
	if (buf_check(&hex) || str_unhex(out, (char *)hex.data))
		run_fail(r, "not pairs of hex digits");
	buf_fini(&hex);
}

/* The message is described wholly or the lack of memory is told, whichever allocation fails. */
static void try_without_memory(struct run *r)
{
	struct buf dump = {0}, again = {0};
	struct fail why;
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; err; n++) {
		buf_fini(&dump);
		buf_fini(&again);
		fail_clear(&why);
		mem_fail_from(n);
		err = describe(r, buf_span(&r->input), &dump, &again, &why);
		mem_fail_from(0);
		if (err && err != ERR_NOMEM)
			run_fail(r, "allocation %zu failed: %s instead of NOMEM", n, err_name(err));
	}
	if (!span_eq(buf_span(&dump), buf_span(&r->dump)))
		run_fail(r, "another dump after failed allocations");
	buf_fini(&dump);
	buf_fini(&again);
}

/* Each try has its own memory of just that size, so that a sanitizer sees a read past the end. */
static void try_shortened(struct run *r)
{
	size_t step = r->input.len / CUTS_MAX + 1, len;
	struct buf dump = {0}, again = {0};
	struct fail why;
	uint8_t *copy;
	enum err err;

	for (len = 0; len < r->input.len; len += step) {
		copy = mem_new(len);
		assert_non_null(copy);
		if (len)
			memcpy(copy, r->input.data, len);
		fail_clear(&why);
		buf_clear(&dump);
		buf_clear(&again);
		err = describe(r, span_of(copy, len), &dump, &again, &why);
		if (err && !why.text[0])
			run_fail(r, "cut to %zu bytes: %s without a text", len, err_name(err));
		mem_free(copy);
	}
	buf_fini(&dump);
	buf_fini(&again);
}

static void try_again(struct run *r)
{
	struct buf dump = {0}, again = {0};
	struct fail why = {0};

	if (describe(r, buf_span(&r->again), &dump, &again, &why))
		run_fail(r, "encoded again, it is refused: %s", why.text);
	if (!span_eq(buf_span(&dump), buf_span(&r->dump)))
		run_fail(r, "encoded again, its dump is another");
	buf_fini(&dump);
	buf_fini(&again);
}

/* Before the next decode and at the end of the file. */
static void end_message(struct run *r)
{
	if (r->decoded && !r->judged)
		run_fail(r, "the decode above has no match and no error");
	if (r->decoded && !r->err) {
		try_again(r);
		try_without_memory(r);
		try_shortened(r);
	}
	r->decoded = false;
}

static void do_decode(struct run *r, const char *text)
{
	end_message(r);
	buf_clear(&r->dump);
	buf_clear(&r->again);
	fail_clear(&r->why);
	read_bytes(r, text, &r->input);
	r->err = describe(r, buf_span(&r->input), &r->dump, &r->again, &r->why);
	r->decoded = true;
	r->judged = r->encoding = false;
}

static bool has_line(struct span dump, const char *line)
{
	const uint8_t *at = dump.ptr, *end = dump.ptr + dump.len, *stop;
	size_t len;

	for (; at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			return false;
		len = (size_t)(stop - at);
		/* The vector's own blanks at the end of a line were dropped too. */
		while (len && at[len - 1] == ' ')
			len--;
		if (span_eq(span_of(at, len), span_str(line)))
			return true;
	}
	return false;
}

static void do_match(struct run *r, const char *text)
{
	struct buf bytes = {0}, shown = {0};

	if (!r->decoded)
		run_fail(r, "match without decode");
	if (r->err)
		run_fail(r, "decode failed: %s: %s", err_name(r->err), r->why.text);
	r->judged = true;
	if (!r->encoding) {
		if (!has_line(buf_span(&r->dump), text))
			run_fail(r, "no line \"%s\" in\n%.*s", text, (int)r->dump.len,
				(char *)r->dump.data);
		return;
	}
	read_bytes(r, text, &bytes);
	if (!span_eq(buf_span(&bytes), buf_span(&r->again))) {
		str_hex(&shown, buf_span(&r->again), STR_BLANK);
		run_fail(r, "encoded again it is\n%.*s", (int)shown.len, (char *)shown.data);
	}
	buf_fini(&bytes);
}

static void do_error(struct run *r, char *text)
{
	char *part = strchr(text, ' ');

	if (!r->decoded)
		run_fail(r, "error without decode");
	if (part)
		*part++ = '\0';
	if (!part || !*part)
		run_fail(r, "error needs a code and a text");
	if (!r->err)
		run_fail(r, "decoded without an error:\n%.*s", (int)r->dump.len,
			(char *)r->dump.data);
	if (strcmp(err_name(r->err), text) != 0 || !strstr(r->why.text, part))
		run_fail(r, "the error is %s \"%s\"", err_name(r->err), r->why.text);
	r->judged = true;
}

static void do_line(struct run *r, char *line)
{
	char *rest = strchr(line, ' ');
	long number;

	if (rest)
		*rest++ = '\0';
	else
		rest = line + strlen(line);
	if (strcmp(line, "decode") == 0)
		do_decode(r, rest);
	else if (strcmp(line, "match") == 0)
		do_match(r, rest);
	else if (strcmp(line, "error") == 0)
		do_error(r, rest);
	else if (strcmp(line, "encode") == 0 && strcmp(rest, "-") == 0)
		r->encoding = true;
	else if (strcmp(line, "version") == 0 && !str_number(rest, 0, 255, &number)) {
		end_message(r);
		r->version = (unsigned)number;
	} else
		run_fail(r, "unknown line \"%s %s\"", line, rest);
}

/* Blanks at the end of a line do not count, those of a continuation become one. */
static void trim(struct buf *line)
{
	while (line->len && isspace(line->data[line->len - 1]))
		line->len--;
}

static void run_vector(void **state)
{
	struct run r = {.file = *state};
	struct buf content = {0}, line = {0};
	const char *at, *end, *stop;
	struct fail why = {0};

	if (!r.file->format)
		run_fail(&r, "no format of this name");
	if (file_read(r.file->path, VECTOR_SIZE, &content, &why))
		run_fail(&r, "%s", why.text);
	at = (char *)content.data;
	end = at + content.len;
	while (at < end) {
		buf_clear(&line);
		r.line++;
		do {
			stop = memchr(at, '\n', (size_t)(end - at));
			stop = stop ? stop : end;
			buf_put(&line, span_of(at, (size_t)(stop - at)));
			trim(&line);
			at = stop + 1;
		} while (line.len && line.data[0] != '#' && at < end && isblank(*at) && ++r.line);
		buf_u8(&line, 0);
		assert_int_equal(buf_check(&line), ERR_OK);
		if (strncmp((char *)line.data, "# source: ", strlen("# source: ")) == 0)
			r.have_source = true;
		if (line.data[0] && line.data[0] != '#')
			do_line(&r, (char *)line.data);
	}
	end_message(&r);
	if (!r.have_source)
		run_fail(&r, "no line \"# source: …\"");
	buf_fini(&content);
	buf_fini(&line);
	buf_fini(&r.input);
	buf_fini(&r.dump);
	buf_fini(&r.again);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len > tail && strcmp(text + len - tail, end) == 0;
}

static void add_folder(const char *root, const char *format)
{
	char *folder = file_join(root, format);
	DIR *dir = folder ? opendir(folder) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct vector_file *f = &files[files_count];

		if (!ends_with(entry->d_name, ".txt") || files_count == FILES_MAX)
			continue;
		f->format = wire_format_find(format);
		f->folder = mem_strdup(folder);
		f->path = file_join(folder, entry->d_name);
		f->name = file_join(format, entry->d_name);
		if (!f->folder || !f->path || !f->name)
			exit(1);
		files_count++;
	}
	if (dir)
		closedir(dir);
	mem_free(folder);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vector_file *)a)->name, ((const struct vector_file *)b)->name);
}

static void every_format_has_vectors(void **state)
{
	const struct wire_format *f;
	size_t i;

	for (f = wire_formats; f->name; f++) {
		for (i = 0; i < files_count && files[i].format != f; i++)
			;
		if (i == files_count)
			fail_msg("no vectors for %s", f->name);
	}
}

static void free_files(void)
{
	size_t i;

	for (i = 0; i < files_count; i++) {
		mem_free(files[i].folder);
		mem_free(files[i].path);
		mem_free(files[i].name);
	}
}

int main(void)
{
	static struct CMUnitTest tests[FILES_MAX + 1] = {
		cmocka_unit_test(every_format_has_vectors)};
	const char *env = getenv("CADEADO_TESTS");
	struct dirent *entry;
	char *root;
	size_t i;
	DIR *dir;
	int status;

	root = file_join(env ? env : "tests", "vectors");
	dir = root ? opendir(root) : NULL;
	if (!dir) {
		fprintf(stderr, "no folder %s: set CADEADO_TESTS\n", root ? root : "");
		return 1;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			add_folder(root, entry->d_name);
	closedir(dir);
	mem_free(root);
	qsort(files, files_count, sizeof(files[0]), by_name);
	for (i = 0; i < files_count; i++) {
		tests[i + 1].name = files[i].name;
		tests[i + 1].test_func = run_vector;
		tests[i + 1].initial_state = &files[i];
	}
	if (files_count == FILES_MAX)
		return 1;
	/* The names are printed to the very end. */
	status = _cmocka_run_group_tests("wire/vectors", tests, files_count + 1, NULL, NULL);
	free_files();
	return status;
}
