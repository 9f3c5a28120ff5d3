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

/* Prints the error's sentence, and where in the file it is. Returns `status`: the caller frees what
 * it has and ends with it. */
static inline int complain(const char *about, const struct cad_error *e, int status)
{
	fprintf(stderr, "%s: %s (%s", about, e->text, cad_error_name(e->code));
	if (e->offset != CAD_NO_OFFSET)
		fprintf(stderr, ", byte %zu", e->offset);
	fprintf(stderr, ")\n");
	return status;
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

/* An address of NULL when it cannot be read; then the reason has been printed, as by all below. */
static inline struct cad_bytes read_file(const char *path)
{
	struct cad_bytes all = {0};
	size_t room = 0;
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		return all;
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

/* GOOD or UNREADABLE. */
static inline int write_file(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	int good = f && fwrite(bytes, 1, len, f) == len;

	if (f && fclose(f) != 0)
		good = 0;
	if (!good)
		perror(path);
	return good ? GOOD : UNREADABLE;
}

static inline struct cad_list *load_list(const char *path)
{
	struct cad_bytes file = read_file(path);
	struct cad_list *list = NULL;
	struct cad_error e;

	if (file.ptr && cad_list_parse(&list, file.ptr, file.len, &e) != CAD_OK) {
		complain(path, &e, UNREADABLE);
		list = NULL;
	}
	free(file.ptr); /* the handle has a copy */
	return list;
}

static inline struct cad_cert *load_cert(const char *path)
{
	struct cad_bytes file = read_file(path);
	struct cad_cert *cert = NULL;
	struct cad_error e;

	if (file.ptr && cad_cert_parse(&cert, file.ptr, file.len, &e) != CAD_OK) {
		complain(path, &e, UNREADABLE);
		cert = NULL;
	}
	free(file.ptr);
	return cert;
}

#endif
