/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/map.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define BLANKS " \t"

struct rule {
	char pattern[NAME_SIZE], target[NAME_SIZE];
};

struct folder_map {
	struct provision_mark mark;
	bool settled;
	struct fail bad; /* code ERR_OK: it is sound */
	struct rule *rules;
	size_t count;
};

void folder_map_free(struct folder_map *map)
{
	if (!map)
		return;
	mem_free(map->rules);
	mem_free(map);
}

static const char *star(const char *text)
{
	return strchr(text, '*');
}

static enum err bad(struct folder_map *m, unsigned line, const char *text)
{
	return fail_set(&m->bad, ERR_NOTNOW,
		"tftp.map, line %u: %s; a line is PATTERN FOLDER, such as: *.raw rings", line,
		text);
}

static enum err take_rule(
	struct folder_map *m, unsigned line, struct span pattern, struct span target)
{
	struct rule *r = &m->rules[m->count];

	if (m->count == FOLDER_RULES_MAX)
		return bad(m, line, "too many rules");
	if (!pattern.len || pattern.len >= NAME_SIZE || !target.len || target.len >= NAME_SIZE)
		return bad(m, line, "two words of at most 63 characters are needed");
	memset(r, 0, sizeof(*r));
	memcpy(r->pattern, pattern.ptr, pattern.len);
	memcpy(r->target, target.ptr, target.len);
	if (!name_allowed(r->target))
		return bad(m, line,
			"the folder must be below tftp/, and no part of it may begin with a dot");
	if (star(r->target) && (star(star(r->target) + 1) || !star(r->pattern) ||
				       star(star(r->pattern) + 1) || strchr(r->pattern, '?')))
		return bad(
			m, line, "a * in the folder stands for what the pattern's one * matches");
	m->count++;
	return ERR_OK;
}

static struct span word(const char **p, const char *end)
{
	const char *begin;

	while (*p < end && strchr(BLANKS, **p))
		(*p)++;
	for (begin = *p; *p < end && !strchr(BLANKS, **p);)
		(*p)++;
	return span_of(begin, (size_t)(*p - begin));
}

static enum err parse(struct folder_map *m, struct span text)
{
	const char *p = (const char *)text.ptr, *end = p + text.len, *stop, *next;
	struct span pattern, target;
	unsigned line = 0;
	enum err err = ERR_OK;

	for (; !err && p < end; p = next) {
		line++;
		stop = memchr(p, '\n', (size_t)(end - p));
		next = stop ? stop + 1 : end;
		stop = stop ? stop : end;
		if (stop > p && stop[-1] == '\r')
			stop--;
		pattern = word(&p, stop);
		if (!pattern.len || pattern.ptr[0] == '#')
			continue;
		target = word(&p, stop);
		if (word(&p, stop).len)
			err = bad(m, line, "it has more than two words");
		else if (memchr(pattern.ptr, '\0', pattern.len) ||
			 memchr(target.ptr, '\0', target.len))
			err = bad(m, line, "it has a NUL");
		else
			err = take_rule(m, line, pattern, target);
	}
	return err;
}

static enum err load(const char *path, struct folder_map **out, struct fail *why)
{
	struct folder_map *m = mem_new(sizeof(*m));
	struct buf text = {0};
	struct fail local = {0};
	enum err err = ERR_OK;

	if (m)
		m->rules = mem_new(FOLDER_RULES_MAX * sizeof(*m->rules));
	if (!m || !m->rules) {
		folder_map_free(m);
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	m->settled = provision_mark_now(path, &m->mark);
	if (m->mark.inode)
		err = file_read(path, FOLDER_MAP_MAX, &text, &local);
	if (!err)
		err = parse(m, buf_span(&text));
	else if (err != ERR_NOTFOUND)
		fail_set(&m->bad, ERR_NOTNOW, "%s", local.text);
	buf_fini(&text);
	if (err == ERR_NOMEM) {
		folder_map_free(m);
		return fail_set(why, err, "%s", err_text(err));
	}
	*out = m;
	return ERR_OK;
}

enum err folder_map_read(struct cluster *c, struct folder_map **map, struct fail *why)
{
	char *path = file_join(cluster_get_folder(c), PROVISION_MAP);
	struct folder_map *m = *map;
	struct provision_mark now;
	enum err err = ERR_OK;

	if (!path)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!m || !m->settled || !provision_mark_now(path, &now) ||
		!provision_mark_same(&now, &m->mark)) {
		folder_map_free(m);
		*map = NULL;
		err = load(path, map, why);
	}
	mem_free(path);
	if (err)
		return err;
	m = *map;
	return m->bad.code ? fail_set(why, m->bad.code, "%s", m->bad.text) : ERR_OK;
}

bool folder_map_next(
	const struct folder_map *map, const char *name, size_t *rule, char place[FOLDER_PLACE])
{
	const struct rule *r;
	const char *from, *to;
	size_t taken;

	while (*rule < map->count) {
		r = &map->rules[(*rule)++];
		if (!str_glob(r->pattern, name))
			continue;
		from = star(r->pattern);
		to = star(r->target);
		if (!to) {
			snprintf(place, FOLDER_PLACE, "%s/%s", r->target, name);
			return true;
		}
		taken = strlen(name) - (strlen(r->pattern) - 1);
		snprintf(place, FOLDER_PLACE, "%.*s%.*s%s", (int)(to - r->target), r->target,
			(int)taken, name + (from - r->pattern), to + 1);
		return true;
	}
	return false;
}
