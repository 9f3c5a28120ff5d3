/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/places.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#define ENTRIES_FIRST 64u

static const char *const words[] = {[PLACE_TFTP] = "tftp", [PLACE_ACTIVELOG] = ACTIVELOG_FOLDER};

enum err place_parse(enum place *out, const char *word, struct fail *why)
{
	size_t i, len = strlen(word);

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (len && strncasecmp(words[i], word, len) == 0) {
			*out = (enum place)i;
			return ERR_OK;
		}
	}
	return fail_set(why, ERR_ARG,
		"files are in tftp (what phones are served) and activelog (traces), not in "
		"\"%.60s\"",
		word);
}

struct finding {
	const char *root; /* real path of the place */
	struct place_entries *out;
	size_t room;
	struct fail *why;
};

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static char *join(const char *folder, const char *name)
{
	return *folder ? file_join(folder, name) : mem_strdup(name);
}

static bool grow(struct finding *f)
{
	size_t room = f->room ? 2 * f->room : ENTRIES_FIRST;
	struct place_entry *more = mem_new(room * sizeof(*more));

	if (!more)
		return false;
	if (f->out->count)
		memcpy(more, f->out->of, f->out->count * sizeof(*more));
	mem_free(f->out->of);
	f->out->of = more;
	f->room = room;
	return true;
}

/* Of what is neither a file nor a folder, or a link that leads out: nothing is added. */
static enum err add(struct finding *f, const char *name)
{
	char real[PATH_MAX], *path = file_join(f->root, name);
	size_t root = strlen(f->root);
	struct place_entry *e;
	struct stat st;
	bool fits = path && realpath(path, real) && strncmp(real, f->root, root) == 0 &&
		    real[root] == '/' && stat(real, &st) == 0 &&
		    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));

	if (!path)
		return no_memory(f->why);
	if (!fits) {
		mem_free(path);
		return ERR_OK;
	}
	if (f->out->count == PLACE_ENTRIES_MAX) {
		mem_free(path);
		return fail_set(f->why, ERR_LIMIT, "more than %u files; narrow the pattern",
			PLACE_ENTRIES_MAX);
	}
	if (f->out->count == f->room && !grow(f)) {
		mem_free(path);
		return no_memory(f->why);
	}
	e = &f->out->of[f->out->count];
	*e = (struct place_entry){
		.name = mem_strdup(name),
		.path = path,
		.is_folder = S_ISDIR(st.st_mode),
		.size = st.st_size,
		.modified = st.st_mtim.tv_sec,
		.modified_ns = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec,
	};
	if (!e->name) {
		mem_free(path);
		return no_memory(f->why);
	}
	f->out->count++;
	return ERR_OK;
}

static enum err walk(struct finding *f, const char *folder, const char *pattern);

static enum err follow(struct finding *f, const char *name, const char *rest, bool has_wildcards)
{
	char *path;
	struct stat st;
	bool is_folder;

	if (*rest)
		return walk(f, name, rest);
	path = file_join(f->root, name);
	if (!path)
		return no_memory(f->why);
	is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	mem_free(path);
	return is_folder && !has_wildcards ? walk(f, name, "*") : add(f, name);
}

/* What `pattern` fits below `folder`, which is "" or a name within the place. */
static enum err walk(struct finding *f, const char *folder, const char *pattern)
{
	const char *slash = strchr(pattern, '/');
	size_t len = slash ? (size_t)(slash - pattern) : strlen(pattern);
	const char *rest = slash ? slash + 1 : "";
	char part[NAME_MAX + 1];
	struct dirent *entry;
	char *path, *name;
	enum err err = ERR_OK;
	DIR *dir;

	if (len > NAME_MAX)
		return ERR_OK;
	memcpy(part, pattern, len);
	part[len] = 0;
	path = file_join(f->root, folder);
	if (!path)
		return no_memory(f->why);
	dir = opendir(path);
	mem_free(path);
	while (!err && dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !str_glob(part, entry->d_name))
			continue;
		name = join(folder, entry->d_name);
		err = name ? follow(f, name, rest, strpbrk(part, "*?") != NULL) : no_memory(f->why);
		mem_free(name);
	}
	if (dir)
		closedir(dir);
	return err;
}

/* A slash at the end says no more than the name. */
static enum err clean_pattern(char out[PATH_MAX], const char *pattern, struct fail *why)
{
	const char *p, *end;
	size_t len = 0;

	out[0] = 0;
	for (p = pattern; *p; p = end) {
		p += strspn(p, "/");
		end = p + strcspn(p, "/");
		if (end == p)
			break;
		if (*p == '.')
			return fail_set(why, ERR_ARG,
				"\"%.100s\": names that begin with a dot are not shown", pattern);
		if (len + (size_t)(end - p) + 2 > PATH_MAX)
			return fail_set(why, ERR_LIMIT, "the pattern is too long");
		if (len)
			out[len++] = '/';
		memcpy(out + len, p, (size_t)(end - p));
		len += (size_t)(end - p);
		out[len] = 0;
	}
	return ERR_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct place_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

enum err place_find(const char *state, enum place place, const char *pattern,
	struct place_entries *out, struct fail *why)
{
	char clean[PATH_MAX], root[PATH_MAX], *path = file_join(state, words[place]);
	struct finding f = {.root = root, .out = out, .why = why};
	enum err err = path ? ERR_OK : no_memory(why);

	*out = (struct place_entries){0};
	if (!err && !realpath(path, root))
		err = fail_set(why, ERR_NOTFOUND,
			"%s: there is no such folder; name the state folder with --state", path);
	mem_free(path);
	if (!err)
		err = clean_pattern(clean, pattern ? pattern : "*", why);
	if (!err)
		err = walk(&f, "", *clean ? clean : "*");
	if (err)
		place_entries_fini(out);
	else if (out->count)
		qsort(out->of, out->count, sizeof(*out->of), by_name);
	return err;
}

static void entry_fini(struct place_entry *e)
{
	mem_free(e->name);
	mem_free(e->path);
}

static bool is_newer(const struct place_entry *a, const struct place_entry *b)
{
	if (a->modified_ns != b->modified_ns)
		return a->modified_ns > b->modified_ns;
	return strcmp(a->name, b->name) > 0;
}

void place_files_only(struct place_entries *e, bool recent)
{
	size_t i, kept = 0;

	for (i = 0; i < e->count; i++) {
		if (e->of[i].is_folder) {
			entry_fini(&e->of[i]);
		} else if (!recent || !kept) {
			e->of[kept++] = e->of[i];
		} else if (is_newer(&e->of[i], &e->of[0])) {
			entry_fini(&e->of[0]);
			e->of[0] = e->of[i];
		} else {
			entry_fini(&e->of[i]);
		}
	}
	e->count = kept;
}

void place_entries_fini(struct place_entries *e)
{
	size_t i;

	for (i = 0; i < e->count; i++)
		entry_fini(&e->of[i]);
	mem_free(e->of);
	*e = (struct place_entries){0};
}
