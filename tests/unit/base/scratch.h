/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_BASE_SCRATCH_H
#define TESTS_BASE_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of its own for each test; files are read and written with plain calls here, so that
 * base/file is judged by something else. */
static char scratch[64];

static inline int scratch_setup(void **state)
{
	strcpy(scratch, "/tmp/cadeado-base-XXXXXX");
	return mkdtemp(scratch) ? 0 : -1;
}

static inline int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline int scratch_teardown(void **state)
{
	return nftw(scratch, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* Valid until the fourth call after it. */
static inline const char *scratch_path(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", scratch, name);
	return path;
}

static inline void scratch_put(const char *name, const void *bytes, size_t len)
{
	int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

/* The content with a NUL behind it, or NULL when there is no such file; free() it. */
static inline char *scratch_get(const char *name, size_t *len)
{
	FILE *in = fopen(scratch_path(name), "rb");
	struct stat st;
	char *text;

	if (!in)
		return NULL;
	assert_int_equal(fstat(fileno(in), &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)st.st_size, in), (size_t)st.st_size);
	fclose(in);
	if (len)
		*len = (size_t)st.st_size;
	return text;
}

/* Files in the folder whose names begin with `prefix`. */
static inline unsigned scratch_count(const char *prefix)
{
	DIR *folder = opendir(scratch);
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			count++;
	closedir(folder);
	return count;
}

#endif
