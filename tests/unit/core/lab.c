/* SPDX-License-Identifier: BSD-2-Clause */
#include "lab.h"

#include "base/file.h"
#include "base/mem.h"
#include "crypto/token.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char master[64];
static char tokens[2][64];
static int copies;

static enum err keep_label(void *ctx, const struct token_info *info)
{
	int *n = ctx;

	if (*n < 2)
		snprintf(tokens[(*n)++], sizeof(tokens[0]), "%s", info->label);
	return ERR_OK;
}

int lab_group_setup(void **state)
{
	struct clock clock = clock_fixed(LAB_NOW);
	char folder[96], path[128];
	struct token_info info;
	struct settings s;
	struct fail why = {0};
	int i, n = 0;

	(void)state;
	snprintf(master, sizeof(master), "%.40s/cadeado-core-XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(master))
		return -1;
	snprintf(folder, sizeof(folder), "%s/master", master);
	snprintf(path, sizeof(path), "%s/tokens", folder);
	settings_defaults(&s);
	snprintf(s.address, sizeof(s.address), "192.0.2.10");
	if (cluster_create(folder, &s, &clock, &why))
		goto failed;
	for (i = 0; i < 2; i++) {
		if (token_create(path, NULL, LAB_PIN, 2048, LAB_NOW, 3650, &info, &why))
			goto failed;
		token_info_fini(&info);
	}
	if (token_each(path, keep_label, &n, &why))
		goto failed;
	return n == 2 ? 0 : -1;
failed:
	fprintf(stderr, "lab: %s\n", why.text);
	return -1;
}

int lab_group_teardown(void **state)
{
	(void)state;
	return lab_run("rm -rf %s", master);
}

int lab_setup(void **state)
{
	struct lab *lab = test_calloc(1, sizeof(*lab));

	snprintf(lab->folder, sizeof(lab->folder), "%s/%d", master, copies++);
	lab->clock = clock_fixed(LAB_NOW);
	memcpy(lab->token, tokens, sizeof(lab->token));
	*state = lab;
	if (lab_run("cp -a %s/master %s", master, lab->folder))
		return -1;
	if (cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why)) {
		fprintf(stderr, "lab: %s\n", lab->why.text);
		return -1;
	}
	return 0;
}

int lab_teardown(void **state)
{
	struct lab *lab = *state;
	int gone;

	cluster_close(lab->c);
	gone = lab_run("rm -rf %s", lab->folder);
	test_free(lab);
	return gone;
}

int lab_setup_mixed(void **state)
{
	struct lab *lab;

	if (lab_setup(state))
		return -1;
	lab = *state;
	if (lab_publish(lab, lab->token[0])) {
		fprintf(stderr, "lab: %s\n", lab->why.text);
		return -1;
	}
	return 0;
}

enum err lab_publish(struct lab *lab, const char *token)
{
	struct cluster_signing s = {.token = token, .pin = LAB_PIN};

	fail_clear(&lab->why);
	return cluster_publish_ctl(lab->c, &s, &lab->why);
}

const char *lab_path(const struct lab *lab, const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", lab->folder, name);
	return path;
}

int lab_run(const char *fmt, ...)
{
	char command[1024];
	va_list args;
	int status;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int lab_key_fits(const char *folder, const char *name)
{
	char path[512];
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int fits;
	FILE *f;

	snprintf(path, sizeof(path), "%s/keys/%s.key", folder, name);
	if ((f = fopen(path, "r")) != NULL) {
		key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s/keys/%s.pem", folder, name);
	if ((f = fopen(path, "r")) != NULL) {
		cert = PEM_read_X509(f, NULL, NULL, NULL);
		fclose(f);
	}
	fits = key && cert && X509_check_private_key(cert, key) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return fits;
}

struct buf lab_read(const char *path)
{
	struct buf b = {0};
	struct fail why = {0};

	if (file_read(path, 1 << 24, &b, &why))
		fail_msg("%s", why.text);
	return b;
}

void lab_write(const char *path, struct span content)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(content.ptr, 1, content.len, f), content.len);
	assert_int_equal(fclose(f), 0);
}

int lab_says(const char *text, const char *fmt, ...)
{
	static char output[65536];
	char command[1024];
	size_t len;
	va_list args;
	FILE *f;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	f = popen(command, "r");
	assert_non_null(f);
	len = fread(output, 1, sizeof(output) - 1, f);
	output[len] = '\0';
	if (pclose(f) != 0 || !strstr(output, text)) {
		fprintf(stderr, "%s\nsays: %s\n", command, output);
		return 0;
	}
	return 1;
}

const char *lab_source(const char *name)
{
	static char path[512];
	static char here[256];
	const char *root = getenv("CADEADO_TESTS");

	/* Absolute, since commands change the folder. */
	if (!root) {
		assert_non_null(getcwd(here, sizeof(here)));
		snprintf(path, sizeof(path), "%s/tests/%s", here, name);
	} else {
		snprintf(path, sizeof(path), "%s/%s", root, name);
	}
	return path;
}
