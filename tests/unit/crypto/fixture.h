/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TEST_CRYPTO_FIXTURE_H
#define TEST_CRYPTO_FIXTURE_H

/* What the programs of this folder share; clang-format must not sort: cmocka wants these first. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "crypto/cert.h"
#include "crypto/key.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FIXTURE_MAX 65536

/* Path of a file in tests/data/crypto; good until the next call. */
static inline const char *fixture_path(const char *name)
{
	static char path[4096];
	const char *tests = getenv("CADEADO_TESTS");

	assert_non_null(tests);
	snprintf(path, sizeof(path), "%s/data/crypto/%s", tests, name);
	return path;
}

static inline struct buf fixture_read(const char *name)
{
	struct buf b = {0};

	assert_int_equal(file_read(fixture_path(name), FIXTURE_MAX, &b, NULL), ERR_OK);
	return b;
}

static inline struct cert *fixture_cert(const char *name)
{
	struct fail why = {0};
	struct cert *c = NULL;

	assert_int_equal(cert_load(&c, fixture_path(name), &why), ERR_OK);
	assert_string_equal(why.text, "");
	return c;
}

/* A new empty folder; fixture_remove takes it and its files away. */
static inline char *fixture_folder(void)
{
	char *folder = strdup("/tmp/cadeado-crypto-XXXXXX");

	assert_non_null(folder);
	assert_non_null(mkdtemp(folder));
	return folder;
}

static inline void fixture_remove(char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[4096];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.' || entry->d_name[1] != '\0')
			unlink(path);
	}
	if (dir)
		closedir(dir);
	assert_int_equal(rmdir(folder), 0);
	free(folder);
}

/* Copies a file of tests/data/crypto into a folder, as a secret (0600). */
static inline void fixture_copy(const char *name, const char *folder)
{
	struct buf b = fixture_read(name);
	char *path = file_join(folder, name);

	assert_int_equal(file_replace(path, buf_span(&b), 0600, FILE_NOSYNC, NULL), ERR_OK);
	mem_free(path);
	buf_fini(&b);
}

/* The private key of rsa.key. */
static inline struct key *fixture_key(void)
{
	char *folder = fixture_folder(), *path = file_join(folder, "rsa.key");
	struct key *k = NULL;

	fixture_copy("rsa.key", folder);
	assert_int_equal(key_load_pem(&k, path, NULL), ERR_OK);
	mem_free(path);
	fixture_remove(folder);
	return k;
}

#define FIXTURE_MESSAGE "The quick brown fox jumps over the lazy dog"

#endif
