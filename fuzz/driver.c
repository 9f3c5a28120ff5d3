/* SPDX-License-Identifier: BSD-2-Clause
 * Runs a fuzz target over files or folders of files with an ordinary compiler. Says nothing when
 * all is well; exit status 1 when a property does not hold or there was nothing to run. */
#include "target.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUT_MAX (1024u * 1024)

static size_t inputs;

static void run_file(const char *path)
{
	struct buf content = {0};
	struct fail why = {0};
	uint8_t *copy;

	fuzz_input = path;
	if (file_read(path, INPUT_MAX, &content, &why))
		fuzz_fail(why.text);
	/* Memory of just that size, so that a sanitizer sees a read past the end. */
	copy = mem_new(content.len);
	if (!copy)
		fuzz_fail(err_text(ERR_NOMEM));
	if (content.len)
		memcpy(copy, content.data, content.len);
	LLVMFuzzerTestOneInput(copy, content.len);
	mem_free(copy);
	buf_fini(&content);
	inputs++;
}

static void run_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char *file;

	fuzz_input = path;
	if (!dir)
		fuzz_fail("cannot be opened");
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		file = file_join(path, entry->d_name);
		if (!file)
			fuzz_fail(err_text(ERR_NOMEM));
		run_file(file);
		mem_free(file);
	}
	closedir(dir);
}

/* Targets may say abort() as they would to libFuzzer. */
static void on_abort(int number)
{
	static const char text[] = ": a property does not hold\n";

	if (write(STDERR_FILENO, fuzz_input, strlen(fuzz_input)) < 0 ||
		write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

int main(int argc, char **argv)
{
	struct stat st;
	int i;

	signal(SIGABRT, on_abort);
	for (i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			run_folder(argv[i]);
		else
			run_file(argv[i]);
	}
	if (!inputs) {
		fprintf(stderr, "%s: no inputs\n", argv[0]);
		return 1;
	}
	return 0;
}
