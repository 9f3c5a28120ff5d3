/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/folder.h"

#include "base/mem.h"
#include "core/cluster/internal.h"
#include "core/provision/map.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

/* The entries of tftp/ itself, which is looked into for every phone that asks for a list. */
struct folder {
	char root[PATH_MAX]; /* real */
	struct provision_mark mark;
	bool settled;
	char **names; /* in order without regard to case, then of bytes */
	size_t count;
	struct folder_map *map;
};

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static int compare(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int order = strcasecmp(x, y);

	return order ? order : strcmp(x, y);
}

static void forget_names(struct folder *f)
{
	while (f->count)
		mem_free(f->names[--f->count]);
	mem_free(f->names);
	f->names = NULL;
	f->settled = false;
}

void folder_free(struct folder *f)
{
	if (!f)
		return;
	forget_names(f);
	folder_map_free(f->map);
	mem_free(f);
}

/* The names of a folder's entries, sorted; the caller frees both. */
static enum err read_names(const char *folder, char ***names, size_t *count)
{
	size_t room = 0;
	char **list = NULL, **bigger;
	struct dirent *entry;
	enum err err = ERR_OK;
	DIR *dir = opendir(folder);

	*names = NULL;
	*count = 0;
	if (!dir)
		return ERR_NOTFOUND;
	while (!err && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (*count == room) {
			room = room ? room * 2 : 64;
			bigger = mem_resize(list, room * sizeof(*list));
			if (!bigger) {
				err = ERR_NOMEM;
				break;
			}
			list = bigger;
		}
		list[*count] = mem_strdup(entry->d_name);
		if (list[*count])
			(*count)++;
		else
			err = ERR_NOMEM;
	}
	closedir(dir);
	if (*count)
		qsort(list, *count, sizeof(*list), compare);
	*names = list;
	return err;
}

static void free_names(char **names, size_t count)
{
	while (count)
		mem_free(names[--count]);
	mem_free(names);
}

/* Of those that differ in case only the asked one, else the first. */
static const char *pick(char *const *names, size_t count, const char *part)
{
	size_t low = 0, high = count, middle;
	const char *first;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcasecmp(names[middle], part) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || !str_ieq(names[low], part))
		return NULL;
	for (first = names[low]; low < count && str_ieq(names[low], part); low++)
		if (strcmp(names[low], part) == 0)
			return names[low];
	return first;
}

static enum err remember(struct cluster *c, struct folder **out, struct fail *why)
{
	struct folder *f = mem_new(sizeof(*f));
	char *path = cluster_path(c, "tftp", NULL);
	enum err err = !f || !path ? no_memory(why) : ERR_OK;

	if (!err && !realpath(path, f->root))
		err = ERR_NOTFOUND;
	mem_free(path);
	if (err) {
		mem_free(f);
		return err;
	}
	*out = c->files = f;
	return ERR_OK;
}

/* What is remembered, made anew when the folder has changed. */
static enum err get_folder(struct cluster *c, struct folder **out, struct fail *why)
{
	struct folder *f = c->files;
	struct provision_mark now;
	bool settled;
	enum err err = f ? ERR_OK : remember(c, &f, why);

	*out = f;
	if (err)
		return err;
	settled = provision_mark_now(f->root, &now);
	if (f->settled && provision_mark_same(&now, &f->mark))
		return ERR_OK;
	forget_names(f);
	f->mark = now;
	err = read_names(f->root, &f->names, &f->count);
	if (err) {
		forget_names(f);
		return err == ERR_NOMEM ? no_memory(why) : err;
	}
	f->settled = settled;
	return ERR_OK;
}

/* The entry of `folder` that is `part` without regard to case, written over `part`. */
static bool find_entry(const struct folder *f, const char *folder, char *part)
{
	char path[PATH_MAX], **names;
	const char *found;
	struct stat st;
	size_t count;

	if (strcmp(folder, f->root) == 0) {
		found = pick(f->names, f->count, part);
		if (found)
			memcpy(part, found, strlen(part));
		return found;
	}
	if (snprintf(path, sizeof(path), "%s/%s", folder, part) < (int)sizeof(path) &&
		lstat(path, &st) == 0)
		return true;
	if (read_names(folder, &names, &count) != ERR_OK) {
		free_names(names, count);
		return false;
	}
	found = pick(names, count, part);
	if (found)
		memcpy(part, found, strlen(part));
	free_names(names, count);
	return found;
}

/* Walks down to the file; `place` becomes its spelling. */
static bool find(
	const struct folder *f, char *place, char path[PATH_MAX], struct provision_sources *sources)
{
	char folder[PATH_MAX], *part, *slash;
	size_t root_len = strlen(f->root);
	struct stat st;
	bool found;

	str_copy(folder, sizeof(folder), f->root);
	for (part = place; part; part = slash ? slash + 1 : NULL) {
		slash = strchr(part, '/');
		if (slash)
			*slash = '\0';
		if (part != place)
			provision_sources_add(sources, folder);
		found = find_entry(f, folder, part) &&
			strlen(folder) + strlen(part) + 2 <= sizeof(folder);
		if (found) {
			strcat(folder, "/");
			strcat(folder, part);
		}
		if (slash)
			*slash = '/';
		if (!found)
			return false;
	}
	if (!realpath(folder, path))
		return false;
	/* Where a link leads through other links, none of these is looked at again. */
	if (strcmp(folder, path) != 0)
		sources->whole = false;
	provision_sources_add(sources, path);
	return strncmp(path, f->root, root_len) == 0 && path[root_len] == '/' &&
	       !name_reserved(path) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

enum err folder_find_here(struct cluster *c, const char *asked, char name[NAME_SIZE],
	char path[PATH_MAX], struct provision_sources *sources, struct fail *why)
{
	struct folder *f;
	enum err err = get_folder(c, &f, why);

	str_copy(name, NAME_SIZE, asked);
	if (err)
		return err;
	return find(f, name, path, sources) ? ERR_OK : ERR_NOTFOUND;
}

enum err folder_find(struct cluster *c, const char *asked, char name[NAME_SIZE],
	char path[PATH_MAX], struct provision_sources *sources, struct fail *why)
{
	char place[FOLDER_PLACE];
	struct folder *f = NULL;
	const char *end;
	size_t rule = 0;
	enum err err = folder_find_here(c, asked, name, path, sources, why);

	if (err != ERR_NOTFOUND)
		return err;
	err = get_folder(c, &f, why);
	if (!err)
		err = folder_map_read(c, &f->map, why);
	if (err)
		return err;
	while (folder_map_next(f->map, asked, &rule, place)) {
		if (!name_allowed(place) || name_reserved(place) || !find(f, place, path, sources))
			continue;
		/* Spelled as on disk, where the rule leaves the name what it is. */
		end = strlen(place) >= strlen(asked) ? place + strlen(place) - strlen(asked) : NULL;
		if (end && str_ieq(end, asked))
			str_copy(name, NAME_SIZE, end);
		else
			str_copy(name, NAME_SIZE, asked);
		return ERR_OK;
	}
	str_copy(name, NAME_SIZE, asked);
	return ERR_NOTFOUND;
}

/* --- all files of a kind --- */

struct walk {
	const char *pattern;
	char **names;
	size_t count, room;
};

static enum err keep(struct walk *w, char *const *names, size_t count)
{
	char **bigger;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!str_glob(w->pattern, names[i]) || !name_allowed(names[i]) ||
			strlen(names[i]) >= NAME_SIZE)
			continue;
		if (w->count == w->room) {
			w->room = w->room ? w->room * 2 : 64;
			bigger = mem_resize(w->names, w->room * sizeof(*w->names));
			if (!bigger)
				return ERR_NOMEM;
			w->names = bigger;
		}
		w->names[w->count] = mem_strdup(names[i]);
		if (!w->names[w->count])
			return ERR_NOMEM;
		w->count++;
	}
	return ERR_OK;
}

/* Files of this kind that a rule moves lie in the folder where it puts a name like these. */
static enum err keep_moved(struct walk *w, const struct folder *f, const char *probe,
	struct provision_sources *sources)
{
	char place[FOLDER_PLACE], path[PATH_MAX], **names, *slash;
	size_t rule = 0, count;
	enum err err = ERR_OK;

	while (!err && folder_map_next(f->map, probe, &rule, place)) {
		slash = strrchr(place, '/');
		if (!slash || !str_ieq(slash + 1, probe) || !name_allowed(place))
			continue;
		*slash = '\0';
		if (snprintf(path, sizeof(path), "%s/%s", f->root, place) >= (int)sizeof(path))
			continue;
		provision_sources_add(sources, path);
		if (read_names(path, &names, &count) == ERR_OK)
			err = keep(w, names, count);
		free_names(names, count);
	}
	return err;
}

enum err folder_each(struct cluster *c, const char *pattern,
	enum err (*each)(void *ctx, const char *name), void *ctx, struct provision_sources *sources,
	struct fail *why)
{
	struct walk w = {.pattern = pattern};
	struct folder *f = NULL;
	char probe[NAME_SIZE];
	size_t i;
	enum err err = get_folder(c, &f, why);

	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (!err)
		err = folder_map_read(c, &f->map, why);
	if (!err)
		err = keep(&w, f->names, f->count);
	/* "*.raw" is tried as "x.raw". */
	snprintf(probe, sizeof(probe), "x%s", pattern + (*pattern == '*'));
	if (!err)
		err = keep_moved(&w, f, probe, sources);
	if (!err && w.count)
		qsort(w.names, w.count, sizeof(*w.names), compare);
	for (i = 0; !err && i < w.count; i++)
		if (i == 0 || !str_ieq(w.names[i], w.names[i - 1]))
			err = each(ctx, w.names[i]);
	free_names(w.names, w.count);
	return err == ERR_NOMEM ? no_memory(why) : err;
}
