/* SPDX-License-Identifier: BSD-2-Clause
 * What the examples share and libcadeado leaves to its callers: files and ends. */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <cadeado/cadeado.h>
#include <stdio.h>
#include <stdlib.h>

enum { GOOD = 0, NOT = 1, UNREADABLE = 2 }; /* exit status */

static inline void usage(const char *text)
{
	fprintf(stderr, "usage: %s\n", text);
	exit(UNREADABLE);
}

/* Ends the program: the error's sentence, and where in the file it is. */
static inline void fail(const char *about, const struct cad_error *e, int status)
{
	fprintf(stderr, "%s: %s (%s", about, e->text, cad_error_name(e->code));
	if (e->offset != CAD_NO_OFFSET)
		fprintf(stderr, ", byte %zu", e->offset);
	fprintf(stderr, ")\n");
	exit(status);
}

/* Names are as the file has them, which a stranger may have made: nothing of it may move the
 * terminal's cursor. */
static inline void print_text(const void *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t i;

	for (i = 0; i < len; i++)
		putchar(c[i] < 0x20 || c[i] == 0x7F ? '?' : c[i]);
}

static inline struct cad_bytes read_file(const char *path)
{
	struct cad_bytes all = {0};
	size_t room = 0;
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		exit(UNREADABLE);
	}
	do {
		room = room ? 2 * room : 65536;
		all.ptr = realloc(all.ptr, room);
		if (!all.ptr)
			abort();
		all.len += fread(all.ptr + all.len, 1, room - all.len, f);
	} while (all.len == room);
	fclose(f);
	return all;
}

static inline void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0) {
		perror(path);
		exit(UNREADABLE);
	}
}

static inline struct cad_list *load_list(const char *path)
{
	struct cad_bytes file = read_file(path);
	struct cad_list *list;
	struct cad_error e;

	if (cad_list_parse(&list, file.ptr, file.len, &e) != CAD_OK)
		fail(path, &e, UNREADABLE);
	free(file.ptr); /* the handle has a copy */
	return list;
}

static inline struct cad_cert *load_cert(const char *path)
{
	struct cad_bytes file = read_file(path);
	struct cad_cert *cert;
	struct cad_error e;

	if (cad_cert_parse(&cert, file.ptr, file.len, &e) != CAD_OK)
		fail(path, &e, UNREADABLE);
	free(file.ptr);
	return cert;
}

#endif
