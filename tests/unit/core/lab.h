/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_CORE_LAB_H
#define TESTS_CORE_LAB_H

#include "core/cluster/cluster.h"

/* A state folder with real keys and two tokens, made once for a program and copied for each test.
 */
#define LAB_PIN  "13572468"
#define LAB_NOW  1790000000 /* 2026-09-21 */
#define LAB_SEP  "SEP0011215A1AE3"
#define LAB_NAME "SEP0011215A1AE4"

struct lab {
	char folder[128];
	struct clock clock;
	struct cluster *c;
	char token[2][64]; /* labels in their order */
	struct fail why;
};

/* For cmocka: group setup and teardown, and those of one test (*state is a struct lab *). */
int lab_group_setup(void **state);
int lab_group_teardown(void **state);
int lab_setup(void **state);
int lab_teardown(void **state);

/* The folder is in mixed mode with a CTL signed by token 0. */
int lab_setup_mixed(void **state);

enum err lab_publish(struct lab *lab, const char *token);

/* Path inside the folder; good until the eighth call after. */
const char *lab_path(const struct lab *lab, const char *name);

/* Runs a command line given like printf's; its exit status. */
int lab_run(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* True when `folder`/keys/`name`.pem certifies the key in `name`.key, as libcrypto reads them. */
int lab_key_fits(const char *folder, const char *name);

/* Whole file, in a buffer that the caller ends with buf_fini. */
struct buf lab_read(const char *path);
void lab_write(const char *path, struct span content);

/* True when standard output of the command holds `text`. */
int lab_says(const char *text, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Path of a file in tests/. */
const char *lab_source(const char *name);

#endif
